"""What became of the lots of dead owners: the map's truth, or a doubt."""

import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from publisher.model import DeliveryState, SendState
from publisher.send import Pace
from publisher.send.recovery import WORDS
from publisher.store import ledger
from publisher.wire.map import Mark, WireMap

NAMES = ("ann", "bob", "cem", "dan", "eve")


@pytest.fixture
def dead(desk):
    """Claim a lot in the name of a sender, and say with which map it died."""

    def die(marks: dict[str, tuple[Mark, int | None]] | None, boot: str | None = None) -> None:
        desk.subscribe(*NAMES)
        desk.schedule()
        desk.sender().begin_due()
        wire = WireMap(desk.folder / "wire", "dead-1", boot)
        with desk.store.begin() as conn:
            lot = ledger.claim(conn, "dead-1", timedelta(minutes=30), desk.now)
        if marks is not None:
            places = wire.hold(lot.id, lot.generation, [one.id for one in lot.deliveries])
            for one, place in zip(lot.deliveries, places, strict=True):
                name = one.address.partition("@")[0]
                if name in marks:
                    wire.mark(place, *marks[name])
        wire.leave()

    return die


MARKS = {
    "ann": (Mark.ACCEPTED, 250),
    "bob": (Mark.BEGUN, None),
    "cem": (Mark.DEFERRED, 451),
    "dan": (Mark.REFUSED, 550),
}


def test_the_map_is_the_truth(desk, inbox, dead) -> None:
    """Of a killed sender every outcome is known, and only what was on the wire is in doubt."""
    dead(MARKS)
    desk.newsletter = replace(desk.newsletter, in_doubt="hold")
    desk.sender().recover()
    assert desk.states() == {
        "ann": "accepted", "bob": "in_doubt", "cem": "deferred", "dan": "refused", "eve": "queued",
    }  # fmt: skip
    assert desk.who("dan").code == 550
    assert desk.who("bob").words == WORDS
    assert list((desk.folder / "wire").iterdir()) == []


def test_who_was_unsent_is_sent(desk, inbox, dead) -> None:
    """After the recovery the send goes on: the unsent at once, the doubtful once more."""
    dead(MARKS)
    desk.run()
    assert inbox.recipients == {"bob@example.com": 1, "eve@example.com": 1}
    desk.later(minutes=10)
    desk.run()
    assert inbox.recipients == {f"{name}@example.com": 1 for name in ("bob", "eve", "cem")}


def test_nothing_was_begun_without_a_map_of_the_lot(desk, inbox, dead) -> None:
    """Killed between the claim and its map, a sender had begun nothing: no doubt, all are sent."""
    dead(None)
    desk.sender().recover()
    assert set(desk.states().values()) == {"queued"}


def test_after_a_lost_machine_all_claimed_are_in_doubt(desk, inbox, dead) -> None:
    """The map of another boot is not believed."""
    dead(MARKS, boot="another")
    desk.newsletter = replace(desk.newsletter, in_doubt="hold")
    desk.sender().recover()
    assert set(desk.states().values()) == {"in_doubt"}


def test_resend_policy_repeats_the_doubtful(desk, inbox, dead) -> None:
    """With `resend` those in doubt are due at once."""
    dead(MARKS, boot="another")
    desk.run()
    assert inbox.recipients == {f"{name}@example.com": 1 for name in NAMES}


def test_a_lease_that_ran_out_is_a_doubt(desk, inbox, dead) -> None:
    """An owner without a map here is believed dead when his lease ran out, not before."""
    dead(MARKS)
    (desk.folder / "wire" / "dead-1.map").unlink()
    desk.newsletter = replace(desk.newsletter, in_doubt="hold")
    desk.sender().recover()
    assert set(desk.states().values()) == {"sending"}
    desk.later(minutes=31)
    desk.sender().recover()
    assert set(desk.states().values()) == {"in_doubt"}


def test_a_claim_whose_commit_was_unheard_is_given_back(desk, inbox) -> None:
    """A lot the ledger says is ours while we hold none goes back to the queue."""
    desk.subscribe(*NAMES)
    desk.schedule()
    sender = desk.sender()
    sender.begin_due()
    with desk.store.begin() as conn:
        ledger.claim(conn, sender.owner, timedelta(minutes=30), desk.now)
    sender.until_idle()
    assert inbox.recipients == {f"{name}@example.com": 1 for name in NAMES}


def test_a_living_sender_is_left_alone(desk, inbox) -> None:
    """Another process recovering in mid-send takes nothing from a sender that lives."""
    inbox.on_mail = lambda _: desk.sender().recover()
    desk.subscribe(*NAMES)
    desk.schedule()
    desk.run()
    assert inbox.recipients == {f"{name}@example.com": 1 for name in NAMES}


def test_two_senders_share_the_work(desk, inbox) -> None:
    """Two senders at once send to nobody twice and leave nobody out."""
    names = [f"reader{number}" for number in range(600)]
    desk.subscribe(*names)
    number = desk.schedule()
    pace = Pace(idle=0.01)
    threads = [threading.Thread(target=desk.run, kwargs={"pace": pace}) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert inbox.recipients == {f"{name}@example.com": 1 for name in names}
    assert desk.send(number).state is SendState.DONE


def test_a_sleeper_is_fenced_out(desk, inbox) -> None:
    """A sender that slept through its lease records nothing, and sends nothing twice.

    What it had behind the message in its hand may still leave: how many is a matter of moments.
    """

    def sleep(recipient: str) -> None:
        if recipient == "ann@example.com":
            inbox.on_mail = lambda _: None
            desk.later(hours=1)
            other = desk.sender(newsletters={"weekly": replace(desk.newsletter, in_doubt="hold")})
            other.recover()

    inbox.on_mail = sleep
    desk.subscribe(*NAMES)
    desk.schedule()
    desk.run(pace=Pace(idle=0.01, group=1))
    assert inbox.recipients["ann@example.com"] == 1
    assert set(inbox.recipients.values()) == {1}
    assert set(desk.states().values()) == {"in_doubt"}


def test_recovering_twice_changes_nothing(desk, inbox, dead) -> None:
    """What was settled is settled."""
    dead(MARKS)
    desk.sender().recover()
    before = desk.states()
    desk.sender().recover()
    assert desk.states() == before


KILLED = """
import os, signal, sys, threading
from datetime import UTC, datetime
from pathlib import Path
from publisher import templates
from publisher.model import Newsletter
from publisher.send import Outlet, Outside, Sender
from publisher.store import Store
from publisher.wire.courier import Courier
from publisher.wire.outbox import Outbox

folder, die_at = Path(sys.argv[1]), int(sys.argv[2])
newsletter = Newsletter("weekly", "Weekly", sender_address="weekly@news.example.net",
                        site_url="https://news.example.net/")

class Fatal(Outbox):
    left = die_at

    def deliver(self, envelope, content, begun):
        def die() -> bool:
            may = begun()
            if self.left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            self.left -= 1
            return may
        return super().deliver(envelope, content, die)

store = Store.open(f"sqlite:///{folder}/publisher.db")
outbox = Fatal(folder / "outbox")
sender = Sender(Outside(store, {"weekly": newsletter}, templates.load(), b"0" * 32,
    folder / "wire", (Outlet("outbox", lambda freight: Courier(outbox, freight)),),
    lambda: datetime(2026, 3, 6, 10, tzinfo=UTC),
    threading.Event()))
sender.until_idle()
"""


@pytest.mark.parametrize("die_at", [0, 3])
def test_killed_with_one_message_on_the_wire(desk, die_at: int) -> None:
    """A sender killed while one message is on the wire leaves that one in doubt and no other."""
    desk.subscribe(*NAMES)
    number = desk.schedule()
    child = subprocess.run(
        [sys.executable, "-c", KILLED, str(desk.folder), str(die_at)],
        check=False,
        capture_output=True,
    )
    assert child.returncode == -signal.SIGKILL, child.stderr.decode()
    desk.newsletter = replace(desk.newsletter, in_doubt="hold")
    desk.sender().recover()
    found = desk.send(number)
    assert found.count(DeliveryState.ACCEPTED) == die_at
    assert found.count(DeliveryState.IN_DOUBT) == 1
    assert found.count(DeliveryState.QUEUED) == len(NAMES) - die_at - 1
    assert len(list((desk.folder / "outbox").glob("*.eml"))) == die_at
    assert os.listdir(desk.folder / "wire") == []
