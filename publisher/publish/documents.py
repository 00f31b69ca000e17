"""documents - which documents of the site a publication touches; all others stand as they are.

A document is touched when anything it is joined from is: an issue's own page, its neighbours', the
lists and feeds it is in. What is joined from a window, the front page and the newest items say, is
always touched: it costs the window.
Faults: none. Never: what is in a document. See: pages (draws them), shelving (what they are from).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from typing import Final

OLDER: Final = 100
"""A topic's page has so many of its newest items; of a topic with more, its years have pages."""


Years = Mapping[int, int]
"""How many there are of each year."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What there is on a newsletter's shelf: issues ever, those that stand by year, topics' names.

    `topic_years` counts the items of the topics that matter.
    """

    issues: int
    years: Years
    topics: Mapping[str, str]
    topic_years: Mapping[str, Years]


@dataclass(frozen=True, slots=True)
class Touched:
    """The documents to be made, archives by number; and those that are no more."""

    years: frozenset[int]
    topics: frozenset[str]
    topic_years: frozenset[tuple[str, int]]
    archives: frozenset[int]
    gone_years: frozenset[int]
    gone_topics: frozenset[str]
    gone_topic_years: frozenset[tuple[str, int]]


def touched(
    before: Standing,
    after: Standing,
    *,
    years: Set[int],
    topics: Set[str],
    places: Iterable[int],
    first_new: int | None,
    per_archive: int,
) -> Touched:
    """Say which documents are touched where some issues changed.

    `years` and `topics` are those the issues had before or have now; `places` are their places in
    the order of all there ever were, `first_new` the least place of one that is new.
    """
    was = {(topic, year) for topic in topics for year in own_pages(before, topic)}
    now = {(topic, year) for topic in topics for year in own_pages(after, topic)}
    older = {
        (topic, year)
        for topic, year in now
        if year in years
        or (topic, year) not in was
        or before.topics[topic] != after.topics[topic]  # every page of it says the name
        or any((topic, near) in was ^ now for near in _near(before, after, topic, year))
    }
    changed = years | {
        near
        for year in before.years.keys() ^ after.years.keys()
        for near in beside(year, after.years)
    }
    closed = after.issues // per_archive
    archives = {place // per_archive + 1 for place in places}
    if first_new is not None:  # those behind it have moved on by one
        archives |= set(range(first_new // per_archive + 1, closed + 1))
    if closed > before.issues // per_archive:  # the one that was newest leads on
        archives.add(before.issues // per_archive)
    return Touched(
        years=frozenset(changed & after.years.keys()),
        topics=frozenset(topics & after.topics.keys()),
        topic_years=frozenset(older),
        archives=frozenset(number for number in archives if 1 <= number <= closed),
        gone_years=frozenset(before.years.keys() - after.years.keys()),
        gone_topics=frozenset(before.topics.keys() - after.topics.keys()),
        gone_topic_years=frozenset(was - now),
    )


def everything(after: Standing, per_archive: int) -> Touched:
    """Name every document there is."""
    return Touched(
        years=frozenset(after.years),
        topics=frozenset(after.topics),
        topic_years=frozenset(
            (topic, year) for topic in after.topics for year in own_pages(after, topic)
        ),
        archives=frozenset(range(1, after.issues // per_archive + 1)),
        gone_years=frozenset(),
        gone_topics=frozenset(),
        gone_topic_years=frozenset(),
    )


def own_pages(standing: Standing, topic: str) -> Years:
    """Count the items of a topic by the years that have a page of their own."""
    years = standing.topic_years.get(topic, {})
    return years if sum(years.values()) > OLDER else {}


def _near(before: Standing, after: Standing, topic: str, year: int) -> tuple[int, ...]:
    """Give the years a topic's year led to before or leads to now."""
    led = beside(year, own_pages(before, topic))
    return (*led, *beside(year, own_pages(after, topic)))


def beside(year: int, years: Iterable[int]) -> tuple[int, ...]:
    """Give the years that stand just before and just after one, itself left out."""
    earlier = max((one for one in years if one < year), default=None)
    later = min((one for one in years if one > year), default=None)
    return tuple(one for one in (earlier, later) if one is not None)
