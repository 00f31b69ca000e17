"""send.hand - a lot in this sender's hand, and what a verdict leaves of a delivery.

`until` and `barred` are read by the carrier's thread in the moment of sending: nothing begins after
the one, nobody of the other is written to. The main thread renews both by asking the ledger again.
Faults: none. Never: SQL, waits. See: engine (holds hands), freight (carries them), delivery.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import repeat
from typing import Final, TypeAlias

from publisher import delivery
from publisher.model import DeliveryState, Newsletter, Outcome, Recipient, Refusal, Reply, Verdict
from publisher.send.letter import Letter
from publisher.store.ledger import Lot, Recorded

NEVER: Final = float("-inf")
Placed: TypeAlias = "tuple[Hand, Recipient, int]"
"""A recipient of a lot in hand, with the place of its mark on the map."""


class Hand:
    """One lot in hand; all but `until` and `barred` is the main thread's alone."""

    __slots__ = (
        "accepted", "barred", "begun_at", "counts", "hard", "is_halted", "is_lost", "leased_until", "letter",
        "lot", "pending", "unfed", "until",
    )  # fmt: skip

    def __init__(self, lot: Lot, letter: Letter, places: range, begun_at: float) -> None:
        self.lot = lot
        self.letter = letter
        self.begun_at = begun_at
        self.until = NEVER
        self.leased_until = NEVER
        self.barred: Mapping[int, str] = {}
        self.is_halted = False
        self.is_lost = False
        self.pending = len(lot.deliveries)  # without an outcome
        self.unfed: deque[Placed] = deque(zip(repeat(self), lot.deliveries, places))
        self.hard: list[tuple[int, str]] = []  # refused for good, with the reply's words
        self.accepted = 0
        self.counts: Counter[DeliveryState] = Counter()  # of all other outcomes

    def halt(self) -> None:
        """Let nothing more of it begin."""
        self.until = NEVER
        self.is_halted = True


def recorded(
    one: Recipient, reply: Reply, verdict: Verdict, newsletter: Newsletter, now: datetime
) -> Recorded:
    """Turn a verdict into what the ledger keeps: the state, the words, when to try again."""
    state = delivery.state_after(verdict.outcome)
    attempts = one.attempts + 1
    words = f"{verdict.reason}: {reply.words}" if reply.words else verdict.reason
    wait: timedelta | None = None
    if state is DeliveryState.DEFERRED:
        patience = delivery.Patience(newsletter.retries, newsletter.give_up)
        wait = delivery.back_off(attempts, one.id, patience, least=verdict.wait)
        if wait is None:
            return Recorded(one.id, DeliveryState.REFUSED, reply.code, f"given up; {words}")
    elif state is DeliveryState.IN_DOUBT and newsletter.in_doubt == "resend":
        wait = delivery.resend_after(attempts)
    return Recorded(one.id, state, reply.code, words, None if wait is None else now + wait)


def is_hard(reply: Reply, verdict: Verdict) -> bool:
    """Tell whether the mailbox is gone for good, by the relay's own words."""
    return verdict.outcome is Outcome.REFUSED and verdict.refusal is Refusal.HARD
