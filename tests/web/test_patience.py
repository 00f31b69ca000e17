"""Who is told to wait, and whom that must never hit."""

import pytest

from publisher.web.patience import BURST, EVERY, KEPT, Patience, reader_at


def polls(patience: Patience, every: float, number: int, reader: str = "9.8.7.6") -> list[int]:
    """Poll so often; give the waits."""
    return [
        patience.wait(reader, "loop/1", "/rss.xml", 1000 + every * count) for count in range(number)
    ]


def test_ten_times_a_second_is_too_often() -> None:
    """After a burst one fetch a minute is free, and the seconds told are the right ones."""
    waits = polls(Patience(), 0.1, 1200)
    assert waits[:BURST] == [0] * BURST
    assert waits[BURST] == 59
    assert waits.count(0) == BURST + 1
    patience = Patience()
    wait = polls(patience, 0, BURST + 1)[-1]
    assert patience.wait("9.8.7.6", "loop/1", "/rss.xml", 1000 + wait - 1) > 0
    assert patience.wait("9.8.7.6", "loop/1", "/rss.xml", 1000 + wait) == 0


def test_once_a_minute_is_never_too_often() -> None:
    """A job that forgets everything and comes every minute is always answered."""
    assert not any(polls(Patience(), EVERY, 10_000))


def test_a_house_full_of_readers_is_answered() -> None:
    """Behind one address a dozen start the same program at once, and many others theirs."""
    patience = Patience()
    for program in range(100):
        waits = [
            patience.wait("9.8.7.6", f"program/{program}", "/rss.xml", hour * 3600.0)
            for hour in range(24)
            for _ in range(BURST)
        ]
        assert not any(waits)


def test_memory_is_bounded() -> None:
    """A stranger with endless addresses is remembered in part only."""
    patience = Patience()
    for number in range(KEPT + 1000):
        patience.wait(str(number), "", "/rss.xml", 0)
    assert len(patience._due) == KEPT


@pytest.mark.parametrize(
    ("peer", "headers", "version", "expected"),
    [
        ("9.8.7.6", {}, "1.1", "9.8.7.6"),
        ("::ffff:9.8.7.6", {}, "1.1", "9.8.7.6"),
        ("2a01:4f8:1:2:aa:bb:cc:dd", {}, "1.1", "2a01:04f8:0001:0002"),
        ("9.8.7.6", {b"x-forwarded-for": b"1.2.3.4"}, "1.1", None),
        ("9.8.7.6", {b"via": b"1.1 somebody"}, "1.1", None),
        ("9.8.7.6", {}, "1.0", None),
        ("127.0.0.1", {}, "1.1", None),
        ("", {}, "1.1", None),
        ("127.0.0.1", {b"x-forwarded-for": b"9.8.7.6"}, "1.1", "9.8.7.6"),
        ("10.0.0.2", {b"x-forwarded-for": b"1.2.3.4, 9.8.7.6"}, "1.0", "9.8.7.6"),
        ("127.0.0.1", {b"x-forwarded-for": b"9.8.7.6, 10.0.0.7"}, "1.1", None),
        ("127.0.0.1", {b"x-forwarded-for": b"unknown"}, "1.1", None),
        ("192.168.1.20", {}, "1.1", None),
    ],
)
def test_addresses(peer: str, headers: dict, version: str, expected: str | None) -> None:
    """An address counts where it tells readers apart: never a proxy's, never a private one."""
    assert reader_at(peer, headers.items(), version) == expected
