"""Tests of the schema: the column types, the keys the database keeps, and the migrations' sum."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, create_engine, insert, inspect, select, text
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import IntegrityError, StatementError

from publisher.model import COUNTS_AS_SENT, DeliveryState, Kind
from publisher.store import Store, ledger
from publisher.store.schema import WORDS_TABLE, Moment, Words, delivery, issue, metadata

MOMENTS = st.datetimes(timezones=st.timezones())


@given(MOMENTS, MOMENTS)
def test_moments_compare_as_text(one: datetime, other: datetime) -> None:
    """On SQLite the order of the texts is the order of the moments."""
    kind, dialect = Moment(), sqlite.dialect()
    try:
        first = kind.process_bind_param(one, dialect)
        second = kind.process_bind_param(other, dialect)
    except OverflowError:
        return  # the first and the last day of the calendar, seen from elsewhere
    assert len(first) == len(second) == 27
    instants = (one.astimezone(UTC), other.astimezone(UTC))
    assert (first < second) == (instants[0] < instants[1])
    assert kind.process_result_value(first, dialect) == instants[0]


def test_moments(store: Store, now: datetime) -> None:
    """A moment comes back as the same instant, in UTC; a naive one is refused."""
    there = now.astimezone(timezone(timedelta(hours=8))) + timedelta(microseconds=1)
    row = {"newsletter": "n", "slug": "s", "published": there, "record": "{}"}
    with store.begin() as conn:
        conn.execute(insert(issue), row)
        found = conn.execute(select(issue.c.published)).scalar_one()
        assert (found, found.tzinfo) == (there, UTC)
    with pytest.raises(StatementError, match="time zone"), store.begin() as conn:
        conn.execute(insert(issue), row | {"published": now.replace(tzinfo=None)})


def test_words() -> None:
    """Free text loses what no database takes and nothing else."""
    dialect = sqlite.dialect()
    assert Words().process_bind_param("a\0b\ud800c 中文", dialect) == "ab?c 中文"
    assert Words().process_bind_param(None, dialect) is None


def row_of(kind: Kind, state: DeliveryState, send: int, now: datetime) -> dict[str, Any]:
    """A delivery to subscriber 1."""
    return {
        "counts": kind is Kind.ISSUE and state in COUNTS_AS_SENT, "send": send, "lot": 1, "issue": 1, "subscriber": 1, "kind": kind, "address": "a@x.org",
        "name": "", "variant": "", "state": state, "doubt": False, "attempts": 0, "words": "",
        "updated": now,
    }  # fmt: skip


def two_sends(conn: Connection, now: datetime) -> tuple[int, int]:
    """Two sends of issue 1."""
    first, second = (
        ledger.create_send(conn, "weekly", "1", Kind.ISSUE, at=now, now=now) for _ in range(2)
    )
    return first, second


@pytest.mark.parametrize("state", list(DeliveryState))
def test_once(stocked: Store, now: datetime, state: DeliveryState) -> None:
    """The database refuses a second delivery of an issue to someone for whom the first counts."""
    counts = state in COUNTS_AS_SENT
    with stocked.begin() as conn:
        first, second = two_sends(conn, now)
        conn.execute(insert(delivery), row_of(Kind.ISSUE, state, first, now))
        conn.execute(insert(delivery), row_of(Kind.ERRATUM, DeliveryState.QUEUED, second, now))
    again = row_of(Kind.ISSUE, DeliveryState.QUEUED, second, now) | {"subscriber": 1}
    with stocked.begin() as conn:
        conn.execute(text("DELETE FROM delivery WHERE kind = 'erratum'"))
        if not counts:
            conn.execute(insert(delivery), again)
            return
    with pytest.raises(IntegrityError), stocked.begin() as conn:
        conn.execute(insert(delivery), again)


def test_once_per_send(stocked: Store, now: datetime) -> None:
    """The database refuses a second delivery of a send to someone, whatever its state."""
    with stocked.begin() as conn:
        first, _ = two_sends(conn, now)
        conn.execute(insert(delivery), row_of(Kind.ISSUE, DeliveryState.SKIPPED, first, now))
    with pytest.raises(IntegrityError), stocked.begin() as conn:
        conn.execute(insert(delivery), row_of(Kind.ISSUE, DeliveryState.SKIPPED, first, now))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE delivery SET state = 'lost'",
        "UPDATE delivery SET kind = 'joke'",
        "UPDATE delivery SET kind = 'joke', counts = FALSE",
        "UPDATE delivery SET counts = FALSE",
        "UPDATE delivery SET state = 'refused'",
        "UPDATE lot SET state = 'busy'",
        "UPDATE lot SET state = 'gone'",
        "UPDATE send SET state = 'gone'",
        "UPDATE subscriber SET state = 'dead'",
        "INSERT INTO suppression (newsletter, reason, at) VALUES ('n', '', '2026-01-01')",
        "DELETE FROM send",
    ],
)
def test_database_refuses(stocked: Store, now: datetime, statement: str) -> None:
    """What no state machine of the house allows, the database does not hold."""
    with stocked.begin() as conn:
        number, _ = two_sends(conn, now)
        ledger.freeze(conn, number, "v", now)
    with pytest.raises(IntegrityError), stocked.begin() as conn:
        conn.execute(text(statement))


def facts(conn: Connection) -> dict[str, Any]:
    """What Alembic does not compare: the checks, the partial indexes, the counters."""
    found = inspect(conn)
    checks = {
        (table, check["name"]): check["sqltext"].replace(" ", "").lower()
        for table in found.get_table_names()
        for check in found.get_check_constraints(table)
    }
    if conn.dialect.name == "sqlite":
        partial = "SELECT name, sql FROM sqlite_master WHERE sql LIKE 'CREATE%INDEX%' OR sql LIKE 'CREATE V%'"
        counters = "SELECT name FROM sqlite_master WHERE sql LIKE '%AUTOINCREMENT%' ORDER BY name"
    else:
        partial = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"
        counters = (
            "SELECT table_name, column_name, data_type, collation_name, column_default"
            " FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2"
        )
    indexes = {row[0]: row[1] for row in conn.execute(text(partial))}
    for one in (checks, indexes):
        for key in [key for key in one if "alembic" in str(key)]:
            del one[key]
    rows = [tuple(row) for row in conn.execute(text(counters)) if "alembic" not in row[0]]
    return {"checks": checks, "indexes": indexes, "counters": rows}


def is_describable(name: str | None, kind: str, _: Any) -> bool:
    """Whether Alembic may know a thing of this name."""
    return not (kind == "table" and str(name).startswith(WORDS_TABLE))


def test_schema_is_the_sum_of_the_migrations(
    store: Store, request: pytest.FixtureRequest, tmp_path: Any
) -> None:
    """Tables made from the metadata and tables made by the scripts are the same."""
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    with store.begin() as conn:
        # the words of the search are tables of the database's own kind; `facts` sees those of one
        opts = {"compare_type": True, "include_name": is_describable}
        context = MigrationContext.configure(conn, opts=opts)
        assert compare_metadata(context, metadata) == []
        migrated = facts(conn)
    if store.dialect == "sqlite":
        engine = create_engine(f"sqlite:///{tmp_path / 'other.db'}")
    else:
        empty = request.getfixturevalue("postgres_empty")
        engine = create_engine(empty.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as conn:
        metadata.create_all(conn)
        assert facts(conn) == migrated
    engine.dispose()
