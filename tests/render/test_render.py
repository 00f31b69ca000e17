"""The room as a whole: every edition of one small issue, byte for byte."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from publisher import identity
from publisher.model import Issue, Item, Kind, Newsletter, Published, Section, Variant
from publisher.render import EDITIONS, feed, headline, mail, message, pages, text
from publisher.render.fragments import plain
from publisher.render.shelf import Topic, card_of, shelve
from publisher.render.view import view
from publisher.render.words import Words

ZH = Variant("zh-CN")


def test_every_edition_is_golden(
    published: Published,
    newsletter: Newsletter,
    templates: dict[str, str],
    ours: Words,
    matches_golden: Callable[[str, str], None],
) -> None:
    """Each edition in the table is the file we once read and liked."""
    mail_edition = mail.render(published, newsletter, ZH, templates)
    text_edition = text.render(published, newsletter, ZH, templates)
    prepared = message.prepare(
        mail_edition,
        text_edition,
        newsletter,
        kind=Kind.ISSUE,
        issue_id=published.record.id,
        slug="7",
        date=datetime(2024, 3, 1, 4, 0, tzinfo=UTC),
    )
    whole = prepared.fill(
        address="reader@example.net",
        name="李雷",
        message_id="<7.abc@news.example.org>",
        unsubscribe="https://app.example.org/unsubscribe/t",
    )
    shown = view(published, newsletter, ours)
    earlier = replace(card_of(published, shown), slug="6")
    bodies = {
        "mail": mail_edition.body,
        "text": text_edition.body,
        "message": whole.decode("ascii"),
        "page": pages.issue(shown, newsletter, templates, previous=earlier),
        "rss": feed.rss([published], newsletter, templates).body,
        "atom": feed.atom([published], newsletter, templates).body,
        "json": feed.json_feed([published], newsletter, templates).body,
    }
    assert set(bodies) == set(EDITIONS)
    for name, body in bodies.items():
        matches_golden(EDITIONS[name][0], body)


def test_the_site_is_golden(
    published: Published,
    newsletter: Newsletter,
    templates: dict[str, str],
    ours: Words,
    matches_golden: Callable[[str, str], None],
) -> None:
    """So is a page of every other kind."""
    shelved = shelve(published, view(published, newsletter, ours), newsletter)
    card, flight = shelved.card, Topic("飞行", "飞行")
    counted, groups = [(flight, 2)], [(card, shelved.items[:2])]
    for name, body in {
        "archive.html": pages.front(
            [card], newsletter, templates, years=[(2024, 3), (2023, 1)], topics=counted
        ),
        "year.html": pages.year(2024, [card], newsletter, templates, before=2023),
        "topics.html": pages.topics(counted, newsletter, templates),
        "topic.html": pages.topic(flight, groups, newsletter, templates, count=2),
        "items.html": pages.items(groups, newsletter, templates),
        "feeds.html": pages.subscribing(newsletter, templates, topic=flight),
        "tombstone.html": pages.tombstone(newsletter, templates),
        "sitemap.xml": pages.year_sitemap(2024, [card], newsletter),
    }.items():
        assert body is not None
        matches_golden(name, body)


def test_editions_have_distinct_files() -> None:
    """`preview` writes one file per edition."""
    assert [file for file, _, _ in EDITIONS.values()] == [
        "issue.html", "issue.txt", "issue.eml", "page.html", "rss.xml", "atom.xml", "feed.json",
    ]  # fmt: skip


def test_headline_is_the_title_or_made_up(published: Published, newsletter: Newsletter) -> None:
    """A missing title is the newsletter's name and the date."""
    assert headline(published, newsletter) == "风、茶与绳子"
    untitled = Published(replace(published.issue, title=None), published.record)
    assert headline(untitled, newsletter) == "杂货周刊 · 2024年3月1日"
    english = replace(newsletter, language="en", title="Sundries")
    assert headline(untitled, english) == "Sundries · 1 March 2024"


def test_a_sentence_stands_once_in_every_edition(
    newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """It is the heading, with its links; the text goes on behind it."""
    html = '<p>Ann <a href="https://ann.example/">mended</a> the <a href="https://mill.example/">mill</a>. Thanks!</p>'
    said = "Ann mended the mill."
    item = Item(said, url="https://mill.example/", html=html, text=f"{said} Thanks!")
    issue = Issue((Section((item,)),), title="Mills")
    published = Published(
        issue, identity.provisional(issue, newsletter, datetime(2024, 3, 1, tzinfo=UTC))
    )
    variant = Variant("en")
    bodies = [
        mail.render(published, newsletter, variant, templates).body.split("</h1>")[1],
        text.render(published, newsletter, variant, templates).body,
        pages.render(published, newsletter, templates).body.split("</h1>")[1],
        json.loads(feed.json_feed([published], newsletter, templates).body)["items"][0][
            "content_html"
        ],
    ]
    for body in bodies:
        assert plain(body).count(said) == 1
        assert body.count("Thanks!") == 1
        assert "https://ann.example/" in body
        assert "https://mill.example/" in body


def test_titles_are_chosen_for_every_edition(
    published: Published, newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """`titles` decides for mail, text, page and feeds alike, in a variant too."""

    def bodies(*titles: str) -> list[str]:
        chosen = replace(newsletter, titles=titles)
        return [
            mail.render(published, chosen, Variant("en"), templates).body,
            text.render(published, chosen, ZH, templates).body,
            pages.render(published, chosen, templates).body,
            feed.rss([published], chosen, templates).body,
            feed.atom([published], chosen, templates).body,
            feed.json_feed([published], chosen, templates).body,
        ]

    english, chinese = "Why Kites Stay Up", "风筝为什么掉不下来"
    # a long title is broken behind its colon, so only what stands before it is whole everywhere
    assert [(english in body, chinese in body) for body in bodies("en")] == [(True, False)] * 6
    assert [(english in body, chinese in body) for body in bodies("zh")] == [(False, True)] * 6
    for body in bodies("en", "zh"):
        assert -1 < body.rindex(english) < body.rindex(chinese)
