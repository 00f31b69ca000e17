"""tables - those of a digest: in a mail narrow ones as they are, wide ones as a link to the page.

A mail is 576 points wide where it is widest, and a table that does not fit tears all of it apart:
most mail programs neither scroll nor shrink. What is too wide is named by its caption or its first
headings instead, in the HTML and in the text alike. On the page each scrolls in a box of its own.
Faults: none. Never: how a wide one is told where there is no page (rows). See: pieces, page.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html import escape
from typing import Final

from lxml import html as lxml_html
from lxml.html import HtmlElement

from publisher.render.fragments import excerpt
from publisher.render.rows import words

MOST_COLUMNS: Final = 4
MOST_POINTS: Final = 576
_POINTS_OF_A_CELL: Final = 7.5  # of a letter of 14 px; a Han letter has two
_POINTS_BETWEEN: Final = 12
_MOST_NAMED: Final = 3
_LONGEST_NAME: Final = 80
_EDGE: Final = re.compile(r"<(/?)table\b[^<>]*>")
_OPENING: Final = re.compile(r"<table\b[^<>]*>")
_ALIGNED: Final = re.compile(r'<(t[dh])\b([^<>]*?) align="(left|right|center)"')
_TOGETHER: Final = re.compile(r"[^\s\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]+")
_PLAIN: Final = '<table border="0" cellpadding="6" cellspacing="0">'


@dataclass(frozen=True, slots=True)
class Table:
    """A table too wide for mail: what to call it, its rows but for the headings, all as text.

    `html` is the table itself.
    """

    name: str
    rows: int
    lines: tuple[str, ...]
    html: str = field(default="", compare=False, repr=False)


def boxed(html: str, nameless: str) -> str:
    """Put every table of a page into a box that scrolls sideways, its words whole.

    The keyboard reaches the box, and a program that reads aloud names it (WCAG 2.1.1, 1.3.1).
    """
    if "<table" not in html:
        return html
    out, end = "", 0
    for start, stop in _outermost(html):
        table = html[start:stop]
        name = escape(_name(lxml_html.fragment_fromstring(table)) or nameless)
        box = f'<div class="wide" tabindex="0" role="region" aria-label="{name}">'
        out += f"{html[end:start]}{box}{table}</div>"
        end = stop
    return out + html[end:]


def plain_tables(html: str) -> str:
    """Give every table the attributes that mail programs heed, where style sheets are dropped."""
    if "<table" not in html:
        return html
    return _ALIGNED.sub(r'<\1\2 style="text-align:\3"', _OPENING.sub(_PLAIN, html))


def without_wide(html: str, instead: Callable[[Table], str]) -> tuple[str, list[Table]]:
    """Put something in the place of each table that is too wide; give those, too."""
    if "<table" not in html:
        return html, []
    out, end, found = "", 0, []
    for start, stop in _outermost(html):
        table = _wide(html[start:stop])
        if table is not None:
            out += html[end:start] + instead(table)
            end = stop
            found.append(table)
    return out + html[end:], found


def without_lines(text: str, table: Table, instead: str) -> str:
    """Put something in the place of a table's rows in a text; one not found whole stays."""
    lines = text.split("\n")
    bare = [line.strip(" >") for line in lines]
    for start in range(len(lines) - len(table.lines) + 1):
        end = start + len(table.lines)
        if tuple(bare[start:end]) == table.lines:
            return "\n".join([*lines[:start], instead, *lines[end:]])
    return text


def _outermost(html: str) -> Iterator[tuple[int, int]]:
    """Give where each table begins and ends that stands in no other."""
    start = depth = 0
    for edge in _EDGE.finditer(html):
        if not edge[1]:
            start = start if depth else edge.start()
            depth += 1
        elif depth:
            depth -= 1
            if not depth:
                yield start, edge.end()


def _wide(html: str) -> Table | None:
    table = lxml_html.fragment_fromstring(html)
    rows = [_cells(row) for row in table.iter("tr")]
    columns = max((_columns(row) for row in table.iter("tr")), default=0)
    if columns <= MOST_COLUMNS and _least_width(rows) <= MOST_POINTS:
        return None
    heads = [row for row in table.iter("tr") if len(row) and all(cell.tag == "th" for cell in row)]
    lines = tuple(line for row in rows if (line := " | ".join(row)).strip(" |"))
    return Table(_name(table), len(rows) - len(heads), lines, html)


def _name(table: HtmlElement) -> str:
    """Call a table by its caption, else by its first headings."""
    named = [words(caption) for caption in table.iter("caption")]
    first = next((_cells(row) for row in table.iter("tr")), [])
    named = named or [word for word in first if word][:_MOST_NAMED]
    return excerpt(" · ".join(named), _LONGEST_NAME)


def _cells(row: HtmlElement) -> list[str]:
    return [words(cell) for cell in row if cell.tag in ("td", "th")]


def _columns(row: HtmlElement) -> int:
    spans = (cell.get("colspan", "1") for cell in row if cell.tag in ("td", "th"))
    return sum(int(span) if span.isdecimal() and len(span) < 4 else 1 for span in spans)


def _least_width(rows: list[list[str]]) -> float:
    """Measure how narrow a table can be made: each column as wide as its longest word."""
    widths: dict[int, int] = {}
    for row in rows:
        for column, said in enumerate(row):
            longest = max((len(word) for word in _TOGETHER.findall(said)), default=2)
            widths[column] = max(widths.get(column, 0), longest)
    return sum(width * _POINTS_OF_A_CELL + _POINTS_BETWEEN for width in widths.values())
