"""counters - how often each feed was asked for, by which program, with which answer.

Kept in memory and taken in bulk by whoever wants them, so that a poll costs no write. No address
is kept. Feeds are known by their path on the site, without a leading slash.
Faults: none; past `KEPT` kinds of asking, programs are no longer told apart (a stranger chooses
what he calls himself, not how much memory we have). Never: writes, reads a User-Agent's sense.
See: web.pages (counts).
"""

from __future__ import annotations

import threading
from typing import Final

KEPT: Final = 10_000
LONGEST: Final = 200
"""Characters of a User-Agent that are kept; those that name numbers of readers have under 150."""


class Counters:
    """Counts that one thread adds to and another takes away."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[tuple[str, str, int], int] = {}

    def count(self, feed: str, user_agent: str, status: int) -> None:
        """Count one answer to a request for a feed that is there."""
        kind = (feed, user_agent[:LONGEST], status)
        with self._lock:
            if kind not in self._counts and len(self._counts) >= KEPT:
                kind = (feed, "", status)
            self._counts[kind] = self._counts.get(kind, 0) + 1

    def taken(self) -> dict[tuple[str, str, int], int]:
        """Give what was counted since the last time: (feed, User-Agent, status) -> how often."""
        with self._lock:
            taken, self._counts = self._counts, {}
        return taken
