"""code - where a digest shows code, for what reads the source text before Markdown does.

A fence and a span in backticks are passed over: what looks like a comment or a template's tag in
them is shown as it stands.
Faults: none. Never: looks at Markdown beyond fences and backticks. See: comments, template_tags.
"""

from __future__ import annotations

import re
from typing import Final

_FENCE: Final = re.compile(
    r"^(?:[ \t>]|[-*+][ \t]|\d{1,9}[.)][ \t])*(?P<run>`{3,}(?=[^`]*$)|~{3,})"
)
_RUN: Final = re.compile("`+")
_FENCE_END: Final = re.compile(r"^[ \t>]*(?P<run>`{3,}|~{3,})[ \t]*$")


class Fences:
    """Follows fenced code from line to line."""

    def __init__(self) -> None:
        self._open = ""

    def holds(self, line: str) -> bool:
        """Say whether the next line belongs to a fence, its first and last line included."""
        if self._open:
            end = _FENCE_END.match(line)
            if end and end["run"].startswith(self._open):
                self._open = ""
            return True
        opening = _FENCE.match(line)
        self._open = opening["run"] if opening else ""
        return opening is not None


def after_span(text: str, run: re.Match[str], end: int) -> int:
    """Give the position after a code span of one line, or after its backticks where none closes."""
    for other in _RUN.finditer(text, run.end(), end):
        if len(other[0]) == len(run[0]):
            return other.end()
    return run.end()
