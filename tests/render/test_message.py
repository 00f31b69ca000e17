"""The message on the wire: its headers, its halves, and nobody else's words in either."""

import base64
import email
import email.policy
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parseaddr
from html import escape

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from publisher.errors import RefusedError
from publisher.model import Edition, Kind, Newsletter, Slot
from publisher.render import message
from publisher.render.headers import tame
from publisher.render.transfer import Body

DATE = datetime(2024, 3, 1, 12, 0, tzinfo=timezone(timedelta(hours=8)))
WAY_OUT = "https://app.example.org/unsubscribe/abc?n=1&k=2"
HTML = Edition(
    "mail",
    "text/html",
    f'<a href="{Slot.UNSUBSCRIBE}">退订</a>\n<p>风</p>',
    subject="风、茶与绳子",
)
TEXT = Edition("text", "text/plain", f"风\n-- \n{Slot.UNSUBSCRIBE}\n")
NAMES = [
    "To", "Message-ID", "List-Unsubscribe", "List-Unsubscribe-Post", "From", "Reply-To", "Subject",
    "Date", "List-Id", "List-Help", "List-Archive", "List-Owner", "Feedback-ID", "Precedence",
    "X-Auto-Response-Suppress", "MIME-Version", "Content-Type",
]  # fmt: skip


def prepare(
    newsletter: Newsletter, kind: Kind = Kind.ISSUE, html: Edition = HTML, text: Edition = TEXT
) -> message.Prepared:
    """The small message, all but its recipient."""
    return message.prepare(
        html, text, newsletter, kind=kind, issue_id="tag:a.example,2024:7", slug="7", date=DATE
    )


def fill(
    prepared: message.Prepared,
    *,
    address: str = "reader@example.net",
    name: str = "",
    message_id: str = "<7.abc@news.example.org>",
    unsubscribe: str | None = WAY_OUT,
) -> bytes:
    """The message for one recipient."""
    return prepared.fill(address=address, name=name, message_id=message_id, unsubscribe=unsubscribe)


def parsed(raw: bytes) -> EmailMessage:
    """The message as the standard library reads it."""
    return email.message_from_bytes(raw, policy=email.policy.default)


def halves(raw: bytes) -> tuple[str, str]:
    """Its text and its HTML, decoded."""
    plain, marked = parsed(raw).iter_parts()
    assert isinstance(plain, EmailMessage)
    assert isinstance(marked, EmailMessage)
    assert plain.get_content_type() == "text/plain"
    assert marked.get_content_type() == "text/html"
    text, html = (part.get_content().replace("\r\n", "\n") for part in (plain, marked))
    return text, html


def test_headers_read_back(newsletter: Newsletter) -> None:
    """Every header is there once, in order, and says what it should."""
    read = parsed(fill(prepare(newsletter), name="李雷"))
    assert read.keys() == NAMES
    assert dict(read.items()) == {
        "To": "李雷 <reader@example.net>",
        "Message-ID": "<7.abc@news.example.org>",
        "List-Unsubscribe": f"<{WAY_OUT}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "From": "杂货周刊 <weekly@news.example.org>",
        "Reply-To": "editor@news.example.org",
        "Subject": "风、茶与绳子",
        "Date": "Fri, 01 Mar 2024 04:00:00 +0000",
        "List-Id": "杂货周刊 <weekly.news.example.org>",
        "List-Help": "<https://news.example.org/>",
        "List-Archive": "<https://news.example.org/>",
        "List-Owner": "<mailto:editor@news.example.org>",
        "Feedback-ID": "7:weekly:issue:news-example-or",
        "Precedence": "bulk",
        "X-Auto-Response-Suppress": "OOF, AutoReply",
        "MIME-Version": "1.0",
        "Content-Type": read["Content-Type"],
    }
    assert read.get_content_type() == "multipart/alternative"
    assert [part.defects for part in read.walk()] == [[], [], []]


def test_is_wire_ready(newsletter: Newsletter) -> None:
    """ASCII, CRLF throughout, short lines; the one-click address on one unfolded line."""
    long = "https://app.example.org/unsubscribe/" + "t" * 120
    raw = fill(prepare(newsletter), unsubscribe=long)
    assert raw.isascii()
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", raw)
    lines = raw.split(b"\r\n")
    assert f"List-Unsubscribe: <{long}>".encode() in lines
    assert all(len(line) <= 78 for line in lines if not line.startswith(b"List-Unsubscribe:"))
    assert raw.endswith(b"--\r\n")


def test_each_half_has_its_encoding(newsletter: Newsletter) -> None:
    """Text first, HTML last, each in the encoding it grows least in, with mail's line ends."""
    html = replace(HTML, body=f"{HTML.body}{'kite ' * 99}")
    raw = fill(prepare(newsletter, html=html, text=replace(TEXT, body=f"{TEXT.body}{'风' * 99}\n")))
    how = [part["Content-Transfer-Encoding"] for part in parsed(raw).iter_parts()]
    assert how == ["base64", "quoted-printable"]
    parts = raw.split(b"\r\n\r\n")
    assert base64.b64decode(parts[2].split(b"\r\n--")[0]).count(b"\r\n") == 4
    plain, marked = halves(raw)
    assert plain == f"风\n-- \n{WAY_OUT}\n{'风' * 99}\n"
    assert marked == f'<a href="{WAY_OUT.replace("&", "&amp;")}">退订</a>\n<p>风</p>{"kite " * 99}'


def test_slots_are_filled(newsletter: Newsletter) -> None:
    """Each half gets what fills it in its own writing."""
    plain, marked = halves(fill(prepare(newsletter)))
    assert 'href="https://app.example.org/unsubscribe/abc?n=1&amp;k=2"' in marked
    assert WAY_OUT in plain


def test_no_slot_ever_leaves(newsletter: Newsletter) -> None:
    """Without a way out the link explains itself."""
    raw = fill(prepare(newsletter, Kind.TEST), unsubscribe=None)
    for half in halves(raw):
        assert "__publisher-slot" not in half
        assert "https://app.example.org/unsubscribe/test" in half
    assert "List-Unsubscribe" not in parsed(raw)


def test_tests_say_so(newsletter: Newsletter) -> None:
    """A test is marked, and offers no one-click even with an address."""
    read = parsed(fill(prepare(newsletter, Kind.TEST)))
    assert read["Subject"] == "[Test] 风、茶与绳子"
    assert read["List-Unsubscribe"] == f"<{WAY_OUT}>"
    assert "List-Unsubscribe-Post" not in read


def test_without_a_sender(homeless: Newsletter) -> None:
    """A preview has a sender nobody can answer, and no archive."""
    read = parsed(fill(prepare(homeless), unsubscribe=None))
    assert read["From"] == "杂货周刊 <publisher@localhost>"
    assert "List-Archive" not in read
    assert "Reply-To" not in read


def test_an_address_in_chinese(newsletter: Newsletter) -> None:
    """Chinese domains, of sender, reader and site, go out as DNS knows them."""
    ours = replace(
        newsletter, sender_address="weekly@例子.example", site_url="https://例子.example/"
    )
    read = parsed(fill(prepare(ours), address="reader@例子.example"))
    assert read["From"] == "杂货周刊 <weekly@xn--fsqu00a.example>"
    assert read["To"] == "reader@xn--fsqu00a.example"
    assert read["List-Archive"] == "<https://xn--fsqu00a.example/>"


def test_boundary_is_stable_and_safe(newsletter: Newsletter) -> None:
    """The boundary depends on the issue alone, and no line of base64 can hold it."""
    prepared, again = prepare(newsletter), prepare(newsletter)
    other = prepare(newsletter, html=replace(HTML, body="x"))
    assert prepared.boundary == again.boundary != other.boundary
    assert not re.fullmatch(rb"[A-Za-z0-9+/=]*", prepared.boundary)
    assert len(prepared.boundary) <= 70


@pytest.mark.parametrize(
    "message_id", ["", "a@b", "<a@b>\r\nBcc: x@y", "<a b@c>", "<" + "a" * 900 + "@b>"]
)
def test_message_id_is_checked(newsletter: Newsletter, message_id: str) -> None:
    """A Message-ID that is none would be a hole in the headers."""
    with pytest.raises(RefusedError, match="is not a Message-ID"):
        fill(prepare(newsletter), message_id=message_id)


def test_bad_recipients_are_refused(newsletter: Newsletter) -> None:
    """An address no header may hold is refused before a byte is written."""
    with pytest.raises(RefusedError):
        fill(prepare(newsletter), address="a@b.example\r\nBcc: eve@evil.example")
    with pytest.raises(RefusedError):
        fill(prepare(newsletter), unsubscribe="https://a.example/>\r\nBcc: eve@evil.example")


ANY = st.text(st.characters() | st.sampled_from('=?\r\n\x00 ,<>"@:'), max_size=90)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(subject="", sender="", title="", name="", slug="0" * 22, body="")
@example(subject="", sender="", title="", name="", slug="0" * 90, body="")
@given(subject=ANY, sender=ANY, title=ANY, name=ANY, slug=ANY, body=ANY)
def test_nothing_is_injected(
    newsletter: Newsletter, subject: str, sender: str, title: str, name: str, slug: str, body: str
) -> None:
    """Whatever names and titles hold, the headers are ours and the halves are whole."""
    ours = replace(newsletter, sender_name=sender, title=title, slug=slug)
    html, text = replace(HTML, subject=subject, body=body), replace(TEXT, body=body)
    prepared = message.prepare(
        html, text, ours, kind=Kind.ISSUE, issue_id=slug, slug=slug, date=DATE
    )
    raw = fill(prepared, name=name)
    read = parsed(raw)
    assert read.keys() == NAMES
    assert read["Subject"] == tame(subject)
    assert read["To"].addresses[0].addr_spec == "reader@example.net"
    assert [part.defects for part in read.walk()] == [[], [], []]
    shown = body.encode("utf-8", "replace").decode()
    assert [half.split() for half in halves(raw)] == [shown.split(), shown.split()]
    assert datetime(2024, 3, 1, 4, tzinfo=UTC) == read["Date"].datetime
    long = [line for line in raw.split(b"\r\n") if len(line) > 78]
    assert all(line.startswith((b"List-Id: <", b" <")) and b" " not in line[9:] for line in long)
    assert max(map(len, raw.split(b"\r\n"))) < 100  # a label of 63 has no place to fold


SLOTS = [slot.value for slot in Slot]
TOLD = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from(". =\n风"), max_size=60)
BODY = st.lists(TOLD | st.sampled_from(SLOTS), max_size=6).map("".join).map(lambda t: f"{t}\n")
LONG = st.sampled_from(["", "风筝" * 60, "kite " * 60])
TOKENS = st.text("abcXYZ019_-", min_size=1, max_size=33)


def by_the_library(subject: str, text: str, html: str) -> EmailMessage:
    """The same message as the standard library writes and reads it."""
    made = EmailMessage(email.policy.SMTP.clone(max_line_length=9000))
    made["Subject"] = subject
    made.set_content(text, cte="base64")
    made.add_alternative(html, subtype="html", cte="base64")
    return parsed(made.as_bytes())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(subject=TOLD, name=ANY, text=BODY, html=BODY, long=LONG, token=TOKENS)
def test_pieces_are_the_message(
    newsletter: Newsletter, subject: str, name: str, text: str, html: str, long: str, token: str
) -> None:
    """Assembled from pieces it is what the standard library makes of the same values, to the byte.

    So it is with the way out known but for its token, and with the whole of it known late.
    """
    name, base = name.replace("\ud800", ""), WAY_OUT[:-3]
    prepared = prepare(
        newsletter,
        html=replace(HTML, subject=subject, body=long + html, greeting="Hi <{name}>,"),
        text=replace(TEXT, body=long + text),
    )
    (pieces,) = prepared.ready(base).pieces(
        [("reader@example.net", name, b"<7@a.example>", token.encode())]
    )
    ready = b"".join(pieces)
    filled = fill(prepared, name=name, message_id="<7@a.example>", unsubscribe=base + token)
    known = tame(name[: message.MOST_OF_A_NAME])
    greeting = f"Hi <{known}>," if known else ""
    words = {SLOTS[0]: base + token, SLOTS[1]: greeting}
    told, shown = long + text, long + html
    for slot, value in words.items():
        told = told.replace(slot, f"{value}\n\n" if slot == SLOTS[1] and value else value)
        shown = shown.replace(slot, escape(value))
    other = by_the_library(tame(subject), told, shown)
    for raw in (ready, filled):
        read = parsed(raw)
        assert read["Subject"] == other["Subject"]
        assert display_name(raw) == known
        assert read["List-Unsubscribe"] == f"<{base}{token}>"
        for ours, theirs in zip(read.iter_parts(), other.iter_parts(), strict=True):
            assert lines(ours) == lines(theirs)
    assert parsed(ready).items() == parsed(filled).items()


def display_name(raw: bytes) -> str:
    """The name before the address in To; the library's newer reader puts spaces between words."""
    field = re.sub(r"\r\n(?=[ \t])", "", email.message_from_bytes(raw)["To"])
    return str(make_header(decode_header(parseaddr(field)[0])))


def lines(part: EmailMessage) -> bytes:
    """The bytes of a half, with the line ends mail has; the library writes others."""
    return re.sub(rb"\r\n|\r|\n", b"\r\n", part.get_payload(decode=True))


@pytest.mark.parametrize("name", ["李雷", "", "Ann Smith", 'A. "B" C', " two  blanks ", "名" * 60])
@pytest.mark.parametrize("long", ["风筝" * 60, "kite " * 60])
def test_what_is_alike_is_shared(newsletter: Newsletter, name: str, long: str) -> None:
    """The pieces alike for all are the same objects for two recipients, and all but a few bytes."""
    html, text = (replace(one, body=one.body + long) for one in (HTML, TEXT))
    ready = prepare(newsletter, html=html, text=text).ready(WAY_OUT)
    first, second = ready.pieces(
        [
            ("ann@example.net", name, b"<1@a.example>", b"abc"),
            ("bob@example.net", name, b"<2@a.example>", b"xyz"),
        ]
    )
    own = [piece for piece, other in zip(first, second, strict=True) if piece is not other]
    assert first[1] is second[1]
    assert first[1].endswith(b"\r\n\r\n")
    assert first[2] is second[2]
    assert len(own) == 3
    assert sum(map(len, own[1:])) < 60


@pytest.mark.parametrize("line", [b".hidden\r\n", b"a\nb\r\n", b"a\rb\r\n", "风\r\n".encode()])
def test_only_what_smtp_carries(newsletter: Newsletter, line: bytes) -> None:
    """A line that begins with a dot, half a line end, or a byte that is not ASCII is found."""
    prepared = prepare(newsletter)
    broken = replace(prepared, text=Body("quoted-printable", (b"a\r\n" + line,)))
    with pytest.raises(RefusedError, match="not as SMTP carries it"):
        message._read_back(broken, [])


def test_no_line_is_too_long(newsletter: Newsletter) -> None:
    """The longest of everything leaves no line over 998 bytes (RFC 5322 section 2.1.1)."""
    domain = f"{'b' * 60}.{'c' * 60}.{'d' * 60}.example.org"
    url = f"https://{domain}/{'e' * 690}"
    ours = replace(
        newsletter,
        title="风" * 3000,
        sender_name="word " * 3000,
        sender_address=f"{'a' * 64}@{domain}",
        reply_to=f"{'r' * 64}@{domain}",
        slug="s" * 3000,
        site_url=url,
    )
    html = replace(HTML, subject="x" * 3000, body=f"<p>{'风' * 3000}{'x' * 3000}</p>")
    raw = fill(
        prepare(ours, html=html, text=replace(TEXT, body="x" * 3000)),
        address=f"{'t' * 64}@{domain}",
        name="李" * 3000,
        message_id=f"<{'m' * 600}@{domain}>",
        unsubscribe=url,
    )
    lines = raw.split(b"\r\n")
    assert max(map(len, lines)) <= 998
    whole = (
        b"Message-ID:",
        b"List-Unsubscribe:",
        b"List-Help:",
        b"List-Archive:",
        b"List-Owner:",
    )
    long = [line for line in lines if len(line) > 78]
    assert [line for line in long if not line.startswith((*whole, b" <", b"Reply-To: r"))] == []
    assert len(long) == 9
    assert parsed(raw)["From"].addresses[0].addr_spec == ours.sender_address


@pytest.mark.parametrize(
    "line",
    [
        b"Bcc: eve@evil.example\r\n",
        b"X-Text: =?utf-8?q?x=0ABcc=3A_eve=40evil.example?=\r\n",
        b"\r\n",
        b"Subject: twice\r\n",
    ],
)
def test_the_second_lock(newsletter: Newsletter, line: bytes) -> None:
    """A header that is not ours, or decodes to two, is found in the finished message."""
    prepared = prepare(newsletter)
    names = [name for name in NAMES[2:] if not name.startswith("List-Unsubscribe")]
    message._read_back(prepared, names)
    if line.startswith(b"X-Text"):
        names.insert(0, "X-Text")
    with pytest.raises(RefusedError, match="does not read back"):
        message._read_back(replace(prepared, head=line + prepared.head), names)


def test_complaints_name_the_sender(newsletter: Newsletter) -> None:
    """The fixed part of Feedback-ID has 5 to 15 characters, however long the domain."""
    for domain, name in [("a.co", "a-co-mail"), ("news.long-name.example", "news-long-name")]:
        ours = replace(newsletter, sender_address=f"weekly@{domain}")
        assert parsed(fill(prepare(ours)))["Feedback-ID"] == f"7:weekly:issue:{name}"


def test_a_sample_has_no_raw_slot(newsletter: Newsletter) -> None:
    """A preview shows an edition as a reader sees it, escaped where it is HTML."""
    for edition in (HTML, TEXT):
        assert "__publisher-slot" not in message.sample(edition, newsletter).body
    shown = message.sample(TEXT, newsletter).body
    assert shown.endswith("-- \nhttps://app.example.org/unsubscribe/test\n")
    shown = message.sample(HTML, newsletter, unsubscribe=WAY_OUT).body
    assert f'href="{WAY_OUT.replace("&", "&amp;")}"' in shown
