"""send.lessons - what a lot taught, when it is let go: of its recipients, and of the whole send.

    refused for good        counted; the second on another day suppresses
    one in twenty of a lot  it is the relay: nobody is counted, and the send waits for a person
    the canary's last lot   all others may follow, or are held

Faults: none of its own. Never: records outcomes, resumes. See: engine (lets go), delivery.canary
(the limits), store/barring (counts).
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

import structlog
from sqlalchemy import Connection

from publisher import delivery
from publisher.errors import RefusedError, TransportError
from publisher.model import DeliveryState, Kind
from publisher.send.hand import Hand
from publisher.send.outside import pause
from publisher.store import ledger, sends

log = structlog.get_logger("send")

_ATTEMPTED: Final = (DeliveryState.DEFERRED, DeliveryState.REFUSED, DeliveryState.IN_DOUBT)


def heed(conn: Connection, hand: Hand, now: datetime) -> None:
    """Heed what a lot taught that is let go in this transaction."""
    lot = hand.lot
    attempted = hand.accepted + sum(hand.counts[state] for state in _ATTEMPTED)
    # of a canary all lots are weighed together
    if not lot.canary and delivery.is_relay_jump(len(hand.hard), attempted):
        fault = TransportError(
            f"in one lot {len(hand.hard)} of {attempted} do not exist, says the relay:"
            f" {hand.hard[-1][1]}",
            where="the relay",
            hint="if it is right, resume the send; none of them was counted as a bounce",
        )
        pause(conn, lot.send, fault, now)
    elif hand.hard and lot.kind is not Kind.TEST:
        gone = ledger.hard_bounces(conn, lot, hand.hard, now)
        if gone:
            log.info("suppressed after a second hard bounce", lot=lot.id, number=len(gone))
    if lot.canary:
        judge_canary(conn, lot.send, now)


def judge_canary(conn: Connection, number: int, now: datetime) -> None:
    """Let all others follow when the first ones have it; hold them when it went badly."""
    is_over, counts = sends.canary(conn, number)
    if not is_over or counts.get(DeliveryState.QUEUED) or counts.get(DeliveryState.SENDING):
        return
    # who is in doubt since a crash of ours says nothing of the relay; `standing` heeds its own
    counts.pop(DeliveryState.IN_DOUBT, None)
    why = delivery.canary_verdict(counts)
    sends.pass_canary(conn, number)  # held, it goes on with everybody when a person resumes
    if why is not None:
        pause(conn, number, RefusedError(why, hint="look into it, then resume the send"), now)
