"""drawing - the documents of a newsletter's site, joined from its shelf or drawn from one issue.

A publication draws those it touches, a rebuild draws all, with the same functions and so to the
same bytes.
Faults: TemplateError; the store's. Never: writes; decides which. See: documents (which), render
(the editions), site (who writes).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Connection

from publisher import addresses
from publisher.addresses import FEEDS, GONE
from publisher.model import Newsletter, Published
from publisher.publish.documents import OLDER, Standing, Touched, beside, own_pages
from publisher.publish.shelving import Shown
from publisher.publish.work import ISSUE_FILE
from publisher.render import bibliography, pages
from publisher.render.feeds import channels, documents
from publisher.render.feeds.channels import ARCHIVED, Channel
from publisher.render.feeds.opml import opml
from publisher.render.shelf import Card, Topic
from publisher.render.words import words
from publisher.store import codec, listing
from publisher.store.listing import Dated

Files = dict[str, bytes | None]
"""Paths on the site with their bytes; None takes a file away."""
BIBTEX: Final = "issue.bib"
RIS: Final = "issue.ris"
"""Beside the page of an issue that tells of papers: references to them."""
_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)


# --- an issue -----------------------------------------------------------------


def issue_page(
    found: Shown,
    before: Card | None,
    after: Card | None,
    newsletter: Newsletter,
    templates: Mapping[str, str],
) -> Files:
    """Draw the page of an issue, between its neighbours, and write it and its papers as data."""
    where = addresses.issue_path(newsletter, found.published.record.slug)
    papers = bibliography.references(found.published, found.view, newsletter)
    page = pages.issue(
        found.view,
        newsletter,
        templates,
        previous=before,
        following=after,
        papers=bool(papers),
    )
    return {
        f"{where}index.html": page.encode(),
        where + ISSUE_FILE: _as_file(found.published),
        where + BIBTEX: bibliography.bibtex(papers).encode() if papers else None,
        where + GONE: None,
        where + RIS: bibliography.ris(papers).encode() if papers else None,
    }


def tombstone(slug: str, newsletter: Newsletter, templates: Mapping[str, str]) -> Files:
    """Draw what stands where a withdrawn issue was."""
    where = addresses.issue_path(newsletter, slug)
    page = pages.tombstone(newsletter, templates).encode()
    beside = dict.fromkeys((where + name for name in (ISSUE_FILE, BIBTEX, RIS)), None)
    return {f"{where}index.html": page, where + GONE: page, **beside}


def _as_file(published: Published) -> bytes:
    """Write an issue as data, for people and for a rebuild without its digest.

    One of many in its digest is written without lines: what is put in above must not change it.
    """
    issue = published.issue
    if published.record.part is not None:
        sections = (
            replace(one, line=None, items=tuple(replace(item, line=None) for item in one.items))
            for one in issue.sections
        )
        issue = replace(issue, sections=tuple(sections))
    data = json.loads(codec.write_issue(issue))
    return f"{json.dumps(data, ensure_ascii=False, indent=1)}\n".encode()


# --- what is joined -----------------------------------------------------------


def joined(
    conn: Connection,
    newsletter: Newsletter,
    templates: Mapping[str, str],
    touched: Touched,
    after: Standing,
) -> Files:
    """Join the lists and feeds that are touched from what is on the shelf."""
    at = _Site(conn, newsletter, templates, after)
    files = at.front() | at.own_feeds()
    for year in sorted(touched.years):
        files |= at.year(year)
    for slug in sorted(touched.topics):
        files |= at.topic(slug)
    for slug, year in sorted(touched.topic_years):
        files |= at.topic_year(slug, year)
    for number in sorted(touched.archives):
        files |= at.archive(number)
    return files | _gone(newsletter, touched)


def _gone(newsletter: Newsletter, touched: Touched) -> Files:
    paths = []
    for year in touched.gone_years:
        paths += [
            addresses.year_path(newsletter, year),
            addresses.year_sitemap_path(newsletter, year),
        ]
    for slug in touched.gone_topics:
        folder = addresses.topic_folder(slug)
        paths += [addresses.feed_path(newsletter, name, folder) for name, _, _ in FEEDS]
        paths += [
            addresses.topic_path(newsletter, slug),
            addresses.subscribing_path(newsletter, folder),
        ]
    paths += [addresses.topic_path(newsletter, *one) for one in touched.gone_topic_years]
    return dict.fromkeys(sorted(paths))


class _Site:
    """What the documents of one newsletter have in common while they are joined."""

    def __init__(
        self,
        conn: Connection,
        newsletter: Newsletter,
        templates: Mapping[str, str],
        after: Standing,
    ) -> None:
        self.conn = conn
        self.slug = newsletter.slug
        self.newsletter = newsletter
        self.templates = templates
        self.after = after
        self.ours = words(templates)
        self.closed = after.issues // ARCHIVED
        self.topics = {slug: Topic(slug, name) for slug, name in after.topics.items()}
        self.tallies = listing.topics(conn, self.slug)
        self.years = listing.years(conn, self.slug)
        self.updated = max((one.updated for one in self.years.values()), default=_LONG_AGO)

    def front(self) -> Files:
        """Draw what leads to everything else."""
        newsletter, templates = self.newsletter, self.templates
        counted = [(topic, self.tallies[slug].items) for slug, topic in self.topics.items()]
        cards = listing.cards(self.conn, self.slug, limit=newsletter.window)
        files: Files = {
            addresses.archive_path(newsletter): pages.front(
                cards,
                newsletter,
                templates,
                years=[(year, one.issues) for year, one in self.years.items()],
                topics=counted,
            ).encode(),
            addresses.items_path(newsletter): pages.items(
                listing.groups(self.conn, self.slug, OLDER), newsletter, templates
            ).encode(),
            addresses.topics_path(newsletter): (
                pages.topics(counted, newsletter, templates).encode() if counted else None
            ),
        }
        for is_items, folder in ((False, ""), (True, addresses.ITEMS)):
            files[addresses.subscribing_path(newsletter, folder)] = pages.subscribing(
                newsletter, templates, items=is_items, has_topics=bool(counted)
            ).encode()
        return files | self._sitemaps()

    def _sitemaps(self) -> Files:
        newsletter = self.newsletter
        topics = [(topic, self.tallies[slug].newest) for slug, topic in self.topics.items()]
        parts = [(addresses.pages_sitemap_path(newsletter), self.updated)]
        parts += [
            (addresses.year_sitemap_path(newsletter, year), one.updated)
            for year, one in self.years.items()
        ]
        own = pages.pages_sitemap(newsletter, self.updated, topics)
        index = pages.sitemap_index(newsletter, parts)
        return {
            addresses.pages_sitemap_path(newsletter): own.encode() if own else None,
            addresses.sitemap_path(newsletter): index.encode() if index else None,
        }

    def year(self, year: int) -> Files:
        """Draw the page of a year."""
        newsletter = self.newsletter
        cards = listing.cards(self.conn, self.slug, year=year)
        earlier, later = _around(year, self.years)
        page = pages.year(
            year, cards, newsletter, self.templates, before=earlier, after=later
        ).encode()
        listed = pages.year_sitemap(year, cards, newsletter)
        return {
            addresses.year_path(newsletter, year): page,
            addresses.year_sitemap_path(newsletter, year): listed.encode() if listed else None,
        }

    # --- topics ---------------------------------------------------------------

    def topic(self, slug: str) -> Files:
        """Draw the page of a topic's newest items, and its feeds."""
        newsletter, topic = self.newsletter, self.topics[slug]
        page = pages.topic(
            topic,
            listing.groups(self.conn, self.slug, OLDER, topic=slug),
            newsletter,
            self.templates,
            count=self.tallies[slug].items,
            years=list(own_pages(self.after, slug).items()),
        )
        beside_it = pages.subscribing(newsletter, self.templates, topic=topic, has_topics=True)
        entries, least = self._items(slug)
        channel = channels.topic_channel(newsletter, topic, _newest(entries))
        return {
            addresses.topic_path(newsletter, slug): page.encode(),
            addresses.subscribing_path(newsletter, channel.folder): beside_it.encode(),
        } | _feeds(channel, entries, max(documents.MOST_ITEMS, least), least)

    def topic_year(self, slug: str, year: int) -> Files:
        """Draw the page of a topic's items of one year."""
        counts = own_pages(self.after, slug)
        earlier, later = _around(year, counts)
        page = pages.topic_year(
            self.topics[slug],
            year,
            listing.groups(self.conn, self.slug, topic=slug, year=year),
            self.newsletter,
            self.templates,
            count=counts[year],
            before=earlier,
            after=later,
        )
        return {addresses.topic_path(self.newsletter, slug, year): page.encode()}

    # --- feeds ----------------------------------------------------------------

    def own_feeds(self) -> Files:
        """Join the newsletter's feed, that of its items, and the list of all feeds."""
        newsletter = self.newsletter
        unarchived = self.after.issues - self.closed * ARCHIVED
        most = max(newsletter.window, unarchived)
        entries = listing.entries(self.conn, self.slug, most)
        open_ones = listing.archived(
            self.conn, self.slug, self.closed * ARCHIVED, self.after.issues
        )
        own = channels.issues_channel(newsletter, _newest(entries), archives=self.closed)
        items, least = self._items()
        by_item = channels.items_channel(newsletter, _newest(items), self.ours)
        listed = [own, by_item]
        listed += [
            channels.topic_channel(newsletter, topic, self.updated)
            for topic in self.topics.values()
        ]
        return (
            _feeds(own, entries, max(newsletter.window, len(open_ones)), least=len(open_ones))
            | _feeds(by_item, items, max(documents.MOST_ITEMS, least), least)
            | {addresses.opml_path(newsletter): opml(newsletter, listed, self.updated).encode()}
        )

    def _items(self, topic: str | None = None) -> tuple[list[Dated], int]:
        """List the newest items; the newest issue's are all among them, and nobody misses one."""
        least = listing.newest_items(self.conn, self.slug, topic=topic)
        most = max(documents.MOST_ITEMS, least)
        return listing.item_entries(self.conn, self.slug, most, topic=topic), least

    def archive(self, number: int) -> Files:
        """Join an archive of the newsletter's feed."""
        end = number * ARCHIVED
        entries = listing.archived(self.conn, self.slug, end - ARCHIVED, end)
        channel = channels.archive_channel(
            self.newsletter, number, _newest(entries), archives=self.closed
        )
        return _written(channel, entries, entries)


def _feeds(channel: Channel, entries: Sequence[Dated], most: int, least: int = 1) -> Files:
    size = documents.window_of([one.entry for one in entries], most, least)
    return _written(channel, entries[: size.xml], entries[: size.json])


def _written(channel: Channel, in_xml: Sequence[Dated], in_json: Sequence[Dated]) -> Files:
    xml, json_ = [one.entry for one in in_xml], [one.entry for one in in_json]
    texts = (
        documents.rss(channel, xml),
        documents.atom(channel, xml),
        documents.json_feed(channel, json_),
    )
    return {
        addresses.feed_path(channel.newsletter, name, channel.folder): text.encode()
        for (name, _, _), text in zip(FEEDS, texts, strict=True)
    }


def _newest(entries: Sequence[Dated]) -> datetime:
    return max((one.updated for one in entries), default=_LONG_AGO)


def _around(year: int, years: Mapping[int, object]) -> tuple[int | None, int | None]:
    near = beside(year, years)
    earlier = next((one for one in near if one < year), None)
    return earlier, next((one for one in near if one > year), None)
