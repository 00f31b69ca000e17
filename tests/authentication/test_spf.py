"""SPF: what a domain says about who may send for it, judged with all that it includes."""

from dataclasses import replace
from itertools import pairwise

import pytest

from publisher.authentication import Origin, Question, State, spf
from publisher.model import Level

ORIGIN = Origin("rivers.example", "rivers.example", "a@rivers.example", (), "smtp.relay.example")
RECORD = spf.wanted(ORIGIN)
PLAIN = "v=spf1 ip4:192.0.2.0/24 -all"


def judged(*texts: str, origin: Origin = ORIGIN, **others: tuple[str, ...] | None):
    """Judge the records of rivers.example; `relay=` is what relay.example has, and so on."""
    answers = {Question("rivers.example"): texts}
    answers |= {Question(f"{name}.example"): found for name, found in others.items()}
    return spf.judge(RECORD, origin, answers)


def codes(judgement) -> list[str]:
    """Give the ends of the findings' codes."""
    return [one.code.partition("/spf-")[2] for one in judgement.findings]


@pytest.mark.parametrize(
    "text",
    [
        "v=spf1 include:relay.example ~all",
        "V=SPF1 include:relay.example mx ?all",
        "v=spf1 redirect=relay.example",
        "v=spf1 a/24 mx:relay.example/24 exists:%{i}.x.example ip6:2001:db8::/32 -all exp=x.example",
    ],
)
def test_what_is_right_is_right(text: str) -> None:
    """Each way to allow a relay is taken as it is; other TXT records do not matter."""
    found = judged("site-verification=1", text, relay=(PLAIN,))
    assert (found.state, found.found, codes(found)) == (State.OK, (text,), [])


def test_no_record() -> None:
    """Without a record it is missing; with no answer it is unchecked, and nothing is said."""
    assert (judged("x").state, codes(judged("x"))) == (State.MISSING, ["missing"])
    unanswered = spf.judge(RECORD, ORIGIN, {Question("rivers.example"): None})
    assert (unanswered.state, unanswered.findings) == (State.UNCHECKED, ())


@pytest.mark.parametrize(
    ("texts", "code", "level"),
    [
        ((PLAIN, PLAIN), "several", Level.STOP),
        (("v=spf1 ip4:192.0.2.1 +all",), "open", Level.WARN),
        (("v=spf1 ip4:192.0.2.1 all",), "open", Level.WARN),
        (("v=spf1 mx ~all",), "relay", Level.WARN),
        (("v=spf1 ipv4:192.0.2.1 ip4:192.0.2.2 ~all",), "syntax", Level.STOP),
        (('v=spf1 "ip4:192.0.2.2" include:x.example ~all',), "syntax", Level.STOP),
        (("v=spf1 include:gone.example ~all",), "include", Level.STOP),
        (("v=spf1 include:other.example ~all",), "include", Level.STOP),
    ],
)
def test_what_is_wrong(texts: tuple[str, ...], code: str, level: Level) -> None:
    """Each fault is found by its code, and how bad it is."""
    found = judged(*texts, gone=(), other=("nothing of SPF",))
    assert found.state is State.DIFFERS
    assert codes(found) == [code]
    assert found.findings[0].level is level


def test_a_relay_on_this_machine_needs_no_include() -> None:
    """Where mail leaves from the machine itself, `mx` or `a` may name it."""
    assert codes(judged("v=spf1 mx ~all", origin=replace(ORIGIN, relay=""))) == []
    assert "ip4:" in spf.wanted(replace(ORIGIN, relay="")).value


def chain(length: int) -> dict[Question, tuple[str, ...]]:
    """Make records each of which includes the next."""
    names = ["rivers.example", *(f"n{number}.example" for number in range(length))]
    answers = {
        Question(name): (f"v=spf1 include:{following} ~all",) for name, following in pairwise(names)
    }
    return answers | {Question(names[-1]): (PLAIN,)}


@pytest.mark.parametrize(("length", "expected"), [(10, []), (11, ["lookups"])])
def test_ten_look_ups_and_no_more(length: int, expected: list[str]) -> None:
    """What is included counts as well: ten are right, eleven void."""
    assert codes(spf.judge(RECORD, ORIGIN, chain(length))) == expected


def test_a_circle_ends() -> None:
    """A record that includes itself costs too much, and is judged in no time."""
    found = judged("v=spf1 include:relay.example ~all", relay=("v=spf1 redirect=rivers.example",))
    assert codes(found) == ["lookups"]


def test_a_record_of_thousands_of_names() -> None:
    """A record may not have us ask for more names than a few times what receivers would."""
    text = "v=spf1 " + " ".join(f"include:n{number}.example" for number in range(5_000))
    answers = {Question("rivers.example"): (text,)}
    assert len(spf.following("rivers.example", answers)) < 50


def test_a_long_word_is_told_by_its_beginning() -> None:
    """What is wrong in a record is named, however much of it there is, in a line."""
    name = "x" * 60_000
    found = judged(f"v=spf1 {name} include:{name} ~all", **{name: ()})
    assert all(len(one.message) < 500 for one in found.findings)
    assert codes(found)[0] == "syntax"


def test_what_is_asked_round_by_round() -> None:
    """Each round asks what the one before led to; macros are not followed; then nothing is."""
    answers: dict = {Question("rivers.example"): ("v=spf1 include:A.example. include:%{d}.x ~all",)}
    assert spf.following("rivers.example", answers) == {Question("a.example")}
    answers[Question("a.example")] = ("v=spf1 redirect=b.example",)
    assert spf.following("rivers.example", answers) == {Question("b.example")}
    answers[Question("b.example")] = None
    assert spf.following("rivers.example", answers) == set()
    assert codes(spf.judge(RECORD, ORIGIN, answers)) == []  # unanswered is not missing
