"""desk - where editors work: issues, sends as they run, digests that wait, feeds, the outbox.

A small app on a port of its own, loopback only until there is a sign-in; `web.gate` decides who
may enter. Everything is shown as data, escaped, under a policy that runs only our own script; a
message is shown in a sandboxed frame that can run nothing and knows nothing of the desk.

Faults: what is not there is 404, a rendering that fails is told with its remedy, a StoreError is
503 (web.answers). Never: changes anything but the state of a send, and that only by POST from a
page of the desk. See: web.gate, web.letters, web.editions, templates/desk.
"""

from __future__ import annotations

import secrets
import shlex
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final, TypeAlias
from urllib.parse import quote
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from publisher import addresses, model, preflight, schedule
from publisher.errors import PublisherError
from publisher.model import (
    DeliveryState,
    Finding,
    Issue,
    Kind,
    Level,
    Newsletter,
    Published,
    Record,
    SendState,
)
from publisher.pictures import is_ours
from publisher.publish import judged
from publisher.render import EDITIONS, headline
from publisher.render.environment import Templates, draw
from publisher.settings import Settings
from publisher.store import Store, account, issues, ledger, pings, readers
from publisher.web import letters, standing
from publisher.web.answers import Guarded, log
from publisher.web.editions import made
from publisher.web.gate import refusal
from publisher.web.labels import media_type
from publisher.web.waiting import Waiting, waiting

PAGE_SIZE: Final = 200
DESK_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not no-referrer: under it a browser would send `Origin: null` with our own forms.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
SEALED: Final = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "
    "style-src 'unsafe-inline'; img-src https: http: data:; frame-ancestors 'none'"
)
"""The policy of an edition shown bare: it is nobody's page, and runs nothing."""

DELIVERY_WORDS: Final = {
    DeliveryState.ACCEPTED: ("accepted", "a mail server took it"),
    DeliveryState.SENDING: ("claimed", "a sender has them in hand"),
    DeliveryState.QUEUED: ("waiting", "its turn has not come"),
    DeliveryState.DEFERRED: ("to be tried again", "a mail server asked for patience"),
    DeliveryState.IN_DOUBT: ("in doubt", "handed over, but no answer came"),
    DeliveryState.REFUSED: ("refused", "a mail server will not have it"),
    DeliveryState.SKIPPED: ("skipped", "not to be mailed any more"),
}
"""Each state of a delivery in words, and what it means; in the order of the bar."""

DEEDS: Final = {
    "pause": (frozenset({SendState.RUNNING}), SendState.PAUSED),
    "resume": (frozenset({SendState.PAUSED}), SendState.RUNNING),
    "cancel": (
        frozenset({SendState.SCHEDULED, SendState.RUNNING, SendState.PAUSED}),
        SendState.CANCELLED,
    ),
}
"""What a person may do with a send: from which states, to which."""

_Name: TypeAlias = tuple[str, str]  # an issue's newsletter and slug


def desk_app(settings: Settings, store: Store, templates: Templates) -> ASGIApp:
    """Make the app of the desk's port."""
    desk = _Desk(settings, store, templates)
    routes = [
        Route("/", desk.issue_list, methods=["GET"]),
        Route("/issues/{newsletter}/{slug}", desk.issue_page, methods=["GET"]),
        Route("/issues/{newsletter}/{slug}/mail", desk.preview, methods=["GET"]),
        Route("/issues/{newsletter}/{slug}/{file}", desk.edition, methods=["GET"]),
        Route("/sends", desk.send_list, methods=["GET"]),
        Route("/sends/{number:int}", desk.send_page, methods=["GET"]),
        Route("/sends/{number:int}.json", desk.progress, methods=["GET"]),
        Route("/sends/{number:int}/{deed}", desk.do, methods=["POST"]),
        Route("/digests", desk.digest_list, methods=["GET"]),
        Route("/feeds", desk.feed_list, methods=["GET"]),
        Route("/outbox", desk.outbox_list, methods=["GET"]),
        Route("/outbox/{name}", desk.letter, methods=["GET"]),
        Route("/outbox/{name}/source", desk.source, methods=["GET"]),
    ]
    router = Router(routes, redirect_slashes=False, default=desk.nothing)

    async def gate(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await router(scope, receive, send)
        headers = [
            (key.decode("latin-1"), text.decode("latin-1")) for key, text in scope["headers"]
        ]
        why = refusal(
            scope["method"],
            headers,
            peer=(scope.get("client") or ("", 0))[0],
            http_version=scope["http_version"],
        )
        if why is None:
            return await router(scope, receive, send)
        log.warning("refused", app="desk", reason=why)
        await PlainTextResponse(f"{why}\n", 403)(scope, receive, send)

    return Guarded(gate, "desk", DESK_HEADERS)


@dataclass(frozen=True, slots=True)
class _Line:
    """An issue as the list shows it."""

    record: Record
    newsletter: Newsletter
    title: str
    only_counts: bool = False
    """It counts as mailed, but this database knows of no send that did it."""

    @property
    def place(self) -> str:
        """Its page at the desk."""
        return f"/issues/{self.newsletter.slug}/{quote(self.record.slug, safe='')}"


class _Desk:
    """The pages of the desk."""

    def __init__(self, settings: Settings, store: Store, templates: Templates) -> None:
        self.settings = settings
        self.store = store
        self.templates = templates

    # --- issues ---------------------------------------------------------------

    def issue_list(self, request: Request) -> Response:
        """List the issues of every newsletter, newest first."""
        with self.store.read() as conn:
            shelves = [
                (newsletter, issues.records(conn, newsletter.slug)[::-1])
                for newsletter in self.settings.newsletters
            ]
            sends = ledger.sends(conn)
            debts = [
                (one, debt)
                for one in self.settings.newsletters
                for debt in pings.debts(conn, one)
                if debt.words
            ]
        begun = _first_sends(sends)
        first = _first(request)
        return self._html(
            "issues",
            newsletters=[
                (
                    newsletter,
                    [
                        _line(record, newsletter, begun)
                        for record in records[first : first + PAGE_SIZE]
                    ],
                    len(records),
                )
                for newsletter, records in shelves
            ],
            waiting=sum(len(rows) for _, rows in self._waiting()),
            running=[send for send in sends if _is_live(send)],
            debts=debts,
            titles=_titles(shelves),
            newsletter_of=self._newsletter,
            site=self._site,
            **_pages(first, max((len(records) for _, records in shelves), default=0)),
        )

    def issue_page(self, request: Request) -> Response:
        """Show one issue: its facts, its editions, its sends, what to type next."""
        found = self._find(request)
        if found is None:
            return self._missing()
        newsletter, record, content = found
        with self.store.read() as conn:
            sends = [
                send for send in ledger.sends(conn, newsletter.slug) if send.issue == record.slug
            ]
        return self._html(
            "issue",
            line=_line(record, newsletter, _first_sends(sends)),
            content=content,
            sends=sends,
            editions=EDITIONS,
            page_url=self._site(addresses.issue_path(newsletter, record.slug)),
            findings=() if record.mailed else self._judged(newsletter, record, content),
            commands=self._next_commands(newsletter, record),
        )

    def preview(self, request: Request) -> Response:
        """Show the issue's e-mail as a mail client would."""
        found = self._readable(request)
        if found is None:
            return self._missing()
        newsletter, published = found
        line = _line(published.record, newsletter)
        try:
            raw = made("issue.eml", published, newsletter, self.templates)
        except PublisherError as error:
            return self._html("trouble", 500, here="issues", error=error, back=line.place)
        return self._letter(raw, newsletter, back=(line.place, line.title), source=None)

    def edition(self, request: Request) -> Response:
        """Give one edition bare."""
        found = self._readable(request)
        file = request.path_params["file"]
        if found is not None and (picture := self._picture(*found, file)) is not None:
            # the page that shows it is sealed, and so of no origin, not even of the desk's
            headers = {"Cross-Origin-Resource-Policy": "cross-origin"}
            return Response(picture, 200, headers, media_type(file))
        if found is None or file not in {row[0] for row in EDITIONS.values()}:
            return self._missing()
        newsletter, published = found
        record = published.record
        try:
            body = made(file, published, newsletter, self.templates)
        except PublisherError as error:
            return self._html(
                "trouble", 500, here="issues", error=error, back=_line(record, newsletter).place
            )
        # Feeds and sources are shown as text: a browser would offer them as a download.
        kind = "text/html" if file.endswith(".html") else "text/plain"
        headers = {"Content-Security-Policy": SEALED}
        if file.endswith(".eml"):
            kind = "message/rfc822"
            name = f"attachment; filename*=UTF-8''{quote(record.slug, safe='')}.eml"
            headers["Content-Disposition"] = name
        return Response(body, 200, headers, f"{kind}; charset=utf-8")

    def _picture(self, newsletter: Newsletter, published: Published, file: str) -> bytes | None:
        """Give a picture of the issue, whose page leads to it as to its neighbour."""
        if file not in {one.file for one in published.issue.pictures if is_ours(one.file)}:
            return None
        where = addresses.issue_path(newsletter, published.record.slug)
        with suppress(OSError):
            return (self.settings.site_folder / where / file).read_bytes()
        return None

    # --- sends ----------------------------------------------------------------

    def send_list(self, request: Request) -> Response:
        """List the sends, newest first."""
        with self.store.read() as conn:
            found = sorted(ledger.sends(conn), key=lambda send: send.id, reverse=True)
            shelves = [(one, issues.records(conn, one.slug)) for one in self.settings.newsletters]
        first = _first(request)
        return self._html(
            "sends",
            sends=found[first : first + PAGE_SIZE],
            titles=_titles(shelves),
            newsletter_of=self._newsletter,
            **_pages(first, len(found)),
        )

    def send_page(self, request: Request) -> Response:
        """Show one send with its counts as they change."""
        number = _number(request)
        with self.store.read() as conn:
            send = ledger.send(conn, number)
            doubtful = ledger.in_doubt(conn, number) if send else []
            known = issues.get(conn, send.newsletter, send.issue) if send else None
            stands = standing.gather(conn, send, datetime.now(UTC)) if send else None
            repeated = account.repeated(conn, number) if send else []
        if send is None:
            return self._missing()
        newsletter = self._newsletter(send.newsletter)
        waits = send.state in {SendState.SCHEDULED, SendState.PAUSED}
        return self._html(
            "send",
            record=known[0] if known else None,
            findings=self._judged(newsletter, *known) if newsletter and known and waits else (),
            send=send,
            stands=stands,
            newsletter=newsletter,
            title=_line(known[0], newsletter).title if known and newsletter else None,
            doubtful=doubtful[:PAGE_SIZE],
            doubtful_count=len(doubtful),
            repeated=repeated[:PAGE_SIZE],
            repeated_count=len(repeated),
            quiet=schedule.quiet_words(send, newsletter, datetime.now(UTC)),
            missing=self._missing_command(newsletter, send),
            held_count=0
            if send.state is SendState.CANCELLED
            else sum(one.next_at is None for one in doubtful),
            deeds=[name for name, (begin, _) in DEEDS.items() if send.state in begin],
            is_live=_is_live(send),
            unchanged="unchanged" in request.query_params,
        )

    def progress(self, request: Request) -> Response:
        """Give a send's counts as data, for the page that watches it."""
        with self.store.read() as conn:
            send = ledger.send(conn, _number(request))
            pace = standing.pace(conn, send, datetime.now(UTC)) if send else ""
        if send is None:
            return JSONResponse({"error": "there is no such send"}, 404)
        return JSONResponse(
            {
                "send": send.id,
                "state": send.state,
                "live": _is_live(send),
                "total": send.total,
                "pace": pace,
                "counts": {state: send.count(state) for state in DELIVERY_WORDS},
            }
        )

    def do(self, request: Request) -> Response:
        """Pause, resume or cancel a send."""
        number, deed = _number(request), request.path_params["deed"]
        if deed not in DEEDS:
            return self._missing()
        begin, end = DEEDS[deed]
        with self.store.begin() as conn:
            if ledger.send(conn, number) is None:
                return self._missing()
            changed = ledger.set_state(
                conn, number, end, frm=begin, now=datetime.now(UTC), note=f"{deed} at the desk"
            )
        there = f"/sends/{number}" if changed else f"/sends/{number}?unchanged"
        return Response(status_code=303, headers={"Location": there})

    # --- digests --------------------------------------------------------------

    def digest_list(self, request: Request) -> Response:
        """Show the digests that wait for a person, and those with something to say."""
        return self._html("digests", shelves=self._waiting())

    def _waiting(self) -> list[tuple[Newsletter, list[Waiting]]]:
        with self.store.read() as conn:
            shelves = [
                (
                    newsletter,
                    issues.digests(conn, newsletter.slug),
                    [record.slug for record in issues.records(conn, newsletter.slug)],
                )
                for newsletter in self.settings.newsletters
            ]
        return [
            (
                newsletter,
                [
                    waiting(newsletter, row, slugs, self._which(newsletter))
                    for row in sorted(rows, key=lambda row: (row.state != "held", row.path))
                    if row.state in {"held", "aside"}
                ],
            )
            for newsletter, rows, slugs in shelves
        ]

    # --- feeds ----------------------------------------------------------------

    def feed_list(self, request: Request) -> Response:
        """Show how many read each feed."""
        today = datetime.now(UTC).date()
        known = self.settings.newsletters
        with self.store.read() as conn:
            shelves = [(one, readers.figures(conn, one, known, today)) for one in known]
        return self._html("feeds", shelves=shelves)

    # --- outbox ---------------------------------------------------------------

    def outbox_list(self, request: Request) -> Response:
        """List the messages of the outbox, newest first."""
        first = _first(request)
        count, glances = letters.listed(self.settings.outbox_folder, first, PAGE_SIZE)
        return self._html(
            "outbox", count=count, glances=glances, newsletter=None, **_pages(first, count)
        )

    def letter(self, request: Request) -> Response:
        """Show one message of the outbox as a mail client would."""
        name = request.path_params["name"]
        raw = letters.opened(self.settings.outbox_folder, name)
        if raw is None:
            return self._missing()
        return self._letter(raw, None, back=("/outbox", "Outbox"), source=f"/outbox/{name}/source")

    def source(self, request: Request) -> Response:
        """Give one message of the outbox as the file it is."""
        name = request.path_params["name"]
        raw = letters.opened(self.settings.outbox_folder, name)
        if raw is None:
            return self._missing()
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(raw, 200, headers, "message/rfc822")

    # --- what the pages share -------------------------------------------------

    def _letter(
        self,
        raw: bytes,
        newsletter: Newsletter | None,
        *,
        back: tuple[str, str],
        source: str | None,
    ) -> Response:
        return self._html(
            "letter",
            here="outbox" if source else "issues",
            letter=letters.read(raw),
            newsletter=newsletter,
            back=back,
            source=source,
        )

    def _find(self, request: Request) -> tuple[Newsletter, Record, Issue | None] | None:
        newsletter = self._newsletter(request.path_params["newsletter"])
        if newsletter is None:
            return None
        with self.store.read() as conn:
            found = issues.get(conn, newsletter.slug, request.path_params["slug"])
        return None if found is None else (newsletter, *found)

    def _readable(self, request: Request) -> tuple[Newsletter, Published] | None:
        """Find an issue that has its content here, so that editions can be made of it."""
        found = self._find(request)
        if found is None or found[2] is None:
            return None
        return found[0], Published(found[2], found[1])

    def _judged(
        self, newsletter: Newsletter, record: Record, content: Issue | None
    ) -> list[Finding]:
        """Give what preflight warns of, for who is about to send an issue."""
        if content is None or record.withdrawn is not None:
            return []
        with self.store.read() as conn:
            earlier = preflight.shelved(issues.records(conn, newsletter.slug))
        found = judged(Published(content, record), newsletter, self.templates, earlier)
        return [one for one in found if one.level is not Level.NOTE]

    def _newsletter(self, slug: str) -> Newsletter | None:
        return next((one for one in self.settings.newsletters if one.slug == slug), None)

    def _which(self, newsletter: Newsletter) -> str:
        """Write the option that names a newsletter, where the command needs it."""
        return f" --newsletter {newsletter.slug}" if len(self.settings.newsletters) > 1 else ""

    def _site(self, path: str) -> str:
        """Give an address on the site as it runs on this machine."""
        host = self.settings.host
        shown = "127.0.0.1" if host in {"0.0.0.0", "::", ""} else host  # noqa: S104  # compared
        return f"http://{shown}:{self.settings.port}/{path.removesuffix('index.html')}"

    def _next_commands(self, newsletter: Newsletter, record: Record) -> tuple[tuple[str, str], ...]:
        which = self._which(newsletter)
        slug = shlex.quote(record.slug)
        if record.withdrawn is not None:
            return ((f"publisher withdraw{which} {slug} --restore", "bring it back"),)
        return (
            (f"publisher send{which} {slug} --to you@example.org", "mail it to yourself first"),
            (f"publisher send{which} {slug}", "mail it to every subscriber, once"),
            (f"publisher who{which} {slug}", "see who got it"),
        )

    def _missing_command(self, newsletter: Newsletter | None, send: model.Send) -> str:
        """Write the command that reaches those a send that is over did not; "" where none does."""
        if newsletter is None or send.kind is not Kind.ISSUE or send.finished is None:
            return ""
        if not send.count(DeliveryState.REFUSED) + send.count(DeliveryState.SKIPPED):
            return ""
        return f"publisher send{self._which(newsletter)} {shlex.quote(send.issue)} --missing"

    def _missing(self) -> Response:
        return self._html("missing", 404)

    async def nothing(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer where the desk has no page."""
        await self._missing()(scope, receive, send)

    def _html(self, name: str, status: int = 200, /, **values: object) -> Response:
        nonce = secrets.token_urlsafe(16)
        html = draw(
            self.templates,
            f"desk/{name}.html",
            nonce=nonce,
            when=_when,
            day=_day,
            delivery_words=DELIVERY_WORDS,
            accepted=_accepted,
            **{"here": name, **values},
        )
        policy = (
            f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'unsafe-inline'; "
            "img-src 'self' https: http: data:; connect-src 'self'; form-action 'self'; "
            "base-uri 'none'; frame-ancestors 'none'"
        )
        return HTMLResponse(html, status, {"Content-Security-Policy": policy})


def _line(
    record: Record, newsletter: Newsletter, begun: Mapping[_Name, datetime] | None = None
) -> _Line:
    """Make the line of an issue; `begun` says when each issue's first send was asked for."""
    bare = Issue(title=record.title, number=record.number, date=record.date)
    only_counts = False
    if record.mailed and begun is not None:
        first = begun.get((record.newsletter, record.slug))
        only_counts = first is None or first > record.mailed
    return _Line(record, newsletter, headline(Published(bare, record), newsletter), only_counts)


def _titles(shelves: Iterable[tuple[Newsletter, Collection[Record]]]) -> dict[_Name, str]:
    """Give the headline of every issue by newsletter and slug."""
    return {
        (newsletter.slug, record.slug): _line(record, newsletter).title
        for newsletter, records in shelves
        for record in records
    }


def _first_sends(sends: Iterable[model.Send]) -> dict[_Name, datetime]:
    """Tell when the first send of each issue to its readers was asked for."""
    found: dict[_Name, datetime] = {}
    for send in sends:
        name = (send.newsletter, send.issue)
        if send.kind is Kind.ISSUE:
            found[name] = min(send.created, found.get(name, send.created))
    return found


def _is_live(send: model.Send) -> bool:
    return send.state in {SendState.SCHEDULED, SendState.RUNNING, SendState.PAUSED}


def _accepted(send: model.Send) -> int:
    return send.count(DeliveryState.ACCEPTED)


def _when(moment: datetime | None, newsletter: Newsletter | None) -> str:
    """Write a moment in a newsletter's own zone, else in UTC."""
    if moment is None:
        return ""
    if newsletter is None:
        return f"{moment.astimezone(UTC):%-d %b %Y, %H:%M} UTC"
    return f"{moment.astimezone(ZoneInfo(newsletter.timezone)):%-d %b %Y, %H:%M}"


def _day(day: date) -> str:
    """Write a date alone."""
    return f"{day:%-d %b %Y}"


def _number(request: Request) -> int:
    """Read the number of a send; one that no database could hold is that of none."""
    return min(int(request.path_params["number"]), 2**31 - 1)


def _first(request: Request) -> int:
    given = request.query_params.get("from", "")
    return int(given) if given.isdecimal() and len(given) < 9 else 0


def _pages(first: int, count: int) -> dict[str, int | None]:
    """Name where the newer and the older page begin, None where there is none."""
    return {
        "first": first,
        "newer": max(0, first - PAGE_SIZE) if first else None,
        "older": first + PAGE_SIZE if first + PAGE_SIZE < count else None,
    }
