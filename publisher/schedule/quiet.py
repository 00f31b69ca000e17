"""schedule.quiet - the hours in which nothing leaves, by the clock on the wall.

They begin at the first moment their first time names and end at the last one their end names: on
the night clocks are put back they are an hour longer, or one time on the wall would be quiet once
and loud once. Where they cross midnight they belong to the day they begin on.
Faults: SettingsError for hours or a zone that are none. Never: asks the time.
See: moments (gaps and folds), send (keeps mail back).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, time
from typing import Final, NamedTuple

from publisher.errors import SettingsError
from publisher.model import Kind, Newsletter, Send, SendState
from publisher.schedule.moments import DAY, local, local_late, place_of

_HOURS: Final = re.compile(r"([0-9]{1,2}):([0-9]{2})-([0-9]{1,2}):([0-9]{2})")


class Quiet(NamedTuple):
    """Quiet hours: from when to when."""

    start: time
    end: time


def parse_quiet(text: str) -> Quiet | None:
    """Read quiet hours such as "22:00-07:00"; "" is none."""
    words = "".join(text.split())
    if not words:
        return None
    found = _HOURS.fullmatch(words)
    hint = 'write from when to when, such as "22:00-07:00"'
    try:
        hours = [int(one) for one in found.groups()] if found else [99, 99, 99, 99]
        start, end = time(hours[0], hours[1]), time(hours[2], hours[3])
    except ValueError:
        raise SettingsError(f"{text!r} are no hours", where="quiet", hint=hint) from None
    if start == end:
        raise SettingsError(f"{text!r} are all hours, or none", where="quiet", hint=hint)
    return Quiet(start, end)


def quiet_until(rule: str, zone: str, now: datetime) -> datetime | None:
    """Tell when the quiet hours that are now end, in UTC; None when it is not quiet."""
    hours = parse_quiet(rule)
    if hours is None:
        return None
    until = now
    while (end := _end(hours, zone, until)) is not None:
        until = end
    return until.astimezone(UTC) if until > now else None


def quiet_words(send: Send, newsletter: Newsletter | None, now: datetime) -> str:
    """Say until when quiet hours hold a running send, by its newsletter's clock; "": they do not.

    Tests leave at any hour.
    """
    if newsletter is None or send.state is not SendState.RUNNING or send.kind is Kind.TEST:
        return ""
    until = quiet_until(newsletter.quiet, newsletter.timezone, now)
    if until is None:
        return ""
    return f"quiet hours until {until.astimezone(place_of(newsletter.timezone)):%H:%M %Z}"


def _end(hours: Quiet, zone: str, moment: datetime) -> datetime | None:
    """Give the end of the hours a moment is in; where days are left out, others may follow."""
    today = moment.astimezone(place_of(zone)).date()
    for day in (today - DAY, today, today + DAY):  # put back at midnight, tomorrow has begun once
        last = day + DAY if hours.end < hours.start else day
        end = local_late(zone, datetime.combine(last, hours.end))
        if local(zone, datetime.combine(day, hours.start)) <= moment < end:
            return end
    return None
