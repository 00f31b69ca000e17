"""The law of identity, rule by rule, on a folder that is scanned as the hall scans it."""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publisher.errors import RefusedError
from publisher.identity import (
    Candidate,
    Decision,
    Match,
    as_issue,
    as_new,
    decide,
    digest_hash,
)
from publisher.model import Issue, Item, Level, Newsletter, Record, Section

AI = Newsletter("ai", "AI weekly", site_url="https://example.org/")
START = datetime(2026, 4, 24, 12, tzinfo=UTC)


def issue(
    *names: str, number: int | None = None, on: str | None = None, words: str = "", **facts: str
) -> Issue:
    """An issue with an item for each name, at an address of that name."""
    items = tuple(Item(f"About {name}", f"https://news.example/{name}") for name in names)
    day = None if on is None else date.fromisoformat(on)
    return Issue((Section(items),), number=number, date=day, text=words, **facts)  # type: ignore[arg-type]  # named by the tests


def candidate(path: str, content: Issue, whole: tuple[Issue, ...] = ()) -> Candidate:
    """What reading a digest of this content gives."""
    return Candidate(path, content.part, digest_hash(repr(whole or content).encode()), content)


@dataclass
class Folder:
    """A digests folder and what is known of it."""

    files: dict[str, tuple[Issue, ...]] = field(default_factory=dict)
    records: dict[str, Record] = field(default_factory=dict)
    now: datetime = START
    unreadable: set[str] = field(default_factory=set)

    def candidates(self) -> list[Candidate]:
        """Every issue in the folder, in its listing's order."""
        return [
            candidate(path, each, issues if len(issues) > 1 else ())
            for path, issues in self.files.items()
            for each in issues
        ]

    def scan(self, **changes: Issue | tuple[Issue, ...] | None) -> dict[str, Decision]:
        """Put digests into the folder (None takes one away), scan it, keep what was published."""
        for name, content in changes.items():
            path = name.replace("__", "/") + ".md"
            self.files.pop(path, None)
            if content is not None:
                self.files[path] = content if isinstance(content, tuple) else (content,)
        self.now += timedelta(hours=1)
        decisions = self.decide(self.candidates())
        changed = [each.candidate for each in decisions if each.kind is not Match.UNCHANGED]
        if all(each.part is None for each in changed):
            # The hall leaves out what is unchanged: that must not matter to the others.
            assert self.decide(changed) == [each for each in decisions if each.candidate in changed]
        for decision in decisions:
            self.keep(decision)
        return {
            decision.candidate.path.removesuffix(".md")
            + (f"#{decision.candidate.part}" if decision.candidate.part else ""): decision
            for decision in decisions
        }

    def decide(self, candidates: list[Candidate]) -> list[Decision]:
        """Decide candidates against what is known and present."""
        return decide(
            candidates,
            list(self.records.values()),
            newsletter=AI,
            now=self.now,
            present=frozenset(self.files) | self.unreadable,
            back_catalogue=not self.records,
            hashes={each.source: each.digest_hash for each in self.candidates()},
        )

    def keep(self, decision: Decision) -> None:
        """Save what may be saved."""
        if decision.kind in {Match.NEW, Match.REVISION}:
            assert decision.record is not None
            self.records[decision.record.slug] = decision.record


@pytest.fixture
def folder() -> Folder:
    """An empty folder."""
    return Folder()


def kinds(decisions: dict[str, Decision]) -> dict[str, Match]:
    """What each digest is."""
    return {name: decision.kind for name, decision in decisions.items()}


def slug(decision: Decision) -> str | None:
    """The issue a decision is about."""
    return decision.record.slug if decision.record else None


def held(decision: Decision, code: str) -> str:
    """The words of the one finding of a held digest."""
    assert decision.kind is Match.HELD
    (finding,) = decision.findings
    assert (finding.level, finding.code) == (Level.HOLD, f"identity/{code}")
    assert "publisher publish --as" in finding.hint
    assert "publisher publish --new" in finding.hint
    return finding.message


# --- new, unchanged, revised --------------------------------------------------


def test_new_digest_is_a_new_issue(folder: Folder) -> None:
    """What nothing is known of is new, and what is found first is back catalogue."""
    first = folder.scan(a=issue("x", number=1))
    assert kinds(first) == {"a": Match.NEW}
    assert folder.records["1"].back_catalogue
    later = folder.scan(b=issue("y", number=2))
    assert kinds(later) == {"a": Match.UNCHANGED, "b": Match.NEW}
    assert not folder.records["2"].back_catalogue


def test_unchanged_digest_changes_nothing(folder: Folder) -> None:
    """The same bytes at the same path are the same issue, and its record stays as it is."""
    folder.scan(a=issue("x", number=1))
    before = folder.records["1"]
    decision = folder.scan()["a"]
    assert (decision.kind, decision.record) == (Match.UNCHANGED, before)


def test_edited_digest_is_a_revision(folder: Folder) -> None:
    """An edit keeps slug, id and first publication, and moves `updated`."""
    folder.scan(a=issue("x", "y", number=1))
    before = folder.records["1"]
    assert kinds(folder.scan(a=issue("x", "z", number=1))) == {"a": Match.REVISION}
    after = folder.records["1"]
    assert (after.id, after.published) == (before.id, before.published)
    assert after.updated > before.updated


def test_text_that_returns_is_a_revision_again(folder: Folder) -> None:
    """A, then B, then A again is two revisions of one issue."""
    one, two = issue("x", "y"), issue("x", "z")
    folder.scan(a=one)
    assert kinds(folder.scan(a=two)) == {"a": Match.REVISION}
    assert kinds(folder.scan(a=one)) == {"a": Match.REVISION}
    (record,) = folder.records.values()
    assert record.hashes == (record.hashes[0], record.hashes[1], record.hashes[0])


def test_text_that_returns_needs_no_likeness(folder: Folder) -> None:
    """An issue's own old text at its own path is that issue, though it now states another date."""
    one = issue("x", on="2026-04-24")
    folder.scan(a=one)
    folder.keep(as_issue(candidate("a.md", issue("q", on="2026-05-01")), folder.records["2026-04-24"], newsletter=AI, now=START))  # fmt: skip
    assert kinds(folder.scan(a=one)) == {"a": Match.REVISION}


def test_withdrawn_issue_stays_withdrawn(folder: Folder) -> None:
    """Editing a withdrawn issue's digest does not publish it again."""
    folder.scan(a=issue("x", number=1))
    folder.records["1"] = replace(folder.records["1"], withdrawn=START)
    decision = folder.scan(a=issue("x", number=1, words="edited"))["a"]
    assert decision.kind is Match.REVISION
    assert folder.records["1"].withdrawn == START


def test_deleted_digest_changes_nothing(folder: Folder) -> None:
    """A digest that vanished decides nothing about others."""
    folder.scan(a=issue("x", number=1), b=issue("y", number=2))
    assert kinds(folder.scan(a=None)) == {"b": Match.UNCHANGED}


def test_other_newsletters_are_not_looked_at(folder: Folder) -> None:
    """Records of another newsletter match nothing here."""
    folder.scan(a=issue("x", number=1))
    folder.records = {key: replace(each, newsletter="zh") for key, each in folder.records.items()}
    assert kinds(folder.scan()) == {"a": Match.NEW}


# --- `id:` --------------------------------------------------------------------


@pytest.mark.parametrize("name", ["1", "tag:example.org,2026-04-24:1"])
def test_id_names_the_issue(folder: Folder, name: str) -> None:
    """`id:` in the front matter names an issue by slug or entry id, wherever the digest lies."""
    folder.scan(a=issue("x", number=1))
    decision = folder.scan(a=None, b=issue("q", number=7, id=name))["b"]
    assert (decision.kind, slug(decision)) == (Match.REVISION, "1")


def test_id_goes_before_the_path(folder: Folder) -> None:
    """At an issue's own path `id:` overrules what the digest states otherwise."""
    folder.scan(a=issue("x", number=1))
    assert kinds(folder.scan(a=issue("q", number=7, id="1"))) == {"a": Match.REVISION}


def test_id_of_an_issue_whose_digest_is_there_is_held(folder: Folder) -> None:
    """Two digests cannot be one issue: the newcomer is held, the old one goes on."""
    folder.scan(a=issue("x", number=1))
    found = folder.scan(b=issue("q", number=7, id="1"))
    assert "read from a.md" in held(found["b"], "unclear")
    found = folder.scan(a=issue("x", "y", number=1, id="1"))
    assert found["a"].kind is Match.REVISION
    held(found["b"], "unclear")


def test_copy_with_an_id_is_a_copy(folder: Folder) -> None:
    """A copied digest copies its `id:` too, and is still only a copy."""
    same = issue("x", number=1, id="1")
    folder.scan(a=same)
    assert kinds(folder.scan(b=same)) == {"a": Match.UNCHANGED, "b": Match.COPY}


def test_two_claims_to_one_vanished_issue_are_held(folder: Folder) -> None:
    """Two different digests that name the same issue are both held."""
    folder.scan(a=issue("x", number=1))
    found = folder.scan(a=None, b=issue("x", id="1"), c=issue("y", id="1"))
    for name in ("b", "c"):
        assert "so does another digest" in held(found[name], "unclear")


def test_ids_may_be_swapped(folder: Folder) -> None:
    """Two digests that name each other's issue are taken at their word."""
    folder.scan(a=issue("x", number=1), b=issue("y", number=2))
    found = folder.scan(a=issue("y", number=2, id="2"), b=issue("x", number=1, id="1"))
    assert {name: slug(decision) for name, decision in found.items()} == {"a": "2", "b": "1"}
    assert kinds(found) == {"a": Match.REVISION, "b": Match.REVISION}


def test_id_that_names_nothing_warns(folder: Folder) -> None:
    """An `id:` that names no issue publishes and warns, unless it is the slug anyway."""
    found = folder.scan(a=issue("x", number=1, id="first"), b=issue("y", number=2, id="2"))
    assert kinds(found) == {"a": Match.NEW, "b": Match.NEW}
    assert [each.code for each in found["a"].findings] == ["identity/unknown-id"]
    assert found["b"].findings == ()


# --- the same path ------------------------------------------------------------


def test_other_number_at_the_same_path_is_held(folder: Folder) -> None:
    """Another stated number is another issue, however alike the rest is."""
    folder.scan(a=issue("x", number=1))
    decision = folder.scan(a=issue("x", number=2))["a"]
    assert "number 2" in held(decision, "other-issue")
    assert slug(decision) == "1"
    assert decision.findings[0].hint == (
        "publisher publish --as 1 digests/a.md, or: publisher publish --new digests/a.md"
    )


def test_other_date_at_the_same_path_is_held(folder: Folder) -> None:
    """Another stated date is another issue."""
    folder.scan(a=issue("x", on="2026-04-24"))
    assert "2026-05-01" in held(folder.scan(a=issue("x", on="2026-05-01"))["a"], "other-issue")


def test_fact_that_is_not_stated_is_not_another(folder: Folder) -> None:
    """A number or date that comes or goes leaves the issue itself."""
    folder.scan(a=issue("x"), b=issue("y", number=2, on="2026-04-24"))
    found = folder.scan(a=issue("x", number=1, on="2026-04-24"), b=issue("y"))
    assert kinds(found) == {"a": Match.REVISION, "b": Match.REVISION}


@pytest.mark.parametrize(("kept", "kind"), [("p", Match.REVISION), ("", Match.HELD)])
def test_a_quarter_of_the_addresses_is_enough(folder: Folder, kept: str, kind: Match) -> None:
    """A quarter shared is a revision, less is another issue."""
    folder.scan(a=issue("p", "q", "r", "s"))
    decision = folder.scan(a=issue(*kept, "1", "2", "3", *("4" * (1 - len(kept)))))["a"]
    assert decision.kind is kind


def test_link_that_stands_in_every_issue_does_not_join_them(folder: Folder) -> None:
    """One link of five shared is under a quarter, also when one side is much shorter."""
    folder.scan(latest=issue("sponsor", "q"))
    decision = folder.scan(latest=issue("sponsor", "1", "2", "3", "4"))["latest"]
    assert "shares 1 of 5 addresses" in held(decision, "other-issue")


def test_issue_that_only_grew_is_itself(folder: Folder) -> None:
    """An issue that keeps all its items may get many more."""
    folder.scan(a=issue("p"))
    assert kinds(folder.scan(a=issue("p", *"12345678"))) == {"a": Match.REVISION}


def test_without_addresses_the_path_decides(folder: Folder) -> None:
    """Where a side has no address, only number and date can speak against the path."""
    folder.scan(a=issue(words="prose"), b=issue("x"))
    found = folder.scan(a=issue(words="all new"), b=issue(words="prose now"))
    assert kinds(found) == {"a": Match.REVISION, "b": Match.REVISION}


def test_latest_md_overwritten_is_held(folder: Folder) -> None:
    """Next week's digest under the name of this week's is neither published nor mailed."""
    folder.scan(latest=issue("x", "y", "z", on="2026-04-24"))
    before = dict(folder.records)
    held(folder.scan(latest=issue("u", "v", "w", on="2026-05-01"))["latest"], "other-issue")
    assert folder.records == before


@pytest.mark.parametrize("words", ["", "and edited"])
def test_latest_md_overwritten_with_the_old_one_kept_is_new(folder: Folder, words: str) -> None:
    """If the old text lies beside under another name, the old issue moved and the new is new."""
    folder.scan(latest=issue("x", "y", on="2026-04-24"))
    found = folder.scan(
        latest=issue("u", "v", on="2026-05-01"), old=issue("x", "y", on="2026-04-24", words=words)
    )
    assert kinds(found) == {"latest": Match.NEW, "old": Match.REVISION}
    assert {each.slug: each.path for each in folder.records.values()} == {
        "2026-04-24": "old.md",
        "2026-05-01": "latest.md",
    }
    assert kinds(folder.scan()) == {"latest": Match.UNCHANGED, "old": Match.UNCHANGED}


def test_latest_md_that_copies_the_new_digest_is_a_copy(folder: Folder) -> None:
    """Next week's digest under its own name is new, and `latest.md` with the same bytes a copy."""
    folder.scan(latest=issue("x", "y", on="2026-04-24"))
    new = issue("u", "v", on="2026-05-01")
    assert kinds(folder.scan(latest=new, may=new)) == {"latest": Match.COPY, "may": Match.NEW}


# --- the same content ---------------------------------------------------------


def test_renamed_digest_is_its_issue(folder: Folder) -> None:
    """A digest that was moved as it is keeps its issue, and `updated` stays."""
    same = issue("x")
    folder.scan(a=same)
    (before,) = folder.records.values()
    assert kinds(folder.scan(a=None, sub__b=same)) == {"sub/b": Match.REVISION}
    (after,) = folder.records.values()
    assert after == replace(before, path="sub/b.md")


def test_copy_publishes_nothing_and_warns(folder: Folder) -> None:
    """A copy of a digest still there warns, names it, and is no issue."""
    same = issue("x")
    folder.scan(a=same)
    decision = folder.scan(b=same)["b"]
    assert decision.kind is Match.COPY
    (finding,) = decision.findings
    assert (finding.level, finding.code) == (Level.WARN, "identity/copy")
    assert "a.md" in finding.message
    assert len(folder.records) == 1


def test_copy_of_an_older_text_is_a_copy(folder: Folder) -> None:
    """A copy taken before the original was edited is still a copy of it."""
    same = issue("x")
    folder.scan(a=same)
    found = folder.scan(a=issue("x", "y"), b=same)
    assert kinds(found) == {"a": Match.REVISION, "b": Match.COPY}


def test_copy_becomes_the_issue_when_the_original_goes(folder: Folder) -> None:
    """Copy, then remove the original: that is a slow rename."""
    same = issue("x")
    folder.scan(a=same)
    folder.scan(b=same)
    decision = folder.scan(a=None)["b"]
    assert decision.kind is Match.REVISION
    assert len(folder.records) == 1


def test_of_two_copies_one_is_the_issue(folder: Folder) -> None:
    """When the original went and two copies are there the first is the issue, the other a copy."""
    same = issue("x")
    folder.scan(a=same)
    assert kinds(folder.scan(a=None, c=same, b=same)) == {"b": Match.REVISION, "c": Match.COPY}


def test_twins_in_a_first_scan_are_one_issue(folder: Folder) -> None:
    """Two digests with the same bytes make one issue and a copy of it."""
    same = issue("x", number=1)
    found = folder.scan(b=same, a=same)
    assert kinds(found) == {"a": Match.NEW, "b": Match.COPY}
    assert slug(found["b"]) == "1"
    assert kinds(folder.scan()) == {"a": Match.UNCHANGED, "b": Match.COPY}


def test_text_that_two_vanished_issues_had_is_held(folder: Folder) -> None:
    """Hashes are unique to nothing: two issues that could be meant ask a person."""
    same = issue("x")
    folder.scan(a=same)
    folder.keep(
        as_new(candidate("b.md", same), [*folder.records.values()], newsletter=AI, now=START)
    )
    found = folder.scan(a=None, c=same)
    assert "several issues had this text" in held(found["c"], "unclear")


def test_swapped_names_are_seen_through(folder: Folder) -> None:
    """Two digests that changed names keep their issues."""
    one, two = issue("x", number=1), issue("y", number=2)
    folder.scan(a=one, b=two)
    found = folder.scan(a=two, b=one)
    assert {name: slug(decision) for name, decision in found.items()} == {"a": "2", "b": "1"}
    assert kinds(found) == {"a": Match.REVISION, "b": Match.REVISION}


# --- renamed and edited -------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (issue("x", number=1), issue("x", "y", number=1, words="edited")),
        (issue(words="prose", number=1), issue(words="other prose", number=1)),
        (issue(words="prose", on="2026-04-24"), issue("x", on="2026-04-24")),
        (issue("p", "q", "r", "s"), issue("p", "q", "1", "2")),
    ],
)
def test_renamed_and_edited_at_once_is_a_revision(folder: Folder, old: Issue, new: Issue) -> None:
    """A vanished path and the same number, or date, or half the addresses, is the same issue."""
    folder.scan(a=old)
    (before,) = folder.records.values()
    assert kinds(folder.scan(a=None, b=new)) == {"b": Match.REVISION}
    (after,) = folder.records.values()
    assert (after.id, after.slug, after.path) == (before.id, before.slug, "b.md")


def test_renamed_with_a_corrected_fact_is_a_revision(folder: Folder) -> None:
    """A corrected date does not matter where number and half the addresses agree."""
    folder.scan(a=issue("p", "q", number=1, on="2026-04-24"))
    found = folder.scan(a=None, b=issue("p", "r", number=1, on="2026-04-25"))
    assert kinds(found) == {"b": Match.REVISION}


def test_under_half_the_addresses_alone_is_new(folder: Folder) -> None:
    """Without number and date under half the addresses joins nothing."""
    folder.scan(a=issue("p", "q", "r", "s", "t"))
    assert kinds(folder.scan(a=None, b=issue("p", "q", "1", "2", "3"))) == {"b": Match.NEW}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (issue("p", number=1, on="2025-01-01"), issue("q", number=1, on="2026-01-01")),
        (issue("p", number=1, on="2026-01-01"), issue("q", number=2, on="2026-01-01")),
        (issue("p", number=1), issue("p", number=2)),
        (issue(*"pqrst", on="2026-01-01"), issue(*"12345", on="2026-01-01")),
    ],
)
def test_facts_against_each_other_are_held(folder: Folder, old: Issue, new: Issue) -> None:
    """When one fact speaks for a vanished issue and another against it a person decides."""
    folder.scan(a=old)
    decision = folder.scan(a=None, b=new)["b"]
    assert "looks like issue" in held(decision, "unclear")
    assert len(folder.records) == 1


def test_two_issues_that_could_be_meant_are_held(folder: Folder) -> None:
    """A digest that resembles two vanished issues is held and names both."""
    folder.scan(a=issue("p", number=1), b=issue("q", on="2026-04-24"))
    decision = folder.scan(a=None, b=None, c=issue("p", "q", number=1, on="2026-04-24"))["c"]
    assert "2026-04-24, 1" in held(decision, "unclear")
    assert "--as ISSUE" in decision.findings[0].hint


def test_two_digests_for_one_issue_are_held(folder: Folder) -> None:
    """Two digests that resemble one vanished issue are both held."""
    folder.scan(a=issue("p", number=1))
    found = folder.scan(a=None, b=issue("p", "q", number=1), c=issue("p", "r", number=1))
    for name in ("b", "c"):
        assert "several digests could be issue 1" in held(found[name], "unclear")


def test_unreadable_digest_has_not_vanished(folder: Folder) -> None:
    """An issue whose digest is there but set aside is not given to another."""
    folder.scan(a=issue(words="prose", number=1))
    folder.unreadable = {"a.md"}
    assert kinds(folder.scan(a=None, b=issue(words="other", number=1))) == {"b": Match.NEW}
    assert set(folder.records) == {"1", "1-2"}


def test_edited_copy_is_held(folder: Folder) -> None:
    """A copy that was edited would be mailed as a second issue: a person is asked."""
    folder.scan(a=issue("p", "q", number=1))
    decision = folder.scan(b=issue("p", "q", number=1, words="edited"))["b"]
    assert "edited copy of a.md" in held(decision, "unclear")


def test_number_alone_does_not_hold(folder: Folder) -> None:
    """A second issue of the same number with news of its own is new, beside the first."""
    folder.scan(a=issue("p", "q", number=1))
    assert kinds(folder.scan(b=issue("r", "s", number=1)))["b"] is Match.NEW
    assert set(folder.records) == {"1", "1-2"}


def test_next_issue_is_new_though_old_digests_were_cleared_away(folder: Folder) -> None:
    """Deleting old digests does not make the next one look like any of them."""
    folder.scan(a=issue("p", "q", number=1), b=issue("r", "s", number=2))
    assert kinds(folder.scan(a=None, b=None, c=issue("t", "u", number=3))) == {"c": Match.NEW}


# --- many issues in one digest ------------------------------------------------

WEEK_1 = issue("p", "q", on="2026-04-17", part="2026-04-17")
WEEK_2 = issue("r", "s", on="2026-04-24", part="2026-04-24")


def test_parts_are_known_by_name_not_by_position(folder: Folder) -> None:
    """A part put in front of others moves none of them."""
    folder.scan(all=(WEEK_1,))
    found = folder.scan(all=(WEEK_2, WEEK_1))
    assert kinds(found) == {"all#2026-04-24": Match.NEW, "all#2026-04-17": Match.REVISION}
    assert folder.records["2026-04-17"].updated == folder.records["2026-04-17"].published
    assert set(kinds(folder.scan()).values()) == {Match.UNCHANGED}


def test_digest_of_many_may_be_moved_and_edited(folder: Folder) -> None:
    """All parts of a moved digest keep their issues, edited or not."""
    folder.scan(all=(WEEK_1, WEEK_2))
    assert set(kinds(folder.scan(all=None, moved=(WEEK_1, WEEK_2))).values()) == {Match.REVISION}
    edited = (replace(WEEK_1, text="edited"), WEEK_2)
    assert set(kinds(folder.scan(moved=None, again=edited)).values()) == {Match.REVISION}
    assert set(folder.records) == {"2026-04-17", "2026-04-24"}


def test_renamed_part_is_known_by_its_date(folder: Folder) -> None:
    """A heading that was corrected keeps its issue."""
    folder.scan(all=(WEEK_1, WEEK_2))
    found = folder.scan(all=(replace(WEEK_1, part="17 April"), WEEK_2))
    assert slug(found["all#17 April"]) == "2026-04-17"


def test_single_issue_may_become_the_first_of_many(folder: Folder) -> None:
    """A digest that begins to hold several issues keeps the one it had."""
    folder.scan(all=replace(WEEK_1, part=None))
    found = folder.scan(all=(WEEK_1, WEEK_2))
    assert kinds(found) == {"all#2026-04-17": Match.REVISION, "all#2026-04-24": Match.NEW}


def test_what_the_one_issue_of_a_file_said_is_not_mailed_again(folder: Folder) -> None:
    """A part that held its later news is held, scan after scan, until a person says it is new."""
    folder.scan(all=issue("r", "s", "t", "p", "q", on="2026-04-24"))
    whole = (replace(WEEK_2, sections=issue("r", "s", "t").sections), WEEK_1)
    found = folder.scan(all=whole)
    assert kinds(found)["all#2026-04-24"] is Match.REVISION
    assert "stood in issue 2026-04-24" in held(found["all#2026-04-17"], "unclear")
    assert "stood in issue" in held(folder.scan()["all#2026-04-17"], "unclear")
    newer = issue("p", "v", on="2026-05-01", part="2026-05-01")
    assert kinds(folder.scan(all=(newer, *whole)))["all#2026-05-01"] is Match.NEW


def test_a_digest_that_becomes_many_without_its_issue_is_held(folder: Folder) -> None:
    """Where no part can be told to be the issue the file was, a person says which."""
    folder.scan(all=issue(words="a letter", number=7))
    found = folder.scan(all=(WEEK_1, WEEK_2))
    assert {decision.kind for decision in found.values()} == {Match.HELD}
    assert "issue 7" in held(found["all#2026-04-17"], "unclear")


def test_many_that_become_one_are_held(folder: Folder) -> None:
    """The same the other way round; the hint names digest and part where there is one."""
    folder.scan(all=(WEEK_1, WEEK_2))
    found = folder.scan(all=issue("t", "u", number=7))
    assert "2026-04-17, 2026-04-24" in held(found["all"], "unclear")
    assert set(folder.records) == {"2026-04-17", "2026-04-24"}


def test_a_part_taken_out_is_free(folder: Folder) -> None:
    """It is known again in another digest, though its own is there and unchanged."""
    folder.scan(all=(WEEK_1, WEEK_2))
    folder.scan(all=(replace(WEEK_2, part="2026-04-24"), issue("v", on="2026-05-01", part="2026-05-01")))  # fmt: skip
    old = candidate("old.md", replace(WEEK_1, part=None))
    unchanged = {each.source: each.digest_hash for each in folder.candidates()}
    (decision,) = decide(
        [old],
        list(folder.records.values()),
        newsletter=AI,
        now=folder.now,
        present=frozenset({"all.md", "old.md"}),
        back_catalogue=False,
        hashes=unchanged,
    )
    assert (decision.kind, slug(decision)) == (Match.REVISION, "2026-04-17")


def test_two_parts_of_one_name_are_held(folder: Folder) -> None:
    """Parts that cannot be told apart publish the first and hold the second."""
    twin = issue("z", part="2026-04-17")
    decisions = decide(
        [candidate("all.md", WEEK_1), candidate("all.md", twin)],
        [],
        newsletter=AI,
        now=START,
        present=frozenset({"all.md"}),
        back_catalogue=False,
    )
    assert [decision.kind for decision in decisions] == [Match.NEW, Match.HELD]
    assert "called 2026-04-17" in held(decisions[1], "unclear")


# --- the remedies -------------------------------------------------------------


def test_as_issue_makes_it_a_revision(folder: Folder) -> None:
    """`--as` takes what was held for the issue named, and it stays so."""
    folder.scan(latest=issue("x", on="2026-04-24"))
    other = issue("y", on="2026-05-01")
    folder.scan(latest=other)
    decision = as_issue(
        candidate("latest.md", other), folder.records["2026-04-24"], newsletter=AI, now=folder.now
    )
    folder.keep(decision)
    assert decision.kind is Match.REVISION
    assert kinds(folder.scan()) == {"latest": Match.UNCHANGED}
    assert set(folder.records) == {"2026-04-24"}


def test_as_new_makes_it_an_issue_of_its_own(folder: Folder) -> None:
    """`--new` mints a new issue at the old path, which is that issue's from then on."""
    folder.scan(latest=issue("x", "y", on="2026-04-24"))
    other = issue("u", "v", on="2026-05-01")
    folder.scan(latest=other)
    decision = as_new(
        candidate("latest.md", other), [*folder.records.values()], newsletter=AI, now=folder.now
    )
    assert decision.kind is Match.NEW
    folder.keep(decision)
    assert kinds(folder.scan()) == {"latest": Match.UNCHANGED}
    found = folder.scan(latest=replace(other, text="edited"))
    assert (found["latest"].kind, slug(found["latest"])) == (Match.REVISION, "2026-05-01")
    found = folder.scan(old=issue("x", "y", on="2026-04-24", words="back again"))
    assert (found["old"].kind, slug(found["old"])) == (Match.REVISION, "2026-04-24")


def test_as_issue_of_another_newsletter_is_refused(folder: Folder) -> None:
    """An issue cannot be revised by another newsletter's digest."""
    folder.scan(a=issue("x", number=1))
    with pytest.raises(RefusedError, match="newsletter zh"):
        as_issue(
            candidate("b.md", issue("x")),
            replace(folder.records["1"], newsletter="zh"),
            newsletter=AI,
            now=START,
        )


# --- the whole ----------------------------------------------------------------


@settings(deadline=None)  # not a timed test
@given(st.permutations(range(6)))
def test_slugs_do_not_depend_on_the_listing(order: list[int]) -> None:
    """Whatever order a folder is listed in, every digest gets the same slug."""
    contents = [
        issue("a", on="2026-04-24"),
        issue("b", on="2026-04-24"),
        issue("c", number=3, on="2026-04-24"),
        issue("d", number=3),
        issue("e"),
        issue("f"),
    ]
    folder = Folder()
    folder.files = {f"{place}.md": (contents[place],) for place in order}
    folder.scan()
    assert {each.path[0]: each.slug for each in folder.records.values()} == {
        "0": "2026-04-24",
        "1": "2026-04-24-2",
        "2": "3",
        "3": "3-2",
        "4": "2026-04-24-3",
        "5": "2026-04-24-4",
    }


CONTENTS = st.builds(
    issue,
    *[st.sampled_from(["x", "y", "z", "q"])] * 2,
    number=st.none() | st.integers(1, 3),
    on=st.none() | st.sampled_from(["2026-04-24", "2026-05-01"]),
    words=st.sampled_from(["", "edited"]),
    id=st.none() | st.sampled_from(["1", "2", "2026-04-24"]),
)
PUBLISHED = {Match.NEW, Match.REVISION, Match.UNCHANGED}
STEPS = st.lists(
    st.dictionaries(st.sampled_from(["a", "b", "c", "d"]), st.none() | CONTENTS, max_size=3),
    min_size=1,
    max_size=6,
)


@settings(deadline=None, max_examples=200)  # not a timed test
@given(STEPS)
def test_whatever_happens_to_a_folder_the_promises_hold(
    steps: list[dict[str, Issue | None]],
) -> None:
    """Names are unique and for ever, no issue is two digests, and looking again changes no issue.

    Only what was held may resolve itself by looking again, when the scan before moved what it was
    held against; after that all is still.
    """
    folder = Folder()
    names: dict[str, tuple[str, datetime]] = {}
    for step in steps:
        found = folder.scan(**step)
        assert len(found) == len(folder.files)
        taken = [slug(decision) for decision in found.values() if decision.kind in PUBLISHED]
        assert len(taken) == len(set(taken))
        for decision in found.values():
            assert bool(decision.findings) or decision.kind not in {Match.HELD, Match.COPY}
        for name, (minted, published) in names.items():
            assert (folder.records[name].id, folder.records[name].published) == (minted, published)
        names = {name: (each.id, each.published) for name, each in folder.records.items()}
        assert len({each.id for each in folder.records.values()}) == len(names)
        published = {name for name, each in found.items() if each.kind in PUBLISHED}
        for _ in range(3):
            again = kinds(folder.scan())
            assert {again[name] for name in published} <= {Match.UNCHANGED}
        assert not set(again.values()) & {Match.NEW, Match.REVISION}
