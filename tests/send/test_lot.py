"""One lot carried: what replies, doubts and the relay's faults do to its deliveries."""

from dataclasses import replace
from datetime import timedelta

import pytest

from publisher.delivery.streaks import STUBBORN
from publisher.errors import TransportError
from publisher.model import SendState
from publisher.send import Outlet
from publisher.store import ledger, sends

pytestmark = pytest.mark.parametrize(
    "database", ["sqlite", pytest.param("postgres", marks=pytest.mark.service)], indirect=True
)


def test_refusals_and_deferrals_are_kept(desk, inbox) -> None:
    """Each reply becomes its delivery's state with the relay's words; others are not held up."""
    inbox.answers["ann@example.com"] = ["rcpt 550 5.1.1 no such user"]
    inbox.answers["bob@example.com"] = ["rcpt 450 4.2.0 greylisted"]
    inbox.answers["cem@example.com"] = ["dot 552 5.3.4 too big"]
    desk.subscribe("ann", "bob", "cem", "dan")
    number = desk.schedule()
    desk.run()
    assert desk.states() == {
        "ann": "refused", "bob": "deferred", "cem": "refused", "dan": "accepted",
    }  # fmt: skip
    assert desk.who("ann").code == 550
    assert "no such user" in desk.who("ann").words
    assert desk.send(number).state is SendState.RUNNING
    desk.later(minutes=10)
    desk.run()
    assert desk.states()["bob"] == "accepted"
    assert desk.send(number).state is SendState.DONE


def test_deferring_ends_after_two_days(desk, inbox) -> None:
    """A mailbox that never takes it is given up after 48 hours."""
    inbox.answers["ann@example.com"] = ["rcpt 450 4.2.0 later"] * 40
    desk.subscribe("ann")
    number = desk.schedule()
    for _ in range(60):
        desk.run()
        desk.later(hours=1, minutes=1)
    assert desk.who("ann").state == "refused"
    assert "given up" in desk.who("ann").words
    assert desk.send(number).state is SendState.DONE


def test_a_doubt_is_repeated_with_the_same_id(desk, inbox) -> None:
    """No answer after the content: it is sent again, and every copy has one Message-ID."""
    inbox.answers["ann@example.com"] = ["drop"]
    desk.subscribe("ann", "bob")
    desk.schedule()
    desk.run()
    assert inbox.recipients == {"ann@example.com": 2, "bob@example.com": 1}
    ids = {message["Message-ID"] for _, to, message in inbox.kept if to == "ann@example.com"}
    assert len(ids) == 1
    assert set(desk.states().values()) == {"accepted"}


def test_a_doubt_is_held_where_the_newsletter_says_so(desk, inbox) -> None:
    """With `in_doubt = "hold"` a person decides, and nobody is mailed twice."""
    desk.newsletter = replace(desk.newsletter, in_doubt="hold")
    inbox.answers["ann@example.com"] = ["drop"]
    desk.subscribe("ann", "bob")
    number = desk.schedule()
    desk.run()
    assert inbox.recipients == {"ann@example.com": 1, "bob@example.com": 1}
    with desk.store.read() as conn:
        assert [one.address for one in ledger.in_doubt(conn, number)] == ["ann@example.com"]


def test_repeats_of_a_doubt_are_bounded(desk, inbox) -> None:
    """A relay that takes the mail and never says so does not mail one person for days."""
    inbox.answers["ann@example.com"] = ["drop"] * 20
    desk.subscribe("ann")
    desk.schedule()
    for _ in range(10):
        desk.run()
        desk.later(hours=2)
    assert inbox.recipients == {"ann@example.com": 4}
    assert desk.states() == {"ann": "in_doubt"}


def test_a_relays_fault_charges_nobody(desk, inbox) -> None:
    """After 421 the relay rests, the lot goes on, and no attempt is charged."""
    inbox.answers["bob@example.com"] = ["rcpt 421 4.3.2 busy"] * 2
    desk.subscribe("ann", "bob", "cem")
    desk.schedule()
    desk.run()
    assert inbox.recipients == {f"{name}@example.com": 1 for name in ("ann", "bob", "cem")}
    assert desk.who("bob").attempts == 1


def test_one_message_does_not_hold_up_all(desk, inbox) -> None:
    """A message the relay always fails on is deferred like any other fault of its own."""
    inbox.answers["ann@example.com"] = ["rcpt 421 4.3.2 busy"] * STUBBORN
    desk.subscribe("ann", "bob")
    desk.schedule()
    desk.run()
    assert desk.states() == {"ann": "deferred", "bob": "accepted"}


def test_nobody_home(desk, inbox) -> None:
    """While nobody answers all stay queued; with patience it ends, and later all is sent."""
    desk.subscribe("ann", "bob")
    number = desk.schedule()
    port, desk.port = desk.port, 1
    desk.sender().until_idle(patience=timedelta(seconds=0.05))
    assert set(desk.states().values()) == {"queued"}
    assert desk.send(number).state is SendState.RUNNING
    desk.port = port
    desk.run()
    assert set(desk.states().values()) == {"accepted"}


def test_a_relay_that_does_not_relay_pauses_the_send(desk, inbox) -> None:
    """A refusal meant for us bounces nobody: the send is paused with the relay's words."""
    inbox.answers["ann@example.com"] = ["rcpt 554 5.7.1 Relay access denied"]
    desk.subscribe("ann", "bob")
    number = desk.schedule()
    desk.run()
    assert desk.send(number).state is SendState.PAUSED
    assert "Relay access denied" in desk.send(number).note
    assert desk.states()["ann"] == "queued"
    with desk.store.begin() as conn:
        sends.set_state(conn, number, SendState.RUNNING, frm={SendState.PAUSED}, now=desk.now)
    desk.run()
    assert set(desk.states().values()) == {"accepted"}


def test_an_unusable_transport_pauses_the_send(desk) -> None:
    """A transport that cannot be used is a note on the send, and everybody waits."""
    (desk.folder / "outbox").write_text("a file")
    desk.subscribe("ann", "bob")
    number = desk.schedule()
    desk.run(outlets=desk.outbox())
    assert desk.send(number).state is SendState.PAUSED
    assert "outbox" in desk.send(number).note
    assert set(desk.states().values()) == {"queued"}


def test_a_transport_that_cannot_be_made_pauses_the_send(desk) -> None:
    """Faults in making the transport are told the same way."""

    def fail(freight: object) -> None:
        raise TransportError("no such relay", hint="name another")

    desk.subscribe("ann")
    number = desk.schedule()
    desk.run(outlets=(Outlet("relay", fail),))
    assert desk.send(number).note == "no such relay (name another)"
