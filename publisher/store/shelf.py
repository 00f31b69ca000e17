"""shelf - what the site is joined from: each issue's card, its entries, its topics; how it is known.

All of it is made of records and texts and can be made again: it is kept so that a publication asks
for a window and not for the archive. It may be believed while its `State` names what it was made
with, and the register it was made beside: whoever renders otherwise, or finds another register,
shelves everything anew.

Faults: StoreError from the database. Never: renders, decides. See: render.shelf (the values),
publish.shelving (fills and asks it).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Any, NamedTuple

from sqlalchemy import (
    Connection,
    Table,
    delete,
    select,
    update,
)

from publisher.model import Record
from publisher.render.shelf import Entry, ItemCard, Shelved
from publisher.store import codec
from publisher.store.schema import (
    insert_into,
    shelf,
    shelf_entry,
    shelf_mark,
    shelf_state,
    shelf_topic,
)

_PAGE = 500


class State(NamedTuple):
    """What a newsletter's shelf was made with: `rendering` and the hash of the `register`."""

    rendering: str
    register: str


class Spine(NamedTuple):
    """What tells an issue from all others at a glance; `hash` is of the text it was read from last."""

    slug: str
    id: str
    path: str
    part: str | None
    hash: str
    is_standing: bool
    is_mailed: bool


# --- whether it may be believed -----------------------------------------------


def state(conn: Connection, newsletter: str) -> State | None:
    """Read what a newsletter's shelf was made with; None where there is none, or half of one."""
    row = conn.execute(select(shelf_state).where(shelf_state.c.newsletter == newsletter)).first()
    return State(row.rendering, row.register) if row is not None and row.rendering else None


def set_state(conn: Connection, newsletter: str, made: State, register: str) -> None:
    """Mark a shelf as whole; those that knew the register as it was know it now, too."""
    new = insert_into(conn, shelf_state).values(newsletter=newsletter, **made._asdict())
    conn.execute(
        new.on_conflict_do_update(index_elements=["newsletter"], set_=dict(made._asdict()))
    )
    conn.execute(
        update(shelf_state).where(shelf_state.c.register == register).values(register=made.register)
    )


def distrust(conn: Connection, newsletter: str) -> None:
    """Take a shelf's mark of being whole away, until it is filled anew."""
    conn.execute(delete(shelf_state).where(shelf_state.c.newsletter == newsletter))


# --- putting ------------------------------------------------------------------


class Kept(NamedTuple):
    """An issue for the shelf; without `shelved` it does not stand.

    `pages`: what its items' addresses lead to, as preflight names pages.
    """

    record: Record
    shelved: Shelved | None
    pages: Iterable[str] = ()


def put(conn: Connection, some: Sequence[Kept]) -> None:
    """Put issues where their old selves stood."""
    for kept in some:
        remove(conn, kept.record.newsletter, kept.record.slug)
    put_new(conn, some)


def put_new(conn: Connection, some: Sequence[Kept]) -> None:
    """Put issues that are not there."""
    rows: dict[Table, list[dict[str, Any]]] = {
        shelf: [_spine(kept) for kept in some],
        shelf_mark: [mark for kept in some for mark in _marks(kept)],
        shelf_entry: [entry for kept in some for entry in _entries(kept)],
        shelf_topic: [topic for kept in some for topic in _topics(kept)],
    }
    for table, values in rows.items():
        if values:
            conn.execute(table.insert(), values)


def _spine(kept: Kept) -> dict[str, Any]:
    record, shelved = kept.record, kept.shelved
    return {
        "newsletter": record.newsletter,
        "slug": record.slug,
        "id": _spelt(record.id),
        "path": _spelt(record.path),
        "part": None if record.part is None else _spelt(record.part),
        "hash": record.hashes[-1] if record.hashes else "",
        "published": record.published,
        "updated": record.updated,
        "mailed": record.mailed,
        "standing": shelved is not None,
        "year": shelved.card.date.year if shelved else None,
        "card": codec.write(shelved.card) if shelved else None,
    }


def _spelt(value: str) -> str:
    """Spell out what no database takes; a register may hold such paths, but no folder has them."""
    return value.replace("\0", "\\x00").encode("utf-8", "backslashreplace").decode()


def _marks(kept: Kept) -> list[dict[str, Any]]:
    record = kept.record
    urls = (item.url for item in record.items if item.url)
    marks = {_mark(value) for value in (*record.hashes, *urls, *kept.pages)}
    where = {"newsletter": record.newsletter, "slug": record.slug}
    return [where | {"mark": mark} for mark in sorted(marks)]


def _placed(shelved: Shelved) -> list[tuple[ItemCard | None, Entry]]:
    """List the entries of an issue: its own, then its items', of which it has at least one.

    One without items is an item of itself, so that lists of items miss nothing.
    """
    itself: list[tuple[ItemCard | None, Entry]] = [(None, shelved.entry)]
    return itself + ([*zip(shelved.items, shelved.item_entries, strict=True)] or itself)


def _entries(kept: Kept) -> list[dict[str, Any]]:
    record = kept.record
    return [
        {
            "newsletter": record.newsletter,
            "slug": record.slug,
            "place": place,
            "published": record.published,
            "updated": record.updated,
            "card": codec.write(card) if card else None,
            "entry": codec.write(entry),
        }
        for place, (card, entry) in enumerate(_placed(kept.shelved) if kept.shelved else ())
    ]


def _topics(kept: Kept) -> list[dict[str, Any]]:
    record, shelved = kept.record, kept.shelved
    if shelved is None:
        return []
    return [
        {
            "newsletter": record.newsletter,
            "topic": topic.slug,
            "slug": record.slug,
            "place": place,
            "name": topic.name,
            "published": record.published,
            "year": shelved.card.date.year,
        }
        for place, (card, _) in enumerate(_placed(shelved)[1:], 1)
        for topic in {one.slug: one for one in (card or shelved).topics}.values()
    ]


def clear(conn: Connection, newsletter: str) -> None:
    """Take everything off a shelf, before it is filled anew."""
    for table in (shelf_topic, shelf_entry, shelf_mark, shelf, shelf_state):
        conn.execute(delete(table).where(table.c.newsletter == newsletter))


def remove(conn: Connection, newsletter: str, slug: str) -> None:
    """Take an issue off the shelf."""
    for table in (shelf_topic, shelf_entry, shelf_mark, shelf):
        conn.execute(delete(table).where(table.c.newsletter == newsletter, table.c.slug == slug))


def mark_mailed(conn: Connection, newsletter: str, slug: str, at: datetime | None) -> None:
    """Remember that the register says an issue was mailed."""
    conn.execute(
        update(shelf)
        .where(shelf.c.newsletter == newsletter, shelf.c.slug == slug)
        .values(mailed=at)
    )


# --- how issues are known -----------------------------------------------------


def spines(conn: Connection, newsletter: str) -> list[Spine]:
    """List what tells each issue of a newsletter from the others, oldest first."""
    wanted = (
        select(
            *(shelf.c[name] for name in ("slug", "id", "path", "part", "hash", "standing")),
            shelf.c.mailed.is_not(None),
        )
        .where(shelf.c.newsletter == newsletter)
        .order_by(shelf.c.published, shelf.c.slug)
    )
    return [Spine._make(row) for row in conn.execute(wanted)]


def others(conn: Connection, newsletter: str) -> frozenset[str]:
    """Name the ids of all other newsletters' issues."""
    return frozenset(conn.scalars(select(shelf.c.id).where(shelf.c.newsletter != newsletter)))


def mailed(conn: Connection, newsletter: str, slugs: Collection[str]) -> dict[str, datetime | None]:
    """Give when the register says that some issues were mailed."""
    found: dict[str, datetime | None] = {}
    for some in paged(slugs):
        rows = conn.execute(
            select(shelf.c.slug, shelf.c.mailed).where(
                shelf.c.newsletter == newsletter, shelf.c.slug.in_(some)
            )
        )
        found |= {row.slug: row.mailed for row in rows}
    return found


def marked(conn: Connection, newsletter: str, values: Collection[str]) -> frozenset[str]:
    """Name the issues that ever had one of some texts (by hash), addresses or pages."""
    found: set[str] = set()
    for some in paged({_mark(value) for value in values}):
        found.update(
            conn.scalars(
                select(shelf_mark.c.slug).where(
                    shelf_mark.c.newsletter == newsletter, shelf_mark.c.mark.in_(some)
                )
            )
        )
    return frozenset(found)


def _mark(value: str) -> str:
    """Hash what may be longer than an index takes."""
    return blake2b(value.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def paged(values: Collection[str]) -> Iterable[Sequence[str]]:
    """Part many values into as many as one statement takes."""
    wanted = sorted(values)
    return [wanted[start : start + _PAGE] for start in range(0, len(wanted), _PAGE)]
