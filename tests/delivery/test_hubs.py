"""What a hub's answer means: told, asked again, or given up."""

from datetime import timedelta

import pytest

from publisher.delivery import hubs
from publisher.delivery.hubs import After, after

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize("status", [200, 202, 204, 299])
def test_told(status: int) -> None:
    """Any status of success means the hub knows."""
    assert after(status, 1, "hub") == After(told=True)


@pytest.mark.parametrize(
    ("status", "tries", "least"),
    [
        (None, 1, MINUTE),
        (None, 2, 5 * MINUTE),
        (None, 3, 15 * MINUTE),
        (500, 4, 30 * MINUTE),
        (503, 5, HOUR),
        (429, 6, 2 * HOUR),
        (408, 7, 4 * HOUR),
        (502, 8, 4 * HOUR),
        (400, 1, MINUTE),
        (301, 2, 5 * MINUTE),
    ],
)
def test_asked_again(status: int | None, tries: int, least: timedelta) -> None:
    """What may pass is asked again, later each time, with up to a quarter added."""
    told, wait = after(status, tries, "hub")
    assert not told
    assert wait is not None
    assert least <= wait <= least * 1.26


@pytest.mark.parametrize("status", [301, 308, 400, 401, 403, 404, 405, 410, 422, 199])
def test_refused(status: int) -> None:
    """An answer that would be the same the next time ends it with the third try."""
    assert after(status, 2, "hub").wait is not None
    assert after(status, 3, "hub") == After(told=False)


@pytest.mark.parametrize("status", [None, 408, 429, 500, 503])
def test_a_day_is_enough(status: int | None) -> None:
    """The waits together stay within 24 hours, and then it is given up for good."""
    total, tries = timedelta(0), 1
    while (wait := after(status, tries, "hub").wait) is not None:
        total += wait
        tries += 1
    assert 18 * HOUR < total <= 24 * HOUR
    assert after(status, tries + 1, "hub") == After(told=False)


@pytest.mark.parametrize(
    ("rest", "least"), [(timedelta(0), MINUTE), (HOUR, HOUR), (timedelta(days=9), 6 * HOUR)]
)
def test_a_hub_may_ask_for_rest(rest: timedelta, least: timedelta) -> None:
    """Retry-After makes a wait longer, never shorter, and not longer than six hours and a quarter."""
    wait = after(503, 1, "hub", rest).wait
    assert wait is not None
    assert least <= wait <= least * 1.26


def test_feeds_do_not_come_back_together() -> None:
    """Feeds that changed in one moment are spread over a quarter of the wait."""
    assert len({after(None, 1, f"hub/{number}").wait for number in range(50)}) > 10


def test_what_counts_for_all() -> None:
    """Silence and "too much" spare the hub the other feeds; a fault of one feed does not."""
    said = [one for one in (None, 200, 400, 404, 429, 500, 503) if hubs.is_for_all(one)]
    assert said == [None, 429, 503]
