"""accepting - which coding of a file a reader takes best.

`Accept-Encoding` (RFC 9110 §12.5.3) as weights. A reader that says nothing is given the file as it
is: what it can unpack is not known, though the standard allows any coding. What is not named is
not taken, except the file as it is, which is taken last unless it is excluded.

Faults: none; what cannot be read in the header is as if it were absent. Never: sees a file.
See: web.files (what there is to choose from), codings (who made it).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from publisher.codings import SUFFIXES

PLAIN: Final = "identity"
_OTHER_NAMES: Final = {"x-gzip": "gzip"}
_NAMED: Final = re.compile(
    r"([!#$%&'*+.^_`|~0-9a-z-]+)[ \t]*(?:;[ \t]*q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)[ \t]*)?",
    re.IGNORECASE,
)
_LAST: Final = 0.0005
"""Less than any weight that can be written (three digits), more than never."""
_UNTOLD: Final[Mapping[str, float]] = {**dict.fromkeys(SUFFIXES, 0.0), PLAIN: 1.0}


def weights(header: str | None) -> Mapping[str, float]:
    """Weigh each coding by an Accept-Encoding, its lines joined by commas; 0 is never."""
    if header is None:
        return _UNTOLD
    return _usual(header) if len(header) < 200 else _read(header)


def _read(header: str) -> Mapping[str, float]:
    named: dict[str, float] = {}
    for part in header.split(","):
        found = _NAMED.fullmatch(part.strip(" \t"))
        if found is not None:
            name = found[1].lower()
            named[_OTHER_NAMES.get(name, name)] = float(found[2] or 1)
    rest = named.get("*")
    found_weights = {coding: named.get(coding, rest or 0.0) for coding in SUFFIXES}
    plain = named.get(PLAIN, _LAST if rest is None else rest)
    return {**found_weights, PLAIN: plain}


# There are a few dozen headers in the world that matter; a stranger's fill no memory.
_usual = lru_cache(maxsize=256)(_read)
