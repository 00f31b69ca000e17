"""What waits at the desk: each command once, with the slug it is about."""

from dataclasses import replace
from datetime import UTC, datetime

from publisher import identity
from publisher.identity import Candidate
from publisher.model import Finding, Issue, Item, Level, Newsletter, Section
from publisher.store.issues import DigestRow
from publisher.web.waiting import waiting

NOW = datetime(2026, 11, 7, 9, 0, tzinfo=UTC)
DAILY = Newsletter(slug="daily", title="The Daily Paper", site_url="https://news.example.org/")


def row(*findings: Finding, state: str = "held", path: str = "latest.md") -> DigestRow:
    """A digest as a scan left it."""
    return DigestRow("daily", path, "1", state, findings, NOW)


def held(message: str, slug: str = "ISSUE") -> Finding:
    """Why a digest is held, as identity writes it."""
    file = "digests/latest.md"
    hint = f"publisher publish --as {slug} {file}, or: publisher publish --new {file}"
    return Finding(Level.HOLD, "identity/unclear", message, hint)


def lines(*findings: Finding, slugs: tuple[str, ...] = ("11", "12"), option: str = "") -> list[str]:
    """The commands offered."""
    return [line for line, _ in waiting(DAILY, row(*findings), slugs, option).commands]


def test_one_command_each_with_the_slug() -> None:
    """The issue a digest is held for is named; the hint that says the same is left out."""
    shown = waiting(DAILY, row(held("not issue 12: it has another date", "12")), ["11", "12"])
    assert [line for line, _ in shown.commands] == [
        "publisher publish --as 12 digests/latest.md",
        "publisher publish --new digests/latest.md",
    ]
    assert [finding.hint for finding in shown.findings] == [""]


def test_several_issues_have_a_command_each() -> None:
    """Where it could be any of several, each has its line, the newsletter named where needed."""
    finding = held("it could be any of the issues 11, 12")
    assert lines(finding, option=" --newsletter daily") == [
        "publisher publish --newsletter daily --as 11 digests/latest.md",
        "publisher publish --newsletter daily --as 12 digests/latest.md",
        "publisher publish --newsletter daily --new digests/latest.md",
    ]


def test_a_part_is_named_with_its_digest() -> None:
    """What waits is one issue of many in a digest: the commands name both, `check` the file."""
    one = replace(row(held("not issue 12: it has another date", "12")), part="2026-04-24")
    shown = waiting(DAILY, one, ["12"])
    assert (shown.path, shown.part) == ("latest.md", "2026-04-24")
    assert [line for line, _ in shown.commands] == [
        "publisher publish --as 12 'digests/latest.md#2026-04-24'",
        "publisher publish --new 'digests/latest.md#2026-04-24'",
    ]
    aside = waiting(DAILY, replace(one, state="aside"), ["12"])
    assert [line for line, _ in aside.commands] == ["publisher check digests/latest.md"]


def test_no_issue_is_guessed() -> None:
    """A number in a reason is no issue; then the slug is left to the person."""
    finding = held("a second part of this digest is called 12")
    assert lines(finding)[0] == "publisher publish --as ISSUE digests/latest.md"


def test_other_hints_stay() -> None:
    """A hint that is no such pair of commands is shown; what cannot be read is to be checked."""
    stop = Finding(Level.STOP, "digest/binary", "not text", "save it as UTF-8", 1)
    shown = waiting(DAILY, row(stop, state="aside", path="a b.md"), [])
    assert shown.findings == (stop,)
    assert [line for line, _ in shown.commands] == ["publisher check 'digests/a b.md'"]


def test_what_identity_says_is_understood() -> None:
    """A digest overwritten with another issue is offered under the slug of the one before it."""

    def candidate(number: int) -> Candidate:
        url = f"https://example.com/{number}"
        items = (Item(title=f"Number {number}", url=url, html="<p>x</p>", text=f"x {number}"),)
        issue = Issue(sections=(Section(items=items),), number=number, title=f"Week {number}")
        return Candidate("latest.md", None, str(number) * 64, issue)

    known = identity.mint(candidate(3), DAILY, known=(), now=NOW, back_catalogue=False)
    (decision,) = identity.decide(
        [candidate(4)],
        [replace(known, hashes=("3" * 64,))],
        newsletter=DAILY,
        now=NOW,
        present=frozenset({"latest.md"}),
        back_catalogue=False,
    )
    assert decision.findings[0].level is Level.HOLD
    assert lines(*decision.findings, slugs=(known.slug,)) == [
        f"publisher publish --as {known.slug} digests/latest.md",
        "publisher publish --new digests/latest.md",
    ]
