"""A connection writes a content when all connections have been heard, and knows until then."""

import socket
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from uvloop import new_event_loop

from publisher.model import Envelope, Parcel, Reply
from publisher.wire.connection import Connection
from publisher.wire.protocol import OVER, Conversation

CONTENT = (b"Subject: x\r\n\r\n", b"words\r\n")
MESSAGE = b"".join(CONTENT) + b".\r\n"
OPENED = b"250-relay\r\n250 PIPELINING\r\n"
TAKEN = b"250 ok\r\n250 ok\r\n354 go\r\n"


@dataclass
class Route:
    """How the relay is reached."""

    host: str = "127.0.0.1"
    port: int = 25
    tls: str = "none"
    user: str = ""
    password: str = ""
    hello: str = ""
    ca_file: str | None = None
    timeout: float = 1.0
    mode: str = "data"
    window: int = 3
    per_connection: int = 500


@dataclass
class Load:
    """Freight of three parcels, and what became of each."""

    waiting: deque[Parcel] = field(
        default_factory=lambda: deque(
            Parcel(n, Envelope("b@list.example", f"r{n}@example.com"), CONTENT) for n in range(3)
        )
    )
    ended: list[tuple[int, str, int | None]] = field(default_factory=list)

    def take(self) -> Parcel | None:
        """Give the next."""
        return self.waiting.popleft() if self.waiting else None

    def begun(self, parcel: Parcel) -> bool:
        """Let it begin."""
        return True

    def settled(self, parcel: Parcel, reply: Reply) -> None:
        """Remember the outcome."""
        self.ended.append((parcel.delivery, reply.phase.value, reply.code))

    def given_back(self, parcel: Parcel) -> None:
        """Remember that nothing left."""
        self.ended.append((parcel.delivery, "back", None))


class Line:
    """A connection that is served, and the relay at its other end; its first content is due."""

    def __init__(self) -> None:
        self.loop = new_event_loop()
        ours, self.relay = socket.socketpair()
        ours.setblocking(False)
        self.relay.setblocking(False)
        self.load, self.put_off = Load(), []
        self.talk = Conversation(Route(), self.load, "client.example")
        self.one = Connection(
            self.loop, ours, self.talk, lambda one: None, lambda: None, self.put_off.append
        )
        self.one.start()
        self.says(b"220 relay\r\n")
        self.says(OPENED)
        self.heard()
        self.says(TAKEN)

    def says(self, data: bytes) -> None:
        """Let the relay say something, and the connection hear it."""
        self.relay.sendall(data)
        self.one.look()

    def heard(self) -> bytes:
        """What came to the relay since the last time."""
        try:
            return self.relay.recv(100_000)
        except BlockingIOError:
            return b""


@pytest.fixture
def line() -> Iterator[Line]:
    """A connection whose first content is due."""
    made = Line()
    yield made
    made.one.close()
    made.relay.close()
    made.loop.close()


def test_a_content_is_written_when_all_were_heard(line: Line) -> None:
    """It is put off, and whole when its turn comes, with the next envelope behind it."""
    assert line.put_off == [line.one]
    assert line.heard() == b""
    line.one.proceed()  # what is offered meanwhile does not come between
    assert line.heard() == b""
    line.one.say_due()
    assert line.heard().startswith(MESSAGE + b"MAIL FROM:<b@list.example>")
    line.says(b"250 2.0.0 queued\r\n" + TAKEN)
    assert line.put_off == [line.one] * 2
    assert line.load.ended == [(0, "dot", 250)]


def test_what_is_due_when_the_connection_is_lost_never_left(line: Line) -> None:
    """Nobody is in doubt whose content was put off: it is as if it had not begun."""
    line.talk.end("lost")
    line.one.close()
    line.one.say_due()
    assert line.heard() == b""
    assert line.load.ended == [(0, "data", None)]
    assert [parcel.delivery for parcel, _ in line.talk.left] == [1]


def test_the_beginning_of_an_answer_to_what_is_due_is_none(line: Line) -> None:
    """Nor is one believed whose first half came before the content left."""
    line.says(b"250 2.0.0 que")
    line.one.say_due()
    assert line.talk.state == OVER
    assert line.heard() == b""
    assert line.load.ended == [(0, "data", None)]


def test_an_answer_to_what_is_due_is_none(line: Line) -> None:
    """A relay that accepts what it was not given is not believed."""
    line.says(b"250 2.0.0 queued\r\n")
    assert line.talk.state == OVER
    assert line.load.ended == [(0, "data", None)]
    line.one.close()
    line.one.say_due()
    assert line.heard() == b""
