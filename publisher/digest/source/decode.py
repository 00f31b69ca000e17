"""decode - bytes in, text out, and the name of the encoding.

UTF-8 comes first; a byte order mark decides; only then is an older encoding guessed, from the few
that digests are written in, and the guess is said aloud with its certainty. A file that is nearly
UTF-8 is not guessed at: its broken place is named.
Faults: a text of None with a `stop` finding; an uncertain guess is a `hold`.
Never: opens files. See: legacy (the guess), characters (next).
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import Final

from publisher.digest.source.legacy import guess, makes_sense
from publisher.model import Finding, Level

MAX_BYTES: Final = 10 * 1024 * 1024
MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
CERTAIN: Final = 0.95
"""A guess below it is not mailed by itself."""
_MULTIBYTE: Final = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)
_CODE: Final = "digest/encoding"
_SAVE_AS: Final = "Open the digest in your editor and save it as UTF-8."


@dataclass(frozen=True, slots=True)
class Decoded:
    """A digest as text, or None with the reason among the findings."""

    text: str | None
    encoding: str
    findings: tuple[Finding, ...] = ()


def decode(data: bytes) -> Decoded:
    """Turn a digest's bytes into text."""
    if len(data) > MAX_BYTES:
        size = len(data) / 1024 / 1024
        return _stop(
            "unknown",
            f"The digest is {size:.1f} MB; up to {MAX_BYTES // 1024 // 1024} MB can be read.",
            "Cut it into several digests, and link to pictures rather than writing them into it.",
            code="digest/too-large",
        )
    for mark, encoding in MARKS:
        if data.startswith(mark):
            return _marked(data[len(mark) :], encoding)
    if b"\0" in data:
        if unmarked := _unmarked_utf16(data):
            return _marked(data, unmarked)
        return _stop(
            "unknown",
            "This is not a text: it holds NUL bytes, as pictures and word processor files do.",
            "Save the digest as plain text in UTF-8, with the ending .md.",
            line=data.count(b"\n", 0, data.index(b"\0")) + 1,
        )
    try:
        return Decoded(data.decode("utf-8"), "utf-8")
    except UnicodeDecodeError as error:
        if _is_nearly_utf8(data):
            return _broken(data, error)
        return _guessed(data, error)


def _marked(data: bytes, encoding: str) -> Decoded:
    name = encoding.removesuffix("-le").removesuffix("-be")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        if encoding == "utf-8":
            return _broken(data, error)
        before = data[: error.start].decode(encoding, "replace")
        return _stop(
            name,
            f"The digest says it is {name.upper()}, but half a character stands here.",
            _SAVE_AS,
            line=before.count("\n") + 1,
            column=len(before) - before.rfind("\n"),
        )
    if "\0" in text:
        return _stop(name, "This is not a text: it holds NUL characters.", _SAVE_AS)
    if encoding == "utf-8":
        return Decoded(text, name)
    note = Finding(Level.NOTE, _CODE, f"The digest was read as {name.upper()}.", _SAVE_AS)
    return Decoded(text, name, (note,))


def _unmarked_utf16(data: bytes) -> str | None:
    """Name the UTF-16 that bytes without a mark are in, where blanks and line ends say so."""
    if len(data) % 2:
        return None
    text = data.decode("utf-16-le", "replace")
    straight = sum(map(text.count, " \r\n"))
    swapped = sum(map(text.count, "\u2000\u0d00\u0a00"))  # the same, read the wrong way round
    if (straight > 0) == (swapped > 0):
        return None
    encoding = "utf-16-le" if straight else "utf-16-be"
    return encoding if makes_sense(data.decode(encoding, "replace")) else None


def _is_nearly_utf8(data: bytes) -> bool:
    """Whether by far most bytes above ASCII form UTF-8 characters."""
    high = sum(byte > 0x7F for byte in data)
    formed = sum(len(found) for found in _MULTIBYTE.findall(data))
    return formed >= 0.8 * high


def _broken(data: bytes, error: UnicodeDecodeError) -> Decoded:
    line, column = _place(data, error)
    return _stop(
        "utf-8",
        f"The digest is UTF-8, but the byte 0x{data[error.start]:02X} here is not: "
        "a character was cut or comes from another encoding.",
        "Type the character at this place anew and save the digest as UTF-8.",
        line=line,
        column=column,
    )


def _guessed(data: bytes, error: UnicodeDecodeError) -> Decoded:
    best = guess(data)
    if best is None:
        line, column = _place(data, error)
        return _stop(
            "unknown",
            "The digest is not UTF-8 from here on, and which older encoding it is in cannot be "
            "made out.",
            _SAVE_AS,
            line=line,
            column=column,
        )
    finding = Finding(
        Level.WARN if best.certainty >= CERTAIN else Level.HOLD,
        _CODE,
        f"The digest is not UTF-8; it was read as {best.encoding}, which is a guess "
        f"({best.certainty:.0%} certain).",
        f"Look whether all characters are right. {_SAVE_AS}",
    )
    return Decoded(best.text, best.encoding, (finding,))


def _place(data: bytes, error: UnicodeDecodeError) -> tuple[int, int]:
    """Give line and column of the first byte that is no UTF-8."""
    before = data[: error.start]
    line_start = before.rfind(b"\n") + 1
    column = len(before[line_start:].decode("utf-8", "replace")) + 1
    return before.count(b"\n") + 1, column


def _stop(
    encoding: str,
    message: str,
    hint: str,
    *,
    code: str = _CODE,
    line: int | None = None,
    column: int | None = None,
) -> Decoded:
    return Decoded(None, encoding, (Finding(Level.STOP, code, message, hint, line, column),))
