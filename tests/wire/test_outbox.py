"""The outbox: whole files, private, never overwritten."""

import os
import stat
from pathlib import Path

import pytest

from publisher.errors import TransportError
from publisher.model import Envelope, Phase
from publisher.wire.outbox import Outbox


def yes() -> bool:
    """Begin."""
    return True


ENVELOPE = Envelope("bounces@list.example.net", "reader@example.com")
MESSAGE = b"Subject: x\r\nMessage-ID: <1@example.net>\r\n\r\nhello\r\n"


def test_message_is_a_file(tmp_path: Path) -> None:
    """The file is the envelope in two lines and then the message, byte for byte."""
    outbox = Outbox(tmp_path / "outbox")
    reply = outbox.deliver(ENVELOPE, [MESSAGE], yes)
    outbox.close()
    (file,) = (tmp_path / "outbox").iterdir()
    assert (reply.phase, reply.code) == (Phase.DOT, 250)
    assert file.name in reply.words
    assert file.suffix == ".eml"
    assert file.read_bytes() == (
        b"X-Envelope-From: <bounces@list.example.net>\r\n"
        b"X-Envelope-To: <reader@example.com>\r\n" + MESSAGE
    )


def test_only_the_owner_may_read(tmp_path: Path) -> None:
    """The folder is 0700, its files 0600: they hold addresses."""
    Outbox(tmp_path / "outbox").deliver(ENVELOPE, [MESSAGE], yes)
    (file,) = (tmp_path / "outbox").iterdir()
    assert stat.S_IMODE((tmp_path / "outbox").stat().st_mode) == 0o700
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_repeats_can_be_counted(tmp_path: Path) -> None:
    """The same mail again stands beside the first, under the same name with a number."""
    for _ in range(3):
        Outbox(tmp_path).deliver(ENVELOPE, [MESSAGE], yes)
    names = sorted(path.name for path in tmp_path.iterdir())
    stem = names[-1].removesuffix(".eml")
    assert names == [f"{stem}-2.eml", f"{stem}-3.eml", f"{stem}.eml"]


def test_names_come_from_the_message_id(tmp_path: Path) -> None:
    """The same Message-ID has the same name in any outbox; another has another."""
    other = MESSAGE.replace(b"<1@", b"<2@")
    for folder in ("a", "b"):
        Outbox(tmp_path / folder).deliver(ENVELOPE, [MESSAGE], yes)
        Outbox(tmp_path / folder).deliver(ENVELOPE, [other], yes)
    assert sorted(os.listdir(tmp_path / "a")) == sorted(os.listdir(tmp_path / "b"))
    assert len(os.listdir(tmp_path / "a")) == 2


def test_message_without_id_is_written_too(tmp_path: Path) -> None:
    """A message without Message-ID is named by its content."""
    assert Outbox(tmp_path).deliver(ENVELOPE, [b"Subject: x\r\n\r\n"], yes).code == 250


def test_begun_comes_before_the_file_can_be_seen(tmp_path: Path) -> None:
    """`begun` is called while no .eml exists, and no draft stays behind."""
    seen = []
    Outbox(tmp_path).deliver(
        ENVELOPE, [MESSAGE], lambda: not seen.append(list(tmp_path.glob("*.eml")))
    )
    assert seen == [[]]
    assert [path.suffix for path in tmp_path.iterdir()] == [".eml"]


def test_unwritable_outbox_is_told(tmp_path: Path) -> None:
    """A folder that cannot be is a TransportError with the place and a remedy."""
    (tmp_path / "outbox").write_text("a file")
    with pytest.raises(TransportError) as caught:
        Outbox(tmp_path / "outbox").deliver(ENVELOPE, [MESSAGE], yes)
    assert "outbox" in caught.value.where
    assert caught.value.hint


def test_unwanted_message_is_not_written(tmp_path: Path) -> None:
    """When `begun` says no, nothing is left in the folder."""
    assert Outbox(tmp_path).deliver(ENVELOPE, [MESSAGE], lambda: False) is None
    assert list(tmp_path.iterdir()) == []
