"""The public port, asked over real connections."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from publisher.model import Consent, Kind
from publisher.store import ledger, sends, subscribers
from publisher.web.counters import Counters
from publisher.web.pages import site_app

FEED = "<?xml version='1.0' encoding='UTF-8'?>\n<rss>论文</rss>\n"


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


def test_no_way_out(site, put) -> None:
    """What is not in the folder is not there."""
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
