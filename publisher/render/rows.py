"""rows - a table told row by row, `heading: value` on a line each, for a mail without a page.

Where there is no page to lead to, a wide table is read downwards: on a telephone its columns would
stand behind the edge, or one letter wide. What spans several columns is told without a heading.
Faults: none. Never: a table that fits. See: tables (which are too wide), pieces (applies it).
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from lxml import html as lxml_html
from lxml.html import HtmlElement

from publisher.render.fragments import set_tight

_Line = tuple[str, HtmlElement]
"""What heads a cell, as text, and the cell."""


def html_rows(table: str) -> str:
    """Tell a table as HTML; what its cells hold, links too, stays."""
    caption = "".join(
        f"<p><strong>{_inner(one)}</strong></p>" for one in _read(table).iter("caption")
    )
    blocks = (
        "".join(f"<div>{_headed(escape(head), _inner(cell))}</div>" for head, cell in row)
        for row in _rows(table)
    )
    return caption + "".join(f'<div style="margin:0 0 14px">{block}</div>' for block in blocks)


def text_rows(table: str) -> str:
    """Tell a table as text, an empty line between two rows."""
    blocks = ("\n".join(_headed(head, words(cell)) for head, cell in row) for row in _rows(table))
    return "\n\n".join(blocks)


def words(element: HtmlElement) -> str:
    """Give what an element says, on one line."""
    return set_tight(" ".join(element.text_content().split()))


def _read(table: str) -> HtmlElement:
    return lxml_html.fragment_fromstring(table)


def _rows(table: str) -> Iterator[list[_Line]]:
    """Give what each row says but for empty cells; those around another table are told by it."""
    heads: list[str] = []
    for row in _read(table).iter("tr"):
        cells = [cell for cell in row if cell.tag in ("td", "th")]
        if cells and all(cell.tag == "th" for cell in cells):
            heads = [words(cell) for cell in cells]
            continue
        is_even = len(heads) == len(cells)
        lines = [
            (heads[column] if is_even else "", cell)
            for column, cell in enumerate(cells)
            if (words(cell) or len(cell)) and cell.find(".//table") is None
        ]
        if lines:
            yield lines


def _headed(head: str, said: str) -> str:
    between = "" if head.endswith((":", "：")) else ":"
    return f"{head}{between} {said}" if head else said


def _inner(element: HtmlElement) -> str:
    """Give what stands in an element, in the form that `fragments` relies on."""
    children = (lxml_html.tostring(child, encoding="unicode") for child in element)
    return (escape(element.text or "", quote=False) + "".join(children)).strip()
