"""Tests of deliveries: who got what, found by issue, by address, by doubt."""

from datetime import datetime

from publisher.model import DeliveryState, Kind
from publisher.store import Store, deliveries, ledger


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
