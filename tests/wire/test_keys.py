"""Private keys as files: made once, never over another, refused where they are no good."""

import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)

from publisher.errors import SettingsError
from publisher.wire import keys
from publisher.wire.dkim import PrivateKey


@pytest.fixture
def both(tmp_path: Path) -> tuple[keys.Place, ...]:
    """The places of both kinds of key of one domain."""
    return keys.places(tmp_path / "dkim", "rivers.example", "publisher", ed25519=True)


def pem(key: PrivateKey, lock: KeySerializationEncryption | None = None) -> bytes:
    """Write a key as a file holds it."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock or NoEncryption())


def test_each_kind_has_a_file_and_a_selector_of_its_own(both) -> None:
    """The second kind's selector differs: one name in DNS can hold one key."""
    assert [place.path.name for place in both] == [
        "rivers.example.publisher.rsa.pem",
        "rivers.example.publisher-ed25519.ed25519.pem",
    ]
    assert len(keys.places(Path(), "rivers.example", "publisher", ed25519=False)) == 1


def test_a_key_is_made_once_and_private(both) -> None:
    """Keys are made where none is, closed to others, and stay what they are."""
    assert [keys.load(place) for place in both] == [None, None]
    assert [keys.make(place) for place in both] == [True, True]
    made = [keys.load(place) for place in both]
    assert [one.kind for one in made] == ["rsa", "ed25519"]
    assert made[0].key.key_size == 2048
    assert [keys.make(place) for place in both] == [False, False]
    assert [keys.load(place).record for place in both] == [one.record for one in made]
    folder = both[0].folder
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert len(list(folder.iterdir())) == 2  # no draft is left


def test_a_key_that_came_in_between_is_not_overwritten(both, monkeypatch) -> None:
    """Where another process was quicker, its key stands."""
    place = both[0]
    link = os.link

    def late(source: Path, target: Path) -> None:
        target.write_bytes(b"another's")
        link(source, target)

    monkeypatch.setattr(os, "link", late)
    assert keys.make(place) is False
    assert place.path.read_bytes() == b"another's"


def test_a_key_others_can_read_is_refused(both) -> None:
    """The remedy is the chmod to type."""
    keys.make(both[0])
    both[0].path.chmod(0o640)
    with pytest.raises(SettingsError, match="read by others") as caught:
        keys.load(both[0])
    assert caught.value.hint == f"chmod 600 {both[0].path}"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "damaged"),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "damaged"),
        (pem(Ed25519PrivateKey.generate(), BestAvailableEncryption(b"word")), "locked"),
        (pem(Ed25519PrivateKey.generate()), "not of the kind rsa"),
        (pem(generate_private_key(65537, 1024)), "1024 bits"),
    ],
    ids=["empty", "broken", "locked", "other-kind", "weak"],
)
def test_a_key_that_is_no_good_is_refused(both, content: bytes, why: str) -> None:
    """What receivers would not accept is said before anything is signed with it."""
    both[0].folder.mkdir()
    both[0].path.touch(0o600)
    both[0].path.write_bytes(content)
    with pytest.raises(SettingsError, match=why) as caught:
        keys.load(both[0])
    assert "publisher doctor" in caught.value.hint


def test_a_folder_that_cannot_be_is_said(both) -> None:
    """A file in the folder's place is an error with the place in it."""
    both[0].folder.write_text("in the way")
    with pytest.raises(SettingsError, match="cannot be made"):
        keys.make(both[0])
