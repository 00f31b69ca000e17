"""Items keep their keys and anchors through every edit, and no anchor is ever given twice."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publisher.identity.items import matched
from publisher.model import Item, ItemRecord


def item(name: str, title: str | None = None, alt: str | None = None) -> Item:
    """An item at an address of that name, or without one."""
    return Item(title or name.title(), f"https://x.example/{name}" if name else None, alt_title=alt)


def live(records: tuple[ItemRecord, ...]) -> list[str]:
    """The keys of what the issue has now."""
    return [record.key for record in records if not record.gone]


def gone(records: tuple[ItemRecord, ...]) -> list[str]:
    """The keys of what it had."""
    return [record.key for record in records if record.gone]


OLD = matched((), [item("alpha"), item("beta"), item("gamma")])


# --- keys ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("https://arxiv.org/abs/2404.12345", "2404-12345"),
        ("https://arxiv.org/pdf/2404.12345v2.pdf", "2404-12345"),
        ("http://huggingface.co/papers/2404.1234/", "2404-1234"),
        ("https://github.com/someone/some_tool", "some-tool"),
        ("https://blog.example.org/2026/04/Great-Post.html", "great-post"),
        ("https://x.example/v1.2.3/", "v1-2-3"),
    ],
)
def test_key_is_read_off_a_plain_address(url: str, key: str) -> None:
    """A paper's number or a plain last part of the address is the key."""
    (record,) = matched((), [Item("Any", url)])
    assert (record.key, record.anchor) == (key, f"i-{key}")


@pytest.mark.parametrize(
    "url",
    [
        "https://x.example/",
        "https://x.example",
        "https://x.example/watch?v=abc",
        "https://x.example/page#part",
        "https://x.example/latest",
        "https://x.example/pull/123",
        "https://x.example/文章",
        "https://x.example/" + "a" * 41,
        "https://[broken",
        "mailto:ann@example.org",
    ],
)
def test_key_of_any_other_address_is_a_hash(url: str) -> None:
    """An address that ends in nothing plain is hashed, wherever its item stands."""
    (record,) = matched((), [Item("Any", url)])
    assert re.fullmatch(r"[0-9a-f]{10}", record.key)
    assert matched((), [item("x1y"), Item("Other", url)])[1].key == record.key


def test_item_without_address_is_keyed_by_its_title() -> None:
    """Without an address the title makes the key, in any case and spacing."""
    one = matched((), [Item("Some  Title")])[0]
    assert one.key == matched((), [item("x1y"), Item("some title")])[1].key


def test_same_address_twice_has_two_keys() -> None:
    """Two items with one address in one issue are told apart, and stay so."""
    items = [item("alpha", "One"), item("alpha", "Two")]
    records = matched((), items)
    assert live(records) == ["alpha", "alpha-2"]
    assert live(matched(records, items[::-1])) == ["alpha-2", "alpha"]


# --- matching -----------------------------------------------------------------


def test_address_goes_first() -> None:
    """An item keeps its key through a new title and a new place."""
    records = matched(OLD, [item("gamma"), item("alpha", "Renamed"), item("beta")])
    assert live(records) == ["gamma", "alpha", "beta"]
    assert records[1].title == "Renamed"


def test_title_goes_second() -> None:
    """An item keeps its key through a new address, by its title or that of its translation."""
    moved = Item("alpha", "https://y.example/elsewhere")
    translated = Item("贝塔", "https://y.example/beta2", alt_title="Beta")
    records = matched(OLD, [moved, translated, item("gamma")])
    assert live(records) == ["alpha", "beta", "gamma"]
    assert records[0].url == "https://y.example/elsewhere"


def test_only_one_left_between_matched_neighbours() -> None:
    """With new title and address an item is known by standing alone where it stood."""
    records = matched(OLD, [item("alpha"), item("other"), item("gamma")])
    assert live(records) == ["alpha", "beta", "gamma"]
    assert gone(records) == []


@pytest.mark.parametrize(
    "names",
    [
        ["other", "beta", "gamma"],
        ["alpha", "beta", "other"],
        ["alpha", "other", "another", "gamma"],
        ["gamma", "other", "alpha"],
        ["alpha", "other", "third"],
    ],
)
def test_without_two_neighbours_an_item_is_new(names: list[str]) -> None:
    """At the edge, beside another new one, or in another order, nothing is guessed."""
    records = matched(OLD, [item(name) for name in names])
    assert "other" in live(records)


def test_vanished_item_is_kept_as_gone_and_comes_back() -> None:
    """What vanishes keeps its key on record, and has it again when it returns."""
    records = matched(OLD, [item("alpha"), item("gamma")])
    assert (live(records), gone(records)) == (["alpha", "gamma"], ["beta"])
    records = matched(records, [item("alpha"), item("gamma"), item("beta")])
    assert (live(records), gone(records)) == (["alpha", "gamma", "beta"], [])
    by_title = matched(matched(OLD, []), [Item("Gamma")])
    assert live(by_title) == ["gamma"]


def test_anchor_of_a_gone_item_is_not_given_to_another() -> None:
    """A new item with the same plain name gets a key of its own."""
    records = matched(matched(OLD, []), [Item("New", "https://y.example/alpha")])
    assert live(records) == ["alpha-2"]


def test_live_item_is_matched_before_a_gone_one() -> None:
    """Of two records of one address the live one is the item."""
    records = matched((), [item("alpha", "One"), item("alpha", "Two")])
    records = matched(records, [item("alpha", "Two")])
    assert live(matched(records, [item("alpha", "Three")])) == ["alpha-2"]


NAMES = st.sampled_from(["", "a1", "alpha", "alpha", "beta", "2404.12345", "page?x=1"])
TITLES = st.sampled_from(["One", "one ", "Two", "", "三"])
ISSUES = st.lists(
    st.lists(st.builds(item, NAMES, TITLES, st.none() | TITLES), max_size=5), max_size=5
)


@settings(deadline=None)  # not a timed test
@given(ISSUES)
def test_keys_are_unique_and_for_ever(issues: list[list[Item]]) -> None:
    """Whatever is edited, records line up with items, none is lost, anchors are sound and unique."""
    records: tuple[ItemRecord, ...] = ()
    for items in issues:
        before = {record.key: record.anchor for record in records}
        records = matched(records, items)
        now_live = [record for record in records if not record.gone]
        assert records[: len(items)] == tuple(now_live)
        assert [(each.url, each.title) for each in now_live] == [
            (each.url, each.title) for each in items
        ]
        after = {record.key: record.anchor for record in records}
        assert len(after) == len(set(after.values())) == len(records)
        assert before.items() <= after.items()
        assert all(re.fullmatch(r"i-[a-z0-9-]+", anchor) for anchor in after.values())
        assert matched(records, items) == records
