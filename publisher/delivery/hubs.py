"""delivery.hubs - what a hub's answer to a ping means, and when it is asked again.

The recommendation leaves open how a hub is told (WebSub, 2018, section 3.1); all take a POST and
answer with a 2xx status. Anything else but "not now" is about us or about the feed and would be
said again, so few tries are made.

    status                  told      again
    2xx                     yes
    none, 408, 429, 5xx     no        by `WAITS` and the hub's Retry-After, until 24 h are over
    any other               no        likewise, but `MOST_REFUSALS` tries in all

Faults: none. Never: asks the time. See: run.pinging (asks hubs), waiting (the waits).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final, NamedTuple
from zlib import crc32

from publisher.delivery.waiting import Patience, back_off

WAITS: Final = Patience(
    waits=tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 30, 60, 120, 240)),
    give_up=timedelta(hours=24),
)
"""Who subscribed at a hub polls now and then as well: after a day they have it anyway."""
MOST_REFUSALS: Final = 3
LONGEST_REST: Final = timedelta(hours=6)
"""A hub may ask for longer; it is not believed."""


class After(NamedTuple):
    """What follows a try: the hub was told, or is asked again after a wait, or never (None)."""

    told: bool
    wait: timedelta | None = None


_FOR_ALL: Final = frozenset({None, 429, 503})


def is_for_all(status: int | None) -> bool:
    """Say whether an answer to one ping is one to all that would follow: none came, or too many."""
    return status in _FOR_ALL


def after(status: int | None, tries: int, who: str, rest: timedelta | None = None) -> After:
    """Judge what a hub answered to the last of so many tries; None where no answer came.

    `rest` is what its Retry-After asked for; `who` seeds the spread of the waits, so that feeds that
    changed in one moment do not come back in one moment.
    """
    if status is not None and 200 <= status < 300:
        return After(told=True)
    passes = status is None or status in {408, 429} or status >= 500
    if not passes and tries >= MOST_REFUSALS:
        return After(told=False)
    least = None if rest is None else min(rest, LONGEST_REST)
    return After(told=False, wait=back_off(tries, crc32(who.encode()), WAITS, least=least))
