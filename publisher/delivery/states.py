"""delivery.states - the law of one delivery: which step leads from which state to which.

    queued --claim--> sending --accept--> accepted
                         |------defer---> deferred --claim--> sending
                         |------refuse--> refused
                         |------doubt---> in_doubt --claim--> sending, or stays for a person
                         |------return--> queued      (nothing was given away)
    queued, sending --skip--> skipped                 (consent ended)

`accepted`, `refused` and `skipped` are final. What is not in `TRANSITIONS` cannot happen, and tests
walk every line.
Faults: `next_state` raises ValueError for a step the law does not know: a defect, not an outcome.
Never: talks, stores, asks the time. See: store/ledger (keeps the states).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from publisher.model import DeliveryState, Outcome


class Event(StrEnum):
    """What can happen to a delivery."""

    CLAIM = "claim"
    ACCEPT = "accept"
    DEFER = "defer"
    REFUSE = "refuse"
    DOUBT = "doubt"
    RETURN = "return"
    SKIP = "skip"


TRANSITIONS: Final[Mapping[tuple[DeliveryState, Event], DeliveryState]] = {
    (DeliveryState.QUEUED, Event.CLAIM): DeliveryState.SENDING,
    (DeliveryState.QUEUED, Event.SKIP): DeliveryState.SKIPPED,
    (DeliveryState.DEFERRED, Event.CLAIM): DeliveryState.SENDING,
    (DeliveryState.IN_DOUBT, Event.CLAIM): DeliveryState.SENDING,
    (DeliveryState.SENDING, Event.ACCEPT): DeliveryState.ACCEPTED,
    (DeliveryState.SENDING, Event.DEFER): DeliveryState.DEFERRED,
    (DeliveryState.SENDING, Event.REFUSE): DeliveryState.REFUSED,
    (DeliveryState.SENDING, Event.DOUBT): DeliveryState.IN_DOUBT,
    (DeliveryState.SENDING, Event.RETURN): DeliveryState.QUEUED,
    (DeliveryState.SENDING, Event.SKIP): DeliveryState.SKIPPED,
}

EVENTS: Final[Mapping[Outcome, Event]] = {
    Outcome.ACCEPTED: Event.ACCEPT,
    Outcome.DEFERRED: Event.DEFER,
    Outcome.REFUSED: Event.REFUSE,
    Outcome.IN_DOUBT: Event.DOUBT,
    Outcome.RELAY: Event.RETURN,
}
"""The event each outcome is for a delivery that is being sent."""


def next_state(state: DeliveryState, event: Event) -> DeliveryState:
    """Move a delivery one step; a step the law does not know is a defect."""
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise ValueError(f"a delivery that is {state} cannot {event}") from None


def state_after(outcome: Outcome) -> DeliveryState:
    """Give the state in which an attempt with this outcome leaves its delivery."""
    return next_state(DeliveryState.SENDING, EVENTS[outcome])
