"""schedule.due - which issues are sent now, and which ask a person.

Mail cannot be called back. So everything unusual asks a person instead of sending: several issues
at once, an old date, lateness, a finding that holds.
Faults: SettingsError for a zone that is none. Never: asks the time, reads the ledger.
See: rules (the moments), run (calls it).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from publisher.errors import PublisherError
from publisher.schedule.moments import SECOND, local_moments, parse_when, place_of
from publisher.schedule.rules import TIMED, Rule, When, next_moment, occurrence, parse

OVERDUE: Final = timedelta(hours=24)
OLD: Final = timedelta(days=7)


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
    """An issue to be sent at a moment; `occurrence` is what makes that happen once.

    `wall` is what each reader's own clock shows then ("2026-11-27T09:00"), where those count; `at`
    is the moment of the first of them.
    """

    slug: str
    at: datetime
    occurrence: str
    wall: str | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """An issue that waits for a person, and why in words."""

    slug: str
    reason: str


def decide_sends(
    rule: Rule,
    zone: str,
    *,
    candidates: Sequence[Waiting],
    now: datetime,
    sent_up_to: datetime | None,
    zones: Collection[str] | None = None,
) -> tuple[Due | Ask, ...]:
    """Decide which issues are sent and which ask a person; the others wait in silence.

    `candidates`: the issues without any send, not withdrawn. `sent_up_to`: the `published` of the
    newest issue that has ever been sent; what was published earlier is passed over by the rule,
    because whoever sent the newer one has decided about it; what came in the same scan goes on
    asking. What was published under the manual rule asks, too, once another is in force. A time in
    the front matter is a person's own decision: it holds under every rule, and only lateness and
    findings stop it.

    `zones`: those of the readers, where a timed rule means each reader's own clock; else None. The
    send begins with the first of them. An issue that comes later, though before the newsletter's
    own clock shows the time, joins the readers to come; where one was sent already it is the next
    occurrence's.
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
        answers += _timed(_Clocks(rule, zone, zones, sent_up_to), by_rule, waiting, now)
    return tuple(answers)


def _directive(issue: Waiting) -> str:
    words = (issue.send_directive or "").strip().lower()
    return "no" if words in {"no", "false", "off", "never", "manual"} else words


def _by_front_matter(issue: Waiting, zone: str, now: datetime) -> Due | Ask:
    """Schedule what states its own time: a moment, or a time of day after its publication."""
    words = _directive(issue)
    try:
        if TIMED.fullmatch(words):
            at = next_moment(parse(words), zone, issue.published - SECOND)
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


@dataclass(frozen=True, slots=True)
class _Clocks:
    """A timed rule, and whose clocks it goes by."""

    rule: Rule
    zone: str
    zones: Collection[str] | None
    sent_up_to: datetime | None

    def due(self, issue: Waiting) -> Due:
        """Give the occurrence an issue is of, and when that begins for it."""
        at = self._next(issue.published - timedelta(microseconds=1))
        if self.zones is None:
            return Due(issue.slug, at, occurrence(self.rule, self.zone, at))
        day, first = self._day(at)
        if first < issue.published and self._is_taken(day):
            day, first = self._day(self._next(at))
        wall = f"{day}T{self.rule.at:%H:%M}"
        return Due(issue.slug, max(issue.published, first), day, wall)

    def _next(self, after: datetime) -> datetime:
        return next_moment(self.rule, self.zone, after) or after

    def _day(self, at: datetime) -> tuple[str, datetime]:
        """Give the local day of a moment of the rule, and when it comes to the first reader."""
        day = occurrence(self.rule, self.zone, at)
        wall = datetime.combine(date.fromisoformat(day), self.rule.at or time())
        return day, min(local_moments(wall, self.zones or (), self.zone).values())

    def _is_taken(self, day: str) -> bool:
        if self.sent_up_to is None:
            return False
        last = self._next(self.sent_up_to - timedelta(microseconds=1))
        return occurrence(self.rule, self.zone, last) == day


def _timed(
    clocks: _Clocks, by_rule: Sequence[Waiting], waiting: Sequence[Waiting], now: datetime
) -> list[Due | Ask]:
    """Send the one issue that waited for the rule's last moment; several ask."""
    ready = [(issue, due) for issue in by_rule if (due := clocks.due(issue)).at <= now]
    if len(ready) > 1:
        names = ", ".join(issue.slug for issue, _ in ready)
        why = f'several issues wait for "{clocks.rule}": {names}'
        return [Ask(issue.slug, why) for issue, _ in ready]
    return [
        _unusual(issue, waiting, clocks.zone) or _unless_held(issue, due.at, now) or due
        for issue, due in ready
    ]


def _unusual(issue: Waiting, waiting: Sequence[Waiting], zone: str) -> Ask | None:
    """Ask about what came together with others, and about what was old when it came."""
    together = [other.slug for other in waiting if other.published == issue.published]
    if len(together) > 1:
        return Ask(issue.slug, f"{len(together)} new issues came at once: {', '.join(together)}")
    came = issue.published.astimezone(place_of(zone)).date()
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
