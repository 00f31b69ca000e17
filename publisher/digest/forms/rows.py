"""rows - the form of an item that is one row of a table.

A table holds items when it has a column of links, or of titles by its head: papers, releases. A
table of figures is content and stays prose. The other cells become the item's body, each behind
the head of its column.
Faults: none. Never: an item without a title. See: tables, sections.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from markdown_it.token import Token

from publisher.digest.forms.bullets import lead_of
from publisher.digest.forms.drafts import Draft
from publisher.digest.forms.links import first_address, is_sign, opening_link, unless_address
from publisher.digest.forms.titles import AUTHORS, names_in
from publisher.digest.markup.bodies import host_of
from publisher.digest.markup.markdown import tidy
from publisher.digest.markup.outline import Block, paragraph
from publisher.digest.markup.plain import cells, first_sentence, line_text, title_text

_TITLE_HEAD: Final = re.compile(
    r"(?:paper|article|project|tool|repo\w*|release|story|news|post|talk|video)s?"
    r"|(?:\w+ )?(?:titles?|name|headline)|.*(?:标题|題名|论文|文章|项目|名称|タイトル|제목)|заголовок|название|titel|titre|título",
    re.IGNORECASE,
)
_UNCLOSED: Final = re.compile(r"\s*[(（\[【][^()（）\[\]【】]{0,80}$")

_GAP: Final = re.compile(r"\s{2,}|\s[●•‣]\s|\s[-–—]\s|\n")
_MOST_TITLE_CELLS: Final = 160

Row: TypeAlias = list["Cell"]


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell's inline tokens, its text on one line, and the line it stands on."""

    children: tuple[Token, ...]
    text: str
    line: int


def table_rows(block: Block) -> list[Draft]:
    """Make a draft of each row; none where the table holds no items."""
    rows = _rows_of(block)
    if len(rows) < 2:
        return []
    heads = [cell.text for cell in rows[0]]
    body = [row for row in rows[1:] if any(cell.text for cell in row)]
    column = _title_column(heads, body)
    if column is None:
        return []
    counts = {n for n in range(len(heads)) if _counts([row[n].text for row in body])}
    told = [n for n in range(len(heads)) if n != column and n not in counts]
    return [_draft(block, row, heads, column, told) for row in body]


def _counts(texts: Sequence[str]) -> bool:
    """Whether a column only counts its rows."""
    figures = [re.sub(r"\D", "", text) if is_sign(text) else "" for text in texts]
    first = int(figures[0] or 0)
    return first < 2 and figures == [str(first + n) for n in range(len(figures))]


def _title_column(heads: Sequence[str], rows: Sequence[Row]) -> int | None:
    """Find the column of titles: named so, or the first that opens with links; else None.

    Without a link in most rows a table is content, whatever its columns are called.
    """
    linked = [row for row in rows if any(first_address(cell.children) for cell in row)]
    if not rows or len(linked) * 2 < len(rows):
        return None
    named = [n for n, head in enumerate(heads) if _TITLE_HEAD.fullmatch(head)]
    if named:
        return named[0]
    for column in range(len(heads)):
        opening = [row for row in rows if opening_link(row[column].children)]
        if len(opening) * 2 >= len(rows):
            return column
    return None


def _draft(
    block: Block, row: Row, heads: Sequence[str], column: int, columns: Sequence[int]
) -> Draft:
    """Make a draft of a row: its title, and what of the other `columns` says something."""
    cell = row[column]
    title, rest = _title_of(cell.children)
    address = first_address(cell.children)
    others = [(heads[n], row[n]) for n in columns if _says_something(row[n])]
    if address is None:
        address = next(
            (found for _, other in others if (found := first_address(other.children))), None
        )
    authors = next((other.text for head, other in others if AUTHORS.fullmatch(head)), "")
    body = [paragraph(rest, block)] if any(map(_is_shown, rest)) else []
    body += [paragraph(_named(head, other), block) for head, other in others]
    if not title:
        words = (other.text for _, other in others if not is_sign(other.text))
        title = first_sentence(next(words, "")) or host_of(address or "…")
    return Draft(title, cell.line, address, authors=names_in(authors), body=tuple(body))


def _says_something(cell: Cell) -> bool:
    """Whether a cell is more than a dash: words, figures, a picture."""
    is_dash = is_sign(cell.text) and not any(map(str.isdigit, cell.text))
    return bool(cell.text and not is_dash) or any(child.type == "image" for child in cell.children)


def _is_shown(child: Token) -> bool:
    return child.type == "image" or bool(child.content.strip())


def _title_of(children: Sequence[Token]) -> tuple[str, Sequence[Token]]:
    """Part a title cell: its opening link, its bold lead, or its words before the first link."""
    link = opening_link(children)
    if link:
        return unless_address(link.text) or "", (*link.lead, *link.rest)
    lead, rest = lead_of(children)
    if lead:
        return lead, rest
    first = next((n for n, child in enumerate(children) if child.type == "link_open"), None)
    if first is None:
        return _cut(children)
    words = title_text(children[:first])
    title = _UNCLOSED.sub("", words)
    service = words[len(title) :].strip()
    before = [Token("text", "", 0, content=f"{service} ")] if service else []
    return title, [*before, *children[first:]]


def _cut(children: Sequence[Token]) -> tuple[str, Sequence[Token]]:
    """Part a cell that holds the title and all the text, at a wide gap, a dot or a sentence end."""
    text = title_text(children)
    if cells(text) <= _MOST_TITLE_CELLS:
        return text, ()
    gap = _GAP.search(line_text(children))
    title = tidy(line_text(children)[: gap.start()]) if gap else first_sentence(text)
    return title, children


def _named(head: str, cell: Cell) -> list[Token]:
    """Put the head of its column in bold before a cell's words."""
    if not head:
        return list(cell.children)
    opening, closing = Token("strong_open", "strong", 1), Token("strong_close", "strong", -1)
    opening.markup = closing.markup = "**"
    name, gap = Token("text", "", 0, content=head), Token("text", "", 0, content=" · ")
    return [opening, name, closing, gap, *cell.children]


def _rows_of(block: Block) -> list[Row]:
    rows: list[Row] = []
    line = block.line
    for token in block.tokens:
        if token.type == "tr_open":
            line = token.map[0] + 1 if token.map else line
            rows.append([])
        elif token.type == "inline":
            children = tuple(token.children or ())
            rows[-1].append(Cell(children, title_text(children), line))
    return rows
