"""pages.subscribing - beside each set of feeds a page for people: what a feed is, how one is had.

A feed opened in a browser is a page of code, as browsers no longer dress it up (XSLT is gone). So
links that people follow lead here.
Faults: TemplateError. Never: promises a way to subscribe that the newsletter does not have.
See: pages.frame (Feeds), templates/site/feeds.html.
"""

from __future__ import annotations

from publisher.model import Newsletter
from publisher.render.environment import Templates
from publisher.render.pages.frame import (
    canonical,
    feed_links,
    framed,
    issues_feeds,
    items_feeds,
    topic_feeds,
)
from publisher.render.shelf import Topic
from publisher.render.words import words


def subscribing(
    newsletter: Newsletter,
    templates: Templates,
    *,
    topic: Topic | None = None,
    items: bool = False,
    has_topics: bool = False,
) -> str:
    """Draw the page beside the feeds of a topic, of the items, else of the issues.

    With `has_topics` it leads to the topics, each of which has feeds.
    """
    ours = words(templates)
    if topic is not None:
        own = topic_feeds(newsletter, topic)
    else:
        own = items_feeds(newsletter, ours) if items else issues_feeds(newsletter)
    place = f"{own.folder}feeds/"
    return framed(
        "site/feeds.html",
        newsletter,
        templates,
        place,
        title=f"{ours.say(newsletter.language, 'Feeds')} · {own.title}",
        own=own,
        canonical=canonical(newsletter, place),
        about=own.title,
        own_feeds=feed_links(newsletter, own, "../" * place.count("/")),
        is_of="topic" if topic else "items" if items else "issues",
        has_topics=has_topics,
    )
