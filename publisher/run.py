"""run - the long-running process: heartbeat, watcher, signals, and the sender it keeps alive.

    heartbeat (APScheduler, memory only)
      scan   every 60 s, or when the folder stirs   -> publish, then the newsletter's send rule
      due    every 10 s                             -> the rules schedule what is due now
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

import fcntl
import logging
import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any, Final, Protocol

import structlog
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler
from watchfiles import watch

from publisher import register, schedule, templates
from publisher import settings as settings_room
from publisher.clock import utc_now
from publisher.errors import PublisherError, RefusedError, SettingsError, TransportError
from publisher.folder import SETTLED_SECONDS
from publisher.model import Kind, Level, Newsletter
from publisher.publish import Outcome, publish
from publisher.schedule import Ask, Due, Waiting
from publisher.send import Sender
from publisher.settings import Settings
from publisher.store import Store, issues, sends
from publisher.store.issues import DigestRow

LOCK_NAME: Final = "run.lock"
SCAN: Final = timedelta(seconds=60)
BEAT: Final = timedelta(seconds=10)
JUMP: Final = 2.0
LAST_WORD: Final = 20.0
LAST_MOMENT: Final = 23.0
PATIENCE: Final = timedelta(minutes=2)
"""How long a command waits for a relay that is out of order; `run` waits for ever."""
RESPAWN_WAITS: Final = (0.0, 1.0, 5.0, 30.0)

log = structlog.get_logger("run")
Say = Callable[[str], None]
AsNow = Callable[[Newsletter], Newsletter | None]
"""Gives a newsletter as its settings are in this moment, None while they cannot be used."""
Said = dict[str, frozenset[tuple[str, str, str]]]
"""What the scan before told, by newsletter: digests by path, hash, state; issues that ask."""


class Server(Protocol):
    """What a server must offer: to run in a thread, and to be told to stop."""

    should_exit: bool

    def run(self) -> None:
        """Serve until `should_exit`."""


Servers = Callable[[Settings, Store], Sequence[Server]]


def speak(*, chatty: bool) -> None:
    """Log to stderr, a line an event, key=value; not `chatty`: only what went wrong."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(
                key_order=["timestamp", "level", "event"], sort_keys=True
            ),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.INFO if chatty else logging.WARNING
        ),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


# --- one at a time ------------------------------------------------------------


@contextmanager
def only_one(home: Path) -> Iterator[None]:
    """Hold the home for this process; raises RefusedError while another runs on it."""
    try:
        handle = os.open(home / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise SettingsError(
            f"the home cannot be held: {error.strerror}",
            where=str(home / LOCK_NAME),
            hint="the home must be a folder on a local disk that this user can write to",
        ) from None
    try:
        if not _locked(handle):
            holder = os.read(handle, 32).decode("ascii", "replace").strip()
            raise RefusedError(
                f"publisher runs on this home already (process {holder or 'unknown'})",
                where=str(home),
                hint="stop that one first; a second would only stand in its way",
            )
        with suppress(OSError):  # a full disk: the number is a courtesy, the lock holds without
            os.truncate(handle, 0)
            os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(handle)


def _locked(handle: int) -> bool:
    """Take the lock; not put off by those who only look whether somebody has it."""
    for _ in range(20):
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.025)
        else:
            return True
    return False


def is_running(home: Path) -> bool:
    """Say whether a `run` holds the home."""
    try:
        handle = os.open(home / LOCK_NAME, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def refuse_open_home(settings: Settings) -> None:
    """Refuse a home whose ledger, messages or key others on this machine could read."""
    database = settings.database.removeprefix("sqlite:///")
    for path in (
        Path(database),
        settings.outbox_folder,
        settings.wire_folder,
        settings.key_path,
    ):
        if path.exists() and path.stat().st_mode & 0o077:
            mode = "700" if path.is_dir() else "600"
            raise SettingsError(
                "can be read by others on this machine",
                where=str(path),
                hint=f"chmod {mode} {path}",
            )


def refuse_taken_ports(settings: Settings) -> None:
    """Refuse to run where another program listens: half a service would look like a whole one."""
    for host, port, key in (
        (settings.host, settings.port, "port"),
        ("127.0.0.1", settings.desk_port, "desk_port"),
    ):
        try:
            family, kind, _, _, address = socket.getaddrinfo(
                host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )[0]
            with socket.socket(family, kind) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(address)
        except OSError as error:
            raise SettingsError(
                f"nothing can be served there: {error.strerror}",
                where=f"{host}:{port}",
                hint=f"stop what listens there, or choose another: {key} under [web]",
            ) from None


# --- the jobs -----------------------------------------------------------------


def scan(
    settings: Settings,
    store: Store,
    *,
    say: Say,
    rebuild: bool = True,
    said: Said | None = None,
    as_now: AsNow = lambda newsletter: newsletter,
) -> Outcome:
    """Publish what is new and let each newsletter's rule schedule what it asks for.

    `said` remembers what was told, so that a fault or a question is told once, not every minute.
    `as_now` is asked when an issue is to be scheduled, because publishing may have taken its time.
    """
    total = Outcome()
    said = {} if said is None else said
    for newsletter in settings.newsletters:
        try:
            outcome = publish(
                settings,
                store,
                templates.load(settings.home),
                now=utc_now(),
                newsletters=[newsletter],
                rebuild=rebuild,
            )
            current = as_now(newsletter)
            answers = apply_rule(store, current, utc_now(), say=say) if current else ()
        except PublisherError as error:
            log.error("scan failed", newsletter=newsletter.slug, error=str(error), hint=error.hint)
            continue
        for word, records in (("published", outcome.new), ("revised", outcome.revised)):
            for record in records:
                say(f"{word} {record.slug} from {record.path}")
        _tell_once(newsletter, outcome.digests, answers, said, say)
        total += outcome
    return total


def _tell_once(
    newsletter: Newsletter,
    rows: Sequence[DigestRow],
    answers: Sequence[Due | Ask],
    said: Said,
    say: Say,
) -> None:
    """Tell what was not told by the scan before: faults of digests, and what waits for a person."""
    asks = [answer for answer in answers if isinstance(answer, Ask)]
    told = said.get(newsletter.slug, frozenset())
    said[newsletter.slug] = frozenset(
        {(row.path, row.digest_hash, row.state) for row in rows}
        | {(ask.slug, "", "ask") for ask in asks}
    )
    for row in rows:
        if (row.path, row.digest_hash, row.state) not in told:
            _complain(row, newsletter, say)
    for ask in asks:
        if (ask.slug, "", "ask") not in told:
            say(f"waits for you: issue {ask.slug}: {ask.reason}")
            say(f"    hint: publisher send {ask.slug}")


def _complain(row: DigestRow, newsletter: Newsletter, say: Say) -> None:
    """Say why a digest is not published, or not sent by itself: place, cause, remedy."""
    words = {"held": "held", "aside": "set aside", "copy": "not published"}
    for finding in row.findings:
        if row.state not in words and finding.level is not Level.HOLD:
            continue
        file = f"{newsletter.digests}/{row.path}"
        place = ":".join(str(part) for part in (file, finding.line, finding.column) if part)
        say(f"{words.get(row.state, 'not sent by itself')}: {place}: {finding.message}")
        if finding.hint:
            say(f"    hint: {finding.hint}")


def apply_rule(
    store: Store, newsletter: Newsletter, now: datetime, *, say: Say
) -> tuple[Due | Ask, ...]:
    """Schedule the sends a newsletter's rule asks for now; give all its answers."""
    answers = rule_answers(store, newsletter, now)
    for answer in answers:
        if not isinstance(answer, Due):
            continue
        with store.begin() as conn, suppress(sends.AlreadyThere):
            number = sends.create_send(
                conn,
                newsletter.slug,
                answer.slug,
                Kind.ISSUE,
                at=answer.at,
                now=now,
                occurrence=answer.occurrence,
            )
            say(f"send {number}: issue {answer.slug}, by the rule {newsletter.send!r}")
    return answers


def rule_answers(store: Store, newsletter: Newsletter, now: datetime) -> tuple[Due | Ask, ...]:
    """Ask the rule about every issue that has no send yet."""
    with store.read() as conn:
        sent = sends.with_a_send(conn, newsletter.slug)
        records = [one for one in issues.records(conn, newsletter.slug) if one.withdrawn is None]
        held = {
            row.path
            for row in issues.digests(conn, newsletter.slug)
            if row.state != "published" or any(f.level is Level.HOLD for f in row.findings)
        }
        waiting = [
            record
            for record in records
            if record.slug not in sent and record.mailed is None and not record.back_catalogue
        ]
        rules = issues.rules(conn, newsletter.slug)
        directives = {
            one.record.slug: one.issue.send
            for one in issues.published(conn, newsletter.slug, [one.slug for one in waiting])
        }
    return schedule.decide_sends(
        schedule.parse(newsletter.send),
        newsletter.timezone,
        candidates=[
            Waiting(
                slug=record.slug,
                published=record.published,
                stated_date=record.date,
                send_directive=directives.get(record.slug),
                findings_hold=record.path in held,
                left_to_a_person=rules.get(record.slug) in {None, schedule.When.MANUAL},
            )
            for record in waiting
        ],
        now=now,
        sent_up_to=max(
            (one.published for one in records if one.slug in sent or one.mailed), default=None
        ),
    )


# --- once ---------------------------------------------------------------------


def once(settings: Settings, *, say: Say) -> None:
    """Scan, publish, create due sends, work until nothing is queued or sending, and leave."""
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
            send_now(_refreshed(settings), store, stop)
        finally:
            store.close()


def send_now(settings: Settings, store: Store, stop: threading.Event) -> None:
    """Send what is due from this process, for a command without a running sender.

    Raises TransportError when the relay was out of order for longer than a command waits.
    """
    speak(chatty=False)
    trouble = _sender(settings, store, stop).until_idle(PATIENCE)
    if trouble:
        raise TransportError(
            trouble, hint="nobody is lost: `publisher run` goes on, or the next command that sends"
        )


def _refreshed(settings: Settings) -> Settings:
    """Take over the newsletter paths the register has fixed meanwhile."""
    return settings.with_paths(dict(register.load(settings.register_path).paths))


def _sender(settings: Settings, store: Store, stop: threading.Event) -> Sender:
    return Sender.of(
        settings,
        store,
        templates.Live(settings.home),
        key=settings_room.secret_key(settings),
        clock=utc_now,
        stop=stop,
    )


# --- for ever -----------------------------------------------------------------


def forever(settings: Settings, *, servers: Servers, say: Say) -> None:
    """Run until SIGTERM or SIGINT; a second signal leaves at once."""
    speak(chatty=True)
    refuse_open_home(settings)
    with only_one(settings.home):
        refuse_taken_ports(settings)
        settings_room.secret_key(settings)
        store = Store.open(settings.database)
        try:
            _Process(settings, store, say).run(servers)
        finally:
            store.close()


class _Current:
    """The settings as the home's file states them, read again whenever it was changed."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.is_sound = True
        self._seen: object = None
        self._told = ""
        self._turn = threading.Lock()

    def look(self) -> Settings:
        """Give the newest settings that can be used; `is_sound` tells whether they are the file's.

        Where it listens and which database it has was settled when the process began.
        """
        with self._turn:
            seen = self._stamp()
            if seen != self._seen:
                self._load()
                self._seen = seen
            return self.settings

    def newsletter(self, one: Newsletter) -> Newsletter | None:
        """Give a newsletter as it is now; None when it is gone or the file cannot be used."""
        newest = self.look().newsletters
        found = next((other for other in newest if other.slug == one.slug), None)
        return found if self.is_sound else None

    def _stamp(self) -> object:
        try:
            status = (self.settings.home / settings_room.FILE_NAME).stat()
        except OSError:
            return "gone"
        return status.st_mtime_ns, status.st_size, status.st_ino

    def _load(self) -> None:
        old = self.settings
        try:
            new = _refreshed(settings_room.load(old.home))
            if new.database != old.database:
                raise SettingsError(
                    "the database was changed", where="database", hint="start `publisher run` again"
                )
        except PublisherError as error:
            self.is_sound = False
            if str(error) != self._told:
                log.error(
                    "the changed settings cannot be used; nothing is scheduled meanwhile",
                    error=str(error),
                    hint=error.hint,
                )
            self._told = str(error)
            return
        if self._told:
            log.info("the settings can be used again")
        self.is_sound, self._told = True, ""
        self.settings = replace(new, host=old.host, port=old.port, desk_port=old.desk_port)


class _Process:
    """The running process: what it has started, and how it ends."""

    def __init__(self, settings: Settings, store: Store, say: Say) -> None:
        self.current = _Current(settings)
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
        made = servers(_refreshed(self.current.settings), self.store)
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
        for name, job, every in (("scan", self.scan, SCAN), ("due", self.due, BEAT)):
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

    def due(self) -> None:
        """Schedule what the rules ask for now; the sender begins it and sweeps after the dead."""
        try:
            settings = self.current.look()
            for newsletter in settings.newsletters if self.current.is_sound else ():
                apply_rule(self.store, newsletter, utc_now(), say=self.say)
        except PublisherError as error:
            log.error("heartbeat failed", error=str(error), hint=error.hint)

    def _scan_in(self, seconds: float) -> None:
        with suppress(JobLookupError):  # before the heart beats, `run` asks again itself
            self.heart.modify_job(
                "scan", next_run_time=datetime.now(UTC) + timedelta(seconds=seconds)
            )

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
        if self.sender is not None:
            self.sender.join(max(0.1, deadline - time.monotonic()))
            if self.sender.exitcode is None:
                self.sender.kill()
                self.sender.join(2)
        if self.scanning.acquire(timeout=max(0.1, deadline - time.monotonic())):
            self.over.set()


def sender_process(home: Path, parent: int) -> None:
    """Send until told to stop, or until the process that started us is gone."""
    speak(chatty=True)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_stop_with_parent, args=(parent, stop), daemon=True).start()
    try:
        settings = _refreshed(settings_room.load(home))
        store = Store.open(settings.database)
        try:
            _sender(settings, store, stop).forever(partial(_is_stale, home, settings, set()))
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
        now = _refreshed(settings_room.load(home))
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
