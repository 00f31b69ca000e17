"""People steer a send under load: pause, resume, cancel, stop. Nothing is lost, and it is quiet soon."""

import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator

import pytest
from drills.home import Home
from drills.relay import Relay, wait
from drills.sink import Sink

from publisher.model import DeliveryState, SendState

pytestmark = pytest.mark.drill

ONE_SECOND = 1.0


@pytest.fixture
def sending(home: Home) -> Iterator[Callable[[], "subprocess.Popen[bytes]"]]:
    """Start senders that run until told to stop."""
    running: list[subprocess.Popen[bytes]] = []

    def start() -> "subprocess.Popen[bytes]":
        running.append(home.start("told"))
        return running[-1]

    yield start
    for one in running:
        one.kill()
        one.wait()


def wait_for(relay: Sink, messages: int) -> None:
    """Wait until so many have arrived."""
    end = time.monotonic() + 120
    while relay.messages < messages:
        assert time.monotonic() < end, f"{relay.messages} of {messages}"
        time.sleep(0.005)


def silence(relay: Sink) -> tuple[float, int]:
    """Tell after how many seconds nothing more arrived, of two; and how many had by then."""
    began = time.monotonic()
    last, many = 0.0, relay.messages
    while (passed := time.monotonic() - began) < 2 * ONE_SECOND:
        if (now := relay.messages) != many:
            last, many = passed, now
        time.sleep(0.01)
    return last, many


@pytest.mark.parametrize("mode", ["data", "bdat"])
def test_paused_and_resumed_again_and_again(
    home: Home,
    sink: Callable[..., Sink],
    scaled: Callable[[int, int], int],
    report: Callable[[str], None],
    sending: Callable[[], "subprocess.Popen[bytes]"],
    mode: str,
) -> None:
    """Within a second of each pause it is quiet; in the end everyone has it, once."""
    times = scaled(2, 20)
    audience = scaled(8_000, 200_000)
    relay = sink("-Q", "2000")
    home.smtp = {"port": relay.port, "mode": mode, "connections": 16}
    home.subscribe([f"reader{number}@example.com" for number in range(audience)])
    number = home.schedule()
    sending()
    quiet = []
    wait_for(relay, 200)
    for _ in range(times):
        time.sleep(random.uniform(0.0, 0.5))
        if relay.messages > audience * 0.9:
            break
        home.halt(number)
        seconds, many = silence(relay)
        quiet.append(seconds)
        assert many < audience, "it was over before it could be paused"
        home.resume(number)
        wait_for(relay, many + 200)
    wait_for(relay, audience)
    end = time.monotonic() + 30
    while home.send(number).state is not SendState.DONE:
        assert time.monotonic() < end
        time.sleep(0.05)
    accepted = relay.accepted()
    repeats = sum(len(ids) - 1 for ids in accepted.values())
    report(
        f"{mode}, {audience} recipients, paused {len(quiet)} times: quiet after "
        f"{', '.join(f'{one:.2f}' for one in sorted(quiet)[-3:])} s at the longest; "
        f"{repeats} repeats, {audience - len(accepted)} missing"
    )
    assert quiet
    assert max(quiet) < ONE_SECOND
    assert len(accepted) == audience
    assert repeats == 0
    assert home.send(number).count(DeliveryState.ACCEPTED) == audience


def test_cancelled_it_is_quiet_and_all_are_accounted_for(
    home: Home,
    sink: Callable[..., Sink],
    report: Callable[[str], None],
    sending: Callable[[], "subprocess.Popen[bytes]"],
) -> None:
    """Who had it counts as accepted, the others as skipped; nobody is in between."""
    audience = 8_000
    relay = sink("-Q", "2000")
    home.smtp = {"port": relay.port, "connections": 16}
    everyone = {f"reader{number}@example.com" for number in range(audience)}
    home.subscribe(sorted(everyone))
    number = home.schedule()
    sending()
    wait_for(relay, 1_000)
    home.halt(number, SendState.CANCELLED)
    seconds, many = silence(relay)
    end = time.monotonic() + 10
    while home.send(number).count(DeliveryState.SENDING):
        assert time.monotonic() < end
        time.sleep(0.05)
    accepted = set(relay.accepted())
    report(f"{audience} recipients, cancelled: quiet after {seconds:.2f} s, {many} have it")
    assert seconds < ONE_SECOND
    assert home.named(DeliveryState.ACCEPTED) == accepted
    assert home.named(DeliveryState.SKIPPED) == everyone - accepted
    assert home.send(number).state is SendState.CANCELLED


def test_told_to_stop_it_finishes_what_is_on_the_wire(
    home: Home,
    serve: Callable[..., Relay],
    sending: Callable[[], "subprocess.Popen[bytes]"],
) -> None:
    """SIGTERM in the middle of messages: these end, the others go back, and nobody gets it twice."""
    relay = serve(dot=(wait(1.0), "250 2.0.0 taken"))
    everyone = [f"reader{number}@example.com" for number in range(30)]
    home.smtp = {"port": relay.port, "connections": 4}
    home.subscribe(everyone)
    number = home.schedule()
    child = sending()
    while not relay.said("DATA"):
        time.sleep(0.01)
    time.sleep(0.3)
    child.send_signal(signal.SIGTERM)
    assert child.wait(25) == 0
    had = set(relay.accepted)
    assert 1 <= len(had) < len(everyone)
    assert home.named(DeliveryState.ACCEPTED) == had
    assert home.named(DeliveryState.QUEUED) == set(everyone) - had
    assert home.maps == []
    relay.answers["dot"] = "250 2.0.0 taken"
    home.run()
    assert relay.copies == dict.fromkeys(everyone, 1)
    assert home.send(number).state is SendState.DONE
