"""schedule - when a newsletter is sent: the send rule, its moments, what is due and what asks.

A timed rule has one occurrence on every local day it names. Its key is that day's date, so that an
occurrence kept by the ledger under its key happens once, whatever the clock or the rule does later.
A time that does not exist (the clock is put forward) is taken at the first minute after the gap;
one that exists twice at the first of the two. A day left out altogether, as where a country crossed
the date line, has no daily occurrence; a weekly one is taken as the next day begins.

Mail cannot be called back. So everything unusual asks a person instead of sending: several issues
at once, an old date, lateness, a finding that holds.
Faults: SettingsError for a rule or a zone that is none, RefusedError for a moment that is none.
Never: asks the time, reads the ledger. See: run (calls it), store/ledger (keeps the keys).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from publisher.errors import PublisherError, RefusedError, SettingsError

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
OVERDUE: Final = timedelta(hours=24)
OLD: Final = timedelta(days=7)
_DAY: Final = timedelta(days=1)
_SECOND: Final = timedelta(seconds=1)
_TIMED: Final = re.compile(r"(?:(?P<day>[a-z]+) +)?(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})")
_LATER: Final = re.compile(r"\+ *(?P<count>[0-9]{1,6}) *(?P<unit>[mhd])")
_MOMENT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ Tt][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?"
    r"(?P<offset> ?(?:[Zz]|[+-][0-9]{2}:[0-9]{2}))?"
)
_RULES: Final = (
    'write "manual", "on-publish", a day and a time as "fri 09:00", or "09:00" for daily'
)
_MOMENTS: Final = (
    'write "2026-05-01 09:00" in the newsletter\'s zone, "2026-05-01T07:00:00Z", or "+10m", "+2h", '
    '"+1d"'
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


@dataclass(frozen=True, slots=True)
class Waiting:
    """An issue without a send.

    Issues with the same `published` came in the same scan. `send_directive` is `send:` of the front
    matter as written; `findings_hold` says that a finding waits for a person; `left_to_a_person`
    that no other rule than manual was in force when it was published.
    """

    slug: str
    published: datetime
    stated_date: date | None = None
    send_directive: str | None = None
    findings_hold: bool = False
    back_catalogue: bool = False
    left_to_a_person: bool = False


@dataclass(frozen=True, slots=True)
class Due:
    """An issue to be sent at a moment; `occurrence` is what makes that happen once."""

    slug: str
    at: datetime
    occurrence: str


@dataclass(frozen=True, slots=True)
class Ask:
    """An issue that waits for a person, and why in words."""

    slug: str
    reason: str


# --- rules and their moments --------------------------------------------------


def parse(text: str) -> Rule:
    """Read a send rule."""
    words = " ".join(text.split()).lower()
    if words == When.MANUAL:
        return Rule(When.MANUAL)
    if words == When.ON_PUBLISH:
        return Rule(When.ON_PUBLISH)
    found = _TIMED.fullmatch(words)
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
    start = after.astimezone(_zone(zone)).date() - 2 * _DAY
    return next((at for _, at in _occurrences(rule, zone, start, _DAY) if at > after), None)


def last_moment(rule: Rule, zone: str, before: datetime) -> datetime | None:
    """Give the last moment of a timed rule not later than `before`; None without a time."""
    start = before.astimezone(_zone(zone)).date() + 2 * _DAY
    return next((at for _, at in _occurrences(rule, zone, start, -_DAY) if at <= before), None)


def occurrence(rule: Rule, zone: str, moment: datetime) -> str:
    """Name the occurrence that is current at a moment, by its local date.

    For a timed rule that is the last one not later than the moment, else the local day.
    """
    start = moment.astimezone(_zone(zone)).date()
    found = _occurrences(rule, zone, start + 2 * _DAY, -_DAY)
    return next((day for day, at in found if at <= moment), start).isoformat()


def local(zone: str, wall: datetime) -> datetime:
    """Turn a local time into the moment it names, in UTC.

    Inside a gap that is the first minute after it, inside a fold the first of the two.
    """
    place = _zone(zone)
    wall = wall.replace(microsecond=0, tzinfo=None, fold=0)
    moment = wall.replace(tzinfo=place).astimezone(UTC)
    if moment.astimezone(place).replace(tzinfo=None) == wall:
        return moment
    # In a gap fold 0 reads with the offset before it, fold 1 with the one after: the clock is put
    # forward somewhere between the two readings.
    early = wall.replace(tzinfo=place, fold=1).astimezone(UTC)
    offset = early.astimezone(place).utcoffset()
    late = moment
    while late - early > _SECOND:
        middle = early + (late - early) // _SECOND // 2 * _SECOND
        if middle.astimezone(place).utcoffset() == offset:
            early = middle
        else:
            late = middle
    seconds = late.astimezone(place).second
    return late + timedelta(seconds=-seconds % 60)


def _occurrences(
    rule: Rule, zone: str, start: date, step: timedelta
) -> Iterator[tuple[date, datetime]]:
    """Walk the days from `start` and give those the rule names, each with its moment."""
    if rule.at is None:
        return
    day = start
    while True:
        is_named = _exists(zone, day) if rule.weekday is None else day.weekday() == rule.weekday
        if is_named:
            yield day, local(zone, datetime.combine(day, rule.at))
        day += step


def _exists(zone: str, day: date) -> bool:
    """Whether a zone had that day at all; Samoa had no 30 December 2011."""
    begins = local(zone, datetime.combine(day, time()))
    return begins.astimezone(_zone(zone)).date() == day


def _zone(name: str) -> ZoneInfo:
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
        unit = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": _DAY}[later["unit"]]
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


# --- what is due --------------------------------------------------------------


def decide_sends(
    rule: Rule,
    zone: str,
    *,
    candidates: Sequence[Waiting],
    now: datetime,
    sent_up_to: datetime | None,
) -> tuple[Due | Ask, ...]:
    """Decide which issues are sent and which ask a person; the others wait in silence.

    `candidates`: the issues without any send, not withdrawn. `sent_up_to`: the `published` of the
    newest issue that has ever been sent; what was published earlier is passed over by the rule,
    because whoever sent the newer one has decided about it; what came in the same scan goes on
    asking. What was published under the manual rule asks, too, once another is in force. A time in
    the front matter is a person's own decision: it holds under every rule, and only lateness and
    findings stop it.
    """
    waiting = sorted(candidates, key=lambda issue: (issue.published, issue.slug))
    waiting = [issue for issue in waiting if not issue.back_catalogue]
    by_hand = [issue for issue in waiting if _directive(issue) not in {"", "no"}]
    by_rule = [
        issue
        for issue in waiting
        if _directive(issue) == "" and (sent_up_to is None or issue.published > sent_up_to)
    ]
    answers: list[Due | Ask] = [_by_front_matter(issue, zone, now) for issue in by_hand]
    if rule.when is not When.MANUAL:
        answers += [
            Ask(issue.slug, "it came together with an issue that was sent")
            for issue in waiting
            if _directive(issue) == "" and issue.published == sent_up_to
        ]
        answers += [
            Ask(issue.slug, "it was published while the rule was manual")
            for issue in by_rule
            if issue.left_to_a_person
        ]
        by_rule = [issue for issue in by_rule if not issue.left_to_a_person]
    if rule.when is When.ON_PUBLISH:
        answers += [_on_publish(issue, waiting, zone, now) for issue in by_rule]
    elif rule.when is When.TIMED:
        answers += _timed(rule, zone, by_rule, waiting, now)
    return tuple(answers)


def _directive(issue: Waiting) -> str:
    words = (issue.send_directive or "").strip().lower()
    return "no" if words in {"no", "false", "off", "never", "manual"} else words


def _by_front_matter(issue: Waiting, zone: str, now: datetime) -> Due | Ask:
    """Schedule what states its own time: a moment, or a time of day after its publication."""
    words = _directive(issue)
    try:
        if _TIMED.fullmatch(words):
            at = next_moment(parse(words), zone, issue.published - _SECOND)
        else:
            at = parse_when(words, zone, issue.published)
    except PublisherError:
        return Ask(
            issue.slug, f"its front matter says send: {issue.send_directive}, which is no time"
        )
    at = at or issue.published
    return _unless_held(issue, at, now) or Due(issue.slug, at, f"issue:{issue.slug}")


def _on_publish(issue: Waiting, waiting: Sequence[Waiting], zone: str, now: datetime) -> Due | Ask:
    why = _unusual(issue, waiting, zone) or _unless_held(issue, issue.published, now)
    return why or Due(issue.slug, issue.published, f"issue:{issue.slug}")


def _timed(
    rule: Rule, zone: str, by_rule: Sequence[Waiting], waiting: Sequence[Waiting], now: datetime
) -> list[Due | Ask]:
    """Send the one issue that waited for the rule's last moment; several ask."""
    moment = last_moment(rule, zone, now)
    ready = [issue for issue in by_rule if moment is not None and issue.published <= moment]
    if len(ready) > 1:
        names = ", ".join(issue.slug for issue in ready)
        return [Ask(issue.slug, f'several issues wait for "{rule}": {names}') for issue in ready]
    answers: list[Due | Ask] = []
    for issue in ready:
        first = next_moment(rule, zone, issue.published - timedelta(microseconds=1))
        at = first or issue.published
        why = _unusual(issue, waiting, zone) or _unless_held(issue, at, now)
        answers.append(why or Due(issue.slug, at, occurrence(rule, zone, at)))
    return answers


def _unusual(issue: Waiting, waiting: Sequence[Waiting], zone: str) -> Ask | None:
    """Ask about what came together with others, and about what was old when it came."""
    together = [other.slug for other in waiting if other.published == issue.published]
    if len(together) > 1:
        return Ask(issue.slug, f"{len(together)} new issues came at once: {', '.join(together)}")
    came = issue.published.astimezone(_zone(zone)).date()
    if issue.stated_date is not None and came - issue.stated_date > OLD:
        days = (came - issue.stated_date).days
        return Ask(issue.slug, f"its date, {issue.stated_date}, was {days} days old when it came")
    return None


def _unless_held(issue: Waiting, at: datetime, now: datetime) -> Ask | None:
    """Ask about what a finding holds and about what is late."""
    if issue.findings_hold:
        return Ask(issue.slug, "a finding holds it")
    if now - at > OVERDUE:
        hours = int((now - at) / timedelta(hours=1))
        return Ask(issue.slug, f"it was due at {at:%Y-%m-%d %H:%M} UTC, {hours} hours ago")
    return None
