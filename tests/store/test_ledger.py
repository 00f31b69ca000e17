"""Tests of the ledger: lots under a fence, outcomes, and what is known after a crash."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, text

from publisher.model import Consent, DeliveryState, Kind, SendState, SubscriberState
from publisher.store import Store, issues, ledger, subscribers
from publisher.store.ledger import Fenced, Lot, Recorded

MINUTE = timedelta(minutes=1)
ACCEPTED, SKIPPED, QUEUED, DEFERRED, IN_DOUBT, REFUSED, SENDING = (
    DeliveryState.ACCEPTED,
    DeliveryState.SKIPPED,
    DeliveryState.QUEUED,
    DeliveryState.DEFERRED,
    DeliveryState.IN_DOUBT,
    DeliveryState.REFUSED,
    DeliveryState.SENDING,
)


@pytest.fixture
def running(stocked: Store, now: datetime) -> Store:
    """A store whose first send runs."""
    with stocked.begin() as conn:
        number = ledger.create_send(conn, "weekly", "1", Kind.ISSUE, at=now, now=now)
        ledger.freeze(conn, number, "v", now)
    return stocked


def take(store: Store, now: datetime, owner: str = "me", lease: timedelta = MINUTE) -> Lot:
    """Claim a lot that is there."""
    with store.begin() as conn:
        lot = ledger.claim(conn, owner, lease, now)
    assert lot is not None
    return lot


def write(store: Store, lot: Lot, now: datetime, *outcomes: Recorded) -> int:
    """Record in a transaction of its own."""
    with store.begin() as conn:
        return ledger.record(conn, lot, outcomes, now)


def test_claim(running: Store, now: datetime) -> None:
    """A claimed lot is sending and nobody else's; nothing is left to claim."""
    lot = take(running, now)
    assert (lot.send, lot.number, lot.generation, lot.owner) == (1, 1, 1, "me")
    assert (lot.kind, lot.newsletter, lot.issue, lot.canary) == (Kind.ISSUE, "weekly", "1", False)
    assert [row.address[:3] for row in lot.deliveries] == ["ann", "bob", "cid", "dee", "eve"]
    assert [row.name for row in lot.deliveries] == ["Ann", "Bob", "Cid", "Dee", "Eve"]
    assert {(row.variant, row.attempts) for row in lot.deliveries} == {("v", 0)}
    with running.begin() as conn:
        assert ledger.claim(conn, "you", MINUTE, now) is None
        assert ledger.counts(conn, 1) == {SENDING: 5}


def test_record(running: Store, now: datetime) -> None:
    """Each outcome stands in its row; attempts are counted, and told unless accepted."""
    lot = take(running, now)
    ids = [row.id for row in lot.deliveries]
    later = now + timedelta(minutes=5)
    changed = write(
        running,
        lot,
        now + MINUTE,
        Recorded(ids[0], ACCEPTED, 250, "2.0.0 ok"),
        Recorded(ids[1], DEFERRED, 451, "greylisted\0" + "x" * 1000, later),
        Recorded(ids[2], REFUSED, 550, "5.1.1 no such user", later),
        Recorded(ids[3], IN_DOUBT, None, "no answer", later),
        Recorded(ids[4], SKIPPED, None, "unsubscribed", later),
    )
    assert changed == 5
    with running.read() as conn:
        rows = ledger.who(conn, "weekly", "1")
        told = [ledger.attempts(conn, number) for number in ids]
    assert [(row.state, row.attempts, row.next_at, row.code) for row in rows] == [
        (ACCEPTED, 1, None, 250),
        (DEFERRED, 1, later, 451),
        (REFUSED, 1, None, 550),
        (IN_DOUBT, 1, later, None),
        (SKIPPED, 0, None, None),
    ]
    assert rows[1].words.startswith("greylistedxxx")
    assert len(rows[1].words) <= 500
    assert {row.updated for row in rows} == {now + MINUTE}
    assert [[one.state for one in each] for each in told] == [
        [],
        [DEFERRED],
        [REFUSED],
        [IN_DOUBT],
        [],
    ]
    assert told[2] == [Recorded(ids[2], REFUSED, 550, "5.1.1 no such user", now + MINUTE)]


def test_record_moves_only_what_is_being_sent(running: Store, now: datetime) -> None:
    """A final state is final: a second outcome, or one of a stranger, changes nothing."""
    lot = take(running, now)
    first = lot.deliveries[0].id
    assert write(running, lot, now, Recorded(first, ACCEPTED, 250)) == 1
    assert write(running, lot, now, Recorded(first, REFUSED, 550)) == 0
    assert write(running, lot, now, Recorded(999, ACCEPTED, 250)) == 0
    assert write(running, lot, now) == 0
    with running.read() as conn:
        assert ledger.who(conn, "weekly", "1")[0].state is ACCEPTED
    with pytest.raises(ValueError, match="no outcome"):
        write(running, lot, now, Recorded(first, SENDING))


def test_queued_again(running: Store, now: datetime) -> None:
    """What was not attempted goes back uncharged and is claimed again, at its time."""
    lot = take(running, now)
    rest = [Recorded(row.id, QUEUED) for row in lot.deliveries[1:]]
    write(running, lot, now, Recorded(lot.deliveries[0].id, QUEUED, next_at=now + MINUTE), *rest)
    with running.begin() as conn:
        ledger.release(conn, lot, now)
    again = take(running, now)
    assert again.generation == 2
    assert [row.attempts for row in again.deliveries] == [0] * 4
    write(running, again, now, *[Recorded(row.id, ACCEPTED) for row in again.deliveries])
    with running.begin() as conn:
        ledger.release(conn, again, now)
        assert ledger.claim(conn, "me", MINUTE, now) is None
    assert len(take(running, now + MINUTE).deliveries) == 1


def test_deferred_comes_back_when_due(running: Store, now: datetime) -> None:
    """A lot with nothing but deferred is claimed when the first of them is due, for those due."""
    lot = take(running, now)
    waits = [MINUTE * number for number in range(1, 6)]
    rows = zip(lot.deliveries, waits, strict=True)
    write(running, lot, now, *[Recorded(row.id, DEFERRED, 450, "", now + w) for row, w in rows])
    with running.begin() as conn:
        ledger.release(conn, lot, now)
        assert ledger.claim(conn, "me", MINUTE, now + MINUTE - timedelta(seconds=1)) is None
    assert len(take(running, now + 2 * MINUTE).deliveries) == 2


def test_in_doubt_is_resent_or_held(running: Store, now: datetime) -> None:
    """In doubt with a time is sent again then; without one it waits and the send is done."""
    lot = take(running, now)
    ids = [row.id for row in lot.deliveries]
    write(
        running,
        lot,
        now,
        Recorded(ids[0], IN_DOUBT, None, "?", now + MINUTE),
        *[Recorded(number, IN_DOUBT, None, "?") for number in ids[1:]],
    )
    with running.begin() as conn:
        ledger.release(conn, lot, now)
        assert len(ledger.in_doubt(conn, 1)) == 5
    again = take(running, now + MINUTE)
    assert [row.id for row in again.deliveries] == ids[:1]
    write(running, again, now + MINUTE, Recorded(ids[0], ACCEPTED, 250))
    with running.begin() as conn:
        ledger.release(conn, again, now + MINUTE)
        found = ledger.send(conn, 1)
        assert found is not None
        assert (found.state, found.count(IN_DOUBT)) == (SendState.DONE, 4)


@pytest.mark.parametrize(("end", "resent"), [(QUEUED, True), (SKIPPED, False)])
def test_doubt_stays(running: Store, now: datetime, end: DeliveryState, resent: bool) -> None:
    """A delivery that may have arrived stays in doubt when its second attempt never began."""
    lot = take(running, now)
    write(running, lot, now, *[Recorded(row.id, IN_DOUBT, next_at=now) for row in lot.deliveries])
    with running.begin() as conn:
        ledger.release(conn, lot, now)
    again = take(running, now)
    write(running, again, now, *[Recorded(row.id, end) for row in again.deliveries])
    with running.begin() as conn:
        ledger.release(conn, again, now)
        rows = ledger.in_doubt(conn, 1)
    assert [(row.attempts, row.next_at is not None) for row in rows] == [(1, resent)] * 5


def test_release_leaves_nobody_out(running: Store, now: datetime) -> None:
    """What was neither recorded nor returned when a lot is released is in doubt."""
    lot = take(running, now)
    write(running, lot, now, Recorded(lot.deliveries[0].id, ACCEPTED))
    with running.begin() as conn:
        ledger.release(conn, lot, now)
        assert ledger.counts(conn, 1) == {ACCEPTED: 1, IN_DOUBT: 4}
        assert {row.next_at for row in ledger.in_doubt(conn, 1)} == {None}


def test_lost_and_settled(running: Store, now: datetime) -> None:
    """A lot whose lease ran out is settled by what the map knew; the rest is in doubt."""
    lot = take(running, now, lease=timedelta(0))
    ids = [row.id for row in lot.deliveries]
    write(running, lot, now, Recorded(ids[0], ACCEPTED))
    later = now + MINUTE
    with running.begin() as conn:
        assert ledger.claim(conn, "you", MINUTE, later) is None, "first it must be settled"
        (found,) = ledger.lost(conn, later)
        assert [row.id for row in found.deliveries] == ids[1:]
        outcomes = [
            Recorded(ids[1], ACCEPTED, 250),
            Recorded(ids[2], QUEUED),
            Recorded(ids[3], IN_DOUBT, None, "", later),
        ]
        ledger.settle(conn, found, outcomes, later)
        assert ledger.lost(conn, later + MINUTE) == []
        states = [row.state for row in ledger.who(conn, "weekly", "1")]
    assert states == [ACCEPTED, ACCEPTED, QUEUED, IN_DOUBT, IN_DOUBT]
    again = take(running, later, owner="you")
    assert [row.id for row in again.deliveries] == ids[2:4]
    assert again.generation > lot.generation


def test_lost_of_a_dead_owner(running: Store, now: datetime) -> None:
    """The lots of an owner known to be dead are lost at once; those of others are not."""
    lot = take(running, now, owner="dead")
    with running.begin() as conn:
        assert ledger.lost(conn, now) == []
        assert ledger.lost(conn, now, owner="alive") == []
        (found,) = ledger.lost(conn, now, owner="dead")
    assert found == lot


def test_zombies_are_fenced(running: Store, now: datetime) -> None:
    """Whoever lost his lot writes nothing any more, neither do those who settle it twice."""
    lot = take(running, now, lease=timedelta(0))
    with running.begin() as conn:
        (found,) = ledger.lost(conn, now + MINUTE)
        ledger.settle(conn, found, [Recorded(row.id, QUEUED) for row in lot.deliveries], now)
    outcomes = [Recorded(row.id, ACCEPTED) for row in lot.deliveries]
    for taken_over in (False, True):
        if taken_over:
            take(running, now, owner="you")
        with pytest.raises(Fenced):
            write(running, lot, now, *outcomes)
        with pytest.raises(Fenced), running.begin() as conn:
            ledger.release(conn, lot, now)
        with pytest.raises(Fenced), running.begin() as conn:
            ledger.settle(conn, found, outcomes, now)
        with running.begin() as conn:
            assert not ledger.renew(conn, lot, MINUTE, now)
            assert ACCEPTED not in ledger.counts(conn, 1)


def test_renewed_in_the_last_moment(running: Store, now: datetime) -> None:
    """An owner who lives and renewed is not settled by who believed him dead."""
    lot = take(running, now, lease=timedelta(0))
    with running.begin() as conn:
        (found,) = ledger.lost(conn, now + MINUTE)
        assert ledger.renew(conn, lot, MINUTE, now + MINUTE)
        with pytest.raises(Fenced):
            ledger.settle(conn, found, [], now + MINUTE)
        assert ledger.lost(conn, now + MINUTE) == []
        assert ledger.record(conn, lot, [Recorded(lot.deliveries[0].id, ACCEPTED)], now) == 1


def test_barred(running: Store, now: datetime) -> None:
    """Who left, was suppressed or erased since the audience was frozen is barred, and why."""
    lot = take(running, now)
    ids = [one.id for one in lot.deliveries]
    with running.begin() as conn:
        assert ledger.barred(conn, lot) == {}
        people = {each.name: each.id for each in subscribers.each(conn, "weekly")}
        subscribers.set_state(conn, people["Ann"], SubscriberState.UNSUBSCRIBED, now, "click")
        subscribers.set_state(conn, people["Bob"], SubscriberState.UNSUBSCRIBED, now, "click")
        subscribers.suppress(conn, "weekly", "BOB@example.org", "complaint", now)
        subscribers.suppress(conn, "daily", "dee@example.org", "complaint", now)
        subscribers.erase(conn, "weekly", "cid@example.org", b"key", now)
        assert ledger.barred(conn, lot) == {
            ids[0]: "unsubscribed",
            ids[1]: "suppressed: complaint",
            ids[2]: "erased",
        }
        ledger.record(conn, lot, [Recorded(ids[0], SKIPPED)], now)
        assert set(ledger.barred(conn, lot)) == {ids[1], ids[2]}


def test_barred_tests(stocked: Store, now: datetime) -> None:
    """A test goes to anybody but the suppressed; with the key, but the erased too."""
    to = ["stranger@x.org", "bob@example.org", "cid@example.org", "eve@example.org"]
    with stocked.begin() as conn:
        eve = subscribers.find(conn, "weekly", "eve@example.org")
        assert eve is not None
        subscribers.set_state(conn, eve.id, SubscriberState.UNSUBSCRIBED, now, "click")
        subscribers.suppress(conn, "weekly", "bob@example.org", "complaint", now)
        subscribers.erase(conn, "weekly", "cid@example.org", b"key", now)
        number = ledger.create_send(conn, "weekly", "1", Kind.TEST, at=now, now=now, addresses=to)
        ledger.freeze(conn, number, "v", now)
    lot = take(stocked, now)
    ids = [one.id for one in lot.deliveries]
    with stocked.read() as conn:
        assert ledger.barred(conn, lot) == {ids[1]: "suppressed: complaint"}
        assert ledger.barred(conn, lot, key=b"key") == {
            ids[1]: "suppressed: complaint",
            ids[2]: "suppressed: erased",
        }


def test_oldest_send_first(stocked: Store, now: datetime, record: object) -> None:
    """Lots of an older send come before those of a newer one."""
    with stocked.begin() as conn:
        for address in ("a@x.org", "b@x.org"):
            number = ledger.create_send(
                conn, "weekly", "1", Kind.TEST, at=now, now=now, addresses=[address]
            )
            ledger.freeze(conn, number, "v", now)
    assert [take(stocked, now).send, take(stocked, now).send] == [1, 2]


def test_many_claim_at_once(stocked: Store, now: datetime) -> None:
    """Several workers share one database and no delivery goes to two of them."""
    with again(stocked) as shared:
        rows = [(f"s{number}@x.org", "", None) for number in range(3000)]
        with shared.begin() as conn:
            subscribers.import_rows(conn, "weekly", rows, Consent("i", "", now), b"k", now)
            number = ledger.create_send(conn, "weekly", "1", Kind.ISSUE, at=now, now=now)
            total = ledger.freeze(conn, number, "v", now)
        seen: list[int] = []

        def worker(name: str) -> None:
            idle = 0
            while idle < 3:
                with shared.begin() as conn:
                    lot = ledger.claim(conn, name, MINUTE, now)
                if lot is None:
                    idle += 1
                    continue
                seen.extend(row.id for row in lot.deliveries)
                write(shared, lot, now, *[Recorded(row.id, ACCEPTED) for row in lot.deliveries])
                with shared.begin() as conn:
                    ledger.release(conn, lot, now)

        run(*[lambda name=name: worker(name) for name in ("w1", "w2", "w3", "w4")])
        assert sorted(seen) == sorted(set(seen))
        with shared.begin() as conn:
            assert len(seen) == total == ledger.counts(conn, number)[ACCEPTED]
            ledger.finish_sends(conn, now)
            found = ledger.send(conn, number)
            assert found is not None
            assert found.state is SendState.DONE
            assert issues.records(conn, "weekly")[0].mailed == now


def test_leases_run_on_the_database_clock(running: Store, now: datetime) -> None:
    """On PostgreSQL a host whose clock is wrong takes no living owner for dead."""
    lot = take(running, now, lease=MINUTE)
    with running.begin() as conn:
        found = ledger.lost(conn, now + timedelta(days=9999))
        assert len(found) == (1 if running.dialect == "sqlite" else 0)
        conn.execute(text("UPDATE lot SET lease = '2020-01-01T00:00:00.000000Z'"))
        assert [each.id for each in ledger.lost(conn, now)] == [lot.id]


def test_two_freeze_at_once(stocked: Store, now: datetime) -> None:
    """Two sends of one issue frozen in the same moment share out the audience."""
    with stocked.begin() as conn:
        rows = [(f"s{number}@x.org", "", None) for number in range(995)]
        subscribers.import_rows(conn, "weekly", rows, Consent("i", "", now), b"k", now)
        sends = [
            ledger.create_send(conn, "weekly", "1", Kind.ISSUE, at=now, now=now) for _ in range(3)
        ]
    frozen: list[int] = []
    together = threading.Barrier(len(sends))
    with again(stocked) as shared:

        def freeze(number: int) -> None:
            together.wait(30)
            with shared.begin() as conn:
                frozen.append(ledger.freeze(conn, number, "v", now))

        run(*[lambda number=number: freeze(number) for number in sends])
    assert sum(frozen) == 1000
    assert len(frozen) == len(sends)


def test_a_second_freeze_takes_who_is_left(stocked: Store, now: datetime) -> None:
    """On PostgreSQL a freeze waits for another of the issue, then takes whom that has left over."""
    if stocked.dialect == "sqlite":
        return  # one begins when the other is done

    def freeze(number: int) -> int:
        with shared.begin() as conn:
            return ledger.freeze(conn, number, "v", now)

    with again(stocked) as shared, ThreadPoolExecutor(1) as pool:
        with shared.begin() as conn:
            one, two = (
                ledger.create_send(conn, "weekly", "1", Kind.ISSUE, at=now, now=now) for _ in "12"
            )
        with shared.begin() as conn:
            assert ledger.freeze(conn, one, "v", now) == 5
            with shared.begin() as other:
                subscribers.add(other, "weekly", "zoe@x.org", consent=Consent("", "", now), now=now)
            second = pool.submit(freeze, two)
            wait_for_a_lock(shared, second)
        assert second.result(30) == 1
        lots = [take(shared, now), take(shared, now)]
    assert [(lot.send, lot.number, len(lot.deliveries)) for lot in lots] == [
        (one, 1, 5),
        (two, 1, 1),
    ]
    assert lots[1].deliveries[0].address == "zoe@x.org"


def test_added_by_another_import_is_known(stocked: Store, now: datetime) -> None:
    """On PostgreSQL whom another import adds in the same moment is told as known, not as added."""
    if stocked.dialect == "sqlite":
        return  # one begins when the other is done

    def bring(conn: Connection, *names: str) -> list[subscribers.Added]:
        rows = [(f"{name}@x.org", "", None) for name in names]
        return subscribers.import_rows(conn, "weekly", rows, Consent("i", "", now), b"k", now)

    def bring_too() -> list[subscribers.Added]:
        with shared.begin() as conn:
            return bring(conn, "zoe", "pam")

    with again(stocked) as shared, ThreadPoolExecutor(1) as pool:
        with shared.begin() as conn:
            assert bring(conn, "zoe") == [subscribers.Added.ADDED]
            second = pool.submit(bring_too)
            wait_for_a_lock(shared, second)
        assert second.result(30) == [subscribers.Added.KNOWN, subscribers.Added.ADDED]


def test_cancelled_while_working(stocked: Store, now: datetime) -> None:
    """Cancelled in the middle of work, a send ends with nobody waiting or on the wire."""
    with stocked.begin() as conn:
        rows = [(f"s{number}@x.org", "", None) for number in range(2995)]
        subscribers.import_rows(conn, "weekly", rows, Consent("i", "", now), b"k", now)
        number = ledger.create_send(conn, "weekly", "1", Kind.ISSUE, at=now, now=now)
        ledger.freeze(conn, number, "v", now)
    started = threading.Event()
    with again(stocked) as shared:

        def work() -> None:
            while True:
                with shared.begin() as conn:
                    lot = ledger.claim(conn, "me", MINUTE, now)
                if lot is None:
                    return
                started.set()
                write(shared, lot, now, *[Recorded(row.id, DEFERRED) for row in lot.deliveries])
                with shared.begin() as conn:
                    ledger.release(conn, lot, now)

        def cancel() -> None:
            assert started.wait(30)
            with shared.begin() as conn:
                states = {SendState.RUNNING}
                assert ledger.set_state(conn, number, SendState.CANCELLED, frm=states, now=now)

        run(work, work, cancel)
        with shared.read() as conn:
            assert ledger.counts(conn, number) == {SKIPPED: 3000}


def again(store: Store) -> Store:
    """The same database, with patience."""
    return Store.open(store.engine.url.render_as_string(hide_password=False), patience=30)


def wait_for_a_lock(store: Store, waiting: Future[Any]) -> None:
    """Return when work on PostgreSQL waits for a lock."""
    asked = text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    while True:
        with store.read() as conn:
            if conn.execute(asked).scalar():
                return
        assert not waiting.done(), waiting.result()
        time.sleep(0.01)


def run(*works: Callable[[], None]) -> None:
    """Run these at once, and fail if one of them does."""
    with ThreadPoolExecutor(len(works)) as pool:
        for future in [pool.submit(work) for work in works]:
            future.result(60)
