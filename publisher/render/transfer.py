"""transfer - a body as lines any mail server carries, in pieces, slots between them.

Quoted-printable or base64 (RFC 2045 section 6), whichever makes less of this body: Chinese grows
least in base64, English in quoted-printable. Nothing goes out unencoded: a line of our HTML is
longer than mail servers allow. What is alike for all is encoded once, what fills a slot stands on
lines of its own. What is written is its own relaxed form (RFC 6376 section 3.4.4): a signature
needs no other.
Faults: none. Never: knows what fills a slot. See: message (which bodies there are), RFC 2045.
"""

from __future__ import annotations

import re
from binascii import b2a_base64
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

from publisher.model import Slot

LINE: Final = 76  # RFC 2045 section 6.7 rule 5, section 6.8
_SLOT: Final = re.compile("|".join(re.escape(slot.value) for slot in Slot).encode())
# a tab too: its relaxed form is a space
_WRITTEN: Final = tuple(
    bytes([code]) if 0x20 <= code <= 0x7E and code != 0x3D else b"=%02X" % code
    for code in range(256)
)
_CHUNK_ROOM: Final = LINE - 3  # a line may still grow by two (_MISREAD) and by its =
# never ends between = and its two figures
_CHUNK: Final = re.compile(rb".{1,%d}(?<!=)(?<!=.)" % _CHUNK_ROOM)
# SMTP doubles a dot that begins a line, mailbox files mark "From "; some programs do it to others
_MISREAD: Final = re.compile(rb"\A(?:\.|F(?=rom ))")
_SOFT: Final = b"=\r\n"

Filling: TypeAlias = Callable[[Iterable[tuple[list[bytes], Mapping[bytes, bytes]]]], None]
"""Puts bodies behind the pieces of messages, each with its slots' values; the first piece is alike
for all, a slot without a value stays empty."""


@dataclass(frozen=True, slots=True)
class Body:
    """A body but for its recipient; `pieces` alternate between bytes and the slots' names.

    `encoding` is the value of Content-Transfer-Encoding. The pieces of quoted-printable are encoded
    already and joined by soft line breaks; those of base64 are not: what they are encoded as
    depends on how long the values before them are.
    """

    encoding: str
    pieces: tuple[bytes, ...]

    def filling(
        self, beginnings: Mapping[bytes, bytes], before: bytes = b"", behind: bytes = b""
    ) -> Filling:
        """Give what fills the slots, with `before` and `behind` as they are around the body.

        A slot's value has its beginning before it; where there is one, the value must be of
        letters, figures, "-" and "_" alone.
        """
        make = _base64_filling if self.encoding == "base64" else _quoted_filling
        return make(self.pieces, beginnings, before, behind)

    def filled(self, values: Mapping[bytes, bytes]) -> bytes:
        """Encode the body with its slots filled, ending in CRLF."""
        pieces: list[bytes] = []
        self.filling({})([(pieces, values)])
        return b"".join(pieces)


def encoded(text: str) -> Body:
    """Take a text apart at its slots and choose the encoding it grows least in."""
    raw = _pieces(re.sub(r"\r\n|\r|\n", "\r\n", text).encode("utf-8", "replace"))
    last = len(raw) - 1
    quoted = tuple(
        piece if index % 2 else _between(piece, index > 0, index < last)
        for index, piece in enumerate(raw)
    )
    is_quoted = sum(map(len, quoted)) <= len(_base64(b"".join(raw)))
    return Body("quoted-printable", quoted) if is_quoted else Body("base64", raw)


def _pieces(raw: bytes) -> tuple[bytes, ...]:
    """Split a body at its slots, which stay as pieces of their own, at the odd places."""
    pieces = []
    end = 0
    for found in _SLOT.finditer(raw):
        pieces += [raw[end : found.start()], found.group(0)]
        end = found.end()
    return (*pieces, raw[end:])


# --- quoted-printable ---------------------------------------------------------


def _quoted_filling(
    pieces: tuple[bytes, ...], beginnings: Mapping[bytes, bytes], before: bytes, behind: bytes
) -> Filling:
    begun = {slot: _begun(beginning) for slot, beginning in beginnings.items()}
    template = list(pieces)
    for place in range(1, len(pieces), 2):
        if pieces[place] in begun:
            template[place - 1] += begun[pieces[place]][0]
    template[0] = before + template[0]
    template[-1] += b"\r\n" + behind
    slots = [
        (
            slot,
            begun[slot][1] if slot in begun else _quoted,
            [place for place in range(1, len(pieces), 2) if pieces[place] == slot],
        )
        for slot in dict.fromkeys(pieces[1::2])
    ]

    def fill(bodies: Iterable[tuple[list[bytes], Mapping[bytes, bytes]]]) -> None:
        for made, values in bodies:
            first = len(made)
            made += template
            for slot, quote, places in slots:
                value = quote(values.get(slot, b""))
                for place in places:
                    made[first + place] = value

    return fill


def _begun(beginning: bytes) -> tuple[bytes, Callable[[bytes], bytes]]:
    """Quote what values begin with; give that, and what quotes their plain ends behind it."""
    chunks = _CHUNK.findall(_safe(beginning.rpartition(b"\r\n")[2]))
    room = _CHUNK_ROOM - len(chunks[-1] if chunks else b"")

    def quote(end: bytes) -> bytes:
        if len(end) <= room:
            return end
        lines = range(room, len(end), _CHUNK_ROOM)
        return _SOFT.join([end[:room], *(end[start : start + _CHUNK_ROOM] for start in lines)])

    return _quoted(beginning), quote


def _between(piece: bytes, is_after: bool, is_before: bool) -> bytes:
    """Quote what stands before or behind a slot, parted from it by a soft line break.

    None is needed where the line ends anyway.
    """
    head = is_after and not piece.startswith(b"\r\n") and (piece or is_before)
    tail = is_before and piece and not piece.endswith(b"\r\n")
    return (_SOFT if head else b"") + _quoted(piece) + (_SOFT if tail else b"")


def _quoted(raw: bytes) -> bytes:
    return b"\r\n".join(map(_quoted_line, raw.split(b"\r\n")))


def _quoted_line(line: bytes) -> bytes:
    return _SOFT.join(_MISREAD.sub(_figures, chunk) for chunk in _CHUNK.findall(_safe(line)))


def _safe(line: bytes) -> bytes:
    """Write a line without what is lost on the way: of two spaces the second, and the last."""
    safe = b"".join([_WRITTEN[code] for code in line]).replace(b"  ", b" =20")
    return safe[:-1] + b"=20" if safe.endswith(b" ") else safe


def _figures(found: re.Match[bytes]) -> bytes:
    return b"=%02X" % found.group(0)[0]


# --- base64 -------------------------------------------------------------------


class _Stretch(NamedTuple):
    """A piece as it stands behind a value: its head goes with what is before, its tail behind."""

    head: bytes
    lines: bytes
    tail: bytes


def _base64_filling(
    pieces: tuple[bytes, ...], beginnings: Mapping[bytes, bytes], before: bytes, behind: bytes
) -> Filling:
    """Encode each piece as it stands with none, one or two bytes taken off its front.

    Three bytes make four signs, so a value is encoded with the one or two bytes left over before
    it and as many of those behind it as it needs: what is decoded is the same to the byte, and only
    the very end is padded.
    """
    slots = pieces[1::2]
    begun = [
        piece + beginnings.get(slot, b"")
        for piece, slot in zip(pieces[::2], (*slots, b""), strict=True)
    ]
    last = len(slots)
    first = _stretch(begun[0], 0, is_last=not slots)
    opening = before + first.lines + (b"" if slots else behind)
    runs: list[tuple[bytes, bytes, list[_Stretch]]] = []
    for place, slot in enumerate(slots, 1):
        piece = begun[place]
        if len(piece) < 2 and place < last:  # too little to fill up what is before it
            runs.append((slot, piece, []))
            continue
        stretches = [_stretch(piece, taken, place == last) for taken in (0, 2, 1)]
        if place == last:
            stretches = [one._replace(lines=one.lines + behind) for one in stretches]
        runs.append((slot, b"", stretches))

    def fill(bodies: Iterable[tuple[list[bytes], Mapping[bytes, bytes]]]) -> None:
        for made, values in bodies:
            made.append(opening)
            raw = first.tail
            for slot, between, stretches in runs:
                raw += values.get(slot, b"")
                if not stretches:
                    raw += between
                    continue
                head, lines, tail = stretches[len(raw) % 3]
                line = b2a_base64(raw + head, newline=False)
                made.append(line + b"\r\n" if 0 < len(line) <= LINE else _lines(line))
                made.append(lines)
                raw = tail

    return fill


def _stretch(piece: bytes, taken: int, is_last: bool) -> _Stretch:
    rest = piece[taken:]
    tail = b"" if is_last else rest[len(rest) - len(rest) % 3 :]
    return _Stretch(piece[:taken], _base64(rest.removesuffix(tail)), tail)


def _base64(raw: bytes) -> bytes:
    return _lines(b2a_base64(raw, newline=False))


def _lines(line: bytes) -> bytes:
    lines = [line[start : start + LINE] for start in range(0, len(line), LINE)]
    return b"\r\n".join([*lines, b""])
