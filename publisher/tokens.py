"""tokens - secrets in, unguessable strings out: links, Message-IDs, bounce addresses.

A link token names its subscriber and proves it: the bytes of the id behind a MAC of 128 bits. The
MAC covers the purpose, the newsletter, the id and the address, so that a token of one purpose opens
nothing else, and a link mailed before a database was rebuilt never reaches another person. Every
purpose has a key of its own, derived from the one secret. The first character of a token is the
version of its form. What travels in mail headers is base32 in lower case, because relays and
bounces change the case of letters; what travels in links is base64url without padding.

For the many of one send there are makers: what is alike for all is worked out when they are made.
Faults: ValueError for a key that is too short and a domain that is none; a bad token is no fault,
it is just not genuine. Never: asks for randomness or the time. See: signup, send, bounce.
"""

from __future__ import annotations

import hmac
import re
import unicodedata
from base64 import urlsafe_b64decode
from binascii import b2a_base64
from collections.abc import Callable
from enum import StrEnum
from hashlib import sha256
from typing import Final

from publisher.addresses import LONGEST_TOKEN

VERSION: Final = "1"
_VERSION: Final = VERSION.encode("ascii")
_MAC_BYTES: Final = 16
_KEY_BYTES: Final = 16
_LENGTHS: Final = tuple(length.to_bytes(4, "big") for length in range(21))  # of 64 bits
_BLOCK: Final = 64  # what SHA-256 takes at a time
_INNER: Final = bytes(code ^ 0x36 for code in range(256))
_OUTER: Final = bytes(code ^ 0x5C for code in range(256))
_URL_SAFE: Final = bytes.maketrans(b"+/", b"-_")
_FIGURES: Final = b"abcdefghijklmnopqrstuvwxyz234567" * 8  # by a byte's last five bits
_APART: Final = 17  # bytes from a copy to the next: 16, two bits of padding, up to 7 moved
_COPIES: Final = sum(1 << (8 * _APART * by + by + 2) for by in range(8))
_PLACES: Final = bytes(_APART * (-low % 8) + (low + 7) // 8 for low in range(125, -1, -5))
_LARGEST_ID: Final = 2**63 - 1
_LINK: Final = re.compile(rf"1[A-Za-z0-9_-]{{23,{LONGEST_TOKEN - 1}}}")
_DOMAIN: Final = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")
_VERP: Final = re.compile(r"b1-([1-9][0-9]{0,18})-([a-z2-7]{26})(?:@.*)?")


class Purpose(StrEnum):
    """What a link token opens; a token of one purpose is worthless for another."""

    UNSUBSCRIBE = "unsubscribe"
    CONFIRM = "confirm"
    PREFERENCES = "preferences"


def link_token(
    key: bytes, purpose: Purpose, newsletter: str, subscriber_id: int, address: str
) -> str:
    """Make the token of one subscriber's link; the same values give the same token."""
    return link_tokens(key, purpose, newsletter)(subscriber_id, address).decode("ascii")


def link_tokens(key: bytes, purpose: Purpose, newsletter: str) -> Callable[[int, str], bytes]:
    """Give what makes the token of each subscriber, by number and address."""
    mac = _macs(key, purpose, newsletter)

    def made(subscriber_id: int, address: str) -> bytes:
        if not 0 < subscriber_id <= _LARGEST_ID:
            raise ValueError(f"{subscriber_id} is no subscriber's id")
        where = _folded(address)
        proof = mac(_number(subscriber_id) + _field(where))
        number = subscriber_id.to_bytes((subscriber_id.bit_length() + 7) // 8, "big")
        # base64url without padding (RFC 4648 section 5)
        raw = b2a_base64(proof + number, newline=False)
        return _VERSION + raw.translate(_URL_SAFE).rstrip(b"=")

    return made


def unsubscribe_token(key: bytes, newsletter: str, subscriber_id: int, address: str) -> str:
    """Make the token of a subscriber's one-click unsubscribe link."""
    return link_token(key, Purpose.UNSUBSCRIBE, newsletter, subscriber_id, address)


def subscriber_of(token: str) -> int | None:
    """Read whose token this claims to be; nothing is proved until `is_genuine` says so."""
    if not _LINK.fullmatch(token):
        return None
    body = token[len(VERSION) :]
    if len(body) % 4 == 1:  # no number of bytes is written so
        return None
    number = urlsafe_b64decode(body + "=" * (-len(body) % 4))[_MAC_BYTES:]
    subscriber_id = int.from_bytes(number, "big")
    return subscriber_id if 0 < subscriber_id <= _LARGEST_ID else None


def is_genuine(
    key: bytes,
    token: str,
    newsletter: str,
    subscriber_id: int,
    address: str,
    *,
    purpose: Purpose = Purpose.UNSUBSCRIBE,
) -> bool:
    """Whether the token was made by us for this subscriber and purpose; takes constant time.

    The whole token is compared, so there is exactly one spelling of it.
    """
    expected = link_token(key, purpose, newsletter, subscriber_id, address)
    return hmac.compare_digest(expected.encode(), token.encode("utf-8", "surrogatepass"))


def message_id(key: bytes, issue_id: str, subscriber_id: int, domain: str) -> str:
    """Make the Message-ID of an issue's mail to one subscriber: the same at every attempt.

    Its first half is the same for all mails of the issue, its second tells nothing about the
    subscriber.
    """
    return message_ids(key, issue_id, domain)(subscriber_id).decode("ascii")


def message_ids(key: bytes, issue_id: str, domain: str) -> Callable[[int], bytes]:
    """Give what makes the Message-ID of an issue's mail to each subscriber, by number."""
    issue = _base32(_macs(key, "message-id/issue", issue_id)(b""))[:16]
    mac = _macs(key, "message-id", issue_id)
    start, end = b"<%b." % issue, b"@%b>" % _checked(domain)

    def made(subscriber_id: int) -> bytes:
        return start + _base32(mac(_number(subscriber_id))) + end

    return made


def verp(key: bytes, delivery_id: int, domain: str) -> str:
    """Make the envelope sender of one delivery, so that its bounce names it."""
    return verps(key, domain)(delivery_id).decode("ascii")


def verps(key: bytes, domain: str) -> Callable[[int], bytes]:
    """Give what makes the envelope sender of each delivery, by number."""
    mac = _macs(key, "verp")
    end = b"@" + _checked(domain)

    def made(delivery_id: int) -> bytes:
        if not 0 < delivery_id <= _LARGEST_ID:
            raise ValueError(f"{delivery_id} is no delivery's id")
        proof = _base32(mac(_number(delivery_id)))
        return b"b%b-%d-%b%b" % (_VERSION, delivery_id, proof, end)

    return made


def delivery_of(key: bytes, address: str) -> int | None:
    """Read the delivery a bounce came back for; None when the address is not one of ours."""
    found = _VERP.fullmatch(address.strip().strip("<>").lower())
    if found is None:
        return None
    delivery_id = int(found[1])
    proof = _base32(_macs(key, "verp")(_number(delivery_id)))
    return delivery_id if hmac.compare_digest(proof, found[2].encode()) else None


def _macs(key: bytes, purpose: str, *fields: str) -> Callable[[bytes], bytes]:
    """Give what MACs fields, behind those alike for all, under the purpose's own key.

    HMAC (RFC 2104) written out, so that all that is alike is hashed once: a copied state takes a
    third of the time of a whole HMAC.
    """
    if len(key) < _KEY_BYTES:
        raise ValueError(f"the secret key must have {_KEY_BYTES} bytes or more")
    own = hmac.digest(key, f"publisher/{VERSION}/{purpose}".encode(), "sha256").ljust(_BLOCK, b"\0")
    inner = sha256(own.translate(_INNER) + b"".join(map(_field, fields)))
    outer = sha256(own.translate(_OUTER))

    def mac(message: bytes) -> bytes:
        inside = inner.copy()
        inside.update(message)
        outside = outer.copy()
        outside.update(inside.digest())
        return outside.digest()[:_MAC_BYTES]

    return mac


def _field(text: str) -> bytes:
    """Put the length before a field, so that no two lists of fields read alike."""
    raw = text.encode("utf-8", "surrogatepass")
    return len(raw).to_bytes(4, "big") + raw


def _number(number: int) -> bytes:
    """Give the field of a number that fits the database."""
    digits = b"%d" % number
    return _LENGTHS[len(digits)] + digits


def _folded(address: str) -> str:
    """Fold what people write differently and mean the same: case, width, outer spaces."""
    if address.isascii():
        return address.strip().lower()
    return unicodedata.normalize("NFKC", address).strip().casefold()


def _base32(data: bytes) -> bytes:
    """Write a MAC of 16 bytes in base32, lower case and unpadded (RFC 4648 section 6).

    All figures at once: one product holds the number eight times, each a bit further on, so that
    every figure ends some byte of it; those are picked. The standard library's loop takes longer
    than all else in a letter.
    """
    copies = (int.from_bytes(data, "big") * _COPIES).to_bytes(256, "little")
    return _PLACES.translate(copies).translate(_FIGURES)


def _checked(domain: str) -> bytes:
    """Refuse a domain that could end a header or an address early."""
    if not _DOMAIN.fullmatch(domain):
        raise ValueError(f"{domain!r} is no domain")
    return domain.encode("ascii")
