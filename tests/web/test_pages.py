"""The public port, asked over real connections."""

import gzip
import json
import os
import socket
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import brotli
import pytest
import zstandard
from structlog.testing import capture_logs

import publisher.site
from publisher.codings import SUFFIXES, copies
from publisher.model import Consent, Kind
from publisher.store import ledger, sends, subscribers
from publisher.web.counters import Counters
from publisher.web.pages import site_app

FEED = "<?xml version='1.0' encoding='UTF-8'?>\n<rss>论文</rss>\n"

NOW = datetime(2026, 11, 7, 9, 0, tzinfo=UTC)


def test_feed(site, put) -> None:
    """A feed comes with its type, both validators, and a word on how long it keeps."""
    put("rss.xml", FEED)
    answer = site.ask("/rss.xml")
    assert (answer.status, answer.text) == (200, FEED)
    assert answer.headers["content-type"] == "application/rss+xml; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=900"
    assert answer.headers["vary"] == "Accept-Encoding"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["etag"].startswith('"')
    assert answer.headers["last-modified"].endswith(" GMT")
    assert answer.headers["content-length"] == str(len(FEED.encode()))


@pytest.mark.parametrize("path", ["rss.xml", "atom.xml", "feed.json", "zhoubao/rss.xml", "12/"])
def test_three_polls(site, put, path: str) -> None:
    """A reader that repeats what it was told gets 200, 304, 304, and 200 after a change."""
    file = put(path if not path.endswith("/") else f"{path}index.html", "one")
    first = site.ask(f"/{path}")
    known = {"if_none_match": first.headers["etag"]}
    dated = {"if_modified_since": first.headers["last-modified"]}
    assert first.status == 200
    for given in (known, dated, known | dated):
        unchanged = site.ask(f"/{path}", **given)
        assert (unchanged.status, unchanged.body) == (304, b"")
        for name in ("etag", "last-modified", "cache-control", "vary"):
            assert unchanged.headers[name] == first.headers[name]
        assert "content-type" not in unchanged.headers
    file.write_text("two")
    assert site.ask(f"/{path}", **known).text == "two"


def copied(put, path: str, content: str) -> Path:
    """Lay a text on the site with its compressed copies."""
    file: Path = put(path, content)
    for suffix, copy in copies(content.encode()).items():
        beside = put(path + suffix, copy)
        os.utime(beside, ns=(file.stat().st_mtime_ns,) * 2)
    return file


LONG = FEED + "<!-- the same again -->" * 40


@pytest.mark.parametrize("path", ["topics/模型/rss.xml", "issues/12/index.html"])
def test_each_coding_is_a_thing_of_its_own(site, put, path: str) -> None:
    """Each coding unpacks to the file and has a tag of its own, which is good for no other."""
    copied(put, path, LONG)
    address = "/" + quote(path)
    unpack = {
        "gzip": gzip.decompress,
        "br": brotli.decompress,
        "zstd": zstandard.ZstdDecompressor().decompress,
    }
    plain = site.ask(address)
    tags = {plain.headers["etag"]}
    for coding, read in unpack.items():
        answer = site.ask(address, accept_encoding=coding)
        assert answer.headers["content-encoding"] == coding
        assert read(answer.body).decode() == LONG
        assert answer.headers["content-length"] == str(len(answer.body))
        for name in ("content-type", "last-modified", "cache-control", "vary"):
            assert answer.headers[name] == plain.headers[name]
        tag = answer.headers["etag"]
        tags.add(tag)
        assert site.ask(address, accept_encoding=coding, if_none_match=tag).status == 304
        assert site.ask(address, if_none_match=tag).status == 200
        head = site.ask(address, "HEAD", accept_encoding=coding)
        assert (head.headers["etag"], head.body) == (tag, b"")
    assert len(tags) == 4
    assert not any(tag.startswith("W/") for tag in tags)


def test_who_takes_everything_gets_the_shortest(site, put) -> None:
    """Of codings taken alike the shortest is sent; one preferred is sent though it is longer."""
    file = copied(put, "rss.xml", LONG)
    sizes = {name: len(copies(LONG.encode())[end]) for name, end in SUFFIXES.items()}
    answer = site.ask("/rss.xml", accept_encoding="gzip, deflate, br, zstd")
    assert sizes[answer.headers["content-encoding"]] == min(sizes.values())
    for coding in sizes:
        wish = f"{coding};q=1, *;q=0.5"
        assert site.ask("/rss.xml", accept_encoding=wish).headers["content-encoding"] == coding
    refused = site.ask("/rss.xml", accept_encoding="identity;q=0")
    assert refused.status == 406
    assert refused.headers["vary"] == "Accept-Encoding"
    assert site.ask("/rss.xml", accept_encoding="identity;q=0, gzip").status == 200
    assert file.exists()


def test_stale_copies_are_not_served(site, put) -> None:
    """A copy of another time than its file is as if it were not there; nor is one by its name."""
    file = copied(put, "rss.xml", LONG)
    assert "content-encoding" in site.ask("/rss.xml", accept_encoding="gzip").headers
    file.write_text("changed by hand" * 100)
    answer = site.ask("/rss.xml", accept_encoding="gzip")
    assert "content-encoding" not in answer.headers
    assert answer.text == "changed by hand" * 100
    assert site.ask("/rss.xml.gz").status == 404


def test_copies_that_come_later_are_served(site, put, home) -> None:
    """Copies made for a file that stood without, as from git, are found by a running server."""
    put("rss.xml", LONG)
    assert "content-encoding" not in site.ask("/rss.xml", accept_encoding="br").headers
    assert publisher.site.write(home.site_folder, {"rss.xml": LONG.encode()}, NOW) == ()
    assert site.ask("/rss.xml", accept_encoding="br").headers["content-encoding"] == "br"


def test_feeds_say_whose_they_are(put, home, store, sources, serve) -> None:
    """A feed names its own address and its hubs; an archived one has none and keeps for a day."""
    daily, zhoubao = home.newsletters
    home = replace(home, newsletters=(replace(daily, hubs=("https://hub.example.net/",)), zhoubao))
    site = serve(site_app(home, store, sources))
    here = "https://news.example.org"
    hub = ', <https://hub.example.net/>; rel="hub"'
    for path, follows in (
        ("rss.xml", hub),
        ("topics/模型/feed.json", hub),
        ("archive/3/atom.xml", ""),
        ("zhoubao/atom.xml", ""),
    ):
        put(path, FEED)
        answer = site.ask("/" + quote(path))
        assert answer.headers["link"] == f'<{here}/{quote(path)}>; rel="self"{follows}'
        age = 86400 if "archive" in path else 900
        assert answer.headers["cache-control"] == f"public, max-age={age}"
    for path in ("feeds.opml", "index.html"):
        put(path)
        assert "link" not in site.ask(f"/{path}").headers


def test_reader_ten_times_a_second_is_told_to_wait(site, put) -> None:
    """Who fetches a feed whole again and again is told when to come; nobody else behind it is."""
    put("rss.xml", FEED)
    put("atom.xml", FEED)
    bad = {"x_forwarded_for": "10.0.0.1, 9.8.7.6", "user_agent": "loop/1"}
    answers = [site.ask("/rss.xml", **bad) for _ in range(40)]
    assert [answer.status for answer in answers] == [200] * 12 + [429] * 28
    last = answers[-1]
    assert 1 <= int(last.headers["retry-after"]) <= 60
    assert last.headers["access-control-allow-origin"] == "*"
    tag = answers[0].headers["etag"]
    assert site.ask("/rss.xml", **bad, if_none_match=tag).status == 304
    assert site.ask("/rss.xml", **bad, if_none_match='"x"').status == 200
    assert site.ask("/rss.xml", "HEAD", **bad).status == 200
    assert site.ask("/atom.xml", **bad).status == 200
    assert site.ask("/rss.xml", **{**bad, "user_agent": "newsboat/2.21"}).status == 200
    assert site.ask("/rss.xml", **{**bad, "x_forwarded_for": "9.8.7.5"}).status == 200


def test_whom_nothing_tells_apart_nobody_limits(site, put) -> None:
    """Without a word on who asks, all come from one address, and all are answered."""
    put("rss.xml", FEED)
    assert {site.ask("/rss.xml").status for _ in range(40)} == {200}


def test_hostile_hosts_are_no_part_of_an_answer(site, put) -> None:
    """Whatever a request calls us, the feed and its links are the same."""
    put("rss.xml", FEED)
    put("issues/12/index.html")
    usual = site.ask("/rss.xml", host="news.example.org")
    for host in ("evil.example", '"><script>', "a" * 5000, "", "news.example.org, evil.example"):
        answer = site.ask("/rss.xml", host=host)
        assert (answer.status, answer.body) == (200, usual.body)
        assert answer.headers["link"] == usual.headers["link"]
        assert site.ask("/issues/12", host=host).headers["location"] == "./12/"


def test_a_megabyte_of_tags_is_refused(site, put) -> None:
    """A head that goes on and on is refused, and the next reader is answered."""
    put("rss.xml", FEED)
    with suppress(BrokenPipeError, ConnectionResetError):  # closed on us: refused too
        assert site.ask("/rss.xml", if_none_match='"x", ' * 200_000).status == 431
    many = ", ".join(f'"{number:032}"' for number in range(800))
    assert site.ask("/rss.xml", if_none_match=many).status == 200
    tag = site.ask("/rss.xml").headers["etag"]
    assert site.ask("/rss.xml", if_none_match=f"{many}, {tag}").status == 304


def test_many_questions_on_one_connection(site, put) -> None:
    """Questions sent one behind the other are answered in order, and a closed one to its end."""
    put("rss.xml", FEED)
    put("atom.xml", "b" * 300_000)
    names = ("rss.xml", "atom.xml", "index.html", "rss.xml")
    asked = "".join(f"GET /{name} HTTP/1.1\r\nHost: x\r\n\r\n" for name in names)
    last = "GET /atom.xml HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", site.port), 10) as line:
        line.sendall((asked + last).encode())
        told = b"".join(iter(lambda: line.recv(65536), b""))
    found = [part.partition(b"\r\n\r\n")[0] for part in told.split(b"HTTP/1.1 ")[1:]]
    assert [head[:3] for head in found] == [b"200", b"200", b"404", b"200", b"200"]
    assert [head.count(b"\r\ndate: ") for head in found] == [1] * 5
    assert told.count(b"b" * 300_000) == 2
    assert told.endswith(b"b" * 300_000)


def test_polls_are_counted(home, store, sources, serve, put) -> None:
    """Each answer to a feed is counted with the program that asked; pages and absences are not."""
    counters = Counters()
    site = serve(site_app(home, store, sources, counters))
    put("topics/llm/rss.xml", FEED)
    put("index.html")
    tag = site.ask("/topics/llm/rss.xml", user_agent="one").headers["etag"]
    site.ask("/topics/llm/rss.xml", user_agent="two", if_none_match=tag)
    site.ask("/index.html", user_agent="one")
    site.ask("/rss.xml", user_agent="one")
    feed = "topics/llm/rss.xml"
    assert counters.taken() == {(feed, "one", 200): 1, (feed, "two", 304): 1}


def test_tags_win_over_dates(site, put) -> None:
    """With If-None-Match the date does not count; lines of it are one list."""
    put("rss.xml", FEED)
    first = site.ask("/rss.xml")
    date = first.headers["last-modified"]
    assert site.ask("/rss.xml", if_none_match='"x"', if_modified_since=date).status == 200
    lines = (("If-None-Match", '"x"'), ("If-None-Match", f"W/{first.headers['etag']}"))
    assert site.ask("/rss.xml", lines=lines).status == 304


def test_head_is_get_without_body(site, put) -> None:
    """HEAD has the same headers, conditions included, and no body."""
    put("rss.xml", FEED)
    whole, head = site.ask("/rss.xml"), site.ask("/rss.xml", "HEAD")
    ignored = {"date"}
    assert head.body == b""
    assert {k: v for k, v in head.headers.items() if k not in ignored} == {
        k: v for k, v in whole.headers.items() if k not in ignored
    }
    assert site.ask("/rss.xml", "HEAD", if_none_match=whole.headers["etag"]).status == 304
    assert site.ask("/nothing", "HEAD").body == b""


@pytest.mark.parametrize("path", ["/", "/rss.xml", "/nothing", "/health", "/unsubscribe/x"])
def test_every_answer_is_guarded(site, put, path: str) -> None:
    """The security headers stand on every answer, and the server is not named."""
    put("index.html")
    put("rss.xml", FEED)
    headers = site.ask(path).headers
    assert headers["content-security-policy"].startswith("default-src 'none'; ")
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "script-src" not in headers["content-security-policy"]
    assert "img-src 'self' data:; " in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert "server" not in headers
    assert "set-cookie" not in headers


def test_pages(site, put) -> None:
    """A folder is its index.html; without the slash the way there is shown, relatively."""
    put("index.html", "front")
    put("issues/第一期/index.html", "一")
    encoded = "/issues/%E7%AC%AC%E4%B8%80%E6%9C%9F"
    assert site.ask("/").text == "front"
    assert site.ask(f"{encoded}/").text == "一"
    moved = site.ask(encoded)
    assert moved.status == 301
    assert moved.headers["location"] == "./%E7%AC%AC%E4%B8%80%E6%9C%9F/"


def test_feeds_are_never_redirected(site, put) -> None:
    """Not even where a folder bears a feed's name."""
    put("rss.xml/index.html")
    assert site.ask("/rss.xml").status != 301
    assert site.ask("/atom.xml").status == 404


def test_no_way_out(site, put, home) -> None:
    """What is not in the folder is not there."""
    (home.home / "rss.xml").write_text("no feed of the site")
    put(".hidden/atom.xml")
    put("index.html")
    put("issues/index.html")
    for path in (
        "/../publisher.toml",
        "/%2e%2e/publisher.toml",
        "/issues/..%2f..%2fpublisher.toml",
        "/issues/%5c..%5cpublisher.toml",
        "/%00",
        "//example.org/",
        "//example.org",
        "/.git/config",
        "/" + "x" * 3000,
        "/%ff%fe",
        "/../rss.xml",
        "/%2e%2e/rss.xml",
        "/issues/..%2f..%2f..%2frss.xml",
        "/.hidden/atom.xml",
        "//atom.xml",
        "/\\..\\feed.json",
    ):
        answer = site.ask(path)
        assert answer.status == 404, path
        assert "location" not in answer.headers


def test_only_reading(site, put) -> None:
    """Any other method is refused with the ones there are; web readers may ask first."""
    put("rss.xml", FEED)
    put("index.html")
    for path in ("/rss.xml", "/", "/nothing"):
        answer = site.ask(path, "POST", body=b"")
        assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")
    asked = site.ask("/rss.xml", "OPTIONS")
    assert asked.status == 204
    assert "If-None-Match" in asked.headers["access-control-allow-headers"]


def test_missing_speaks_the_newsletters_language(site) -> None:
    """The page for nothing is the newsletter's, and leads home wherever it stands."""
    english, chinese = site.ask("/issues/99/"), site.ask("/zhoubao/issues/99/")
    assert (english.status, chinese.status) == (404, 404)
    assert '<html lang="en">' in english.text
    assert 'href="../../"' in english.text
    assert '<html lang="zh-CN">' in chinese.text
    assert 'href="../../../zhoubao/"' in chinese.text


def test_withdrawn_is_gone(site, put, issue) -> None:
    """A withdrawn issue answers 410 with its tombstone, and again 200 once restored."""
    put("issues/12/index.html", "tombstone")
    issue("12", withdrawn=datetime(2026, 11, 8, tzinfo=UTC))
    for path in ("/issues/12/", "/issues/12", "/issues/12/index.html"):
        answer = site.ask(path)
        assert (answer.status, answer.text) == (410, "tombstone")
        assert "etag" not in answer.headers
    issue("12")
    assert site.ask("/issues/12/").status == 200
    assert site.ask("/issues/12").status == 301


def test_withdrawn_without_tombstone(site, issue) -> None:
    """Without a page of its own it still says that it is gone, not that it never was."""
    issue("3", "zhoubao", withdrawn=datetime(2026, 11, 8, tzinfo=UTC))
    answer = site.ask("/zhoubao/issues/3/")
    assert answer.status == 410
    assert "已撤回" in answer.text


def test_a_damaged_register_changes_nothing(site, put, issue, home) -> None:
    """What was withdrawn stays withdrawn while the register cannot be read."""
    issue("12", withdrawn=datetime(2026, 11, 8, tzinfo=UTC))
    assert site.ask("/issues/12/").status == 410
    home.register_path.write_text("{")
    assert site.ask("/issues/12/").status == 410


def test_health(site, home: object) -> None:
    """All is well: says so, tells nothing else."""
    answer = site.ask("/health")
    assert answer.status == 200
    assert json.loads(answer.body) == {"status": "ok", "database": "ok", "site": "ok"}
    assert answer.headers["cache-control"] == "no-store"
    assert site.ask("/health", "HEAD").body == b""


def test_health_without_a_site(site, home) -> None:
    """Without a site folder the machine is not healthy."""
    home.site_folder.rmdir()
    answer = site.ask("/health")
    assert answer.status == 503
    assert json.loads(answer.body) == {"status": "failing", "database": "ok", "site": "failing"}


def test_health_without_a_database(site, home) -> None:
    """A database that is none is told as failing, without a word on why."""
    for path in home.home.glob("publisher.db*"):
        path.write_bytes(b"no database" * 1000)
    answer = site.ask("/health")
    assert answer.status == 503
    assert json.loads(answer.body)["database"] == "failing"
    assert b"publisher.db" not in answer.body


def test_feeds_need_no_database(site, put, home) -> None:
    """The site is read while the database is away."""
    put("rss.xml", FEED)
    put("issues/12/index.html", "page")
    for path in home.home.glob("publisher.db*"):
        path.unlink()
    assert site.ask("/rss.xml").status == 200
    assert site.ask("/issues/12/").status == 200


def test_errors_inside_tell_nothing(home, store, sources, serve, put, subscribe) -> None:
    """A defect is a plain 500; the log has the traceback, without tokens and addresses."""
    broken = dict(sources)
    broken["site/unsubscribe.html"] = "{{ 1 // 0 }}{{ 'reader@example.org' }}"
    site = serve(site_app(home, store, broken))
    _, path = subscribe("reader@example.org")
    with capture_logs() as logs:
        answer = site.ask(path)
    assert answer.status == 500
    assert answer.text == "Something went wrong here. It has been noted.\n"
    assert answer.headers["x-content-type-options"] == "nosniff"
    faults = [event for event in logs if event["event"] == "fault"]
    assert "Traceback" in faults[0]["traceback"]
    assert path.rpartition("/")[2] not in str(logs)
    assert "reader@" not in str(logs)


def test_the_journal_has_no_tokens(site, subscribe) -> None:
    """Each request is one event, with the capability in its address scrubbed."""
    _, path = subscribe()
    with capture_logs() as logs:
        site.ask(path)
    events = [event for event in logs if event["event"] == "answered"]
    assert [(event["path"], event["status"]) for event in events] == [("/unsubscribe/…", 200)]


def test_replaced_while_read(site, put) -> None:
    """A rename under readers never shows a half or a missing feed."""
    path: Path = put("rss.xml", "a" * 100_000)
    for letter in "bcdef":
        draft = path.with_name(".draft")
        draft.write_text(letter * 100_000)
        os.replace(draft, path)
        assert site.ask("/rss.xml").text == letter * 100_000


def test_metrics_count_readers_for_this_machine_alone(site, store, issue) -> None:
    """A monitor here reads the counts; through a proxy, or under the public name, there is no page."""
    told = site.ask("/metrics", host="127.0.0.1:8000")
    assert told.status == 200
    assert told.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert 'publisher_subscribers{newsletter="daily",state="active"} 0' in told.text
    assert "publisher_relay_resting 0" in told.text
    for stranger in ({"host": "news.example.org"}, {"x_forwarded_for": "203.0.113.9"}):
        headers = {"host": "127.0.0.1:8000", **stranger}
        assert site.ask("/metrics", **headers).status == 404


def test_metrics_follow_a_send(site, store, issue) -> None:
    """Deliveries are counted by state, a running send has a speed, a note on it is a relay at rest."""
    issue("12")
    now = datetime.now(UTC)
    with store.begin() as conn:
        consent = Consent("test", "asked for it", now)
        subscribers.add(conn, "daily", "ann@example.org", consent=consent, now=now)
        number = ledger.create_send(conn, "daily", "12", Kind.ISSUE, at=now, now=now)
        ledger.freeze(conn, number, "en/digest/", now)
        sends.set_note(conn, number, "the relay rests")
    text = site.ask("/metrics").text
    assert 'publisher_deliveries{newsletter="daily",state="queued"} 1' in text
    assert 'publisher_sends{newsletter="daily",state="running"} 1' in text
    assert f'publisher_send_rate{{newsletter="daily",send="{number}"}} 0.0' in text
    assert "publisher_relay_resting 1" in text
    assert "ann" not in text
    assert json.loads(site.ask("/health").text) == {
        "status": "ok", "database": "ok", "site": "ok", "relay": "resting",
    }  # fmt: skip
