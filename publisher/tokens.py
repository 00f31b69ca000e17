"""tokens - secrets in, unguessable strings out: links, Message-IDs, bounce addresses.

A link token names its subscriber and proves it: the bytes of the id behind a MAC of 128 bits. The
MAC covers the purpose, the newsletter, the id and the address, so that a token of one purpose opens
nothing else, and a link mailed before a database was rebuilt never reaches another person. Every
purpose has a key of its own, derived from the one secret. The first character of a token is the
version of its form. What travels in mail headers is hexadecimal, because relays and bounces change
the case of letters; what travels in links is base64url without padding.

For the many of one send there are makers, which take many at once: what is alike for all is worked
out when they are made.
The MAC is keyed BLAKE2b (RFC 7693 section 2.9), which takes a third of the time of an HMAC.
Faults: ValueError for a key that is too short and a domain that is none; a bad token is no fault,
it is just not genuine. Never: asks for randomness or the time. See: signup, send, bounce.
"""

from __future__ import annotations

import hmac
import re
import unicodedata
from base64 import urlsafe_b64decode
from binascii import b2a_base64
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from hashlib import blake2b
from typing import Final

from publisher.addresses import LONGEST_TOKEN

VERSION: Final = "2"
_VERSION: Final = VERSION.encode("ascii")
_MAC_BYTES: Final = 16
_KEY_BYTES: Final = 16
_URL_SAFE: Final = bytes.maketrans(b"+/", b"-_")
_LARGEST_ID: Final = 2**63 - 1
_LINK: Final = re.compile(rf"{VERSION}[A-Za-z0-9_-]{{23,{LONGEST_TOKEN - 1}}}")
_DOMAIN: Final = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")
_VERP: Final = re.compile(rf"b{VERSION}-([1-9][0-9]{{0,18}})-([0-9a-f]{{32}})(?:@.*)?")


class Purpose(StrEnum):
    """What a link token opens; a token of one purpose is worthless for another."""

    UNSUBSCRIBE = "unsubscribe"
    CONFIRM = "confirm"
    PREFERENCES = "preferences"


def link_token(
    key: bytes, purpose: Purpose, newsletter: str, subscriber_id: int, address: str
) -> str:
    """Make the token of one subscriber's link; the same values give the same token."""
    (token,) = link_tokens(key, purpose, newsletter)([(subscriber_id, address)])
    return token.decode("ascii")


def link_tokens(
    key: bytes, purpose: Purpose, newsletter: str
) -> Callable[[Iterable[tuple[int, str]]], list[bytes]]:
    """Give what makes the tokens of subscribers, by number and address."""
    begun = _mac(key, purpose, newsletter)

    def made(people: Iterable[tuple[int, str]]) -> list[bytes]:
        tokens = []
        for subscriber_id, address in people:
            if not 0 < subscriber_id <= _LARGEST_ID:
                raise ValueError(f"{subscriber_id} is no subscriber's id")
            proof = begun.copy()
            # no two pairs read alike: a number has no NUL
            proof.update(f"{subscriber_id}\0{_folded(address)}".encode("utf-8", "surrogatepass"))
            number = subscriber_id.to_bytes(8, "big").lstrip(b"\0")
            # base64url without padding (RFC 4648 section 5)
            raw = b2a_base64(proof.digest() + number, newline=False)
            tokens.append(_VERSION + raw.translate(_URL_SAFE).rstrip(b"="))
        return tokens

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
    (made,) = message_ids(key, issue_id, domain)([subscriber_id])
    return made.decode("ascii")


def message_ids(key: bytes, issue_id: str, domain: str) -> Callable[[Iterable[int]], list[bytes]]:
    """Give what makes the Message-IDs of an issue's mails to subscribers, by number."""
    issue = _mac(key, "message-id/issue", issue_id).hexdigest()[:16]
    begun = _mac(key, "message-id", issue_id)
    form = f"<{issue}.%s@{_checked(domain)}>"

    def made(subscriber_ids: Iterable[int]) -> list[bytes]:
        return [(form % proof).encode() for proof in _proofs(begun, subscriber_ids)]

    return made


def verp(key: bytes, delivery_id: int, domain: str) -> str:
    """Make the envelope sender of one delivery, so that its bounce names it."""
    (made,) = verps(key, domain)([delivery_id])
    return made


def verps(key: bytes, domain: str) -> Callable[[Sequence[int]], list[str]]:
    """Give what makes the envelope senders of deliveries, by number."""
    begun = _mac(key, "verp")
    form = f"b{VERSION}-%d-%s@{_checked(domain)}"

    def made(delivery_ids: Sequence[int]) -> list[str]:
        for delivery_id in delivery_ids:
            if not 0 < delivery_id <= _LARGEST_ID:
                raise ValueError(f"{delivery_id} is no delivery's id")
        proofs = _proofs(begun, delivery_ids)
        return [form % pair for pair in zip(delivery_ids, proofs, strict=True)]

    return made


def delivery_of(key: bytes, address: str) -> int | None:
    """Read the delivery a bounce came back for; None when the address is not one of ours."""
    found = _VERP.fullmatch(address.strip().strip("<>").lower())
    if found is None:
        return None
    delivery_id = int(found[1])
    (proof,) = _proofs(_mac(key, "verp"), [delivery_id])
    return delivery_id if hmac.compare_digest(proof, found[2]) else None


def _mac(key: bytes, purpose: str, *fields: str) -> blake2b:
    """Begin a MAC under the purpose's own key with fields that are alike for many."""
    if len(key) < _KEY_BYTES:
        raise ValueError(f"the secret key must have {_KEY_BYTES} bytes or more")
    own = hmac.digest(key, f"publisher/{VERSION}/{purpose}".encode(), "sha256")
    return blake2b(b"".join(map(_field, fields)), digest_size=_MAC_BYTES, key=own)


def _proofs(begun: blake2b, numbers: Iterable[int]) -> list[str]:
    """End a MAC with each of the numbers."""
    proofs = []
    for number in numbers:
        proof = begun.copy()
        proof.update(b"%d" % number)
        proofs.append(proof.hexdigest())
    return proofs


def _field(text: str) -> bytes:
    """Put the length before a field, so that no two lists of fields read alike."""
    raw = text.encode("utf-8", "surrogatepass")
    return len(raw).to_bytes(4, "big") + raw


def _folded(address: str) -> str:
    """Fold what people write differently and mean the same: case, width, outer spaces."""
    if address.isascii():
        return address.strip().lower()
    return unicodedata.normalize("NFKC", address).strip().casefold()


def _checked(domain: str) -> str:
    """Refuse a domain that could end a header or an address early."""
    if not _DOMAIN.fullmatch(domain):
        raise ValueError(f"{domain!r} is no domain")
    return domain
