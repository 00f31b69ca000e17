"""delivery.verdicts - what a reply means: the table, each line with who says so.

Read from the top, the first line that fits decides. Two questions are asked of each reply: whose
fault is it, and does it pass? A fault of the relay, or of ours as the relay sees us, charges nobody;
one that will not pass by itself is for a person (`is_for_a_person`). What is refused is refused
`hard` where nobody lives at the address (that alone counts towards suppressing it), `policy` where
it is our mail that is disliked, whoever it is for, `soft` otherwise.

The big receivers put into words what their codes do not say: the lines that read words name whose
they are. A relay hands such words on when it delivers while we wait, or when it is the receiver.
Faults: none; every reply has a verdict. Never: talks, stores, asks the time.
See: wire (makes replies), waiting (how long), domains (which receivers rest), docs/delivery.md.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from typing import Final

from publisher.model import Outcome, Phase, Refusal, Reply, Verdict

RATE_REST: Final = timedelta(minutes=30)
"""How long a receiving domain rests that says we write too often. QQ forbids "some minutes" up to
the day; KumoMTA's shaping for Gmail and Yahoo has 30 minutes."""
_BEFORE: Final = frozenset(
    {Phase.CONNECT, Phase.HELLO, Phase.TLS, Phase.AUTH, Phase.MAIL}
)  # not yet about anybody
_OPENING: Final = frozenset({Phase.CONNECT, Phase.HELLO, Phase.TLS})
_RCPT: Final = frozenset({Phase.RCPT})
_DOT: Final = frozenset({Phase.DOT})
_CONTENT: Final = frozenset({Phase.DATA, Phase.DOT})
_ABOUT_ONE: Final = frozenset({Phase.RCPT, Phase.DATA, Phase.DOT})


@dataclass(frozen=True, slots=True)
class Line:
    """One line of `VERDICTS`: what it fits, what it decides, and who says so.

    `code` and `enhanced` are patterns over the whole code, `words` one over any part of the text;
    an empty pattern fits all. `code` "none" fits the missing reply, `enhanced` "none" the missing
    status. A receiving domain that says it is too much rests for `domain_rest`.
    """

    outcome: Outcome
    reason: str
    source: str
    phases: frozenset[Phase] = frozenset(Phase)
    code: str = ""
    enhanced: str = ""
    words: str = ""
    refusal: Refusal | None = None
    wait: timedelta | None = None
    domain_rest: timedelta | None = None
    verdict: Verdict = field(init=False, compare=False)

    def __post_init__(self) -> None:
        """Make the verdict once: verdicts are many, lines are few."""
        verdict = Verdict(self.outcome, self.reason, self.wait, self.refusal, self.domain_rest)
        object.__setattr__(self, "verdict", verdict)

    def fits(self, reply: Reply) -> bool:
        """Tell whether the line speaks about this reply."""
        return self.concerns(reply.phase, reply.code, reply.enhanced) and self.says(reply.words)

    def concerns(self, phase: Phase, code: int | None, enhanced: str | None) -> bool:
        """Tell whether the line is about such codes at such a place."""
        digits = "none" if code is None else str(code)
        return (
            phase in self.phases
            and (not self.code or re.fullmatch(self.code, digits) is not None)
            and (not self.enhanced or re.fullmatch(self.enhanced, enhanced or "none") is not None)
        )

    def says(self, words: str) -> bool:
        """Tell whether the words are the line's."""
        return not self.words or re.search(self.words, words, re.IGNORECASE) is not None


def _relay(
    reason: str,
    source: str,
    phases: frozenset[Phase] = frozenset(Phase),
    code: str = "",
    enhanced: str = "",
    words: str = "",
    wait: timedelta | None = None,
) -> Line:
    return Line(Outcome.RELAY, reason, source, phases, code, enhanced, words, None, wait)


def _later(
    reason: str,
    source: str,
    phases: frozenset[Phase] = _ABOUT_ONE,
    code: str = "",
    enhanced: str = "",
    words: str = "",
    *,
    wait: timedelta | None = None,
    rest: timedelta | None = None,
) -> Line:
    return Line(Outcome.DEFERRED, reason, source, phases, code, enhanced, words, None, wait, rest)


def _no(
    refusal: Refusal,
    reason: str,
    source: str,
    phases: frozenset[Phase] = _ABOUT_ONE,
    code: str = r"5\d\d",
    enhanced: str = "",
    words: str = "",
) -> Line:
    return Line(Outcome.REFUSED, reason, source, phases, code, enhanced, words, refusal)


def _minutes(number: int) -> timedelta:
    return timedelta(minutes=number)


_TOO_OFTEN: Final = "the receiver limits how often we write"
_NOBODY: Final = "no such mailbox"
_FULL: Final = "mailbox full"
_ALLOWANCE: Final = "our allowance at the relay is used up"
_SENDER: Final = "the relay does not accept us as sender"

VERDICTS: Final[tuple[Line, ...]] = (
    # The end of the content.
    Line(Outcome.ACCEPTED, "accepted", "RFC 5321 §4.2.5", _DOT, r"2\d\d"),
    Line(Outcome.IN_DOUBT, "no answer after the content", "RFC 1047", _DOT, "none"),
    _relay("the connection was lost", "RFC 5321 §4.5.3.2", code="none"),
    # Our allowance at the relay: it comes back by itself.
    _relay(
        _ALLOWANCE,
        "Amazon SES: 'Throttling failure: Daily message quota exceeded'",
        code="454",
        words=r"quota exceeded",
        wait=_minutes(10),
    ),
    _relay(
        "we write faster than the relay allows",
        "Amazon SES: 'Throttling failure: Maximum sending rate exceeded'",
        code="454",
        words=r"throttling|sending rate",
    ),
    _relay(
        _ALLOWANCE,
        "Gmail: 'Daily user sending limit exceeded' (5.4.5); Exchange Online: 5.1.90",
        code=r"[45]\d\d",
        enhanced=r"[45]\.(4\.5|1\.90)",
        wait=_minutes(60),
    ),
    _relay(
        "we write faster than the relay allows",
        "Postfix: 'too much mail from', 'too many recipients from'; Exchange Online: "
        "'Concurrent connections limit exceeded'",
        code=r"4\d\d",
        words=r"too (much|many) (mail|messages|connections|recipients) from"
        r"|concurrent connections",
    ),
    # A receiver that finds it too much: temporary, whatever the code says.
    _relay(
        "the relay limits how often we write",
        "QQ Mail: 'Connection frequency limited', as the relay's own",
        _BEFORE,
        r"[45]\d\d",
        words=r"frequency (is )?limited|rate.?limited|unusual rate",
        wait=RATE_REST,
    ),
    _later(
        _TOO_OFTEN,
        "QQ Mail: 'Domain/Sender/Connection frequency limited'",
        code=r"[45]\d\d",
        words=r"frequency (is )?limited",
        wait=RATE_REST,
        rest=RATE_REST,
    ),
    _later(
        "much is being written to this mailbox",
        "QQ Mail: 'Mailbox unavailable or access denied'",
        code="550",
        words=r"mailbox unavailable or access denied",
        wait=RATE_REST,
    ),
    _later(
        _TOO_OFTEN,
        "NetEase (163, 126): HL:ICC, HL:IFC, MI:DMC, MI:SFQ, MI:STC, RP:DRC, RP:QRC, RP:TRC",
        code=r"[45]\d\d",
        words=r"\b(HL:I(CC|FC|FQ)|MI:(DMC|SFQ|STC)|RP:(DRC|QRC|TRC))\b",
        wait=RATE_REST,
        rest=RATE_REST,
    ),
    _later(
        "the receiver distrusts our address for now",
        "NetEase (163, 126): HL:REP, HL:MEP",
        code=r"[45]\d\d",
        words=r"\bHL:(REP|MEP)\b",
        wait=_minutes(120),
        rest=_minutes(120),
    ),
    _later(
        _TOO_OFTEN,
        "Gmail: 'unusual rate of unsolicited mail', 4.7.28; 'rate limited' (also Outlook.com: "
        "4.7.650, RP-001)",
        code=r"[45]\d\d",
        words=r"unusual rate|(been|is) (temporarily )?rate.?limited|exceeded the rate limit",
        wait=RATE_REST,
        rest=RATE_REST,
    ),
    _later(
        "the receiver suspects our mail for now",
        "Gmail: 'Our system has detected that this message is suspicious', 4.7.0",
        code=r"4\d\d",
        words=r"our system has detected that this message",
        wait=_minutes(60),
        rest=_minutes(60),
    ),
    _later(
        "the receiver's users complain, or it is too much at once",
        "Yahoo: [TSS04] 'unexpected volume or user complaints'; [TS03]",
        code=r"4\d\d",
        words=r"\[TSS\d+\]|\[TS03\]",
        wait=_minutes(120),
        rest=_minutes(120),
    ),
    _later(
        _TOO_OFTEN,
        "Yahoo: [TS01], [TS02] 'temporarily deferred due to user complaints'",
        code=r"4\d\d",
        words=r"\[TS0[12]\]",
        wait=RATE_REST,
        rest=RATE_REST,
    ),
    _later(
        "the receiver is busy",
        "Outlook.com: 451 'Server busy', 4.7.500",
        code=r"45\d",
        words=r"server (is )?busy",
        wait=_minutes(15),
        rest=_minutes(15),
    ),
    # The relay's own troubles: nobody is charged.
    _relay("the relay does not take mail now", "RFC 5321 §3.8", code="421"),
    _relay("the relay does not take mail from us", "RFC 5321 §4.2.2", _BEFORE),
    _relay("the relay asks for a login", "RFC 4954 §6", code="53[0458]"),
    _relay(
        "the relay asks for a login",
        "RFC 4954 §6, without its code: '550 Authentication is required for relay'",
        _RCPT,
        r"5\d\d",
        words=r"(authentication|login) (is )?required|must authenticate|not authenticated",
    ),
    _relay("the relay lost the thread", "RFC 5321 §4.2.4", code="50[0234]"),
    _relay(
        "the relay does not relay for us",
        "Postfix 'Relay access denied', Exim 'relay not permitted', qmail 'rcpthosts'",
        _RCPT,
        r"[45]\d\d",
        words=r"relay(ing)? (access )?(is )?(denied|not permitted|not allowed|prohibited)"
        r"|unable to relay|rcpthosts",
    ),
    _relay(_SENDER, "RFC 3463 §3.2", _ABOUT_ONE, r"[45]\d\d", r"[45]\.1\.[78]"),
    _relay(
        _SENDER,
        "Postfix: 'Sender address rejected', 'Client host rejected', 'Helo command rejected', "
        "'Client host ... blocked using'",
        _RCPT,
        r"[45]\d\d",
        words=r"(sender address|client host|helo command) rejected|client host \S+ blocked",
    ),
    _relay(
        _SENDER,
        "Amazon SES: 'Email address is not verified', 'Sending paused for this account'",
        _CONTENT,
        "554",
        words=r"(is|are) not verified|sending (is )?(paused|suspended)",
    ),
    _relay(
        _SENDER,
        "Exchange Online: 5.7.705, 5.7.708, 5.7.750 (the tenant is blocked from sending)",
        _ABOUT_ONE,
        r"5\d\d",
        r"5\.7\.7(05|08|50)",
    ),
    # Not now.
    _later(
        "greylisting: the receiver wants to see us twice",
        "RFC 6647 §4.2",
        code=r"4\d\d",
        words=r"gr[ae]y.?list",
    ),
    _later(_FULL, "RFC 3463 §3.3", code=r"[45]\d\d", enhanced=r"[45]\.2\.2"),
    _later(
        _FULL,
        "'Quota exceeded', 'mailbox full': Dovecot, Coremail and others, without a status",
        code=r"[45]\d\d",
        enhanced=r"none|[45]\.\d\.0",
        words=r"(over|exceed\w*|out of).{0,12}quota|quota.{0,12}exceeded|(mailbox|box) (is )?full",
    ),
    _later(
        "the relay has trouble of its own",
        "RFC 3463 §3.4: 4.3.0 system, 4.3.1 full, 4.3.2 not taking messages; it may be this one's",
        code=r"4\d\d",
        enhanced=r"4\.3\.[0125]",
    ),
    _later("the relay's disk is full", "RFC 5321 §4.2.2", _CONTENT, "452", "none"),
    _later(
        "the relay takes no more recipients in this transaction",
        "RFC 5321 §4.5.3.1.10",
        _RCPT,
        "452",
    ),
    _later(
        "the receiver suspects our mail for now",
        "NetEase (163, 126): 451 'DT:SPM ,please try again'",
        code=r"4\d\d",
        words=r"\bDT:SPM\b",
    ),
    _later("not now", "RFC 5321 §4.2.1", code=r"4\d\d"),
    # Nobody lives there.
    _no(Refusal.HARD, _NOBODY, "RFC 3463 §3.2, RFC 7505 §4.2", enhanced=r"5\.1\.([1236]|10)"),
    _no(
        Refusal.HARD,
        _NOBODY,
        "Exchange Online: 5.4.1 'Recipient address rejected: Access denied'",
        enhanced=r"5\.4\.1",
        words=r"recipient address rejected",
    ),
    _no(
        Refusal.HARD,
        "the mailbox is closed",
        "Gmail: 5.2.1 'The email account that you tried to reach is disabled'",
        enhanced=r"5\.2\.1",
        words=r"disabled|inactive|closed|discontinued",
    ),
    _no(
        Refusal.HARD,
        _NOBODY,
        "Yahoo, after the content: 'This user doesn't have a yahoo.com account', "
        "'This mailbox is disabled'",
        _DOT,
        "55[24]",
        words=r"doesn't have an? \S+ account|mailbox is disabled|disabled or discontinued"
        r"|mailbox not found",
    ),
    # Our mail, whoever it is for.
    _no(
        Refusal.POLICY,
        "our mail is not authenticated",
        "Gmail: 5.7.26, 5.7.27, 5.7.30; Outlook.com: 5.7.515",
        enhanced=r"5\.7\.(26|27|30|515)",
    ),
    _no(Refusal.POLICY, "refused by policy", "RFC 3463 §3.8", enhanced=r"5\.7\.\d+"),
    _no(
        Refusal.POLICY,
        "our address is on a block list",
        "Outlook.com: S3140, S3150, SC-001, OU-002; NetEase (163, 126): HL:IPB, HL:IHU",
        words=r"\b(S31[45]0|(SC|OU|DY)-00\d|HL:(IPB|IHU)|DT:RBL)\b|(block|black) ?list"
        r"|blocked using",
    ),
    _no(
        Refusal.POLICY,
        "the receiver takes our mail for spam",
        "NetEase (163, 126): 554 DT:SPM, DT:SUM; QQ Mail: 'Mail content denied', "
        "'Suspected spam'; Yahoo: 'not accepted for policy reasons'",
        words=r"\bDT:S(PM|UM)\b|content (denied|rejected)|\bspam|policy reasons"
        r"|\b(SPF|DKIM|DMARC) (check )?(fail|reject)",
    ),
    _no(Refusal.POLICY, "message too large", "RFC 3463 §3.4", enhanced=r"5\.(3\.4|2\.3)"),
    _no(
        Refusal.HARD,
        _NOBODY,
        "the words of relays that send no status: Exim 'Unknown user', Outlook.com 'mailbox "
        "unavailable', QQ Mail 'Mailbox not found', NetEase 'User not found'",
        _RCPT,
        "55[01234]",
        r"none|5\.(\d\.0|1\.\d+|5\.\d)",
        r"(user|mailbox|recipient|address|account)\b.{0,40}"
        r"(unknown|not found|does(n't| not) exist|disabled|unavailable|invalid)"
        r"|(unknown|no such|invalid) (user|mailbox|recipient|address|account|person)",
    ),
    _later(_FULL, "RFC 5321 §4.2.3", _RCPT, "552"),
    _no(Refusal.POLICY, "message too large", "RFC 1870 §6.2", _CONTENT, "552"),
    _no(Refusal.SOFT, "the address was refused", "RFC 5321 §4.2.1", _RCPT),
    _no(Refusal.POLICY, "the message was refused", "RFC 5321 §4.2.1", _CONTENT),
    # What no server should say.
    Line(Outcome.IN_DOUBT, "an answer that means nothing", "RFC 1047", _DOT),
    _relay("an answer that means nothing", "RFC 5321 §4.2.1"),
)
"""What a reply means; read from the top, the first line that fits decides."""

ACCEPTED: Final = VERDICTS[0].verdict
"""The verdict of every delivery that went well: always this very one."""


_AT_DOT: Final = Phase.DOT


def judge(reply: Reply) -> Verdict:
    """Decide what a reply means for its delivery."""
    code = reply.code
    if code is not None and 200 <= code <= 299 and reply.phase is _AT_DOT:
        return ACCEPTED
    words = reply.words
    lines = _lines_about(reply.phase, code, reply.enhanced)
    return next(line.verdict for line in lines if line.says(words))


@lru_cache(maxsize=1024)
def _lines_about(phase: Phase, code: int | None, enhanced: str | None) -> tuple[Line, ...]:
    """Give the lines that may decide: relays send few codes, though each with other words."""
    about = (line for line in VERDICTS if line.concerns(phase, code, enhanced))
    found = []
    for line in about:
        found.append(line)
        if not line.words:
            break
    return tuple(found)


def is_for_a_person(reply: Reply) -> bool:
    """Tell whether it is a fault of the relay that waiting will not mend.

    That is a refusal for ever, 5yz, with no word about when it ends. A greeting or a hello refused
    is waited for: a relay that restarts, or bans for an hour, says no more than that.
    """
    verdict = judge(reply)
    return (
        verdict.outcome is Outcome.RELAY
        and verdict.wait is None
        and reply.phase not in _OPENING
        and reply.code is not None
        and 500 <= reply.code <= 599
    )
