"""The engine: several lots and several outlets at once, limits, canaries, pauses, bounces."""

import contextlib
import socket
import threading
import time
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from publisher.delivery import Limits
from publisher.model import Consent, DeliveryState, SendState
from publisher.send import Outlet, Pace
from publisher.send.freight import Load
from publisher.send.letter import Letter
from publisher.send.standing import RESTS
from publisher.store import account, sends, subscribers
from publisher.wire.courier import Courier
from publisher.wire.outbox import Outbox

pytestmark = pytest.mark.parametrize(
    "database", ["sqlite", pytest.param("postgres", marks=pytest.mark.service)], indirect=True
)


def crowd(number: int) -> list[str]:
    """Name so many readers."""
    return [f"reader{place:04}" for place in range(number)]


def test_many_connections_carry_several_lots(desk, inbox) -> None:
    """Lots are carried beside each other over many connections, and nobody gets it twice."""
    names = crowd(1_300)
    desk.subscribe(*names)
    number = desk.schedule()
    desk.run(outlets=desk.relay(connections=8), pace=Pace(idle=0.01))
    assert inbox.recipients == {f"{name}@example.com": 1 for name in names}
    assert desk.send(number).state is SendState.DONE
    assert list((desk.folder / "wire").iterdir()) == []


def boxes(desk, *weights: int) -> tuple[Outlet, ...]:
    """Make outlets that write to folders of their own."""
    made = []
    for place, weight in enumerate(weights):
        box = Outbox(desk.folder / f"box{place}")
        made.append(
            Outlet(f"box{place}", lambda freight, box=box: Courier(box, freight), weight=weight)
        )
    return tuple(made)


def taken(desk, *places: int) -> list[int]:
    """Count the messages in each folder."""
    return [len(list((desk.folder / f"box{place}").glob("*.eml"))) for place in places]


def test_outlets_share_by_weight(desk) -> None:
    """Of two outlets that keep up, one of three times the weight gets three times as many."""
    desk.subscribe(*crowd(400))
    desk.schedule()
    desk.run(outlets=boxes(desk, 3, 1), pace=Pace(idle=0.01))
    heavy, light = taken(desk, 0, 1)
    assert heavy + light == 400
    assert 200 <= heavy <= 350
    with desk.store.read() as conn:
        by_relay = account.by_relay(conn, 1)
    assert by_relay == {"box0": {"accepted": heavy}, "box1": {"accepted": light}}


def test_an_outlet_that_is_down_leaves_all_to_the_other(desk, inbox) -> None:
    """Nobody waits for a relay that does not answer while another does."""
    names = crowd(120)
    desk.subscribe(*names)
    number = desk.schedule()
    (down,) = desk.relay(port=1)
    (well,) = desk.relay()
    desk.run(
        outlets=(replace(down, name="down"), replace(well, name="well")),
        pace=Pace(idle=0.01, relay_rests=(0.2, 5.0)),
    )
    assert set(inbox.recipients.values()) == {1}
    assert len(inbox.recipients) == len(names)
    assert desk.send(number).state is SendState.DONE


def test_an_outlet_in_need_of_a_person_leaves_all_to_the_other(desk) -> None:
    """One outlet that cannot be used pauses nothing while there is another."""
    (desk.folder / "box0").write_text("a file")
    desk.subscribe(*crowd(120))
    number = desk.schedule()
    desk.run(outlets=boxes(desk, 1, 1), pace=Pace(idle=0.01))
    assert desk.send(number).state is SendState.DONE
    assert taken(desk, 1) == [120]


def test_a_pause_is_heeded_at_once_and_loses_nobody(desk, inbox) -> None:
    """With many on their way, nothing begins after a pause was seen; resumed, all get it once."""
    names = crowd(600)
    desk.subscribe(*names)
    number = desk.schedule()
    seen: list[str] = []

    def slow(recipient: str) -> None:
        seen.append(recipient)
        time.sleep(0.005)
        if len(seen) == 20:
            with desk.store.begin() as conn:
                sends.set_state(
                    conn, number, SendState.PAUSED, frm={SendState.RUNNING}, now=desk.now
                )

    inbox.on_mail = slow
    desk.run(outlets=desk.relay(connections=4), pace=Pace(idle=0.01, watch_seconds=0.05))
    assert len(seen) < 120
    found = desk.send(number)
    assert found.state is SendState.PAUSED
    assert found.count(DeliveryState.ACCEPTED) == len(seen)
    assert found.count(DeliveryState.QUEUED) == len(names) - len(seen)
    inbox.on_mail = lambda _: None
    with desk.store.begin() as conn:
        sends.set_state(conn, number, SendState.RUNNING, frm={SendState.PAUSED}, now=desk.now)
    desk.run(outlets=desk.relay(connections=4))
    assert inbox.recipients == {f"{name}@example.com": 1 for name in names}


# --- canary ---


def with_canary(desk, number: int, **changes: object) -> int:
    """Schedule an issue to so many readers of whom some go first."""
    desk.newsletter = replace(desk.newsletter, canary=0.05, **changes)
    desk.subscribe(*crowd(number))
    return desk.schedule()


def test_the_first_ones_go_alone_and_all_follow(desk, inbox) -> None:
    """Editors are the first of the canary, and who accepted it lets the others go."""
    number = with_canary(desk, 700, editors=("reader0500@example.com",))
    order: list[str] = []
    counts: list[int] = []

    def look(recipient: str) -> None:
        order.append(recipient)
        if len(order) in (1, 20):
            counts.append(desk.send(number).count(DeliveryState.QUEUED))

    inbox.on_mail = look
    desk.run()
    assert order[0] == "reader0500@example.com"
    assert counts[0] >= 600, "only the canary is being sent"
    assert Counter(order) == {f"{name}@example.com": 1 for name in crowd(700)}
    assert desk.send(number).state is SendState.DONE


def test_a_canary_that_goes_badly_holds_the_rest(desk, inbox) -> None:
    """When many of the first are refused nobody else is mailed until a person says so."""
    for name in crowd(700)[::2]:
        inbox.answers[f"{name}@example.com"] = ["dot 554 5.7.1 looks like spam", "dot 250 ok"] * 9
    number = with_canary(desk, 700)
    desk.run(pace=Pace(idle=0.01))
    found = desk.send(number)
    assert found.state is SendState.PAUSED
    assert found.count(DeliveryState.QUEUED) >= 600
    inbox.answers.clear()
    with desk.store.begin() as conn:
        sends.set_state(conn, number, SendState.RUNNING, frm={SendState.PAUSED}, now=desk.now)
    desk.run()
    assert desk.send(number).state is SendState.DONE
    assert set(inbox.recipients.values()) == {1}


# --- hours and bounces ---


def test_in_quiet_hours_only_tests_leave(desk, inbox) -> None:
    """What runs waits until the hours are over; a test leaves at once."""
    desk.newsletter = replace(desk.newsletter, quiet="22:00-07:00", timezone="Europe/Berlin")
    desk.now = desk.now.replace(hour=23)
    desk.subscribe("ann")
    number = desk.schedule()
    from publisher.model import Kind

    desk.schedule(Kind.TEST, addresses=["editor@example.com"])
    desk.sender().begin_due()
    sender = desk.sender()
    with sender:
        end = time.monotonic() + 5
        while not inbox.recipients and time.monotonic() < end:
            sender.work()
    assert set(inbox.recipients) == {"editor@example.com"}
    assert desk.send(number).count(DeliveryState.QUEUED) == 1
    desk.later(hours=8)
    desk.run()
    assert set(inbox.recipients) == {"editor@example.com", "ann@example.com"}


def test_the_second_hard_bounce_on_another_day_suppresses(desk, inbox) -> None:
    """One refusal for good may be a slip of the receiver's; on a second day it is believed."""
    desk.subscribe(*crowd(30))
    gone = "reader0007@example.com"
    for day in range(2):
        inbox.answers[gone] = ["rcpt 550 5.1.1 no such user"]
        number = desk.schedule() if day == 0 else again(desk)
        desk.run()
        assert desk.send(number).count(DeliveryState.REFUSED) == 1
        with desk.store.read() as conn:
            reason = subscribers.is_suppressed(conn, "weekly", gone, key=b"0" * 32)
        assert bool(reason) == (day == 1)
        desk.later(days=1)
    assert "no such user" in (reason or "")


def again(desk) -> int:
    """Send it to those who have it not."""
    return desk.schedule(missing=True)


def test_a_jump_of_hard_refusals_is_the_relays(desk, inbox) -> None:
    """When a relay suddenly knows one in ten no more, nobody is suppressed and a person looks."""
    for name in crowd(60)[::6]:
        inbox.answers[f"{name}@example.com"] = ["rcpt 550 5.1.1 no such user"]
    desk.subscribe(*crowd(60), *(f"other{place}" for place in range(600)))
    number = desk.schedule()
    desk.run()
    found = desk.send(number)
    assert found.state in {SendState.DONE, SendState.PAUSED}
    for name in crowd(60)[::2]:
        inbox.answers[f"{name}@example.com"] = ["rcpt 550 5.1.1 no such user"]


def test_the_note_says_the_relay_rests(desk) -> None:
    """While no relay answers the send says so, and nobody is charged."""
    desk.subscribe("ann")
    number = desk.schedule()
    desk.sender(outlets=desk.relay(port=1)).until_idle(patience=timedelta(seconds=0.3))
    assert desk.send(number).note.startswith(RESTS)
    assert desk.who("ann").attempts == 0


def test_unsubscribing_is_heeded_within_a_second(desk, inbox) -> None:
    """Whoever leaves while a slow relay works is not mailed later than a second after."""
    names = crowd(40)
    desk.subscribe(*names)
    desk.schedule()
    left = threading.Event()

    def slow(recipient: str) -> None:
        if not left.is_set():
            left.set()
            with desk.store.begin() as conn:
                subscribers.suppress(conn, "weekly", "reader0039@example.com", "asked", desk.now)
        time.sleep(0.04)

    inbox.on_mail = slow
    desk.run()
    assert "reader0039@example.com" not in inbox.recipients
    assert len(inbox.recipients) == 39


# --- receivers ---


def at_qq(desk, number: int) -> list[str]:
    """Add readers whose mailboxes are at one receiver."""
    consent = Consent("form", "asked for it", desk.now)
    found = [
        f"reader{place:04}@{'qq.com' if place % 2 else 'foxmail.com'}" for place in range(number)
    ]
    with desk.store.begin() as conn:
        for address in found:
            subscribers.add(conn, "weekly", address, consent=consent, now=desk.now)
    return found


def test_a_receiver_that_has_enough_is_left_alone(desk, inbox) -> None:
    """After one "frequency limited" nobody else at that receiver is tried, nor charged."""
    theirs = at_qq(desk, 300)
    desk.subscribe("ann")
    for one in theirs:
        inbox.answers[one] = ["rcpt 550 Domain frequency limited [x]"]
    number = desk.schedule()
    desk.run(pace=Pace(idle=0.01, ahead=1))
    desk.later(minutes=1)
    desk.run()
    found = desk.send(number)
    assert inbox.recipients == {"ann@example.com": 1}
    assert found.count(DeliveryState.REFUSED) == 0
    inbox.answers.clear()
    desk.later(hours=5)
    desk.run()
    assert desk.send(number).state is SendState.DONE
    assert set(inbox.recipients.values()) == {1}


def test_a_receiver_with_a_limit_gets_no_more_in_a_minute(desk, inbox) -> None:
    """Who is over the limit waits in the queue, uncharged, and gets it later."""
    at_qq(desk, 30)
    desk.subscribe("ann")
    number = desk.schedule()
    desk.run(domain_limits={"qq.com": 10})
    assert len(inbox.recipients) < 15
    assert "ann@example.com" in inbox.recipients
    for _ in range(40):
        desk.later(seconds=15)
        desk.run(domain_limits={"qq.com": 10})
    assert desk.send(number).state is SendState.DONE
    assert set(inbox.recipients.values()) == {1}
    assert {desk.send(number).count(DeliveryState.ACCEPTED)} == {31}


# --- several relays, their limits, the end ---


def stop_at_last(desk) -> None:
    """End what would never end, so that the test fails instead."""
    timer = threading.Timer(20, desk.stop.set)
    timer.daemon = True
    timer.start()


def two(desk, *ports: int) -> tuple[Outlet, ...]:
    """Make two relays."""
    (one,) = desk.relay(port=ports[0])
    (other,) = desk.relay(port=ports[1])
    return replace(one, name="one"), replace(other, name="other")


def test_the_note_about_several_relays_goes_with_the_first_acceptance(desk, inbox) -> None:
    """While no relay of two answers the send says so; when one does, the note is gone."""
    desk.subscribe("ann")
    number = desk.schedule()
    pace = Pace(idle=0.01, relay_rests=(0.01,))
    trouble = desk.sender(outlets=two(desk, 1, 1), pace=pace).until_idle(timedelta(seconds=4))
    note = desk.send(number).note
    assert note == trouble
    assert note.startswith(RESTS)
    assert "one: " in note
    assert "other: " in note
    assert desk.sender(outlets=two(desk, desk.port, desk.port)).until_idle() == ""
    assert desk.send(number).note == ""


def test_of_two_one_is_left_out_and_one_down(desk) -> None:
    """A command does not wait for ever when one relay needs a person and the other is down."""
    (desk.folder / "box").write_text("a file")
    box = Outbox(desk.folder / "box")
    (down,) = desk.relay(port=1)
    outlets = (Outlet("box", lambda freight: Courier(box, freight)), down)
    desk.subscribe("ann", "bob")
    number = desk.schedule()
    pace = Pace(idle=0.01, relay_rests=(0.01,))
    sender = desk.sender(outlets=outlets, pace=pace)
    stop_at_last(desk)
    trouble = sender.until_idle(timedelta(seconds=1))
    assert "box: " in trouble
    assert "relay: " in trouble
    assert desk.send(number).note == trouble


def test_a_command_does_not_wait_for_tomorrows_allowance(desk) -> None:
    """More lots than the limit allows: the command ends and says until when."""
    (box,) = boxes(desk, 1)
    desk.subscribe(*crowd(600))
    number = desk.schedule()
    stop_at_last(desk)
    sender = desk.sender(outlets=(replace(box, limits=Limits(per_hour=10)),))
    assert "no more before 2026-03-06 10:0" in sender.until_idle(timedelta(minutes=2))
    assert taken(desk, 0) == [10]
    assert desk.send(number).count(DeliveryState.QUEUED) == 590


def test_who_did_not_go_does_not_count(desk, inbox) -> None:
    """A relay that fails at the first one takes the others later, within the same hour's limit."""
    desk.subscribe(*crowd(30))
    number = desk.schedule()
    inbox.answers["reader0000@example.com"] = ["rcpt 421 4.3.2 busy"]
    (relay,) = desk.relay()
    desk.run(
        outlets=(replace(relay, limits=Limits(per_hour=30)),),
        pace=Pace(idle=0.01, relay_rests=(0.3,)),
    )
    assert desk.send(number).count(DeliveryState.ACCEPTED) >= 25


def test_who_is_over_a_limit_goes_by_a_relay_that_rests_shortly(desk) -> None:
    """An hour's limit of one relay does not hold back whom another takes in a moment."""
    first, second = boxes(desk, 1, 1)
    desk.subscribe(*crowd(60))
    number = desk.schedule()
    sender = desk.sender(outlets=(replace(first, limits=Limits(per_hour=10)), second))
    sender.work()
    assert sender._engine is not None
    sender._engine.ways[1].rest(0.5)
    sender.until_idle()
    assert desk.send(number).state is SendState.DONE
    assert taken(desk, 0, 1) == [10, 50]


def test_an_end_while_a_message_is_signed_leaves_nobody_behind(desk, monkeypatch) -> None:
    """Who was being written when the sender left is back in the queue, not in doubt."""
    writing, go_on = threading.Event(), threading.Event()
    write = Letter.write

    def slowly(letter, some, places):
        if threading.current_thread().name.startswith("signer"):
            writing.set()
            go_on.wait(10)
        return write(letter, some, places)

    monkeypatch.setattr(Letter, "write", slowly)
    monkeypatch.setattr(Letter, "is_signed", True)
    desk.subscribe(*crowd(5))
    number = desk.schedule()
    sender = desk.sender(outlets=desk.outbox())
    sender.begin_due()
    while not writing.is_set():
        sender.work()
    close = Load.close

    def late(load):
        go_on.set()
        close(load)

    monkeypatch.setattr(Load, "close", late)
    desk.stop.set()
    sender.close()
    assert desk.send(number).count(DeliveryState.QUEUED) == 5


def test_a_lost_lot_breaks_nothing_while_its_relay_rests(desk) -> None:
    """Of a lot another took, what comes back late is his: nothing is told, nothing fails."""
    desk.subscribe(*crowd(5))
    desk.schedule()
    sender = desk.sender(outlets=desk.outbox())
    sender.begin_due()
    sender.work()
    engine = sender._engine
    assert engine is not None
    (hand,) = engine._hands.values()
    late = (hand, hand.lot.deliveries[0], 200)  # as a thread that signs holds it
    engine._lose(hand)
    engine.ways[0].load.add([late], is_signed=False)
    engine.ways[0].rest(60)
    sender.work()
    sender.work()
    assert engine._groups == {}


def test_a_login_refused_gives_everybody_back_at_once(desk) -> None:
    """A relay that refuses the password pauses the send in seconds, not at some time-out."""
    listener = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    greeted: list[socket.socket] = []

    def serve(one: socket.socket) -> None:
        greeted.append(one)
        with one, one.makefile("rb") as lines:
            if len(greeted) > 1:
                over.wait(80)  # the others are never greeted
                return
            one.sendall(b"220 relay\r\n")
            for line in lines:
                if line.startswith(b"EHLO"):
                    one.sendall(b"250-relay\r\n250-AUTH PLAIN\r\n250 PIPELINING\r\n")
                elif line.startswith(b"AUTH"):
                    one.sendall(b"535 5.7.8 wrong\r\n")
                    over.wait(20)  # and it does not hang up

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                one, _ = listener.accept()
                threading.Thread(target=serve, args=(one,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    desk.subscribe(*crowd(60))
    number = desk.schedule()
    port = listener.getsockname()[1]
    begun = time.monotonic()
    desk.run(outlets=desk.relay(port=port, user="me", password="no", timeout=1.0, connections=16))
    took = time.monotonic() - begun
    over.set()
    listener.close()
    assert desk.send(number).state is SendState.PAUSED
    assert "refused the login" in desk.send(number).note
    assert set(desk.states().values()) == {"queued"}
    assert took < 15, "far below the minute a command may take"
