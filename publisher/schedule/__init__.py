"""schedule - when a newsletter is sent: the send rule, its moments, what is due and what asks.

    moments   what a clock on the wall shows, and the moment that is; moments people write
    rules     send rules; a timed one has one occurrence on every local day it names
    quiet     the hours in which nothing leaves
    due       which issues are sent now, and which ask a person

An occurrence is kept by the ledger under the local date, so it happens once, whatever the clock or
the rule does later.
Faults: SettingsError for a rule, hours or a zone that are none, RefusedError for a moment that is
none. Never: asks the time, reads the ledger. See: run (calls it), store/ledger (keeps the keys).
"""

from publisher.schedule.due import OLD, OVERDUE, Ask, Due, Waiting, decide_sends
from publisher.schedule.moments import local, local_moments, parse_when
from publisher.schedule.quiet import Quiet, parse_quiet, quiet_until, quiet_words
from publisher.schedule.rules import (
    WEEKDAYS,
    Rule,
    When,
    last_moment,
    next_moment,
    occurrence,
    parse,
)

__all__ = [
    "OLD",
    "OVERDUE",
    "WEEKDAYS",
    "Ask",
    "Due",
    "Quiet",
    "Rule",
    "Waiting",
    "When",
    "decide_sends",
    "last_moment",
    "local",
    "local_moments",
    "next_moment",
    "occurrence",
    "parse",
    "parse_quiet",
    "parse_when",
    "quiet_until",
    "quiet_words",
]
