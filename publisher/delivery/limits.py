"""delivery.limits - how many messages a relay may get, and which relay gets which part.

Faults: none. Never: counts (store does, so that nothing is forgotten), asks the day.
See: pacing (connections, not messages), store/allowances (who counts).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final, NamedTuple

WARM_UP: Final = (
    *(500, 700, 950, 1_300, 1_850, 2_600, 3_600, 5_000, 7_000, 10_000),
    *(14_000, 19_500, 27_000, 38_000, 53_000, 75_000, 105_000, 146_000, 206_000, 287_000),
    *(400_000, 560_000, 790_000, 1_100_000, 1_540_000, 2_160_000, 3_000_000, 4_200_000),
    *(5_900_000, 8_300_000),
)
"""Messages a day, from the day an address began to send; 30 days, then no ceiling.

Receivers take much mail from an address they do not know for a hijacked machine's. Twilio SendGrid
publishes the hourly ceilings it warms its own addresses up by (20 an hour on the first day, 40 %
more each day, 484,029 on day 30); these are 24 of its hours, rounded. Per day and not per hour,
because an issue leaves in one go.
"""


class Limits(NamedTuple):
    """What a relay may get: messages a second, an hour; the day its warm-up began."""

    per_second: float | None = None
    per_hour: int | None = None
    warm_up: date | None = None

    def per_day(self, today: date) -> int | None:
        """Give the ceiling of a day in UTC; None is none, and 0 stands before the first day."""
        if self.warm_up is None:
            return None
        return warm_up_ceiling((today - self.warm_up).days)


def warm_up_ceiling(day: int) -> int | None:
    """Give the ceiling of the day of a warm-up, the first being 0; None once it is over."""
    if day < 0:
        return 0
    return WARM_UP[day] if day < len(WARM_UP) else None


class Side(NamedTuple):
    """A relay that wants its part; `room` is how many it may get now, None as many as there are."""

    weight: int = 1
    room: int | None = None


def share(wanted: int, sides: Sequence[Side]) -> list[int]:
    """Part so many messages among relays, by weight and within their room, as fully as it goes.

    One that is down has no room: its part is the others'. What a rounded part leaves over goes to
    the largest remainders, the first of equals.
    """
    parts = [0] * len(sides)
    taking = [number for number, side in enumerate(sides) if side.weight > 0 and side.room != 0]
    left = wanted
    while left > 0 and taking:
        weights = sum(sides[number].weight for number in taking)
        full = [
            number
            for number in taking
            if (room := sides[number].room) is not None
            and room * weights <= left * sides[number].weight
        ]
        if not full:
            _part(left, [(number, sides[number].weight) for number in taking], parts)
            break
        for number in full:
            parts[number] = sides[number].room or 0
        left -= sum(parts[number] for number in full)
        taking = [number for number in taking if number not in full]
    return parts


def _part(left: int, weights: Sequence[tuple[int, int]], parts: list[int]) -> None:
    """Part what is left among those who have room for all of their part."""
    total = sum(weight for _, weight in weights)
    over = left
    for number, weight in weights:
        parts[number] = left * weight // total
        over -= parts[number]
    by_remainder = sorted(weights, key=lambda one: -(left * one[1] % total))
    for number, _ in by_remainder[:over]:
        parts[number] += 1
