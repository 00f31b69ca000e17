"""preflight.subject: measured in columns, and heard as a filter hears it."""

import pytest

from publisher.model import Level, Newsletter
from publisher.preflight.subject import judge

RIVERS = Newsletter("rivers", "River News")


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("a" * 60, []),
        ("a" * 61, ["subject-length"]),
        ("周" * 30, []),
        ("周" * 31, ["subject-length"]),
        ("AI 论文周报", ["subject-capitals"]),
        ("AI鸟报 2026-05-01", ["subject-capitals"]),
        ("LLM NEWS 周报", ["subject-capitals"]),
        ("Речные новости A 12", ["subject-capitals"]),
        ("RIVER NEWS 12", ["subject-capitals"]),
        ("AI papers 论文周报", []),
        ("论文周报", []),
        ("第 3 期", []),
        ("38", []),
        ("🎉🎉", ["subject-empty"]),
        ("…!!!", ["subject-empty"]),
        ("", ["subject-empty"]),
        ("Rivers rise!", []),
        ("Rivers rise!!", ["subject-marks"]),
        ("河水上涨！！！", ["subject-marks"]),
        ("Why do rivers rise???", ["subject-marks"]),
        ("Why? Where?", []),
        ("river  news", ["subject-name"]),
        ("River News · 12 April 2024", []),
    ],
)
def test_subject(subject: str, expected: list[str]) -> None:
    """Each fault of a subject has its own finding, and a good one has none."""
    found = [one.code.removeprefix("preflight/") for one in judge(subject, RIVERS)]
    assert found == expected


def test_capitals_among_han_are_only_a_note() -> None:
    """Filters mind them as well, but an abbreviation is no shout."""
    (found,) = judge("AI 论文周报", RIVERS)
    assert found.level is Level.NOTE
    (found,) = judge("RIVER NEWS 12", RIVERS)
    assert found.level is Level.WARN


def test_a_mail_without_subject_waits_for_a_person() -> None:
    """An empty subject holds; one of signs alone only warns."""
    assert [one.level for one in judge(" ", RIVERS)] == [Level.HOLD]
    assert [one.level for one in judge("🎉", RIVERS)] == [Level.WARN]
