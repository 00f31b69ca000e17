"""shelf - what is kept of an issue, so that a publication costs its window and not its archive.

An issue is viewed once, when it is published or revised. What lists and feeds say of it is finished
then and shelved: its card, its items' cards, and an entry of each, ready to be joined. A rebuild
joins what the same functions made, so it gives the same bytes.
Faults: none. Never: where it is kept. See: feeds (entries and what joins them), store (keeps it).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime


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
class Entry:
    """One entry as the finished text of each format, ready to be joined; `id` is for ever."""

    id: str
    rss: str
    atom: str
    json: str


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
