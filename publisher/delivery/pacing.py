"""delivery.pacing - how many connections a relay bears, and how long it rests when it bears none.

A relay on the same machine is busy with a few connections; one 20 ms away answers each of them 40
times a second, and only their number makes it fast. So the width is found by trying: half as many
again, kept when more was accepted by it, taken back when not.

    steady --waited--> measured --> wider by half --> measured --+-- 5 % more --> kept, tried again
      ^                                                          |
      +----------------- as before; twice as long a wait --------+

A strain (421, 451, 454, a time-out) halves; while wider was only being tried it takes that back and
remembers the width as too much: until it is forgotten, widths are tried halfway up to it.
Faults: none. Never: asks the time, talks. See: wire/pool (asks), limits (messages, not connections).
"""

from __future__ import annotations

from typing import Final

START: Final = 16
MOST: Final = 64
LEAST: Final = 2
GROWTH: Final = 1.5
"""Half as many again: 16, 24, 36, 54, 64."""
WORTH: Final = 0.05
"""So much more has to be accepted for more connections to be kept."""
SETTLING: Final = 0.5
"""Seconds after a change that are not measured: connections open, greetings are exchanged."""
SHORT: Final = 0.75
LONG: Final = 4.0
LONGEST: Final = 30.0
"""A measure takes at least `SHORT` seconds; it ends there with `MANY` messages, at `LONG` with
`FEW`, and at `LONGEST` whatever there was."""
MANY: Final = 1000
FEW: Final = 50
WAIT: Final = 10.0
LONGEST_WAIT: Final = 300.0
"""Seconds between two tries to grow; each that was in vain doubles them, a strain begins anew."""
MEMORY: Final = 600.0
"""After so many seconds a width that was too much may be tried again: limits are changed."""
RESTS: Final = (0.0, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 300.0)
"""Seconds of rest after failures in a row; the last repeats."""
CALM: Final = 1.0
"""Strains within a second are one, nothing is opened for a second after one, and who served a
second ago is not down."""
PATIENCE: Final = 5.0
"""Seconds for connections to open; what is not busy by then is not needed."""


class Throttle:
    """The width of one relay: pure state, the monotonic time passed in.

    `rest_until` is the moment before which no connection is opened. While nothing was accepted
    since a failure, `wanted` is `least`: who comes back is not stormed.
    """

    __slots__ = (
        "_accepted",
        "_base",
        "_changed",
        "_faults",
        "_least",
        "_most",
        "_rate",
        "_served",
        "_since",
        "_strained",
        "_too_much",
        "_too_much_at",
        "_try_at",
        "_wait",
        "_width",
        "rest_until",
    )

    def __init__(self, start: int = START, most: int = MOST, least: int = LEAST) -> None:
        """Begin with `start` connections; never more than `most`, nor fewer than `least`."""
        self.rest_until = 0.0
        self._most = max(1, most)
        self._least = min(max(1, least), self._most)
        self._width = min(max(start, self._least), self._most)
        self._base = 0  # the width to go back to while a wider one is tried, else 0
        self._rate = 0.0  # what `_base` was worth, in messages a second
        self._since: float | None = None  # when the measure began
        self._accepted = 0  # in this measure
        self._changed: float | None = None  # when the width changed last
        self._try_at = 0.0
        self._wait = WAIT
        self._too_much = self._most + 1
        self._too_much_at = 0.0
        self._strained = float("-inf")
        self._faults = 0
        self._served = float("-inf")

    @property
    def wanted(self) -> int:
        """So many connections are to be open."""
        return self._least if self._faults else self._width

    def tick(self, now: float, accepted: int, saturated: bool) -> None:
        """Take the measure, about four times a second, and decide about the width.

        `accepted`: since the last tick. `saturated`: all wanted connections are open and have been
        busy, with more waiting for them; else it is not the relay that sets the rate.
        """
        if accepted:
            self.served(now)
        if self._changed is None:
            self._changed = now
        if not saturated or self._faults:
            self._since = None
            if self._base and now - self._changed > PATIENCE:
                self._take_back(now)
            return
        if self._since is None:
            if now - self._changed >= SETTLING and (self._base or now >= self._try_at):
                self._since, self._accepted = now, 0
            return
        self._accepted += accepted
        took = now - self._since
        if took < SHORT or (self._accepted < MANY and took < LONG):
            return
        if self._accepted < FEW and took < LONGEST:
            return
        self._decide(now, self._accepted / took)

    def strained(self, now: float) -> None:
        """Halve, at most once a second: the relay says it is too much, or does not keep up."""
        self.rest_until = max(self.rest_until, now + CALM)
        if now - self._strained < CALM:
            return
        self._strained = now
        self._too_much, self._too_much_at = self._width, now
        if self._base:
            self._take_back(now)
        else:
            self._change(self._width // 2, now)
            self._wait = WAIT
            self._wait_longer(now)

    def failed(self, now: float, jitter: float = 0.0) -> None:
        """Rest: a connection could not be opened, or died before anything was accepted on it.

        `jitter`, 0 to 1, adds up to a quarter. What fails while others serve is only a strain; what
        fails during a rest began before it and does not lengthen it.
        """
        if now - self._served < CALM:
            self.strained(now)
            return
        if now < self.rest_until:
            return
        rest = RESTS[min(self._faults, len(RESTS) - 1)]
        self._faults += 1
        self._since = None
        self.rest_until = now + rest * (1 + jitter / 4)

    def served(self, now: float) -> None:
        """End the trouble: something was accepted."""
        self._served = now
        if self._faults:
            self._faults = 0
            self.rest_until = 0.0
            self._changed = now

    def _decide(self, now: float, rate: float) -> None:
        """Keep what was tried when it was worth it, and try the next."""
        noise = self._accepted**-0.5 if self._accepted else 1.0
        if self._base and rate < self._rate * (1 + WORTH + noise):
            self._take_back(now)
            return
        if now - self._too_much_at > MEMORY:
            self._too_much = self._most + 1
        wider = min(
            max(self._width + 1, int(self._width * GROWTH)),
            max(self._width + 1, (self._width + self._too_much) // 2)
            if self._too_much <= self._most
            else self._most,
            self._too_much - 1,
            self._most,
        )
        if wider <= self._width:
            self._base = 0
            self._since = None
            self._wait_longer(now)
            return
        self._base, self._rate = self._width, rate
        self._change(wider, now)

    def _take_back(self, now: float) -> None:
        width, self._base = self._base, 0
        self._change(width, now)
        self._wait_longer(now)

    def _change(self, width: int, now: float) -> None:
        self._width = min(max(width, self._least), self._most)
        self._changed, self._since = now, None

    def _wait_longer(self, now: float) -> None:
        self._try_at = now + self._wait
        self._wait = min(self._wait * 2, LONGEST_WAIT)
