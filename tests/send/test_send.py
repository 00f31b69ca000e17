"""The hall of sending, end to end over a real relay: who gets what, once, and why not."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from publisher import tokens
from publisher.errors import StoreError, TransportError
from publisher.model import DeliveryState, Finding, Kind, Level, SendState, SubscriberState
from publisher.send import Pace
from publisher.send.lot import STUBBORN
from publisher.store import ledger, sends, subscribers
from publisher.store.schema import subscriber
from publisher.wire.outbox import Outbox

KEY = b"0123456789abcdef0123456789abcdef"


def test_everyone_gets_it_once(desk, inbox) -> None:
    """A due send reaches every subscriber once and is done."""
    desk.subscribe("ann", "bob", "cem")
    number = desk.schedule()
    desk.run()
    desk.run()
    assert inbox.recipients == {f"{name}@example.com": 1 for name in ("ann", "bob", "cem")}
    assert set(desk.states().values()) == {"accepted"}
    assert desk.send(number).state is SendState.DONE
    assert list((desk.folder / "wire").iterdir()) == []


def test_message_is_ones_own(desk, inbox, token_in) -> None:
    """Each message carries its reader's address, a stable Message-ID and a genuine way out."""
    desk.subscribe("ann", "bob")
    desk.schedule()
    desk.run()
    for sender, recipient, message in inbox.kept:
        with desk.store.read() as conn:
            reader = subscribers.find(conn, "weekly", recipient)
        assert sender == "weekly@news.example.net"
        assert recipient in message["To"]
        issue_id = "tag:news.example.net,2026-03-06:7"
        assert message["Message-ID"] == tokens.message_id(
            KEY, issue_id, reader.id, "news.example.net"
        )
        token = token_in(message["List-Unsubscribe"])
        assert tokens.is_genuine(KEY, token, "weekly", reader.id, recipient)
        assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_bounces_come_back_to_the_delivery(desk, inbox) -> None:
    """With a bounce domain the envelope names the delivery."""
    desk.newsletter = replace(desk.newsletter, bounce_domain="bounces.example.net")
    desk.subscribe("ann")
    desk.schedule()
    desk.run()
    ((sender, _, _),) = inbox.kept
    assert tokens.delivery_of(KEY, sender) == desk.who("ann").id


def test_outbox_takes_it_too(desk) -> None:
    """The outbox is a transport like any other."""
    desk.subscribe("ann", "bob")
    desk.schedule()
    desk.run(transport=lambda: Outbox(desk.folder / "outbox"))
    assert len(list((desk.folder / "outbox").glob("*.eml"))) == 2
    assert set(desk.states().values()) == {"accepted"}


def test_not_before_its_moment(desk, inbox) -> None:
    """A send scheduled for later waits for its moment."""
    desk.subscribe("ann")
    desk.now += timedelta(hours=1)
    number = desk.schedule()
    desk.now -= timedelta(hours=1)
    desk.run()
    assert desk.send(number).state is SendState.SCHEDULED
    desk.later(hours=1)
    desk.run()
    assert inbox.recipients == {"ann@example.com": 1}


def test_many_lots(desk, inbox) -> None:
    """An audience of more than a lot is carried lot by lot."""
    names = [f"reader{number}" for number in range(520)]
    desk.subscribe(*names)
    number = desk.schedule()
    desk.run(pace=Pace(idle=0.01))
    assert inbox.recipients == {f"{name}@example.com": 1 for name in names}
    assert desk.send(number).count(DeliveryState.ACCEPTED) == 520


# --- consent ------------------------------------------------------------------


def test_unsubscribing_in_mid_send_is_heeded(desk, inbox) -> None:
    """Who unsubscribes, is suppressed or erased while the send runs is skipped, with the reason."""

    def leave(recipient: str) -> None:
        if recipient != "ann@example.com":
            return
        with desk.store.begin() as conn:
            bob = subscribers.find(conn, "weekly", "bob@example.com")
            subscribers.set_state(conn, bob.id, SubscriberState.UNSUBSCRIBED, desk.now, "clicked")
            subscribers.suppress(conn, "weekly", "cem@example.com", "bounced", desk.now)
            subscribers.erase(conn, "weekly", "dan@example.com", KEY, desk.now)

    inbox.on_mail = leave
    desk.subscribe("ann", "bob", "cem", "dan", "eve")
    desk.schedule()
    desk.run()
    assert set(inbox.recipients) == {"ann@example.com", "eve@example.com"}
    assert (desk.who("bob").state, desk.who("bob").words) == ("skipped", "unsubscribed")
    assert (desk.who("cem").state, desk.who("cem").words) == ("skipped", "suppressed: bounced")
    assert sorted(desk.states().values()) == [
        "accepted",
        "accepted",
        "skipped",
        "skipped",
        "skipped",
    ]


def test_a_suppressed_address_gets_no_test(desk, inbox) -> None:
    """Even a test does not reach an address that is never mailed."""
    with desk.store.begin() as conn:
        subscribers.suppress(conn, "weekly", "cem@example.com", "complained", desk.now)
    desk.schedule(Kind.TEST, addresses=["ann@example.com", "cem@example.com"])
    desk.run()
    assert set(inbox.recipients) == {"ann@example.com"}


def test_tests_are_new_messages_each_time(desk, inbox) -> None:
    """A test is marked, has a Message-ID of its own and never counts."""
    desk.subscribe("ann")
    for _ in range(2):
        desk.schedule(Kind.TEST, addresses=["ann@example.com"])
    desk.run()
    desk.schedule()
    desk.run()
    messages = [message for _, _, message in inbox.kept]
    assert len({message["Message-ID"] for message in messages}) == 3
    assert ["Test" in message["Subject"] for message in messages] == [True, True, False]
    assert messages[0]["List-Unsubscribe"] is None


# --- replies ------------------------------------------------------------------


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


# --- faults of the relay --------------------------------------------------------


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
    assert set(desk.states().values()) == {"queued"}
    with desk.store.begin() as conn:
        sends.set_state(conn, number, SendState.RUNNING, frm={SendState.PAUSED}, now=desk.now)
    desk.run()
    assert set(desk.states().values()) == {"accepted"}


def test_an_unusable_transport_pauses_the_send(desk) -> None:
    """A transport that cannot be used is a note on the send, and everybody waits."""
    (desk.folder / "outbox").write_text("a file")
    desk.subscribe("ann", "bob")
    number = desk.schedule()
    desk.run(transport=lambda: Outbox(desk.folder / "outbox"))
    assert desk.send(number).state is SendState.PAUSED
    assert "outbox" in desk.send(number).note
    assert set(desk.states().values()) == {"queued"}


def test_a_transport_that_cannot_be_made_pauses_the_send(desk) -> None:
    """Faults in making the transport are told the same way."""

    def fail() -> None:
        raise TransportError("no such relay", hint="name another")

    desk.subscribe("ann")
    number = desk.schedule()
    desk.run(transport=fail)
    assert desk.send(number).note == "no such relay (name another)"


# --- faults of ours -------------------------------------------------------------


def test_a_bad_address_is_refused_alone(desk, inbox) -> None:
    """An address no mail can go to is refused with words; the others get theirs."""
    desk.subscribe("ann", "bob", "cem")
    with desk.store.begin() as conn:
        conn.execute(
            update(subscriber)
            .where(subscriber.c.address == "bob@example.com")
            .values(address="bob@@example.com")
        )
    desk.schedule()
    desk.run()
    assert set(inbox.recipients) == {"ann@example.com", "cem@example.com"}
    assert desk.states()["bob"] == "refused"


def test_a_broken_template_pauses_one_send_only(desk, inbox) -> None:
    """A template that does not render pauses its send; once mended it goes on, complete."""
    desk.subscribe("ann")
    good = dict(desk.templates)
    desk.templates = dict.fromkeys(good, "{{ nothing.there.at.all }}")
    number = desk.schedule()
    desk.run()
    assert desk.send(number).state is SendState.PAUSED
    assert desk.send(number).note
    desk.templates = good
    with desk.store.begin() as conn:
        sends.set_state(conn, number, SendState.RUNNING, frm={SendState.PAUSED}, now=desk.now)
    desk.run()
    assert inbox.recipients == {"ann@example.com": 1}


def test_a_stop_finding_pauses_the_send(desk, inbox) -> None:
    """What preflight refuses is not sent; all reasons stand in the note."""
    desk.refusals = (
        Finding(Level.STOP, "sender", "no sender address", "set sender_address"),
        Finding(Level.STOP, "postal", "no postal address"),
        Finding(Level.WARN, "other", "something else"),
    )
    desk.subscribe("ann")
    number = desk.schedule()
    desk.run()
    assert desk.send(number).note == "no sender address; no postal address (set sender_address)"
    assert not inbox.kept


def test_editions_are_rendered_once(desk, inbox) -> None:
    """A template changed in mid-send changes nothing: the editions are kept with the send."""
    inbox.answers["bob@example.com"] = ["rcpt 450 4.2.0 later"]
    desk.subscribe("ann", "bob")
    desk.schedule()
    desk.run()
    desk.templates = {}
    desk.later(minutes=10)
    desk.run()
    bodies = {
        part.get_payload(decode=True)
        for _, _, message in inbox.kept
        for part in message.walk()
        if part.get_content_type() == "text/plain"
    }
    assert len(inbox.kept) == 2
    assert all(b"Body" in body for body in bodies)


def test_a_newsletter_that_is_gone_pauses_its_send(desk, inbox) -> None:
    """A send of a newsletter the settings no longer describe waits for a person."""
    desk.subscribe("ann")
    number = desk.schedule()
    desk.run(newsletters={})
    assert desk.send(number).state is SendState.PAUSED
    assert "publisher.toml" in desk.send(number).note


# --- stopping -------------------------------------------------------------------


def test_stop_finishes_the_message_on_the_wire(desk, inbox) -> None:
    """Told to stop, the sender finishes one message, gives back the rest and goes on later."""
    inbox.on_mail = lambda _: desk.stop.set()
    desk.subscribe("ann", "bob", "cem")
    desk.schedule()
    desk.sender().forever()
    assert sorted(desk.states().values()) == ["accepted", "queued", "queued"]
    assert list((desk.folder / "wire").iterdir()) == []
    inbox.on_mail = lambda _: None
    desk.stop.clear()
    desk.run()
    assert set(inbox.recipients.values()) == {1}


@pytest.mark.parametrize("state", [SendState.PAUSED, SendState.CANCELLED])
def test_pause_and_cancel_work_in_mid_send(desk, inbox, state: SendState) -> None:
    """A send paused or cancelled while it runs stops at once."""
    desk.subscribe("ann", "bob", "cem", "dan")
    number = desk.schedule()

    def stop(recipient: str) -> None:
        with desk.store.begin() as conn:
            sends.set_state(conn, number, state, frm={SendState.RUNNING}, now=desk.now)

    inbox.on_mail = stop
    desk.run()
    left = "queued" if state is SendState.PAUSED else "skipped"
    assert sorted(desk.states().values()) == ["accepted", left, left, left]


def test_a_failing_store_is_asked_again(desk, inbox) -> None:
    """While the store is locked nothing more leaves; when it answers the send goes on."""
    desk.subscribe("ann", "bob")
    desk.schedule()
    failures = iter([True, True, False, True, False, False, True])
    patient = desk.store.begin

    def begin():
        if next(failures, False):
            raise StoreError("locked")
        return patient()

    desk.store.begin = begin
    desk.run()
    del desk.store.begin
    assert inbox.recipients == {"ann@example.com": 1, "bob@example.com": 1}


def test_a_store_that_never_comes_back_leaves_the_map(desk, inbox) -> None:
    """Told to stop while the store fails, the map keeps the outcomes and they are not lost."""
    desk.subscribe("ann", "bob")
    desk.schedule()
    patient = desk.store.begin

    def begin():
        raise StoreError("gone")

    def fail(recipient: str) -> None:
        if recipient == "bob@example.com":
            desk.store.begin = begin
            desk.stop.set()

    inbox.on_mail = fail
    with pytest.raises(StoreError):
        desk.run()
    desk.store.begin = patient
    desk.stop.clear()
    inbox.on_mail = lambda _: None
    assert set(desk.states().values()) == {"sending"}
    desk.run()
    assert inbox.recipients == {"ann@example.com": 1, "bob@example.com": 1}
    assert set(desk.states().values()) == {"accepted"}
