"""send.outlets - the ways out, and who goes which.

    usable    not resting, not down, not in need of a person
    share     the usable one that had least for its weight, while it has room
    limit     so many a second, an hour, a day: counted in the ledger, for all senders and restarts

What an outlet that went down had not begun goes to the others.
Faults: none; an outlet in need of a person is kept out with its reason. Never: judges replies.
See: engine (deals), standing (rests), freight (carries), store/allowances (counts).
"""

from __future__ import annotations

import threading
from datetime import datetime
from typing import Final

import structlog

from publisher.errors import PublisherError, TransportError
from publisher.send.freight import Load
from publisher.send.outside import NO_LIMITS, Outlet, Outside
from publisher.send.standing import Standing
from publisher.wire.freight import Carrier
from publisher.wire.map import WireMap

log = structlog.get_logger("send")

MOST_WIDTH: Final = 16
"""Counted as one crash of a relay are at most so many messages."""
FAREWELL: Final = 1.0
"""Seconds to take leave of a relay that only a person can mend."""
PATIENCE: Final = 3.0
"""Seconds a connection may be sought before what waits for it is taken back."""


class Way:
    """One outlet at work: its load, its carrier, its standing."""

    def __init__(
        self, outlet: Outlet, outside: Outside, wire: WireMap, news: threading.Event
    ) -> None:
        pace = outside.pace
        self.outlet = outlet
        self.load = Load(wire, outside.time.monotonic, outside.stop, news, pace.group)
        self.standing = Standing(pace.relay_rests, outlet.name)
        self.fault: PublisherError | None = None
        self.dealt = 0.0  # recipients by weight
        self.not_before = 0.0  # its limit allows no more until then
        self.rests_until = 0.0
        self.uncounted = 0  # were counted by its limit and did not go
        self._failed = 0.0
        self._outside = outside
        self._carrier: Carrier | None = None

    @property
    def width(self) -> int:
        """How many messages may be on their way at once."""
        return max(1, min(MOST_WIDTH, self.load.most_out))

    @property
    def trouble(self) -> str:
        """Why it takes nobody, in words; "" while it does."""
        if self.fault is None:
            return self.standing.trouble
        return f"{self.fault} ({self.fault.hint})" if self.fault.hint else str(self.fault)

    @property
    def is_limited(self) -> bool:
        """Whether it may not take all that there is."""
        return self.outlet.limits != NO_LIMITS

    def start(self) -> bool:
        """Make and start the carrier; False when only a person can help."""
        if self._carrier is None and self.fault is None:
            try:
                self._carrier = self.outlet.carrier(self.load)
                self._carrier.start()
            except TransportError as fault:
                self.fail(fault)
            else:
                self.load.wake = self._carrier.wake
        return self.fault is None

    def look(self, now: datetime, *, is_only: bool) -> None:
        """See how the carrier is doing.

        The only one keeps what it has, and seeks its relay at its own pace. One of several that
        finds no connection for long rests, so that the others take over.
        """
        carrier, monotonic = self._carrier, self._outside.time.monotonic()
        if carrier is None:
            return
        if carrier.fault is not None:
            self.fail(carrier.fault)
            # it serves nobody: what it has is not to wait until it has tried again
            self._carrier = None
            carrier.close(FAREWELL)
        elif not carrier.trouble or not carrier.down_since:
            return
        elif is_only:
            if not self.standing.trouble:
                log.warning("the relay rests", relay=self.outlet.name, why=carrier.trouble)
            self.standing.note(carrier.trouble, now, monotonic)
        # after a rest it has time for a try of its own
        elif monotonic - max(carrier.down_since, self.rests_until) > PATIENCE:
            self.rest(self.standing.rest(carrier.trouble, now, monotonic))

    def fail(self, fault: PublisherError) -> None:
        """Take nothing until a person has acted: the log says so, a send only if all are such."""
        if self.fault is None:
            self.fault, self._failed = fault, self._outside.time.monotonic()
            log.error("left out", relay=self.outlet.name, why=str(fault), hint=fault.hint)

    def not_used(self) -> int:
        """Tell how many its limit counted that did not go; told once, whatever comes of it."""
        number, self.uncounted = self.uncounted, 0
        return number if self.is_limited else 0

    def rest(self, seconds: float) -> None:
        """Take nothing for so long."""
        self.rests_until = self._outside.time.monotonic() + seconds
        self.load.rests_until = self.rests_until

    def is_usable(self, monotonic: float) -> bool:
        """Whether it takes anybody now."""
        return self.fault is None and monotonic >= self.rests_until

    def down_for(self, monotonic: float) -> float:
        """How long the relay has been out of order, in seconds."""
        since = self.standing.down_since if self.fault is None else self._failed
        return monotonic - since if since else 0.0

    def close(self, grace: float) -> None:
        """Let what has begun end within the grace, and take leave."""
        if self._carrier is not None:
            self._carrier.close(grace)
            self._carrier = None
        self.load.close()
        self.load.wake = lambda: None

    def abort(self) -> None:
        """Wait no longer for the relay; called from another thread."""
        if (carrier := self._carrier) is not None:
            carrier.abort()
