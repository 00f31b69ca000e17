"""Tests of readers: what aggregators tell and others fetch, by feed and day, on both databases."""

from datetime import date, timedelta

from publisher.model import Newsletter
from publisher.store import Store, readers
from publisher.store.readers import Feed, Figures, Readership, Tally

DAY = date(2026, 3, 6)
ONE = timedelta(days=1)


def count(store: Store, day: date, **tallies: Tally) -> None:
    """Count what some did with rss.xml; `others` tell no number."""
    of = {("rss.xml", "" if name == "others" else name): each for name, each in tallies.items()}
    with store.begin() as conn:
        readers.count(conn, day, of)


def on(store: Store, day: date) -> dict[str, Readership]:
    """Read a day."""
    with store.read() as conn:
        return readers.on(conn, day)


def test_a_day(store: Store) -> None:
    """Of an aggregator the largest number of the day counts, of the others every fetch."""
    assert on(store, DAY) == {}
    count(store, DAY, Feedly=Tally(40), others=Tally(fetches=3))
    count(store, DAY, Feedly=Tally(42), Newsblur=Tally(7), others=Tally(fetches=4))
    count(store, DAY, Feedly=Tally(41))
    found = on(store, DAY)
    assert found == {"rss.xml": Readership({"Feedly": 42, "Newsblur": 7}, 7)}
    assert found["rss.xml"].claimed == 49


def test_feeds_are_apart(store: Store) -> None:
    """Each feed has figures of its own."""
    with store.begin() as conn:
        readers.count(conn, DAY, {("b/rss.xml", "x"): Tally(1), ("a.xml", ""): Tally(fetches=2)})
    assert on(store, DAY) == {"a.xml": Readership({}, 2), "b/rss.xml": Readership({"x": 1}, 0)}


def test_a_quiet_aggregator_still_counts(store: Store) -> None:
    """What an aggregator said last within seven days counts; fetches are of the day alone."""
    count(store, DAY, Feedly=Tally(40), others=Tally(fetches=3))
    count(store, DAY + ONE, Feedly=Tally(30))
    assert on(store, DAY + 7 * ONE) == {"rss.xml": Readership({"Feedly": 30}, 0)}
    assert on(store, DAY + 8 * ONE) == {}
    assert on(store, DAY - ONE) == {}


def test_names_are_bounded(store: Store) -> None:
    """Beyond so many names a day no new one is taken; those known, and all others, count on."""
    names = {f"n{number:03}": Tally(1) for number in range(readers.MOST_AGENTS + 30)}
    count(store, DAY, **names)
    count(store, DAY, n000=Tally(9), zzz=Tally(9), others=Tally(fetches=1))
    found = on(store, DAY)["rss.xml"]
    assert len(found.claims) == readers.MOST_AGENTS
    assert (found.claims["n000"], found.fetches, "zzz" in found.claims) == (9, 1, False)


def test_old_days_go(store: Store) -> None:
    """A day is kept for 400 days."""
    count(store, DAY, Feedly=Tally(40))
    count(store, DAY + readers.KEPT, Feedly=Tally(50))
    assert on(store, DAY)["rss.xml"].claimed == 40
    count(store, DAY + readers.KEPT + ONE, Feedly=Tally(50))
    assert on(store, DAY) == {}


def test_great_numbers(store: Store) -> None:
    """What strangers send is held, however many fetches a day has."""
    count(store, DAY, Feedly=Tally(10_000_000), others=Tally(fetches=2**40))
    count(store, DAY, others=Tally(fetches=2**40))
    assert on(store, DAY)["rss.xml"] == Readership({"Feedly": 10_000_000}, 2**41)


def test_nothing_to_count(store: Store) -> None:
    """An idle minute writes nothing."""
    count(store, DAY)
    assert on(store, DAY) == {}


WEEKLY = Newsletter("weekly", "Weekly")
DAILY = Newsletter("daily", "Daily", path="daily/")


def figures(store: Store, of: Newsletter, today: date) -> Figures:
    """Read a newsletter's figures."""
    with store.read() as conn:
        return readers.figures(conn, of, (WEEKLY, DAILY), today)


def test_figures_are_of_the_last_whole_day(store: Store) -> None:
    """Today counts only while there is no other day; a long pause shows the day before it."""
    assert figures(store, WEEKLY, DAY) == Figures()
    count(store, DAY, Feedly=Tally(40))
    assert figures(store, WEEKLY, DAY).day == DAY
    count(store, DAY + ONE, Feedly=Tally(50))
    assert figures(store, WEEKLY, DAY + ONE) == Figures(
        DAY, (Feed("rss.xml", Readership({"Feedly": 40}), None),)
    )
    assert figures(store, WEEKLY, DAY + 90 * ONE).day == DAY + ONE


def test_figures_of_each_newsletter(store: Store) -> None:
    """A newsletter has the feeds under its path, but for those of one that stands below it."""
    with store.begin() as conn:
        tallies = {
            ("rss.xml", "x"): Tally(1),
            ("topics/a/rss.xml", "x"): Tally(7),
            ("daily/rss.xml", ""): Tally(fetches=3),
        }
        readers.count(conn, DAY, tallies)
    weekly = figures(store, WEEKLY, DAY + ONE)
    assert [feed.path for feed in weekly.feeds] == ["topics/a/rss.xml", "rss.xml"]
    assert (weekly.claimed, weekly.before, weekly.fetches) == (8, None, 0)
    assert [feed.path for feed in figures(store, DAILY, DAY + ONE).feeds] == ["daily/rss.xml"]


def test_thirty_days_before(store: Store) -> None:
    """Figures are set against those of 30 days earlier; a feed nobody read then had none."""
    count(store, DAY, Feedly=Tally(40))
    later = DAY + readers.MONTH
    with store.begin() as conn:
        readers.count(conn, later, {("rss.xml", "Feedly"): Tally(50), ("new.xml", "x"): Tally(2)})
    found = figures(store, WEEKLY, later + ONE)
    assert {feed.path: feed.before for feed in found.feeds} == {"rss.xml": 40, "new.xml": 0}
    assert (found.claimed, found.before) == (52, 40)
