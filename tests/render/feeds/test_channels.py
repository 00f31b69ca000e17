"""Which feeds there are: their names, places and pages."""

from dataclasses import replace
from datetime import UTC, datetime

from publisher.model import Newsletter
from publisher.render.feeds.channels import (
    archive_channel,
    issues_channel,
    items_channel,
    topic_channel,
)
from publisher.render.shelf import Topic
from publisher.render.words import Words

MOMENT = datetime(2024, 3, 1, 4, tzinfo=UTC)
CSHARP = Topic("c#", "C#")


def test_every_feed_has_a_title_and_a_page_of_its_own(newsletter: Newsletter, ours: Words) -> None:
    """Readers list feeds by title; an archive is part of its feed and is called as that is."""
    feeds = [
        issues_channel(newsletter, MOMENT, archives=2),
        items_channel(newsletter, MOMENT, ours),
        topic_channel(newsletter, CSHARP, MOMENT),
        archive_channel(newsletter, 1, MOMENT, archives=2),
    ]
    base = "https://news.example.org/"
    assert [(feed.title, feed.home_address, feed.address("rss.xml")) for feed in feeds] == [
        ("杂货周刊", base, f"{base}rss.xml"),
        ("杂货周刊 · 逐篇", f"{base}items/", f"{base}items/rss.xml"),
        ("杂货周刊 · C#", f"{base}topics/c%23/", f"{base}topics/c%23/rss.xml"),
        ("杂货周刊", base, f"{base}archive/1/rss.xml"),
    ]


def test_ids_lead_on_from_the_newsletters(newsletter: Newsletter, ours: Words) -> None:
    """No two feeds share one, and neither site nor title is part of it."""
    tag = "tag:news.example.org,2024-03-01:weekly:feeds"
    urn = "urn:uuid:6f0c1c0a-7b1c-4d3c-9d5e-0c2f6a1b2c3d"
    for kept in (tag, urn):
        ids = []
        for site in ("https://news.example.org/", "http://elsewhere.example.com/a/", None):
            moved = replace(newsletter, id=kept, site_url=site, title=site or "T", path="w/")
            feeds = (
                issues_channel(moved, MOMENT),
                items_channel(moved, MOMENT, ours),
                topic_channel(moved, CSHARP, MOMENT),
            )
            assert archive_channel(moved, 1, MOMENT, archives=1).id == feeds[0].id == kept
            ids.append(tuple(feed.id for feed in feeds))
        assert len(set(ids)) == 1
        assert len(set(ids[0])) == 3
    assert ids[0][1].startswith("urn:uuid:")
    tagged = replace(newsletter, id=tag)
    assert items_channel(tagged, MOMENT, ours).id == f"{tag}/items"
    assert topic_channel(tagged, CSHARP, MOMENT).id == f"{tag}/topics/c%23"


def test_without_a_site_nothing_has_an_address(homeless: Newsletter) -> None:
    """A preview's feed leads nowhere, and has an id all the same."""
    feed = issues_channel(homeless, MOMENT, archives=1)
    found = [feed.home_address, feed.address("rss.xml"), feed.archive_address(1, "rss.xml")]
    assert found == [None] * 3
    assert feed.id.startswith("urn:uuid:")
