"""store - the only SQL in the house: one schema, on SQLite or PostgreSQL.

A `Store` is opened once per process and shared by its threads; all other functions of the room take
a connection from `begin` (writes) or `read` (a snapshot, nothing may be written). On SQLite every
write transaction takes its lock at once (BEGIN IMMEDIATE): one that began by reading and wants to
write later would fail without waiting. Nothing is acknowledged before it is on disk.

Faults: StoreError, with a remedy (the table in `faults`). Never: asks the time, decides.
See: schema (tables), issues, subscribers, ledger (statements), versions (migrations).
"""

from __future__ import annotations

import os
import sqlite3
import weakref
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from publisher.errors import StoreError
from publisher.store import versions
from publisher.store.faults import translated
from publisher.store.versions import Schema

_stores: weakref.WeakSet[Store] = weakref.WeakSet()


class Store:
    """A database, opened; see the module for how it behaves."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.dialect = engine.dialect.name
        self.where = _place(engine.url)
        _stores.add(self)

    @classmethod
    def open(cls, url: str, *, any_schema: bool = False, patience: float = 5.0) -> Self:
        """Open a database; an empty one gets its tables, an older SQLite file is migrated.

        Refuses a newer schema, and on PostgreSQL an older one, where other hosts may still work on
        it; `any_schema` refuses and changes nothing. `patience`: seconds to wait for a lock.
        """
        try:
            address = make_url(url)
        except ArgumentError as error:
            raise StoreError(
                "the database address cannot be read", hint="sqlite:////srv/news/publisher.db"
            ) from error
        if address.drivername in ("postgresql", "postgres"):
            address = address.set(drivername="postgresql+psycopg")
        if address.drivername not in ("sqlite", "postgresql+psycopg"):
            raise StoreError(
                f"{address.drivername} is no database Publisher knows",
                hint="sqlite:///... or postgresql://...",
            )
        store = cls(_engine(address, patience))
        try:
            with translated(store.where):
                if store.dialect == "sqlite":
                    _make_private(store.where)
                if not any_schema:
                    store._suit()
        except BaseException:
            store.close()
            raise
        return store

    def _suit(self) -> None:
        state = self.state()
        if state is Schema.NEWER:
            raise StoreError(
                "the database was written by a newer Publisher",
                where=self.where,
                hint="install that version again, or bring back a backup from before",
            )
        if state is Schema.OLDER and self.dialect != "sqlite":
            raise StoreError(
                "the database has an older schema", where=self.where, hint="publisher migrate"
            )
        if state is not Schema.CURRENT:
            self.migrate()

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """Write: everything inside is one durable commit, or nothing of it happens."""
        with translated(self.where), self.engine.begin() as conn:
            yield conn

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Read one snapshot; a write inside is refused by the database."""
        with translated(self.where), self._reading.begin() as conn:
            yield conn

    @cached_property
    def _reading(self) -> Engine:
        if self.dialect == "sqlite":
            return self.engine.execution_options(reading=True)
        return self.engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )

    def state(self) -> Schema:
        """Compare the database's schema with the one this program knows."""
        with self.read() as conn:
            return versions.state(versions.revision(conn))

    def migrate(self) -> str | None:
        """Bring the schema up to date; give the name of the copy made of an older SQLite file."""
        with self.read() as conn:
            found = versions.revision(conn)
        if versions.state(found) is Schema.NEWER:
            raise StoreError("the database was written by a newer Publisher", where=self.where)
        copy = None
        if found is not None and versions.state(found) is Schema.OLDER and self.dialect == "sqlite":
            copy = _free_name(Path(f"{self.where}.before-{found}"))
            self.backup(copy)
        with translated(self.where):
            versions.migrate(self.engine)
        return None if copy is None else str(copy)

    def backup(self, path: Path) -> None:
        """Copy the database to a new file, whole and consistent, while others work on it."""
        if self.dialect != "sqlite":
            raise StoreError(
                "PostgreSQL makes its own backups",
                where=self.where,
                hint=f"pg_dump --format=custom --file={path} {self.engine.url.database}",
            )
        if path.exists():
            raise StoreError("there is a file already", where=str(path), hint="name another")
        draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        try:
            with translated(str(path)):
                _make_private(str(draft))
                _copy(self.where, str(draft))
            os.link(draft, path)  # unlike rename it never replaces
            _sync(path.parent)
        except OSError as error:
            raise StoreError(
                f"the backup cannot be written: {error.strerror}", where=str(path)
            ) from error
        finally:
            draft.unlink(missing_ok=True)

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


# --- inside -------------------------------------------------------------------


def _engine(address: URL, patience: float) -> Engine:
    if address.drivername != "sqlite":
        engine = create_engine(
            address, pool_pre_ping=True, connect_args={"connect_timeout": max(2, int(patience))}
        )
        settings = (f"SET lock_timeout = {int(patience * 1000)}", "SET timezone = 'UTC'")
        event.listen(engine, "connect", lambda conn, _: _set(conn, settings))
        return engine
    if not address.database or address.database == ":memory:" or "uri" in address.query:
        raise StoreError("a database in memory forgets who was mailed", hint="name a file")
    engine = create_engine(address, connect_args={"timeout": patience})
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)
    return engine


def _set(conn: Any, settings: tuple[str, ...]) -> None:
    with conn.cursor() as cursor:
        for setting in settings:
            cursor.execute(setting)
    conn.commit()


def _on_connect(conn: sqlite3.Connection, _: object) -> None:
    conn.isolation_level = None  # the driver begins nothing by itself; _on_begin does
    (mode,) = conn.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise StoreError(
            "the database's folder cannot be shared safely between processes",
            hint="put the home on a local disk",
        )
    conn.execute("PRAGMA synchronous = FULL")
    conn.execute("PRAGMA foreign_keys = ON")


def _on_begin(conn: Connection) -> None:
    reading = conn.get_execution_options().get("reading", False)
    driver: Any = conn.connection.driver_connection
    if conn.info.get("reading") is not reading:
        driver.execute(f"PRAGMA query_only = {'ON' if reading else 'OFF'}")
        conn.info["reading"] = reading
    driver.execute("BEGIN" if reading else "BEGIN IMMEDIATE")


def _place(url: URL) -> str:
    """Name a database to a person, without its password."""
    if url.drivername == "sqlite":
        return str(url.database)
    return url.set(drivername="postgresql").render_as_string(hide_password=True)


def _make_private(place: str) -> None:
    """Create an absent file for this user alone; SQLite gives its mode to the files beside it."""
    try:
        os.close(os.open(place, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        return
    except OSError as error:
        raise StoreError(
            f"the database cannot be created: {error.strerror}",
            where=place,
            hint="check that the folder exists and belongs to this user",
        ) from error


def _copy(source: str, target: str) -> None:
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)
        new.execute("PRAGMA journal_mode = DELETE")  # one file, nothing beside it
    with open(target, "rb") as file:
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _free_name(path: Path) -> Path:
    names = [path, *(path.with_name(f"{path.name}-{number}") for number in range(2, 100))]
    return next(name for name in names if not name.exists())


def _forget_in_child() -> None:
    # a connection belongs to the process that made it: the child makes its own
    for store in list(_stores):
        store.engine.dispose(close=False)


os.register_at_fork(after_in_child=_forget_in_child)

__all__ = ["Schema", "Store"]
