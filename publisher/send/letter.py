"""send.letter - what every recipient of a send gets, and what is each one's own.

Frozen with the audience is the language each reader gets, one we speak; the editions, one for each
of these, are rendered once, when the send begins, and kept with it: a template changed in mid-send
changes nothing. A send that could not begin is rendered when a person resumes it.
Faults: PublisherError with the reason why the send cannot go on: refusals, template, lost digest.
Never: sends. See: render (makes editions), tokens (links and ids), signing (whose keys),
lot (writes letters).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from itertools import compress, repeat
from typing import Any, Final

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from publisher import addresses, preflight, schedule, tokens
from publisher.delivery import canary_size
from publisher.domains import dns_name
from publisher.errors import PublisherError, RefusedError, TemplateError
from publisher.model import (
    Edition,
    Envelope,
    Finding,
    Kind,
    Level,
    Newsletter,
    Parcel,
    Published,
    Recipient,
    Send,
    Variant,
)
from publisher.render import message
from publisher.render.fitting import editions
from publisher.render.headers import is_usual, valid_address
from publisher.render.words import words
from publisher.send.outside import Outside
from publisher.store import issues, sends, subscribers
from publisher.wire import dkim

log = structlog.get_logger("send")

_SAMPLE: Final = ("reader@example.org", "Reader", b"<sample@example.org>", b"token")


class Letter:
    """What is the same for every recipient of one send, all that can be made once made."""

    def __init__(
        self,
        of: Send,
        newsletter: Newsletter,
        issue_id: str,
        prepared: Mapping[str, message.Prepared],
        key: bytes,
        signers: Sequence[dkim.Signer] = (),
    ) -> None:
        self.send = of
        self.newsletter = newsletter
        self.prepared = prepared
        self._sender = newsletter.sender_address or message.NO_SENDER
        domain = dns_name(self._sender.rpartition("@")[2])
        self._issue_ids = None
        if of.kind is Kind.ISSUE:
            self._issue_ids = tokens.message_ids(key, issue_id, domain)
        self._own_ids = tokens.message_ids(key, f"{issue_id}#{of.kind}", domain)
        self._verps = None
        if newsletter.bounce_domain:
            self._verps = tokens.verps(key, newsletter.bounce_domain)
        self._tokens = None
        way_out = ""
        if newsletter.app_url or newsletter.site_url:
            self._tokens = tokens.link_tokens(key, tokens.Purpose.UNSUBSCRIBE, newsletter.slug)
            way_out = addresses.unsubscribe_address(newsletter, "")
        self._ready = {variant: one.ready(way_out) for variant, one in prepared.items()}
        self._signing = {
            variant: dkim.Signing(signers, _moment(of), *ready.pieces([_SAMPLE]))
            for variant, ready in self._ready.items()
            if signers
        }
        self._is_eight_bit = not all(
            piece.isascii()
            for ready in self._ready.values()
            for pieces in ready.pieces([_SAMPLE])
            for piece in pieces
        )

    @property
    def is_signed(self) -> bool:
        """Whether writing costs as much as all else together."""
        return bool(self._signing)

    def write(self, some: Sequence[Recipient], places: Sequence[Any]) -> list[Parcel]:
        """Compose and sign the messages of some recipients; those of one kind come together.

        Asks nothing but its values, in any thread. They are signed as of the send's own moment: the
        repeat after a doubt is the same to the byte. Where one cannot be written none is; written
        alone, what is raised concerns nobody else.
        """
        kinds = [(one.variant, one.subscriber is None) for one in some]
        if kinds.count(kinds[0]) == len(kinds):
            return self._written(some, places)
        parcels = []
        for kind in dict.fromkeys(kinds):
            is_one = [other == kind for other in kinds]
            those = list(compress(some, is_one)), list(compress(places, is_one))
            parcels += self._written(*those)
        return parcels

    def _written(self, some: Sequence[Recipient], places: Sequence[Any]) -> list[Parcel]:
        """Write messages that differ in values alone: each step for all, which costs half."""
        numbers, subscribers, addresses, names, variants, _ = zip(*some, strict=True)
        where = [one if is_usual(one) else _deliverable(one) for one in addresses]
        # an issue is named by issue and subscriber alone, whichever send carries it; tests and
        # errata by their own delivery: each is a new message, yet its repeat after a doubt is not
        is_known = subscribers[0] is not None
        ids = (
            self._issue_ids(subscribers) if self._issue_ids and is_known else self._own_ids(numbers)
        )
        links: Sequence[bytes | None] = [None] * len(some)
        if self._tokens is not None and is_known:
            links = self._tokens(zip(subscribers, addresses, strict=True))
        contents = self._ready[variants[0]].pieces(zip(where, names, ids, links, strict=True))
        if self._signing:
            fields = self._signing[variants[0]].fields
            for pieces in contents:
                pieces.insert(0, fields(pieces))
        senders = repeat(self._sender) if self._verps is None else self._verps(numbers)
        envelopes = map(Envelope, senders, addresses)
        return list(map(Parcel, numbers, envelopes, contents, places, repeat(self._is_eight_bit)))


def _deliverable(address: str) -> str:
    """Look closely at an unusual address, and give it as headers hold it."""
    if (fault := subscribers.valid(address)) is not None:
        raise RefusedError(fault)
    return valid_address(address)


def letter(outside: Outside, conn: Connection, of: Send) -> Letter:
    """Give a send's letter, made from the editions kept with it; the first call renders them.

    A sample is written: what fails on every recipient is found before it has refused them all.
    """
    try:
        made = _letter(outside, conn, of)
        for variant in made.prepared:
            made.write([Recipient(1, 1, "reader@example.org", "Reader", variant)], [None])
    except (PublisherError, SQLAlchemyError):
        raise
    except Exception as fault:  # whatever it is, it is about this one send
        log.exception("the letter cannot be made", send=of.id)
        raise RefusedError(
            f"the letter cannot be made: {fault!r}", hint="the log says where; mend it, then resume"
        ) from fault
    return made


def _letter(outside: Outside, conn: Connection, of: Send) -> Letter:
    newsletter = outside.newsletters.get(of.newsletter)
    if newsletter is None:
        raise RefusedError(
            f"there is no newsletter {of.newsletter!r}", hint="put it back into publisher.toml"
        )
    _heed(outside.refusals(newsletter))
    record, content = issues.get(conn, of.newsletter, of.issue) or (None, None)
    if record is None or content is None:
        raise RefusedError(
            f"the text of issue {of.issue!r} is not in the database",
            hint="put its digest back; the next scan reads it",
        )
    if record.withdrawn is not None:
        raise RefusedError(f"issue {of.issue!r} is withdrawn", hint=f"publisher cancel {of.id}")
    kept = sends.editions(conn, of.id)
    if not kept:
        _render(outside, conn, of, Published(content, record), newsletter)
        kept = sends.editions(conn, of.id)
    prepared = {
        variant: message.prepare(
            Edition("mail", "text/html", html, subject, greeting=greeting),
            Edition("text", "text/plain", plain),
            newsletter,
            kind=of.kind,
            issue_id=record.id,
            slug=of.issue,
            date=_moment(of),
        )
        for variant, (subject, html, plain, greeting) in kept.items()
    }
    signers = outside.signers(newsletter)
    return Letter(of, newsletter, record.id, prepared, outside.key, signers)


def _render(
    outside: Outside, conn: Connection, of: Send, published: Published, newsletter: Newsletter
) -> None:
    own, made = _own(newsletter), {}
    for key in sends.variants(conn, of.id) or [own.key]:
        # the language as it was frozen; all else as it is today
        variant = replace(own, language=key.partition("/")[0] or own.language)
        halves = editions(published, newsletter, outside.templates, variant)
        _heed(preflight.check(published, newsletter, halves))
        mail = halves["mail"]
        made[key] = (mail.subject, mail.body, halves["text"].body, mail.greeting)
    # all or none: what is kept is taken for the whole
    for key, kept in made.items():
        sends.put_edition(conn, of.id, key, *kept)


def _heed(findings: Sequence[Finding]) -> None:
    """Refuse to send over a stop, with all reasons and remedies at once."""
    stops = [finding for finding in findings if finding.level is Level.STOP]
    if stops:
        raise RefusedError(" ".join(f"{one.message} {one.hint}".strip() for one in stops))


def freeze(outside: Outside, conn: Connection, of: Send, now: datetime) -> int:
    """Freeze a send's audience, each reader in the variant of their language; give the number."""
    newsletter = outside.newsletters.get(of.newsletter)
    if newsletter is None:
        return sends.freeze(conn, of.id, "", now)
    own, languages = _own(newsletter), {}
    # templates that cannot be read stop the letter, with words, when it is written
    with suppress(TemplateError):
        ours = words(outside.templates)
        for theirs in subscribers.languages(conn, newsletter.slug):
            chosen = ours.for_reader(theirs, newsletter.language)
            if chosen != newsletter.language:
                languages[theirs] = replace(own, language=chosen).key
    here = sends.audience(conn, newsletter.slug, of.issue).to_send
    return sends.freeze(
        conn,
        of.id,
        own.key,
        now,
        languages=languages,
        editors=newsletter.editors,
        canary=canary_size(here, newsletter.canary) if of.kind is Kind.ISSUE else 0,
        moments=_moments(conn, of, newsletter),
    )


def _moments(conn: Connection, of: Send, newsletter: Newsletter) -> Mapping[str | None, datetime]:
    """Give the moment of each time zone of a send at a wall time; None stands for all others."""
    if of.wall is None:
        return {}
    zones = subscribers.timezones(conn, newsletter.slug)
    return schedule.local_moments(datetime.fromisoformat(of.wall), zones, newsletter.timezone)


def _own(newsletter: Newsletter) -> Variant:
    """Give the variant of whoever asked for nothing else."""
    return Variant(newsletter.language, newsletter.look.name)


def _moment(of: Send) -> datetime:
    return of.started or of.at
