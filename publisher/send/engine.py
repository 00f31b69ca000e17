"""send.engine - the work between ledger and wire, in steps of a few milliseconds.

    watch     are the sends still wanted, may these people still be written to, do the leases hold
    collect   what ended on the wire -> outcomes, or back to those to be dealt
    tell      outcomes -> ledger, lots without anyone left -> released, the next lot -> claimed:
              one durable commit, after 500 outcomes or 20 ms
    deal      recipients -> outlets
    wait      until there is news

All SQL is here, on one thread; the wire has its own. A lot is let go when each of its recipients has
an outcome or is back in the queue. A lot that another owner took is dropped, with what it has on
the wire. A letter that cannot be made, and a relay only a person can mend, pause the send.
Faults: StoreError only when told to stop while the store fails. Never: decides what a reply means.
See: freight (the thread between), hand, dealing, lessons, standing, store/ledger.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

import structlog
from sqlalchemy import Connection

from publisher import delivery
from publisher.errors import PublisherError, RefusedError, StoreError
from publisher.model import DeliveryState, Outcome, Phase, SendState
from publisher.send.dealing import SOON, Dealer
from publisher.send.freight import Ended
from publisher.send.hand import Hand, Placed, is_hard, recorded
from publisher.send.lessons import heed, judge_canary
from publisher.send.letter import Letter, letter
from publisher.send.outlets import Way
from publisher.send.outside import Outside, pause
from publisher.send.receivers import Receivers
from publisher.send.standing import RESTS
from publisher.store import allowances, ledger, sends
from publisher.store.ledger import Lot, Recorded
from publisher.wire.map import WireMap

log = structlog.get_logger("send")


@dataclass(slots=True)
class Told:
    """What one transaction did."""

    lost: list[Hand] = field(default_factory=list)
    released: list[Hand] = field(default_factory=list)
    lot: Lot | None = None
    barred: dict[int, str] = field(default_factory=dict)


class Engine:
    """What one sender has in its hands, and its ways out."""

    def __init__(self, outside: Outside, owner: str) -> None:
        self.owner = owner
        self._outside = outside
        self._wire = WireMap(outside.wire_folder, owner)
        self._news = threading.Event()
        self.ways = [Way(outlet, outside, self._wire, self._news) for outlet in outside.outlets]
        self._receivers = Receivers(outside)
        self._dealer = Dealer(outside, self.ways, self._receivers)
        self._hands: dict[int, Hand] = {}
        self._groups: dict[tuple[int, str], list[Recorded]] = {}
        self._letters: dict[int, Letter] = {}
        self._noted: dict[int, str] = {}
        self._watched = self._looked = self._asked = self._told = float("-inf")

    # --- what others ask ----------------------------------------------------

    @property
    def lots(self) -> frozenset[int]:
        """The lots in hand."""
        return frozenset(self._hands)

    @property
    def trouble(self) -> str:
        """Why the relays rest, in words; "" while one is well."""
        if len(self.ways) == 1:  # in need of a person it pauses the send
            return self.ways[0].standing.trouble
        troubles = [way.trouble for way in self.ways]
        if not all(troubles):
            return ""
        each = [
            f"{way.outlet.name}: {trouble.removeprefix(f'{RESTS}: ')}"
            for way, trouble in zip(self.ways, troubles, strict=True)
        ]
        return f"{RESTS}: {'; '.join(each)}"

    @property
    def down_for(self) -> float:
        """How long no relay has been in order, in seconds."""
        now = self._outside.time.monotonic()
        return min((way.down_for(now) for way in self.ways), default=0.0)

    def limited(self, patience: timedelta) -> str:
        """Say until when no relay is allowed more, if that is longer than somebody waits."""
        now, longest = self._outside.time.monotonic(), patience.total_seconds()
        well = [way for way in self.ways if way.fault is None and way.down_for(now) <= longest]
        wait = min((way.not_before - now for way in well), default=0.0)
        if wait <= longest:
            return ""
        until = self._outside.clock() + timedelta(seconds=wait)
        return f"the limits of the relays allow no more before {until:%Y-%m-%d %H:%M} UTC"

    # --- the work -----------------------------------------------------------

    def step(self) -> bool:
        """Go once around; False when there was nothing to do and nothing is in hand."""
        self._watch()
        self._collect()
        self._heed_faults()
        was_released = self._tell(claims=not self._outside.stop.is_set())
        self._deal()
        self._heed_faults()
        if not self._hands:
            return was_released  # the end of a canary, say, lets others be claimed
        self._outside.time.wait(self._news, self._outside.pace.group_seconds)
        self._news.clear()
        return True

    def finish(self) -> None:
        """Begin nothing more, let what has begun end, tell the ledger, let all lots go."""
        monotonic = self._outside.time.monotonic
        until = monotonic() + self._outside.pace.last_word
        for hand in self._hands.values():
            self._halt(hand)
        for way in self.ways:
            way.close(max(0.0, until - monotonic()))
        for hand in self._hands.values():
            self._halt(hand)  # again: a thread that signs may have had one in its hand
        self._collect()
        self._tell(claims=False)
        if self._hands:  # a defect, but the ledger must not wait for a lease to learn of it
            log.error("lots were left in hand", lots=sorted(self._hands))

    def close(self) -> None:
        """Remove the map if the ledger knows all, as it should."""
        if self._hands:
            self._wire.leave()
        else:
            self._wire.close()

    def leave(self) -> None:
        """Take leave at once, and leave the map to who recovers it."""
        for hand in self._hands.values():
            hand.halt()
        for way in self.ways:
            way.close(self._outside.pace.last_word)
        self._wire.leave()

    def abort(self) -> None:
        """Wait no longer for the relays; called from another thread."""
        for way in self.ways:
            way.abort()

    def hang_up(self) -> None:
        """Take leave of the relays while there is nothing to do."""
        for way in self.ways:
            way.close(1.0)
            way.fault = None
        self._wire.use_again()

    # --- watch --------------------------------------------------------------

    def _watch(self) -> None:
        outside, pace = self._outside, self._outside.pace
        now = outside.time.monotonic()
        if now - self._watched < pace.watch_seconds:
            return
        self._watched = now
        for way in self.ways:
            way.look(outside.clock(), is_only=len(self.ways) == 1)
            if not way.is_usable(now):
                for placed in way.load.recall():
                    self._again(placed, way)
        if not self._hands:
            return
        wanted = {hand.lot.send for hand in self._hands.values()}
        states = outside.look(lambda conn: {one: sends.state(conn, one) for one in wanted})
        for hand in list(self._hands.values()):
            if states[hand.lot.send] is not SendState.RUNNING:
                self._halt(hand)
            elif now > hand.leased_until - pace.lease.total_seconds() * 0.9:
                self._renew(hand)
        if now - self._looked >= pace.look_seconds * 0.4:
            self._look_again(now)

    def _heed_faults(self) -> None:
        """Pause what is in hand when every outlet needs a person; begin anew when nothing is."""
        faults = [way.fault for way in self.ways if way.fault is not None]
        if len(faults) < len(self.ways):
            return
        running = {hand.lot.send for hand in self._hands.values() if not hand.is_halted}
        for hand in self._hands.values():
            self._halt(hand)
        for number in running:
            now = self._outside.clock()
            self._outside.insist(partial(_pause, number, faults[0], now))
        if not self._hands:
            self.hang_up()

    def _renew(self, hand: Hand) -> None:
        """Renew the lease in time; who has lost it lets go of all."""
        outside, lease = self._outside, self._outside.pace.lease
        asked = outside.time.monotonic()
        now = outside.clock()
        if outside.insist(lambda conn: ledger.renew(conn, hand.lot, lease, now)):
            hand.leased_until = asked + lease.total_seconds()
        else:
            self._lose(hand)

    def _look_again(self, asked: float) -> None:
        """Ask anew who may not be written to, before the last answer is too old.

        `asked`: when the states of the sends were looked at, so that nothing begins on an older
        answer about them either: a process may have slept in between.
        """
        outside, self._looked = self._outside, asked
        hands = [hand for hand in self._hands.values() if not hand.is_halted]
        found = outside.look(
            lambda conn: [ledger.barred(conn, hand.lot, key=outside.key) for hand in hands]
        )
        for hand, barred in zip(hands, found, strict=True):
            hand.barred = barred
            hand.until = min(asked + outside.pace.look_seconds, hand.leased_until)
        for way in self.ways:
            way.load.nudge()

    # --- collect ------------------------------------------------------------

    def _collect(self) -> None:
        """Turn what ended into outcomes; a million pass here, so the accepted go straight on."""
        now = self._outside.clock()
        reason, accepted = delivery.ACCEPTED.reason, DeliveryState.ACCEPTED
        new = tuple.__new__  # what Recorded does, and in half its time
        for way in self.ways:
            standing = way.standing
            last: Hand | None = None
            group: list[Recorded] = []
            for ended in way.load.collect():
                placed, reply, verdict = ended
                hand, one, _ = placed
                if hand.is_lost:
                    continue
                if verdict is not delivery.ACCEPTED or reply is None:
                    self._weigh(way, ended, now)
                    continue
                if hand is not last:
                    last, group = hand, self._group(hand, way)
                _, code, _, words = reply
                words = f"{reason}: {words}" if words else reason
                group.append(new(Recorded, (one[0], accepted, code, words, None)))
                hand.pending -= 1
                hand.accepted += 1
                if not standing.is_calm:
                    standing.served(one)
            way.load.weighed()

    def _weigh(self, way: Way, ended: Ended, now: datetime) -> None:
        placed, reply, verdict = ended
        hand, one, _ = placed
        if verdict is None or reply is None:
            self._again(placed, way)
            return
        verdict = way.standing.weigh(one, reply, verdict)
        try:
            if verdict.outcome is Outcome.RELAY:
                self._again(placed)
                way.standing.heed(way.width)
                monotonic = self._outside.time.monotonic()
                if monotonic >= way.rests_until:
                    way.rest(way.standing.rest_after(reply, verdict, now, monotonic))
                return
            if is_hard(reply, verdict) and reply.phase is Phase.RCPT:
                hand.hard.append((one.id, f"{reply.code} {reply.words}"))
            if verdict.domain_rest is not None:
                self._receivers.rest(one.address, verdict.domain_rest, now)
            self._add(hand, way, recorded(one, reply, verdict, hand.letter.newsletter, now))
            way.standing.heed(way.width)
        except PublisherError as fault:
            way.fail(fault)

    def _again(self, placed: Placed, way: Way | None = None) -> None:
        """Deal one again of whose message nothing left; or not, and say why.

        The `way` it did not go gets back what it counted for it.
        """
        hand, one, _ = placed
        if way is not None:
            way.uncounted += 1
        if hand.is_lost:
            return
        if (reason := hand.barred.get(one.id)) is not None:
            self._add(hand, None, Recorded(one.id, DeliveryState.SKIPPED, None, reason))
        elif hand.is_halted:
            self._add(hand, None, Recorded(one.id, DeliveryState.QUEUED))
        else:
            hand.unfed.append(placed)

    def _add(self, hand: Hand, way: Way | None, outcome: Recorded) -> None:
        self._group(hand, way).append(outcome)
        hand.pending -= 1
        hand.counts[outcome.state] += 1

    def _group(self, hand: Hand, way: Way | None) -> list[Recorded]:
        return self._groups.setdefault((hand.lot.id, way.outlet.name if way else ""), [])

    # --- tell ---------------------------------------------------------------

    def _tell(self, *, claims: bool) -> bool:
        """Tell the ledger what there is to tell, and claim; say whether a lot was let go."""
        outside = self._outside
        claims = claims and self._wants_more()
        trouble = self.trouble
        is_news = any(self._noted.get(one) != trouble for one in self._sends())
        asked = outside.time.monotonic()
        if not (claims or is_news or self._is_enough(asked)):
            return False
        self._told = asked
        told = outside.insist(lambda conn: self._transact(conn, claims=claims))
        self._groups.clear()
        self._noted = dict.fromkeys(self._sends(), trouble)
        for hand in told.lost:
            self._lose(hand)
        for hand in told.released:
            self._wire.let_go(hand.lot.id)
            del self._hands[hand.lot.id]
            log.info(
                "lot carried",
                lot=hand.lot.id,
                send=hand.lot.send,
                seconds=round(outside.time.monotonic() - hand.begun_at, 3),
                accepted=hand.accepted,
                **{state.value: number for state, number in sorted(hand.counts.items())},
            )
        if told.lot is not None:
            self._take_up(told.lot, told.barred, asked)
        elif claims:
            self._asked = asked
        if told.released and told.lot is None:
            self._asked = float("-inf")
        return bool(told.released)

    def _is_enough(self, now: float) -> bool:
        """Whether a group is large enough, or waits long enough, or ends a lot."""
        return bool(self._groups) and (
            now - self._told >= self._outside.pace.group_seconds
            or sum(map(len, self._groups.values())) >= self._outside.pace.group
            or not all(hand.pending for hand in self._hands.values())
        )

    def _wants_more(self) -> bool:
        """Whether the wire would run dry."""
        outside, pace = self._outside, self._outside.pace
        now = outside.time.monotonic()
        if not self._wire.free_pages or not any(
            way.is_usable(now) and way.not_before - now < SOON for way in self.ways
        ):
            return False
        if self._hands and now - self._asked < pace.watch_seconds:
            return False  # there was nothing a moment ago
        waiting = sum(len(hand.unfed) for hand in self._hands.values())
        return waiting + sum(way.load.waiting for way in self.ways) < pace.ahead

    def _transact(self, conn: Connection, *, claims: bool) -> Told:
        """Do in one commit all that the ledger is to be told; done twice it changes nothing more."""
        outside, told = self._outside, Told()
        now = outside.clock()
        for (lot, relay), outcomes in self._groups.items():
            hand = self._hands[lot]
            if hand not in told.lost:
                try:
                    ledger.record(conn, hand.lot, outcomes, now, relay=relay)
                except ledger.Fenced:
                    told.lost.append(hand)
        self._note(conn)
        for hand in self._hands.values():
            if not hand.pending and hand not in told.lost:
                self._release(conn, hand, told, now)
        if claims:
            pace = outside.pace
            told.lot = ledger.claim(conn, self.owner, pace.lease, now, resting=outside.quiet(now))
            if told.lot is not None:
                told.barred = ledger.barred(conn, told.lot, key=outside.key)
            else:
                for number in sends.canaries(conn):  # settled after a crash, say
                    judge_canary(conn, number, now)
        for way in self.ways:
            if number := way.not_used():
                allowances.give_back(conn, way.outlet.name, number, now)
        return told

    def _release(self, conn: Connection, hand: Hand, told: Told, now: datetime) -> None:
        """Let a lot go, and heed what it taught about its recipients and about the whole send."""
        lot = hand.lot
        try:
            ledger.release(conn, lot, now)
        except ledger.Fenced:
            told.lost.append(hand)
            return
        told.released.append(hand)
        heed(conn, hand, now)

    def _sends(self) -> set[int]:
        noted = {one for one, words in self._noted.items() if words}
        return {hand.lot.send for hand in self._hands.values()} | noted

    def _note(self, conn: Connection) -> None:
        """Say on the sends that the relay rests, and take it back when it does no more."""
        trouble = self.trouble
        for one in self._sends():
            if self._noted.get(one) != trouble:
                sends.set_note(conn, one, trouble, replacing="" if trouble else RESTS)

    # --- a lot more, a lot less ---------------------------------------------

    def _take_up(self, lot: Lot, barred: dict[int, str], asked: float) -> None:
        outside = self._outside
        places = self._wire.hold(lot.id, lot.generation, [one.id for one in lot.deliveries])
        try:
            current = outside.insist(lambda conn: self._letter(conn, lot.send))
        except StoreError:
            raise
        except PublisherError as fault:
            self._refuse(lot, fault)
            return
        hand = Hand(lot, current, places, asked)
        hand.leased_until = asked + outside.pace.lease.total_seconds()
        hand.until = min(asked + outside.pace.look_seconds, hand.leased_until)
        hand.barred = barred
        self._hands[lot.id] = hand

    def _letter(self, conn: Connection, number: int) -> Letter:
        """Give a send's letter; the last one used is remembered."""
        if number not in self._letters:
            of = sends.send(conn, number)
            if of is None:
                raise RefusedError(f"there is no send {number}")
            found = letter(self._outside, conn, of)
            self._letters.clear()
            self._letters[number] = found
        return self._letters[number]

    def _refuse(self, lot: Lot, fault: PublisherError) -> None:
        """Give a lot back whose letter cannot be made, and pause its send with the reason."""
        outcomes = [Recorded(one.id, DeliveryState.QUEUED) for one in lot.deliveries]

        def give_back(conn: Connection) -> None:
            now = self._outside.clock()
            try:
                ledger.record(conn, lot, outcomes, now)
                ledger.release(conn, lot, now)
            except ledger.Fenced as fence:
                log.warning("lot lost to another owner", lot=lot.id, why=str(fence))
            pause(conn, lot.send, fault, now)

        self._letters.clear()
        self._outside.insist(give_back)
        self._wire.let_go(lot.id)

    def _halt(self, hand: Hand) -> None:
        """Begin nothing more of a lot; who was not begun goes back to the queue."""
        hand.halt()
        for way in self.ways:
            for placed in way.load.recall(hand):
                self._again(placed, way)
        while hand.unfed:
            self._again(hand.unfed.popleft())

    def _lose(self, hand: Hand) -> None:
        """Drop a lot that has another owner: all that is still to be said about it is his."""
        log.warning("lot lost to another owner", lot=hand.lot.id, out=hand.pending)
        hand.halt()
        hand.is_lost = True
        for way in self.ways:
            way.load.recall(hand)
        self._wire.give_up(hand.lot.id)  # what is on the wire may still mark it
        del self._hands[hand.lot.id]
        self._groups = {key: one for key, one in self._groups.items() if key[0] != hand.lot.id}

    def _deal(self) -> None:
        """Deal to the outlets whom they take; the others go back to the queue, nobody is charged."""
        for hand, outcome in self._dealer.deal(self._hands.values()):
            self._add(hand, None, outcome)


def _pause(number: int, fault: PublisherError, now: datetime, conn: Connection) -> None:
    pause(conn, number, fault, now)
