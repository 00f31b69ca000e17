"""The relay's standing: when it rests, when a person's turn comes, and what the send says of it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from publisher.delivery.streaks import DOUBTS, REFUSALS
from publisher.model import DeliveryState, SendState
from publisher.send import Pace
from publisher.send.standing import RESTS
from publisher.store import sends

pytestmark = pytest.mark.parametrize(
    "database", ["sqlite", pytest.param("postgres", marks=pytest.mark.service)], indirect=True
)

CROWD = [f"reader{number}" for number in range(40)]


def resume(desk, number: int) -> None:
    """Resume a send, as a person does."""
    with desk.store.begin() as conn:
        assert sends.set_state(
            conn, number, SendState.RUNNING, frm={SendState.PAUSED}, now=desk.now
        )


def test_doubts_in_a_row_pause_the_send(desk, inbox) -> None:
    """A relay that takes all and never answers is not given the whole audience, twice each."""
    for name in CROWD:
        inbox.answers[f"{name}@example.com"] = ["drop"]
    desk.subscribe(*CROWD)
    number = desk.schedule()
    desk.run()
    found = desk.send(number)
    assert found.state is SendState.PAUSED
    assert "no answer after their content" in found.note
    assert found.count(DeliveryState.IN_DOUBT) == DOUBTS
    assert sum(inbox.recipients.values()) == DOUBTS


def test_a_doubt_now_and_then_is_none_of_the_relays(desk, inbox) -> None:
    """Doubts between answers pause nothing."""
    desk.newsletter = replace(desk.newsletter, in_doubt="hold")
    for name in CROWD[::2]:
        inbox.answers[f"{name}@example.com"] = ["drop"]
    desk.subscribe(*CROWD)
    number = desk.schedule()
    desk.run()
    assert desk.send(number).state is SendState.DONE


def test_refusals_of_the_message_in_a_row_pause_the_send(desk, inbox) -> None:
    """What we send is refused, not the recipients: few are charged, and all others wait."""
    for name in CROWD:
        inbox.answers[f"{name}@example.com"] = ["dot 554 5.7.1 looks like spam"]
    desk.subscribe(*CROWD)
    number = desk.schedule()
    desk.run()
    found = desk.send(number)
    assert found.state is SendState.PAUSED
    assert "looks like spam" in found.note
    refused = found.count(DeliveryState.REFUSED)
    assert REFUSALS <= refused <= 2 * REFUSALS
    inbox.answers.clear()
    resume(desk, number)
    desk.run()
    assert desk.send(number).count(DeliveryState.ACCEPTED) == len(CROWD) - refused


def test_mailboxes_that_are_gone_pause_nothing(desk, inbox) -> None:
    """An old list with many unknown mailboxes is sent to its end."""
    for name in CROWD:
        inbox.answers[f"{name}@example.com"] = ["rcpt 550 5.1.1 no such user"]
    desk.subscribe(*CROWD)
    number = desk.schedule()
    desk.run()
    assert desk.send(number).state is SendState.DONE


def test_while_the_relay_rests_the_send_says_so(desk, inbox) -> None:
    """Nobody answers: the note says since when and why; when it is over the note is gone."""
    desk.subscribe("ann")
    number = desk.schedule()
    port, desk.port = desk.port, 1
    trouble = desk.sender().until_idle(patience=timedelta(seconds=0.05))
    note = desk.send(number).note
    assert note == trouble
    assert note.startswith(RESTS)
    assert "Connection refused" in note
    assert "relay: 127.0.0.1:1, at CONNECT" in note, "which relay it is, and where"
    assert "since 2026-03-06 09:00" in note
    desk.port = port
    assert desk.sender().until_idle(patience=timedelta(seconds=0.05)) == ""
    assert desk.send(number).note == ""


def test_the_note_goes_with_the_first_answer(desk, inbox) -> None:
    """What the relay did before it answered again is not said until the lot is over."""
    notes: list[str] = []
    inbox.answers["ann@example.com"] = ["rcpt 421 4.3.2 busy"]
    inbox.on_mail = lambda _: notes.append(desk.send(1).note)
    desk.subscribe("ann", "bob", "cem")
    desk.schedule()
    desk.run(pace=Pace(idle=0.01, relay_rests=(0.01,)))
    assert all(note[:15] in {"", RESTS} for note in notes)
    assert desk.send(1).note == ""


def test_a_resumed_send_does_not_say_why_it_stood(desk, inbox) -> None:
    """The reason of a pause is gone when a person resumes."""
    inbox.answers["ann@example.com"] = ["rcpt 554 5.7.1 Relay access denied"]
    desk.subscribe("ann")
    number = desk.schedule()
    desk.run()
    resume(desk, number)
    desk.run()
    assert desk.send(number).state is SendState.DONE
    assert desk.send(number).note == ""
