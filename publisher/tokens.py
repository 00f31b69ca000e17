"""tokens - secrets in, unguessable strings out: links, Message-IDs, bounce addresses.

A link token names its subscriber and proves it: the bytes of the id behind a MAC of 128 bits. The
MAC covers the purpose, the newsletter, the id and the address, so that a token of one purpose opens
nothing else, and a link mailed before a database was rebuilt never reaches another person. Every
purpose has a key of its own, derived from the one secret. The first character of a token is the
version of its form. What travels in mail headers is base32 in lower case, because relays and
bounces change the case of letters; what travels in links is base64url without padding.

Faults: ValueError for a key that is too short and a domain that is none; a bad token is no fault,
it is just not genuine. Never: asks for randomness or the time. See: signup, send, bounce.
"""

from __future__ import annotations

import hmac
import re
import unicodedata
from base64 import b32encode, urlsafe_b64decode, urlsafe_b64encode
from enum import StrEnum
from typing import Final

from publisher.addresses import LONGEST_TOKEN

VERSION: Final = "1"
_MAC_BYTES: Final = 16
_KEY_BYTES: Final = 16
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
    if not 0 < subscriber_id <= _LARGEST_ID:
        raise ValueError(f"{subscriber_id} is no subscriber's id")
    mac = _mac(key, purpose, newsletter, str(subscriber_id), _folded(address))
    number = subscriber_id.to_bytes((subscriber_id.bit_length() + 7) // 8, "big")
    return VERSION + urlsafe_b64encode(mac + number).rstrip(b"=").decode("ascii")


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
    issue = _base32(_mac(key, "message-id/issue", issue_id)[:10])
    one = _base32(_mac(key, "message-id", issue_id, str(subscriber_id)))
    return f"<{issue}.{one}@{_checked(domain)}>"


def verp(key: bytes, delivery_id: int, domain: str) -> str:
    """Make the envelope sender of one delivery, so that its bounce names it."""
    if not 0 < delivery_id <= _LARGEST_ID:
        raise ValueError(f"{delivery_id} is no delivery's id")
    proof = _base32(_mac(key, "verp", str(delivery_id)))
    return f"b{VERSION}-{delivery_id}-{proof}@{_checked(domain)}"


def delivery_of(key: bytes, address: str) -> int | None:
    """Read the delivery a bounce came back for; None when the address is not one of ours."""
    found = _VERP.fullmatch(address.strip().strip("<>").lower())
    if found is None:
        return None
    delivery_id = int(found[1])
    proof = _base32(_mac(key, "verp", str(delivery_id)))
    return delivery_id if hmac.compare_digest(proof.encode(), found[2].encode()) else None


def _mac(key: bytes, purpose: str, *fields: str) -> bytes:
    """MAC the fields, each behind its length so that no two lists of fields read alike."""
    if len(key) < _KEY_BYTES:
        raise ValueError(f"the secret key must have {_KEY_BYTES} bytes or more")
    purpose_key = hmac.digest(key, f"publisher/{VERSION}/{purpose}".encode(), "sha256")
    encoded = [field.encode("utf-8", "surrogatepass") for field in fields]
    message = b"".join(len(field).to_bytes(4, "big") + field for field in encoded)
    return hmac.digest(purpose_key, message, "sha256")[:_MAC_BYTES]


def _folded(address: str) -> str:
    """Fold what people write differently and mean the same: case, width, outer spaces."""
    return unicodedata.normalize("NFKC", address).strip().casefold()


def _base32(data: bytes) -> str:
    return b32encode(data).rstrip(b"=").decode("ascii").lower()


def _checked(domain: str) -> str:
    """Refuse a domain that could end a header or an address early."""
    if not _DOMAIN.fullmatch(domain):
        raise ValueError(f"{domain!r} is no domain")
    return domain
