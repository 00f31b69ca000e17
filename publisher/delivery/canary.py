"""delivery.canary - the first readers of a send, and what has to go wrong for it to be held.

Faults: none. Never: holds, counts. See: store/sends (freezes and lets on), send (asks).
"""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from typing import Final

from publisher.model import DeliveryState

PART: Final = 0.01
LEAST: Final = 20
NONE_UNDER: Final = 500
"""Fewer recipients are one lot: before anybody could look at the first, all would be gone."""
JUMP: Final = 0.05
JUMP_LEAST: Final = 5

_LIMITS: Final = (
    (DeliveryState.REFUSED, 0.05, 3, "were refused"),
    (DeliveryState.DEFERRED, 0.25, 5, "were deferred"),
    (DeliveryState.IN_DOUBT, 0.05, 2, "are in doubt"),
)
"""Above which part, and from how many on. 5 % refused is where providers end an account (Amazon SES
reviews one at 5 % and suspends it at 10 %); deferring a few first-comers is common greylisting."""


def canary_size(total: int, part: float = PART) -> int:
    """Tell how many go before the rest; 0 is none."""
    if part <= 0 or total < NONE_UNDER:
        return 0
    return min(total, max(LEAST, ceil(total * part)))


def canary_verdict(counts: Mapping[DeliveryState, int]) -> str | None:
    """Tell why the rest is held, from the states of the first readers; None when it is not.

    It may be asked before all of them have ended: what was enough to hold stays enough.
    """
    total = sum(counts.values())
    for state, part, least, words in _LIMITS:
        number = counts.get(state, 0)
        if number >= least and number > total * part:
            return f"{number} of the first {total} readers {words}, more than {part:.0%}"
    return None


def is_relay_jump(hard: int, attempted: int) -> bool:
    """Whether so many hard refusals in one lot say that the relay is wrong, not the addresses.

    Who is refused so is not counted against: an audience does not lose a twentieth in a night.
    """
    return hard >= JUMP_LEAST and hard > attempted * JUMP
