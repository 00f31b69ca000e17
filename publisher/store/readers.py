"""readers - how many read each feed, by day: what aggregators say, and how often others fetched.

An aggregator fetches a feed for all its readers and tells how many they are. Of each, known by its
name, the largest number of a day is kept; whoever tells none is counted by fetches, for one reader
may fetch ten times a day or once. No address is kept, and nothing of any one reader.

Faults: StoreError from the database. Never: asks the time, reads a User-Agent.
See: web.agents (what is read out of one), web.reading (who counts).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from sqlalchemy import Connection, case, delete, select

from publisher.store.schema import insert_into, reader

KEPT: Final = timedelta(days=400)
WEEK: Final = timedelta(days=7)
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
