"""What a relay may get: the warm-up's table."""

import re
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

from publisher.delivery import Limits, warm_up_ceiling
from publisher.delivery.limits import WARM_UP


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
