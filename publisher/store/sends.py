"""sends - an issue, an audience, and the list of recipients frozen between them.

A send is scheduled; `freeze` turns today's audience into deliveries, cut in lots; from then on it
runs. It is done when no lot has anything left. Counting is cheap at any moment: a lot nobody works
on has its counts with it, so only the few others are looked through.

Faults: RefusedError (no such issue), AlreadyThere (an occurrence sent twice). Never: touches a
delivery that someone is sending. See: freezing (re-exported here), ledger (works the lots), model (Send and its states).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
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

from publisher.errors import RefusedError
from publisher.model import DeliveryState, Kind, Send, SendState, SubscriberState
from publisher.store.freezing import LOT, freeze, has, is_barred
from publisher.store.schema import (
    LotState,
    Moment,
    delivery,
    edition,
    insert_into,
    issue,
    lot,
    subscriber,
)
from publisher.store.schema import send as send_table
from publisher.store.subscribers import normalise

_FROM: Final = {
    SendState.PAUSED: frozenset({SendState.RUNNING}),
    SendState.RUNNING: frozenset({SendState.PAUSED}),
    SendState.CANCELLED: frozenset({SendState.SCHEDULED, SendState.RUNNING, SendState.PAUSED}),
}
"""From where a person may move a send; `freeze` starts one, `finish_sends` ends it."""


class AlreadyThere(RefusedError):
    """This occurrence of the send rule has had its send."""


@dataclass(frozen=True, slots=True)
class Audience:
    """The numbers a person should see before sending.

    `already` have a delivery that counts. Who is left divides into `left_over`, who were there when
    the issue was first sent, and `joined_since`; of an issue never sent all are left over.
    """

    active: int
    suppressed: int
    already: int
    left_over: int
    joined_since: int
    mailed: datetime | None = None

    @property
    def to_send(self) -> int:
        """How many a send would reach now."""
        return self.left_over + self.joined_since


# --- making -------------------------------------------------------------------


def create_send(
    conn: Connection,
    newsletter: str,
    slug: str,
    kind: Kind,
    *,
    at: datetime,
    now: datetime,
    missing: bool = False,
    occurrence: str | None = None,
    wall: str | None = None,
    addresses: Sequence[str] = (),
) -> int:
    """Record a send to begin at a moment; a test carries its own addresses.

    `wall` is what each subscriber's own clock shall show; `at` is then when the first does.

    Raises AlreadyThere when the occurrence has a send, in whatever state.
    """
    if bool(addresses) != (kind is Kind.TEST):
        raise ValueError("a test, and nothing else, goes to given addresses")
    where = conn.execute(
        select(issue.c.id, issue.c.withdrawn).where(
            issue.c.newsletter == newsletter, issue.c.slug == slug
        )
    ).one_or_none()
    if where is None:
        raise RefusedError(f"there is no issue {slug!r}", hint="publisher issues")
    if where.withdrawn is not None:
        raise RefusedError(
            f"issue {slug!r} is withdrawn", hint=f"publisher withdraw {slug} --restore"
        )
    number: int | None = conn.execute(
        insert_into(conn, send_table)
        .values(
            newsletter=newsletter,
            issue=where.id,
            kind=kind,
            state=SendState.SCHEDULED,
            at=at,
            created=now,
            missing=missing,
            occurrence=occurrence,
            wall=wall,
            note="",
        )
        .on_conflict_do_nothing()
        .returning(send_table.c.id)
    ).scalar()
    if number is None:
        raise AlreadyThere(f"{occurrence} has had its send", hint="publisher sends")
    if addresses:
        _add_tests(conn, number, where.id, addresses, now)
    return number


def _add_tests(
    conn: Connection, number: int, issue_id: int, addresses: Sequence[str], now: datetime
) -> None:
    conn.execute(
        insert(delivery),
        [
            {
                "send": number,
                "lot": place // LOT + 1,
                "issue": issue_id,
                "kind": Kind.TEST,
                "address": normalise(address),
                "name": "",
                "variant": "",
                "state": DeliveryState.QUEUED,
                "doubt": False,
                "attempts": 0,
                "words": "",
                "updated": now,
                "counts": False,
            }
            for place, address in enumerate(addresses)
        ],
    )


def put_edition(
    conn: Connection,
    send_id: int,
    variant: str,
    subject: str,
    html: str,
    text: str,
    greeting: str = "",
) -> None:
    """Keep a rendered edition with its send, so that every part of it carries the same bytes."""
    new = insert_into(conn, edition).values(
        send=send_id, variant=variant, subject=subject, html=html, text=text, greeting=greeting
    )
    told = {name: new.excluded[name] for name in ("subject", "html", "text", "greeting")}
    conn.execute(new.on_conflict_do_update(index_elements=["send", "variant"], set_=told))


def editions(conn: Connection, send_id: int) -> dict[str, tuple[str, str, str, str]]:
    """Fetch the editions of a send: variant -> (subject, html, text, greeting)."""
    rows = conn.execute(select(edition).where(edition.c.send == send_id))
    return {row.variant: (row.subject, row.html, row.text, row.greeting) for row in rows}


# --- asking -------------------------------------------------------------------


def audience(conn: Connection, newsletter: str, slug: str) -> Audience:
    """Count whom a send of an issue would reach, and whom not and why."""
    where = conn.execute(
        select(issue.c.id, issue.c.mailed).where(
            issue.c.newsletter == newsletter, issue.c.slug == slug
        )
    ).one_or_none()
    if where is None:
        raise RefusedError(f"there is no issue {slug!r}", hint="publisher issues")
    first = conn.execute(
        select(func.min(send_table.c.started, type_=send_table.c.started.type)).where(
            send_table.c.issue == where.id, send_table.c.kind == Kind.ISSUE
        )
    ).scalar()
    first = first or where.mailed
    each = (
        select(
            is_barred().label("barred"),
            has(where.id).label("has"),
            (literal(False) if first is None else subscriber.c.joined > first).label("later"),
        )
        .where(subscriber.c.newsletter == newsletter, subscriber.c.state == SubscriberState.ACTIVE)
        .subquery()
    )

    def number(*conditions: ColumnElement[bool]) -> ColumnElement[int]:
        return func.coalesce(func.sum(case((and_(*conditions), 1), else_=0)), 0)

    barred, has_it, later = each.c.barred, each.c.has, each.c.later
    row = conn.execute(
        select(
            func.count(),
            number(barred),
            number(~barred, has_it),
            number(~barred, ~has_it, ~later),
            number(~barred, ~has_it, later),
        ).select_from(each)
    ).one()
    return Audience(*row, mailed=where.mailed)


def sends(conn: Connection, newsletter: str | None = None) -> list[Send]:
    """List the sends, newest first, with their counts."""
    wanted = _sends().order_by(send_table.c.id.desc())
    if newsletter is not None:
        wanted = wanted.where(send_table.c.newsletter == newsletter)
    return _read(conn, wanted)


def send(conn: Connection, send_id: int) -> Send | None:
    """Fetch one send with its counts."""
    found = _read(conn, _sends().where(send_table.c.id == send_id))
    return found[0] if found else None


def state(conn: Connection, send_id: int, *, lock: bool = False) -> SendState | None:
    """Fetch the state alone, which counts nothing; locked, nobody moves the send meanwhile."""
    wanted = select(send_table.c.state).where(send_table.c.id == send_id)
    found: SendState | None = conn.execute(wanted.with_for_update() if lock else wanted).scalar()
    return found


def is_any_unfinished(conn: Connection, now: datetime, *, resting: Collection[str] = ()) -> bool:
    """Say whether a running send has anyone being sent, or queued and due.

    Of newsletters that are `resting` only tests count.
    """
    come = or_(delivery.c.next_at.is_(None), delivery.c.next_at <= now)
    moving = or_(
        and_(delivery.c.state == DeliveryState.QUEUED, come),
        delivery.c.state == DeliveryState.SENDING,
    )
    awake = or_(send_table.c.newsletter.not_in(list(resting)), send_table.c.kind == Kind.TEST)
    mine = and_(delivery.c.send == lot.c.send, delivery.c.lot == lot.c.number)
    return bool(
        conn.execute(
            select(
                exists().where(
                    send_table.c.state == SendState.RUNNING,
                    awake,
                    lot.c.send == send_table.c.id,
                    lot.c.state != LotState.DONE,
                    mine,
                    moving,
                )
            )
        ).scalar()
    )


def with_a_send(conn: Connection, newsletter: str) -> set[str]:
    """Name the issues that have a send to their audience, in whatever state."""
    rows = conn.execute(
        select(issue.c.slug)
        .join(send_table, send_table.c.issue == issue.c.id)
        .where(send_table.c.newsletter == newsletter, send_table.c.kind == Kind.ISSUE)
        .distinct()
    )
    return {row.slug for row in rows}


def begun(conn: Connection, newsletter: str) -> dict[str, datetime]:
    """Give when the first send of each issue to its audience began."""
    began = func.min(send_table.c.started, type_=send_table.c.started.type)
    rows = conn.execute(
        select(issue.c.slug, began)
        .join(send_table, send_table.c.issue == issue.c.id)
        .where(
            send_table.c.newsletter == newsletter,
            send_table.c.kind == Kind.ISSUE,
            send_table.c.started.is_not(None),
        )
        .group_by(issue.c.slug)
    )
    return {row[0]: row[1] for row in rows}


def variants(conn: Connection, send_id: int) -> list[str]:
    """List the variants a send's deliveries were frozen in."""
    rows = conn.execute(select(delivery.c.variant).where(delivery.c.send == send_id).distinct())
    return sorted(row.variant for row in rows)


def due(conn: Connection, now: datetime) -> list[Send]:
    """List the scheduled sends whose moment has come, oldest first."""
    return _read(
        conn,
        _sends()
        .where(send_table.c.state == SendState.SCHEDULED, send_table.c.at <= now)
        .order_by(send_table.c.at, send_table.c.id),
    )


def counts(conn: Connection, send_id: int) -> dict[DeliveryState, int]:
    """Count the deliveries of a send per state; absent states are zero."""
    return _counts(conn, [send_id]).get(send_id, {})


def _counts(conn: Connection, numbers: Collection[int]) -> dict[int, dict[DeliveryState, int]]:
    """Add up what the lots say, and look through those that say nothing.

    A test has deliveries before it begins, and no lots yet.
    """
    if not numbers:
        return {}
    found: dict[int, Counter[DeliveryState]] = {number: Counter() for number in numbers}
    told = (
        select(lot.c.send, lot.c.tally, func.count())
        .where(lot.c.send.in_(numbers), lot.c.tally.is_not(None))
        .group_by(lot.c.send, lot.c.tally)
    )
    for number, tally, times in conn.execute(told):
        for state, many in json.loads(tally).items():
            found[number][DeliveryState(state)] += many * times
    each = select(delivery.c.state, func.count()).group_by(delivery.c.state)
    # asked one by one: a planner without statistics begins with the deliveries
    silent = select(lot.c.send, lot.c.number).where(lot.c.send.in_(numbers), lot.c.tally.is_(None))
    looked = [
        (row.send, each.where(delivery.c.send == row.send, delivery.c.lot == row.number))
        for row in conn.execute(silent)
    ]
    waiting = select(send_table.c.id).where(
        send_table.c.id.in_(numbers), send_table.c.started.is_(None)
    )
    looked += [(row.id, each.where(delivery.c.send == row.id)) for row in conn.execute(waiting)]
    for number, wanted in looked:
        for state, many in conn.execute(wanted):
            found[number][state] += many
    return {number: dict(held) for number, held in found.items()}


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a send is; `recent` were accepted since `since`, as far as the last lots tell."""

    counts: Mapping[DeliveryState, int]
    started: datetime | None = None
    recent: int = 0
    since: datetime | None = None

    @property
    def left(self) -> int:
        """How many have not had their first outcome."""
        return self.counts.get(DeliveryState.QUEUED, 0) + self.counts.get(DeliveryState.SENDING, 0)

    def rate(self, now: datetime) -> float:
        """How many a second were accepted lately."""
        seconds = (now - self.since).total_seconds() if self.since else 0.0
        return self.recent / max(seconds, 1.0)


_LAST_LOTS: Final = 80
_LATELY: Final = timedelta(minutes=1)


def progress(conn: Connection, send_id: int, now: datetime) -> Progress:
    """Say how far a send is and how quickly it goes; however large, in a few milliseconds.

    What was accepted in the last minute is counted in the lots touched last, so of a quick send
    less than a minute is looked at.
    """
    started = conn.execute(select(send_table.c.started).where(send_table.c.id == send_id)).scalar()
    busy = lot.c.state == LotState.BUSY
    last = (
        select(lot.c.number)
        .where(lot.c.send == send_id, or_(busy, lot.c.released > now - _LATELY))
        .order_by(case((busy, 0), else_=1), lot.c.released.desc())
        .limit(_LAST_LOTS)
    )
    recent, since = conn.execute(
        select(func.count(), func.min(delivery.c.updated, type_=Moment)).where(
            delivery.c.send == send_id,
            delivery.c.lot.in_(conn.scalars(last).all()),
            delivery.c.state == DeliveryState.ACCEPTED,
            delivery.c.updated > now - _LATELY,
        )
    ).one()
    return Progress(counts(conn, send_id), started, recent, since)


def canaries(conn: Connection) -> list[int]:
    """List the running sends whose canary is out."""
    wanted = select(send_table.c.id).where(
        send_table.c.state == SendState.RUNNING, send_table.c.canary > 0
    )
    return list(conn.scalars(wanted))


def canary(conn: Connection, send_id: int) -> tuple[bool, dict[DeliveryState, int]]:
    """Say whether each lot of a send's canary had its turn, and how its deliveries fared."""
    mine = (
        select(lot.c.number, lot.c.state, lot.c.generation)
        .join(send_table, and_(send_table.c.id == lot.c.send, lot.c.number <= send_table.c.canary))
        .where(lot.c.send == send_id)
    )
    lots = conn.execute(mine).all()
    rows = conn.execute(
        select(delivery.c.state, func.count())
        .where(delivery.c.send == send_id, delivery.c.lot.in_([row.number for row in lots]))
        .group_by(delivery.c.state)
    )
    is_over = all(row.generation and row.state is not LotState.BUSY for row in lots)
    return is_over, {row[0]: row[1] for row in rows}


def _sends() -> Select[Any]:
    return select(send_table, issue.c.slug).join(issue, issue.c.id == send_table.c.issue)


def _read(conn: Connection, wanted: Select[Any]) -> list[Send]:
    rows = conn.execute(wanted).all()
    live = _counts(conn, [row.id for row in rows if row.tally is None])
    found = []
    for row in rows:
        held = live.get(row.id, {}) if row.tally is None else json.loads(row.tally)
        found.append(
            Send(
                id=row.id,
                newsletter=row.newsletter,
                issue=row.slug,
                kind=row.kind,
                state=row.state,
                at=row.at,
                created=row.created,
                started=row.started,
                finished=row.finished,
                missing=row.missing,
                occurrence=row.occurrence,
                note=row.note,
                counts=tuple((state, held[state]) for state in DeliveryState if state in held),
                canary=row.canary,
                wall=row.wall,
            )
        )
    return found


# --- moving -------------------------------------------------------------------


def set_state(
    conn: Connection,
    send_id: int,
    to: SendState,
    *,
    frm: Collection[SendState],
    now: datetime,
    note: str = "",
) -> bool:
    """Pause, resume or cancel a send that is in one of the given states; False when it is not.

    Cancelling skips who still waits; who is in doubt stays so, and what is on the wire is finished.
    What goes on has no use for the note that says why it stood still, nor what stands still for one
    of how it fared.
    """
    allowed = _FROM.get(to, frozenset()) & frozenset(frm)
    values: dict[str, Any] = {"state": to}
    if note or to is SendState.RUNNING:
        values["note"] = note
    else:
        ran = send_table.c.state == SendState.RUNNING
        values["note"] = case((ran, ""), else_=send_table.c.note)
    if to is SendState.CANCELLED:
        values["finished"] = now
        mine = select(lot.c.id).where(lot.c.send == send_id, lot.c.state != LotState.DONE)
        conn.execute(mine.order_by(lot.c.id).with_for_update())  # lots first, as everywhere
    moved = conn.execute(
        update(send_table)
        .where(send_table.c.id == send_id, send_table.c.state.in_(allowed))
        .values(**values)
    ).rowcount
    if moved and to is SendState.CANCELLED:
        skip_waiting(conn, send_id, now)
        close_books(conn, send_id, now)
    return bool(moved)


def set_note(conn: Connection, send_id: int, note: str, *, replacing: str = "") -> None:
    """Say on a running send how it fares; only over a note that begins with `replacing`."""
    conn.execute(
        update(send_table)
        .where(
            send_table.c.id == send_id,
            send_table.c.state == SendState.RUNNING,
            send_table.c.note.startswith(replacing, autoescape=True),
        )
        .values(note=note)
    )


def pass_canary(conn: Connection, send_id: int) -> bool:
    """Let the rest of a send follow its canary; False when it has none."""
    alone = and_(send_table.c.id == send_id, send_table.c.canary > 0)
    return bool(conn.execute(update(send_table).where(alone).values(canary=0)).rowcount)


def skip_waiting(conn: Connection, send_id: int, now: datetime, *, number: int = 0) -> None:
    """Give up deliveries of a send, or of one lot of it, that wait.

    One that may have arrived stays in doubt, for a person.
    """
    which, lots = delivery.c.send == send_id, lot.c.send == send_id
    if number:
        which, lots = and_(which, delivery.c.lot == number), and_(lots, lot.c.number == number)
    waits = delivery.c.state.in_([DeliveryState.QUEUED, DeliveryState.DEFERRED])
    again = and_(delivery.c.state == DeliveryState.IN_DOUBT, delivery.c.next_at.is_not(None))
    doubtful = or_(again, and_(waits, delivery.c.doubt))
    stay: dict[str, Any] = {"state": DeliveryState.IN_DOUBT, "next_at": null(), "updated": now}
    skip = stay | {"state": DeliveryState.SKIPPED, "counts": False}
    conn.execute(update(delivery).where(which, doubtful).values(**stay))
    conn.execute(update(delivery).where(which, waits, ~delivery.c.doubt).values(**skip))
    conn.execute(update(lot).where(lots).values(tally=null()))


def finish_sends(conn: Connection, now: datetime) -> list[int]:
    """End the sends that have nothing left; give their numbers."""
    left = exists().where(
        lot.c.send == send_table.c.id, lot.c.state.in_([LotState.FREE, LotState.BUSY])
    )
    ended = conn.execute(
        update(send_table)
        .where(send_table.c.state.in_([SendState.RUNNING, SendState.PAUSED]), ~left)
        .values(state=SendState.DONE, finished=now)
        .returning(send_table.c.id)
    )
    numbers = sorted(row.id for row in ended)
    for number in numbers:
        close_books(conn, number, now)
    return numbers


def close_books(conn: Connection, send_id: int, now: datetime) -> None:
    """Mark the issue as mailed if anyone may have it; keep the counts once they are final."""
    row = conn.execute(
        select(send_table.c.issue, send_table.c.kind).where(send_table.c.id == send_id)
    ).one()
    held = counts(conn, send_id)
    reached = held.get(DeliveryState.ACCEPTED, 0) + held.get(DeliveryState.IN_DOUBT, 0)
    if row.kind is Kind.ISSUE and reached:
        conn.execute(
            update(issue)
            .where(issue.c.id == row.issue, issue.c.mailed.is_(None))
            .values(mailed=now)
        )
    moving = {DeliveryState.QUEUED, DeliveryState.SENDING, DeliveryState.DEFERRED}
    if not moving & held.keys():
        conn.execute(
            update(send_table)
            .where(
                send_table.c.id == send_id,
                or_(
                    send_table.c.state == SendState.DONE, send_table.c.state == SendState.CANCELLED
                ),
            )
            .values(tally=json.dumps({state.value: many for state, many in held.items()}))
        )


__all__ = [
    "LOT",
    "AlreadyThere",
    "Audience",
    "Progress",
    "audience",
    "canaries",
    "canary",
    "close_books",
    "counts",
    "create_send",
    "due",
    "editions",
    "finish_sends",
    "freeze",
    "is_any_unfinished",
    "pass_canary",
    "progress",
    "put_edition",
    "send",
    "sends",
    "set_note",
    "set_state",
    "skip_waiting",
    "state",
    "variants",
    "with_a_send",
]
