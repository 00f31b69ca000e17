"""process - the running process: what it has started, what it watches, how it ends.

Faults: none leaves it; they are logged. Never: scans or sends in the thread that watches.
See: run (the picture), jobs (what the heart beats), sending (the child).
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType
from typing import Any, Final, Protocol

import structlog
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler
from watchfiles import watch

from publisher.clock import utc_now
from publisher.errors import PublisherError
from publisher.folder import SETTLED_SECONDS
from publisher.run.current import Current, refreshed
from publisher.run.jobs import Said, Say, apply_rule, scan
from publisher.run.pinging import tell
from publisher.run.sending import sender_process
from publisher.settings import Settings
from publisher.store import Store

SCAN: Final = timedelta(seconds=60)
BEAT: Final = timedelta(seconds=10)
MINUTE: Final = timedelta(minutes=1)
JUMP: Final = 2.0
LAST_WORD: Final = 20.0
LAST_MOMENT: Final = 23.0
RESPAWN_WAITS: Final = (0.0, 1.0, 5.0, 30.0)

log = structlog.get_logger("run")


class Server(Protocol):
    """What a server must offer: to run in a thread, and to be told to stop."""

    should_exit: bool

    def run(self) -> None:
        """Serve until `should_exit`."""


Servers = Callable[[Settings, Store], Sequence[Server]]
EachMinute = Callable[[Store, datetime], None]
"""What the servers' side does once a minute, and a last time when they have ended."""


class Process:
    """The running process: what it has started, and how it ends."""

    def __init__(self, settings: Settings, store: Store, say: Say, each_minute: EachMinute) -> None:
        self.each_minute = each_minute
        self.current = Current(settings)
        self.store = store
        self.say = say
        self.stop = threading.Event()
        self.over = threading.Event()
        self.scanning = threading.Lock()
        self.heart = BackgroundScheduler(
            timezone=UTC, job_defaults={"misfire_grace_time": None, "coalesce": True}
        )
        self.sender: Any = None
        self.said: Said = {}
        self.young = 0
        self.deaths = 0

    def run(self, servers: Servers) -> None:
        """Start everything, keep watch, end everything."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._told_to_stop)
        threading.Thread(target=self._leave_at_last, daemon=True).start()
        self.scan(rebuild=True)
        if self.stop.is_set():
            self.over.set()
            return
        made = servers(refreshed(self.current.settings), self.store)
        threads = [threading.Thread(target=one.run, daemon=True) for one in made]
        threads.append(threading.Thread(target=self._watch_folders, daemon=True))
        for thread in threads:
            thread.start()
        self._add_jobs()
        self.heart.start()
        if self.young:
            self._scan_in(SETTLED_SECONDS + 0.1)
        self._start_sender()
        settings = self.current.settings
        self.say(f"site  http://{settings.host}:{settings.port}/")
        self.say(f"desk  http://127.0.0.1:{settings.desk_port}/")
        try:
            self._keep_watch()
        finally:
            self._end(made, threads)

    def _told_to_stop(self, number: int, frame: FrameType | None) -> None:
        if self.stop.is_set():
            os._exit(1)
        self.stop.set()

    def _leave_at_last(self) -> None:
        """Leave in time even if publishing hangs, which is healed by the next scan."""
        self.stop.wait()
        if not self.over.wait(LAST_MOMENT):
            log.warning("publishing does not end; it is left, and the next start goes on with it")
            if self.sender is not None:
                self.sender.kill()
            os._exit(1)

    def _add_jobs(self, *, at_once: bool = False) -> None:
        now = datetime.now(UTC)
        for name, job, every in (
            ("scan", self.scan, SCAN),
            ("due", self.due, BEAT),
            ("pings", self.tell, BEAT),
            ("minute", self.minute, MINUTE),
        ):
            self.heart.add_job(
                job,
                "interval",
                seconds=every.total_seconds(),
                id=name,
                replace_existing=True,
                next_run_time=now if at_once else now + every,
            )

    def scan(self, *, rebuild: bool = False) -> None:
        """Scan once; soon again while a file is still being written."""
        with self.scanning:
            try:
                outcome = scan(
                    self.current.look(),
                    self.store,
                    say=self.say,
                    rebuild=rebuild,
                    said=self.said,
                    as_now=self.current.newsletter,
                )
            except PublisherError as error:
                log.error("scan failed", error=str(error), hint=error.hint)
                return
        self.young = outcome.young
        if self.young:
            self._scan_in(SETTLED_SECONDS + 0.1)
        if outcome.written:
            self._soon("pings", 0)

    def tell(self) -> None:
        """Tell hubs which feeds have changed."""
        try:
            told = tell(self.current.look(), self.store, self.stop)
        except PublisherError as error:
            log.error("hubs not told", error=str(error), hint=error.hint)
            return
        for one in told:
            if one.feeds:
                log.info("hub told", hub=one.hub, feeds=one.feeds)
            if one.missed:
                again = one.again.isoformat(timespec="seconds") if one.again else "given up"
                log.warning("hub not told", hub=one.hub, feeds=one.missed, why=one.why, again=again)

    def minute(self) -> None:
        """Let the servers' side write down what it kept in memory."""
        try:
            self.each_minute(self.store, utc_now())
        except PublisherError as error:
            log.error("nothing was counted", error=str(error), hint=error.hint)

    def due(self) -> None:
        """Schedule what the rules ask for now; the sender begins it and sweeps after the dead."""
        try:
            settings = self.current.look()
            for newsletter in settings.newsletters if self.current.is_sound else ():
                apply_rule(self.store, newsletter, utc_now(), say=self.say)
        except PublisherError as error:
            log.error("heartbeat failed", error=str(error), hint=error.hint)

    def _scan_in(self, seconds: float) -> None:
        self._soon("scan", seconds)

    def _soon(self, job: str, seconds: float) -> None:
        with suppress(JobLookupError):  # before the heart beats, `run` asks again itself
            self.heart.modify_job(job, next_run_time=datetime.now(UTC) + timedelta(seconds=seconds))

    def _watch_folders(self) -> None:
        """Wake the scan when a digests folder stirs; polling is the scan's own business."""
        while not self.stop.is_set():
            present = self._present_folders()
            if not present:
                self.stop.wait(1)
                continue
            self._scan_in(SETTLED_SECONDS + 0.1)  # what came before anybody watched
            try:
                for changes in watch(*present, stop_event=self.stop, debounce=200,
                                     rust_timeout=2000, yield_on_timeout=True):  # fmt: skip
                    if changes:
                        self._scan_in(SETTLED_SECONDS + 0.1)
                    if self._present_folders() != present:
                        break
            except (OSError, RuntimeError) as error:
                log.warning("the watcher stumbled; the scan goes on", error=str(error))
                self.stop.wait(5)

    def _present_folders(self) -> dict[Path, int]:
        """Give the digests folders that exist, with what tells a folder from its successor."""
        found = {}
        settings = self.current.settings
        for newsletter in settings.newsletters:
            folder = settings.digests_folder(newsletter)
            with suppress(OSError):
                found[folder] = folder.stat().st_ino
        return found

    # --- the sender process ---

    def _start_sender(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.sender = context.Process(
            target=sender_process,
            args=(self.current.settings.home, os.getpid()),
            name="publisher-sender",
        )
        self.sender.start()

    def _keep_watch(self) -> None:
        """Look every second: is the sender alive, does the wall clock go with the monotonic one."""
        offset = time.time() - time.monotonic()
        next_start = 0.0
        while not self.stop.wait(1):
            drift = time.time() - time.monotonic() - offset
            if abs(drift) > JUMP:
                log.warning("the clock jumped", seconds=round(drift, 1))
                offset += drift
                self._add_jobs(at_once=True)
            if self.sender is not None and self.sender.exitcode == 0:
                self.sender = None  # it left to come back with other settings
            if self.sender is not None and self.sender.exitcode is not None:
                wait = RESPAWN_WAITS[min(self.deaths, len(RESPAWN_WAITS) - 1)]
                log.warning("the sender died", exit=self.sender.exitcode, again_in=wait)
                self.deaths += 1
                next_start = time.monotonic() + wait
                self.sender = None
            if self.sender is None and time.monotonic() >= next_start:
                try:
                    self._start_sender()
                except OSError as error:
                    log.error("the sender cannot be started", error=str(error))
                    self.sender, next_start = None, time.monotonic() + RESPAWN_WAITS[-1]

    def _end(self, servers: Sequence[Server], threads: Sequence[threading.Thread]) -> None:
        self.say("stopping: what is on the wire is finished")
        self.stop.set()
        deadline = time.monotonic() + LAST_WORD
        if self.sender is not None:
            self.sender.terminate()
        for server in servers:
            server.should_exit = True
        with suppress(Exception):
            self.heart.shutdown(wait=False)
        for thread in threads:
            thread.join(max(0.1, min(5.0, deadline - time.monotonic())))
        self.minute()
        if self.sender is not None:
            self.sender.join(max(0.1, deadline - time.monotonic()))
            if self.sender.exitcode is None:
                self.sender.kill()
                self.sender.join(2)
        if self.scanning.acquire(timeout=max(0.1, deadline - time.monotonic())):
            self.over.set()
