"""Passages: what a search may find in an issue."""

from dataclasses import replace
from datetime import date

from publisher.model import Issue, Item, ItemRecord, Newsletter, Published, Section
from publisher.render.passages import passages
from publisher.render.view import view
from publisher.render.words import Words


def test_an_issue_and_its_items(published: Published, newsletter: Newsletter, ours: Words) -> None:
    """The issue stands first with what is in no item, each item follows under its anchor."""
    own, *items = passages(view(published, newsletter, ours))
    assert (own.anchor, own.title, own.language) == ("", "风、茶与绳子", "zh-CN")
    assert own.text.split("\n") == [
        "春天到了，风也到了。",
        "放完风筝，回家喝茶：",
        "长读",
        "本周只有一篇。",
        "下周见。关注我们",
    ]
    assert "第 7 期" in own.about
    assert "杂谈" in own.about
    assert [one.anchor for one in items] == ["i-kites", "i-tea", "i-ropes"]
    kites = items[0]
    assert (kites.title, kites.second) == (
        "风筝为什么掉不下来：一份给孩子的说明",
        "Why Kites Stay Up",
    )
    assert "papers.example.net" in kites.about
    assert {(one.heading, one.date) for one in (own, *items)} == {
        ("风、茶与绳子", date(2024, 3, 1))
    }
    assert [one.language for one in items][-1] == "en"
    assert items[-1].text.startswith("Short, with no translation; 1 < 2")


def test_adverts_are_not_found(published: Published, newsletter: Newsletter, ours: Words) -> None:
    """Nothing of a sponsor's section is a passage, nor in one."""
    advert = Section((Item("Buy rope", text="Cheap."),), title="Sponsor", text="Ad", sponsor=True)
    issue = replace(published.issue, sections=(advert, *published.issue.sections))
    record = replace(
        published.record,
        items=(ItemRecord("k9", "i-ad", None, "Buy rope"), *published.record.items),
    )
    plain = passages(view(published, newsletter, ours))
    assert passages(view(Published(issue, record), newsletter, ours)) == plain


def test_prose_between_items_is_the_issues(
    published: Published, newsletter: Newsletter, ours: Words
) -> None:
    """What a section says above an item is found as the issue's; an untitled issue has its name."""
    item = Item("One", text="Text.", above_html="<p>Now this.</p>", above_text="Now this.")
    record = ItemRecord("k", "i", None, "One")
    issue = Published(
        Issue(sections=(Section((item,)),), date=date(2024, 3, 1)),
        replace(published.record, items=(record,)),
    )
    own, one = passages(view(issue, replace(newsletter, language="en"), ours))
    assert own.text == "Now this."
    assert own.title == "杂货周刊 · 1 March 2024"
    assert own.heading == "1 March 2024"
    assert one.text == "Text."
