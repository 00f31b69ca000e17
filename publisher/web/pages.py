"""pages - the public port: the published site, `/health`, `/metrics`, and the audience's pages.

Feeds are answered by a plain function in front of everything else, out of memory; they are counted
and not logged one by one. What is unusual about one, and every other file, comes after it. Of the
codings of a file a reader gets the one it takes best. A withdrawn issue is answered 410 with its tombstone, as the register says, even while
the database is away: the site needs none.

Faults: none of its own; `web.answers` turns errors inside into pages that tell nothing.
Never: publishes, redirects a feed, follows a link out of feeds/. See: web.files, web.audience.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from publisher import register
from publisher.clock import utc_now
from publisher.errors import PublisherError, RegisterError
from publisher.render.environment import Templates, draw
from publisher.settings import Settings, secret_key
from publisher.store import Schema, Store, account
from publisher.web import metrics
from publisher.web.accepting import weights
from publisher.web.answers import Guarded, log, raw_headers, site_headers
from publisher.web.audience import Audience
from publisher.web.bounds import send_whole
from publisher.web.conditional import is_unchanged
from publisher.web.counters import Counters
from publisher.web.files import Leaf, Shelf
from publisher.web.gate import refusal
from publisher.web.labels import FEED_HEADERS, FEED_NAMES, link, newsletter_at
from publisher.web.patience import Patience, reader_at
from publisher.web.searching import Searching

_ASKED: Final = frozenset(
    {b"if-none-match", b"if-modified-since", b"accept-encoding", b"user-agent"}
)
_NO_CODING_WORDS: Final = b"There is no coding of this that you take.\n"
_NO_CODING: Final = raw_headers(
    {
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Length": str(len(_NO_CODING_WORDS)),
        "Cache-Control": "no-cache",
        "Vary": "Accept-Encoding",
    }
)
_PREFLIGHT: Final = {
    "Allow": "GET, HEAD, OPTIONS",
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, HEAD",
    "Access-Control-Allow-Headers": "If-None-Match, If-Modified-Since",
    "Access-Control-Max-Age": "86400",
}


def site_app(
    settings: Settings, store: Store, templates: Templates, counters: Counters | None = None
) -> ASGIApp:
    """Make the app of the public port; who asks for feeds is counted in `counters`."""
    headers = site_headers(newsletter.look.logo for newsletter in settings.newsletters)
    site = _Site(settings, templates, counters or Counters(), headers)
    key = secret_key(settings)
    routes = [
        Route("/health", _health(store, site.shelf), methods=["GET"]),
        Route("/metrics", _metrics(settings, store, site), methods=["GET"]),
    ]
    for newsletter in settings.newsletters:
        routes += Audience(newsletter, store, key, templates, site.missing).routes()
        routes += Searching(newsletter, store, templates).routes()
    router = Router(routes, redirect_slashes=False, default=site.page)

    async def behind(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].rpartition("/")[2] in FEED_NAMES:
            await site.unusual_feed(scope, receive, send)
        else:
            await router(scope, receive, send)

    guarded = Guarded(behind, "site", headers)

    async def front(scope: Scope, receive: Receive, send: Send) -> None:
        if not (
            scope["type"] == "http"
            and scope["path"].rpartition("/")[2] in FEED_NAMES
            and await site.feed(scope, send)
        ):
            await guarded(scope, receive, send)

    return front


def _health(store: Store, shelf: Shelf) -> Callable[[Request], Response]:
    def health(request: Request) -> Response:
        try:
            is_reachable = store.state() is Schema.CURRENT
            with store.read() as conn:
                rests = account.is_any_resting(conn)
        except PublisherError:
            is_reachable = rests = False
        parts = {"database": is_reachable, "site": shelf.is_there()}
        told = {name: "ok" if is_well else "failing" for name, is_well in parts.items()}
        is_well = all(parts.values())
        return JSONResponse(
            # a relay that rests is no fault of the site, which is not to be taken away for it
            {"status": "ok" if is_well else "failing", **told}
            | ({"relay": "resting"} if rests else {}),
            200 if is_well else 503,
            {"Cache-Control": "no-store"},
        )

    return health


def _metrics(settings: Settings, store: Store, site: _Site) -> Callable[[Request], Response]:
    def told(request: Request) -> Response:
        if refusal(
            request.method,
            list(request.headers.items()),
            peer=request.client.host if request.client else "",
            http_version=request.scope["http_version"],
        ):
            return site.missing(request.url.path)
        text = metrics.exposition(store, settings.newsletters, utc_now())
        return Response(text, 200, {"Cache-Control": "no-store"}, metrics.MEDIA_TYPE)

    return told


class _Site:
    """The published files, and the pages for where none is."""

    def __init__(
        self,
        settings: Settings,
        templates: Templates,
        counters: Counters,
        headers: Mapping[str, str],
    ) -> None:
        self.counters = counters
        self.patience = Patience()
        self.newsletters = settings.newsletters
        self.shelf = Shelf(
            settings.site_folder, partial(link, settings.newsletters), raw_headers(headers)
        )
        self.withdrawn = _Withdrawn(settings.register_path)
        self.templates = templates

    async def feed(self, scope: Scope, send: Send) -> bool:
        """Answer a feed that is there and is read, or say that there is more to it."""
        path = scope["path"][1:]
        method = scope["method"]
        if method not in {"GET", "HEAD"}:
            return False
        leaf = self.shelf.leaf(path)
        if leaf is None or self.withdrawn.place_of(path):
            return False
        asked = _Asked(scope["headers"])
        if method == "GET" and not asked.has_validators and (wait := self._wait(scope, asked)):
            status = await _too_often(wait, send)
        else:
            status = await _answer(leaf, asked, send, is_head=method == "HEAD")
        self.counters.count(path, asked.user_agent, status)
        return True

    def _wait(self, scope: Scope, asked: _Asked) -> int:
        """Give the seconds a reader has to wait, who fetches the whole again and again."""
        peer = scope["client"][0] if scope["client"] else ""
        reader = reader_at(peer, scope["headers"], scope["http_version"])
        if reader is None:
            return 0
        return self.patience.wait(reader, asked.user_agent, scope["path"], time.monotonic())

    async def unusual_feed(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what is left of feeds: absent, withdrawn, or asked in another way."""
        if self.shelf.leaf(scope["path"][1:]) is not None and scope["method"] == "OPTIONS":
            await Response(status_code=204, headers=_PREFLIGHT)(scope, receive, send)
        else:
            await self.page(scope, receive, send)

    async def page(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer any other file, or say why there is none."""
        path = scope["path"][1:]
        leaf = self.shelf.leaf(path)
        if scope["method"] not in {"GET", "HEAD"}:
            await _not_allowed()(scope, receive, send)
        elif place := self.withdrawn.place_of(path):
            await self.gone(place)(scope, receive, send)
        elif leaf is not None:
            await _answer(leaf, _Asked(scope["headers"]), send)
        elif self.shelf.is_folder(path):
            # Relative, so it holds under whatever prefix a proxy in front has taken off.
            there = f"./{quote(path.rpartition('/')[2])}/"
            headers = {"Location": there, "Cache-Control": "public, max-age=300"}
            await Response(status_code=301, headers=headers)(scope, receive, send)
        else:
            await self.missing(scope["path"])(scope, receive, send)

    def missing(self, path: str) -> Response:
        """Make the page for an address where nothing is."""
        return self._notice("missing", path, 404)

    def gone(self, place: str) -> Response:
        """Make the answer for a withdrawn issue: its tombstone where it stands, else a page."""
        leaf = self.shelf.leaf(place)
        if leaf is None:
            return self._notice("gone", f"/{place}", 410)
        return HTMLResponse(leaf.content, 410, {"Cache-Control": "public, max-age=300"})

    def _notice(self, what: str, path: str, status: int) -> Response:
        newsletter = newsletter_at(self.newsletters, path[1:])
        html = draw(
            self.templates,
            f"site/{what}.html",
            newsletter=newsletter,
            language=newsletter.language,
            home=("../" * (path.count("/") - 1) or "./") + newsletter.path,
        )
        return HTMLResponse(html, status, {"Cache-Control": "no-cache"})


class _Withdrawn:
    """The withdrawn issues' places, as register.json says, read again when it changes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._mark: tuple[int, int, int] | None = None
        self._places: frozenset[str] = frozenset()

    def place_of(self, path: str) -> str:
        """Give the withdrawn issue's folder a path lies in; "" if it lies in none."""
        head, mark, rest = f"{path}/".partition("issues/")
        if not mark:
            return ""
        self._refresh()
        place = f"{head}{mark}{rest.partition('/')[0]}/"
        return place if place in self._places else ""

    def _refresh(self) -> None:
        try:
            status = os.stat(self._path)
        except OSError:
            return
        mark = (status.st_ino, status.st_size, status.st_mtime_ns)
        if mark == self._mark:
            return
        self._mark = mark
        try:
            known = register.load(self._path)
        except RegisterError as error:
            log.warning("register not read", reason=str(error))
            return
        paths = dict(known.paths)
        self._places = frozenset(
            f"{paths.get(record.newsletter, '')}issues/{record.slug}/"
            for record in known.records
            if record.withdrawn is not None
        )


def _not_allowed() -> Response:
    return PlainTextResponse("This can only be read.\n", 405, {"Allow": "GET, HEAD"})


class _Asked:
    """What the headers of a request say that matters for a file."""

    __slots__ = ("accept_encoding", "modified_since", "none_match", "user_agent")

    def __init__(self, headers: Iterable[tuple[bytes, bytes]]) -> None:
        found: dict[bytes, bytes] = {}
        for name, text in headers:
            if name in _ASKED:
                found[name] = found[name] + b", " + text if name in found else text
        told = {name: text.decode("latin-1") for name, text in found.items()}
        self.none_match = told.get(b"if-none-match")
        self.modified_since = told.get(b"if-modified-since")
        self.accept_encoding = told.get(b"accept-encoding")
        self.user_agent = told.get(b"user-agent", "")

    @property
    def has_validators(self) -> bool:
        """Whether the reader repeats what it was told last time."""
        return self.none_match is not None or self.modified_since is not None


async def _answer(leaf: Leaf, asked: _Asked, send: Send, *, is_head: bool = False) -> int:
    """Answer a file, or 304 where the reader has it already; give the status."""
    body = leaf.best(weights(asked.accept_encoding))
    status: int
    headers: Iterable[tuple[bytes, bytes]]
    if body is None:
        status, headers, content, head = 406, _NO_CODING, _NO_CODING_WORDS, b""
    elif is_unchanged(
        none_match=asked.none_match,
        modified_since=asked.modified_since,
        tag=body.tag,
        last_modified=leaf.last_modified,
    ):
        status, headers, content, head = 304, body.unchanged, b"", body.unchanged_head
    else:
        status, headers, content, head = 200, body.whole, body.content, body.whole_head
    if head and send_whole(send, head, b"" if is_head else content):
        return status
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if is_head else content})
    return status


async def _too_often(wait: int, send: Send) -> int:
    """Say when to come again, and how to be welcome at any time."""
    words = (
        f"Please come again in {wait} seconds; with If-None-Match or If-Modified-Since "
        "you are welcome at any time.\n"
    ).encode()
    headers = {
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Length": str(len(words)),
        "Retry-After": str(wait),
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        **FEED_HEADERS,
    }
    await send({"type": "http.response.start", "status": 429, "headers": raw_headers(headers)})
    await send({"type": "http.response.body", "body": words})
    return 429
