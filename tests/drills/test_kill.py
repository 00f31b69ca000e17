"""The drill of promise 2: a sender killed with SIGKILL again and again loses nobody.

A child process sends to a relay on loopback that writes down whom it accepted. The child is killed
in mid-send and started again. `PUBLISHER_DRILL=long` makes the audience 20,000 and the kills more.
"""

import contextlib
import os
import random
import signal
import socketserver
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from publisher.model import (
    Consent,
    DeliveryState,
    Issue,
    Item,
    ItemRecord,
    Kind,
    Record,
    Section,
    SendState,
)
from publisher.store import Store, issues, ledger, sends, subscribers

LONG = os.environ.get("PUBLISHER_DRILL") == "long"
AUDIENCE = 20_000 if LONG else 1_500
KILLS = 10 if LONG else 3
NOW = datetime.now(UTC).replace(microsecond=0)  # a send due long ago asks a person

CHILD = """
import logging, sys, threading
from datetime import UTC, datetime
from pathlib import Path

import structlog

from publisher import templates
from publisher.model import Newsletter
from publisher.send import Outside, Sender
from publisher.store import Store
from publisher.wire.session import Relay

folder, port, in_doubt = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
newsletter = Newsletter("weekly", "Weekly", sender_address="weekly@news.example.net",
                        site_url="https://news.example.net/", in_doubt=in_doubt)
Sender(Outside(
    Store.open(f"sqlite:///{folder}/publisher.db"), {"weekly": newsletter}, templates.load(),
    b"0123456789abcdef0123456789abcdef", folder / "wire",
    lambda: Relay("127.0.0.1", port, hello="client.example"), lambda: datetime.now(UTC),
    threading.Event(),
)).until_idle()
"""


class Sink(socketserver.ThreadingTCPServer):
    """A relay that accepts everything and writes down whom, before it says so."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.accepted: dict[str, list[bytes]] = defaultdict(list)
        self.total = 0

    @property
    def repeats(self) -> int:
        """How many messages came again."""
        return self.total - len(self.accepted)


class _Conversation(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        recipient = ""
        self.wfile.write(b"220 sink\r\n")
        while line := self.rfile.readline():
            verb = line[:4].upper()
            if verb == b"RCPT":
                recipient = line.partition(b"<")[2].partition(b">")[0].decode()
            if verb == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                message_id = b""
                while (content := self.rfile.readline()) and content != b".\r\n":
                    if content.lower().startswith(b"message-id:"):
                        message_id = content
                if not content:
                    return
                self.server.accepted[recipient].append(message_id)
                self.server.total += 1
            self.wfile.write(b"221 bye\r\n" if verb == b"QUIT" else b"250 ok\r\n")
            if verb == b"QUIT":
                return

    def finish(self) -> None:
        with contextlib.suppress(OSError):  # the child was killed
            super().finish()


@pytest.fixture
def sink() -> Iterator[Sink]:
    """Start the relay."""
    server = Sink()
    server.handle_error = lambda *_: None
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Open a store with an issue, its audience, and a send that is due."""
    store = Store.open(f"sqlite:///{tmp_path}/publisher.db")
    item = Item("A title", url="https://example.org/a", html="<p>Body</p>", text="Body")
    record = Record(
        newsletter="weekly",
        id="tag:news.example.net,2026-03-06:7",
        slug="7",
        path="7.md",
        published=NOW,
        updated=NOW,
        items=(ItemRecord("k1", "a-title", "https://example.org/a", "A title"),),
    )
    rows = [(f"reader{number}@example.com", "", None) for number in range(AUDIENCE)]
    with store.begin() as conn:
        issues.save(conn, record, Issue((Section((item,)),), title="Seven"))
        consent = Consent("import", "asked for it", NOW)
        subscribers.import_rows(conn, "weekly", rows, consent, b"0" * 32, NOW)
        sends.create_send(conn, "weekly", "7", Kind.ISSUE, at=NOW, now=NOW)
    yield store
    store.close()


def send_and_kill(folder: Path, sink: Sink, in_doubt: str) -> None:
    """Let a child send, kill it in mid-send, start it again; at last let it finish."""
    arguments = [sys.executable, "-c", CHILD, str(folder), str(sink.server_address[1]), in_doubt]
    moments = sorted(random.sample(range(1, AUDIENCE - 100), KILLS))
    for moment in moments:
        child = subprocess.Popen(arguments)
        while sink.total < moment and child.poll() is None:
            time.sleep(0.001)
        time.sleep(random.random() * 0.02)
        child.send_signal(signal.SIGKILL)
        assert child.wait() == -signal.SIGKILL, f"the child ended before {moment} of {moments}"
    assert subprocess.run(arguments, check=False, timeout=600).returncode == 0


@pytest.mark.drill
def test_killed_senders_lose_nobody(tmp_path: Path, store: Store, sink: Sink) -> None:
    """Everyone gets it; what came twice was on the wire at a kill, and has one Message-ID."""
    send_and_kill(tmp_path, sink, "resend")
    assert len(sink.accepted) == AUDIENCE
    assert sink.repeats <= KILLS
    assert all(len(set(ids)) == 1 for ids in sink.accepted.values())
    with store.read() as conn:
        (send,) = sends.sends(conn)
    assert send.state is SendState.DONE
    assert send.count(DeliveryState.ACCEPTED) == AUDIENCE
    assert list((tmp_path / "wire").iterdir()) == []


@pytest.mark.drill
def test_killed_senders_mail_nobody_twice(tmp_path: Path, store: Store, sink: Sink) -> None:
    """With `hold` nobody gets it twice, and who may not have got it is listed by name."""
    send_and_kill(tmp_path, sink, "hold")
    assert sink.repeats == 0
    with store.read() as conn:
        (send,) = sends.sends(conn)
        doubtful = {one.address for one in ledger.in_doubt(conn, send.id)}
    everyone = {f"reader{number}@example.com" for number in range(AUDIENCE)}
    assert everyone - set(sink.accepted) <= doubtful
    assert len(doubtful) <= KILLS
    assert send.count(DeliveryState.ACCEPTED) == AUDIENCE - len(doubtful)
