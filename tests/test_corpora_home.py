"""All the strangers' digests in one home: published at once, asked for over HTTP, well formed.

The corpora hold other people's newsletters in many forms, languages and encodings; none of them
was written for us.
"""

import json
import os
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from html.parser import HTMLParser
from http.client import HTTPConnection
from pathlib import Path

import pytest
from lxml import etree

from publisher import publish as hall
from publisher import register, templates, web
from publisher import settings as settings_room
from publisher.folder import SUFFIXES
from publisher.model import Newsletter
from publisher.publish import Outcome
from publisher.render.feeds.channels import ARCHIVED
from publisher.settings import Settings
from publisher.store import Store
from publisher.web.pages import site_app

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
TOML = """site_url = "https://news.example.net/"
[newsletter]
title = "Everything"
window = 1000
"""
VOID = {"area", "br", "col", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


class Page(HTMLParser):
    """Reads a page and remembers what is wrong with it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.faults: list[str] = []
        self.anchors: list[str] = []
        self.feed(text)
        self.faults += [f"<{tag}> is never closed" for tag in self.open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an opening."""
        given = dict(attrs)
        if tag not in VOID:
            self.open.append(tag)
        if tag in {"script", "iframe", "object", "form"}:
            self.faults.append(f"<{tag}> on a page")
        if any(name.startswith("on") for name in given):
            self.faults.append(f"<{tag}> acts: {given}")
        if tag == "link" and given.get("href") == "data:,":
            return  # no icon, said without a request
        for name in ("href", "src"):
            if (given.get(name) or "").split(":")[0].lower() in {"javascript", "data", "vbscript"}:
                self.faults.append(f"<{tag}> leads to {given[name]}")
        if given.get("id"):
            self.anchors.append(str(given["id"]))

    def handle_endtag(self, tag: str) -> None:
        """Note a closing."""
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> at {self.getpos()} closes nothing")


@pytest.fixture(scope="module")
def published(
    corpora: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Settings, Outcome]]:
    """A home with every digest of the corpora, published as its back catalogue."""
    home = tmp_path_factory.mktemp("everything")
    for file in sorted(corpora.rglob("*")):
        if file.suffix in SUFFIXES and file.parent != corpora:
            there = home / "digests" / file.relative_to(corpora)
            there.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, there)
            os.utime(there, (0, 0))
    (home / "publisher.toml").write_text(TOML, "utf-8")
    settings = settings_room.load(home, {})
    with Store.open(settings.database) as store:
        yield settings, hall.publish(settings, store, templates.load(), now=NOW)


@pytest.fixture(scope="module")
def port(published: tuple[Settings, Outcome]) -> Iterator[int]:
    """The home's site, served."""
    settings, _ = published
    with Store.open(settings.database) as store:
        server = web.server(site_app(settings, store, templates.load()), "127.0.0.1", 0)
        thread = threading.Thread(target=server.run)
        thread.start()
        end = time.monotonic() + 10
        while not server.started:
            assert time.monotonic() < end, "the server did not start"
            time.sleep(0.01)
        yield server.servers[0].sockets[0].getsockname()[1]
        server.should_exit = True
        thread.join(10)


def ask(port: int, path: str) -> bytes:
    """Ask for a page that must be there."""
    with closing(HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request("GET", path)
        answer = connection.getresponse()
        assert answer.status == 200, path
        return answer.read()


def test_every_digest_is_published(published: tuple[Settings, Outcome]) -> None:
    """None is held, none set aside but what has no body at all: each is an issue."""
    _, outcome = published
    assert len(outcome.new) > 90
    others = {
        row.path: (row.state, row.findings[-1].code)
        for row in outcome.digests
        if row.state != "published"
    }
    assert set(others.values()) <= {("aside", "preflight/empty")}
    assert len(others) < 3


def test_every_feed_is_whole(published: tuple[Settings, Outcome], port: int) -> None:
    """The feeds are strictly well formed, tell the same, and with the archives hold every issue.

    JSON may end sooner than RSS and Atom.
    """
    settings, _ = published
    ids = {record.id for record in register.load(settings.register_path).records}
    found: list[str] = []
    folders = [""] + [f"archive/{number}/" for number in range(1, len(ids) // ARCHIVED + 1)]
    for folder in folders:
        rss = etree.fromstring(ask(port, f"/{folder}rss.xml"))
        atom = etree.fromstring(ask(port, f"/{folder}atom.xml"))
        items = json.loads(ask(port, f"/{folder}feed.json"))["items"]
        listed = [guid.text or "" for guid in rss.iter("guid")]
        assert listed == [entry.findtext("{*}id") for entry in atom.iter("{*}entry")]
        assert len(set(listed)) == len(listed)
        assert [item["id"] for item in items] == listed[: len(items)]
        assert len(items) >= (ARCHIVED if folder else min(ARCHIVED, len(listed)))
        contents = [element.text for element in rss.iter("{*}encoded")]
        assert contents[: len(items)] == [item["content_html"] for item in items]
        found += listed
    assert set(found) == ids
    archived = found[-ARCHIVED * (len(folders) - 1) :]
    assert len(set(archived)) == len(archived)


def test_every_page_is_whole(published: tuple[Settings, Outcome], port: int) -> None:
    """Each page answers, closes what it opens, runs nothing, and has its items' anchors once."""
    settings, _ = published
    newsletter: Newsletter = settings.newsletters[0]
    faults: dict[str, list[str]] = {}
    for record in register.load(settings.register_path).of(newsletter.slug):
        page = Page(ask(port, f"/issues/{record.slug}/").decode("utf-8"))
        anchors = [anchor for anchor in page.anchors if anchor.startswith("i-")]
        if anchors != [item.anchor for item in record.live_items]:
            page.faults.append("its anchors are not the register's")
        if page.faults:
            faults[record.path] = page.faults[:5]
    archive = Page(ask(port, "/").decode("utf-8"))
    assert (faults, archive.faults) == ({}, [])
