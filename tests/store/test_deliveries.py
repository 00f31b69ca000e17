"""Tests of deliveries: who got what, found by issue, by address, by doubt."""

from datetime import datetime, timedelta

import pytest

from publisher.model import Consent, DeliveryState, Kind
from publisher.store import Store, deliveries, freezing, ledger, subscribers


def test_who(stocked: Store, now: datetime) -> None:
    """Every delivery of an issue is listed, tests too; an address is found whatever its case."""
    with stocked.begin() as conn:
        number = ledger.create_send(conn, "weekly", "1", Kind.ISSUE, at=now, now=now)
        ledger.freeze(conn, number, "v", now)
        ledger.create_send(
            conn, "weekly", "1", Kind.TEST, at=now, now=now, addresses=["Ann@example.org"]
        )
        rows = deliveries.who(conn, "weekly", "1")
        assert [(row.kind, row.state) for row in rows] == [
            *[(Kind.ISSUE, DeliveryState.QUEUED)] * 5,
            (Kind.TEST, DeliveryState.QUEUED),
        ]
        assert deliveries.who(conn, "weekly", "1", "ANN@example.org") == [rows[0], rows[5]]
        assert deliveries.who(conn, "weekly", "1", "zoe@example.org") == []
        assert deliveries.who(conn, "weekly", "2") == []
        assert deliveries.in_doubt(conn, number) == []


def test_walking(stocked: Store, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    """Walked lot by lot, it is the same list; page by page come those who have no delivery."""
    monkeypatch.setattr(freezing, "LOT", 2)
    monkeypatch.setattr(deliveries, "_PAGE", 2)
    later = now + timedelta(days=1)
    with stocked.begin() as conn:
        everyone = [one.address for one in deliveries.without(conn, "weekly", "1")]
        assert len(everyone) == 5
        subscribers.suppress(conn, "weekly", "eve@example.org", "bounced", now)
        number = ledger.create_send(conn, "weekly", "1", Kind.ISSUE, at=now, now=now)
        ledger.freeze(conn, number, "v", now)
        ledger.create_send(conn, "weekly", "1", Kind.TEST, at=now, now=now, addresses=["x@y.org"])
        rows = [(f"{name}@example.org", "", None) for name in ("fay", "gil", "hal")]
        consent = Consent("import", "said so", later)
        subscribers.import_rows(conn, "weekly", rows, consent, b"k", later)
    with stocked.read() as conn:
        walked = list(deliveries.walk(conn, "weekly", "1"))
        assert walked == deliveries.who(conn, "weekly", "1")
        assert len(walked) == 5
        rest = list(deliveries.without(conn, "weekly", "1"))
        assert [(one.address[:3], one.joined, one.suppressed) for one in rest] == [
            ("eve", now, "bounced"),
            ("fay", later, None),
            ("gil", later, None),
            ("hal", later, None),
        ]
        assert list(deliveries.walk(conn, "weekly", "2")) == []
