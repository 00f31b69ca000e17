"""sending - `send`, `pause`, `resume`, `cancel`: the conversation before mail leaves.

A send is recorded first; a running sender takes it, otherwise this process sends it. Without
`--yes` it begins after the undo minute. See: send (the hall), foretelling
(who gets it, when, how quickly), asking (`sends` and `who`).
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from publisher.cli import foretelling
from publisher.cli.asking import existing, sends, who
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
from publisher.cli.watching import UNDO, begins, follow, follow_test
from publisher.model import (
    Finding,
    Kind,
    Level,
    Newsletter,
    Published,
    SendState,
)

if TYPE_CHECKING:
    from publisher.settings import Settings
    from publisher.store import Store

SEND = Annotated[int, typer.Argument(help="The number `publisher sends` prints.", metavar="SEND")]


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
    local: Annotated[
        bool, typer.Option("--local", help="With --at: by each reader's own clock.")
    ] = False,
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
    begin = foretelling.beginning(at, newsletter, utc_now(), local=local, is_test=bool(to))
    with console.store(settings) as store:
        slug = record_slug(store, settings, newsletter, issue)
        published = _published(store, newsletter, slug)
        _preflight(console, settings, published, newsletter, store)
        if to:
            to = _checked(settings, store, newsletter, to)
        else:
            begin = foretelling.announce(
                console,
                settings,
                store,
                published,
                newsletter,
                begin,
                missing=missing,
                more=dry_run,
            )
        if dry_run:
            console.say("dry run: nothing was recorded, nothing was sent")
            return
        if not to and not yes and not ask("send it?"):
            raise typer.Exit(1)
        now = utc_now()
        at_least = now if yes or to else now + UNDO
        moment = begin.at or at_least
        if begin.wall:  # where it shows that first may be past already
            moment = max(moment, at_least)
        with stoppable() as undo:  # from here on it must not be left scheduled by accident
            number = _record(
                store, newsletter, slug, to or (), moment, now, missing=missing, wall=begin.wall
            )
            is_ours = begins(
                console, settings, store, number, moment, undo, wait=wait, is_test=bool(to)
            )
        if is_ours:
            (follow_test if to else follow)(console, settings, store, number)


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
    ours = [*settings.findings, *refusals(settings, newsletter)]
    findings: list[Finding] = [*found, *ours]
    place = f"{newsletter.digests}/{published.record.path}"
    for file, some in ((place, found), ("publisher.toml", ours)):
        show_findings(file, [one for one in some if one.level is not Level.NOTE])
    if told := tally(findings):
        console.say(f"preflight: {told}")
    if any(one.level is Level.STOP for one in findings):
        complain("not sent", "mend the findings above, then send again")
        raise typer.Exit(1)


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


def _record(
    store: Store,
    newsletter: Newsletter,
    slug: str,
    to: list[str] | tuple[str, ...],
    begin: datetime,
    now: datetime,
    *,
    missing: bool,
    wall: str | None,
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
            wall=wall,
            addresses=to,
        )


def _steer(context: typer.Context, number: int, to: SendState, frm: tuple[SendState, ...]) -> None:
    from publisher.clock import utc_now
    from publisher.errors import RefusedError
    from publisher.store import sends as books

    console: Context = context.obj
    settings = console.settings()
    with console.store(settings) as store, store.begin() as conn:
        current = existing(conn, number)
        if not books.set_state(conn, number, to, frm=frm, now=utc_now(), note=""):
            hint = f"only what is {' or '.join(frm)} can"
            if to is SendState.RUNNING and current.finished and current.kind is Kind.ISSUE:
                hint = f"publisher send {current.issue} --missing sends it to those without it"
            raise RefusedError(
                f"send {number} is {current.state}, so it cannot become {to}", hint=hint
            )
    console.say(f"send {number}: {to}")


def pause(context: typer.Context, send: SEND) -> None:
    """Pause a running send within a second; nothing is lost."""
    _steer(context, send, SendState.PAUSED, (SendState.RUNNING,))


def resume(
    context: typer.Context,
    send: SEND,
    in_doubt: Annotated[
        bool, typer.Option("--in-doubt", help="Send it again to those held in doubt.")
    ] = False,
    yes: YES = False,
) -> None:
    """Go on with a paused send, or repeat it to those in doubt."""
    from publisher import run

    console: Context = context.obj
    settings = console.settings()
    if in_doubt:
        _repeat(console, settings, send, yes=yes)
    else:
        _steer(context, send, SendState.RUNNING, (SendState.PAUSED,))
    if not run.is_running(settings.home):
        console.say("it leaves when `publisher run` runs; `publisher run --once` sends it now")


def _repeat(console: Context, settings: Settings, number: int, *, yes: bool) -> None:
    """Send the message again to those of a send who are held in doubt, after asking."""
    from publisher.clock import utc_now
    from publisher.errors import RefusedError
    from publisher.store import ledger, resuming

    with console.store(settings) as store:
        with store.read() as conn:
            existing(conn, number)
            held = [one for one in ledger.in_doubt(conn, number) if one.next_at is None]
        if not held:
            raise RefusedError(
                f"nobody of send {number} is held in doubt", hint=f"publisher sends {number}"
            )
        console.say(
            f"{counted(len(held), 'reader')} of send {number} may have it already; it comes with the"
            " same Message-ID, so that most mail programs show it once"
        )
        if not yes and not ask("send it to them again?"):
            raise typer.Exit(1)
        with store.begin() as conn:
            repeated = resuming.repeat_doubtful(conn, number, utc_now())
    console.say(f"send {number}: {counted(repeated, 'reader')} in doubt to be sent it again")


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
