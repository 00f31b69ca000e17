"""feed - the feeds of a few issues, all at once, as they are previewed and shown at the desk.

Faults: none. Never: the feeds of the site, which are joined from what is shelved.
See: feeds (what makes them).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from publisher.model import Edition, Newsletter, Published
from publisher.render.environment import Templates
from publisher.render.feeds import documents
from publisher.render.feeds.channels import Channel, issues_channel
from publisher.render.feeds.entries import Entry, issue_entry
from publisher.render.view import view
from publisher.render.words import words

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""When a feed without entries was updated."""


def rss(entries: Sequence[Published], newsletter: Newsletter, templates: Templates) -> Edition:
    """Render the RSS 2.0 feed, entries newest first."""
    return Edition(
        "rss", "application/rss+xml", documents.rss(*_joined(entries, newsletter, templates))
    )


def atom(entries: Sequence[Published], newsletter: Newsletter, templates: Templates) -> Edition:
    """Render the Atom feed, entries newest first."""
    return Edition(
        "atom", "application/atom+xml", documents.atom(*_joined(entries, newsletter, templates))
    )


def json_feed(
    entries: Sequence[Published], newsletter: Newsletter, templates: Templates
) -> Edition:
    """Render the JSON Feed 1.1, entries newest first."""
    return Edition(
        "json",
        "application/feed+json",
        documents.json_feed(*_joined(entries, newsletter, templates)),
    )


def _joined(
    entries: Sequence[Published], newsletter: Newsletter, templates: Templates
) -> tuple[Channel, list[Entry]]:
    newest_first = sorted(entries, key=lambda entry: entry.record.sort_key, reverse=True)
    ours = words(templates)
    updated = max((entry.record.updated for entry in entries), default=EPOCH)
    return issues_channel(newsletter, updated), [
        issue_entry(entry, view(entry, newsletter, ours), newsletter) for entry in newest_first
    ]
