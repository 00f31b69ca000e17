"""page - the ways to draw pages as publishing knew them, until it draws them from cards.

Faults: TemplateError. Never: anything of its own. See: pages.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from publisher.model import Edition, Newsletter, Published
from publisher.render import pages
from publisher.render.environment import Templates
from publisher.render.shelf import Card, card_of
from publisher.render.view import view
from publisher.render.words import words


def render(
    published: Published,
    newsletter: Newsletter,
    templates: Templates,
    *,
    previous: Published | None = None,
    following: Published | None = None,
) -> Edition:
    """Render the page of one issue, leading to the one before and the one after."""
    shown = view(published, newsletter, words(templates))
    body = pages.issue(
        shown,
        newsletter,
        templates,
        previous=_card(previous, newsletter, templates) if previous else None,
        following=_card(following, newsletter, templates) if following else None,
    )
    return Edition("page", "text/html", body)


def archive(entries: Sequence[Published], newsletter: Newsletter, templates: Templates) -> Edition:
    """Render the front page, with every issue, in the order given."""
    cards = [_card(one, newsletter, templates) for one in entries]
    years = sorted(Counter(one.date.year for one in cards).items(), reverse=True)
    body = pages.front(cards, newsletter, templates, years=years, topics=[])
    return Edition("archive", "text/html", body)


def tombstone(newsletter: Newsletter, templates: Templates) -> Edition:
    """Render what answers where a withdrawn issue was."""
    return Edition("tombstone", "text/html", pages.tombstone(newsletter, templates))


def _card(published: Published, newsletter: Newsletter, templates: Templates) -> Card:
    return card_of(published, view(published, newsletter, words(templates)))
