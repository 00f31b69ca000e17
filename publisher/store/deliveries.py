"""deliveries - the rows of the ledger, read.

One statement reads deliveries with the slug of their issue; who asks narrows it down.

Faults: StoreError from the database. Never: writes. See: ledger (moves them; re-exports `who` and
`in_doubt`), sends (makes them).
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Select, func, select

from publisher.model import Delivery, DeliveryState
from publisher.store.schema import delivery, issue, send
from publisher.store.subscribers import folded


def in_doubt(conn: Connection, send_id: int) -> list[Delivery]:
    """List who of a send is in doubt."""
    return read(
        conn,
        rows().where(delivery.c.send == send_id, delivery.c.state == DeliveryState.IN_DOUBT),
    )


def who(conn: Connection, newsletter: str, slug: str, address: str | None = None) -> list[Delivery]:
    """List every delivery of an issue, or those to one address."""
    # by way of the sends: only what counts as sent is indexed by issue
    sends = (
        select(send.c.id)
        .join(issue, issue.c.id == send.c.issue)
        .where(issue.c.newsletter == newsletter, issue.c.slug == slug)
    )
    wanted = rows().where(delivery.c.send.in_(sends))
    if address is not None:
        wanted = wanted.where(func.lower(delivery.c.address) == folded(address))
    return read(conn, wanted)


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
        )
        for row in conn.execute(wanted)
    ]
