"""The shelf on both databases: what is put there is listed, counted and known again."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from publisher.model import ItemRecord, Record
from publisher.render.shelf import Card, Entry, ItemCard, Shelved, Topic
from publisher.store import Store, listing, shelf
from publisher.store.shelf import Kept, State

NOON = datetime(2025, 12, 30, 12, tzinfo=UTC)


def record(number: int, **facts: object) -> Record:
    """Make the record of an issue, a day after the one before."""
    moment = NOON + timedelta(days=number)
    made = Record(
        "weekly",
        f"tag:news.test,2026:{number}",
        str(number),
        f"{number}.md",
        moment,
        moment,
        hashes=(f"first-{number}", f"hash-{number}"),
        items=(ItemRecord("a", "i-a", f"https://river.test/{number}", "A"),),
    )
    return replace(made, **facts)  # type: ignore[arg-type] # a test's shorthand


def shelved(of: Record, *topics: str, items: int = 2) -> Shelved:
    """Shelve an issue of some items, all of them under some topics."""
    day = of.published.date()
    named = tuple(Topic(topic, topic.title()) for topic in topics)
    card = Card(of.slug, "H", "T", "en", day, None, "", of.published, of.updated, items)
    cards = tuple(
        ItemCard(of.slug, f"i-{n}", f"Item {n}", None, "en", None, None, "", "", (), named)
        for n in range(items)
    )
    entries = tuple(Entry(f"{of.id}/{n}", "<item/>", "<entry/>", "{}") for n in range(items))
    return Shelved(card, Entry(of.id, "<item>一</item>", "<entry/>", "{}"), cards, entries, named)


@pytest.fixture
def stocked(store: Store) -> Store:
    """A shelf of four issues in two years; the third is withdrawn."""
    with store.begin() as conn:
        one, two, three, four = (record(number) for number in range(1, 5))
        shelf.put_new(
            conn,
            [
                Kept(one, shelved(one, "water")),
                Kept(two, shelved(two, "water", "c++")),
                Kept(three, None),
                Kept(four, shelved(four, "water", items=0), ["river.test/four"]),
            ],
        )
    return store


def test_lists_are_newest_first_and_leave_out_what_does_not_stand(stocked: Store) -> None:
    """Cards, years and entries tell of three of the four issues."""
    with stocked.read() as conn:
        assert [card.slug for card in listing.cards(conn, "weekly")] == ["4", "2", "1"]
        assert [card.slug for card in listing.cards(conn, "weekly", year=2025)] == ["1"]
        assert [card.slug for card in listing.cards(conn, "weekly", limit=1)] == ["4"]
        years = listing.years(conn, "weekly")
        assert {year: one.issues for year, one in years.items()} == {2026: 2, 2025: 1}
        assert years[2026].updated == record(4).updated
        assert [one.entry.id for one in listing.entries(conn, "weekly", 2)] == [
            record(4).id,
            record(2).id,
        ]
        assert listing.entries(conn, "weekly", 1)[0].entry.rss == "<item>一</item>"
        assert listing.cards(conn, "daily") == []


def test_neighbours_are_those_that_stand(stocked: Store) -> None:
    """The withdrawn issue is passed over, but keeps its place in the order."""
    with stocked.read() as conn:
        here = record(3).sort_key
        assert listing.slugs_beside(conn, "weekly", here) == ["2", "4"]
        assert listing.before(conn, "weekly", record(1).sort_key) is None
        assert listing.after(conn, "weekly", record(4).sort_key) is None
        assert listing.ordinal(conn, "weekly") == 4
        assert listing.ordinal(conn, "weekly", record(4).sort_key) == 3
        assert listing.id_before(conn, "weekly", record(4).sort_key) == record(3).id
        archived = [one.entry.id for one in listing.archived(conn, "weekly", 1, 3)]
        assert archived == [record(2).id]


def test_issues_of_one_second_stand_in_the_order_of_their_slugs(store: Store) -> None:
    """Byte by byte, whatever the database's language says."""
    with store.begin() as conn:
        for slug in ("b", "Z", "ä", "a"):
            one = replace(record(1), slug=slug, id=slug)
            shelf.put(conn, [Kept(one, shelved(one))])
        assert [card.slug for card in listing.cards(conn, "weekly")] == ["ä", "b", "a", "Z"]
        assert listing.slugs_beside(conn, "weekly", (record(1).published, "b")) == ["a", "ä"]


def test_items_come_with_their_issues(stocked: Store) -> None:
    """An issue without items is an item of itself, and stands in lists without any."""
    with stocked.read() as conn:
        groups = listing.groups(conn, "weekly")
        assert [(card.slug, [item.anchor for item in items]) for card, items in groups] == [
            ("4", []),
            ("2", ["i-0", "i-1"]),
            ("1", ["i-0", "i-1"]),
        ]
        ids = [one.entry.id for one in listing.item_entries(conn, "weekly", 4)]
        two = record(2).id
        assert ids == [record(4).id, f"{two}/0", f"{two}/1", f"{record(1).id}/0"]
        of_topic = listing.item_entries(conn, "weekly", 9, topic="c++")
        assert [one.entry.id for one in of_topic] == [f"{two}/0", f"{two}/1"]
        old = listing.groups(conn, "weekly", topic="water", year=2025)
        assert [card.slug for card, _ in old] == ["1"]


def test_topics_are_counted_by_item_and_year(stocked: Store) -> None:
    """And called as their newest item has them."""
    with stocked.begin() as conn:
        tallies = listing.topics(conn, "weekly")
        assert {topic: one.items for topic, one in tallies.items()} == {"c++": 2, "water": 5}
        assert tallies["water"].newest == record(4).published
        assert listing.topic_years(conn, "weekly", "water") == {2026: 3, 2025: 2}
        assert listing.topics_of(conn, "weekly", ["2"]) == {"water", "c++"}
        five = record(5)
        late = replace(shelved(five), items=(), item_entries=(), topics=(Topic("water", "Wasser"),))
        shelf.put(conn, [Kept(five, late)])
        assert listing.topic_names(conn, "weekly") == {"c++": "C++", "water": "Wasser"}


def test_an_issue_is_put_in_its_own_place(stocked: Store) -> None:
    """Its old self leaves nothing behind; put back, the withdrawn one stands again."""
    with stocked.begin() as conn:
        two, three = record(2), record(3)
        shelf.put(conn, [Kept(two, shelved(two, "stone", items=1)), Kept(three, shelved(three))])
        assert [card.slug for card in listing.cards(conn, "weekly")] == ["4", "3", "2", "1"]
        assert set(listing.topics(conn, "weekly")) == {"water", "stone"}
        shelf.remove(conn, "weekly", "2")
        assert listing.topics_of(conn, "weekly", ["2"]) == frozenset()
        shelf.clear(conn, "weekly")
        assert shelf.spines(conn, "weekly") == []
        assert listing.ordinal(conn, "weekly") == 0


def test_issues_are_known_by_what_they_ever_were(stocked: Store) -> None:
    """By any of their texts, by their items' addresses, by the pages these lead to."""
    with stocked.begin() as conn:
        assert shelf.marked(conn, "weekly", {"first-1", "hash-3", "nothing"}) == {"1", "3"}
        assert shelf.marked(conn, "weekly", {"https://river.test/2", "river.test/four"}) == {
            "2",
            "4",
        }
        assert shelf.marked(conn, "daily", {"hash-1"}) == frozenset()
        first, *_, last = shelf.spines(conn, "weekly")
        assert first == shelf.Spine(
            "1", record(1).id, "1.md", None, "hash-1", is_standing=True, is_mailed=False
        )
        shelf.mark_mailed(conn, "weekly", "4", NOON)
        assert shelf.spines(conn, "weekly")[-1] == last._replace(is_mailed=True)
        assert shelf.mailed(conn, "weekly", ["1", "4"]) == {"1": None, "4": NOON}
        assert record(1).id in shelf.others(conn, "daily")
        assert shelf.others(conn, "weekly") == frozenset()


def test_an_address_longer_than_an_index_takes_is_no_fault(store: Store) -> None:
    """It is known again all the same."""
    long = "https://river.test/" + "é" * 9000
    one = replace(record(1), items=(ItemRecord("a", "i-a", long, "A"),))
    with store.begin() as conn:
        shelf.put(conn, [Kept(one, shelved(one))])
        assert shelf.marked(conn, "weekly", {long}) == {"1"}


def test_a_shelf_is_believed_while_it_knows_the_register(store: Store) -> None:
    """Whoever writes the register takes those along who knew it; a shelf half full is none."""
    with store.begin() as conn:
        assert shelf.state(conn, "weekly") is None
        shelf.set_state(conn, "daily", State("drawn", "old"), "")
        shelf.set_state(conn, "late", State("drawn", "older"), "")
        shelf.set_state(conn, "weekly", State("drawn", "new"), "old")
        assert shelf.state(conn, "daily") == State("drawn", "new")
        assert shelf.state(conn, "late") == State("drawn", "older")
        shelf.clear(conn, "weekly")
        assert shelf.state(conn, "weekly") is None


def test_the_newest_issues_items_are_counted(stocked: Store) -> None:
    """Of a topic those that are under it; one without items is one."""
    with stocked.read() as conn:
        assert listing.newest_items(conn, "weekly") == 1
        assert listing.newest_items(conn, "weekly", topic="c++") == 2
        assert listing.newest_items(conn, "daily") == 0


def test_a_path_that_is_no_text_is_shelved(store: Store) -> None:
    """Registers of old hold such; they are spelt out, for no database takes them."""
    odd = record(1, path="\udcff\0.md", part="\udcff")
    with store.begin() as conn:
        shelf.put_new(conn, [Kept(odd, shelved(odd, "water"))])
        (found,) = shelf.spines(conn, "weekly")
    assert (found.path, found.part) == (r"\udcff\x00.md", r"\udcff")


def test_a_shelf_that_is_not_to_be_believed_has_no_state(stocked: Store) -> None:
    """Until it is filled anew."""
    with stocked.begin() as conn:
        shelf.set_state(conn, "weekly", State("as now", "hash"), "")
        shelf.distrust(conn, "weekly")
        assert shelf.state(conn, "weekly") is None
