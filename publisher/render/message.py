"""message - mail and text as one message on the wire, prepared once and filled per recipient.

Everything alike for all recipients is written at once; filling puts in the address, the Message-ID
and the way out, and encodes the bodies. Base64 for both: one line of our HTML is longer
than any mail server allows, and Chinese grows least in it.
Faults: RefusedError for an address, id or link no header may hold.
Never: signs (wire), parses a template, asks the time. See: headers (how values are written), mail.
"""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import format_datetime
from hashlib import sha256
from html import escape
from typing import Final

from publisher.addresses import archive_path, site_address, unsubscribe_address
from publisher.errors import RefusedError
from publisher.model import Edition, Kind, Newsletter, Slot
from publisher.render.headers import mailbox, unstructured, valid_address, valid_url

NO_SENDER: Final = "publisher@localhost"  # outbox and previews only: relays refuse to start without
_SLOT: Final = re.compile("|".join(re.escape(slot.value) for slot in Slot).encode())
_MESSAGE_ID: Final = re.compile(r"<[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9.-]+>")
_TEST_TOKEN: Final = "test"  # noqa: S105 - no secret: the page behind it explains itself


@dataclass(frozen=True, slots=True)
class Prepared:
    """A message but for its recipient; pieces alternate between bytes and the slots' names."""

    newsletter: Newsletter
    kind: Kind
    head: bytes
    boundary: bytes
    text: tuple[bytes, ...]
    html: tuple[bytes, ...]

    def fill(self, *, address: str, name: str, message_id: str, unsubscribe: str | None) -> bytes:
        """Write the whole message for one recipient, lines ending in CRLF.

        Without `unsubscribe` the message offers no one-click, and its link leads to a page saying
        why: so it is with tests.
        """
        if not _MESSAGE_ID.fullmatch(message_id) or len(message_id) > 900:
            raise RefusedError(
                f"{message_id!r} is not a Message-ID", hint="<name@domain>, in ASCII"
            )
        own = mailbox("To", name[:120], valid_address(address)) + f"Message-ID: {message_id}\r\n"
        if unsubscribe:
            own += f"List-Unsubscribe: <{valid_url(unsubscribe)}>\r\n"
            if self.kind is not Kind.TEST:
                own += "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
        filling = _filling(self.newsletter, unsubscribe)
        plain = {slot.encode(): value.encode() for slot, value in filling.items()}
        marked = {slot.encode(): escape(value).encode() for slot, value in filling.items()}
        opening = b"--" + self.boundary
        return b"".join(
            (
                own.encode("ascii"),
                self.head,
                opening,
                _PART % b"plain",
                _base64(b"".join(plain.get(piece, piece) for piece in self.text)),
                opening,
                _PART % b"html",
                _base64(b"".join(marked.get(piece, piece) for piece in self.html)),
                opening,
                b"--\r\n",
            )
        )


_PART: Final = (
    b"\r\nContent-Type: text/%b; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
)


def prepare(
    mail: Edition,
    text: Edition,
    newsletter: Newsletter,
    *,
    kind: Kind,
    issue_id: str,
    slug: str,
    date: datetime,
) -> Prepared:
    """Write all of a message that is alike for every recipient."""
    # "=_" and "." never occur in base64, so no line of a body can be taken for the boundary
    digest = sha256(f"{issue_id}\0{text.body}\0{mail.body}".encode("utf-8", "replace")).hexdigest()
    boundary = f"=_{digest[:32]}.publisher"
    sender = valid_address(newsletter.sender_address or NO_SENDER)
    subject = f"[Test] {mail.subject}" if kind is Kind.TEST else mail.subject
    lines = [
        mailbox("From", newsletter.sender_name or newsletter.title, sender),
        mailbox("Reply-To", "", valid_address(newsletter.reply_to)) if newsletter.reply_to else "",
        unstructured("Subject", subject),
        f"Date: {format_datetime(date.astimezone(UTC))}\r\n",
        mailbox("List-Id", newsletter.title, _list_id(newsletter, sender), is_list=True),
        _archive(newsletter),
        f"Feedback-ID: {_feedback_id(newsletter, kind, slug, sender)}\r\n",
        "Precedence: bulk\r\n",
        # not "All": that would suppress bounces as well
        "X-Auto-Response-Suppress: OOF, AutoReply\r\n",
        "MIME-Version: 1.0\r\n",
        f'Content-Type: multipart/alternative;\r\n boundary="{boundary}"\r\n\r\n',
    ]
    return Prepared(
        newsletter=newsletter,
        kind=kind,
        head="".join(lines).encode("ascii"),
        boundary=boundary.encode("ascii"),
        text=_pieces(text.body),
        html=_pieces(mail.body),
    )


def sample(edition: Edition, newsletter: Newsletter, *, unsubscribe: str | None = None) -> Edition:
    """Give an edition as a reader sees it, for a preview; its way out leads where a test's does."""
    filling = _filling(newsletter, unsubscribe)
    body = edition.body
    for slot, value in filling.items():
        body = body.replace(slot, escape(value) if edition.media_type == "text/html" else value)
    return replace(edition, body=body)


def _filling(newsletter: Newsletter, unsubscribe: str | None) -> dict[str, str]:
    """Give what stands in each slot for one recipient."""
    return {Slot.UNSUBSCRIBE.value: unsubscribe or unsubscribe_address(newsletter, _TEST_TOKEN)}


def _pieces(body: str) -> tuple[bytes, ...]:
    """Split a body at its slots, which stay as pieces of their own, with the lines mail has."""
    raw = re.sub(r"\r\n|\r|\n", "\r\n", body).encode("utf-8", "replace")
    pieces = []
    end = 0
    for found in _SLOT.finditer(raw):
        pieces += [raw[end : found.start()], found.group(0)]
        end = found.end()
    return (*pieces, raw[end:])


def _base64(raw: bytes) -> bytes:
    line = binascii.b2a_base64(raw, newline=False)
    lines = [line[start : start + 76] for start in range(0, len(line), 76)]
    return b"\r\n".join([*lines, b""])


def _label(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "list"


def _list_id(newsletter: Newsletter, sender: str) -> str:
    return f"{_label(newsletter.slug)}.{sender.rpartition('@')[2]}"


def _archive(newsletter: Newsletter) -> str:
    whole = site_address(newsletter, archive_path(newsletter))
    if not newsletter.site_url or not whole.isascii():  # an IRI: better no header than a wrong one
        return ""
    return f"List-Archive: <{valid_url(whole)}>\r\n"


def _feedback_id(newsletter: Newsletter, kind: Kind, slug: str, sender: str) -> str:
    """Name what a complaint is about, from the issue to the sender, whose name is the fixed part."""
    own = _label(sender.rpartition("@")[2])[:15].strip("-")
    return f"{_label(slug)[:60]}:{_label(newsletter.slug)[:60]}:{kind.value}:{own}"
