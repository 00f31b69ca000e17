"""feeds.names - what a newsletter and its author are called in a feed, where both must be.

Faults: none. Never: an empty name. See: feeds.channels, feeds.entries.
"""

from __future__ import annotations

from publisher.model import Newsletter
from publisher.render.fragments import clean


def title_of(newsletter: Newsletter) -> str:
    """Give the newsletter's title on one line, or its slug."""
    return " ".join(clean(newsletter.title).split()) or newsletter.slug


def author_of(newsletter: Newsletter) -> str:
    """Name who writes it, on one line."""
    return " ".join(clean(newsletter.sender_name).split()) or title_of(newsletter)
