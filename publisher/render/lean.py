"""lean - an issue for the look `compact`: titles, a sentence each, the rest on the page.

The look is for readers who like it so, and for issues too long for any mail. Short prose keeps its
links, the sponsor's among them; of any other the templates show the beginning, and lead on to the
page. Such an issue may be cut behind an item, to end with how many more there are.
Faults: none. Never: a half of an item. See: pieces (asks), fitting (cuts), templates/mail/compact.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from markupsafe import Markup

from publisher.render.openings import first_sentence
from publisher.render.prose import first_prose
from publisher.render.view import IssueView, SectionView

LONGEST_PROSE: Final = 360
"""Characters of a piece of prose; its rest is on the page."""
_MOST_MARKUP: Final = 4 * LONGEST_PROSE
_LARGE: Final = re.compile(r"<(?:table|pre|math)\b")
_PICTURE: Final = re.compile(r'<img\b(?=[^<>]*? alt="([^"<>]*)")(?:[^<>"]|"[^"]*")*>')
_NOTHING: Final = Markup("")


def lean(issue: IssueView) -> IssueView:
    """Leave of every item its first sentence, and of prose text, with the links of what is short."""
    sections = tuple(_section(section) for section in issue.sections)
    return replace(issue, html=_linked(issue.html, issue.text), sections=sections)


def length(issue: IssueView) -> int:
    """Count what an issue may be cut behind: its items, and sections of prose alone."""
    return sum(len(section.items) or 1 for section in issue.sections)


def cut(issue: IssueView, kept: int) -> IssueView:
    """Keep so many items, in reading order; what stands behind the last of them goes."""
    sections: list[SectionView] = []
    for section in issue.sections:
        if kept <= 0:
            break
        if kept < len(section.items):
            section = replace(
                section, items=section.items[:kept], closing_html=_NOTHING, closing_text=""
            )
        sections.append(section)
        kept -= len(section.items) or 1
    return replace(issue, sections=tuple(sections))


def _section(section: SectionView) -> SectionView:
    items = tuple(
        replace(
            item,
            html=_NOTHING,
            text=first_sentence(first_prose(item.html)),
            above_html=_linked(item.above_html, item.above_text),
        )
        for item in section.items
    )
    return replace(
        section,
        html=_linked(section.html, section.text),
        items=items,
        closing_html=_linked(section.closing_html, section.closing_text),
    )


def _linked(html: Markup, text: str) -> Markup:
    """Keep prose that has links and is short enough to be shown whole; words stand for pictures."""
    short = _PICTURE.sub(r"\1", str(html)).replace("<p></p>", "")
    is_kept = "<a " in short and len(text) <= LONGEST_PROSE and len(short) <= _MOST_MARKUP
    return Markup(short) if is_kept and not _LARGE.search(short) else _NOTHING  # noqa: S704 - clean
