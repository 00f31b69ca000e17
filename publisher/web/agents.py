"""agents - what a User-Agent says of how many readers it fetches a feed for.

An aggregator fetches once for all its readers and says so: "Name/1.0 (+https://…; 42 subscribers)",
"Name feed-id:7 - 42 subscribers", "Name (…; 42 readers)", "Name/2.0 (…; users 42; …)". Its name is
what stands first, without version, number and comment, so that it is one name from day to day.

All of it is what a stranger sends: numbers over ten million are not believed, names are cut.
Faults: none. Never: keeps anything. See: web.reading (who counts), tests (the table).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

MOST: Final = 10_000_000
_LONGEST: Final = 200
_LONGEST_NAME: Final = 60
UNNAMED: Final = "unnamed"

_NUMBER: Final = r"(?P<{}>\d[\d,.' ]{{0,12}}\d|\d)"
_BEFORE: Final = rf"(?<![\w./=:]){_NUMBER.format('before')} ?(?:subscribers|readers|users)\b"
_ONE: Final = r"(?<![\w./=:])(?P<one>1) ?(?:subscriber|reader)\b"
_AFTER: Final = rf"\b(?:subscribers|readers|users)(?: ?[=:] ?| ){_NUMBER.format('after')}(?![\w./])"
_CLAIM: Final = re.compile(f"{_BEFORE}|{_ONE}|{_AFTER}", re.IGNORECASE)
_GROUPED: Final = re.compile(r"\d{1,3}(?:[,.' ]\d{3})+|\d+")
_DISGUISE: Final = re.compile(r"mozilla/[\d.]+ ?\((?:compatible;)? ?", re.IGNORECASE)
_END: Final = re.compile(r"/|[();:,]| - | feed-?id| v?\d[\d.]*(?: |$)", re.IGNORECASE)


class Claim(NamedTuple):
    """Who fetches for how many."""

    name: str
    readers: int


@lru_cache(maxsize=4096)
def claim(user_agent: str) -> Claim | None:
    """Read what an aggregator says; None where no number of readers is told."""
    text = " ".join("".join(s if " " <= s <= "~" else " " for s in user_agent[:_LONGEST]).split())
    found = _CLAIM.search(text)
    if found is None:
        return None
    figures = found["before"] or found["one"] or found["after"]
    if not _GROUPED.fullmatch(figures):
        return None
    readers = int(re.sub(r"\D", "", figures))
    return None if readers > MOST else Claim(_name(text[: found.start()]), readers)


def _name(text: str) -> str:
    """Find the name in what stands before the number."""
    text = _DISGUISE.sub("", text, count=1)
    end = _END.search(text)
    return text[: end.start() if end else None].strip(" -")[:_LONGEST_NAME] or UNNAMED
