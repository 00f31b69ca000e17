"""nginx and Caddy with what is written for them, beside our own answers to the same questions."""

import gzip
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import quote

import brotli
import pytest
import zstandard

import publisher.site
from publisher.errors import RefusedError
from publisher.settings import Settings
from publisher.web import fronts
from publisher.web.pages import site_app

NOW = datetime(2026, 11, 7, 9, 0, tzinfo=UTC)
LONG = "<rss>论文</rss>" + "<!-- the same again -->" * 60
FILES = {
    "index.html": LONG,
    "rss.xml": LONG,
    "atom.xml": LONG,
    "feed.json": LONG,
    "feeds.opml": LONG,
    "sitemap.xml": "short",
    "topics/模型/rss.xml": LONG,
    "topics/模型/index.html": LONG,
    "archive/3/atom.xml": LONG,
    "zhoubao/index.html": LONG,
    "zhoubao/feed.json": LONG,
    "zhoubao/archive/1/feed.json": LONG,
    "issues/11/index.html": LONG,
    "issues/11/issue.json": LONG,
    "issues/11/card.png": "no picture",
    "issues/12/index.html": "tombstone" * 100,
    "issues/12/gone.html": "tombstone" * 100,
    "issues/12/card.png": "no picture",
    "zhoubao/issues/7/index.html": "tombstone",
    "zhoubao/issues/7/gone.html": "tombstone",
    "empty/note.txt": "no page here",
    ".hidden/rss.xml": LONG,
}
UNPACK: dict[str | None, Callable[[bytes], bytes]] = {
    None: bytes,
    "gzip": gzip.decompress,
    "br": brotli.decompress,
    "zstd": zstandard.ZstdDecompressor().decompress,
}
SAME = (
    "content-type",
    "cache-control",
    "link",
    "access-control-allow-origin",
    "access-control-expose-headers",
    "content-security-policy",
    "x-content-type-options",
)
"""The headers in which all three agree, where there is a file."""


@pytest.fixture
def published(home: Settings, store, issue) -> Settings:
    """A home with every kind of file on its site, two withdrawn issues among them."""
    daily, zhoubao = home.newsletters
    home = replace(
        home,
        newsletters=(
            replace(daily, hubs=("https://hub.example.net/",)),
            replace(zhoubao, hubs=("https://hub.example.cn/",)),
        ),
    )
    publisher.site.write(home.site_folder, {p: text.encode() for p, text in FILES.items()}, NOW)
    issue("12", withdrawn=NOW)
    issue("7", "zhoubao", withdrawn=NOW)
    return home


@pytest.fixture
def ours(published: Settings, store, sources, serve):
    """Our own server."""
    return serve(site_app(published, store, sources))


@pytest.fixture(params=["nginx", "caddy"])
def front(request: pytest.FixtureRequest, published: Settings, ours):
    """A server that has the files, and passes on what is alive."""
    settings = replace(published, port=ours.port)
    start = request.getfixturevalue(request.param)
    if request.param == "caddy":
        return start(fronts.caddy(settings))
    return start(f"server {{ listen 127.0.0.1:PORT;\n{fronts.nginx(settings)} }}")


pytestmark = pytest.mark.service


@pytest.mark.parametrize("coding", [None, "gzip", "br", "zstd"])
def test_files_are_answered_alike(ours, front, coding: str | None) -> None:
    """Every file has the same status, text, type, age, links; and the other server's own tag."""
    asked = {"accept_encoding": coding} if coding else {}
    for path in FILES:
        theirs, own = (one.ask("/" + quote(path), **asked) for one in (front, ours))
        assert theirs.status == own.status, path
        if own.status == 404:
            continue
        read = UNPACK[theirs.headers.get("content-encoding")]
        assert read(theirs.body) == UNPACK[own.headers.get("content-encoding")](own.body), path
        for name in SAME:
            assert theirs.headers.get(name) == own.headers.get(name), (path, name)
        if own.status == 200:
            assert theirs.headers["last-modified"] == own.headers["last-modified"]
            assert "accept-encoding" in theirs.headers["vary"].lower()
        else:
            assert "etag" not in theirs.headers
    if coding == "gzip":
        assert front.ask("/rss.xml", **asked).headers["content-encoding"] == "gzip"


def test_caddy_knows_zstd(published, ours, caddy) -> None:
    """Caddy sends each of the copies there is."""
    front = caddy(fronts.caddy(replace(published, port=ours.port)))
    for coding in ("gzip", "br", "zstd"):
        answer = front.ask("/rss.xml", accept_encoding=coding)
        assert answer.headers["content-encoding"] == coding


@pytest.mark.parametrize("path", ["rss.xml", "index.html", "archive/3/atom.xml"])
def test_three_polls(ours, front, published, path: str) -> None:
    """Who repeats either validator gets 304 with the same ages, and a change of a second is seen."""
    first = front.ask(f"/{path}", accept_encoding="gzip")
    tag, date = first.headers["etag"], first.headers["last-modified"]
    for given in ({"if_none_match": tag}, {"if_modified_since": date}):
        again = front.ask(f"/{path}", accept_encoding="gzip", **given)
        assert (again.status, again.body) == (304, b"")
        assert again.headers["cache-control"] == first.headers["cache-control"]
    other = LONG.replace("same", "SAME").encode()  # as long, in the same second
    assert len(other) == len(LONG.encode())
    publisher.site.write(published.site_folder, {path: other}, NOW)
    for given in ({"if_none_match": tag}, {"if_modified_since": date}):
        answer = front.ask(f"/{path}", **given)
        assert (answer.status, answer.body) == (200, other)
    head = front.ask(f"/{path}", "HEAD")
    assert (head.status, head.body) == (200, b"")


def test_folders_are_found_alike(ours, front) -> None:
    """A folder is its page, and is shown the way to with its slash; one without a page is none."""
    for path in ("/", "/issues/11/", "/zhoubao/", "/issues/11", "/topics/" + quote("模型")):
        theirs, own = front.ask(path), ours.ask(path)
        assert theirs.status == own.status, path
        if own.status == 301:
            assert theirs.headers["location"].endswith("/" + own.headers["location"][2:])
            assert theirs.headers["cache-control"] == own.headers["cache-control"]
        else:
            assert theirs.body == own.body
    assert front.ask("/rss.xml?from=x>;y").headers["link"] == ours.ask("/rss.xml").headers["link"]
    assert front.ask("//issues/11?x").headers["location"].startswith("/issues/11/")
    for path in ("/empty/", "/empty", "/nothing", "/issues/99/", "/nothing/rss.xml"):
        assert (front.ask(path).status, ours.ask(path).status) == (404, 404), path


def test_nothing_else_is_there(ours, front) -> None:
    """What is hidden, outside, or a copy by its name is not there for either."""
    for path in (
        "/.hidden/rss.xml",
        "/rss.xml.gz",
        "/rss.xml.br",
        "/rss.xml.zst",
        "/%2e%2e/publisher.toml",
        "/issues/..%2f..%2fpublisher.toml",
        "/metrics",
    ):
        assert front.ask(path).status in {400, 404}, path
    assert ours.ask("/rss.xml.zst").status == 404


def test_withdrawn_is_gone_by_a_file_alone(ours, front, published, issue) -> None:
    """With its folder's file an issue is gone in all its parts, and without it is there again."""
    for path in ("/issues/12/", "/issues/12", "/issues/12/card.png", "/zhoubao/issues/7/"):
        theirs, own = front.ask(path), ours.ask(path)
        assert (theirs.status, own.status) == (410, 410), path
        assert theirs.body == own.body
        assert theirs.headers["content-type"] == "text/html; charset=utf-8"
        assert theirs.headers["cache-control"] == own.headers["cache-control"]
    dated = ours.ask("/issues/11/").headers["last-modified"]
    assert front.ask("/issues/12/", if_modified_since=dated).status == 410
    files = {"issues/12/gone.html": None, "issues/12/index.html": LONG.encode()}
    publisher.site.write(published.site_folder, files, NOW)
    assert front.ask("/issues/12/").status == 200
    assert front.ask("/issues/12/card.png").status == 200


def test_web_readers_may_ask(ours, front) -> None:
    """A browser's question before a conditional request is answered as we do."""
    for path in ("/rss.xml", "/zhoubao/feed.json"):
        theirs, own = front.ask(path, "OPTIONS"), ours.ask(path, "OPTIONS")
        assert (theirs.status, own.status) == (204, 204)
        for name in ("origin", "methods", "headers"):
            header = f"access-control-allow-{name}"
            assert theirs.headers[header] == own.headers[header]
    assert front.ask("/rss.xml", "POST", body=b"x").status == 405


def test_what_is_alive_is_passed_on(ours, front, store, subscribe) -> None:
    """Unsubscribing goes through to the program, with each header once."""
    for newsletter in ("daily", "zhoubao"):
        _, path = subscribe(f"reader@{newsletter}.example.org", newsletter)
        answer = front.ask(path)
        assert answer.status == 200
        assert answer.headers["content-security-policy"].count("default-src") == 1
        assert answer.headers["strict-transport-security"] == "max-age=31536000"
    assert front.ask("/health").status == 200


@pytest.mark.parametrize(
    ("address", "words"), [(None, "no site_url"), ("https://example.net/letters/", "has a path")]
)
def test_what_cannot_be_written(home: Settings, address: str | None, words: str) -> None:
    """Without an address, or with one inside another site, nothing is written, and it says why."""
    newsletters = tuple(replace(one, site_url=address) for one in home.newsletters)
    for write in (fronts.nginx, fronts.caddy):
        with pytest.raises(RefusedError, match=words):
            write(replace(home, newsletters=newsletters))


def test_another_host_for_what_is_alive(home: Settings) -> None:
    """Where app_url is another host, the files' host passes nothing on."""
    newsletters = tuple(
        replace(one, app_url="https://app.example.org/") for one in home.newsletters
    )
    settings = replace(home, newsletters=newsletters)
    assert "proxy" not in fronts.nginx(settings)
    assert "proxy" not in fronts.caddy(settings)
