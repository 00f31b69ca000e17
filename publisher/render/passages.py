"""passages - an issue as what a search may find in it: the issue itself, and each of its items.

Adverts are no news and are not found. Faults: none. Never: splits words, which `searching` does.
See: view (what an issue shows), store.search (keeps passages).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from publisher.model import Passage
from publisher.render.view import IssueView, ItemView, SectionView


def passages(issue: IssueView) -> tuple[Passage, ...]:
    """List what a search may find, the issue first, then its items in reading order."""
    prose = [issue.text, *(text for section in issue.sections for text in _around(section))]
    own = Passage(
        anchor="",
        title=issue.headline,
        second="",
        language=issue.language,
        text=_lines(prose),
        about=_lines([issue.dateline, *issue.authors, *issue.topics]),
        heading=issue.heading,
        date=issue.date,
    )
    return (own, *(_passage(item, issue) for item in issue.items))


def _around(section: SectionView) -> Iterator[str]:
    """Yield what a section says outside of its items."""
    if not section.is_sponsor:
        yield section.title or ""
        yield section.text
        yield from (item.above_text for item in section.items)
        yield section.closing_text


def _passage(item: ItemView, issue: IssueView) -> Passage:
    return Passage(
        anchor=item.anchor,
        title=item.title,
        second=item.second or "",
        language=item.language or issue.language,
        text=item.text,
        about=_lines([*item.authors, *item.topics, item.host]),
        heading=issue.heading,
        date=issue.date,
    )


def _lines(texts: Iterable[str]) -> str:
    return "\n".join(filter(None, texts))
