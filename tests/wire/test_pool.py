"""The pool over real sockets: many connections, none of them trusted."""

import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from publisher.model import Envelope, Parcel, Phase, Reply
from publisher.wire.pool import Pool

MESSAGE = (b"Message-ID: <1@example.net>\r\nSubject: x\r\n\r\n", b"first\r\n", b"last\r\n")
PATIENCE = 20.0
PIPELINING = "250-relay.example.net\n250-PIPELINING\n250-SIZE 1000000\n250 HELP"


@dataclass(frozen=True)
class Route:
    """How a relay of these tests is reached."""

    port: int
    host: str = "127.0.0.1"
    tls: str = "none"
    user: str = ""
    password: str = ""
    hello: str = "client.example"
    ca_file: str | None = None
    timeout: float = 0.05
    mode: str = "data"
    window: int = 4
    per_connection: int = 500


class Steady:
    """A throttle that always wants the same, and keeps what it was told."""

    rest_until = 0.0

    def __init__(self, wanted: int) -> None:
        self.wanted = wanted
        self.told: Counter[str] = Counter()
        self.accepted = 0

    def tick(self, now: float, accepted: int, saturated: bool) -> None:
        """Hear what was accepted."""
        self.accepted += accepted

    def strained(self, now: float) -> None:
        """Hear of a strain."""
        self.told["strained"] += 1

    def failed(self, now: float, jitter: float = 0.0) -> None:
        """Hear of a failure; rest long enough for the test to look."""
        self.told["failed"] += 1
        self.rest_until = now + 3600


class Load:
    """Freight of so many parcels, and what became of each."""

    def __init__(self, number: int, content=MESSAGE) -> None:
        self.waiting = deque(
            Parcel(n, Envelope(f"b{n}@list.example.net", f"r{n}@example.com"), content)
            for n in range(number)
        )
        self.replies: dict[int, Reply] = {}
        self.begun_ones: list[int] = []
        self.back: list[int] = []
        self.unwanted: set[int] = set()
        self.changed = threading.Condition()

    def take(self) -> Parcel | None:
        """Give the next."""
        return self.waiting.popleft() if self.waiting else None

    def begun(self, parcel: Parcel) -> bool:
        """Remember it."""
        if parcel.delivery in self.unwanted:
            return False
        self.begun_ones.append(parcel.delivery)
        return True

    def settled(self, parcel: Parcel, reply: Reply) -> None:
        """Remember the outcome; there is but one."""
        with self.changed:
            assert parcel.delivery not in self.replies, "settled twice"
            self.replies[parcel.delivery] = reply
            self.changed.notify()

    def given_back(self, parcel: Parcel) -> None:
        """Remember it."""
        with self.changed:
            self.back.append(parcel.delivery)
            self.changed.notify()

    def wait(self, number: int) -> None:
        """Wait until so many parcels have come to an end."""
        with self.changed:
            assert self.changed.wait_for(
                lambda: len(self.replies) + len(self.back) >= number, PATIENCE
            ), (self.replies, self.back)

    @property
    def codes(self) -> Counter:
        """How often each code came."""
        return Counter(reply.code for reply in self.replies.values())


@pytest.fixture
def carry() -> Iterator[Callable[..., Pool]]:
    """Start pools and see that each of them ends."""
    pools: list[Pool] = []

    def start(server, load: Load, *, wanted: int = 4, **settings: object) -> Pool:
        pool = Pool(Route(server.port, **settings), load, Steady(wanted))
        pools.append(pool)
        pool.start()
        return pool

    yield start
    for pool in pools:
        pool.close(0.0)


@pytest.mark.parametrize("ehlo", [PIPELINING, "250 relay.example.net"])
def test_all_arrive_once(serve, carry, ehlo: str) -> None:
    """Every parcel is delivered once, as it was given, whether the relay knows PIPELINING or not."""
    server = serve(EHLO=ehlo)
    load = Load(200)
    pool = carry(server, load)
    load.wait(200)
    pool.close(5.0)
    assert load.codes == {250: 200}
    assert server.messages == [b"".join(MESSAGE)] * 200
    assert sorted(load.begun_ones) == list(range(200))
    heard = Counter(line for line in server.commands if line.startswith("RCPT"))
    assert heard == Counter(f"RCPT TO:<r{n}@example.com>" for n in range(200))
    assert server.connections == 4
    assert server.commands.count("QUIT") == 4
    assert pool.idle


def test_refused_ones_harm_nobody_else(serve, carry) -> None:
    """Who is refused is told so, all others get theirs, and connections are changed in time."""
    server = serve(EHLO=PIPELINING, RCPT=_every_third)
    load = Load(60)
    pool = carry(server, load, wanted=2)
    load.wait(60)
    pool.close(5.0)
    assert load.codes == {250: 40, 550: 20}
    assert {n for n, reply in load.replies.items() if reply.code == 550} == set(range(0, 60, 3))
    assert all(r.phase is Phase.RCPT for r in load.replies.values() if r.code == 550)
    assert len(server.messages) == 40
    assert server.connections >= 20 // 4


def _every_third(line: str) -> str:
    number = int(line.partition("<r")[2].partition("@")[0])
    return "550 5.1.1 unknown" if number % 3 == 0 else "250 2.1.5 ok"


def test_wake_brings_what_came_later(serve, carry) -> None:
    """A pool that found nothing takes again when it is woken."""
    server = serve(EHLO=PIPELINING)
    load = Load(0)
    pool = carry(server, load)
    for number in range(10):
        load.waiting.append(Parcel(number, Envelope("b@e.example", "r@e.example"), MESSAGE))
        pool.wake()
        load.wait(number + 1)
    pool.close(5.0)
    assert load.codes == {250: 10}
