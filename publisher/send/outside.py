"""send.outside - what the hall of sending works with, given as values.

Faults: StoreError from `insist` when told to stop while the store fails. Never: sends.
See: send (the flow), wire (the transports).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain, repeat
from pathlib import Path
from typing import Final, Protocol, TypeVar

import structlog
from sqlalchemy import Connection

from publisher import schedule
from publisher.delivery import Limits
from publisher.errors import PublisherError, StoreError
from publisher.model import Finding, Newsletter, SendState
from publisher.store import Store, sends
from publisher.wire.dkim import Signer
from publisher.wire.freight import Carrier, Freight

T = TypeVar("T")
log = structlog.get_logger("send")
NO_LIMITS: Final = Limits()


class Time(Protocol):
    """The time that passes while the sender works: `ThisMachine`, or a simulation's."""

    def monotonic(self) -> float:
        """Give seconds that never go back, also while the process is stopped."""

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Wait for an event, no longer than so; tell whether it is set."""


class ThisMachine:
    """The time of this machine."""

    monotonic = staticmethod(time.monotonic)

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Wait for an event, no longer than so; tell whether it is set."""
        return event.wait(seconds)


@dataclass(frozen=True, slots=True)
class Outlet:
    """One way out: a relay with its share of the work and its limits.

    `carrier` makes what carries parcels there.
    """

    name: str
    carrier: Callable[[Freight], Carrier]
    weight: int = 1
    limits: Limits = NO_LIMITS


@dataclass(frozen=True, slots=True)
class Pace:
    """How the work is spaced; tests are less patient. The lease outlasts the longest message.

    `group` outcomes, or `group_seconds`, and the ledger is told; `look_seconds`: how old the answer
    to whom we may write to can be; `watch_seconds`: how soon a pause is noticed; `ahead`: so many
    recipients claimed and waiting keep the wire busy. `last_word`: how long what is on the wire may
    still take when told to stop.
    """

    lease: timedelta = timedelta(minutes=30)
    group: int = 500
    group_seconds: float = 0.02
    look_seconds: float = 1.0
    watch_seconds: float = 0.1
    ahead: int = 500
    recover_seconds: float = 60.0
    stale_seconds: float = 5.0
    last_word: float = 12.0
    idle: float = 1.0
    relay_rests: tuple[float, ...] = (5, 10, 20, 40, 80, 160, 300)
    store_rests: tuple[float, ...] = (0.2, 1, 5, 15)


def _none(_: Newsletter) -> tuple[()]:
    return ()


@dataclass(frozen=True, slots=True)
class Outside:
    """The store, the settings' values, the clock.

    `refusals`: what forbids a newsletter to send; `signers`: whose keys sign its mail;
    `domain_limits`: receiver -> messages a minute.
    """

    store: Store
    newsletters: Mapping[str, Newsletter]
    templates: Mapping[str, str]
    key: bytes = field(repr=False)
    wire_folder: Path
    outlets: Sequence[Outlet]
    clock: Callable[[], datetime]
    stop: threading.Event
    refusals: Callable[[Newsletter], Sequence[Finding]] = _none
    signers: Callable[[Newsletter], Sequence[Signer]] = _none
    domain_limits: Mapping[str, int] = field(default_factory=dict)
    pace: Pace = Pace()
    time: Time = field(default_factory=ThisMachine)

    def quiet(self, now: datetime) -> frozenset[str]:
        """Name the newsletters in their quiet hours."""
        return frozenset(
            one.slug
            for one in self.newsletters.values()
            if one.quiet and schedule.quiet_until(one.quiet, one.timezone, now) is not None
        )

    def insist(self, deed: Callable[[Connection], T]) -> T:
        """Do it in one write transaction; while the store fails try again, until told to stop.

        The deed may be done twice when only the answer to the commit was lost: it must bear that.
        """
        return self._patiently(self.store.begin, deed)

    def look(self, question: Callable[[Connection], T]) -> T:
        """Ask it of one snapshot, as patiently."""
        return self._patiently(self.store.read, question)

    def _patiently(
        self,
        transaction: Callable[[], AbstractContextManager[Connection]],
        deed: Callable[[Connection], T],
    ) -> T:
        rests = self.pace.store_rests
        for rest in chain(rests, repeat(rests[-1])):
            try:
                with transaction() as conn:
                    return deed(conn)
            except StoreError as fault:
                if self.stop.is_set():
                    raise
                log.warning("the store fails", fault=str(fault), again_in=rest)
                self.time.wait(self.stop, rest)
        raise AssertionError("repeat ended")


def pause(conn: Connection, send_id: int, fault: PublisherError, now: datetime) -> None:
    """Pause a running send until a person has acted; its note says why."""
    note = f"{fault} ({fault.hint})" if fault.hint else str(fault)
    if sends.set_state(
        conn, send_id, SendState.PAUSED, frm={SendState.RUNNING}, now=now, note=note
    ):
        log.error("send paused", send=send_id, why=note)
