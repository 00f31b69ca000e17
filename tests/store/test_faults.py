"""Tests of faults: whatever the database complains of is said with a remedy."""

import inspect
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from publisher.errors import StoreError
from publisher.model import (
    Consent,
    DeliveryState,
    Issue,
    Kind,
    Newsletter,
    Record,
    SendState,
    SubscriberState,
)
from publisher.store import (
    Store,
    allowances,
    barring,
    issues,
    ledger,
    listing,
    pings,
    readers,
    search,
    sends,
    shelf,
    subscribers,
)
from publisher.store.faults import translated
from publisher.store.issues import DigestRow
from publisher.store.ledger import Lot, Recorded
from publisher.store.pings import Ping
from publisher.store.readers import Tally
from publisher.store.shelf import Kept, State

NOW = datetime.fromisoformat("2026-03-06T08:00:00Z")
WHY = Consent("form", "", NOW)
LOT = Lot(1, 1, 1, 1, "me", NOW)
RECORD = Record("weekly", "id", "1", "1.md", NOW, NOW)
PURE = {
    "normalise",
    "folded",
    "valid",
    "has",
    "is_barred",
    "stamp",
    "moment",
    "forms",
    "hashed",
    "plain",
    "topics",
    "paged",
}
MODULES = (
    allowances,
    barring,
    issues,
    listing,
    search,
    shelf,
    subscribers,
    sends,
    ledger,
    pings,
    readers,
)
GIVEN: dict[str, Any] = {
    "known": (),
    "language": "zh",
    "key": b"key",
    "address": "ann@example.org",
    "addresses": (),
    "at": NOW,
    "consent": WHY,
    "content": Issue(),
    "day": NOW.date(),
    "delivery_id": 1,
    "editors": ("ann@example.org",),
    "feed_urls": ["https://news.test/rss.xml"],
    "found": LOT,
    "frm": {SendState.RUNNING},
    "held": LOT,
    "html": "",
    "hub": "https://hub.test/",
    "kind": Kind.ISSUE,
    "lease": timedelta(1),
    "newsletter": "weekly",
    "made": State("drawn", "hash"),
    "next_at": NOW,
    "place": (NOW, "1"),
    "register": "hash",
    "some": [Kept(RECORD, None)],
    "start": 0,
    "end": 10,
    "topic": "water",
    "values": ["hash"],
    "now": NOW,
    "n": 1,
    "of": Newsletter("weekly", "Weekly", hubs=("https://hub.test/",)),
    "one": Ping("weekly", "https://hub.test/", "https://news.test/rss.xml", NOW, 0, NOW, ""),
    "others": (),
    "outcomes": [Recorded(1, DeliveryState.ACCEPTED)],
    "owner": "me",
    "path": "a.md",
    "limit": 20,
    "query": "news",
    "reason": "bounce",
    "record": RECORD,
    "refused": [(1, "550 5.1.1 no such user")],
    "relay": "smtp",
    "row": DigestRow("weekly", "a.md", "h", "published", (), NOW),
    "rows": [("ann@example.org", "", None)],
    "send_id": 1,
    "slug": "1",
    "slugs": ["1"],
    "state": SubscriberState.ACTIVE,
    "subject": "",
    "subscriber_id": 1,
    "tallies": {("rss.xml", ""): Tally(fetches=1)},
    "text": "",
    "tries": 1,
    "to": SendState.PAUSED,
    "today": NOW.date(),
    "variant": "",
    "words": "",
    "note": "",
}
"""What to hand in for a parameter of a name."""


def public_functions() -> list[Any]:
    """Every public function of the room that takes a connection."""
    found = {}
    for module in MODULES:
        for name, function in vars(module).items():
            if name.startswith("_") or not inspect.isfunction(function) or name in PURE:
                continue
            if function.__module__.startswith("publisher.store") and "schema" not in (
                function.__module__
            ):
                found[f"{function.__module__}.{name}"] = function
    return [
        pytest.param(each, id=name.removeprefix("publisher.store.")) for name, each in found.items()
    ]


def call(function: Callable[..., Any], conn: Any) -> Any:
    """Call with something fitting for every parameter."""
    parameters = inspect.signature(function).parameters
    assert next(iter(parameters)) == "conn"
    arguments = {
        name: GIVEN[name]
        for name, each in parameters.items()
        if name != "conn" and (each.default is each.empty or name in ("key", "owner"))
    }
    result = function(conn, **arguments)
    return list(result) if inspect.isgenerator(result) else result


@contextmanager
def locked(store: Store) -> Iterator[None]:
    """Have somebody else hold everything."""
    if store.dialect == "sqlite":
        store.close()
        with sqlite3.connect(store.where, isolation_level=None) as other:
            other.execute("PRAGMA locking_mode = EXCLUSIVE")
            other.execute("BEGIN EXCLUSIVE")
            other.execute("DELETE FROM digest")
            yield
        other.close()
        return
    url = store.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url) as other:
        tables = "issue, digest, subscriber, consent, suppression, send, edition, lot, delivery, allowance"
        other.execute(
            f"LOCK TABLE {tables}, attempt, spent, hard_bounce, ping, reader, shelf, shelf_mark, shelf_entry, shelf_topic, shelf_state IN ACCESS EXCLUSIVE MODE"
        )
        yield


@pytest.mark.parametrize("function", public_functions())
def test_locked(store: Store, function: Callable[..., Any]) -> None:
    """Every public function on a locked database says so, with a remedy, and does not hang."""
    said = pytest.raises(StoreError, match="another process")
    with locked(store), said as caught, store.begin() as conn:
        call(function, conn)
    assert caught.value.hint


def test_all_functions_are_walked() -> None:
    """The walk finds the functions of every module."""
    names = {each.id for each in public_functions()}
    assert {
        "issues.save",
        "search.find",
        "subscribers.add",
        "freezing.freeze",
        "ledger.claim",
    } <= names
    assert len(names) > 40


def test_full(tmp_path: Path) -> None:
    """A full disk is said so; what was committed stays, and with room it goes on."""
    with Store.open(f"sqlite:///{tmp_path / 'publisher.db'}") as store:
        saved = 0

        def fill() -> None:
            nonlocal saved
            for page in range(100):
                rows = [(f"s{page}-{n}@example.org", "x" * 50, None) for n in range(500)]
                with store.begin() as conn:
                    conn.exec_driver_sql("PRAGMA max_page_count = 400")
                    subscribers.import_rows(conn, "weekly", rows, WHY, b"k", NOW)
                saved += len(rows)

        with pytest.raises(StoreError, match="disk is full") as caught:
            fill()
        assert "make room" in caught.value.hint
        assert saved
        with store.begin() as conn:
            conn.exec_driver_sql("PRAGMA max_page_count = 100000")
            assert subscribers.count(conn, "weekly")[SubscriberState.ACTIVE] == saved
            assert conn.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
            rows = [(f"again{n}@example.org", "", None) for n in range(500)]
            subscribers.import_rows(conn, "weekly", rows, WHY, b"k", NOW)


def test_missing_table(store: Store) -> None:
    """A table that is not there asks for a migration."""
    with pytest.raises(StoreError) as caught, store.begin() as conn:
        conn.execute(text("SELECT * FROM weather"))
    assert caught.value.hint == "publisher migrate"


def test_not_a_database(tmp_path: Path) -> None:
    """A file that is something else is named as such and left alone."""
    path = tmp_path / "publisher.db"
    path.write_text("precious " * 100)
    with pytest.raises(StoreError, match="no SQLite database") as caught:
        Store.open(f"sqlite:///{path}")
    assert caught.value.where == str(path)
    assert path.read_text() == "precious " * 100


def test_folder_instead_of_file(tmp_path: Path) -> None:
    """A folder is no database."""
    with pytest.raises(StoreError, match="cannot be opened"):
        Store.open(f"sqlite:///{tmp_path}")


def test_no_such_database(postgres_url: str) -> None:
    """A database nobody made is named, with the command that makes it."""
    with pytest.raises(StoreError, match='database "nowhere" does not exist') as caught:
        Store.open(postgres_url.replace("/postgres?", "/nowhere?"))
    assert caught.value.hint


def sqlite_error(name: str) -> sqlite3.Error:
    """An error as the driver makes it."""
    error = sqlite3.OperationalError("said in C")
    error.sqlite_errorname = name
    return error


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (sqlite_error("SQLITE_BUSY_SNAPSHOT"), "another process"),
        (sqlite_error("SQLITE_LOCKED"), "another process"),
        (sqlite_error("SQLITE_FULL"), "disk is full"),
        (sqlite_error("SQLITE_IOERR_FSYNC"), "reports an error"),
        (sqlite_error("SQLITE_READONLY_DBMOVED"), "may not be written"),
        (sqlite_error("SQLITE_CORRUPT_INDEX"), "damaged"),
        (sqlite_error("SQLITE_PERM"), "may not be opened"),
        (psycopg.errors.LockNotAvailable(), "another process"),
        (psycopg.errors.DeadlockDetected(), "another process"),
        (psycopg.errors.SerializationFailure(), "another process"),
        (psycopg.errors.DiskFull(), "is full"),
        (psycopg.errors.TooManyConnections(), "no room"),
        (psycopg.errors.ReadOnlySqlTransaction(), "read-only"),
        (psycopg.errors.InvalidPassword(), "refuses this user"),
        (psycopg.errors.InvalidCatalogName(), "does not exist"),
        (psycopg.errors.InsufficientPrivilege(), "may not do that"),
        (psycopg.errors.AdminShutdown(), "stopped"),
        (psycopg.errors.ConnectionFailure(), "cannot be reached"),
        (psycopg.OperationalError(), "cannot be reached"),
        (psycopg.errors.UndefinedTable(), "table is missing"),
        (psycopg.errors.UndefinedColumn(), "column is missing"),
        (PoolTimeoutError(), "too many parts"),
    ],
)
def test_table(error: Exception, words: str) -> None:
    """Each complaint of a driver has its sentence and its remedy, bare or wrapped."""
    for raised in (error, DBAPIError("SELECT 1", {}, error)):
        if isinstance(error, PoolTimeoutError) and raised is not error:
            continue
        with pytest.raises(StoreError, match=words) as caught, translated("here"):
            raise raised
        assert caught.value.hint
        assert caught.value.where == "here"
        assert caught.value.__cause__ is raised


def test_without_full_text_search() -> None:
    """A SQLite that was built without FTS5 is named, and one that has it."""
    missing = sqlite3.OperationalError("no such module: fts5")
    with pytest.raises(StoreError, match="cannot search text") as caught, translated("here"):
        raise missing
    assert "FTS5" in caught.value.hint


@pytest.mark.parametrize(
    "error",
    [
        sqlite3.ProgrammingError("x"),
        psycopg.errors.SyntaxError(),
        sqlite_error("SQLITE_CONSTRAINT"),
    ],
)
def test_defects_keep_their_traceback(error: Exception) -> None:
    """What is our own mistake is not dressed up."""
    with pytest.raises(type(error)), translated("here"):
        raise error
