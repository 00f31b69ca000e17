"""send.freight - what one outlet has to carry, between the sender's two threads.

The main thread adds batches of recipients and collects what became of them; the carrier's thread
takes one parcel after the other. A message is written when it is taken, so that none waits in
memory; where keys sign, two threads of their own write a few ahead, because a signature costs more
than all the rest.

    add -> take (written here) -> begun (BEGUN in the map) -> settled (judged, marked) -> collect

Nothing begins after its hand's `until`: that is how a pause, a lost lease, an unsubscription and a
process that slept too long are kept from the wire in the last moment.
Faults: none; what cannot be written is an outcome. Never: SQL. See: engine, hand, wire.freight.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple

import structlog

from publisher.delivery import judge
from publisher.model import Outcome, Parcel, Phase, Recipient, Reply, Verdict
from publisher.send.hand import Hand
from publisher.wire.map import Mark, WireMap

log = structlog.get_logger("send")

SIGNER_THREADS: Final = 2
WRITTEN_AHEAD: Final = 64
"""Signed messages that may wait: a window of the widest relay."""

UNWEIGHED: Final = 10
"""So many that were not accepted, and the main thread has its say before there are more."""

_MARKS: Final = {
    Outcome.ACCEPTED: Mark.ACCEPTED,
    Outcome.DEFERRED: Mark.DEFERRED,
    Outcome.REFUSED: Mark.REFUSED,
    Outcome.IN_DOUBT: Mark.BEGUN,
    Outcome.RELAY: Mark.UNSENT,
}


class Ended(NamedTuple):
    """What became of one recipient; without a verdict nothing of the message left."""

    hand: Hand
    recipient: Recipient
    place: int
    reply: Reply | None
    verdict: Verdict | None


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
        self._wire = wire
        self._monotonic = monotonic
        self._stop = stop
        self._news = news
        self._many = many
        self._lock = threading.Lock()
        self._batches: deque[tuple[Hand, deque[tuple[Recipient, int]]]] = deque()
        self._ended: deque[Ended] = deque()
        self._written: deque[Parcel] = deque()
        self._writing = 0
        self._unweighed = 0
        self._to_write = threading.Semaphore(0)
        self._signers: list[threading.Thread] = []
        self._is_closed = False

    # --- the main thread's side ---------------------------------------------

    @property
    def waiting(self) -> int:
        """How many nobody has taken yet."""
        with self._lock:
            return sum(len(batch) for _, batch in self._batches) + len(self._written)

    @property
    def is_empty(self) -> bool:
        """Whether nobody waits, is out, or is to be collected."""
        return not (self.waiting or self.out or self._writing or self._ended)

    def add(self, hand: Hand, some: deque[tuple[Recipient, int]]) -> None:
        """Give recipients of a lot in hand to this outlet."""
        with self._lock:
            self._batches.append((hand, some))
        if hand.letter.is_signed:
            self._begin_signing()
        self.nudge()

    def nudge(self) -> None:
        """Tell the threads that they may go on: there is more, or leave to send it."""
        for _ in self._signers:
            self._to_write.release()
        self.wake()

    def recall(self, hand: Hand | None = None) -> list[tuple[Hand, Recipient, int]]:
        """Take back whom nobody has taken: of one lot, or all."""
        back = []
        with self._lock:
            kept: deque[tuple[Hand, deque[tuple[Recipient, int]]]] = deque()
            for one, batch in self._batches:
                if hand is None or one is hand:
                    back += [(one, recipient, place) for recipient, place in batch]
                    batch.clear()
                else:
                    kept.append((one, batch))
            self._batches = kept
            still: deque[Parcel] = deque()
            for parcel in self._written:
                if hand is None or parcel.place[0] is hand:
                    back.append(parcel.place)
                else:
                    still.append(parcel)
            self._written = still
        return back

    def collect(self) -> list[Ended]:
        """Give what ended since the last time, in its order."""
        ended, found = self._ended, []
        for _ in range(len(ended)):
            found.append(ended.popleft())
        return found

    def weighed(self) -> None:
        """Go on where it was held up until the last that were not accepted were weighed."""
        if self._unweighed:
            self._unweighed = 0
            self.nudge()

    def close(self) -> None:
        """End the threads that sign."""
        self._is_closed = True
        for _ in self._signers:
            self._to_write.release()
        for signer in self._signers:
            signer.join()
        self._signers = []
        self._is_closed = False

    # --- the carrier's side -------------------------------------------------

    def take(self) -> Parcel | None:
        """Give the next message to carry, None while there is none."""
        now = self._monotonic()
        if now < self.rests_until or self._unweighed >= UNWEIGHED or self._stop.is_set():
            return None
        parcel = self._next_written(now) if self._signers else self._write_next(now)
        if parcel is not None:
            self.out += 1
            if self.out > self.most_out:
                self.most_out = self.out
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
        self._wire.mark(place, Mark.BEGUN)
        return True

    def settled(self, parcel: Parcel, reply: Reply) -> None:
        """Judge a reply and mark it, so that it is known even if we are killed now."""
        verdict = judge(reply)
        hand, recipient, place = parcel.place
        self._wire.mark(place, _MARKS[verdict.outcome], reply.code)
        self._ended.append(Ended(hand, recipient, place, reply, verdict))
        self.out -= 1
        if verdict.outcome is not Outcome.ACCEPTED:
            self._unweighed += 1
            self._news.set()
        elif len(self._ended) >= self._many:
            self._news.set()

    def given_back(self, parcel: Parcel) -> None:
        """Take a message back of which nothing left."""
        hand, recipient, place = parcel.place
        self._wire.mark(place, Mark.UNSENT)
        self._ended.append(Ended(hand, recipient, place, None, None))
        self.out -= 1
        self._news.set()

    # --- writing ------------------------------------------------------------

    def _write_next(self, now: float) -> Parcel | None:
        while True:
            with self._lock:
                if not self._batches:
                    return None
                hand, batch = self._batches[0]
                if not batch:
                    self._batches.popleft()
                    continue
                if now > hand.until:
                    return None  # the main thread looks again, or takes them back
                recipient, place = batch.popleft()
            if recipient.id in hand.barred:
                self._ended.append(Ended(hand, recipient, place, None, None))
                continue
            try:
                envelope, content = hand.letter.write(recipient)
            except Exception as fault:  # whatever it is, it is about this one recipient
                self._cannot_write(hand, recipient, place, fault)
                continue
            return Parcel(recipient.id, envelope, content, (hand, recipient, place))

    def _cannot_write(self, hand: Hand, recipient: Recipient, place: int, fault: Exception) -> None:
        log.error("cannot be written", lot=hand.lot.id, delivery=recipient.id, fault=repr(fault))
        words = f"the message could not be written: {fault}"
        self._wire.mark(place, Mark.REFUSED)
        verdict = Verdict(Outcome.REFUSED, words)
        self._ended.append(Ended(hand, recipient, place, Reply(Phase.DATA), verdict))

    def _next_written(self, now: float) -> Parcel | None:
        with self._lock:
            if not self._written:
                return None
            if now > self._written[0].place[0].until:
                return None
            parcel = self._written.popleft()
        self._to_write.release()
        return parcel

    def _begin_signing(self) -> None:
        if not self._signers:
            self._signers = [
                threading.Thread(target=self._sign_ahead, name=f"signer-{number}", daemon=True)
                for number in range(SIGNER_THREADS)
            ]
            for signer in self._signers:
                signer.start()

    def _sign_ahead(self) -> None:
        """Write and sign until enough wait; woken for each one taken, and for each batch."""
        while True:
            self._to_write.acquire()
            while not self._is_closed and len(self._written) < WRITTEN_AHEAD:
                with self._lock:
                    self._writing += 1
                parcel = self._write_next(self._monotonic())
                with self._lock:
                    self._writing -= 1
                    if parcel is not None:
                        self._written.append(parcel)
                if parcel is None:
                    break
                if len(self._written) == 1:
                    self.wake()
            if self._is_closed:
                return
