"""A whole home with the real program on it, and a relay that does as it is told."""

import contextlib
import http.client
import os
import random
import signal
import socket
import socketserver
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from publisher import publish as hall
from publisher import settings as settings_room
from publisher import templates
from publisher.codings import is_copy
from publisher.model import Consent
from publisher.store import Store, subscribers

DROP = "<drop>"
HANG = "<hang>"
LONG_AGO = (1_000_000_000, 1_000_000_000)


def free_port() -> int:
    """Find a port nobody listens on, outside the range that outgoing connections take theirs from."""
    while True:
        port = random.randint(20_000, 32_000)
        with socket.socket() as one, contextlib.suppress(OSError):
            one.bind(("127.0.0.1", port))
            return port


def digest(*names: str) -> str:
    """Write a digest of items in the sample's form, one per name."""
    return "\n".join(
        f"# About {name}\n[关于 {name}](https://example.net/{name})\n\n{name} 的摘要。\n"
        for name in names
    )


def until(is_so: Callable[[], object], seconds: float = 30) -> None:
    """Wait until something is so; fail when it does not come about."""
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.05)


# --- the relay ----------------------------------------------------------------


@dataclass
class Relay:
    """An SMTP server on loopback: `answer` says what follows the final dot, `delay` how late."""

    port: int = field(default_factory=free_port)
    accepted: list[tuple[str, bytes]] = field(default_factory=list)
    seen: list[tuple[str, bytes]] = field(default_factory=list)
    answer: Callable[[str], str] = lambda recipient: "250 2.0.0 taken"
    delay: float = 0.0
    released: threading.Event = field(default_factory=threading.Event)
    server: socketserver.ThreadingTCPServer | None = None

    def start(self) -> "Relay":
        """Listen."""
        relay = self

        class Listening(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True
            block_on_close = False

            def handle_error(self, *_: object) -> None:
                """Say nothing: the other side was killed, or we stopped."""

        class Talking(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                relay._converse(self)

            def finish(self) -> None:
                with contextlib.suppress(OSError):
                    super().finish()

        self.server = Listening(("127.0.0.1", self.port), Talking)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def stop(self) -> None:
        """Let go of all who wait, and listen no more."""
        self.released.set()
        if self.server is not None:
            self.server.shutdown()
            self.server.server_close()
            self.server = None

    def _converse(self, talk: socketserver.StreamRequestHandler) -> None:
        recipient = ""
        talk.wfile.write(b"220 relay.example.net\r\n")
        while line := talk.rfile.readline():
            verb = line[:4].upper()
            if verb == b"RCPT":
                recipient = line.partition(b"<")[2].partition(b">")[0].decode()
            if verb == b"DATA":
                talk.wfile.write(b"354 go on\r\n")
                lines = []
                while (content := talk.rfile.readline()) and content != b".\r\n":
                    lines.append(content)
                if not content or not self._take(talk, recipient, b"".join(lines)):
                    return
                continue
            talk.wfile.write(b"221 bye\r\n" if verb == b"QUIT" else b"250 ok\r\n")
            if verb == b"QUIT":
                return

    def _take(self, talk: socketserver.StreamRequestHandler, to: str, message: bytes) -> bool:
        self.seen.append((to, message))
        self.released.wait(self.delay)
        answer = self.answer(to)
        if answer == HANG:
            self.released.wait(60)
        if answer in {DROP, HANG}:
            return False
        if answer.startswith("2"):
            self.accepted.append((to, message))
        talk.wfile.write(f"{answer}\r\n".encode())
        return True

    def mailed(self) -> Counter[str]:
        """How often each recipient's message was accepted."""
        return Counter(address for address, _ in self.accepted)


@pytest.fixture
def relay() -> Iterator[Relay]:
    """A relay that listens and accepts."""
    made = Relay().start()
    yield made
    made.stop()


# --- the home -----------------------------------------------------------------

TOML = """site_url = "http://127.0.0.1:{port}/"
transport = "smtp"
{newsletters}
[smtp]
host = "127.0.0.1"
port = {smtp}
tls = "none"
timeout = {timeout}
[web]
port = {port}
desk_port = {desk}
"""
NEWSLETTER = """[newsletter{table}]
title = "{title}"
{lines}
sender_address = "editor@weekly.test"
postal_address = "Street 1, Town"
"""


def newsletter(title: str = "Weekly", slug: str = "", **lines: str) -> str:
    """Write a newsletter's table."""
    written = "\n".join(f'{key} = "{value}"' for key, value in lines.items())
    return NEWSLETTER.format(table=f".{slug}" if slug else "", title=title, lines=written)


@dataclass
class Home:
    """A home, and the process on it."""

    path: Path
    smtp: int
    port: int = field(default_factory=free_port)
    desk: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    def settings(self, *newsletters: str, timeout: float = 1.0) -> "Home":
        """Write publisher.toml and the newsletters' folders."""
        text = TOML.format(
            port=self.port,
            desk=self.desk,
            smtp=self.smtp,
            timeout=timeout,
            newsletters="\n".join(newsletters),
        )
        self.path.mkdir(exist_ok=True)
        (self.path / "publisher.toml").write_text(text, "utf-8")
        (self.path / "digests").mkdir(exist_ok=True)
        return self

    def publisher(
        self,
        *words: str | Path,
        code: int | None = 0,
        before: tuple[str, ...] = (),
        **options: object,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command on the home and see that it leaves with the code expected."""
        done = subprocess.run(
            [*before, sys.executable, "-m", "publisher", "--home", self.path, *words],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            **options,  # type: ignore[call-overload]  # a test's shorthand
        )
        assert code is None or done.returncode == code, done.stderr + done.stdout
        return done

    def open(self, now: datetime | None = None) -> "Home":
        """Publish the empty folder once, so that what comes later is no back catalogue.

        This and `readers` are done from here, to be quick; all else is the program's own process.
        """
        loaded = settings_room.load(self.path, {})
        with Store.open(loaded.database) as store:
            hall.publish(loaded, store, templates.load(), now=now or datetime.now(UTC))
        return self

    def readers(self, number: int) -> "Home":
        """Add so many subscribers."""
        loaded = settings_room.load(self.path, {})
        rows = [(f"r{i}@example.net", "", None) for i in range(number)]
        now = datetime.now(UTC)
        consent = Consent("import", "asked for it", now)
        key = settings_room.secret_key(loaded)
        with Store.open(loaded.database) as store, store.begin() as conn:
            slug = loaded.newsletters[0].slug
            subscribers.import_rows(conn, slug, rows, consent, key, now)
        return self

    def drop(self, name: str, text: str | bytes) -> Path:
        """Put a digest into its folder at once and whole, as a careful tool does."""
        file = self.path / "digests" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_name(f".{file.name}.tmp")
        draft.write_bytes(text if isinstance(text, bytes) else text.encode())
        os.utime(draft, LONG_AGO)
        draft.rename(file)
        return file

    def start(self, environ: Mapping[str, str] | None = None, *, answers: bool = True) -> "Home":
        """Start `publisher run` and wait until its site answers."""
        with (self.path / "log").open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "publisher", "--home", self.path, "run"],
                stdout=log,
                stderr=log,
                env={**os.environ, **(environ or {})},
            )
        if answers:
            try:
                until(lambda: self.get("/health")[0] == 200)
            except AssertionError:
                raise AssertionError(f"no health\n{self.log()}") from None
        return self

    def stop(self, number: int = signal.SIGTERM) -> float:
        """End the process in good order and give the seconds it took."""
        assert self.process is not None
        begun = time.monotonic()
        self.process.send_signal(number)
        assert self.process.wait(30) == 0, self.log()
        return time.monotonic() - begun

    def log(self) -> str:
        """What the process said so far."""
        return (self.path / "log").read_text("utf-8")

    def says(self, *words: str) -> None:
        """Wait until the process has said all these words."""
        try:
            until(lambda: all(word in self.log() for word in words))
        except AssertionError:
            missing = [word for word in words if word not in self.log()]
            raise AssertionError(f"not said: {missing}\n{self.log()}") from None

    def ask(self, method: str, path: str, body: str | None = None) -> tuple[int, bytes]:
        """Ask the site; a body is a form."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        form = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
        try:
            connection.request(method, path, body, form)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def get(self, path: str) -> tuple[int, bytes]:
        """Fetch from the site; 0 where nobody answers."""
        try:
            return self.ask("GET", path)
        except OSError:
            return 0, b""

    def shows(self, name: str, path: str = "") -> bool:
        """Whether an item named so stands in the feed on disk."""
        feed = self.path / "feeds" / path / "feed.json"
        return feed.exists() and f"About {name}".encode() in feed.read_bytes()

    def site(self) -> dict[str, bytes]:
        """Every file of the published site, without the compressed copies."""
        root = self.path / "feeds"
        return {
            path.relative_to(root).as_posix(): path.read_bytes()
            for path in root.rglob("*")
            if path.is_file() and not is_copy(path.name)
        }


@pytest.fixture
def make_home(tmp_path: Path, relay: Relay) -> Iterator[Callable[..., Home]]:
    """Make homes whose mail goes to the relay; their processes are ended afterwards."""
    made: list[Home] = []

    def make(name: str = "home") -> Home:
        made.append(Home(tmp_path / name, relay.port))
        return made[-1]

    yield make
    for home in made:
        if home.process is not None and home.process.poll() is None:
            home.process.kill()
            home.process.wait()


@pytest.fixture
def home(make_home: Callable[..., Home]) -> Home:
    """A home with one newsletter that is sent on publication; opened, with nothing in it."""
    return make_home().settings(newsletter(send="on-publish")).open()


@pytest.fixture
def tools() -> "type[Tools]":
    """What the tests need by name: this folder's modules cannot import each other."""
    return Tools


class Tools:
    """Functions and words of this file."""

    DROP, HANG = DROP, HANG
    digest = staticmethod(digest)
    until = staticmethod(until)
    newsletter = staticmethod(newsletter)
    free_port = staticmethod(free_port)
    Relay = Relay
