"""account - what became of the deliveries of one send, for who steers it.

Every question here reads all deliveries of the send; that of a million readers takes a second. What
is looked at again and again is asked of `sends`, whose counts are kept by the lot.

Faults: StoreError from the database. Never: writes. See: sends (counts, progress), cli.asking and
web.desk (who tell people).
"""

from __future__ import annotations

from sqlalchemy import Connection

from publisher.model import Delivery, DeliveryState
from publisher.store import deliveries
from publisher.store.schema import delivery


def not_accepted(conn: Connection, send_id: int, most: int = 20) -> list[Delivery]:
    """List who of a send has not got it, the first of them."""
    wanted = deliveries.rows().where(
        delivery.c.send == send_id, delivery.c.state != DeliveryState.ACCEPTED
    )
    return deliveries.read(conn, wanted.limit(most))
