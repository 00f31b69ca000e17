"""run - the long-running process: heartbeat, watcher, signals, and the sender it keeps alive.

    heartbeat (APScheduler, memory only)
      scan   every 60 s, or when the folder stirs   -> publish, then the newsletter's send rule
      due    every 10 s                             -> the rules schedule what is due now
      minute every 60 s, and at the end             -> the servers' side writes down what it counted
      pings  every 10 s, or after a publication     -> hubs are told which feeds changed
    watcher (watchfiles)      only wakes the scan; the scan is the truth
    watchdog (monotonic)      a clock that jumps re-adds the jobs; a dead sender is started again
    sender (own process)      begins due sends, settles what dead senders left, claims lots and
                              sends, so that the site stays quick
    servers                   given by the caller; this room does not know what they serve

All jobs are idempotent: what they do stands in the store, not in the scheduler. SIGTERM: nothing
new is claimed, what is on the wire is finished or in doubt, and the process leaves within 25 s.

Faults: a fault in one newsletter is logged and the others go on; a second `run` on a home is
refused. Never: renders, speaks SMTP itself. See: publish and send (the halls), schedule (rules).
"""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING

from publisher import settings as settings_room
from publisher.run.holding import is_running, only_one, refuse_open_home, refuse_taken_ports
from publisher.run.journal import speak
from publisher.run.sending import send_now
from publisher.settings import Settings
from publisher.store import Store

if TYPE_CHECKING:
    from publisher.run.jobs import Said, Say
    from publisher.run.process import EachMinute, Servers

# The sender's process passes here, too: what reads digests and keeps the house stays out of it.


def once(settings: Settings, *, say: Say) -> None:
    """Scan, publish, create due sends, work until nothing is queued or sending, and leave."""
    from publisher.folder import SETTLED_SECONDS
    from publisher.run.current import refreshed
    from publisher.run.jobs import scan
    from publisher.run.pinging import tell

    speak(chatty=False)
    refuse_open_home(settings)
    with only_one(settings.home):
        store = Store.open(settings.database)
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        try:
            said: Said = {}
            for _ in range(30):
                if not scan(settings, store, say=say, said=said).young or stop.wait(
                    SETTLED_SECONDS + 0.1
                ):
                    break
            now = refreshed(settings)
            send_now(now, store, stop)
            tell(now, store, stop)
        finally:
            store.close()


def forever(settings: Settings, *, servers: Servers, each_minute: EachMinute, say: Say) -> None:
    """Run until SIGTERM or SIGINT; a second signal leaves at once."""
    from publisher.run.process import Process

    speak(chatty=True)
    refuse_open_home(settings)
    with only_one(settings.home):
        refuse_taken_ports(settings)
        settings_room.secret_key(settings)
        store = Store.open(settings.database)
        try:
            Process(settings, store, say, each_minute).run(servers)
        finally:
            store.close()


__all__ = ["forever", "is_running", "once", "only_one", "send_now"]
