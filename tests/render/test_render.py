"""The room as a whole: every edition of one small issue, byte for byte."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from publisher.model import Kind, Newsletter, Published, Variant
from publisher.render import EDITIONS, feed, headline, mail, message, page, text

ZH = Variant("zh-CN")


def test_every_edition_is_golden(
    published: Published,
    newsletter: Newsletter,
    templates: dict[str, str],
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
    earlier = Published(published.issue, replace(published.record, slug="6"))
    bodies = {
        "mail": mail_edition.body,
        "text": text_edition.body,
        "message": whole.decode("ascii"),
        "page": page.render(published, newsletter, templates, previous=earlier).body,
        "rss": feed.rss([published], newsletter).body,
        "atom": feed.atom([published], newsletter).body,
        "json": feed.json_feed([published], newsletter).body,
    }
    assert set(bodies) == set(EDITIONS)
    for name, body in bodies.items():
        matches_golden(EDITIONS[name][0], body)


def test_front_page_is_golden(
    published: Published,
    newsletter: Newsletter,
    templates: dict[str, str],
    matches_golden: Callable[[str, str], None],
) -> None:
    """So are the front page and the tombstone."""
    matches_golden("archive.html", page.archive([published], newsletter, templates).body)
    matches_golden("tombstone.html", page.tombstone(newsletter, templates).body)


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
