"""ledger - who was sent what, worked lot by lot under a fence.

A lot is claimed in one durable commit before its first byte leaves; its owner records outcomes and
releases it. Each owner gets a higher generation and every write names it, so that a process that
slept through its lease writes nothing any more. A lot whose owner is gone is not simply claimed
again: what he had on the wire is unknown, so it is settled first, and the unknown are in doubt.

Locks are taken in one order everywhere: lot, send, deliveries. Leases are compared on one clock
only, the database's; SQLite has none to ask, there it is `now` as handed in.

Faults: Fenced when the lot has another owner by now. Never: opens a connection, decides what a
reply means. See: sends (freezing, counting; re-exported here), delivery (the states' rules).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Interval, and_, func, literal, select, update

from publisher.model import DeliveryState, Kind, Recipient, SendState
from publisher.store import outcomes as ends
from publisher.store.barring import barred, hard_bounces
from publisher.store.deliveries import in_doubt, who
from publisher.store.outcomes import Recorded, attempts
from publisher.store.raw import Statement, moment, stamp
from publisher.store.schema import LotState, Moment, issue, lot
from publisher.store.schema import send as send_table
from publisher.store.sends import (
    LOT,
    AlreadyThere,
    Audience,
    audience,
    close_books,
    counts,
    create_send,
    due,
    editions,
    finish_sends,
    freeze,
    put_edition,
    send,
    sends,
    set_state,
    skip_waiting,
)


class Fenced(Exception):
    """The lot has another owner by now; whatever is still to be written about it is his."""


@dataclass(frozen=True, slots=True)
class Lot:
    """Deliveries in one owner's hands; `lease` on the database's clock.

    `issue` is its slug. A `canary` goes before the rest of its send, to see how it fares.
    """

    id: int
    send: int
    number: int
    generation: int
    owner: str
    lease: datetime
    deliveries: tuple[Recipient, ...] = ()
    kind: Kind = Kind.ISSUE
    newsletter: str = ""
    issue: str = ""
    canary: bool = False


# --- the clock ----------------------------------------------------------------


def _clock(conn: Connection, now: datetime) -> ColumnElement[datetime]:
    if conn.dialect.name == "sqlite":
        return literal(now, Moment)
    return func.clock_timestamp(type_=Moment)


def _until(conn: Connection, lease: timedelta, now: datetime) -> ColumnElement[datetime]:
    if conn.dialect.name == "sqlite":
        return literal(now + lease, Moment)
    return func.clock_timestamp() + literal(lease, Interval)


# --- an owner's work ----------------------------------------------------------

_RUNNING: Final = Statement(
    """
    SELECT send.id, send.kind, send.newsletter, issue.slug, send.canary
    FROM send JOIN issue ON issue.id = send.issue
    WHERE send.state = 'running' ORDER BY send.kind <> 'test', send.id
    """
)
_FREE: Final = """
    SELECT id, number FROM lot
    WHERE state = 'free' AND send = :send AND {due} AND number <= :last
    ORDER BY due, number LIMIT 1 {skip}
    """
_SKIP: Final = "FOR UPDATE SKIP LOCKED"


def _free(due: str) -> Statement:
    return Statement(_FREE.format(due=due, skip=""), postgresql=_FREE.format(due=due, skip=_SKIP))


_AGAIN: Final = _free("due <= :now")
_FRESH: Final = _free("due IS NULL")
_STILL: Final = Statement("SELECT state FROM send WHERE id = :send FOR SHARE")
_TAKE_TEXT: Final = """
    UPDATE lot
    SET state = 'busy', owner = :owner, generation = generation + 1, lease = {until}, due = NULL,
        tally = NULL
    WHERE id = :id AND state = 'free' RETURNING generation, lease
    """
_TAKE: Final = Statement(
    _TAKE_TEXT.format(until=":until"),
    postgresql=_TAKE_TEXT.format(until="clock_timestamp() + :lease"),
)
_SEND: Final = Statement(
    """
    UPDATE delivery SET state = 'sending', next_at = NULL, updated = :now
    WHERE send = :send AND lot = :lot AND (
      (state IN ('queued', 'deferred') AND (next_at IS NULL OR next_at <= :now))
      OR (state = 'in_doubt' AND next_at <= :now))
    """
)
_EVERY: Final = 2**31 - 1
_TO_CLAIM: Final = frozenset({DeliveryState.QUEUED, DeliveryState.DEFERRED})


def claim(
    conn: Connection,
    owner: str,
    lease: timedelta,
    now: datetime,
    *,
    resting: Collection[str] = (),
) -> Lot | None:
    """Take a lot of the oldest running send that has something due; None when nothing is.

    Who waited until a moment that has come goes before who has not had a turn. Of newsletters
    that are `resting` only tests go; of a send whose canary is out nothing else does. The due
    deliveries are `sending` from here on: commit before the first byte leaves.
    """
    at = stamp(conn, now)
    for number, kind, newsletter, slug, canary in _RUNNING(conn).fetchall():
        if newsletter in resting and kind != Kind.TEST:
            continue
        last = canary or _EVERY
        row = (
            _AGAIN(conn, send=number, last=last, now=at).fetchone()
            or _FRESH(conn, send=number, last=last).fetchone()
        )
        if row is None:
            continue
        if conn.dialect.name != "sqlite" and _STILL(conn, send=number).fetchone() != ("running",):
            return None  # stopped in this very moment
        lot_id, place = row
        until = stamp(conn, now + lease)
        taken = _TAKE(conn, id=lot_id, owner=owner, lease=lease, until=until).fetchone()
        _SEND(conn, send=number, lot=place, now=at)
        hand = _hand(conn, number, place)
        return Lot(
            lot_id, number, place, taken[0], owner, moment(taken[1]) or now, hand,
            Kind(kind), newsletter, slug, 0 < place <= canary,
        )  # fmt: skip
    finish_sends(conn, now)  # whoever finds no work closes what two last lots left open
    return None


_HAND: Final = Statement(
    """
    SELECT json_group_array(id), json_group_array(subscriber), json_group_array(address),
           json_group_array(name), json_group_array(variant), json_group_array(attempts)
    FROM delivery WHERE send = :send AND lot = :lot AND state = 'sending'
    """,
    postgresql="""
    SELECT id, subscriber, address, name, variant, attempts
    FROM delivery WHERE send = :send AND lot = :lot AND state = 'sending'
    """,
)


def _hand(conn: Connection, send_id: int, number: int) -> tuple[Recipient, ...]:
    """Read what is being sent of a lot, in its order; on SQLite as one row, see raw."""
    found = _HAND(conn, send=send_id, lot=number).fetchall()
    if conn.dialect.name == "sqlite":
        found = list(zip(*map(json.loads, found[0]), strict=True))
    found.sort()  # they nearly always are
    new = tuple.__new__  # what Recipient does, and in half its time
    return tuple([new(Recipient, one) for one in found])


def renew(conn: Connection, held: Lot, lease: timedelta, now: datetime) -> bool:
    """Prolong the lease; False when the lot has another owner by now."""
    return bool(
        conn.execute(
            update(lot).where(_is_held(held)).values(lease=_until(conn, lease, now))
        ).rowcount
    )


def record(
    conn: Connection, held: Lot, outcomes: Sequence[Recorded], now: datetime, *, relay: str = ""
) -> int:
    """Write outcomes of deliveries that are being sent; give how many were. Raises Fenced.

    `relay` is who carried them.
    """
    _fence(conn, held)
    return ends.write(conn, held, outcomes, now, relay)


def release(conn: Connection, held: Lot, now: datetime) -> None:
    """Let the lot go: free while anything is left for later, else done. Raises Fenced.

    What was neither recorded nor returned to the queue may have left: it is in doubt.
    """
    _fence(conn, held)
    _let_go(conn, held, now)


# --- after a crash ------------------------------------------------------------


def lost(conn: Connection, now: datetime, *, owner: str | None = None) -> list[Lot]:
    """List the lots whose lease ran out, or all of one owner known to be dead.

    Each comes with the deliveries that were being sent. Needs a write transaction.
    """
    gone = lot.c.lease < _clock(conn, now) if owner is None else lot.c.owner == owner
    rows = conn.execute(
        select(lot, send_table.c.kind, send_table.c.newsletter, send_table.c.canary, issue.c.slug)
        .join(send_table, send_table.c.id == lot.c.send)
        .join(issue, issue.c.id == send_table.c.issue)
        .where(lot.c.state == LotState.BUSY, gone)
        .order_by(lot.c.send, lot.c.number)
        .with_for_update(skip_locked=True, of=lot)
    ).all()
    return [
        Lot(
            row.id, row.send, row.number, row.generation, row.owner, row.lease,
            _hand(conn, row.send, row.number),
            row.kind, row.newsletter, row.slug, row.number <= row.canary,
        )
        for row in rows
    ]  # fmt: skip


def settle(conn: Connection, found: Lot, outcomes: Sequence[Recorded], now: datetime) -> None:
    """Take a lost lot from its owner, write what is known, and let it go.

    Deliveries not named are in doubt. Raises Fenced when someone else settled it, or its owner
    lives and renewed the lease.
    """
    taken = conn.execute(
        update(lot)
        .where(_is_held(found), lot.c.lease == found.lease)
        .values(generation=lot.c.generation + 1)
    ).rowcount
    if not taken:
        raise Fenced(f"lot {found.id} is no longer lost")
    ends.write(conn, found, outcomes, now, "")
    _let_go(conn, found, now)


# --- inside -------------------------------------------------------------------


def _is_held(held: Lot) -> ColumnElement[bool]:
    return and_(
        lot.c.id == held.id,
        lot.c.generation == held.generation,
        lot.c.state == LotState.BUSY,
    )


_HELD: Final = "SELECT 1 FROM lot WHERE id = :id AND generation = :generation AND state = 'busy'"
_FENCE: Final = Statement(_HELD, postgresql=f"{_HELD} FOR UPDATE")


def _fence(conn: Connection, held: Lot) -> None:
    if _FENCE(conn, id=held.id, generation=held.generation).fetchone() is None:
        raise Fenced(f"lot {held.id} has another owner")


_STATE: Final = "SELECT state FROM send WHERE id = :send"
# not for share: of two who end a cancelled send both would wait for the other to close the books
_KEEP_STATE: Final = Statement(_STATE, postgresql=f"{_STATE} FOR NO KEY UPDATE")


# the index alone tells how many a lot has; most of them are accepted, and not looked at twice
_SIZE: Final = Statement("SELECT count(*) FROM delivery WHERE send = :send AND lot = :lot")
_LOOK: Final = Statement(
    """
    SELECT state, count(*), count(next_at), min(next_at) FROM delivery
    WHERE send = :send AND lot = :lot AND state <> 'accepted' GROUP BY state
    """
)
_RESTING: Final = Statement(
    """
    SELECT id FROM delivery WHERE send = :send AND lot = :lot AND state = 'sending'
    """
)
_MORE: Final = Statement(
    "SELECT 1 FROM lot WHERE send = :send AND state IN ('free', 'busy') LIMIT 1"
)
_LET_GO: Final = Statement(
    """
    UPDATE lot
    SET state = :state, owner = NULL, lease = NULL, due = :due, tally = :tally, released = :now
    WHERE id = :id
    """
)


@dataclass(frozen=True, slots=True)
class _Rest:
    """How a lot stands: what is in which state, and when what waits is due."""

    tally: dict[str, int]
    waits_now: bool
    due: Any

    @property
    def waits(self) -> bool:
        """Whether anything is left to send."""
        return self.waits_now or self.due is not None


def _look(conn: Connection, where: dict[str, Any]) -> _Rest:
    (size,) = _SIZE(conn, **where).fetchone()
    rows = _LOOK(conn, **where).fetchall()
    tally = {state: many for state, many, _, _ in rows}
    accepted = size - sum(tally.values())
    if accepted:
        tally[DeliveryState.ACCEPTED.value] = accepted
    waits_now = any(state in _TO_CLAIM and timed < many for state, many, timed, _ in rows)
    due = min((first for *_, first in rows if first is not None), default=None)
    return _Rest(tally, waits_now, due)


def _let_go(conn: Connection, held: Lot, now: datetime) -> None:
    where = {"send": held.send, "lot": held.number}
    rest = _look(conn, where)
    is_cancelled = _KEEP_STATE(conn, send=held.send).fetchone() == (SendState.CANCELLED,)
    if is_cancelled or DeliveryState.SENDING in rest.tally:
        unknown = [Recorded(row[0], DeliveryState.IN_DOUBT) for row in _RESTING(conn, **where)]
        ends.write(conn, held, unknown, now, "")
        if is_cancelled:
            skip_waiting(conn, held.send, now, number=held.number)
        rest = _look(conn, where)
    is_left = rest.waits and not is_cancelled
    _LET_GO(
        conn,
        id=held.id,
        state=LotState.FREE.value if is_left else LotState.DONE.value,
        due=None if rest.waits_now or not is_left else rest.due,
        tally=json.dumps(rest.tally),
        now=stamp(conn, now),
    )
    if is_cancelled:
        close_books(conn, held.send, now)
    elif not is_left and _MORE(conn, send=held.send).fetchone() is None:
        finish_sends(conn, now)


__all__ = [
    "LOT",
    "AlreadyThere",
    "Audience",
    "Fenced",
    "Lot",
    "Recorded",
    "attempts",
    "audience",
    "barred",
    "claim",
    "counts",
    "create_send",
    "due",
    "editions",
    "finish_sends",
    "freeze",
    "hard_bounces",
    "in_doubt",
    "lost",
    "put_edition",
    "record",
    "release",
    "renew",
    "send",
    "sends",
    "set_state",
    "settle",
    "who",
]
