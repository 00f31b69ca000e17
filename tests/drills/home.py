"""A home with an audience and a due send, and senders on it: here, or in a process of their own.

    python home.py '{"folder": ..., "until": "idle" or "told", ...}'     is such a process

A sender is made as `publisher send` makes it, by `Sender.of`, from settings made here.
"""

import json
import logging
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import structlog

from publisher import templates
from publisher.model import (
    Consent,
    DeliveryState,
    Issue,
    Item,
    ItemRecord,
    Kind,
    Newsletter,
    Record,
    Section,
    Send,
    SendState,
)
from publisher.send import Pace, Sender
from publisher.settings import Settings, Smtp
from publisher.store import Store, issues, ledger, sends, subscribers

KEY = b"0123456789abcdef0123456789abcdef"
NEWSLETTER = Newsletter(
    "weekly",
    "Weekly",
    site_url="https://news.letters.test/",
    app_url="https://news.letters.test/",
    sender_address="weekly@news.letters.test",
    postal_address="1 Example Street",
)
QUICK: dict[str, Any] = {"idle": 0.02, "recover_seconds": 0.5, "store_rests": (0.05, 0.2)}
"""A pace for drills: the waits that are for people's sake are short."""


@dataclass
class Home:
    """A folder with a database, and how the relay is reached from it."""

    folder: Path
    url: str
    smtp: dict[str, Any] = field(default_factory=dict)
    in_doubt: str = "resend"
    pace: dict[str, Any] = field(default_factory=lambda: dict(QUICK))
    now: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))
    stop: threading.Event = field(default_factory=threading.Event)
    store: Store | None = None
    spare: list[dict[str, Any]] = field(default_factory=list)

    @property
    def newsletter(self) -> Newsletter:
        """The newsletter as its settings say."""
        return replace(NEWSLETTER, in_doubt=self.in_doubt)

    @property
    def settings(self) -> Settings:
        """The settings of the home."""
        return Settings(
            home=self.folder,
            database=self.url,
            transport="smtp",
            smtp=_smtp(self.smtp),
            spare=tuple(_smtp(one) for one in self.spare),
            host="127.0.0.1",
            port=0,
            desk_port=0,
            newsletters=(self.newsletter,),
        )

    def open(self) -> Store:
        """Open the database."""
        if self.store is None:
            self.store = Store.open(self.url)
        return self.store

    def close(self) -> None:
        """Close the database."""
        if self.store is not None:
            self.store.close()
            self.store = None

    # --- an audience and a send ---------------------------------------------

    def write(self, body: str = "Body") -> None:
        """Put an issue into the store."""
        item = Item("A title", url="https://example.org/a", html=f"<p>{body}</p>", text=body)
        record = Record(
            newsletter="weekly",
            id="tag:news.letters.test,2026-03-06:7",
            slug="7",
            path="7.md",
            published=self.now,
            updated=self.now,
            items=(ItemRecord("k1", "a-title", "https://example.org/a", "A title"),),
        )
        with self.open().begin() as conn:
            issues.save(conn, record, Issue((Section((item,)),), title="Seven"))

    def subscribe(self, addresses: Sequence[str]) -> None:
        """Add readers."""
        rows = [(address, "", None) for address in addresses]
        consent = Consent("import", "asked for it", self.now)
        with self.open().begin() as conn:
            subscribers.import_rows(conn, "weekly", rows, consent, KEY, self.now)

    def schedule(self, kind: Kind = Kind.ISSUE, **options: Any) -> int:
        """Record a send that is due."""
        with self.open().begin() as conn:
            return sends.create_send(
                conn, "weekly", "7", kind, at=self.now, now=self.now, **options
            )

    def resume(self, number: int) -> None:
        """Let a paused send go on."""
        with self.open().begin() as conn:
            assert sends.set_state(
                conn, number, SendState.RUNNING, frm={SendState.PAUSED}, now=self.now
            )

    def halt(self, number: int, state: SendState = SendState.PAUSED) -> None:
        """Pause a running send, or cancel it."""
        with self.open().begin() as conn:
            assert sends.set_state(conn, number, state, frm={SendState.RUNNING}, now=self.now)

    # --- senders ------------------------------------------------------------

    def sender(self, **pace: Any) -> Sender:
        """Make a sender; its clock is the home's `now`."""
        return self._sender(lambda: self.now, pace)

    def _sender(self, clock: Any, pace: dict[str, Any]) -> Sender:
        given = {**self.pace, **pace}
        if isinstance(given.get("lease"), int | float):
            given["lease"] = timedelta(seconds=given["lease"])
        rests = {name: tuple(value) for name, value in given.items() if isinstance(value, list)}
        return Sender.of(
            self.settings,
            self.open(),
            templates_here(),
            key=KEY,
            clock=clock,
            stop=self.stop,
            pace=Pace(**{**given, **rests}),
        )

    def run(self, **pace: Any) -> None:
        """Send until nobody is queued or being sent."""
        self.sender(**pace).until_idle()

    def start(self, until: str = "idle", folder: Path | None = None) -> "subprocess.Popen[bytes]":
        """Start a sender in a process of its own; `folder`: where its map is, else the home."""
        told = {
            "folder": str(folder or self.folder),
            "url": self.url,
            "smtp": self.smtp,
            "spare": self.spare,
            "in_doubt": self.in_doubt,
            "pace": self.pace,
            "until": until,
        }
        return subprocess.Popen([sys.executable, __file__, json.dumps(told)])

    # --- looking ------------------------------------------------------------

    def send(self, number: int) -> Send:
        """Look at a send."""
        with self.open().read() as conn:
            found = sends.send(conn, number)
        assert found is not None
        return found

    def states(self) -> dict[str, str]:
        """Say in which state each reader's delivery is."""
        with self.open().read() as conn:
            return {row.address: row.state.value for row in ledger.who(conn, "weekly", "7")}

    def who(self, address: str) -> Any:
        """Look at one reader's delivery."""
        with self.open().read() as conn:
            return ledger.who(conn, "weekly", "7", address)[-1]

    def named(self, state: DeliveryState) -> set[str]:
        """Name the readers whose delivery is in a state."""
        return {address for address, found in self.states().items() if found == state.value}

    @property
    def maps(self) -> list[Path]:
        """The maps of what is on the wire; a draft nobody finished goes after a minute."""
        folder = self.folder / "wire"
        return sorted(folder.glob("*.map"))


@cache
def templates_here() -> Mapping[str, str]:
    """Read the templates, once."""
    return templates.load()


def _smtp(given: dict[str, Any]) -> Smtp:
    return Smtp(**{"host": "127.0.0.1", "tls": "none", "hello": "client.example", **given})


def main() -> None:
    """Be a sender."""
    told = json.loads(sys.argv[1])
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    home = Home(
        Path(told["folder"]), told["url"], told["smtp"], told["in_doubt"], told["pace"],
        spare=told["spare"],
    )  # fmt: skip
    signal.signal(signal.SIGTERM, lambda *_: home.stop.set())
    sender = home._sender(lambda: datetime.now(UTC), {})
    if told["until"] == "told":
        sender.forever()
    else:
        sender.until_idle()


if __name__ == "__main__":
    main()
