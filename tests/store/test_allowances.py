"""Tests of allowances: limits that hold in any window, across processes and restarts."""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest

from publisher.store import Store, allowances

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def take(store: Store, n: int, now: datetime, **limits: float) -> tuple[int, datetime]:
    """Take leave of the key `smtp` in a transaction of its own."""
    with store.begin() as conn:
        return allowances.take(conn, "smtp", n, now=now, **limits)  # type: ignore[arg-type]


def patient(store: Store, n: int, now: datetime, **limits: float) -> Iterator[tuple[datetime, int]]:
    """Take leave for `n` as an engine does: what is granted goes at once, then it waits as told."""
    while n:
        granted, then = take(store, n, now, **limits)
        assert granted or then > now
        if granted:
            yield now, granted
        n, now = n - granted, max(then, now)


def busiest(taken: list[tuple[datetime, int]], window: timedelta) -> int:
    """How many went in the fullest window."""
    return max(
        sum(many for at, many in taken if start <= at < start + window) for start, _ in taken
    )


def test_without_limits(store: Store, now: datetime) -> None:
    """Without a limit all may go, at once."""
    assert take(store, 10_000, now) == (10_000, now)
    assert take(store, 10_000, now) == (10_000, now)


@pytest.mark.parametrize("rate", [1, 3, 50, 333])
def test_no_second_has_more(store: Store, now: datetime, rate: int) -> None:
    """In no second go more than the limit, whenever it begins, and it is nearly reached."""
    total = rate * 4
    taken = list(patient(store, total, now, per_second=rate))
    assert busiest(taken, SECOND) <= rate
    assert (taken[-1][0] - now).total_seconds() <= 4 * 1.1


def test_less_than_one_a_second(store: Store, now: datetime) -> None:
    """A limit of one in four seconds is kept, too."""
    taken = [at for at, _ in patient(store, 3, now, per_second=0.25)]
    assert [round((at - now).total_seconds(), 1) for at in taken] == [0, 4, 8]


def test_no_hour_has_more(store: Store, now: datetime) -> None:
    """In no hour go more than the limit, not even around a full one; the day counts apart."""
    start = now + timedelta(minutes=31, seconds=40)
    taken = list(patient(store, 400, start, per_hour=100, per_day=250))
    assert busiest(taken, HOUR) == 100
    assert busiest(taken, DAY) == 250
    assert taken[-1][0] - start < DAY + 2 * HOUR


def test_used_up(store: Store, now: datetime) -> None:
    """With nothing left the moment is told when something is; asking early changes nothing."""
    assert take(store, 150, now, per_hour=100)[0] == 100
    granted, then = take(store, 50, now + SECOND, per_hour=100)
    assert (granted, then) == (0, now + HOUR + timedelta(minutes=1, microseconds=1))
    assert take(store, 50, then - SECOND, per_hour=100)[0] == 0
    assert take(store, 50, then, per_hour=100) == (50, then)


def test_keys_are_apart(store: Store, now: datetime) -> None:
    """What one key used up is no other's loss."""
    with store.begin() as conn:
        assert allowances.take(conn, "smtp", 9, per_hour=9, now=now)[0] == 9
        assert allowances.take(conn, "domain:qq.com", 9, per_hour=9, now=now)[0] == 9


def test_given_back(store: Store, now: datetime) -> None:
    """What was granted and not sent may go later; no more than was granted comes back."""
    assert take(store, 100, now, per_hour=100, per_second=10_000)[0] == 100
    with store.begin() as conn:
        allowances.give_back(conn, "smtp", 30, now + 90 * SECOND)
    assert take(store, 100, now + 90 * SECOND, per_hour=100)[0] == 30
    with store.begin() as conn:
        allowances.give_back(conn, "smtp", 1000, now + 90 * SECOND)
    assert take(store, 1000, now + 90 * SECOND, per_hour=100)[0] == 100


def test_a_clock_that_was_wrong(store: Store, now: datetime) -> None:
    """A clock that went back an hour holds nobody up."""
    assert take(store, 5, now + HOUR, per_second=5, per_hour=5)[0] >= 1
    granted, _ = take(store, 5, now, per_second=5, per_hour=5)
    assert granted >= 1


def test_restarts_forget_nothing(store: Store, now: datetime) -> None:
    """What was used up stays so when the database is opened again."""
    assert take(store, 100, now, per_hour=100)[0] == 100
    store.close()
    with Store.open(store.engine.url.render_as_string(hide_password=False)) as again:
        assert take(again, 1, now + SECOND, per_hour=100)[0] == 0


def test_many_take_at_once(store: Store, now: datetime) -> None:
    """However many ask at once, no more is granted than there is."""
    url = store.engine.url.render_as_string(hide_password=False)
    store.close()
    with Store.open(url, patience=30) as shared:

        def ask(seed: int) -> int:
            many = random.Random(seed)
            return sum(
                take(shared, many.randint(1, 9), now, per_hour=200, per_day=300)[0]
                for _ in range(30)
            )

        with ThreadPoolExecutor(4) as pool:
            assert sum(pool.map(ask, range(4))) == 200
