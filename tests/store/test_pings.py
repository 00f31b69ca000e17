"""Tests of pings: what hubs are owed, merged, taken, told, put off, on both databases."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from publisher.model import Newsletter
from publisher.store import Store, pings
from publisher.store.pings import Debt, Ping

HUB, OTHER = "https://hub.test/", "https://other.test/hub?a=b"
WEEKLY = Newsletter("weekly", "Weekly", site_url="https://news.test/", hubs=(HUB, OTHER))
RSS, ATOM = "https://news.test/rss.xml", "https://news.test/atom.xml"
MINUTE = timedelta(minutes=1)


def owe(store: Store, now: datetime, *urls: str, of: Newsletter = WEEKLY) -> None:
    """Owe word of some feeds."""
    with store.begin() as conn:
        pings.owe(conn, of, urls or (RSS, ATOM), now)


def take(store: Store, now: datetime, hub: str = HUB, n: int = 9) -> list[Ping]:
    """Take what is due, for a minute."""
    with store.begin() as conn:
        return pings.take(conn, "weekly", hub, n, MINUTE, now)


def debts(store: Store, of: Newsletter = WEEKLY) -> list[Debt]:
    """What is still owed."""
    with store.read() as conn:
        return pings.debts(conn, of)


@pytest.mark.parametrize(
    ("path", "topics"),
    [
        ("rss.xml", [RSS]),
        ("items/feed.json", ["https://news.test/items/feed.json"]),
        ("topics/模型/atom.xml", ["https://news.test/topics/%E6%A8%A1%E5%9E%8B/atom.xml"]),
        ("archive/1/rss.xml", []),
        ("index.html", []),
        ("feeds.opml", []),
        ("issues/1/index.html", []),
        ("rss.xml/index.html", []),
    ],
)
def test_topics(path: str, topics: list[str]) -> None:
    """Of what was written the feeds are told, as whole addresses, and no archive."""
    assert pings.topics(WEEKLY, [path]) == topics


def test_topics_of_a_newsletter() -> None:
    """A newsletter under a path of its own has the feeds under it, and nobody else's."""
    second = replace(WEEKLY, path="second/")
    paths = ["rss.xml", "second/rss.xml", "second/archive/2/rss.xml"]
    assert pings.topics(second, paths) == ["https://news.test/second/rss.xml"]


def test_owed_once(store: Store, now: datetime) -> None:
    """Each hub is owed word of each feed, once, however often the feed changed."""
    assert debts(store) == [Debt(HUB), Debt(OTHER)]
    owe(store, now)
    owe(store, now + MINUTE, RSS, RSS)
    assert debts(store) == [Debt(HUB, 2, 0, now), Debt(OTHER, 2, 0, now)]
    assert [one.topic for one in take(store, now + MINUTE)] == [ATOM, RSS]


def test_nobody_is_owed(store: Store, now: datetime) -> None:
    """Without hubs, or without feeds, nothing is owed."""
    owe(store, now, of=replace(WEEKLY, hubs=()))
    with store.begin() as conn:
        pings.owe(conn, WEEKLY, (), now)
        assert not pings.is_any_due(conn, now)


def test_taken_once(store: Store, now: datetime) -> None:
    """What one has taken nobody else gets, until the time it has for it is over."""
    owe(store, now)
    first, second = take(store, now, n=1), take(store, now)
    assert [one.topic for one in first + second] == [ATOM, RSS]
    assert take(store, now + MINUTE - timedelta(seconds=1)) == []
    assert len(take(store, now + MINUTE)) == 2
    assert len(take(store, now, OTHER)) == 2


def test_told_is_forgotten(store: Store, now: datetime) -> None:
    """What a hub was told it is owed no more."""
    owe(store, now, RSS)
    (one,) = take(store, now)
    with store.begin() as conn:
        pings.told(conn, one)
    assert debts(store) == [Debt(HUB), Debt(OTHER, 1, 0, now)]


@pytest.mark.parametrize("later", [timedelta(0), MINUTE, -MINUTE])
@pytest.mark.parametrize("is_told", [True, False])
def test_changed_meanwhile(store: Store, now: datetime, later: timedelta, *, is_told: bool) -> None:
    """A feed that changed while its hub was told is owed anew, also by a clock that went back."""
    owe(store, now, RSS)
    (one,) = take(store, now)
    owe(store, now + later, RSS)
    with store.begin() as conn:
        if is_told:
            pings.told(conn, one)
        else:
            pings.put_off(conn, one, 1, None, "its host answered 404")
    (again,) = take(store, now + MINUTE)
    assert (again.topic, again.tries, again.words) == (RSS, 0, "")
    assert again.since > one.since


def test_put_off(store: Store, now: datetime) -> None:
    """What a hub was not told comes back when it was put off to, with the reason."""
    owe(store, now, RSS)
    (one,) = take(store, now)
    with store.begin() as conn:
        pings.put_off(conn, one, 1, now + 5 * MINUTE, "its host answered 503")
    assert debts(store)[0] == Debt(HUB, 1, 0, now + 5 * MINUTE, "its host answered 503")
    assert take(store, now + 4 * MINUTE) == []
    (again,) = take(store, now + 5 * MINUTE)
    assert (again.tries, again.words, again.since) == (1, "its host answered 503", now)


def test_given_up(store: Store, now: datetime) -> None:
    """What was given up is never due, is still told of, and begins anew with the next change."""
    owe(store, now, RSS, of=replace(WEEKLY, hubs=(HUB,)))
    (one,) = take(store, now)
    with store.begin() as conn:
        pings.put_off(conn, one, 3, None, "its host answered 404")
        assert not pings.is_any_due(conn, now + timedelta(days=9))
    assert debts(store)[0] == Debt(HUB, 0, 1, None, "its host answered 404")
    owe(store, now + MINUTE, RSS)
    assert debts(store)[0] == Debt(HUB, 1, 0, now + MINUTE)


def test_hubs_taken_out_of_the_settings(store: Store, now: datetime) -> None:
    """A hub that is a newsletter's no longer is owed nothing, nor is one of a newsletter that is gone."""
    daily, gone = replace(WEEKLY, slug="daily"), replace(WEEKLY, slug="gone")
    for one in (WEEKLY, daily, gone):
        owe(store, now, of=one)
    with store.begin() as conn:
        pings.forget_others(conn, (replace(WEEKLY, hubs=(HUB,)), daily))
    assert debts(store) == [Debt(HUB, 2, 0, now), Debt(OTHER)]
    assert debts(store, daily) == [Debt(HUB, 2, 0, now), Debt(OTHER, 2, 0, now)]
    assert debts(store, gone) == [Debt(HUB), Debt(OTHER)]
    with store.begin() as conn:
        pings.forget_others(conn, ())
        assert not pings.is_any_due(conn, now)
