"""raw - statements of the hot path, written out and given to the driver as they are.

Sending runs a dozen statements for each lot, over and over; here each is one step that runs in C,
without the interpreter's lock, however many rows it moves. Many values travel as one parameter: a
JSON document on SQLite, arrays on PostgreSQL.

Faults: the driver's, by way of the connection. Never: transactions. See: ledger, outcomes (users).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.dialects import sqlite

from publisher.store.schema import Moment, Words

_NAMED = re.compile(r":([a-z_0-9]+)")
_MOMENT = Moment()
_WORDS = Words()
_ANY = sqlite.dialect()


class Statement:
    """One statement, with `:name` for a value; where the two differ, each has its own text."""

    def __init__(self, text: str, *, postgresql: str | None = None) -> None:
        other = text if postgresql is None else postgresql
        self._texts: Mapping[str, str] = {
            "sqlite": text,
            "postgresql": _NAMED.sub(r"%(\1)s", other.replace("%", "%%")),
        }

    def __call__(self, conn: Connection, **values: Any) -> Any:
        """Run it; give the driver's cursor."""
        driver: Any = conn.connection.driver_connection
        return driver.execute(self._texts[conn.dialect.name], values)


def stamp(conn: Connection, value: datetime | None) -> Any:
    """Write a moment as the columns of this database hold it."""
    return _MOMENT.process_bind_param(value, conn.dialect)


def moment(value: Any) -> datetime | None:
    """Read a moment as a column held it."""
    if value is None:
        return None
    found = datetime.fromisoformat(value) if isinstance(value, str) else value
    there: datetime = found.astimezone(UTC)
    return there


def plain(words: str | None) -> str | None:
    """Leave out of free text what no database takes."""
    return _WORDS.process_bind_param(words, _ANY)
