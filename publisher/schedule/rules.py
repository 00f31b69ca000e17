"""schedule.rules - send rules, and their moments: one on every local day a timed rule names.

Its key is that day's date. A day left out altogether, as where a country crossed the date line, has
no daily occurrence; a weekly one is taken as the next day begins.
Faults: SettingsError for a rule or a zone that is none. Never: asks the time.
See: moments (gaps and folds), due (asks).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Final

from publisher.errors import SettingsError
from publisher.schedule.moments import DAY, has_day, local, place_of

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
TIMED: Final = re.compile(r"(?:(?P<day>[a-z]+) +)?(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})")
_RULES: Final = (
    'write "manual", "on-publish", a day and a time as "fri 09:00", or "09:00" for daily'
)


class When(StrEnum):
    """The three kinds of rule."""

    MANUAL = "manual"
    ON_PUBLISH = "on-publish"
    TIMED = "timed"


@dataclass(frozen=True, slots=True)
class Rule:
    """A send rule; `at` only where it is timed, `weekday` (0 is Monday) where it is weekly."""

    when: When
    at: time | None = None
    weekday: int | None = None

    def __str__(self) -> str:
        if self.at is None:
            return self.when.value
        day = "" if self.weekday is None else f"{WEEKDAYS[self.weekday]} "
        return f"{day}{self.at:%H:%M}"


def parse(text: str) -> Rule:
    """Read a send rule."""
    words = " ".join(text.split()).lower()
    if words == When.MANUAL:
        return Rule(When.MANUAL)
    if words == When.ON_PUBLISH:
        return Rule(When.ON_PUBLISH)
    found = TIMED.fullmatch(words)
    if found is None:
        raise SettingsError(f"{text!r} is no send rule", where="send", hint=_RULES)
    day = found["day"]
    if day is not None and day not in WEEKDAYS:
        days = ", ".join(WEEKDAYS)
        raise SettingsError(f"{day!r} is no day of the week", where="send", hint=f"one of {days}")
    hour, minute = int(found["hour"]), int(found["minute"])
    if hour > 23 or minute > 59:
        raise SettingsError(f"{text!r} is no time of day", where="send", hint=_RULES)
    weekday = None if day is None else WEEKDAYS.index(day)
    return Rule(When.TIMED, time(hour, minute), weekday)


def next_moment(rule: Rule, zone: str, after: datetime) -> datetime | None:
    """Give the first moment of a timed rule later than `after`; None where the rule has no time."""
    start = after.astimezone(place_of(zone)).date() - 2 * DAY
    return next((at for _, at in _occurrences(rule, zone, start, DAY) if at > after), None)


def last_moment(rule: Rule, zone: str, before: datetime) -> datetime | None:
    """Give the last moment of a timed rule not later than `before`; None without a time."""
    start = before.astimezone(place_of(zone)).date() + 2 * DAY
    return next((at for _, at in _occurrences(rule, zone, start, -DAY) if at <= before), None)


def occurrence(rule: Rule, zone: str, moment: datetime) -> str:
    """Name the occurrence that is current at a moment, by its local date.

    For a timed rule that is the last one not later than the moment, else the local day.
    """
    start = moment.astimezone(place_of(zone)).date()
    found = _occurrences(rule, zone, start + 2 * DAY, -DAY)
    return next((day for day, at in found if at <= moment), start).isoformat()


def _occurrences(
    rule: Rule, zone: str, start: date, step: timedelta
) -> Iterator[tuple[date, datetime]]:
    """Walk the days from `start` and give those the rule names, each with its moment."""
    if rule.at is None:
        return
    day = start
    while True:
        is_named = has_day(zone, day) if rule.weekday is None else day.weekday() == rule.weekday
        if is_named:
            yield day, local(zone, datetime.combine(day, rule.at))
        day += step
