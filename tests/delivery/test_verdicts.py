"""What replies mean: real ones of the big receivers and relays, and what holds for all of them."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.delivery import VERDICTS, is_for_a_person, judge
from publisher.model import Outcome, Phase, Refusal, Reply

CONNECT, HELLO, TLS, AUTH, MAIL, RCPT, DATA, DOT = Phase
REPLIES = st.builds(
    Reply,
    phase=st.sampled_from(Phase),
    code=st.none() | st.integers(100, 699),
    enhanced=st.none() | st.from_regex(r"[245]\.\d{1,2}\.\d{1,3}", fullmatch=True),
    words=st.text(max_size=60)
    | st.sampled_from(
        ["Domain frequency limited", "user unknown", "mailbox full", "[TSS04]", "spam", "DT:SPM"]
    ),
)

KNOWN = [
    # The end of the content.
    (DOT, 250, "2.0.0", "Ok: queued as 4F1B2", "accepted", "accepted"),
    (DOT, 250, None, "OK id=1vN0aB-0003xk-2L", "accepted", "accepted"),
    (DOT, None, None, "", "in_doubt", "no answer after the content"),
    (DOT, 354, None, "go on", "in_doubt", "an answer that means nothing"),
    # No answer, and answers that are about us.
    (CONNECT, None, None, "", "relay", "the connection was lost"),
    (RCPT, None, None, "", "relay", "the connection was lost"),
    (DATA, None, None, "", "relay", "the connection was lost"),
    (CONNECT, 421, "4.7.0", "mx.example.net Error: too many connections from 192.0.2.7",
     "relay", "we write faster than the relay allows"),
    (CONNECT, 421, None, "too busy, come back", "relay", "the relay does not take mail now"),
    (CONNECT, 554, None, "no SMTP service here", "relay", "the relay does not take mail from us"),
    (HELLO, 550, None, "I do not know that name", "relay", "the relay does not take mail from us"),
    (TLS, 454, "4.7.0", "TLS not available due to local problem", "relay",
     "the relay does not take mail from us"),
    (AUTH, 535, "5.7.8", "authentication failed", "relay person",
     "the relay does not take mail from us"),
    (AUTH, 454, "4.7.0", "Temporary authentication failure", "relay",
     "the relay does not take mail from us"),
    (MAIL, 550, "5.7.1", "messages from [192.0.2.7] weren't sent ... block list (S3150)",
     "relay person", "the relay does not take mail from us"),
    (MAIL, 421, "4.7.0", "[TSS04] Messages from 192.0.2.7 temporarily deferred",
     "relay", "the relay does not take mail now"),
    (MAIL, 451, "4.3.0", "queue file write error", "relay",
     "the relay does not take mail from us"),
    (MAIL, 452, "4.3.1", "Insufficient system storage", "relay",
     "the relay does not take mail from us"),
    (MAIL, 552, "5.3.4", "Message size exceeds fixed limit", "relay person",
     "the relay does not take mail from us"),
    (MAIL, 550, None, "Connection frequency limited.", "relay",
     "the relay limits how often we write"),
    (RCPT, 421, "4.3.2", "Service shutting down", "relay", "the relay does not take mail now"),
    (DOT, 421, "4.3.2", "System shutdown in progress", "relay",
     "the relay does not take mail now"),
    (RCPT, 530, "5.7.0", "Must issue a STARTTLS command first", "relay person",
     "the relay asks for a login"),
    (MAIL, 530, "5.7.57", "Client was not authenticated to send anonymous mail during MAIL FROM",
     "relay person", "the relay does not take mail from us"),
    (RCPT, 534, "5.7.9", "stronger login needed", "relay person", "the relay asks for a login"),
    (RCPT, 538, "5.7.11", "Encryption required", "relay person", "the relay asks for a login"),
    (RCPT, 550, None, "SMTP AUTH: Authentication is required for relay", "relay person",
     "the relay asks for a login"),
    (RCPT, 503, "5.5.1", "Error: need MAIL command", "relay person",
     "the relay lost the thread"),
    (RCPT, 554, "5.7.1", "<ann@example.net>: Relay access denied", "relay person",
     "the relay does not relay for us"),
    (RCPT, 550, None, "relay not permitted", "relay person", "the relay does not relay for us"),
    (RCPT, 553, None, "sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)",
     "relay person", "the relay does not relay for us"),
    (RCPT, 550, "5.1.8", "<news@example.org>: Sender address rejected: Domain not found",
     "relay person", "the relay does not accept us as sender"),
    (RCPT, 450, "4.1.8", "<news@example.org>: Sender address rejected: Domain not found",
     "relay", "the relay does not accept us as sender"),
    (DOT, 550, "5.1.8", "Access denied, bad outbound sender AS(42004)", "relay person",
     "the relay does not accept us as sender"),
    (RCPT, 553, "5.1.7", "syntax of the sender's mailbox", "relay person",
     "the relay does not accept us as sender"),
    (RCPT, 553, "5.7.1", "<news@example.org>: Sender address rejected: not owned by user ann",
     "relay person", "the relay does not accept us as sender"),
    (RCPT, 450, "4.7.25", "Client host rejected: cannot find your hostname, [192.0.2.7]",
     "relay", "the relay does not accept us as sender"),
    (RCPT, 554, "5.7.1", "Service unavailable; Client host [192.0.2.7] blocked using zen.example",
     "relay person", "the relay does not accept us as sender"),
    (DOT, 554, None, "Message rejected: Email address is not verified. The following identities "
     "failed the check in region EU-WEST-1: news@example.org", "relay person",
     "the relay does not accept us as sender"),
    (DOT, 554, None, "Sending paused for this account", "relay person",
     "the relay does not accept us as sender"),
    (DOT, 550, "5.7.750", "Service unavailable. Client blocked from sending from unregistered "
     "domains.", "relay person", "the relay does not accept us as sender"),
    (DOT, 454, None, "Throttling failure: Maximum sending rate exceeded.", "relay",
     "we write faster than the relay allows"),
    (DOT, 454, None, "Throttling failure: Daily message quota exceeded.", "relay",
     "our allowance at the relay is used up"),
    (RCPT, 550, "5.4.5", "Daily user sending limit exceeded.", "relay",
     "our allowance at the relay is used up"),
    (DOT, 432, "4.3.2", "Concurrent connections limit exceeded.", "relay",
     "we write faster than the relay allows"),
    (RCPT, 450, "4.7.1", "Error: too many recipients from 192.0.2.7", "relay",
     "we write faster than the relay allows"),
    (RCPT, 451, "4.3.0", "<ann@example.net>: Temporary lookup failure", "deferred 0",
     "the relay has trouble of its own"),
    (DOT, 452, "4.3.1", "Insufficient system resources (UsedDiskSpace)", "deferred 0",
     "the relay has trouble of its own"),
    (DOT, 452, None, "insufficient system storage", "deferred 0", "the relay's disk is full"),
    (RCPT, 354, None, "what?", "relay", "an answer that means nothing"),
    # Receivers that find it too much.
    (RCPT, 550, None, "Domain frequency limited.", "deferred 30", "limits how often"),
    (DOT, 550, None, "Sender frequency limited.", "deferred 30", "limits how often"),
    (DOT, 550, None, "Connection frequency limited.", "deferred 30", "limits how often"),
    (RCPT, 550, None, "Mailbox unavailable or access denied", "deferred 0",
     "much is being written to this mailbox"),
    (DOT, 421, "4.7.28", "Our system has detected an unusual rate of unsolicited mail originating "
     "from your IP address.", "deferred 30", "limits how often"),
    (DOT, 550, "5.7.28", "an unusual rate of unsolicited mail originating from your SPF domain",
     "deferred 30", "limits how often"),
    (DOT, 421, "4.7.26", "Your email has been rate limited because it's unauthenticated.",
     "deferred 30", "limits how often"),
    (DOT, 421, "4.7.0", "Our system has detected that this message is suspicious due to the very "
     "low reputation of the sending domain.", "deferred 60", "suspects our mail"),
    (RCPT, 450, "4.2.1", "The user you are trying to contact is receiving mail too quickly.",
     "deferred 0", "not now"),
    (RCPT, 421, "4.7.0", "[TSS04] Messages from 192.0.2.7 temporarily deferred due to unexpected "
     "volume or user complaints - 4.16.55.1", "deferred 120", "complain"),
    (RCPT, 421, "4.7.1", "[TS03] All messages from 192.0.2.7 will be permanently deferred",
     "deferred 120", "complain"),
    (DOT, 421, "4.7.0", "[TS02] Messages from 192.0.2.7 temporarily deferred", "deferred 30",
     "limits how often"),
    (RCPT, 451, "4.7.500", "Server busy. Please try again later from [192.0.2.7]. (S77719)",
     "deferred 15", "the receiver is busy"),
    (DOT, 451, "4.7.650", "The mail server [192.0.2.7] has been temporarily rate limited due to IP "
     "reputation. (S775)", "deferred 30", "limits how often"),
    (RCPT, 421, None, "RP-001 The mail server IP connecting has exceeded the rate limit allowed.",
     "deferred 30", "limits how often"),
    (RCPT, 421, None, "HL:IFC 163 mx13,PMCowLB", "deferred 30", "limits how often"),
    (RCPT, 451, None, "RP:QRC 163 smtp5,D9GowL", "deferred 30", "limits how often"),
    (DOT, 554, None, "MI:STC 126 mx2,AcmowE", "deferred 30", "limits how often"),
    (RCPT, 421, None, "HL:REP 163 mx9,wKhowA", "deferred 120", "distrusts"),
    # Not now.
    (RCPT, 450, "4.2.0", "<ann@example.net>: Recipient address rejected: Greylisted",
     "deferred 0", "greylisting"),
    (RCPT, 451, "4.7.1", "Greylisting in action, please come back later", "deferred 0",
     "greylisting"),
    (RCPT, 451, None, "try later", "deferred 0", "not now"),
    (RCPT, 452, "4.5.3", "Error: too many recipients", "deferred 0", "takes no more recipients"),
    (RCPT, 452, "4.2.2", "The email account that you tried to reach is over quota.",
     "deferred 0", "mailbox full"),
    (RCPT, 552, "5.2.2", "The recipient's mailbox is over quota", "deferred 0", "mailbox full"),
    (DOT, 554, "5.2.2", "mailbox full; STOREDRV.Deliver.Exception:QuotaExceededException",
     "deferred 0", "mailbox full"),
    (RCPT, 552, None, "over quota", "deferred 0", "mailbox full"),
    (RCPT, 550, None, "Mailbox is full", "deferred 0", "mailbox full"),
    (RCPT, 552, None, "exceeded storage allocation", "deferred 0", "mailbox full"),
    (DATA, 451, None, "later", "deferred 0", "not now"),
    (DOT, 451, None, "DT:SPM,please try again 163 smtp9", "deferred 0", "suspects our mail"),
    (DOT, 451, "4.7.1", "Service unavailable - try again later", "deferred 0", "not now"),
    # Nobody lives there.
    (RCPT, 550, "5.1.1", "The email account that you tried to reach does not exist.",
     "hard", "no such mailbox"),
    (RCPT, 550, "5.1.1", "<ann@example.net>: Recipient address rejected: User unknown in local "
     "recipient table", "hard", "no such mailbox"),
    (RCPT, 550, "5.1.10", "RESOLVER.ADR.RecipientNotFound; Recipient ann@example.net not found",
     "hard", "no such mailbox"),
    (RCPT, 556, "5.1.10", "Domain example.net does not accept mail (nullMX)", "hard",
     "no such mailbox"),
    (RCPT, 550, "5.1.2", "Bad destination system", "hard", "no such mailbox"),
    (RCPT, 501, "5.1.3", "Bad recipient address syntax", "hard", "no such mailbox"),
    (RCPT, 550, "5.4.1", "Recipient address rejected: Access denied. AS(201806281)", "hard",
     "no such mailbox"),
    (RCPT, 550, "5.2.1", "The email account that you tried to reach is disabled.", "hard",
     "the mailbox is closed"),
    (RCPT, 550, "5.5.0", "Requested action not taken: mailbox unavailable (S2017062302).", "hard",
     "no such mailbox"),
    (RCPT, 550, None, "Unknown user", "hard", "no such mailbox"),
    (RCPT, 550, None, "No Such User Here", "hard", "no such mailbox"),
    (RCPT, 550, None, "Mailbox not found.", "hard", "no such mailbox"),
    (RCPT, 550, None, "User not found: ann@163.example", "hard", "no such mailbox"),
    (RCPT, 550, None, "Invalid User: ann@126.example", "hard", "no such mailbox"),
    (DOT, 554, None, "delivery error: dd This user doesn't have a yahoo.com account "
     "(ann@yahoo.example) [0]", "hard", "no such mailbox"),
    (DOT, 552, None, "1 Requested mail action aborted, mailbox not found", "hard",
     "no such mailbox"),
    # Our mail, whoever it is for.
    (DOT, 550, "5.7.26", "This mail has been blocked because the sender is unauthenticated.",
     "policy", "our mail is not authenticated"),
    (DOT, 550, "5.7.515", "Access denied, sending domain example.org does not meet the required "
     "authentication level.", "policy", "our mail is not authenticated"),
    (RCPT, 550, "5.7.1", "Unfortunately, messages from [192.0.2.7] weren't sent; part of their "
     "network is on our block list (S3150).", "policy", "refused by policy"),
    (DOT, 554, "5.7.9", "Message not accepted for policy reasons.", "policy", "refused by policy"),
    (DOT, 552, "5.7.0", "This message was blocked because its content presents a potential "
     "security issue.", "policy", "refused by policy"),
    (DOT, 554, "5.7.1", "Spam message rejected", "policy", "refused by policy"),
    (DOT, 550, None, "SC-001 Unfortunately, messages from 192.0.2.7 weren't sent.", "policy",
     "our address is on a block list"),
    (RCPT, 554, None, "HL:IPB 163 mx20,PMCowL", "policy", "our address is on a block list"),
    (DOT, 554, None, "DT:SPM 163 smtp10,DsCowA", "policy", "the receiver takes our mail for spam"),
    (DOT, 550, None, "Mail content denied.", "policy", "the receiver takes our mail for spam"),
    (DOT, 550, None, "DMARC check failed.", "policy", "the receiver takes our mail for spam"),
    (DOT, 552, "5.3.4", "Message size exceeds fixed limit", "policy", "message too large"),
    (DOT, 554, "5.2.3", "message larger than this mailbox takes", "policy", "message too large"),
    (DOT, 552, None, "exceeded mailsize limit", "policy", "message too large"),
    (DOT, 554, None, "Transaction failed", "policy", "the message was refused"),
    (DATA, 554, None, "no", "policy", "the message was refused"),
    # The rest about the address.
    (RCPT, 501, None, "syntax", "soft", "the address was refused"),
    (RCPT, 550, "5.2.1", "The mailbox takes no mail from you", "soft", "the address was refused"),
    (RCPT, 550, "5.1.0", "Address rejected", "soft", "the address was refused"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("phase", "code", "enhanced", "words", "expected", "reason"),
    KNOWN,
    ids=[f"{phase}-{code}-{enhanced}-{words[:40]}" for phase, code, enhanced, words, *_ in KNOWN],
)
def test_replies_are_judged(
    phase: Phase, code: int | None, enhanced: str | None, words: str, expected: str, reason: str
) -> None:
    """A reply means what the RFCs and who sends it mean by it; the rest of a domain in minutes."""
    reply = Reply(phase, code, enhanced, words)
    verdict = judge(reply)
    assert reason in verdict.reason
    if verdict.outcome is Outcome.REFUSED:
        assert verdict.refusal == expected
    elif verdict.outcome is Outcome.DEFERRED:
        rest = (verdict.domain_rest or timedelta(0)) // timedelta(minutes=1)
        assert f"deferred {rest}" == expected
    else:
        assert f"{verdict.outcome}{' person' * is_for_a_person(reply)}" == expected


def test_every_line_is_reachable() -> None:
    """Each line of the table decides one of the replies above; no other line hides it."""
    decided = set()
    for phase, code, enhanced, words, *_ in KNOWN:
        reply = Reply(phase, code, enhanced, words)
        decided.add(next(n for n, line in enumerate(VERDICTS) if line.fits(reply)))
    assert [line for n, line in enumerate(VERDICTS) if n not in decided] == []


MATRIX = [
    ("connect refused, or no greeting", Reply(CONNECT), "relay"),
    ("greeting 421", Reply(CONNECT, 421), "relay"),
    ("greeting 554", Reply(CONNECT, 554), "relay"),
    ("EHLO 5xx, HELO too", Reply(HELLO, 502), "relay"),
    ("EHLO 421", Reply(HELLO, 421), "relay"),
    ("STARTTLS 454", Reply(TLS, 454), "relay"),
    ("handshake or certificate", Reply(TLS), "relay"),
    ("AUTH 535: the send is paused", Reply(AUTH, 535, "5.7.8"), "relay person"),
    ("AUTH 454", Reply(AUTH, 454, "4.7.0"), "relay"),
    ("MAIL 4xx", Reply(MAIL, 451), "relay"),
    ("MAIL 5xx: the send is paused", Reply(MAIL, 550), "relay person"),
    ("RCPT 450", Reply(RCPT, 450), "deferred"),
    ("RCPT 451", Reply(RCPT, 451), "deferred"),
    ("RCPT 452", Reply(RCPT, 452), "deferred"),
    ("RCPT 5.1.1", Reply(RCPT, 550, "5.1.1"), "refused hard"),
    ("RCPT 5.1.10", Reply(RCPT, 550, "5.1.10"), "refused hard"),
    ("RCPT 5.2.2: the mailbox is emptied one day", Reply(RCPT, 552, "5.2.2"), "deferred"),
    ("RCPT 5.7.x", Reply(RCPT, 550, "5.7.1"), "refused policy"),
    ("DATA 4xx", Reply(DATA, 451), "deferred"),
    ("DATA 5xx", Reply(DATA, 554), "refused policy"),
    ("final dot 4xx", Reply(DOT, 451), "deferred"),
    ("final dot 552", Reply(DOT, 552), "refused policy"),
    ("final dot 554", Reply(DOT, 554), "refused policy"),
    ("421 in mid-pipeline", Reply(RCPT, 421), "relay"),
    ("reset before the dot", Reply(DATA), "relay"),
    ("reset after the content, or a time-out there", Reply(DOT), "in_doubt"),
    ("greylisting 451", Reply(RCPT, 451, "4.7.1", "greylisted"), "deferred"),
]


@pytest.mark.parametrize(("reply", "expected"), [row[1:] for row in MATRIX],
                         ids=[row[0] for row in MATRIX])  # fmt: skip
def test_the_fault_matrix(reply: Reply, expected: str) -> None:
    """Each fault a relay can answer with ends as the fault matrix of the delivery engine says."""
    verdict = judge(reply)
    more = verdict.refusal or ("person" if is_for_a_person(reply) else "")
    assert f"{verdict.outcome} {more}".strip() == expected


@given(REPLIES)
def test_every_reply_has_a_verdict(reply: Reply) -> None:
    """Whatever a server says is judged, and what is not about the recipient charges nobody."""
    verdict = judge(reply)
    if reply.phase in {CONNECT, HELLO, TLS, AUTH, MAIL}:
        assert verdict.outcome is Outcome.RELAY
    if verdict.outcome is Outcome.ACCEPTED:
        assert reply.phase is DOT
        assert reply.code is not None
        assert 200 <= reply.code <= 299
    if verdict.outcome in {Outcome.DEFERRED, Outcome.REFUSED}:
        assert reply.code is not None
        assert reply.code >= 400
    assert (verdict.refusal is not None) == (verdict.outcome is Outcome.REFUSED)
    if verdict.domain_rest is not None:
        assert verdict.outcome is Outcome.DEFERRED


@given(REPLIES)
def test_the_short_way_is_the_tables(reply: Reply) -> None:
    """The verdict of an acceptance, found without the table, is the table's."""
    line = next(line for line in VERDICTS if line.fits(reply))
    assert judge(reply) is line.verdict


@given(REPLIES)
def test_only_the_relays_lasting_faults_are_for_a_person(reply: Reply) -> None:
    """A send is paused for what the relay refuses for ever, never for what passes."""
    if is_for_a_person(reply):
        assert judge(reply).outcome is Outcome.RELAY
        assert reply.code is not None
        assert 500 <= reply.code <= 599


def test_hard_is_only_who_is_not_there() -> None:
    """Only lines that say that nobody lives there, or no more, count against the address."""
    hard = {line.reason for line in VERDICTS if line.refusal is Refusal.HARD}
    assert hard == {"no such mailbox", "the mailbox is closed"}


def test_every_line_has_a_source() -> None:
    """Each line of the table names who says so."""
    assert all(line.source and line.reason for line in VERDICTS)


# --- what operators read ------------------------------------------------------

DOCUMENT = Path(__file__).parents[2] / "docs" / "delivery.md"
MARK = "<!-- From here on written by the program"


def pattern(text: str) -> str:
    """Write a pattern as people write codes."""
    for of, to in ((r"\d\d", "xx"), (r"\d+", "x"), (r"\d", "x"), ("\\", "")):
        text = text.replace(of, to)
    return f"`{text}`".replace("|", "\\|") if text else ""


def table() -> str:
    """Write the table of verdicts for docs/delivery.md."""
    rows = [
        "## The table",
        "",
        "| at | code | status | means | who says so |",
        "|---|---|---|---|---|",
    ]
    for line in VERDICTS:
        phases = ", ".join(phase for phase in Phase if phase in line.phases)
        phases = "any" if line.phases == set(Phase) else phases
        means = f"**{line.outcome}**{f', {line.refusal}' if line.refusal else ''}: {line.reason}"
        if line.wait:
            means += f"; waits {line.wait // timedelta(minutes=1)} min"
        if line.domain_rest:
            means += ", and so does the domain"
        source = line.source.replace("|", "\\|") + (" (by its words)" if line.words else "")
        code = "no answer" if line.code == "none" else pattern(line.code)
        status = "none" if line.enhanced == "none" else pattern(line.enhanced)
        rows.append(f"| {phases} | {code} | {status} | {means} | {source} |")
    return "\n".join(rows) + "\n"


def test_the_document_has_the_table() -> None:
    """The table at the end of docs/delivery.md is that of the program."""
    head, mark, rest = DOCUMENT.read_text("utf-8").partition(MARK)
    first, _, written = rest.partition("\n")
    if os.environ.get("PUBLISHER_UPDATE"):
        DOCUMENT.write_text(f"{head}{mark}{first}\n\n{table()}", "utf-8")
        return
    assert table() == written.lstrip("\n")
