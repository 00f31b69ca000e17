"""The drills on PostgreSQL: killed senders, and a server that throws everybody out in mid-send."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from drills.home import Home
from drills.sink import Sink
from drills.test_kill import Way, send_and_kill
from store.conftest import postgres_ready, postgres_template, postgres_url

from publisher.model import DeliveryState, SendState

pytestmark = [pytest.mark.drill, pytest.mark.service]
__all__ = ["postgres_ready", "postgres_template", "postgres_url"]


@pytest.fixture
def home(postgres_ready: str, tmp_path: Path) -> Iterator[Home]:
    """A home whose database is on a server."""
    made = Home(tmp_path, postgres_ready)
    made.write()
    yield made
    made.close()


def test_killed_senders_lose_nobody(
    home: Home,
    sink: Callable[..., Sink],
    scaled: Callable[[int, int], int],
    report: Callable[[str], None],
) -> None:
    """Everyone gets it; what came twice was on the wire at a kill, and has one Message-ID."""
    audience, kills, way = scaled(3_000, 50_000), scaled(2, 20), Way("data", 16)
    relay = sink()
    home.smtp = {"port": relay.port, **way.smtp}
    everyone = {f"reader{number}@example.com" for number in range(audience)}
    home.subscribe(sorted(everyone))
    number = home.schedule()
    killed = send_and_kill(home, relay, audience, kills)
    accepted = relay.accepted()
    repeats = sum(len(ids) - 1 for ids in accepted.values())
    report(
        f"{audience} recipients: {killed} kills, {repeats} repeats "
        f"(at most {way.most} a kill allowed), {len(everyone - set(accepted))} missing"
    )
    assert set(accepted) == everyone
    assert repeats <= killed * way.most
    assert all(len(set(ids)) == 1 for ids in accepted.values())
    assert home.send(number).state is SendState.DONE


def test_a_server_that_throws_out_everybody(
    home: Home,
    sink: Callable[..., Sink],
    scaled: Callable[[int, int], int],
    report: Callable[[str], None],
) -> None:
    """Every connection to the database ends again and again: the send goes on, all get it once."""
    audience, most = scaled(4_000, 50_000), scaled(10, 100)
    relay = sink("-Q", "4000")
    home.smtp = {"port": relay.port, "connections": 8}
    home.subscribe([f"reader{number}@example.com" for number in range(audience)])
    number = home.schedule()
    over = threading.Event()
    thrown = 0

    def throw_out() -> None:
        nonlocal thrown
        with psycopg.connect(home.url, autocommit=True) as conn:
            while not over.wait(0.15) and thrown < most:
                rows = conn.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                ).fetchall()
                thrown += bool(rows)

    thrower = threading.Thread(target=throw_out)
    child = home.start()
    try:
        while relay.messages < 100 and child.poll() is None:
            time.sleep(0.01)
        thrower.start()
        assert child.wait(300) == 0
    finally:
        child.kill()
        over.set()
        if thrower.ident:
            thrower.join()
    end = time.monotonic() + 10
    while relay.messages < audience and time.monotonic() < end:
        time.sleep(0.05)
    accepted = relay.accepted()
    repeats = sum(len(ids) - 1 for ids in accepted.values())
    home.close()
    send = home.send(number)
    report(
        f"{audience} recipients, thrown out {thrown} times: {repeats} repeats, "
        f"{audience - len(accepted)} missing"
    )
    assert thrown
    assert len(accepted) == audience
    assert repeats == 0
    assert send.state is SendState.DONE
    assert send.count(DeliveryState.ACCEPTED) == audience
