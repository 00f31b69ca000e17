"""Feed readers that people use, each subscribed to one feed, each started anew for every poll.

A poll asks for the feed and gives all the reader has: entries by id, with their newest title and text. An
entry that stands there twice, under one id or one place on the site, is a failure at once.
"""

import configparser
import email
import email.policy
import os
import sqlite3
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import feedparser
from reader import make_reader

Row = tuple[str, str, str]
"""An entry as a reader has it: id, link, text; the title is part of the text."""


class Client(Protocol):
    """A reader with one subscription."""

    shows_edits: bool
    """Whether it shows an entry's newest text; else the one it met first."""

    def move(self, url: str) -> None:
        """Subscribe, or have the one subscription follow the feed to another address."""

    def poll(self) -> dict[str, str]:
        """Ask for the feed; give what the reader has by then, id -> text."""


def once_each(rows: Sequence[Row]) -> dict[str, str]:
    """Give entries by their ids; none may stand there twice."""
    ids = [one for one, _, _ in rows]
    places = [urlsplit(link)._replace(scheme="", netloc="").geturl() for _, link, _ in rows]
    places = [place[place.rindex("/issues/") :] for place in places]
    for name, found in (("id", ids), ("place", places)):
        twice = sorted({one for one in found if found.count(one) > 1})
        assert not twice, f"twice, by {name}: {twice}"
    return {one: text for one, _, text in rows}


class Library:
    """The library `reader`, which keeps what it knows in a database."""

    shows_edits = True

    def __init__(self, folder: Path) -> None:
        self._database = str(folder / "reader.db")
        self._url = ""

    def move(self, url: str) -> None:
        """Subscribe, or change the feed's address."""
        with closing(make_reader(self._database, feed_root="")) as reader:
            if self._url:
                reader.change_feed_url(self._url, url)
            else:
                reader.add_feed(url)
        self._url = url

    def poll(self) -> dict[str, str]:
        """Update the feed; a feed it cannot read is an error."""
        with closing(make_reader(self._database, feed_root="")) as reader:
            reader.update_feed(self._url)
            entries = list(reader.get_entries(feed=self._url))
        return once_each(
            [(one.id, one.link or "", f"{one.title}\n{one.content[0].value}") for one in entries]
        )


class Parser:
    """A reader made of feedparser: it keeps what it saw, and the validators of the last answer."""

    shows_edits = True

    def __init__(self, _: Path) -> None:
        self._seen: dict[str, Row] = {}
        self._validators: dict[str, str] = {}
        self._url = ""

    def move(self, url: str) -> None:
        """Ask there from now on; what was said of the old place counts no more."""
        self._url = url
        self._validators = {}

    def poll(self) -> dict[str, str]:
        """Ask with validators; the parser must find nothing to forgive."""
        found = feedparser.parse(self._url, **self._validators)
        assert found.status == 304 or not found.bozo, found.get("bozo_exception")
        rows = [(one.id, one.link, f"{one.title}\n{one.content[0].value}") for one in found.entries]
        once_each(rows)
        self._seen |= {row[0]: row for row in rows}
        if found.status == 200:
            self._validators = {"etag": found.etag, "modified": found.modified}
        return {one: text for one, _, text in self._seen.values()}


class Newsboat:
    """newsboat, which throws an answer away that is not newer than the one it has."""

    shows_edits = True

    def __init__(self, folder: Path) -> None:
        self._home = folder
        self._cache = folder / "cache.db"
        (folder / "config").write_text("", "utf-8")

    def move(self, url: str) -> None:
        """Write the address into the file of addresses."""
        (self._home / "urls").write_text(f"{url}\n", "utf-8")

    def poll(self) -> dict[str, str]:
        """Reload, and read its cache."""
        options = {"-u": "urls", "-c": "cache.db", "-C": "config"}
        paths = [str(word) for key, name in options.items() for word in (key, self._home / name)]
        _run(["newsboat", *paths, "-x", "reload"], self._home)
        with closing(sqlite3.connect(self._cache)) as cache:
            return once_each(
                cache.execute(
                    "select guid, url, title || char(10) || content from rss_item"
                ).fetchall()
            )


class Rss2Email:
    """rss2email, whose mails are caught by a program in sendmail's place: one for each new entry."""

    shows_edits = False

    def __init__(self, folder: Path) -> None:
        self._home = folder
        self._config = folder / "r2e.cfg"
        self._mails = folder / "mails"
        self._mails.mkdir()
        catch = folder / "sendmail"
        catch.write_text(f'#!/bin/sh\nexec cat >"$(mktemp {self._mails}/XXXXXXXX)"\n', "utf-8")
        catch.chmod(0o755)
        settings = {"from": "feeds@example.net", "to": "reader@example.net",
                    "email-protocol": "sendmail", "sendmail": str(catch),
                    "verbose": "warning"}  # fmt: skip
        self._write({"DEFAULT": settings})

    def move(self, url: str) -> None:
        """Write the feed's address into the configuration, as its manual says."""
        self._write({"feed.weekly": {"url": url}})

    def poll(self) -> dict[str, str]:
        """Run it; every mail it ever sent counts."""
        r2e = Path(sys.executable).with_name("r2e")
        done = _run([r2e, "-c", self._config, "-d", self._home / "r2e.json", "run"], self._home)
        assert not done.stderr.strip(), done.stderr
        rows = []
        for file in self._mails.iterdir():
            mail = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
            rows.append((mail["X-RSS-ID"], mail["X-RSS-URL"], mail.get_content()))
        return once_each(rows)

    def _write(self, tables: Mapping[str, Mapping[str, str]]) -> None:
        config = configparser.ConfigParser(interpolation=None)
        config.read(self._config, "utf-8")
        config.read_dict(tables)
        with self._config.open("w", encoding="utf-8") as file:
            config.write(file)


def _run(command: Sequence[str | Path], home: Path) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "HOME": str(home), "LC_ALL": "C.UTF-8"}
    environ.pop("PYTHONPATH", None)
    done = subprocess.run(
        command, env=environ, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done
