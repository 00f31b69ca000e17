"""A sender stopped dead, or failed, at every single thing it does, one after the other.

A send to three readers, and one who left after the audience was frozen, through a real relay. The
points are numbered in the child (see forge.py); whatever n is, the next sender finds the truth.
"""

import json
import random
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from drills.home import Home
from drills.relay import Relay

from publisher.model import DeliveryState, SendState, SubscriberState
from publisher.store import ledger, sends, subscribers

pytestmark = pytest.mark.drill

THREE = [f"{name}@example.com" for name in ("ann", "bob", "cem")]
LEAVER = "dan@example.com"
FINISHED, KNOWN = 0, 3


@pytest.fixture(scope="module")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a send that has begun, and one reader who left since."""
    folder = tmp_path_factory.mktemp("pattern")
    home = Home(folder, f"sqlite:///{folder}/publisher.db")
    home.write()
    home.subscribe([*THREE, LEAVER])
    home.schedule()
    home.sender().begin_due()
    with home.open().begin() as conn:
        leaver = subscribers.find(conn, "weekly", LEAVER)
        assert leaver is not None
        subscribers.set_state(
            conn, leaver.id, SubscriberState.UNSUBSCRIBED, datetime.now(UTC), "by the link"
        )
    home.close()
    return folder


class Forge:
    """The process that forks."""

    def __init__(self, pattern: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, Path(__file__).with_name("forge.py"), pattern],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, home: Home, deed: str, point: int) -> tuple[int, int, str]:
        """Let a child send that dies or fails at a point; how it ended, how many points, which."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        told = {"folder": str(home.folder), "deed": deed, "point": point, "smtp": home.smtp,
                "in_doubt": home.in_doubt}  # fmt: skip
        self._process.stdin.write(json.dumps(told) + "\n")
        self._process.stdin.flush()
        found = json.loads(self._process.stdout.readline())
        return found["code"], found["points"], found["what"].strip()

    def stop(self) -> None:
        """End it."""
        self._process.communicate()


@pytest.fixture
def forge(pattern: Path) -> Iterator[Forge]:
    """Start the process that forks."""
    made = Forge(pattern)
    yield made
    made.stop()


@pytest.mark.parametrize("deed", ["kill", "fail"])
@pytest.mark.parametrize(
    ("mode", "in_doubt"),
    [("data", "resend"), ("bdat", "resend"), ("lockstep", "resend"), ("data", "hold")],
    ids=["data", "bdat", "lockstep", "hold"],
)
def test_at_every_point_the_invariants_hold(
    pattern: Path,
    forge: Forge,
    serve: Callable[..., Relay],
    tmp_path: Path,
    scaled: Callable[[int, int], int],
    report: Callable[[str], None],
    mode: str,
    in_doubt: str,
    deed: str,
) -> None:
    """Whichever point a sender dies or fails at: nobody is lost, only a doubt comes twice."""
    relay = serve()
    stride = scaled(3 if (mode, in_doubt) == ("data", "resend") else 17, 1)
    point = random.randint(1, stride)
    tried, repeats, doubts = 0, 0, 0
    seen: Counter[str] = Counter()
    while True:
        folder = tmp_path / f"{point}"
        folder.mkdir()
        shutil.copyfile(pattern / "publisher.db", folder / "publisher.db")
        smtp = {"port": relay.port, "mode": mode, "connections": 2, "window": 2}
        home = Home(folder, f"sqlite:///{folder}/publisher.db", smtp, in_doubt)
        relay.accepted.clear()
        code, points, what = forge.run(home, deed, point)
        at = f"{deed} at point {point}, {what}"
        is_over = points < point
        if not is_over:
            tried += 1
            seen[what.partition(" ")[2].split(" ")[0]] += 1
            ends = {-signal.SIGKILL} if deed == "kill" else {FINISHED, KNOWN}
            assert code in ends, at
        code, _, what = forge.run(home, "none", 0)
        assert code == FINISHED, f"after {at}: {what}"
        send, states, doubtful = _look(home)
        copies = {one: len(relay.accepted.get(one, ())) for one in THREE}
        assert send.state is SendState.DONE, at
        assert LEAVER not in relay.accepted, at
        assert states[LEAVER] == "skipped", at
        for one in THREE:
            taken = relay.accepted.get(one, [])
            assert len({copy.whole for copy in taken}) <= 1, at
            assert copies[one] <= (1 if in_doubt == "hold" else 2), at
            if states[one] == "accepted":
                assert taken, at
            else:
                assert (in_doubt, one in doubtful) == ("hold", True), f"{at}: {states}"
        assert len({copy.body for taken in relay.accepted.values() for copy in taken}) == 1, at
        assert home.maps == [], at
        # each of two connections may have as much in doubt as its window
        most = 2 * (2 if mode == "bdat" else 1)
        more = sum(copies.values()) - len(THREE)
        assert more <= most, at
        assert len(doubtful) <= most, at
        repeats += max(0, more)
        doubts += len(doubtful)
        home.close()
        shutil.rmtree(folder)
        if is_over:
            break
        point += stride
    report(
        f"{mode}, {in_doubt}: {tried} of {max(points, tried)} points, {repeats} repeats, {doubts} left in doubt, "
        f"0 missing"
    )
    assert points > 60
    assert relay.faults == []


def _look(home: Home):
    with home.open().read() as conn:
        (send,) = sends.sends(conn)
        doubtful = {one.address for one in ledger.in_doubt(conn, send.id)}
        states = {row.address: row.state.value for row in ledger.who(conn, "weekly", "7")}
    assert not send.count(DeliveryState.SENDING)
    return send, states, doubtful
