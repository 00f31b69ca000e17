"""Real feed readers over HTTP, through everything that happens to a newsletter in its life.

After each chapter every reader polls. It must then have every issue there ever was, once each, and
the newest text of each: nothing twice, nothing missed.
"""

import json
import os
import shutil
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import feedparser
import pytest
from lxml import etree
from reader import Reader, make_reader

from publisher import publish as hall
from publisher import register, templates, web
from publisher import settings as settings_room
from publisher.addresses import FEEDS
from publisher.model import Newsletter
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
NAMES = [name for name, _, _ in FEEDS]
Poll = Callable[[], dict[str, str]]
"""Asks for the feed and returns all entries a reader has, id -> content; fails on a doublet."""


def digest(number: int, *words: str) -> str:
    """Write a numbered digest of items in the sample's form."""
    items = [
        f"# About {word} & <{word}>\n[关于 {word}](https://example.net/{number}/{word})\n\n"
        f"{word} 的摘要 ]]> &amp; \u0001<b>{word}</b>。\n"
        for word in words
    ]
    return f"---\nnumber: {number}\n---\n" + "\n".join(items)


class Home:
    """A home with its own clock, whose site is served."""

    def __init__(self, path: Path) -> None:
        self.path = path
        (path / "digests").mkdir(parents=True)
        self.now = datetime(2026, 5, 1, 9, 0, tzinfo=UTC)
        self.write(TOML)

    def write(self, toml: str) -> None:
        """Write settings and open the home with them."""
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

    def publish(self, seconds: int = 60) -> None:
        """Publish, some seconds after the last time."""
        self.now += timedelta(seconds=seconds)
        with Store.open(self.settings.database) as store:
            hall.publish(self.settings, store, templates.load(), now=self.now)

    def withdraw(self, slug: str, *, restore: bool = False) -> None:
        """Withdraw an issue, or bring it back."""
        self.now += timedelta(minutes=1)
        with Store.open(self.settings.database) as store:
            hall.withdraw(
                self.settings, store, templates.load(), self.newsletter, slug,
                now=self.now, restore=restore,
            )  # fmt: skip

    def lose_database(self) -> None:
        """Lose the database, as a disk does."""
        for file in self.path.glob("publisher.db*"):
            file.unlink()

    def ids(self) -> set[str]:
        """The id of every issue that was ever published."""
        return {record.id for record in register.load(self.settings.register_path).records}


def life(home: Home) -> Iterator[tuple[str, str]]:
    """Live through a newsletter's life; after each chapter say it, and a word feeds must hold."""
    home.drop("1.md", digest(1, "ant", "bee"))
    home.drop("2.md", digest(2, "cat", "dog"))
    home.publish()
    yield "the back catalogue", "dog"
    home.drop("3.md", digest(3, "eel", "fox", "gnu", "hen"))
    home.publish()
    yield "a new issue", "gnu"
    home.drop("3.md", digest(3, "eel", "fox", "ibis", "gnu", "hen"))
    home.publish()
    yield "an edit", "ibis"
    (home.path / "digests" / "3.md").rename(home.path / "digests" / "three.md")
    home.publish()
    yield "a rename", "ibis"
    (home.path / "digests" / "three.md").unlink()
    home.drop("drei.md", digest(3, "eel", "fox", "ibis", "gnu", "jay"))
    home.publish()
    yield "a rename with an edit", "jay"
    home.publish()
    yield "the same again", "jay"
    home.lose_database()
    home.publish()
    yield "the database lost", "jay"
    home.lose_database()
    shutil.rmtree(home.settings.site_folder)
    home.publish()
    yield "database and site lost", "jay"
    home.drop("4.md", digest(4, "kite"))
    home.publish(seconds=0)
    home.drop("4.md", digest(4, "kite", "lynx"))
    home.publish(seconds=0)
    yield "two publications in a second", "lynx"
    home.drop("4.md", digest(4, "kite", "moth"))
    home.publish(seconds=0)
    yield "and a third, after a poll", "moth"
    home.withdraw("3")
    yield "an issue withdrawn", "moth"
    home.withdraw("3", restore=True)
    yield "and restored", "jay"
    (home.path / "digests" / "4.md").unlink()
    home.publish()
    yield "a digest deleted", "moth"
    home.write(TOML.replace("news.example.net", "elsewhere.example.com/letters"))
    home.publish()
    yield "another address", "moth"
    for number, word in ((5, "newt"), (6, "owl"), (7, "pug")):
        home.drop(f"{number}.md", digest(number, word))
        home.publish()
    yield "the oldest out of the window", "pug"


def follow(home: Home, poll: Poll) -> None:
    """Poll after every chapter and see that all is there, once and new."""
    for chapter, word in life(home):
        entries = poll()
        assert set(entries) == home.ids(), chapter
        assert any(word in content for content in entries.values()), chapter
        assert poll() == entries, f"{chapter}: a second poll changes nothing"


@contextmanager
def served(home: Home) -> Iterator[str]:
    """Serve the home's site as `publisher run` does."""
    with Store.open(home.settings.database) as store:
        app = site_app(home.settings, store, templates.load())
    server = web.server(app, "127.0.0.1", 0)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        end = time.monotonic() + 10
        while not server.started:
            assert time.monotonic() < end, "the server did not start"
            time.sleep(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A new home."""
    made = Home(tmp_path / "home")
    made.publish()
    for file in (made.settings.register_path, *made.path.glob("publisher.db*")):
        file.unlink()  # as before any publication; only the site is there to be polled
    return made


# --- the readers --------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_reader(home: Home, tmp_path: Path, name: str) -> None:
    """The library `reader`, restarted between polls, has every issue once, by all three feeds."""
    with served(home) as address:
        url = f"{address}/{name}"

        def opened() -> Reader:
            return make_reader(str(tmp_path / "reader.db"), feed_root="")

        def poll() -> dict[str, str]:
            with closing(opened()) as reader:
                reader.update_feed(url)
                entries = list(reader.get_entries(feed=url))
            found = {entry.id: entry.content[0].value for entry in entries}
            assert len(found) == len(entries)
            return found

        with closing(opened()) as reader:
            reader.add_feed(url)
        follow(home, poll)


@pytest.mark.parametrize("name", NAMES[:2])
def test_feedparser(home: Home, name: str) -> None:
    """The parser finds nothing to forgive, and a reader made of it misses nothing by its 304s."""
    seen: dict[str, str] = {}
    validators: dict[str, str] = {}
    with served(home) as address:

        def poll() -> dict[str, str]:
            found = feedparser.parse(f"{address}/{name}", **validators)
            assert found.status == 304 or not found.bozo, found.get("bozo_exception")
            assert len({entry.id for entry in found.entries}) == len(found.entries)
            seen.update({entry.id: entry.content[0].value for entry in found.entries})
            if found.status == 200:
                validators.update(etag=found.etag, modified=found.modified)
            return dict(seen)

        follow(home, poll)


@pytest.mark.service
@pytest.mark.parametrize("name", NAMES[:2])
def test_newsboat(home: Home, tmp_path: Path, name: str) -> None:
    """newsboat, which throws away what is not newer than what it has, misses and doubles nothing."""
    with served(home) as address:
        files = {key: tmp_path / key for key in ("urls", "cache.db", "config")}
        files["urls"].write_text(f"{address}/{name}\n", "utf-8")
        files["config"].write_text("", "utf-8")
        command = ["newsboat", "-u", str(files["urls"]), "-c", str(files["cache.db"]),
                   "-C", str(files["config"]), "-x", "reload"]  # fmt: skip

        def poll() -> dict[str, str]:
            subprocess.run(
                command,
                env={**os.environ, "HOME": str(tmp_path), "LC_ALL": "C.UTF-8"},
                check=True,
                capture_output=True,
                timeout=60,
            )
            with closing(sqlite3.connect(files["cache.db"])) as cache:
                rows = cache.execute("select guid, content from rss_item").fetchall()
            assert len(dict(rows)) == len(rows)
            return dict(rows)

        follow(home, poll)


def test_every_feed_is_strict_xml_in_every_chapter(home: Home) -> None:
    """An unforgiving parser takes both XML feeds, and all three name the same issues in order."""
    for chapter, _ in life(home):
        root = home.settings.site_folder
        rss = etree.fromstring((root / "rss.xml").read_bytes())
        atom = etree.fromstring((root / "atom.xml").read_bytes())
        items = json.loads((root / "feed.json").read_bytes())["items"]
        ids = [guid.text for guid in rss.iter("guid")]
        assert ids == [entry.findtext("{*}id") for entry in atom.iter("{*}entry")], chapter
        assert ids == [item["id"] for item in items], chapter
