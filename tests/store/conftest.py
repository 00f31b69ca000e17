"""A store on each database: SQLite always, PostgreSQL on a private server started here."""

import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from publisher.model import Consent, Issue, Item, Record, Section
from publisher.store import Store, issues, subscribers

NOW = datetime(2026, 3, 6, 8, 0, tzinfo=UTC)
numbers = itertools.count(1)


def find_postgres() -> Path | None:
    """The newest PostgreSQL of this host."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"),
        key=lambda path: int(path.parts[-3]),
    )
    if found:
        return found[-1].parent
    path = shutil.which("initdb")
    return Path(path).parent if path else None


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A private server, reachable by socket only, gone with the tests; initdb refuses root."""
    programs = find_postgres()
    if programs is None:
        if os.environ.get("CI") == "true":
            pytest.fail("PostgreSQL is not installed")
        pytest.skip("PostgreSQL is not installed")
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    # PostgreSQL stops (SIGINT) when the tests die, however they die
    become = ["setpriv", "--pdeathsig", "INT"]
    if os.getuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
        become += ["--reuid", "postgres", "--regid", "postgres", "--clear-groups"]
    data = folder / "data"
    server = None
    try:
        subprocess.run(
            [*become, programs / "initdb", "-D", data, "-U", "publisher", "-A", "trust",
             "-E", "UTF8", "--locale", "C.UTF-8", "--no-sync", "--no-instructions"],
            check=True, capture_output=True, cwd=folder,
        )  # fmt: skip
        with open(folder / "log", "wb") as log:
            server = subprocess.Popen(
                [*become, programs / "postgres", "-D", data, "-k", folder, "-c", "fsync=off",
                 "-c", "listen_addresses=", "-c", "full_page_writes=off",
                 "-c", "max_connections=50", "-c", "autovacuum=off"],
                stdout=log, stderr=log, cwd=folder,
            )  # fmt: skip
        url = f"postgresql://publisher@/postgres?host={folder}"
        wait_for(url, server, folder / "log")
        yield url
    finally:
        if server is not None:
            server.send_signal(signal.SIGINT)  # a fast shutdown
            server.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


def wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    """Return when the server answers."""
    for _ in range(200):
        if server.poll() is not None:
            break
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    pytest.fail(f"PostgreSQL does not start: {log.read_text()}")


@pytest.fixture(scope="session")
def postgres_template(postgres_url: str) -> str:
    """A database with the tables, to be copied for each test."""
    with psycopg.connect(postgres_url, autocommit=True) as conn:
        conn.execute("CREATE DATABASE pattern")
    Store.open(postgres_url.replace("/postgres?", "/pattern?")).close()
    return "pattern"


@pytest.fixture
def postgres_empty(postgres_url: str) -> Iterator[str]:
    """The address of a database without any table."""
    yield from database(postgres_url, "template1")


@pytest.fixture
def postgres_ready(postgres_url: str, postgres_template: str) -> Iterator[str]:
    """The address of a database with the tables."""
    yield from database(postgres_url, postgres_template)


def database(url: str, template: str) -> Iterator[str]:
    """Make a database, and drop it afterwards."""
    name = f"test{next(numbers)}"
    with psycopg.connect(url, autocommit=True) as conn:
        # since 15 PostgreSQL writes a copy to its log unless told otherwise: four times slower
        way = "STRATEGY FILE_COPY" if conn.info.server_version >= 150000 else ""
        conn.execute(f"CREATE DATABASE {name} TEMPLATE {template} {way}")
    yield url.replace("/postgres?", f"/{name}?")
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the tables, to be copied for each test."""
    path = tmp_path_factory.mktemp("pattern") / "publisher.db"
    Store.open(f"sqlite:///{path}").close()
    return path


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.service)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database with the tables and nothing in them, on each of the two."""
    if request.param == "postgres":
        ready: str = request.getfixturevalue("postgres_ready")
        return ready
    path = tmp_path / "publisher.db"
    shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
    return f"sqlite:///{path}"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.service)])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database without any table, on each of the two."""
    if request.param == "postgres":
        empty: str = request.getfixturevalue("postgres_empty")
        return empty
    return f"sqlite:///{tmp_path / 'publisher.db'}"


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """An open store that does not wait long for a lock."""
    with Store.open(url, patience=0.2) as opened:
        yield opened


@pytest.fixture
def now() -> datetime:
    """The moment it is in these tests."""
    return NOW


@pytest.fixture
def record() -> Record:
    """A record of the first issue."""
    return Record("weekly", "urn:uuid:1", "1", "1.md", NOW, NOW, number=1, title="One")


@pytest.fixture
def content() -> Issue:
    """What the first issue says."""
    return Issue(title="One", sections=(Section(items=(Item("News", url="https://a.test/"),)),))


@pytest.fixture
def stocked(store: Store, record: Record, content: Issue) -> Store:
    """A store with one issue and five active subscribers, ann to eve."""
    with store.begin() as conn:
        issues.save(conn, record, content)
        rows = [(f"{name}@example.org", name.title(), None) for name in NAMES]
        subscribers.import_rows(conn, "weekly", rows, Consent("import", "said so", NOW), b"k", NOW)
    return store


NAMES = ("ann", "bob", "cid", "dee", "eve")
