"""authentication - by what receivers tell our mail from a forger's, as DNS is to hold it.

    spf          which servers may send for the domain bounces go to
    key_record   DKIM: the public halves of the keys that sign
    dmarc        what becomes of mail that is neither
    nouns        the values these speak in

Values in, values out: `wanted` says what is to stand in DNS, `questions` and `following` what to
ask, `judge` what to think of the answers. A name nobody answered for is unchecked, never missing.
Faults: as findings. Never: asks. See: resolver (who asks), cli.doctor (who shows it).
"""

from __future__ import annotations

from publisher.authentication import dmarc, key_record, spf
from publisher.authentication.nouns import (
    Answers,
    Judgement,
    Origin,
    Question,
    Record,
    State,
    stop,
)

__all__ = ["Answers", "Judgement", "Origin", "Question", "Record", "State", "following", "judge",
           "questions", "wanted"]  # fmt: skip


def wanted(origin: Origin) -> tuple[Record, ...]:
    """Say what is to stand in DNS."""
    return (
        spf.wanted(origin),
        *(key_record.wanted(host, value) for host, value in origin.keys),
        dmarc.wanted(origin),
        Record(
            "MX",
            origin.envelope,
            "MX",
            "10 YOUR-MAIL-SERVER",
            "where mail that could not be delivered comes back to",
            "In place of YOUR-MAIL-SERVER write the name of the server that takes this domain's"
            " mail.",
        ),
    )


def questions(origin: Origin) -> set[Question]:
    """Say what to ask first."""
    return {
        *(record.question for record in wanted(origin)),
        *(Question(origin.envelope, kind) for kind in ("A", "AAAA")),
        *(Question(f"{host}.{origin.domain}") for host, _ in origin.keys),
        *dmarc.questions(origin.domain),
        *dmarc.questions(origin.envelope),
    }


def following(origin: Origin, answers: Answers) -> set[Question]:
    """Say what to ask next, led there by the answers; nothing, in the end."""
    return spf.following(origin.envelope, answers)


def judge(origin: Origin, answers: Answers) -> tuple[Judgement, ...]:
    """Judge each record wanted by the answers there are."""
    judged = []
    for record in wanted(origin):
        if record.what == "SPF":
            judged.append(spf.judge(record, origin, answers))
        elif record.what == "DMARC":
            judged.append(dmarc.judge(record, origin, answers))
        elif record.what == "MX":
            judged.append(_judge_mx(record, answers))
        else:
            judged.append(key_record.judge(record, origin.domain, answers))
    return tuple(judged)


def _judge_mx(record: Record, answers: Answers) -> Judgement:
    """Judge whether mail can come back; a host of that very name will do (RFC 5321 section 5.1)."""
    answer = answers.get(record.question)
    hosts = [answers.get(Question(record.host, kind)) for kind in ("A", "AAAA")]
    if answer is None or (not answer and None in hosts):
        return Judgement(record, State.UNCHECKED)
    if any(one.split() == ["0", "."] for one in answer):
        why = stop(
            "authentication/mx-missing",
            f"{record.host} says that it takes no mail (MX 0 .), so nothing can come back, and"
            " many receivers refuse what is sent from there.",
            "Set the record, or another bounce_domain or sender_address.",
        )
        return Judgement(record, State.DIFFERS, answer, (why,))
    if answer or any(hosts):
        return Judgement(record, State.OK, answer)
    why = stop(
        "authentication/mx-missing",
        f"{record.host} takes no mail, so nothing can come back, and many receivers refuse what is"
        " sent from there.",
        "Set the record, or another bounce_domain or sender_address.",
    )
    return Judgement(record, State.MISSING, (), (why,))
