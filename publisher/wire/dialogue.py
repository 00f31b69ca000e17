"""wire.dialogue - one connection to a relay: a line out, a reply in.

Replies are read by RFC 5321 §4.2: any number of lines up to a bound, the code of the last one, the
enhanced code taken out of the words. Every wait has one deadline for the whole reply, so a server
that sends a byte a minute gains nothing.
Faults: `Lost`, raised for whatever ends a connection: it is caught in this room.
Never: knows which command may follow which. See: session (does).
"""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import time
from typing import Final

from publisher.model import Phase, Reply

LINE_LIMIT: Final = 4096
"""RFC 5321 §4.5.3.1.5 allows 512 octets in a reply line; relays send more."""
LINES_LIMIT: Final = 100
LAST_WORDS: Final = 2.0
"""Seconds granted to a server that closes while we write: its reply may already be on the way."""

_LINE = re.compile(rb"([2-5]\d\d)(?:([ -])(.*))?", re.DOTALL)
_ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?:\s+|$)")
_UNPRINTABLE = re.compile(r"[^\x20-\x7e]+")


class Lost(Exception):
    """The connection ended or is of no more use."""


class Dialogue:
    """A connection that speaks in lines and replies."""

    def __init__(self, host: str, port: int, timeout: float) -> None:
        """Connect; raise Lost when nobody answers."""
        self._buffer = bytearray()
        try:
            self._socket: socket.socket = socket.create_connection((host, port), timeout)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except (OSError, UnicodeError) as fault:  # the second: a host that is no name
            raise Lost(f"cannot connect: {_name(fault)}") from fault

    @property
    def local_address(self) -> str:
        """Our own address in this connection."""
        return str(self._socket.getsockname()[0])

    def encrypt(self, context: ssl.SSLContext, host: str, timeout: float) -> None:
        """Begin TLS; certificate faults come as they are, all others as Lost.

        What the server said before in clear text is not taken over into the safe connection.
        """
        if self._buffer:
            raise Lost("the server spoke out of turn before TLS")
        try:
            self._socket.settimeout(timeout)
            self._socket = context.wrap_socket(self._socket, server_hostname=host)
        except ssl.SSLCertVerificationError:
            raise
        except (OSError, ValueError) as fault:
            raise Lost(f"TLS could not begin: {_name(fault)}") from fault

    def ask(self, line: str, phase: Phase, timeout: float) -> Reply:
        """Say one line and read the reply to it."""
        if "\r" in line or "\n" in line:
            raise ValueError("a command must be one line")
        return self.exchange(line.encode("ascii") + b"\r\n", phase, timeout)

    def exchange(self, content: bytes, phase: Phase, timeout: float) -> Reply:
        """Give bytes away and read the reply to them.

        A server that closes while we still write may have said why: that is read before the
        connection is called lost.
        """
        try:
            self._socket.settimeout(timeout)
            self._socket.sendall(content)
        except OSError as fault:
            try:
                return self.hear(phase, LAST_WORDS)
            except Lost:
                raise Lost(_name(fault)) from fault
        return self.hear(phase, timeout)

    def hear(self, phase: Phase, timeout: float) -> Reply:
        """Read one reply, however many lines it has."""
        deadline = time.monotonic() + timeout
        words: list[str] = []
        enhanced = None
        for _ in range(LINES_LIMIT):
            match = _LINE.fullmatch(self._line(deadline))
            if match is None:
                raise Lost("the server's reply is unreadable")
            text = _UNPRINTABLE.sub(" ", (match[3] or b"").decode("ascii", "replace")).strip()
            if found := _ENHANCED.match(text):
                enhanced = found[1]
                text = text[found.end() :]
            words.append(text)
            if match[2] != b"-":
                return Reply(phase, int(match[1]), enhanced, "\n".join(words))
        raise Lost("the server's reply does not end")

    def abort(self) -> None:
        """End whatever waits on the connection, from another thread."""
        with contextlib.suppress(OSError):
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def close(self) -> None:
        """End the connection without a word."""
        with contextlib.suppress(OSError):
            self._socket.close()

    def _line(self, deadline: float) -> bytes:
        while (end := self._buffer.find(b"\n")) < 0:
            if len(self._buffer) > LINE_LIMIT:
                raise Lost("the server's reply is too long")
            self._receive(deadline)
        line = bytes(self._buffer[:end]).rstrip(b"\r")
        del self._buffer[: end + 1]
        return line

    def _receive(self, deadline: float) -> None:
        try:
            self._socket.settimeout(max(0.001, deadline - time.monotonic()))
            received = self._socket.recv(LINE_LIMIT)
        except OSError as fault:
            raise Lost(_name(fault)) from fault
        if not received:
            raise Lost("the server closed the connection")
        self._buffer += received


def _name(fault: Exception) -> str:
    """Say in words what befell a connection."""
    if isinstance(fault, TimeoutError):
        return "no answer in time"
    if isinstance(fault, OSError) and fault.strerror:
        return fault.strerror
    return str(fault) or type(fault).__name__
