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

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Interval,
    and_,
    bindparam,
    case,
    exists,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    update,
)

from publisher.model import Delivery, DeliveryState, SendState, SubscriberState
from publisher.store import deliveries
from publisher.store.deliveries import in_doubt, who
from publisher.store.schema import (
    LotState,
    Moment,
    Words,
    attempt,
    delivery,
    is_one_of,
    lot,
    subscriber,
    suppression,
)
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

_WORDS: Final = 500
_CHUNK: Final = 500
_TO_CLAIM = (DeliveryState.QUEUED, DeliveryState.DEFERRED)
_OUTCOMES: Final = frozenset(DeliveryState) - {DeliveryState.SENDING}


class Fenced(Exception):
    """The lot has another owner by now; whatever is still to be written about it is his."""


@dataclass(frozen=True, slots=True)
class Lot:
    """Deliveries in one owner's hands; `lease` on the database's clock."""

    id: int
    send: int
    number: int
    generation: int
    owner: str
    lease: datetime
    deliveries: tuple[Delivery, ...] = ()


@dataclass(frozen=True, slots=True)
class Recorded:
    """How a delivery that was being sent ended.

    QUEUED: not attempted, back in the queue. IN_DOUBT with `next_at` is sent again then, without
    it waits for a person.
    """

    delivery_id: int
    state: DeliveryState
    code: int | None = None
    words: str = ""
    next_at: datetime | None = None


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


def claim(conn: Connection, owner: str, lease: timedelta, now: datetime) -> Lot | None:
    """Take the first lot with something due, of the oldest running send; None when nothing is.

    Its due deliveries are `sending` from here on. Commit before the first byte leaves.
    """
    row = conn.execute(
        select(lot.c.id, lot.c.send, lot.c.number)
        .join(send_table, send_table.c.id == lot.c.send)
        .where(
            lot.c.state == LotState.FREE,
            send_table.c.state == SendState.RUNNING,
            or_(lot.c.due.is_(None), lot.c.due <= now),
        )
        .order_by(lot.c.send, lot.c.number)
        .limit(1)
        .with_for_update(of=lot, skip_locked=True)
    ).one_or_none()
    if row is None:
        finish_sends(conn, now)  # whoever finds no work closes what two last lots left open
        return None
    if _state_of(conn, row.send) is not SendState.RUNNING:
        return None  # stopped in this very moment
    held = conn.execute(
        update(lot)
        .where(lot.c.id == row.id, lot.c.state == LotState.FREE)
        .values(
            state=LotState.BUSY,
            owner=owner,
            generation=lot.c.generation + 1,
            lease=_until(conn, lease, now),
            due=null(),
        )
        .returning(lot)
    ).one()
    conn.execute(
        update(delivery)
        .where(delivery.c.send == row.send, delivery.c.lot == row.number, _is_due(now))
        .values(state=DeliveryState.SENDING, next_at=null(), updated=now)
    )
    return _lot(conn, held)


def _is_due(now: datetime) -> ColumnElement[bool]:
    come = or_(delivery.c.next_at.is_(None), delivery.c.next_at <= now)
    return or_(
        and_(delivery.c.state.in_(_TO_CLAIM), come),
        and_(delivery.c.state == DeliveryState.IN_DOUBT, delivery.c.next_at <= now),
    )


def renew(conn: Connection, held: Lot, lease: timedelta, now: datetime) -> bool:
    """Prolong the lease; False when the lot has another owner by now."""
    return bool(
        conn.execute(
            update(lot).where(_is_held(held)).values(lease=_until(conn, lease, now))
        ).rowcount
    )


def permitted(conn: Connection, subscriber_ids: Collection[int]) -> set[int]:
    """Say who of these may be written to in this moment: active and not suppressed."""
    barred = exists().where(
        suppression.c.newsletter == subscriber.c.newsletter,
        suppression.c.folded == subscriber.c.folded,
    )
    found: set[int] = set()
    wanted = sorted(subscriber_ids)
    for start in range(0, len(wanted), _CHUNK):
        rows = conn.execute(
            select(subscriber.c.id).where(
                is_one_of(conn, subscriber.c.id, wanted[start : start + _CHUNK]),
                subscriber.c.state == SubscriberState.ACTIVE,
                ~barred,
            )
        )
        found.update(row.id for row in rows)
    return found


def record(conn: Connection, held: Lot, outcomes: Sequence[Recorded], now: datetime) -> int:
    """Write outcomes of deliveries that are being sent; give how many were. Raises Fenced."""
    _fence(conn, held)
    return _write(conn, held, outcomes, now)


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
        select(lot)
        .where(lot.c.state == LotState.BUSY, gone)
        .order_by(lot.c.send, lot.c.number)
        .with_for_update(skip_locked=True)
    ).all()
    return [_lot(conn, row) for row in rows]


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
    _write(conn, found, outcomes, now)
    _let_go(conn, found, now)


# --- asking -------------------------------------------------------------------


def attempts(conn: Connection, delivery_id: int) -> list[Recorded]:
    """List the attempts of a delivery that were not accepted, oldest first; `next_at` is when."""
    rows = conn.execute(
        select(attempt).where(attempt.c.delivery == delivery_id).order_by(attempt.c.id)
    )
    return [Recorded(delivery_id, row.state, row.code, row.words, row.at) for row in rows]


# --- inside -------------------------------------------------------------------


def _is_held(held: Lot) -> ColumnElement[bool]:
    return and_(
        lot.c.id == held.id,
        lot.c.generation == held.generation,
        lot.c.state == LotState.BUSY,
    )


def _fence(conn: Connection, held: Lot) -> None:
    row = conn.execute(select(lot.c.id).where(_is_held(held)).with_for_update()).one_or_none()
    if row is None:
        raise Fenced(f"lot {held.id} has another owner")


def _state_of(conn: Connection, send_id: int) -> SendState:
    """Look at a send so that nobody stops it until this transaction is over."""
    state: SendState = conn.execute(
        select(send_table.c.state).where(send_table.c.id == send_id).with_for_update(read=True)
    ).scalar_one()
    return state


_RECORD: Final = (
    update(delivery)
    .where(
        delivery.c.id == bindparam("number"),
        delivery.c.send == bindparam("of_send"),
        delivery.c.lot == bindparam("of_lot"),
        delivery.c.state == DeliveryState.SENDING,
    )
    .values(
        state=bindparam("end"),
        doubt=bindparam("doubtful"),
        attempts=delivery.c.attempts + bindparam("tried", type_=Integer),
        next_at=bindparam("later"),
        code=bindparam("reply"),
        words=bindparam("said", type_=Words),
        updated=bindparam("at"),
    )
)


def _write(conn: Connection, held: Lot, outcomes: Sequence[Recorded], now: datetime) -> int:
    """Write outcomes on the `sending` rows of a lot that is fenced already."""
    if not outcomes:
        return 0
    if wrong := {outcome.state for outcome in outcomes} - _OUTCOMES:
        raise ValueError(f"{sorted(wrong)} is no outcome")
    rows = conn.execute(
        select(delivery.c.id, delivery.c.doubt, (delivery.c.address == "").label("erased")).where(
            _in_hand(held), or_(delivery.c.doubt, delivery.c.address == "")
        )
    ).all()
    doubtful = {row.id for row in rows if row.doubt}
    erased = {row.id for row in rows if row.erased}
    values = [
        _values(held, outcome, outcome.delivery_id in doubtful, outcome.delivery_id in erased, now)
        for outcome in outcomes
    ]
    changed = conn.execute(_RECORD, values).rowcount
    history = [
        {
            "delivery": value["number"],
            "at": now,
            "state": outcome.state,
            "code": outcome.code,
            "words": value["said"],
        }
        for outcome, value in zip(outcomes, values, strict=True)
        if value["tried"] and outcome.state is not DeliveryState.ACCEPTED
    ]
    if history:
        conn.execute(insert(attempt), history)
    return changed


def _values(
    held: Lot, outcome: Recorded, doubt: bool, erased: bool, now: datetime
) -> dict[str, Any]:
    """Decide what one outcome means for its row.

    Not attempted, a delivery that may have arrived stays in doubt; an erased one is not tried
    again, and the relay's words on it are not kept: they often repeat the address.
    """
    end, later = outcome.state, outcome.next_at
    tried = end not in (DeliveryState.QUEUED, DeliveryState.SKIPPED)
    doubt = doubt or end is DeliveryState.IN_DOUBT
    if erased and end in (DeliveryState.QUEUED, DeliveryState.DEFERRED):
        end = DeliveryState.SKIPPED
    if doubt and end is DeliveryState.SKIPPED:
        end, later = DeliveryState.IN_DOUBT, None
    elif doubt and end is DeliveryState.QUEUED:
        end, later = DeliveryState.IN_DOUBT, later or now
    elif erased and end is DeliveryState.IN_DOUBT:
        later = None
    if end not in (DeliveryState.QUEUED, DeliveryState.DEFERRED, DeliveryState.IN_DOUBT):
        later = None
    return {
        "number": outcome.delivery_id,
        "of_send": held.send,
        "of_lot": held.number,
        "end": end,
        "doubtful": doubt,
        "tried": int(tried),
        "later": later,
        "reply": outcome.code,
        "said": "" if erased else outcome.words[:_WORDS],
        "at": now,
    }


def _let_go(conn: Connection, held: Lot, now: datetime) -> None:
    rest = conn.execute(select(delivery.c.id).where(_in_hand(held))).scalars().all()
    _write(conn, held, [Recorded(number, DeliveryState.IN_DOUBT) for number in rest], now)
    mine = and_(delivery.c.send == held.send, delivery.c.lot == held.number)
    is_cancelled = _state_of(conn, held.send) is SendState.CANCELLED
    if is_cancelled:
        skip_waiting(conn, mine, now)
    waits = or_(
        delivery.c.state.in_(_TO_CLAIM),
        and_(delivery.c.state == DeliveryState.IN_DOUBT, delivery.c.next_at.is_not(None)),
    )
    at_once = func.coalesce(func.sum(case((delivery.c.next_at.is_(None), 1), else_=0)), 0)
    row = conn.execute(
        select(
            func.count().label("waiting"),
            at_once.label("at_once"),
            func.min(delivery.c.next_at, type_=Moment).label("first"),
        ).where(mine, waits)
    ).one()
    is_left = row.waiting and not is_cancelled
    conn.execute(
        update(lot)
        .where(lot.c.id == held.id)
        .values(
            state=LotState.FREE if is_left else LotState.DONE,
            owner=null(),
            lease=null(),
            due=null() if row.at_once or not is_left else row.first,
        )
    )
    if is_cancelled:
        close_books(conn, held.send, now)
    elif not is_left:
        finish_sends(conn, now)


def _in_hand(held: Lot) -> ColumnElement[bool]:
    return and_(
        delivery.c.send == held.send,
        delivery.c.lot == held.number,
        delivery.c.state == DeliveryState.SENDING,
    )


def _lot(conn: Connection, row: Any) -> Lot:
    held = Lot(row.id, row.send, row.number, row.generation, row.owner, row.lease)
    hand = tuple(deliveries.read(conn, deliveries.rows().where(_in_hand(held))))
    return Lot(row.id, row.send, row.number, row.generation, row.owner, row.lease, hand)


__all__ = [
    "LOT",
    "AlreadyThere",
    "Audience",
    "Fenced",
    "Lot",
    "Recorded",
    "attempts",
    "audience",
    "claim",
    "counts",
    "create_send",
    "due",
    "editions",
    "finish_sends",
    "freeze",
    "in_doubt",
    "lost",
    "permitted",
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
