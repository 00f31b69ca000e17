"""characters - what no feed, page or mail may carry, taken out once, at the door.

Control characters that XML 1.0 forbids (and the C1 range, which mail readers show as rubbish), byte
order marks inside the text, noncharacters, and the characters that turn the direction of writing round
and so let a title pose as another. The same characters spelt as numbers (`&#x202E;`) go too.
Faults: none; what was taken out is returned with its place, and so is U+FFFD, which stays: it says
that a character was lost before.
Never: touches what is visible. See: decode (before), markdown (after).
"""

from __future__ import annotations

import re
from typing import Final

from publisher.model import Finding, Level

FORBIDDEN: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufeff\u202a-\u202e\u2066-\u2069\ufdd0-\ufdef"
    + "".join(
        f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000)
    )
    + "]"
)
_REFERENCE: Final = re.compile(
    r"&#(?:[xX]0*(?P<hex>[0-9a-fA-F]{1,6})(?![0-9a-fA-F])|0*(?P<decimal>[0-9]{1,7})(?![0-9]));?"
)
_LINE_ENDS: Final = re.compile("\r\n?")
_SEPARATORS: Final = re.compile("[\x85\u2028\u2029]")
_LOST: Final = "\ufffd"
MOST_REPORTED: Final = 10


def scrub(text: str) -> str:
    """Take out every forbidden character, however it came in."""
    return FORBIDDEN.sub("", text) if FORBIDDEN.search(text) else text


def straighten(text: str) -> str:
    """End every line with a line feed.

    The separators U+0085, U+2028 and U+2029 become spaces, as a line end within a paragraph does:
    editors count no line for them, and the lines findings name must be the lines editors show.
    """
    return _SEPARATORS.sub(" ", _LINE_ENDS.sub("\n", text))


def at_the_door(text: str) -> tuple[str, list[Finding]]:
    """Clean a straightened text and report where something was taken out, or is lost."""
    clean, findings = _without_forbidden(text)
    return clean, [*findings, *_lost(text)]


def _without_forbidden(text: str) -> tuple[str, list[Finding]]:
    places = [(found.start(), f"U+{ord(found[0]):04X}") for found in FORBIDDEN.finditer(text)]
    places += [
        (found.start(), found[0]) for found in _REFERENCE.finditer(text) if _is_forbidden(found)
    ]
    if not places:
        return text, []
    clean = scrub(text)
    while True:  # taking one reference out may join the halves of another
        again = _REFERENCE.sub(lambda found: "" if _is_forbidden(found) else found[0], clean)
        if again == clean:
            return clean, _findings(text, sorted(places))
        clean = again


def _is_forbidden(reference: re.Match[str]) -> bool:
    digits = reference["hex"]
    code = int(digits, 16) if digits else int(reference["decimal"])
    return code <= 0x10FFFF and FORBIDDEN.match(chr(code)) is not None


def _lost(text: str) -> list[Finding]:
    """Report the sign that stands where a character was lost before the digest came here."""
    count = text.count(_LOST)
    if not count:
        return []
    at = text.index(_LOST)
    more = f", and at {count - 1} more places" if count > 1 else ""
    return [
        Finding(
            Level.WARN,
            "digest/lost-character",
            f"A character was lost here before the digest was saved{more}: U+FFFD (�) stands in "
            "its place.",
            "Look the word up where it was copied from, and type it anew.",
            text.count("\n", 0, at) + 1,
            at - text.rfind("\n", 0, at),
        )
    ]


def _findings(text: str, places: list[tuple[int, str]]) -> list[Finding]:
    found = []
    line, start, seen = 1, 0, 0
    for position, name in places[:MOST_REPORTED]:
        line += text.count("\n", seen, position)
        start = text.rfind("\n", 0, position) + 1
        seen = position
        found.append(
            Finding(
                Level.WARN,
                "digest/control-character",
                f"The invisible character {name} was taken out; feeds and mail cannot carry it.",
                "Delete it in the digest: it is often pasted in unseen with the text around it.",
                line,
                position - start + 1,
            )
        )
    if len(places) > MOST_REPORTED:
        found.append(
            Finding(
                Level.WARN,
                "digest/control-character",
                f"{len(places) - MOST_REPORTED} more invisible characters were taken out as well.",
                "Paste the text again as plain text to be rid of all of them.",
            )
        )
    return found
