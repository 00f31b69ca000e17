"""preflight: every reason at once, and limits that hold exactly at their edge."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from publisher.model import (
    Edition,
    Finding,
    Issue,
    Item,
    Level,
    Newsletter,
    Published,
    Record,
    Section,
)
from publisher.preflight import CLIPPED_MAIL, LARGE_MAIL, check, transport

NOW = datetime(2024, 4, 12, 8, tzinfo=UTC)
GOOD = Newsletter(
    "weekly",
    "Weekly",
    app_url="https://news.papers.test/",
    sender_address="editor@papers.test",
    postal_address="1 Paper Street, Springfield",
)


def checked(
    issue: Issue, *, body: str = "", subject: str = "Weekly 12", newsletter: Newsletter = GOOD
) -> list[Finding]:
    """Check an issue with one mail edition."""
    record = Record("weekly", "tag:a,2024:1", "1", "1.md", NOW, NOW)
    mail = Edition("mail", "text/html", body, subject)
    return list(check(Published(issue, record), newsletter, {"mail": mail}))


def issue_of(*items: Item) -> Issue:
    """Make an issue of one section."""
    return Issue((Section(items),))


def codes(findings: list[Finding] | tuple[Finding, ...]) -> list[tuple[Level, str]]:
    """Name findings by level and code."""
    return [(finding.level, finding.code) for finding in findings]


ITEM = Item("Title", "https://a.test/1", line=3)


def test_good_issue_passes() -> None:
    """An issue with an item, a short mail and a mixed-case subject has no findings."""
    assert checked(issue_of(ITEM), body="x" * LARGE_MAIL) == []


def test_empty_issue_is_stopped() -> None:
    """Neither items nor text stops; text alone does not."""
    assert codes(checked(Issue())) == [(Level.STOP, "preflight/empty")]
    assert checked(Issue(text="Words.")) == []
    assert checked(Issue((Section(text="Words."),))) == []


def test_a_mail_without_unsubscribe_link_warns() -> None:
    """With neither app_url nor site_url nobody could leave; either will do."""
    bare = replace(GOOD, app_url=None)
    assert codes(checked(issue_of(ITEM), newsletter=bare)) == [
        (Level.WARN, "preflight/no-unsubscribe")
    ]
    assert checked(issue_of(ITEM), newsletter=replace(bare, site_url="https://a.test/")) == []


@pytest.mark.parametrize(
    ("size", "levels"),
    [
        (LARGE_MAIL, []),
        (LARGE_MAIL + 1, [Level.WARN]),
        (CLIPPED_MAIL, [Level.WARN]),
        (CLIPPED_MAIL + 1, [Level.HOLD]),
    ],
)
def test_mail_size(size: int, levels: list[Level]) -> None:
    """Over 90 KB warns, over 100 KB holds, to the byte."""
    found = checked(issue_of(ITEM), body="x" * size)
    assert codes(found) == [(level, "preflight/size") for level in levels]


def test_size_counts_bytes() -> None:
    """A Han character counts three bytes."""
    assert codes(checked(issue_of(ITEM), body="汉" * (LARGE_MAIL // 3 + 1)))


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("a" * 60, []),
        ("a" * 61, ["preflight/subject-length"]),
        ("周" * 30, []),
        ("周" * 31, ["preflight/subject-length"]),
        ("AI 论文周报", ["preflight/subject-capitals"]),
        ("AI鸟报 2026-05-01", ["preflight/subject-capitals"]),
        ("LLM NEWS 周报", ["preflight/subject-capitals"]),
        ("RIVER NEWS 12", ["preflight/subject-capitals"]),
        ("AI papers 论文周报", []),
        ("论文周报", []),
        ("第 3 期", []),
    ],
)
def test_subject(subject: str, expected: list[str]) -> None:
    """A subject is measured in columns, and is not all in capitals; an abbreviation is a note."""
    assert [found.code for found in checked(issue_of(ITEM), subject=subject)] == expected


def test_capitals_among_han_are_only_a_note() -> None:
    """Filters mind them as well, but an abbreviation is no shout."""
    (found,) = checked(issue_of(ITEM), subject="AI 论文周报")
    assert found.level is Level.NOTE
    (found,) = checked(issue_of(ITEM), subject="RIVER NEWS 12")
    assert found.level is Level.WARN


def test_many_same_addresses_are_counted() -> None:
    """The first few are named, the others counted."""
    items = [Item(f"Item {n}", url="https://a.test/", html="<p>x</p>", text="x") for n in range(20)]
    found = [one for one in checked(issue_of(*items)) if one.code == "preflight/same-address"]
    assert len(found) == 6
    assert "14 more items" in found[-1].message


def test_items_without_address_are_noted_once() -> None:
    """Items without an address give one note, with the line of the first."""
    found = checked(issue_of(ITEM, Item("A", line=7), Item("B", line=9)))
    assert codes(found) == [(Level.NOTE, "preflight/no-address")]
    assert (found[0].line, found[0].message[:7]) == (7, "2 items")


def test_shared_address_warns() -> None:
    """Two items with one address warn at the second."""
    found = checked(issue_of(ITEM, replace(ITEM, title="Other", line=9)))
    assert codes(found) == [(Level.WARN, "preflight/same-address")]
    assert found[0].line == 9
    assert "Title" in found[0].message


def test_good_newsletter_may_be_mailed() -> None:
    """A newsletter with all three values of its own has no reason against mail."""
    assert transport(GOOD) == ()


@pytest.mark.parametrize(
    "app_url",
    [
        "http://localhost:8000/",
        "http://127.0.0.1:8000/",
        "http://[::1]:8000/",
        "https://localhost/",
    ],
)
def test_loopback_needs_no_https(app_url: str) -> None:
    """Loopback addresses may be http; that no reader can reach them is said."""
    found = transport(replace(GOOD, app_url=app_url))
    assert codes(found) == [(Level.WARN, "preflight/loopback")]


@pytest.mark.parametrize(
    "app_url",
    ["http://a.test/", "http://127.0.0.1.a.test/", "ftp://localhost/", "localhost", "http://["],
)
def test_app_url_must_be_https(app_url: str) -> None:
    """Anything else is refused."""
    assert codes(transport(replace(GOOD, app_url=app_url))) == [(Level.STOP, "preflight/app-url")]


def test_app_url_defaults_to_site_url() -> None:
    """Without an app_url the site_url counts."""
    assert transport(replace(GOOD, app_url=None, site_url="https://a.test/")) == ()


def test_all_reasons_at_once() -> None:
    """A bare newsletter is told everything that is missing."""
    assert [found.code for found in transport(Newsletter("weekly", "Weekly"))] == [
        "preflight/app-url",
        "preflight/sender",
        "preflight/postal-address",
    ]


@pytest.mark.parametrize("domain", ["example.org", "example.com", "EXAMPLE.NET"])
def test_placeholders_are_refused(domain: str) -> None:
    """Each value still ending in an example domain is named."""
    newsletter = replace(
        GOOD,
        app_url=f"https://news.{domain}/weekly/",
        sender_address=f"me@{domain}",
        postal_address=f"1 Street, {domain}.",
    )
    found = transport(newsletter)
    assert codes(found) == [(Level.STOP, "preflight/example")] * 3
    assert all(finding.hint for finding in found)


def test_own_domain_is_no_placeholder() -> None:
    """A domain that merely ends in the same letters is somebody's own."""
    assert transport(replace(GOOD, sender_address="me@goodexample.org")) == ()
