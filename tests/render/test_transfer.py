"""Bodies on the wire: short ASCII lines that decode to what was said, whatever fills the slots."""

import base64
import quopri
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from publisher.model import Slot
from publisher.render import transfer
from publisher.render.transfer import Body, encoded

SIGNS = st.characters(exclude_categories=["Cs"]) | st.sampled_from("=\r\n\t .F风<-_")
PIECE = st.text(SIGNS, max_size=200) | st.sampled_from(["\n", " ", "\nFrom here", "=" * 90, "."])
BODY = st.lists(PIECE | st.sampled_from([slot.value for slot in Slot]), max_size=8).map("".join)
VALUE = st.text(SIGNS, max_size=200)


def decoded(body: Body, wire: bytes) -> bytes:
    """What a mail program makes of a body; its last line end is the boundary's."""
    wire = wire.removesuffix(b"\r\n")
    return base64.b64decode(wire) if body.encoding == "base64" else quopri.decodestring(wire)


def as_lines(text: str) -> bytes:
    """The text with the line ends mail has."""
    return re.sub(r"\r\n|\r|\n", "\r\n", text).encode()


LINK, GREETING = (slot.value.encode() for slot in (Slot.UNSUBSCRIBE, Slot.GREETING))
TOKEN = st.text("abcXYZ019_-", max_size=40)
BEGINNING = st.text(SIGNS, max_size=90) | st.sampled_from(["https://a.example/?a=b&c=/", "." * 73])


def both(text: str) -> list[Body]:
    """The body in either encoding, whichever would be chosen."""
    chosen = encoded(text)
    pieces = transfer._pieces(as_lines(text))
    other = "base64" if chosen.encoding == "quoted-printable" else "quoted-printable"
    if other == "base64":
        return [chosen, Body(other, pieces)]
    last = len(pieces) - 1
    quoted = [
        piece if place % 2 else transfer._between(piece, place > 0, place < last)
        for place, piece in enumerate(pieces)
    ]
    return [chosen, Body(other, tuple(quoted))]


@given(BODY, VALUE, BEGINNING, TOKEN)
@example(f"a{Slot.GREETING}{Slot.GREETING}b", "x" * 76, "", "")
@example(f"a{Slot.GREETING}b{Slot.UNSUBSCRIBE}c{Slot.GREETING}", "", "xy", "z")
@example(f"a{Slot.UNSUBSCRIBE}b{Slot.GREETING}c", "", "", "")
@example("kites=" * 99, "", "", "")
@example("a kite is held by its string, 风 " * 99, "", "", "")
@example(f"{Slot.GREETING} \n{Slot.GREETING}\n", "", "", "")
@example(f"{Slot.GREETING}\n", " ", "", "")
@example(f"https://a.example/?x={Slot.UNSUBSCRIBE}", "", "a=3D&b=", "k")
@example(f"{Slot.UNSUBSCRIBE}", "", "F" * 73, "rom")
def test_any_body_reads_back(text: str, value: str, beginning: str, token: str) -> None:
    """Every body decodes to what was written, its slots to what filled them, in short lines.

    Its relaxed form is itself: no tab, no two spaces, none at the end of a line.
    """
    whole = as_lines(text).replace(GREETING, value.encode())
    whole = whole.replace(LINK, (beginning + token).encode())
    for body in both(text):
        fill = body.filling({LINK: beginning.encode()}, b"before\r\n", b"behind")
        pieces: list[bytes] = [b"of another"]
        others: list[bytes] = []
        fill(
            [
                (pieces, {LINK: token.encode(), GREETING: value.encode()}),
                (others, {LINK: b"other", GREETING: b"another"}),
            ]
        )
        assert pieces.pop(0) == b"of another"
        assert pieces[0] is others[0]
        wire = b"".join(pieces)
        assert wire.startswith(b"before\r\n")
        assert wire.endswith(b"behind")
        wire = wire.removeprefix(b"before\r\n").removesuffix(b"behind")
        assert decoded(body, wire) == whole
        assert wire.isascii()
        assert not re.search(rb"[\t\x00]|  | \r", wire)
        lines = wire.split(b"\r\n")
        assert lines.pop() == b""
        for line in lines:
            assert len(line) <= 76
            assert line or body.encoding != "base64"
            assert b"\r" not in line
            assert b"\n" not in line
            assert b"=_" not in line  # what every boundary of ours begins with
            assert not line.startswith((b".", b"From "))


@pytest.mark.parametrize("body", both(f"{Slot.UNSUBSCRIBE}a{Slot.GREETING}\n{Slot.UNSUBSCRIBE}"))
def test_no_slot_leaves(body: Body) -> None:
    """A slot without a value is empty."""
    assert decoded(body, body.filled({})) == b"a\r\n"


@given(BODY, VALUE, TOKEN)
def test_only_the_end_is_padded(text: str, value: str, token: str) -> None:
    """In base64 every line is of whole groups of four, and only the last may have a filler."""
    body = Body("base64", transfer._pieces(as_lines(f"风{text}")))
    lines = body.filled({LINK: token.encode(), GREETING: value.encode()}).split(b"\r\n")
    assert all(len(line) % 4 == 0 for line in lines)
    assert b"=" not in b"".join(lines).rstrip(b"=")
    assert all(b"=" not in line for line in lines[:-2])


@given(BODY)
def test_the_smaller_encoding_is_chosen(text: str) -> None:
    """Base64 only where the standard library's quoted-printable is no smaller, and the reverse."""
    body = encoded(text)
    wire = body.filled({})
    raw = as_lines(text)
    others = {
        "quoted-printable": quopri.encodestring(raw.replace(b"\r\n", b"\n")),
        "base64": base64.encodebytes(raw),
    }
    other = others["base64" if body.encoding == "quoted-printable" else "quoted-printable"]
    # its lines are 3 longer than ours may be, and a slot costs us two soft breaks
    most = len(other) * 1.08 + 8 * text.count("__publisher-slot") + 2 * text.count("\n") + 8
    assert len(wire) <= most


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("A kite stays up while its string is held. " * 9, "quoted-printable"),
        ("风筝能飞，是因为有人牵着线。" * 9, "base64"),
        (
            "<p>" + "A kite and a kite that is held by its string, 风筝. " * 9 + "</p>",
            "quoted-printable",
        ),
        ("", "quoted-printable"),
    ],
)
def test_english_is_quoted_chinese_is_not(text: str, encoding: str) -> None:
    """Each language goes out in the encoding it grows least in."""
    assert encoded(text).encoding == encoding


def test_what_is_alike_is_encoded_once() -> None:
    """In quoted-printable the pieces are ready, and a value stands on lines of its own."""
    body = encoded(f'<a href="{Slot.UNSUBSCRIBE}">Bye = bye</a>\n')
    assert body.pieces == (
        b'<a href=3D"=\r\n',
        b"__publisher-slot-unsubscribe__",
        b'=\r\n">Bye =3D bye</a>\r\n',
    )
    assert body.filled({body.pieces[1]: b"https://a.example/?n=1"}) == (
        b'<a href=3D"=\r\nhttps://a.example/?n=3D1=\r\n">Bye =3D bye</a>\r\n\r\n'
    )


def test_a_line_of_its_own_needs_no_soft_break() -> None:
    """A slot that is a line stays one."""
    assert (
        encoded(f"a\n{Slot.UNSUBSCRIBE}\nb").filled(
            {Slot.UNSUBSCRIBE.value.encode(): b"https://a.example/"}
        )
        == b"a\r\nhttps://a.example/\r\nb\r\n"
    )


def test_what_machines_on_the_way_rewrite() -> None:
    """Dots, "From ", spaces at the ends of lines and behind others, and tabs are figures."""
    assert encoded("a  b\tc   d").filled({}) == b"a =20b=09c =20 d\r\n"
    assert encoded("From here\n.\n..x\n-- \nFrom\n").filled({}) == (
        b"=46rom here\r\n=2E\r\n=2E.x\r\n--=20\r\nFrom\r\n\r\n"
    )
