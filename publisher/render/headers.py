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
import unicodedata
from typing import Final

from publisher.errors import RefusedError

LINE: Final = 76  # RFC 2047 section 2: a line with an encoded word
_WORD_FRAME: Final = len("=?utf-8?b??=")
_ATEXT: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_DOT_ATOM: Final = re.compile(rf"{_ATEXT}(\.{_ATEXT})*")
_LOCAL: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}")
_LABEL: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_URL: Final = re.compile(r"https?://[\x21\x23-\x3b\x3d\x3f-\x7e]{1,900}")
_PLAIN: Final = re.compile(r"[\x20-\x7e]*")
_PHRASE: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")


def tame(text: str) -> str:
    """Make a text fit for one header line: no control characters, nothing that decodes again."""
    shown = "".join(
        " " if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") else char for char in text
    )
    return " ".join(shown.split()).replace("=?", "= ?")


def encode(text: str, used: int) -> str:
    """Write a text as encoded words of at most 75 characters, `used` columns into its line.

    Words part between characters, never inside one; readers join them without a space.
    """
    words: list[str] = []
    chunk = b""
    room = _room(used)
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
    if _PLAIN.fullmatch(shown):
        lines = _folded(f"{name}: {shown}")
        if all(len(line) <= LINE for line in lines):
            return "\r\n".join(lines) + "\r\n"
    return f"{name}: {encode(shown, len(name) + 2)}\r\n"


def mailbox(name: str, display: str, address: str, *, is_list: bool = False) -> str:
    """Write a whole header line naming one mailbox, or a List-Id: From, To, Reply-To."""
    shown = tame(display)
    where = f"<{address}>" if shown or is_list else address
    if not shown:
        return f"{name}: {where}\r\n"
    used = len(name) + 2
    plain = shown if _PHRASE.fullmatch(shown) else ""
    if plain and used + len(plain) + len(where) < LINE:
        return f"{name}: {plain} {where}\r\n"
    return f"{name}: {encode(shown, used)}\r\n {where}\r\n"


def valid_address(address: str) -> str:
    """Give an address as headers hold it: ASCII, its domain in the form DNS knows."""
    local, at, domain = address.rpartition("@")
    if not at or not _LOCAL.fullmatch(local) or "=?" in address:
        raise _refused(address)
    try:
        ascii_domain = domain.encode("idna").decode("ascii").lower()
    except UnicodeError:
        raise _refused(address) from None
    if not all(_LABEL.fullmatch(label) for label in ascii_domain.split(".")):
        raise _refused(address)
    # addresses with dots where RFC 5322 has none do exist, and may be quoted
    local = local if _DOT_ATOM.fullmatch(local) else f'"{local}"'
    return f"{local}@{ascii_domain}"


def valid_url(url: str) -> str:
    """Give a web address as List headers hold it: ASCII, nothing that ends it early."""
    if not _URL.fullmatch(url):
        raise RefusedError(
            f"{url!r} cannot stand in a mail header",
            hint="it must be a whole http or https address, percent-encoded",
        )
    return url


def _refused(address: str) -> RefusedError:
    return RefusedError(
        f"{address!r} is not an address mail can be sent to",
        hint="it must read name@domain, the name in ASCII, without spaces or brackets",
    )


def _room(used: int) -> int:
    """Count the bytes an encoded word may carry, `used` columns into its line."""
    return max((LINE - used - _WORD_FRAME) // 4 * 3, 6)


def _word(raw: bytes) -> str:
    return f"=?utf-8?b?{base64.b64encode(raw).decode('ascii')}?="


def _folded(line: str) -> list[str]:
    """Fold at spaces, each of which stays, leading the line it begins."""
    lines = [""]
    for part in re.split(r"(?= )", line):
        if lines[-1] and len(lines[-1]) + len(part) > LINE:
            lines.append("")
        lines[-1] += part
    return lines
