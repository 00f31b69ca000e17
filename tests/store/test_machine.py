"""Any order of adding, freezing, working, crashing and stopping: the promises hold throughout."""

import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import func, select

from publisher.model import Consent, DeliveryState, Issue, Kind, Record, SendState, SubscriberState
from publisher.store import Store, freezing, issues, ledger, subscribers
from publisher.store.ledger import Fenced, Lot, Recorded
from publisher.store.schema import LotState, delivery
from publisher.store.schema import lot as lot_table

LEASE = timedelta(minutes=1)
ENDS = [state for state in DeliveryState if state is not DeliveryState.SENDING]
FINAL = {DeliveryState.ACCEPTED, DeliveryState.REFUSED, DeliveryState.SKIPPED}
MOVING = {DeliveryState.QUEUED, DeliveryState.SENDING, DeliveryState.DEFERRED}
SLUGS = st.sampled_from(["1", "2"])


class Ledger(RuleBasedStateMachine):
    """Owners work lots; some die with a lot in their hands, and some of these wake up again."""

    pattern: Path

    def __init__(self) -> None:
        super().__init__()
        memory = Path("/dev/shm")  # only for speed: every commit waits for the disk
        self.folder = Path(
            tempfile.mkdtemp(prefix="ledger-", dir=memory if memory.is_dir() else None)
        )
        shutil.copyfile(self.pattern, self.folder / "publisher.db")
        self.store = Store.open(f"sqlite:///{self.folder / 'publisher.db'}")
        self.now = datetime(2026, 3, 6, tzinfo=UTC)
        self.people = 0
        self.frozen: dict[int, int] = {}
        self.final: dict[int, DeliveryState] = {}
        self.held: list[Lot] = []
        self.dead: list[Lot] = []
        self.fenced: list[Lot] = []

    def teardown(self) -> None:
        """Leave nothing."""
        self.store.close()
        shutil.rmtree(self.folder)

    @initialize()
    def begin(self) -> None:
        """Publish two issues."""
        with self.store.begin() as conn:
            for slug in ("1", "2"):
                record = Record("weekly", f"id{slug}", slug, f"{slug}.md", self.now, self.now)
                issues.save(conn, record, Issue())
        self.join(5)
        self.send("1", Kind.ISSUE)
        self.claim(2)

    def states(self) -> dict[int, Any]:
        """Every row of the ledger."""
        with self.store.read() as conn:
            return {row.id: row for row in conn.execute(select(delivery))}

    def learn(self, ids: set[int]) -> None:
        """Remember which of these reached a final state."""
        for number, row in self.states().items():
            if number in ids and row.state in FINAL:
                self.final.setdefault(number, row.state)

    # --- people ---

    @rule(many=st.integers(1, 4))
    def join(self, many: int) -> None:
        """People subscribe."""
        rows = [(f"s{self.people + n}@example.org", "", None) for n in range(many)]
        self.people += many
        with self.store.begin() as conn:
            why = Consent("form", "", self.now)
            subscribers.import_rows(conn, "weekly", rows, why, b"key", self.now)

    @precondition(lambda self: self.people)
    @rule(data=st.data(), how=st.sampled_from(["unsubscribe", "suppress", "erase", "return"]))
    def leave(self, data: st.DataObject, how: str) -> None:
        """Somebody leaves in one way or another, or comes back."""
        address = f"s{data.draw(st.integers(0, self.people - 1))}@example.org"
        with self.store.begin() as conn:
            who = subscribers.find(conn, "weekly", address)
            if who is None:
                return
            if how == "suppress":
                subscribers.suppress(conn, "weekly", address, "bounce", self.now)
            elif how == "erase":
                subscribers.erase(conn, "weekly", address, b"key", self.now)
            else:
                left = SubscriberState.UNSUBSCRIBED
                state = left if how == "unsubscribe" else SubscriberState.ACTIVE
                subscribers.set_state(conn, who.id, state, self.now, how)

    # --- sends ---

    @rule(slug=SLUGS, kind=st.sampled_from([Kind.ISSUE, Kind.ISSUE, Kind.ERRATUM]))
    def send(self, slug: str, kind: Kind) -> None:
        """An issue is sent, again or for the first time."""
        with self.store.begin() as conn:
            number = ledger.create_send(conn, "weekly", slug, kind, at=self.now, now=self.now)
            reach = ledger.audience(conn, "weekly", slug)
            self.frozen[number] = ledger.freeze(conn, number, "v", self.now)
            expected = reach.to_send if kind is Kind.ISSUE else reach.already
            assert self.frozen[number] == expected

    @precondition(lambda self: self.frozen)
    @rule(
        data=st.data(),
        to=st.sampled_from([SendState.PAUSED, SendState.RUNNING, SendState.CANCELLED]),
    )
    def stop(self, data: st.DataObject, to: SendState) -> None:
        """A person pauses, resumes or cancels."""
        number = data.draw(st.sampled_from(sorted(self.frozen)))
        with self.store.begin() as conn:
            ledger.set_state(conn, number, to, frm=set(SendState), now=self.now)

    # --- work ---

    @rule(minutes=st.integers(0, 3))
    def wait(self, minutes: int) -> None:
        """Time passes."""
        self.now += timedelta(minutes=minutes)

    @rule(again=st.integers(1, 3))
    def claim(self, again: int) -> None:
        """Owners take lots."""
        for _ in range(again):
            with self.store.begin() as conn:
                taken = ledger.claim(conn, "owner", LEASE, self.now)
            if taken is None:
                return
            assert taken.id not in {other.id for other in self.held + self.dead}
            assert all("@" in row.address for row in taken.deliveries)
            self.held.append(taken)

    def outcomes(self, data: st.DataObject, lot: Lot) -> list[Recorded]:
        """Random ends for most of a lot."""
        later = st.none() | st.just(self.now) | st.just(self.now + timedelta(minutes=2))
        return [
            Recorded(row.id, data.draw(st.sampled_from(ENDS)), 250, "said", data.draw(later))
            for row in lot.deliveries
            if data.draw(st.integers(0, 3))
        ]

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def record(self, data: st.DataObject) -> None:
        """An owner records some outcomes; sleeping through the lease alone takes nothing away."""
        lot = data.draw(st.sampled_from(self.held))
        outcomes = self.outcomes(data, lot)
        with self.store.begin() as conn:
            ledger.record(conn, lot, outcomes, self.now)
        self.learn({outcome.delivery_id for outcome in outcomes})

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        """An owner lets a lot go."""
        lot = self.held.pop(data.draw(st.integers(0, len(self.held) - 1)))
        with self.store.begin() as conn:
            ledger.release(conn, lot, self.now)
        self.fenced.append(lot)

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def crash(self, data: st.DataObject) -> None:
        """An owner dies, or only looks so."""
        self.dead.append(self.held.pop(data.draw(st.integers(0, len(self.held) - 1))))

    @rule()
    def renew(self) -> None:
        """The living keep their leases."""
        for lot in self.held:
            with self.store.begin() as conn:
                assert ledger.renew(conn, lot, LEASE, self.now)

    @precondition(lambda self: self.held or self.dead)
    @rule(data=st.data(), minutes=st.integers(0, 2))
    def settle(self, data: st.DataObject, minutes: int) -> None:
        """What was lost by now is settled by what is known of it."""
        self.wait(minutes)
        with self.store.begin() as conn:
            for lot in ledger.lost(conn, self.now):
                ledger.settle(conn, lot, self.outcomes(data, lot), self.now)
                ours = [other for other in self.held + self.dead if other.id == lot.id]
                assert ours
                self.fenced += ours
        with self.store.read() as conn:
            busy = set(conn.scalars(select(lot_table.c.id).where(lot_is_busy())))
        self.held = [other for other in self.held if other.id in busy]
        self.dead = [other for other in self.dead if other.id in busy]

    @precondition(lambda self: self.fenced)
    @rule(data=st.data())
    def wake(self, data: st.DataObject) -> None:
        """A zombie writes nothing, whatever it tries, while others work on what was his."""
        self.claim(9)
        lot = data.draw(st.sampled_from(self.fenced))
        ends = [Recorded(row.id, DeliveryState.ACCEPTED) for row in lot.deliveries]
        before = self.states()
        for attempt in (
            lambda conn: ledger.record(conn, lot, ends, self.now),
            lambda conn: ledger.release(conn, lot, self.now),
            lambda conn: ledger.settle(conn, lot, ends, self.now),
        ):
            with pytest.raises(Fenced), self.store.begin() as conn:
                attempt(conn)
        with self.store.begin() as conn:
            assert not ledger.renew(conn, lot, LEASE, self.now)
        assert self.states() == before

    # --- the promises ---

    @invariant()
    def promises(self) -> None:
        """Look at everything once, after every step."""
        with self.store.read() as conn:
            twice = conn.execute(
                select(delivery.c.issue, delivery.c.subscriber)
                .where(delivery.c.counts, delivery.c.subscriber.is_not(None))
                .group_by(delivery.c.issue, delivery.c.subscriber)
                .having(func.count() > 1)
            ).all()
            rows = {row.id: row for row in conn.execute(select(delivery))}
            busy = {row.id: row for row in conn.execute(select(lot_table).where(lot_is_busy()))}
            found = ledger.sends(conn)
        assert twice == [], "nobody has two deliveries of an issue that count"
        assert len(rows) == sum(self.frozen.values()), "every recipient has one row"
        assert all(rows[number].state is state for number, state in self.final.items())
        assert {send.id: send.total for send in found} == self.frozen
        assert sorted(busy) == sorted(other.id for other in self.held + self.dead)
        hands = {(row.send, row.number) for row in busy.values()}
        for row in rows.values():
            assert row.state is not DeliveryState.SENDING or (row.send, row.lot) in hands
            assert row.address or row.state not in (DeliveryState.QUEUED, DeliveryState.DEFERRED)
        over = {
            send.id
            for send in found
            if send.state in (SendState.DONE, SendState.CANCELLED)
            and send.id not in {row.send for row in busy.values()}
        }
        waiting = [row for row in rows.values() if row.send in over and row.next_at]
        assert waiting == [], "a send that is over has nobody waiting"
        assert not {row.state for row in rows.values() if row.send in over} & MOVING


def lot_is_busy() -> Any:
    """A lot somebody holds."""
    return lot_table.c.state == LotState.BUSY


def test_ledger(sqlite_template: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The promises hold in any order of events, with lots of two."""
    monkeypatch.setattr(freezing, "LOT", 2)
    Ledger.pattern = sqlite_template
    run_state_machine_as_test(
        Ledger,
        settings=settings(
            max_examples=50,
            stateful_step_count=50,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
