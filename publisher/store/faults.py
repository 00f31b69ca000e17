"""faults - what a driver complains of, as sentences with a remedy.

One table for each driver: the beginning of an error's name (SQLite) or of its state (PostgreSQL),
what to say, what to do. Everything that touches a database passes through `translated`; what the
tables do not know is a defect of ours and keeps its traceback.

Faults: makes StoreErrors. Never: retries. See: Store (the only user).
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from publisher.errors import StoreError

_SQLITE: Final = (
    ("SQLITE_BUSY", "another process is writing to the database and did not finish in time",
     "try again; `publisher status` shows what is running"),
    ("SQLITE_LOCKED", "another process is writing to the database and did not finish in time",
     "try again; `publisher status` shows what is running"),
    ("SQLITE_FULL", "the disk is full; nothing already saved is lost",
     "make room on the disk, then try again"),
    ("SQLITE_IOERR", "the disk reports an error", "look at the system's log; the disk may be full or failing"),
    ("SQLITE_READONLY", "the database may not be written", "give this user the right to write the file and its folder"),
    ("SQLITE_CANTOPEN", "the database cannot be opened", "check that the folder exists and belongs to this user"),
    ("SQLITE_PERM", "the database may not be opened", "check that the file belongs to this user"),
    ("SQLITE_CORRUPT", "the database is damaged", "put it aside and bring back the last `publisher backup`"),
    ("SQLITE_NOTADB", "this file is no SQLite database", "put it aside, or name another in publisher.toml"),
)  # fmt: skip

_REACH: Final = "check that it runs and that the database address is right"
_POSTGRES: Final = (
    ("55P03", "another process holds what is to be written and did not finish in time", "try again"),
    ("40", "another process wrote the same at the same time", "try again"),
    ("53100", "the disk of the database server is full; nothing already saved is lost",
     "make room on the server's disk, then try again"),
    ("53", "the database server has no room for more", "raise max_connections or its memory, then try again"),
    ("25006", "the database server is read-only", "connect to the primary server"),
    ("28", "the database server refuses this user", "check user and password in the database address"),
    ("3D000", "the database does not exist", "create it: createdb NAME"),
    ("42501", "this user may not do that in the database", "make the user owner of the database"),
    ("57", "the database server stopped or cancelled the work", "try again when it is up"),
    ("08", "the database server cannot be reached", _REACH),
    ("42P01", "a table is missing", "publisher migrate"),
    ("42703", "a column is missing", "publisher migrate"),
)  # fmt: skip


@contextmanager
def translated(where: str) -> Iterator[None]:
    """Turn what a driver raises inside into a StoreError about `where`."""
    try:
        yield
    except Exception as error:
        fault = _fault(error, where)
        if fault is None:
            raise
        raise fault from error


def _fault(error: Exception, where: str) -> StoreError | None:
    if isinstance(error, PoolTimeoutError):
        return StoreError(
            "too many parts of this program use the database at once", where=where, hint="try again"
        )
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, sqlite3.Error):
        name = getattr(cause, "sqlite_errorname", "")
        if name == "SQLITE_ERROR" and str(cause).startswith(("no such table", "no such column")):
            return StoreError(f"{cause}", where=where, hint="publisher migrate")
        if str(cause) == "no such module: fts5":
            return StoreError(
                "this Python's SQLite cannot search text",
                where=where,
                hint="use a Python whose SQLite has FTS5, as Debian's and python.org's do",
            )
        return _look_up(_SQLITE, name, where)
    psycopg = sys.modules.get("psycopg")  # a home on SQLite never loads it
    if psycopg is not None and isinstance(cause, psycopg.Error):
        if cause.sqlstate is None and isinstance(cause, psycopg.OperationalError):
            # before there is a connection there is no state: the server's own words must do
            words = " ".join(str(cause).splitlines()[:1]).rpartition("failed: ")[2]
            message = f"the database server cannot be reached: {words or 'no answer'}"
            return StoreError(message, where=where, hint=_REACH)
        return _look_up(_POSTGRES, cause.sqlstate or "", where)
    return None


def _look_up(table: tuple[tuple[str, str, str], ...], name: str, where: str) -> StoreError | None:
    for beginning, message, hint in table:
        if name.startswith(beginning):
            return StoreError(message, where=where, hint=hint)
    return None
