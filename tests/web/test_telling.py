"""What the public port and the desk tell of hubs and of feeds' readers."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from publisher.store import pings
from publisher.web.desk import desk_app
from publisher.web.pages import site_app

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
