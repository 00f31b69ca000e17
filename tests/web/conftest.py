"""A home with two newsletters, its site and its desk on loopback, and a client that adds nothing."""

import http.client
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from starlette.types import ASGIApp

from publisher import register, settings, templates, web
from publisher.model import Consent, Issue, Item, ItemRecord, Picture, Record, Register, Section
from publisher.settings import Settings
from publisher.store import Store, issues, subscribers
from publisher.tokens import unsubscribe_token
from publisher.web.desk import desk_app
from publisher.web.pages import site_app

NOW = datetime(2026, 11, 7, 9, 0, tzinfo=UTC)
TOML = """
site_url = "https://news.example.org/"

[newsletter.daily]
title = "The Daily Paper"
sender_address = "editor@example.org"
postal_address = "Street 1, Town"

[newsletter.zhoubao]
title = "论文周报"
language = "zh-CN"
timezone = "Asia/Shanghai"
sender_address = "bianji@example.org"
postal_address = "某市某路一号"
"""


@dataclass(frozen=True)
class Answer:
    """What a server answered; header names are lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8")


@dataclass(frozen=True)
class Running:
    """A server on a port of its own."""

    port: int

    def ask(
        self,
        path: str,
        method: str = "GET",
        *,
        body: bytes | None = None,
        lines: tuple[tuple[str, str], ...] = (),
        **headers: str,
    ) -> Answer:
        """Ask once, with these headers (`if_none_match=...`) and no others but Host."""
        given = [(name.replace("_", "-"), text) for name, text in headers.items()] + list(lines)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            has_host = any(name.lower() == "host" for name, _ in given)
            connection.putrequest(method, path, skip_host=has_host, skip_accept_encoding=True)
            for name, text in given:
                connection.putheader(name, text)
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            reply = connection.getresponse()
            found = {name.lower(): text for name, text in reply.getheaders()}
            return Answer(reply.status, found, reply.read())
        finally:
            connection.close()


@pytest.fixture
def serve() -> Iterator[Callable[[ASGIApp], Running]]:
    """Run an app as `publisher run` does, on a free port."""
    running = []

    def start(app: ASGIApp) -> Running:
        server = web.server(app, "127.0.0.1", 0)
        thread = threading.Thread(target=server.run)
        thread.start()
        running.append((server, thread))
        deadline = time.monotonic() + 10
        while not server.started:
            assert time.monotonic() < deadline, "the server did not start"
            time.sleep(0.01)
        return Running(server.servers[0].sockets[0].getsockname()[1])

    yield start
    for server, thread in running:
        server.should_exit = True
        thread.join(10)


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    """A home with an empty site."""
    (tmp_path / "publisher.toml").write_text(TOML, "utf-8")
    (tmp_path / "feeds").mkdir()
    return settings.load(tmp_path, {})


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database without rows, made once."""
    path = tmp_path_factory.mktemp("store") / "publisher.db"
    with Store.open(f"sqlite:///{path}", any_schema=True) as opened:
        opened.migrate()
    return path


@pytest.fixture
def store(home: Settings, empty_database: Path) -> Iterator[Store]:
    """The home's database, empty."""
    shutil.copy(empty_database, home.home / "publisher.db")
    with Store.open(home.database) as opened:
        yield opened


@pytest.fixture(scope="session")
def sources() -> dict[str, str]:
    """The program's own templates."""
    return templates.load()


@pytest.fixture
def site(
    home: Settings,
    store: Store,
    sources: dict[str, str],
    serve: Callable[[ASGIApp], Running],
) -> Running:
    """The public port."""
    return serve(site_app(home, store, sources))


@pytest.fixture
def desk(
    home: Settings,
    store: Store,
    sources: dict[str, str],
    serve: Callable[[ASGIApp], Running],
) -> Running:
    """The desk's port."""
    return serve(desk_app(home, store, sources))


@pytest.fixture
def put(home: Settings) -> Callable[..., Path]:
    """Lay a file on the site."""

    def lay(path: str, content: str | bytes = "<!doctype html><title>page</title>") -> Path:
        full = home.site_folder / path
        full.parent.mkdir(parents=True, exist_ok=True)
        full.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        return full

    return lay


@pytest.fixture
def subscribe(home: Settings, store: Store) -> Callable[..., tuple[int, str]]:
    """Add a subscriber; give the id and the path of the unsubscribe page."""

    def add(address: str = "reader@example.org", newsletter: str = "daily") -> tuple[int, str]:
        consent = Consent("test", "asked for it", NOW)
        with store.begin() as conn:
            subscribers.add(conn, newsletter, address, consent=consent, now=NOW)
            found = subscribers.find(conn, newsletter, address)
        assert found is not None
        key = settings.secret_key(home)
        token = unsubscribe_token(key, newsletter, found.id, found.address)
        return found.id, f"/{home.newsletter(newsletter).path}unsubscribe/{token}"

    return add


@pytest.fixture
def issue(home: Settings, store: Store) -> Callable[..., Record]:
    """Publish an issue in the store and the register, without its page."""

    def publish(
        slug: str = "12",
        newsletter: str = "daily",
        title: str | None = "A quiet <week>",
        withdrawn: datetime | None = None,
        html: str = "<p>Text</p>",
        pictures: tuple[Picture, ...] = (),
    ) -> Record:
        item = Item(title="On attention", url="https://example.com/a", html=html)
        content = Issue(
            sections=(Section(items=(item,)),),
            title=title,
            date=date(2026, 11, 6),
            number=12,
            pictures=pictures,
        )
        record = Record(
            newsletter=newsletter,
            id=f"tag:news.example.org,2026-11-07:{slug}",
            slug=slug,
            path=f"{slug}.md",
            published=NOW,
            updated=NOW,
            number=12,
            date=date(2026, 11, 6),
            title=title,
            items=(ItemRecord(key="a", anchor="on-attention", url=item.url, title=item.title),),
            withdrawn=withdrawn,
        )
        with store.begin() as conn:
            issues.save(conn, record, content)
        paths = tuple((one.slug, one.path) for one in home.newsletters)
        known = register.load(home.register_path)
        others = tuple(
            one for one in known.records if (one.newsletter, one.slug) != (newsletter, slug)
        )
        register.save(
            home.register_path, replace(Register(), paths=paths, records=(*others, record))
        )
        return record

    return publish


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def caddy(tmp_path: Path) -> Iterator[Callable[[str], Running]]:
    """Run a real Caddy with this inside its host's block."""
    program = shutil.which("caddy")
    assert program, "caddy is not installed"
    folder = tmp_path / "caddy"
    folder.mkdir()
    running = []

    def start(inside: str) -> Running:
        port, file = free_port(), folder / "Caddyfile"
        head = "{\nadmin off\nauto_https off\n}\n"
        file.write_text(f"{head}http://:{port} {{\nbind 127.0.0.1\n{inside}\n}}\n")
        command = [program, "run", "--config", file, "--adapter", "caddyfile"]
        environ = {**os.environ, "HOME": str(folder), "XDG_DATA_HOME": str(folder)}
        with (folder / "log").open("wb") as log:
            running.append(subprocess.Popen(command, stderr=log, env=environ))
        await_port(port, folder / "log")
        return Running(port)

    yield start
    for process in running:
        process.terminate()
        process.wait(10)


def await_port(port: int, log: Path) -> None:
    """Wait until somebody listens; fail with what the log says."""
    deadline = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        else:
            return


@pytest.fixture
def nginx(tmp_path: Path) -> Iterator[Callable[[str], Running]]:
    """Run a real nginx with these server blocks; PORT in them becomes a free port."""
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    assert program, "nginx is not installed"
    folder = tmp_path / "nginx"
    folder.mkdir()
    running = []

    def start(servers: str) -> Running:
        port = free_port()
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        user = "user root; " if os.geteuid() == 0 else ""  # our files are for nobody else
        temporary = "\n".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
        (folder / "nginx.conf").write_text(
            f"{user}daemon off; pid {folder}/pid; error_log {folder}/error.log; events {{}}\n"
            f"http {{ access_log {folder}/access.log; {temporary}\n"
            f"{servers.replace('PORT', str(port))}\n}}\n"
        )
        command = [program, "-p", folder, "-e", folder / "error.log", "-c", folder / "nginx.conf"]
        running.append(subprocess.Popen(command, stderr=subprocess.DEVNULL))
        await_port(port, folder / "error.log")
        return Running(port)

    yield start
    for process in running:
        process.terminate()
        process.wait(10)
