"""message - mail and text as one message on the wire, prepared once and filled per recipient.

Everything alike for all recipients is written at once, in pieces; filling puts in the address, the
Message-ID, the way out and the name, and costs microseconds: `Prepared` checks what it is given,
`Ready` knows the way out already but for its token, and checks nothing a second time.
docs/mail.md says what each header is for.
Faults: RefusedError for an address, id or link no header may hold.
Never: signs (wire), parses a template, asks the time. See: headers (how values are written),
transfer (how bodies are), mail.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.parser import BytesParser
from email.utils import format_datetime
from hashlib import sha256
from html import escape
from typing import Final

from publisher.addresses import (
    LONGEST_TOKEN,
    archive_path,
    site_address,
    unsubscribe_address,
)
from publisher.errors import RefusedError
from publisher.model import MOST_MAIL, Edition, Kind, Newsletter, Slot
from publisher.render import transfer
from publisher.render.headers import (
    mailbox,
    mailto,
    tame,
    unstructured,
    valid_address,
    valid_url,
)

MOST_OF_A_NAME: Final = 120
NO_SENDER: Final = "publisher@localhost"  # outbox and previews only: relays refuse to start without
_MESSAGE_ID: Final = re.compile(r"<[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9.-]+>")
_TEST_TOKEN: Final = b"test"  # no secret: the page behind it explains itself


@dataclass(frozen=True, slots=True)
class Prepared:
    """A message but for its recipient."""

    newsletter: Newsletter
    kind: Kind
    head: bytes
    boundary: bytes
    text: transfer.Body
    html: transfer.Body
    greeting: str

    @property
    def is_greeting(self) -> bool:
        """Whether there is a place for a greeting, and one to stand there."""
        places = (*self.text.pieces, *self.html.pieces)
        return bool(self.greeting) and _GREETING in places

    def fill(self, *, address: str, name: str, message_id: str, unsubscribe: str | None) -> bytes:
        """Write the whole message for one recipient, as `pieces` gives it."""
        return b"".join(
            self.pieces(address=address, name=name, message_id=message_id, unsubscribe=unsubscribe)
        )

    def pieces(
        self, *, address: str, name: str, message_id: str, unsubscribe: str | None
    ) -> list[bytes]:
        """Give the message for one recipient in pieces, those alike for all the same objects.

        First the headers that are the recipient's own, then the other headers with the empty line,
        then the body up to its first slot. Lines end in CRLF, the last one too; none begins with a
        dot. Without `unsubscribe` the message offers no one-click, and its link leads to a page
        saying why: so it is with tests.
        """
        if not _MESSAGE_ID.fullmatch(message_id) or len(message_id) > 900:
            raise RefusedError(
                f"{message_id!r} is not a Message-ID", hint="<name@domain>, in ASCII"
            )
        where, number = valid_address(address), message_id.encode("ascii")
        if unsubscribe:
            (pieces,) = self.ready(unsubscribe).pieces([(where, name, number, b"")])
        else:
            (pieces,) = self.ready().pieces([(where, name, number, None)])
        return pieces

    def ready(self, way_out: str = "") -> Ready:
        """Prepare what is alike for all whose way out begins with `way_out` and ends in a token.

        Without it nobody is offered one.
        """
        return Ready(self, way_out)


class Ready:
    """A message of one send: left open are to whom it goes, and the tokens. Any thread may ask."""

    def __init__(self, prepared: Prepared, way_out: str) -> None:
        self._head = prepared.head
        self._greeting = prepared.greeting if prepared.is_greeting else ""
        listed = f"List-Unsubscribe: <{valid_url(way_out)}" if way_out else ""
        self._own = b"%%bMessage-ID: %%b\r\n%b%%b>\r\n%b" % (
            listed.replace("%", "%%").encode("ascii"),
            b"" if prepared.kind is Kind.TEST else _ONE_CLICK,
        )
        link = way_out or unsubscribe_address(prepared.newsletter, "")
        opening = b"--" + prepared.boundary
        self._text = prepared.text.filling(
            {_LINK: link.encode()},
            opening + _PART % (b"plain", prepared.text.encoding.encode()),
        )
        self._html = prepared.html.filling(
            {_LINK: escape(link).encode()},
            opening + _PART % (b"html", prepared.html.encoding.encode()),
            opening + b"--\r\n",
        )

    def pieces(self, people: Iterable[tuple[str, str, bytes, bytes | None]]) -> list[list[bytes]]:
        """Give the messages for recipients in pieces, as `Prepared.pieces` does.

        Of each is told the address, one that `valid_address` gave, the name, and what `tokens` made:
        the Message-ID and the token; without a token nobody is offered a way out.
        """
        messages = []
        texts, htmls = [], []
        for address, name, message_id, token in people:
            if name:
                to = mailbox("To", name[:MOST_OF_A_NAME], address).encode("ascii")
            else:
                to = f"To: {address}\r\n".encode("ascii")
            if token is None:
                pieces = [b"%bMessage-ID: %b\r\n" % (to, message_id), self._head]
                values = {_LINK: _TEST_TOKEN}
            else:
                pieces = [self._own % (to, message_id, token), self._head]
                values = {_LINK: token}
            messages.append(pieces)
            if name and self._greeting:
                greeting = _greeting(self._greeting, name)
                texts.append((pieces, values | {_GREETING: _parted(greeting).encode()}))
                htmls.append((pieces, values | {_GREETING: escape(greeting).encode()}))
            else:
                texts.append((pieces, values))
                htmls.append((pieces, values))
        self._text(texts)
        self._html(htmls)
        return messages


_LINK: Final = Slot.UNSUBSCRIBE.value.encode()
_GREETING: Final = Slot.GREETING.value.encode()
_ONE_CLICK: Final = b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
_KINDS: Final = ["multipart/alternative", "text/plain", "text/html"]
_PART: Final = b"\r\nContent-Type: text/%b; charset=utf-8\r\nContent-Transfer-Encoding: %b\r\n\r\n"


def prepare(
    mail: Edition,
    text: Edition,
    newsletter: Newsletter,
    *,
    kind: Kind,
    issue_id: str,
    slug: str,
    date: datetime,
    leaves: bool = True,
) -> Prepared:
    """Write all of a message that is alike for every recipient.

    One that `leaves` may be no larger than mail programs show; others are only looked at.
    """
    if leaves and (size := filled_size(mail, newsletter)) > MOST_MAIL:
        raise RefusedError(
            f"the mail has {size / 1000:.0f} KB of HTML, and mail programs cut what is over "
            f"{MOST_MAIL / 1000:.0f} KB",
            hint="set site_url, so that it can lead to the page, or shorten the digest",
        )
    # "=_" occurs neither in base64 nor in quoted-printable (RFC 2045 section 6.7), so no line of a
    # body can be taken for the boundary
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
        *_list_addresses(newsletter, sender),
        _feedback_id(newsletter, kind, slug, sender),
        "Precedence: bulk\r\n",
        # not "All": that would suppress bounces as well
        "X-Auto-Response-Suppress: OOF, AutoReply\r\n",
        "MIME-Version: 1.0\r\n",
        f'Content-Type: multipart/alternative;\r\n boundary="{boundary}"\r\n\r\n',
    ]
    prepared = Prepared(
        newsletter=newsletter,
        kind=kind,
        head="".join(lines).encode("ascii"),
        boundary=boundary.encode("ascii"),
        text=transfer.encoded(text.body),
        html=transfer.encoded(mail.body),
        greeting=mail.greeting,
    )
    _read_back(prepared, [line.partition(":")[0] for line in lines if line])
    return prepared


def filled_size(mail: Edition, newsletter: Newsletter) -> int:
    """Measure the HTML of a mail as the reader gets it whose values are the longest there are."""
    link = unsubscribe_address(newsletter, "t" * LONGEST_TOKEN)
    body = sample(mail, newsletter, name='"' * MOST_OF_A_NAME, unsubscribe=link).body
    return len(body.encode("utf-8", "replace")) + body.count("\n")  # each a CRLF on the wire


def sample(
    edition: Edition, newsletter: Newsletter, *, name: str = "", unsubscribe: str | None = None
) -> Edition:
    """Give an edition as a reader sees it, for a preview; its way out leads where a test's does."""
    is_html = edition.media_type == "text/html"
    link = unsubscribe or unsubscribe_address(newsletter, _TEST_TOKEN.decode())
    greeting = _greeting(edition.greeting, name)
    body = edition.body.replace(Slot.UNSUBSCRIBE, escape(link) if is_html else link)
    body = body.replace(Slot.GREETING, escape(greeting) if is_html else _parted(greeting))
    return replace(edition, body=body)


def _greeting(greeting: str, name: str) -> str:
    """Greet a reader by name; nobody without one."""
    known = tame(name[:MOST_OF_A_NAME])
    return greeting.replace("{name}", known) if known else ""


def _parted(greeting: str) -> str:
    """Part a greeting from the text below it; without one nothing stands there."""
    return f"{greeting}\r\n\r\n" if greeting else ""


def _read_back(prepared: Prepared, names: list[str]) -> None:
    """Read a finished message as others do: nothing in a value has become a header of its own.

    `headers` lets nothing through that could; this is the second lock, for the day it does.
    """
    raw = prepared.fill(
        address="reader@example.org",
        name="Reader",
        message_id="<sample@example.org>",
        unsubscribe=None,
    )
    if b"\r\n." in raw or re.search(rb"[^\t\r\n -~]|(?<!\r)\n|\r(?!\n)", raw):
        raise RefusedError(
            "the finished message is not as SMTP carries it",
            hint="this is a defect of the program: it should have encoded what stands there",
        )
    read = BytesParser().parsebytes(raw)
    lines = [re.sub(r"\r\n(?=[ \t])", "", value) for value in read.values()]
    is_broken = any(
        re.search(r"[\x00-\x1f\x7f]", str(make_header(decode_header(line)))) for line in lines
    )
    kinds = [part.get_content_type() for part in read.walk()]
    if read.keys() != ["To", "Message-ID", *names] or is_broken or kinds != _KINDS:
        raise RefusedError(
            "the finished message does not read back as it was written",
            hint="look at the subject, the sender's name and the newsletter's title",
        )


def _label(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "list"


def _list_id(newsletter: Newsletter, sender: str) -> str:
    return f"{_label(newsletter.slug)[:63]}.{sender.rpartition('@')[2]}"


def _list_addresses(newsletter: Newsletter, sender: str) -> list[str]:
    """Say where the newsletter lives and who answers for it (RFC 2369), as far as anybody does.

    Its page explains it and holds all issues, so it is help and archive in one. No mailbox reads
    unsubscriptions, so no List-Unsubscribe names one; no List-Post: nobody may.
    """
    page = owner = ""
    if newsletter.site_url:
        page = valid_url(site_address(newsletter, archive_path(newsletter)))
    if newsletter.sender_address:
        owner = mailto(valid_address(newsletter.reply_to) if newsletter.reply_to else sender)
    lines = {"List-Help": page or owner, "List-Archive": page, "List-Owner": owner}
    return [f"{name}: <{address}>\r\n" for name, address in lines.items() if address]


def _feedback_id(newsletter: Newsletter, kind: Kind, slug: str, sender: str) -> str:
    """Name what a complaint is about, from the issue to the sender, whose name is the fixed part.

    Long names are cut, and a long value stands on the next line: inside it there is no place to fold.
    """
    own = _label(sender.rpartition("@")[2])[:15].strip("-")
    own = own if len(own) >= 5 else f"{own}-mail"  # Gmail wants 5 to 15 characters
    value = f"{_label(slug)[:25]}:{_label(newsletter.slug)[:25]}:{kind.value}:{own}"
    between = " " if len(value) < 64 else "\r\n "
    return f"Feedback-ID:{between}{value}\r\n"
