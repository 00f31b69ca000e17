"""shelving - the shelf filled and asked: what of it is new, and what the documents are joined from.

Faults: the store's. Never: draws a document. See: documents (which are touched), pages (draw them).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from publisher.identity.items import matched
from publisher.model import Published, Record
from publisher.preflight import page_of
from publisher.publish.documents import Standing
from publisher.publish.work import Work
from publisher.render.shelf import Shelved, shelve
from publisher.render.view import IssueView, view
from publisher.render.words import words
from publisher.store import listing, shelf


@dataclass(frozen=True, slots=True)
class Shown:
    """An issue that stands, as it is shown and shelved."""

    published: Published
    view: IssueView
    shelved: Shelved


def shown(work: Work, slug: str, templates: Mapping[str, str]) -> Shown | None:
    """View an issue whose text is known; None where it does not stand."""
    record, issue = work.records[slug], work.contents.get(slug)
    if record.withdrawn is not None or issue is None:
        return None
    if slug in work.borrowed:  # the items are those of the text there is
        record = replace(record, items=matched(record.items, issue.items))
    published = Published(issue, record)
    seen = view(published, work.newsletter, words(templates))
    return Shown(published, seen, shelve(published, seen, work.newsletter))


def kept(record: Record, found: Shown | None) -> shelf.Kept:
    """Make of an issue what goes on the shelf; of one that does not stand, what it is known by."""
    pages = {page_of(item.url) for item in record.items if item.url}
    return shelf.Kept(record, found.shelved if found else None, pages)


def standing(conn: Connection, newsletter: str, topics: Collection[str] | None) -> Standing:
    """Count what there is; of the named topics by year, or of all."""
    there = listing.topic_names(conn, newsletter)
    return Standing(
        issues=listing.ordinal(conn, newsletter),
        years={year: one.issues for year, one in listing.years(conn, newsletter).items()},
        topics=there,
        topic_years={
            topic: listing.topic_years(conn, newsletter, topic)
            for topic in (there if topics is None else topics)
        },
    )
