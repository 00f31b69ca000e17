"""The public half of a key in DNS: ours, another's, or ours damaged on the way."""

import pytest

from publisher.authentication import Question, State, key_record
from publisher.model import Level

HOST = "publisher._domainkey.rivers.example"
OURS = "v=DKIM1; k=rsa; p=" + "MIIBIjAN" * 49
RECORD = key_record.wanted(HOST, OURS)


def judged(*texts: str, **others: tuple[str, ...]):
    """Judge what stands at the host."""
    answers = {RECORD.question: texts}
    answers |= {key_record.twice(RECORD, "rivers.example"): others.get("twice", ())}
    return key_record.judge(RECORD, "rivers.example", answers)


@pytest.mark.parametrize(
    "text",
    [OURS, OURS.replace("k=rsa; ", ""), OURS.replace("p=MI", "p=MI "), OURS + ";"],
)
def test_ours_in_any_spelling(text: str) -> None:
    """Tags left to their defaults and blanks in the key do not matter."""
    assert (judged(text).state, judged(text).findings) == (State.OK, ())


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (OURS[:255], "cut off after 255 characters"),
        (f'"{OURS}"', "quotation marks"),
        (OURS.replace(";", "\\;"), "backslashes"),
        (OURS.replace("MII", "NII"), "another key"),
        (OURS.replace("k=rsa", "k=ed25519"), "another key"),
        ("v=DKIM1; p=", "no key"),
        ("hello", "no key"),
    ],
)
def test_what_became_of_it(text: str, why: str) -> None:
    """Each way a value is spoilt is called by its name, and stops."""
    (found,) = judged(text).findings
    assert why in found.message
    assert found.level is Level.STOP
    assert judged(text).state is State.DIFFERS


def test_two_records() -> None:
    """Two texts at one host are one too many, even if ours is one of them."""
    assert judged(OURS, OURS).state is State.DIFFERS


def test_a_key_that_is_tried_out() -> None:
    """A record marked as a trial is ours, with a note."""
    (found,) = judged(OURS + "; t=s:y").findings
    assert found.code == "authentication/dkim-testing"


def test_missing_and_where_it_went() -> None:
    """A record entered under the doubled name is found there, and the right host told."""
    assert judged().state is State.MISSING
    assert "an hour" in judged().findings[0].hint
    assert "Enter the host as publisher._domainkey" in judged(twice=(OURS,)).findings[0].hint


def test_no_answer_is_unchecked() -> None:
    """Where DNS does not answer, nothing is said."""
    found = key_record.judge(RECORD, "rivers.example", {Question(HOST): None})
    assert (found.state, found.findings) == (State.UNCHECKED, ())


def test_strings() -> None:
    """A long value is put into strings of 255 bytes that make it up again."""
    assert [len(one) for one in RECORD.strings] == [255, len(OURS) - 255]
    assert "".join(RECORD.strings) == OURS
