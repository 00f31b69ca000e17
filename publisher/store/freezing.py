"""freezing - an audience becomes the deliveries of a send, cut in lots.

One transaction: the editors come first, then everybody else; in the order of their moments where
each has their own clock. A canary fills the first lots, so that they can go alone. What counts as
sent is left out and, should two freezes meet, kept out by the unique index.

Faults: StoreError from the database. Never: chooses variants, moments or the size of a canary.
See: sends (creates them; re-exports `freeze`), ledger (works the lots).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from heapq import merge
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
from publisher.store.raw import Statement, stamp
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

_AT_ONCE: Final = 20 * LOT
"""Subscribers that become deliveries in one statement of PostgreSQL; it wants work for each."""

_QUEUED: Final = f'{{"{DeliveryState.QUEUED}": '
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
        alone, lots = 0, _cut(conn, send_id)
    else:
        each = _Each(row, variant, languages, moments, now)
        at_once = moments or row.kind is Kind.ERRATUM or _is_under_way(conn, row.issue)
        ids = each.add_first(conn, editors) if editors else []
        lots = _cut(conn, send_id)
        left = max(0, canary - len(ids))
        alone = lots + -(-left // LOT) if canary else 0
        by_lot = None if at_once else _add_by_lot(conn, each, ids, left, lots)
        if by_lot is None:
            each.add(conn, ids, left, lots)
            by_lot = lots + _cut(conn, send_id, above=lots)
        lots = by_lot
    begun = {"state": SendState.RUNNING, "canary": min(alone, lots)}
    if not lots:
        begun |= {"state": SendState.DONE, "finished": now, "tally": "{}"}
    conn.execute(update(send_table).where(send_table.c.id == send_id).values(started=now, **begun))
    return _total(conn, send_id)


def _add_by_lot(
    conn: Connection, each: _Each, but: Sequence[int], alone: int, before: int
) -> int | None:
    """Freeze everybody but these; give how many lots there are then.

    PostgreSQL looks into each unique index before a row that may be in conflict, and a freeze took
    half as long again. There it is not asked to: where another freeze was quicker, what was added
    is taken back and None given.
    """
    if conn.dialect.name == "sqlite":
        return each.add_by_lot(conn, but, alone, before)
    try:
        with conn.begin_nested():
            return each.add_by_lot(conn, but, alone, before)
    except conn.dialect.loaded_dbapi.IntegrityError:
        return None


def _is_under_way(conn: Connection, issue_id: int) -> bool:
    """Say whether anybody has an issue, or is about to."""
    some = exists().where(delivery.c.issue == issue_id, counting())
    return bool(conn.execute(select(some)).scalar())


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


def _cut(conn: Connection, send_id: int, *, above: int = 0) -> int:
    """Make the rows of the lots, each with how many wait in it; give their number."""
    count = func.count()
    numbers = (
        select(
            delivery.c.send,
            delivery.c.lot,
            literal(LotState.FREE.value),
            literal(0),
            func.min(delivery.c.next_at, type_=Moment),
            literal(_QUEUED).concat(count.concat("}")),
        )
        .where(delivery.c.send == send_id, delivery.c.lot > above)
        .group_by(delivery.c.send, delivery.c.lot)
        .order_by(delivery.c.lot)
    )
    columns = ["send", "number", "state", "generation", "due", "tally"]
    return _number(conn, insert(lot).from_select(columns, numbers))


def _number(conn: Connection, rows: Insert) -> int:
    """Insert rows; give how many they were."""
    return conn.execute(rows.execution_options(preserve_rowcount=True)).rowcount


_NEXT_TEXT: Final = """
    SELECT id FROM subscriber
    WHERE newsletter = :newsletter AND state = 'active' AND id > :after OTHERS
    ORDER BY id LIMIT 1 OFFSET :most
    """
_ADD_LOTS: Final = Statement(
    f"""
    INSERT INTO lot (send, number, state, generation, tally)
    SELECT :send, :before + 1 + key, 'free', 0, '{_QUEUED}' || value || '}}'
    FROM json_each(:sizes) ORDER BY key
    """,
    postgresql=f"""
    INSERT INTO lot (send, number, state, generation, tally)
    SELECT :send, :before + number, 'free', 0, '{_QUEUED}' || size || '}}'
    FROM unnest(CAST(:sizes AS integer[])) WITH ORDINALITY AS found (size, number) ORDER BY number
    """,
)
_ADD_TEXT: Final = f"""
    INSERT INTO delivery ({", ".join(_COLUMNS)})
    SELECT :send, NUMBER, :issue, id, 'issue', address, name, VARIANT, 'queued', FALSE, 0, NULL, '',
           :now, TRUE
    FROM subscriber
    WHERE newsletter = :newsletter AND state = 'active' AND id > :after AND id <= :upto OTHERS
    ORDER BY id
    """
_BUT: Final = "AND id NOT IN (SELECT value FROM json_each(:others))"
_BUT_PG: Final = "AND id <> ALL (CAST(:others AS bigint[]))"
_NUMBER_PG: Final = f":lot + (row_number() OVER (ORDER BY id) - 1) / {LOT}"
# crossed, so that SQLite begins with the suppressed, who are few, whatever the order asked for
_SUPPRESSED: Final = Statement(
    """
    SELECT subscriber.id FROM suppression CROSS JOIN subscriber
    WHERE subscriber.newsletter = suppression.newsletter
      AND subscriber.folded = suppression.folded
      AND suppression.newsletter = :newsletter AND subscriber.state = 'active'
    ORDER BY subscriber.id
    """
)
_LAST_ID: Final = 2**63 - 1


class _Each:
    """What the deliveries of one send have in common, and how each gets what is its own."""

    def __init__(
        self,
        row: Any,
        variant: str,
        languages: Mapping[str, str],
        moments: Mapping[str | None, datetime],
        now: datetime,
    ) -> None:
        self._row = row
        self._now = now
        self._languages = languages
        self._other = variant
        self._first = min(moments.values(), default=None)
        self._moment = _by(subscriber.c.timezone, moments, moments.get(None), Moment())
        self._variant = _by(subscriber.c.language, languages, variant, delivery.c.variant.type)

    def add_first(self, conn: Connection, editors: Sequence[str]) -> list[int]:
        """Freeze those of the audience who have these addresses; give who they are."""
        forms = sorted({subscribers.folded(address) for address in editors})
        first = self._audience().where(subscriber.c.folded.in_(forms))
        self._insert(conn, first, literal(0), literal(self._first, Moment))
        mine = delivery.c.send == self._row.id
        return list(conn.scalars(select(delivery.c.subscriber).where(mine)))

    def add(self, conn: Connection, but: Sequence[int], alone: int, before: int) -> None:
        """Freeze everybody but these in one statement; `alone` of them fill lots of their own."""
        others = self._audience()
        if but:
            others = others.where(subscriber.c.id.not_in(but))
        self._insert(conn, others, literal(before), self._moment, alone)

    def add_by_lot(self, conn: Connection, but: Sequence[int], alone: int, before: int) -> int:
        """Freeze everybody but these, a few lots at a time; give how many lots there are then.

        Nobody is looked up again: this is nearly as quick as the bare database. Who is suppressed
        leaves a gap in the last lot of their statement. Each statement reads a stretch of an index:
        for everybody at once PostgreSQL, while a new list has no statistics, compares each
        subscriber with each suppression, and takes ten times as long.
        """
        row, after, sizes = self._row, 0, list[int]()
        is_sqlite = conn.dialect.name == "sqlite"
        at_once = LOT if is_sqlite else _AT_ONCE
        jump, add, add_but = self._statements(but)
        values = {
            "send": row.id, "issue": row.issue, "newsletter": row.newsletter,
            "now": stamp(conn, self._now), "other": self._other,
        } | {f"language_{at}": one for at, one in enumerate(self._languages)} | {
            f"variant_{at}": one for at, one in enumerate(self._languages.values())
        }  # fmt: skip
        suppressed = (one for (one,) in _SUPPRESSED(conn, newsletter=row.newsletter))
        others = merge(sorted(but), suppressed)
        coming = next(others, _LAST_ID)
        while after < _LAST_ID:
            most = min(alone, at_once) or at_once
            alone -= min(alone, at_once)
            found = jump(conn, newsletter=row.newsletter, after=after, most=most - 1).fetchone()
            upto = found[0] if found else _LAST_ID
            left_out = []
            while coming <= upto and coming < _LAST_ID:
                left_out.append(coming)
                coming = next(others, _LAST_ID)
            lot_of = {"lot": before + len(sizes) + 1, "after": after, "upto": upto}
            if left_out:
                given = json.dumps(left_out) if is_sqlite else left_out
                many = add_but(conn, others=given, **lot_of, **values).rowcount
            else:
                many = add(conn, **lot_of, **values).rowcount
            sizes += [min(LOT, many - start) for start in range(0, many, LOT)]
            after = upto
        given = json.dumps(sizes) if is_sqlite else sizes
        _ADD_LOTS(conn, send=row.id, before=before, sizes=given)
        return before + len(sizes)

    def _statements(self, but: Sequence[int]) -> tuple[Statement, Statement, Statement]:
        """Make those that find where a lot ends, add it, and add it without some."""
        cases = "".join(
            f" WHEN :language_{at} THEN :variant_{at}" for at in range(len(self._languages))
        )
        variant = f"CASE language{cases} ELSE :other END" if cases else ":other"
        without = f"AND id NOT IN ({', '.join(map(str, but))})" if but else ""
        add = _ADD_TEXT.replace("VARIANT", variant)
        lite = add.replace("NUMBER", ":lot") + " ON CONFLICT DO NOTHING"
        post = add.replace("NUMBER", _NUMBER_PG)
        return (
            Statement(_NEXT_TEXT.replace("OTHERS", without)),
            Statement(lite.replace("OTHERS", ""), postgresql=post.replace("OTHERS", "")),
            Statement(lite.replace("OTHERS", _BUT), postgresql=post.replace("OTHERS", _BUT_PG)),
        )

    def _audience(self) -> Select[Any]:
        row = self._row
        wanted = select(subscriber.c.id).where(
            subscriber.c.newsletter == row.newsletter,
            subscriber.c.state == SubscriberState.ACTIVE,
            ~is_barred(),
        )
        has_it = has(row.issue)
        return wanted.where(has_it if row.kind is Kind.ERRATUM else ~has_it)

    def _insert(
        self,
        conn: Connection,
        wanted: Select[Any],
        before: ColumnElement[int],
        moment: ColumnElement[Any],
        alone: int = 0,
    ) -> None:
        row = self._row
        order = [subscriber.c.id] if self._first is None else [moment, subscriber.c.id]
        place = func.row_number().over(order_by=order) - 1
        number = place // LOT + 1
        if alone:
            after = (place - alone) // LOT + 1 + -(-alone // LOT)
            number = case((place < alone, number), else_=after)
        rows = wanted.with_only_columns(
            literal(row.id),
            before + number,
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
        conn.execute(new.on_conflict_do_nothing())


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
