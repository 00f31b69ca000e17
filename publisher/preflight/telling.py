"""preflight.telling - findings as an editor wants them: the first few by name, the others counted.

Faults: none. Never: judges. See: the rooms beside (who have something to tell).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from publisher.model import Finding, Slot, in_order

MOST_NAMED: Final = 5
SLOTS: Final = re.compile("|".join(re.escape(slot.value) for slot in Slot))
"""What is personal in a mail, and no word of it."""
_LONGEST: Final = 48
_ADDRESS_LONGEST: Final = 90


def few(findings: Sequence[Finding], rest: Callable[[int], str]) -> list[Finding]:
    """Keep the first few, and put all others into one, in the words of `rest` and with their lines."""
    findings = in_order(findings)
    if len(findings) <= MOST_NAMED + 1:
        return list(findings)
    others = findings[MOST_NAMED:]
    lines = list(dict.fromkeys(str(one.line) for one in others if one.line))
    where = f" (lines {named(lines)})" if len(lines) > 1 else ""
    return [*findings[:MOST_NAMED], replace(others[0], message=f"{rest(len(others))}{where}.")]


def named(words: Sequence[str]) -> str:
    """List the first few, and count the others."""
    more = len(words) - MOST_NAMED
    listed = ", ".join(words[:MOST_NAMED])
    return f"{listed} and {more} more" if more > 0 else listed


def quoted(text: str) -> str:
    """Give the beginning of a text in quotes, on one line."""
    line = re.sub(r"\s+", " ", SLOTS.sub("", text)).strip()
    return f"“{line}”" if len(line) <= _LONGEST else f"“{line[: _LONGEST - 1].rstrip()}…”"


def shortened(url: str) -> str:
    """Give an address, a long one without its middle: what is wrong with one is mostly its end."""
    if len(url) <= _ADDRESS_LONGEST:
        return url
    return f"{url[: _ADDRESS_LONGEST - 31]}…{url[-30:]}"
