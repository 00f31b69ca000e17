"""DMARC: whose policy holds for a domain, and what to think of it."""

from dataclasses import replace

import pytest

from publisher.authentication import Origin, Question, State, dmarc

ORIGIN = Origin(
    "news.rivers.example", "news.rivers.example", "a@rivers.example", (("host", "record"),)
)
GOOD = "v=DMARC1; p=reject; rua=mailto:a@rivers.example"


def judged(origin: Origin = ORIGIN, **found: str | tuple[str, ...]):
    """Judge with these records: `news=` at the domain, `rivers=` above it, `suffix=` at example."""
    names = {"news": "news.rivers.example", "rivers": "rivers.example", "sea": "sea.example"}
    answers: dict = dict.fromkeys(dmarc.questions("news.rivers.example"), ())
    for name, texts in found.items():
        where = Question(f"_dmarc.{names[name]}")
        answers[where] = (texts,) if isinstance(texts, str) else texts
    return dmarc.judge(dmarc.wanted(origin), origin, answers)


def codes(judgement) -> list[str]:
    """Give the ends of the findings' codes."""
    return [one.code.partition("/dmarc-")[2] for one in judgement.findings]


def test_the_record_to_begin_with_is_right() -> None:
    """What we tell people to set is judged as set, with the remark that it only watches."""
    found = judged(news=dmarc.wanted(ORIGIN).value)
    assert (found.state, codes(found)) == (State.OK, ["watches"])


def test_signs_that_mean_something_in_the_record_are_escaped() -> None:
    """A `!` in the address would end it and state a size instead."""
    origin = replace(ORIGIN, address="a!10m@news.rivers.example")
    assert dmarc.wanted(origin).value.endswith("rua=mailto:a%2110m@news.rivers.example")


def test_the_organisation_s_record_holds_below() -> None:
    """Without one of its own a domain has its organisation's, and of that `sp`."""
    assert (judged(rivers=GOOD).state, codes(judged(rivers=GOOD))) == (State.OK, [])
    assert codes(judged(rivers=f"{GOOD}; sp=none")) == ["watches"]
    assert codes(judged(news=GOOD, rivers="v=DMARC1; p=none")) == []


def test_a_public_suffix_is_nobody_s_organisation() -> None:
    """A record with psd=y speaks for a suffix, below which organisations begin."""
    assert codes(judged(rivers="v=DMARC1; p=reject; psd=y")) == ["missing"]


@pytest.mark.parametrize(
    ("text", "expected", "state"),
    [
        (GOOD, [], State.OK),
        ("v=DMARC1;p=quarantine;rua=mailto:a@b.example;pct=50;ri=60", ["obsolete"], State.OK),
        ("v=DMARC1; p=reject", ["reports"], State.OK),
        ("v=DMARC1; p=monitor; rua=mailto:a@b.example", ["invalid"], State.DIFFERS),
        ("v=DMARC1; rua=mailto:a@b.example", ["invalid"], State.DIFFERS),
        ((GOOD, GOOD), ["several"], State.DIFFERS),
        ("v=DMARC2; p=reject", ["missing"], State.MISSING),
        ((), ["missing"], State.MISSING),
    ],
)
def test_each_fault(text: str | tuple[str, ...], expected: list[str], state: State) -> None:
    """Each fault is found by its code."""
    found = judged(news=text)
    assert (codes(found), found.state) == (expected, state)


def test_no_answer_is_unchecked() -> None:
    """Where DNS does not answer, nothing is said."""
    record = dmarc.wanted(ORIGIN)
    assert dmarc.judge(record, ORIGIN, {record.question: None}).state is State.UNCHECKED


@pytest.mark.parametrize(
    ("envelope", "more", "is_aligned"),
    [
        ("news.rivers.example", "", True),
        ("bounces.rivers.example", "", True),
        ("bounces.rivers.example", "; aspf=s", False),
        ("bounces.sea.example", "", False),
    ],
)
def test_unsigned_mail_lives_by_its_envelope(envelope: str, more: str, is_aligned: bool) -> None:
    """Without a signature of ours bounces must go to the same organisation; with one they need not."""
    unsigned = replace(ORIGIN, envelope=envelope, keys=())
    assert codes(judged(unsigned, rivers=GOOD + more)) == ([] if is_aligned else ["alignment"])
    assert codes(judged(replace(ORIGIN, envelope=envelope), rivers=GOOD + more)) == []


def test_an_organisation_may_begin_lower() -> None:
    """A record with psd=n ends the walk: what stands above is somebody else's."""
    unsigned = replace(ORIGIN, envelope="bounces.rivers.example", keys=())
    assert codes(judged(unsigned, news=GOOD, rivers=GOOD)) == []
    assert codes(judged(unsigned, news=GOOD + "; psd=n", rivers=GOOD)) == ["alignment"]


def test_the_walk_up_a_long_name() -> None:
    """A name of eight labels or more is asked for at most eight times (RFC 9989 section 4.10)."""
    names = dmarc.questions("a.b.c.d.e.f.g.h.i.j.rivers.example")
    assert len(names) <= 8
    assert {Question("_dmarc.rivers.example"), Question("_dmarc.f.g.h.i.j.rivers.example")} <= names
