"""schedule.moments - what a clock on the wall shows, and the moment that is; moments people write.

A time that does not exist (the clock is put forward) is the first minute after the gap, one that
exists twice the first of the two.
Faults: SettingsError for a zone that is none, RefusedError for a moment that is none.
Never: asks the time. See: rules (moments that come again), quiet.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from publisher.errors import RefusedError, SettingsError

DAY: Final = timedelta(days=1)
SECOND: Final = timedelta(seconds=1)
_LATER: Final = re.compile(r"\+ *(?P<count>[0-9]{1,6}) *(?P<unit>[mhd])")
_MOMENT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ Tt][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?"
    r"(?P<offset> ?(?:[Zz]|[+-][0-9]{2}:[0-9]{2}))?"
)
_MOMENTS: Final = (
    'write "2026-05-01 09:00" in the newsletter\'s zone, "2026-05-01T07:00:00Z", or "+10m", "+2h", '
    '"+1d"'
)


def local(zone: str, wall: datetime) -> datetime:
    """Turn a local time into the moment it names, in UTC.

    Inside a gap that is the first minute after it, inside a fold the first of the two.
    """
    place = place_of(zone)
    wall = wall.replace(microsecond=0, tzinfo=None, fold=0)
    moment = wall.replace(tzinfo=place).astimezone(UTC)
    if moment.astimezone(place).replace(tzinfo=None) == wall:
        return moment
    # In a gap fold 0 reads with the offset before it, fold 1 with the one after: the clock is put
    # forward somewhere between the two readings.
    early = wall.replace(tzinfo=place, fold=1).astimezone(UTC)
    offset = early.astimezone(place).utcoffset()
    late = moment
    while late - early > SECOND:
        middle = early + (late - early) // SECOND // 2 * SECOND
        if middle.astimezone(place).utcoffset() == offset:
            early = middle
        else:
            late = middle
    seconds = late.astimezone(place).second
    return late + timedelta(seconds=-seconds % 60)


def local_late(zone: str, wall: datetime) -> datetime:
    """Turn a local time into the last moment it names: inside a fold the second of the two."""
    place = place_of(zone)
    wall = wall.replace(microsecond=0, tzinfo=None, fold=0)
    moment = wall.replace(tzinfo=place, fold=1).astimezone(UTC)
    if moment.astimezone(place).replace(tzinfo=None, fold=0) == wall:
        return moment
    return local(zone, wall)


def local_moments(
    wall: datetime, zones: Iterable[str], default_zone: str
) -> dict[str | None, datetime]:
    """Give the moment at which the clocks of each zone show a time; None is everybody else's.

    That is the default zone's, and so is that of a zone that is none: it came from an import.
    """
    moments: dict[str | None, datetime] = {None: local(default_zone, wall)}
    for zone in zones:
        try:
            moments[zone] = local(zone, wall)
        except SettingsError:
            moments[zone] = moments[None]
    return moments


def has_day(zone: str, day: date) -> bool:
    """Whether a zone had that day at all; Samoa had no 30 December 2011."""
    begins = local(zone, datetime.combine(day, time()))
    return begins.astimezone(place_of(zone)).date() == day


def place_of(name: str) -> ZoneInfo:
    """Find a zone by its name."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        hint = 'write a name of the IANA list, such as "Europe/Berlin" or "Asia/Shanghai"'
        raise SettingsError(f"{name!r} is no time zone", where="timezone", hint=hint) from None


# --- moments people write -----------------------------------------------------


def parse_when(text: str, zone: str, now: datetime) -> datetime:
    """Read a moment as people write it: local, RFC 3339, or so much later than now; in UTC."""
    words = text.strip()
    later = _LATER.fullmatch(words.lower())
    if later is not None:
        unit = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": DAY}[later["unit"]]
        return now.astimezone(UTC) + int(later["count"]) * unit
    found = _MOMENT.fullmatch(words)
    if found is None:
        raise RefusedError(f"{text!r} is no moment", hint=_MOMENTS)
    try:
        moment = datetime.fromisoformat(words.replace(" +", "+").replace(" -", "-").upper())
    except ValueError as error:
        raise RefusedError(f"{text!r} is no moment: {error}", hint=_MOMENTS) from None
    try:
        return local(zone, moment) if found["offset"] is None else moment.astimezone(UTC)
    except OverflowError:
        raise RefusedError(f"{text!r} is too far away", hint=_MOMENTS) from None
