"""send.dealing - who goes by which outlet, and who has to wait.

    usable    not resting, not in need of a person, its limits not used up
    share     of several the one that had least for its weight, while it has room
    wait      for a limit that is soon over, in hand; for a later one, in the queue

Faults: StoreError only when told to stop. Never: records; who goes back is given to the engine.
See: outlets (the ways), receivers (whom to leave alone), store/allowances (counts).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from publisher.model import DeliveryState
from publisher.send.hand import Hand
from publisher.send.outlets import Way
from publisher.send.outside import Outside
from publisher.send.receivers import Receivers
from publisher.store import allowances
from publisher.store.ledger import Recorded

CHUNK: Final = 50
"""Recipients dealt at once where there are several outlets, or limits."""
SOON: Final = 30.0
"""Seconds that recipients wait in hand for an outlet's limit; longer, and they go back."""


class Dealer:
    """Deals recipients to the ways of one sender."""

    def __init__(self, outside: Outside, ways: Sequence[Way], receivers: Receivers) -> None:
        self._outside = outside
        self._ways = ways
        self._receivers = receivers

    def deal(self, hands: Collection[Hand]) -> list[tuple[Hand, Recorded]]:
        """Deal whom the outlets take; give who has to go back to the queue."""
        now = self._outside.time.monotonic()
        back: list[tuple[Hand, Recorded]] = []
        for hand in hands:
            while hand.unfed and not hand.is_halted and self._deal_some(hand, now, back):
                pass
        if not any(hand.unfed for hand in hands):
            return back
        if not any(way.is_usable(now) for way in self._ways):
            back += _all_of(hands, None)
            return back
        # one that rests will take them, if that is sooner than the others' limits
        wait = min(
            max(way.not_before, way.rests_until) - now for way in self._ways if way.fault is None
        )
        if wait > SOON:
            back += _all_of(hands, self._outside.clock() + timedelta(seconds=wait))
        return back

    def _deal_some(self, hand: Hand, now: float, back: list[tuple[Hand, Recorded]]) -> bool:
        """Give some of a lot to the outlet whose turn it is; False when none takes anybody."""
        is_only = len(self._ways) == 1
        ready = [
            way
            for way in self._ways
            if way.is_usable(now)
            and now >= way.not_before
            and (is_only or way.load.waiting < CHUNK)
            and way.start()
        ]
        if not ready:
            return False
        way = min(ready, key=lambda one: one.dealt)
        number = len(hand.unfed) if is_only else min(CHUNK, len(hand.unfed))
        if way.is_limited:
            number = self._granted(way, min(CHUNK, number), now)
        if number:
            some = deque(hand.unfed.popleft() for _ in range(number))
            if self._receivers.is_any:
                some, later = self._receivers.sift(some, self._outside.clock())
                way.uncounted += len(later)
                back += [(hand, outcome) for outcome in later]
            way.load.add(some, is_signed=hand.letter.is_signed)
            way.dealt += len(some) / way.outlet.weight
        return bool(number)

    def _granted(self, way: Way, number: int, now: float) -> int:
        """Ask the ledger how many of so many an outlet may take now, and when it may take more."""
        outside, limits = self._outside, way.outlet.limits
        clock = outside.clock()
        granted, later = outside.insist(
            lambda conn: allowances.take(
                conn,
                way.outlet.name,
                number,
                per_second=limits.per_second,
                per_hour=limits.per_hour,
                per_day=limits.per_day(clock.astimezone(UTC).date()),
                now=clock,
            )
        )
        way.not_before = now + (later - clock).total_seconds()
        return granted


def _all_of(hands: Iterable[Hand], later: datetime | None) -> Iterator[tuple[Hand, Recorded]]:
    """Take everybody out of the hands whom no outlet takes."""
    for hand in hands:
        while hand.unfed:
            _, one, _ = hand.unfed.popleft()
            yield hand, Recorded(one.id, DeliveryState.QUEUED, next_at=later)
