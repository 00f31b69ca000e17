"""send - an issue to its audience: the hall of sending.

    begin     due send -> audience frozen -> editions, preflight -> running         letter
    claim     running send -> a lot of 500, map of the wire written                 lot
    permit    is the send still wanted, may this person still be written to         permit
    compose   edition + recipient -> envelope and message, signed                   letter
    wire      message -> transport -> reply                                         lot
    judge     reply -> verdict -> the delivery's next state                         lot
    heed      the relay rests, or the send waits for a person                       standing
    record    outcomes -> ledger, in groups                                         lot
    release   lot -> free or done; the last one ends the send                       lot

The order of writes keeps the promises: the claim is committed before the first byte, the map says
BEGUN before the content, the ledger is told before the lot is let go. Whatever ends the process in
between, `recovery` finds each recipient's truth: in the map if the machine is the same, else in
doubt; the newsletter's policy repeats the doubtful with the same Message-ID or leaves them.

Strategies. Consent is looked up again every 20 recipients and at least every second, the send's
state every second. A relay's fault charges nobody: the lot goes back and the relay rests, 5 s
growing to 5 min, and the send's note says so. A relay that cannot be used until a person acts, that
leaves or refuses message after message, and a moment missed by a day pause the send with the
reason. Told to stop, a message on the wire has 12 s to end, then it is in doubt.
A recipient whose message cannot be written is refused alone. A store that fails is asked again
until it answers; meanwhile nothing more leaves and the map keeps what the ledger does not know.

Faults: StoreError only when told to stop while the store fails. Never: SQL, SMTP, rendering, the
meaning of replies. See: store/ledger (claims), wire (talks), delivery (judges), render (editions).
"""

from __future__ import annotations

import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Self

import structlog
from sqlalchemy import Connection

from publisher import schedule
from publisher.errors import PublisherError, RefusedError, TransportError
from publisher.model import Kind, Send, SendState
from publisher.send.letter import Letter, freeze, letter
from publisher.send.lot import LotRun, Wire
from publisher.send.outside import Outside, Pace, Transport, pause
from publisher.send.recovery import recover
from publisher.send.signing import refusals, signers_of
from publisher.settings import Settings
from publisher.store import Store, ledger, sends
from publisher.wire.outbox import Outbox
from publisher.wire.session import Relay

log = structlog.get_logger("send")


class Sender:
    """Sends what is due, lot by lot, until told to stop.

    Its steps may be called alone (the heartbeat calls `begin_due` and `recover`); `until_idle` is
    for commands, `forever` is the sender process.
    """

    def __init__(self, outside: Outside) -> None:
        self.outside = outside
        self.owner = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
        self._wire: Wire | None = None
        self._letters: dict[int, Letter] = {}
        self._ended = threading.Event()

    @classmethod
    def of(
        cls,
        settings: Settings,
        store: Store,
        templates: Mapping[str, str],
        *,
        key: bytes,
        clock: Callable[[], datetime],
        stop: threading.Event,
        pace: Pace | None = None,
    ) -> Self:
        """Make the sender of a home."""
        return cls(
            Outside(
                store=store,
                newsletters={one.slug: one for one in settings.newsletters},
                templates=templates,
                key=key,
                wire_folder=settings.wire_folder,
                transport=lambda: transport_of(settings),
                clock=clock,
                stop=stop,
                refusals=partial(refusals, settings),
                signers=signers_of(settings),
                pace=pace or Pace(lease=Pace().lease * max(1.0, settings.smtp.timeout)),
            )
        )

    # --- until when ---------------------------------------------------------

    def forever(self, is_stale: Callable[[], bool] = lambda: False) -> None:
        """Work until told to stop; then finish the message on the wire and leave.

        It leaves too, between two lots, when what it was made of `is_stale`.
        """
        outside = self.outside
        recovered, asked = float("-inf"), time.monotonic()
        with self:
            while not outside.stop.is_set():
                if time.monotonic() - recovered > outside.pace.recover_seconds:
                    self.recover()
                    recovered = time.monotonic()
                if time.monotonic() - asked > outside.pace.stale_seconds:
                    if is_stale():
                        break
                    asked = time.monotonic()
                self.begin_due()
                try:
                    worked = self.work()
                except TransportError as fault:  # the map; whatever else fails pauses the send
                    log.error("nothing can be sent", why=str(fault), hint=fault.hint)
                    worked = False
                if not worked:
                    self._hang_up()
                    outside.stop.wait(outside.pace.idle)

    def until_idle(self, patience: timedelta | None = None) -> str:
        """Work until no delivery is queued or sending; deferred ones are left for later.

        With `patience`, a relay that was out of order for so long ends it too: then its trouble is
        returned, in words.
        """
        outside = self.outside
        with self:
            self.recover()
            while not outside.stop.is_set():
                self.begin_due()
                if self.work():
                    relay = self._wire.standing if self._wire else None
                    if patience and relay and relay.down_for > patience.total_seconds():
                        return relay.trouble
                elif self._is_anything_left():
                    self.recover()
                    outside.stop.wait(outside.pace.idle)
                else:
                    break
        return ""

    def close(self) -> None:
        """Take leave of the relay and remove the map: the ledger knows all."""
        if self._wire is not None:
            self._wire.close()
            self._wire = None

    def __enter__(self) -> Self:
        """Begin; when told to stop, the message on the wire has `last_word` seconds to end."""
        self._ended.clear()
        threading.Thread(target=self._cut_short, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: object, trace: object) -> None:
        """Close; after a fault leave the map, which may know what the ledger does not."""
        if kind is not None and self._wire is not None:
            self._wire.leave()
            self._wire = None
        self.close()
        self._ended.set()

    def _cut_short(self) -> None:
        """Wait beside the work, and no longer for a relay that hangs when we are to stop.

        What it had on the wire is then in doubt, and the ledger is told so in good order.
        """
        stop, pace = self.outside.stop, self.outside.pace
        while not stop.wait(0.5):
            if self._ended.is_set():
                return
        if not self._ended.wait(pace.last_word) and (wire := self._wire) is not None:
            log.warning("the relay hangs; it is waited for no longer")
            wire.abort()

    # --- the steps ----------------------------------------------------------

    def begin_due(self) -> None:
        """Begin the scheduled sends whose moment has come.

        One that cannot begin is paused with the reason, its audience frozen; nothing else waits.
        """
        now = self.outside.clock()
        for due in self.outside.look(lambda conn: sends.due(conn, now)):
            self.outside.insist(partial(self._begin, due=due, now=now))

    def _begin(self, conn: Connection, due: Send, now: datetime) -> None:
        if sends.state(conn, due.id, lock=True) is not SendState.SCHEDULED:
            return  # another process was quicker, or a person
        number = freeze(self.outside, conn, due, now)
        log.info("send begun", send=due.id, issue=due.issue, kind=due.kind.value, recipients=number)
        try:
            _refuse_late(due, now)
            letter(self.outside, conn, replace(due, started=now))
        except PublisherError as fault:
            pause(conn, due.id, fault, now)

    def work(self) -> bool:
        """Carry one lot; False when there is none."""
        outside = self.outside
        if self._wire is None:
            self._wire = Wire(outside, self.owner)
        lot = outside.insist(
            lambda conn: ledger.claim(conn, self.owner, outside.pace.lease, outside.clock())
        )
        if lot is None:
            return False
        try:
            rest = LotRun(outside, self._wire, lot, self._letters).carry()
        except ledger.Fenced as fence:
            log.warning("lot lost to another owner", lot=lot.id, why=str(fence))
        else:
            outside.stop.wait(rest)
        return True

    def recover(self) -> None:
        """Settle what dead owners, and those whose lease ran out, had in their hands."""
        recover(self.outside, self.owner)

    def _is_anything_left(self) -> bool:
        return self.outside.look(sends.is_any_unfinished)

    def _hang_up(self) -> None:
        if self._wire is not None:
            self._wire.hang_up()


def _refuse_late(due: Send, now: datetime) -> None:
    """Refuse to begin long after the moment somebody meant: mail cannot be called back."""
    if due.kind is not Kind.TEST and now - due.at > schedule.OVERDUE:
        hours = int((now - due.at).total_seconds() // 3600)
        raise RefusedError(
            f"it was due at {due.at:%Y-%m-%d %H:%M} UTC, {hours} hours ago",
            hint=f"publisher resume {due.id} sends it, publisher cancel {due.id} does not",
        )


def transport_of(settings: Settings) -> Transport:
    """Make the transport a home has chosen."""
    if settings.transport == "outbox":
        return Outbox(settings.outbox_folder)
    smtp = settings.smtp
    return Relay(
        smtp.host,
        smtp.port,
        tls=smtp.tls,
        user=smtp.user,
        password=smtp.password,
        hello=smtp.hello,
        timeout=smtp.timeout,
        ca_file=smtp.ca_file,
    )


__all__ = ["Outside", "Pace", "Sender", "Transport", "refusals", "transport_of"]
