"""preflight.check: what it says of a good issue, of an empty one, and in which order."""

from collections.abc import Callable
from dataclasses import replace

from publisher.model import LARGE_MAIL, Finding, Issue, Item, Level, Newsletter, Section

Checked = Callable[..., list[Finding]]
ITEM = Item("Title", "https://a.test/1", line=3)
GOOD = Issue((Section((ITEM,)),))


def codes(findings: list[Finding]) -> list[tuple[Level, str]]:
    """Name findings by level and code."""
    return [(finding.level, finding.code) for finding in findings]


def test_good_issue_passes(checked: Checked) -> None:
    """An issue with an item, a short mail and a mixed-case subject has no findings."""
    assert checked(GOOD, body="x" * LARGE_MAIL) == []


def test_empty_issue_is_stopped(checked: Checked) -> None:
    """Neither items nor text stops; text alone does not."""
    assert codes(checked(Issue())) == [(Level.STOP, "preflight/empty")]
    assert checked(Issue(text="Words.")) == []
    assert checked(Issue((Section(text="Words."),))) == []


def test_a_mail_without_unsubscribe_link_warns(checked: Checked) -> None:
    """With neither app_url nor site_url nobody could leave; either will do."""
    bare = Newsletter("weekly", "Weekly")
    assert codes(checked(GOOD, newsletter=bare)) == [(Level.WARN, "preflight/no-unsubscribe")]
    assert checked(GOOD, newsletter=replace(bare, site_url="https://a.test/")) == []


def test_findings_stand_in_the_order_of_their_lines(checked: Checked) -> None:
    """Whatever finds them, those about a line come first, from top to bottom."""
    issue = Issue(
        (
            Section(
                (
                    Item(
                        "A",
                        "https://a.test/",
                        html='<p><img src="https://a.test/x.png"></p>',
                        line=2,
                    ),
                    Item("B", "http://localhost/b", line=5),
                    Item("A", "https://a.test/", line=9),
                )
            ),
        )
    )
    found = checked(issue, subject="LOUD NEWS")
    assert [one.line for one in found] == [2, 5, 9, None]
