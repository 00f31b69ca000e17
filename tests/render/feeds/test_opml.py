"""The list of all feeds."""

from dataclasses import replace
from datetime import UTC, datetime

from lxml import etree
from render.feed_rules import faults

from publisher.model import Newsletter
from publisher.render.feeds.channels import issues_channel, items_channel, topic_channel
from publisher.render.feeds.opml import opml
from publisher.render.shelf import Topic
from publisher.render.words import Words

MOMENT = datetime(2024, 3, 1, 4, tzinfo=UTC)


def test_every_feed_is_listed(newsletter: Newsletter, ours: Words) -> None:
    """In the order given, each by its title, its address and its page; no rule is broken."""
    letters = replace(newsletter, title='A & <B> "C" \x00')
    feeds = [
        issues_channel(letters, MOMENT),
        items_channel(letters, MOMENT, ours),
        topic_channel(letters, Topic("厨房", "厨房"), MOMENT),
    ]
    body = opml(letters, feeds, MOMENT).encode()
    assert faults("feeds.opml", body) == []
    root = etree.fromstring(body)
    assert root.findtext("head/dateModified") == "Fri, 01 Mar 2024 04:00:00 +0000"
    found = [(one.get("title"), one.get("xmlUrl"), one.get("htmlUrl")) for one in root[1]]
    base = "https://news.example.org/"
    topic = f"{base}topics/%E5%8E%A8%E6%88%BF/"
    assert found == [
        ('A & <B> "C"', f"{base}rss.xml", base),
        ('A & <B> "C" · 逐篇', f"{base}items/rss.xml", f"{base}items/"),
        ('A & <B> "C" · 厨房', f"{topic}rss.xml", topic),
    ]


def test_without_a_site_the_list_is_empty(homeless: Newsletter) -> None:
    """An address that is not whole leads no reader anywhere."""
    root = etree.fromstring(opml(homeless, [issues_channel(homeless, MOMENT)], MOMENT).encode())
    assert len(root[1]) == 0
