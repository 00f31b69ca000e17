"""pinging - hubs are told which feeds have changed, once the bytes are visible.

What is owed stands in the store; here it is taken, told and written down, each hub by a thread of
its own, so that none waits for another that is slow. A hub that does not answer, or has too much to do,
is not asked again for each feed.

Faults: StoreError; a hub's are written down beside what it is owed.
Never: follows a redirect, waits longer than it was given. See: store.pings (what is owed),
delivery.hubs (when again), outbound (whom we may speak to), docs/feeds.md.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from publisher import outbound
from publisher.clock import utc_now
from publisher.delivery import hubs
from publisher.model import Newsletter
from publisher.outbound import Posted
from publisher.settings import Settings
from publisher.store import Store, pings
from publisher.store.pings import Ping

SECONDS: Final = 9.0
"""How long `run` tells hubs at a stretch; it looks again with the next beat of its heart.

Half of it, or of `QUICK`, is any one answer's: none is begun that would not have that."""
QUICK: Final = 3.0
"""How long a person who published by hand waits for hubs; `run`, or the next command, goes on."""
LEASE: Final = timedelta(minutes=1)
_TOGETHER: Final = 100
_MOST_HUBS: Final = 8


@dataclass(frozen=True, slots=True)
class Told:
    """Of how many feeds a hub was told now, of how many it was not; why, and when again."""

    hub: str
    feeds: int
    missed: int = 0
    why: str = ""
    again: datetime | None = None


def tell(
    settings: Settings, store: Store, stop: threading.Event, *, seconds: float = SECONDS
) -> list[Told]:
    """Tell hubs all that is due, in at most that many seconds; the rest stays owed."""
    asked = [one for one in settings.newsletters if one.hubs]
    if not asked:
        return []
    with store.read() as conn:
        if not pings.is_any_due(conn, utc_now()):
            return []
    with store.begin() as conn:
        pings.forget_others(conn, settings.newsletters)
    patience = min(outbound.SECONDS, seconds / 2)
    end = time.monotonic() + seconds - patience
    errands = [
        _Errand(settings, store, newsletter, hub, stop, patience, end)
        for newsletter in asked
        for hub in newsletter.hubs
    ]
    with ThreadPoolExecutor(min(_MOST_HUBS, len(errands))) as pool:
        return [told for told in pool.map(_Errand.run, errands) if told is not None]


@dataclass(frozen=True, slots=True)
class _Errand:
    """One hub, and what it is to be told of one newsletter's feeds."""

    settings: Settings
    store: Store
    newsletter: Newsletter
    hub: str
    stop: threading.Event
    patience: float
    end: float

    def run(self) -> Told | None:
        """Tell what is due, until all is told, the hub cannot, or the time is up."""
        if self._is_over():
            return None
        with self.store.begin() as conn:
            taken = pings.take(conn, self.newsletter.slug, self.hub, _TOGETHER, LEASE, utc_now())
        answers: list[Posted] = []
        try:
            for one in taken:
                if self._is_over():
                    break
                answers.append(self._ask(one))
                if hubs.is_for_all(answers[-1].status):
                    answers += answers[-1:] * (len(taken) - len(answers))
                    break
        finally:
            told = self._write_down(taken, answers)
        return told

    def _is_over(self) -> bool:
        return self.stop.is_set() or time.monotonic() >= self.end

    def _ask(self, one: Ping) -> Posted:
        # the protocol leaves the ping open: hubs ask for one name or the other
        form = {"hub.mode": "publish", "hub.url": one.topic, "hub.topic": one.topic}
        allow = self.settings.network_allow
        return outbound.post(self.hub, form, allow=allow, seconds=self.patience)

    def _write_down(self, taken: Sequence[Ping], answers: Sequence[Posted]) -> Told | None:
        """Forget what was told, put off what was not; what had no turn is due as before."""
        if not taken:
            return None
        now = utc_now()
        told = Told(self.hub, 0)
        with self.store.begin() as conn:
            for one, answer in zip(taken, answers, strict=False):
                what = hubs.after(answer.status, one.tries + 1, one.hub + one.topic, answer.rest)
                if what.told:
                    pings.told(conn, one)
                    told = replace(told, feeds=told.feeds + 1)
                    continue
                words = answer.why or f"its host answered {answer.status}"
                again = None if what.wait is None else now + what.wait
                pings.put_off(conn, one, one.tries + 1, again, words)
                soonest = min(filter(None, (told.again, again)), default=None)
                told = replace(told, missed=told.missed + 1, why=words, again=soonest)
            for one in taken[len(answers) :]:
                pings.put_off(conn, one, one.tries, now, one.words)
        return told
