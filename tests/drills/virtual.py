"""A simulated world for senders: one virtual time, one baton, one seed.

Every sender runs in a thread of its own, but only who holds the baton moves; at each seam (a wait,
a transaction begun or over) he gives it back, and the seed decides who goes on, how long things
take, what is lost, who sleeps and who dies. So a run takes no time and is the same each time.

What is simulated is the wire and the time. The hall, the ledger and the map are the real ones.
"""

import heapq
import random
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

from publisher.errors import StoreError
from publisher.model import Parcel, Phase, Reply
from publisher.store import Store

EPOCH = datetime(2026, 3, 6, 9, 0, tzinfo=UTC)


class Dead(BaseException):
    """The end of a simulated process."""


class Stuck(AssertionError):
    """Nobody can go on, or it goes on for ever."""


@dataclass
class Chances:
    """How likely, and how much of it; all that is random comes from the seed."""

    freeze: float = 0.012
    crash: float = 0.01
    store_fault: float = 0.005
    lost_before: float = 0.02
    lost_after: float = 0.02
    defer: float = 0.05
    refuse: float = 0.03
    jump: float = 0.3
    connections: int = 3


@dataclass(order=True)
class _Event:
    due: float
    number: int
    deed: Callable[[], None] = field(compare=False)
    host: "Host | None" = field(compare=False, default=None)


class World:
    """Time, the baton, and what the relay knows."""

    def __init__(self, seed: int, chances: Chances | None = None) -> None:
        self.random = random.Random(seed)
        self.chances = chances or Chances()
        self.now = 1000.0
        self.offset = timedelta(0)
        self.hosts: list[Host] = []
        self.accepted: dict[str, list[float]] = defaultdict(list)
        self.doubts: Counter[str] = Counter()
        self.slept = self.crashes = self.jumps = 0
        self.trace: list[str] = []
        self.faults: list[str] = []
        self.checks: list[Callable[[Host, Parcel], None]] = []
        self.on_trouble: Callable[[], None] = lambda: None
        self._events: list[_Event] = []
        self._numbers = count()
        self._baton = threading.Semaphore(0)

    def clock(self) -> datetime:
        """The clock on the wall; it can be set."""
        return EPOCH + timedelta(seconds=self.now - 1000.0) + self.offset

    def note(self, words: str) -> None:
        """Remember a step, for who has to find out what happened."""
        self.trace.append(f"{self.now:10.3f} {words}")

    def after(self, seconds: float, deed: Callable[[], None], host: "Host | None" = None) -> None:
        """Have something happen later; a frozen host's happens when it thaws, a dead one's never."""
        heapq.heappush(self._events, _Event(self.now + seconds, next(self._numbers), deed, host))

    def between(self, least: float, most: float) -> float:
        """Choose a number of seconds."""
        return self.random.uniform(least, most)

    def happens(self, chance: float) -> bool:
        """Throw the dice."""
        return self.random.random() < chance

    # --- the scheduler ------------------------------------------------------

    def run(self, is_over: Callable[[], bool], most: float = 1e6) -> None:
        """Go on until it is over: the earliest goes next, and among equals the seed decides."""
        steps = 0
        while not is_over():
            steps += 1
            living = [host for host in self.hosts if host.is_alive]
            ready = [(host.ready_at(), self.random.random(), host) for host in living]
            due, _, host = min(ready, default=(float("inf"), 0.0, None))
            if self._events and self._events[0].due <= due:
                event = heapq.heappop(self._events)
                self.now = max(self.now, event.due)
                if event.host is None or event.host.is_awake(event):
                    event.deed()
                continue
            if host is None or due == float("inf"):
                raise Stuck("nobody can go on")
            self.now = max(self.now, due)
            if self.now > most or steps > 400_000:
                raise Stuck(f"it does not end: {self.now} s, {steps} steps")
            self._go(host)

    def _go(self, host: "Host") -> None:
        host.baton.release()
        self._baton.acquire()

    def give_back(self, host: "Host") -> None:
        """Let somebody else go on until it is this host's turn again."""
        self._baton.release()
        host.baton.acquire()
        if host.is_dead:
            raise Dead

    def leave(self) -> None:
        """Give the baton back for good."""
        self._baton.release()

    def jump(self, seconds: float) -> None:
        """Set the clock."""
        self.note(f"the clock jumps {seconds:+.0f} s")
        self.jumps += 1
        self.on_trouble()
        self.offset += timedelta(seconds=seconds)


class Host:
    """A simulated process: a thread that moves only when it holds the baton."""

    def __init__(self, world: World, name: str, work: Callable[["Host"], None]) -> None:
        self.world = world
        self.name = name
        self.baton = threading.Semaphore(0)
        self.fault: BaseException | None = None
        self.is_dead = False
        self.is_over = False
        self.frozen_until = 0.0
        self.carriers: list[Carrier] = []
        self._wakes_at = world.now
        self._waits_for: Callable[[], bool] = lambda: False
        self._work = work
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        world.hosts.append(self)
        self._thread.start()

    def _run(self) -> None:
        self.baton.acquire()
        try:
            if not self.is_dead:
                self._work(self)
        except Dead:
            pass
        except BaseException as fault:
            self.fault = fault
        finally:
            self.is_over = True
            self.world.leave()

    @property
    def is_alive(self) -> bool:
        """Whether there is still something to do."""
        return not self.is_over

    def ready_at(self) -> float:
        """When it can go on."""
        if self.is_dead:
            return self.world.now
        due = self.world.now if self._waits_for() else self._wakes_at
        return max(due, self.frozen_until)

    def is_awake(self, event: _Event) -> bool:
        """Whether something may happen in it now; what may not is put off, or never happens."""
        if self.is_dead or self.is_over:
            return False
        if self.frozen_until > self.world.now:
            self.world.after(self.frozen_until - self.world.now, event.deed, self)
            return False
        return True

    # --- from inside its own thread -----------------------------------------

    def park(self, seconds: float, until: Callable[[], bool] = lambda: False) -> None:
        """Give the baton away, for so long or until something is so."""
        if self.is_dead:
            raise Dead
        self._wakes_at = self.world.now + seconds
        self._waits_for = until
        self.world.give_back(self)
        self._waits_for = lambda: False

    def seam(self, what: str) -> None:
        """Pass a point where anything may happen to the process."""
        world, chances = self.world, self.world.chances
        if self.is_dead:
            raise Dead
        if world.happens(chances.crash):
            self.crash()
            raise Dead
        if world.happens(chances.freeze):
            self.freeze(world.between(0.5, 120.0))
        self.park(world.between(0.0, 0.004) if world.happens(0.8) else world.between(0.0, 0.3))

    def freeze(self, seconds: float) -> None:
        """Stop the process as SIGSTOP does: its kernel still sends what it was given."""
        self.world.note(f"{self.name} freezes for {seconds:.1f} s")
        self.world.slept += 1
        self.world.on_trouble()
        self.frozen_until = self.world.now + seconds

    def crash(self) -> None:
        """Kill the process as SIGKILL does."""
        flying = [
            parcel.envelope.recipient
            for carrier in self.carriers
            for parcel, has_begun in carrier.flying.values()
            if has_begun
        ]
        self.world.note(f"{self.name} dies with {flying} on the wire")
        self.world.crashes += 1
        self.world.doubts.update(flying)
        self.is_dead = True

    # --- the seams ----------------------------------------------------------

    def monotonic(self) -> float:
        """The seam `Time.monotonic`."""
        return self.world.now

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """The seam `Time.wait`."""
        if not event.is_set():
            self.park(max(seconds, 0.001), event.is_set)
        return event.is_set()


class Seamed:
    """A store whose transactions are points where a process may stop, sleep or find a fault."""

    def __init__(self, store: Store, host: Host) -> None:
        self._store = store
        self._host = host

    def begin(self) -> AbstractContextManager[object]:
        """The seam `Store.begin`."""
        return self._passing(self._store.begin, "commit")

    def read(self) -> AbstractContextManager[object]:
        """The seam `Store.read`."""
        return self._passing(self._store.read, "look")

    @contextmanager
    def _passing(
        self, transaction: Callable[[], AbstractContextManager[object]], what: str
    ) -> Iterator[object]:
        host = self._host
        host.seam(f"before {what}")
        self._fail(f"before {what}")
        with transaction() as conn:
            yield conn
        host.seam(f"after {what}")
        self._fail(f"after {what}")

    def _fail(self, what: str) -> None:
        world = self._host.world
        if world.happens(world.chances.store_fault):
            world.note(f"{self._host.name}: the store fails {what}")
            raise StoreError(f"simulated, {what}")


class Carrier:
    """A relay some milliseconds away, over a few connections; see `wire.freight.Carrier`."""

    trouble = ""
    down_since = 0.0
    fault = None

    def __init__(self, host: Host, freight: object) -> None:
        self.flying: dict[int, tuple[Parcel, bool]] = {}
        self._host = host
        self._world = host.world
        self._freight = freight
        self._is_taking = True
        self._numbers = count()
        host.carriers.append(self)

    @property
    def idle(self) -> bool:
        """Whether nothing is in its hands."""
        return not self.flying

    def start(self) -> None:
        """Begin."""
        self.wake()

    def wake(self) -> None:
        """Say that there may be more."""
        self._world.after(0.0005, self._pump, self._host)

    def close(self, grace: float) -> None:
        """Take nothing more; what has begun may end; give account of all."""
        self._is_taking = False
        if self._host.is_dead:
            return
        for number, (parcel, has_begun) in list(self.flying.items()):
            if not has_begun:
                del self.flying[number]
                self._freight.given_back(parcel)
        if self.flying:
            self._host.park(grace, lambda: not self.flying)
        self.abort()

    def abort(self) -> None:
        """Wait for nobody any more."""
        for number, (parcel, has_begun) in list(self.flying.items()):
            del self.flying[number]
            if has_begun:
                self._world.doubts[parcel.envelope.recipient] += 1
                self._freight.settled(parcel, Reply(Phase.DOT, None, None, "given up"))
            else:
                self._freight.given_back(parcel)

    # --- inside: what happens as time goes by -------------------------------

    def _pump(self) -> None:
        while self._is_taking and len(self.flying) < self._world.chances.connections:
            parcel = self._freight.take()
            if parcel is None:
                return
            number = next(self._numbers)
            self.flying[number] = (parcel, False)
            self._world.after(
                self._world.between(0.001, 0.05), lambda n=number: self._enveloped(n), self._host
            )

    def _enveloped(self, number: int) -> None:
        """The server has answered to the envelope."""
        if number not in self.flying:
            return
        world, (parcel, _) = self._world, self.flying[number]
        person = parcel.envelope.recipient
        if world.happens(world.chances.lost_before):
            del self.flying[number]
            self._freight.given_back(parcel)
        elif person.startswith("nobody"):
            self._end(number, Reply(Phase.RCPT, 550, "5.1.1", "no such user"))
        elif world.happens(world.chances.defer):
            self._end(number, Reply(Phase.RCPT, 450, "4.2.1", "not now"))
        elif not self._freight.begun(parcel):
            del self.flying[number]
            self._freight.given_back(parcel)
        else:
            for check in world.checks:
                check(self._host, parcel)
            self.flying[number] = (parcel, True)
            # the kernel has it: it arrives whatever becomes of the process
            world.after(world.between(0.001, 0.05), lambda: self._arrived(number, parcel))
        self._pump()

    def _arrived(self, number: int, parcel: Parcel) -> None:
        """The server has the content, or the connection is lost."""
        world, person = self._world, parcel.envelope.recipient
        is_lost = world.happens(world.chances.lost_after)
        is_taken = not (is_lost and world.happens(0.5))
        if is_taken:
            world.accepted[person].append(world.now)
            world.note(f"{self._host.name}: {person} accepted")
        if is_lost:
            world.doubts[person] += 1
        reply = (
            Reply(Phase.DOT, None, None, "lost")
            if is_lost
            else Reply(Phase.DOT, 250, "2.0.0", "queued")
        )
        if is_lost:
            world.note(f"{self._host.name}: {person}'s reply is lost")
        world.after(world.between(0.001, 0.05), lambda: self._end(number, reply), self._host)

    def _end(self, number: int, reply: Reply) -> None:
        if number not in self.flying:
            return  # it was given up
        parcel, _ = self.flying.pop(number)
        self._freight.settled(parcel, reply)
        self._pump()
