"""A newsletter with a clock of its own, and its site on loopback, which may move house.

Digests are dropped, published, edited; `issues` and `items` say what readers must have met by then.
"""

import os
import random
import socket
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from publisher import publish as hall
from publisher import register, templates, web
from publisher import settings as settings_room
from publisher.model import Newsletter, Record
from publisher.settings import Settings
from publisher.store import Store
from publisher.web.pages import site_app

TOML = """site_url = "https://news.example.net/"
[newsletter]
title = "周报 & Weekly <1>"
language = "zh-Hans"
timezone = "Asia/Shanghai"
window = 4
"""


def digest(number: int, *words: str, **head: str) -> str:
    """Write a numbered digest of items in the sample's form, one per word."""
    items = [
        f"# About {word} & <{word}>\n[关于 {word}](https://example.net/{number}/{word})\n\n"
        f"{word} 的摘要 ]]> &amp; \u0001<b>{word}</b>。\n"
        for word in words
    ]
    lines = [f"number: {number}", *(f"{name}: {value}" for name, value in head.items())]
    return "---\n" + "\n".join(lines) + "\n---\n" + "\n".join(items)


def free_ports(number: int) -> list[int]:
    """Find ports nobody listens on, below those that outgoing connections take."""
    found: list[int] = []
    while len(found) < number:
        port = random.randint(20_000, 32_000)
        with socket.socket() as one, suppress(OSError):
            one.bind(("127.0.0.1", port))
            found.append(port)
    return found


class Newsroom:
    """A home, its digests, its site; every publication some seconds after the last."""

    def __init__(self, path: Path) -> None:
        self.path = path
        (path / "digests").mkdir(parents=True)
        self.now = datetime(2026, 5, 1, 9, 0, tzinfo=UTC)
        self.templates: Mapping[str, str] = templates.load()
        self.items: set[str] = set()
        self._port = 0
        self._close = lambda: None
        self.write(TOML)

    # --- what an editor does --------------------------------------------------

    def write(self, toml: str) -> None:
        """Write settings and work with them from now on."""
        (self.path / "publisher.toml").write_text(toml, "utf-8")
        self.settings: Settings = settings_room.load(self.path, {})

    @property
    def newsletter(self) -> Newsletter:
        """The only newsletter."""
        return self.settings.newsletters[0]

    def drop(self, name: str, text: str) -> Path:
        """Put a digest into the folder, settled."""
        file = self.path / "digests" / name
        file.write_text(text, "utf-8")
        os.utime(file, (0, 0))
        return file

    def publish(self, *files: Path, seconds: int = 60, as_issue: str | None = None) -> None:
        """Publish, some seconds after the last time; note what items there are by then."""
        self.now += timedelta(seconds=seconds)
        with Store.open(self.settings.database) as store:
            hall.publish(
                self.settings, store, self.templates, now=self.now, files=files, as_issue=as_issue
            )
        self.items |= {
            f"{record.id}/{item.key}" for record in self.records for item in record.live_items
        }

    def withdraw(self, slug: str, *, restore: bool = False) -> None:
        """Withdraw an issue, or bring it back."""
        self.now += timedelta(minutes=1)
        with Store.open(self.settings.database) as store:
            hall.withdraw(
                self.settings, store, self.templates, self.newsletter, slug,
                now=self.now, restore=restore,
            )  # fmt: skip

    def lose_database(self) -> None:
        """Lose the database, as a disk does."""
        for file in self.path.glob("publisher.db*"):
            file.unlink()

    # --- what readers must have -----------------------------------------------

    @property
    def records(self) -> tuple[Record, ...]:
        """Every issue that was ever published."""
        return tuple(register.load(self.settings.register_path).records)

    @property
    def issues(self) -> set[str]:
        """The ids of all of them."""
        return {record.id for record in self.records}

    # --- its site -------------------------------------------------------------

    @property
    def address(self) -> str:
        """Where the site is, without a slash."""
        return f"http://127.0.0.1:{self._port}"

    def open_doors(self, *, elsewhere: bool = False) -> None:
        """Serve the site as `publisher run` does: anew, at the same port or at another."""
        self.close_doors()
        store = Store.open(self.settings.database)
        app = site_app(self.settings, store, self.templates)
        server = web.server(app, "127.0.0.1", 0 if elsewhere else self._port)
        thread = threading.Thread(target=server.run)
        thread.start()

        def close() -> None:
            server.should_exit = True
            thread.join(10)
            store.close()

        self._close = close
        end = time.monotonic() + 10
        while not server.started:
            assert time.monotonic() < end, "the server did not start"
            time.sleep(0.01)
        self._port = server.servers[0].sockets[0].getsockname()[1]

    def close_doors(self) -> None:
        """Serve no more."""
        self._close()
        self._close = lambda: None
