"""send - an issue to its audience: the hall of sending.

    begin     due send -> audience frozen -> editions, preflight -> running         letter
    claim     running send -> a lot of 500, a page of the map of the wire           engine
    deal      its recipients -> the outlets, by weight and limit                    outlets
    permit    is the send still wanted, may this person still be written to         hand
    compose   edition + recipient -> envelope and message, signed                   letter
    carry     message -> wire -> reply, on many connections at once                 freight
    judge     reply -> verdict -> marked in the map                                 freight
    heed      a relay rests, or the send waits for a person                         standing
    record    outcomes -> ledger, in groups                                         engine
    release   lot -> free or done; the last one ends the send                       engine

The order of writes keeps the promises: the claim is committed before the first byte, the map says
BEGUN before the content, the ledger is told before the lot is let go. Whatever ends the process in
between, `recovery` finds each recipient's truth: in the map if the machine is the same, else in
doubt; the newsletter's policy repeats the doubtful with the same Message-ID or leaves them.

Strategies. Lots are claimed a little ahead of the wire. Consent is looked up when a lot is claimed
and again before the answer is a second old; nothing begins on an older one, nor after the lease.
The send's state is looked at ten times a second. A relay's fault charges nobody: its recipients go
to another outlet, or the lot goes back, the relay rests, 5 s growing to 5 min, and the send's note
says so. Relays that cannot be used until a person acts, that leave or refuse message after message,
that deny one recipient in twenty, a canary that went badly and a moment missed by a day pause the
send with the reason. Told to stop, what is on the wire has 12 s to end, then it is in doubt.
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
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Self

import structlog
from sqlalchemy import Connection

from publisher import schedule
from publisher.delivery import Limits, Throttle, limits_of
from publisher.errors import PublisherError, RefusedError, StoreError, TransportError
from publisher.model import Kind, Send, SendState
from publisher.send.engine import Engine
from publisher.send.letter import freeze, letter
from publisher.send.outside import Outlet, Outside, Pace, pause
from publisher.send.recovery import recover
from publisher.send.signing import refusals, signers_of
from publisher.settings import Settings, Smtp
from publisher.store import Store, sends
from publisher.wire.command import Command
from publisher.wire.courier import Courier
from publisher.wire.freight import Freight
from publisher.wire.outbox import Outbox
from publisher.wire.pool import Pool

log = structlog.get_logger("send")


class Sender:
    """Sends what is due, lot by lot, until told to stop.

    Its steps may be called alone (the heartbeat calls `begin_due` and `recover`); `until_idle` is
    for commands, `forever` is the sender process.
    """

    def __init__(self, outside: Outside) -> None:
        self.outside = outside
        self.owner = _new_owner()
        self._engine: Engine | None = None
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
                outlets=outlets_of(settings),
                clock=clock,
                stop=stop,
                refusals=partial(refusals, settings),
                signers=signers_of(settings),
                domain_limits=limits_of(settings.domain_limits),
                pace=pace or Pace(lease=Pace().lease * max(1.0, settings.smtp.timeout)),
            )
        )

    # --- until when ---------------------------------------------------------

    def forever(self, is_stale: Callable[[], bool] = lambda: False) -> None:
        """Work until told to stop; then let what is on the wire end, and leave.

        It leaves too, between two steps, when what it was made of `is_stale`.
        """
        outside = self.outside
        time = outside.time
        recovered = begun = float("-inf")
        asked = time.monotonic()
        with self:
            while not outside.stop.is_set():
                now = time.monotonic()
                if now - recovered > outside.pace.recover_seconds:
                    self.recover()
                    recovered = now
                if now - asked > outside.pace.stale_seconds:
                    if is_stale():
                        break
                    asked = now
                if now - begun > outside.pace.idle:
                    self.begin_due()
                    begun = now
                try:
                    worked = self.work()
                except TransportError as fault:  # the map; whatever else fails pauses the send
                    log.error("nothing can be sent", why=str(fault), hint=fault.hint)
                    worked = False
                if not worked:
                    self._hang_up()
                    time.wait(outside.stop, outside.pace.idle)

    def until_idle(self, patience: timedelta | None = None) -> str:
        """Work until no delivery is queued or sending; deferred ones are left for later.

        With `patience`, relays that were out of order for so long end it too, and those whose
        limits allow no more for so long: then that is returned, in words.
        """
        outside = self.outside
        with self:
            self.recover()
            while not outside.stop.is_set():
                self.begin_due()
                while self.work() and not outside.stop.is_set():
                    if patience and self._down_for > patience.total_seconds():
                        return self._trouble
                if outside.stop.is_set() or not self._is_anything_left():
                    break
                if patience and self._down_for > patience.total_seconds():
                    return self._trouble
                if patience and self._engine and (why := self._engine.limited(patience)):
                    return why
                self.recover()
                outside.time.wait(outside.stop, outside.pace.idle)
        return ""

    @property
    def _down_for(self) -> float:
        return self._engine.down_for if self._engine else 0.0

    @property
    def _trouble(self) -> str:
        return self._engine.trouble if self._engine else ""

    def close(self) -> None:
        """Take leave of the relays and remove the map: the ledger knows all."""
        if (engine := self._engine) is not None:
            self._engine = None
            try:
                engine.finish()
            except BaseException:
                engine.leave()
                raise
            engine.close()

    def __enter__(self) -> Self:
        """Begin; when told to stop, what is on the wire has `last_word` seconds to end."""
        self._ended.clear()
        threading.Thread(target=self._cut_short, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: object, trace: object) -> None:
        """Close; after a fault leave the map, which may know what the ledger does not."""
        try:
            if kind is not None and self._engine is not None:
                self._engine.leave()
                self._engine = None
                self.owner = _new_owner()  # the map left behind is a dead one's
            self.close()
        finally:
            self._ended.set()

    def _cut_short(self) -> None:
        """Wait beside the work, and no longer for a relay that hangs when we are to stop.

        What it had on the wire is then in doubt, and the ledger is told so in good order.
        """
        stop, pace = self.outside.stop, self.outside.pace
        while not stop.wait(0.5):
            if self._ended.is_set():
                return
        if not self._ended.wait(pace.last_word) and (engine := self._engine) is not None:
            log.warning("the relay hangs; it is waited for no longer")
            engine.abort()

    # --- the steps ----------------------------------------------------------

    def begin_due(self) -> None:
        """Begin the scheduled sends whose moment has come.

        One that cannot begin is paused with the reason, its audience frozen; nothing else waits.
        """
        now = self.outside.clock()
        for due in self.outside.look(lambda conn: sends.due(conn, now)):
            try:
                self.outside.insist(partial(self._begin, due=due, now=now))
            except StoreError:
                raise
            except PublisherError as fault:  # it stays scheduled, and the others go on
                log.error("send cannot begin", send=due.id, why=str(fault), hint=fault.hint)

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
        """Go one step further; False when nothing is in hand and there is nothing to take."""
        if self._engine is None:
            self._engine = Engine(self.outside, self.owner)
        return self._engine.step()

    def recover(self) -> None:
        """Settle what dead owners, and those whose lease ran out, had in their hands."""
        recover(self.outside, self.owner, self._engine.lots if self._engine else frozenset())

    def _is_anything_left(self) -> bool:
        now = self.outside.clock()
        quiet = self.outside.quiet(now)
        return self.outside.look(lambda conn: sends.is_any_unfinished(conn, now, resting=quiet))

    def _hang_up(self) -> None:
        if self._engine is not None:
            self._engine.hang_up()


def _new_owner() -> str:
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"


def _refuse_late(due: Send, now: datetime) -> None:
    """Refuse to begin long after the moment somebody meant: mail cannot be called back."""
    if due.kind is not Kind.TEST and now - due.at > schedule.OVERDUE:
        hours = int((now - due.at).total_seconds() // 3600)
        raise RefusedError(
            f"it was due at {due.at:%Y-%m-%d %H:%M} UTC, {hours} hours ago",
            hint=f"publisher resume {due.id} sends it, publisher cancel {due.id} does not",
        )


def outlets_of(settings: Settings) -> tuple[Outlet, ...]:
    """Make the ways out that a home has chosen."""
    if settings.transport == "outbox":
        outbox = Outbox(settings.outbox_folder)
        return (Outlet("outbox", lambda freight: Courier(outbox, freight)),)
    if settings.transport == "command":
        command = Command(settings.command)
        return (Outlet("command", lambda freight: Courier(command, freight)),)
    return tuple(
        Outlet(
            relay.name,
            partial(_pool, relay),
            weight=relay.weight,
            limits=Limits(relay.per_second, relay.per_hour, relay.warm_up),
        )
        for relay in settings.relays
    )


def _pool(relay: Smtp, freight: Freight) -> Pool:
    """Make the pool of a relay; a number of connections is the most there are."""
    most = relay.connections
    return Pool(relay, freight, Throttle(most, most) if most else Throttle())


__all__ = ["Outlet", "Outside", "Pace", "Sender", "outlets_of", "refusals"]
