"""comments - HTML comments out, before anything else is read.

Editors park headings and items in comments; nothing in one may be published. Lines are kept, so
that every later finding names the line the editor sees. Code shows its comments: a fence and a
span in backticks are passed over.
Faults: a comment that is never closed hides the rest, as in any browser, and is a `hold` finding.
Never: reads Markdown. See: code (what is passed over), front (next).
"""

from __future__ import annotations

import re
from typing import Final

from publisher.digest.source.code import Fences, after_span
from publisher.model import Finding, Level

_MARK: Final = re.compile(r"`+|\\?<!--(?:-?>)?")
_OPEN: Final = "<!--"
_CLOSE: Final = "-->"


def without_comments(text: str) -> tuple[str, list[Finding]]:
    """Remove comments and keep every line where it was."""
    if _OPEN not in text:
        return text, []
    lines = text.split("\n")
    last_close = max((n for n, line in enumerate(lines) if _CLOSE in line), default=-1)
    kept: list[str] = []
    fences = Fences()
    inside = False
    for number, line in enumerate(lines):
        if not inside and fences.holds(line):
            kept.append(line)
            continue
        rest, inside = _strip(line, inside)
        if inside and number >= last_close:
            at = line.rfind(_OPEN)
            if line[:at].strip():  # within a line, CommonMark reads it as text
                inside = False
                rest = line
            else:
                return "\n".join(kept + [""] * (len(lines) - number)), [_unclosed(number, at)]
        kept.append(rest)
    return "\n".join(kept), []


def _strip(line: str, inside: bool) -> tuple[str, bool]:
    """Give what of a line is outside comments, and whether the next begins inside one."""
    kept = []
    position = 0
    if inside:
        position = line.find(_CLOSE) + len(_CLOSE)
        if position < len(_CLOSE):
            return "", True
    start = position
    while mark := _MARK.search(line, position):
        if mark[0][0] == "`":
            position = after_span(line, mark, len(line))
        elif mark[0][0] == "\\":
            position = mark.end()
        else:
            kept.append(line[start : mark.start()])
            if mark[0] != _OPEN:  # <!--> and <!---> are whole comments
                position = mark.end()
            elif (end := line.find(_CLOSE, mark.end())) < 0:
                return "".join(kept), True
            else:
                position = end + len(_CLOSE)
            start = position
    kept.append(line[start:])
    return "".join(kept), False


def _unclosed(number: int, at: int) -> Finding:
    return Finding(
        Level.HOLD,
        "digest/open-comment",
        "A comment begins here and never ends, so nothing after it is published.",
        "End the comment with --> where the text goes on, or delete its <!--.",
        number + 1,
        at + 1,
    )
