"""transfer - a body as lines any mail server carries, slots to be filled.

Quoted-printable or base64 (RFC 2045 section 6), whichever makes less of this body: Chinese grows
least in base64, English in quoted-printable. Nothing goes out unencoded: a line of our HTML is
longer than mail servers allow. What is alike for all is encoded once, if the encoding lets it.
Faults: none. Never: knows what fills a slot. See: message (which bodies there are), RFC 2045.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from publisher.model import Slot

LINE: Final = 76  # RFC 2045 section 6.7 rule 5, section 6.8
_SLOT: Final = re.compile("|".join(re.escape(slot.value) for slot in Slot).encode())
_WRITTEN: Final = tuple(
    bytes([code]) if code == 0x09 or (0x20 <= code <= 0x7E and code != 0x3D) else b"=%02X" % code
    for code in range(256)
)
_LOST: Final = re.compile(rb"[\t ]\Z")  # space at the end of a line
# never ends between = and its two figures; a line may still grow by two (_MISREAD) and by its =
_CHUNK: Final = re.compile(rb".{1,%d}(?<!=)(?<!=.)" % (LINE - 3))
# SMTP doubles a dot that begins a line, mailbox files mark "From "; some programs do it to others
_MISREAD: Final = re.compile(rb"\A(?:\.|F(?=rom ))")
_SOFT: Final = b"=\r\n"


@dataclass(frozen=True, slots=True)
class Body:
    """A body but for its recipient; `pieces` alternate between bytes and the slots' names.

    `encoding` is the value of Content-Transfer-Encoding. The pieces of quoted-printable are encoded
    already and joined by soft line breaks, so that a value stands on lines of its own; those of
    base64, where three bytes make four, cannot be.
    """

    encoding: str
    pieces: tuple[bytes, ...]

    def filled(self, values: Mapping[bytes, bytes]) -> bytes:
        """Encode the body with its slots filled, ending in CRLF."""
        if self.encoding == "base64":
            return _base64(b"".join(values.get(piece, piece) for piece in self.pieces))
        written = {slot: _quoted(value) for slot, value in values.items()}
        return b"".join(written.get(piece, piece) for piece in self.pieces) + b"\r\n"


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
    safe = _LOST.sub(_figures, b"".join([_WRITTEN[code] for code in line]))
    return _SOFT.join(_MISREAD.sub(_figures, chunk) for chunk in _CHUNK.findall(safe))


def _figures(found: re.Match[bytes]) -> bytes:
    return b"=%02X" % found.group(0)[0]


def _base64(raw: bytes) -> bytes:
    line = binascii.b2a_base64(raw, newline=False)
    lines = [line[start : start + LINE] for start in range(0, len(line), LINE)]
    return b"\r\n".join([*lines, b""])
