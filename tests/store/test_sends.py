"""Tests of sends: creating, freezing, counting, and the moves a person may make."""

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, event, text, update

from publisher.errors import RefusedError
from publisher.model import (
    Consent,
    Delivery,
    DeliveryState,
    Issue,
    Kind,
    Record,
    SendState,
    SubscriberState,
)
from publisher.store import Store, issues, ledger, schema, sends, subscribers
from publisher.store.ledger import Recorded

MINUTE = timedelta(minutes=1)
ACCEPTED, SKIPPED, QUEUED, DEFERRED, IN_DOUBT, REFUSED = (
    DeliveryState.ACCEPTED,
    DeliveryState.SKIPPED,
    DeliveryState.QUEUED,
    DeliveryState.DEFERRED,
    DeliveryState.IN_DOUBT,
    DeliveryState.REFUSED,
)


def begun(conn: Connection, now: datetime, kind: Kind = Kind.ISSUE) -> int:
    """A frozen send of issue 1."""
    number = ledger.create_send(conn, "weekly", "1", kind, at=now, now=now)
    ledger.freeze(conn, number, "v", now)
    return number


def work(conn: Connection, now: datetime, *ends: DeliveryState) -> tuple[Delivery, ...]:
    """Claim a lot, record the ends in order, release."""
    lot = ledger.claim(conn, "me", MINUTE, now)
    assert lot is not None
    rows = zip(lot.deliveries, ends, strict=True)
    later = now + MINUTE
    ledger.record(conn, lot, [Recorded(row.id, end, next_at=later) for row, end in rows], now)
    ledger.release(conn, lot, now)
    return lot.deliveries


def names(deliveries: Any) -> list[str]:
    """Who these go to."""
    return [delivery.address.partition("@")[0] for delivery in deliveries]


def test_create(stocked: Store, now: datetime) -> None:
    """A send is scheduled, listed, and due when its moment comes."""
    with stocked.begin() as conn:
        number = ledger.create_send(conn, "weekly", "1", Kind.ISSUE, at=now + MINUTE, now=now)
        found = ledger.send(conn, number)
        assert found is not None
        assert (found.issue, found.kind, found.state) == ("1", Kind.ISSUE, SendState.SCHEDULED)
        assert (found.at, found.created, found.counts) == (now + MINUTE, now, ())
        assert ledger.due(conn, now) == []
        assert ledger.due(conn, now + MINUTE) == [found]
        assert ledger.sends(conn) == ledger.sends(conn, "weekly") == [found]
        assert ledger.sends(conn, "daily") == []
        assert ledger.send(conn, 99) is None


def test_create_refuses(stocked: Store, now: datetime, record: Record) -> None:
    """No issue, a withdrawn issue, a test without addresses: no send."""
    with stocked.begin() as conn:
        with pytest.raises(RefusedError, match="no issue"):
            ledger.create_send(conn, "weekly", "9", Kind.ISSUE, at=now, now=now)
        with pytest.raises(RefusedError, match="no issue"):
            ledger.audience(conn, "weekly", "9")
        with pytest.raises(ValueError, match="addresses"):
            ledger.create_send(conn, "weekly", "1", Kind.TEST, at=now, now=now)
        issues.save(conn, replace(record, withdrawn=now), None)
        with pytest.raises(RefusedError, match="withdrawn"):
            ledger.create_send(conn, "weekly", "1", Kind.ISSUE, at=now, now=now)


def test_an_occurrence_has_one_send(stocked: Store, now: datetime) -> None:
    """The same occurrence is refused, even after its send was cancelled."""

    def create(newsletter: str, occurrence: str | None) -> int:
        with stocked.begin() as conn:
            return ledger.create_send(
                conn, newsletter, "1", Kind.ISSUE, at=now, now=now, occurrence=occurrence
            )

    number = create("weekly", "fri:2026-03-06")
    with stocked.begin() as conn:
        ledger.set_state(
            conn, number, SendState.CANCELLED, frm={SendState.SCHEDULED}, now=now, note="no"
        )
    with pytest.raises(ledger.AlreadyThere):
        create("weekly", "fri:2026-03-06")
    assert create("weekly", "fri:2026-03-13") > number
    assert create("weekly", None) < create("weekly", None)


def test_freeze(stocked: Store, now: datetime) -> None:
    """Freezing takes the active and unsuppressed, once, and joins no one later."""
    with stocked.begin() as conn:
        ann = subscribers.find(conn, "weekly", "ann@example.org")
        assert ann is not None
        subscribers.set_state(conn, ann.id, SubscriberState.UNSUBSCRIBED, now, "click")
        subscribers.suppress(conn, "weekly", "BOB@example.org", "bounce", now)
        why = Consent("form", "", now)
        for newsletter, name in (("weekly", "pam"), ("daily", "dan")):
            state = SubscriberState.PENDING if name == "pam" else SubscriberState.ACTIVE
            address = f"{name}@example.org"
            subscribers.add(conn, newsletter, address, consent=why, state=state, now=now)
        number = ledger.create_send(conn, "weekly", "1", Kind.ISSUE, at=now, now=now)
        assert ledger.freeze(conn, number, "en/digest/", now) == 3
        subscribers.add(conn, "weekly", "zoe@example.org", consent=why, now=now)
        assert ledger.freeze(conn, number, "other", now + MINUTE) == 3
        rows = ledger.who(conn, "weekly", "1")
        assert names(rows) == ["cid", "dee", "eve"]
        assert {(row.state, row.variant, row.name) for row in rows[:1]} == {
            (QUEUED, "en/digest/", "Cid")
        }
        found = ledger.send(conn, number)
        assert found is not None
        assert (found.state, found.started, found.total) == (SendState.RUNNING, now, 3)
        assert found.count(QUEUED) == 3
        assert names(ledger.who(conn, "weekly", "1", "DEE@Example.org")) == ["dee"]


def test_zones_are_those_of_who_gets_mail(stocked: Store, now: datetime) -> None:
    """Each time zone of the newsletter's active subscribers is listed once, and no one else's."""
    said = {"ann": "Asia/Tokyo", "bob": "Europe/Rome", "cid": None, "dee": "Asia/Tokyo"}
    with stocked.begin() as conn:
        for name, zone in said.items():
            conn.execute(
                update(schema.subscriber)
                .where(schema.subscriber.c.address == f"{name}@example.org")
                .values(timezone=zone)
            )
        assert subscribers.timezones(conn, "weekly") == ["Asia/Tokyo", "Europe/Rome"]
        assert subscribers.timezones(conn, "daily") == []
        bob = subscribers.find(conn, "weekly", "bob@example.org")
        assert bob is not None
        subscribers.set_state(conn, bob.id, SubscriberState.UNSUBSCRIBED, now, "click")
        assert subscribers.timezones(conn, "weekly") == ["Asia/Tokyo"]


def test_freeze_by_language(stocked: Store, now: datetime) -> None:
    """Each gets the variant of the language they asked for, everyone else that of all."""
    asked = {"ann": "zh-CN", "bob": "en'; --", "cid": "fr", "dee": None, "eve": "zh-CN"}
    with stocked.begin() as conn:
        for name, language in asked.items():
            conn.execute(
                update(schema.subscriber)
                .where(schema.subscriber.c.address == f"{name}@example.org")
                .values(language=language)
            )
        assert subscribers.languages(conn, "weekly") == ["zh-CN", "en'; --", "fr"]
        assert subscribers.languages(conn, "daily") == []
        number = ledger.create_send(conn, "weekly", "1", Kind.ISSUE, at=now, now=now)
        varied = {"zh-CN": "zh/digest/", "en'; --": "en/digest/", "ja": "ja/digest/"}
        assert ledger.freeze(conn, number, "de/digest/", now, languages=varied) == 5
        rows = ledger.who(conn, "weekly", "1")
        assert [row.variant.partition("/")[0] for row in rows] == ["zh", "en", "de", "de", "zh"]
        assert sends.variants(conn, number) == ["de/digest/", "en/digest/", "zh/digest/"]
        everyone = ["ANN@example.org", "new@example.org", "dee@example.org"]
        test = ledger.create_send(
            conn, "weekly", "1", Kind.TEST, at=now, now=now, addresses=everyone
        )
        assert ledger.freeze(conn, test, "de/digest/", now, languages=varied) == 3
        rows = [row for row in ledger.who(conn, "weekly", "1") if row.send == test]
        assert [row.variant for row in rows] == ["zh/digest/", "de/digest/", "de/digest/"]


def test_freeze_uses_the_index_of_once(stocked: Store, now: datetime) -> None:
    """Of an issue someone has, people are looked up in the partial index, not in the ledger."""
    if stocked.dialect != "sqlite":
        return  # a planner with statistics chooses by them
    seen: list[Any] = []

    def keep(_c: Any, _cu: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith("INSERT INTO delivery"):
            seen.append((statement, parameters))

    with stocked.begin() as conn:
        begun(conn, now)
    event.listen(stocked.engine, "before_cursor_execute", keep)
    with stocked.begin() as conn:
        begun(conn, now)
        (statement, parameters), *_ = seen
        plan = conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
    assert "uq_delivery_once (issue=? AND subscriber=?)" in str(plan)


def test_lots(store: Store, record: Record, content: Issue, now: datetime) -> None:
    """Five hundred make a lot; whoever claims gets them in order, one lot at a time."""
    rows = [(f"s{number}@example.org", "", None) for number in range(2 * ledger.LOT + 1)]
    with store.begin() as conn:
        issues.save(conn, record, content)
        subscribers.import_rows(conn, "weekly", rows, Consent("i", "", now), b"k", now)
        begun(conn, now)
        lots = [ledger.claim(conn, "me", MINUTE, now) for _ in range(4)]
    assert [len(lot.deliveries) if lot else None for lot in lots] == [500, 500, 1, None]
    claimed = [each.address for lot in lots if lot for each in lot.deliveries]
    assert claimed == [row[0] for row in rows]


def test_many_lots(store: Store, record: Record, content: Issue, now: datetime) -> None:
    """However many are frozen in one statement, lots hold their order, who is in them, and the count."""
    rows = [(f"s{number}@example.org", "", None) for number in range(22_222)]
    barred = {f"s{number}@example.org" for number in (0, 700, 10_600, 10_601, 22_221)}
    with store.begin() as conn:
        issues.save(conn, record, content)
        subscribers.import_rows(conn, "weekly", rows, Consent("i", "", now), b"k", now)
        for address in barred:
            subscribers.suppress(conn, "weekly", address, "bounce", now)
        number = sends.create_send(conn, "weekly", "1", Kind.ISSUE, at=now, now=now)
        editors = ["s9999@example.org"]
        assert sends.freeze(conn, number, "v", now, editors=editors, canary=601) == 22_217
        frozen = text("SELECT lot, address FROM delivery ORDER BY lot, id")
        found = [(row.lot, row.address) for row in conn.execute(frozen)]
        tallies = text("SELECT number, tally FROM lot WHERE state = 'free' ORDER BY number")
        told = [(row.number, row.tally) for row in conn.execute(tallies)]
    expected = editors + [row[0] for row in rows if row[0] not in {*barred, *editors}]
    assert [address for _, address in found] == expected
    sizes = Counter(number for number, _ in found)
    assert told == [(number, f'{{"queued": {size}}}') for number, size in sorted(sizes.items())]
    assert list(sizes) == list(range(1, len(sizes) + 1))
    assert [sizes[1], sizes[2] + sizes[3], max(sizes.values())] == [1, 600 - 1, 500]
    assert len(sizes) == 1 + 2 + 44


def test_nobody(store: Store, record: Record, now: datetime) -> None:
    """A send to nobody is done at once and does not count as mailed."""
    with store.begin() as conn:
        issues.save(conn, record, None)
        number = begun(conn, now)
        found = ledger.send(conn, number)
        assert found is not None
        assert (found.state, found.finished, found.total) == (SendState.DONE, now, 0)
        assert ledger.audience(conn, "weekly", "1") == ledger.Audience(0, 0, 0, 0, 0)


def test_done(stocked: Store, now: datetime) -> None:
    """When the last lot is done the send is, and the issue is mailed."""
    with stocked.begin() as conn:
        number = begun(conn, now)
        work(conn, now + MINUTE, ACCEPTED, ACCEPTED, REFUSED, SKIPPED, IN_DOUBT)
        running = ledger.send(conn, number)
        assert running is not None
        assert running.state is SendState.RUNNING
        work(conn, now + 2 * MINUTE, ACCEPTED)
        found = ledger.send(conn, number)
        assert found is not None
        assert (found.state, found.finished) == (SendState.DONE, now + 2 * MINUTE)
        assert found.counts == ((ACCEPTED, 3), (REFUSED, 1), (SKIPPED, 1))
        assert ledger.counts(conn, number) == dict(found.counts)
        (kept,) = issues.records(conn, "weekly")
        assert kept.mailed == now + 2 * MINUTE


def test_a_second_send_leaves_out_who_has_it(stocked: Store, now: datetime) -> None:
    """Who is queued, deferred, in doubt or has accepted is left out; who was refused is not."""
    later = now + timedelta(days=1)
    with stocked.begin() as conn:
        begun(conn, now)
        work(conn, now, ACCEPTED, DEFERRED, REFUSED, IN_DOUBT, SKIPPED)
        why = Consent("form", "", later)
        subscribers.add(conn, "weekly", "zoe@example.org", consent=why, now=later)
        subscribers.suppress(conn, "weekly", "cid@example.org", "bounce", later)
        found = ledger.audience(conn, "weekly", "1")
        assert found == ledger.Audience(6, 1, 3, left_over=1, joined_since=1)
        assert found.to_send == 2
        second = ledger.create_send(
            conn, "weekly", "1", Kind.ISSUE, at=later, now=later, missing=True
        )
        assert ledger.freeze(conn, second, "v", later) == 2
        rows = [row for row in ledger.who(conn, "weekly", "1") if row.send == second]
        assert names(rows) == ["eve", "zoe"]
        third = begun(conn, later)
        assert ledger.counts(conn, third) == {}
        found_second = ledger.send(conn, second)
        assert found_second is not None
        assert found_second.missing


def test_audience_of_an_issue_taken_over(store: Store, record: Record, now: datetime) -> None:
    """Of an issue mailed before there was a ledger, who joined later is told apart."""
    with store.begin() as conn:
        issues.save(conn, replace(record, mailed=now), None)
        for name, joined in (("old", now - MINUTE), ("new", now + MINUTE)):
            why = Consent("form", "", joined)
            subscribers.add(conn, "weekly", f"{name}@x.org", consent=why, now=joined)
        expected = ledger.Audience(2, 0, 0, left_over=1, joined_since=1, mailed=now)
        assert ledger.audience(conn, "weekly", "1") == expected


def test_test_sends_never_count(stocked: Store, now: datetime) -> None:
    """A test goes to its addresses, known or not, and changes nothing about the issue."""
    with stocked.begin() as conn:
        number = ledger.create_send(
            conn, "weekly", "1", Kind.TEST, at=now, now=now, addresses=["Ann@Example.org"] * 2
        )
        assert ledger.counts(conn, number) == {QUEUED: 2}
        assert ledger.freeze(conn, number, "v", now) == 2
        rows = work(conn, now, ACCEPTED, ACCEPTED)
        assert [(row.subscriber, row.address, row.variant) for row in rows] == [
            (None, "Ann@example.org", "v")
        ] * 2
        assert ledger.audience(conn, "weekly", "1").to_send == 5
        (kept,) = issues.records(conn, "weekly")
        assert kept.mailed is None


def test_erratum_goes_to_those_who_have_it(stocked: Store, now: datetime) -> None:
    """An erratum goes to whom the issue counts as sent, and does not count itself."""
    with stocked.begin() as conn:
        begun(conn, now)
        work(conn, now, ACCEPTED, REFUSED, SKIPPED, REFUSED, IN_DOUBT)
        number = begun(conn, now, Kind.ERRATUM)
        rows = [row for row in ledger.who(conn, "weekly", "1") if row.send == number]
        assert names(rows) == ["ann", "eve"]
        assert ledger.audience(conn, "weekly", "1").already == 2


def test_editions(stocked: Store, now: datetime) -> None:
    """The rendered editions are kept with the send, and replaced by variant."""
    with stocked.begin() as conn:
        number = begun(conn, now)
        assert ledger.editions(conn, number) == {}
        ledger.put_edition(conn, number, "en", "Old", "", "")
        ledger.put_edition(conn, number, "en", "One", "<p>中\0文</p>", "text", "Hi")
        ledger.put_edition(conn, number, "de", "Eins", "<p>ü</p>", "Text")
        assert ledger.editions(conn, number) == {
            "en": ("One", "<p>中文</p>", "text", "Hi"),
            "de": ("Eins", "<p>ü</p>", "Text", ""),
        }


STATES = list(SendState)
MOVES = {
    (SendState.RUNNING, SendState.PAUSED),
    (SendState.PAUSED, SendState.RUNNING),
    (SendState.SCHEDULED, SendState.CANCELLED),
    (SendState.RUNNING, SendState.CANCELLED),
    (SendState.PAUSED, SendState.CANCELLED),
}


@pytest.mark.parametrize("to", STATES)
@pytest.mark.parametrize("before", STATES)
def test_moves(stocked: Store, now: datetime, before: SendState, to: SendState) -> None:
    """A person pauses, resumes and cancels; no other move is possible, whoever asks."""
    with stocked.begin() as conn:
        number = ledger.create_send(conn, "weekly", "1", Kind.ISSUE, at=now, now=now)
        conn.execute(text("UPDATE send SET state = :state"), {"state": before.value})
        others = set(SendState) - {before}
        assert not ledger.set_state(conn, number, to, frm=others, now=now)
        moved = ledger.set_state(conn, number, to, frm=set(SendState), now=now, note="why")
        found = ledger.send(conn, number)
        assert found is not None
        assert moved == ((before, to) in MOVES)
        assert found.state is (to if moved else before)
        assert found.note == ("why" if moved else "")


def test_pause_and_resume(stocked: Store, now: datetime) -> None:
    """A paused send gives out nothing until it is resumed."""
    with stocked.begin() as conn:
        number = begun(conn, now)
        assert ledger.set_state(conn, number, SendState.PAUSED, frm={SendState.RUNNING}, now=now)
        assert ledger.claim(conn, "me", MINUTE, now) is None
        assert ledger.set_state(conn, number, SendState.RUNNING, frm={SendState.PAUSED}, now=now)
        assert ledger.claim(conn, "me", MINUTE, now) is not None


def test_cancel(stocked: Store, now: datetime) -> None:
    """Cancelling skips who waits, leaves who is in doubt, and finishes what is on the wire."""
    with stocked.begin() as conn:
        number = begun(conn, now)
        work(conn, now, ACCEPTED, DEFERRED, IN_DOUBT, QUEUED, DEFERRED)
        lot = ledger.claim(conn, "me", MINUTE, now + MINUTE)
        assert lot is not None
        assert names(lot.deliveries) == ["bob", "cid", "dee", "eve"]
        cancelled = now + MINUTE
        assert ledger.set_state(
            conn, number, SendState.CANCELLED, frm={SendState.RUNNING}, now=cancelled
        )
        assert ledger.counts(conn, number) == {ACCEPTED: 1, DeliveryState.SENDING: 4}
        ends = [DEFERRED, DEFERRED, QUEUED, ACCEPTED]
        rows = zip(lot.deliveries, ends, strict=True)
        ledger.record(conn, lot, [Recorded(row.id, end, next_at=now) for row, end in rows], now)
        ledger.release(conn, lot, cancelled)
        found = ledger.send(conn, number)
        assert found is not None
        assert found.counts == ((ACCEPTED, 2), (IN_DOUBT, 1), (SKIPPED, 2))
        assert [(row.address, row.next_at) for row in ledger.in_doubt(conn, number)] == [
            ("cid@example.org", None)
        ]
        assert (found.state, found.finished) == (SendState.CANCELLED, cancelled)
        assert ledger.claim(conn, "me", MINUTE, now + timedelta(days=1)) is None
        (kept,) = issues.records(conn, "weekly")
        assert kept.mailed == cancelled


# --- cheap questions ---


def test_the_state_alone(stocked: Store, now: datetime) -> None:
    """A send's state can be asked without counting its deliveries; of no send there is none."""
    with stocked.begin() as conn:
        number = sends.create_send(conn, "weekly", "1", Kind.ISSUE, at=now, now=now)
        assert sends.state(conn, number) is SendState.SCHEDULED
        assert sends.state(conn, number, lock=True) is SendState.SCHEDULED
        assert sends.state(conn, number + 1) is None


def test_unfinished_is_who_is_queued_or_being_sent(stocked: Store, now: datetime) -> None:
    """Deferred people and paused sends leave nothing to do now."""
    with stocked.begin() as conn:
        number = sends.create_send(conn, "weekly", "1", Kind.ISSUE, at=now, now=now)
        assert not sends.is_any_unfinished(conn, now)
        sends.freeze(conn, number, "en", now)
        assert sends.is_any_unfinished(conn, now)
        lot = ledger.claim(conn, "one", MINUTE, now)
        assert sends.is_any_unfinished(conn, now)
        later = [Recorded(one.id, DEFERRED, 450, "later", now + MINUTE) for one in lot.deliveries]
        ledger.record(conn, lot, later, now)
        ledger.release(conn, lot, now)
        assert not sends.is_any_unfinished(conn, now)


def test_a_paused_send_is_not_unfinished(stocked: Store, now: datetime) -> None:
    """Who waits for a person is waited for by no command."""
    with stocked.begin() as conn:
        number = sends.create_send(conn, "weekly", "1", Kind.ISSUE, at=now, now=now)
        sends.freeze(conn, number, "en", now)
        sends.set_state(conn, number, SendState.PAUSED, frm={SendState.RUNNING}, now=now)
        assert not sends.is_any_unfinished(conn, now)


def test_issues_with_a_send(stocked: Store, now: datetime) -> None:
    """A cancelled send counts, a test does not."""
    with stocked.begin() as conn:
        sends.create_send(conn, "weekly", "1", Kind.TEST, at=now, now=now, addresses=["a@b.test"])
        assert sends.with_a_send(conn, "weekly") == set()
        number = sends.create_send(conn, "weekly", "1", Kind.ISSUE, at=now, now=now)
        sends.set_state(conn, number, SendState.CANCELLED, frm={SendState.SCHEDULED}, now=now)
        assert sends.with_a_send(conn, "weekly") == {"1"}
        assert sends.with_a_send(conn, "daily") == set()


def test_a_note_is_written_on_what_runs(stocked: Store, now: datetime) -> None:
    """Only over the note it is meant to replace, and only while the send runs."""
    with stocked.begin() as conn:
        number = sends.create_send(conn, "weekly", "1", Kind.ISSUE, at=now, now=now)
        sends.set_note(conn, number, "too early")
        assert sends.send(conn, number).note == ""
        sends.freeze(conn, number, "en", now)
        sends.set_note(conn, number, "100% rests_now")
        sends.set_note(conn, number, "gone", replacing="100x rests")
        assert sends.send(conn, number).note == "100% rests_now"
        sends.set_note(conn, number, "", replacing="100% rests_")
        assert sends.send(conn, number).note == ""


def test_finished_sends_are_not_counted_again(stocked: Store, now: datetime) -> None:
    """Listing finished sends reads no delivery, and says what counting would."""
    with stocked.begin() as conn:
        for end in (ACCEPTED, REFUSED, IN_DOUBT):
            number = sends.create_send(conn, "weekly", "1", Kind.ISSUE, at=now, now=now)
            sends.freeze(conn, number, "en", now)
            while lot := ledger.claim(conn, "one", MINUTE, now):
                ledger.record(conn, lot, [Recorded(one.id, end) for one in lot.deliveries], now)
                ledger.release(conn, lot, now)
        number = sends.create_send(conn, "weekly", "1", Kind.ISSUE, at=now, now=now)
        sends.set_state(conn, number, SendState.CANCELLED, frm={SendState.SCHEDULED}, now=now)
    asked: list[str] = []
    with stocked.read() as conn:
        expected = {one.id: sends.counts(conn, one.id) for one in sends.sends(conn)}
        event.listen(conn, "before_cursor_execute", lambda *given: asked.append(given[2]))
        found = {one.id: dict(one.counts) for one in sends.sends(conn)}
    assert found == expected
    assert [statement for statement in asked if "count(" in statement.lower()] == []


def test_canary_and_editors(store: Store, record: Record, content: Issue, now: datetime) -> None:
    """The editors come first, then the canary fills lots of its own, and nothing else is claimed."""
    rows = [(f"s{number}@example.org", "", None) for number in range(1210)]
    with store.begin() as conn:
        issues.save(conn, record, content)
        subscribers.import_rows(conn, "weekly", rows, Consent("i", "", now), b"k", now)
        number = sends.create_send(conn, "weekly", "1", Kind.ISSUE, at=now, now=now)
        editors = ["S700@example.org", "s3@example.org", "stranger@example.org"]
        assert sends.freeze(conn, number, "v", now, editors=editors, canary=12) == 1210
    with store.begin() as conn:
        assert sends.canary(conn, number) == (False, {QUEUED: 1210 - 1198})
        first = ledger.claim(conn, "me", MINUTE, now)
        second = ledger.claim(conn, "me", MINUTE, now)
        assert first is not None
        assert second is not None
        assert names(first.deliveries) == ["s3", "s700"]
        assert names(second.deliveries) == ["s0", "s1", "s2", *(f"s{n}" for n in range(4, 11))]
        assert (first.canary, second.canary) == (True, True)
        assert ledger.claim(conn, "me", MINUTE, now) is None
        for lot in (first, second):
            assert not sends.canary(conn, number)[0]
            outcomes = [Recorded(one.id, ACCEPTED, 250) for one in lot.deliveries]
            ledger.record(conn, lot, outcomes, now)
            ledger.release(conn, lot, now)
        assert sends.canary(conn, number) == (True, {ACCEPTED: 12})
        assert ledger.claim(conn, "me", MINUTE, now) is None
        assert sends.pass_canary(conn, number)
        assert not sends.pass_canary(conn, number)
        rest = [ledger.claim(conn, "me", MINUTE, now) for _ in range(3)]
        assert [len(lot.deliveries) if lot else 0 for lot in rest] == [500, 500, 198]
        assert [lot.canary for lot in rest if lot] == [False] * 3


def test_each_in_their_own_time(
    store: Store, record: Record, content: Issue, now: datetime
) -> None:
    """Each zone's lots are due in its moment, zones unknown and editors as they should be."""
    zones = {"a": "Asia/Shanghai", "b": "Europe/Berlin", "c": None, "d": "Nowhere/Land"}
    rows = [(f"{name}{n}@x.org", "", None, zones[name]) for n in range(3) for name in zones]
    later = {"Asia/Shanghai": now, "Europe/Berlin": now + 7 * MINUTE, None: now + 2 * MINUTE}
    with store.begin() as conn:
        issues.save(conn, record, content)
        subscribers.import_rows(conn, "weekly", rows, Consent("i", "", now), b"k", now)
        number = sends.create_send(
            conn, "weekly", "1", Kind.ISSUE, at=now, now=now, wall="2026-03-06T09:00"
        )
        found = sends.send(conn, number)
        assert found is not None
        assert found.wall == "2026-03-06T09:00"
        sends.freeze(conn, number, "v", now, moments=later, editors=["b2@x.org"])
    took: list[list[str]] = []
    for minutes in (0, 1, 2, 6, 7):
        with store.begin() as conn:
            at, turn = now + minutes * MINUTE, []
            while lot := ledger.claim(conn, "me", MINUTE, at):
                turn += names(lot.deliveries)
                ends = [Recorded(one.id, ACCEPTED) for one in lot.deliveries]
                ledger.record(conn, lot, ends, at)
                ledger.release(conn, lot, at)
            took.append(turn)
    assert took == [
        ["b2", "a0", "a1", "a2"],
        [],
        ["c0", "d0", "c1", "d1", "c2", "d2"],
        [],
        ["b0", "b1"],
    ]


def test_resting_newsletters_send_tests_only(stocked: Store, now: datetime) -> None:
    """In its quiet hours a newsletter's mail rests, but for tests."""
    with stocked.begin() as conn:
        begun(conn, now)
        assert ledger.claim(conn, "me", MINUTE, now, resting={"weekly"}) is None
        test = sends.create_send(
            conn, "weekly", "1", Kind.TEST, at=now, now=now, addresses=["a@x.org"]
        )
        sends.freeze(conn, test, "v", now)
        lot = ledger.claim(conn, "me", MINUTE, now, resting={"weekly"})
        assert lot is not None
        assert lot.kind is Kind.TEST
        assert ledger.claim(conn, "me", MINUTE, now, resting={"daily"}) is not None


def test_progress(stocked: Store, now: datetime) -> None:
    """Progress counts all, and what was accepted in the last minute."""
    with stocked.begin() as conn:
        number = begun(conn, now)
        assert sends.progress(conn, number, now).rate(now) == 0
        lot = ledger.claim(conn, "me", MINUTE, now)
        assert lot is not None
        one, two, *_ = (one.id for one in lot.deliveries)
        ledger.record(conn, lot, [Recorded(one, ACCEPTED)], now - 2 * MINUTE)
        ledger.record(conn, lot, [Recorded(two, ACCEPTED)], now)
        found = sends.progress(conn, number, now + MINUTE / 6)
        assert (found.started, found.recent, found.since, found.left) == (now, 1, now, 3)
        assert found.counts == {ACCEPTED: 2, DeliveryState.SENDING: 3}
        assert found.rate(now + MINUTE / 6) == 0.1


def test_counts_add_up(stocked: Store, now: datetime) -> None:
    """Whatever happens to a send, its counts are those of its deliveries."""
    with stocked.begin() as conn:
        number = begun(conn, now)

        def looked() -> dict[str, int]:
            rows = conn.execute(text("SELECT state, count(*) FROM delivery GROUP BY state"))
            return {row[0]: row[1] for row in rows}

        assert sends.counts(conn, number) == looked() == {QUEUED: 5}
        lot = ledger.claim(conn, "me", MINUTE, now)
        assert lot is not None
        assert sends.counts(conn, number) == looked()
        ends = [ACCEPTED, DEFERRED, IN_DOUBT, QUEUED]
        rows = zip(lot.deliveries, ends, strict=False)
        ledger.record(conn, lot, [Recorded(one.id, end, next_at=now) for one, end in rows], now)
        assert sends.counts(conn, number) == looked()
        ledger.release(conn, lot, now)
        assert sends.counts(conn, number) == looked()
        subscribers.erase(conn, "weekly", "bob@example.org", b"key", now)
        assert sends.counts(conn, number) == looked()
        sends.set_state(conn, number, SendState.CANCELLED, frm={SendState.RUNNING}, now=now)
        assert sends.counts(conn, number) == looked()
