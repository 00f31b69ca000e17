"""audience - the pages by which readers come and go; so far the way out.

`/unsubscribe/<token>` shows who is leaving and asks; only a POST acts. That POST is also the one
click of RFC 8058: urlencoded or multipart, no cookie, answered 200 and never redirected, safe to
repeat. Everything hangs on the token in the path: nothing in the query or the body can name
another reader, and a token that is not genuine gets the page of any wrong address.

Faults: StoreError where the database cannot be reached (answered 503, mail providers try again).
Never: changes anything by GET or HEAD, shows a whole address. See: tokens, signup.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.types import Message

from publisher import signup, tokens
from publisher.clock import utc_now
from publisher.model import Newsletter, Subscriber, SubscriberState
from publisher.render.environment import Templates, draw
from publisher.render.words import words
from publisher.store import Store, subscribers

TEST: Final = "test"
"""The token in the mails of tests and previews, which belong to no subscription."""
BODY_LIMIT: Final = 16_384
PRIVATE: Final = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex, nofollow"}
"""On every page a token leads to."""

NotFound = Callable[[str], Response]
"""The page for an address where nothing is, given the path that was asked for."""


class Audience:
    """The pages of one newsletter's audience."""

    def __init__(
        self,
        newsletter: Newsletter,
        store: Store,
        key: bytes,
        templates: Templates,
        missing: NotFound,
    ) -> None:
        self.newsletter = newsletter
        self.store = store
        self.key = key
        self.templates = templates
        self.missing = missing

    def routes(self) -> list[Route]:
        """Return the addresses of these pages."""
        path = f"/{self.newsletter.path}unsubscribe/{{token}}"
        return [
            Route(path, self.ask, methods=["GET"]),
            Route(path, self.act, methods=["POST"]),
        ]

    def find(self, token: str) -> Subscriber | None:
        """Return whom a token speaks for, or None; takes as long for a forged one."""
        subscriber_id = tokens.subscriber_of(token) or 1
        with self.store.read() as conn:
            found = subscribers.get(conn, subscriber_id)
        address = found.address if found else "nobody@example.org"
        genuine = tokens.is_genuine(self.key, token, self.newsletter.slug, subscriber_id, address)
        if found is None or found.newsletter != self.newsletter.slug or not genuine:
            return None
        return found

    def ask(self, request: Request) -> Response:
        """Show who is leaving, with a button; change nothing."""
        if request.path_params["token"] == TEST:
            return self._notice("test")
        subscriber = self.find(request.path_params["token"])
        if subscriber is None:
            return self.missing(request.url.path)
        is_out = subscriber.state is not SubscriberState.ACTIVE
        return self._page(subscriber, "already" if is_out else "ask")

    async def act(self, request: Request) -> Response:
        """Unsubscribe, or take it back where the page's own button says so."""
        body = await _short_body(request)
        if body is None:
            return Response("The request is too large.\n", 413, media_type="text/plain")
        fields = await _fields(request, body)
        if fields.get("action") == "restore":
            deed = partial(self.restore, request.path_params["token"])
        else:
            how = "one click" if fields.get("List-Unsubscribe") == "One-Click" else "page"
            deed = partial(self.unsubscribe, request.path_params["token"], how)
        return await run_in_threadpool(deed) or self.missing(request.url.path)

    def unsubscribe(self, token: str, how: str) -> Response | None:
        """End the subscription a token speaks for."""
        subscriber = self.find(token)
        if subscriber is None:
            return None
        signup.unsubscribe(self.store, self.newsletter, subscriber.id, now=utc_now(), how=how)
        return self._page(subscriber, "left")

    def restore(self, token: str) -> Response | None:
        """Take an unsubscription back."""
        subscriber = self.find(token)
        if subscriber is None:
            return None
        signup.restore(self.store, self.newsletter, subscriber.id, now=utc_now())
        now = self.find(token)
        is_in = now is not None and now.state is SubscriberState.ACTIVE
        return self._page(subscriber, "restored" if is_in else "not_restored")

    def _page(self, subscriber: Subscriber, state: str) -> Response:
        return self._notice(state, masked(subscriber.address), subscriber.language)

    def _notice(self, state: str, address: str = "", language: str | None = None) -> Response:
        html = draw(
            self.templates,
            "site/unsubscribe.html",
            newsletter=self.newsletter,
            language=words(self.templates).for_reader(language, self.newsletter.language),
            state=state,
            address=address,
            home="../",
        )
        return HTMLResponse(html, headers=PRIVATE)


def masked(address: str) -> str:
    """Show an address to whoever holds the link, not whole: `r•••@example.org`."""
    local, at, domain = address.rpartition("@")
    return f"{local[:1] if len(local) > 1 else ''}•••{at}{domain}"


async def _short_body(request: Request) -> bytes | None:
    """Read the body, or None where it is longer than any form of ours."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_LIMIT:
            return None
    return body


async def _fields(request: Request, body: bytes) -> dict[str, str]:
    """Read a form, urlencoded or multipart; one that cannot be read has no fields."""

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    try:
        async with Request(request.scope, receive).form(max_files=0, max_fields=20) as form:
            return {key: value for key, value in form.items() if isinstance(value, str)}
    except (MultiPartException, HTTPException, ValueError):
        return {}
