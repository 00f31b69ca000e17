"""Who receives for an address, and how long a receiver is left alone."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.delivery import Rests, limits_of, receiver
from publisher.delivery.domains import LONGEST_REST, MEMORY

NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
HALF = timedelta(minutes=30)


@pytest.mark.parametrize(
    ("address", "one"),
    [
        ("ann@example.net", "example.net"),
        ("Ann@Example.NET.", "example.net"),
        ("ann@googlemail.com", "gmail.com"),
        ("ann@hotmail.co.uk", "outlook.com"),
        ("ann@live.nl", "outlook.com"),
        ("ann@msn.com", "outlook.com"),
        ("ann@yahoo.fr", "yahoo.com"),
        ("ann@yahoo.com.br", "yahoo.com"),
        ("ann@yahoo.co.jp", "yahoo.co.jp"),
        ("ann@aol.com", "yahoo.com"),
        ("ann@foxmail.com", "qq.com"),
        ("ann@126.com", "163.com"),
        ("ann@live.example.com", "live.example.com"),
        ("ann@notyahoo.com", "notyahoo.com"),
        ("ann@straße.example", "xn--strae-oqa.example"),
        ("qq.com", "qq.com"),
    ],
)
def test_who_receives(address: str, one: str) -> None:
    """Names with the same mailboxes behind them are one receiver, others are their own."""
    assert receiver(address) == one


@given(st.text(max_size=30))
def test_any_address_has_a_receiver(address: str) -> None:
    """Whatever stands there, a receiver is given, and asking for it again gives the same."""
    assert receiver(receiver(address)) == receiver(address)


def test_limits_are_the_receivers() -> None:
    """Limits on two names of one receiver are one, the stricter."""
    pairs = [("foxmail.com", 50), ("qq.com", 100), ("example.net", 5)]
    assert limits_of(pairs) == {"qq.com": 50, "example.net": 5}


def test_a_rest_ends() -> None:
    """A receiver is left alone for as long as was said, the others are not."""
    rests = Rests()
    assert not rests
    assert rests.begin("qq.com", HALF, NOW) == NOW + HALF
    assert rests
    assert rests.until("qq.com", NOW + HALF - timedelta(seconds=1)) == NOW + HALF
    assert rests.until("qq.com", NOW + HALF) is None
    assert rests.until("gmail.com", NOW) is None
    assert rests.resting(NOW) == {"qq.com": NOW + HALF}
    assert rests.resting(NOW + HALF) == {}


def test_what_was_under_way_lengthens_nothing() -> None:
    """Sixteen connections that hear it in one moment begin one rest."""
    rests = Rests()
    for second in range(16):
        rests.begin("qq.com", HALF, NOW + timedelta(seconds=second))
    assert rests.until("qq.com", NOW) == NOW + HALF


def test_who_says_it_again_rests_longer() -> None:
    """Right after a rest the next is twice as long, up to four hours; later it begins anew."""
    rests = Rests()
    now, lengths = NOW, []
    for _ in range(6):
        until = rests.begin("qq.com", HALF, now)
        lengths.append(until - now)
        now = until + timedelta(minutes=1)
    assert lengths == [HALF, 2 * HALF, 4 * HALF, 8 * HALF, LONGEST_REST, LONGEST_REST]
    assert rests.begin("qq.com", HALF, now + MEMORY) == now + MEMORY + HALF


def test_what_is_long_over_is_forgotten() -> None:
    """Nothing is kept of a receiver that has been well for two hours."""
    rests = Rests()
    rests.begin("qq.com", HALF, NOW)
    assert rests.resting(NOW + HALF + MEMORY) == {}
    assert not rests


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(1, 300)), max_size=30))
def test_no_rest_is_longer_than_it_may(events: list[tuple[int, int]]) -> None:
    """However often it is said: at least what was asked for, at most four hours or that."""
    rests = Rests()
    now = NOW
    for later, minutes in events:
        now += timedelta(minutes=later)
        least = timedelta(minutes=minutes)
        was = rests.until("qq.com", now)
        until = rests.begin("qq.com", least, now)
        assert until == was if was else least <= until - now <= max(least, LONGEST_REST)
