"""barring - who of a lot may not be written to after all, and who bounced too often.

An audience is frozen when its send begins; people leave afterwards. A hard refusal counts once for
an address and a day; the second one, on another day, suppresses the address with the relay's words.

Faults: StoreError from the database. Never: decides what a refusal is. See: subscribers (lifts a
suppression), ledger (re-exports these), delivery.verdicts (says which refusals are hard).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Protocol

from sqlalchemy import Connection, func, select

from publisher.model import Kind, Recipient
from publisher.store import subscribers
from publisher.store.raw import Statement
from publisher.store.schema import delivery, hard_bounce, insert_into, is_one_of


class Carried(Protocol):
    """A lot in its owner's hand: ledger.Lot."""

    @property
    def send(self) -> int:
        """The send."""

    @property
    def number(self) -> int:
        """The lot's place in it."""

    @property
    def kind(self) -> Kind:
        """What is sent."""

    @property
    def newsletter(self) -> str:
        """Whose."""

    @property
    def deliveries(self) -> tuple[Recipient, ...]:
        """To whom."""


@dataclass(frozen=True, slots=True)
class Bounce:
    """A hard refusal of an address, which counts once a day."""

    at: datetime
    words: str


_BARRED: Final = Statement(
    """
    SELECT delivery.id, CASE
        WHEN subscriber.id IS NULL THEN 'erased'
        WHEN suppression.id IS NOT NULL THEN 'suppressed: ' || suppression.reason
        ELSE subscriber.state END
    FROM delivery
    LEFT JOIN subscriber ON subscriber.id = delivery.subscriber
    LEFT JOIN suppression ON suppression.newsletter = subscriber.newsletter
         AND suppression.folded = subscriber.folded
    WHERE delivery.send = :send AND delivery.lot = :lot AND delivery.state = 'sending'
      AND (subscriber.id IS NULL OR subscriber.state <> 'active' OR suppression.id IS NOT NULL)
    """
)


def barred(conn: Connection, held: Carried, *, key: bytes | None = None) -> dict[int, str]:
    """Say who of a lot being sent may not be written to in this moment, and why.

    Tests go to whom they are given to, if not suppressed; the key recognises an erased address.
    """
    if held.kind is not Kind.TEST:
        return dict(row for row in _BARRED(conn, send=held.send, lot=held.number))
    found = {}
    for one in held.deliveries:
        reason = subscribers.is_suppressed(conn, held.newsletter, one.address, key=key)
        if reason is not None:
            found[one.id] = f"suppressed: {reason}"
    return found


def hard_bounces(
    conn: Connection, held: Carried, refused: Sequence[tuple[int, str]], now: datetime
) -> list[int]:
    """Count hard refusals of (delivery, words); suppress at the second, give who is by now.

    Tests do not count. Those erased meanwhile have no address left to count.
    """
    if held.kind is Kind.TEST or not refused:
        return []
    words = dict(refused)
    rows = conn.execute(
        select(delivery.c.id, delivery.c.address).where(
            is_one_of(conn, delivery.c.id, sorted(words)),
            delivery.c.send == held.send,
            delivery.c.address != "",
        )
    ).all()
    suppressed = []
    for number, address in rows:
        form = subscribers.folded(address)
        conn.execute(
            insert_into(conn, hard_bounce)
            .values(
                newsletter=held.newsletter,
                folded=form,
                day=f"{now.astimezone(UTC):%Y-%m-%d}",
                at=now,
                words=words[number],
            )
            .on_conflict_do_nothing()
        )
        days = select(func.count()).where(
            hard_bounce.c.newsletter == held.newsletter, hard_bounce.c.folded == form
        )
        if (conn.execute(days).scalar() or 0) > 1:
            reason = f"hard bounce: {words[number]}"
            if subscribers.suppress(conn, held.newsletter, address, reason, now):
                suppressed.append(number)
    return suppressed


def bounced(conn: Connection, newsletter: str, address: str) -> list[Bounce]:
    """List the hard refusals counted against an address, oldest first."""
    rows = conn.execute(
        select(hard_bounce.c.at, hard_bounce.c.words)
        .where(
            hard_bounce.c.newsletter == newsletter,
            hard_bounce.c.folded == subscribers.folded(address),
        )
        .order_by(hard_bounce.c.id)
    )
    return [Bounce(row.at, row.words) for row in rows]
