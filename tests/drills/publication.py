"""A published home and its site on loopback, for those who judge all that is published.

Two are lent: the repository's own sample, and the strangers' digests, each corpus beside the others
as one newsletter.
"""

import http.client
import os
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from publisher import publish as hall
from publisher import settings as settings_room
from publisher import templates, web
from publisher.addresses import FEEDS
from publisher.folder import SUFFIXES
from publisher.model import Newsletter
from publisher.settings import Settings
from publisher.store import Store
from publisher.web.pages import site_app

ROOT = Path(__file__).parent.parent.parent
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
TOML = """site_url = "https://news.example.net/"
[newsletter]
title = "Everything"
"""
NAMES = frozenset(name for name, _, _ in FEEDS)


@dataclass(frozen=True)
class Answer:
    """What the site answered; header names are lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Publication:
    """A home that is served."""

    settings: Settings
    port: int

    @property
    def newsletter(self) -> Newsletter:
        """Its newsletter."""
        return self.settings.newsletters[0]

    @property
    def address(self) -> str:
        """Where it is served, with the slash; the site itself says `newsletter.site_url`."""
        return f"http://127.0.0.1:{self.port}/"

    @property
    def files(self) -> list[str]:
        """The path of every file, in order; none that is a compressed copy of another."""
        root = self.settings.site_folder
        found = (path for path in root.rglob("*") if path.is_file())
        paths = (path.relative_to(root).as_posix() for path in found)
        return sorted(path for path in paths if not path.endswith((".gz", ".br", ".zst")))

    @property
    def feeds(self) -> list[str]:
        """The paths of its feeds."""
        return [path for path in self.files if path.rpartition("/")[2] in NAMES]

    def at(self, path: str) -> str:
        """Give the whole address of a file, its signs encoded as in a link."""
        return self.address + quote(path)

    def read(self, path: str) -> bytes:
        """Give the bytes of a file."""
        return (self.settings.site_folder / path).read_bytes()

    def ask(self, target: str, method: str = "GET", **headers: str) -> Answer:
        """Ask for a path, without its first slash; `none_match=...` is If-None-Match and so on."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)) as connection:
            named = {name.replace("_", "-"): text for name, text in headers.items()}
            connection.request(method, f"/{target}", headers=named)
            got = connection.getresponse()
            return Answer(got.status, {k.lower(): v for k, v in got.getheaders()}, got.read())


def sample(home: Path) -> Path:
    """Copy the repository's own publication."""
    for name in ("publisher.toml", "register.json", "digests", "feeds"):
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, home / name)
    return home


def everything(home: Path, corpora: Path) -> Path:
    """Copy all the strangers' digests into one home."""
    for file in sorted(corpora.rglob("*")):
        if file.suffix in SUFFIXES and file.parent != corpora:
            there = home / "digests" / file.relative_to(corpora)
            there.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, there)
            os.utime(there, (0, 0))
    (home / "publisher.toml").write_text(TOML, "utf-8")
    return home


@contextmanager
def published(home: Path) -> Iterator[Publication]:
    """Publish what is in a home and serve it."""
    settings = settings_room.load(home, {})
    with Store.open(settings.database) as store:
        hall.publish(settings, store, templates.load(home), now=NOW)
        server = web.server(site_app(settings, store, templates.load(home)), "127.0.0.1", 0)
        thread = threading.Thread(target=server.run)
        thread.start()
        try:
            end = time.monotonic() + 10
            while not server.started:
                assert time.monotonic() < end, "the server did not start"
                time.sleep(0.01)
            yield Publication(settings, server.servers[0].sockets[0].getsockname()[1])
        finally:
            server.should_exit = True
            thread.join(10)
