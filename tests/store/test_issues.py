"""Tests of issues: what is saved is what is read, and mailed is never taken back."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from publisher.model import Finding, Issue, Level, Published, Record
from publisher.store import Store, issues
from publisher.store.issues import DigestRow


def test_save_and_get(store: Store, record: Record, content: Issue) -> None:
    """A saved issue is read back equal; one never saved is None."""
    with store.begin() as conn:
        issues.save(conn, record, content)
        assert issues.get(conn, "weekly", "1") == (record, content)
        assert issues.get(conn, "weekly", "2") is None
        assert issues.get(conn, "daily", "1") is None


def test_saving_again(store: Store, record: Record, content: Issue) -> None:
    """Saving again replaces the record; without content the old content stays."""
    newer = replace(record, title="Won", updated=record.updated + timedelta(1))
    with store.begin() as conn:
        issues.save(conn, record, content)
        issues.save(conn, newer, None)
        assert issues.get(conn, "weekly", "1") == (newer, content)
        issues.save(conn, newer, replace(content, title="Won"))
        assert issues.get(conn, "weekly", "1") == (newer, replace(content, title="Won"))


def test_known_to_the_register_only(store: Store, record: Record) -> None:
    """An issue may be saved without content, and is then not among those with it."""
    with store.begin() as conn:
        issues.save(conn, record, None)
        assert issues.get(conn, "weekly", "1") == (record, None)
        assert issues.records(conn, "weekly") == [record]
        assert issues.window(conn, "weekly") == []


def test_mailed_is_never_taken_back(store: Store, record: Record, now: datetime) -> None:
    """The first mailing stands, whatever is saved or marked later."""
    with store.begin() as conn:
        issues.save(conn, record, None)
        issues.mark_mailed(conn, "weekly", "1", now)
        issues.mark_mailed(conn, "weekly", "1", now + timedelta(1))
        issues.save(conn, record, None)
        issues.save(conn, replace(record, mailed=now + timedelta(2)), None)
        assert issues.records(conn, "weekly") == [replace(record, mailed=now)]


def test_withdrawn_and_restored(store: Store, record: Record, content: Issue) -> None:
    """A withdrawn issue leaves the window and comes back unchanged."""
    gone = replace(record, withdrawn=record.published + timedelta(1))
    with store.begin() as conn:
        issues.save(conn, gone, content)
        assert issues.window(conn, "weekly") == []
        assert issues.published(conn, "weekly", ["1"]) == []
        assert issues.records(conn, "weekly") == [gone]
        issues.save(conn, record, None)
        assert issues.window(conn, "weekly") == [Published(content, record)]


def test_order(store: Store, record: Record, content: Issue) -> None:
    """Entries sort by moment, then by slug byte by byte, as Python sorts them."""
    slugs = ["10", "2", "B", "a", "á", "_", "中"]
    early = [replace(record, slug=slug) for slug in slugs]
    late = [replace(record, slug="0", published=record.published + timedelta(microseconds=1))]
    with store.begin() as conn:
        for one in early + late:
            issues.save(conn, one, content)
        expected = sorted(early + late, key=lambda one: one.sort_key)
        assert issues.records(conn, "weekly") == expected
        newest = [Published(content, one) for one in reversed(expected)]
        assert issues.window(conn, "weekly") == newest
        assert issues.window(conn, "weekly", 3) == newest[:3]
        assert issues.published(conn, "weekly", [*slugs, "0", "none"]) == newest
        assert issues.published(conn, "weekly", []) == []


def test_parts_of_a_digest(store: Store, now: datetime) -> None:
    """A digest of many has a row for itself and one for each part, forgotten one by one."""
    whole = DigestRow("weekly", "a.md", "hash", "published", (), now)
    parts = [replace(whole, part=part, state="held") for part in ("2026-04-17", "2026-04-24")]
    with store.begin() as conn:
        for row in (*parts, whole, parts[0]):
            issues.save_digest(conn, row)
        assert issues.digests(conn, "weekly") == [whole, *parts]
        issues.forget_digest(conn, "weekly", "a.md", "2026-04-17")
        assert issues.digests(conn, "weekly") == [whole, parts[1]]
    assert [row.place for row in (whole, parts[1])] == ["a.md", "a.md#2026-04-24"]


@pytest.mark.parametrize("state", ["published", "held", "aside", "draft", "waiting", "copy"])
def test_digests(store: Store, now: datetime, state: str) -> None:
    """What a scan made of a digest is remembered by path until it is forgotten."""
    finding = Finding(Level.HOLD, "half-read", "cannot: 第一", hint="mend", line=3, column=1)
    row = DigestRow("weekly", "b.md", "hash", state, (finding,), now)
    other = replace(row, path="a.md", findings=())
    with store.begin() as conn:
        issues.save_digest(conn, replace(row, digest_hash="old"))
        issues.save_digest(conn, row)
        issues.save_digest(conn, other)
        assert issues.digests(conn, "weekly") == [other, row]
        issues.forget_digest(conn, "weekly", "a.md")
        assert issues.digests(conn, "weekly") == [row]


def test_the_rule_of_the_first_time_is_kept(store: Store, record: Record) -> None:
    """An issue remembers the send rule of its first publication, whatever is saved later."""
    with store.begin() as conn:
        issues.save(conn, record, None, rule="manual")
        issues.save(conn, record, None, rule="on-publish")
        issues.save(conn, replace(record, slug="2", id=record.id + "2"), None)
        assert issues.rules(conn, "weekly") == {"1": "manual", "2": None}
        assert issues.rules(conn, "daily") == {}
