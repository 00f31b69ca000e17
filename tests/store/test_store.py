"""Tests of the Store: opening, private files, snapshots, threads, forks, backups."""

import os
import sqlite3
import stat
import subprocess
import sys
import threading
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from publisher.errors import StoreError
from publisher.model import Issue, Record
from publisher.store import Schema, Store, issues


def test_open_empty(empty_url: str) -> None:
    """An empty database gets its tables and is current; opened again it stays so."""
    with Store.open(empty_url, any_schema=True) as store:
        assert store.state() is Schema.EMPTY
    for _ in range(2):
        with Store.open(empty_url) as store, store.read() as conn:
            assert store.state() is Schema.CURRENT
            assert issues.records(conn, "weekly") == []


def test_the_file_is_private(tmp_path: Path, record: Record) -> None:
    """The file and what SQLite puts beside it are for this user alone, whatever the umask."""
    before = os.umask(0o000)
    try:
        with Store.open(f"sqlite:///{tmp_path / 'publisher.db'}") as store:
            with store.begin() as conn:
                issues.save(conn, record, None)
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    finally:
        os.umask(before)
    assert set(modes) == {"publisher.db", "publisher.db-wal", "publisher.db-shm"}
    assert set(modes.values()) == {0o600}


def test_durable_and_checked(tmp_path: Path) -> None:
    """SQLite writes ahead, waits for the disk at each commit and keeps references whole."""
    with Store.open(f"sqlite:///{tmp_path / 'publisher.db'}") as store, store.begin() as conn:
        pragmas = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        found = [conn.exec_driver_sql(f"PRAGMA {name}").scalar() for name in pragmas]
    assert found == ["wal", 2, 1, 5000]


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("sqlite://", "memory"),
        ("sqlite:///:memory:", "memory"),
        ("sqlite:///file:x?mode=memory&uri=true", "memory"),
        ("mysql://localhost/x", "no database Publisher knows"),
        ("nonsense", "cannot be read"),
        ("sqlite:////nonexistent/folder/publisher.db", "cannot be created"),
    ],
)
def test_refused(url: str, words: str) -> None:
    """An address we cannot use is refused with a remedy."""
    with pytest.raises(StoreError, match=words) as caught:
        Store.open(url)
    assert caught.value.hint


def test_both_spellings_of_postgresql(postgres_ready: str) -> None:
    """`postgres://` and `postgresql://` both mean the driver we bring."""
    for name in ("postgres", "postgresql", "postgresql+psycopg"):
        with Store.open(postgres_ready.replace("postgresql", name)) as store:
            assert store.dialect == "postgresql"
            assert store.where.startswith("postgresql://publisher@/")


def test_no_password_in_faults() -> None:
    """A server that does not answer is named without the password."""
    with pytest.raises(StoreError, match="cannot be reached") as caught:
        Store.open("postgresql://ann:secret@127.0.0.1:1/news", patience=1)
    assert "secret" not in str(caught.value)
    assert "127.0.0.1:1/news" in str(caught.value)


def test_all_or_nothing(store: Store, record: Record) -> None:
    """A transaction left by an exception leaves nothing behind."""

    def stumble() -> None:
        with store.begin() as conn:
            issues.save(conn, record, None)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        stumble()
    with store.read() as conn:
        assert issues.records(conn, "weekly") == []


def test_reading_is_a_snapshot(store: Store, record: Record, content: Issue) -> None:
    """What is committed meanwhile is not seen in the middle of reading."""
    with store.read() as reader:
        assert issues.records(reader, "weekly") == []
        with store.begin() as writer:
            issues.save(writer, record, content)
        assert issues.records(reader, "weekly") == []
    with store.read() as reader:
        assert issues.records(reader, "weekly") == [record]


def test_reading_does_not_write(store: Store, record: Record) -> None:
    """Writing while reading is refused by the database, and writing works again afterwards."""
    with pytest.raises((StoreError, DBAPIError)), store.read() as conn:
        issues.save(conn, record, None)
    with store.begin() as conn:
        issues.save(conn, record, None)


def test_threads_take_turns(tmp_path: Path) -> None:
    """Threads that read and then write wait for one another; no increment is lost."""
    with Store.open(f"sqlite:///{tmp_path / 'publisher.db'}", patience=30) as store:
        with store.begin() as conn:
            conn.execute(text("CREATE TABLE number (n INTEGER)"))
            conn.execute(text("INSERT INTO number VALUES (0)"))

        def count() -> None:
            for _ in range(25):
                with store.begin() as conn:
                    n = conn.execute(text("SELECT n FROM number")).scalar_one()
                    conn.execute(text("UPDATE number SET n = :n"), {"n": n + 1})

        threads = [threading.Thread(target=count) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        with store.read() as conn:
            assert conn.execute(text("SELECT n FROM number")).scalar_one() == 100


FORKED = """
import os, sys
from sqlalchemy import text
from publisher.store import Store
with Store.open(sys.argv[1]) as store:
    with store.read() as conn:
        mine = id(conn.connection.driver_connection)
    child = os.fork()
    with store.read() as conn:
        same = id(conn.connection.driver_connection) == mine
        conn.execute(text("SELECT count(*) FROM issue"))
    if not child:
        os._exit(10 if same else 0)
    _, status = os.waitpid(child, 0)
    with store.begin() as conn:
        conn.execute(text("DELETE FROM issue"))
    sys.exit(status or (0 if same else 20))
"""


def test_a_child_makes_its_own_connections(url: str) -> None:
    """After a fork parent and child do not share a connection, and both work on."""
    subprocess.run([sys.executable, "-c", FORKED, url], check=True, timeout=60)


OPENED = "import sys; from publisher.store import Store; Store.open(sys.argv[1]).close()"


def test_opened_by_several_at_once(empty_url: str) -> None:
    """Of several processes that find a database empty one makes the tables, the others wait."""
    processes = [subprocess.Popen([sys.executable, "-c", OPENED, empty_url]) for _ in range(4)]
    assert [process.wait(60) for process in processes] == [0] * 4
    with Store.open(empty_url) as store:
        assert store.state() is Schema.CURRENT


def test_backup(stocked: Store, tmp_path: Path, record: Record) -> None:
    """A backup is one private file with all that was committed; elsewhere the way is told."""
    path = tmp_path / "copy.db"
    if stocked.dialect != "sqlite":
        with pytest.raises(StoreError, match="its own backups") as caught:
            stocked.backup(path)
        assert "pg_dump" in caught.value.hint
        return
    with stocked.begin() as writer:
        writer.execute(text("DELETE FROM consent"))
        stocked.backup(path)  # a writer at work disturbs nobody and is not in it
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not [name for name in os.listdir(tmp_path) if "tmp" in name or "copy.db-" in name]
    with sqlite3.connect(path) as conn:
        assert conn.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert conn.execute("SELECT count(*) FROM consent").fetchone() == (5,)
    conn.close()
    with Store.open(f"sqlite:///{path}") as copy, copy.read() as read:
        assert issues.records(read, "weekly") == [record]


def test_backup_refused(tmp_path: Path) -> None:
    """A backup replaces no file, and leaves none behind when it fails."""
    there = tmp_path / "there"
    there.write_text("precious")
    with Store.open(f"sqlite:///{tmp_path / 'publisher.db'}") as store:
        with pytest.raises(StoreError, match="a file already"):
            store.backup(there)
        with pytest.raises(StoreError, match="cannot be created"):
            store.backup(tmp_path / "no" / "folder.db")
    assert there.read_text() == "precious"
    assert not list(tmp_path.glob("*.tmp")) + list(tmp_path.glob(".*"))


def test_closed_files_stay_whole(tmp_path: Path, now: datetime) -> None:
    """A store that was killed in the middle of writing opens with what was committed."""
    url = f"sqlite:///{tmp_path / 'publisher.db'}"
    code = (
        "import os, sys; from publisher.store import Store; from sqlalchemy import text\n"
        'store = Store.open(sys.argv[1]); insert = text("INSERT INTO suppression"\n'
        "    \" (newsletter, folded, reason, at) VALUES ('n', :a, '', '2026')\")\n"
        "with store.begin() as conn: conn.execute(insert, {'a': 'kept'})\n"
        "conn = store.engine.connect(); conn.execute(insert, {'a': 'lost'})\n"
        "os.kill(os.getpid(), 9)\n"
    )
    killed = subprocess.run([sys.executable, "-c", code, url], timeout=60, check=False)
    assert killed.returncode == -9
    with Store.open(url) as store, store.read() as conn:
        assert conn.execute(text("SELECT folded FROM suppression")).scalars().all() == ["kept"]
        assert conn.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
