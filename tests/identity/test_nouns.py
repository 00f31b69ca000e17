"""The hash of the text moves with what a reader sees, and with nothing else."""

from dataclasses import replace
from datetime import date

import pytest

from publisher.identity import digest_hash, text_hash
from publisher.identity.nouns import Candidate
from publisher.model import Issue, Item, Link, Section

ITEM = Item("Title", "https://x.example/a", html="<p>Text</p>", text="Text", alt_title="标题")
ISSUE = Issue(
    (Section((ITEM,), title="News", text="Before", html="<p>Before</p>", line=3),),
    title="Issue",
    number=12,
    date=date(2026, 4, 24),
    text="Preface",
)


def edited(**changes: object) -> Issue:
    """The issue with its one item changed."""
    return replace(ISSUE, sections=(replace(ISSUE.sections[0], items=(replace(ITEM, **changes),)),))


@pytest.mark.parametrize(
    "changed",
    [
        replace(ISSUE, title="Other"),
        replace(ISSUE, title=None),
        replace(ISSUE, number=13),
        replace(ISSUE, date=None),
        replace(ISSUE, text="Other"),
        replace(ISSUE, sections=(replace(ISSUE.sections[0], title="Other"),)),
        replace(ISSUE, sections=(replace(ISSUE.sections[0], text="Other"),)),
        replace(ISSUE, sections=()),
        replace(ISSUE, sections=ISSUE.sections * 2),
        edited(title="Other"),
        edited(alt_title=None),
        edited(url="https://x.example/b"),
        edited(text="Other"),
        edited(above_text="Other"),
        replace(ISSUE, sections=(replace(ISSUE.sections[0], closing_text="Other"),)),
    ],
)
def test_what_is_seen_moves_the_hash(changed: Issue) -> None:
    """Titles, number, date, prose and addresses count."""
    assert text_hash(changed) != text_hash(ISSUE)


@pytest.mark.parametrize(
    "changed",
    [
        replace(ISSUE, subject="Mail me", send="no", draft=True, id="12", part="x"),
        replace(ISSUE, text="  Preface\n"),
        replace(ISSUE, sections=(replace(ISSUE.sections[0], line=9, form="list", why="x"),)),
        edited(html='<p class="b" id="a">Text</p>', line=7),
        edited(links=(Link("a", "https://x.example/c"),), topics=("llm",)),
    ],
)
def test_what_is_not_seen_does_not(changed: Issue) -> None:
    """Directives, markup, places in the file and white space do not count."""
    assert text_hash(changed) == text_hash(ISSUE)


def test_fields_do_not_run_into_each_other() -> None:
    """Moving words from one field to the next is a change."""
    one, two = Issue(title="a b", text="c"), Issue(title="a", text="b c")
    assert text_hash(one) != text_hash(two)
    closing = replace(ISSUE, sections=(replace(ISSUE.sections[0], closing_text="Before"),))
    assert len({text_hash(closing), text_hash(edited(above_text="Before")), text_hash(ISSUE)}) == 3


def test_hashes_do_not_change_with_the_program() -> None:
    """The hashes in registers of years ago still fit."""
    assert digest_hash(b"digest") == DIGEST
    assert text_hash(ISSUE) == TEXT


DIGEST = "0bf474896363505e5ea5e5d6ace8ebfb13a760a409b1fb467d428fc716f9f284"
TEXT = "8f8c7c9403f0e389b3391dd887dc6194352dc4fb2f8c6e09aea356330f02b6d8"


def test_candidates_are_minted_by_date_number_and_place() -> None:
    """What states no date or number comes after what does."""
    issues = [
        Issue(date=date(2026, 4, 24), number=2),
        Issue(date=date(2026, 4, 24)),
        Issue(date=date(2026, 4, 25), number=1),
        Issue(number=10),
        Issue(),
    ]
    candidates = [Candidate("a.md", None, "", issue) for issue in issues]
    assert sorted([*candidates[2:], *candidates[:2]], key=lambda each: each.order) == candidates
