"""allowances - how many messages may go now, counted in the database for all who send.

A limit belongs to a key: a relay's name, or "domain:" and a receiving domain. Limits per second
are spaced by the generic cell rate algorithm (ITU-T I.371, annex A): one number says when the next
is due. Limits per hour and day are counted minute by minute, so that they hold in *any* hour and
day, not only in those of the clock; the minute that is falling out counts in full.

Faults: StoreError from the database. Never: asks the time, sleeps. See: delivery.pacing (whose
limits these are), schema (tables `allowance` and `spent`).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import floor
from typing import Final

from sqlalchemy import Connection, delete, func, select, update

from publisher.store.schema import allowance, insert_into, spent

_AT_ONCE: Final = 0.05
"""So much of a second's messages may go together; the rest is spaced so that no second has more."""

_TICK: Final = timedelta(microseconds=1)
_HOUR: Final = 60
_DAY: Final = 24 * 60


def take(
    conn: Connection,
    key: str,
    n: int,
    *,
    per_second: float | None = None,
    per_hour: int | None = None,
    per_day: int | None = None,
    now: datetime,
) -> tuple[int, datetime]:
    """Take leave for up to `n` messages; give how many may go, and when to ask for the others.

    The moment is `now` when all were granted. What is granted and not sent is given back.
    """
    due, apart = _lock(conn, key)
    at = now.timestamp()
    minute = floor(at / 60)
    granted, wait = n, at
    for minutes, limit in ((_HOUR, per_hour), (_DAY, per_day)):
        if limit is not None:
            most, then = _in_window(conn, key, minute, minutes, limit)
            if most < granted:
                granted, wait = most, max(wait, then)
    if per_second is not None:
        together = max(1, floor(per_second * _AT_ONCE))
        # a thousandth more, so that what rounding takes from a moment does not matter
        apart = 1.001 / (per_second - together + 1)
        due = max(due, at)
        if due - at > apart * (together + 1):
            due = at  # the clock went back
        most = max(0, floor((at + apart * together - due) / apart + 1e-3))
        if most < granted:
            granted = most
            ready = min(n - granted, together)
            wait = max(wait, due + apart * (granted + ready - together))
        due += apart * granted
    if granted:
        _spend(conn, key, minute, granted)
    conn.execute(update(allowance).where(allowance.c.key == key).values(next=due, apart=apart))
    return granted, now if granted == n else datetime.fromtimestamp(wait, UTC) + _TICK


def give_back(conn: Connection, key: str, n: int, now: datetime) -> None:
    """Give back leave for `n` messages that were not sent."""
    due, apart = _lock(conn, key)
    conn.execute(update(allowance).where(allowance.c.key == key).values(next=due - apart * n))
    minute = floor(now.timestamp() / 60)
    rows = conn.execute(
        select(spent.c.minute, spent.c.used)
        .where(spent.c.key == key, spent.c.minute > minute - _DAY)
        .order_by(spent.c.minute.desc())
    ).all()
    for row in rows:
        if not n:
            return
        back = min(n, row.used)
        n -= back
        conn.execute(
            update(spent)
            .where(spent.c.key == key, spent.c.minute == row.minute)
            .values(used=row.used - back)
        )


def _lock(conn: Connection, key: str) -> tuple[float, float]:
    """Have a key to oneself until the transaction ends; give when its next is due, how far apart."""
    found = select(allowance.c.next, allowance.c.apart).where(allowance.c.key == key)
    row = conn.execute(found.with_for_update()).one_or_none()
    if row is None:
        new = insert_into(conn, allowance).values(key=key, next=0.0, apart=0.0)
        conn.execute(new.on_conflict_do_nothing())
        row = conn.execute(found.with_for_update()).one()
    return row.next, row.apart


def _in_window(
    conn: Connection, key: str, minute: int, minutes: int, limit: int
) -> tuple[int, float]:
    """Give how many are left of a limit, and when there will be more."""
    # a minute ahead belongs to a host whose clock is: later ones to a clock that was wrong
    window = (spent.c.key == key) & spent.c.minute.between(minute - minutes, minute + 1)
    used = conn.execute(select(func.coalesce(func.sum(spent.c.used), 0)).where(window)).scalar()
    first = conn.execute(select(func.min(spent.c.minute)).where(window, spent.c.used > 0)).scalar()
    then = minute if first is None else first + minutes + 1
    return max(0, limit - int(used or 0)), then * 60.0


def _spend(conn: Connection, key: str, minute: int, number: int) -> None:
    new = insert_into(conn, spent).values(key=key, minute=minute, used=number)
    conn.execute(
        new.on_conflict_do_update(
            index_elements=["key", "minute"], set_={"used": spent.c.used + number}
        )
    )
    conn.execute(delete(spent).where(spent.c.key == key, spent.c.minute < minute - _DAY - _HOUR))
