"""pages.frame - what stands around every page: its head, its feeds, the ways to the others.

A page is named by its place: its path below the newsletter's, "issues/7/" or "" for the front page.
The style is drawn once for a newsletter, as a rebuild draws thousands of pages.
Faults: TemplateError. Never: what the page is about. See: pages (the others), templates/site/layout.html.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from urllib.parse import quote

from markupsafe import Markup

from publisher.addresses import FEEDS, ITEMS, feed_path, site_address, topic_folder
from publisher.model import Newsletter
from publisher.render.environment import Templates, draw
from publisher.render.feeds.names import title_of
from publisher.render.shelf import Card, Topic
from publisher.render.words import Words, words


@dataclass(frozen=True, slots=True)
class FeedLink:
    """A feed as pages offer it; `address` is whole where there is a site_url.

    `name` is its format's, `title` the feed's own.
    """

    href: str
    media_type: str
    name: str
    address: str
    title: str


@dataclass(frozen=True, slots=True)
class EntryView:
    """An issue in a list, where an untitled one leads by its first item, or beside another."""

    href: str
    heading: str
    title: str
    language: str
    date: date
    number: int | None
    summary: str


@dataclass(frozen=True, slots=True)
class Counted:
    """A year, or a topic, and how many there are of it; 0 where that is not said."""

    href: str
    name: str
    count: int = 0


@dataclass(frozen=True, slots=True)
class Feeds:
    """The feeds of a folder: "", "items/", "topics/<slug>/". `title` is what they are called."""

    folder: str
    title: str


def framed(
    name: str,
    newsletter: Newsletter,
    templates: Templates,
    place: str,
    *,
    title: str,
    description: str = "",
    own: Feeds | None = None,
    canonical: str | None = None,
    picture: str | None = None,
    **values: object,
) -> str:
    """Draw a page of the site.

    `own` are the feeds of what the page is about; they are told before the newsletter's. `picture`
    is the whole address of the one that links to this page are shown with elsewhere.
    """
    up = "../" * place.count("/")
    sets = [*([own] if own else []), *_everywhere(newsletter, templates)]
    return draw(
        templates,
        name,
        newsletter=newsletter,
        language=newsletter.language,
        title=title,
        description=description,
        canonical=canonical,
        picture=picture,
        home=up or "./",
        subscribe=f"{up}{quote(sets[0].folder)}feeds/",
        feeds=[link for one in dict.fromkeys(sets) for link in feed_links(newsletter, one, up)],
        style=_style(tuple(sorted(templates.items())), newsletter),
        **values,
    )


def canonical(newsletter: Newsletter, place: str) -> str | None:
    """Give the one address of a page; None while there is no site_url."""
    return site_address(newsletter, newsletter.path + place) if newsletter.site_url else None


def feed_links(newsletter: Newsletter, feeds: Feeds, up: str) -> list[FeedLink]:
    """List the three feeds of a folder, seen from `up`."""
    return [
        FeedLink(
            f"{up}{quote(feeds.folder)}{name}",
            kind,
            label,
            site_address(newsletter, feed_path(newsletter, name, feeds.folder)),
            feeds.title,
        )
        for name, kind, label in FEEDS
    ]


def issues_feeds(newsletter: Newsletter) -> Feeds:
    """Name the feeds with an entry for each issue."""
    return Feeds("", title_of(newsletter))


def items_feeds(newsletter: Newsletter, ours: Words) -> Feeds:
    """Name the feeds with an entry for each item."""
    return Feeds(ITEMS, f"{title_of(newsletter)} · {ours.say(newsletter.language, 'Item by item')}")


def topic_feeds(newsletter: Newsletter, topic: Topic) -> Feeds:
    """Name the feeds of a topic's items."""
    return Feeds(topic_folder(topic.slug), f"{title_of(newsletter)} · {topic.name}")


def name_of(newsletter: Newsletter) -> str:
    """Call the newsletter by its title, else by its slug."""
    return newsletter.title or newsletter.slug


def entry(card: Card, issues: str) -> EntryView:
    """Show an issue in a list; `issues` is the way to the folder the issues stand in."""
    return EntryView(
        href=f"{issues}{quote(card.slug)}/",
        heading=card.heading,
        title=card.title,
        language=card.language,
        date=card.date,
        number=card.number,
        summary=card.summary,
    )


def topic_links(counted: Sequence[tuple[Topic, int]], up: str) -> list[Counted]:
    """Show topics as links to their pages, seen from `up`."""
    return [
        Counted(up + quote(topic_folder(topic.slug)), topic.name, count) for topic, count in counted
    ]


def _everywhere(newsletter: Newsletter, templates: Templates) -> list[Feeds]:
    return [issues_feeds(newsletter), items_feeds(newsletter, words(templates))]


@lru_cache(maxsize=8)
def _style(sources: tuple[tuple[str, str], ...], newsletter: Newsletter) -> Markup:
    drawn = draw(dict(sources), "site/style.css", newsletter=newsletter)
    return Markup(drawn)  # noqa: S704 - a style sheet of ours, its colours checked by the settings
