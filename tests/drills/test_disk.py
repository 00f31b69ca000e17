"""A disk without room: sending stops before a claim, and goes on when there is room again."""

import contextlib
import os
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from drills.home import Home
from drills.sink import Sink

from publisher.model import DeliveryState, SendState

pytestmark = pytest.mark.drill


class Small:
    """A small disk: a file system in memory that can be filled to the last byte."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self, _: "subprocess.Popen[bytes]") -> None:
        """Leave no room."""
        number = os.open(self.folder / "filler", os.O_WRONLY | os.O_CREAT)
        with contextlib.suppress(OSError):
            for size in (65_536, 4_096, 1):
                with contextlib.suppress(OSError):
                    while True:
                        os.write(number, b"x" * size)
        os.close(number)

    def clear(self, _: "subprocess.Popen[bytes]") -> None:
        """Make room."""
        (self.folder / "filler").unlink()


class Limited(Small):
    """A disk as full as its largest file, for one process: what needs no right to mount."""

    def fill(self, child: "subprocess.Popen[bytes]") -> None:
        """Let no file grow; the write-ahead log begins anew."""
        resource.prlimit(child.pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))

    def clear(self, child: "subprocess.Popen[bytes]") -> None:
        """Let them grow."""
        everything = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        resource.prlimit(child.pid, resource.RLIMIT_FSIZE, everything)


def mounted(folder: Path) -> bool:
    """Mount a small disk; only root may, and not in every container."""
    mounting = ["mount", "-t", "tmpfs", "-o", "size=12m", "publisher-test", folder]
    return not (
        os.getuid() or subprocess.run(mounting, capture_output=True, check=False).returncode
    )


def unmount(folder: Path) -> None:
    """Take a small disk away."""
    subprocess.run(["umount", "-l", folder], check=True)


def ways() -> list[str]:
    """How a disk can be filled on this machine: a limit for one process tells the same anywhere."""
    with tempfile.TemporaryDirectory() as folder:
        if not mounted(Path(folder)):
            return ["limited"]
        unmount(Path(folder))
    return ["small", "limited"]


@pytest.fixture(params=ways())
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Small]:
    """A disk that can be filled."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if request.param == "limited":
        yield Limited(folder)
        return
    assert mounted(folder)
    yield Small(folder)
    unmount(folder)


def test_a_full_disk_stops_the_sending_and_nothing_else(
    disk: Small,
    sink: Callable[..., Sink],
    scaled: Callable[[int, int], int],
    report: Callable[[str], None],
) -> None:
    """What was claimed may go on its way, no lot is claimed; with room again all get it once."""
    audience = scaled(4_000, 10_000)
    home = Home(disk.folder, f"sqlite:///{disk.folder}/publisher.db")
    home.write()
    relay = sink("-Q", "8000")
    home.smtp = {"port": relay.port, "connections": 8}
    home.subscribe([f"reader{number}@example.com" for number in range(audience)])
    number = home.schedule()
    home.close()
    child = home.start()
    try:
        while relay.messages < audience // 8:
            time.sleep(0.01)
            assert child.poll() is None
        disk.fill(child)
        at_once = relay.messages
        time.sleep(3.0)
        stood = relay.messages
        time.sleep(1.5)
        assert relay.messages == stood, "it sends, and cannot write down to whom"
        assert child.poll() is None, "it did not survive"
        assert stood < audience
        disk.clear(child)
        assert child.wait(120) == 0
    finally:
        child.kill()
        child.wait()
    accepted = relay.accepted()
    repeats = sum(len(ids) - 1 for ids in accepted.values())
    send = home.send(number)
    home.close()
    report(
        f"{audience} recipients: full at {at_once}, silent at {stood}; then {len(accepted)} have it, "
        f"{repeats} repeats"
    )
    assert len(accepted) == audience
    assert repeats == 0
    assert send.state is SendState.DONE
    assert send.count(DeliveryState.ACCEPTED) == audience
