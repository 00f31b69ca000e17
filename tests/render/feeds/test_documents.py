"""Whole feeds: joined from ready entries, linked to what came before, no longer than is kind."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import urlsplit

import feedparser
import pytest
from lxml import etree
from render.feed_agreement import disagreements
from render.feed_rules import ATOM, HISTORY, faults

from publisher.model import Newsletter
from publisher.render.feeds import documents
from publisher.render.feeds.channels import (
    ARCHIVED,
    Channel,
    archive_channel,
    issues_channel,
    items_channel,
    topic_channel,
)
from publisher.render.feeds.documents import ALWAYS, FINE_BYTES, MOST_BYTES, Window, window_of
from publisher.render.feeds.entries import Entry
from publisher.render.shelf import Shelved, Topic
from publisher.render.words import Words

Shelf = Callable[[int], list[Shelved]]
WRITERS = {"rss.xml": documents.rss, "atom.xml": documents.atom, "feed.json": documents.json_feed}
NAMES = list(WRITERS)


def written(channel: Channel, entries: list[Entry]) -> dict[str, bytes]:
    """Write a feed in each format."""
    return {name: write(channel, entries).encode() for name, write in WRITERS.items()}


def test_every_feed_keeps_the_rules(shelf: Shelf, hubbed: Newsletter, ours: Words) -> None:
    """Feeds of issues, items, a topic and an archive break none, and their formats agree."""
    kept = shelf(3)
    newest = [one.entry for one in reversed(kept)]
    items = [entry for one in reversed(kept) for entry in one.item_entries]
    moment = kept[-1].card.updated
    feeds = [
        (issues_channel(hubbed, moment, archives=2), newest),
        (issues_channel(hubbed, moment), []),
        (items_channel(hubbed, moment, ours), items),
        (topic_channel(hubbed, Topic("厨房-茶", "厨房 & 茶"), moment), items[1:2]),
        (archive_channel(hubbed, 2, moment, archives=3), newest),
    ]
    for channel, entries in feeds:
        bodies = written(channel, entries)
        for name, body in bodies.items():
            assert faults(name, body) == [], (channel.folder, name)
        assert disagreements(*bodies.values()) == []
        for name in NAMES[:2]:
            parsed = feedparser.parse(bodies[name])
            assert not parsed.bozo
            assert [one.id for one in parsed.entries] == [one.id for one in entries]


def test_joined_is_as_written_at_once(shelf: Shelf, hubbed: Newsletter) -> None:
    """Taken apart and written again by one writer, a joined feed has the same bytes."""
    kept = shelf(3)
    channel = issues_channel(hubbed, kept[-1].card.updated, archives=1)
    bodies = written(channel, [one.entry for one in reversed(kept)])
    for name in NAMES[:2]:
        root = etree.fromstring(bodies[name], etree.XMLParser(remove_blank_text=True))
        etree.indent(root)
        again = etree.tostring(root, xml_declaration=True, encoding="UTF-8") + b"\n"
        assert again == bodies[name]
    feed = json.loads(bodies["feed.json"])
    assert [item["id"] for item in feed["items"]] == [one.entry.id for one in reversed(kept)]


def test_an_entry_is_the_same_text_in_every_feed(shelf: Shelf, hubbed: Newsletter) -> None:
    """What stands in the feed moves to its archive untouched, namespaces and indentation included."""
    entry = shelf(1)[0].entry
    moment = shelf(1)[0].card.updated
    for channel in (issues_channel(hubbed, moment), archive_channel(hubbed, 1, moment, archives=1)):
        bodies = written(channel, [entry])
        assert f"\n    {entry.rss}\n".encode() in bodies["rss.xml"]
        assert f"\n  {entry.atom}\n".encode() in bodies["atom.xml"]
        assert f"\n  {entry.json}\n".encode() in bodies["feed.json"]


@pytest.mark.parametrize("name", NAMES)
def test_hubs_are_named_in_every_format(shelf: Shelf, hubbed: Newsletter, name: str) -> None:
    """Each hub stands in each format of a feed (WebSub §4), and in no archive, which has no news."""
    moment = shelf(1)[0].card.updated
    found = []
    for channel in (issues_channel(hubbed, moment), archive_channel(hubbed, 1, moment, archives=1)):
        body = written(channel, [])[name]
        if name == "feed.json":
            hubs = json.loads(body).get("hubs", [])
            assert all(hub["type"] == "WebSub" for hub in hubs)
            found.append(tuple(hub["url"] for hub in hubs))
        else:
            found.append(tuple(_links(body, "hub")))
    assert found == [hubbed.hubs, ()]


def _links(body: bytes, rel: str) -> list[str]:
    links = etree.fromstring(body).iter(f"{ATOM}link")
    return [link.get("href", "") for link in links if link.get("rel") == rel]


# --- archives -----------------------------------------------------------------


def site(kept: list[Shelved], newsletter: Newsletter) -> dict[str, bytes]:
    """Write the newsletter's feed and all its archives, as path -> bytes."""
    closed = len(kept) // ARCHIVED
    files = {}
    for number in range(1, closed + 1):
        part = kept[(number - 1) * ARCHIVED : number * ARCHIVED]
        moment = max(one.card.updated for one in part)
        channel = archive_channel(newsletter, number, moment, archives=closed)
        entries = [one.entry for one in reversed(part)]
        files |= {channel.folder + name: body for name, body in written(channel, entries).items()}
    newest = [one.entry for one in reversed(kept)]
    window = window_of(newest, newsletter.window, least=len(kept) % ARCHIVED)
    channel = issues_channel(newsletter, kept[-1].card.updated, archives=closed)
    for name, write in WRITERS.items():
        count = window.json if name == "feed.json" else window.xml
        files[name] = write(channel, newest[:count]).encode()
    return files


def walk(files: dict[str, bytes], name: str) -> Iterator[list[str]]:
    """Follow a feed into the past, as RFC 5005 §4 and JSON Feed do; give each document's ids."""
    path: str | None = name
    while path is not None:
        body = files[path]
        if name == "feed.json":
            feed = json.loads(body)
            yield [item["id"] for item in feed["items"]]
            before = feed.get("next_url")
        else:
            root = etree.fromstring(body)
            inside = "channel/item/guid" if name == "rss.xml" else f"{ATOM}entry/{ATOM}id"
            yield [one.text or "" for one in root.iterfind(inside)]
            before = next(iter(_links(body, "prev-archive")), None)
        path = urlsplit(before).path.removeprefix("/") if before else None


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("count", [1, 9, 10, 11, 19, 20, 21, 33])
def test_a_walk_back_gives_every_issue_once(
    shelf: Shelf, hubbed: Newsletter, name: str, count: int
) -> None:
    """From the feed to the oldest archive nothing is missing, and no two archives share an issue."""
    kept = shelf(count)
    current, *archives = walk(site(kept, replace(hubbed, window=3)), name)
    archived = [one for ids in archives for one in ids]
    assert len(archived) == len(set(archived)) == count // ARCHIVED * ARCHIVED
    ids = [one.entry.id for one in kept]
    assert set(current) | set(archived) == set(ids)
    assert current == ids[::-1][: len(current)]
    assert archived == ids[: len(archived)][::-1]


def test_archives_lead_on_and_back(shelf: Shelf, hubbed: Newsletter) -> None:
    """Each says it is one, leads to its neighbours and to the feed, in RSS as in Atom."""
    files = site(shelf(30), hubbed)
    base = "https://news.example.org/"
    for name in NAMES[:2]:
        for number in (1, 2, 3):
            body = files[f"archive/{number}/{name}"]
            assert etree.fromstring(body).find(f".//{HISTORY}archive") is not None
            assert _links(body, "self") == [f"{base}archive/{number}/{name}"]
            assert _links(body, "current") == [base + name]
            back = [f"{base}archive/{number - 1}/{name}"] if number > 1 else []
            on = [f"{base}archive/{number + 1}/{name}"] if number < 3 else []
            assert (_links(body, "prev-archive"), _links(body, "next-archive")) == (back, on)
        assert _links(files[name], "prev-archive") == [f"{base}archive/3/{name}"]
        assert b"<fh:archive/>" not in files[name]


def test_a_closed_archive_changes_once(shelf: Shelf, hubbed: Newsletter) -> None:
    """When the next one is closed it gets the one line that leads there; after that no byte."""
    kept = shelf(30)
    ten, twenty, thirty = (site(kept[:count], hubbed) for count in (19, 20, 30))
    for name in NAMES:
        old, new, last = (files[f"archive/1/{name}"].decode() for files in (ten, twenty, thirty))
        added = [line for line in new.splitlines() if line not in old.splitlines()]
        assert [("next-archive" in line) for line in added] == [True] * (name != "feed.json")
        assert new.replace("".join(f"{line}\n" for line in added), "") == old
        assert last == new


# --- windows ------------------------------------------------------------------


def entries_of(*sizes: int) -> list[Entry]:
    """Make entries of so many bytes in each format; a third of that many characters."""
    return [Entry(f"tag:{n}", *["题" * (size // 3)] * 3) for n, size in enumerate(sizes)]


@pytest.mark.parametrize(
    ("sizes", "most", "least", "window"),
    [
        ([300] * 50, 20, 1, Window(20, 20)),
        ([300] * 5, 20, 1, Window(5, 5)),
        ([], 20, 1, Window(0, 0)),
        ([300] * 50, 4, 9, Window(9, 9)),
        ([30_000] * 50, 20, 1, Window(17, ALWAYS)),
        ([30_000] * 50, 20, 12, Window(17, 12)),
        ([90_000] * 50, 20, 1, Window(5, 5)),
        ([900_000] * 3, 20, 1, Window(1, 1)),
        ([900_000] * 9, 20, 7, Window(7, 7)),
    ],
)
def test_a_feed_is_no_longer_than_is_kind(
    sizes: list[int], most: int, least: int, window: Window
) -> None:
    """So many entries as were asked for or fit, JSON ten or what is fine, never fewer than must."""
    assert window_of(entries_of(*sizes), most, least) == window


def test_a_full_feed_stays_under_its_limit(hubbed: Newsletter, ours: Words) -> None:
    """The shell has room beside the entries, and every byte of them is counted."""
    channel = items_channel(hubbed, datetime(2024, 3, 1, tzinfo=UTC), ours)
    for size in (300, 3_000, 30_000, 90_000):
        # to the brim: large ones, and small ones in what room they leave
        entries = entries_of(*[size] * (MOST_BYTES // (size + 8)), *[300] * 300)
        window = window_of(entries, 2_000)
        assert sum(len(entry.rss.encode()) for entry in entries[: window.xml]) > MOST_BYTES * 0.95
        for name, write in WRITERS.items():
            count = window.json if name == "feed.json" else window.xml
            assert len(write(channel, entries[:count]).encode()) <= 512 * 1024
        assert size * window.json <= max(FINE_BYTES, size * ALWAYS)
