"""send.receivers - who may be written to now, seen from where their mailboxes are.

A receiver that says we write too often is left alone for a while, and one that has a limit in the
settings gets no more than that in a minute, counted in the ledger for all senders. Whoever has to
wait goes back to the queue with a moment of their own, and nobody is charged.
Faults: StoreError only when told to stop. Never: judges replies. See: delivery.domains (whose
mailboxes are whose, how long a rest is), store/allowances (counts), engine (asks before it deals).
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable
from datetime import datetime, timedelta

from publisher.delivery import Rests, receiver
from publisher.model import DeliveryState, Recipient
from publisher.send.hand import Placed
from publisher.send.outside import Outside
from publisher.store import allowances
from publisher.store.ledger import Recorded


class Receivers:
    """What this sender knows of receivers; most of the time nothing, and then it costs nothing."""

    def __init__(self, outside: Outside) -> None:
        self._outside = outside
        self._rests = Rests()

    @property
    def is_any(self) -> bool:
        """Whether anybody has to be asked about."""
        return bool(self._rests or self._outside.domain_limits)

    def rest(self, address: str, least: timedelta, now: datetime) -> None:
        """Leave the receiver of an address alone."""
        self._rests.begin(receiver(address), least, now)

    def sift(self, some: Iterable[Placed], now: datetime) -> tuple[deque[Placed], list[Recorded]]:
        """Part those who may be written to now from those who wait, each until a moment."""
        here: dict[str, list[Placed]] = defaultdict(list)
        may: deque[Placed] = deque()
        wait: list[Recorded] = []
        limits = self._outside.domain_limits
        for one in some:
            name = receiver(one[1].address)
            until = self._rests.until(name, now)
            if until is not None:
                wait.append(_later(one[1], until))
            elif name in limits:
                here[name].append(one)
            else:
                may.append(one)
        for name, theirs in here.items():
            granted, next_ = self._granted(name, len(theirs), now)
            may.extend(theirs[:granted])
            apart = timedelta(minutes=1) / limits[name]
            wait += [
                _later(one, max(next_, now) + place * apart)
                for place, (_, one, _) in enumerate(theirs[granted:])
            ]
        return may, wait

    def _granted(self, name: str, number: int, now: datetime) -> tuple[int, datetime]:
        per_second = self._outside.domain_limits[name] / 60
        return self._outside.insist(
            lambda conn: allowances.take(
                conn, f"domain:{name}", number, per_second=per_second, now=now
            )
        )


def _later(one: Recipient, moment: datetime) -> Recorded:
    return Recorded(one.id, DeliveryState.QUEUED, next_at=moment)
