"""What the public port and the desk tell of hubs and of feeds' readers."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from publisher.errors import StoreError
from publisher.store import pings, readers
from publisher.store.readers import Tally
from publisher.web.counters import Counters
from publisher.web.desk import desk_app
from publisher.web.pages import site_app
from publisher.web.reading import Readings

NOW = datetime(2026, 11, 7, 9, 0, tzinfo=UTC)
HUB = "https://hub.test/?<a>=b"
RSS = "https://news.test/rss.xml"


@pytest.fixture
def hubs(home):
    """The home, its first newsletter with a hub."""
    first, *others = home.newsletters
    return replace(home, newsletters=(replace(first, hubs=(HUB,)), *others))


def miss(store, settings, *, again: datetime | None) -> None:
    """Have a hub not told of a feed."""
    with store.begin() as conn:
        pings.owe(conn, settings.newsletters[0], [RSS], NOW)
        (one,) = pings.take(conn, "daily", HUB, 9, timedelta(minutes=1), NOW)
        pings.put_off(conn, one, 1, again, "its host answered 503")


def test_the_desk_names_a_hub_that_was_not_told(store, sources, serve, hubs) -> None:
    """Which hub was not told of how many feeds, why, and when it is tried again."""
    desk = serve(desk_app(hubs, store, sources))
    assert "was not told" not in desk.ask("/").text
    miss(store, hubs, again=NOW + timedelta(minutes=5))
    text = " ".join(desk.ask("/").text.split())
    assert "https://hub.test/?&lt;a&gt;=b was not told of 1 changed feed <" in text
    assert "its host answered 503; tried again 7 Nov 2026, 09:05<" in text
    miss(store, hubs, again=None)
    assert "its host answered 503; given up until the next change<" in desk.ask("/").text


def test_a_monitor_counts_pings(store, sources, serve, hubs) -> None:
    """What hubs are still to be told is counted, and what was given up."""
    site = serve(site_app(hubs, store, sources))
    assert 'publisher_pings{newsletter="daily",state="waiting"} 0' in site.ask("/metrics").text
    miss(store, hubs, again=NOW)
    assert 'publisher_pings{newsletter="daily",state="waiting"} 1' in site.ask("/metrics").text
    miss(store, hubs, again=None)
    text = site.ask("/metrics").text
    assert 'publisher_pings{newsletter="daily",state="waiting"} 0' in text
    assert 'publisher_pings{newsletter="daily",state="given_up"} 1' in text
    assert "hub.test" not in text


# --- readers ------------------------------------------------------------------

FEEDLY = "Feedly/1.0 (+https://feedly.com/fetcher; {} subscribers)"


def test_readers_are_counted(store, sources, serve, home, put) -> None:
    """Answers with and without content count; aggregators by their largest number, others by fetches."""
    counters = Counters()
    site = serve(site_app(home, store, sources, counters))
    put("rss.xml", "<rss/>")
    tag = site.ask("/rss.xml", user_agent=FEEDLY.format(41)).headers["etag"]
    assert site.ask("/rss.xml", user_agent=FEEDLY.format(42), if_none_match=tag).status == 304
    for agent in ("newsboat/2.21", "newsboat/2.21", ""):
        site.ask("/rss.xml", user_agent=agent)
    assert site.ask("/none/rss.xml", user_agent=FEEDLY.format(9)).status == 404
    assert site.ask("/rss.xml", "POST", body=b"", user_agent=FEEDLY.format(99)).status == 405
    counters.count("rss.xml", FEEDLY.format(77), 429)
    counters.count("rss.xml", "newsboat/2.21", 429)
    readings = Readings(counters)
    readings.flush(store, NOW)
    readings.flush(store, NOW)
    with store.read() as conn:
        found = readers.on(conn, NOW.date())
    assert found == {"rss.xml": readers.Readership({"Feedly": 42}, 3)}


def test_what_cannot_be_written_is_kept(store, tmp_path) -> None:
    """A minute in which the database is away is counted with the next one."""
    counters = Counters()
    readings = Readings(counters)
    counters.count("rss.xml", FEEDLY.format(5), 200)
    counters.count("rss.xml", "newsboat", 200)
    with store.begin() as conn:
        conn.exec_driver_sql("ALTER TABLE reader RENAME TO away")
    with pytest.raises(StoreError):
        readings.flush(store, NOW)
    with store.begin() as conn:
        conn.exec_driver_sql("ALTER TABLE away RENAME TO reader")
    counters.count("rss.xml", FEEDLY.format(4), 304)
    counters.count("rss.xml", "liferea", 304)
    readings.flush(store, NOW)
    with store.read() as conn:
        assert readers.on(conn, NOW.date())["rss.xml"] == readers.Readership({"Feedly": 5}, 2)


def test_the_desk_shows_readers(desk, store) -> None:
    """Each feed with its readers, by aggregator, escaped; before anything was counted, that."""
    assert desk.ask("/feeds").text.count("Nobody has fetched a feed") == 2
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    with store.begin() as conn:
        tallies = {("rss.xml", "<Feedly>"): Tally(1200), ("rss.xml", ""): Tally(fetches=7)}
        readers.count(conn, yesterday, tallies)
        readers.count(conn, yesterday - timedelta(days=30), {("rss.xml", "x"): Tally(1100)})
    text = " ".join(desk.ask("/feeds").text.split())
    assert (
        "1,200 readers by what aggregators say (1,100 thirty days before); fetches by others: 7."
        in text
    )
    assert "<span>&lt;Feedly&gt; 1,200</span>" in text


def test_a_monitor_counts_readers(site, store) -> None:
    """Readers and fetches stand by feed, whatever a feed is called."""
    with store.begin() as conn:
        tallies = {('topics/a"b\\c/rss.xml', "x"): Tally(4), ("rss.xml", ""): Tally(fetches=7)}
        readers.count(conn, datetime.now(UTC).date(), tallies)
    text = site.ask("/metrics").text
    assert r'publisher_feed_readers{newsletter="daily",feed="topics/a\"b\\c/rss.xml"} 4' in text
    assert 'publisher_feed_fetches{newsletter="daily",feed="rss.xml"} 7' in text
