"""versions - which schema a database has, and how it gets the newest.

Asking is cheap: one row is read and compared with the list below, so that every start can do it.
Only migrating imports Alembic, whose scripts lie in `migrations` inside the package. Of several
processes that find the same empty or old database one migrates and the others wait.

Faults: StoreError by way of the Store. Never: decides whether to migrate. See: Store.open.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, inspect, text

REVISIONS: Final = ("0001", "0002", "0003", "0004", "0005", "0006")
"""Every schema there ever was, oldest first; a test compares them with the scripts."""

HEAD: Final = REVISIONS[-1]
SCRIPTS: Final = Path(__file__).parent / "migrations"
_TURN: Final = 7_083_914_526  # of PostgreSQL's advisory locks, the one for migrating us


class Schema(StrEnum):
    """How a database's schema stands to this program's."""

    EMPTY = "empty"
    CURRENT = "current"
    OLDER = "older"
    NEWER = "newer"


def revision(conn: Connection) -> str | None:
    """Read which schema a database has, None when it has none."""
    if not inspect(conn).has_table("alembic_version"):
        return None
    found: str | None = conn.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found


def state(found: str | None) -> Schema:
    """Say how a revision stands to the newest; one never heard of is newer."""
    if found is None:
        return Schema.EMPTY
    if found == HEAD:
        return Schema.CURRENT
    return Schema.OLDER if found in REVISIONS else Schema.NEWER


def migrate(engine: Engine) -> None:
    """Run what is missing, all of it or nothing."""
    with engine.connect() as conn:
        if conn.dialect.name == "sqlite":
            # altering a table there means copying it; with the checks on, dropping the old one
            # would empty those that refer to it. The pragma works outside a transaction only.
            conn.connection.driver_connection.execute("PRAGMA foreign_keys = OFF")  # type: ignore[union-attr] # a real connection
        try:
            with conn.begin():
                if conn.dialect.name == "postgresql":
                    conn.execute(text("SELECT pg_advisory_xact_lock(:turn)"), {"turn": _TURN})
                if state(revision(conn)) is not Schema.CURRENT:
                    _upgrade(conn)
        finally:
            conn.invalidate()  # the next one has the checks on again


def _upgrade(conn: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = conn
    command.upgrade(config, "head")
