"""delivery.streaks - what a relay says one message after another, and when that is for a person.

    refuses for ever what is ours       at once where it has accepted nothing yet, else the third
                                        time in a row: one odd recipient does not stop a send
    dislikes our mail, ten in a row     it is not the recipients it refuses
    does not answer after the content   three rounds of all connections in a row: each repeat might
                                        be a second copy
    fails on one and the same message   the third time that message is deferred, so that it does not
                                        hold up all others

An acceptance ends every row.
Faults: none. Never: pauses, rests. See: pacing (who rests), verdicts, send/standing (who asks).
"""

from __future__ import annotations

from collections import Counter
from typing import Final, NamedTuple

from publisher.delivery.verdicts import is_for_a_person
from publisher.model import Outcome, Phase, Refusal, Reply, Verdict

STUBBORN: Final = 3
"""A relay that fails so often on one and the same message is failing on the message."""
LASTING: Final = 3
DOUBTS: Final = 3
"""So many for each connection; a relay that dies takes one on each of them."""
REFUSALS: Final = 10
_ABOUT_ONE: Final = frozenset({Phase.RCPT, Phase.DATA, Phase.DOT})


class Pause(NamedTuple):
    """Why a send waits for a person: what happened, where, and what to do."""

    words: str
    where: str
    hint: str


class Streaks:
    """What is remembered of one relay while a process lives: pure state."""

    __slots__ = ("_blamed", "_doubts", "_has_accepted", "_last", "_lasting", "_refusals", "_where")

    def __init__(self) -> None:
        self._blamed: Counter[int] = Counter()
        self._last = self._where = ""
        self._begin()

    def accepted(self, delivery: int) -> None:
        """Hear of an acceptance: every row is at its end."""
        if self._blamed:
            self._blamed.pop(delivery, None)
        self._has_accepted = True
        self._doubts = self._refusals = self._lasting = 0

    def heard(self, delivery: int, reply: Reply, verdict: Verdict) -> Verdict:
        """Hear of anything but an acceptance, and give the verdict that counts.

        It is another than the reply's own where the relay always fails on one and the same message.
        """
        self._last = f"{reply.code or ''} {reply.words}".strip() or verdict.reason
        if verdict.outcome is Outcome.RELAY:
            return self._relay(delivery, reply, verdict)
        self._blamed.pop(delivery, None)
        self._lasting = 0
        if verdict.outcome is Outcome.IN_DOUBT:
            self._doubts += 1
        elif reply.phase is Phase.DOT:
            self._doubts = 0
        if verdict.refusal is Refusal.POLICY:
            self._refusals += 1
        return verdict

    def _relay(self, delivery: int, reply: Reply, verdict: Verdict) -> Verdict:
        if is_for_a_person(reply):
            self._lasting += 1
            self._where = f"the relay, at {reply.phase.value.upper()}"
            self._last = f"{verdict.reason}: {self._last}"
        if reply.phase not in _ABOUT_ONE:
            return verdict
        self._blamed[delivery] += 1
        if self._blamed[delivery] < STUBBORN:
            return verdict
        del self._blamed[delivery]
        return Verdict(Outcome.DEFERRED, f"{verdict.reason}, {STUBBORN} times")

    def pause(self, connections: int = 1) -> Pause | None:
        """Tell why going on would do to all what was done to the last ones; None when it would not.

        Asked once it has told, it begins to count anew: a person has seen to it.
        """
        found = None
        if self._lasting >= (LASTING if self._has_accepted else 1):
            found = Pause(self._last, self._where, "mend it, then resume the send")
        elif self._doubts >= DOUBTS * max(1, connections):
            found = Pause(
                f"{self._doubts} messages in a row had no answer after their content: {self._last}",
                "the relay",
                "look into its log whether it took them, mend it, then resume the send",
            )
        elif self._refusals >= REFUSALS:
            found = Pause(
                f"{self._refusals} messages in a row were refused: {self._last}",
                "the relay",
                "mend what it dislikes, resume the send, then send --missing to the refused",
            )
        if found is not None:
            self._begin()
        return found

    def _begin(self) -> None:
        self._has_accepted = False
        self._doubts = self._refusals = self._lasting = 0
