"""send.freight - what one outlet has to carry, between the sender's two threads.

The main thread adds batches of recipients and collects what became of them; the carrier's thread
takes one parcel after the other. Messages are written when one is taken, a few at once, so that
hardly any waits in memory; where keys sign, two threads of their own write ahead, because a
signature costs more than all the rest.

    add -> take (written here) -> begun (BEGUN in the map) -> settled (judged, marked) -> collect

Nothing begins after its hand's `until`: that is how a pause, a lost lease, an unsubscription and a
process that slept too long are kept from the wire in the last moment.
Faults: none; what cannot be written is an outcome. Never: SQL. See: engine, hand, wire.freight.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Final, TypeAlias

import structlog

from publisher.delivery import ACCEPTED, judge
from publisher.model import Outcome, Parcel, Phase, Reply, Verdict
from publisher.send.hand import Hand, Placed
from publisher.wire.map import Mark, WireMap

log = structlog.get_logger("send")

SIGNER_THREADS: Final = 2
WRITTEN_AHEAD: Final = 64
"""Signed messages that may wait, a window of the widest relay, and each signer's last few."""
SIGNED_AT_ONCE: Final = 16
WRITTEN_AT_ONCE: Final = 32
"""Messages are written a few at a time: what all share is done once, and stays at hand. Threads
that told each other of every single one would be busy with that."""

UNWEIGHED: Final = 10
"""So many that were not accepted, and the main thread has its say before there are more."""

_MARKS: Final = {
    Outcome.ACCEPTED: Mark.ACCEPTED,
    Outcome.DEFERRED: Mark.DEFERRED,
    Outcome.REFUSED: Mark.REFUSED,
    Outcome.IN_DOUBT: Mark.BEGUN,
    Outcome.RELAY: Mark.UNSENT,
}


Ended: TypeAlias = tuple[Placed, Reply | None, Verdict | None]
"""What became of one recipient; without a verdict nothing of the message left."""


class Load:
    """The freight of one outlet; see `wire.freight.Freight`."""

    def __init__(
        self,
        wire: WireMap,
        monotonic: Callable[[], float],
        stop: threading.Event,
        news: threading.Event,
        many: int,
    ) -> None:
        self.out = 0  # taken, and neither settled nor given back; the carrier's thread counts
        self.most_out = 0
        self.rests_until = 0.0
        self.wake: Callable[[], None] = lambda: None
        self._mark = wire.mark
        self._monotonic = monotonic
        self._stop = stop
        self._news = news
        self._many = many
        self._waiting: deque[Placed] = deque()
        self._ended: deque[Ended] = deque()
        self._written: deque[Parcel] = deque()
        self._unweighed = 0
        self._is_room = threading.Event()
        self._signers: list[threading.Thread] = []
        self._is_closed = False

    # --- the main thread's side ---------------------------------------------

    @property
    def waiting(self) -> int:
        """How many nobody has taken yet."""
        return len(self._waiting) + len(self._written)

    def add(self, some: Iterable[Placed], *, is_signed: bool) -> None:
        """Give recipients of lots in hand to this outlet."""
        self._waiting.extend(some)
        if is_signed:
            self._begin_signing()
        self.nudge()

    def nudge(self) -> None:
        """Tell the threads that they may go on: there is more, or leave to send it."""
        self._is_room.set()
        self.wake()

    def recall(self, hand: Hand | None = None) -> list[Placed]:
        """Take back whom nobody has taken: of one lot, or all."""
        back: list[Placed] = []
        kept: list[Placed] = []
        written: list[Parcel] = []
        # whoever takes meanwhile gets one or the other, and nobody is got twice
        for queue in (self._waiting, self._written):
            for _ in range(len(queue)):
                try:
                    one = queue.popleft()
                except IndexError:
                    break
                if isinstance(one, Parcel):
                    if hand is None or one.place[0] is hand:
                        back.append(one.place)
                    else:
                        written.append(one)
                elif hand is None or one[0] is hand:
                    back.append(one)
                else:
                    kept.append(one)
        self._waiting.extendleft(reversed(kept))
        self._written.extendleft(reversed(written))
        if kept or written:
            self.nudge()  # they were not there for a moment
        return back

    def collect(self) -> list[Ended]:
        """Give what ended since the last time, in its order."""
        take = self._ended.popleft
        return [take() for _ in range(len(self._ended))]

    def weighed(self) -> None:
        """Go on where it was held up until the last that were not accepted were weighed."""
        if self._unweighed:
            self._unweighed = 0
            self.nudge()

    def close(self) -> None:
        """End the threads that sign."""
        self._is_closed = True
        for signer in self._signers:
            while signer.is_alive():
                self._is_room.set()  # again: one of them takes it back
                signer.join(0.01)
        self._signers = []
        self._is_closed = False

    # --- the carrier's side -------------------------------------------------

    # a million messages pass these four: each line is paid for a million times

    def take(self) -> Parcel | None:
        """Give the next message to carry, None while there is none."""
        now = self._monotonic()
        if now < self.rests_until or self._unweighed >= UNWEIGHED or self._stop.is_set():
            return None
        written = self._written
        while True:
            try:
                parcel = written.popleft()
            except IndexError:  # a signer, if there is one, wakes whoever carries
                if self._signers or not self._write_some(WRITTEN_AT_ONCE):
                    return None
                continue
            hand = parcel.place[0]
            if now <= hand.until:
                if parcel.delivery not in hand.barred:
                    break
            elif not hand.is_halted:
                written.appendleft(parcel)  # until the main thread has looked again
                return None
            self._ended.append((parcel.place, None, None))
        if self._signers and len(written) < WRITTEN_AHEAD // 2 and not self._is_room.is_set():
            self._is_room.set()
        self.out = out = self.out + 1
        if out > self.most_out:
            self.most_out = out
        return parcel

    def begun(self, parcel: Parcel) -> bool:
        """Mark that the content is about to leave; False when it may not any more."""
        hand, recipient, place = parcel.place
        if (
            self._monotonic() > hand.until
            or recipient.id in hand.barred
            or self._stop.is_set()
        ):  # fmt: skip
            return False
        self._mark(place, Mark.BEGUN)
        return True

    def settled(self, parcel: Parcel, reply: Reply) -> None:
        """Judge a reply and mark it, so that it is known even if we are killed now."""
        verdict = judge(reply)
        placed = parcel.place
        ended = self._ended
        self.out -= 1
        if verdict is ACCEPTED:
            self._mark(placed[2], Mark.ACCEPTED, reply.code)
            ended.append((placed, reply, verdict))
            if len(ended) >= self._many:
                self._news.set()
            return
        self._mark(placed[2], _MARKS[verdict.outcome], reply.code)
        ended.append((placed, reply, verdict))
        self._unweighed += 1
        self._news.set()

    def given_back(self, parcel: Parcel) -> None:
        """Take a message back of which nothing left."""
        self._mark(parcel.place[2], Mark.UNSENT)
        self._ended.append((parcel.place, None, None))
        self.out -= 1
        self._news.set()

    # --- writing ------------------------------------------------------------

    def _write_some(self, most: int) -> bool:
        """Write to the next few of one lot; False when there is nobody to write to now."""
        waiting, now = self._waiting, self._monotonic()
        some: list[Placed] = []
        while len(some) < most:
            try:
                placed = waiting.popleft()
            except IndexError:  # also where the main thread, or another signer, was quicker
                break
            hand, recipient, _ = placed
            if some and hand is not some[0][0]:
                waiting.appendleft(placed)
                break
            if now > hand.until:
                if not hand.is_halted:
                    waiting.appendleft(placed)  # until the main thread has looked again
                    break
                self._ended.append((placed, None, None))
            elif recipient.id in hand.barred:
                self._ended.append((placed, None, None))
            else:
                some.append(placed)
        if some:
            self._write(some)
        return bool(some)

    def _write(self, some: Sequence[Placed]) -> None:
        hand = some[0][0]
        try:
            self._written.extend(hand.letter.write([one for _, one, _ in some], some))
        except Exception as fault:  # whatever it is, it is about one recipient
            if len(some) == 1:
                self._cannot_write(some[0], fault)
            else:
                for placed in some:
                    self._write([placed])

    def _cannot_write(self, placed: Placed, fault: Exception) -> None:
        hand, recipient, place = placed
        log.error("cannot be written", lot=hand.lot.id, delivery=recipient.id, fault=repr(fault))
        words = f"the message could not be written: {fault}"
        self._mark(place, Mark.REFUSED)
        self._ended.append((placed, Reply(Phase.DATA), Verdict(Outcome.REFUSED, words)))

    def _begin_signing(self) -> None:
        if not self._signers:
            self._signers = [
                threading.Thread(target=self._sign_ahead, name=f"signer-{number}", daemon=True)
                for number in range(SIGNER_THREADS)
            ]
            for signer in self._signers:
                signer.start()

    def _sign_ahead(self) -> None:
        """Write and sign until enough wait; woken when few do, and for each batch."""
        while not self._is_closed:
            self._is_room.wait()
            self._is_room.clear()
            has_written = False
            while not self._is_closed and len(self._written) < WRITTEN_AHEAD:
                if not self._write_some(SIGNED_AT_ONCE):
                    break
                has_written = True
                # with many at once the wire gives each envelope along with a content
                if len(self._written) >= WRITTEN_AHEAD // 2:
                    self.wake()
            if has_written:  # else two threads would wake each other for nothing, without end
                self.wake()
