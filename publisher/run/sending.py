"""sending - the sender of a home: in a process of its own, or in a command's.

Faults: TransportError when the relay is out of order for longer than a command waits.
Never: decides who is written to. See: send (the hall).
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final

import structlog

from publisher import settings as settings_room
from publisher import templates
from publisher.clock import utc_now
from publisher.errors import PublisherError, TransportError
from publisher.run.current import refreshed
from publisher.run.journal import speak
from publisher.send import Sender
from publisher.settings import Settings
from publisher.store import Store

PATIENCE: Final = timedelta(minutes=2)
"""How long a command waits for a relay that is out of order; `run` waits for ever."""
TEST_PATIENCE: Final = timedelta(seconds=15)
"""The same for a test: somebody looks at it, and would rather mend than wait."""

log = structlog.get_logger("run")


def make_sender(settings: Settings, store: Store, stop: threading.Event) -> Sender:
    """Put the sender of a home together."""
    # a message is a dozen objects and no cycle: looking for cycles every 700 costs a twentieth
    gc.freeze()
    gc.set_threshold(50_000)
    return Sender.of(
        settings,
        store,
        templates.Live(settings.home),
        key=settings_room.secret_key(settings),
        clock=utc_now,
        stop=stop,
    )


def send_now(
    settings: Settings, store: Store, stop: threading.Event, patience: timedelta | None = None
) -> None:
    """Send what is due from this process, for a command without a running sender.

    Raises TransportError when the relay was out of order for longer than a command waits.
    """
    speak(chatty=False)
    trouble = make_sender(settings, store, stop).until_idle(patience or PATIENCE)
    if trouble:
        raise TransportError(
            trouble, hint="nobody is lost: `publisher run` goes on, or the next command that sends"
        )


def sender_process(home: Path, parent: int) -> None:
    """Send until told to stop, or until the process that started us is gone."""
    speak(chatty=True)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_stop_with_parent, args=(parent, stop), daemon=True).start()
    try:
        settings = refreshed(settings_room.load(home))
        store = Store.open(settings.database)
        try:
            make_sender(settings, store, stop).forever(partial(_is_stale, home, settings, set()))
        finally:
            store.close()
    except PublisherError as error:
        if stop.is_set():
            return
        log.error("the sender cannot work", error=str(error), hint=error.hint)
        sys.exit(1)


def _is_stale(home: Path, settings: Settings, told: set[str]) -> bool:
    """Say whether the settings were changed; those that cannot be read change nothing yet."""
    try:
        now = refreshed(settings_room.load(home))
    except PublisherError as error:
        if str(error) not in told:
            log.error("the changed settings cannot be used", error=str(error), hint=error.hint)
        told.add(str(error))
        return False
    if now != settings:
        log.info("the settings were changed; the sender starts again with them")
    return now != settings


def _stop_with_parent(parent: int, stop: threading.Event) -> None:
    while not stop.wait(0.5):
        if os.getppid() != parent:
            stop.set()
