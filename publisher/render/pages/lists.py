"""pages.lists - the pages that lead to issues and items: the newest, by year, by topic.

None grows with the archive: the front page shows the newest issues and counts the rest by year, a
topic's page its newest items; a year, and a topic's year, are whole.
Faults: TemplateError. Never: sorts what it is given, topics excepted. See: pages.frame, render.shelf (cards).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Final

from publisher.addresses import ITEMS, topic_folder
from publisher.model import Newsletter
from publisher.render.environment import Templates
from publisher.render.pages.frame import (
    Counted,
    EntryView,
    Feeds,
    canonical,
    entry,
    feed_links,
    framed,
    issues_feeds,
    items_feeds,
    name_of,
    topic_feeds,
    topic_links,
)
from publisher.render.shelf import Card, ItemCard, Topic
from publisher.render.words import words, year_words

MOST_TOPICS: Final = 24
"""Topics that the front page names; all stand on a page of their own."""
Groups = Sequence[tuple[Card, Sequence[ItemCard]]]
"""Issues, each with those of its items that are listed; without any, the issue itself is."""


def front(
    cards: Sequence[Card],
    newsletter: Newsletter,
    templates: Templates,
    *,
    years: Sequence[tuple[int, int]],
    topics: Sequence[tuple[Topic, int]],
) -> str:
    """Draw the front page: the newest issues, every year and topic with its count."""
    shown = [entry(card, "issues/") for card in cards]
    by_year = [(str(year), list(them)) for year, them in groupby(shown, lambda one: one.date.year)]
    is_whole = sum(count for _, count in years) <= len(cards) and len(years) < 2
    return framed(
        "site/archive.html",
        newsletter,
        templates,
        "",
        title=name_of(newsletter),
        description=newsletter.description,
        canonical=canonical(newsletter, ""),
        years=by_year,
        all_years=[] if is_whole else _years(years, newsletter, "years/"),
        topics=topic_links(_by_count(topics)[:MOST_TOPICS], ""),
        more_topics=len(topics) > MOST_TOPICS,
        main_feeds=feed_links(newsletter, issues_feeds(newsletter), ""),
    )


def year(
    number: int,
    cards: Sequence[Card],
    newsletter: Newsletter,
    templates: Templates,
    *,
    before: int | None = None,
    after: int | None = None,
) -> str:
    """Draw the page of all issues of a year, leading to the years before and after."""
    place = f"years/{number}/"
    return framed(
        "site/year.html",
        newsletter,
        templates,
        place,
        title=year_words(newsletter.language, number),
        canonical=canonical(newsletter, place),
        entries=[entry(card, "../../issues/") for card in cards],
        before=_year(before, newsletter, "../"),
        after=_year(after, newsletter, "../"),
    )


def topics(
    counted: Sequence[tuple[Topic, int]], newsletter: Newsletter, templates: Templates
) -> str:
    """Draw the page of all topics, those with most items first."""
    return framed(
        "site/topics.html",
        newsletter,
        templates,
        "topics/",
        title=words(templates).say(newsletter.language, "Topics"),
        canonical=canonical(newsletter, "topics/"),
        topics=topic_links(_by_count(counted), "../"),
    )


def topic(
    shown: Topic,
    groups: Groups,
    newsletter: Newsletter,
    templates: Templates,
    *,
    count: int,
    years: Sequence[tuple[int, int]] = (),
) -> str:
    """Draw the page of a topic's newest items, newest first; `count` is how many it has.

    `years` are those that have a page of their own, where there are more items than are shown.
    """
    place = topic_folder(shown.slug)
    return _listed(
        groups,
        newsletter,
        templates,
        place,
        title=shown.name,
        own=topic_feeds(newsletter, shown),
        count=count,
        above=Counted("../", words(templates).say(newsletter.language, "All topics")),
        years=_years(years, newsletter, ""),
    )


def topic_year(
    shown: Topic,
    number: int,
    groups: Groups,
    newsletter: Newsletter,
    templates: Templates,
    *,
    count: int,
    before: int | None = None,
    after: int | None = None,
) -> str:
    """Draw the page of all items of a topic in a year."""
    return _listed(
        groups,
        newsletter,
        templates,
        f"{topic_folder(shown.slug)}{number}/",
        title=f"{shown.name} · {year_words(newsletter.language, number)}",
        own=topic_feeds(newsletter, shown),
        count=count,
        above=Counted("../", shown.name),
        before=_year(before, newsletter, "../"),
        after=_year(after, newsletter, "../"),
    )


def items(groups: Groups, newsletter: Newsletter, templates: Templates) -> str:
    """Draw the page of the newest items, newest first."""
    ours = words(templates)
    return _listed(
        groups,
        newsletter,
        templates,
        ITEMS,
        title=ours.say(newsletter.language, "Item by item"),
        own=items_feeds(newsletter, ours),
    )


def _listed(
    groups: Groups,
    newsletter: Newsletter,
    templates: Templates,
    place: str,
    *,
    title: str,
    own: Feeds,
    count: int = 0,
    above: Counted | None = None,
    years: Sequence[Counted] = (),
    before: Counted | None = None,
    after: Counted | None = None,
) -> str:
    issues = "../" * place.count("/") + "issues/"
    shown: list[tuple[EntryView, Sequence[ItemCard]]] = [
        (entry(card, issues), them) for card, them in groups
    ]
    return framed(
        "site/items.html",
        newsletter,
        templates,
        place,
        title=title,
        own=own,
        canonical=canonical(newsletter, place),
        groups=shown,
        count=count,
        above=above,
        years=years,
        before=before,
        after=after,
    )


def _by_count(counted: Sequence[tuple[Topic, int]]) -> list[tuple[Topic, int]]:
    return sorted(counted, key=lambda one: (-one[1], one[0].slug))


def _years(
    counted: Sequence[tuple[int, int]], newsletter: Newsletter, folder: str
) -> list[Counted]:
    return [
        Counted(f"{folder}{number}/", year_words(newsletter.language, number), count)
        for number, count in counted
    ]


def _year(number: int | None, newsletter: Newsletter, folder: str) -> Counted | None:
    return _years([(number, 0)], newsletter, folder)[0] if number is not None else None
