"""openings - the first sentence of a text, for a list where each item has only one.

A short exclamation takes the sentence behind it along; a list gives its first entry.
Faults: none. Never: more than the first paragraph. See: sentences (where one ends), lean.
"""

from __future__ import annotations

import re
from typing import Final
from unicodedata import east_asian_width

from publisher.render.fragments import clean, set_tight
from publisher.sentences import sentence_end

MOST_CELLS: Final = 176
"""Columns of a terminal, where a Han character takes two: two lines of Chinese, three of Latin."""
_FEWEST_CELLS: Final = 24
_MARKED: Final = re.compile(r"^(?:[-*•‣]|\d+[.)]|[☐☑])\s+")
_PARTING: Final = re.compile(r"\n\n|\n\s*(?:[-*•‣]|\d+[.)])\s")


def cells(text: str) -> int:
    """Count the columns a text takes where letters are all of one width."""
    return sum(2 if east_asian_width(sign) in "WF" else 1 for sign in text)


def first_sentence(text: str, most: int = MOST_CELLS) -> str:
    """Give the first sentence on one line; a longer one ends in `…`, between two words."""
    paragraph = _MARKED.sub("", _PARTING.split(clean(text).strip(), maxsplit=1)[0])
    line = set_tight(" ".join(paragraph.split()))
    end = sentence_end(line)
    while end < len(line) and cells(line[:end]) < _FEWEST_CELLS:
        end += sentence_end(line[end:])
    line = line[:end].rstrip()
    return line if cells(line) <= most else _cut(line, most - 1)


def _cut(line: str, most: int) -> str:
    """Cut at a width, never inside a word written with Latin letters or such."""
    end = width = 0
    for sign in line:
        width += cells(sign)
        if width > most:
            break
        end += 1
    head = line[:end]
    if cells(line[end - 1 : end + 1]) == 2 and line[end] != " " and " " in head[end // 2 :]:
        head = head.rsplit(" ", 1)[0]
    return head.rstrip(" ，、,;；·:：") + "…"
