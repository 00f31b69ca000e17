"""pictures - the pictures of an issue, from beside its digest or from afar, made fit for its page.

    address in the digest
      | local     a file of the digests folder, never one outside it
      | fetch     a stranger's, brought by who calls: the guard is outbound's
      | making    decoded, turned upright, shrunk, without what a camera writes into it
    bytes under a name made of them, and a `Picture` that says which stands for which address

A picture once made stands: while its file is there and its source has not changed, nothing is
fetched or made again, so the same digests give the same bytes without a network, whatever library
encodes them next year.
Faults: as findings with the line of the address; the picture is a link or its words then.
Never: writes (site does), opens a connection. See: publish.illustrating (who asks), render.images
(where pictures are shown).
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Final, TypeAlias
from urllib.parse import unquote, urljoin

from publisher.model import Finding, Issue, Level, Newsletter, Picture
from publisher.pictures import local
from publisher.pictures.making import MOST_BYTES_IN, Unfit, make
from publisher.render import images

__all__ = [
    "ACCEPTED",
    "CODES",
    "MISSING",
    "MOST_BYTES_IN",
    "UNFETCHED",
    "Fetch",
    "Gathered",
    "gather",
    "have_come",
    "is_ours",
    "line_in",
]

ACCEPTED: Final = "image/png, image/jpeg, image/gif, image/webp"
MISSING: Final = "digest/picture-missing"
REFUSED: Final = "digest/picture-refused"
UNFETCHED: Final = "digest/picture-unfetched"
LINKED: Final = "digest/picture-linked"
CODES: Final = frozenset({MISSING, REFUSED, UNFETCHED, LINKED})
"""Of every finding made here."""
AT_ONCE: Final = 4
_UNSHOWN: Final = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Speaks to a terminal, not to a person."""
_OURS: Final = re.compile(r"[0-9a-f]{16}\.(?:png|jpg|gif)")

Fetch: TypeAlias = Callable[[str], tuple[bytes, str]]
"""Brings what stands at an address, or says why it cannot be had, as the end of a sentence."""


@dataclass(slots=True)
class Gathered:
    """The pictures of one issue; `files` are the new ones, name to bytes, for the page's folder."""

    pictures: list[Picture] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


def gather(
    issue: Issue,
    newsletter: Newsletter,
    *,
    root: Path,
    digest: str,
    standing: Mapping[str, Picture] = MappingProxyType({}),
    fetch: Fetch | None = None,
    line_of: Callable[[str], int | None] = lambda address: None,
    now: float | None = None,
) -> Gathered:
    """Gather the pictures of an issue.

    `digest` is its path below the folder `root`; `standing` are, by address, the pictures whose
    files are in place. Without `fetch` nothing is fetched. With `now`, Unix time, a file that may
    still be being written is not there yet.
    """
    gathered = Gathered()
    base = newsletter.base_url
    found: dict[str, Picture | Finding | None] = {}
    for address in images.addresses(issue):
        what: Picture | bytes | Finding | None
        what = kept = standing.get(address)
        if images.is_local(address):
            what = _beside(root, digest, address, kept, has_base=base is not None, now=now)
        if isinstance(what, bytes):  # at once: the sources of all together are much
            what = _made(gathered, address, what, is_afar=False)
        found[address] = what
    afar = [address for address, what in found.items() if what is None]
    if fetch is not None:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            brought = pool.map(fetch, [_whole(base, address) for address in afar])
            for address, (data, why) in zip(afar, brought, strict=True):
                found[address] = (
                    _unfetched(address, why)
                    if why
                    else _made(gathered, address, data, is_afar=True)
                )
    elif afar and newsletter.images == "link":
        gathered.findings.append(_linked(len(afar), line_of(afar[0])))
    for address, what in found.items():
        if isinstance(what, Finding):
            gathered.findings.append(_placed(what, line_of(address)))
            what = standing.get(address)
        if what is not None:
            gathered.pictures.append(what)
    return gathered


def have_come(
    issue: Issue, root: Path, digest: str, told: Collection[Finding], *, now: float
) -> bool:
    """Say whether a picture that is told to be missing beside a digest is there now."""
    missing = {one.message for one in told if one.code == MISSING}
    for address in images.addresses(issue):
        if images.is_local(address) and _missing(address).message in missing:
            with suppress(local.NotThere, local.Refused):
                local.read(root, digest, address, most=MOST_BYTES_IN, now=now)
                return True
    return False


def is_ours(name: str) -> bool:
    """Say by its name whether a file in an issue's folder is a picture made here."""
    return _OURS.fullmatch(name) is not None


def line_in(text: str, address: str) -> int | None:
    """Find the line of a digest that names an address; it may have been encoded on its way."""
    ways = {address, unquote(address), html.escape(address), address.removeprefix("https:")}
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text), 1):
        if any(way in line for way in ways):
            return number
    return None


def _beside(
    root: Path,
    digest: str,
    address: str,
    kept: Picture | None,
    *,
    has_base: bool,
    now: float | None,
) -> Picture | bytes | Finding | None:
    """Read a picture beside its digest; None where it may stand at the base address instead.

    One that is published already stays so when its file goes, as the issue does with its digest.
    """
    try:
        data = local.read(root, digest, address, most=MOST_BYTES_IN, now=now)
    except local.NotThere:
        return kept if kept or has_base else _missing(address)
    except local.Refused as refused:
        return kept if kept or has_base else _refused(address, str(refused))
    return kept if kept and kept.source == sha256(data).hexdigest() else data


def _whole(base: str | None, address: str) -> str:
    """Give the address to fetch; one that nobody can read stays as it is, and is refused there."""
    try:
        return urljoin(base or "", address)
    except ValueError:
        return address


def _made(gathered: Gathered, address: str, data: bytes, *, is_afar: bool) -> Picture | Finding:
    try:
        made = make(data)
    except Unfit as unfit:
        return (_unfetched if is_afar else _refused)(address, str(unfit))
    if made.name:
        gathered.files[made.name] = made.data
    return Picture(address, made.name, made.width, made.height, sha256(data).hexdigest())


# --- findings ---------------------------------------------------------------------


def _placed(finding: Finding, line: int | None) -> Finding:
    return replace(finding, line=line)


def _named(address: str) -> str:
    shown = unquote(address) if images.is_local(address) else address
    shown = _UNSHOWN.sub("\ufffd", shown)
    return f"“{shown if len(shown) <= 80 else f'{shown[:80]}…'}”"


def _missing(address: str) -> Finding:
    return Finding(
        Level.WARN,
        MISSING,
        f"There is no picture {_named(address)} in the digests folder; its words stand in its "
        "place.",
        "Put the file there, its path counted from the digest's own folder; it is taken up by "
        "itself.",
    )


def _refused(address: str, why: str) -> Finding:
    return Finding(
        Level.WARN,
        REFUSED,
        f"The picture {_named(address)} is not used: {why}.",
        "Put a PNG, JPEG, GIF or WebP file into the digests folder, and publish again.",
    )


def _unfetched(address: str, why: str) -> Finding:
    return Finding(
        Level.WARN,
        UNFETCHED,
        f"The picture {_named(address)} could not be fetched and is shown as a link: {why}.",
        "Look whether it opens in a browser; `publisher publish` tries again.",
    )


def _linked(count: int, line: int | None) -> Finding:
    words = f"{count} pictures from elsewhere are" if count > 1 else "A picture from elsewhere is"
    return Finding(
        Level.NOTE,
        LINKED,
        f"{words} shown as a link: no reader's program is made to call a stranger.",
        'Set images = "rehost" to copy such pictures to your site, or put the file into the '
        "digests folder.",
        line,
    )
