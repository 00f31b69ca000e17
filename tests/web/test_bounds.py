"""The head of a request: how long, how slow."""

import socket
import time

import pytest

from publisher.web import bounds


def talk(port: int, *pieces: bytes) -> bytes:
    """Send pieces and return all that comes back, b"" where the connection is just closed."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        answer = b""
        try:
            for piece in pieces:
                connection.sendall(piece)
            while more := connection.recv(65_536):
                answer += more
        except ConnectionError:
            pass
        return answer


HEAD = b"GET /health HTTP/1.1\r\nHost: a\r\n"


@pytest.mark.parametrize(
    "pieces",
    [(b"X: " + b"a" * 2_000_000,), tuple(b"X-%d: b\r\n" % i for i in range(20_000)), (b"a" * 99_999,)],
)  # fmt: skip
def test_a_head_without_end_is_refused(site, pieces: tuple[bytes, ...]) -> None:
    """One endless header or a thousand short ones are not kept in memory."""
    answer = talk(site.port, HEAD, *pieces)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 431 ")


def test_a_long_head_in_bounds_is_answered(site) -> None:
    """What nginx would let through comes through, again and again on one connection."""
    request = HEAD + b"X: " + b"a" * 20_000 + b"\r\n"
    answer = talk(site.port, (request + b"\r\n") * 3, request + b"Connection: close\r\n\r\n")
    assert answer.count(b"HTTP/1.1 200 OK") == 4


def test_a_head_that_does_not_come_is_not_waited_for(site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that says nothing, or half of something, is closed in time."""
    monkeypatch.setattr(bounds, "HEAD_SECONDS", 0.2)
    for pieces in ((), (HEAD,)):
        begun = time.monotonic()
        assert talk(site.port, *pieces) == b""
        assert time.monotonic() - begun < 5
