"""send.recovery - what became of the lots whose owners are gone.

    the owner's map, same boot    the map is the truth, delivery by delivery
    the map names another lot     nothing of this lot was begun: it goes back to the queue
    no map, or another boot       whatever was being sent is in doubt
    a lease that ran out          the owner may live and sleep: in doubt too

Who is in doubt is sent the message again, with the same Message-ID, or waits for a person: the
newsletter's `in_doubt` decides. A delivery stays in the hands of the dead until this was committed,
and the map until then, so recovering may itself be killed.
Faults: StoreError only when told to stop. Never: sends. See: wire.map (the maps), store/ledger.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Final

import structlog
from sqlalchemy import Connection

from publisher import delivery
from publisher.model import DeliveryState, Newsletter, Recipient
from publisher.send.outside import Outside
from publisher.store import ledger, sends
from publisher.store.ledger import Lot, Recorded
from publisher.wire.map import Found, Mark, open_dead

log = structlog.get_logger("send")

WORDS: Final = "the sender ended before the ledger was told"
NOTHING_BEGUN: Final = Found("", {})


def recover(outside: Outside, owner: str, held: frozenset[int] = frozenset()) -> None:
    """Settle the lots of dead owners, of `owner` himself, and those whose lease ran out.

    What the ledger says `owner` has, beside the lots he knows he holds, was claimed by a commit
    whose answer never came.
    """
    with open_dead(outside.wire_folder) as dead_maps:
        for dead in dead_maps:
            log.warning("dead sender", owner=dead.owner, is_believed=dead.found is not None)
            outside.insist(partial(_settle, outside, dead.owner, dead.found, frozenset()))
            dead.remove()
    outside.insist(partial(_settle, outside, owner, NOTHING_BEGUN, held))
    outside.insist(partial(_settle, outside, None, None, held))


def _settle(
    outside: Outside,
    owner: str | None,
    found: Found | None,
    held: frozenset[int],
    conn: Connection,
) -> None:
    now = outside.clock()
    for lot in ledger.lost(conn, now, owner=owner):
        if lot.id in held:
            continue
        of = sends.send(conn, lot.send)
        newsletter = outside.newsletters.get(of.newsletter) if of else None
        outcomes = [truth(found, lot, one, newsletter, now) for one in lot.deliveries]
        try:
            ledger.settle(conn, lot, outcomes, now)
        except ledger.Fenced:
            continue  # its owner lives, or another was quicker
        log.warning(
            "lot recovered",
            lot=lot.id,
            send=lot.send,
            owner=lot.owner,
            deliveries=len(outcomes),
            in_doubt=sum(one.state is DeliveryState.IN_DOUBT for one in outcomes),
        )


def truth(
    found: Found | None, lot: Lot, one: Recipient, newsletter: Newsletter | None, now: datetime
) -> Recorded:
    """Say what became of one delivery, as far as the map knows."""
    mark, code = Mark.BEGUN, None
    if found is not None:
        marks = found.lots.get((lot.id, lot.generation))
        mark, code = (Mark.UNSENT, None) if marks is None else marks.get(one.id, (mark, code))
    if mark is Mark.UNSENT:
        return Recorded(one.id, DeliveryState.QUEUED)
    if mark is Mark.BEGUN:
        is_repeated = newsletter is not None and newsletter.in_doubt == "resend"
        is_repeated = is_repeated and delivery.resend_after(one.attempts + 1) is not None
        later = now if is_repeated else None
        return Recorded(one.id, DeliveryState.IN_DOUBT, None, WORDS, later)
    if mark is Mark.DEFERRED:
        patience = delivery.NEWS
        if newsletter is not None:
            patience = delivery.Patience(newsletter.retries, newsletter.give_up)
        wait = delivery.back_off(one.attempts + 1, one.id, patience)
        if wait is not None:
            return Recorded(one.id, DeliveryState.DEFERRED, code, WORDS, now + wait)
        return Recorded(one.id, DeliveryState.REFUSED, code, f"given up; {WORDS}")
    return Recorded(one.id, DeliveryState[mark.name], code, WORDS)
