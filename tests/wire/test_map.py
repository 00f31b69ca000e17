"""The map of what is on the wire: believed after a kill, doubted after a lost machine."""

import fcntl
import os
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from publisher.errors import TransportError
from publisher.wire.map import BOOT_ID, PAGES, Mark, WireMap, boot_id, has_living, open_dead

BOOT = "11111111-2222-3333-4444-555555555555"
KILLED = """
import os, signal, sys
from pathlib import Path
from publisher.wire.map import Mark, WireMap

wire = WireMap(Path(sys.argv[1]), "killed")
wire.hold(6, 1, [99])
first, second, third, fourth, _ = wire.hold(7, 3, [101, 102, 103, 104, 105])
wire.mark(first, Mark.ACCEPTED, 250)
wire.mark(second, Mark.BEGUN)
wire.mark(third, Mark.DEFERRED, 451)
wire.mark(fourth, Mark.REFUSED, 550)
(other,) = wire.hold(8, 1, [200])
wire.mark(other, Mark.BEGUN)
wire.let_go(6)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_marks_outlive_a_killed_process(tmp_path: Path) -> None:
    """After kill -9 the map names the lots in hand and the last mark of every delivery."""
    child = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    assert child.returncode == -signal.SIGKILL
    with open_dead(tmp_path) as (dead,):
        assert dead.owner == "killed"
        assert dead.found.lots.keys() == {(7, 3), (8, 1)}
        assert dead.found.lots[8, 1] == {200: (Mark.BEGUN, None)}
        assert dead.found.lots[7, 3] == {
            101: (Mark.ACCEPTED, 250),
            102: (Mark.BEGUN, None),
            103: (Mark.DEFERRED, 451),
            104: (Mark.REFUSED, 550),
            105: (Mark.UNSENT, None),
        }
        dead.remove()
    assert list(tmp_path.iterdir()) == []


def test_living_owner_keeps_its_map(tmp_path: Path) -> None:
    """The map of a living owner is nobody else's, whichever lot it holds."""
    with WireMap(tmp_path, "alive") as wire:
        for lot in (1, 2):
            wire.hold(lot, 1, [lot])
            with open_dead(tmp_path) as dead:
                assert dead == []
        assert len(list(tmp_path.iterdir())) == 1
    assert list(tmp_path.iterdir()) == []


def test_whoever_sends_now_is_seen(tmp_path: Path) -> None:
    """A living owner's map says that somebody sends, a dead one's, a draft and no folder do not."""
    assert not has_living(tmp_path / "absent")
    (tmp_path / "draft.new").write_bytes(b"")
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    assert not has_living(tmp_path)
    with WireMap(tmp_path, "alive"):
        assert has_living(tmp_path)
    assert not has_living(tmp_path)


def test_dead_map_is_taken_up_once(tmp_path: Path) -> None:
    """While one recovers a dead map nobody else does."""
    WireMap(tmp_path, "gone", BOOT).leave()
    with open_dead(tmp_path, BOOT) as first, open_dead(tmp_path, BOOT) as second:
        assert (len(first), second) == (1, [])


def test_other_boot_is_not_believed(tmp_path: Path) -> None:
    """After a lost machine the map tells only who is dead."""
    WireMap(tmp_path, "gone", BOOT).leave()
    with open_dead(tmp_path, "another") as (dead,):
        assert (dead.owner, dead.found) == ("gone", None)


def test_unknown_boot_is_not_believed(tmp_path: Path) -> None:
    """Where the machine does not name its boot, no map is believed."""
    WireMap(tmp_path, "gone", "").leave()
    with open_dead(tmp_path, "") as (dead,):
        assert dead.found is None


@pytest.mark.parametrize(
    "content",
    [b"", b"pubwire2", b"x" * 62, b"pubwire2" + b"1" * 36 + b"\xff\xff\0\0" * 2 + b"\0" * 5],
)
def test_damaged_map_is_not_believed(tmp_path: Path, content: bytes) -> None:
    """A map that is not whole is as good as none."""
    (tmp_path / "gone.map").write_bytes(content)
    with open_dead(tmp_path, BOOT) as (dead,):
        assert (dead.owner, dead.found) == ("gone", None)


def test_unknown_mark_is_not_believed(tmp_path: Path) -> None:
    """A mark nobody wrote makes the whole map doubtful."""
    wire = WireMap(tmp_path, "gone", BOOT)
    (place,) = wire.hold(1, 1, [1])
    wire.leave()
    path = tmp_path / "gone.map"
    content = bytearray(path.read_bytes())
    content[place + 10] = 0x63
    path.write_bytes(content)
    with open_dead(tmp_path, BOOT) as (dead,):
        assert dead.found is None


def test_no_folder_is_no_map(tmp_path: Path) -> None:
    """A home that never sent has no maps."""
    with open_dead(tmp_path / "none") as dead:
        assert dead == []


def test_map_survives_a_fault(tmp_path: Path) -> None:
    """A map whose owner leaves in a fault stays, and can be recovered."""

    def fail() -> None:
        with WireMap(tmp_path, "faulty", BOOT) as wire:
            (place,) = wire.hold(1, 1, [5])
            wire.mark(place, Mark.BEGUN)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with open_dead(tmp_path, BOOT) as (dead,):
        assert dead.found.lots == {(1, 1): {5: (Mark.BEGUN, None)}}


def test_map_is_private(tmp_path: Path) -> None:
    """The folder is 0700, the file 0600."""
    WireMap(tmp_path / "wire", "me").leave()
    assert stat.S_IMODE((tmp_path / "wire").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "wire" / "me.map").stat().st_mode) == 0o600


def test_unwritable_folder_is_told(tmp_path: Path) -> None:
    """Where no map can be, nothing is sent: it is a TransportError."""
    (tmp_path / "wire").write_text("a file")
    with pytest.raises(TransportError, match="cannot be written"):
        WireMap(tmp_path / "wire", "me")


def test_boot_id_is_this_machines() -> None:
    """The boot id is the kernel's, or empty where it tells none."""
    assert boot_id() == (BOOT_ID.read_text().strip() if os.path.exists(BOOT_ID) else "")


def test_a_folder_removed_under_us_is_made_again(tmp_path: Path) -> None:
    """With the next lot the map has its place again, and says what it said."""
    wire = WireMap(tmp_path / "wire", "owner", BOOT)
    (place,) = wire.hold(6, 1, [99])
    wire.mark(place, Mark.ACCEPTED, 250)
    shutil.rmtree(tmp_path / "wire")
    wire.hold(7, 3, [101])
    assert [path.name for path in (tmp_path / "wire").iterdir()] == ["owner.map"]
    wire.leave()
    with open_dead(tmp_path / "wire", BOOT) as (dead,):
        assert dead.found.lots == {
            (6, 1): {99: (Mark.ACCEPTED, 250)},
            (7, 3): {101: (Mark.UNSENT, None)},
        }


def test_a_page_is_used_again(tmp_path: Path) -> None:
    """Lots come and go on the pages there are; what a page said before is gone."""
    with WireMap(tmp_path, "busy", BOOT) as wire:
        for lot in range(1, 3 * PAGES):
            places = wire.hold(lot, 1, [lot * 1000 + number for number in range(3)])
            wire.mark(places[2], Mark.REFUSED, 550)
            if lot > 1:
                wire.let_go(lot - 1)
        assert wire.free_pages == PAGES - 1
        wire.leave()
        with open_dead(tmp_path, BOOT) as (dead,):
            assert dead.found.lots.keys() == {(3 * PAGES - 1, 1)}


def test_a_page_cut_short_names_no_lot(tmp_path: Path) -> None:
    """Killed while a page was written, the owner had begun nothing of that lot."""
    wire = WireMap(tmp_path, "gone", BOOT)
    (place,) = wire.hold(5, 1, [1])
    wire.let_go(5)
    wire.leave()
    assert place
    with open_dead(tmp_path, BOOT) as (dead,):
        assert dead.found.lots == {}


def test_drafts_of_the_killed_are_removed(tmp_path: Path) -> None:
    """What was left by someone killed while he wrote goes; what is being written stays."""
    old, held, young = (tmp_path / f"{name}.new" for name in ("old", "held", "young"))
    for path in (old, held, young):
        path.write_bytes(b"pubwire1")
    for path in (old, held):
        os.utime(path, (1, 1))
    with held.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with open_dead(tmp_path) as dead:
            assert dead == []
    assert sorted(tmp_path.iterdir()) == [held, young]


def test_a_map_that_cannot_be_opened_stands_in_nobodys_way(tmp_path: Path) -> None:
    """One of another user, say, is left to the lease of its lot, and the others are recovered."""
    (tmp_path / "another.map").mkdir()
    WireMap(tmp_path, "dead").leave()
    with open_dead(tmp_path) as dead:
        assert [one.owner for one in dead] == ["dead"]


def test_a_page_given_up_is_used_again_when_nothing_can_mark_it(tmp_path) -> None:
    """A lot that is another's leaves its page unused, also when it comes back, until told."""
    with WireMap(tmp_path, "me") as wire:
        wire.hold(1, 1, [10])
        wire.give_up(1)
        wire.hold(1, 3, [10])
        wire.let_go(1)
        assert wire.free_pages == PAGES - 1
        wire.use_again()
        assert wire.free_pages == PAGES
