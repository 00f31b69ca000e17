"""Those in doubt are sent the message again when a person says so, and nobody else is."""

from datetime import datetime, timedelta

import pytest

from publisher.errors import RefusedError
from publisher.model import DeliveryState, Kind, SendState
from publisher.store import Store, ledger, resuming, sends, subscribers
from publisher.store.ledger import Recorded

LEASE = timedelta(minutes=5)
DOUBT = DeliveryState.IN_DOUBT


@pytest.fixture
def doubtful(stocked: Store, now: datetime) -> int:
    """A send that is done: bob and cid are held in doubt, the others have it."""
    with stocked.begin() as conn:
        number = sends.create_send(conn, "weekly", "1", Kind.ISSUE, at=now, now=now)
        sends.freeze(conn, number, "en/digest/", now)
        lot = ledger.claim(conn, "me", LEASE, now)
        assert lot is not None
        held = {"bob@example.org", "cid@example.org"}
        ledger.record(
            conn,
            lot,
            [Recorded(one.id, DOUBT if one.address in held else DeliveryState.ACCEPTED)
             for one in lot.deliveries],
            now,
        )  # fmt: skip
        ledger.release(conn, lot, now)
        assert sends.state(conn, number) is SendState.DONE
    return number


def test_the_doubtful_alone_are_carried_again(stocked: Store, doubtful: int, now: datetime) -> None:
    """A send that was done runs again, has them in hand alone, and is done again."""
    with stocked.begin() as conn:
        assert resuming.repeat_doubtful(conn, doubtful, now) == 2
        assert sends.state(conn, doubtful) is SendState.RUNNING
    with stocked.begin() as conn:
        lot = ledger.claim(conn, "me", LEASE, now)
        assert lot is not None
        assert [one.address[:3] for one in lot.deliveries] == ["bob", "cid"]
        told = [Recorded(one.id, DeliveryState.ACCEPTED) for one in lot.deliveries]
        ledger.record(conn, lot, told, now)
        ledger.release(conn, lot, now)
        send = sends.send(conn, doubtful)
    assert send is not None
    assert (send.state, send.counts) == (SendState.DONE, ((DeliveryState.ACCEPTED, 5),))


def test_nobody_in_doubt_is_nobody_repeated(stocked: Store, doubtful: int, now: datetime) -> None:
    """Asked twice it repeats once; a send without doubt stays done."""
    with stocked.begin() as conn:
        assert resuming.repeat_doubtful(conn, doubtful, now) == 2
        assert resuming.repeat_doubtful(conn, doubtful, now) == 0
        other = sends.create_send(conn, "weekly", "1", Kind.ISSUE, at=now, now=now, missing=True)
        sends.freeze(conn, other, "en/digest/", now)
        assert resuming.repeat_doubtful(conn, other, now) == 0
        assert sends.state(conn, other) is SendState.DONE


def test_the_erased_are_left_alone(stocked: Store, doubtful: int, now: datetime) -> None:
    """Who was erased meanwhile has no address to write to."""
    with stocked.begin() as conn:
        subscribers.erase(conn, "weekly", "bob@example.org", b"k", now)
        assert resuming.repeat_doubtful(conn, doubtful, now) == 1


def test_a_cancelled_send_repeats_nothing(stocked: Store, now: datetime) -> None:
    """What a person ended mails nobody again, doubtful or not."""
    with stocked.begin() as conn:
        number = sends.create_send(conn, "weekly", "1", Kind.ISSUE, at=now, now=now)
        sends.freeze(conn, number, "en/digest/", now)
        lot = ledger.claim(conn, "me", LEASE, now)
        assert lot is not None
        ledger.record(conn, lot, [Recorded(one.id, DOUBT) for one in lot.deliveries], now)
        frm = (SendState.RUNNING,)
        assert sends.set_state(conn, number, SendState.CANCELLED, frm=frm, now=now)
        ledger.release(conn, lot, now)
        with pytest.raises(RefusedError, match="cancelled"):
            resuming.repeat_doubtful(conn, number, now)
