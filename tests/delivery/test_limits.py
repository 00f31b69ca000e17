"""What a relay may get: the warm-up's table, and each relay's part."""

import re
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.delivery import Limits, Side, share, warm_up_ceiling
from publisher.delivery.limits import WARM_UP

SIDES = st.lists(
    st.builds(Side, st.integers(1, 20), st.none() | st.integers(0, 600)), min_size=1, max_size=6
)


def test_a_warm_up_grows_day_by_day() -> None:
    """Each day allows between a quarter and a half more, until there is no ceiling."""
    assert all(1.25 <= later / earlier <= 1.5 for earlier, later in pairwise(WARM_UP))
    assert WARM_UP[0] == 500
    assert WARM_UP[-1] > 5_000_000


def test_days_are_counted_from_the_first() -> None:
    """The day it began has the first ceiling; nothing before it, no ceiling after the table."""
    limits = Limits(warm_up=date(2026, 11, 1))
    assert limits.per_day(date(2026, 10, 31)) == 0
    assert limits.per_day(date(2026, 11, 1)) == 500
    assert limits.per_day(date(2026, 11, 11)) == 14_000
    assert limits.per_day(date(2026, 11, 1) + timedelta(days=len(WARM_UP) - 1)) == WARM_UP[-1]
    assert limits.per_day(date(2026, 11, 1) + timedelta(days=len(WARM_UP))) is None
    assert Limits().per_day(date(2026, 11, 1)) is None
    assert warm_up_ceiling(1) == 700


def test_the_document_has_the_table() -> None:
    """docs/delivery.md tells the ceiling of each day."""
    text = (Path(__file__).parents[2] / "docs" / "delivery.md").read_text("utf-8")
    rows = re.findall(r"^\| \d+ to \d+ \| (.*) \|$", text, re.M)
    told = [int(number.replace(",", "")) for row in rows for number in row.split(", ")]
    assert told == list(WARM_UP)


@pytest.mark.parametrize(
    ("wanted", "sides", "parts"),
    [
        (500, [Side()], [500]),
        (500, [Side(3), Side(1)], [375, 125]),
        (500, [Side(1, 100), Side(1)], [100, 400]),
        (500, [Side(1, 0), Side(1)], [0, 500]),
        (500, [Side(1, 100), Side(1, 200)], [100, 200]),
        (500, [Side(8, 300), Side(1), Side(1, 50)], [300, 150, 50]),
        (1, [Side(1), Side(1)], [1, 0]),
        (10, [Side(1), Side(1), Side(1)], [4, 3, 3]),
        (5, [Side(1, 0)], [0]),
        (0, [Side(1)], [0]),
    ],
    ids=str,
)
def test_parts(wanted: int, sides: list[Side], parts: list[int]) -> None:
    """Messages are parted by weight; what one has no room for the others get."""
    assert share(wanted, sides) == parts


@given(st.integers(0, 2000), SIDES)
def test_all_that_has_room_is_parted(wanted: int, sides: list[Side]) -> None:
    """No relay gets more than its room, and nothing waits while one has room left."""
    parts = share(wanted, sides)
    for part, side in zip(parts, sides, strict=True):
        assert part >= 0
        assert side.room is None or part <= side.room
    room = sum(wanted if side.room is None else side.room for side in sides)
    assert sum(parts) == min(wanted, room)


@given(st.integers(0, 2000), SIDES)
def test_who_has_room_gets_what_its_weight_is_worth(wanted: int, sides: list[Side]) -> None:
    """Among those with room left, parts stand to each other as weights, but for the rounding."""
    parts = share(wanted, sides)
    free = [
        (part, side.weight)
        for part, side in zip(parts, sides, strict=True)
        if side.room is None or part < side.room
    ]
    for part, weight in free:
        for other, others in free:
            assert abs(part / weight - other / others) <= 1 / weight + 1 / others
