"""searching - the search as a page and as an API, below each newsletter's path.

    /search?q=&page=                  a page, which works without scripts and is in no search engine
    /api/search?q=&limit=&offset=     the same as JSON
    /api/openapi.json                 the API described

Both read one snapshot and write nothing. Their work is bounded: by the length of a query, by how much
of a result can be had, by how many searches go on at once.
Faults: a database that is away is told with 503, a query that is too long with 400, each in the form
that was asked for. Never: logs a query, keeps one. See: searching (words), store.search, openapi.
"""

from __future__ import annotations

import asyncio
import html
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from urllib.parse import quote, urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from publisher.addresses import issue_address
from publisher.errors import StoreError
from publisher.model import Newsletter
from publisher.render.environment import Templates
from publisher.render.pages.search import HitView, page
from publisher.searching import asked, snippet
from publisher.store import Store, search
from publisher.web import openapi
from publisher.web.openapi import MOST_AT_ONCE, MOST_CHARACTERS, MOST_PASSED, USUAL

AT_ONCE: Final = 4
"""Searches that go on at the same time; the others wait, and leave threads to unsubscribe in."""
_HEADERS: Final = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex"}
_OPEN: Final = {**_HEADERS, "Access-Control-Allow-Origin": "*"}
_RETRY: Final = {"Retry-After": "60"}


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is asked for; `fault` says why that is not answered."""

    query: str
    limit: int = USUAL
    offset: int = 0
    fault: str = ""


class Searching:
    """The search of one newsletter."""

    def __init__(self, newsletter: Newsletter, store: Store, templates: Templates) -> None:
        self.newsletter = newsletter
        self.store = store
        self.templates = templates
        self._turns = asyncio.Semaphore(AT_ONCE)

    def routes(self) -> list[Route]:
        """Return the addresses of the search."""
        root = f"/{self.newsletter.path}"
        return [
            Route(f"{root}search", self.page, methods=["GET"]),
            Route(f"{root}api/search", self.api, methods=["GET"]),
            Route(f"{root}api/openapi.json", self.description, methods=["GET"]),
        ]

    async def page(self, request: Request) -> Response:
        """Answer with a page."""
        query = " ".join(request.query_params.get("q", "").split())
        number = _whole(request.query_params.get("page", ""), 1, 1 + MOST_PASSED // USUAL) or 1
        wanted = _Wanted(query, USUAL, (number - 1) * USUAL)
        if not query:
            return self._drawn("ask")
        if len(query) > MOST_CHARACTERS:
            return self._drawn("long", query[:MOST_CHARACTERS], status=400)
        try:
            found = await self._found(wanted)
        except StoreError:
            return self._drawn("away", query, status=503, headers=_RETRY)
        if not found.hits and number == 1:
            return self._drawn("none", query)
        views = await run_in_threadpool(self._views, query, found.hits)
        is_last = found.total <= wanted.offset + USUAL or wanted.offset >= MOST_PASSED
        return self._drawn(
            "found",
            query,
            total=found.total,
            hits=views,
            before=_turned(query, number - 1) if number > 1 else None,
            after=None if is_last else _turned(query, number + 1),
        )

    async def api(self, request: Request) -> Response:
        """Answer with JSON."""
        wanted = _wanted(request)
        if wanted.fault:
            return _refused(wanted.fault, 400)
        try:
            found = await self._found(wanted)
        except StoreError:
            return _refused("The search does not answer at the moment.", 503, _RETRY)
        told = await run_in_threadpool(self._told, wanted, found)
        return JSONResponse(told, headers=_OPEN)

    async def description(self, request: Request) -> Response:
        """Describe the API."""
        return JSONResponse(openapi.document(self.newsletter), headers=_OPEN)

    async def _found(self, wanted: _Wanted) -> search.Found:
        async with self._turns:
            return await run_in_threadpool(self._find, wanted)

    def _find(self, wanted: _Wanted) -> search.Found:
        with self.store.read() as conn:
            return search.find(
                conn, self.newsletter.slug, wanted.query, wanted.limit, wanted.offset
            )

    def _views(self, query: str, hits: Sequence[search.Hit]) -> list[HitView]:
        phrases = asked(query)
        return [
            HitView(
                # relative: the public port has the site beside the search, under whatever name
                href=f"issues/{quote(hit.slug)}/" + (f"#{quote(hit.anchor)}" if hit.anchor else ""),
                title=hit.title,
                language=hit.language,
                heading=hit.heading,
                date=hit.date,
                is_item=bool(hit.anchor),
                snippet=snippet(hit.text, phrases),
            )
            for hit in hits
        ]

    def _told(self, wanted: _Wanted, found: search.Found) -> dict[str, Any]:
        phrases = asked(wanted.query)
        return {
            "query": wanted.query,
            "total": found.total,
            "offset": wanted.offset,
            "limit": wanted.limit,
            "results": [
                {
                    "title": hit.title,
                    "url": issue_address(self.newsletter, hit.slug, hit.anchor),
                    "language": hit.language,
                    "issue": {
                        "title": hit.heading,
                        "url": issue_address(self.newsletter, hit.slug),
                    },
                    "date": date.isoformat(hit.date),
                    "snippet": "".join(
                        f"<mark>{html.escape(piece.text)}</mark>"
                        if piece.is_found
                        else html.escape(piece.text)
                        for piece in snippet(hit.text, phrases)
                    ),
                }
                for hit in found.hits
            ],
        }

    def _drawn(
        self,
        state: str,
        query: str = "",
        *,
        status: int = 200,
        headers: dict[str, str] | None = None,
        **values: Any,
    ) -> Response:
        drawn = page(
            self.newsletter,
            self.templates,
            state=state,
            query=query,
            most=MOST_CHARACTERS,
            **values,
        )
        return HTMLResponse(drawn, status, {**_HEADERS, **(headers or {})})


def _wanted(request: Request) -> _Wanted:
    given = request.query_params
    query = given.get("q", "").strip()
    limit = _whole(given.get("limit", str(USUAL)), 1, MOST_AT_ONCE)
    offset = _whole(given.get("offset", "0"), 0, MOST_PASSED)
    if not query:
        return _Wanted(query, fault="Say in q what to look for.")
    if len(query) > MOST_CHARACTERS:
        return _Wanted(query, fault=f"q has up to {MOST_CHARACTERS} characters.")
    if limit is None:
        return _Wanted(query, fault=f"limit is a whole number from 1 to {MOST_AT_ONCE}.")
    if offset is None:
        return _Wanted(query, fault=f"offset is a whole number from 0 to {MOST_PASSED}.")
    return _Wanted(query, limit, offset)


def _whole(text: str, least: int, most: int) -> int | None:
    """Read a whole number in figures, or None where it is none or not within bounds."""
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        return None
    return int(text) if least <= int(text) <= most else None


def _turned(query: str, number: int) -> str:
    """Give the way to another page of a result."""
    return "?" + urlencode({"q": query} | ({"page": number} if number > 1 else {}))


def _refused(message: str, status: int, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"error": message}, status, {**_OPEN, **(headers or {})})
