"""send.standing - how a relay has been doing, and what follows: a rest, or a person's turn.

    a fault of its own             it rests, 5 s growing to 5 min, and nobody is charged
    the same one's fault again     that message is deferred, so that it does not hold up all
    will not change its mind       the send waits for a person
    no answer, one after another   the same: each repeat might be a second copy
    refuses one after another      the same: it is not the recipients it refuses

Faults: TransportError when only a person can go on. Never: stores, sends. See: engine (asks).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import structlog

from publisher.errors import TransportError
from publisher.model import Outcome, Phase, Recipient, Reply, Verdict

log = structlog.get_logger("send")

STUBBORN: Final = 3
"""A relay that fails so often on one and the same message is failing on the message."""
DOUBTS: Final = 3
"""So many times as many messages as it has connections in a row without an answer after the
content, and the send is paused: each connection lost once is one crash of a relay."""
REFUSALS: Final = 10
"""So many messages in a row refused for what we send, and the send is paused."""
RESTS: Final = "the relay rests"
"""How the note begins that says so."""
_ABOUT_ONE: Final = frozenset({Phase.RCPT, Phase.DATA, Phase.DOT})
_ABOUT_US: Final = frozenset({Phase.DATA, Phase.DOT})


class Standing:
    """What is remembered of one relay while this process lives."""

    def __init__(self, rests: Sequence[float]) -> None:
        self.trouble = ""
        self.is_calm = True  # nothing to forget at the next acceptance
        self.down_since = 0.0
        self._rests = rests
        self._faults = 0
        self._since: datetime | None = None
        self._blamed: Counter[int] = Counter()
        self._doubts = 0
        self._refusals = 0
        self._last = ""

    def served(self) -> None:
        """Forget the troubles: it accepted a message."""
        self.is_calm = True
        self.trouble = ""
        self.down_since = 0.0
        self._faults = self._doubts = self._refusals = 0
        self._since = None

    def weigh(self, one: Recipient, reply: Reply, verdict: Verdict) -> Verdict:
        """See to it that a message the relay always fails on does not hold up all others."""
        self.is_calm = False
        if verdict.outcome is not Outcome.RELAY:
            self._faults, self.trouble, self.down_since, self._since = 0, "", 0.0, None
            self._blamed.pop(one.id, None)
            self._count(reply, verdict)
        elif reply.phase in _ABOUT_ONE:
            self._blamed[one.id] += 1
            if self._blamed[one.id] >= STUBBORN:
                del self._blamed[one.id]
                return Verdict(Outcome.DEFERRED, f"{verdict.reason}, {STUBBORN} times")
        return verdict

    def _count(self, reply: Reply, verdict: Verdict) -> None:
        self._last = f"{reply.code or ''} {reply.words}".strip() or verdict.reason
        if verdict.outcome is Outcome.IN_DOUBT:
            self._doubts += 1
            return
        if reply.phase is Phase.DOT:
            self._doubts = 0
        if verdict.outcome is Outcome.REFUSED and (
            reply.phase in _ABOUT_US or (reply.enhanced or "").startswith("5.7.")
        ):
            self._refusals += 1

    def heed(self, width: int = 1) -> None:
        """Raise when going on would do to all what was done to the last ones.

        `width` is how many messages may be on their way at once.
        """
        if self._doubts >= DOUBTS * width:
            doubts, self._doubts = self._doubts, 0
            raise TransportError(
                f"{doubts} messages in a row had no answer after their content: {self._last}",
                where="the relay",
                hint="look into its log whether it took them, mend it, then resume the send",
            )
        if self._refusals >= REFUSALS:
            refusals, self._refusals = self._refusals, 0
            raise TransportError(
                f"{refusals} messages in a row were refused: {self._last}",
                where="the relay",
                hint="mend what it dislikes, resume the send, then send --missing to the refused",
            )

    def rest_after(self, reply: Reply, verdict: Verdict, now: datetime, monotonic: float) -> float:
        """Tell how long the relay rests; one that will not change its mind raises instead."""
        if (
            reply.code is not None
            and reply.code >= 500
            and reply.phase in {Phase.MAIL, *_ABOUT_ONE}
        ):
            raise TransportError(
                f"{verdict.reason}: {reply.code} {reply.words}",
                where=f"the relay, at {reply.phase.value.upper()}",
                hint="mend it, then resume the send",
            )
        words = f"{reply.code or ''} {reply.words}".strip()
        why = f"{verdict.reason}, at {reply.phase.value.upper()}{f': {words}' if words else ''}"
        return self.rest(why, now, monotonic)

    def rest(self, why: str, now: datetime, monotonic: float) -> float:
        """Tell how long it rests this time, and keep the words about it."""
        rest = self._rests[min(self._faults, len(self._rests) - 1)]
        self._faults += 1
        self.note(why, now, monotonic)
        log.warning("the relay rests", seconds=rest, why=why)
        return rest

    def note(self, why: str, now: datetime, monotonic: float) -> None:
        """Keep the words about a relay that does not take mail, and since when it is so."""
        self.is_calm = False
        if self._since is None:
            self.down_since, self._since = monotonic, now
        self.trouble = (
            f"{RESTS}: {why}; so since {self._since:%Y-%m-%d %H:%M} UTC,"
            " and it is tried again every few minutes"
        )
