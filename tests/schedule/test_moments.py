"""One time on the wall, and the moment it is in each reader's zone."""

from datetime import UTC, datetime
from zoneinfo import available_timezones

from hypothesis import given
from hypothesis import strategies as st

from publisher.schedule import local, local_moments

FIRST, LAST = (datetime.fromisoformat(day) for day in ("1990-01-01", "2040-01-01"))
WALLS = st.datetimes(FIRST, LAST)
ZONES = st.lists(
    st.sampled_from(sorted(available_timezones() - {"localtime", "Factory"})), max_size=8
)


def utc(text: str) -> datetime:
    """A moment in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_each_zone_has_its_own_moment() -> None:
    """Nine in the morning is nine moments; who says nothing, or nothing known, has the default's."""
    moments = local_moments(
        datetime.fromisoformat("2026-11-27T09:00"),
        ["Asia/Shanghai", "Europe/Berlin", "America/New_York", "Mars/Base", ""],
        "Europe/Berlin",
    )
    assert moments == {
        None: utc("2026-11-27T08:00"),
        "Asia/Shanghai": utc("2026-11-27T01:00"),
        "Europe/Berlin": utc("2026-11-27T08:00"),
        "America/New_York": utc("2026-11-27T14:00"),
        "Mars/Base": utc("2026-11-27T08:00"),
        "": utc("2026-11-27T08:00"),
    }


def test_gaps_and_folds() -> None:
    """A time that does not exist is the first minute after the gap, one that is twice the first."""
    zones = ["Europe/Berlin", "Asia/Shanghai"]
    gap = local_moments(datetime.fromisoformat("2026-03-29T02:30"), zones, "UTC")
    assert gap["Europe/Berlin"] == utc("2026-03-29T01:00")
    assert gap["Asia/Shanghai"] == utc("2026-03-28T18:30")
    fold = local_moments(datetime.fromisoformat("2026-10-25T02:30"), zones, "UTC")
    assert fold["Europe/Berlin"] == utc("2026-10-25T00:30")


@given(WALLS, ZONES)
def test_the_wall_shows_it(wall: datetime, zones: list[str]) -> None:
    """In each zone the moment is that of the zone, all within 26 hours of each other."""
    moments = local_moments(wall, zones, "UTC")
    assert set(moments) == {None, *zones}
    for zone in zones:
        assert moments[zone] == local(zone, wall)
    if len(moments) > 1:
        spread = max(moments.values()) - min(moments.values())
        assert spread.total_seconds() <= 52 * 3600
