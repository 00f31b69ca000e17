"""subscribers - who may be written to, why, and who never again.

An address belongs to one newsletter once; it is compared without regard to case and kept as it was
given. Every change of heart is a row of consent, so that the history of a subscriber can be shown.
What is suppressed is refused by everything that adds; of what was erased only a keyed hash stays,
so whoever adds hands in the key.

Faults: RefusedError for an address nobody can have, StoreError from the database. Never: sends.
See: signup (double opt-in), barring (asked again in the moment of sending).
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, TypeAlias

from sqlalchemy import Connection, case, func, insert, literal, or_, select, update

from publisher.domains import dns_name
from publisher.errors import RefusedError
from publisher.model import Consent, DeliveryState, Subscriber, SubscriberState
from publisher.store.schema import (
    LotState,
    attempt,
    consent,
    delivery,
    hard_bounce,
    insert_into,
    is_one_of,
    lot,
    row_source,
    send,
    subscriber,
    suppression,
)

_PAGE: Final = 1000
_CHUNK: Final = 500
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_UNPRINTABLE = re.compile(r"[\s\x00-\x1f\x7f-\x9f]")


class Added(StrEnum):
    """What became of an address that was to be added."""

    ADDED = "added"
    KNOWN = "known"
    CHANGED = "known already; the language is changed"
    REVIVED = "revived"  # was there, pending or unsubscribed, and has the new state now
    LEFT = "left"  # unsubscribed; an import does not bring anyone back
    SUPPRESSED = "suppressed"
    INVALID = "invalid"


MOST_LANGUAGES: Final = 500
"""What is imported may call itself any language; each one told apart is a clause of a statement."""


@dataclass(frozen=True, slots=True)
class Suppression:
    """An address that is never mailed; None where it was erased and only its hash is left."""

    address: str | None
    reason: str
    at: datetime


# --- addresses ----------------------------------------------------------------


def normalise(address: str) -> str:
    """Strip an address and write its domain in lower-case ASCII; the local part stays."""
    local, at, domain = address.strip().rpartition("@")
    try:
        return local + at + dns_name(domain)
    except ValueError:
        return local + at + domain.lower()  # `valid` says why it will not do


def folded(address: str) -> str:
    """Give the form in which addresses are compared."""
    return normalise(address).casefold()


def valid(address: str) -> str | None:
    """Say in words why nobody can have this address, or None when it will do."""
    address = normalise(address)
    local, _, domain = address.rpartition("@")
    labels = domain.split(".")
    if not address:
        return "it is empty"
    if _UNPRINTABLE.search(address) or "<" in address or ">" in address:
        return "it contains a space, a control character or an angle bracket"
    if address.count("@") != 1:
        return "it needs exactly one @"
    if not local.isascii():
        return "the part before the @ is not ASCII"
    if len(local) > 64 or len(address) > 254:
        return "it is too long"
    if not _LOCAL.fullmatch(local):
        return "the part before the @ is not written as mail servers read it"
    try:
        dns_name(domain)
    except ValueError as fault:
        return f"the part after the @ is no domain name: {fault}"
    if not all(_LABEL.fullmatch(label) for label in labels):
        return "the part after the @ is no domain name"
    if domain != "localhost" and (len(labels) < 2 or labels[-1].isdigit()):
        return "the part after the @ is no full domain name"
    return None


def _hash(key: bytes, newsletter: str, address: str) -> str:
    text = f"suppressed\0{newsletter}\0{folded(address)}"
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


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


Imported: TypeAlias = tuple[str, str, str | None] | tuple[str, str, str | None, str | None]
"""Address, name, language and, where it was told, time zone."""


def import_rows(
    conn: Connection,
    newsletter: str,
    rows: Sequence[Imported],
    consent: Consent,
    key: bytes,
    now: datetime,
) -> list[Added]:
    """Add many as active; say of each row, in order, what became of it.

    Nobody who left or was suppressed comes back this way, and nobody known is changed.
    """
    outcomes: list[Added | None] = [None] * len(rows)
    fresh: dict[str, int] = {}
    for place, (address, *_) in enumerate(rows):
        if valid(address) is not None:
            outcomes[place] = Added.INVALID
        elif fresh.setdefault(folded(address), place) != place:
            outcomes[place] = Added.KNOWN
    wanted = list(fresh)
    for start in range(0, len(wanted), _CHUNK):
        page = wanted[start : start + _CHUNK]
        taken = _taken(conn, newsletter, page, key)
        for form in page:
            outcomes[fresh[form]] = taken.get(form, Added.ADDED)
        new = [form for form in page if form not in taken]
        if new:
            people = [(form, *_whole(rows[fresh[form]])) for form in new]
            _insert(conn, newsletter, people, consent, now)
    return [outcome for outcome in outcomes if outcome is not None]


def _whole(row: Imported) -> tuple[str, str, str | None, str | None]:
    return row if len(row) == 4 else (*row, None)


def _taken(conn: Connection, newsletter: str, forms: list[str], key: bytes) -> dict[str, Added]:
    """Find what stands against adding: known, left, suppressed."""
    known = conn.execute(
        select(subscriber.c.folded, subscriber.c.state).where(
            subscriber.c.newsletter == newsletter, is_one_of(conn, subscriber.c.folded, forms)
        )
    )
    taken = {
        form: Added.LEFT if state is SubscriberState.UNSUBSCRIBED else Added.KNOWN
        for form, state in known
    }
    hashes = {_hash(key, newsletter, form): form for form in forms}
    barred = conn.execute(
        select(suppression.c.folded, suppression.c.hash).where(
            suppression.c.newsletter == newsletter,
            or_(
                is_one_of(conn, suppression.c.folded, forms),
                is_one_of(conn, suppression.c.hash, list(hashes)),
            ),
        )
    )
    for form, digest in barred:
        taken[form if form is not None else hashes[digest]] = Added.SUPPRESSED
    return taken


def _insert(
    conn: Connection,
    newsletter: str,
    rows: list[tuple[str, str, str, str | None, str | None]],
    why: Consent,
    now: datetime,
) -> None:
    forms, given, names, languages, zones = zip(*rows, strict=True)
    person = {
        "folded": forms,
        "address": [normalise(address) for address in given],
        "name": names,
        "language": languages,
        "timezone": zones,
    }
    shared = {"newsletter": newsletter, "state": SubscriberState.ACTIVE, "joined": now}
    new = insert_into(conn, subscriber)
    if conn.dialect.name == "sqlite":
        each_one = zip(*person.values(), strict=True)
        conn.execute(
            new.on_conflict_do_nothing(),
            [dict(zip(person, one, strict=True)) | shared for one in each_one],
        )
    else:
        source = row_source(**{n: (subscriber.c[n].type, held) for n, held in person.items()})
        common = [literal(value, subscriber.c[n].type) for n, value in shared.items()]
        people = select(*source.c, *common)
        conn.execute(new.from_select([*person, *shared], people).on_conflict_do_nothing())
    added = select(
        subscriber.c.id,
        literal(why.source, consent.c.source.type),
        literal(why.words, consent.c.words.type),
        literal(why.at, consent.c.at.type),
    ).where(subscriber.c.newsletter == newsletter, is_one_of(conn, subscriber.c.folded, forms))
    conn.execute(insert(consent).from_select(["subscriber", "source", "words", "at"], added))


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
    """List the time zones of the active subscribers."""
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
    conn.execute(
        hard_bounce.delete().where(
            hard_bounce.c.newsletter == newsletter, hard_bounce.c.folded == folded(address)
        )
    )
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
            newsletter=newsletter, hash=_hash(key, newsletter, address), reason="erased", at=now
        )
        .on_conflict_do_nothing()
    )
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


def _bars(newsletter: str, address: str, key: bytes | None) -> Any:
    bars = suppression.c.folded == folded(address)
    if key is not None:
        bars |= suppression.c.hash == _hash(key, newsletter, address)
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
