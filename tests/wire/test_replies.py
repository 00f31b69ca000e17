"""Replies read as the RFC writes them, in whatever pieces they come, and never longer than allowed."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.model import Phase, Reply
from publisher.wire.replies import LINE_LIMIT, LINES_LIMIT, Answer, Nonsense, Replies


@pytest.mark.parametrize(
    ("said", "code", "enhanced", "words"),
    [
        (b"250 ok\r\n", 250, None, "ok"),
        (b"250\r\n", 250, None, ""),
        (b"250 \r\n", 250, None, ""),
        (b"250 2.0.0 queued as 4F1\r\n", 250, "2.0.0", "queued as 4F1"),
        (b"550-5.1.1 no such\r\n550 5.1.1 user\r\n", 550, "5.1.1", "no such user"),
        (b"550-5.1.1 no such\r\n550 user\r\n", 550, "5.1.1", "no such user"),
        (b"250-first\n250 bare line ends\n", 250, None, "first bare line ends"),
        (b"550 5.7.515 denied\r\n", 550, "5.7.515", "denied"),
        (b"421 4.3.2\r\n", 421, "4.3.2", ""),
        ("550 \u7528\u6237\u4e0d\u5b58\u5728 \x1b[31m\r\n".encode(), 550, None, "[31m"),
        (b"250 1.2.3.4 is your address\r\n", 250, None, "1.2.3.4 is your address"),
        (b"250-\r\n250 OK id=1abc\r\n", 250, None, "OK id=1abc"),
        (b"550 " + b"x" * 900 + b"\r\n", 550, None, "x" * 500),
    ],
)
def test_replies_are_read(said: bytes, code: int, enhanced: str | None, words: str) -> None:
    """Code, enhanced code and words of a reply, of however many lines, printable and bounded."""
    (answer,) = Replies().feed(said)
    assert answer.reply(Phase.RCPT) == Reply(Phase.RCPT, code, enhanced, words)


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        (b"hello\r\n", "unreadable"),
        (b"250_ok\r\n", "unreadable"),
        (b"150 ok\r\n", "unreadable"),
        (b"650 ok\r\n", "unreadable"),
        (b"25 ok\r\n", "unreadable"),
        ("２５０ ok\r\n".encode(), "unreadable"),
        (b"\r\n", "unreadable"),
        (b"250 " + b"x" * 3 * LINE_LIMIT, "too long"),
        (b"250 " + b"x" * 3 * LINE_LIMIT + b"\r\n", "too long"),
        (b"250-x\r\n" * (LINES_LIMIT + 1), "does not end"),
    ],
)
def test_nonsense_is_found_out(said: bytes, fault: str) -> None:
    """What is no reply is told as such; nothing grows without bound."""
    with pytest.raises(Nonsense, match=fault):
        Replies().feed(said)


def test_a_line_that_goes_on_is_not_taken_for_one_known() -> None:
    """A line that was a whole reply before can be the last of a longer one, and is then that."""
    replies = Replies()
    assert replies.feed(b"250 ok\r\n") == [Answer(250, None, "ok")]
    assert replies.feed(b"250-2.0.0 first\r\n250 ok\r\n250 ok\r\n") == [
        Answer(250, "2.0.0", "first\nok"),
        Answer(250, None, "ok"),
    ]


def test_what_is_remembered_is_bounded() -> None:
    """A server whose replies are all different fills no memory."""
    replies = Replies()
    for number in range(1000):
        replies.feed(b"250 queued as %d\r\n" % number)
    assert len(replies._known) <= 64


LINE = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12)
ONE = st.tuples(st.integers(200, 599), st.lists(LINE, min_size=1, max_size=4))


def written(code: int, lines: list[str]) -> bytes:
    """Write a reply of several lines."""
    last = len(lines) - 1
    marks = ("-" if n < last else " " for n in range(len(lines)))
    return "".join(
        f"{code}{mark}{line}\r\n" for mark, line in zip(marks, lines, strict=True)
    ).encode()


@given(st.lists(ONE, max_size=6), st.data())
def test_pieces_do_not_matter(some, data) -> None:
    """However the bytes are cut, the same replies come out, and as many as were said."""
    said = b"".join(written(code, lines) for code, lines in some)
    whole = Replies().feed(said)
    assert [answer.code for answer in whole] == [code for code, _ in some]
    cuts = data.draw(st.lists(st.integers(0, len(said)), max_size=8).map(sorted))
    replies = Replies()
    answers = []
    for start, end in zip([0, *cuts], [*cuts, len(said)], strict=True):
        answers += replies.feed(said[start:end])
    assert answers == whole
    assert replies.is_between


@given(st.binary(max_size=200))
def test_any_bytes_are_replies_or_nonsense(said: bytes) -> None:
    """No bytes of a server raise anything but Nonsense."""
    with contextlib.suppress(Nonsense):
        Replies().feed(said)
