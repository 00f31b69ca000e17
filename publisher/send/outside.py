"""send.outside - what the hall of sending works with, given as values.

Faults: StoreError from `insist` when told to stop while the store fails. Never: sends.
See: send (the flow), wire (the transports).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain, repeat
from pathlib import Path
from typing import Protocol, TypeVar

import structlog
from sqlalchemy import Connection

from publisher.errors import PublisherError, StoreError
from publisher.model import Envelope, Finding, Newsletter, Reply, SendState
from publisher.store import Store, sends
from publisher.wire.dkim import Signer

T = TypeVar("T")
log = structlog.get_logger("send")


class Transport(Protocol):
    """What messages are given to: `wire.outbox.Outbox` or `wire.session.Relay`."""

    def deliver(self, envelope: Envelope, message: bytes, begun: Callable[[], None]) -> Reply:
        """Give one message away; `begun` is called before its first byte is."""

    def abort(self) -> None:
        """End what `deliver` waits for, from another thread; nothing is delivered after."""

    def close(self) -> None:
        """Take leave."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How the work is spaced; tests are less patient. The lease outlasts the longest message.

    `last_word`: how long the message on the wire may still take when told to stop.
    """

    lease: timedelta = timedelta(minutes=30)
    group: int = 50
    group_seconds: float = 0.2
    look_seconds: float = 1.0
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

    `refusals`: what forbids a newsletter to send; `signers`: whose keys sign its mail.
    """

    store: Store
    newsletters: Mapping[str, Newsletter]
    templates: Mapping[str, str]
    key: bytes = field(repr=False)
    wire_folder: Path
    transport: Callable[[], Transport]
    clock: Callable[[], datetime]
    stop: threading.Event
    refusals: Callable[[Newsletter], Sequence[Finding]] = _none
    signers: Callable[[Newsletter], Sequence[Signer]] = _none
    pace: Pace = Pace()

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
                self.stop.wait(rest)
        raise AssertionError("repeat ended")


def pause(conn: Connection, send_id: int, fault: PublisherError, now: datetime) -> None:
    """Pause a running send until a person has acted; its note says why."""
    note = f"{fault} ({fault.hint})" if fault.hint else str(fault)
    if sends.set_state(
        conn, send_id, SendState.PAUSED, frm={SendState.RUNNING}, now=now, note=note
    ):
        log.error("send paused", send=send_id, why=note)
