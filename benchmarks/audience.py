"""audience - how quickly people are imported and an audience is frozen, beside the bare database.

    python benchmarks/audience.py [--people N] [--rounds N] [--only import|freeze] [--json]

Import: a CSV with name, language and time zone goes in by the command's own code, each line read,
checked, counted and given its consent; beside it the very rows by `sqlite3.executemany` (PostgreSQL:
COPY) into the same tables with the same indexes. Freeze: the audience of an issue with a canary, an
editor, two languages and suppressions becomes deliveries and lots, beside a bare INSERT .. SELECT of
the same columns into the same table. In each round both run, one after the other; processor time
on SQLite, the kernel's included, and wall clock where a server does the work; 1 is as quick as the
bare database.
PostgreSQL is one of our own, started for it.
Faults: exit 1 where a `must` is not met. Never: sends. See: README.md beside it, store/freezing.
"""

from __future__ import annotations

import argparse
import csv
import io
import sqlite3
import sys
import tempfile
import uuid
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter, process_time

import psycopg
from figures import Row, document, row
from sqlalchemy import text
from tools import postgresql
from tools.running import Unfit

from publisher.cli.people import admit, read_rows
from publisher.model import Consent, Issue, Kind, Record
from publisher.store import Store, issues, sends, subscribers

NOW = datetime(2026, 5, 1, 8, tzinfo=UTC)
STAMP = "2026-05-01T08:00:00.000000Z"
WHY = Consent("import", "imported by the benchmark", NOW)
KEY = b"0123456789abcdef"
ZONES = ("Europe/Berlin", "Asia/Shanghai", "America/New_York", "")
AT_ONCE = 10_000
BARE = """
    INSERT INTO delivery (send, lot, issue, subscriber, kind, address, name, variant, state, doubt,
                          attempts, next_at, words, updated, counts)
    SELECT {send}, 1, 1, id, 'issue', address, name, 'en/digest/', 'queued', FALSE, 0, NULL, '',
           '2026-05-01T08:00:00.000000Z', TRUE
    FROM subscriber WHERE newsletter = 'weekly' AND state = 'active' ORDER BY id
"""


def people(number: int) -> list[tuple[str, str, str, str]]:
    """Invented people."""
    return [
        (f"reader{n}@example{n % 997}.org", f"Reader {n}", ("en", "zh-CN")[n % 2], ZONES[n % 4])
        for n in range(number)
    ]


def clock(store: Store) -> float:
    """Tell the time: the processor's where the database is in this process."""
    return process_time() if store.dialect == "sqlite" else perf_counter()


@contextmanager
def opened(url: str | None) -> Iterator[Store]:
    """Make a new database: a file of SQLite, or one on a server that goes when it is done with."""
    if url is None:
        with (
            tempfile.TemporaryDirectory() as folder,
            Store.open(f"sqlite:///{Path(folder) / 'publisher.db'}") as store,
        ):
            yield store
        return
    name = f"bench{uuid.uuid4().hex}"
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute(f"CREATE DATABASE {name}")
    try:
        before, _, after = url.partition("/postgres?")
        with Store.open(f"{before}/{name}?{after}") as store:
            yield store
    finally:
        with psycopg.connect(url, autocommit=True) as conn:
            conn.execute(f"DROP DATABASE {name} WITH (FORCE)")


# --- import -------------------------------------------------------------------


def import_ours(store: Store, document: bytes) -> float:
    """Import a document as the command does; give the seconds."""
    begun = clock(store)
    told = admit(store, "weekly", read_rows(document), WHY, KEY, NOW)
    seconds = clock(store) - begun
    assert told.counts[subscribers.Added.ADDED], told
    return seconds


def import_bare(store: Store, document: bytes) -> float:
    """Put the same rows into the same tables by the driver alone; give the seconds."""
    begun = clock(store)
    lines = list(csv.reader(io.StringIO(document.decode())))[1:]
    if store.dialect == "sqlite":
        _many(store.where, lines)
    else:
        _copy(store, lines)
    return clock(store) - begun


PERSON = "id, newsletter, address, folded, name, language, state, joined, timezone"
CONSENT = "subscriber, source, words, at"


def _rows(lines: list[list[str]]) -> Iterator[tuple[object, ...]]:
    for number, (address, name, language, zone) in enumerate(lines, 1):
        yield (
            number, "weekly", address, address, name, language, "active", STAMP, zone or None,
        )  # fmt: skip


def _many(path: str, lines: list[list[str]]) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as conn:
        conn.execute("PRAGMA synchronous = FULL")
        conn.execute("PRAGMA foreign_keys = ON")
        for start in range(0, len(lines), AT_ONCE):
            some = list(_rows(lines[start : start + AT_ONCE]))
            conn.execute("BEGIN IMMEDIATE")
            conn.executemany(
                f"INSERT INTO subscriber ({PERSON}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [(start + at, *one[1:]) for at, one in enumerate(some, 1)],
            )
            conn.executemany(
                f"INSERT INTO consent ({CONSENT}) VALUES (?, ?, ?, ?)",
                [(start + at, WHY.source, WHY.words, STAMP) for at in range(1, len(some) + 1)],
            )
            conn.execute("COMMIT")


def _copy(store: Store, lines: list[list[str]]) -> None:
    url = store.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url) as conn, conn.cursor() as cursor:
        with cursor.copy(f"COPY subscriber ({PERSON}) FROM STDIN") as copy:
            for one in _rows(lines):
                copy.write_row(one)
        with cursor.copy(f"COPY consent ({CONSENT}) FROM STDIN") as copy:
            for number in range(1, len(lines) + 1):
                copy.write_row((number, WHY.source, WHY.words, STAMP))


def measure_import(url: str | None, number: int) -> float:
    """One round of importing, ours and bare; how quick ours is to the bare one."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["email", "name", "language", "timezone"])
    writer.writerows(people(number))
    document = out.getvalue().encode()
    with opened(url) as store:
        ours = import_ours(store, document)
    with opened(url) as store:
        bare = import_bare(store, document)
    return bare / ours


# --- freeze -------------------------------------------------------------------


def stock(store: Store, number: int) -> None:
    """Fill a database with an issue and people, a hundredth of them suppressed."""
    record = Record("weekly", "urn:uuid:1", "1", "1.md", NOW, NOW, number=1, title="One")
    with store.begin() as conn:
        issues.save(conn, record, Issue(title="One"))
    invented = people(number)
    for start in range(0, number, AT_ONCE):
        with store.begin() as conn:
            some = [one[:3] for one in invented[start : start + AT_ONCE]]
            subscribers.import_rows(conn, "weekly", some, WHY, KEY, NOW)
            for address, *_ in some[::1000]:
                subscribers.suppress(conn, "weekly", address, "complaint", NOW)
    if store.dialect != "sqlite":
        with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
            conn.execute(text("VACUUM ANALYZE"))


def measure_freeze(url: str | None, number: int) -> float:
    """One round of freezing, ours and bare; how quick ours is to the bare one."""
    with opened(url) as store:
        stock(store, number)
        with store.begin() as conn:
            first = sends.create_send(conn, "weekly", "1", Kind.ISSUE, at=NOW, now=NOW)
        begun = clock(store)
        with store.begin() as conn:
            sends.freeze(
                conn, first, "en/digest/", NOW, languages={"zh-CN": "zh/digest/"},
                editors=["reader77@example77.org"], canary=number // 100,
            )  # fmt: skip
        ours = clock(store) - begun
    with opened(url) as store:
        stock(store, number)
        with store.begin() as conn:
            first = sends.create_send(conn, "weekly", "1", Kind.ISSUE, at=NOW, now=NOW)
        begun = clock(store)
        with store.begin() as conn:
            conn.execute(text(BARE.format(send=first)))
        return (clock(store) - begun) / ours


def measured(url: str | None, people: int, rounds: int, wanted: Collection[str]) -> Iterator[Row]:
    """Give the rows of one database: SQLite, or the PostgreSQL at an address."""
    name, peer = ("SQLite", "executemany") if url is None else ("PostgreSQL", "COPY")
    goal, must = (0.8, 0.5) if url is None else (0.5, 0.4)
    if "import" in wanted:
        found = [measure_import(url, people) for _ in range(rounds)]
        what = f"import of {people:,}, {name}, to {peer}"
        yield row(what, found, "x", "higher", goal=goal, must=must)
    if "freeze" in wanted:
        found = [measure_freeze(url, people) for _ in range(rounds)]
        what = f"freeze of {people:,}, {name}, to INSERT .. SELECT"
        yield row(what, found, "x", "higher", goal=0.9, must=0.7)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=["import", "freeze"], action="append")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    given = parser.parse_args()
    wanted = given.only or ["import", "freeze"]
    rows = list(measured(None, given.people, given.rounds, wanted))
    try:
        with postgresql.running() as url:
            rows += measured(url, given.people, given.rounds, wanted)
    except Unfit as fault:
        print(f"audience: {fault}", file=sys.stderr)
    print(document(rows) if given.json else "\n".join(map(str, rows)))
    return 0 if all(one.is_met for one in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
