"""pages.search - the page that asks what to look for, and shows what was found.

Drawn at the moment of asking and kept by nobody; links are seen from the newsletter's front page.
Faults: TemplateError. Never: searches. See: web.searching (who asks), templates/site/search.html.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from publisher.model import Newsletter
from publisher.render.environment import Templates
from publisher.render.pages.frame import framed
from publisher.render.words import words


class Piece(Protocol):
    """A piece of a snippet."""

    @property
    def text(self) -> str:
        """Say what stands there."""
        ...

    @property
    def is_found(self) -> bool:
        """Tell whether it was looked for."""
        ...


@dataclass(frozen=True, slots=True)
class HitView:
    """What was found, as it is shown; `heading` and `date` are its issue's."""

    href: str
    title: str
    language: str
    heading: str
    date: date
    is_item: bool
    snippet: Sequence[Piece]


def page(
    newsletter: Newsletter,
    templates: Templates,
    *,
    state: str,
    query: str,
    most: int,
    total: int = 0,
    hits: Sequence[HitView] = (),
    before: str | None = None,
    after: str | None = None,
) -> str:
    """Draw the search: `state` is ask, found, none, long (than `most` characters) or away."""
    name = words(templates).say(newsletter.language, "Search")
    return framed(
        "site/search.html",
        newsletter,
        templates,
        "search",
        title=f"{query} · {name}" if state in ("found", "none") else name,
        state=state,
        query=query,
        most=most,
        total=total,
        hits=hits,
        before=before,
        after=after,
    )
