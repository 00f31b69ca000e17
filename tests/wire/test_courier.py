"""The courier: one message after the other, to an outbox that works and one that does not."""

import threading
import time
from collections import deque
from pathlib import Path

import pytest

from publisher.model import Envelope, Parcel, Phase, Reply
from publisher.wire import courier as courier_module
from publisher.wire.command import Command
from publisher.wire.courier import Courier
from publisher.wire.outbox import Outbox


class Load:
    """Freight that remembers."""

    def __init__(self, number: int) -> None:
        self.waiting = deque(
            Parcel(
                n,
                Envelope("b@list.example.net", f"r{n}@example.com"),
                (b"Message-ID: <%d@example.net>\r\n\r\n" % n, b"x\r\n"),
            )
            for n in range(number)
        )
        self.replies: dict[int, Reply] = {}
        self.back: list[int] = []
        self.is_wanted = True
        self.has_begun = threading.Event()
        self.changed = threading.Condition()

    def take(self) -> Parcel | None:
        """Give the next."""
        return self.waiting.popleft() if self.waiting else None

    def begun(self, parcel: Parcel) -> bool:
        """Say whether it is wanted."""
        self.has_begun.set()
        return self.is_wanted

    def settled(self, parcel: Parcel, reply: Reply) -> None:
        """Remember."""
        with self.changed:
            assert parcel.delivery not in self.replies
            self.replies[parcel.delivery] = reply
            self.changed.notify()

    def given_back(self, parcel: Parcel) -> None:
        """Remember."""
        with self.changed:
            self.back.append(parcel.delivery)
            self.changed.notify()

    def wait(self, number: int) -> None:
        """Wait until so many have come to an end."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.replies) + len(self.back) >= number, 20.0)


def test_all_are_carried(tmp_path: Path) -> None:
    """Every parcel becomes a file, in order, and is settled once; later ones are taken on waking."""
    load = Load(5)
    courier = Courier(Outbox(tmp_path), load)
    courier.start()
    load.wait(5)
    load.waiting.extend(Load(7).waiting)
    for _ in range(5):
        load.waiting.popleft()
    courier.wake()
    load.wait(7)
    courier.close(5.0)
    assert [reply.code for reply in load.replies.values()] == [250] * 7
    assert len(list(tmp_path.glob("*.eml"))) == 7
    assert courier.idle
    assert courier.trouble == ""


def test_unwanted_are_given_back(tmp_path: Path) -> None:
    """What `begun` does not want any more is given back, and no file is left."""
    load = Load(3)
    load.is_wanted = False
    courier = Courier(Outbox(tmp_path), load)
    courier.start()
    load.wait(3)
    courier.close(5.0)
    assert load.back == [0, 1, 2]
    assert list(tmp_path.iterdir()) == []


def test_outbox_that_cannot_be_written_waits_for_a_person(tmp_path: Path, monkeypatch) -> None:
    """The fault stands in `fault` and `trouble` until it is mended; nobody is charged."""
    monkeypatch.setattr(courier_module, "RESTS", (0.01,))
    (tmp_path / "outbox").write_text("a file")
    load = Load(1)
    courier = Courier(Outbox(tmp_path / "outbox"), load)
    courier.start()
    load.wait(1)
    assert load.back == [0]
    assert "cannot be written" in courier.trouble
    assert courier.fault is not None
    assert courier.down_since > 0
    (tmp_path / "outbox").unlink()
    load.waiting.extend(Load(1).waiting)
    deadline = time.monotonic() + 10
    while not load.replies and time.monotonic() < deadline:
        courier.wake()
        time.sleep(0.01)
    courier.close(5.0)
    assert load.replies[0].code == 250
    assert (courier.trouble, courier.fault, courier.down_since) == ("", None, 0.0)


def test_close_ends_what_hangs() -> None:
    """A program that hangs is waited for as long as the grace, then its message is in doubt."""
    load = Load(2)
    courier = Courier(Command(["sleep", "60"]), load)
    courier.start()
    load.has_begun.wait(10)
    courier.close(0.5)
    assert load.replies == {0: Reply(Phase.DOT, words="the program was killed: SIGKILL")}
    assert len(load.waiting) == 1


def test_a_defect_is_raised(tmp_path: Path) -> None:
    """What is no fault of the transport is not hidden in the thread."""
    load = Load(1)
    load.settled = None
    courier = Courier(Outbox(tmp_path), load)
    courier.start()
    with pytest.raises(TypeError):
        wake_for_ever(courier)
    with pytest.raises(TypeError):
        courier.close(5.0)


def wake_for_ever(courier: Courier) -> None:
    """Wake it until it raises, or until it is clear that it does not."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        courier.wake()
        time.sleep(0.01)
