"""decode: UTF-8 first, a guess said aloud, rubbish refused."""

import pytest

from publisher.digest.source.decode import MAX_BYTES, decode
from publisher.model import Level

CHINESE = "# 周刊\n\n这一期讲三件事：模型、数据和评测。请慢慢读，不必着急。\n" * 3


def test_utf8() -> None:
    """UTF-8 with or without its mark passes without a word."""
    for data in (CHINESE.encode(), CHINESE.encode("utf-8-sig")):
        assert (decode(data).text, decode(data).findings) == (CHINESE, ())


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-be", "utf-32"])
def test_marked(codec: str) -> None:
    """UTF-16 and UTF-32 are read by their mark, with a note."""
    mark = b"\xfe\xff" if codec == "utf-16-be" else b""
    decoded = decode(mark + CHINESE.encode(codec))
    assert decoded.text == CHINESE
    assert [found.level for found in decoded.findings] == [Level.NOTE]


@pytest.mark.parametrize("text", [CHINESE, "# River\r\n\r\nThe mill’s bridge, und die Mühle.\r\n"])
@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_unmarked_utf16(text: str, codec: str) -> None:
    """UTF-16 needs no mark where its blanks and line ends tell the order of its bytes."""
    decoded = decode(text.encode(codec))
    assert (decoded.text, decoded.encoding) == (text, "utf-16")
    assert [found.level for found in decoded.findings] == [Level.NOTE]


def test_guess_is_named() -> None:
    """A legacy encoding is read with a warning that names it and its certainty."""
    decoded = decode(CHINESE.encode("gb18030"))
    assert (decoded.text, decoded.encoding) == (CHINESE, "gb18030")
    (found,) = decoded.findings
    assert found.level is Level.WARN
    assert "gb18030" in found.message
    assert "99% certain" in found.message


def test_an_uncertain_guess_is_held() -> None:
    """Of one letter above ASCII little can be said: a person looks before it is mailed."""
    decoded = decode(b"the caf\xe9 by the river")
    assert decoded.text == "the café by the river"
    assert [found.level for found in decoded.findings] == [Level.HOLD]


@pytest.mark.parametrize(
    ("data", "code", "place"),
    [
        (b"PK\x03\x04\n\x00", "digest/encoding", (2, None)),
        (CHINESE.encode()[:-2], "digest/encoding", (9, 27)),
        (b"\xef\xbb\xbfok \xff", "digest/encoding", (1, 4)),
        (b"one\ntwo caf\xc3", "digest/encoding", (2, 8)),
        (b"PK\x03\x04\x00\x00 \x00a\x01", "digest/encoding", (1, None)),
        (b"\xff\xfea", "digest/encoding", (1, 1)),
        (b"\xff\xfeo\x00\n\x00k\x00\x00\xd8 \x00", "digest/encoding", (2, 2)),
        (b"\xff\xfea\x00\x00\x00", "digest/encoding", (None, None)),
        (b"x" * (MAX_BYTES + 1), "digest/too-large", (None, None)),
    ],
    ids=["binary", "cut", "marked", "unclear", "nul-text", "half", "surrogate", "nul", "large"],
)
def test_refused(data: bytes, code: str, place: tuple[int | None, int | None]) -> None:
    """What is no text, or a broken one, is stopped at its place."""
    decoded = decode(data)
    (found,) = decoded.findings
    assert (decoded.text, found.level, found.code) == (None, Level.STOP, code)
    assert (found.line, found.column) == place
