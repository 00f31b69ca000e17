"""answers - the headers every answer carries, and the journal of what was answered.

`Guarded` wraps an ASGI app: it adds the security headers, turns an error inside into a page that
tells nothing, and writes one event per request to the log, with the capability in unsubscribe
links scrubbed (ASVS 5.0 14.2.1: it stands in the address on purpose, so it must stand nowhere
else). Bodies of HEAD requests are held back here, once for all.

Faults: a StoreError inside is answered 503 with Retry-After, anything else 500; the log has the
traceback. Never: tells a visitor why. See: web.pages, web.desk (what is wrapped).
"""

from __future__ import annotations

import re
import time
import traceback
from collections.abc import Iterable, Mapping
from typing import Any, Final

import structlog
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from publisher.errors import StoreError

log: Final = structlog.get_logger("publisher.web")

SITE_HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
"""On every answer of the public port."""
_ORIGIN: Final = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+(?=/)")


def site_headers(logos: Iterable[str | None]) -> dict[str, str]:
    """Give the headers of the public port, on which only logos may be a stranger's pictures."""
    origins = {found[0] for logo in logos if logo and (found := _ORIGIN.match(logo))}
    shown = " ".join(["img-src 'self' data:", *sorted(origins)])
    policy = SITE_HEADERS["Content-Security-Policy"].replace("img-src 'self' data:", shown)
    return {**SITE_HEADERS, "Content-Security-Policy": policy}


_CAPABILITY: Final = re.compile(r"(/(?:unsubscribe|confirm|preferences)/)[^/?\s\"']+")
_ADDRESS: Final = re.compile(r"[^\s<>\"'=,;:()@]+@[^\s<>\"'=,;:()@]+\.[^\s<>\"'=,;:()@]+")


def scrub(text: str) -> str:
    """Take tokens and mail addresses out of what goes to the log."""
    return _ADDRESS.sub("…@…", _CAPABILITY.sub(r"\1…", text))


def raw_headers(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """Write headers as ASGI takes them."""
    return [(name.lower().encode("ascii"), text.encode("ascii")) for name, text in headers.items()]


def header(scope: Scope, name: bytes) -> str | None:
    """Read a request header, its lines joined by commas; None where it is absent."""
    values = [value for key, value in scope["headers"] if key == name]
    return b", ".join(values).decode("latin-1") if values else None


class Guarded:
    """An ASGI app with what every answer needs: see the module."""

    def __init__(self, app: ASGIApp, name: str, headers: Mapping[str, str]) -> None:
        self.app = app
        self.name = name
        self.headers = raw_headers(headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        answer = _Answer(send, self.headers, is_head=scope["method"] == "HEAD")
        begun = time.perf_counter()
        try:
            await self.app(scope, receive, answer.send)
        except Exception as error:
            self._tell(error, scope)
            if answer.status == 0:
                await _apology(error)(scope, receive, answer.send)
        log.info(
            "answered",
            app=self.name,
            method=scope["method"],
            path=scrub(scope["path"]),
            status=answer.status,
            bytes=answer.size,
            ms=round((time.perf_counter() - begun) * 1000, 1),
        )

    def _tell(self, error: Exception, scope: Scope) -> None:
        # Formatted here: a renderer that shows local variables would show tokens and addresses.
        lines = "".join(traceback.format_exception(error))
        log.error("fault", app=self.name, path=scrub(scope["path"]), traceback=scrub(lines))


class _Answer:
    """The way out of one request: adds headers, holds back a HEAD's body, counts."""

    def __init__(
        self, send: Send, headers: Iterable[tuple[bytes, bytes]], *, is_head: bool
    ) -> None:
        self._send = send
        self._headers = headers
        self._is_head = is_head
        self.status = 0
        self.size = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            own = {name.lower() for name, _ in message["headers"]}
            added = [pair for pair in self._headers if pair[0] not in own]
            message = {**message, "headers": [*message["headers"], *added]}
        elif message["type"] == "http.response.body" and not self._is_head:
            self.size += len(message.get("body", b""))
        elif message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await self._send(message)


def _apology(error: Exception) -> PlainTextResponse:
    headers: dict[str, Any] = {"Cache-Control": "no-store"}
    if isinstance(error, StoreError):
        words = "This cannot be done at the moment. Please try again in a minute.\n"
        return PlainTextResponse(words, 503, {**headers, "Retry-After": "60"})
    return PlainTextResponse("Something went wrong here. It has been noted.\n", 500, headers)
