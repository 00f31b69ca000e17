"""Whole feeds: joined from ready entries, linked to what came before, no longer than is kind."""

from dataclasses import replace
from datetime import timedelta

import pytest
from render.feed_rules import disagreements, faults

from publisher.model import Newsletter, Published
from publisher.render.feeds import documents
from publisher.render.feeds.channels import (
    Channel,
    archive_channel,
    issues_channel,
    items_channel,
    topic_channel,
)
from publisher.render.feeds.entries import Entry
from publisher.render.shelf import Shelved, Topic, shelve
from publisher.render.view import view
from publisher.render.words import Words

WRITERS = {"rss.xml": documents.rss, "atom.xml": documents.atom, "feed.json": documents.json_feed}


def numbered(
    published: Published, newsletter: Newsletter, ours: Words, count: int
) -> list[Shelved]:
    """Shelve so many issues, a week apart, oldest first."""
    kept = []
    for number in range(1, count + 1):
        moment = published.record.published + timedelta(weeks=number)
        record = replace(
            published.record,
            id=f"tag:news.example.org,2024:{number}",
            slug=str(number),
            published=moment,
            updated=moment,
        )
        issue = Published(replace(published.issue, title=f"第 {number} 期"), record)
        kept.append(shelve(issue, view(issue, newsletter, ours), newsletter))
    return kept


def written(channel: Channel, entries: list[Entry]) -> dict[str, bytes]:
    """Write a feed in each format."""
    return {name: write(channel, entries).encode() for name, write in WRITERS.items()}


@pytest.fixture
def hubbed(newsletter: Newsletter) -> Newsletter:
    """A newsletter with an id and hubs."""
    hubs = ("https://hub.example.net/", "https://hub.example.com/?a=1&b=2")
    return replace(newsletter, hubs=hubs, id="tag:news.example.org,2024-03-01:weekly:feeds")


def test_every_feed_keeps_the_rules(published: Published, hubbed: Newsletter, ours: Words) -> None:
    """Feeds of issues, items, a topic and an archive break none, and their formats agree."""
    kept = numbered(published, hubbed, ours, 3)
    newest = [one.entry for one in reversed(kept)]
    items = [entry for one in reversed(kept) for entry in one.item_entries]
    moment = kept[-1].card.updated
    feeds = [
        (issues_channel(hubbed, moment, archives=2), newest),
        (issues_channel(hubbed, moment), []),
        (items_channel(hubbed, moment, ours), items),
        (topic_channel(hubbed, Topic("厨房-茶", "厨房 & 茶"), moment), items[1:2]),
        (archive_channel(hubbed, 2, moment, archives=3), newest),
    ]
    for channel, entries in feeds:
        bodies = written(channel, entries)
        for name, body in bodies.items():
            assert faults(name, body) == [], (channel.folder, name)
        assert disagreements(*bodies.values()) == []
