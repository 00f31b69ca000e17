"""What became of the deliveries of one send, as people ask it."""

from datetime import datetime, timedelta

from publisher.model import DeliveryState, Kind, SendState
from publisher.store import Store, account, ledger, resuming, sends
from publisher.store.ledger import Recorded

LEASE = timedelta(minutes=5)
Record = tuple[DeliveryState, int | None, str]


def carried(store: Store, now: datetime, *outcomes: Record, relay: str = "smtp") -> int:
    """Send the issue; the first readers fare so, the others are waited for."""
    with store.begin() as conn:
        number = sends.create_send(conn, "weekly", "1", Kind.ISSUE, at=now, now=now)
        sends.freeze(conn, number, "en/digest/", now)
        lot = ledger.claim(conn, "me", LEASE, now)
        assert lot is not None
        told = [
            Recorded(one.id, state, code, words, _later(state, now))
            for one, (state, code, words) in zip(lot.deliveries, outcomes, strict=False)
        ]
        ledger.record(conn, lot, told, now, relay=relay)
    return number


def _later(state: DeliveryState, now: datetime) -> datetime | None:
    return now + LEASE if state is DeliveryState.DEFERRED else None


def test_relays_are_told_apart(stocked: Store, now: datetime) -> None:
    """Each delivery counts for the relay that carried its last attempt; those that wait for none."""
    accepted = (DeliveryState.ACCEPTED, 250, "accepted: ok")
    number = carried(stocked, now, accepted, accepted, (DeliveryState.REFUSED, 550, "x: y"))
    with stocked.read() as conn:
        assert account.by_relay(conn, number) == {
            "smtp": {DeliveryState.ACCEPTED: 2, DeliveryState.REFUSED: 1}
        }


def test_deferrals_are_grouped_by_reason(stocked: Store, now: datetime) -> None:
    """The same reason in other words of the relay's is one reason; the most frequent comes first."""
    number = carried(
        stocked,
        now,
        (DeliveryState.DEFERRED, 450, "mailbox busy: ann is busy"),
        (DeliveryState.DEFERRED, 451, "greylisted"),
        (DeliveryState.DEFERRED, 450, "mailbox busy: cid is: busy"),
        (DeliveryState.REFUSED, 550, "mailbox busy: no"),
    )
    with stocked.read() as conn:
        busy, grey = account.deferrals(conn, number)
        assert len(account.deferrals(conn, number, most=1)) == 1
    assert (busy.number, busy.reason, busy.code) == (2, "mailbox busy", 450)
    assert busy.example == "mailbox busy: ann is busy"
    assert busy.first == now + LEASE
    assert (grey.number, grey.reason, grey.example) == (1, "greylisted", "greylisted")


def test_who_may_have_it_twice(stocked: Store, now: datetime) -> None:
    """Who was accepted after a doubt; neither who is in doubt yet, nor who was accepted at once."""
    doubt = (DeliveryState.IN_DOUBT, None, "no answer")
    number = carried(stocked, now, doubt, doubt, (DeliveryState.ACCEPTED, 250, "ok"))
    with stocked.begin() as conn:
        assert account.repeated(conn, number) == []
        first = min(one.id for one in ledger.in_doubt(conn, number))
        assert resuming.repeat_doubtful(conn, number, now) == 2
        lot = conn.exec_driver_sql("UPDATE lot SET state = 'free', owner = NULL")
        assert lot.rowcount == 1
        again = ledger.claim(conn, "me", LEASE, now)
        assert again is not None
        ledger.record(conn, again, [Recorded(first, DeliveryState.ACCEPTED, 250, "ok")], now)
        assert [one.id for one in account.repeated(conn, number)] == [first]


def test_who_has_it_not(stocked: Store, now: datetime) -> None:
    """Everybody but those who were accepted, as many as asked for."""
    number = carried(stocked, now, (DeliveryState.ACCEPTED, 250, "ok"))
    with stocked.read() as conn:
        missed = account.not_accepted(conn, number)
        assert len(account.not_accepted(conn, number, most=2)) == 2
    assert [one.address.partition("@")[0] for one in missed] == ["bob", "cid", "dee", "eve"]


def test_a_note_on_a_running_send_is_a_relay_that_rests(stocked: Store, now: datetime) -> None:
    """Running without a note it does not wait; paused it waits for a person."""
    number = carried(stocked, now)
    with stocked.begin() as conn:
        assert not account.is_any_resting(conn)
        sends.set_note(conn, number, "the relay rests")
        assert account.is_any_resting(conn)
        frm = (SendState.RUNNING,)
        sends.set_state(conn, number, SendState.PAUSED, frm=frm, now=now, note="by hand")
        assert not account.is_any_resting(conn)
