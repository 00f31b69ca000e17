"""sending - `send`, `pause`, `resume`, `cancel`: the conversation before mail leaves.

A send is recorded first; a running sender takes it, otherwise this process sends it. Without
`--yes` it begins after the undo minute. See: send (the hall), schedule.parse_when
(WHEN), asking (`sends` and `who`).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from publisher.cli.asking import counts, existing, sends, who
from publisher.cli.console import (
    Context,
    ask,
    complain,
    counted,
    show_findings,
    stoppable,
    tally,
)
from publisher.cli.publishing import ISSUE, YES, record_slug
from publisher.model import (
    DeliveryState,
    Finding,
    Kind,
    Level,
    Newsletter,
    Published,
    Send,
    SendState,
)

if TYPE_CHECKING:
    from publisher.settings import Settings
    from publisher.store import Store

SEND = Annotated[int, typer.Argument(help="The number `publisher sends` prints.", metavar="SEND")]
UNDO = timedelta(seconds=60)
PAST = timedelta(minutes=1)


def register(app: typer.Typer) -> None:
    """Add the commands of this room."""
    app.command()(send)
    app.command()(sends)
    app.command()(who)
    app.command()(pause)
    app.command()(resume)
    app.command()(cancel)


def send(
    context: typer.Context,
    issue: ISSUE,
    to: Annotated[
        list[str] | None,
        typer.Option(help="Send a test, to this address only; may be repeated.", metavar="ADDRESS"),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(help="When: YYYY-MM-DD HH:MM local, RFC 3339, +10m.", metavar="WHEN"),
    ] = None,
    missing: Annotated[
        bool, typer.Option("--missing", help="Send it to those who have not had it.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say who would get it; send nothing.")
    ] = False,
    yes: YES = False,
    wait: Annotated[bool, typer.Option("--wait", help="Stay until it is done.")] = False,
) -> None:
    """Send an issue to its subscribers, once; with --to, a test."""
    from publisher.clock import utc_now

    console: Context = context.obj
    settings = console.settings()
    newsletter = console.newsletter(settings)
    moment = _moment(at, newsletter, utc_now())
    with console.store(settings) as store:
        slug = record_slug(store, settings, newsletter, issue)
        published = _published(store, newsletter, slug)
        _preflight(console, settings, published, newsletter, store)
        if to:
            to = _checked(settings, store, newsletter, to)
        else:
            _announce(console, store, published, newsletter, missing=missing, when=moment)
        if dry_run:
            console.say("dry run: nothing was recorded, nothing was sent")
            return
        if not to and not yes and not ask("send it?"):
            raise typer.Exit(1)
        now = utc_now()
        begin = moment or (now if yes or to else now + UNDO)
        with stoppable() as undo:  # from here on it must not be left scheduled by accident
            number = _record(store, newsletter, slug, to or (), begin, now, missing=missing)
            begins = _begins(
                console, settings, store, number, begin, undo, wait=wait, is_test=bool(to)
            )
        if begins:
            _follow(console, settings, store, number, is_test=bool(to))


def _published(store: Store, newsletter: Newsletter, slug: str) -> Published:
    from publisher.errors import RefusedError
    from publisher.store import issues

    with store.read() as conn:
        got = issues.get(conn, newsletter.slug, slug)
    record, content = got if got is not None else (None, None)
    if record is None or content is None:
        raise RefusedError(
            f"the text of issue {slug} is gone", hint="put its digest back and publish it"
        )
    if record.withdrawn is not None:
        raise RefusedError(
            f"issue {slug} is withdrawn", hint=f"publisher withdraw {slug} --restore"
        )
    return Published(content, record)


def _preflight(
    console: Context, settings: Settings, published: Published, newsletter: Newsletter, store: Store
) -> None:
    """Show what preflight warns of; a stop refuses the send, with all reasons at once."""
    from publisher import preflight, templates
    from publisher.publish import judged
    from publisher.send import refusals
    from publisher.store import issues

    with store.read() as conn:
        earlier = preflight.shelved(issues.records(conn, newsletter.slug))
    found = judged(published, newsletter, templates.load(settings.home), earlier)
    findings: list[Finding] = [*found, *settings.findings, *refusals(settings, newsletter)]
    place = f"{newsletter.digests}/{published.record.path}"
    show_findings(place, [one for one in findings if one.level is not Level.NOTE])
    if told := tally(findings):
        console.say(f"preflight: {told}")
    if any(one.level is Level.STOP for one in findings):
        complain("not sent", "mend the findings above, then send again")
        raise typer.Exit(1)


def _moment(at: str | None, newsletter: Newsletter, now: datetime) -> datetime | None:
    from zoneinfo import ZoneInfo

    from publisher.errors import RefusedError
    from publisher.schedule import parse_when

    moment = parse_when(at, newsletter.timezone, now) if at else None
    if moment is not None and now - moment > PAST:
        local = moment.astimezone(ZoneInfo(newsletter.timezone))
        raise RefusedError(
            f"that moment is past: {local:%Y-%m-%d %H:%M %Z}",
            hint="leave --at away to send it now",
        )
    return moment


def _checked(settings: Settings, store: Store, newsletter: Newsletter, to: list[str]) -> list[str]:
    """Give the addresses of a test, each once; refuse what is none and what is never mailed."""
    from publisher.errors import RefusedError
    from publisher.settings import secret_key
    from publisher.store import subscribers

    for address in to:
        if reason := subscribers.valid(address):
            raise RefusedError(f"{address!r} is not an address to write to: {reason}")
        with store.read() as conn:
            barred = subscribers.is_suppressed(
                conn, newsletter.slug, address, key=secret_key(settings)
            )
        if barred:
            raise RefusedError(f"{address} is suppressed: {barred}")
    return list({subscribers.folded(address): address for address in to}.values())


def _announce(
    console: Context,
    store: Store,
    published: Published,
    newsletter: Newsletter,
    *,
    missing: bool,
    when: datetime | None,
) -> None:
    """Say who would get it, before anything is asked; refuse what may not be sent again."""
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
    number = audience.to_send
    console.say(f"{headline(published, newsletter)}  ({slug})")
    if missing:
        console.say(
            f"to {number:,} of {newsletter.title}: {audience.left_over:,} left over,"
            f" {audience.joined_since:,} joined since"
        )
    else:
        console.say(f"to {counted(number, 'subscriber')} of {newsletter.title}")
    console.say("whoever is subscribed when it begins gets it")
    if audience.already:
        console.say(f"not to {audience.already:,} who have it already")
    if audience.suppressed:
        console.say(f"not to {audience.suppressed:,} suppressed")
    if when is not None:
        console.say(f"at {when:%Y-%m-%d %H:%M %Z}")
    if number == 0:
        raise RefusedError(
            "there is nobody to send it to", hint="publisher subscribers add ADDRESS"
        )


def _reached(send: Send) -> int:
    return send.count(DeliveryState.ACCEPTED) + send.count(DeliveryState.IN_DOUBT)


def _record(
    store: Store,
    newsletter: Newsletter,
    slug: str,
    to: list[str] | tuple[str, ...],
    begin: datetime,
    now: datetime,
    *,
    missing: bool,
) -> int:
    from publisher.store import sends as books

    with store.begin() as conn:
        return books.create_send(
            conn,
            newsletter.slug,
            slug,
            Kind.TEST if to else Kind.ISSUE,
            at=begin,
            now=now,
            missing=missing,
            addresses=to,
        )


def _begins(
    console: Context,
    settings: Settings,
    store: Store,
    number: int,
    begin: datetime,
    undo: threading.Event,
    *,
    wait: bool,
    is_test: bool,
) -> bool:
    """Wait until the send begins; False where it is left to the running sender."""
    from publisher import run
    from publisher.clock import utc_now

    running = run.is_running(settings.home)
    delay = (begin - utc_now()).total_seconds()
    if running and not wait and not is_test:
        console.say(f"send {number} is recorded; the running sender takes it")
        if delay > 1:
            console.say(f"publisher cancel {number} undoes it within {delay:.0f} s")
        return False
    if delay > UNDO.total_seconds() + 1 and not wait:
        console.say(f"send {number} is recorded for {begin:%Y-%m-%d %H:%M %Z}")
        console.say("it leaves when `publisher run` is running then")
        return False
    _undo_minute(console, store, number, delay, undo)
    return True


def _follow(
    console: Context, settings: Settings, store: Store, number: int, *, is_test: bool
) -> None:
    """Watch the running sender send it, or send it from here."""
    from publisher import run

    running = run.is_running(settings.home)
    if running:
        done = _watch(console, store, number, lambda: run.is_running(settings.home))
    else:
        done = _send_from_here(console, settings, store, number)
    if done.state is SendState.PAUSED:
        complain(f"send {number} is paused: {done.note}", f"publisher resume {number}")
        raise typer.Exit(1)
    console.say(f"send {number}: {done.state}; {counts(done)}")
    if running and done.state in {SendState.SCHEDULED, SendState.RUNNING}:
        complain(
            "`publisher run` ended before the send did",
            "it goes on when `publisher run` runs again",
        )
        raise typer.Exit(1)
    if settings.transport == "outbox":
        console.say(f"the messages are in {settings.outbox_folder}/")
    if done.count(DeliveryState.REFUSED) and is_test:
        raise typer.Exit(1)


def _undo_minute(
    console: Context, store: Store, number: int, delay: float, undo: threading.Event
) -> None:
    """Give the person a minute to think again; whatever ends this process undoes the send."""
    from publisher.clock import utc_now
    from publisher.store import sends as books

    if delay > 1:
        console.say(f"send {number} begins in {delay:.0f} s; Ctrl-C undoes it")
    end = time.monotonic() + delay
    while not undo.is_set() and (rest := end - time.monotonic()) > 0:
        time.sleep(min(0.2, rest))
    if not undo.is_set():
        return
    with store.begin() as conn:
        undone = books.set_state(
            conn,
            number,
            SendState.CANCELLED,
            frm=(SendState.SCHEDULED,),
            now=utc_now(),
            note="undone before it began",
        )
    if undone:
        console.say(f"\nsend {number} is cancelled; nobody was mailed")
    else:
        console.say(f"\nsend {number} has begun already; `publisher cancel {number}` stops it")
    raise typer.Exit(1)


def _send_from_here(console: Context, settings: Settings, store: Store, number: int) -> Send:
    """Send in a thread of this process and show how far it is; Ctrl-C ends in good order."""
    from publisher import run

    stop = threading.Event()
    faults: list[BaseException] = []

    def work() -> None:
        try:
            run.send_now(settings, store, stop)
        except BaseException as fault:  # raised again below, in the thread that reports
            faults.append(fault)

    sender = threading.Thread(target=work)
    sender.start()
    try:
        _watch(console, store, number, sender.is_alive)
        sender.join()
    except KeyboardInterrupt:
        console.say("\nstopping: what is on the wire is finished")
        stop.set()
        sender.join()
        console.say(f"send {number} is not done; `publisher run` goes on with it")
        raise typer.Exit(1) from None
    if faults:
        raise faults[0]
    return _look(store, number)


def _look(store: Store, number: int) -> Send:
    from publisher.store import sends as books

    with store.read() as conn:
        current = books.send(conn, number)
    assert current is not None  # noqa: S101  # we have just recorded it
    return current


def _watch(console: Context, store: Store, number: int, goes_on: Callable[[], bool]) -> Send:
    """Show how far a send is until it rests: a bar on a terminal, a line every 10 s elsewhere."""
    current, took = _look(store, number), 0.0
    with console.bar(f"send {number}") as show:
        while current.state in {SendState.SCHEDULED, SendState.RUNNING} and goes_on():
            waiting = current.count(DeliveryState.QUEUED) + current.count(DeliveryState.SENDING)
            show(current.total - waiting, current.total, counts(current))
            time.sleep(max(0.3, 20 * took))
            begun = time.monotonic()
            current = _look(store, number)
            took = time.monotonic() - begun  # a million deliveries are not counted all the time
    return current


def _steer(context: typer.Context, number: int, to: SendState, frm: tuple[SendState, ...]) -> None:
    from publisher.clock import utc_now
    from publisher.errors import RefusedError
    from publisher.store import sends as books

    console: Context = context.obj
    settings = console.settings()
    with console.store(settings) as store, store.begin() as conn:
        current = existing(conn, number)
        if not books.set_state(conn, number, to, frm=frm, now=utc_now(), note=""):
            raise RefusedError(
                f"send {number} is {current.state}, so it cannot become {to}",
                hint=f"only what is {' or '.join(frm)} can",
            )
    console.say(f"send {number}: {to}")


def pause(context: typer.Context, send: SEND) -> None:
    """Pause a running send; nothing is lost."""
    _steer(context, send, SendState.PAUSED, (SendState.RUNNING,))


def resume(context: typer.Context, send: SEND) -> None:
    """Go on with a paused send."""
    _steer(context, send, SendState.RUNNING, (SendState.PAUSED,))


def cancel(context: typer.Context, send: SEND, yes: YES = False) -> None:
    """Cancel a send; who was not mailed yet will not be."""
    console: Context = context.obj
    with console.store(console.settings()) as store, store.read() as conn:
        state = existing(conn, send).state
    frm = (SendState.SCHEDULED, SendState.RUNNING, SendState.PAUSED)
    question = f"cancel send {send}? who has no mail yet will get none"
    if state in frm and not yes and not ask(question):
        raise typer.Exit(1)
    _steer(context, send, SendState.CANCELLED, frm)
