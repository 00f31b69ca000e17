"""readers - how many read each feed, by day: what aggregators say, and how often others fetched.

An aggregator fetches a feed for all its readers and tells how many they are. Of each, known by its
name, the largest number of a day is kept; whoever tells none is counted by fetches, for one reader
may fetch ten times a day or once. No address is kept, and nothing of any one reader.

Faults: StoreError from the database. Never: asks the time, reads a User-Agent.
See: web.agents (what is read out of one), web.reading (who counts).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from sqlalchemy import Connection, case, delete, func, select

from publisher.model import Newsletter
from publisher.store.schema import insert_into, reader

KEPT: Final = timedelta(days=400)
WEEK: Final = timedelta(days=7)
MONTH: Final = timedelta(days=30)
MOST_AGENTS: Final = 50
"""So many aggregators are told apart for a feed and day: names are whatever strangers send."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What one aggregator, or with no name all others, did with a feed: told of, fetched."""

    claimed: int = 0
    fetches: int = 0


@dataclass(frozen=True, slots=True)
class Readership:
    """The readers of a feed as of a day: by aggregator, what it last told of; others' fetches."""

    claims: Mapping[str, int]
    fetches: int = 0

    @property
    def claimed(self) -> int:
        """All readers that aggregators tell of."""
        return sum(self.claims.values())


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed's readers; `before`: what aggregators told of 30 days earlier, None: not counted yet."""

    path: str
    readers: Readership
    before: int | None


@dataclass(frozen=True, slots=True)
class Figures:
    """The feeds of a newsletter that were read, as of a day; no day: nothing was counted yet."""

    day: date | None = None
    feeds: tuple[Feed, ...] = ()

    @property
    def claimed(self) -> int:
        """All readers that aggregators tell of."""
        return sum(feed.readers.claimed for feed in self.feeds)

    @property
    def before(self) -> int | None:
        """The same 30 days earlier."""
        known = [feed.before for feed in self.feeds if feed.before is not None]
        return sum(known) if known else None

    @property
    def fetches(self) -> int:
        """All fetches by those who tell no number."""
        return sum(feed.readers.fetches for feed in self.feeds)


def count(conn: Connection, day: date, tallies: Mapping[tuple[str, str], Tally]) -> None:
    """Add to a day what was counted by feed and agent; the agent "" is all who tell no number."""
    known: defaultdict[str, set[str]] = defaultdict(set)
    today = reader.c.day == day.isoformat()
    for row in conn.execute(
        select(reader.c.feed, reader.c.agent).where(today, reader.c.agent != "")
    ):
        known[row.feed].add(row.agent)
    rows = []
    for (feed, agent), tally in sorted(tallies.items()):
        if agent and agent not in known[feed]:
            if len(known[feed]) >= MOST_AGENTS:
                continue
            known[feed].add(agent)
        figures = {"claimed": tally.claimed, "fetches": tally.fetches}
        rows.append({"day": day.isoformat(), "feed": feed, "agent": agent, **figures})
    if not rows:
        return
    insert = insert_into(conn, reader)
    new = insert.excluded
    conn.execute(
        insert.on_conflict_do_update(
            index_elements=["day", "feed", "agent"],
            set_={
                "claimed": case(
                    (new.claimed > reader.c.claimed, new.claimed), else_=reader.c.claimed
                ),
                "fetches": reader.c.fetches + new.fetches,
            },
        ),
        rows,
    )
    conn.execute(delete(reader).where(reader.c.day < (day - KEPT).isoformat()))


def on(conn: Connection, day: date) -> dict[str, Readership]:
    """Give each feed's readers as of a day.

    An aggregator that is told of changes by a hub may fetch seldom; so what it said last within the
    seven days up to this one counts.
    """
    week = reader.c.day.between((day - WEEK + timedelta(days=1)).isoformat(), day.isoformat())
    claims: defaultdict[str, dict[str, int]] = defaultdict(dict)
    fetches: Counter[str] = Counter()
    for row in conn.execute(select(reader).where(week).order_by(reader.c.day)):
        if row.agent:
            claims[row.feed][row.agent] = row.claimed
        elif row.day == day.isoformat():
            fetches[row.feed] = row.fetches
    return {
        feed: Readership(claims.get(feed, {}), fetches[feed])
        for feed in sorted(claims.keys() | fetches.keys())
    }


def figures(conn: Connection, of: Newsletter, others: Iterable[Newsletter], today: date) -> Figures:
    """Give a newsletter's feeds with their readers, those with most first.

    It is of the last whole day there is, and of today only where there is no other. `others` are
    all newsletters, so that none is given the feeds of one that stands below it.
    """
    day = _latest(conn, today)
    if day is None:
        return Figures()
    inner = [one.path for one in others if len(one.path) > len(of.path)]
    found, earlier = on(conn, day), on(conn, day - MONTH)
    feeds = [
        Feed(path, found[path], _claimed(earlier, path))
        for path in found
        if path.startswith(of.path) and not any(path.startswith(one) for one in inner)
    ]
    feeds.sort(key=lambda feed: (-feed.readers.claimed, -feed.readers.fetches, feed.path))
    return Figures(day, tuple(feeds))


def _latest(conn: Connection, today: date) -> date | None:
    """Find the last whole day something was counted on, else today if something was."""
    for days in (reader.c.day < today.isoformat(), reader.c.day == today.isoformat()):
        found: str | None = conn.execute(select(func.max(reader.c.day)).where(days)).scalar()
        if found is not None:
            return date.fromisoformat(found)
    return None


def _claimed(earlier: Mapping[str, Readership], path: str) -> int | None:
    """Say what was claimed then; a feed nobody read counts none, once anything was counted."""
    if not earlier:
        return None
    return earlier[path].claimed if path in earlier else 0
