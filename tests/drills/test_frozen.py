"""A sender that is stopped for longer than its lease, and then goes on: the zombie does no harm."""

import contextlib
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator

import pytest
from drills.home import Home
from drills.sink import Sink

from publisher.model import DeliveryState, SendState

pytestmark = pytest.mark.drill

LOT = 500
LEASE = 2


@pytest.fixture
def stopped() -> Iterator[list["subprocess.Popen[bytes]"]]:
    """Processes to be ended whatever comes."""
    running: list[subprocess.Popen[bytes]] = []
    yield running
    for one in running:
        one.send_signal(signal.SIGCONT)
        one.kill()
        one.wait()


def until(is_so: Callable[[], bool], seconds: float = 60) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.02)


def put_to_sleep(child: "subprocess.Popen[bytes]", home: Home) -> None:
    """Stop a process, but not while it holds the lock of an SQLite file: all would wait for it."""
    while True:
        child.send_signal(signal.SIGSTOP)
        time.sleep(0.05)
        with (
            contextlib.suppress(sqlite3.OperationalError),
            contextlib.closing(
                sqlite3.connect(home.folder / "publisher.db", timeout=0.1, isolation_level=None)
            ) as conn,
        ):
            conn.execute("BEGIN IMMEDIATE")
            conn.execute("ROLLBACK")
            return
        child.send_signal(signal.SIGCONT)
        time.sleep(0.01)


@pytest.mark.parametrize("awake", ["while the other works", "when all is done"])
def test_a_sleeper_is_fenced(
    home: Home,
    sink: Callable[..., Sink],
    scaled: Callable[[int, int], int],
    report: Callable[[str], None],
    stopped: list["subprocess.Popen[bytes]"],
    awake: str,
) -> None:
    """Stopped, its lot goes to another; awake, it sends none of it; at most its wire came twice."""
    audience = scaled(6_000, 50_000)
    relay = sink("-L", "1000", "-Q", "4000")
    home.smtp = {"port": relay.port, "connections": 8}
    home.pace |= {"lease": LEASE, "idle": 0.1}
    home.subscribe([f"reader{number}@example.com" for number in range(audience)])
    number = home.schedule()
    folders = [home.folder / name for name in ("one", "two")]
    for folder in folders:
        folder.mkdir()
    sleeper = home.start("told", folders[0])
    stopped.append(sleeper)
    until(lambda: relay.messages > audience // 10)
    put_to_sleep(sleeper, home)
    time.sleep(0.2)  # the relay takes what it was given
    before = relay.messages
    stopped.append(home.start("told", folders[1]))
    until(lambda: relay.messages > before + LOT)
    time.sleep(LEASE)
    if awake == "while the other works":
        assert home.send(number).state is SendState.RUNNING, "it came too late"
        sleeper.send_signal(signal.SIGCONT)
    until(lambda: home.send(number).state is SendState.DONE)
    sleeper.send_signal(signal.SIGCONT)
    time.sleep(1.0)  # to send what it should not
    for one in stopped:
        one.terminate()
        assert one.wait(30) == 0
    accepted = relay.accepted()
    repeats = sum(len(ids) - 1 for ids in accepted.values())
    report(
        f"{audience} recipients, stopped for more than {LEASE} s, awake {awake}: {repeats} repeats "
        f"(at most a lot's), {audience - len(accepted)} missing"
    )
    assert len(accepted) == audience
    assert repeats <= LOT
    assert all(len(set(ids)) == 1 for ids in accepted.values())
    assert home.send(number).count(DeliveryState.ACCEPTED) == audience
