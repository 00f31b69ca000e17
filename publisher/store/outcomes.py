"""outcomes - how deliveries in an owner's hand ended, written many at once.

Nearly all are accepted, with words of their own each: these are one statement. The few others are
decided one by one, because of what they were before, and written by a second one; what was tried
and not accepted is remembered as an attempt, too.

Faults: ValueError for a state that is no outcome. Never: asks whose the lot is. See: ledger (does,
before and in the same transaction), model.COUNTS_AS_SENT.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple, Protocol

from sqlalchemy import Connection, select

from publisher.model import COUNTS_AS_SENT, DeliveryState
from publisher.store.raw import Statement, stamp
from publisher.store.schema import Words, attempt

WORDS: Final = 500
"""So much is kept of what a relay says."""

_OUTCOMES: Final = frozenset(DeliveryState) - {DeliveryState.SENDING}
_UNTRIED: Final = frozenset({DeliveryState.QUEUED, DeliveryState.SKIPPED})
_LATER: Final = frozenset({DeliveryState.QUEUED, DeliveryState.DEFERRED, DeliveryState.IN_DOUBT})
_ESCAPED: Final = "\\u"
_WORDS: Final = Words()


class Recorded(NamedTuple):
    """How a delivery that was being sent ended.

    QUEUED: not attempted, back in the queue. IN_DOUBT with `next_at` is sent again then, without
    it waits for a person.
    """

    delivery_id: int
    state: DeliveryState
    code: int | None = None
    words: str = ""
    next_at: datetime | None = None


class Held(Protocol):
    """The lot in whose rows is written."""

    @property
    def send(self) -> int:
        """The send."""

    @property
    def number(self) -> int:
        """The lot's place in it."""


# --- accepted -----------------------------------------------------------------

# the unary plus keeps SQLite from any index but the number; `counts` stays as it is
_ACCEPT: Final = Statement(
    """
    UPDATE delivery
    SET state = 'accepted', attempts = attempts + 1, next_at = NULL, code = :code,
        words = CASE WHEN address = '' THEN '' ELSE told.value END, updated = :now, relay = :relay
    FROM json_each(:told) AS told
    WHERE delivery.id = CAST(told.key AS INTEGER) AND state = 'sending'
      AND +delivery.send = :send AND +delivery.lot = :lot
    """,
    postgresql="""
    UPDATE delivery
    SET state = 'accepted', attempts = attempts + 1, next_at = NULL, code = :code,
        words = CASE WHEN address = '' THEN '' ELSE told.words END, updated = :now, relay = :relay
    FROM unnest(CAST(:ids AS bigint[]), CAST(:words AS text[])) AS told (id, words)
    WHERE delivery.id = told.id AND state = 'sending'
      AND delivery.send = :send AND delivery.lot = :lot
    """,
)


def _accept(conn: Connection, code: int | None, told: dict[int, str], **common: Any) -> int:
    if max(map(len, told.values())) > WORDS:
        told = {number: words[:WORDS] for number, words in told.items()}
    if conn.dialect.name != "sqlite":
        words = [_plain(one) for one in told.values()]
        changed: int = _ACCEPT(conn, code=code, ids=list(told), words=words, **common).rowcount
        return changed
    document = json.dumps(told)
    if _ESCAPED in document:
        document = json.dumps({number: _plain(words) for number, words in told.items()})
    changed = _ACCEPT(conn, code=code, told=document, **common).rowcount
    return changed


def _plain(words: str) -> str:
    """Leave out what no database takes."""
    return _WORDS.process_bind_param(words, None) or ""  # type: ignore[arg-type] # any database


# --- the others ---------------------------------------------------------------

_FIELDS: Final = (
    ("id", "bigint", "INTEGER"),
    ("state", "text", "TEXT"),
    ("outcome", "text", "TEXT"),
    ("doubt", "boolean", "INTEGER"),
    ("tried", "integer", "INTEGER"),
    ("next_at", "timestamptz", "TEXT"),
    ("code", "integer", "INTEGER"),
    ("words", "text", "TEXT"),
)
"""What is decided of each outcome: its name, and its type in the two databases."""

_FROM_JSON: Final = ", ".join(
    f"CAST(json_extract(value, '$[{place}]') AS {kind}) AS {name}"
    for place, (name, _, kind) in enumerate(_FIELDS)
)
_FROM_ARRAYS: Final = ", ".join(f"CAST(:{name} AS {kind}[])" for name, kind, _ in _FIELDS)
_TOLD: Final = f"(SELECT {_FROM_JSON} FROM json_each(:told)) AS told"
_TOLD_PG: Final = f"unnest({_FROM_ARRAYS}) AS told ({', '.join(name for name, *_ in _FIELDS)})"


def _both(text: str) -> Statement:
    return Statement(text.replace("TOLD", _TOLD), postgresql=text.replace("TOLD", _TOLD_PG))


_REMEMBER: Final = _both(
    """
    INSERT INTO attempt (delivery, at, state, code, words)
    SELECT told.id, :now, told.outcome, told.code, told.words
    FROM TOLD JOIN delivery ON delivery.id = told.id
    WHERE told.tried = 1 AND delivery.state = 'sending'
      AND +delivery.send = :send AND +delivery.lot = :lot
    """
)
_MOVE_TEXT: Final = """
    UPDATE delivery
    SET state = told.state, doubt = told.doubt, attempts = attempts + told.tried,
        next_at = told.next_at, code = told.code, words = told.words, updated = :now,
        relay = CASE WHEN told.tried = 1 THEN CAST(:relay AS text) ELSE relay END
    FROM TOLD
    WHERE delivery.id = told.id AND delivery.state = 'sending'
      AND +delivery.send = :send AND +delivery.lot = :lot
    """
_MOVE: Final = _both(_MOVE_TEXT)
_END: Final = _both(_MOVE_TEXT.replace(" updated =", " counts = FALSE, updated ="))
_ODD: Final = Statement(
    """
    SELECT id, doubt, address = '' FROM delivery
    WHERE send = :send AND lot = :lot AND state = 'sending' AND (doubt OR address = '')
    """
)


def write(
    conn: Connection, held: Held, outcomes: Sequence[Recorded], now: datetime, relay: str
) -> int:
    """Write outcomes on the `sending` rows of a lot that is fenced already; give how many were."""
    where = {"send": held.send, "lot": held.number}
    common = where | {"now": stamp(conn, now), "relay": relay or None}
    accepted, others = _parted(outcomes)
    changed = sum(_accept(conn, code, told, **common) for code, told in accepted.items())
    if others:
        changed += _move(conn, others, now, where, common)
    return changed


def _parted(
    outcomes: Sequence[Recorded],
) -> tuple[dict[int | None, dict[int, str]], list[Recorded]]:
    """Part the accepted, by their codes, from the others; quick where all are alike."""
    if not outcomes:
        return {}, []
    numbers, states, codes, words, _ = zip(*outcomes, strict=True)
    alike = states.count(DeliveryState.ACCEPTED), codes.count(codes[0])
    if alike == (len(states), len(codes)):
        return {codes[0]: dict(zip(numbers, words, strict=True))}, []
    accepted: dict[int | None, dict[int, str]] = {}
    others = []
    for one in outcomes:
        if one.state is DeliveryState.ACCEPTED:
            accepted.setdefault(one.code, {})[one.delivery_id] = one.words
        else:
            others.append(one)
    if wrong := {one.state for one in others} - _OUTCOMES:
        raise ValueError(f"{sorted(wrong)} is no outcome")
    return accepted, others


def _move(
    conn: Connection,
    others: Sequence[Recorded],
    now: datetime,
    where: dict[str, Any],
    common: dict[str, Any],
) -> int:
    odd = {number: (doubt, gone) for number, doubt, gone in _ODD(conn, **where)}
    told = [_decided(conn, one, *odd.get(one.delivery_id, (False, False)), now) for one in others]
    _REMEMBER(conn, **_given(conn, told), **common)
    changed = 0
    for statement, is_counting in ((_MOVE, True), (_END, False)):
        some = [one for one in told if (one[1] in COUNTS_AS_SENT) is is_counting]
        if some:
            changed += statement(conn, **_given(conn, some), **common).rowcount
    return changed


def _decided(
    conn: Connection, outcome: Recorded, doubt: bool, erased: bool, now: datetime
) -> tuple[Any, ...]:
    """Decide what one outcome means for its row.

    Not attempted, a delivery that may have arrived stays in doubt; an erased one is not tried
    again, and the relay's words on it are not kept: they often repeat the address.
    """
    end, later = outcome.state, outcome.next_at
    doubt = bool(doubt) or end is DeliveryState.IN_DOUBT
    if erased and end in (DeliveryState.QUEUED, DeliveryState.DEFERRED):
        end = DeliveryState.SKIPPED
    if doubt and end is DeliveryState.SKIPPED:
        end, later = DeliveryState.IN_DOUBT, None
    elif doubt and end is DeliveryState.QUEUED:
        end, later = DeliveryState.IN_DOUBT, later or now
    elif erased and end is DeliveryState.IN_DOUBT:
        later = None
    return (
        outcome.delivery_id,
        end,
        outcome.state,
        doubt,
        int(outcome.state not in _UNTRIED),
        stamp(conn, later if end in _LATER else None),
        outcome.code,
        "" if erased else _plain(outcome.words[:WORDS]),
    )


def _given(conn: Connection, told: Sequence[tuple[Any, ...]]) -> dict[str, Any]:
    if conn.dialect.name == "sqlite":
        return {"told": json.dumps(told)}
    columns = map(list, zip(*told, strict=True))
    given = dict(zip((name for name, *_ in _FIELDS), columns, strict=True))
    return given | {name: [str(one) for one in given[name]] for name in ("state", "outcome")}


def attempts(conn: Connection, delivery_id: int) -> list[Recorded]:
    """List the attempts of a delivery that were not accepted, oldest first; `next_at` is when."""
    rows = conn.execute(
        select(attempt).where(attempt.c.delivery == delivery_id).order_by(attempt.c.id)
    )
    return [Recorded(delivery_id, row.state, row.code, row.words, row.at) for row in rows]
