"""What waits for the wire: who is handed out, and that threads wake each other for a reason only."""

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from publisher.model import Envelope, Parcel, Phase, Recipient
from publisher.send.freight import WRITTEN_AHEAD, Load


class Letter:
    """Writes to whoever can be written to."""

    def write(self, some: Sequence[Recipient], places: Sequence[Any]) -> list[Parcel]:
        """Fail for all where one cannot be written to."""
        if any(not one.address for one in some):
            raise ValueError("no address")
        return [
            Parcel(one.id, Envelope("a@example.org", one.address), [b"x\r\n"], place)
            for one, place in zip(some, places, strict=True)
        ]


@dataclass
class Lot:
    """Its number."""

    id: int = 1


@dataclass
class Hand:
    """A lot in hand, as the freight knows it."""

    until: float = 100.0
    is_halted: bool = False
    barred: dict[int, str] = field(default_factory=dict)
    letter: Letter = field(default_factory=Letter)
    lot: Lot = field(default_factory=Lot)


class Map:
    """Marks nothing."""

    def mark(self, place: int, mark: int, code: int | None = None) -> None:
        """Do nothing."""


@dataclass
class Scene:
    """A load, its clock and who is waiting."""

    now: float = 0.0
    woken: int = 0
    load: Load = field(init=False)

    def __post_init__(self) -> None:
        self.load = Load(Map(), lambda: self.now, threading.Event(), threading.Event(), 500)

    def put(self, hand: Hand, number: int, *, is_signed: bool = False, without: int = 0) -> None:
        """Give so many recipients to the load, one of them without an address."""
        some = [
            (hand, Recipient(n, n, "" if n == without else f"r{n}@example.org", "", ""), n)
            for n in range(1, number + 1)
        ]
        self.load.add(some, is_signed=is_signed)

    def taken(self) -> list[int]:
        """Who is handed out now."""
        taken = []
        while (parcel := self.load.take()) is not None:
            taken.append(parcel.delivery)
        return taken


@pytest.fixture
def scene() -> Iterator[Scene]:
    """A load whose threads end with the test."""
    made = Scene()
    yield made
    made.load.close()


def test_who_left_after_his_letter_was_written_is_not_handed_out(scene: Scene) -> None:
    """A connection that is told no once it has said an envelope is of no more use."""
    hand = Hand()
    scene.put(hand, 5)
    assert scene.load.take().delivery == 1
    hand.barred = {3: "unsubscribed"}
    assert scene.taken() == [2, 4, 5]
    ((placed, reply, verdict),) = scene.load.collect()
    assert (placed[1].id, reply, verdict) == (3, None, None)


def test_who_cannot_be_written_to_harms_nobody_else(scene: Scene) -> None:
    """Of those written together one alone is told of."""
    scene.put(Hand(), 5, without=2)
    assert scene.taken() == [1, 3, 4, 5]
    ((placed, reply, _),) = scene.load.collect()
    assert (placed[1].id, reply.phase) == (2, Phase.DATA)


@pytest.mark.parametrize("is_signed", [False, True])
def test_a_halted_lot_is_given_back(scene: Scene, is_signed: bool) -> None:
    """Written or not, nobody of it is handed out any more."""
    hand = Hand()
    scene.put(hand, 80, is_signed=is_signed)
    first = wait_for(scene.load.take).delivery
    hand.until, hand.is_halted = float("-inf"), True
    left = {placed[1].id for placed in scene.load.recall(hand)}
    assert wait_for(lambda: scene.load.take() is None)
    scene.load.close()  # a signer may have had some in hand
    left |= {placed[1].id for placed in scene.load.recall(hand)}
    left |= {placed[1].id for placed, _, _ in scene.load.collect()}
    assert left == set(range(1, 81)) - {first}


def test_signers_write_ahead_and_the_wire_takes_all(scene: Scene) -> None:
    """As many wait as are to, and nobody is forgotten at the end."""
    scene.put(Hand(), 300, is_signed=True)
    assert wait_for(lambda: scene.load.waiting - len(scene.load._waiting) >= WRITTEN_AHEAD)
    taken: list[int] = []
    assert wait_for(lambda: taken.extend(scene.taken()) or len(taken) == 300)
    assert sorted(taken) == list(range(1, 301))


def test_nobody_is_woken_for_nothing(scene: Scene) -> None:
    """While the ledger is too slow to be asked again, signers and wire let the processor rest."""

    def wake() -> None:
        scene.woken += 1
        scene.load.take()

    hand = Hand()
    scene.put(hand, 20, is_signed=True)
    assert wait_for(lambda: scene.load.waiting == 20 and not scene.load._waiting)
    scene.load.wake = wake
    scene.now = hand.until + 1
    scene.load.nudge()
    time.sleep(0.3)
    assert scene.woken < 5
    scene.now = 0.0
    assert wait_for(lambda: len(scene.taken()) == 20)


def wait_for(asked):
    """Give what is asked for as soon as there is some; in vain at most ten seconds."""
    end = time.monotonic() + 10
    while not (found := asked()) and time.monotonic() < end:
        time.sleep(0.005)
    return found
