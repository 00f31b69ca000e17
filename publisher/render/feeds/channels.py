"""feeds.channels - which feeds a newsletter has, and how each is called for ever.

The newsletter's own, with an entry per issue; that of its items; one of items per topic; and the
archives, in which every issue stays that has left the newsletter's feed (RFC 5005 §4). A feed is
named after its newsletter's id, so that no move of the site names it anew.
Faults: none. Never: which entries it has. See: feeds.documents (writes them), publish (which exist).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5

from publisher.addresses import (
    ITEMS,
    archive_folder,
    archive_path,
    feed_path,
    items_path,
    site_address,
    topic_folder,
    topic_path,
)
from publisher.model import Newsletter
from publisher.render.feeds.names import title_of
from publisher.render.fragments import clean
from publisher.render.shelf import Topic
from publisher.render.words import Words

ARCHIVED: Final = 10
"""Issues in each archive; one is closed, and never opened again, when it has them all."""


@dataclass(frozen=True, slots=True)
class Channel:
    """One feed in all its formats; `updated` is when the newest of its entries was.

    `folder` is what stands between the newsletter's path and the files, `home` the path of the page
    beside it. `previous` and `following` are the numbers of archives.
    """

    newsletter: Newsletter
    folder: str
    title: str
    id: str
    home: str
    updated: datetime
    previous: int | None = None
    following: int | None = None
    is_archive: bool = False

    @property
    def hubs(self) -> tuple[str, ...]:
        """Where it is announced; an archive has no news to tell."""
        return () if self.is_archive else self.newsletter.hubs

    def address(self, name: str) -> str | None:
        """Give the whole address of one of its files; None while there is no site."""
        return _whole(self.newsletter, feed_path(self.newsletter, name, self.folder))

    def archive_address(self, number: int, name: str) -> str | None:
        """Give the whole address of one of the archives' files."""
        return _whole(self.newsletter, feed_path(self.newsletter, name, archive_folder(number)))

    def current_address(self, name: str) -> str | None:
        """Give the whole address of the feed that an archive belongs to."""
        return _whole(self.newsletter, feed_path(self.newsletter, name))

    @property
    def home_address(self) -> str | None:
        """The whole address of the page beside it."""
        return _whole(self.newsletter, self.home)


def issues_channel(newsletter: Newsletter, updated: datetime, *, archives: int = 0) -> Channel:
    """Make the newsletter's own feed; `archives` is how many are closed."""
    return Channel(
        newsletter,
        "",
        title_of(newsletter),
        _id(newsletter),
        archive_path(newsletter),
        updated,
        previous=archives or None,
    )


def archive_channel(
    newsletter: Newsletter, number: int, updated: datetime, *, archives: int
) -> Channel:
    """Make an archive of the newsletter's feed, which is one feed with it and so bears its id."""
    return Channel(
        newsletter,
        archive_folder(number),
        title_of(newsletter),
        _id(newsletter),
        archive_path(newsletter),
        updated,
        previous=number - 1 or None,
        following=number + 1 if number < archives else None,
        is_archive=True,
    )


def items_channel(newsletter: Newsletter, updated: datetime, ours: Words) -> Channel:
    """Make the feed with an entry per item."""
    name = ours.say(newsletter.language, "Item by item")
    title = f"{title_of(newsletter)} · {name}"
    home = items_path(newsletter)
    return Channel(newsletter, ITEMS, title, _id(newsletter, ITEMS), home, updated)


def topic_channel(newsletter: Newsletter, topic: Topic, updated: datetime) -> Channel:
    """Make the feed of a topic's items."""
    folder = topic_folder(topic.slug)
    title = f"{title_of(newsletter)} · {topic.name}"
    home = topic_path(newsletter, topic.slug)
    return Channel(newsletter, folder, title, _id(newsletter, folder), home, updated)


def _id(newsletter: Newsletter, folder: str = "") -> str:
    """Name a feed as the register does; in a preview by its home, or a name of its own."""
    whole = (
        newsletter.id
        or _whole(newsletter, archive_path(newsletter))
        or uuid5(NAMESPACE_URL, f"publisher:{newsletter.slug}").urn
    )
    if not folder:
        return whole
    if whole.startswith("tag:"):
        return f"{whole}/{quote(folder.rstrip('/'))}"
    return uuid5(NAMESPACE_URL, f"{whole}\n{folder}").urn


def _whole(newsletter: Newsletter, path: str) -> str | None:
    return clean(site_address(newsletter, path)) if newsletter.site_url else None
