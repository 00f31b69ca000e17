"""standing - one send in full: how far, how fast, by which relay, who waits and why, what to do next.

Never: changes anything. See: asking (the command), store.account and store.sends (what they know).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import typer

from publisher.cli import asking
from publisher.cli.console import counted, plain
from publisher.delivery import speed
from publisher.model import Delivery, DeliveryState, Kind, Newsletter, Send, SendState

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from publisher.settings import Settings
    from publisher.store.account import Deferral

_WIDE: Final = 20
_MOST: Final = 20
"""So many are named who may have it twice."""


@dataclass(frozen=True, slots=True)
class Standing:
    """All there is to say about one send; `canary` counts what goes first, while the rest waits."""

    send: Send
    newsletter: Newsletter | None
    running: bool
    rate: float
    relays: Mapping[str, Mapping[DeliveryState, int]]
    deferrals: list[Deferral]
    doubtful: list[Delivery]
    repeated: list[Delivery]
    canary: Mapping[DeliveryState, int]
    quiet: str


def gather(conn: Connection, settings: Settings, send: Send) -> Standing:
    """Ask all that `show` and `document` say."""
    from publisher import run, schedule
    from publisher.clock import utc_now
    from publisher.store import account, ledger
    from publisher.store import sends as books
    from publisher.wire.map import has_living

    moves, now = send.state is SendState.RUNNING, utc_now()
    newsletter = next((one for one in settings.newsletters if one.slug == send.newsletter), None)
    return Standing(
        send=send,
        newsletter=newsletter,
        running=run.is_running(settings.home) or has_living(settings.wire_folder),
        rate=books.progress(conn, send.id, now).rate(now) if moves else 0.0,
        relays=account.by_relay(conn, send.id),
        deferrals=account.deferrals(conn, send.id),
        doubtful=ledger.in_doubt(conn, send.id),
        repeated=account.repeated(conn, send.id),
        canary=books.canary(conn, send.id)[1] if send.canary and not send.finished else {},
        quiet=schedule.quiet_words(send, newsletter, now),
    )


def show(stands: Standing) -> None:
    """Print it: facts, counts, then what a person can do."""
    send = stands.send
    for name, words in _facts(stands):
        if words:
            typer.echo(f"{name}: {words}")
    for state, number in send.counts:
        typer.echo(f"  {_state(state)}: {number:,}")
    for name, held in stands.relays.items():
        typer.echo(f"relay {name}: {_numbers(held)}")
    if stands.deferrals:
        typer.echo("to be tried again:")
    for one in stands.deferrals:
        when = f", from {asking.in_utc(one.first)}" if one.first else ""
        typer.echo(plain(f"  {one.number:,} {_why(one)}{when}", most=300))
    for delivery in stands.doubtful:
        words = plain(f"{delivery.address}: {delivery.words}".rstrip(": "))
        typer.echo(f"in doubt: {words}{_again(delivery)}")
    if number := len(stands.repeated):
        they = "1 was" if number == 1 else f"{number:,} were"
        typer.echo(f"{they} sent again after a doubt: they may have it twice")
    for delivery in stands.repeated[:_MOST]:
        typer.echo(f"  {plain(delivery.address) or '(erased)'}")
    if (rest := len(stands.repeated) - _MOST) > 0:
        typer.echo(f"  and {rest:,} more; publisher sends {send.id} --json names all")
    for hint in hints(stands):
        typer.echo(f"next: {hint}")


def _facts(stands: Standing) -> Iterator[tuple[str, str]]:
    send = stands.send
    yield "send", str(send.id)
    yield "issue", send.issue
    yield "kind", send.kind
    yield "state", send.state
    yield "note", send.note
    yield "waits", stands.quiet
    yield "audience", _audience(send)
    yield "created", asking.in_utc(send.created)
    if send.wall and send.started is None:
        yield "begins", f"when each reader's own clock shows {send.wall.replace('T', ' ')}"
    else:
        yield "begins" if send.started is None else "was to begin", asking.in_utc(send.at)
    yield "started", asking.in_utc(send.started)
    yield "finished", asking.in_utc(send.finished)
    yield "took", speed.taken(send)
    yield "canary", _canary(stands.canary)
    yield "progress", _progress(send)
    if stands.running:  # else it stands still, whatever it did a moment ago
        yield "speed", speed.told(send, stands.rate)
    yield "deliveries", f"{send.total:,}"


def _audience(send: Send) -> str:
    if send.kind is Kind.TEST:
        return "the addresses given"
    if send.kind is Kind.ERRATUM:
        return "those who have the issue"
    if send.missing:
        return "those subscribed when it begins who do not have it (--missing)"
    return "those subscribed when it begins"


def _progress(send: Send) -> str:
    """Draw how many had their turn; of a send that is over, or not begun, there is nothing to."""
    if not send.total or send.started is None or send.finished is not None:
        return ""
    done = speed.attempted(send)
    full = _WIDE * done // send.total
    share = 100 * done // send.total
    bar = "#" * full + "-" * (_WIDE - full)
    return f"[{bar}] {share} %, {done:,} of {send.total:,} had their turn"


def _canary(canary: Mapping[DeliveryState, int]) -> str:
    """Say how the first part fares, while the rest waits for it."""
    if not canary:
        return ""
    return f"{sum(canary.values()):,} go first, and the rest if that goes well: {_numbers(canary)}"


def _state(state: str) -> str:
    return state.replace("_", " ")


def _numbers(held: Mapping[DeliveryState, int]) -> str:
    return ", ".join(f"{number:,} {_state(state)}" for state, number in held.items() if number)


def _why(one: Deferral) -> str:
    """Say a reason, and what one of the relays said."""
    theirs = one.example.removeprefix(one.reason).removeprefix(": ")
    said = f"{one.code or ''} {theirs}".strip()
    return f"{one.reason}, such as: {said}" if said else one.reason


def _again(delivery: Delivery) -> str:
    return f", sent again {asking.in_utc(delivery.next_at)}" if delivery.next_at else ""


def hints(stands: Standing) -> Iterator[str]:
    """Say what a person can do with the send as it stands."""
    send = stands.send
    number = send.id
    waits = send.total - speed.attempted(send) + send.count(DeliveryState.DEFERRED)
    held = [one for one in stands.doubtful if one.next_at is None]
    if send.state is SendState.SCHEDULED:
        yield f"publisher cancel {number} undoes it"
    if send.state is SendState.RUNNING and stands.running:
        yield f"publisher pause {number} holds it, publisher cancel {number} ends it"
    if send.state in {SendState.SCHEDULED, SendState.RUNNING} and not stands.running:
        yield "nothing sends now: start `publisher run`, or `publisher run --once` for what is due"
    if send.state is SendState.PAUSED:
        yield (
            f"publisher resume {number} sends it to the other {waits:,},"
            f" publisher cancel {number} does not"
        )
    if held and send.state is not SendState.CANCELLED:
        yield (
            f"publisher resume {number} --in-doubt sends it to {counted(len(held), 'reader')} in"
            " doubt again, with the same Message-ID"
        )
    is_over = send.state in {SendState.DONE, SendState.CANCELLED}
    if is_over and send.kind is Kind.ISSUE and _without(send):
        yield f"publisher send {send.issue} --missing sends it to those without it"


def _without(send: Send) -> int:
    return send.count(DeliveryState.REFUSED) + send.count(DeliveryState.SKIPPED)


def document(stands: Standing) -> dict[str, Any]:
    """Make the JSON form of a send in full."""
    send = stands.send
    rest = speed.left(send, stands.rate)
    return {
        **asking.document(send),
        "created": send.created.isoformat(),
        "started": send.started.isoformat() if send.started else None,
        "finished": send.finished.isoformat() if send.finished else None,
        "total": send.total,
        "attempted": speed.attempted(send),
        "per_second": round(stands.rate, 2),
        "seconds_left": None if rest is None else round(rest),
        "quiet": stands.quiet,
        "canary": {str(state): number for state, number in stands.canary.items()},
        "relays": {
            name: {str(state): number for state, number in held.items()}
            for name, held in stands.relays.items()
        },
        "deferred": [
            {
                "number": one.number,
                "reason": one.reason,
                "code": one.code,
                "example": one.example,
                "next": one.first.isoformat() if one.first else None,
            }
            for one in stands.deferrals
        ],
        "in_doubt": [
            {
                "address": one.address,
                "words": one.words,
                "next": one.next_at.isoformat() if one.next_at else None,
            }
            for one in stands.doubtful
        ],
        "sent_again": [one.address for one in stands.repeated],
        "next": list(hints(stands)),
    }
