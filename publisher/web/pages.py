"""pages - the public port: the published site, `/health`, `/metrics`, and the audience's pages.

Feeds are answered by a plain function in front of the router, out of memory; every other file
after it. A withdrawn issue is answered 410 with its tombstone, as the register says, even while
the database is away: the site needs none.

Faults: none of its own; `web.answers` turns errors inside into pages that tell nothing.
Never: publishes, redirects a feed, follows a link out of feeds/. See: web.files, web.audience.
"""

from __future__ import annotations

import os
from collections.abc import Callable
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
from publisher.model import Newsletter
from publisher.render.environment import Templates, draw
from publisher.settings import Settings, secret_key
from publisher.store import Schema, Store, account
from publisher.web import metrics
from publisher.web.answers import Guarded, header, log, site_headers
from publisher.web.audience import Audience
from publisher.web.conditional import is_unchanged
from publisher.web.counters import Counters
from publisher.web.files import FEED_NAMES, Leaf, Shelf
from publisher.web.gate import refusal

_UNCHANGED_KEEPS: Final = frozenset(
    {
        b"etag",
        b"last-modified",
        b"cache-control",
        b"vary",
        b"access-control-allow-origin",
        b"access-control-expose-headers",
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
    site = _Site(settings, templates, counters or Counters())
    key = secret_key(settings)
    routes = [
        Route("/health", _health(store, site.shelf), methods=["GET"]),
        Route("/metrics", _metrics(settings, store, site), methods=["GET"]),
    ]
    for newsletter in settings.newsletters:
        routes += Audience(newsletter, store, key, templates, site.missing).routes()
    router = Router(routes, redirect_slashes=False, default=site.page)

    async def front(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].rpartition("/")[2] in FEED_NAMES:
            await site.feed(scope, receive, send)
        else:
            await router(scope, receive, send)

    logos = (newsletter.look.logo for newsletter in settings.newsletters)
    return Guarded(front, "site", site_headers(logos))


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

    def __init__(self, settings: Settings, templates: Templates, counters: Counters) -> None:
        self.counters = counters
        self.newsletters = settings.newsletters
        self.shelf = Shelf(settings.site_folder)
        self.withdrawn = _Withdrawn(settings.register_path)
        self.templates = templates

    async def feed(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a feed."""
        leaf = self.shelf.leaf(scope["path"][1:])
        if leaf is None or self.withdrawn.covers(scope["path"][1:]):
            await self.page(scope, receive, send)
        elif scope["method"] == "OPTIONS":
            await Response(status_code=204, headers=_PREFLIGHT)(scope, receive, send)
        elif scope["method"] not in {"GET", "HEAD"}:
            await _not_allowed()(scope, receive, send)
        else:
            status = await _answer(leaf, scope, send)
            self.counters.count(scope["path"][1:], header(scope, b"user-agent") or "", status)

    async def page(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer any other file, or say why there is none."""
        path = scope["path"][1:]
        leaf = self.shelf.leaf(path)
        if scope["method"] not in {"GET", "HEAD"}:
            await _not_allowed()(scope, receive, send)
        elif self.withdrawn.covers(path):
            await self.gone(path, leaf)(scope, receive, send)
        elif leaf is not None:
            await _answer(leaf, scope, send)
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

    def gone(self, path: str, leaf: Leaf | None) -> Response:
        """Make the answer for a withdrawn issue: its tombstone where it stands, else a page."""
        if leaf is None or not path.endswith(("/", ".html")):
            leaf = self.shelf.leaf(f"{path.rstrip('/')}/")
        if leaf is None:
            return self._notice("gone", f"/{path}", 410)
        return HTMLResponse(leaf.content, 410, {"Cache-Control": "public, max-age=300"})

    def _notice(self, what: str, path: str, status: int) -> Response:
        newsletter = self._newsletter_at(path[1:])
        html = draw(
            self.templates,
            f"site/{what}.html",
            newsletter=newsletter,
            language=newsletter.language,
            home=("../" * (path.count("/") - 1) or "./") + newsletter.path,
        )
        return HTMLResponse(html, status, {"Cache-Control": "no-cache"})

    def _newsletter_at(self, path: str) -> Newsletter:
        """Find the newsletter a path belongs to: the one with the longest path it begins with."""
        under = [one for one in self.newsletters if path.startswith(one.path)]
        return max(under or self.newsletters[:1], key=lambda one: len(one.path))


class _Withdrawn:
    """The withdrawn issues' places, as register.json says, read again when it changes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._mark: tuple[int, int, int] | None = None
        self._places: frozenset[str] = frozenset()

    def covers(self, path: str) -> bool:
        """Say whether a path lies in a withdrawn issue's folder."""
        self._refresh()
        return any(f"{path}/".startswith(place) for place in self._places)

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


async def _answer(leaf: Leaf, scope: Scope, send: Send) -> int:
    """Answer a file, or 304 where the reader has it already; give the status."""
    unchanged = is_unchanged(
        none_match=header(scope, b"if-none-match"),
        modified_since=header(scope, b"if-modified-since"),
        tag=leaf.tag,
        last_modified=leaf.last_modified,
    )
    if unchanged:
        status, content = 304, b""
        headers = [pair for pair in leaf.headers if pair[0] in _UNCHANGED_KEEPS]
    else:
        status, content = 200, leaf.content
        headers = [*leaf.headers, (b"content-length", str(len(content)).encode("ascii"))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})
    return status
