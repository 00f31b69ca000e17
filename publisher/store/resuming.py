"""resuming - a person has those in doubt sent the message again.

Locks are taken in the order of the ledger: lots, send, deliveries.

Faults: RefusedError for a send that cannot. Never: decides who is in doubt. See: sends, ledger.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, and_, null, select, update

from publisher.errors import RefusedError
from publisher.model import DeliveryState, SendState
from publisher.store import sends
from publisher.store.schema import LotState, delivery, lot
from publisher.store.schema import send as send_table


def repeat_doubtful(conn: Connection, send_id: int, now: datetime) -> int:
    """Have those in doubt who wait for a person sent the message again; give how many.

    It has the same Message-ID as before. A send that was done runs again until that is over; one
    that is paused stays so. Erased readers are left alone.
    """
    held = and_(
        delivery.c.send == send_id,
        delivery.c.state == DeliveryState.IN_DOUBT,
        delivery.c.next_at.is_(None),
        delivery.c.address != "",
    )
    numbers = conn.scalars(select(delivery.c.lot).where(held).distinct()).all()
    mine = and_(lot.c.send == send_id, lot.c.number.in_(numbers))
    conn.execute(select(lot.c.id).where(mine).order_by(lot.c.id).with_for_update())
    state = sends.state(conn, send_id, lock=True)
    if state not in {SendState.RUNNING, SendState.PAUSED, SendState.DONE}:
        raise RefusedError(
            f"send {send_id} is {state}, so nobody of it is sent anything again",
            hint="publisher send ISSUE --missing sends it to those without it",
        )
    repeated = conn.execute(update(delivery).where(held).values(next_at=now, updated=now)).rowcount
    if not repeated:
        return 0
    conn.execute(
        update(lot)
        .where(mine, lot.c.state != LotState.BUSY)
        .values(state=LotState.FREE, due=null(), tally=null())
    )
    if state is SendState.DONE:
        conn.execute(
            update(send_table)
            .where(send_table.c.id == send_id)
            .values(state=SendState.RUNNING, finished=null(), tally=null(), note="")
        )
    return repeated
