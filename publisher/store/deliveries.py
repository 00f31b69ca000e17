"""deliveries - the rows of the ledger, read.

One statement reads deliveries with the slug of their issue; who asks narrows it down.

Faults: StoreError from the database. Never: writes. See: ledger (moves them; re-exports `who` and
`in_doubt`), sends (makes them).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Select, and_, exists, func, select

from publisher.model import Delivery, DeliveryState, Kind, SubscriberState
from publisher.store.schema import delivery, issue, send, subscriber, suppression
from publisher.store.subscribers import folded

_PAGE: Final = 1000


@dataclass(frozen=True, slots=True)
class Without:
    """An active subscriber who has no delivery of an issue; `suppressed` is the reason, if so."""

    address: str
    joined: datetime
    suppressed: str | None


def in_doubt(conn: Connection, send_id: int) -> list[Delivery]:
    """List who of a send is in doubt."""
    return read(
        conn,
        rows().where(delivery.c.send == send_id, delivery.c.state == DeliveryState.IN_DOUBT),
    )


def who(conn: Connection, newsletter: str, slug: str, address: str | None = None) -> list[Delivery]:
    """List every delivery of an issue, or those to one address."""
    wanted = rows().where(delivery.c.send.in_(_sends(newsletter, slug)))
    if address is not None:
        wanted = wanted.where(func.lower(delivery.c.address) == folded(address))
    return read(conn, wanted)


def walk(conn: Connection, newsletter: str, slug: str) -> Iterator[Delivery]:
    """Walk through every delivery of an issue, a lot at a time."""
    for number in conn.scalars(_sends(newsletter, slug).order_by(send.c.id)).all():
        lots = select(func.max(delivery.c.lot)).where(delivery.c.send == number)
        for part in range(1, (conn.execute(lots).scalar() or 0) + 1):
            yield from read(conn, rows().where(delivery.c.send == number, delivery.c.lot == part))


def without(conn: Connection, newsletter: str, slug: str) -> Iterator[Without]:
    """Walk through today's active subscribers who have no delivery of an issue, in any state."""
    sends = conn.scalars(_sends(newsletter, slug).where(send.c.kind == Kind.ISSUE)).all()
    barred = and_(
        suppression.c.newsletter == subscriber.c.newsletter,
        suppression.c.folded == subscriber.c.folded,
    )
    wanted = (
        select(subscriber.c.id, subscriber.c.address, subscriber.c.joined, suppression.c.reason)
        .outerjoin(suppression, barred)
        .where(
            subscriber.c.newsletter == newsletter,
            subscriber.c.state == SubscriberState.ACTIVE,
            ~exists().where(delivery.c.send.in_(sends), delivery.c.subscriber == subscriber.c.id),
        )
        .order_by(subscriber.c.id)
        .limit(_PAGE)
    )
    last = 0
    while page := conn.execute(wanted.where(subscriber.c.id > last)).all():
        for row in page:
            yield Without(row.address, row.joined, row.reason)
        last = page[-1].id


def _sends(newsletter: str, slug: str) -> Select[Any]:
    """Begin with the sends of an issue: only what counts as sent is indexed by issue."""
    return (
        select(send.c.id)
        .join(issue, issue.c.id == send.c.issue)
        .where(issue.c.newsletter == newsletter, issue.c.slug == slug)
    )


def rows() -> Select[Any]:
    """Begin the statement that reads deliveries, in their order."""
    return (
        select(delivery, issue.c.slug)
        .join(issue, issue.c.id == delivery.c.issue)
        .order_by(delivery.c.id)
    )


def read(conn: Connection, wanted: Select[Any]) -> list[Delivery]:
    """Run a statement begun by `rows`."""
    return [
        Delivery(
            id=row.id,
            send=row.send,
            issue=row.slug,
            subscriber=row.subscriber,
            kind=row.kind,
            address=row.address,
            name=row.name,
            variant=row.variant,
            state=row.state,
            attempts=row.attempts,
            next_at=row.next_at,
            code=row.code,
            words=row.words,
            updated=row.updated,
            relay=row.relay,
        )
        for row in conn.execute(wanted)
    ]
