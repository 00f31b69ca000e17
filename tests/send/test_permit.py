"""Consent in the moment of sending: asked again, and heeded."""

import time

import pytest

from publisher.model import Kind, SubscriberState
from publisher.store import subscribers

pytestmark = pytest.mark.parametrize(
    "database", ["sqlite", pytest.param("postgres", marks=pytest.mark.service)], indirect=True
)

KEY = b"0123456789abcdef0123456789abcdef"


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
        time.sleep(1)

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
