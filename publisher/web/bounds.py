"""bounds - how long the head of a request may be, and how long it may take to come.

The parser under uvicorn keeps whatever is sent until an empty line ends it, so a stranger could
fill the memory with one header, or the table of connections with heads that never end. A head has
at most `HEAD_BYTES`, which is what nginx allows by default, and `HEAD_SECONDS` to arrive.
`send_whole` is the short way out for an answer that is ready, headers and all: uvicorn reads every
header again with two expressions, which is half of what a 304 costs.
Faults: a longer head is answered 431, a slower connection is closed. Never: looks at what is asked.
See: web (the server that speaks so), web.audience (the bound of bodies).
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from starlette.types import Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

HEAD_BYTES: Final = 32 * 1024
HEAD_SECONDS: Final = 20.0
_REFUSAL: Final = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-type: text/plain; charset=utf-8\r\ncontent-length: 22\r\nconnection: close\r\n\r\n"
    b"The head is too large\n"
)


class BoundedProtocol(HttpToolsProtocol):
    """HTTP as uvicorn speaks it, with bounds for the head of each request."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head_bytes = 0
        self._awaits_head = True
        self._ended_one = False
        self._patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for the first head."""
        super().connection_made(transport)
        self._patience = self.loop.call_later(HEAD_SECONDS, self._lose_patience)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came, and refuse a head that goes on and on."""
        self._ended_one = False
        super().data_received(data)
        if not self._awaits_head or self.transport.is_closing():
            return
        # what came together with the end of an earlier head cannot be told from it: not counted
        self._head_bytes += 0 if self._ended_one else len(data)
        if self._head_bytes > HEAD_BYTES:
            self.transport.write(_REFUSAL)
            self.transport.close()

    def on_message_begin(self) -> None:
        """Begin to count."""
        super().on_message_begin()
        self._head_bytes, self._awaits_head = 0, True
        if self._patience is None:
            self._patience = self.loop.call_later(HEAD_SECONDS, self._lose_patience)

    def on_headers_complete(self) -> None:
        """Stop counting: the head is here."""
        self._awaits_head, self._ended_one = False, True
        self._stop_waiting()
        super().on_headers_complete()

    def _stop_waiting(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _lose_patience(self) -> None:
        self._patience = None
        if self._awaits_head and not self.transport.is_closing():
            self.transport.close()


def send_whole(send: Send, head: bytes, body: bytes) -> bool:
    """Send an answer that is ready, or say that it has to go the usual way.

    `head` is all up to the empty line but the date. The usual way goes whatever is not usual: a
    connection that is to end, one that takes no more, a server that is not this one.
    """
    cycle = getattr(send, "__self__", None)
    if (
        type(cycle) is not RequestResponseCycle
        or not cycle.keep_alive
        or cycle.disconnected
        or cycle.response_started
        or cycle.flow.write_paused
    ):
        return False
    cycle.response_started = cycle.response_complete = True
    cycle.waiting_for_100_continue = False
    dated = b"".join([b"%b: %b\r\n" % pair for pair in cycle.default_headers])
    cycle.transport.write(b"%b%b\r\n" % (head, dated))
    if body:
        cycle.transport.write(body)
    cycle.message_event.set()
    cycle.on_response()
    return True
