"""The running process on a clock that jumps: what is timed happens once, and nothing stands still.

libfaketime shifts the wall clock of the process and its sender by what stands in a file, and leaves
the monotonic clock alone, as a clock set by hand or by NTP does. It cannot do `time.sleep` with an
untouched monotonic clock (absolute clock_nanosleep), so that alone is waited otherwise there.
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

# libfaketime now and then makes a wait that is under way at a jump last as long as the jump
pytestmark = [pytest.mark.service, pytest.mark.flaky(reruns=2)]

WAIT = "import threading, time\ntime.sleep = lambda seconds: threading.Event().wait(seconds)\n"
BERLIN = ZoneInfo("Europe/Berlin")


def berlin(*parts: int) -> datetime:
    """A local moment in Berlin."""
    return datetime(*parts, tzinfo=BERLIN)  # type: ignore[misc,arg-type]


def utc(*parts: int) -> datetime:
    """A moment."""
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


@dataclass
class Clock:
    """A wall clock that a test can set."""

    folder: Path
    shift: timedelta = timedelta()

    def __post_init__(self) -> None:
        (self.folder / "sitecustomize.py").write_text(WAIT, "utf-8")
        self.jump(timedelta())

    def now(self) -> datetime:
        """What the process takes for now."""
        return datetime.now(UTC) + self.shift

    def jump(self, by: timedelta) -> None:
        """Move the clock of a process that runs."""
        self.shift += by
        draft = self.folder / "shift.tmp"
        draft.write_text(f"{self.shift.total_seconds():+.0f}\n", "ascii")
        draft.rename(self.folder / "shift")

    def set(self, moment: datetime) -> None:
        """Set the clock to a moment."""
        self.jump(moment - self.now())

    def environ(self) -> dict[str, str]:
        """The environment of a process on this clock."""
        (library,) = Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")
        return {
            **os.environ,
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(self.folder / "shift"),
            "FAKETIME_NO_CACHE": "1",
            "DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
            "PYTHONPATH": str(self.folder),
        }


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    """A clock that goes right until it is set."""
    folder = tmp_path / "clock"
    folder.mkdir()
    return Clock(folder)


@pytest.fixture
def on_friday(make_home, tools, clock: Clock) -> Callable[[datetime], object]:
    """Start a home in Berlin with "fri 09:00" at a local moment, one reader, nothing published."""

    def start(local: datetime):
        clock.set(local)
        home = make_home().settings(
            tools.newsletter(send="fri 09:00", timezone="Europe/Berlin"), timeout=0.05
        )
        home.open(clock.now()).readers(1)
        return home.start(clock.environ())

    return start


def test_a_timed_send_across_jumps_leaves_once(on_friday, clock, relay, tools) -> None:
    """Friday 08:30; +1 h: the mail leaves; -1 h: it is not repeated; 09:00 comes again: neither.

    After the jump back the scan goes on: a digest dropped then is published within seconds. The
    log tells both jumps.
    """
    home = on_friday(berlin(2026, 6, 5, 8, 30))
    home.drop("a.md", tools.digest("a"))
    tools.until(lambda: home.shows("a"))
    assert relay.seen == []
    clock.jump(timedelta(hours=1))
    tools.until(lambda: relay.accepted)
    clock.jump(timedelta(hours=-1))
    home.says("event='the clock jumped' seconds=3600", "event='the clock jumped' seconds=-3600")
    home.drop("b.md", tools.digest("b"))
    tools.until(lambda: home.shows("b"), 8)
    clock.jump(timedelta(hours=1))
    tools.until(lambda: home.log().count("seconds=3600") == 2)
    home.stop()
    home.publisher("run", "--once", env=clock.environ())
    assert len(relay.accepted) == 1


def test_a_file_from_before_the_jump_back_is_read(on_friday, clock, tools) -> None:
    """A digest dated ahead of the clock, because the clock was put back, is read all the same."""
    home = on_friday(berlin(2026, 6, 2, 12))
    clock.jump(timedelta(hours=-1))
    home.says("seconds=-3600")
    file = home.drop("a.md", tools.digest("a"))
    ahead = (clock.now() + timedelta(minutes=50)).timestamp()
    os.utime(file, (ahead, ahead))
    tools.until(lambda: home.shows("a"), 10)
    home.stop()


@pytest.mark.parametrize(
    ("before", "nine"),
    [
        (berlin(2026, 3, 26, 20), utc(2026, 3, 27, 8)),  # winter time
        (berlin(2026, 4, 2, 20), utc(2026, 4, 3, 7)),  # summer time
    ],
)
def test_nine_is_nine_on_both_sides_of_summer_time(
    make_home, tools, clock, relay, before: datetime, nine: datetime
) -> None:
    """Friday 09:00 in Berlin is 08:00 UTC before the clock goes forward and 07:00 UTC after."""
    clock.set(before)
    home = make_home().settings(tools.newsletter(send="fri 09:00", timezone="Europe/Berlin"))
    home.open(clock.now()).readers(1)
    home.drop("a.md", tools.digest("a"))
    home.publisher("run", "--once", env=clock.environ())
    for moment, mails in ((nine - timedelta(minutes=1), 0), (nine + timedelta(minutes=1), 1)):
        clock.set(moment)
        home.publisher("run", "--once", env=clock.environ())
        assert len(relay.accepted) == mails


def test_a_time_that_comes_twice_sends_once(make_home, tools, clock, relay) -> None:
    """Daily 02:30 on the day the clock goes back: running across both, one mail; the next day one."""
    clock.set(utc(2026, 10, 25, 0, 10))  # 02:10 in summer time
    home = make_home().settings(tools.newsletter(send="02:30", timezone="Europe/Berlin"))
    home.open(clock.now()).readers(1).drop("a.md", tools.digest("a"))
    home.start(clock.environ())
    tools.until(lambda: home.shows("a"))
    clock.set(utc(2026, 10, 25, 0, 31))
    tools.until(lambda: relay.accepted)
    home.drop("b.md", tools.digest("b"))
    tools.until(lambda: home.shows("b"))
    clock.set(utc(2026, 10, 25, 1, 31))  # 02:31 again, in winter time
    tools.until(lambda: home.log().count("the clock jumped") == 2)
    time.sleep(1.5)
    assert len(relay.accepted) == 1
    clock.set(utc(2026, 10, 26, 1, 31))
    tools.until(lambda: len(relay.accepted) == 2)
    home.stop()


def test_a_send_for_later_leaves_when_its_minute_has_come(home, relay, tools, clock) -> None:
    """`send --at +1m` is recorded, waits while `run` runs, and leaves a minute later."""
    home.readers(2)
    home.drop("a.md", f"---\nsend: no\n---\n{tools.digest('a')}")
    home.publisher("publish")
    home.start(clock.environ())
    done = home.publisher("send", "latest", "--at", "+1m", "--yes")
    assert "send 1 is recorded; the running sender takes it" in done.stderr
    assert "publisher cancel 1 undoes it" in done.stderr
    clock.jump(timedelta(seconds=50))
    home.says("seconds=50")
    assert "scheduled" in home.publisher("sends").stdout
    assert relay.seen == []
    clock.jump(timedelta(seconds=15))
    tools.until(lambda: len(relay.accepted) == 2)
    home.stop()
