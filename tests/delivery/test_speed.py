"""How fast a send goes and how long it still takes."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from publisher.delivery import speed
from publisher.delivery.limits import Limits
from publisher.model import DeliveryState, Kind, Send, SendState

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def send(state: SendState = SendState.RUNNING, **counts: int) -> Send:
    """A send with these deliveries."""
    held = tuple((DeliveryState(name), number) for name, number in counts.items())
    return Send(1, "weekly", "7", Kind.ISSUE, state, NOW, NOW, counts=held)


def test_a_speed_is_that_of_the_last_minute() -> None:
    """A send that was slow an hour ago and is quick now is quick."""
    meter = speed.Meter()
    looks = [(second, second if second < 3600 else 3600 + 50 * (second - 3600))
             for second in range(0, 3700, 5)]  # fmt: skip
    told = [meter.look(float(at), number) for at, number in looks]
    assert told[700] == pytest.approx(1)
    assert told[-1] == pytest.approx(50)


def test_no_speed_is_told_of_the_first_second() -> None:
    """One look, or two within a second, know no speed; a number that falls begins anew."""
    meter = speed.Meter()
    assert meter.look(0.0, 0) == 0
    assert meter.look(0.5, 400) == 0
    assert meter.look(2.0, 400) == pytest.approx(200)
    assert meter.look(3.0, 7) == 0


def test_a_minute_without_a_message_is_no_speed() -> None:
    """What rests has the speed 0, however quick it was before."""
    meter = speed.Meter()
    for second in range(0, 200, 10):
        rate = meter.look(float(second), min(1000, second * 20))
    assert rate == 0


def test_left_are_those_whose_turn_has_not_come() -> None:
    """Accepted, deferred and doubtful ones take no more time; what rests takes nobody knows how."""
    running = send(accepted=600, deferred=50, in_doubt=10, queued=300, sending=40)
    assert speed.attempted(running) == 660
    assert speed.left(running, 34.0) == pytest.approx(10)
    assert speed.left(running, 0.0) is None
    assert speed.left(send(SendState.PAUSED, queued=5), 1.0) is None
    assert speed.left(send(accepted=5), 1.0) is None


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "1 s"), (40, "40 s"), (89.4, "89 s"), (90, "2 min"), (5000, "83 min"),
        (5400, "1 h 30 min"), (7200, "2 h"), (86_000, "23 h 53 min"), (90_000, "1 day"),
        (200_000, "2 days"),
    ],
)  # fmt: skip
def test_spans_are_said_as_people_say_them(seconds: float, words: str) -> None:
    """Seconds, minutes, hours, days: two units at most."""
    assert speed.span(seconds) == words


@pytest.mark.parametrize(
    ("rate", "words"),
    [(0.25, "15.0 messages/min"), (7.46, "7.5 messages/s"), (4810.2, "4,810 messages/s")],
)
def test_speeds_are_written_to_be_read(rate: float, words: str) -> None:
    """Slow ones by the minute, quick ones without decimals."""
    assert speed.in_words(rate) == words


def test_speed_and_time_left_are_one_sentence() -> None:
    """A running send says both; one that stands still says nothing."""
    assert speed.told(send(queued=300), 10.0) == "10 messages/s, about 30 s left"
    assert speed.told(send(accepted=300), 10.0) == "10 messages/s"
    assert speed.told(send(SendState.PAUSED, queued=300), 10.0) == ""
    assert speed.told(send(queued=300), 0.0) == ""


TODAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("number", "relays", "seconds"),
    [
        (1000, [Limits()], None),
        (1000, [Limits(per_second=10), Limits()], None),
        (1000, [Limits(per_second=10)], 100),
        (1000, [Limits(per_second=10), Limits(per_second=30)], 25),
        (7200, [Limits(per_hour=3600)], 7200),
        (7200, [Limits(per_second=5, per_hour=3600)], 7200),
        (400, [Limits(warm_up=TODAY)], None),
        (1200, [Limits(warm_up=TODAY)], 86_400),
        (1200, [Limits(warm_up=TODAY), Limits()], None),
        (1500, [Limits(per_second=1, warm_up=TODAY)], 2 * 86_400 + 300),
        (500, [Limits(warm_up=date(2026, 11, 25))], 2 * 86_400),
    ],
)
def test_limits_say_how_long_it_takes_at_least(
    number: int, relays: list[Limits], seconds: float | None
) -> None:
    """Rates of relays add up, a day's ceiling puts the rest off, no limit says nothing."""
    told = speed.at_limits(number, relays, TODAY)
    assert told == (None if seconds is None else pytest.approx(seconds))


def test_what_is_done_says_how_long_it_took() -> None:
    """The time from its beginning to its end and the mean of it; what runs has none."""
    done = replace(
        send(SendState.DONE, accepted=7100, refused=100),
        started=NOW,
        finished=NOW + timedelta(minutes=12),
    )
    assert speed.taken(done) == "12 min, 10 messages/s on average"
    assert speed.taken(send(accepted=7)) == ""
