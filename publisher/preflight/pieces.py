"""preflight.pieces - an issue's own HTML, piece by piece, with the line each belongs to.

Faults: none. Never: judges. See: links, pictures (who look through them).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lxml import html
from lxml.html import HtmlElement

from publisher.model import Issue


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of an issue's HTML, and the line of what it stands in: an item, else a section."""

    root: HtmlElement
    line: int | None


def pieces(issue: Issue) -> Iterator[Piece]:
    """Give what of an issue is markup, in reading order."""
    for written, line in _written(issue):
        if "<" in written:
            yield Piece(html.fragment_fromstring(written, create_parent="div"), line)


def _written(issue: Issue) -> Iterator[tuple[str, int | None]]:
    yield issue.html, None
    for section in issue.sections:
        yield section.html, section.line
        for item in section.items:
            yield item.above_html, item.line
            yield item.html, item.line
        yield section.closing_html, section.line
