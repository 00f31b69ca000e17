"""pieces - every piece of an issue made ready for mail, its HTML and its text together.

What mail programs do not know goes: MathML, anchors, tables wider than they are. Both halves of a
mail are made of what comes out, so that they say the same and lead to the same places.
Faults: none. Never: how a piece is framed (templates). See: view (before), fitting (after).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from html import escape
from typing import Final, TypeAlias

from markupsafe import Markup

from publisher.model import Newsletter, Published, Variant
from publisher.render.colouring import coloured, inks_on
from publisher.render.environment import Templates
from publisher.render.fragments import (
    absolute,
    breakable,
    for_mjml,
    scoped,
    with_plain_notes,
    without_mathml,
    without_slots,
)
from publisher.render.images import narrowed
from publisher.render.lean import lean
from publisher.render.rows import html_rows, text_rows
from publisher.render.shades import by_day
from publisher.render.tables import Table, plain_tables, without_lines, without_wide
from publisher.render.view import IssueView, ItemView, SectionView, view
from publisher.render.words import Words, words

Pair: TypeAlias = tuple[Markup, str]
"""A piece as HTML and as text."""


COMPACT: Final = "compact"
_TASK: Final = re.compile(r"<li>(\s*(?:<p>)?[☐☑])")
"""A task, which has its box for a bullet."""


def seen(
    published: Published,
    newsletter: Newsletter,
    variant: Variant,
    templates: Templates,
    *,
    in_colours: bool = True,
) -> IssueView:
    """View an issue as both halves of a mail in one variant show it."""
    ours = words(templates)
    issue = view(published, newsletter, ours, variant.language)
    if variant.look == COMPACT:
        issue = lean(issue)
    inks = inks_on(by_day(newsletter.look)) if in_colours else None
    return ready(issue, ours, variant.language, inks)


def ready(
    issue: IssueView, ours: Words, language: str, inks: Mapping[str, str] | None
) -> IssueView:
    """Make all of an issue ready for mail; `language` is that of our own sentences.

    Code has the colours of `inks`, where there are any.
    """
    tell = partial(_tell, ours, language)
    colour: Callable[[str], str] = partial(coloured, inks=inks) if inks else str
    press = _Press(issue.address, tell, colour)
    html, text = press.piece(issue.html, issue.text)
    sections = tuple(press.section(section) for section in issue.sections)
    return replace(issue, html=html, text=text, sections=sections)


class _Press:
    """Makes pieces of one issue ready; each is told which place on the page tells all of it."""

    def __init__(
        self, address: str | None, tell: Callable[[Table], str], colour: Callable[[str], str]
    ) -> None:
        self._address = address
        self._tell = tell
        self._colour = colour

    def section(self, section: SectionView) -> SectionView:
        """Make a section ready; it has no place of its own but its first item's."""
        anchor = section.items[0].anchor if section.items else ""
        html, text = self.piece(section.html, section.text, anchor)
        items = tuple(self.item(item) for item in section.items)
        last = items[-1].anchor if items else ""
        closing_html, closing_text = self.piece(section.closing_html, section.closing_text, last)
        return replace(
            section,
            html=html,
            text=text,
            items=items,
            closing_html=closing_html,
            closing_text=closing_text,
        )

    def item(self, item: ItemView) -> ItemView:
        """Make an item ready, and the prose above it."""
        html, text = self.piece(item.html, item.text, item.anchor)
        above_html, above_text = self.piece(item.above_html, item.above_text, item.anchor)
        sentence, _ = self.piece(item.sentence, "", item.anchor)
        return replace(
            item,
            html=html,
            text=text,
            above_html=above_html,
            above_text=above_text,
            sentence=sentence,
        )

    def piece(self, html: str, text: str, anchor: str = "") -> Pair:
        """Make one piece ready."""
        made = with_plain_notes(without_mathml(html))
        if self._address:
            place = f"{self._address}#{anchor}" if anchor else self._address

            def link(table: Table) -> str:
                return f'<p><a href="{escape(place)}">{escape(self._tell(table))}</a></p>'

            made, tables = without_wide(made, link)
            for table in tables:
                text = without_lines(text, table, f"{self._tell(table)}\n{place}")
        else:
            made, tables = without_wide(made, lambda table: html_rows(table.html))
            for table in tables:
                text = without_lines(text, table, text_rows(table.html))
        made = _TASK.sub(r'<li style="list-style-type:none">\1', made)
        made = self._colour(plain_tables(scoped(narrowed(absolute(made, self._address)))))
        # again: a table's name and a whole address are put together here, maybe to a slot
        ready = without_slots(for_mjml(breakable(made)))
        return Markup(ready), without_slots(text)  # noqa: S704 - clean


def _tell(ours: Words, language: str, table: Table) -> str:
    if not table.name:
        return ours.say_count(
            language,
            "Table of {count} row, on the page",
            "Table of {count} rows, on the page",
            table.rows,
        )
    return ours.say_count(
        language,
        "{name} (table of {count} row, on the page)",
        "{name} (table of {count} rows, on the page)",
        table.rows,
        name=table.name,
    )
