"""account - what became of the deliveries of one send, for who steers it.

Who carried them, why some wait, who has not got it: each question reads all deliveries of the
send, that of a million readers in a second. What is looked at again and again is asked of `sends`,
where the lots keep the counts.

Faults: StoreError from the database. Never: writes. See: sends (counts, progress), cli.asking and
web.desk (who tell people).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from sqlalchemy import ColumnElement, Connection, Text, case, func, literal_column, select

from publisher.model import Delivery, DeliveryState, SendState, SubscriberState
from publisher.store import deliveries
from publisher.store.freezing import has, is_barred
from publisher.store.schema import Moment, delivery, issue, subscriber
from publisher.store.schema import send as send_table

_PARTED: Final[ColumnElement[str]] = literal_column("': '")
"""What parts our reason from the relay's words; no parameter, or PostgreSQL could not group by it."""


@dataclass(frozen=True, slots=True)
class Deferral:
    """Why so many were told "not now", with what one of the relays said; `first` is tried first."""

    number: int
    reason: str
    code: int | None
    example: str
    first: datetime | None


def is_any_resting(conn: Connection) -> bool:
    """Say whether a running send waits for its relay: that is what a note on one says."""
    waiting = select(send_table.c.id).where(
        send_table.c.state == SendState.RUNNING, send_table.c.note != ""
    )
    return conn.execute(waiting.limit(1)).first() is not None


def by_relay(conn: Connection, send_id: int) -> Mapping[str, Mapping[DeliveryState, int]]:
    """Count the deliveries per relay that carried the last attempt, and state."""
    rows = conn.execute(
        select(delivery.c.relay, delivery.c.state, func.count())
        .where(delivery.c.send == send_id, delivery.c.relay.is_not(None), delivery.c.relay != "")
        .group_by(delivery.c.relay, delivery.c.state)
        .order_by(delivery.c.relay, delivery.c.state)
    )
    found: dict[str, dict[DeliveryState, int]] = {}
    for relay, state, number in rows:
        found.setdefault(relay, {})[state] = number
    return found


def deferrals(conn: Connection, send_id: int, most: int = 5) -> list[Deferral]:
    """List why deliveries wait to be tried again, the most frequent reasons first."""
    reason = _before(conn, delivery.c.words)
    number = func.count()
    rows = conn.execute(
        select(
            number,
            reason,
            delivery.c.code,
            func.min(delivery.c.words, type_=Text),
            func.min(delivery.c.next_at, type_=Moment),
        )
        .where(delivery.c.send == send_id, delivery.c.state == DeliveryState.DEFERRED)
        .group_by(reason, delivery.c.code)
        .order_by(number.desc(), reason)
        .limit(most)
    )
    return [Deferral(*row) for row in rows]


def _before(conn: Connection, text: ColumnElement[str]) -> ColumnElement[str]:
    """Take what stands before the first colon of a text, all where there is none."""
    if conn.dialect.name == "sqlite":
        place = func.instr(text, _PARTED)
        return case((place > 0, func.substr(text, 1, place - 1)), else_=text)
    return func.split_part(text, _PARTED, literal_column("1"))


def audience_by(
    conn: Connection, newsletter: str, slug: str, fact: Literal["language", "timezone"]
) -> dict[str | None, int]:
    """Count whom a send of an issue would reach now, by what they asked for; None: nothing."""
    of_issue = select(issue.c.id).where(issue.c.newsletter == newsletter, issue.c.slug == slug)
    column = subscriber.c[fact]
    rows = conn.execute(
        select(column, func.count())
        .where(
            subscriber.c.newsletter == newsletter,
            subscriber.c.state == SubscriberState.ACTIVE,
            ~is_barred(),
            ~has(of_issue.scalar_subquery()),
        )
        .group_by(column)
        .order_by(func.count().desc(), column)
    )
    return {row[0] or None: row[1] for row in rows}


def repeated(conn: Connection, send_id: int) -> list[Delivery]:
    """List who was accepted after an attempt that ended in doubt: they may have it twice."""
    return deliveries.read(
        conn,
        deliveries.rows().where(
            delivery.c.send == send_id,
            delivery.c.doubt,
            delivery.c.state == DeliveryState.ACCEPTED,
        ),
    )


def not_accepted(conn: Connection, send_id: int, most: int = 20) -> list[Delivery]:
    """List who of a send has not got it, the first of them."""
    wanted = deliveries.rows().where(
        delivery.c.send == send_id, delivery.c.state != DeliveryState.ACCEPTED
    )
    return deliveries.read(conn, wanted.limit(most))
