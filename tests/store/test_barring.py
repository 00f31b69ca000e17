"""Tests of barring: hard refusals are counted by the day, and what follows can be taken back."""

from datetime import datetime, timedelta

import pytest

from publisher.model import Kind
from publisher.store import Store, barring, ledger, subscribers
from publisher.store.ledger import Lot

DAY = timedelta(days=1)
SAID = "550 5.1.1 no such user"


@pytest.fixture
def lot(stocked: Store, now: datetime) -> Lot:
    """A lot in somebody's hand."""
    return claimed(stocked, now, Kind.ISSUE)


def claimed(store: Store, now: datetime, kind: Kind) -> Lot:
    """Freeze a send and claim its lot."""
    to = ["ann@example.org"] if kind is Kind.TEST else []
    with store.begin() as conn:
        number = ledger.create_send(conn, "weekly", "1", kind, at=now, now=now, addresses=to)
        ledger.freeze(conn, number, "v", now)
        found = ledger.claim(conn, "me", DAY, now)
    assert found is not None
    return found


def refuse(store: Store, lot: Lot, now: datetime, *places: int, words: str = SAID) -> list[int]:
    """Have some of a lot refused; say who is suppressed now, by place."""
    ids = [one.id for one in lot.deliveries]
    with store.begin() as conn:
        gone = ledger.hard_bounces(conn, lot, [(ids[place], words) for place in places], now)
    return [ids.index(number) for number in gone]


def test_the_second_day_suppresses(stocked: Store, lot: Lot, now: datetime) -> None:
    """One hard refusal is borne, however often it is repeated that day; the next day's is not."""
    assert refuse(stocked, lot, now, 0, 1) == []
    assert refuse(stocked, lot, now + DAY / 4, 0) == []
    assert refuse(stocked, lot, now + DAY, 0, 2, words="550 5.1.10 null MX") == [0]
    assert refuse(stocked, lot, now + 2 * DAY, 0) == []
    with stocked.read() as conn:
        reasons = {one.address: one.reason for one in subscribers.suppressions(conn, "weekly")}
        assert reasons == {"ann@example.org": "hard bounce: 550 5.1.10 null MX"}
        told = barring.bounced(conn, "weekly", "ANN@example.org")
        assert [(one.at, one.words) for one in told] == [
            (now, SAID),
            (now + DAY, "550 5.1.10 null MX"),
            (now + 2 * DAY, SAID),
        ]
        assert barring.bounced(conn, "daily", "ann@example.org") == []


def test_days_are_those_of_utc(stocked: Store, lot: Lot, now: datetime) -> None:
    """Two refusals a minute apart, around midnight UTC, are two days'."""
    midnight = now.replace(hour=0) + DAY
    assert refuse(stocked, lot, midnight - timedelta(minutes=1), 3) == []
    assert refuse(stocked, lot, midnight, 3) == [3]


def test_lifted(stocked: Store, lot: Lot, now: datetime) -> None:
    """A person lifts the suppression, and what was counted is forgotten."""
    refuse(stocked, lot, now, 0)
    refuse(stocked, lot, now + DAY, 0)
    with stocked.begin() as conn:
        assert subscribers.lift(conn, "weekly", "ANN@example.org")
        assert barring.bounced(conn, "weekly", "ann@example.org") == []
    assert refuse(stocked, lot, now + 2 * DAY, 0) == []


def test_tests_and_the_erased_do_not_count(stocked: Store, lot: Lot, now: datetime) -> None:
    """A refused test tells nothing of a subscriber, and of who was erased nothing is kept."""
    test = claimed(stocked, now, Kind.TEST)
    for day in (now, now + DAY):
        assert refuse(stocked, test, day, 0) == []
    refuse(stocked, lot, now, 1)
    with stocked.begin() as conn:
        subscribers.erase(conn, "weekly", "bob@example.org", b"key", now)
        assert barring.bounced(conn, "weekly", "bob@example.org") == []
    assert refuse(stocked, lot, now + DAY, 1) == []
    with stocked.read() as conn:
        assert barring.bounced(conn, "weekly", "ann@example.org") == []
