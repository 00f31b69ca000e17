"""Strict judges over every feed that is published: the sample's, and all the corpora's as one site.

libxml2, feedparser, `reader`, feedsmith, our own rules (tests/render/feed_rules.py), and what a
reader that asks over HTTP relies on. 0 faults, but for those `ALLOWED` gives a reason for.
"""

import json
import subprocess
from collections.abc import Callable
from contextlib import closing
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import quote

import feedparser
import pytest
from drills.publication import Publication
from lxml import etree
from reader import make_reader
from render.feed_agreement import disagreements, told
from render.feed_rules import faults

from publisher.addresses import FEEDS

pytestmark = pytest.mark.service

TYPES = {name: kind for name, kind, _ in FEEDS}
FORMATS = {"rss.xml": "rss", "atom.xml": "atom", "feed.json": "json"}
ALLOWED = {"content has class": "HTML in a digest keeps the author's classes; nothing styles them"}
"""Faults that may stand, by how they end, and why."""


def name_of(path: str) -> str:
    """Give the file's own name."""
    return path.rpartition("/")[2]


def judged(path: str, body: bytes) -> list[str]:
    """Give what our rules find in a file, what may stand left out.

    So may the size of a feed of items that holds one issue alone: all its items stand there, or
    whoever follows them would miss some.
    """
    allowed = tuple(ALLOWED)
    if path.startswith(("items/", "topics/")):
        pages = {str(entry["address"]).partition("#")[0] for entry in told(body)}
        allowed += ("are a burden on who reads it",) if len(pages) == 1 else ()
    return [fault for fault in faults(path, body) if not fault.endswith(allowed)]


def test_our_rules(publication: Publication, report: Callable[[str], None]) -> None:
    """No feed and no list of feeds breaks a rule of its format."""
    lists = [path for path in publication.files if path.endswith(".opml")]
    feeds = [*publication.feeds, *lists]
    found = {path: wrong for path in feeds if (wrong := judged(path, publication.read(path)))}
    assert found == {}
    entries = sum(len(told(publication.read(path))) for path in publication.feeds)
    report(f"{len(feeds)} feeds and lists, {entries} entries: 0 faults")


def test_the_formats_agree(publication: Publication) -> None:
    """The three feeds of each folder say the same of the same entries."""
    folders = {path.removesuffix(name_of(path)) for path in publication.feeds}
    assert "" in folders
    for folder in sorted(folders):
        three = [publication.read(f"{folder}{name}") for name in FORMATS]
        lengths = [len(told(body)) for body in three]
        # a JSON feed carries more around each entry and so may hold fewer, the newest
        shortest = min(lengths)
        assert lengths[0] == lengths[1] >= shortest > 0, folder
        assert disagreements(*(newest(body, shortest) for body in three)) == [], folder


def newest(body: bytes, count: int) -> bytes:
    """Cut a feed to its first entries."""
    if body.startswith(b"{"):
        feed = json.loads(body)
        return json.dumps(feed | {"items": feed["items"][:count]}).encode()
    root = etree.fromstring(body)
    for entry in [*root.iter("item"), *root.iter("{*}entry")][count:]:
        parent = entry.getparent()
        assert parent is not None
        parent.remove(entry)
    return etree.tostring(root)


def test_libxml2(publication: Publication, program: Callable[[str], str]) -> None:
    """The parser libxml2 has nothing to say of any XML file."""
    names = [path for path in publication.files if path.endswith((".xml", ".opml"))]
    assert len(names) >= 2
    done = subprocess.run(
        [program("xmllint"), "--noout", "--nonet", *names],
        cwd=publication.settings.site_folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_feedparser(publication: Publication) -> None:
    """Asked over HTTP, the parser has nothing to forgive and loses no entry."""
    for path in publication.feeds:
        if path.endswith(".json"):
            continue
        found = feedparser.parse(publication.at(path))
        assert not found.bozo, (path, found.get("bozo_exception"))
        assert found.version == {"rss.xml": "rss20", "atom.xml": "atom10"}[name_of(path)]
        assert found.encoding == "utf-8"
        said = told(publication.read(path))
        assert [one.id for one in found.entries] == [one["id"] for one in said], path
        assert [one.title for one in found.entries] == [one["title"] for one in said], path


def test_reader(publication: Publication, tmp_path: Path) -> None:
    """The library takes every feed, JSON too, and has all its entries."""
    with closing(make_reader(str(tmp_path / "reader.db"), feed_root="")) as reader:
        for path in publication.feeds:
            reader.add_feed(publication.at(path))
        for url, outcome in reader.update_feeds_iter():
            assert not isinstance(outcome, Exception), (url, outcome)
        for path in publication.feeds:
            kept = {
                entry.id: entry.title for entry in reader.get_entries(feed=publication.at(path))
            }
            assert kept == {one["id"]: one["title"] for one in told(publication.read(path))}, path


def test_feedsmith(publication: Publication, node: Callable[[str, object], dict]) -> None:
    """A parser of another language reads what was written: format, ids, titles, links, contents."""
    root = publication.settings.site_folder
    names = [path for path in publication.files if path.endswith(".opml")] + publication.feeds
    read = node("feeds.cjs", [str(root / name) for name in names])
    for name in names:
        found = read[str(root / name)]
        assert isinstance(found, dict), (name, found)
        if name.endswith(".opml"):
            listed = etree.fromstring(publication.read(name)).iter("outline")
            assert found["entries"] == [outline.get("xmlUrl") for outline in listed]
            continue
        assert found["format"] == FORMATS[name_of(name)]
        said = told(publication.read(name))
        assert len(found["entries"]) == len(said), name
        for entry, ours in zip(found["entries"], said, strict=True):
            for key in ("id", "title", "address", "content"):
                assert (entry.get(key) or "").strip() == (ours[key] or "").strip(), (name, key)


def test_what_is_served(publication: Publication, report: Callable[[str], None]) -> None:
    """Type with charset, strong tag, time, age, Vary and origin; HEAD as GET; both validators."""
    for path in publication.feeds:
        got = publication.ask(quote(path))
        headers = got.headers
        assert got.status == 200
        assert got.body == publication.read(path)
        assert headers["content-type"] == f"{TYPES[name_of(path)]}; charset=utf-8"
        itself = f"{publication.newsletter.site_url}{quote(path)}"
        assert f'<{itself}>; rel="self"' in headers["link"]
        assert headers["etag"].startswith('"')
        assert headers["access-control-allow-origin"] == "*"
        assert "accept-encoding" in headers["vary"].lower()
        assert headers["cache-control"].startswith("public, max-age=")
        assert parsedate_to_datetime(headers["last-modified"]).tzinfo is not None
        assert not {"expires", "set-cookie", "location"} & headers.keys()
        head = publication.ask(quote(path), "HEAD")
        assert (head.status, head.body) == (200, b"")
        assert without_date(head.headers) == without_date(headers)
        for condition in (
            {"if_none_match": headers["etag"]},
            {"if_none_match": f'"other", W/{headers["etag"]}'},
            {"if_none_match": "*"},
            {"if_modified_since": headers["last-modified"]},
        ):
            again = publication.ask(quote(path), **condition)
            assert (again.status, again.body) == (304, b""), condition
            for name in ("etag", "last-modified", "cache-control", "vary"):
                assert again.headers[name] == headers[name]
        for condition in ({"if_none_match": '"other"'}, {"if_modified_since": "yesterday"}):
            assert publication.ask(quote(path), **condition).status == 200, condition
    report(f"{len(publication.feeds)} feeds, 8 questions each: 0 wrong answers")


def without_date(headers: dict[str, str]) -> dict[str, str]:
    """Leave out when it was answered."""
    return {name: text for name, text in headers.items() if name != "date"}
