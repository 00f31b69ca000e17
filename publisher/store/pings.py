"""pings - which hubs are still to be told of which changed feeds: an outbox that survives a restart.

A feed that changes again before its hub was told is owed once, anew. Who tells takes some rows for
a while (`take`): nobody else sees them meanwhile, and if it dies they come back by themselves. What
was told is forgotten, unless the feed changed in between.

Faults: StoreError from the database. Never: asks the time, speaks to a hub.
See: run.pinging (who tells), delivery.hubs (when again), publish (owes, once the bytes are visible).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Connection, and_, delete, exists, false, or_, select, update

from publisher import addresses
from publisher.model import Newsletter
from publisher.store.schema import insert_into, ping

_FEEDS: Final = frozenset(name for name, _, _ in addresses.FEEDS)
_ARCHIVES: Final = addresses.archive_folder(0).partition("/")[0] + "/"
_TICK: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Ping:
    """A hub is owed word of a feed (`topic`) since its newest change; `next_at` None: given up."""

    newsletter: str
    hub: str
    topic: str
    since: datetime
    tries: int
    next_at: datetime | None
    words: str


@dataclass(frozen=True, slots=True)
class Debt:
    """How many feeds a hub is still to be told of, when next, how many it will not be; and why."""

    hub: str
    waiting: int = 0
    given_up: int = 0
    next_at: datetime | None = None
    words: str = ""


def topics(newsletter: Newsletter, paths: Iterable[str]) -> list[str]:
    """Pick a newsletter's feeds among paths in feeds/; give the addresses people subscribe to.

    Nobody subscribes to an archive (RFC 5005, 4): it tells nothing new.
    """
    under = [path for path in paths if path.startswith(newsletter.path)]
    return [
        addresses.site_address(newsletter, path)
        for path in under
        if path.rpartition("/")[2] in _FEEDS
        and not path.removeprefix(newsletter.path).startswith(_ARCHIVES)
    ]


def owe(conn: Connection, of: Newsletter, feed_urls: Iterable[str], now: datetime) -> None:
    """Owe each of a newsletter's hubs word of each of these feeds, whose new bytes are visible."""
    urls = sorted(set(feed_urls))
    if not of.hubs or not urls:
        return
    rows = conn.execute(
        select(ping.c.hub, ping.c.topic, ping.c.since)
        .where(ping.c.newsletter == of.slug, ping.c.topic.in_(urls))
        .with_for_update()
    )
    # never the moment of the change before: by it who tells knows which change it told of
    least = {(row.hub, row.topic): row.since + _TICK for row in rows}
    insert = insert_into(conn, ping)
    anew = {name: insert.excluded[name] for name in ("since", "tries", "next_at", "words")}
    conn.execute(
        insert.on_conflict_do_update(index_elements=["newsletter", "hub", "topic"], set_=anew),
        [
            {
                "newsletter": of.slug,
                "hub": hub,
                "topic": url,
                "since": max(now, least.get((hub, url), now)),
                "tries": 0,
                "next_at": now,
                "words": "",
            }
            for hub in of.hubs
            for url in urls
        ],
    )


def take(
    conn: Connection, newsletter: str, hub: str, n: int, lease: timedelta, now: datetime
) -> list[Ping]:
    """Take up to `n` pings of a hub that are due, those that wait longest first, for a while."""
    mine = ping.c.newsletter == newsletter, ping.c.hub == hub
    rows = conn.execute(
        select(ping)
        .where(*mine, ping.c.next_at <= now)
        .order_by(ping.c.next_at, ping.c.topic)
        .limit(n)
        .with_for_update(skip_locked=True)
    )
    taken = [Ping(**row) for row in rows.mappings()]
    topics = [one.topic for one in taken]
    conn.execute(update(ping).where(*mine, ping.c.topic.in_(topics)).values(next_at=now + lease))
    return taken


def told(conn: Connection, one: Ping) -> None:
    """Forget what a hub was told, unless the feed has changed since."""
    conn.execute(delete(ping).where(_is(one)))


def put_off(conn: Connection, one: Ping, tries: int, next_at: datetime | None, words: str) -> None:
    """Write down when a hub is tried again, None for never, and why it was not told."""
    conn.execute(update(ping).where(_is(one)).values(tries=tries, next_at=next_at, words=words))


def _is(one: Ping) -> ColumnElement[bool]:
    return and_(
        ping.c.newsletter == one.newsletter,
        ping.c.hub == one.hub,
        ping.c.topic == one.topic,
        ping.c.since == one.since,
    )


def is_any_due(conn: Connection, now: datetime) -> bool:
    """Say whether anything is to be told now; quick enough to be asked every few seconds."""
    return bool(conn.execute(select(exists().where(ping.c.next_at <= now))).scalar())


def debts(conn: Connection, of: Newsletter) -> list[Debt]:
    """Say of each of a newsletter's hubs what it is still to be told, in the settings' order."""
    rows = conn.execute(
        select(ping).where(ping.c.newsletter == of.slug).order_by(ping.c.tries, ping.c.topic)
    )
    held = [Ping(**row) for row in rows.mappings()]
    return [_debt(hub, [one for one in held if one.hub == hub]) for hub in of.hubs]


def _debt(hub: str, held: Sequence[Ping]) -> Debt:
    moments = [one.next_at for one in held if one.next_at is not None]
    return Debt(
        hub,
        waiting=len(moments),
        given_up=len(held) - len(moments),
        next_at=min(moments, default=None),
        words=held[-1].words if held else "",
    )


def forget_others(conn: Connection, known: Iterable[Newsletter]) -> None:
    """Forget what is owed to a hub that none of these newsletters, which are all, names any more."""
    named = [(ping.c.newsletter == one.slug) & ping.c.hub.in_(one.hubs) for one in known]
    conn.execute(delete(ping).where(~or_(false(), *named)))
