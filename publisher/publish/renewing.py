"""renewing - shelf and site brought up to date: all of it, or what a publication touches.

Both end in one transaction of the store: what is drawn in it is drawn from what it leaves behind,
and where a template breaks nothing of it happens.
Faults: TemplateError; the store's. Never: writes the site. See: documents, drawing, saving.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import chain
from pathlib import Path

from sqlalchemy import Connection

from publisher.addresses import FEEDS
from publisher.model import Passage
from publisher.publish import drawing
from publisher.publish.documents import everything, touched
from publisher.publish.drawing import Files
from publisher.publish.saving import save
from publisher.publish.shelving import Shown, kept, shown, standing
from publisher.publish.work import MANY, Work
from publisher.render.feeds.channels import ARCHIVED
from publisher.render.passages import passages
from publisher.render.shelf import Card
from publisher.store import Store, issues, listing, search, shelf

Found = dict[str, tuple[Passage, ...]]
"""What a search is to find, by the slugs of issues."""
_NAMES = frozenset({"index.html", *(name for name, _, _ in FEEDS)})


def redraw(
    store: Store, work: Work, templates: Mapping[str, str], fresh: Collection[str]
) -> tuple[Files, Found]:
    """Shelve every issue anew and draw its page; until `rejoin` the shelf is half full.

    Give the passages to be found, too: of the `fresh` issues, and of those that have none.
    """
    newsletter = work.newsletter
    with store.read() as conn:
        lacking = search.lacking(conn, newsletter.slug).union(fresh)
    told: Found = {}
    order = sorted(work.records.everything(), key=lambda record: record.sort_key)
    with store.begin() as conn:
        shelf.clear(conn, newsletter.slug)
    files: Files = {}
    waiting: list[shelf.Kept] = []
    before: Card | None = None
    current: Shown | None = None
    viewed = ((record, shown(work, record.slug, templates)) for record in order)
    # one after the other: the views of a whole archive would not fit into memory
    for record, found in chain(viewed, [(None, None)]):
        if record is not None:
            waiting.append(kept(record, found))
            if found is not None and (not work.is_in_step or record.slug in lacking):
                told[record.slug] = passages(found.view)
            if record.withdrawn is not None:
                files |= drawing.tombstone(record.slug, newsletter, templates)
        if found is not None or record is None:
            if current is not None:
                after = found.shelved.card if found else None
                files |= drawing.issue_page(current, before, after, newsletter, templates)
                before = current.shelved.card
            current = found
        if waiting and (record is None or len(waiting) >= MANY):
            with store.begin() as conn:
                shelf.put_new(conn, waiting)
            waiting = []
    return files, told


def rejoin(conn: Connection, work: Work, templates: Mapping[str, str]) -> Files:
    """Save what changed and join every list and feed from a shelf that is full."""
    save(conn, work)
    after = standing(conn, work.newsletter.slug, None)
    return drawing.joined(conn, work.newsletter, templates, everything(after, ARCHIVED), after)


def make_found(store: Store, work: Work, told: Found) -> None:
    """Put the passages of a rebuild where a search finds them."""
    slugs = sorted(told)
    for start in range(0, len(slugs), MANY):
        with store.begin() as conn:
            for slug in slugs[start : start + MANY]:
                search.put(conn, work.newsletter.slug, slug, told[slug])


def renew(
    conn: Connection, work: Work, templates: Mapping[str, str], slugs: Collection[str]
) -> Files:
    """Save and shelve some issues, and draw what that touches."""
    newsletter, name = work.newsletter, work.newsletter.slug
    found = {slug: shown(work, slug, templates) for slug in slugs}
    records = work.records.some(slugs)
    new = [record for record in records if record.slug not in work.stored]
    topics = set(listing.topics_of(conn, name, slugs))
    topics |= {topic.slug for one in found.values() if one for topic in one.shelved.topics}
    years = set(listing.years_of(conn, name, slugs))
    years |= {one.shelved.card.date.year for one in found.values() if one}
    before = standing(conn, name, topics)
    save(conn, work)
    for slug, one in found.items():
        if one is not None:
            search.put(conn, name, slug, passages(one.view))
        else:
            search.remove(conn, name, slug)
    shelf.put(conn, [kept(record, found[record.slug]) for record in records])
    for slug in work.records.touched - found.keys():
        shelf.mark_mailed(conn, name, slug, work.records[slug].mailed)
    after = standing(conn, name, topics)
    places = {one.slug: listing.ordinal(conn, name, one.sort_key) for one in records}
    marks = touched(
        before,
        after,
        years=years,
        topics=topics,
        places=places.values(),
        first_new=min((places[record.slug] for record in new), default=None),
        per_archive=ARCHIVED,
    )
    files = _pages(conn, work, templates, found)
    return files | drawing.joined(conn, newsletter, templates, marks, after)


def _pages(
    conn: Connection, work: Work, templates: Mapping[str, str], found: dict[str, Shown | None]
) -> Files:
    """Draw the pages of some issues and of those beside them."""
    newsletter = work.newsletter
    near = {
        slug
        for record in work.records.some(found)
        for slug in listing.slugs_beside(conn, newsletter.slug, record.sort_key)
    }
    for published in issues.published(conn, newsletter.slug, near - found.keys()):
        work.contents.setdefault(published.record.slug, published.issue)
    files: Files = {}
    for slug in sorted(near | found.keys()):
        one = found[slug] if slug in found else shown(work, slug, templates)
        if one is not None:
            key = work.records[slug].sort_key
            before = listing.before(conn, newsletter.slug, key)
            after = listing.after(conn, newsletter.slug, key)
            files |= drawing.issue_page(one, before, after, newsletter, templates)
        elif work.records[slug].withdrawn is not None:
            files |= drawing.tombstone(slug, newsletter, templates)
    return files


def strays(folder: Path, path: str, files: Files) -> Files:
    """Name the lists and feeds that stand on the site and are none any more."""
    found: Files = {}
    root = folder / path
    for name in ("years", "topics", "archive"):
        for file in sorted((root / name).rglob("*")):
            there = file.relative_to(folder).as_posix()
            if file.name in _NAMES and there not in files:
                found[there] = None
    for file in sorted(root.glob("sitemap*.xml")):
        if (there := file.relative_to(folder).as_posix()) not in files:
            found[there] = None
    return found
