"""Tokens are stable, unguessable, bound to one purpose and one person, and safe where they go."""

import base64
import hashlib
import hmac
import re
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from publisher.tokens import (
    Purpose,
    delivery_of,
    is_genuine,
    link_token,
    link_tokens,
    message_id,
    message_ids,
    subscriber_of,
    unsubscribe_token,
    verp,
    verps,
)

KEY = bytes(range(32))
OTHER_KEY = bytes(range(1, 33))
IDS = st.integers(1, 2**63 - 1)
ADDRESSES = st.text(min_size=1, max_size=40)


@settings(deadline=None)  # not a timed test
@given(IDS, ADDRESSES, st.text(max_size=20))
def test_token_names_and_proves_its_subscriber(number: int, address: str, newsletter: str) -> None:
    """A token gives back its subscriber's id and is genuine for exactly its values."""
    token = unsubscribe_token(KEY, newsletter, number, address)
    assert subscriber_of(token) == number
    assert is_genuine(KEY, token, newsletter, number, address)
    assert not is_genuine(OTHER_KEY, token, newsletter, number, address)
    assert not is_genuine(KEY, token, newsletter + "x", number, address)
    assert not is_genuine(KEY, token, newsletter, number, address + "x")
    assert not is_genuine(KEY, token, newsletter, number - 1 or 2, address)


def test_token_is_stable() -> None:
    """The form of a token never changes: links mailed years ago go on working."""
    assert unsubscribe_token(KEY, "ai", 7, "ann@example.org") == STABLE


STABLE = "22hZQoMBRBOG8aFn547rBKgc"


def test_rebuilt_database_never_reaches_another_person() -> None:
    """The same id with another address refuses the old link."""
    token = unsubscribe_token(KEY, "ai", 7, "ann@example.org")
    assert not is_genuine(KEY, token, "ai", 7, "bob@example.org")


def test_spelling_of_the_address_does_not_matter() -> None:
    """Case and outer spaces of the address give the same token."""
    token = unsubscribe_token(KEY, "ai", 7, "Ann@Example.org ")
    assert is_genuine(KEY, token, "ai", 7, "ann@example.org")


def plainly(key: bytes, purpose: str, *fields: str, message: str = "") -> hashlib.blake2b:
    """A MAC as it is told, all at once."""
    own = hmac.digest(key, f"publisher/2/{purpose}".encode(), "sha256")
    raw = [field.encode("utf-8", "surrogatepass") for field in fields]
    text = b"".join(len(one).to_bytes(4, "big") + one for one in raw)
    text += message.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(text, key=own, digest_size=16)


@settings(deadline=None)  # not a timed test
@given(st.binary(min_size=16, max_size=100), IDS, ADDRESSES | st.emails(), st.text(max_size=300))
@example(KEY, 2**63 - 1, "Ａnn@Ｅxample.org ", "")
@example(KEY, 255, " ANN@example.org", "a\ud800")
def test_values_are_what_they_always_were(key: bytes, number: int, address: str, text: str) -> None:
    """However quickly they are made, tokens, Message-IDs and senders are plain MACs, written out."""
    where = unicodedata.normalize("NFKC", address).strip().casefold()
    raw = number.to_bytes((number.bit_length() + 7) // 8, "big")
    proof = plainly(key, "unsubscribe", text, message=f"{number}\0{where}").digest() + raw
    token = "2" + base64.urlsafe_b64encode(proof).decode().rstrip("=")
    assert unsubscribe_token(key, text, number, address) == token
    issue = plainly(key, "message-id/issue", text).hexdigest()[:16]
    one = plainly(key, "message-id", text, message=str(number)).hexdigest()
    assert message_id(key, text, number, "a.example") == f"<{issue}.{one}@a.example>"
    sender = f"b2-{number}-{plainly(key, 'verp', message=str(number)).hexdigest()}@a.example"
    assert verp(key, number, "a.example") == sender
    tokens = link_tokens(key, Purpose.UNSUBSCRIBE, text)([(1, "a"), (number, address)])
    assert tokens[1:] == [token.encode()]
    ids = message_ids(key, text, "a.example")([1, number])
    assert ids[1:] == [f"<{issue}.{one}@a.example>".encode()]
    assert verps(key, "a.example")([1, number])[1:] == [sender]


@settings(deadline=None)  # not a timed test
@given(IDS)
def test_purposes_are_separate(number: int) -> None:
    """A token of one purpose is not genuine for another."""
    for made in Purpose:
        token = link_token(KEY, made, "ai", number, "a@example.org")
        for asked in Purpose:
            genuine = is_genuine(KEY, token, "ai", number, "a@example.org", purpose=asked)
            assert genuine == (made is asked)


@settings(deadline=None)  # not a timed test
@given(IDS)
def test_token_is_safe_in_a_link(number: int) -> None:
    """A token is a version and base64url without padding, at most 33 characters."""
    token = unsubscribe_token(KEY, "ai", number, "a@example.org")
    assert re.fullmatch(r"2[A-Za-z0-9_-]{23,32}", token)


@settings(deadline=None)  # not a timed test
@given(IDS, st.data())
def test_every_changed_character_is_noticed(number: int, data: st.DataObject) -> None:
    """No token that differs in one character is genuine, not even in unused bits."""
    token = unsubscribe_token(KEY, "ai", number, "a@example.org")
    place = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.sampled_from("AZaz09_-é").filter(lambda char: char != token[place]))
    forged = token[:place] + other + token[place + 1 :]
    assert not is_genuine(KEY, forged, "ai", number, "a@example.org")


@settings(deadline=None)  # not a timed test
@given(st.text())
def test_garbage_is_no_subscriber(text: str) -> None:
    """Reading any text as a token gives an id or None, never an exception."""
    number = subscriber_of(text)
    assert number is None or number > 0
    assert not is_genuine(KEY, text, "ai", 7, "a@example.org")


@pytest.mark.parametrize("token", ["", "2", "1" + STABLE[1:], STABLE + "=", "2" + "A" * 24])
def test_malformed_token_names_nobody(token: str) -> None:
    """Another version, padding, a missing or a zero id name nobody."""
    assert subscriber_of(token) is None


@settings(deadline=None)  # not a timed test
@given(IDS, IDS)
def test_message_id_is_stable_and_one_per_subscriber(first: int, second: int) -> None:
    """A Message-ID is the same at every attempt and differs between subscribers and issues."""
    one = message_id(KEY, "tag:example.org,2026-04-24:12", first, "example.org")
    assert one == message_id(KEY, "tag:example.org,2026-04-24:12", first, "example.org")
    assert re.fullmatch(r"<[0-9a-f]{16}\.[0-9a-f]{32}@example\.org>", one)
    assert one != message_id(KEY, "tag:example.org,2026-04-24:13", first, "example.org")
    if first != second:
        assert one != message_id(KEY, "tag:example.org,2026-04-24:12", second, "example.org")


@settings(deadline=None)  # not a timed test
@given(IDS)
def test_bounce_names_its_delivery(number: int) -> None:
    """The envelope sender gives its delivery back, in any case and with brackets."""
    address = verp(KEY, number, "bounces.example.org")
    assert delivery_of(KEY, address) == number
    assert delivery_of(KEY, f"<{address.upper()}>") == number
    assert delivery_of(OTHER_KEY, address) is None
    assert len(address.split("@")[0]) <= 64


@settings(deadline=None)  # not a timed test
@given(st.text())
def test_strange_bounce_address_is_not_ours(text: str) -> None:
    """Any other address names no delivery."""
    assert delivery_of(KEY, text) is None


def test_forged_bounce_address_is_refused() -> None:
    """A delivery id with another delivery's proof names nothing."""
    assert delivery_of(KEY, verp(KEY, 7, "x.org").replace("b2-7-", "b2-8-")) is None


@pytest.mark.parametrize("domain", ["", "a b", "x.org\r\nBcc: y", "x@y", "-x", "é.org", "x.org\n"])
def test_domain_cannot_end_a_header(domain: str) -> None:
    """What is no domain is refused."""
    with pytest.raises(ValueError, match="is no domain"):
        message_id(KEY, "id", 1, domain)


def test_short_key_is_refused() -> None:
    """A key under 128 bits makes no token."""
    with pytest.raises(ValueError, match="16 bytes"):
        unsubscribe_token(b"short", "ai", 1, "a@example.org")


@pytest.mark.parametrize("number", [0, -1, 2**63])
def test_impossible_ids_are_refused(number: int) -> None:
    """Ids are positive and fit the database."""
    with pytest.raises(ValueError, match="no subscriber's id"):
        unsubscribe_token(KEY, "ai", number, "a@example.org")
    with pytest.raises(ValueError, match="no delivery's id"):
        verp(KEY, number, "example.org")
