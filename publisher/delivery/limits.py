"""delivery.limits - how many messages a relay may get.

Faults: none. Never: counts (store does, so that nothing is forgotten), asks the day.
See: pacing (connections, not messages), store/allowances (who counts).
"""

from __future__ import annotations

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
