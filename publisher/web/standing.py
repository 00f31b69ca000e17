"""standing - what the desk says of one send: how fast, by which relay, why some wait, its canary.

Faults: StoreError. Never: an address, a change. See: web.desk (the page), store.account.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from publisher.delivery import speed
from publisher.model import DeliveryState, Send, SendState
from publisher.store import account, sends
from publisher.store.account import Deferral


@dataclass(frozen=True, slots=True)
class Standing:
    """How a send stands; `canary` counts what goes first, as long as the rest waits for it."""

    pace: str
    relays: Mapping[str, Mapping[DeliveryState, int]]
    deferrals: list[Deferral]
    canary: Mapping[DeliveryState, int]


def pace(conn: Connection, send: Send, now: datetime) -> str:
    """Say speed and time left in words; "" while nothing moves. Quick enough to be asked again."""
    if send.state is not SendState.RUNNING:
        return ""
    return speed.told(send, sends.progress(conn, send.id, now).rate(now))


def gather(conn: Connection, send: Send, now: datetime) -> Standing:
    """Ask all that the page of a send shows beside its counts."""
    return Standing(
        pace=pace(conn, send, now),
        relays=account.by_relay(conn, send.id),
        deferrals=account.deferrals(conn, send.id),
        canary=sends.canary(conn, send.id)[1] if send.canary and not send.finished else {},
    )
