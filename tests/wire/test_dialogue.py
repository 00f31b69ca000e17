"""One connection: replies read as the RFC writes them, and never longer than allowed."""

import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from publisher.model import Phase
from publisher.wire.dialogue import LINE_LIMIT, LINES_LIMIT, Dialogue, Lost


@pytest.fixture
def say() -> Iterator[Callable[..., Dialogue]]:
    """Open a dialogue with a peer that says some bytes, piece by piece, and closes."""
    opened: list = []

    def start(*pieces: bytes, pause: float = 0.0, stays: float = 0.0) -> Dialogue:
        listener = socket.create_server(("127.0.0.1", 0))

        def speak() -> None:
            connection, _ = listener.accept()
            with listener, connection:
                try:
                    for piece in pieces:
                        connection.sendall(piece)
                        time.sleep(pause)
                except OSError:
                    return
                time.sleep(stays)

        thread = threading.Thread(target=speak, daemon=True)
        thread.start()
        dialogue = Dialogue("127.0.0.1", listener.getsockname()[1], 5.0)
        opened.append((dialogue, thread))
        return dialogue

    yield start
    for dialogue, thread in opened:
        dialogue.close()
        thread.join(5)


@pytest.mark.parametrize(
    ("said", "code", "enhanced", "words"),
    [
        (b"250 ok\r\n", 250, None, "ok"),
        (b"250\r\n", 250, None, ""),
        (b"250 \r\n", 250, None, ""),
        (b"250 2.0.0 queued as 4F1\r\n", 250, "2.0.0", "queued as 4F1"),
        (b"550-5.1.1 no such\r\n550 5.1.1 user\r\n", 550, "5.1.1", "no such\nuser"),
        (b"250-first\n250 bare line ends\n", 250, None, "first\nbare line ends"),
        (b"550 5.7.515 denied\r\n", 550, "5.7.515", "denied"),
        (b"421 4.3.2\r\n", 421, "4.3.2", ""),
        ("550 \u7528\u6237\u4e0d\u5b58\u5728 \x1b[31m\r\n".encode(), 550, None, "[31m"),
        (b"250 1.2.3.4 is your address\r\n", 250, None, "1.2.3.4 is your address"),
    ],
)
def test_replies_are_read(say, said: bytes, code: int, enhanced: str | None, words: str) -> None:
    """Code, enhanced code and words of a reply, of however many lines, printable."""
    reply = say(said).hear(Phase.RCPT, 1.0)
    assert (reply.phase, reply.code, reply.enhanced, reply.words) == (
        Phase.RCPT, code, enhanced, words,
    )  # fmt: skip


def test_replies_come_in_any_pieces(say) -> None:
    """Two replies in one packet are two, and one in many packets is one."""
    dialogue = say(b"250 one\r\n25", b"0-tw", b"o\r", b"\n250 end\r\n", pause=0.01)
    assert dialogue.hear(Phase.MAIL, 1.0).words == "one"
    assert dialogue.hear(Phase.RCPT, 1.0).words == "two\nend"


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        (b"", "closed"),
        (b"250-more\r\n", "closed"),
        (b"hello\r\n", "unreadable"),
        (b"250_ok\r\n", "unreadable"),
        (b"150 ok\r\n", "unreadable"),
        (b"250 " + b"x" * 3 * LINE_LIMIT, "too long"),
        (b"250-x\r\n" * (LINES_LIMIT + 1), "does not end"),
    ],
)
def test_nonsense_is_a_lost_connection(say, said: bytes, fault: str) -> None:
    """What is no reply ends the connection; nothing grows without bound."""
    dialogue = say(said)
    with pytest.raises(Lost, match=fault):
        dialogue.hear(Phase.DOT, 1.0)


def test_slow_servers_gain_nothing(say) -> None:
    """A byte now and then does not prolong the wait for a reply."""
    dialogue = say(*[b"2"] * 50, pause=0.05)
    before = time.monotonic()
    with pytest.raises(Lost, match="in time"):
        dialogue.hear(Phase.DOT, 0.2)
    assert time.monotonic() - before < 1.0


def test_a_command_is_one_line(say) -> None:
    """A command with a line end in it is a defect, and nothing of it is said."""
    with pytest.raises(ValueError, match="one line"):
        say(stays=0.05).ask("MAIL\r\nRCPT", Phase.MAIL, 1.0)
