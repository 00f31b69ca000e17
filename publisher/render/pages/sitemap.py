"""pages.sitemap - which pages there are and when each changed, for search engines.

A sitemap may name only what stands in its own folder or below (sitemaps.org, "Sitemap file
location"), so all stand at the newsletter's front page: one a year, closed but for corrections when
the year is over; one of the pages that lead to others; and an index of them.
Faults: none. Never: pages that are not to be found, such as tombstones. See: addresses, publish.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from html import escape
from typing import Final

from publisher.addresses import (
    archive_path,
    issue_path,
    items_path,
    site_address,
    topic_path,
    topics_path,
    year_path,
)
from publisher.model import Newsletter
from publisher.render.shelf import Card, Topic

_HEAD: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'
_NAMESPACE: Final = "http://www.sitemaps.org/schemas/sitemap/0.9"
Page = tuple[str, datetime | None]
"""The path of a page, and when it changed if that is known."""


def year_sitemap(year: int, cards: Sequence[Card], newsletter: Newsletter) -> str | None:
    """List the issues of a year and the page they are listed on; None without a site_url."""
    newest = max((card.updated for card in cards), default=None)
    issues = [(issue_path(newsletter, card.slug), card.updated) for card in cards]
    return _written("urlset", "url", [(year_path(newsletter, year), newest), *issues], newsletter)


def pages_sitemap(
    newsletter: Newsletter, updated: datetime, topics: Sequence[tuple[Topic, datetime | None]]
) -> str | None:
    """List the pages that lead to all others; `updated` is when the newest of them changed."""
    pages: list[Page] = [(archive_path(newsletter), updated), (items_path(newsletter), updated)]
    if topics:
        pages.append((topics_path(newsletter), updated))
    pages += [(topic_path(newsletter, topic.slug), moment) for topic, moment in topics]
    return _written("urlset", "url", pages, newsletter)


def sitemap_index(newsletter: Newsletter, parts: Sequence[Page]) -> str | None:
    """List the sitemaps by their paths, each with when the newest page in it changed."""
    return _written("sitemapindex", "sitemap", parts, newsletter)


def _written(root: str, each: str, pages: Iterable[Page], newsletter: Newsletter) -> str | None:
    if not newsletter.site_url:
        return None
    lines = [
        f"<{each}><loc>{escape(site_address(newsletter, path))}</loc>{_changed(moment)}</{each}>\n"
        for path, moment in pages
    ]
    return f'{_HEAD}<{root} xmlns="{_NAMESPACE}">\n{"".join(lines)}</{root}>\n'


def _changed(moment: datetime | None) -> str:
    if moment is None:
        return ""
    return f"<lastmod>{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}</lastmod>"
