"""What DNS is to hold for a sender, and whether mail can come back."""

from dataclasses import replace

import pytest

from publisher import authentication
from publisher.authentication import Origin, Question, State

ORIGIN = Origin(
    "rivers.example",
    "bounces.rivers.example",
    "editor@rivers.example",
    (("publisher._domainkey.rivers.example", "v=DKIM1; k=rsa; p=AAAA"),),
)


def mx(**answers: tuple[str, ...] | None):
    """Judge the MX of the domain bounces go to."""
    given = {"MX": (), "A": (), "AAAA": ()} | answers
    found = authentication.judge(
        ORIGIN, {Question("bounces.rivers.example", kind): one for kind, one in given.items()}
    )
    return next(one for one in found if one.record.what == "MX")


def test_where_each_record_stands() -> None:
    """SPF and MX are for the domain bounces go to, DKIM and DMARC for the one in From."""
    assert [(one.what, one.host, one.kind) for one in authentication.wanted(ORIGIN)] == [
        ("SPF", "bounces.rivers.example", "TXT"),
        ("DKIM (RSA)", "publisher._domainkey.rivers.example", "TXT"),
        ("DMARC", "_dmarc.rivers.example", "TXT"),
        ("MX", "bounces.rivers.example", "MX"),
    ]
    assert not [
        one for one in authentication.wanted(replace(ORIGIN, keys=())) if "DKIM" in one.what
    ]


@pytest.mark.parametrize(
    ("answers", "state"),
    [
        ({"MX": ("10 mail.rivers.example.",)}, State.OK),
        ({"A": ("192.0.2.1",)}, State.OK),
        ({"AAAA": ("2001:db8::1",)}, State.OK),
        ({}, State.MISSING),
        ({"MX": ("0 .",)}, State.DIFFERS),
        ({"MX": None}, State.UNCHECKED),
        ({"A": None}, State.UNCHECKED),
    ],
)
def test_mail_can_come_back(answers: dict, state: State) -> None:
    """By an MX, or by a host of that name; not where the domain says that it takes none."""
    assert mx(**answers).state is state


def test_nothing_answered_nothing_found() -> None:
    """With no answer at all everything is unchecked, and nothing is held against anybody."""
    judged = authentication.judge(ORIGIN, dict.fromkeys(authentication.questions(ORIGIN)))
    assert {one.state for one in judged} == {State.UNCHECKED}
    assert not [finding for one in judged for finding in one.findings]
