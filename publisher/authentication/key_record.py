"""authentication.key_record - the public half of a signing key, as DNS holds it (RFC 6376 §3.6.1).

What goes wrong is how the value got there: cut off at 255 characters, with the quotation marks of
another program, below the wrong name, or from a key that is no longer ours.
Never: asks. See: wire.dkim (whose key), authentication (who calls).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from publisher.authentication.nouns import (
    Answers,
    Judgement,
    Question,
    Record,
    State,
    note,
    stop,
)


def wanted(host: str, value: str) -> Record:
    """Write the record of one key."""
    kind = "Ed25519" if "k=ed25519" in value else "RSA"
    return Record(
        f"DKIM ({kind})", host, "TXT", value, "the public half of the key that signs your mail"
    )


def twice(record: Record, domain: str) -> Question:
    """Ask where a record stands whose host was entered whole at a provider that adds the domain."""
    return Question(f"{record.host}.{domain}")


def judge(record: Record, domain: str, answers: Answers) -> Judgement:
    """Judge what DNS holds where receivers look for the key."""
    answer = answers.get(record.question)
    if answer is None:
        return Judgement(record, State.UNCHECKED)
    if not answer:
        hint = "Set the record; DNS may take an hour to show it."
        if answers.get(twice(record, domain)):
            short = record.host.removesuffix(f".{domain}")
            hint = (
                f"It stands at {record.host}.{domain}: your provider adds the domain by itself."
                f" Enter the host as {short}"
            )
        why = stop(
            "authentication/dkim-missing",
            f"{record.host} is not in DNS, so no receiver can check the signature.",
            hint,
        )
        return Judgement(record, State.MISSING, (), (why,))
    if len(answer) > 1:
        why = stop(
            "authentication/dkim-differs",
            f"{record.host} has {len(answer)} TXT records; receivers may take any of them.",
            "Delete all but the one shown here.",
        )
        return Judgement(record, State.DIFFERS, answer, (why,))
    text = answer[0]
    ours, theirs = _tags(record.value), _tags(text)
    if theirs.get("p") == ours["p"] and theirs.get("k", "rsa") == ours["k"]:
        if "y" in theirs.get("t", "").split(":"):
            why = note(
                "authentication/dkim-testing",
                "The record says that signing is being tried out (t=y).",
                "Take t=y out; receivers may pass the signature over.",
            )
            return Judgement(record, State.OK, answer, (why,))
        return Judgement(record, State.OK, answer)
    why = stop("authentication/dkim-differs", *_why(text, ours, theirs))
    return Judgement(record, State.DIFFERS, answer, (why,))


def _why(text: str, ours: Mapping[str, str], theirs: Mapping[str, str]) -> tuple[str, str]:
    """Say how the value came to differ, and what to do."""
    key = theirs.get("p", "")
    if '"' in text or "\\" in text:
        return (
            "The value in DNS has quotation marks or backslashes in it.",
            "Enter it again without them.",
        )
    if not key:
        return "The value in DNS has no key in it.", "Enter the whole value shown here."
    if key != ours["p"] and ours["p"].startswith(key):
        return (
            f"The value in DNS is cut off after {len(text)} characters.",
            "Enter it whole, or in the strings shown, as your provider wants it.",
        )
    return (
        "DNS holds another key than the one that signs here.",
        "Enter the value shown here; or, if that key is the right one, restore its file.",
    )


def _tags(text: str) -> dict[str, str]:
    pairs = (one.partition("=") for one in text.split(";"))
    return {name.strip().lower(): re.sub(r"\s", "", value) for name, _, value in pairs}
