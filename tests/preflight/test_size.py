"""preflight.size: limits to the byte, and what was given up to keep them."""

from dataclasses import replace

import pytest

from publisher.model import LARGE_MAIL, MOST_MAIL, Edition, Level, Look, Newsletter
from publisher.preflight.size import judge

WEEKLY = Newsletter("weekly", "Weekly")
MAIL = Edition("mail", "text/html", "<p>x</p>", "Weekly 12", look="digest", size_bytes=9000)


@pytest.mark.parametrize(
    ("size", "levels"),
    [
        (LARGE_MAIL, []),
        (LARGE_MAIL + 1, [Level.WARN]),
        (MOST_MAIL, [Level.WARN]),
        (MOST_MAIL + 1, [Level.STOP]),
    ],
)
def test_size(size: int, levels: list[Level]) -> None:
    """Over 90 KB warns, over 100 KB is not sent, to the byte; told or counted."""
    for mail in (replace(MAIL, size_bytes=size), Edition("mail", "text/html", "x" * size)):
        found = judge(mail, WEEKLY)
        assert [(one.level, one.code) for one in found] == [
            (one, "preflight/size") for one in levels
        ]


def test_size_counts_bytes() -> None:
    """A Han character counts three bytes."""
    assert judge(Edition("mail", "text/html", "汉" * (LARGE_MAIL // 3 + 1)), WEEKLY)


def test_without_a_page_one_is_advised() -> None:
    """What is too large where no page can tell the rest names the setting that makes one."""
    (found,) = judge(replace(MAIL, size_bytes=MOST_MAIL + 1), WEEKLY)
    assert "set site_url" in found.hint
    (found,) = judge(
        replace(MAIL, size_bytes=MOST_MAIL + 1), replace(WEEKLY, site_url="https://a/")
    )
    assert "site_url" not in found.hint


def test_one_thing_is_said_of_the_size() -> None:
    """What was given up says more than how large the rest is, and being too large most of all."""
    given_up = replace(MAIL, look="compact", left_out=2, size_bytes=LARGE_MAIL + 1)
    assert [one.code for one in judge(given_up, WEEKLY)] == ["preflight/left-out"]
    lean = replace(given_up, left_out=0)
    assert [one.code for one in judge(lean, WEEKLY)] == ["preflight/leaner-look"]
    huge = replace(given_up, size_bytes=MOST_MAIL + 1)
    assert [one.code for one in judge(huge, WEEKLY)] == ["preflight/size"]


def test_compact_without_a_page_is_told() -> None:
    """A look that leaves most to the page warns where there is none."""
    lean = replace(MAIL, look="compact")
    chosen = replace(WEEKLY, look=Look(name="compact"))
    (found,) = judge(lean, chosen)
    assert (found.level, found.code) == (Level.WARN, "preflight/no-page")
    assert judge(lean, replace(chosen, site_url="https://a/")) == []


def test_a_leaner_look_is_told() -> None:
    """Where another look was taken than the newsletter's, both are named; else nothing is said."""
    assert judge(MAIL, WEEKLY) == []
    (found,) = judge(replace(MAIL, look="compact"), WEEKLY)
    assert (found.level, found.code) == (Level.WARN, "preflight/leaner-look")
    assert "in the look compact: in digest" in found.message


def test_what_is_left_out_is_counted() -> None:
    """Items that are on the page only are told by their number."""
    (found,) = judge(replace(MAIL, left_out=9), WEEKLY)
    assert (found.level, found.code) == (Level.WARN, "preflight/left-out")
    assert found.message.startswith("9 items are on the page only")
