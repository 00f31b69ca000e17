"""A real SMTP server on loopback that can be told to misbehave."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator

import pytest

DROP = "<drop>"
HANG = "<hang>"
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
    "RSET": "250 ok",
    "QUIT": "221 bye",
}


class Server:
    """An SMTP server that answers as it is told.

    Each verb has one answer, or a list used up from the front whose last one stays. An answer is
    what is sent, or DROP or HANG, or a function of the line received.
    """

    def __init__(self, context: ssl.SSLContext | None, implicit: bool, answers: dict) -> None:
        self.answers = {**DEFAULTS, **answers}
        self.context = context
        self.implicit = implicit
        self.commands: list[str] = []
        self.messages: list[bytes] = []
        self.connections = 0
        self.released = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._listen, daemon=True)]
        self._threads[0].start()

    def stop(self) -> None:
        """Close all that is open and wait for it."""
        self.released.set()
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
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _answer(self, connection: socket.socket, verb: str, line: str = "") -> bool:
        answer = self.answers[verb]
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        if callable(answer):
            answer = answer(line)
        if answer == HANG:
            self.released.wait(10)
        if answer in {DROP, HANG}:
            return False
        if answer:
            data = answer.replace("\n", "\r\n").encode("latin-1")
            connection.sendall(data if answer.endswith("\n\n") else data + b"\r\n")
        return True

    def _serve(self, connection: socket.socket) -> None:
        try:
            if self.implicit:
                connection = self.context.wrap_socket(connection, server_side=True)
            self._converse(connection)
        except OSError:
            pass
        finally:
            connection.close()

    def _converse(self, connection: socket.socket) -> None:
        file = connection.makefile("rb")
        try:
            going = self._answer(connection, "connect")
            while going and (line := file.readline()):
                text = line.decode("latin-1").rstrip("\r\n")
                self.commands.append(text)
                verb = text.split(" ")[0].upper()
                if verb not in self.answers:
                    verb = "AUTH"  # what follows AUTH LOGIN
                going = self._answer(connection, verb, text)
                if going and verb == "DATA" and self._is_open():
                    going = self._content(connection, file)
                if going and verb == "STARTTLS" and self.context:
                    file.close()
                    connection = self.context.wrap_socket(connection, server_side=True)
                    file = connection.makefile("rb")
                going = going and verb != "QUIT"
        finally:
            file.close()
            connection.close()

    def _is_open(self) -> bool:
        return self.commands[-1] == "DATA" and self.answers["DATA"] == DEFAULTS["DATA"]

    def _content(self, connection: socket.socket, file) -> bool:
        if not self._answer(connection, "content"):
            return False
        lines = []
        while (line := file.readline()) and line != b".\r\n":
            lines.append(line[1:] if line.startswith(b".") else line)
        self.messages.append(b"".join(lines))
        return self._answer(connection, "dot")


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
