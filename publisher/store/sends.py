"""sends - an issue, an audience, and the list of recipients frozen between them.

A send is scheduled; `freeze` turns today's audience into deliveries, cut in lots, in one
transaction and one statement however many they are; from then on it runs. It is done when no lot
has anything left. What counts as sent is left out by the statement and, should two freezes meet,
by the unique index.

Faults: RefusedError (no such issue), AlreadyThere (an occurrence sent twice). Never: touches a
delivery that someone is sending. See: ledger (works the lots), model (Send and its states).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
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
from publisher.store.schema import (
    LotState,
    counting,
    delivery,
    edition,
    insert_into,
    issue,
    lot,
    subscriber,
    suppression,
)
from publisher.store.schema import send as send_table
from publisher.store.subscribers import find, normalise

LOT: Final = 500
"""Recipients in a lot."""

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
    addresses: Sequence[str] = (),
) -> int:
    """Record a send to begin at a moment; a test carries its own addresses.

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
            }
            for place, address in enumerate(addresses)
        ],
    )


def freeze(
    conn: Connection,
    send_id: int,
    variant: str,
    now: datetime,
    *,
    languages: Mapping[str, str] = MappingProxyType({}),
) -> int:
    """Turn the audience of a scheduled send into deliveries and let it run; give their number.

    `languages` maps subscribers' languages to the variants they get, everyone else gets `variant`.
    Frozen is frozen: called again it changes nothing. An erratum goes to those who have the issue.
    """
    # the lock: of two who freeze at once the second finds it done
    row = conn.execute(select(send_table).where(send_table.c.id == send_id).with_for_update()).one()
    if row.state is SendState.SCHEDULED:
        if row.kind is Kind.TEST:
            _vary_tests(conn, row, variant, languages)
        else:
            conn.execute(_recipients(conn, row, variant, languages, now))
        numbers = select(
            delivery.c.send, delivery.c.lot, literal(LotState.FREE.value), literal(0)
        ).where(delivery.c.send == send_id)
        conn.execute(
            insert(lot).from_select(
                ["send", "number", "state", "generation"],
                numbers.distinct().order_by(delivery.c.lot),
            )
        )
        conn.execute(
            update(send_table)
            .where(send_table.c.id == send_id)
            .values(state=SendState.RUNNING, started=now)
        )
        finish_sends(conn, now)
    return sum(counts(conn, send_id).values())


def _vary_tests(conn: Connection, row: Any, variant: str, languages: Mapping[str, str]) -> None:
    """Give a test the variant of the subscriber with its address, where there is one."""
    tests = select(delivery.c.id, delivery.c.address).where(delivery.c.send == row.id)
    for test in conn.execute(tests).all():
        reader = find(conn, row.newsletter, test.address)
        theirs = languages.get((reader.language if reader else None) or "", variant)
        conn.execute(update(delivery).where(delivery.c.id == test.id).values(variant=theirs))


def _recipients(
    conn: Connection, row: Any, variant: str, languages: Mapping[str, str], now: datetime
) -> Any:
    """Make the one statement that freezes an audience."""
    has_it = _has(row.issue)
    place = func.row_number().over(order_by=subscriber.c.id)
    audience_now = (
        select(
            literal(row.id),
            (place - 1) // LOT + 1,
            literal(row.issue),
            subscriber.c.id,
            literal(row.kind.value),
            subscriber.c.address,
            subscriber.c.name,
            case(dict(languages), value=subscriber.c.language, else_=variant)
            if languages
            else literal(variant),
            literal(DeliveryState.QUEUED.value),
            literal(False),
            literal(0),
            literal(""),
            literal(now, delivery.c.updated.type),
        )
        .where(
            subscriber.c.newsletter == row.newsletter,
            subscriber.c.state == SubscriberState.ACTIVE,
            ~_is_barred(),
            has_it if row.kind is Kind.ERRATUM else ~has_it,
        )
        .order_by(subscriber.c.id)
    )
    columns = [
        "send", "lot", "issue", "subscriber", "kind", "address", "name", "variant", "state",
        "doubt", "attempts", "words", "updated",
    ]  # fmt: skip
    return insert_into(conn, delivery).from_select(columns, audience_now).on_conflict_do_nothing()


def _has(issue_id: Any) -> ColumnElement[bool]:
    """Say whether a subscriber has the issue already, or is about to."""
    return exists().where(
        delivery.c.issue == issue_id, delivery.c.subscriber == subscriber.c.id, counting()
    )


def _is_barred() -> ColumnElement[bool]:
    return exists().where(
        suppression.c.newsletter == subscriber.c.newsletter,
        suppression.c.folded == subscriber.c.folded,
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
            _is_barred().label("barred"),
            _has(where.id).label("has"),
            (literal(False) if first is None else subscriber.c.joined > first).label("later"),
        )
        .where(subscriber.c.newsletter == newsletter, subscriber.c.state == SubscriberState.ACTIVE)
        .subquery()
    )

    def number(*conditions: ColumnElement[bool]) -> ColumnElement[int]:
        return func.coalesce(func.sum(case((and_(*conditions), 1), else_=0)), 0)

    barred, has, later = each.c.barred, each.c.has, each.c.later
    row = conn.execute(
        select(
            func.count(),
            number(barred),
            number(~barred, has),
            number(~barred, ~has, ~later),
            number(~barred, ~has, later),
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


def is_any_unfinished(conn: Connection) -> bool:
    """Say whether a running send has anyone queued or being sent."""
    moving = delivery.c.state.in_([DeliveryState.QUEUED, DeliveryState.SENDING])
    mine = and_(delivery.c.send == lot.c.send, delivery.c.lot == lot.c.number)
    return bool(
        conn.execute(
            select(
                exists().where(
                    send_table.c.state == SendState.RUNNING,
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
    if not numbers:
        return {}
    rows = conn.execute(
        select(delivery.c.send, delivery.c.state, func.count())
        .where(delivery.c.send.in_(numbers))
        .group_by(delivery.c.send, delivery.c.state)
    )
    found: dict[int, dict[DeliveryState, int]] = {}
    for number, state, many in rows:
        found.setdefault(number, {})[state] = many
    return found


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
    What goes on has no use for the note that says why it stood still.
    """
    allowed = _FROM.get(to, frozenset()) & frozenset(frm)
    values: dict[str, Any] = {"state": to}
    if note or to is SendState.RUNNING:
        values["note"] = note
    if to is SendState.CANCELLED:
        values["finished"] = now
    moved = conn.execute(
        update(send_table)
        .where(send_table.c.id == send_id, send_table.c.state.in_(allowed))
        .values(**values)
    ).rowcount
    if moved and to is SendState.CANCELLED:
        skip_waiting(conn, delivery.c.send == send_id, now)
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


def skip_waiting(conn: Connection, which: ColumnElement[bool], now: datetime) -> None:
    """Give up deliveries that wait; one that may have arrived stays in doubt, for a person."""
    waits = delivery.c.state.in_([DeliveryState.QUEUED, DeliveryState.DEFERRED])
    again = and_(delivery.c.state == DeliveryState.IN_DOUBT, delivery.c.next_at.is_not(None))
    for which_end, end in (
        (or_(again, and_(waits, delivery.c.doubt)), DeliveryState.IN_DOUBT),
        (and_(waits, ~delivery.c.doubt), DeliveryState.SKIPPED),
    ):
        conn.execute(
            update(delivery).where(which, which_end).values(state=end, next_at=null(), updated=now)
        )


def finish_sends(conn: Connection, now: datetime) -> list[int]:
    """End the sends that have nothing left; give their numbers."""
    left = exists().where(lot.c.send == send_table.c.id, lot.c.state != LotState.DONE)
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
