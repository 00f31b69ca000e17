"""plain - tokens as plain text: titles, the text edition, what facts are looked for in.

Made from the tokens and never from HTML, so that nothing is escaped twice and a line break is where
the digest has one.
Faults: none. Never: keeps markup. See: markdown (the tokens), bodies (the same as HTML).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

from markdown_it.token import Token

from publisher.digest.markup.footnotes import notes_last
from publisher.digest.markup.markdown import tidy
from publisher.digest.markup.raw import BREAK, UNSEEN, text_of
from publisher.digest.source.characters import scrub
from publisher.sentences import sentence_end

_UNSEEN_TAG: Final = re.compile(rf"<(/?)({'|'.join(sorted(UNSEEN))})\b", re.IGNORECASE)
MOST_CELLS: Final = 160


def line_text(children: Sequence[Token] | None, *, with_notes: bool = False) -> str:
    """Give a run of inline tokens as text; a hard break is a line feed.

    References to footnotes are for running text only: in a title they would be digits.
    """
    parts: list[str] = []
    unseen = 0
    for child in children or ():
        if child.type == "html_inline":
            tag = _UNSEEN_TAG.match(child.content)
            if tag:
                unseen = max(0, unseen + (-1 if tag[1] else 1))
            elif BREAK.match(child.content):
                parts.append("\n")
        elif unseen:
            continue
        elif child.type == "softbreak":
            parts.append("" if child.meta.get("joined") else " ")
        elif child.type == "hardbreak":
            parts.append("\n")
        elif child.type == "image":
            parts.append(line_text(child.children))
        elif child.type == "footnote_ref" and not with_notes:
            continue
        else:
            parts.append(child.content)
    return scrub("".join(parts))


def title_text(children: Sequence[Token] | None) -> str:
    """Give a run of inline tokens as it may stand where titles stand."""
    return tidy(line_text(children))


def body_text(tokens: Sequence[Token]) -> str:
    """Give block tokens as text: an empty line between paragraphs, bullets and quotes marked."""
    writer = _Writer()
    for token in notes_last(tokens):
        writer.take(token)
    return writer.text()


class _Writer:
    """Collects paragraphs, each behind the marks of the lists and quotes it stands in."""

    def __init__(self) -> None:
        self._paragraphs: list[tuple[str, bool]] = []  # text, and whether it follows closely
        self._indent: list[str] = []
        self._numbers: list[int | None] = []
        self._mark = ""
        self._row: list[str] | None = None
        self._is_first = True  # of a list or table, which stands apart from what is above

    def take(self, token: Token) -> None:
        """Read one token."""
        match token.type:
            case "inline":
                line = line_text(token.children, with_notes=True)
                text = "\n".join(part.strip() for part in line.split("\n"))
                if self._row is not None:
                    self._row.append(tidy(text))
                else:
                    self._write(text)
            case "fence" | "code_block":
                self._write(scrub(token.content).rstrip("\n"))
            case "html_block":
                self._write(text_of(token.content))
            case "bullet_list_open" | "ordered_list_open":
                is_ordered = token.type == "ordered_list_open"
                self._is_first = not self._numbers
                self._numbers.append(int(token.attrs.get("start", 1)) if is_ordered else None)
            case "table_open":
                self._is_first = True
            case "bullet_list_close" | "ordered_list_close":
                self._numbers.pop()
            case "list_item_open":
                self._open_item()
            case "list_item_close" | "blockquote_close":
                self._indent.pop()
                self._mark = ""
            case "blockquote_open":
                self._indent.append("> ")
            case "tr_open":
                self._row = []
            case "tr_close":
                row, self._row = self._row or [], None
                self._write(" | ".join(row), is_row=True)
            case _:
                pass

    def text(self) -> str:
        """Give all that was taken."""
        out = ""
        for text, is_close in self._paragraphs:
            out += ("\n" if is_close else "\n\n") + text if out else text
        return out

    def _open_item(self) -> None:
        number = self._numbers[-1] if self._numbers else None
        mark = "- " if number is None else f"{number}. "
        if number is not None:
            self._numbers[-1] = number + 1
        self._mark = "".join(self._indent) + mark
        self._indent.append(" " * len(mark))

    def _write(self, text: str, *, is_row: bool = False) -> None:
        if not text.strip():
            return
        indent = "".join(self._indent)
        lines = text.split("\n")
        first, self._mark = self._mark or indent, ""
        written = first + f"\n{indent}".join(lines)
        follows = (first != indent or is_row) and not self._is_first
        self._is_first = False
        self._paragraphs.append((written, follows))


def first_sentence(text: str) -> str:
    """Give the first sentence of a text on one line, shortened where it is very long."""
    text = text.lstrip()
    return shorten(tidy(text[: sentence_end(text)]))


def shorten(text: str, most: int = MOST_CELLS) -> str:
    """Cut a text to a number of cells, with an ellipsis where something was cut."""
    if cells(text) <= most:
        return text
    width = 0
    for end, character in enumerate(text):
        width += 2 if unicodedata.east_asian_width(character) in "WF" else 1
        if width >= most:
            return text[:end].rstrip() + "…"
    return text


def cells(text: str) -> int:
    """Measure a text as a terminal does: a Han character is two cells wide."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)
