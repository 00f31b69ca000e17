"""headings - headings that CommonMark does not see: `##Title` without a space.

Two signs or more directly before a word are a heading; one is a hashtag or a number (`#7893`), and
so are several on a line (`#ML #Recap`).
Faults: none. Never: what a heading heads. See: html_tokens (the same for `<h2>`), outline (next).
"""

from __future__ import annotations

import re
from typing import Final

from markdown_it.rules_block import StateBlock

_UNSPACED: Final = re.compile(r"(#{2,6})(?=[^\W\d]|[\[*`\"'(<&]|[^\x00-\x7f]|\d+[.、．)）])")
_HASHTAG: Final = re.compile(r"#+\w\S*")
_CLOSING: Final = re.compile(r"(?<=[ \t])#+$")


def unspaced_heading(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Read `##Title` as `## Title`; a rule of the block parser."""
    if state.is_code_block(start):
        return False
    line = state.src[state.bMarks[start] + state.tShift[start] : state.eMarks[start]]
    line = _CLOSING.sub("", line.rstrip()).rstrip()
    signs = _UNSPACED.match(line)
    words = line.split()
    is_tags = len(words) > 1 and all(map(_HASHTAG.fullmatch, words))
    if signs is None or is_tags:
        return False
    if silent:
        return True
    state.line = start + 1
    tag = f"h{len(signs[1])}"
    token = state.push("heading_open", tag, 1)
    token.markup = signs[1]
    token.map = [start, state.line]
    token = state.push("inline", "", 0)
    token.content = line[signs.end() :].strip()
    token.map = [start, state.line]
    token.children = []
    state.push("heading_close", tag, -1).markup = signs[1]
    return True
