"""Delivery through a real Postfix and a real Exim: exactly once, and the refused are refused."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from drills import relays
from drills.home import Home
from drills.sink import Sink

from publisher.model import DeliveryState, SendState

pytestmark = [pytest.mark.drill, pytest.mark.service]


@pytest.mark.parametrize("mode", ["data", "bdat", "lockstep"])
@pytest.mark.parametrize("server", [relays.postfix, relays.exim], ids=["postfix", "exim"])
def test_real_relays_deliver_each_once(
    home: Home,
    sink: Callable[..., Sink],
    scaled: Callable[[int, int], int],
    report: Callable[[str], None],
    server: Callable[[int], AbstractContextManager[int]],
    mode: str,
) -> None:
    """Of 2,000 recipients 40 are refused; the others' messages leave the relay exactly once."""
    audience = scaled(500 if mode == "data" else 200, 2_000)
    few = audience // 50
    known = {f"reader{number}@example.com" for number in range(audience - few)}
    unknown = {f"nobody{number}@example.com" for number in range(few)}
    arriving = sink()
    home.subscribe(sorted(known | unknown, key=lambda address: address[::-1]))
    number = home.schedule()
    with server(arriving.port) as port:
        home.smtp = {"port": port, "mode": mode}
        began = time.monotonic()
        home.run()
        took = time.monotonic() - began
        end = time.monotonic() + 60
        while len(accepted := arriving.accepted()) < len(known) and time.monotonic() < end:
            time.sleep(0.1)
    repeats = sum(len(ids) - 1 for ids in accepted.values())
    send = home.send(number)
    report(
        f"{mode}, {audience} recipients, {few} of them refused: {len(accepted)} arrived, "
        f"{repeats} repeats, {len(known - set(accepted))} missing, "
        f"{send.count(DeliveryState.REFUSED)} refused; {audience / took:.0f} messages a second"
    )
    assert set(accepted) == known
    assert repeats == 0
    assert home.named(DeliveryState.REFUSED) == unknown
    assert home.named(DeliveryState.ACCEPTED) == known
    assert send.state is SendState.DONE
