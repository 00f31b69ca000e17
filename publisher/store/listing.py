"""listing - what the lists and feeds of the site are joined from, asked of the shelf.

Everything comes newest first, by (published, slug), the items of an issue in their order.
Faults: StoreError from the database. Never: puts anything there. See: shelf (does), publish.drawing.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, func, literal, select, tuple_

from publisher.render.shelf import Card, Entry, ItemCard
from publisher.store import codec
from publisher.store.schema import Moment, Sorted, shelf, shelf_entry, shelf_topic
from publisher.store.shelf import paged

# --- what lists are made of ---------------------------------------------------

_order = tuple_(shelf.c.published, shelf.c.slug)
_NEWEST = (shelf_entry.c.published.desc(), shelf_entry.c.slug.desc(), shelf_entry.c.place)


def cards(
    conn: Connection, newsletter: str, *, year: int | None = None, limit: int | None = None
) -> list[Card]:
    """List the cards of the issues that stand, newest first; or those of a year."""
    wanted = (
        select(shelf.c.card)
        .where(shelf.c.newsletter == newsletter, shelf.c.standing)
        .order_by(shelf.c.published.desc(), shelf.c.slug.desc())
        .limit(limit)
    )
    if year is not None:
        wanted = wanted.where(shelf.c.year == year)
    return [codec.read(Card, text) for text in conn.scalars(wanted)]


class Year(NamedTuple):
    """How many issues of a year stand, and when the newest of them was updated."""

    issues: int
    updated: datetime


def years(conn: Connection, newsletter: str) -> dict[int, Year]:
    """Count the issues that stand by their years, newest first."""
    updated = func.max(shelf.c.updated, type_=shelf.c.updated.type)
    wanted = (
        select(shelf.c.year, func.count(), updated)
        .where(shelf.c.newsletter == newsletter, shelf.c.standing)
        .group_by(shelf.c.year)
        .order_by(shelf.c.year.desc())
    )
    return {row[0]: Year(row[1], row[2]) for row in conn.execute(wanted)}


def years_of(conn: Connection, newsletter: str, slugs: Collection[str]) -> frozenset[int]:
    """Name the years of those among some issues that stand."""
    wanted = select(shelf.c.year).where(
        shelf.c.newsletter == newsletter, shelf.c.standing, shelf.c.slug.in_(sorted(slugs))
    )
    return frozenset(conn.scalars(wanted.distinct()))


def id_before(conn: Connection, newsletter: str, place: tuple[datetime, str]) -> str | None:
    """Give the id of the issue just before a place in the order, be it withdrawn."""
    wanted = (
        select(shelf.c.id)
        .where(shelf.c.newsletter == newsletter, _order < _place(place))
        .order_by(shelf.c.published.desc(), shelf.c.slug.desc())
    )
    found: str | None = conn.scalar(wanted.limit(1))
    return found


def slugs_beside(conn: Connection, newsletter: str, place: tuple[datetime, str]) -> list[str]:
    """Name the issues that stand just before and just after a place in the order."""
    there = (before(conn, newsletter, place), after(conn, newsletter, place))
    return [card.slug for card in there if card is not None]


def before(conn: Connection, newsletter: str, place: tuple[datetime, str]) -> Card | None:
    """Give the card of the issue that stands just before a place in the order."""
    return _beside(
        conn,
        select(shelf.c.card)
        .where(shelf.c.newsletter == newsletter, shelf.c.standing, _order < _place(place))
        .order_by(shelf.c.published.desc(), shelf.c.slug.desc()),
    )


def after(conn: Connection, newsletter: str, place: tuple[datetime, str]) -> Card | None:
    """Give the card of the issue that stands just after a place in the order."""
    return _beside(
        conn,
        select(shelf.c.card)
        .where(shelf.c.newsletter == newsletter, shelf.c.standing, _order > _place(place))
        .order_by(shelf.c.published, shelf.c.slug),
    )


def _beside(conn: Connection, wanted: Select[Any]) -> Card | None:
    text = conn.scalar(wanted.limit(1))
    return None if text is None else codec.read(Card, text)


def _place(place: tuple[datetime, str]) -> ColumnElement[Any]:
    return tuple_(literal(place[0], Moment()), literal(place[1], Sorted))


def ordinal(conn: Connection, newsletter: str, place: tuple[datetime, str] | None = None) -> int:
    """Count the issues that ever were, withdrawn ones too; those before a place in the order."""
    wanted = select(func.count()).where(shelf.c.newsletter == newsletter)
    if place is not None:
        wanted = wanted.where(_order < _place(place))
    return conn.scalar(wanted) or 0


# --- what feeds and lists of items are made of ---------------------------------


class Dated(NamedTuple):
    """An entry, and when its issue was updated."""

    entry: Entry
    updated: datetime


def entries(conn: Connection, newsletter: str, limit: int) -> list[Dated]:
    """List the entries of the newest issues that stand."""
    wanted = (
        select(shelf_entry.c.entry, shelf_entry.c.updated)
        .where(shelf_entry.c.newsletter == newsletter, shelf_entry.c.place == 0)
        .order_by(*_NEWEST)
    )
    return _dated(conn, wanted.limit(limit))


def archived(conn: Connection, newsletter: str, start: int, end: int) -> list[Dated]:
    """List the entries of the issues between two ordinals that stand, newest first."""
    ever = (
        select(shelf.c.slug)
        .where(shelf.c.newsletter == newsletter)
        .order_by(shelf.c.published, shelf.c.slug)
    )
    slugs = list(conn.scalars(ever.offset(start).limit(end - start)))
    wanted = select(shelf_entry.c.entry, shelf_entry.c.updated).where(
        shelf_entry.c.newsletter == newsletter,
        shelf_entry.c.place == 0,
        shelf_entry.c.slug.in_(slugs),
    )
    return _dated(conn, wanted.order_by(*_NEWEST))


def item_entries(
    conn: Connection, newsletter: str, limit: int, *, topic: str | None = None
) -> list[Dated]:
    """List the entries of the newest items, of a topic if so asked."""
    wanted = _items(newsletter, topic, shelf_entry.c.entry, shelf_entry.c.updated)
    return _dated(conn, wanted.limit(limit))


def newest_items(conn: Connection, newsletter: str, *, topic: str | None = None) -> int:
    """Count the items of the newest issue, of a topic if so asked."""
    slug = conn.scalar(_items(newsletter, topic, shelf_entry.c.slug).limit(1))
    table = shelf_entry if topic is None else shelf_topic
    wanted = select(func.count()).where(
        table.c.newsletter == newsletter, table.c.slug == slug, table.c.place > 0
    )
    if topic is not None:
        wanted = wanted.where(shelf_topic.c.topic == topic)
    return conn.scalar(wanted) or 0


def _dated(conn: Connection, wanted: Select[Any]) -> list[Dated]:
    return [Dated(codec.read(Entry, row.entry), row.updated) for row in conn.execute(wanted)]


def groups(
    conn: Connection,
    newsletter: str,
    limit: int | None = None,
    *,
    topic: str | None = None,
    year: int | None = None,
) -> list[tuple[Card, list[ItemCard]]]:
    """List the newest items, of a topic and its year if so asked, with the issues they stand in.

    An issue that has no items stands there without any.
    """
    wanted = _items(newsletter, topic, shelf_entry.c.slug, shelf_entry.c.card).limit(limit)
    if year is not None:
        wanted = wanted.where(shelf_topic.c.year == year)
    rows = conn.execute(wanted).all()
    slugs = list(dict.fromkeys(row.slug for row in rows))
    told: dict[str, Card] = {}
    for some in paged(slugs):
        named = select(shelf.c.slug, shelf.c.card).where(
            shelf.c.newsletter == newsletter, shelf.c.slug.in_(some)
        )
        told |= {row.slug: codec.read(Card, row.card) for row in conn.execute(named)}
    found: dict[str, list[ItemCard]] = {slug: [] for slug in slugs}
    for row in rows:
        if row.card is not None:
            found[row.slug].append(codec.read(ItemCard, row.card))
    return [(told[slug], items) for slug, items in found.items()]


def _items(newsletter: str, topic: str | None, *columns: Any) -> Select[Any]:
    wanted = select(*columns)
    if topic is None:
        return wanted.where(
            shelf_entry.c.newsletter == newsletter, shelf_entry.c.place > 0
        ).order_by(*_NEWEST)
    named = ("newsletter", "slug", "place")
    return (
        wanted.select_from(shelf_topic)
        .join(shelf_entry, and_(*(shelf_topic.c[name] == shelf_entry.c[name] for name in named)))
        .where(shelf_topic.c.newsletter == newsletter, shelf_topic.c.topic == topic)
        .order_by(shelf_topic.c.published.desc(), shelf_topic.c.slug.desc(), shelf_topic.c.place)
    )


# --- topics -------------------------------------------------------------------


class Tally(NamedTuple):
    """How many items a topic has, and when the newest was published."""

    items: int
    newest: datetime


def topics(conn: Connection, newsletter: str) -> dict[str, Tally]:
    """Count the items of every topic, by its slug."""
    newest = func.max(shelf_topic.c.published, type_=shelf_topic.c.published.type)
    wanted = (
        select(shelf_topic.c.topic, func.count(), newest)
        .where(shelf_topic.c.newsletter == newsletter)
        .group_by(shelf_topic.c.topic)
        .order_by(shelf_topic.c.topic)
    )
    return {row[0]: Tally(row[1], row[2]) for row in conn.execute(wanted)}


def topic_names(conn: Connection, newsletter: str) -> dict[str, str]:
    """Give the name of every topic by its slug, as its newest item has it."""
    there = (
        select(shelf_topic.c.topic)
        .where(shelf_topic.c.newsletter == newsletter)
        .distinct()
        .subquery()
    )
    name = (
        select(shelf_topic.c.name)
        .where(shelf_topic.c.newsletter == newsletter, shelf_topic.c.topic == there.c.topic)
        .order_by(shelf_topic.c.published.desc(), shelf_topic.c.slug.desc(), shelf_topic.c.place)
        .limit(1)
        .scalar_subquery()
    )
    wanted = select(there.c.topic, name).order_by(there.c.topic)
    return {row[0]: row[1] for row in conn.execute(wanted)}


def topic_years(conn: Connection, newsletter: str, topic: str) -> dict[int, int]:
    """Count the items of a topic by their years, newest first."""
    wanted = (
        select(shelf_topic.c.year, func.count())
        .where(shelf_topic.c.newsletter == newsletter, shelf_topic.c.topic == topic)
        .group_by(shelf_topic.c.year)
        .order_by(shelf_topic.c.year.desc())
    )
    return {row[0]: row[1] for row in conn.execute(wanted)}


def topics_of(conn: Connection, newsletter: str, slugs: Collection[str]) -> frozenset[str]:
    """Name the topics of some issues' items."""
    wanted = select(shelf_topic.c.topic).where(
        shelf_topic.c.newsletter == newsletter, shelf_topic.c.slug.in_(sorted(slugs))
    )
    return frozenset(conn.scalars(wanted.distinct()))
