"""importing - many people at once: looked through, added, and their consent recorded.

What the database knows already it tells by what it did not add, so a new list is written without
being looked up first: by the driver on SQLite, by COPY and one statement on PostgreSQL.

Faults: StoreError from the database. Never: brings back who left or was suppressed, changes who is
known. See: subscribers (re-exports this), cli.people (reads the files).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from itertools import islice
from typing import Any, Final, TypeAlias

from sqlalchemy import Connection

from publisher.model import Consent, SubscriberState
from publisher.store.forms import forms, hashed
from publisher.store.raw import Statement, plain, stamp

_PAGE: Final = 10_000

Person: TypeAlias = tuple[str, str, str | None] | tuple[str, str, str | None, str | None]
"""Address, name, language, and the time zone if that is known."""


class Added(StrEnum):
    """What became of an address that was to be added."""

    ADDED = "added"
    KNOWN = "known"
    CHANGED = "known already; the language is changed"
    REVIVED = "revived"  # was there, pending or unsubscribed, and has the new state now
    LEFT = "left"  # unsubscribed; an import does not bring anyone back
    SUPPRESSED = "suppressed"
    INVALID = "invalid"


def import_rows(
    conn: Connection,
    newsletter: str,
    rows: Sequence[Person],
    consent: Consent,
    key: bytes,
    now: datetime,
) -> list[Added]:
    """Add many people as active; say of each row, in order, what became of it.

    Nobody who left or was suppressed comes back this way, and nobody known is changed.
    """
    outcomes = [Added.ADDED] * len(rows)
    places: dict[str, int] = {}
    people: dict[str, tuple[Any, ...]] = {}
    for place, row in enumerate(rows):
        both = forms(row[0])
        if both is None:
            outcomes[place] = Added.INVALID
            continue
        address, form = both
        if form in places:
            outcomes[place] = Added.KNOWN
            continue
        places[form] = place
        zone = row[3] if len(row) > 3 else None
        people[form] = (address, form, plain(row[1]), plain(row[2]), plain(zone))
    for form in _suppressed(conn, newsletter, list(people), key):
        outcomes[places[form]] = Added.SUPPRESSED
        del people[form]
    left = iter(people.values())
    while page := list(islice(left, _PAGE)):
        for form, state in _add(conn, newsletter, page, consent, now):
            is_gone = state == SubscriberState.UNSUBSCRIBED
            outcomes[places[form]] = Added.LEFT if is_gone else Added.KNOWN
    return outcomes


# --- suppressed ---------------------------------------------------------------

_ANY: Final = Statement(
    """
    SELECT EXISTS (SELECT 1 FROM suppression WHERE newsletter = :newsletter AND folded IS NOT NULL),
           EXISTS (SELECT 1 FROM suppression WHERE newsletter = :newsletter AND hash IS NOT NULL)
    """
)
_LISTED: Final = """
    SELECT {column} FROM suppression
    WHERE newsletter = :newsletter AND {column} IN (SELECT value FROM json_each(:some))
    """
_LISTED_PG: Final = """
    SELECT {column} FROM suppression
    WHERE newsletter = :newsletter AND {column} = ANY (CAST(:some AS text[]))
    """


def _listed(column: str) -> Statement:
    return Statement(_LISTED.format(column=column), postgresql=_LISTED_PG.format(column=column))


_BY_FORM: Final = _listed("folded")
_BY_HASH: Final = _listed("hash")


def _suppressed(conn: Connection, newsletter: str, wanted: list[str], key: bytes) -> set[str]:
    """Find who of these is suppressed; hashes are made only where there is one to compare with."""
    by_form, by_hash = _ANY(conn, newsletter=newsletter).fetchone()
    found: set[str] = set()
    if by_form:
        rows = _BY_FORM(conn, newsletter=newsletter, some=_many(conn, wanted))
        found.update(row[0] for row in rows)
    if by_hash:
        hashes = {hashed(key, newsletter, form): form for form in wanted}
        rows = _BY_HASH(conn, newsletter=newsletter, some=_many(conn, list(hashes)))
        found.update(hashes[row[0]] for row in rows)
    return found


def _many(conn: Connection, values: list[str]) -> Any:
    return json.dumps(values) if conn.dialect.name == "sqlite" else values


# --- adding -------------------------------------------------------------------

_LAST: Final = Statement("SELECT coalesce(max(id), 0) FROM subscriber")
_INSERT: Final = """
    INSERT INTO subscriber
      (address, folded, name, language, timezone, newsletter, state, joined)
    VALUES (?, ?, ?, ?, ?, ?, 'active', ?)
    ON CONFLICT DO NOTHING
    """
_CONSENT: Final = Statement(
    """
    INSERT INTO consent (subscriber, source, words, at)
    SELECT id, :source, :words, :at FROM subscriber WHERE id > :last ORDER BY id
    """
)
_KNOWN: Final = Statement(
    """
    SELECT folded, state FROM subscriber
    WHERE newsletter = :newsletter AND folded IN (SELECT value FROM json_each(:some))
      AND id <= :last
    """
)


def _add(
    conn: Connection,
    newsletter: str,
    people: Sequence[tuple[Any, ...]],
    why: Consent,
    now: datetime,
) -> Iterable[tuple[str, str]]:
    """Add who is new, with their consent; give those who are known, with their states."""
    told = {"source": plain(why.source), "words": plain(why.words), "at": stamp(conn, why.at)}
    at = stamp(conn, now)
    if conn.dialect.name != "sqlite":
        return _copied(conn, people, newsletter=newsletter, now=at, **told)
    driver: Any = conn.connection.driver_connection
    # nobody else writes until we commit, and no number is used twice: what is above is new
    (last,) = _LAST(conn).fetchone()
    driver.executemany(_INSERT, [(*one, newsletter, at) for one in people])
    if _CONSENT(conn, last=last, **told).rowcount == len(people):
        return []
    some = json.dumps([one[1] for one in people])
    known: Iterable[tuple[str, str]] = _KNOWN(conn, newsletter=newsletter, some=some, last=last)
    return known


_STAGE: Final = Statement(
    """
    CREATE TEMPORARY TABLE IF NOT EXISTS imported
      (address text, folded text, name text, language text, timezone text) ON COMMIT DELETE ROWS
    """
)
_EMPTY: Final = Statement("TRUNCATE imported")
_COPY: Final = "COPY imported (address, folded, name, language, timezone) FROM STDIN"
# known is who was not added; their states alone are looked up, one by one. A join of all with
# `subscriber` was 0.2 s of each page at 600,000 people: it is planned by old statistics, reads all
_FROM_STAGE: Final = Statement(
    """
    WITH added AS (
      INSERT INTO subscriber
        (address, folded, name, language, timezone, newsletter, state, joined)
      SELECT address, folded, name, language, timezone, :newsletter, 'active', :now FROM imported
      ON CONFLICT DO NOTHING RETURNING id, folded
    ), told AS (
      INSERT INTO consent (subscriber, source, words, at)
      SELECT id, CAST(:source AS text), CAST(:words AS text), :at FROM added
    )
    SELECT folded, (
      SELECT state FROM subscriber
      WHERE subscriber.newsletter = :newsletter AND subscriber.folded = imported.folded
    ) FROM imported LEFT JOIN added USING (folded) WHERE added.id IS NULL
    """
)


def _copied(
    conn: Connection, people: Iterable[tuple[Any, ...]], **told: Any
) -> list[tuple[str, str]]:
    _STAGE(conn)
    _EMPTY(conn)
    driver: Any = conn.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(_COPY) as copy:
        for one in people:
            copy.write_row(one)
    known: list[tuple[str, str]] = _FROM_STAGE(conn, **told).fetchall()
    return known
