"""authentication.spf - which servers may send for a domain (RFC 7208).

The record includes others, which include others: the names they lead to are asked for round by
round (`following`), then the whole is judged. What a macro decides is counted and not followed.
Never: asks. See: authentication (who calls), resolver (who asks).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from publisher.authentication.nouns import (
    Answers,
    Judgement,
    Origin,
    Question,
    Record,
    State,
    stop,
    warn,
)
from publisher.model import Finding

MOST_LOOKUPS: Final = 10
"""What the terms of a record may cost, all that they include counted (RFC 7208 section 4.6.4)."""
_LONGEST: Final = 253  # of a domain name; what is longer is told by its beginning
_COSTS: Final = frozenset({"include", "a", "mx", "ptr", "exists", "redirect"})
_MECHANISMS: Final = frozenset({"all", "include", "a", "mx", "ptr", "ip4", "ip6", "exists"})
_TERM: Final = re.compile(r"([+?~-]?)([a-z0-9_.-]+)([:=/]?)(\S*)", re.IGNORECASE)


class Term(NamedTuple):
    """One word of a record: `~all` is ("~", "all", ""); the sign of a modifier is "="."""

    sign: str
    name: str
    value: str


def wanted(origin: Origin) -> Record:
    """Write the record for the domain bounces go to; who sends, only the operator knows."""
    if origin.relay:
        value = "v=spf1 include:YOUR-RELAY ~all"
        remark = (
            f"In place of YOUR-RELAY write the name that the documentation of {origin.relay} gives"
            " for SPF. Where there is an SPF record already, add the include to it: there may be"
            " only one."
        )
    else:
        value = "v=spf1 ip4:YOUR-ADDRESS ~all"
        remark = (
            "In place of YOUR-ADDRESS write the public address of the server that mail leaves"
            " from. Where there is an SPF record already, add to it: there may be only one."
        )
    return Record(
        "SPF", origin.envelope, "TXT", value, "which servers may send for this domain", remark
    )


def following(name: str, answers: Answers) -> set[Question]:
    """Give what the records seen so far lead to and nobody asked for yet."""
    _, reached = _walked(name, answers)
    return {Question(one) for one in reached} - answers.keys()


def judge(record: Record, origin: Origin, answers: Answers) -> Judgement:
    """Judge what DNS holds for the domain bounces go to."""
    answer = answers.get(record.question)
    if answer is None:
        return Judgement(record, State.UNCHECKED)
    found = _records(answer)
    if not found:
        why = warn(
            "authentication/spf-missing",
            f"{record.host} does not say who may send for it.",
            "Set the record. Large receivers want it from everybody who sends much.",
        )
        return Judgement(record, State.MISSING, (), (why,))
    if len(found) > 1:
        why = stop(
            "authentication/spf-several",
            f"{record.host} has {len(found)} SPF records, which makes all of them void.",
            "Put what they allow into one, and delete the others.",
        )
        return Judgement(record, State.DIFFERS, found, (why,))
    findings = tuple(_faults(record.host, found[0], origin, answers))
    return Judgement(record, State.DIFFERS if findings else State.OK, found, findings)


def _faults(name: str, text: str, origin: Origin, answers: Answers) -> Iterator[Finding]:
    terms = _terms(text)
    names = {term.name for term in terms}
    wrong = [term.name for term in terms if term.sign != "=" and term.name not in _MECHANISMS]
    if wrong:
        yield stop(
            "authentication/spf-syntax",
            f"The SPF record has a word no receiver knows, which makes it void:"
            f" {wrong[0][:_LONGEST]}",
            f"Correct it; there are {', '.join(sorted(_MECHANISMS))}.",
        )
    if any(term.name == "all" and term.sign in {"", "+"} for term in terms):
        yield warn(
            "authentication/spf-open",
            "The SPF record ends in +all: everybody in the world may send in your name.",
            "Write ~all in its place.",
        )
    if origin.relay and not names & {"include", "redirect", "exists", "ip4", "ip6"}:
        yield warn(
            "authentication/spf-relay",
            f"The SPF record names no relay, and your mail leaves through {origin.relay}.",
            "Add the include: that its documentation gives, before the word that ends in all.",
        )
    cost, reached = _walked(name, answers)
    lost = [one for one in reached if _is_without(answers.get(Question(one)))]
    if lost:
        yield stop(
            "authentication/spf-include",
            f"The SPF record includes {lost[0][:_LONGEST]}, which has none; that makes the whole void.",
            "Correct the name, or take it out.",
        )
    if cost > MOST_LOOKUPS:
        yield stop(
            "authentication/spf-lookups",
            f"The SPF record costs at least {cost} look-ups with all it includes; receivers give"
            f" up after {MOST_LOOKUPS} and take it for void.",
            "Take out what no longer sends for you; addresses (ip4:, ip6:) cost nothing.",
        )


def _records(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(text for text in texts if text.lower().split(" ")[0] == "v=spf1")


def _terms(text: str) -> list[Term]:
    terms = []
    for word in text.split()[1:]:
        if (found := _TERM.fullmatch(word)) is None:
            terms.append(Term("", word, ""))
            continue
        sign, name, joint, value = found.groups()
        terms.append(Term("=" if joint == "=" else sign, name.lower(), value.lower()))
    return terms


def _is_without(answer: tuple[str, ...] | None) -> bool:
    return answer is not None and not _records(answer)


def _walked(name: str, answers: Answers) -> tuple[int, list[str]]:
    """Walk a record and all that it leads to: what that costs, and the names on the way.

    It ends where it costs far too much, in the middle of a record too, so that a circle ends and
    nobody has us ask for thousands of names.
    """
    cost, ahead = 0, [name]
    reached: list[str] = []
    while ahead:
        texts = _records(answers.get(Question(ahead.pop(0))) or ())
        for term in _terms(texts[0]) if len(texts) == 1 else ():
            if cost > 4 * MOST_LOOKUPS:
                return cost, reached
            cost += term.name in _COSTS
            if term.name in {"include", "redirect"} and term.value and "%" not in term.value:
                reached.append(term.value.rstrip("."))
                ahead.append(reached[-1])
    return cost, reached
