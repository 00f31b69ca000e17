"""A newsletter with readers, a store, and a relay on loopback that can be told what to answer."""

import importlib.util
import re
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import Message
from functools import partial
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP

from publisher import templates
from publisher.model import Consent, Issue, Item, ItemRecord, Kind, Newsletter, Record, Section
from publisher.send import Outlet, Outside, Pace, Sender, _pool
from publisher.settings import Smtp
from publisher.store import Store, issues, ledger, sends, subscribers
from publisher.wire.courier import Courier
from publisher.wire.outbox import Outbox

# the private server of the store's own tests
_spec = importlib.util.spec_from_file_location(
    "store_conftest", Path(__file__).parent.parent / "store" / "conftest.py"
)
_theirs = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_theirs)
postgres_url, postgres_template = _theirs.postgres_url, _theirs.postgres_template
postgres_ready = _theirs.postgres_ready

NOW = datetime(2026, 3, 6, 9, 0, tzinfo=UTC)
KEY = b"0123456789abcdef0123456789abcdef"
PACE = Pace(idle=0.01, relay_rests=(0.01,), store_rests=(0.01,), watch_seconds=0.0)
NEWSLETTER = Newsletter(
    slug="weekly",
    title="Weekly",
    site_url="https://news.example.net/",
    app_url="https://news.example.net/",
    sender_address="weekly@news.example.net",
    postal_address="1 Example Street",
)


class Inbox:
    """A relay that keeps what it accepts and answers each recipient as told.

    `answers[recipient]` is used up from the front; `rcpt <text>` is said at RCPT, `dot <text>`
    after the content, `drop` closes after the content without a word. Otherwise it accepts.
    """

    def __init__(self) -> None:
        self.answers: dict[str, list[str]] = {}
        self.kept: list[tuple[str, str, Message]] = []
        self.raw: list[bytes] = []
        self.on_mail: Callable[[str], None] = lambda _: None
        self._said: dict[int, str] = {}

    @property
    def recipients(self) -> Counter[str]:
        """Who was accepted, and how often."""
        return Counter(recipient for _, recipient, _ in self.kept)

    async def handle_RCPT(self, server: SMTP, session, envelope, address: str, options) -> str:
        """Answer a recipient."""
        waiting = self.answers.get(address, [])
        if waiting and waiting[0].startswith("rcpt "):
            return waiting.pop(0)[5:]
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, server: SMTP, session, envelope) -> str:
        """Answer a message, and keep it if it was accepted or its answer is lost."""
        (recipient,) = envelope.rcpt_tos
        self.on_mail(recipient)
        waiting = self.answers.get(recipient, [])
        answer = waiting.pop(0) if waiting else "dot 250 2.0.0 kept"
        if answer in {"drop", "dot 250 2.0.0 kept"}:
            parsed = message_from_bytes(envelope.content)
            self.kept.append((envelope.mail_from, recipient, parsed))
            self.raw.append(envelope.content)
        if answer == "drop":
            server.transport.close()
        return answer.removeprefix("dot ")


class _OneAfterTheOther(Controller):
    def factory(self) -> SMTP:
        """Answer without looking up our own name."""
        return SMTP(self.handler, hostname="relay.example.net")


class Desk:
    """What a test does around a sender."""

    def __init__(self, store: Store, folder: Path, port: int) -> None:
        self.store = store
        self.folder = folder
        self.port = port
        self.now = NOW
        self.stop = threading.Event()
        self.newsletter = NEWSLETTER
        self.templates = templates.load()
        self.refusals: tuple = ()

    def relay(self, **changes: object) -> tuple[Outlet, ...]:
        """Reach the relay on one connection, impatiently."""
        way = {"host": "127.0.0.1", "port": self.port, "tls": "none", "hello": "client.example",
               "timeout": 0.05, "connections": 1} | changes  # fmt: skip
        return (Outlet("relay", partial(_pool, Smtp(**way))),)

    def outbox(self) -> tuple[Outlet, ...]:
        """Write to files instead."""
        outbox = Outbox(self.folder / "outbox")
        return (Outlet("outbox", lambda freight: Courier(outbox, freight)),)

    def sender(self, **changes: object) -> Sender:
        """Make a sender."""
        outside = Outside(
            store=self.store,
            newsletters={self.newsletter.slug: self.newsletter},
            templates=self.templates,
            key=KEY,
            wire_folder=self.folder / "wire",
            outlets=self.relay(),
            clock=lambda: self.now,
            stop=self.stop,
            refusals=lambda _: self.refusals,
            pace=PACE,
        )
        return Sender(replace(outside, **changes))

    def run(self, **changes: object) -> None:
        """Work until idle."""
        self.sender(**changes).until_idle()

    def subscribe(self, *names: str, language: str | None = None) -> None:
        """Add readers."""
        consent = Consent("form", "asked for it", NOW)
        with self.store.begin() as conn:
            for name in names:
                subscribers.add(
                    conn, "weekly", f"{name}@example.com", consent=consent, name=name,
                    language=language, now=NOW,
                )  # fmt: skip

    def schedule(self, kind: Kind = Kind.ISSUE, **options: object) -> int:
        """Record a send that is due."""
        with self.store.begin() as conn:
            return sends.create_send(
                conn, "weekly", "7", kind, at=self.now, now=self.now, **options
            )

    def send(self, number: int):
        """Look at a send."""
        with self.store.read() as conn:
            return sends.send(conn, number)

    def states(self) -> dict[str, str]:
        """Say in which state each reader's deliveries are."""
        with self.store.read() as conn:
            rows = ledger.who(conn, "weekly", "7")
        return {row.address.partition("@")[0]: row.state.value for row in rows}

    def who(self, name: str):
        """Look at one reader's delivery."""
        with self.store.read() as conn:
            return ledger.who(conn, "weekly", "7", f"{name}@example.com")[-1]

    def later(self, **time: float) -> None:
        """Let time pass."""
        self.now += timedelta(**time)


@pytest.fixture
def inbox() -> Inbox:
    """What the relay keeps."""
    return Inbox()


@pytest.fixture
def relay_port(inbox: Inbox) -> Iterator[int]:
    """Start the relay."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    controller = _OneAfterTheOther(inbox, hostname="127.0.0.1", port=port)
    controller.start()
    yield port
    controller.stop()


@pytest.fixture
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database: SQLite, unless a test asks for both."""
    if getattr(request, "param", "sqlite") == "postgres":
        ready: str = request.getfixturevalue("postgres_ready")
        return ready
    return f"sqlite:///{tmp_path}/publisher.db"


@pytest.fixture
def desk(tmp_path: Path, relay_port: int, database: str) -> Iterator[Desk]:
    """A store with one issue, and readers to be added."""
    store = Store.open(database)
    item = Item("A title", url="https://example.org/a", html="<p>Body</p>", text="Body")
    record = Record(
        newsletter="weekly",
        id="tag:news.example.net,2026-03-06:7",
        slug="7",
        path="7.md",
        published=NOW,
        updated=NOW,
        number=7,
        items=(ItemRecord("k1", "a-title", "https://example.org/a", "A title"),),
    )
    with store.begin() as conn:
        issues.save(conn, record, Issue((Section((item,)),), title="Seven", number=7))
    yield Desk(store, tmp_path, relay_port)
    store.close()


@pytest.fixture
def token_in() -> Callable[[str], str]:
    """Find the unsubscribe token in a header."""
    return lambda header: re.search(r"/unsubscribe/([^>]+)>", header)[1]
