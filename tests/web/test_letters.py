"""Messages are data: whatever is in one, it is shown and nothing else."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.web.letters import listed, opened, read

WHOLE = (
    b"X-Envelope-To: <reader@example.org>\r\n"
    b"From: =?utf-8?b?6K665paH5ZGo5oql?= <editor@example.org>\r\n"
    b"To: reader@example.org\r\n"
    b"Subject: =?utf-8?b?6K665paH5ZGo5oql?=\r\n =?utf-8?b?77ya56ys5LiA5pyf?=\r\n"
    b"Date: Sat, 07 Nov 2026 09:00:00 +0000\r\n"
    b"Content-Type: multipart/alternative; boundary=b\r\n\r\n"
    b"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nplain\r\n"
    b"--b\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    b"PGh0bWw+PGhlYWQ+PC9oZWFkPjxib2R5PmhpPC9ib2R5PjwvaHRtbD4=\r\n--b--\r\n"
)


def test_a_whole_message() -> None:
    """Headers are decoded, both parts found, links made to open outside the frame."""
    letter = read(WHOLE)
    assert letter.sender == "论文周报 <editor@example.org>"
    assert letter.recipient == "reader@example.org"
    assert letter.subject == "论文周报：第一期"
    assert letter.date is not None
    assert letter.text is not None
    assert letter.text.strip() == "plain"
    assert letter.html == '<html><head><base target="_blank"></head><body>hi</body></html>'
    assert letter.headers[0] == ("X-Envelope-To", "<reader@example.org>")
    assert letter.size_bytes == len(WHOLE)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\r\n\r\n",
        b"Subject: =?nonsense?b?x?=\r\n\r\nbody",
        b"Subject: =?utf-8?b?*?=\r\n\r\nbody",
        b"Subject: \xff\xfe\r\nDate: then\r\n\r\nbody",
        b"Content-Type: text/html; charset=nonsense\r\n\r\n<p>\xff",
        b"Content-Type: multipart/mixed; boundary=\r\n\r\n--\r\n",
        b"Content-Transfer-Encoding: base64\r\nContent-Type: text/html\r\n\r\n!!!",
    ],
)
def test_broken_messages(raw: bytes) -> None:
    """What cannot be read is shown as it stands."""
    assert read(raw).size_bytes == len(raw)


@given(st.binary(max_size=400))
def test_any_bytes(raw: bytes) -> None:
    """Any bytes are a message."""
    read(b"Subject: " + raw)


def test_listed_newest_first(tmp_path: Path) -> None:
    """Messages come newest first, by page; drafts and other files are not messages."""
    for number in range(5):
        (tmp_path / f"m{number}.eml").write_bytes(WHOLE)
        os.utime(tmp_path / f"m{number}.eml", (number, number))
    (tmp_path / ".draft.eml").write_bytes(WHOLE)
    (tmp_path / "notes.txt").write_bytes(WHOLE)
    (tmp_path / "link.eml").symlink_to(tmp_path / "m0.eml")
    count, glances = listed(tmp_path, 1, 2)
    assert count == 5
    assert [glance.name for glance in glances] == ["m3.eml", "m2.eml"]
    assert glances[0].subject == "论文周报：第一期"
    assert listed(tmp_path / "absent", 0, 2) == (0, [])


@pytest.mark.parametrize("name", ["../a.eml", "a.txt", ".a.eml", "link.eml", "none.eml", "a/b.eml"])
def test_only_messages_are_opened(tmp_path: Path, name: str) -> None:
    """By no name is anything but a message of this folder opened."""
    (tmp_path / "secret.key").write_text("secret")
    (tmp_path / "link.eml").symlink_to(tmp_path / "secret.key")
    (tmp_path / "a.eml").write_bytes(WHOLE)
    assert opened(tmp_path, name) is None
    assert opened(tmp_path, "a.eml") == WHOLE
