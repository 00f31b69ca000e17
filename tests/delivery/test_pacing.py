"""The throttle on simulated relays, in virtual time: it finds their width, and leaves it alone."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publisher.delivery.pacing import LEAST, MOST, RESTS, START, WAIT, Throttle

STEP = 0.05
TICK = 0.25


@dataclass
class Relay:
    """A relay and the pool that keeps as many connections to it as the throttle wants.

    `rate` gives messages a second for so many connections; `room` is how many it allows, the next
    is answered with 421; between the two moments of `down` nobody answers.
    """

    rate: Callable[[int], float]
    room: int = 1000
    down: tuple[float, float] = (0.0, 0.0)
    opening: float = 0.1
    noise: float = 0.0
    seed: int = 1
    throttle: Throttle = field(default_factory=Throttle)
    now: float = 0.0
    accepted: int = 0
    refused: int = 0
    widths: list[tuple[float, int]] = field(default_factory=list)
    knocks: list[float] = field(default_factory=list)
    served: list[float] = field(default_factory=list)
    _open: int = 0
    _due: float = 0.0
    _since_tick: int = 0
    _ticked: float = 0.0
    _opened: list[float] = field(default_factory=list)

    def run(self, seconds: float) -> int:
        """Let so many seconds pass; give how many messages were accepted in them."""
        before, end = self.accepted, self.now + seconds
        random = Random(self.seed)
        while self.now < end - STEP / 2:
            self.now += STEP
            self._keep_open()
            self._carry(random)
            if self.now - self._ticked >= TICK - STEP / 2:
                busy = self._open >= self.throttle.wanted
                self.throttle.tick(self.now, self._since_tick, busy)
                self._since_tick, self._ticked = 0, self.now
                self.widths.append((self.now, self.throttle.wanted))
                assert LEAST <= self.throttle.wanted <= MOST
        return self.accepted - before

    @property
    def _is_down(self) -> bool:
        return self.down[0] <= self.now < self.down[1]

    def _keep_open(self) -> None:
        wanted = self.throttle.wanted
        if self._is_down:
            self._open, self._opened = 0, []
        self._open = min(self._open, wanted)
        self._opened = self._opened[: wanted - self._open]
        self._open += sum(self.now >= at for at in self._opened)
        self._opened = [at for at in self._opened if self.now < at]
        while self._open + len(self._opened) < self.throttle.wanted:
            if self.now < self.throttle.rest_until:
                return
            if self._is_down:
                self.knocks.append(self.now)
                self.throttle.failed(self.now)
            elif self._open + len(self._opened) >= self.room:
                self.refused += 1
                self.throttle.strained(self.now)
            else:
                self._opened.append(self.now + self.opening)

    def _carry(self, random: Random) -> None:
        self._due += self.rate(self._open) * STEP * (1 + random.gauss(0, self.noise))
        number = max(0, int(self._due))
        self._due -= number
        self.accepted += number
        self._since_tick += number
        if number:
            self.throttle.served(self.now)
            self.served.append(self.now)

    def changes(self, since: float = 0.0) -> int:
        """How often the width changed."""
        late = [width for at, width in self.widths if at >= since]
        return sum(one != other for one, other in pairwise(late))


def cpu_bound(rate: float) -> Callable[[int], float]:
    """A relay on the same machine: as fast whatever the connections, as soon as there are some."""
    return lambda width: rate if width >= LEAST else rate * width / LEAST


def distant(most: int, each: float) -> Callable[[int], float]:
    """A relay some way off: each connection waits for it, up to what it bears in all."""
    return lambda width: min(width, most) * each


# --- what it finds ------------------------------------------------------------


def test_a_steady_relay_is_left_alone() -> None:
    """Whatever the connections the rate is the same: it tries a few times an hour, and goes back."""
    relay = Relay(cpu_bound(1000))
    relay.run(3600)
    assert relay.widths[-1][1] == START
    assert relay.changes() <= 2 * 18
    assert relay.changes(since=1800) <= 2 * 6
    at_start = sum(width == START for _, width in relay.widths)
    assert at_start / len(relay.widths) >= 0.97


@pytest.mark.parametrize(("each", "seconds"), [(40.0, 8), (20.0, 10), (5.0, 20)])
def test_a_distant_relay_is_used(each: float, seconds: int) -> None:
    """Of a relay that is fast by its connections it has nine tenths within seconds."""
    relay = Relay(distant(40, each))
    relay.run(seconds)
    assert relay.run(60) >= 0.9 * 40 * each * 60


def test_a_very_distant_relay_gets_all() -> None:
    """Where each connection adds its part, all that are allowed are opened."""
    relay = Relay(distant(1000, 5.0))
    relay.run(30)
    assert relay.widths[-1][1] == MOST


def test_a_relay_with_room_for_ten() -> None:
    """The eleventh connection is refused: it settles at ten, or one below, and seldom asks again."""
    relay = Relay(distant(1000, 40.0), room=10)
    relay.run(60)
    assert relay.widths[-1][1] in {9, 10}
    assert relay.refused <= 4
    before = relay.refused
    assert relay.run(3600) >= 0.88 * 400 * 3600
    assert relay.refused - before <= 12


def test_a_relay_that_is_down() -> None:
    """Down for three minutes it is asked a handful of times, then used as before."""
    relay = Relay(distant(40, 40.0), down=(30.0, 210.0))
    relay.run(600)
    assert len(relay.knocks) <= len(RESTS) + 3
    gaps = [later - earlier for earlier, later in pairwise(sorted(set(relay.knocks)))]
    assert gaps == sorted(gaps)
    back = next(at for at in relay.served if at > 210)
    assert back <= 210 + 165
    assert relay.run(60) >= 0.9 * 40 * 40 * 60


def test_who_comes_back_is_not_stormed() -> None:
    """Until something is accepted again only the fewest connections knock."""
    throttle = Throttle()
    throttle.failed(100.0)
    assert throttle.wanted == LEAST
    throttle.served(101.0)
    assert throttle.wanted == START


def test_a_start_of_its_own() -> None:
    """It begins where it is told, and stays within its bounds, however few they are."""
    assert Throttle(64, 64).wanted == 64
    assert Throttle(1, 1).wanted == 1
    assert Throttle(40, 8).wanted == 8
    one = Throttle(1, 1)
    one.strained(1.0)
    one.failed(9.0)
    assert one.wanted == 1


# --- strain and failure -------------------------------------------------------


def test_strain_halves_once_a_second() -> None:
    """Sixteen connections that say so in one moment are one strain."""
    throttle = Throttle()
    for _ in range(16):
        throttle.strained(10.0)
    assert throttle.wanted == 8
    throttle.strained(10.9)
    assert throttle.wanted == 8
    throttle.strained(11.1)
    assert throttle.wanted == 4


def test_rests_grow_and_end() -> None:
    """Each failure after a rest doubles it up to five minutes; an acceptance ends it."""
    throttle = Throttle()
    now = 1000.0
    rests = []
    for _ in range(10):
        throttle.failed(now)
        rests.append(throttle.rest_until - now)
        if rests[-1]:
            throttle.failed(now + rests[-1] / 2)  # began before, and is known only now
        now = throttle.rest_until
    assert rests == [*RESTS, RESTS[-1], RESTS[-1]]
    assert throttle.wanted == LEAST
    throttle.served(now)
    assert throttle.wanted == START
    assert throttle.rest_until <= now


def test_jitter_is_added() -> None:
    """A rest is lengthened by up to a quarter, so that several senders do not knock together."""
    throttle = Throttle()
    throttle.failed(1000.0)
    throttle.failed(1000.0, jitter=1.0)
    assert throttle.rest_until == 1000.0 + 5.0 * 1.25


def test_what_fails_while_others_serve_is_a_strain() -> None:
    """One connection that cannot be opened beside busy ones halves; the relay is not down."""
    throttle = Throttle()
    throttle.served(10.0)
    throttle.failed(10.1)
    assert throttle.wanted == START // 2
    assert throttle.rest_until == pytest.approx(11.1)


def test_what_the_sender_sets_is_no_measure() -> None:
    """While the connections are not all busy nothing is tried: more of them would be idle, too."""
    throttle = Throttle()
    for number in range(400):
        throttle.tick(number * TICK, 100, saturated=False)
    assert throttle.wanted == START


# --- whatever happens ---------------------------------------------------------

EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["tick", "idle", "strained", "failed", "served"]),
        st.floats(0, 40),
        st.integers(0, 5000),
    ),
    max_size=200,
)


@given(EVENTS, st.integers(1, 64), st.integers(1, 64), st.floats(0, 1))
def test_it_stays_within_its_bounds(
    events: list[tuple[str, float, int]], start: int, most: int, jitter: float
) -> None:
    """Whatever happens, in whatever order: within the bounds, and no rest is longer than it may."""
    throttle = Throttle(start, most)
    now = 0.0
    for event, later, number in events:
        now += later
        if event in {"tick", "idle"}:
            throttle.tick(now, number, event == "tick")
        elif event == "failed":
            throttle.failed(now, jitter)
        else:
            getattr(throttle, event)(now)
        assert min(LEAST, most) <= throttle.wanted <= most
        assert throttle.rest_until - now <= RESTS[-1] * 1.25
        if event == "served":
            assert throttle.wanted == throttle._width


@settings(max_examples=30, deadline=None)
@given(
    most=st.integers(4, 64),
    each=st.floats(10, 60),
    room=st.integers(4, 80),
    noise=st.floats(0, 0.2),
    seed=st.integers(0, 2**20),
)
def test_any_distant_relay_is_used_and_left_alone(
    most: int, each: float, room: int, noise: float, seed: int
) -> None:
    """Whatever a relay bears, it has nearly all of it after two minutes, without swinging."""
    relay = Relay(distant(most, each), room=room, noise=noise, seed=seed)
    relay.run(120)
    best = min(most, room, MOST) * each
    assert relay.run(300) >= 0.85 * best * 300
    assert relay.changes(since=120) <= 300 / WAIT


@settings(max_examples=20, deadline=None)
@given(st.floats(20, 5000), st.floats(0, 0.1), st.integers(0, 2**20))
def test_any_steady_relay_is_left_alone(rate: float, noise: float, seed: int) -> None:
    """A relay as fast with few as with many is tried ever more seldom."""
    relay = Relay(cpu_bound(rate), noise=noise, seed=seed)
    relay.run(900)
    assert relay.changes(since=300) <= 8
