"""delivery - the law of one delivery: its states, what a reply means, how long to wait.

    states     which step leads from which state to which
    verdicts   reply -> verdict, a table with the source of each line
    waiting    how long a deferred or doubtful one waits, and when it is given up
    pacing     how many connections a relay bears, how long it rests

A fault of the relay charges nobody. Why tables: what is not written there cannot happen, and tests
walk every line.
Faults: `next_state` raises ValueError for a step the law does not know: a defect, not an outcome.
Never: talks, stores, asks the time. See: wire (makes replies), send (asks), store/ledger (keeps).
"""

from publisher.delivery.pacing import Throttle
from publisher.delivery.states import EVENTS, TRANSITIONS, Event, next_state, state_after
from publisher.delivery.verdicts import VERDICTS, Line, is_for_a_person, judge
from publisher.delivery.waiting import (
    GIVE_UP,
    RESENDS,
    WAITS,
    Patience,
    back_off,
    resend_after,
)

__all__ = [
    "EVENTS",
    "GIVE_UP",
    "RESENDS",
    "TRANSITIONS",
    "VERDICTS",
    "WAITS",
    "Event",
    "Line",
    "Patience",
    "Throttle",
    "back_off",
    "is_for_a_person",
    "judge",
    "next_state",
    "resend_after",
    "state_after",
]
