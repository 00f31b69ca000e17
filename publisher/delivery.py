"""delivery - the law of one delivery: its states, what a reply means, how long to wait.

    queued --claim--> sending --accept--> accepted
                         |------defer---> deferred --claim--> sending
                         |------refuse--> refused
                         |------doubt---> in_doubt --claim--> sending, or stays for a person
                         |------return--> queued      (nothing was given away)
    queued, sending --skip--> skipped                 (consent ended)

`accepted`, `refused` and `skipped` are final. `TRANSITIONS` is that law, `VERDICTS` the meaning of
replies, each line with its source; the first line that fits decides. A fault of the relay charges
nobody. Why a table: what is not written here cannot happen, and tests walk every line.
Faults: `next_state` raises ValueError for a step the law does not know: a defect, not an outcome.
Never: talks, stores, asks the time. See: wire (makes replies), send (asks), store/ledger (keeps).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final
from zlib import crc32

from publisher.model import DeliveryState, Outcome, Phase, Reply, Verdict


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


# --- replies ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Line:
    """One line of `VERDICTS`: what it fits, what it decides, and who says so.

    `code` and `enhanced` are patterns over the whole code, `words` one over any part of the text;
    an empty pattern fits all. `code` "none" fits the missing reply.
    """

    outcome: Outcome
    reason: str
    source: str
    phases: frozenset[Phase] = frozenset(Phase)
    code: str = ""
    enhanced: str = ""
    words: str = ""
    wait: timedelta | None = None

    def fits(self, reply: Reply) -> bool:
        """Tell whether the line speaks about this reply."""
        code = "none" if reply.code is None else str(reply.code)
        return (
            reply.phase in self.phases
            and (not self.code or re.fullmatch(self.code, code) is not None)
            and (not self.enhanced or re.fullmatch(self.enhanced, reply.enhanced or "") is not None)
            and (not self.words or re.search(self.words, reply.words, re.IGNORECASE) is not None)
        )


_BEFORE: Final = frozenset(
    {Phase.CONNECT, Phase.HELLO, Phase.TLS, Phase.AUTH, Phase.MAIL}
)  # not yet about anybody
_RCPT: Final = frozenset({Phase.RCPT})
_DOT: Final = frozenset({Phase.DOT})
_CONTENT: Final = frozenset({Phase.DATA, Phase.DOT})

VERDICTS: Final[tuple[Line, ...]] = (
    # The end of the content.
    Line(Outcome.ACCEPTED, "accepted", "RFC 5321 §4.2.5", _DOT, r"2\d\d"),
    Line(Outcome.IN_DOUBT, "no answer after the content", "RFC 1047", _DOT, "none"),
    # The relay's own troubles: nobody is charged.
    Line(Outcome.RELAY, "the connection was lost", "RFC 5321 §4.5.3.2", code="none"),
    Line(Outcome.RELAY, "the relay does not take mail now", "RFC 5321 §3.8", code="421"),
    Line(Outcome.RELAY, "the relay does not take mail from us", "RFC 5321 §4.2.2", _BEFORE),
    Line(Outcome.RELAY, "the relay asks for a login", "RFC 4954 §6", code="53[0458]"),
    Line(Outcome.RELAY, "the relay lost the thread", "RFC 5321 §4.2.4", code="50[0234]"),
    Line(
        Outcome.RELAY,
        "the relay does not relay for us",
        "Postfix 'Relay access denied', Exim 'relay not permitted'",
        _RCPT,
        r"5\d\d",
        words=r"relay(ing)? (access )?(is )?(denied|not permitted|not allowed|prohibited)"
        r"|unable to relay",
    ),
    Line(
        Outcome.RELAY,
        "our allowance at the relay is used up",
        "Amazon SES: 'Maximum sending rate', 'Daily message quota exceeded'",
        code="454",
        words=r"throttling|sending rate|quota exceeded",
    ),
    # Refusals that are not meant for ever.
    Line(
        Outcome.DEFERRED,
        "the receiver limits how often we write",
        "QQ Mail: 'Domain/Sender/Connection frequency limited'",
        code=r"5\d\d",
        words=r"frequency (is )?limited",
        wait=timedelta(minutes=30),
    ),
    Line(Outcome.DEFERRED, "mailbox full", "RFC 3463 §3.3", code=r"5\d\d", enhanced=r"5\.2\.2"),
    Line(Outcome.DEFERRED, "mailbox full", "RFC 5321 §4.2.3", _RCPT, "552"),
    Line(
        Outcome.DEFERRED,
        "the relay takes no more recipients now",
        "RFC 5321 §4.5.3.1.10",
        _RCPT,
        "452",
        wait=timedelta(minutes=2),
    ),
    Line(Outcome.DEFERRED, "not now", "RFC 5321 §4.2.1", code=r"4\d\d"),
    # Refusals.
    Line(
        Outcome.REFUSED,
        "no such mailbox",
        "RFC 3463 §3.2, RFC 7505 §4.2",
        code=r"5\d\d",
        enhanced=r"5\.1\.([1236]|10)",
    ),
    Line(
        Outcome.REFUSED,
        "no such mailbox",
        "the words of relays that send no enhanced code",
        _RCPT,
        "55[0134]",
        words=r"(user|mailbox|recipient|address|account)\b.{0,40}"
        r"(unknown|not found|does(n't| not) exist|disabled|unavailable|invalid)"
        r"|(unknown|no such|invalid) (user|mailbox|recipient|address|account)",
    ),
    Line(
        Outcome.REFUSED, "refused by policy", "RFC 3463 §3.8", code=r"5\d\d", enhanced=r"5\.7\.\d+"
    ),
    Line(Outcome.REFUSED, "message too large", "RFC 3463 §3.4", enhanced=r"5\.3\.4"),
    Line(Outcome.REFUSED, "message too large", "RFC 1870 §6.2", _CONTENT, "552"),
    Line(Outcome.REFUSED, "the address was refused", "RFC 5321 §4.2.1", _RCPT, r"5\d\d"),
    Line(Outcome.REFUSED, "the message was refused", "RFC 5321 §4.2.1", _CONTENT, r"5\d\d"),
    # What no server should say.
    Line(Outcome.IN_DOUBT, "an answer that means nothing", "RFC 1047", _DOT),
    Line(Outcome.RELAY, "an answer that means nothing", "RFC 5321 §4.2.1"),
)
"""What a reply means; read from the top, the first line that fits decides."""


def judge(reply: Reply) -> Verdict:
    """Decide what a reply means for its delivery."""
    line = next(line for line in VERDICTS if line.fits(reply))
    return Verdict(line.outcome, line.reason, line.wait)


# --- waiting ------------------------------------------------------------------

WAITS: Final = tuple(timedelta(minutes=minutes) for minutes in (5, 15, 30, 60, 120, 240))
"""The waits after the first attempts; the last one repeats. The first outlasts greylisting."""
GIVE_UP: Final = timedelta(hours=48)
"""News older than this is not worth another attempt."""
RESENDS: Final = (timedelta(0), timedelta(minutes=15), timedelta(hours=1))
"""The waits before an attempt in doubt is repeated; after the last a person decides."""


def back_off(attempts: int, seed: int) -> timedelta | None:
    """Tell how long to wait after so many attempts; None when it is time to give up.

    Up to a quarter is added, the same for the same seed and attempt, so that a crowd deferred in
    one moment does not come back in one moment.
    """
    waits = [_wait(attempt, seed) for attempt in range(1, attempts + 1)]
    return waits[-1] if sum(waits, timedelta(0)) <= GIVE_UP else None


def _wait(attempt: int, seed: int) -> timedelta:
    least = WAITS[min(attempt, len(WAITS)) - 1]
    spread = crc32(f"{seed}:{attempt}".encode()) / 2**32
    return least + timedelta(seconds=round(least.total_seconds() * spread / 4))


def resend_after(attempts: int) -> timedelta | None:
    """Tell when an attempt that ended in doubt may be repeated; None leaves it to a person.

    Bounded, because a relay that takes the mail and never says so would mail one person for days.
    """
    return RESENDS[attempts - 1] if attempts <= len(RESENDS) else None
