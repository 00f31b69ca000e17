"""Senders in a simulated world: hundreds of histories, each made from its seed, in no time.

Two senders share one database. They are killed and started again, sleep longer than their lease, find
the store failing, lose connections and replies; the clock is set forth and back; a person pauses and
resumes, a reader leaves. Whatever happens the invariants of engine.md §4.1 hold.
"""

import random
import shutil
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from drills.home import KEY, NEWSLETTER, Home, templates_here
from drills.virtual import EPOCH, Carrier, Chances, Host, Seamed, World

from publisher.model import DeliveryState, SendState, SubscriberState
from publisher.send import Outlet, Outside, Pace, Sender
from publisher.send.hand import Hand
from publisher.store import Store, freezing, ledger, sends, subscribers

LOT = 5
PEOPLE = [f"reader{number}@example.com" for number in range(17)]
UNKNOWN = ["nobody1@example.com", "nobody2@example.com"]
LEAVER = "leaver@example.com"
LEASE = 30.0
LOOK = 1.0
COMPILED: dict = {}


@pytest.fixture(scope="module")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database whose send has begun, in lots of five."""
    folder = tmp_path_factory.mktemp("pattern")
    home = Home(folder, f"sqlite:///{folder}/publisher.db", now=EPOCH)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(freezing, "LOT", LOT)
        home.write()
        everyone = [*PEOPLE, *UNKNOWN, LEAVER]
        random.Random(1).shuffle(everyone)
        home.subscribe(everyone)
        home.schedule()
        home.sender().begin_due()
    home.close()
    with sqlite3.connect(folder / "publisher.db") as conn:
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    conn.close()
    return folder / "publisher.db"


@pytest.fixture
def memory() -> Iterator[Path]:
    """A folder in memory, where there is one: commits cost nothing there."""
    shared = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="simulated-", dir=shared if shared.is_dir() else None))
    yield folder
    shutil.rmtree(folder)


@dataclass
class History:
    """One seed's world: two senders, people, and what must hold."""

    seed: int
    folder: Path
    pattern: Path
    chances: Chances

    def __post_init__(self) -> None:
        """Set the stage."""
        self.world = World(self.seed, self.chances)
        self.hold = self.world.happens(0.3)
        self.path = self.folder / f"{self.seed}.db"
        shutil.copyfile(self.pattern, self.path)
        self.stores: dict[str, Store] = {}
        self.store = self._open("people")
        self.raw = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        self.stops: list[threading.Event] = []
        self.owners: dict[Host, str] = {}
        self.left_at = self.paused_at = float("inf")
        self.is_over = False
        self.world.checks.append(self.look_at)
        (self.number,) = self.raw.execute("SELECT id FROM send").fetchone()

    def _open(self, name: str) -> Store:
        """Open the database for one of them; statements are compiled once for all histories."""
        if name not in self.stores:
            made = self.stores[name] = Store.open(f"sqlite:///{self.path}")
            made.engine = made.engine.execution_options(compiled_cache=COMPILED)
        return self.stores[name]

    # --- the senders --------------------------------------------------------

    def start(self, name: str) -> None:
        """Start a sender on a host; the map of the one before may still be there."""
        self.world.note(f"{name} starts")
        store = self._open(name)
        stop = threading.Event()
        self.stops.append(stop)

        def work(host: Host) -> None:
            outside = Outside(
                store=Seamed(store, host),
                newsletters={"weekly": replace(NEWSLETTER, in_doubt=self.policy)},
                templates=templates_here(),
                key=KEY,
                wire_folder=self.folder / f"{self.seed}-{name}",
                outlets=(Outlet("relay", lambda freight: Carrier(host, freight)),),
                clock=self.world.clock,
                stop=stop,
                pace=Pace(
                    lease=timedelta(seconds=LEASE),
                    look_seconds=LOOK,
                    ahead=LOT,
                    idle=60.0,
                    recover_seconds=40.0,
                    store_rests=(0.2, 1.0),
                ),
                time=host,
            )
            sender = Sender(outside)
            self.owners[host] = sender.owner
            sender.forever()

        Host(self.world, name, work)

    @property
    def policy(self) -> str:
        """What becomes of the doubtful."""
        return "hold" if self.hold else "resend"

    # --- the others ---------------------------------------------------------

    def leave(self) -> None:
        """A reader leaves."""
        self.world.note("the leaver leaves")
        with self.store.begin() as conn:
            one = subscribers.find(conn, "weekly", LEAVER)
            subscribers.set_state(conn, one.id, SubscriberState.UNSUBSCRIBED, EPOCH, "by the link")
        self.left_at = self.world.now

    def pause(self) -> None:
        """A person pauses the send, and resumes it later."""
        self._move(SendState.PAUSED, SendState.RUNNING)
        self.paused_at = self.world.now
        self.world.after(self.world.between(0.5, 40), self.resume)

    def resume(self) -> None:
        """A person resumes it."""
        self.paused_at = float("inf")
        self._move(SendState.RUNNING, SendState.PAUSED)

    def _move(self, to: SendState, frm: SendState) -> None:
        self.world.note(f"a person: {to.value}")
        with self.store.begin() as conn:
            sends.set_state(conn, self.number, to, frm={frm}, now=self.world.clock())

    def supervise(self) -> None:
        """Start again who died; end all when the send is done."""
        world = self.world
        for host in list(world.hosts):
            if host.is_over and not self.is_over:
                world.hosts.remove(host)
                if host.fault is not None:
                    raise host.fault
                self.start(host.name)
        state, note = self.raw.execute("SELECT state, note FROM send").fetchone()
        if state == "paused" and self.paused_at == float("inf"):
            world.note(f"the hall paused: {note}")
            self.resume()
        if state == "done" or self._is_held():
            self.is_over = True
            world.chances.crash = world.chances.freeze = world.chances.store_fault = 0.0
            for stop in self.stops:
                stop.set()
            return
        world.after(3.0, self.supervise)

    def _is_held(self) -> bool:
        wanted = (
            "SELECT count(*) FROM delivery WHERE state NOT IN ('accepted', 'refused', 'skipped')"
        )
        held = f"{wanted} AND NOT (state = 'in_doubt' AND next_at IS NULL)"
        (left,) = self.raw.execute(held).fetchone()
        return not left

    def tell_doubtful(self) -> None:
        """Whatever is being sent in this moment may come twice."""
        rows = self.raw.execute("SELECT address FROM delivery WHERE state = 'sending'").fetchall()
        self.world.doubts.update(address for (address,) in rows)

    # --- what must hold -----------------------------------------------------

    def look_at(self, host: Host, parcel) -> None:
        """Look at a message whose content is about to leave."""
        world, person = self.world, parcel.envelope.recipient
        if person == LEAVER and world.now > self.left_at + LOOK + 0.001:
            world.faults.append(f"{person} left, and is mailed {world.now - self.left_at:.2f} s on")
        if world.now > self.paused_at + LOOK + 0.001:
            world.faults.append(f"paused, and {person} is mailed")
        if world.jumps:
            return  # leases are told by the clock that was set
        state, owner = self.raw.execute(
            "SELECT delivery.state, lot.owner FROM delivery JOIN lot ON lot.send = delivery.send"
            " AND lot.number = delivery.lot WHERE delivery.id = ?", (parcel.delivery,)
        ).fetchone()  # fmt: skip
        if (state, owner) != ("sending", self.owners[host]):
            world.faults.append(f"{person} is mailed by {host.name}, but is {state} of {owner}")

    def run(self) -> None:
        """Let it happen."""
        world = self.world
        world.on_trouble = self.tell_doubtful
        for name in ("one", "two"):
            self.start(name)
        world.after(world.between(0.0, 3.0), self.leave)
        if world.happens(0.5):
            world.after(world.between(0.0, 2.0), self.pause)
        if world.happens(self.chances.jump):
            seconds = world.random.choice([-3600.0, 3600.0, 86_400.0, 31.0])
            world.after(world.between(0.0, 3.0), lambda: world.jump(seconds))
        world.after(0.5, self.supervise)
        try:
            world.run(lambda: self.is_over and all(host.is_over for host in world.hosts))
            for host in world.hosts:
                if host.fault is not None:
                    raise host.fault
            self.check()
        finally:
            for host in world.hosts:
                host.is_dead = True
                if not host.is_over:
                    host.baton.release()
            self.raw.close()
            for store in self.stores.values():
                store.close()

    def check(self) -> None:
        """Hold the end against the invariants."""
        world = self.world
        with self.store.read() as conn:
            rows = {row.address: row for row in ledger.who(conn, "weekly", "7")}
        accepted = {one for one, row in rows.items() if row.state is DeliveryState.ACCEPTED}
        doubtful = {one for one, row in rows.items() if row.state is DeliveryState.IN_DOUBT}
        mailed = set(world.accepted)
        for person, row in rows.items():
            fits = {
                DeliveryState.ACCEPTED: person in mailed,
                DeliveryState.IN_DOUBT: True,
                DeliveryState.REFUSED: person in UNKNOWN,
                DeliveryState.SKIPPED: person == LEAVER and person not in mailed,
            }
            if not fits.get(row.state, False):
                world.faults.append(f"{person} ended as {row.state.value}: {row.words}")
        if lost := mailed - accepted - doubtful:
            world.faults.append(f"mailed, and the ledger does not know: {sorted(lost)}")
        for person in PEOPLE:
            copies = len(world.accepted[person])
            if not copies and person not in doubtful:
                world.faults.append(f"{person} has nothing")
            if copies > 1 + (0 if self.hold else world.doubts[person]):
                world.faults.append(
                    f"{person} has it {copies} times, {world.doubts[person]} doubts"
                )


def run(seed: int, folder: Path, pattern: Path, chances: Chances | None = None) -> History:
    """Let one history happen."""
    made = History(seed, folder, pattern, chances or Chances())
    made.run()
    return made


@pytest.mark.drill
def test_whatever_happens_the_invariants_hold(
    memory: Path,
    pattern: Path,
    scaled: Callable[[int, int], int],
    report: Callable[[str], None],
) -> None:
    """Nobody is lost, nobody gets it twice without a doubt, nothing leaves without a lease."""
    seeds = scaled(100, 500)
    began = time.monotonic()
    total = dict.fromkeys(("crashes", "sleeps", "jumps", "repeats"), 0)
    virtual = 0.0
    for seed in range(seeds):
        world = run(seed, memory, pattern).world
        assert not world.faults, f"seed {seed}:\n" + "\n".join([*world.trace[-80:], *world.faults])
        total["crashes"] += world.crashes
        total["sleeps"] += world.slept
        total["jumps"] += world.jumps
        total["repeats"] += sum(len(one) - 1 for one in world.accepted.values() if one)
        virtual += world.now - 1000
    report(
        f"{seeds} seeds, {virtual / 3600:.0f} simulated hours in {time.monotonic() - began:.0f} s: "
        f"{total['crashes']} crashes, {total['sleeps']} sleeps, {total['jumps']} clock jumps, "
        f"{total['repeats']} repeats, nobody missing"
    )
    assert all(total.values()), "something never happened"


SLEEPY = Chances(freeze=0.03, crash=0.0, jump=0.0, store_fault=0.0)


def found_by(seeds: range, memory: Path, pattern: Path) -> int | None:
    """Give the first seed whose history goes wrong."""
    for seed in seeds:
        try:
            if run(seed, memory, pattern, replace(SLEEPY)).world.faults:
                return seed
        except (AssertionError, ValueError):
            return seed
    return None


@pytest.mark.drill
@pytest.mark.parametrize("removed", ["nothing", "fence", "lease in memory"])
def test_what_is_removed_is_missed(
    memory: Path,
    pattern: Path,
    monkeypatch: pytest.MonkeyPatch,
    report: Callable[[str], None],
    removed: str,
) -> None:
    """Without the ledger's fence, or the lease in the sender's memory, sleepers do harm: it is seen."""
    if removed == "fence":
        monkeypatch.setattr(ledger, "_fence", lambda conn, held: None)
        monkeypatch.setattr(ledger, "renew", lambda *_: True)
    if removed == "lease in memory":
        monkeypatch.setattr(Hand, "until", property(lambda _: float("inf"), lambda *_: None))
    seeds = range(15)
    seed = found_by(seeds, memory, pattern)
    harm = f"no harm in {len(seeds)} seeds" if seed is None else f"harm in seed {seed}"
    report(f"{removed} removed: {harm}")
    assert (seed is None) == (removed == "nothing")


@pytest.mark.drill
def test_a_seed_is_replayed(memory: Path, pattern: Path) -> None:
    """The same seed is the same history, step for step."""
    first, second = (run(7, memory / name, pattern).world.trace for name in _folders(memory))
    assert first == second


def _folders(memory: Path) -> Iterator[str]:
    for name in ("a", "b"):
        (memory / name).mkdir()
        yield name
