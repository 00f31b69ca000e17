"""freezing - an audience becomes the deliveries of a send, cut in lots.

One transaction, two statements however many there are: the editors, who come first, then everybody
else; in the order of their moments where each has their own clock. A canary fills the first lots,
so that they can go alone. What counts as sent is left out by the statement and, should two freezes
meet, by the unique index.

Faults: StoreError from the database. Never: chooses variants, moments or the size of a canary.
See: sends (creates them; re-exports `freeze`), ledger (works the lots).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Insert,
    Select,
    case,
    exists,
    func,
    insert,
    literal,
    null,
    select,
    update,
)

from publisher.model import DeliveryState, Kind, SendState, SubscriberState
from publisher.store import subscribers
from publisher.store.schema import (
    LotState,
    Moment,
    counting,
    delivery,
    insert_into,
    lot,
    subscriber,
    suppression,
)
from publisher.store.schema import send as send_table

LOT: Final = 500
"""Recipients in a lot."""

_COLUMNS: Final = (
    "send", "lot", "issue", "subscriber", "kind", "address", "name", "variant", "state", "doubt",
    "attempts", "next_at", "words", "updated", "counts",
)  # fmt: skip


def freeze(
    conn: Connection,
    send_id: int,
    variant: str,
    now: datetime,
    *,
    languages: Mapping[str, str] = MappingProxyType({}),
    editors: Sequence[str] = (),
    canary: int = 0,
    moments: Mapping[str | None, datetime] = MappingProxyType({}),
) -> int:
    """Turn the audience of a scheduled send into deliveries and let it run; give their number.

    `languages` maps subscribers' languages to the variants they get, everyone else gets `variant`.
    The `editors` of the audience come first, and with the first moment; `canary` recipients fill
    lots of their own. `moments` are those of time zones, that of None everyone else's.
    Frozen is frozen: called again it changes nothing. An erratum goes to those who have the issue.
    """
    # the lock: of two who freeze at once the second finds it done
    row = conn.execute(select(send_table).where(send_table.c.id == send_id).with_for_update()).one()
    if row.state is not SendState.SCHEDULED:
        return _total(conn, send_id)
    if row.kind is Kind.TEST:
        _vary_tests(conn, row, variant, languages)
    else:
        each = _Each(row, variant, languages, moments, canary, now)
        before = each.add_first(conn, editors) if editors else 0
        each.add(conn, before)
    lots = _cut(conn, send_id)
    begun = {"state": SendState.RUNNING, "canary": min(-(-canary // LOT), lots)}
    if not lots:
        begun |= {"state": SendState.DONE, "finished": now, "tally": "{}"}
    conn.execute(update(send_table).where(send_table.c.id == send_id).values(started=now, **begun))
    return _total(conn, send_id)


def _total(conn: Connection, send_id: int) -> int:
    return conn.execute(
        select(func.count()).select_from(delivery).where(delivery.c.send == send_id)
    ).scalar_one()


def _vary_tests(conn: Connection, row: Any, variant: str, languages: Mapping[str, str]) -> None:
    """Give a test the variant of the subscriber with its address, where there is one."""
    tests = select(delivery.c.id, delivery.c.address).where(delivery.c.send == row.id)
    for test in conn.execute(tests).all():
        reader = subscribers.find(conn, row.newsletter, test.address)
        theirs = languages.get((reader.language if reader else None) or "", variant)
        conn.execute(update(delivery).where(delivery.c.id == test.id).values(variant=theirs))


def _cut(conn: Connection, send_id: int) -> int:
    """Make the rows of the lots, each with how many wait in it; give their number."""
    queued = f'{{"{DeliveryState.QUEUED}": '
    count = func.count()
    numbers = (
        select(
            delivery.c.send,
            delivery.c.lot,
            literal(LotState.FREE.value),
            literal(0),
            func.min(delivery.c.next_at, type_=Moment),
            literal(queued).concat(count.concat("}")),
        )
        .where(delivery.c.send == send_id)
        .group_by(delivery.c.send, delivery.c.lot)
        .order_by(delivery.c.lot)
    )
    columns = ["send", "number", "state", "generation", "due", "tally"]
    return _number(conn, insert(lot).from_select(columns, numbers))


def _number(conn: Connection, rows: Insert) -> int:
    """Insert rows; give how many they were."""
    return conn.execute(rows.execution_options(preserve_rowcount=True)).rowcount


class _Each:
    """What the deliveries of one send have in common, and how each gets what is its own."""

    def __init__(
        self,
        row: Any,
        variant: str,
        languages: Mapping[str, str],
        moments: Mapping[str | None, datetime],
        canary: int,
        now: datetime,
    ) -> None:
        self._row = row
        self._canary = canary
        self._now = now
        self._first = min(moments.values(), default=None)
        self._moment = _by(subscriber.c.timezone, moments, moments.get(None), Moment())
        self._variant = _by(subscriber.c.language, languages, variant, delivery.c.variant.type)

    def add_first(self, conn: Connection, editors: Sequence[str]) -> int:
        """Freeze those of the audience who have these addresses; give how many they are."""
        forms = sorted({subscribers.folded(address) for address in editors})
        first = self._audience(conn).where(subscriber.c.folded.in_(forms))
        return self._insert(conn, first, 0, literal(self._first, Moment))

    def add(self, conn: Connection, before: int) -> int:
        """Freeze everybody else; `before` are in already."""
        others = self._audience(conn)
        if before:
            mine = exists().where(
                delivery.c.send == self._row.id, delivery.c.subscriber == subscriber.c.id
            )
            others = others.where(~mine)
        return self._insert(conn, others, before, self._moment)

    def _audience(self, conn: Connection) -> Select[Any]:
        row = self._row
        wanted = select(subscriber.c.id).where(
            subscriber.c.newsletter == row.newsletter,
            subscriber.c.state == SubscriberState.ACTIVE,
            ~is_barred(),
        )
        has_it = has(row.issue)
        return wanted.where(has_it if row.kind is Kind.ERRATUM else ~has_it)

    def _insert(
        self, conn: Connection, wanted: Select[Any], before: int, moment: ColumnElement[Any]
    ) -> int:
        row = self._row
        order = [subscriber.c.id] if self._first is None else [moment, subscriber.c.id]
        place = func.row_number().over(order_by=order) - 1 + before
        number = place // LOT + 1
        if self._canary:
            alone = -(-self._canary // LOT)
            number = case(
                (place < self._canary, number), else_=(place - self._canary) // LOT + 1 + alone
            )
        rows = wanted.with_only_columns(
            literal(row.id),
            number,
            literal(row.issue),
            subscriber.c.id,
            literal(row.kind.value),
            subscriber.c.address,
            subscriber.c.name,
            self._variant,
            literal(DeliveryState.QUEUED.value),
            literal(False),
            literal(0),
            moment,
            literal(""),
            literal(self._now, Moment),
            literal(row.kind is Kind.ISSUE),
        ).order_by(*order)
        new = insert_into(conn, delivery).from_select([*_COLUMNS], rows)
        return _number(conn, new.on_conflict_do_nothing())


def _by(
    column: ColumnElement[Any], values: Mapping[Any, Any], other: Any, kind: Any
) -> ColumnElement[Any]:
    """Give each row the value of what stands in a column."""
    named = {key: literal(value, kind) for key, value in values.items() if key is not None}
    default = null() if other is None else literal(other, kind)
    return case(named, value=column, else_=default) if named else default


def has(issue_id: Any) -> ColumnElement[bool]:
    """Say whether a subscriber has the issue already, or is about to."""
    return exists().where(
        delivery.c.issue == issue_id, delivery.c.subscriber == subscriber.c.id, counting()
    )


def is_barred() -> ColumnElement[bool]:
    """Say whether a subscriber is suppressed."""
    return exists().where(
        suppression.c.newsletter == subscriber.c.newsletter,
        suppression.c.folded == subscriber.c.folded,
    )
