"""A real SMTP server on loopback that misbehaves on purpose, each connection in a thread.

Every step (`connect`, a verb, `content`, `dot`) has an answer, or a list used up from the front
whose last one stays; `people[address]` has answers of its own for RCPT, DATA, `content` and `dot`. An
answer is a text (a reply, its lines parted by newlines), bytes (sent as they are), one of the deeds
below, or a tuple of these, done in order. It writes down whom it accepted before it says so.
"""

import contextlib
import copy
import hashlib
import re
import socket
import ssl
import struct
import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import NamedTuple

OFFERS = ("PIPELINING", "SIZE 10000000", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES", "CHUNKING")
ANSWERS = {
    "connect": "220 relay.example.net ready",
    "HELO": "250 relay.example.net",
    "STARTTLS": "220 2.0.0 go ahead",
    "AUTH": "235 2.7.0 welcome",
    "MAIL": "250 2.1.0 ok",
    "RCPT": "250 2.1.5 ok",
    "DATA": "354 go on",
    "content": "",
    "dot": "250 2.0.0 queued",
    "RSET": "250 2.0.0 ok",
    "NOOP": "250 2.0.0 ok",
    "QUIT": "221 2.0.0 bye",
}


@dataclass(frozen=True)
class Deed:
    """Something other than an answer."""

    what: str
    seconds: float = 0.0
    data: bytes = b""


DROP = Deed("drop")
"""Close the connection."""
RESET = Deed("reset")
"""Close it with a TCP reset."""
HANG = Deed("hang")
"""Say nothing until the test is over."""
TAKE = Deed("take")
"""Accept the message, whatever is said of it after."""


def wait(seconds: float) -> Deed:
    """Stand still for a while."""
    return Deed("wait", seconds)


def drip(data: bytes, every: float) -> Deed:
    """Say it one byte at a time."""
    return Deed("drip", every, data)


class Taken(NamedTuple):
    """A message that was accepted; `body` is a digest of what all recipients have in common."""

    message_id: str
    whole: str
    body: str
    sender: str
    connection: int
    content: bytes


class _Over(Exception):
    """The connection is done with."""


class Relay:
    """The server; see the module. `most` connections are served at once, the others get 421."""

    def __init__(
        self,
        *,
        offers: tuple[str, ...] = OFFERS,
        context: ssl.SSLContext | None = None,
        implicit: bool = False,
        port: int = 0,
        most: int = 1000,
        **answers: object,
    ) -> None:
        self.offers = offers
        # lists are used up: each relay has its own
        self.answers: dict[str, object] = {**ANSWERS, **copy.deepcopy(answers)}
        self.people: dict[str, dict[str, object]] = {}
        self.accepted: dict[str, list[Taken]] = defaultdict(list)
        self.refused: Counter[str] = Counter()
        self.commands: list[str] = []
        self.faults: list[str] = []
        self.moments: list[float] = []
        self.connections = self.open = self.most_open = self.most_errors = 0
        self.over = threading.Event()
        self._most = most
        self._context = context
        self._implicit = implicit
        self._lock = threading.Lock()
        self._sockets: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", port), backlog=256)
        self.port = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._listen, daemon=True)]
        self._threads[0].start()

    # --- what a test asks ---------------------------------------------------

    @property
    def total(self) -> int:
        """How many messages were accepted, repeats too."""
        return sum(len(taken) for taken in self.accepted.values())

    @property
    def copies(self) -> dict[str, int]:
        """How often each recipient's message was accepted."""
        return {address: len(taken) for address, taken in self.accepted.items()}

    def said(self, verb: str) -> int:
        """Count the commands that began so."""
        return sum(line.upper().startswith(verb) for line in self.commands)

    def stop(self) -> None:
        """Close all that is open and wait for it."""
        self.over.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.hang_up()
        for thread in self._threads:
            thread.join(10)

    def hang_up(self) -> None:
        """Reset every connection there is."""
        with self._lock:
            for one in self._sockets:
                _reset(one)

    # --- inside -------------------------------------------------------------

    def _listen(self) -> None:
        while not self.over.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self.connections += 1
                self.open += 1
                self.most_open = max(self.most_open, self.open)
                self._sockets.add(connection)
                number = self.connections
            thread = threading.Thread(target=self._serve, args=(connection, number), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket, number: int) -> None:
        talk = _Talk(self, connection, number)
        try:
            if self.open > self._most:
                connection.sendall(b"421 4.7.0 too many connections\r\n")
                return
            if self._implicit:
                talk.encrypt(self._context)
            talk.run()
        except (OSError, _Over, ValueError):
            pass
        finally:
            with self._lock:
                self.open -= 1
                self.most_errors = max(self.most_errors, talk.errors)
                self._sockets.discard(connection)
            with contextlib.suppress(OSError):
                talk.socket.close()
            connection.close()

    def answer(self, step: str, person: str = "") -> object:
        """Give what follows on a step, and use it up where there is more."""
        with self._lock:
            theirs = self.people.get(person, {})
            table = theirs if step in theirs else self.answers
            found = table[step]
            if isinstance(found, list):
                found = found.pop(0) if len(found) > 1 else found[0]
            return found

    def take(self, talk: "_Talk") -> None:
        """Write down that a message was accepted."""
        content = bytes(talk.content)
        # what differs between readers: their address, name, ways out, and the message's own names
        common = re.sub(rb"/(?:unsubscribe|preferences)/[^>\"\s)]+", b"", content)
        common = re.sub(rb"(?mi)^(?:to|message-id|feedback-id|x-[\w-]+):.*\r\n", b"", common)
        found = re.search(rb"(?mi)^message-id:\s*(\S+)", content)
        taken = Taken(
            found[1].decode() if found else "",
            hashlib.sha256(content).hexdigest(),
            hashlib.sha256(common).hexdigest(),
            talk.sender,
            talk.number,
            content,
        )
        with self._lock:
            self.moments.append(time.monotonic())
            for person in talk.people:
                self.accepted[person].append(taken)


class _Talk:
    """One connection."""

    def __init__(self, relay: Relay, connection: socket.socket, number: int) -> None:
        self.relay = relay
        self.socket = connection
        self.number = number
        self.errors = 0
        self.sender = ""
        self.people: list[str] = []
        self.content = bytearray()
        self._heard = bytearray()
        self._in_mail = False
        self._failed = False
        self._taken = False

    def run(self) -> None:
        """Answer until it is over."""
        self._do(self.relay.answer("connect"))
        while True:
            line = self._line()
            self.relay.commands.append(line)
            verb = line.split(" ")[0].upper()
            if self._heard and "PIPELINING" not in self.relay.offers and verb != "BDAT":
                self.relay.faults.append(f"spoke before the answer to {line!r}")
            getattr(self, f"_{verb.lower()}", self._other)(line, verb)

    def encrypt(self, context: ssl.SSLContext | None) -> None:
        """Go on in TLS."""
        assert context is not None
        self.socket = context.wrap_socket(self.socket, server_side=True)

    def _ehlo(self, line: str, verb: str) -> None:
        self._forget()
        theirs = self.relay.answers.get("EHLO")
        if theirs is not None:
            self._do(self.relay.answer("EHLO"))
        else:
            self._do(
                "\n".join(
                    (
                        "250-relay.example.net",
                        *(f"250-{one}" for one in self.relay.offers),
                        "250 HELP",
                    )
                )
            )

    def _starttls(self, line: str, verb: str) -> None:
        said = self.relay.answer("STARTTLS")
        self._do(said)
        if isinstance(said, str) and said.startswith("220") and self.relay._context:
            self.encrypt(self.relay._context)

    def _auth(self, line: str, verb: str) -> None:
        said = self.relay.answer("AUTH")
        if line.upper() == "AUTH LOGIN":
            for question in ("334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6"):
                self._do(question)
                self._line()
        self._do(said)

    def _mail(self, line: str, verb: str) -> None:
        if self._in_mail:
            self.relay.faults.append("MAIL inside a transaction")
            self._do("503 5.5.1 sender already given")
            return
        said = self.relay.answer("MAIL")
        if self._do(said) == 2:
            self._forget()
            self._in_mail = True
            self.sender = line.partition("<")[2].partition(">")[0]

    def _rcpt(self, line: str, verb: str) -> None:
        person = line.partition("<")[2].partition(">")[0]
        if not self._in_mail:
            self._do("503 5.5.1 MAIL first")
            return
        said = self.relay.answer("RCPT", person)
        if self._do(said) == 2:
            self.people.append(person)
        else:
            self.relay.refused[person] += 1

    def _data(self, line: str, verb: str) -> None:
        if not self.people and self.relay.answers["DATA"] == ANSWERS["DATA"]:
            self._do("554 5.5.1 no valid recipients")
            return
        if self._do(self.relay.answer("DATA", self._person)) != 3:
            return
        if not self._heard:
            self._receive()
        self._do(self.relay.answer("content", self._person))
        lines = bytearray()
        while not (lines.endswith(b"\r\n.\r\n") or lines == b".\r\n"):
            lines += self._line_bytes()
        self.content = bytearray(lines[:-3].replace(b"\r\n..", b"\r\n."))
        if not self.people:
            if self.content:
                self.relay.faults.append("content for nobody")
            self._forget()
            self._do("554 5.5.1 no valid recipients")
            return
        self._end()

    def _bdat(self, line: str, verb: str) -> None:
        words = line.split()
        size = int(words[1])
        while len(self._heard) < size:
            self._receive()
        self.content += self._heard[:size]
        del self._heard[:size]
        self._do(self.relay.answer("content", self._person))
        if not self.people:
            self._do("503 5.5.1 RCPT first")  # the state after it is not determined: RFC 3030 §2
        elif words[-1].upper() == "LAST":
            self._end()
        else:
            self._do("250 2.0.0 chunk taken")

    def _end(self) -> None:
        said = self.relay.answer("dot", self._person)
        if _takes(said):
            self.relay.take(self)
        else:
            self.relay.refused.update(self.people)
        self._forget()
        self._do(said)

    def _rset(self, line: str, verb: str) -> None:
        self._forget()
        self._do(self.relay.answer("RSET"))

    def _quit(self, line: str, verb: str) -> None:
        self._do(self.relay.answer("QUIT"))
        raise _Over

    def _other(self, line: str, verb: str) -> None:
        known = verb in self.relay.answers
        self._do(self.relay.answer(verb) if known else "500 5.5.2 what")

    @property
    def _person(self) -> str:
        return self.people[0] if self.people else ""

    def _forget(self) -> None:
        self._in_mail = False
        self.people = []
        self.content = bytearray()

    # --- hearing and saying -------------------------------------------------

    def _receive(self) -> None:
        data = self.socket.recv(1 << 16)
        if not data:
            raise _Over
        self._heard += data

    def _line_bytes(self) -> bytes:
        at = -1
        while (at := self._heard.find(b"\n", max(0, at))) < 0:
            self._receive()
        line = bytes(self._heard[: at + 1])
        del self._heard[: at + 1]
        return line

    def _line(self) -> str:
        return self._line_bytes().decode("utf-8", "replace").rstrip("\r\n")

    def _do(self, answer: object) -> int:
        """Do what is to be done; give the first digit of the last reply, 0 for none."""
        digit = 0
        for one in answer if isinstance(answer, tuple) else (answer,):
            if isinstance(one, Deed):
                self._deed(one)
            elif isinstance(one, bytes):
                self.socket.sendall(one)
            elif one:
                self.socket.sendall((str(one).replace("\n", "\r\n") + "\r\n").encode("latin-1"))
                digit = int(one[0]) if one[0].isdigit() else 0
                self.errors += digit in {4, 5}
                if one.startswith("421"):
                    raise _Over
        return digit

    def _deed(self, deed: Deed) -> None:
        if deed.what == "wait":
            self.relay.over.wait(deed.seconds)
        elif deed.what == "drip":
            for byte in deed.data:
                self.socket.sendall(bytes([byte]))
                if self.relay.over.wait(deed.seconds):
                    raise _Over
        elif deed.what == "hang":
            self.relay.over.wait(60)
            raise _Over
        elif deed.what == "reset":
            _reset(self.socket)
            raise _Over
        elif deed.what == "drop":
            raise _Over


def _takes(answer: object) -> bool:
    parts = answer if isinstance(answer, tuple) else (answer,)
    return any(part == TAKE or (isinstance(part, str) and part[:1] == "2") for part in parts)


def _reset(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        one.shutdown(socket.SHUT_RD)
        one.close()
