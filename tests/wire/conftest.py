"""A real SMTP server on loopback that can be told to misbehave, at every step and every byte."""

import contextlib
import socket
import ssl
import struct
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from publisher.model import Envelope, Parcel, Reply
from publisher.wire.pool import Pool

DROP = "<drop>"
HANG = "<hang>"
RESET = "<reset>"
DEFAULTS = {
    "connect": "220 relay.example.net ready",
    "EHLO": "250-relay.example.net\n250-SIZE 1000000\n250 HELP",
    "HELO": "250 relay.example.net",
    "STARTTLS": "220 go ahead",
    "AUTH": "235 2.7.0 welcome",
    "MAIL": "250 2.1.0 ok",
    "RCPT": "250 2.1.5 ok",
    "DATA": "354 go on",
    "content": "",
    "dot": "250 2.0.0 queued",
    "BDAT": "250 2.0.0 queued",
    "RSET": "250 ok",
    "QUIT": "221 bye",
}


class Server:
    """An SMTP server that answers as it is told, and as a good one where it is told nothing.

    Each verb has one answer, or a list used up from the front whose last one stays. An answer is
    what is sent, DROP, HANG, RESET, or a function of the line received; "<dribble 0.1>..." comes
    byte by byte, each after a pause. As `content` also "<cut 100 <drop>>": so many bytes of it are
    read before the connection ends so, after a last word if one follows. Told nothing, it minds the order of the commands.
    """

    def __init__(self, context: ssl.SSLContext | None, implicit: bool, answers: dict) -> None:
        self.told = answers
        self.answers = {**DEFAULTS, **answers}
        self.context = context
        self.implicit = implicit
        self.commands: list[str] = []
        self.messages: list[bytes] = []
        self.connections = 0
        self.released = threading.Event()
        self.pause = threading.Event()
        self.pause.set()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.port = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._listen, daemon=True)]
        self._threads[0].start()

    def stop(self) -> None:
        """Close all that is open and wait for it."""
        self.released.set()
        self.pause.set()
        with contextlib.suppress(OSError):  # stopped before
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(5)

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            if self.implicit:
                connection = self.context.wrap_socket(connection, server_side=True)
            _Session(self, connection).converse()
        except OSError:
            pass
        finally:
            connection.close()


class _Session:
    """One connection of the server."""

    def __init__(self, server: Server, connection: socket.socket) -> None:
        self.server = server
        self.connection = connection
        self.has_sender = self.has_recipient = False

    def answer(self, verb: str, line: str = "") -> str | None:
        """Answer, and tell what was said; None when the connection is over."""
        server = self.server
        server.pause.wait(10)
        answer = server.answers[verb]
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        if callable(answer):
            answer = answer(line)
        elif verb not in server.told:
            answer = self.mannerly(verb, answer)
        if answer.startswith("<cut"):
            return answer
        if answer == HANG:
            server.released.wait(10)
        if answer == RESET:
            reset(self.connection)
        if answer in {DROP, HANG, RESET}:
            return None
        if answer.startswith("<dribble"):
            pause, _, answer = answer.removeprefix("<dribble ").partition(">")
            for byte in answer.replace("\n", "\r\n").encode("latin-1") + b"\r\n":
                self.connection.sendall(bytes([byte]))
                if server.released.wait(float(pause)):
                    return None
            return answer
        if answer:
            data = answer.replace("\n", "\r\n").encode("latin-1")
            self.connection.sendall(data if answer.endswith("\n\n") else data + b"\r\n")
        return answer

    def mannerly(self, verb: str, answer: str) -> str:
        """Answer as a server that minds the order."""
        if verb == "MAIL" and self.has_sender:
            return "503 5.5.1 sender already given"
        if verb == "RCPT" and not self.has_sender:
            return "503 5.5.1 need MAIL"
        if verb in {"DATA", "BDAT"} and not self.has_recipient:
            return "554 5.5.1 no valid recipients"
        return answer

    def minded(self, verb: str, said: str) -> None:
        """Remember where in a transaction we are."""
        good = said.startswith("2")
        if verb in {"RSET", "dot", "BDAT", "EHLO", "HELO"}:
            self.has_sender = self.has_recipient = False
        elif verb == "MAIL" and good:
            self.has_sender = True
        elif verb == "RCPT" and good:
            self.has_recipient = True

    def converse(self) -> None:
        """Serve until it is over."""
        file = self.connection.makefile("rb")
        server = self.server
        try:
            going = self.answer("connect") is not None
            while going and (line := file.readline()):
                text = line.decode("latin-1").rstrip("\r\n")
                server.commands.append(text)
                verb = text.split(" ")[0].upper()
                chunk = file.read(int(text.split(" ")[1])) if verb == "BDAT" else b""
                if verb not in server.answers:
                    verb = "AUTH"  # what follows AUTH LOGIN
                said = self.answer(verb, text)
                going = said is not None
                if going:
                    self.minded(verb, said)
                    if verb == "BDAT" and said.startswith("2"):
                        server.messages.append(chunk)
                    if verb == "DATA" and said.startswith("354"):
                        going = self.content(file)
                    if verb == "STARTTLS" and said.startswith("220") and server.context:
                        file.close()
                        self.connection = server.context.wrap_socket(
                            self.connection, server_side=True
                        )
                        file = self.connection.makefile("rb")
                going = going and verb != "QUIT"
        finally:
            file.close()
            self.connection.close()

    def content(self, file) -> bool:
        """Read a content to its dot, and answer."""
        said = self.answer("content")
        if said is None:
            return False
        if said.startswith("<cut"):
            said, _, words = said.partition(">>")
            _, number, how = said.split(" ")
            file.read(int(number))
            if words:
                self.connection.sendall(words.encode() + b"\r\n")
            if how == RESET[:-1]:
                reset(self.connection)
            if how == HANG[:-1]:
                self.server.released.wait(10)
            return False
        lines = []
        while (line := file.readline()) and line != b".\r\n":
            lines.append(line[1:] if line.startswith(b".") else line)
        if not line:
            return False
        if lines or self.has_recipient:
            self.server.messages.append(b"".join(lines))
        said = self.answer("dot")
        self.minded("dot", said or "")
        return said is not None


def reset(connection: socket.socket) -> None:
    """Let the connection end the rude way when it is closed."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Start servers that answer as told and stop them afterwards."""
    servers: list[Server] = []

    def start(
        context: ssl.SSLContext | None = None, implicit: bool = False, **answers: object
    ) -> Server:
        servers.append(Server(context, implicit, answers))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


# --- the pool and what it carries ---------------------------------------------

MESSAGE = (b"Message-ID: <1@example.net>\r\nSubject: x\r\n\r\n", b"first\r\n", b"last\r\n")
PATIENCE = 20.0


@dataclass(frozen=True)
class Route:
    """How a relay of these tests is reached."""

    port: int
    host: str = "127.0.0.1"
    tls: str = "none"
    user: str = ""
    password: str = ""
    hello: str = "client.example"
    ca_file: str | None = None
    timeout: float = 0.05
    mode: str = "data"
    window: int = 4
    per_connection: int = 500


class Steady:
    """A throttle that always wants the same, and keeps what it was told."""

    rest_until = 0.0

    def __init__(self, wanted: int) -> None:
        self.wanted = wanted
        self.told: Counter[str] = Counter()
        self.accepted = 0

    def tick(self, now: float, accepted: int, saturated: bool) -> None:
        """Hear what was accepted."""
        self.accepted += accepted

    def strained(self, now: float) -> None:
        """Hear of a strain."""
        self.told["strained"] += 1

    def failed(self, now: float, jitter: float = 0.0) -> None:
        """Hear of a failure; rest long enough for the test to look."""
        self.told["failed"] += 1
        self.rest_until = now + 3600


class Load:
    """Freight of so many parcels, and what became of each."""

    def __init__(self, number: int, content=MESSAGE) -> None:
        self.waiting = deque(
            Parcel(n, Envelope(f"b{n}@list.example.net", f"r{n}@example.com"), content)
            for n in range(number)
        )
        self.replies: dict[int, Reply] = {}
        self.begun_ones: list[int] = []
        self.back: list[int] = []
        self.unwanted: set[int] = set()
        self.changed = threading.Condition()

    def take(self) -> Parcel | None:
        """Give the next."""
        return self.waiting.popleft() if self.waiting else None

    def begun(self, parcel: Parcel) -> bool:
        """Remember it."""
        if parcel.delivery in self.unwanted:
            return False
        self.begun_ones.append(parcel.delivery)
        return True

    def settled(self, parcel: Parcel, reply: Reply) -> None:
        """Remember the outcome; there is but one."""
        with self.changed:
            assert parcel.delivery not in self.replies, "settled twice"
            self.replies[parcel.delivery] = reply
            self.changed.notify()

    def given_back(self, parcel: Parcel) -> None:
        """Remember it."""
        with self.changed:
            self.back.append(parcel.delivery)
            self.changed.notify()

    def wait(self, number: int) -> None:
        """Wait until so many parcels have come to an end."""
        with self.changed:
            assert self.changed.wait_for(
                lambda: len(self.replies) + len(self.back) >= number, PATIENCE
            ), (self.replies, self.back)

    @property
    def codes(self) -> Counter:
        """How often each code came."""
        return Counter(reply.code for reply in self.replies.values())


@pytest.fixture
def carry() -> Iterator[Callable[..., Pool]]:
    """Start pools and see that each of them ends."""
    pools: list[Pool] = []

    def start(server, load: Load, *, wanted: int = 4, **settings: object) -> Pool:
        pool = Pool(Route(server.port, **settings), load, Steady(wanted))
        pools.append(pool)
        pool.start()
        return pool

    yield start
    for pool in pools:
        pool.close(0.0)


@pytest.fixture
def load() -> type[Load]:
    """Give what makes freight: `load(10)` is ten parcels."""
    return Load
