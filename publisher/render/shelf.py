"""shelf - what is kept of an issue, so that a publication costs its window and not its archive.

An issue is viewed once, when it is published or revised. What lists and feeds say of it is finished
then and shelved: its card, its items' cards, and an entry of each, ready to be joined. A rebuild
joins what the same functions made, so it gives the same bytes.
Faults: none. Never: where it is kept. See: feeds (entries and what joins them), store (keeps it).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from publisher.addresses import topic_slug
from publisher.model import Newsletter, Published
from publisher.render.feeds.entries import Entry, issue_entry, item_entry
from publisher.render.fragments import excerpt
from publisher.render.view import IssueView, ItemView, titles

__all__ = ["Card", "Entry", "ItemCard", "Shelved", "Topic", "card_of", "shelve"]

LINE_LENGTH: Final = 120
"""Characters of what a list says of an issue or an item."""


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic by the name of its addresses, before percent-encoding, and as it was written here."""

    slug: str
    name: str


@dataclass(frozen=True, slots=True)
class Card:
    """What a list says of an issue; an untitled one leads by its first item.

    `heading` is its title, else its date; `title` is what leads; `items` counts the news.
    """

    slug: str
    heading: str
    title: str
    language: str
    date: date
    number: int | None
    summary: str
    published: datetime
    updated: datetime
    items: int


@dataclass(frozen=True, slots=True)
class ItemCard:
    """What a list says of an item; `issue` is its issue's slug.

    `language` is the title's, `second_language` that of the title's translation. `topics` are its
    own, then those its issue has as a whole.
    """

    issue: str
    anchor: str
    title: str
    second: str | None
    language: str
    second_language: str | None
    url: str | None
    host: str
    summary: str
    authors: tuple[str, ...]
    topics: tuple[Topic, ...]


@dataclass(frozen=True, slots=True)
class Shelved:
    """All that is kept of an issue; `items` and `item_entries` go pairwise, in reading order.

    A sponsor's items are none. `topics` are the issue's own, then its items', each once.
    """

    card: Card
    entry: Entry
    items: tuple[ItemCard, ...]
    item_entries: tuple[Entry, ...]
    topics: tuple[Topic, ...]


def shelve(published: Published, issue: IssueView, newsletter: Newsletter) -> Shelved:
    """Make all that is kept of an issue."""
    own = {topic_slug(name) for name in published.issue.topics}
    of_all = [topic for topic in _topics(issue.topics) if topic.slug in own]
    slug = published.record.slug
    keys = {record.anchor: record.key for record in published.record.live_items}
    cards = tuple(_item_card(slug, item, issue, of_all) for item in issue.items)
    return Shelved(
        card=card_of(published, issue),
        entry=issue_entry(published, issue, newsletter),
        items=cards,
        item_entries=tuple(
            item_entry(item, keys[item.anchor], names, published, issue, newsletter)
            for item, card in zip(issue.items, cards, strict=True)
            for names in [tuple(topic.name for topic in card.topics)]
        ),
        topics=_topics(issue.topics),
    )


def card_of(published: Published, issue: IssueView) -> Card:
    """Make what lists say of an issue."""
    record = published.record
    leads_by_item = bool(issue.items) and not issue.is_titled
    rest = excerpt(issue.text, LINE_LENGTH) or titles(issue.items[1:], LINE_LENGTH)
    return Card(
        slug=record.slug,
        heading=issue.heading,
        title=issue.items[0].title if leads_by_item else issue.heading,
        language=issue.language,
        date=issue.date,
        number=issue.number,
        summary=rest if leads_by_item else issue.summary(LINE_LENGTH),
        published=record.published,
        updated=record.updated,
        items=len(issue.items),
    )


def _item_card(slug: str, item: ItemView, issue: IssueView, of_all: Sequence[Topic]) -> ItemCard:
    own = _topics(item.topics)
    named = {topic.slug for topic in own}
    return ItemCard(
        issue=slug,
        anchor=item.anchor,
        title=item.title,
        second=item.second,
        language=item.language or issue.language,
        second_language=item.second_language,
        url=item.url,
        host=item.host,
        summary=excerpt(item.text, LINE_LENGTH),
        authors=item.authors,
        topics=(*own, *(topic for topic in of_all if topic.slug not in named)),
    )


def _topics(names: Iterable[str]) -> tuple[Topic, ...]:
    """Give the topics that can be addressed, two of one slug being one."""
    found: dict[str, Topic] = {}
    for name in names:
        if slug := topic_slug(name):
            found.setdefault(slug, Topic(slug, name))
    return tuple(found.values())
