"""send.standing - how a relay has been doing, and what follows: a rest, or a person's turn.

    a fault of its own             it rests, 5 s growing to 5 min, and nobody is charged
    the same one's fault again     that message is deferred, so that it does not hold up all
    a row that is for a person     the send waits for one (delivery.streaks says which rows are)

Faults: TransportError when only a person can go on. Never: stores, sends. See: engine (asks).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import structlog

from publisher.delivery import Streaks
from publisher.errors import TransportError
from publisher.model import Outcome, Recipient, Reply, Verdict

log = structlog.get_logger("send")

RESTS: Final = "the relay rests"
"""How the note begins that says so."""


class Standing:
    """What is remembered of one relay while this process lives."""

    def __init__(self, rests: Sequence[float], name: str = "") -> None:
        self._name = name
        self.trouble = ""
        self.is_calm = True  # nothing to forget at the next acceptance
        self.down_since = 0.0
        self._rests = rests
        self._faults = 0
        self._since: datetime | None = None
        self._streaks = Streaks()

    def served(self, one: Recipient) -> None:
        """Forget the troubles: it accepted a message."""
        self.is_calm = True
        self._streaks.accepted(one.id)
        self._well()

    def _well(self) -> None:
        self.trouble, self.down_since, self._faults, self._since = "", 0.0, 0, None

    def weigh(self, one: Recipient, reply: Reply, verdict: Verdict) -> Verdict:
        """Give the verdict that counts: a message it always fails on must not hold up all others."""
        self.is_calm = False
        if verdict.outcome is not Outcome.RELAY:
            self._well()
        return self._streaks.heard(one.id, reply, verdict)

    def heed(self, width: int = 1) -> None:
        """Raise when going on would do to all what was done to the last ones.

        `width` is how many messages may be on their way at once.
        """
        if (found := self._streaks.pause(width)) is not None:
            raise TransportError(found.words, where=found.where, hint=found.hint)

    def rest_after(self, reply: Reply, verdict: Verdict, now: datetime, monotonic: float) -> float:
        """Tell how long it rests after a fault of its own; at least as long as it says."""
        words = f"{reply.code or ''} {reply.words}".strip()
        why = f"{verdict.reason}, at {reply.phase.value.upper()}{f': {words}' if words else ''}"
        rest = self.rest(why, now, monotonic)
        return rest if verdict.wait is None else max(rest, verdict.wait.total_seconds())

    def rest(self, why: str, now: datetime, monotonic: float) -> float:
        """Tell how long it rests this time, and keep the words about it."""
        rest = self._rests[min(self._faults, len(self._rests) - 1)]
        self._faults += 1
        self.note(why, now, monotonic)
        log.warning("the relay rests", relay=self._name, seconds=rest, why=why)
        return rest

    def note(self, why: str, now: datetime, monotonic: float) -> None:
        """Keep the words about a relay that does not take mail, and since when it is so."""
        self.is_calm = False
        if self._since is None:
            self.down_since, self._since = monotonic, now
        which = f" {self._name}:" if self._name else ""
        self.trouble = (
            f"{RESTS}:{which} {why}; so since {self._since:%Y-%m-%d %H:%M} UTC,"
            " and it is tried again every few minutes"
        )
