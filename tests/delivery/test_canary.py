"""The first readers: how many go first, and what holds the others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.delivery import canary_size, canary_verdict, is_relay_jump
from publisher.model import DeliveryState

ACCEPTED, REFUSED = DeliveryState.ACCEPTED, DeliveryState.REFUSED
DEFERRED, DOUBT, QUEUED = DeliveryState.DEFERRED, DeliveryState.IN_DOUBT, DeliveryState.QUEUED


@pytest.mark.parametrize(
    ("total", "size"),
    [(0, 0), (499, 0), (500, 20), (2000, 20), (2001, 21), (100_000, 1000), (1_000_000, 10_000)],
)
def test_how_many_go_first(total: int, size: int) -> None:
    """A hundredth, at least twenty, nobody where all are a handful."""
    assert canary_size(total) == size


@given(st.integers(0, 10**7), st.floats(0, 1))
def test_the_first_are_a_part_of_all(total: int, part: float) -> None:
    """Never more go first than there are, and nobody where it is switched off."""
    assert 0 <= canary_size(total, part) <= total
    assert canary_size(total, 0.0) == 0


@pytest.mark.parametrize(
    ("counts", "why"),
    [
        ({ACCEPTED: 20}, None),
        ({ACCEPTED: 18, REFUSED: 2}, None),
        ({ACCEPTED: 17, REFUSED: 3}, "3 of the first 20 readers were refused, more than 5%"),
        ({ACCEPTED: 950, REFUSED: 50}, None),
        ({ACCEPTED: 949, REFUSED: 51}, "51 of the first 1000 readers were refused, more than 5%"),
        ({ACCEPTED: 15, DEFERRED: 5}, None),
        ({ACCEPTED: 14, DEFERRED: 6}, "6 of the first 20 readers were deferred, more than 25%"),
        ({ACCEPTED: 18, DOUBT: 2}, "2 of the first 20 readers are in doubt, more than 5%"),
        ({ACCEPTED: 10, QUEUED: 10}, None),
        ({REFUSED: 3, QUEUED: 17}, "3 of the first 20 readers were refused, more than 5%"),
        ({}, None),
    ],
    ids=str,
)
def test_what_holds_the_rest(counts: dict[DeliveryState, int], why: str | None) -> None:
    """Too many refused, deferred or in doubt hold the rest, and the words say how many."""
    assert canary_verdict(counts) == why


@given(st.dictionaries(st.sampled_from([ACCEPTED, DEFERRED, REFUSED, QUEUED]), st.integers(0, 99)))
def test_what_holds_goes_on_holding(counts: dict[DeliveryState, int]) -> None:
    """Asked early, it holds only for what would hold when all have ended well."""
    ended = dict(counts)
    ended[ACCEPTED] = ended.get(ACCEPTED, 0) + ended.pop(QUEUED, 0)
    assert canary_verdict(counts) == canary_verdict(ended)


@pytest.mark.parametrize(
    ("hard", "attempted", "jump"),
    [(0, 500, False), (4, 10, False), (5, 99, True), (5, 100, False), (25, 500, False),
     (26, 500, True), (500, 500, True)],
)  # fmt: skip
def test_when_the_relay_is_wrong(hard: int, attempted: int, jump: bool) -> None:
    """More than a twentieth of a lot, and at least five, is not the addresses' fault."""
    assert is_relay_jump(hard, attempted) is jump
