"""preflight.items: twice in one issue, in an earlier one, or without a translation."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from publisher.model import Finding, Issue, Item, ItemRecord, Level, Published, Record, Section
from publisher.preflight.items import judge, shelved

NOW = datetime(2024, 4, 12, 8, tzinfo=UTC)
Checked = Callable[..., list[Finding]]
ITEM = Item("Title", "https://a.test/1", line=3)
OWN = Record("weekly", "tag:a,2024:9", "9", "9.md", NOW, NOW)


def issue_of(*items: Item) -> Issue:
    """Make an issue of one section."""
    return Issue((Section(items),))


def found_in(issue: Issue, *earlier: Record, own: Record = OWN) -> list[Finding]:
    """Judge the items of an issue."""
    return judge(Published(issue, own), shelved(earlier))


def past(number: int, *items: tuple[str, str]) -> Record:
    """Make the record of an earlier issue."""
    records = tuple(
        ItemRecord(str(key), f"a{key}", url, title) for key, (title, url) in enumerate(items)
    )
    at = NOW - timedelta(days=7 * (10 - number))
    name = str(number)
    return Record(
        "weekly", f"tag:a:{name}", name, f"{name}.md", at, at, number=number, items=records
    )


def test_many_same_addresses_are_counted() -> None:
    """The first few are named, the others counted, at the line of the first of them."""
    found = found_in(
        issue_of(*(Item(f"Item {n}", "https://a.test/", line=n) for n in range(1, 21)))
    )
    assert {one.code for one in found} == {"preflight/same-address"}
    assert len(found) == 6
    assert found[-1].message.startswith("14 more items")
    assert found[-1].message.endswith("(lines 7, 8, 9, 10, 11 and 9 more).")
    assert found[-1].line == 7


def test_items_without_address_are_noted_once() -> None:
    """Items without an address give one note, with the line of the first."""
    (found,) = found_in(issue_of(ITEM, Item("A", line=7), Item("B", line=9)))
    assert (found.level, found.code) == (Level.NOTE, "preflight/no-address")
    assert (found.line, found.message[:7]) == (7, "2 items")


def test_shared_address_warns() -> None:
    """Two items with one address, in whatever form, warn at the second, and the title not again."""
    other = replace(ITEM, url="http://www.a.test/1/?utm_source=x", line=9)
    (found,) = found_in(issue_of(ITEM, other))
    assert (found.level, found.code, found.line) == (Level.WARN, "preflight/same-address", 9)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("2026-03-02 | Evening of rivers", "2026-03-09 | Evening of rivers", 0),
        ("2. 3月2日 no day in front", "3月9日 by the river", 1),
        ("3月2日 by the river", "3月9日 by the river", 0),
        ("14.3. by the river", "14.3. by the river again", 1),
        ("2026-03-02 | By the river", "By the river", 1),
    ],
)
def test_a_meeting_on_two_days_is_no_doublet(first: str, second: str, expected: int) -> None:
    """Items of one address whose titles begin with different days are dates of one event."""
    items = [replace(ITEM, title=title) for title in (first, second)]
    assert [one.code for one in found_in(issue_of(*items))] == ["preflight/same-address"] * expected


def test_parts_of_one_page_are_different_items() -> None:
    """Two items that lead to two places on one page are no doublet."""
    items = [replace(ITEM, title=name, url=f"https://a.test/log#{name}") for name in "ab"]
    assert found_in(issue_of(*items)) == []


def test_shared_title_warns() -> None:
    """One title over two addresses warns at the second and names the line of the first."""
    (found,) = found_in(issue_of(ITEM, Item("TITLE ", "https://a.test/2", line=9)))
    assert (found.level, found.code, found.line) == (Level.WARN, "preflight/same-title", 9)
    assert "line 3" in found.message


def test_hosts_for_titles_may_stand_twice() -> None:
    """Two bare addresses of one host, which is what they are called, are two items."""
    items = [Item("a.test", f"https://www.a.test/{n}", line=n) for n in (1, 2)]
    assert found_in(issue_of(*items)) == []
    (found,) = found_in(issue_of(*(replace(one, title="b.test") for one in items)))
    assert found.code == "preflight/same-title"


@pytest.mark.parametrize(
    ("told", "missing", "expected"), [(3, 2, 1), (3, 3, 0), (2, 1, 0), (3, 0, 0), (0, 5, 0)]
)
def test_missing_translations(told: int, missing: int, expected: int) -> None:
    """Where at least three, and three in five, have two titles, the others are named."""
    items = [Item(f"T{n}", f"https://a.test/t{n}", alt_title=f"译{n}") for n in range(told)]
    items += [Item(f"M{n}", f"https://a.test/m{n}", line=n + 50) for n in range(missing)]
    found = found_in(issue_of(*items))
    assert [one.code for one in found] == ["preflight/translation"] * expected
    for one in found:
        assert "“M0”, “M1” (line 51)." in one.message
        assert one.line == 50


def test_item_of_an_earlier_issue_is_told() -> None:
    """What stood in an earlier issue warns, with its number, whatever form its address has."""
    paper = Item("DNO", "https://arxiv.org/abs/2404.03715v2", line=4)
    (found,) = found_in(issue_of(paper), past(8, ("DNO", "http://arxiv.org/pdf/2404.03715")))
    assert (found.level, found.code, found.line) == (Level.WARN, "preflight/earlier", 4)
    assert "was in No. 8 already." in found.message


def test_an_earlier_issue_is_named_as_readers_know_it() -> None:
    """Without a number by its date, and with the title it had there if that was another."""
    dated = replace(past(8, ("Old title", ITEM.url or "")), number=None, date=date(2024, 3, 1))
    (found,) = found_in(issue_of(ITEM), dated)
    assert "the issue of 1 March 2024 already, as “Old title”." in found.message


def test_only_what_came_before_counts() -> None:
    """Neither the issue itself, a later one, a withdrawn one nor an item that is gone counts."""
    before = past(8, ("Title", ITEM.url or ""))
    gone = replace(before, items=tuple(replace(one, gone=True) for one in before.items))
    later = replace(before, published=NOW + timedelta(days=1))
    itself = replace(before, slug=OWN.slug)
    for record in (gone, later, itself, replace(before, withdrawn=NOW)):
        assert found_in(issue_of(ITEM), record) == []
    assert len(found_in(issue_of(ITEM), before)) == 1


def test_what_stands_in_every_issue_is_no_repetition() -> None:
    """An address of three earlier issues belongs to the newsletter, like one in an advert."""
    earlier = [past(n, ("Title", ITEM.url or "")) for n in (6, 7, 8)]
    assert found_in(issue_of(ITEM), *earlier) == []
    assert len(found_in(issue_of(ITEM), *earlier[:2])) == 1
    advert = Issue((Section((ITEM,), sponsor=True),))
    assert found_in(advert, earlier[0]) == []


def test_back_catalogue_is_not_compared() -> None:
    """Old issues taken in at once are mailed to nobody, and not compared with each other."""
    own = replace(OWN, back_catalogue=True)
    assert found_in(issue_of(ITEM), past(8, ("Title", ITEM.url or "")), own=own) == []
