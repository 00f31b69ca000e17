"""delivery.speed - how fast a send goes and how long it still takes, measured and in words.

Faults: none. Never: asks the time. See: cli.watching and web.desk (who tell people).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from publisher.delivery.limits import Limits
from publisher.model import DeliveryState, Send, SendState

WINDOW: Final = 60.0
"""Seconds a speed is measured over: the last minute, or since somebody looked."""
_LEAST: Final = 1.0
"""Seconds below which no speed is told: the first messages say little."""


class Meter:
    """A speed out of looks at a number that grows."""

    def __init__(self) -> None:
        self._looks: deque[tuple[float, int]] = deque()

    def look(self, now: float, number: int) -> float:
        """Give how many a second there were in the last minute; 0.0 while that is not known.

        `now` is of a clock that never jumps. A number that falls begins anew.
        """
        if self._looks and number < self._looks[-1][1]:
            self._looks.clear()
        self._looks.append((now, number))
        while len(self._looks) > 2 and now - self._looks[1][0] >= WINDOW:
            self._looks.popleft()
        began, first = self._looks[0]
        return (number - first) / (now - began) if now - began >= _LEAST else 0.0


def attempted(send: Send) -> int:
    """Count the deliveries whose turn has come: all but those that wait and those on the wire."""
    waiting = send.count(DeliveryState.QUEUED) + send.count(DeliveryState.SENDING)
    return send.total - waiting


def left(send: Send, per_second: float) -> float | None:
    """Tell how many seconds a running send still takes at this speed; None where nobody knows.

    Those who were told "not now" have their own times and are not counted.
    """
    waiting = send.total - attempted(send)
    if send.state is not SendState.RUNNING or not waiting or per_second <= 0:
        return None
    return waiting / per_second


def taken(send: Send) -> str:
    """Say how long a send that is done took and how fast it was, its waits included; else ""."""
    if send.state is not SendState.DONE or send.started is None or send.finished is None:
        return ""
    seconds = (send.finished - send.started).total_seconds()
    mean = in_words(attempted(send) / max(seconds, _LEAST))
    return f"{span(seconds)}, {mean} on average"


def at_limits(number: int, relays: Sequence[Limits], today: date) -> float | None:
    """Tell how many seconds so many messages take at least; None where no limit says anything.

    `today` is the day in UTC: a relay that is being warmed up has its ceiling anew each day.
    """
    day = 86_400.0
    rates = [_rate(one) for one in relays]
    for begun in range(366):
        ceilings = [one.per_day(today + timedelta(days=begun)) for one in relays]
        rooms = [
            min(day * rate, float("inf") if ceiling is None else ceiling)
            for rate, ceiling in zip(rates, ceilings, strict=True)
        ]
        if number <= sum(rooms):
            together = sum(rate for rate, room in zip(rates, rooms, strict=True) if room)
            return begun * day + number / together if begun or together < float("inf") else None
        number -= int(sum(rooms))
    return None


def _rate(one: Limits) -> float:
    """Give the messages a second a relay's limits let through."""
    per_hour = float("inf") if one.per_hour is None else one.per_hour / 3600
    return min(per_hour, float("inf") if one.per_second is None else one.per_second)


def in_words(per_second: float) -> str:
    """Write a speed: 4,810 messages/s, 7.5 messages/s; below one a second by the minute."""
    if per_second < 1:
        return f"{per_second * 60:.1f} messages/min"
    return f"{per_second:,.0f} messages/s" if per_second >= 10 else f"{per_second:.1f} messages/s"


def span(seconds: float) -> str:
    """Write a span of time as one says it: 40 s, 12 min, 3 h 20 min, 2 days."""
    whole = round(seconds)
    if whole < 90:
        return f"{max(1, whole)} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days = round(seconds / 86_400)
    return f"{days} day{'' if days == 1 else 's'}"


def told(send: Send, per_second: float) -> str:
    """Say speed and time left in a line; "" while nothing moves."""
    if per_second <= 0 or send.state is not SendState.RUNNING:
        return ""
    rest = left(send, per_second)
    return in_words(per_second) + ("" if rest is None else f", about {span(rest)} left")
