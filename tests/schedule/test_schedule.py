"""Send rules name one moment per local day, and everything unusual asks a person."""

import contextlib
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publisher.errors import RefusedError, SettingsError
from publisher.schedule import (
    WEEKDAYS,
    Ask,
    Due,
    Rule,
    Waiting,
    When,
    decide_sends,
    last_moment,
    local,
    next_moment,
    occurrence,
    parse,
    parse_when,
)

BERLIN = "Europe/Berlin"
ZONES = st.sampled_from(sorted(available_timezones() - {"localtime", "Factory"}))


def moments_between(first: str, last: str) -> st.SearchStrategy[datetime]:
    """Moments in UTC from one day up to another."""
    bounds = [datetime.fromisoformat(day) for day in (first, last)]
    return st.datetimes(*bounds, timezones=st.just(UTC))


MOMENTS = moments_between("1905-01-01", "2060-01-01")
TIMES = st.builds(
    lambda hour, minute: f"{hour:02}:{minute:02}", st.integers(0, 23), st.integers(0, 59)
)
DAILY = TIMES.map(parse)
RULES = st.builds(
    lambda day, at: parse(day + at), st.sampled_from(["", *(f"{d} " for d in WEEKDAYS)]), TIMES
)
EDGES = st.sampled_from(
    [
        (BERLIN, datetime(2026, 3, 29, tzinfo=UTC)),
        (BERLIN, datetime(2026, 10, 25, tzinfo=UTC)),
        ("Pacific/Apia", datetime(2011, 12, 30, tzinfo=UTC)),
        ("Pacific/Kwajalein", datetime(1993, 8, 21, tzinfo=UTC)),
        ("America/Goose_Bay", datetime(2006, 10, 29, tzinfo=UTC)),
        ("America/Sao_Paulo", datetime(2018, 11, 4, tzinfo=UTC)),
        ("Australia/Lord_Howe", datetime(2026, 4, 4, tzinfo=UTC)),
        ("Africa/Casablanca", datetime(2026, 2, 15, tzinfo=UTC)),
        ("Europe/Amsterdam", datetime(1937, 7, 1, tzinfo=UTC)),
        ("America/Toronto", datetime(1919, 3, 31, tzinfo=UTC)),
        ("Asia/Manila", datetime(1978, 3, 22, tzinfo=UTC)),
    ]
)


def moments(rule: Rule, zone: str, start: datetime, end: datetime) -> list[datetime]:
    """Every moment of a rule after `start`, up to `end`."""
    found = []
    moment = next_moment(rule, zone, start)
    while moment is not None and moment <= end:
        found.append(moment)
        moment = next_moment(rule, zone, moment)
    return found


def utc(text: str) -> datetime:
    """A moment in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# --- rules and their moments --------------------------------------------------


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("manual", "manual"),
        (" On-Publish ", "on-publish"),
        ("fri 09:00", "fri 09:00"),
        ("FRI   9:00", "fri 09:00"),
        ("09:00", "09:00"),
        ("sun 23:59", "sun 23:59"),
    ],
)
def test_rules_are_read(text: str, rule: str) -> None:
    """A rule is manual, on-publish, weekly or daily, and prints as it is best written."""
    assert str(parse(text)) == rule
    assert parse(rule) == parse(text)


@pytest.mark.parametrize(
    "text",
    ["", "weekly", "friday 09:00", "xyz 09:00", "fri", "24:00", "9:60", "0 9 * * 5", "fri 9"],
)
def test_what_is_no_rule_is_refused_with_examples(text: str) -> None:
    """A rule that cannot be read is a fault of the settings and says what could be written."""
    with pytest.raises(SettingsError) as caught:
        parse(text)
    assert "fri" in caught.value.hint


@pytest.mark.parametrize("zone", ["", "Mars/Base", "../etc/passwd", "America", "/etc/passwd"])
def test_unknown_zone_is_refused(zone: str) -> None:
    """A zone that is none is a fault of the settings."""
    with pytest.raises(SettingsError, match="no time zone"):
        next_moment(parse("09:00"), zone, utc("2026-04-24"))


def test_rules_without_a_time_have_no_moments() -> None:
    """Manual and on-publish rules have neither a next nor a last moment."""
    for rule in (Rule(When.MANUAL), Rule(When.ON_PUBLISH)):
        assert next_moment(rule, BERLIN, utc("2026-04-24")) is None
        assert last_moment(rule, BERLIN, utc("2026-04-24")) is None
        assert occurrence(rule, BERLIN, utc("2026-04-23T22:30")) == "2026-04-24"


@pytest.mark.parametrize(
    ("rule", "after", "expected"),
    [
        ("fri 09:00", "2026-03-26T12:00", ["2026-03-27T08:00", "2026-04-03T07:00"]),
        ("fri 09:00", "2026-10-22T12:00", ["2026-10-23T07:00", "2026-10-30T08:00"]),
        ("02:30", "2026-03-28T00:00", ["2026-03-28T01:30", "2026-03-29T01:00", "2026-03-30T00:30"]),
        ("02:30", "2026-10-24T00:00", ["2026-10-24T00:30", "2026-10-25T00:30", "2026-10-26T01:30"]),
        ("09:00", "2026-03-28T00:00", ["2026-03-28T08:00", "2026-03-29T07:00"]),
    ],
)
def test_berlin_when_the_clocks_change(rule: str, after: str, expected: list[str]) -> None:
    """Local times stay local; 02:30 is 03:00 in spring and happens once in autumn."""
    found = moments(parse(rule), BERLIN, utc(after), utc(expected[-1]))
    assert found == [utc(text) for text in expected]


def test_left_out_day() -> None:
    """Samoa's missing Friday has no daily occurrence; a weekly one is taken as Saturday begins."""
    start, end = utc("2011-12-29T00:00"), utc("2012-01-01T00:00")
    days = [occurrence(parse("09:00"), "Pacific/Apia", at) for at in
            moments(parse("09:00"), "Pacific/Apia", start, end)]  # fmt: skip
    assert days == ["2011-12-29", "2011-12-31", "2012-01-01"]
    friday = parse("fri 09:00")
    at = next_moment(friday, "Pacific/Apia", start)
    assert at == utc("2011-12-30T10:00")
    assert occurrence(friday, "Pacific/Apia", at) == "2011-12-30"


@settings(deadline=None)  # not a timed test
@given(RULES, ZONES, MOMENTS)
def test_moment_is_the_rules_own(rule: Rule, zone: str, after: datetime) -> None:
    """The next moment shows the rule's time and day, unless the clock leaps over them."""
    at = next_moment(rule, zone, after)
    assert at is not None
    assert at > after
    assert at - after < timedelta(days=15)
    shown = at.astimezone(ZoneInfo(zone))
    if (shown.hour, shown.minute) != (rule.at.hour, rule.at.minute):  # type: ignore[union-attr]  # timed
        before = (at - timedelta(minutes=1)).astimezone(ZoneInfo(zone))
        assert before.utcoffset() < shown.utcoffset()  # type: ignore[operator]  # both aware
        assert shown.second == 0
    elif rule.weekday is not None:
        assert shown.weekday() == rule.weekday


@settings(deadline=None)  # not a timed test
@given(DAILY, ZONES, MOMENTS)
def test_daily_rule_happens_once_every_local_day(rule: Rule, zone: str, start: datetime) -> None:
    """Every local day of any zone has exactly one occurrence, under its own date."""
    check_once_daily(rule, zone, start)


@settings(deadline=None)  # not a timed test
@given(DAILY, EDGES)
def test_daily_rule_happens_once_where_clocks_are_strange(
    rule: Rule, edge: tuple[str, datetime]
) -> None:
    """Also around gaps and folds, at midnight, of half an hour, of seconds and of a whole day."""
    check_once_daily(rule, edge[0], edge[1] - timedelta(days=3))


def check_once_daily(rule: Rule, zone: str, start: datetime) -> None:
    """Compare the occurrences of a week with the local days the zone shows hour by hour."""
    end = start + timedelta(days=7)
    place = ZoneInfo(zone)
    hours = [start + timedelta(minutes=30 * count) for count in range(7 * 48)]
    shown = sorted({at.astimezone(place).date() for at in hours})[1:-1]
    found = moments(rule, zone, start - timedelta(days=2), end + timedelta(days=2))
    days = [date.fromisoformat(occurrence(rule, zone, at)) for at in found]
    assert days == sorted(set(days))
    assert [day for day in days if shown[0] <= day <= shown[-1]] == shown


@settings(deadline=None)  # not a timed test
@given(RULES, ZONES, MOMENTS, MOMENTS)
def test_schedule_never_goes_backwards(
    rule: Rule, zone: str, one: datetime, other: datetime
) -> None:
    """A later question never has an earlier answer, in moments and in keys."""
    first, second = sorted([one, other])
    assert next_moment(rule, zone, first) <= next_moment(rule, zone, second)  # type: ignore[operator]  # timed
    assert last_moment(rule, zone, first) <= last_moment(rule, zone, second)  # type: ignore[operator]  # timed
    assert occurrence(rule, zone, first) <= occurrence(rule, zone, second)


@settings(deadline=None)  # not a timed test
@given(RULES, ZONES, MOMENTS)
def test_last_and_next_are_neighbours(rule: Rule, zone: str, moment: datetime) -> None:
    """The next moment after the last one is the next one; a moment is its own last one."""
    last = last_moment(rule, zone, moment)
    assert last is not None
    assert last <= moment
    assert next_moment(rule, zone, last) == next_moment(rule, zone, moment)
    assert last_moment(rule, zone, last) == last


@settings(deadline=None)  # not a timed test
@given(EDGES, st.integers(0, 7 * 24 * 60))
def test_local_times_keep_their_order(edge: tuple[str, datetime], minutes: int) -> None:
    """A later local time is never an earlier moment, and a gap ends on a whole minute."""
    zone, start = edge
    wall = (start - timedelta(days=3) + timedelta(minutes=minutes)).replace(tzinfo=None)
    walls = [wall + timedelta(minutes=count) for count in range(0, 180, 7)]
    found = [local(zone, each) for each in walls]
    assert all(first <= second for first, second in pairwise(found))
    assert all(at.astimezone(ZoneInfo(zone)).second == 0 for at in found)


# --- moments people write -----------------------------------------------------

NOW = utc("2026-04-24T12:00")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-05-01 09:00", "2026-05-01T07:00"),
        (" 2026-05-01T09:00:30 ", "2026-05-01T07:00:30"),
        ("2026-03-29 02:30", "2026-03-29T01:00"),
        ("2026-10-25 02:30", "2026-10-25T00:30"),
        ("2026-05-01T09:00:00Z", "2026-05-01T09:00"),
        ("2026-05-01t09:00:00.25z", "2026-05-01T09:00:00.25"),
        ("2026-05-01 09:00 +05:30", "2026-05-01T03:30"),
        ("+10m", "2026-04-24T12:10"),
        ("+ 2h", "2026-04-24T14:00"),
        ("+1d", "2026-04-25T12:00"),
    ],
)
def test_moments_are_read(text: str, expected: str) -> None:
    """A moment is local, RFC 3339 or so much later than now, and comes out in UTC."""
    assert parse_when(text, BERLIN, NOW) == utc(expected)
    assert parse_when(text, BERLIN, NOW).tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    ["", "tomorrow", "2026-05-01", "2026-02-30 09:00", "2026-05-01 25:00", "09:00", "+10", "-10m",
     "+10w", "0001-01-01 00:00", "9999-12-31T23:59:00-12:00"],
)  # fmt: skip
def test_what_is_no_moment_is_refused_with_examples(text: str) -> None:
    """What cannot be read as a moment says what could be written."""
    with pytest.raises(RefusedError) as caught:
        parse_when(text, "Asia/Shanghai", NOW)
    assert "2026-05-01 09:00" in caught.value.hint


@settings(deadline=None)  # not a timed test
@given(st.text(max_size=30))
def test_any_text_is_a_moment_or_refused(text: str) -> None:
    """No text breaks the reading of moments."""
    with contextlib.suppress(RefusedError):
        assert parse_when(text, BERLIN, NOW).tzinfo is UTC


# --- what is due --------------------------------------------------------------

ON_PUBLISH = Rule(When.ON_PUBLISH)
MANUAL = Rule(When.MANUAL)
FRIDAY = parse("fri 09:00")  # in Berlin 2026-04-24T07:00 UTC
BEFORE = utc("2026-04-17T07:00")


def waiting(slug: str, published: str, stated: str | None = None, **facts: object) -> Waiting:
    """An issue that waits."""
    day = None if stated is None else date.fromisoformat(stated)
    return Waiting(slug, utc(published), day, **facts)  # type: ignore[arg-type]  # named by the tests


def decide(
    rule: Rule,
    now: str,
    *issues: Waiting,
    sent_up_to: datetime | None = BEFORE,
    zones: tuple[str, ...] | None = None,
) -> tuple[Due | Ask, ...]:
    """What is decided in Berlin."""
    return decide_sends(
        rule, BERLIN, candidates=issues, now=utc(now), sent_up_to=sent_up_to, zones=zones
    )


def reasons(answers: tuple[Due | Ask, ...]) -> dict[str, str]:
    """The reasons of what asks, by slug; what is due is left out."""
    return {answer.slug: answer.reason for answer in answers if isinstance(answer, Ask)}


def test_manual_rule_sends_nothing() -> None:
    """Under the default rule only a person sends, and nothing asks."""
    assert decide(MANUAL, "2026-04-24T12:00", waiting("12", "2026-04-24T12:00")) == ()


def test_on_publish_sends_the_new_issue() -> None:
    """One new issue under on-publish is due at once, under a key of its own."""
    at = utc("2026-04-24T12:00")
    answers = decide(
        ON_PUBLISH, "2026-04-24T12:01", waiting("12", "2026-04-24T12:00", "2026-04-17")
    )
    assert answers == (Due("12", at, "issue:12"),)


@pytest.mark.parametrize("rule", [ON_PUBLISH, parse("12:00")])
def test_what_came_under_the_manual_rule_asks(rule: Rule) -> None:
    """A rule switched on later does not send it, and it stands in nobody's way."""
    old = replace(waiting("12", "2026-04-24T08:00"), left_to_a_person=True)
    new = waiting("13", "2026-04-24T09:30")
    answers = decide(rule, "2026-04-24T12:01", old, new)
    assert reasons(answers) == {"12": "it was published while the rule was manual"}
    assert [answer.slug for answer in answers if isinstance(answer, Due)] == ["13"]
    assert decide(MANUAL, "2026-04-24T12:01", old, new) == ()
    timed = replace(old, send_directive="12:00")
    assert reasons(decide(rule, "2026-04-24T12:01", timed)) == {}


def test_several_new_issues_in_a_scan_ask() -> None:
    """More than one new issue in a scan asks for each, also where one says send: no."""
    two = [waiting("12", "2026-04-24T12:00"), waiting("13", "2026-04-24T12:00")]
    asked = reasons(decide(ON_PUBLISH, "2026-04-24T12:00", *two))
    assert set(asked) == {"12", "13"}
    assert "2 new issues came at once: 12, 13" in asked["12"]
    silent = waiting("14", "2026-04-24T12:00", send_directive="no")
    assert set(reasons(decide(ON_PUBLISH, "2026-04-24T12:00", two[0], silent))) == {"12"}


def test_issues_of_different_scans_are_each_sent() -> None:
    """Two issues that came in two scans do not ask because of each other."""
    first, second = waiting("12", "2026-04-24T12:00"), waiting("13", "2026-04-24T12:01")
    answers = decide(ON_PUBLISH, "2026-04-24T12:02", second, first)
    assert [answer.slug for answer in answers if isinstance(answer, Due)] == ["12", "13"]


@pytest.mark.parametrize(("stated", "asks"), [("2026-04-17", False), ("2026-04-16", True)])
@pytest.mark.parametrize("rule", [ON_PUBLISH, FRIDAY])
def test_old_date_asks(rule: Rule, stated: str, asks: bool) -> None:
    """A stated date over 7 days old asks; one of 7 days does not."""
    answers = decide(rule, "2026-04-24T07:00", waiting("12", "2026-04-24T06:00", stated))
    assert bool(reasons(answers)) == asks
    assert all("days old" in reason for reason in reasons(answers).values())


def test_age_of_a_date_is_counted_in_the_newsletters_zone() -> None:
    """Late in the evening UTC it is already the next day in Berlin."""
    issue = waiting("12", "2026-04-24T22:30", "2026-04-17")
    assert set(reasons(decide(ON_PUBLISH, "2026-04-24T22:30", issue))) == {"12"}


def test_timed_rule_sends_what_waits_at_its_moment() -> None:
    """An issue waits for the next moment of the rule and is due then, under that day's key."""
    issue = waiting("12", "2026-04-22T10:00")
    assert decide(FRIDAY, "2026-04-24T06:59", issue) == ()
    due = Due("12", utc("2026-04-24T07:00"), "2026-04-24")
    assert decide(FRIDAY, "2026-04-24T07:00", issue) == (due,)
    assert decide(FRIDAY, "2026-04-24T07:30", issue) == (due,)


def test_issue_published_after_the_moment_waits_for_the_next() -> None:
    """What comes on Friday at ten goes out a week later."""
    issue = waiting("12", "2026-04-24T08:00")
    assert decide(FRIDAY, "2026-04-24T09:00", issue) == ()
    assert decide(FRIDAY, "2026-05-01T07:00", issue) == (
        Due("12", utc("2026-05-01T07:00"), "2026-05-01"),
    )


AFAR = ("Pacific/Auckland", "America/New_York")
NINE = "2026-04-24T09:00"


def test_by_each_readers_clock_it_begins_with_the_first() -> None:
    """Where each reader's own clock counts, the send begins when the first of them shows the time."""
    issue = waiting("12", "2026-04-22T10:00")
    due = Due("12", utc("2026-04-23T21:00"), "2026-04-24", NINE)
    assert decide(FRIDAY, "2026-04-23T20:59", issue, zones=AFAR) == ()
    assert decide(FRIDAY, "2026-04-23T21:00", issue, zones=AFAR) == (due,)
    alone = Due("12", utc("2026-04-24T07:00"), "2026-04-24", NINE)
    assert decide(FRIDAY, "2026-04-24T06:59", issue, zones=()) == ()
    assert decide(FRIDAY, "2026-04-24T07:00", issue, zones=("Mars/Base",)) == (alone,)


def test_who_comes_late_joins_the_readers_to_come() -> None:
    """An issue that comes when it is nine in the east, and not yet here, is sent at once."""
    issue = waiting("12", "2026-04-24T01:00")
    due = Due("12", utc("2026-04-24T01:00"), "2026-04-24", NINE)
    assert decide(FRIDAY, "2026-04-24T01:00", issue, zones=AFAR) == (due,)


def test_a_second_issue_between_two_clocks_is_the_next_occurrences() -> None:
    """What comes after this occurrence was sent in the east waits for the next one."""
    issue = waiting("13", "2026-04-24T01:00")
    sent = utc("2026-04-22T10:00")
    assert decide(FRIDAY, "2026-04-24T07:00", issue, sent_up_to=sent, zones=AFAR) == ()
    due = Due("13", utc("2026-04-30T21:00"), "2026-05-01", "2026-05-01T09:00")
    assert decide(FRIDAY, "2026-04-30T21:00", issue, sent_up_to=sent, zones=AFAR) == (due,)


def test_issues_before_the_first_clock_ask() -> None:
    """Several that wait for the same occurrence ask, whoever's clock is first."""
    issues = [waiting("12", "2026-04-20T10:00"), waiting("13", "2026-04-22T10:00")]
    assert set(reasons(decide(FRIDAY, "2026-04-23T21:00", *issues, zones=AFAR))) == {"12", "13"}


def test_several_waiting_for_a_timed_rule_ask() -> None:
    """If several wait for the moment, nothing is sent and each asks."""
    issues = [waiting("12", "2026-04-20T10:00"), waiting("13", "2026-04-22T10:00")]
    asked = reasons(decide(FRIDAY, "2026-04-24T07:00", *issues))
    assert set(asked) == {"12", "13"}
    assert '"fri 09:00": 12, 13' in asked["13"]


def test_what_is_older_than_the_last_sent_issue_is_passed_over() -> None:
    """A timed rule sends the newest issue published since the last one that was sent."""
    issues = [waiting("12", "2026-04-20T10:00"), waiting("13", "2026-04-22T10:00")]
    answers = decide(FRIDAY, "2026-04-24T07:00", *issues, sent_up_to=utc("2026-04-20T10:00"))
    assert [answer.slug for answer in answers if isinstance(answer, Due)] == ["13"]
    assert decide(FRIDAY, "2026-04-24T07:00", *issues, sent_up_to=utc("2026-04-22T10:01")) == ()
    assert decide(ON_PUBLISH, "2026-04-20T10:00", issues[0], sent_up_to=utc("2026-04-21")) == ()


@pytest.mark.parametrize("rule", [ON_PUBLISH, FRIDAY])
def test_rest_of_a_scan_goes_on_asking(rule: Rule) -> None:
    """When of two issues of a scan one was sent, the other neither follows nor is forgotten."""
    rest, newer = waiting("13", "2026-04-22T10:00"), waiting("14", "2026-04-23T10:00")
    now = "2026-04-24T07:00"
    answers = decide(rule, now, rest, newer, sent_up_to=utc("2026-04-22T10:00"))
    assert reasons(answers) == {"13": "it came together with an issue that was sent"}
    assert [answer.slug for answer in answers if isinstance(answer, Due)] == ["14"]


def test_first_send_of_a_newsletter_needs_no_last_one() -> None:
    """While nothing was ever sent every new issue counts."""
    issue = waiting("1", "2026-04-24T12:00")
    assert len(decide(ON_PUBLISH, "2026-04-24T12:00", issue, sent_up_to=None)) == 1


@pytest.mark.parametrize(("now", "asks"), [("2026-04-25T07:00", False), ("2026-04-25T07:01", True)])
def test_automatic_send_overdue_by_a_day_asks(now: str, asks: bool) -> None:
    """An automatic send late by more than 24 hours asks under every rule."""
    timed = decide(FRIDAY, now, waiting("12", "2026-04-22T10:00"))
    at_once = decide(ON_PUBLISH, now, waiting("12", "2026-04-24T07:00"))
    stated = waiting("12", "2026-04-22T10:00", send_directive="2026-04-24 09:00")
    for answers in (timed, at_once, decide(MANUAL, now, stated)):
        assert len(answers) == 1
        assert bool(reasons(answers)) == asks
        assert all("was due at 2026-04-24 07:00" in why for why in reasons(answers).values())


def test_missed_moment_is_not_made_up_for_a_week_later() -> None:
    """An issue whose own moment was missed by days still asks when the next moment comes."""
    answers = decide(FRIDAY, "2026-05-01T07:00", waiting("12", "2026-04-22T10:00"))
    assert set(reasons(answers)) == {"12"}


@pytest.mark.parametrize("words", ["no", "No ", "false"])
def test_front_matter_may_forbid_the_send(words: str) -> None:
    """`send: no` is never sent by a rule and asks nobody."""
    issue = waiting("12", "2026-04-22T10:00", send_directive=words)
    assert decide(ON_PUBLISH, "2026-04-22T10:00", issue) == ()
    assert decide(FRIDAY, "2026-04-24T07:00", issue) == ()


@pytest.mark.parametrize("rule", [MANUAL, ON_PUBLISH, FRIDAY])
@pytest.mark.parametrize(
    ("words", "at"),
    [
        ("2026-05-02 10:00", "2026-05-02T08:00"),
        ("2026-05-02T10:00:00Z", "2026-05-02T10:00"),
        ("14:00", "2026-04-24T12:00"),
        ("Mon 8:00", "2026-04-27T06:00"),
        ("+2h", "2026-04-24T14:00"),
    ],
)
def test_front_matter_may_state_a_time(rule: Rule, words: str, at: str) -> None:
    """A time in the front matter is scheduled at once, under every rule."""
    issue = waiting("12", "2026-04-24T12:00", send_directive=words)
    assert decide(rule, "2026-04-24T12:00", issue) == (Due("12", utc(at), "issue:12"),)


def test_stated_time_survives_a_newer_send() -> None:
    """An issue with its own time goes out although a newer one was sent meanwhile."""
    issue = waiting("12", "2026-04-20T12:00", send_directive="2026-05-02 10:00")
    answers = decide(FRIDAY, "2026-04-24T12:00", issue, sent_up_to=utc("2026-04-22T00:00"))
    assert [type(answer) for answer in answers] == [Due]


def test_unreadable_time_asks() -> None:
    """A time in the front matter that is none asks with its own words."""
    issue = waiting("12", "2026-04-24T12:00", send_directive="Soon")
    asked = reasons(decide(ON_PUBLISH, "2026-04-24T12:00", issue))
    assert asked == {"12": "its front matter says send: Soon, which is no time"}


@pytest.mark.parametrize("rule", [ON_PUBLISH, FRIDAY])
def test_held_finding_waits_for_a_person(rule: Rule) -> None:
    """A finding that holds stops the automatic send and asks."""
    issue = waiting("12", "2026-04-24T07:00", findings_hold=True)
    asked = reasons(decide(rule, "2026-04-24T07:00", issue))
    assert asked == {"12": "a finding holds it"}


def test_back_catalogue_is_never_sent_by_a_rule() -> None:
    """What was there before the first scan is mailed only by a person, whatever it says."""
    old = waiting("12", "2026-04-24T07:00", back_catalogue=True)
    stated = waiting("13", "2026-04-24T07:00", back_catalogue=True, send_directive="+1h")
    for rule in (MANUAL, ON_PUBLISH, FRIDAY):
        assert decide(rule, "2026-04-24T07:00", old, stated) == ()
    new = waiting("14", "2026-04-24T07:00")
    assert reasons(decide(ON_PUBLISH, "2026-04-24T07:00", old, new)) == {}


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from([ON_PUBLISH, FRIDAY, parse("09:00"), MANUAL]),
    ZONES,
    st.lists(
        st.builds(
            Waiting,
            slug=st.uuids().map(str),
            published=moments_between("2026-01-01", "2026-02-01"),
            stated_date=st.none() | st.dates(date(2025, 12, 1), date(2026, 3, 1)),
            send_directive=st.none() | st.sampled_from(["no", "+1h", "2026-01-15 09:00", "?"]),
            findings_hold=st.booleans(),
            back_catalogue=st.booleans(),
        ),
        max_size=6,
    ),
    moments_between("2026-01-01", "2026-03-01"),
    st.none() | moments_between("2026-01-01", "2026-02-01"),
    st.none() | st.lists(ZONES, max_size=3),
)
def test_decisions_are_sane(
    rule: Rule,
    zone: str,
    issues: list[Waiting],
    now: datetime,
    sent_up_to: datetime | None,
    zones: list[str] | None,
) -> None:
    """At most one answer per issue, none too late, no two under one key, order does not matter."""

    def ask(some: list[Waiting]) -> tuple[Due | Ask, ...]:
        return decide_sends(
            rule, zone, candidates=some, now=now, sent_up_to=sent_up_to, zones=zones
        )

    answers, again = ask(issues), ask(issues[::-1])
    assert again == answers
    slugs = [answer.slug for answer in answers]
    assert len(slugs) == len(set(slugs))
    due = [answer for answer in answers if isinstance(answer, Due)]
    assert len({answer.occurrence for answer in due}) == len(due)
    facts = {issue.slug: issue for issue in issues}
    for answer in due:
        assert now - answer.at <= timedelta(hours=24)
        assert not facts[answer.slug].findings_hold
        assert not facts[answer.slug].back_catalogue
