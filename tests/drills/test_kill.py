"""The drill of promise 2: a sender killed with SIGKILL again and again loses nobody.

A child process sends to countsink, which writes down whom it accepts. The child is killed in mid-send
and started again, until it has been killed so often; then it may finish.
"""

import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from drills.home import Home
from drills.sink import Sink

from publisher.model import DeliveryState, SendState
from publisher.store import ledger

pytestmark = pytest.mark.drill

SLOW = ("-L", "1000", "-Q", "1000")
"""A relay 1 ms away that takes 1 ms to keep a message."""


@dataclass(frozen=True)
class Way:
    """How the wire is used: the mode, and how many messages may be in doubt at a kill."""

    mode: str
    connections: int
    window: int = 1

    @property
    def most(self) -> int:
        """How many messages may be on the wire."""
        return self.connections * self.window

    @property
    def smtp(self) -> dict[str, object]:
        """The settings that ask for it."""
        found: dict[str, object] = {"mode": self.mode, "connections": self.connections}
        return {**found, "window": self.window} if self.mode == "bdat" else found


def send_and_kill(home: Home, sink: Sink, audience: int, kills: int) -> int:
    """Let a child send, kill it in mid-send, start it again; at last let it finish."""
    killed = 0
    moments = sorted(random.sample(range(audience // 20, audience * 9 // 10), kills))
    for moment in moments:
        child = home.start()
        try:
            while sink.messages < moment and child.poll() is None:
                time.sleep(0.002)
            time.sleep(random.random() * 0.02)
        finally:
            child.kill()
        killed += child.wait() == -signal.SIGKILL
        assert child.returncode in {0, -signal.SIGKILL}
    last = home.start()
    try:
        assert last.wait(600) == 0
    finally:
        last.kill()
        last.wait()
    return killed


@pytest.mark.parametrize(
    ("way", "options"),
    [
        pytest.param(Way("data", 16), (), id="data-fast"),
        pytest.param(Way("data", 32), SLOW, id="data-slow"),
        pytest.param(Way("bdat", 4, 8), (), id="bdat-fast"),
        pytest.param(Way("bdat", 16, 8), SLOW, id="bdat-slow"),
    ],
)
def test_killed_senders_lose_nobody(
    home: Home,
    sink: Callable[..., Sink],
    scaled: Callable[[int, int], int],
    report: Callable[[str], None],
    way: Way,
    options: tuple[str, ...],
) -> None:
    """Everyone gets it; what came twice was on the wire at a kill, and has one Message-ID."""
    audience, kills = scaled(4_000, 50_000), scaled(3, 50)
    relay = sink(*options)
    home.smtp = {"port": relay.port, **way.smtp}
    everyone = {f"reader{number}@example.com" for number in range(audience)}
    home.subscribe(sorted(everyone))
    number = home.schedule()
    killed = send_and_kill(home, relay, audience, kills)
    accepted = relay.accepted()
    repeats = sum(len(ids) - 1 for ids in accepted.values())
    report(
        f"{way.mode}, {way.connections} connections x {way.window}, {audience} recipients: "
        f"{killed} kills, {repeats} repeats ({repeats / max(1, killed):.1f} a kill, "
        f"at most {way.most} allowed), {len(everyone - set(accepted))} missing"
    )
    assert set(accepted) == everyone
    assert killed >= kills - 1  # the last may come too late
    assert repeats <= killed * way.most
    assert all(len(set(ids)) == 1 for ids in accepted.values())
    send = home.send(number)
    assert send.state is SendState.DONE
    assert send.count(DeliveryState.ACCEPTED) == audience
    assert home.maps == []


@pytest.mark.parametrize("way", [Way("data", 16), Way("bdat", 4, 8)], ids=["data", "bdat"])
def test_killed_senders_mail_nobody_twice(
    home: Home,
    sink: Callable[..., Sink],
    scaled: Callable[[int, int], int],
    report: Callable[[str], None],
    way: Way,
) -> None:
    """With `hold` nobody gets it twice, nobody counts as accepted who was not, the rest is named."""
    audience, kills = scaled(3_000, 50_000), scaled(2, 50)
    relay = sink()
    home.in_doubt = "hold"
    home.smtp = {"port": relay.port, **way.smtp}
    everyone = {f"reader{number}@example.com" for number in range(audience)}
    home.subscribe(sorted(everyone))
    number = home.schedule()
    killed = send_and_kill(home, relay, audience, kills)
    accepted = relay.accepted()
    with home.open().read() as conn:
        doubtful = {one.address for one in ledger.in_doubt(conn, number)}
    recorded = home.named(DeliveryState.ACCEPTED)
    report(
        f"{way.mode}, {way.connections} connections x {way.window}, {audience} recipients, hold: "
        f"{killed} kills, {sum(map(len, accepted.values())) - len(accepted)} repeats, "
        f"{len(doubtful)} in doubt ({len(doubtful & set(accepted))} of them accepted), "
        f"{len(everyone - set(accepted) - doubtful)} missing"
    )
    assert all(len(ids) == 1 for ids in accepted.values())
    assert recorded <= set(accepted)
    assert everyone - set(accepted) <= doubtful
    assert recorded | doubtful == everyone
    assert len(doubtful) <= killed * way.most


def test_countsink_counts(sink: Callable[..., Sink]) -> None:
    """The sink writes down a repeat as such; what counts for the drills is not its silence."""
    import smtplib

    relay = sink()
    with smtplib.SMTP("127.0.0.1", relay.port) as client:
        for _ in range(2):
            client.sendmail("a@example.net", ["b@example.com"], b"Message-ID: <1@x>\r\n\r\nx\r\n")
    assert relay.messages == 2
    assert relay.accepted() == {"b@example.com": ["<1@x>", "<1@x>"]}
    assert relay.count()["dup_rcpt"] == 1
