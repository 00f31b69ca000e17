"""headers - the values mail headers may hold, written so that every mail program reads them back.

The standard library folds addresses of List-Unsubscribe into encoded words, which hides one-click
from Gmail, and now and then loses a space of a Chinese subject; so the few forms needed are written
here. Injection stops here: control characters and `=?` never reach a header.
Faults: RefusedError for an address no header may hold. Never: which headers a message has.
See: message (which ones), RFC 5322 section 2.2, RFC 2047, RFC 2369.
"""

from __future__ import annotations

import base64
import re
import string
import unicodedata
from typing import Final
from urllib.parse import quote, urlsplit, urlunsplit

from publisher.domains import dns_name
from publisher.errors import RefusedError

LINE: Final = 76  # RFC 2047 section 2: a line with an encoded word
_WORD_FRAME: Final = len("=?utf-8?b??=")
_ATEXT: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_DOT_ATOM: Final = re.compile(rf"{_ATEXT}(\.{_ATEXT})*")
_LOCAL: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}")
_LABEL: Final = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_LONGEST_DOMAIN: Final = 253  # RFC 1035 section 2.3.4, written with dots
_USUAL: Final = re.compile(
    r"[A-Za-z0-9_]++(?:[.+-][A-Za-z0-9_]++)*+@(?:[a-z0-9]++(?:-[a-z0-9]++)*+\.)++[a-z]{2,}+"
)
_LONGEST_USUAL: Final = 64  # no part of it can be too long, then
_URL: Final = re.compile(r"https?://[\x21\x23-\x3b\x3d\x3f-\x7e]{1,900}")
_PLAIN: Final = re.compile(r"[\x20-\x7e]*")
_PHRASE: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")
_HIDDEN: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""What turns the reading direction: in a name it could show another address than there is."""


def tame(text: str) -> str:
    """Make a text fit for one header line: no control characters, nothing that decodes again."""
    if text.isprintable() and "=?" not in text and "  " not in text:
        return text.strip(" ")  # as nearly every name is; only printable space is a space
    shown = "".join(
        " " if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") else char
        for char in _HIDDEN.sub("", text)
    )
    return " ".join(shown.split()).replace("=?", "= ?")


def encode(text: str, used: int) -> str:
    """Write a text as encoded words of at most 75 characters, `used` columns into its line.

    Words part between characters, never inside one; readers join them without a space.
    """
    room = _room(used)
    if len(text) <= room and len(raw := text.encode()) <= room:
        return _word(raw) if raw else ""
    words: list[str] = []
    chunk = b""
    for char in text:
        raw = char.encode()
        if chunk and len(chunk) + len(raw) > room:
            words.append(_word(chunk))
            chunk, room = b"", _room(1)
        chunk += raw
    return "\r\n ".join([*words, _word(chunk)] if chunk else words)


def unstructured(name: str, text: str) -> str:
    """Write a whole header line holding free text: Subject."""
    shown = tame(text)
    if _PLAIN.fullmatch(shown) and (lines := _folded(name, shown)):
        return "\r\n".join(lines) + "\r\n"
    return f"{name}: {encode(shown, len(name) + 2)}\r\n"


def mailbox(name: str, display: str, address: str, *, is_list: bool = False) -> str:
    """Write a whole header line naming one mailbox, or a List-Id: From, To, Reply-To."""
    shown = tame(display) if display else ""
    where = f"<{address}>" if shown or is_list else address
    if not shown:
        return f"{name}: {where}\r\n"
    lines = _folded(name, _phrase(shown)) if _PLAIN.fullmatch(shown) else []
    lines = lines or f"{name}: {encode(shown, len(name) + 2)}".split("\r\n")
    if len(lines[-1]) + 1 + len(where) > LINE:
        lines.append("")
    lines[-1] += f" {where}"
    return "\r\n".join(lines) + "\r\n"


def is_usual(address: str) -> bool:
    """Whether an address is as nearly all are, and so one `valid_address` gives as it stands."""
    return len(address) <= _LONGEST_USUAL and _USUAL.fullmatch(address) is not None


def valid_address(address: str) -> str:
    """Give an address as headers hold it: ASCII, its domain in the form DNS knows."""
    local, at, domain = address.rpartition("@")
    if at and not local.isascii():
        raise _refused(
            address, "the part before the @ must be ASCII: few mail servers take another"
        )
    if not at or not _LOCAL.fullmatch(local) or "=?" in address:
        raise _refused(address)
    try:
        known = dns_name(domain)
    except ValueError as fault:
        raise _refused(address, f"the part after the @ is no domain name: {fault}") from None
    if len(known) > _LONGEST_DOMAIN or not all(map(_LABEL.fullmatch, known.split("."))):
        raise _refused(address)
    # addresses with dots where RFC 5322 has none do exist, and may be quoted
    local = local if _DOT_ATOM.fullmatch(local) else f'"{local}"'
    return f"{local}@{known}"


def valid_url(url: str) -> str:
    """Give a web address as List headers hold it: ASCII, nothing that ends it early."""
    written = url if url.isascii() else _ascii_url(url)
    if not _URL.fullmatch(written):
        raise RefusedError(
            f"{url!r} cannot stand in a mail header",
            hint="it must be a whole http or https address, without spaces or brackets",
        )
    return written


def mailto(address: str) -> str:
    """Give the address that opens a letter to a mailbox, which `valid_address` has passed."""
    return f"mailto:{quote(address, safe='@!$*+')}"  # RFC 6068 section 2


def _ascii_url(url: str) -> str:
    """Write an address with letters of any script as an ASCII one (RFC 3987 section 3.1)."""
    try:
        parts = urlsplit(url)
        host = dns_name(parts.hostname or "") + (f":{parts.port}" if parts.port else "")
    except ValueError:
        return url
    return quote(urlunsplit(parts._replace(netloc=host)), safe=string.punctuation)


def _refused(
    address: str, hint: str = "it must read name@domain, without spaces or brackets"
) -> RefusedError:
    return RefusedError(f"{address!r} is not an address mail can be sent to", hint=hint)


def _phrase(shown: str) -> str:
    """Write an ASCII name as atoms, or in quotes where it holds more than those may."""
    if _PHRASE.fullmatch(shown):
        return shown
    return '"' + re.sub(r'(["\\])', r"\\\1", shown) + '"'


def _room(used: int) -> int:
    """Count the bytes an encoded word may carry, `used` columns into its line."""
    return max((LINE - used - _WORD_FRAME) // 4 * 3, 6)


def _word(raw: bytes) -> str:
    return f"=?utf-8?b?{base64.b64encode(raw).decode('ascii')}?="


def _folded(name: str, text: str) -> list[str]:
    """Fold a header at spaces, each of which stays, leading the line it begins.

    Gives nothing where a word is too long for a line, or the first for the rest of the name's.
    """
    if len(name) + 2 + len(text) <= LINE:
        return [f"{name}: {text}"]
    first, *rest = text.split(" ")
    lines = [f"{name}: {first}"]
    for word in rest:
        if len(lines[-1]) + 1 + len(word) > LINE:
            lines.append("")
        lines[-1] += f" {word}"
    return lines if all(len(line) <= LINE for line in lines) else []
