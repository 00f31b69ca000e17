"""Tests of subscribers: addresses, adding, consent, suppression, erasure."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.errors import RefusedError
from publisher.model import Consent, DeliveryState, Kind, SubscriberState
from publisher.store import Store, ledger, subscribers
from publisher.store.forms import folded, forms, normalise, valid
from publisher.store.subscribers import Added

ACTIVE, PENDING, LEFT = (
    SubscriberState.ACTIVE,
    SubscriberState.PENDING,
    SubscriberState.UNSUBSCRIBED,
)


def said(now: datetime) -> Consent:
    """A consent."""
    return Consent("form", "ticked the box", now)


@pytest.mark.parametrize(
    ("given_address", "expected"),
    [
        (" Ann@Example.ORG ", "Ann@example.org"),
        ("ann@Bücher.example", "ann@xn--bcher-kva.example"),
        ("ann@例え.jp", "ann@xn--r8jz45g.jp"),
        ("ann@Straße.de", "ann@xn--strae-oqa.de"),
        ("no at", "no at"),
        ("a@" + "ü" * 80 + ".de", "a@" + "ü" * 80 + ".de"),
    ],
)
def test_normalise(given_address: str, expected: str) -> None:
    """The domain becomes lower-case ASCII, the local part stays, nonsense is left alone."""
    assert subscribers.normalise(given_address) == expected


@pytest.mark.parametrize(
    "address",
    ["ann@example.org", "a.b+c@sub.example.org", "o'neil@x.ie", "me@localhost", "Ann@Bücher.de"],
)
def test_valid(address: str) -> None:
    """Addresses as people have them will do."""
    assert subscribers.valid(address) is None


@pytest.mark.parametrize(
    "address",
    [
        "", "ann", "@example.org", "ann@", "ann@@example.org", "ann@example", "ann@1.2.3.4",
        "ann@[1.2.3.4]", "a b@example.org", "ann@exam ple.org", "ann@example.org\r\nBcc: x@y.z",
        "ann\0@example.org", "<ann@example.org>", "ännchen@example.org", "a" * 65 + "@example.org",
        "a@" + "b" * 250 + ".org", ".ann@example.org", "an..n@example.org", "ann@-x.org",
        "ann@x..org", "ann@example.org.", "ann,bob@example.org", '"a b"@example.org',
        "ann@" + "ü" * 80 + ".de", "an\u2028n@example.org", "ann@exa\x85mple.org",
    ],
)  # fmt: skip
def test_invalid(address: str) -> None:
    """What no mail server takes, or what would write a header of its own, is refused in words."""
    assert subscribers.valid(address)


def test_signs_no_domain_has() -> None:
    """An emoji in a domain is refused by its name."""
    assert "U+1F600" in (subscribers.valid("ann@😀.org") or "")


@given(st.text(max_size=80))
def test_valid_is_safe(text: str) -> None:
    """Whatever is valid has one @ and neither space nor control character, and stays as it is."""
    if subscribers.valid(text) is None:
        address = subscribers.normalise(text)
        assert address.isascii()
        assert address.isprintable()
        assert address.count("@") == 1
        assert not set(address) & set(' <>\r\n\0,;:"')
        assert subscribers.normalise(address) == address


def test_add(store: Store, now: datetime) -> None:
    """An address is added once, whatever its case, with its consent."""
    with store.begin() as conn:
        first = subscribers.add(conn, "weekly", "Ann@Example.org", consent=said(now), now=now)
        again = subscribers.add(conn, "weekly", "ann@example.ORG", consent=said(now), now=now)
        other = subscribers.add(conn, "daily", "ann@example.org", consent=said(now), now=now)
    assert (first, again, other) == (Added.ADDED, Added.KNOWN, Added.ADDED)
    with store.read() as conn:
        ann = subscribers.find(conn, "weekly", "ANN@example.org")
        assert ann is not None
        assert (ann.address, ann.state, ann.joined) == ("Ann@example.org", ACTIVE, now)
        assert subscribers.get(conn, ann.id) == ann
        assert subscribers.consents(conn, ann.id) == [said(now)]
        assert subscribers.count(conn, "weekly") == {ACTIVE: 1, PENDING: 0, LEFT: 0}


def test_add_refuses_nonsense(store: Store, now: datetime) -> None:
    """What is no address is an error that says why."""
    with pytest.raises(RefusedError, match="exactly one @"), store.begin() as conn:
        subscribers.add(conn, "weekly", "ann", consent=said(now), now=now)


@pytest.mark.parametrize(
    ("before", "asked", "result", "after"),
    [
        (LEFT, ACTIVE, Added.REVIVED, ACTIVE),
        (LEFT, PENDING, Added.REVIVED, PENDING),
        (PENDING, ACTIVE, Added.REVIVED, ACTIVE),
        (PENDING, PENDING, Added.KNOWN, PENDING),
        (ACTIVE, PENDING, Added.KNOWN, ACTIVE),
        (ACTIVE, LEFT, Added.KNOWN, ACTIVE),
    ],
)
def test_add_again(
    store: Store,
    now: datetime,
    before: SubscriberState,
    asked: SubscriberState,
    result: Added,
    after: SubscriberState,
) -> None:
    """New consent strengthens a state and never weakens it."""
    later = now + timedelta(days=1)
    with store.begin() as conn:
        subscribers.add(conn, "weekly", "a@x.org", consent=said(now), state=before, now=now)
        found = subscribers.add(
            conn, "weekly", "a@x.org", consent=said(later), state=asked, now=later
        )
        ann = subscribers.find(conn, "weekly", "a@x.org")
        assert ann is not None
        assert (found, ann.state) == (result, after)
        assert len(subscribers.consents(conn, ann.id)) == (2 if result is Added.REVIVED else 1)


def test_import(store: Store, now: datetime) -> None:
    """Each row of an import is answered, and nobody who left or is suppressed comes back."""
    with store.begin() as conn:
        subscribers.add(conn, "weekly", "left@x.org", consent=said(now), state=LEFT, now=now)
        subscribers.add(conn, "weekly", "here@x.org", consent=said(now), now=now)
        subscribers.suppress(conn, "weekly", "bad@x.org", "hard bounce", now)
        subscribers.erase(conn, "weekly", "gone@x.org", b"key", now)
        rows = [
            ("new@x.org", "New\0 \ud800", "de"), ("NEW@x.org", "", None), ("left@x.org", "", None),
            ("here@x.org", "Other", None), ("Bad@x.org", "", None), ("gone@X.org", "", None),
            ("nonsense", "", None),
        ]  # fmt: skip
        found = subscribers.import_rows(conn, "weekly", rows, said(now), b"key", now)
        new = subscribers.find(conn, "weekly", "new@x.org")
        here = subscribers.find(conn, "weekly", "here@x.org")
    assert found == [
        Added.ADDED, Added.KNOWN, Added.LEFT, Added.KNOWN, Added.SUPPRESSED, Added.SUPPRESSED,
        Added.INVALID,
    ]  # fmt: skip
    assert new is not None
    assert (new.name, new.language, new.state) == ("New ?", "de", ACTIVE)
    assert here is not None
    assert here.name == ""


def test_import_of_many(store: Store, now: datetime) -> None:
    """Thousands are imported in one call, each with a consent, and walked through in order."""
    rows = [(f"s{number}@x.org", "", None) for number in range(2500)]
    with store.begin() as conn:
        found = subscribers.import_rows(conn, "weekly", rows, said(now), b"key", now)
        again = subscribers.import_rows(conn, "weekly", rows, said(now), b"key", now)
        everyone = list(subscribers.each(conn, "weekly", ACTIVE))
        assert subscribers.consents(conn, everyone[-1].id) == [said(now)]
    assert set(found) == {Added.ADDED}
    assert set(again) == {Added.KNOWN}
    assert [one.address for one in everyone] == [row[0] for row in rows]


def test_set_state(store: Store, now: datetime) -> None:
    """A change of state is remembered with its words; none is none."""
    later = now + timedelta(hours=1)
    with store.begin() as conn:
        subscribers.add(conn, "weekly", "a@x.org", consent=said(now), state=PENDING, now=now)
        ann = subscribers.find(conn, "weekly", "a@x.org")
        assert ann is not None
        assert subscribers.set_state(conn, ann.id, ACTIVE, later, "confirmed")
        assert not subscribers.set_state(conn, ann.id, ACTIVE, later, "confirmed")
        assert not subscribers.set_state(conn, 999, ACTIVE, later, "confirmed")
        assert subscribers.consents(conn, ann.id)[1:] == [Consent("active", "confirmed", later)]
        changed = subscribers.get(conn, ann.id)
        assert changed is not None
        assert changed.joined == later
        assert subscribers.set_state(conn, ann.id, LEFT, later + timedelta(1), "one click")
        gone = subscribers.get(conn, ann.id)
        assert gone is not None
        assert (gone.state, gone.joined) == (LEFT, later)


def test_suppression(store: Store, now: datetime) -> None:
    """What is suppressed is refused until it is lifted; the first reason stays."""
    with store.begin() as conn:
        assert subscribers.suppress(conn, "weekly", "Ann@x.org", "complaint", now)
        assert not subscribers.suppress(conn, "weekly", "ann@x.org", "bounce", now)
        assert subscribers.is_suppressed(conn, "weekly", "ANN@x.org") == "complaint"
        assert subscribers.is_suppressed(conn, "daily", "ann@x.org") is None
        assert subscribers.suppressions(conn, "weekly") == [
            subscribers.Suppression("ann@x.org", "complaint", now)
        ]
        added = subscribers.add(conn, "weekly", "ann@x.org", consent=said(now), now=now)
        assert added is Added.SUPPRESSED
        assert subscribers.lift(conn, "weekly", "ann@x.org")
        assert not subscribers.lift(conn, "weekly", "ann@x.org")
        added = subscribers.add(conn, "weekly", "ann@x.org", consent=said(now), now=now)
        assert added is Added.ADDED


def test_erase(stocked: Store, now: datetime) -> None:
    """After erasure the address stands nowhere, its rows count on, and it is never added again."""
    outcomes = {"ann": DeliveryState.ACCEPTED, "bob": DeliveryState.DEFERRED}
    with stocked.begin() as conn:
        subscribers.suppress(conn, "weekly", "bob@example.org", "old", now - timedelta(1))
        subscribers.lift(conn, "weekly", "bob@example.org")
        number = ledger.create_send(conn, "weekly", "1", Kind.ISSUE, at=now, now=now)
        ledger.freeze(conn, number, "v", now)
        test = ledger.create_send(
            conn, "weekly", "1", Kind.TEST, at=now, now=now, addresses=["Bob@example.org"]
        )
        lot = ledger.claim(conn, "me", timedelta(minutes=1), now)
        assert lot is not None
        ledger.freeze(conn, test, "v", now)
        done = [
            ledger.Recorded(
                each.id,
                outcomes.get(each.name.lower(), DeliveryState.QUEUED),
                450,
                f"<{each.address}> busy",
                now,
            )
            for each in lot.deliveries
        ]
        ledger.record(conn, lot, done, now)
        ledger.release(conn, lot, now)
        for name in ("ann", "bob", "cid"):
            assert subscribers.erase(conn, "weekly", f"{name}@Example.org", b"key", now)
        assert not subscribers.erase(conn, "weekly", "ann@example.org", b"key", now)
        rows = {each.id: each for each in ledger.who(conn, "weekly", "1")}
        states = [rows[each.id].state for each in lot.deliveries[:3]]
        assert states == [DeliveryState.ACCEPTED, DeliveryState.SKIPPED, DeliveryState.SKIPPED]
        assert {rows[each.id].subscriber for each in lot.deliveries[:3]} == {None}
        assert ledger.counts(conn, test) == {DeliveryState.SKIPPED: 1}
        for key in (None, b"other"):
            assert subscribers.is_suppressed(conn, "weekly", "bob@example.org", key=key) is None
        assert subscribers.is_suppressed(conn, "weekly", "Bob@example.org", key=b"key") == "erased"
        added = subscribers.add(
            conn, "weekly", "bob@example.org", consent=said(now), key=b"key", now=now
        )
        assert added is Added.SUPPRESSED
    with stocked.read() as conn:
        for table in ("subscriber", "consent", "suppression", "delivery", "attempt"):
            text = str(conn.exec_driver_sql(f"SELECT * FROM {table}").all()).lower()
            assert not any(f"{name}@" in text for name in ("ann", "bob", "cid"))


def test_erase_while_sending(stocked: Store, now: datetime) -> None:
    """Who is erased while his mail is on the wire is not tried again, nor are words kept."""
    with stocked.begin() as conn:
        number = ledger.create_send(conn, "weekly", "1", Kind.ISSUE, at=now, now=now)
        ledger.freeze(conn, number, "v", now)
        lot = ledger.claim(conn, "me", timedelta(minutes=1), now)
        assert lot is not None
        for name in ("ann", "bob"):
            subscribers.erase(conn, "weekly", f"{name}@example.org", b"key", now)
        later = now + timedelta(hours=1)
        ends = [DeliveryState.DEFERRED, DeliveryState.IN_DOUBT] + [DeliveryState.ACCEPTED] * 3
        ledger.record(
            conn,
            lot,
            [
                ledger.Recorded(each.id, end, 450, each.address, later)
                for each, end in zip(lot.deliveries, ends, strict=True)
            ],
            now,
        )
        ledger.release(conn, lot, now)
        rows = ledger.who(conn, "weekly", "1")
        assert [each.state for each in rows[:2]] == [DeliveryState.SKIPPED, DeliveryState.IN_DOUBT]
        assert [(each.words, each.next_at) for each in rows[:2]] == [("", None)] * 2
        assert [each.words for each in ledger.attempts(conn, rows[0].id)] == [""]
        finished = ledger.send(conn, number)
        assert finished is not None
        assert finished.state == "done"


_TEXTS = st.text(st.sampled_from('aZ.0-_+@ "<>\t\0é例ßＡ\u200d') | st.characters(), max_size=12)
_DOMAINS = st.sampled_from(
    ["x.org", "X.Org", "localhost", "-a.org", "a..b", "1.2.3.4", "例え.jp", "a_b.org"]
)


@given(st.one_of(_TEXTS, st.builds(lambda local, domain: f"{local}@{domain}", _TEXTS, _DOMAINS)))
def test_forms(address: str) -> None:
    """The quick way of the import says the same of an address as the slow ways one by one."""
    if valid(address) is not None:
        assert forms(address) is None
    else:
        assert forms(address) == (normalise(address), folded(address))


def test_an_import_tells_who_was_there(stocked: Store, now: datetime) -> None:
    """Known, left, suppressed, erased, twice, no address: each is told apart, others are added."""
    with stocked.begin() as conn:
        ann = subscribers.find(conn, "weekly", "ann@example.org")
        assert ann is not None
        subscribers.set_state(conn, ann.id, SubscriberState.UNSUBSCRIBED, now, "click")
        subscribers.suppress(conn, "weekly", "dee@example.org", "bounce", now)
        subscribers.suppress(conn, "weekly", "new@example.org", "bounce", now)
        subscribers.suppress(conn, "daily", "zoe@example.org", "bounce", now)
        subscribers.erase(conn, "weekly", "eve@example.org", b"k", now)
        rows = [
            ("ANN@example.org", "", None, None),
            ("bob@example.org", "Other", "de", "Asia/Shanghai"),
            ("dee@example.org", "", None, None),
            ("new@example.org", "", None, None),
            ("eve@example.org", "", None, None),
            ("nobody", "", None, None),
            ("zoe@Example.org", "Zo\0e", "zh", "Europe/Berlin"),
            ("Zoe@example.org", "Zoe again", None, None),
        ]
        why = Consent("import", "by me", now)
        assert subscribers.import_rows(conn, "weekly", rows, why, b"k", now) == [
            Added.LEFT,
            Added.KNOWN,
            Added.SUPPRESSED,
            Added.SUPPRESSED,
            Added.SUPPRESSED,
            Added.INVALID,
            Added.ADDED,
            Added.KNOWN,
        ]
        zoe = subscribers.find(conn, "weekly", "zoe@example.org")
        assert zoe is not None
        assert (zoe.name, zoe.language, zoe.timezone) == ("Zoe", "zh", "Europe/Berlin")
        assert subscribers.consents(conn, zoe.id) == [why]
        bob = subscribers.find(conn, "weekly", "bob@example.org")
        assert bob is not None
        assert (bob.name, bob.timezone) == ("Bob", None)
        assert len(subscribers.consents(conn, bob.id)) == 1
        assert subscribers.timezones(conn, "weekly") == ["Europe/Berlin"]
