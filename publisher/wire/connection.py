"""wire.connection - a socket and the conversation over it.

One read and one write for each message: the pieces of a content go to the kernel as they are.
A write that fails is not the end: what the server said before it closed may still wait to be read,
and of several messages under way it tells which were taken. So a connection is lost when reading
ends.
Faults: none are raised; the conversation hears how it ended. Never: SMTP.
See: wire.protocol (the conversation), wire.pool (owns connections).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import ssl
from collections.abc import Callable, Sequence
from typing import Final

from publisher.wire.protocol import ENCRYPTING, OVER, SERVING, Conversation
from publisher.wire.transactions import OUT_OF_TURN

LAST_WORDS: Final = 2.0
"""Seconds granted to a server that closes while we write: its reply may already be on the way."""
_CHUNK: Final = 4096
_PIECES: Final = 512
"""The kernel takes 1024 pieces in one write (IOV_MAX)."""
_RECORDS: Final = 1024
"""More bytes than TLS adds to the two records that can hold what stands behind a content."""


class Tls:
    """TLS between the socket and the conversation, in memory."""

    def __init__(self, context: ssl.SSLContext, host: str) -> None:
        self._came, self._goes = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._came, self._goes, server_hostname=host)

    def shake(self, data: bytes) -> bool:
        """Go on with the handshake; True when it is done."""
        self._came.write(data)
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True

    def opened(self, data: bytes) -> bytes:
        """Take what was received; give what is clear of it. EOFError: the server took leave."""
        self._came.write(data)
        clear: list[bytes] = []
        with contextlib.suppress(ssl.SSLWantReadError):
            while True:
                try:
                    piece = self._tls.read(_CHUNK)
                except ssl.SSLZeroReturnError:
                    piece = b""
                if not piece:
                    if not clear:
                        raise EOFError
                    break
                clear.append(piece)
        return b"".join(clear)

    def sealed(self, pieces: Sequence[bytes]) -> bytes:
        """Give pieces, and whatever else TLS has to say, as they go to the socket."""
        data = memoryview(b"".join(pieces))
        while data:
            data = data[self._tls.write(data) :]
        return self._goes.read()


class Connection:
    """One connection of a pool; `noted` is called when its conversation is no longer just serving."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        sock: socket.socket,
        talk: Conversation,
        noted: Callable[[Connection], None],
        secured: Callable[[], Tls],
        put_off: Callable[[Connection], None],
    ) -> None:
        self.talk = talk
        self.heard = -1
        self.since = loop.time()
        self.opened = self.since
        self.was_idle = False
        self._loop = loop
        self._socket = sock
        self._send = sock.sendmsg
        self._noted = noted
        self._secured = secured
        self._put_off = put_off
        self._due: Sequence[bytes] = ()
        self._tls: Tls | None = None
        self._unsent: list[memoryview] = []
        self._is_broken = False
        self._is_closed = False

    def start(self) -> None:
        """Begin the conversation."""
        self._loop.add_reader(self._socket, self._readable)
        self._say(self.talk.begin())
        self._attend()

    def proceed(self) -> None:
        """Say what there is to say, if nothing waits to be written."""
        if not (self._unsent or self._due or self._is_broken):
            self._say(self.talk.proceed())
            if self.talk.state != SERVING:
                self._attend()

    def say_due(self) -> None:
        """Write the content that was put off; one that is over by now has kept it here."""
        pieces, self._due = self._due, ()
        mail = self.talk.mail
        if not pieces or mail is None or self._is_closed or self._is_broken:
            return
        if not self.talk.is_heard_out:  # a reply has begun to what was not given yet
            self._lost(OUT_OF_TURN)
            return
        mail.unsent = 0
        self._write(pieces, mail.given)

    def look(self) -> None:
        """Read what nobody tells of: uvloop tells of a reset once, whatever is left to be read."""
        self._readable()

    def close(self) -> None:
        """End the connection without a word."""
        if not self._is_closed:
            self._is_closed = True
            self._loop.remove_reader(self._socket)
            self._loop.remove_writer(self._socket)
            self._socket.close()

    # --- reading ------------------------------------------------------------

    def _readable(self) -> None:
        if self._is_closed:
            return
        try:
            data = self._socket.recv(_CHUNK)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as fault:
            self._lost(name(fault))
            return
        talk = self.talk
        if not data:
            self._lost("the server closed the connection")
            return
        if self._tls is not None:
            clear = self._decrypted(self._tls, data)
            if clear is None:
                return
            data = clear
        if self._is_broken:
            talk.listen(data)
        else:
            pieces = talk.receive(data)
            mail = talk.mail
            if mail is not None and mail.is_in_step and self._tls is None and not self._unsent:
                mail.unsent = mail.given
                self._due = pieces
                self._put_off(self)
            else:
                self._say(pieces)
        if talk.state != SERVING:
            self._attend()

    def _decrypted(self, tls: Tls, data: bytes) -> bytes | None:
        """Give what is clear of what came; None when there is nothing to go on with."""
        talk = self.talk
        try:
            if talk.state != ENCRYPTING:
                return tls.opened(data) or None
            if tls.shake(data):
                self._write([tls.sealed(())])
                self._say(talk.encrypted())
                data = tls.opened(b"")  # behind the handshake there may be more already
                if not data:
                    self._attend()
                return data or None
            self._write([tls.sealed(())])
        except EOFError:
            self._lost("the server closed the connection")
        except ssl.SSLCertVerificationError as fault:
            self.talk.unencrypted(
                f"the relay's certificate is not valid: {fault.verify_message}",
                "use the name that stands in the certificate, or name its authority's file",
                is_fault=True,
            )
            self._attend()
        except (OSError, ValueError) as fault:
            self._lost(f"TLS failed: {name(fault)}")
        return None

    def _encrypt(self) -> None:
        talk = self.talk
        try:
            self._tls = self._secured()
            self._tls.shake(b"")
            self._write([self._tls.sealed(())])
        except (OSError, ssl.SSLError) as fault:
            words = f"the authority's file cannot be used: {fault}"
            talk.unencrypted(words, is_fault=True)
        except ValueError as fault:  # a host that is no name
            talk.unencrypted(f"TLS could not begin: {fault}")

    def _attend(self) -> None:
        """Look after a conversation that is not simply serving."""
        if self.talk.state == ENCRYPTING and self._tls is None:
            self._encrypt()
        self._noted(self)

    def _lost(self, words: str) -> None:
        if self.talk.state != OVER:
            self.talk.end(words)
            self._attend()

    # --- writing ------------------------------------------------------------

    def _say(self, pieces: Sequence[bytes]) -> None:
        mail = self.talk.mail
        if pieces:
            if self._tls is not None:
                self._write([self._tls.sealed(pieces)])
            else:
                self._write(pieces, 0 if mail is None else mail.given)
        while mail is not None and mail.is_eager and not (self._unsent or self._is_broken):
            pieces = self.talk.proceed()
            if not pieces:
                break
            self._write(pieces if self._tls is None else [self._tls.sealed(pieces)])

    def _write(self, pieces: Sequence[bytes], size: int = 0) -> None:
        if self._unsent:
            self._unsent += [memoryview(piece) for piece in pieces]
            self._count()
            return
        if len(pieces) > _PIECES:
            pieces = [b"".join(pieces)]
        try:
            sent = self._send(pieces)
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError as fault:
            self._unsent = _rest(pieces, 0)
            self._count()
            self._break(fault)
            return
        if sent != (size or sum(map(len, pieces))):
            self._unsent = _rest(pieces, sent)
            self._count()
            self._loop.add_writer(self._socket, self._writable)

    def _writable(self) -> None:
        try:
            sent = self._send(self._unsent[:_PIECES])
        except (BlockingIOError, InterruptedError):
            return
        except OSError as fault:
            self._loop.remove_writer(self._socket)
            self._break(fault)
            return
        self._unsent = _rest(self._unsent, sent)
        self._count()
        if not self._unsent:
            self._loop.remove_writer(self._socket)
            self.proceed()

    def _count(self) -> None:
        """Tell the conversation how much the kernel has not taken yet."""
        if (mail := self.talk.mail) is not None:
            left = sum(map(len, self._unsent))
            mail.unsent = left if self._tls is None else max(0, left - _RECORDS)

    def _break(self, fault: OSError) -> None:
        """Read to the end before the connection is called lost."""
        self._is_broken = True
        self._unsent = []
        self._loop.call_later(LAST_WORDS, self._lost, name(fault))
        self._loop.call_soon(self._readable)


def _rest(pieces: Sequence[bytes | memoryview], sent: int) -> list[memoryview]:
    """Give what is left of pieces after so many bytes."""
    left = []
    for piece in pieces:
        if sent >= len(piece):
            sent -= len(piece)
        else:
            left.append(memoryview(piece)[sent:])
            sent = 0
    return left


def name(fault: Exception) -> str:
    """Say in words what befell a connection."""
    if isinstance(fault, TimeoutError):
        return "no answer in time"
    if isinstance(fault, ConnectionError) and fault.errno:
        return os.strerror(fault.errno)
    if isinstance(fault, OSError) and fault.strerror:
        return fault.strerror
    return str(fault) or type(fault).__name__
