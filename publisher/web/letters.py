"""letters - messages as a mail client would show them.

A message is data from outside even in our own outbox: nothing in it is believed, a header that
cannot be decoded is shown as it stands, a charset nobody knows is read as UTF-8.

Faults: none for what is in a message; `listed` and `opened` know only files of the outbox, by
plain name. Never: fetches, runs or rewrites anything but where links open. See: web.desk.
"""

from __future__ import annotations

import heapq
import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesHeaderParser, BytesParser
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Final

NAME: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,200}\.eml")
HEAD_BYTES: Final = 16_384
LARGEST_BYTES: Final = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Glance:
    """One line of the outbox."""

    name: str
    written: datetime
    recipient: str
    subject: str


@dataclass(frozen=True, slots=True)
class Letter:
    """A whole message, opened; `html` or `text` is None where it has no such part."""

    sender: str
    recipient: str
    subject: str
    date: datetime | None
    html: str | None
    text: str | None
    headers: tuple[tuple[str, str], ...]
    source: str
    size_bytes: int


def listed(folder: Path, first: int, count: int) -> tuple[int, list[Glance]]:
    """Return how many messages there are, and some of them, newest first."""
    found = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if NAME.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                    found.append((entry.stat(follow_symlinks=False).st_mtime_ns, entry.name))
    except FileNotFoundError:
        return 0, []
    newest = heapq.nlargest(first + count, found)[first:]
    return len(found), [
        glance for mtime, name in newest if (glance := _glance(folder, name, mtime))
    ]


def _glance(folder: Path, name: str, mtime_ns: int) -> Glance | None:
    try:
        with (folder / name).open("rb") as file:
            head = BytesHeaderParser().parsebytes(file.read(HEAD_BYTES))
    except OSError:  # gone since it was listed
        return None
    written = datetime.fromtimestamp(mtime_ns // 1_000_000_000, UTC)
    return Glance(name, written, _decoded(head["To"]), _decoded(head["Subject"]))


def opened(folder: Path, name: str) -> bytes | None:
    """Return a message of the outbox whole, or None where there is no such file."""
    path = folder / name
    if not NAME.fullmatch(name) or path.is_symlink() or not path.is_file():
        return None
    try:
        with path.open("rb") as file:
            return file.read(LARGEST_BYTES)
    except OSError:
        return None


def read(raw: bytes) -> Letter:
    """Open a message."""
    message = BytesParser().parsebytes(raw)
    html = _part(message, "text/html")
    return Letter(
        sender=_decoded(message["From"]),
        recipient=_decoded(message["To"]),
        subject=_decoded(message["Subject"]),
        date=_moment(_decoded(message["Date"])),
        html=None if html is None else _links_open_outside(html),
        text=_part(message, "text/plain"),
        headers=tuple((str(name), _decoded(value)) for name, value in message.raw_items()),
        source=raw.decode("utf-8", "replace").replace("\r\n", "\n"),
        size_bytes=len(raw),
    )


def _decoded(value: object) -> str:
    """Read a header's encoded words; what cannot be read stays as it is."""
    if value is None:
        return ""
    plain = re.sub(r"\r?\n(?=[ \t])", "", str(value))
    try:
        return str(make_header(decode_header(plain)))
    except (MessageError, ValueError, LookupError):
        return plain


def _moment(value: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _part(message: Message, kind: str) -> str | None:
    for part in message.walk():
        if part.get_content_type() != kind or part.is_multipart() or part.get_filename():
            continue
        content = part.get_payload(decode=True)
        if not isinstance(content, bytes):
            continue
        try:
            return content.decode(part.get_content_charset() or "utf-8", "replace")
        except LookupError:
            return content.decode("utf-8", "replace")
    return None


def _links_open_outside(html: str) -> str:
    """Let a click open a tab of its own; the frame the message is shown in leads nowhere."""
    return re.sub(r"(<head\b[^>]*>)", r'\1<base target="_blank">', html, count=1, flags=re.I)
