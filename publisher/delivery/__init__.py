"""delivery - the law of one delivery: its states, what a reply means, how long to wait.

    states     which step leads from which state to which
    verdicts   reply -> verdict, a table with the source of each line
    waiting    how long a deferred or doubtful one waits, and when it is given up
    pacing     how many connections a relay bears, how long it rests
    limits     how many messages it may get, its warm-up
    streaks    what it says one message after another, and when that is for a person
    domains    who receives for an address, and how long a receiver is left alone
    canary     the first readers of a send, and when the rest is held

A fault of the relay charges nobody. Why tables: what is not written there cannot happen, and tests
walk every line.
Faults: `next_state` raises ValueError for a step the law does not know: a defect, not an outcome.
Never: talks, stores, asks the time. See: wire (makes replies), send (asks), store/ledger (keeps).
"""

from publisher.delivery.canary import canary_size, canary_verdict, is_relay_jump
from publisher.delivery.domains import Rests, limits_of, receiver
from publisher.delivery.limits import Limits, warm_up_ceiling
from publisher.delivery.pacing import Throttle
from publisher.delivery.states import EVENTS, TRANSITIONS, Event, next_state, state_after
from publisher.delivery.streaks import Pause, Streaks
from publisher.delivery.verdicts import ACCEPTED, VERDICTS, Line, is_for_a_person, judge
from publisher.delivery.waiting import (
    GIVE_UP,
    NEWS,
    RESENDS,
    WAITS,
    Patience,
    back_off,
    resend_after,
)

__all__ = [
    "ACCEPTED",
    "EVENTS",
    "GIVE_UP",
    "NEWS",
    "RESENDS",
    "TRANSITIONS",
    "VERDICTS",
    "WAITS",
    "Event",
    "Limits",
    "Line",
    "Patience",
    "Pause",
    "Rests",
    "Streaks",
    "Throttle",
    "back_off",
    "canary_size",
    "canary_verdict",
    "is_for_a_person",
    "is_relay_jump",
    "judge",
    "limits_of",
    "next_state",
    "receiver",
    "resend_after",
    "state_after",
    "warm_up_ceiling",
]
