"""watching - a send from its record to its rest: the undo minute, the bar, how a test ends.

Faults: TransportError from a relay that was out of order for longer than a command waits.
Never: records a send. See: sending (records it), run (sends it), speed (how fast).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import typer

from publisher.cli.asking import counts
from publisher.cli.console import Context, complain, plain
from publisher.delivery import speed
from publisher.model import DeliveryState, Kind, Send, SendState

if TYPE_CHECKING:
    from publisher.settings import Settings
    from publisher.store import Store

LAST: Final = 30.0
"""Seconds a failed test is given to come off the wire."""
UNDO: Final = timedelta(seconds=60)
"""The time to think again, before a send that a person began."""


def begins(
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
    """Wait until a send begins; False where it is left to the running sender."""
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


def follow(console: Context, settings: Settings, store: Store, number: int) -> None:
    """Watch the running sender carry a send, or send it from here; say how it ended."""
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
    if done.state is SendState.RUNNING:
        console.say("the others wait; `publisher run` sends to them when it is their time")
    _say_where(console, settings, done)


def follow_test(console: Context, settings: Settings, store: Store, number: int) -> None:
    """Watch a test; of one that fails nothing is left to leave later, when nobody waits for it."""
    from publisher import run
    from publisher.errors import TransportError
    from publisher.run.sending import PATIENCE, TEST_PATIENCE

    end = time.monotonic() + PATIENCE.total_seconds()
    trouble = ""
    try:
        if run.is_running(settings.home):
            _watch(
                console,
                store,
                number,
                lambda: time.monotonic() < end and run.is_running(settings.home),
                is_over=lambda send: bool(send.total) and speed.attempted(send) == send.total,
            )
        else:
            _send_from_here(console, settings, store, number, TEST_PATIENCE)
    except TransportError as fault:
        trouble = str(fault)
    finally:
        done = _end_test(store, number)
    if done.count(DeliveryState.ACCEPTED) == done.total:
        console.say(f"send {number}: {done.state}; {counts(done)}")
        _say_where(console, settings, done)
        return
    _tell_failure(store, done, trouble)
    _say_where(console, settings, done)
    raise typer.Exit(1)


def _end_test(store: Store, number: int) -> Send:
    """Cancel what is left of a test, once it is off the wire."""
    from publisher.clock import utc_now
    from publisher.store import sends as books

    end = time.monotonic() + LAST
    while (now := look(store, number)).count(DeliveryState.SENDING) and time.monotonic() < end:
        time.sleep(0.2)
    if now.state in {SendState.DONE, SendState.CANCELLED}:
        return now
    with store.begin() as conn:
        books.set_state(
            conn,
            number,
            SendState.CANCELLED,
            frm=(SendState.SCHEDULED, SendState.RUNNING, SendState.PAUSED),
            now=utc_now(),
            note=_why_failed(now.note),
        )
    return look(store, number)


def _why_failed(note: str) -> str:
    """Say why a test is over; no relay is tried again for it."""
    why = note.partition("; so since ")[0]
    return "the test failed" + (f": {why}" if why else "")


def _tell_failure(store: Store, done: Send, trouble: str) -> None:
    """Say of each address why the test is not there, and that nothing of it is left."""
    from publisher.store import account

    with store.read() as conn:
        missed = account.not_accepted(conn, done.id)
    for one in missed:
        if one.state is DeliveryState.IN_DOUBT:
            what = "may have had the test"
        elif one.state is DeliveryState.SENDING:
            what = "is still being sent the test"
        else:
            what = "did not get the test"
        why = f"{one.code or ''} {one.words}".strip() or trouble or done.note
        complain(plain(f"{one.address} {what}" + (f": {why}" if why else "")))
    if done.count(DeliveryState.SENDING):
        hint = f"publisher sends {done.id} says what became of it; nothing more leaves"
    else:
        hint = "nothing of it is left to leave later; mend it, then send the test again"
    typer.echo(f"publisher: hint: {hint}", err=True)


def _say_where(console: Context, settings: Settings, done: Send) -> None:
    if settings.transport == "outbox" and done.count(DeliveryState.ACCEPTED):
        console.say(f"the messages are in {settings.outbox_folder}/")


def _send_from_here(
    console: Context,
    settings: Settings,
    store: Store,
    number: int,
    patience: timedelta | None = None,
) -> Send:
    """Send in a thread of this process and show how far it is; Ctrl-C ends in good order."""
    from publisher import run

    stop = threading.Event()
    faults: list[BaseException] = []

    def work() -> None:
        try:
            run.send_now(settings, store, stop, patience)
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
        if look(store, number).kind is not Kind.TEST:
            console.say(f"send {number} is not done; `publisher run` goes on with it")
        raise typer.Exit(1) from None
    if faults:
        raise faults[0]
    return look(store, number)


def look(store: Store, number: int) -> Send:
    """Fetch a send that is known to be there."""
    from publisher.store import sends as books

    with store.read() as conn:
        current = books.send(conn, number)
    assert current is not None  # noqa: S101  # we have just recorded it
    return current


def _rests(send: Send) -> bool:
    return send.state not in {SendState.SCHEDULED, SendState.RUNNING}


def _watch(
    console: Context,
    store: Store,
    number: int,
    goes_on: Callable[[], bool],
    *,
    is_over: Callable[[Send], bool] = _rests,
) -> Send:
    """Show how far a send is until it rests: a bar on a terminal, a line every 10 s elsewhere."""
    current, took, meter = look(store, number), 0.0, speed.Meter()
    with console.bar(f"send {number}") as show:
        while not (_rests(current) or is_over(current)) and goes_on():
            done = speed.attempted(current)
            pace = speed.told(current, meter.look(time.monotonic(), done))
            show(done, current.total, "; ".join(filter(None, (counts(current), pace))))
            time.sleep(max(0.3, 20 * took))
            begun = time.monotonic()
            current = look(store, number)
            took = time.monotonic() - begun  # a million deliveries are not counted all the time
    return current
