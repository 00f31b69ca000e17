"""wire.command - the transport that gives each message to a program, as `sendmail` is given it.

The command is a list of arguments in which {sender} and {recipient} stand for the addresses; no
shell ever sees it. The message comes on standard input with the line ends of Unix; what the program
says on standard error, a bounded part of it, is the reply's words. How it ends is told by its exit
code (sysexits.h):

    0            accepted
    65           the message was refused          67, 68   the recipient was
    75           not now                          others   a fault of the program's, charged to nobody

A program that is killed or does not end in time has had the content: that is in doubt.
Faults: TransportError when the program cannot be started.
Never: a shell; a program that outlives its message. See: wire.courier (carries one by one).
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from typing import Final

from publisher.errors import TransportError
from publisher.model import Envelope, Phase, Reply
from publisher.wire.envelopes import written
from publisher.wire.opening import Timeouts
from publisher.wire.replies import WORDS_LIMIT

_CHUNK: Final = 65536
_EXITS: Final = {
    0: (Phase.DOT, 250, "2.0.0"),
    65: (Phase.DOT, 554, "5.6.0"),  # EX_DATAERR
    67: (Phase.RCPT, 550, "5.1.1"),  # EX_NOUSER
    68: (Phase.RCPT, 550, "5.1.2"),  # EX_NOHOST
    75: (Phase.DOT, 451, None),  # EX_TEMPFAIL
}


class Command:
    """A program that takes one message each time it is run; `timeout` scales its time."""

    def __init__(self, argv: Sequence[str], timeout: float = 1.0) -> None:
        self._argv = tuple(argv)
        self._seconds = Timeouts(timeout).dot
        self._process: subprocess.Popen[bytes] | None = None
        self._is_aborted = False

    def deliver(
        self, envelope: Envelope, content: Sequence[bytes], begun: Callable[[], bool]
    ) -> Reply | None:
        """Run the program with the message; its exit code is the reply."""
        sender = written(envelope.sender, Phase.MAIL, "5.1.7")
        recipient = written(envelope.recipient, Phase.RCPT, "5.1.3")
        if isinstance(sender, Reply):
            return sender
        if isinstance(recipient, Reply):
            return recipient
        argv = [
            one.replace("{sender}", sender).replace("{recipient}", recipient) for one in self._argv
        ]
        for told, given in zip(self._argv, argv, strict=True):
            if given.startswith("-") and not told.startswith("-"):  # it would be an option
                words = "an address that begins with a hyphen cannot be given to a command"
                return Reply(Phase.RCPT, 553, "5.1.3", words)
        if self._is_aborted or not begun():
            return None
        try:
            self._process = process = subprocess.Popen(  # noqa: S603 - no shell; addresses are words
                argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except (OSError, ValueError) as fault:
            raise TransportError(
                f"the program cannot be started: {getattr(fault, 'strerror', None) or fault}",
                where=self._argv[0] if self._argv else "command",
                hint="correct `command` in publisher.toml, then resume the send",
            ) from fault
        with process:
            try:
                return self._ended(process, b"".join(content).replace(b"\r\n", b"\n"))
            finally:
                self._kill()

    def abort(self) -> None:
        """End the program, from another thread."""
        self._is_aborted = True
        self._kill()

    def close(self) -> None:
        """Do nothing: no program outlives its message."""

    def _ended(self, process: subprocess.Popen[bytes], message: bytes) -> Reply:
        """Give the message, hear the program out, and turn how it ended into a reply."""
        deadline = time.monotonic() + self._seconds
        said = _conversed(process, message, deadline)
        try:
            code = process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            return Reply(Phase.DOT, words="no answer in time")
        words = " ".join(said.decode("utf-8", "replace").split())
        words = "".join(sign if sign.isprintable() else " " for sign in words)[:WORDS_LIMIT]
        if code in _EXITS:
            phase, number, enhanced = _EXITS[code]
            return Reply(phase, number, enhanced, words)
        if code < 0:
            return Reply(Phase.DOT, words=f"the program was killed: {signal.Signals(-code).name}")
        told = f"the program ended with {code}"
        return Reply(Phase.CONNECT, words=f"{told}: {words}"[:WORDS_LIMIT] if words else told)

    def _kill(self) -> None:
        """End the program, and what it started; one that has ended may leave others at work."""
        if (process := self._process) is not None and process.poll() is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)


def _conversed(process: subprocess.Popen[bytes], message: bytes, deadline: float) -> bytes:
    """Write the message while reading what is said; give the beginning of that."""
    assert process.stdin is not None  # noqa: S101 - both are asked for
    assert process.stderr is not None  # noqa: S101
    said = b""
    rest = memoryview(message)
    with selectors.DefaultSelector() as doors:
        os.set_blocking(process.stdin.fileno(), False)
        doors.register(process.stdin, selectors.EVENT_WRITE)
        doors.register(process.stderr, selectors.EVENT_READ)
        while doors.get_map() and (left := deadline - time.monotonic()) > 0:
            for key, _ in doors.select(left):
                if key.fileobj is process.stderr:
                    data = os.read(key.fd, _CHUNK)
                    said = (said + data)[: 4 * WORDS_LIMIT]
                    if not data:
                        doors.unregister(process.stderr)
                    continue
                try:
                    rest = rest[os.write(key.fd, rest) :]
                except BlockingIOError:
                    continue
                except OSError:  # it does not read to the end: its exit code says why
                    rest = rest[:0]
                if not rest:
                    doors.unregister(process.stdin)
                    with contextlib.suppress(OSError):
                        process.stdin.close()
    return said
