"""reading - who read the feeds, from the memory of the site into the store, a minute at a time.

An answer 200 or 304 is a reading: by an aggregator for as many as it says, by anybody else once.
Faults: StoreError; what was counted is kept for the next minute.
Never: an address, a User-Agent that tells no number. See: web.counters, web.agents, store.readers.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Final

from publisher.store import Store, readers
from publisher.store.readers import Tally
from publisher.web.agents import claim
from publisher.web.counters import Counters

_READ: Final = frozenset({200, 304})
_MOST_HELD: Final = 10_000
"""Kinds of reading that are kept while the store is away."""


class Readings:
    """What was counted and is not in the store yet."""

    def __init__(self, counters: Counters) -> None:
        self._counters = counters
        self._held: dict[tuple[str, str], Tally] = {}
        self._turn = threading.Lock()

    def flush(self, store: Store, now: datetime) -> None:
        """Write down what was read since the last time; all of it counts as of now's day, in UTC."""
        with self._turn:
            self._gather()
            if not self._held:
                return
            with store.begin() as conn:
                readers.count(conn, now.astimezone(UTC).date(), self._held)
            self._held = {}

    def _gather(self) -> None:
        for (feed, user_agent, status), number in self._counters.taken().items():
            if status not in _READ:
                continue
            said = claim(user_agent)
            key = feed, said.name if said else ""
            held = self._held.get(key)
            if held is None:
                if said and len(self._held) >= _MOST_HELD:
                    continue
                held = Tally()
            self._held[key] = (
                Tally(max(held.claimed, said.readers), held.fetches)
                if said
                else Tally(held.claimed, held.fetches + number)
            )
