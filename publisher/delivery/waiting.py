"""delivery.waiting - how long a delivery waits before it is tried again, and when it is given up.

Faults: none. Never: asks the time. See: verdicts (which replies wait), store/ledger (keeps `next_at`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final, NamedTuple
from zlib import crc32

WAITS: Final = tuple(timedelta(minutes=minutes) for minutes in (5, 15, 30, 60, 120, 240))
"""The waits after the first attempts; the last one repeats. The first outlasts greylisting, which
asks for 1 to 5 minutes (RFC 6647 section 4.2); the last is about what mail servers use (RFC 5321
section 4.5.4.1 asks for at least 30 minutes after the first two)."""
GIVE_UP: Final = timedelta(hours=48)
"""News older than this is not worth another attempt."""
RESENDS: Final = (timedelta(0), timedelta(minutes=15), timedelta(hours=1))
"""The waits before an attempt in doubt is repeated; after the last a person decides."""


class Patience(NamedTuple):
    """How long a newsletter waits: the waits in their order, the last repeating; all of them."""

    waits: Sequence[timedelta] = WAITS
    give_up: timedelta = GIVE_UP


NEWS: Final = Patience()


def back_off(
    attempts: int, seed: int, patience: Patience = NEWS, *, least: timedelta | None = None
) -> timedelta | None:
    """Tell how long to wait after so many attempts; None when it is time to give up.

    Up to a quarter is added, the same for the same seed and attempt, so that a crowd deferred in
    one moment does not come back in one moment. `least` is what the verdict asks for; it counts for
    this wait alone.
    """
    waits = [_wait(attempt, seed, patience.waits) for attempt in range(1, attempts + 1)]
    if sum(waits, timedelta(0)) > patience.give_up:
        return None
    return waits[-1] if least is None else max(waits[-1], _jittered(least, attempts, seed))


def _wait(attempt: int, seed: int, waits: Sequence[timedelta]) -> timedelta:
    return _jittered(waits[min(attempt, len(waits)) - 1], attempt, seed)


def _jittered(least: timedelta, attempt: int, seed: int) -> timedelta:
    spread = crc32(f"{seed}:{attempt}".encode()) / 2**32
    return least + timedelta(seconds=round(least.total_seconds() * spread / 4))


def resend_after(attempts: int) -> timedelta | None:
    """Tell when an attempt that ended in doubt may be repeated; None leaves it to a person.

    Bounded, because a relay that takes the mail and never says so would mail one person for days.
    """
    return RESENDS[attempts - 1] if attempts <= len(RESENDS) else None
