"""send.lot - one claimed lot carried as far as it goes.

For each delivery: permit, compose, wire, judge, mark in the map, hand to the group that tells the
ledger. Whatever ends the lot early (a stop, a pause, the relay's fault), who was not attempted goes
back to the queue before the lot is let go.
Faults: Fenced when the lot has another owner, StoreError when told to stop while the store fails.
Never: decides what a reply means. See: delivery (does), wire.map (outlives us), recovery (reads it).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import Connection

from publisher import delivery
from publisher.errors import PublisherError, RefusedError, StoreError, TransportError
from publisher.model import (
    DeliveryState,
    Newsletter,
    Outcome,
    Phase,
    Recipient,
    Reply,
    Verdict,
)
from publisher.send.letter import Letter, letter
from publisher.send.outside import Outside, Transport, pause
from publisher.send.permit import Permit
from publisher.send.standing import RESTS, Standing
from publisher.store import ledger, sends
from publisher.store.ledger import Lot, Recorded
from publisher.wire.map import Mark, WireMap

log = structlog.get_logger("send")

_MARKS: Final = {
    Outcome.ACCEPTED: Mark.ACCEPTED,
    Outcome.DEFERRED: Mark.DEFERRED,
    Outcome.REFUSED: Mark.REFUSED,
    Outcome.IN_DOUBT: Mark.BEGUN,
    Outcome.RELAY: Mark.UNSENT,
}


class Wire:
    """The transport, the map beside it, and how the relay has been doing.

    `noted`: what was written on each send about that.
    """

    def __init__(self, outside: Outside, owner: str) -> None:
        self.map = WireMap(outside.wire_folder, owner)
        self.standing = Standing(outside.pace.relay_rests)
        self.noted: dict[int, str] = {}
        self._outside = outside
        self._transport: Transport | None = None

    def give(self, current: Letter, one: Recipient) -> tuple[Reply, Verdict]:
        """Compose one message, give it to the transport, judge the reply, mark the map."""
        try:
            envelope, content = current.write(one)
        except Exception as fault:  # whatever it is, it is about this one recipient
            log.error("cannot be written", send=current.send.id, delivery=one.id, fault=repr(fault))
            words = f"the message could not be written: {fault}"
            reply, verdict = Reply(Phase.DATA), Verdict(Outcome.REFUSED, words)
            return reply, self.standing.weigh(one, reply, verdict)
        if self._transport is None:
            self._transport = self._outside.transport()
        try:
            reply = self._transport.deliver(
                envelope, b"".join(content), lambda: self.map.mark(one.id, Mark.BEGUN)
            )
        except TransportError:
            self.map.mark(one.id, Mark.UNSENT)
            self.hang_up()
            raise
        verdict = self.standing.weigh(one, reply, delivery.judge(reply))
        self.map.mark(one.id, _MARKS[verdict.outcome], reply.code)
        log.info("delivery", send=current.send.id, delivery=one.id, outcome=verdict.outcome.value,
                 code=reply.code, phase=reply.phase.value, why=verdict.reason)  # fmt: skip
        return reply, verdict

    def hang_up(self) -> None:
        """Take leave of the relay until there is more to send."""
        if self._transport is not None:
            self._transport.close()
            self._transport = None

    def abort(self) -> None:
        """Wait no longer for the relay; called from another thread than the one that waits."""
        if (transport := self._transport) is not None:
            transport.abort()

    def leave(self) -> None:
        """Take leave and leave the map to who recovers it."""
        self.map.leave()
        self.hang_up()

    def close(self) -> None:
        """Take leave; the ledger knows all."""
        self.hang_up()
        self.map.close()


class LotRun:
    """The work on one lot."""

    def __init__(self, outside: Outside, wire: Wire, lot: Lot, letters: dict[int, Letter]) -> None:
        self._outside = outside
        self._wire = wire
        self._lot = lot
        self._letters = letters
        self._group = Group(outside, lot)

    def carry(self) -> float:
        """Carry the lot as far as it goes, let it go, and tell how long to rest afterwards."""
        outside, lot = self._outside, self._lot
        done, rest = 0, 0.0
        reason: PublisherError | None = None
        try:
            self._wire.map.hold(lot.id, lot.generation, [one.id for one in lot.deliveries])
            current = outside.insist(self._letter)
            permit = Permit(outside, lot)
            while done < len(lot.deliveries) and not outside.stop.is_set() and permit.is_wanted():
                self._group.keep()
                rest = self._one(current, permit, lot.deliveries[done])
                if rest:
                    break
                done += 1
                self._wire.standing.heed()
        except StoreError:
            raise
        except PublisherError as fault:
            reason = fault
        self._group.put_back(lot.deliveries[done:])
        outside.insist(lambda conn: self._let_go(conn, reason))
        return rest

    def _one(self, current: Letter, permit: Permit, one: Recipient) -> float:
        """Bring one to an outcome; else tell how long the relay rests."""
        why_not = permit.refusal(one)
        if why_not is not None:
            self._group.add(Recorded(one.id, DeliveryState.SKIPPED, None, why_not))
            return 0.0
        reply, verdict = self._wire.give(current, one)
        now = self._outside.clock()
        if verdict.outcome is Outcome.RELAY:
            return self._wire.standing.rest_after(reply, verdict, now)
        self._group.add(recorded(one, reply, verdict, current.newsletter, now))
        if self._is_news():
            self._outside.insist(self._note)
        return 0.0

    def _letter(self, conn: Connection) -> Letter:
        """Give the send's letter; the last one used is remembered."""
        number = self._lot.send
        if number not in self._letters:
            of = sends.send(conn, number)
            if of is None:
                raise RefusedError(f"there is no send {number}")
            found = letter(self._outside, conn, of)
            self._letters.clear()
            self._letters[number] = found
        return self._letters[number]

    def _let_go(self, conn: Connection, reason: PublisherError | None) -> None:
        now = self._outside.clock()
        ledger.release(conn, self._lot, now)
        if reason is not None:
            self._letters.clear()
            pause(conn, self._lot.send, reason, now)
        elif self._is_news():
            self._note(conn)

    def _is_news(self) -> bool:
        return self._wire.noted.get(self._lot.send) != self._wire.standing.trouble

    def _note(self, conn: Connection) -> None:
        """Say on the send that the relay rests, and take it back when it does no more."""
        trouble = self._wire.standing.trouble
        sends.set_note(conn, self._lot.send, trouble, replacing="" if trouble else RESTS)
        self._wire.noted[self._lot.send] = trouble


class Group:
    """Outcomes on their way to the ledger, told in groups; keeps the lease alive meanwhile."""

    def __init__(self, outside: Outside, lot: Lot) -> None:
        self._outside = outside
        self._lot = lot
        self._waiting: list[Recorded] = []
        self._told = self._leased = time.monotonic()

    def add(self, outcome: Recorded) -> None:
        """Take one outcome; tell all when they are many or the last telling is a while ago."""
        pace = self._outside.pace
        self._waiting.append(outcome)
        is_late = time.monotonic() - self._told >= pace.group_seconds
        if is_late or len(self._waiting) >= pace.group:
            self.tell()

    def put_back(self, some: Sequence[Recipient]) -> None:
        """Tell what is known, and that these were not attempted."""
        self._waiting += [Recorded(one.id, DeliveryState.QUEUED) for one in some]
        self.tell()

    def tell(self) -> None:
        """Tell the ledger; raises Fenced when the lot has another owner."""
        outside, lot = self._outside, self._lot
        now = outside.clock()
        outside.insist(lambda conn: ledger.record(conn, lot, self._waiting, now))
        self._waiting.clear()
        self._told = time.monotonic()

    def keep(self) -> None:
        """Renew the lease in time; raises Fenced when the lot has another owner."""
        outside, lot, pace = self._outside, self._lot, self._outside.pace
        if time.monotonic() - self._leased < pace.lease.total_seconds() / 10:
            return
        now = outside.clock()
        if not outside.insist(lambda conn: ledger.renew(conn, lot, pace.lease, now)):
            raise ledger.Fenced(f"lot {lot.id} has another owner")
        self._leased = time.monotonic()


def recorded(
    one: Recipient, reply: Reply, verdict: Verdict, newsletter: Newsletter, now: datetime
) -> Recorded:
    """Turn a verdict into what the ledger keeps: the state, the words, when to try again."""
    state = delivery.state_after(verdict.outcome)
    attempts = one.attempts + 1
    words = f"{verdict.reason}: {reply.words}" if reply.words else verdict.reason
    wait: timedelta | None = None
    if state is DeliveryState.DEFERRED:
        wait = delivery.back_off(attempts, one.id)
        if wait is None:
            return Recorded(one.id, DeliveryState.REFUSED, reply.code, f"given up; {words}")
        if verdict.wait is not None and attempts == 1:
            wait = verdict.wait
    elif state is DeliveryState.IN_DOUBT and newsletter.in_doubt == "resend":
        wait = delivery.resend_after(attempts)
    return Recorded(one.id, state, reply.code, words, None if wait is None else now + wait)
