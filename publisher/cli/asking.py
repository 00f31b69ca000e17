"""asking - `sends` and `who`: what was sent, who got it, who did not, and why.

Long lists are walked, not held. Never: changes anything. See: store.deliveries (what it asks),
standing (one send in full), sending (the commands that change something).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from publisher.cli.console import Context, answer, table
from publisher.cli.publishing import AS_JSON, ISSUE, record_slug
from publisher.model import (
    Delivery,
    DeliveryState,
    Kind,
    Send,
    SendState,
    Subscriber,
    SubscriberState,
)

if TYPE_CHECKING:
    from sqlalchemy import Connection

Sends = Mapping[int, Send]
LIVE = {SendState.SCHEDULED, SendState.RUNNING, SendState.PAUSED}


def counts(send: Send) -> str:
    """Say in a line how many deliveries are in which state."""
    words = [f"{number:,} {state.replace('_', ' ')}" for state, number in send.counts if number]
    return ", ".join(words) or "no deliveries yet"


def existing(conn: Connection, number: int) -> Send:
    """Fetch a send; raises RefusedError where there is none."""
    from publisher.errors import RefusedError
    from publisher.store import sends as books

    found = books.send(conn, number)
    if found is None:
        raise RefusedError(f"there is no send {number}", hint="publisher sends lists them")
    return found


def sends(
    context: typer.Context,
    send: Annotated[
        int | None, typer.Argument(help="Show this one in full.", metavar="SEND")
    ] = None,
    as_json: AS_JSON = False,
) -> None:
    """List sends, newest first; one in full: speed, relays, doubt."""
    from publisher.cli import standing
    from publisher.store import sends as books

    console: Context = context.obj
    settings = console.settings()
    with console.store(settings) as store, store.read() as conn:
        if send is not None:
            stands = standing.gather(conn, settings, existing(conn, send))
        else:
            found = books.sends(conn, console.newsletter_slug)
    if send is not None:
        if as_json:
            answer({"sends": [standing.document(stands)]})
        else:
            standing.show(stands)
        return
    if as_json:
        answer({"sends": [document(one) for one in found]})
        return
    table(
        [[str(one.id), one.issue, one.kind, one.state, _time(one.at), counts(one)]
         for one in found],
        ["SEND", "ISSUE", "KIND", "STATE", "AT (UTC)", "DELIVERIES"],
    )  # fmt: skip
    for one in found:
        if one.note and one.state in LIVE:
            typer.echo(f"send {one.id}: {one.note}")


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"


def in_utc(moment: datetime | None) -> str:
    """Write a moment; none is nothing."""
    return "" if moment is None else f"{_time(moment)} UTC"


def document(send: Send) -> dict[str, Any]:
    """Make the JSON form of a send."""
    return {
        "send": send.id,
        "issue": send.issue,
        "kind": str(send.kind),
        "state": str(send.state),
        "at": send.at.isoformat(),
        "note": send.note,
        "counts": {str(state): number for state, number in send.counts},
    }


def who(
    context: typer.Context,
    issue: ISSUE,
    address: Annotated[
        str | None, typer.Argument(help="Only this reader.", metavar="ADDRESS")
    ] = None,
) -> None:
    """Say who got an issue, who did not, and why."""
    from publisher.settings import secret_key
    from publisher.store import deliveries, issues, subscribers
    from publisher.store import sends as books

    console: Context = context.obj
    settings = console.settings()
    newsletter = console.newsletter(settings)
    with console.store(settings) as store:
        slug = record_slug(store, settings, newsletter, issue)
        with store.read() as conn:
            of_issue = {
                one.id: one for one in books.sends(conn, newsletter.slug) if one.issue == slug
            }
            record, _ = issues.get(conn, newsletter.slug, slug) or (None, None)
            mailed = record.mailed if record else None
            if address is None:
                for one in deliveries.walk(conn, newsletter.slug, slug):
                    typer.echo(_line(one, of_issue))
                for reader in deliveries.without(conn, newsletter.slug, slug):
                    if reader.suppressed:
                        why = f": suppressed: {reader.suppressed}"
                    else:
                        why = _why_not(reader.joined, of_issue, mailed)
                    typer.echo(f"{reader.address}\tnot sent{why}")
                return
            theirs = deliveries.who(conn, newsletter.slug, slug, address)
            key = secret_key(settings)
            barred = subscribers.is_suppressed(conn, newsletter.slug, address, key=key)
            person = subscribers.find(conn, newsletter.slug, address)
    real = [one for one in theirs if one.kind is Kind.ISSUE]
    has_it = False
    if real:
        best = max(real, key=_nearness)
        has_it = best.state is DeliveryState.ACCEPTED
        words = _fate(best, slug, of_issue)
    else:
        words = f"{address} has not got issue {slug}: "
        words += _outside(person, barred, of_issue, mailed)
        words += " (only a test)" if theirs else ""
    typer.echo(words)
    if not has_it:
        raise typer.Exit(1)


def _line(one: Delivery, of_issue: Sends) -> str:
    """Write a delivery in a line: address, state, send, why."""
    kind = "" if one.kind is Kind.ISSUE else f" ({one.kind})"
    address = one.address or "(erased)"
    return f"{address}\t{one.state}\tsend {one.send}{kind}\t{_words(one, of_issue)}".rstrip()


def _words(one: Delivery, of_issue: Sends) -> str:
    """Say why a delivery is in its state: the relay's words, or what stopped it."""
    words = f"{one.code or ''} {one.words}".strip()
    if words or one.state is not DeliveryState.SKIPPED:
        return words
    if not one.address:
        return "erased"
    send = of_issue.get(one.send)
    if send is None or send.state is not SendState.CANCELLED:
        return ""
    return "the send was cancelled" + (f": {send.note}" if send.note else "")


def _why_not(joined: datetime, of_issue: Sends, mailed: datetime | None) -> str:
    """Say why an active subscriber has no delivery; to follow "not sent"."""
    real = [send for send in of_issue.values() if send.kind is Kind.ISSUE]
    begun = [send.started for send in real if send.started is not None]
    waiting = [send for send in real if send.state is SendState.SCHEDULED]
    last = max(begun, default=mailed)
    if waiting:
        return f" yet: send {waiting[-1].id} begins at {in_utc(waiting[-1].at)}"
    if last is None:
        return " yet"
    if joined > last:
        return ": joined after the send"
    if begun:
        return ": was not in the audience when the send began"
    return ": it counts as mailed before this database began"


def _nearness(one: Delivery) -> tuple[bool, bool, int]:
    """Of several deliveries to one reader take the one that arrived, may have, or is the newest."""
    return one.state is DeliveryState.ACCEPTED, one.state is DeliveryState.IN_DOUBT, one.id


def _fate(one: Delivery, slug: str, of_issue: Sends) -> str:
    """Say in a sentence what became of a delivery."""
    words = _words(one, of_issue)
    why = f": {words}" if words else ""
    when = f"send {one.send}, {in_utc(one.updated)}"
    if one.state is DeliveryState.ACCEPTED:
        return f"{one.address} got issue {slug} ({when}){why}"
    if one.state is DeliveryState.IN_DOUBT:
        return f"{one.address} may have got issue {slug}, it is in doubt ({when}){why}"
    if one.state in {DeliveryState.REFUSED, DeliveryState.SKIPPED}:
        return f"{one.address} has not got issue {slug}, it was {one.state} ({when}){why}"
    return f"{one.address} has not got issue {slug} yet, it is {one.state} ({when}){why}"


def _outside(
    person: Subscriber | None, barred: str | None, of_issue: Sends, mailed: datetime | None
) -> str:
    """Say why someone has no delivery at all."""
    if barred is not None:
        return f"suppressed: {barred}"
    if person is None:
        return "no subscriber has this address"
    if person.state is SubscriberState.PENDING:
        return "the subscription is not confirmed"
    if person.state is SubscriberState.UNSUBSCRIBED:
        return "unsubscribed"
    return f"not sent{_why_not(person.joined, of_issue, mailed)}"
