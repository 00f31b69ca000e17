"""What is kept of an issue: cards, entries and topics, made once."""

import json
from dataclasses import replace
from datetime import UTC, datetime

from publisher.model import Issue, Item, ItemRecord, Newsletter, Published, Record, Section
from publisher.render.shelf import Shelved, Topic, shelve
from publisher.render.view import view
from publisher.render.words import Words


def shelved(published: Published, newsletter: Newsletter, ours: Words) -> Shelved:
    """Shelve an issue as publishing does."""
    return shelve(published, view(published, newsletter, ours), newsletter)


def test_an_issue_leaves_its_card(
    published: Published, newsletter: Newsletter, ours: Words
) -> None:
    """The card has what lists show, moments and count among it."""
    card = shelved(published, newsletter, ours).card
    assert (card.slug, card.heading, card.title) == ("7", "风、茶与绳子", "风、茶与绳子")
    assert (card.number, card.items, card.summary) == (7, 3, "春天到了，风也到了。")
    assert (card.published, card.updated) == (published.record.published, published.record.updated)


def test_an_untitled_issue_leads_by_its_first_item(
    published: Published, newsletter: Newsletter, ours: Words
) -> None:
    """Its date heads it, its first item names it, the others follow."""
    untitled = Published(replace(published.issue, title=None, text=""), published.record)
    card = shelved(untitled, newsletter, ours).card
    assert card.heading == "2024年3月1日"
    assert card.title == "风筝为什么掉不下来：一份给孩子的说明"
    assert card.summary == "茶凉得比咖啡快 · Ropes Remember"


def test_every_item_has_a_card_and_an_entry(
    published: Published, newsletter: Newsletter, ours: Words
) -> None:
    """They go pairwise, in reading order."""
    kept = shelved(published, newsletter, ours)
    assert [item.anchor for item in kept.items] == ["i-kites", "i-tea", "i-ropes"]
    assert [entry.id for entry in kept.item_entries] == [
        f"tag:news.example.org,2024-03-01:7/k{n}" for n in (1, 2, 3)
    ]
    kites, tea, ropes = kept.items
    assert (kites.issue, kites.host, kites.second) == (
        "7",
        "papers.example.net",
        "Why Kites Stay Up",
    )
    assert (kites.language, kites.second_language, ropes.language) == ("zh-CN", "en", "en")
    assert (tea.url, tea.summary) == (None, "杯 分钟 瓷 9")


def test_items_are_found_under_their_own_topics_and_those_of_all(
    published: Published, newsletter: Newsletter, ours: Words
) -> None:
    """The topics of a whole issue are those of each of its items, behind their own."""
    kept = shelved(published, newsletter, ours)
    assert [[topic.slug for topic in item.topics] for item in kept.items] == [
        ["飞行", "杂谈"],
        ["飞行", "厨房-茶", "杂谈"],
        ["杂谈"],
    ]
    assert kept.topics == (
        Topic("杂谈", "杂谈"),
        Topic("飞行", "飞行"),
        Topic("厨房-茶", "厨房 & 茶"),
    )
    for item, entry in zip(kept.items, kept.item_entries, strict=True):
        assert json.loads(entry.json)["tags"] == [topic.name for topic in item.topics]


def test_two_names_of_one_slug_are_one_topic(newsletter: Newsletter, ours: Words) -> None:
    """A topic is called as it was written first; one that no address can name is none."""
    item = Item("A", topics=("LLM", "ＬＬＭ", "🎉"))
    kept = shelved(issue_of(Section((item,)), topics=("llm", "🎉")), newsletter, ours)
    assert kept.items[0].topics == (Topic("llm", "LLM"),)
    assert kept.topics == (Topic("llm", "llm"),)


def test_adverts_are_no_items(newsletter: Newsletter, ours: Words) -> None:
    """What a sponsor pays for has neither card nor entry of its own; it stands in the issue's."""
    paid = Section(
        (Item("Buy a kite", "https://shop.example.net/", topics=("sale",)),), sponsor=True
    )
    kept = shelved(issue_of(paid, Section((Item("A"),))), newsletter, ours)
    assert [item.title for item in kept.items] == ["A"]
    assert [entry.id for entry in kept.item_entries] == ["tag:a.example,2024:1/k1"]
    assert kept.topics == ()
    assert "Buy a kite" in kept.entry.json
    assert "Buy a kite" not in kept.item_entries[0].json


def issue_of(*sections: Section, topics: tuple[str, ...] = ()) -> Published:
    """Make an issue whose items are keyed k0, k1, ..."""
    moment = datetime(2024, 3, 1, 4, tzinfo=UTC)
    issue = Issue(sections, title="T", topics=topics)
    records = tuple(ItemRecord(f"k{n}", f"i-k{n}") for n in range(len(issue.items)))
    return Published(
        issue, Record("w", "tag:a.example,2024:1", "1", "1.md", moment, moment, items=records)
    )
