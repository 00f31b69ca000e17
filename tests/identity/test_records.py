"""Slugs, entry ids and times: minted once, for ever, and the same from the same."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publisher.identity import Candidate, digest_hash, mint, provisional, revise
from publisher.model import Issue, Item, Newsletter, Record, Section

AI = Newsletter("ai", "AI weekly", timezone="Asia/Shanghai", site_url="https://example.org/")
NOW = datetime(2026, 4, 24, 17, 30, 15, 999_999, tzinfo=UTC)  # 25 April in Shanghai
DAY = date(2026, 4, 20)


def candidate(issue: Issue, data: bytes = b"digest") -> Candidate:
    """A digest read as this issue."""
    return Candidate("a.md", issue.part, digest_hash(data), issue)


def minted(issue: Issue, *known: Record, newsletter: Newsletter = AI, **facts: bool) -> Record:
    """The first record of an issue."""
    back = facts.get("back_catalogue", False)
    return mint(candidate(issue), newsletter, known=known, now=NOW, back_catalogue=back)


# --- slugs --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("issue", "slug"),
    [
        (Issue(number=12, date=DAY, title="Twelve"), "12"),
        (Issue(number=0), "0"),
        (Issue(date=DAY, title="A title"), "2026-04-20"),
        (Issue(title="A title"), "2026-04-25"),
        (Issue(number=-1, date=DAY), "2026-04-20"),
    ],
)
def test_slug_is_number_then_date_then_local_day(issue: Issue, slug: str) -> None:
    """The slug is the number, else the date, else today where the newsletter lives; no title."""
    assert minted(issue).slug == slug


def test_slug_that_is_taken_gets_a_number() -> None:
    """Collisions count on, over withdrawn issues too, but not over other newsletters."""
    first = replace(minted(Issue(number=12)), withdrawn=NOW)
    second = minted(Issue(number=12), first)
    third = minted(Issue(number=12), first, second)
    assert [first.slug, second.slug, third.slug] == ["12", "12-2", "12-3"]
    other = replace(first, newsletter="zh")
    assert minted(Issue(number=12), other).slug == "12"


def test_slug_is_never_changed() -> None:
    """A revision that states another number and date keeps slug and id."""
    record = minted(Issue(number=12))
    revised = revise(record, candidate(Issue(number=13, date=DAY, title="New"), b"2"), NOW)
    assert (revised.slug, revised.id) == (record.slug, record.id)
    assert (revised.number, revised.date, revised.title) == (13, DAY, "New")


# --- entry ids ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("site_url", "path", "entry_id"),
    [
        ("https://example.org/", "", "tag:example.org,2026-04-25:12"),
        ("https://example.org:8443/", "zh/", "tag:example.org,2026-04-25:zh/12"),
        ("https://example.org/~ann/news/", "zh/", "tag:example.org,2026-04-25:~ann/news/zh/12"),
        ("https://bücher.example/", "日报/", "tag:xn--bcher-kva.example,2026-04-25:%E6%97%A5%E6%8A%A5/12"),
    ],
)  # fmt: skip
def test_entry_id_is_a_tag(site_url: str, path: str, entry_id: str) -> None:
    """The id names host, day of minting and place; two newsletters of a host never share one."""
    newsletter = replace(AI, site_url=site_url, path=path)
    assert minted(Issue(number=12), newsletter=newsletter).id == entry_id


@pytest.mark.parametrize("site_url", [None, "https://[::1]:8000/", "https:///", "https://[broken/"])
def test_entry_id_without_a_host_is_a_uuid(site_url: str | None) -> None:
    """Without a host to name the id is a UUID, the same from the same and else another."""
    newsletter = replace(AI, site_url=site_url)
    first = minted(Issue(number=12), newsletter=newsletter)
    assert first.id.startswith("urn:uuid:")
    assert first.id == minted(Issue(number=12, title="x"), newsletter=newsletter).id
    others = [
        minted(Issue(number=13), newsletter=newsletter),
        minted(Issue(number=12), newsletter=replace(newsletter, slug="zh")),
        mint(
            candidate(Issue(number=12), b"2"), newsletter, known=(), now=NOW, back_catalogue=False
        ),
    ]
    assert len({first.id, *(other.id for other in others)}) == 4


def test_entry_id_that_is_taken_gets_a_number() -> None:
    """An id that any newsletter holds already is not given again."""
    other = replace(minted(Issue(number=12)), newsletter="zh")
    assert minted(Issue(number=12), other).id == "tag:example.org,2026-04-25:12-2"


def test_entry_id_survives_a_move_of_the_site() -> None:
    """A revision after the site moved keeps the id of the first day."""
    record = minted(Issue(number=12))
    assert revise(record, candidate(Issue(number=12, title="x"), b"2"), NOW).id == record.id


# --- times --------------------------------------------------------------------


def test_published_is_the_moment_in_whole_seconds() -> None:
    """A new issue is published now, whatever date it states."""
    record = minted(Issue(date=DAY))
    assert record.published == record.updated == NOW.replace(microsecond=0)
    assert not record.back_catalogue


def test_back_catalogue_is_published_at_noon_of_its_date() -> None:
    """Back catalogue is dated to noon in the newsletter's zone, or now without a date."""
    dated = minted(Issue(date=DAY), back_catalogue=True)
    assert dated.published == dated.updated == datetime(2026, 4, 20, 4, tzinfo=UTC)
    assert dated.back_catalogue
    assert minted(Issue(), back_catalogue=True).published == NOW.replace(microsecond=0)


def test_back_catalogue_is_not_dated_into_the_future() -> None:
    """Before noon of its own day an issue of the back catalogue is published now."""
    issue = Issue(date=date(2026, 4, 26))
    assert minted(issue, back_catalogue=True).published == NOW.replace(microsecond=0)


def test_naive_now_is_refused() -> None:
    """A moment without a zone is a defect."""
    with pytest.raises(ValueError, match="time zone"):
        mint(candidate(Issue()), AI, known=(), now=NOW.replace(tzinfo=None), back_catalogue=False)


def test_updated_moves_with_the_visible_text_only() -> None:
    """`updated` becomes now when the text changed, and stays when only the bytes did."""
    record, later = minted(Issue(text="one")), NOW + timedelta(days=1)
    same = revise(record, candidate(Issue(text="one"), b"2"), later)
    assert same.updated == record.updated
    assert same.hashes == (digest_hash(b"digest"), digest_hash(b"2"))
    changed = revise(same, candidate(Issue(text="two"), b"3"), later)
    assert changed.updated == later.replace(microsecond=0)
    assert changed.published == record.published


@settings(deadline=None)  # not a timed test
@given(st.lists(st.tuples(st.sampled_from(["a", "b"]), st.integers(-5, 5)), max_size=8))
def test_updated_only_moves_forward(edits: list[tuple[str, int]]) -> None:
    """Each change of the text is later than the one before, whatever the clock does."""
    record, now = minted(Issue(text="a")), NOW
    for words, seconds in edits:
        now += timedelta(seconds=seconds)
        revised = revise(record, candidate(Issue(text=words), words.encode()), now)
        is_changed = revised.text_hash != record.text_hash
        assert (revised.updated > record.updated) == is_changed
        assert revised.updated.microsecond == 0
        assert revised.published == record.published
        record = revised


def test_hashes_are_kept_in_order_and_not_doubled() -> None:
    """A, B, A is three hashes; the same text again adds none."""
    record = minted(Issue(text="a"))
    for data in (b"b", b"b", b"digest"):
        record = revise(record, candidate(Issue(text="a"), data), NOW)
    one, two = digest_hash(b"digest"), digest_hash(b"b")
    assert record.hashes == (one, two, one)


def test_revision_keeps_what_happened_to_the_issue() -> None:
    """Mailed, withdrawn and back catalogue stay as they were; the source follows the digest."""
    record = replace(minted(Issue(), back_catalogue=True), mailed=NOW, withdrawn=NOW)
    moved = replace(candidate(Issue(part="x")), path="b.md")
    revised = revise(record, moved, NOW)
    assert (revised.mailed, revised.withdrawn, revised.back_catalogue) == (NOW, NOW, True)
    assert (revised.path, revised.part) == ("b.md", "x")


# --- the rest -----------------------------------------------------------------


def test_items_are_recorded_in_order() -> None:
    """Every item of the issue has its record, in reading order."""
    items = (Item("One", "https://x.example/one"), Item("Two"))
    record = minted(Issue((Section(items[:1]), Section(items[1:]))))
    assert [(item.url, item.title) for item in record.items] == [
        ("https://x.example/one", "One"),
        (None, "Two"),
    ]


def test_provisional_record_is_as_if_published_now() -> None:
    """A preview shows slug, date and anchors of the only issue there is, the same each time."""
    issue = Issue((Section((Item("One"),)),), number=12)
    record = provisional(issue, AI, NOW)
    assert (record.slug, record.published) == ("12", NOW.replace(microsecond=0))
    assert len(record.live_items) == 1
    assert record == provisional(issue, AI, NOW)
