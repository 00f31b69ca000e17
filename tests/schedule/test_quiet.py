"""Quiet hours hold by the clock on the wall, whatever clocks do in the night."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from publisher.errors import SettingsError
from publisher.model import Kind, Newsletter, Send, SendState
from publisher.schedule import Quiet, parse_quiet, quiet_until, quiet_words

BERLIN = "Europe/Berlin"
NIGHT = "22:00-07:00"
ZONES = st.sampled_from(sorted(available_timezones() - {"localtime", "Factory"}))
FIRST, LAST = (datetime.fromisoformat(day) for day in ("1975-01-01", "2040-01-01"))
MOMENTS = st.datetimes(FIRST, LAST, timezones=st.just(UTC))
TIMES = st.times().map(lambda at: at.replace(second=0, microsecond=0))
HOURS = (
    st.tuples(TIMES, TIMES)
    .filter(lambda pair: pair[0] != pair[1])
    .map(lambda pair: f"{pair[0]:%H:%M}-{pair[1]:%H:%M}")
)
STRANGE = st.sampled_from(
    [
        (BERLIN, datetime(2026, 3, 29, tzinfo=UTC)),
        (BERLIN, datetime(2026, 10, 25, tzinfo=UTC)),
        ("Pacific/Apia", datetime(2011, 12, 30, tzinfo=UTC)),
        ("Pacific/Kwajalein", datetime(1993, 8, 21, tzinfo=UTC)),
        ("America/Sao_Paulo", datetime(2018, 11, 4, tzinfo=UTC)),
        ("Australia/Lord_Howe", datetime(2026, 4, 4, tzinfo=UTC)),
        ("America/Havana", datetime(2026, 11, 1, tzinfo=UTC)),
    ]
)


def utc(text: str) -> datetime:
    """A moment in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize("text", ["22:00-07:00", " 22:00 - 7:00 "])
def test_hours_are_read(text: str) -> None:
    """From when to when, with or without blanks."""
    hours = parse_quiet(text)
    assert hours is not None
    assert f"{hours.start:%H:%M} {hours.end:%H:%M}" == "22:00 07:00"


@pytest.mark.parametrize(
    "text", ["22-7", "22:00", "24:00-07:00", "22:00-06:60", "07:00-07:00", "x"]
)
def test_what_are_no_hours_is_refused(text: str) -> None:
    """Hours that cannot be read, or are all day, are a fault of the settings."""
    with pytest.raises(SettingsError) as caught:
        parse_quiet(text)
    assert "22:00-07:00" in caught.value.hint


@pytest.mark.parametrize(
    ("rule", "now", "until"),
    [
        (NIGHT, "2026-05-01T19:59:59", None),
        (NIGHT, "2026-05-01T20:00", "2026-05-02T05:00"),
        (NIGHT, "2026-05-01T23:00", "2026-05-02T05:00"),
        (NIGHT, "2026-05-02T04:59:59", "2026-05-02T05:00"),
        (NIGHT, "2026-05-02T05:00", None),
        ("12:00-14:00", "2026-05-01T10:30", "2026-05-01T12:00"),
        ("12:00-14:00", "2026-05-01T12:00", None),
        ("12:00-14:00", "2026-05-01T22:30", None),
        # The clock is put forward at 01:00 UTC, from 02:00 to 03:00.
        ("22:00-02:30", "2026-03-29T00:30", "2026-03-29T01:00"),
        ("02:30-05:00", "2026-03-29T00:59", None),
        ("02:30-05:00", "2026-03-29T01:00", "2026-03-29T03:00"),
        ("02:10-02:50", "2026-03-29T01:00", None),
        (NIGHT, "2026-03-28T21:00", "2026-03-29T05:00"),
        # It is put back at 01:00 UTC, from 03:00 to 02:00.
        ("22:00-02:30", "2026-10-25T00:45", "2026-10-25T01:30"),
        ("02:30-05:00", "2026-10-25T00:30", "2026-10-25T04:00"),
        (NIGHT, "2026-10-24T20:00", "2026-10-25T06:00"),
        ("", "2026-05-01T23:00", None),
    ],
)
def test_when_it_is_quiet(rule: str, now: str, until: str | None) -> None:
    """Quiet from the first time's first moment to the last one of the other, also across midnight."""
    found = quiet_until(rule, BERLIN, utc(now))
    assert found == (until and utc(until))


def test_clocks_put_back_across_midnight() -> None:
    """Where 00:01 is followed by 23:01 of the day before, hours that have begun go on."""
    for now in ("2006-10-29T03:00:30", "2006-10-29T03:10", "2006-10-29T04:30"):
        found = quiet_until("00:00-07:00", "America/Goose_Bay", utc(now))
        assert found == utc("2006-10-29T11:00")


def test_a_zone_that_is_none_is_refused() -> None:
    """Hours in a zone that does not exist are a fault of the settings."""
    with pytest.raises(SettingsError):
        quiet_until(NIGHT, "Mars/Base", utc("2026-05-01T23:00"))


def shows_quiet(hours: Quiet, zone: str, moment: datetime) -> bool:
    """Whether the wall shows a time within the hours."""
    wall = moment.astimezone(ZoneInfo(zone)).time().replace(fold=0)
    if hours.start < hours.end:
        return hours.start <= wall < hours.end
    return wall >= hours.start or wall < hours.end


@given(HOURS, ZONES, MOMENTS)
def test_the_wall_says_so(rule: str, zone: str, now: datetime) -> None:
    """While the wall shows a time within the hours it is quiet, and the end is not."""
    check(rule, zone, now)


@given(HOURS, STRANGE, st.integers(-1500, 1500))
@example(NIGHT, ("Pacific/Apia", datetime(2011, 12, 30, tzinfo=UTC)), 600)
def test_the_wall_says_so_where_clocks_are_strange(
    rule: str, edge: tuple[str, datetime], minutes: int
) -> None:
    """The same on the days when clocks are changed, and days left out."""
    zone, moment = edge
    check(rule, zone, moment + timedelta(minutes=minutes))


def check(rule: str, zone: str, now: datetime) -> None:
    """The moment is quiet if the wall says so; where it is quiet, the end is the end."""
    hours = parse_quiet(rule)
    assert hours is not None
    until = quiet_until(rule, zone, now)
    if until is None:
        assert not shows_quiet(hours, zone, now)
        return
    assert now < until < now + timedelta(hours=50)
    assert quiet_until(rule, zone, until) is None
    assert not shows_quiet(hours, zone, until)
    assert quiet_until(rule, zone, until - timedelta(seconds=1)) == until


@pytest.mark.parametrize(
    ("kind", "state", "now", "words"),
    [
        ("issue", "running", "2026-11-27T23:00", "quiet hours until 07:00 CET"),
        ("issue", "running", "2026-11-27T12:00", ""),
        ("issue", "paused", "2026-11-27T23:00", ""),
        ("test", "running", "2026-11-27T23:00", ""),
    ],
)
def test_quiet_hours_hold_what_runs(kind: str, state: str, now: str, words: str) -> None:
    """A running send says until when, by its newsletter's clock; tests leave at any hour."""
    at = utc(now)
    send = Send(1, "weekly", "7", Kind(kind), SendState(state), at, at)
    weekly = Newsletter("weekly", "Weekly", timezone=BERLIN, quiet=NIGHT)
    assert quiet_words(send, weekly, at) == words
