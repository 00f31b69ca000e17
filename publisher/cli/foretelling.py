"""foretelling - what a send would be: to whom, in which language, when, by which relays, how quickly.

Faults: RefusedError for what may not be sent again, or not at that time. Never: changes anything.
See: sending (asks, then records it), delivery.speed (how long limits make it).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from publisher.cli.asking import counts
from publisher.cli.console import Context, counted
from publisher.model import DeliveryState, Kind, Newsletter, Published, Send, SendState

if TYPE_CHECKING:
    from publisher.settings import Settings, Smtp
    from publisher.store import Store
    from publisher.store.sends import Audience

PAST: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Beginning:
    """When a send begins: `at` a moment, or None for at once.

    `wall` is what each reader's own clock is to show, such as 2026-11-27T09:00; then `at` is where
    it shows that first.
    """

    at: datetime | None = None
    wall: str | None = None


def beginning(
    at: str | None, newsletter: Newsletter, now: datetime, *, local: bool, is_test: bool
) -> Beginning:
    """Read WHEN; a time on the wall is each reader's own with `local`, or where that is the rule."""
    from publisher.errors import RefusedError
    from publisher.schedule import parse_when

    if at is None:
        if local:
            raise RefusedError(
                "--local is about a time, and none was given",
                hint='add --at "2026-11-27 09:00"',
            )
        return Beginning()
    wall = None if is_test else _wall(at, now)
    if local and wall is None:
        raise RefusedError(
            f"{at!r} is the same moment for everybody"
            if not is_test
            else "a test goes to everybody at once",
            hint='with --local write a date and a time: --at "2026-11-27 09:00"',
        )
    if wall is not None and (local or newsletter.local_time):
        return Beginning(wall=f"{wall:%Y-%m-%dT%H:%M}")
    moment = parse_when(at, newsletter.timezone, now)
    _refuse_past(moment, newsletter, now)
    return Beginning(moment)


def _wall(at: str, now: datetime) -> datetime | None:
    """Read a time on the wall: what names another moment in another zone; None: it names one."""
    from publisher.schedule import parse_when

    here = parse_when(at, "UTC", now)
    return None if here == parse_when(at, "Asia/Tokyo", now) else here.replace(tzinfo=None)


def _refuse_past(moment: datetime, newsletter: Newsletter, now: datetime) -> None:
    from zoneinfo import ZoneInfo

    from publisher.errors import RefusedError

    if now - moment > PAST:
        local = moment.astimezone(ZoneInfo(newsletter.timezone))
        raise RefusedError(
            f"that moment is past: {local:%Y-%m-%d %H:%M %Z}",
            hint="leave --at away to send it now",
        )


def announce(
    console: Context,
    settings: Settings,
    store: Store,
    published: Published,
    newsletter: Newsletter,
    begin: Beginning,
    *,
    missing: bool,
    more: bool,
) -> Beginning:
    """Say who would get it and how, before anything is asked; `more`: languages and relays, too.

    Gives the beginning with its moment, where each reader has their own. Raises RefusedError for
    what may not be sent again.
    """
    from publisher.clock import utc_now
    from publisher.errors import RefusedError
    from publisher.render import headline
    from publisher.store import sends as books

    slug = published.record.slug
    with store.read() as conn:
        audience = books.audience(conn, newsletter.slug, slug)
        earlier = [
            send
            for send in books.sends(conn, newsletter.slug)
            if send.issue == slug
            and send.kind is Kind.ISSUE
            and (send.state is not SendState.CANCELLED or _reached(send))
        ]
    if not missing:
        _refuse_again(published, earlier, audience)
    console.say(f"{headline(published, newsletter)}  ({slug})")
    for line in _to_whom(newsletter, audience, missing=missing):
        console.say(line)
    number, now = audience.to_send, utc_now()
    if number == 0:
        raise RefusedError(
            "there is nobody to send it to", hint="publisher subscribers add ADDRESS"
        )
    if more:
        for line in _languages(settings, store, newsletter, slug):
            console.say(line)
    if begin.wall:
        begin = _each_their_own(console, store, newsletter, slug, begin.wall, now)
    elif begin.at is not None:
        console.say(f"at {begin.at:%Y-%m-%d %H:%M %Z}")
    for line in _how(settings, newsletter, number, max(begin.at or now, now), more=more):
        console.say(line)
    return begin


def _refuse_again(published: Published, earlier: list[Send], audience: Audience) -> None:
    from publisher.errors import RefusedError

    slug = published.record.slug
    if earlier:
        last = earlier[0]
        raise RefusedError(
            f"issue {slug} was sent already: send {last.id}, {last.state}, {counts(last)}",
            hint=f"publisher send {slug} --missing sends it to those without it"
            f" ({audience.left_over:,} left over, {audience.joined_since:,} joined since)",
        )
    if published.record.mailed:
        raise RefusedError(
            f"issue {slug} counts as mailed: it was published before this database began",
            hint=f"publisher send {slug} --missing sends it to all who have no delivery of it",
        )


def _reached(send: Send) -> int:
    return send.count(DeliveryState.ACCEPTED) + send.count(DeliveryState.IN_DOUBT)


def _to_whom(newsletter: Newsletter, audience: Audience, *, missing: bool) -> Iterator[str]:
    number = audience.to_send
    if missing:
        yield (
            f"to {number:,} of {newsletter.title}: {audience.left_over:,} left over,"
            f" {audience.joined_since:,} joined since"
        )
    else:
        yield f"to {counted(number, 'subscriber')} of {newsletter.title}"
    yield "whoever is subscribed when it begins gets it"
    if audience.already:
        yield f"not to {audience.already:,} who have it already"
    if audience.suppressed:
        yield f"not to {audience.suppressed:,} suppressed"


def _languages(
    settings: Settings, store: Store, newsletter: Newsletter, slug: str
) -> Iterator[str]:
    """Say how many read it in which language, where that is more than one."""
    from publisher import templates
    from publisher.render.words import words
    from publisher.store import account

    with store.read() as conn:
        asked = account.audience_by(conn, newsletter.slug, slug, "language")
    ours = words(templates.load(settings.home))
    read: dict[str, int] = {}
    for tag, number in asked.items():
        language = ours.for_reader(tag, newsletter.language) if tag else newsletter.language
        read[language] = read.get(language, 0) + number
    if len(read) > 1:
        by_number = sorted(read.items(), key=lambda one: (-one[1], one[0]))
        yield "languages: " + ", ".join(f"{number:,} {name}" for name, number in by_number)


def _each_their_own(
    console: Context, store: Store, newsletter: Newsletter, slug: str, wall: str, now: datetime
) -> Beginning:
    """Say where the wall shows the time first and last; refuse what is past for everybody."""
    from publisher.schedule import local_moments
    from publisher.store import account

    with store.read() as conn:
        readers = account.audience_by(conn, newsletter.slug, slug, "timezone")
    zones = [zone for zone in readers if zone]
    moments = local_moments(datetime.fromisoformat(wall), zones, newsletter.timezone)
    theirs = {zone: moments.get(zone, moments[None]) for zone in readers}
    _refuse_past(max(theirs.values()), newsletter, now)
    first, last = min(theirs.values()), max(theirs.values())
    console.say(
        f"at {wall.replace('T', ' ')} by each reader's own clock:"
        f" {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC"
    )
    unknown = readers.get(None, 0)
    if unknown:
        console.say(f"{unknown:,} without a time zone get it by that of {newsletter.timezone}")
    if past := sum(readers[zone] for zone, moment in theirs.items() if moment < now):
        console.say(f"for {past:,} it is past already: they get it at once")
    return Beginning(first, wall)


def _how(
    settings: Settings, newsletter: Newsletter, number: int, begins: datetime, *, more: bool
) -> Iterator[str]:
    """Say what comes first, what rests at night, by which relays, how long their limits make it."""
    from zoneinfo import ZoneInfo

    from publisher import schedule
    from publisher.delivery import canary_size, speed
    from publisher.delivery.limits import Limits

    if first := canary_size(number, newsletter.canary):
        yield f"{first:,} get it first, the other {number - first:,} if that goes well"
    if newsletter.quiet:
        until = schedule.quiet_until(newsletter.quiet, newsletter.timezone, begins)
        if until is not None:
            there = until.astimezone(ZoneInfo(newsletter.timezone))
            yield f"quiet hours, {newsletter.quiet}: it rests until {there:%Y-%m-%d %H:%M %Z}"
        elif more:
            yield f"quiet hours, {newsletter.quiet} {newsletter.timezone}: it rests in them"
    if settings.transport == "outbox":
        yield f"into the outbox, {settings.outbox_folder}/: nothing leaves this machine"
        return
    if settings.transport == "command":
        yield f"by the command {settings.command[0]}"
        return
    if more:
        for relay in settings.relays:
            yield f"relay {_relay(relay, settings.relays, begins)}"
    else:
        places = ", ".join(f"{one.host}:{one.port}" for one in settings.relays)
        yield f"by the relay{'s' if settings.spare else ''} {places}"
    limits = [Limits(one.per_second, one.per_hour, one.warm_up) for one in settings.relays]
    seconds = speed.at_limits(number, limits, begins.astimezone(UTC).date())
    if seconds is not None and seconds >= 60:
        yield f"it takes at least {speed.span(seconds)}: the relays' limits"


def _relay(one: Smtp, all_of_them: tuple[Smtp, ...], begins: datetime) -> str:
    """Say where a relay is and what it may be given."""
    from publisher.delivery.limits import warm_up_ceiling

    words = [f"{one.name}: {one.host}:{one.port}"]
    if len(all_of_them) > 1:
        share = 100 * one.weight / sum(other.weight for other in all_of_them)
        words.append(f"{share:.0f} %")
    if one.per_second is not None:
        words.append(f"{one.per_second:g} a second")
    if one.per_hour is not None:
        words.append(f"{one.per_hour:,} an hour")
    if one.warm_up is not None:
        ceiling = warm_up_ceiling((begins.astimezone(UTC).date() - one.warm_up).days)
        if ceiling is not None:
            words.append(f"warming up, {ceiling:,} on that day")
    return ", ".join(words)
