"""subscribers - who may be written to, why, and who never again.

An address belongs to one newsletter once; it is compared without regard to case and kept as it was
given. Every change of heart is a row of consent, so that the history of a subscriber can be shown.
What is suppressed is refused by everything that adds; of what was erased only a keyed hash stays,
so whoever adds hands in the key.

Faults: RefusedError for an address nobody can have, StoreError from the database. Never: sends.
See: signup (double opt-in), barring (asked again in the moment of sending).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Delete, case, func, insert, select, update

from publisher.errors import RefusedError
from publisher.model import Consent, DeliveryState, Subscriber, SubscriberState
from publisher.store.forms import folded, hashed, normalise, valid
from publisher.store.importing import Added, import_rows
from publisher.store.schema import (
    LotState,
    attempt,
    consent,
    delivery,
    hard_bounce,
    insert_into,
    lot,
    send,
    subscriber,
    suppression,
)

_PAGE: Final = 1000


MOST_LANGUAGES: Final = 500
"""What is imported may call itself any language; each one told apart is a clause of a statement."""


@dataclass(frozen=True, slots=True)
class Suppression:
    """An address that is never mailed; None where it was erased and only its hash is left."""

    address: str | None
    reason: str
    at: datetime


# --- adding -------------------------------------------------------------------


def add(
    conn: Connection,
    newsletter: str,
    address: str,
    *,
    consent: Consent,
    state: SubscriberState = SubscriberState.ACTIVE,
    name: str = "",
    language: str | None = None,
    key: bytes | None = None,
    now: datetime,
) -> Added:
    """Add one address with its consent; someone who left comes back with the new consent.

    Without `key` an erased address is not recognised.
    """
    if reason := valid(address):
        raise RefusedError(f"{address!r} is no address: {reason}")
    if is_suppressed(conn, newsletter, address, key=key) is not None:
        return Added.SUPPRESSED
    number = conn.execute(
        insert_into(conn, subscriber)
        .values(
            newsletter=newsletter,
            address=normalise(address),
            folded=folded(address),
            name=name,
            language=language,
            state=state,
            joined=now,
        )
        .on_conflict_do_nothing()
        .returning(subscriber.c.id)
    ).scalar()
    if number is not None:
        _consented(conn, number, consent)
        return Added.ADDED
    return _revive(conn, newsletter, address, consent, state, now)


def speak(conn: Connection, newsletter: str, address: str, language: str) -> bool:
    """Note the language someone known reads; says whether it was another."""
    changed = conn.execute(
        update(subscriber)
        .where(
            subscriber.c.newsletter == newsletter,
            subscriber.c.folded == folded(address),
            subscriber.c.language.is_distinct_from(language),
        )
        .values(language=language)
    )
    return changed.rowcount > 0


def _revive(
    conn: Connection,
    newsletter: str,
    address: str,
    why: Consent,
    state: SubscriberState,
    now: datetime,
) -> Added:
    weaker = {
        SubscriberState.ACTIVE: [SubscriberState.PENDING, SubscriberState.UNSUBSCRIBED],
        SubscriberState.PENDING: [SubscriberState.UNSUBSCRIBED],
        SubscriberState.UNSUBSCRIBED: [],
    }[state]
    number = conn.execute(
        update(subscriber)
        .where(
            subscriber.c.newsletter == newsletter,
            subscriber.c.folded == folded(address),
            subscriber.c.state.in_(weaker),
        )
        .values(state=state, joined=now)
        .returning(subscriber.c.id)
    ).scalar()
    if number is None:
        return Added.KNOWN
    _consented(conn, number, why)
    return Added.REVIVED


def _consented(conn: Connection, number: int, why: Consent) -> None:
    conn.execute(
        insert(consent).values(subscriber=number, source=why.source, words=why.words, at=why.at)
    )


# --- asking -------------------------------------------------------------------


def find(conn: Connection, newsletter: str, address: str) -> Subscriber | None:
    """Find the subscriber with this address, whatever its case."""
    row = conn.execute(
        select(subscriber).where(
            subscriber.c.newsletter == newsletter, subscriber.c.folded == folded(address)
        )
    ).one_or_none()
    return None if row is None else _subscriber(row)


def get(conn: Connection, subscriber_id: int) -> Subscriber | None:
    """Fetch one subscriber by number."""
    row = conn.execute(select(subscriber).where(subscriber.c.id == subscriber_id)).one_or_none()
    return None if row is None else _subscriber(row)


def each(
    conn: Connection, newsletter: str, state: SubscriberState | None = None
) -> Iterator[Subscriber]:
    """Walk through the subscribers by number, a page at a time."""
    wanted = select(subscriber).where(subscriber.c.newsletter == newsletter)
    if state is not None:
        wanted = wanted.where(subscriber.c.state == state)
    last = 0
    while True:
        page = conn.execute(
            wanted.where(subscriber.c.id > last).order_by(subscriber.c.id).limit(_PAGE)
        ).all()
        yield from map(_subscriber, page)
        if len(page) < _PAGE:
            return
        last = page[-1].id


def count(conn: Connection, newsletter: str) -> dict[SubscriberState, int]:
    """Count the subscribers in each state, zeros included."""
    rows = conn.execute(
        select(subscriber.c.state, func.count())
        .where(subscriber.c.newsletter == newsletter)
        .group_by(subscriber.c.state)
    )
    return dict.fromkeys(SubscriberState, 0) | {row[0]: row[1] for row in rows}


def languages(conn: Connection, newsletter: str) -> list[str]:
    """List the languages the active subscribers asked for, the most frequent first."""
    rows = conn.execute(
        select(subscriber.c.language)
        .where(
            subscriber.c.newsletter == newsletter,
            subscriber.c.state == SubscriberState.ACTIVE,
            subscriber.c.language.is_not(None),
        )
        .group_by(subscriber.c.language)
        .order_by(func.count().desc(), subscriber.c.language)
        .limit(MOST_LANGUAGES)
    )
    return [row.language for row in rows]


def timezones(conn: Connection, newsletter: str) -> list[str]:
    """List the time zones of the active subscribers, as far as they are known."""
    rows = conn.execute(
        select(subscriber.c.timezone)
        .where(
            subscriber.c.newsletter == newsletter,
            subscriber.c.state == SubscriberState.ACTIVE,
            subscriber.c.timezone.is_not(None),
        )
        .distinct()
        .order_by(subscriber.c.timezone)
    )
    return [row.timezone for row in rows]


def consents(conn: Connection, subscriber_id: int) -> list[Consent]:
    """List why we may write to someone, and every change since, oldest first."""
    rows = conn.execute(
        select(consent).where(consent.c.subscriber == subscriber_id).order_by(consent.c.id)
    )
    return [Consent(row.source, row.words, row.at) for row in rows]


# --- changing -----------------------------------------------------------------


def set_state(
    conn: Connection, subscriber_id: int, state: SubscriberState, now: datetime, words: str
) -> bool:
    """Move a subscriber to a state and remember why; False when already there or unknown.

    Who becomes active joins at that moment.
    """
    changed = conn.execute(
        update(subscriber)
        .where(subscriber.c.id == subscriber_id, subscriber.c.state != state)
        .values(
            state=state,
            joined=now if state is SubscriberState.ACTIVE else subscriber.c.joined,
        )
    ).rowcount
    if changed:
        _consented(conn, subscriber_id, Consent(state.value, words, now))
    return bool(changed)


def suppress(conn: Connection, newsletter: str, address: str, reason: str, now: datetime) -> bool:
    """Never mail an address again, known or not; False when it was suppressed already."""
    number = conn.execute(
        insert_into(conn, suppression)
        .values(newsletter=newsletter, folded=folded(address), reason=reason, at=now)
        .on_conflict_do_nothing()
        .returning(suppression.c.id)
    ).scalar()
    return number is not None


def lift(conn: Connection, newsletter: str, address: str, *, key: bytes | None = None) -> bool:
    """Take a suppression back, and forget what bounced; with the key, of an erased address too."""
    conn.execute(_bounces(newsletter, address))
    return bool(conn.execute(suppression.delete().where(_bars(newsletter, address, key))).rowcount)


def is_suppressed(
    conn: Connection, newsletter: str, address: str, *, key: bytes | None = None
) -> str | None:
    """Give the reason why an address is never mailed, or None; the key opens erased ones."""
    reason: str | None = conn.execute(
        select(suppression.c.reason).where(_bars(newsletter, address, key)).limit(1)
    ).scalar()
    return reason


def suppressions(conn: Connection, newsletter: str) -> list[Suppression]:
    """List what is suppressed, oldest first."""
    rows = conn.execute(
        select(suppression).where(suppression.c.newsletter == newsletter).order_by(suppression.c.id)
    )
    return [Suppression(row.folded, row.reason, row.at) for row in rows]


def erase(conn: Connection, newsletter: str, address: str, key: bytes, now: datetime) -> bool:
    """Forget an address: only a keyed hash stays, so that it is never added again.

    The ledger keeps its rows without address, name and the relay's words; what still waited is
    skipped. True when there was a subscriber.
    """
    number = conn.execute(
        select(subscriber.c.id).where(
            subscriber.c.newsletter == newsletter, subscriber.c.folded == folded(address)
        )
    ).scalar()
    conn.execute(
        suppression.delete().where(
            suppression.c.newsletter == newsletter, suppression.c.folded == folded(address)
        )
    )
    conn.execute(
        insert_into(conn, suppression)
        .values(
            newsletter=newsletter,
            hash=hashed(key, newsletter, folded(address)),
            reason="erased",
            at=now,
        )
        .on_conflict_do_nothing()
    )
    conn.execute(_bounces(newsletter, address))
    _blank(conn, newsletter, address, number, now)
    if number is None:
        return False
    conn.execute(subscriber.delete().where(subscriber.c.id == number))
    return True


def _blank(
    conn: Connection, newsletter: str, address: str, number: int | None, now: datetime
) -> None:
    """Take an address out of the ledger."""
    sends = select(send.c.id).where(send.c.newsletter == newsletter)
    theirs = delivery.c.subscriber.is_(None) & (func.lower(delivery.c.address) == folded(address))
    tests = sends.where(send.c.kind == "test")
    found = select(delivery.c.id, delivery.c.send, delivery.c.lot)
    rows = list(conn.execute(found.where(delivery.c.send.in_(tests), theirs)))
    if number is not None:
        rows += conn.execute(
            found.where(delivery.c.send.in_(sends), delivery.c.subscriber == number)
        )
    # the lot first, as those do who record on it: then neither waits for the other for ever
    for row in sorted(rows, key=lambda row: (row.send, row.lot)):
        conn.execute(
            select(lot.c.id)
            .where(lot.c.send == row.send, lot.c.number == row.lot, lot.c.state != LotState.DONE)
            .with_for_update()
        )
        of_lot = (lot.c.send == row.send) & (lot.c.number == row.lot)
        conn.execute(update(lot).where(of_lot).values(tally=None))
    waiting = delivery.c.state.in_([DeliveryState.QUEUED, DeliveryState.DEFERRED])
    doubtful = (delivery.c.state == DeliveryState.IN_DOUBT) | (waiting & delivery.c.doubt)
    for row in rows:
        conn.execute(
            update(delivery)
            .where(delivery.c.id == row.id)
            .values(
                address="",
                name="",
                words="",
                subscriber=None,
                updated=now,
                state=case(
                    (doubtful, DeliveryState.IN_DOUBT.value),
                    (waiting, DeliveryState.SKIPPED.value),
                    else_=delivery.c.state,
                ),
                next_at=case((waiting | doubtful, None), else_=delivery.c.next_at),
                counts=case((waiting & ~delivery.c.doubt, False), else_=delivery.c.counts),
            )
        )
        conn.execute(update(attempt).where(attempt.c.delivery == row.id).values(words=""))


def _bounces(newsletter: str, address: str) -> Delete:
    """Forget what bounced."""
    return hard_bounce.delete().where(
        hard_bounce.c.newsletter == newsletter, hard_bounce.c.folded == folded(address)
    )


def _bars(newsletter: str, address: str, key: bytes | None) -> Any:
    bars = suppression.c.folded == folded(address)
    if key is not None:
        bars |= suppression.c.hash == hashed(key, newsletter, folded(address))
    return (suppression.c.newsletter == newsletter) & bars


def _subscriber(row: Any) -> Subscriber:
    return Subscriber(
        id=row.id,
        newsletter=row.newsletter,
        address=row.address,
        state=row.state,
        joined=row.joined,
        name=row.name,
        language=row.language,
        timezone=row.timezone,
    )


__all__ = [
    "MOST_LANGUAGES",
    "Added",
    "Suppression",
    "add",
    "consents",
    "count",
    "each",
    "erase",
    "find",
    "folded",
    "get",
    "import_rows",
    "is_suppressed",
    "languages",
    "lift",
    "normalise",
    "set_state",
    "speak",
    "suppress",
    "suppressions",
    "timezones",
    "valid",
]
