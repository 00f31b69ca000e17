"""pages - everything that stands on a newsletter's site, and the mail once, to be judged.

Faults: TemplateError from a page; one in the mail is a finding that stops the send.
Never: writes. See: render (the editions), preflight (the judge), site (who writes).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

from publisher import addresses, preflight
from publisher.errors import PublisherError
from publisher.identity.items import matched
from publisher.model import Edition, Finding, Level, Newsletter, Published, Record, in_order
from publisher.publish.illustrating import read_copy
from publisher.publish.work import ISSUE_FILE, Work, says_else, site_copy
from publisher.render import feed, page
from publisher.render.fitting import editions
from publisher.settings import Settings
from publisher.store import Store, codec, issues


def gather_contents(settings: Settings, store: Store, work: Work) -> None:
    """Find the text of every issue: just read, in the store, else in its file on the site.

    One older than its record, after a restore, stands for it until the digest has been read again.
    """
    with store.read() as conn:
        kept = {one.record.slug: one.issue for one in issues.window(conn, work.newsletter.slug)}
        for slug in work.stored.keys() - kept.keys() - work.contents.keys():
            got = issues.get(conn, work.newsletter.slug, slug)
            if got is not None and got[1] is not None:
                kept[slug] = got[1]
    for slug in work.records.keys() - work.contents.keys():
        if slug in work.readable:
            work.contents[slug] = kept[slug]
            continue
        found = [
            one
            for one in (read_copy(site_copy(settings, work, slug)), kept.get(slug))
            if one is not None
        ]
        fitting = [one for one in found if not says_else(work.records[slug], one)]
        if found:
            work.contents[slug] = (fitting or found)[0]
        if not fitting:
            work.borrowed.add(slug)


def render_site(work: Work, templates: Mapping[str, str]) -> dict[str, bytes | None]:
    """Render everything that stands on the newsletter's site, as path -> bytes."""
    newsletter = work.newsletter
    standing = sorted(
        (
            Published(work.contents[slug], _as_shown(work, record))
            for slug, record in work.records.items()
            if record.withdrawn is None and slug in work.contents
        ),
        key=lambda published: published.record.sort_key,
    )
    files: dict[str, bytes | None] = {}
    for index, published in enumerate(standing):
        where = addresses.issue_path(newsletter, published.record.slug)
        files[f"{where}index.html"] = _bytes(
            page.render(
                published,
                newsletter,
                templates,
                previous=standing[index - 1] if index else None,
                following=standing[index + 1] if index + 1 < len(standing) else None,
            )
        )
        files[where + ISSUE_FILE] = _as_file(published)
    tombstone = _bytes(page.tombstone(newsletter, templates))
    for slug, record in work.records.items():
        if record.withdrawn is not None:
            where = addresses.issue_path(newsletter, slug)
            files |= {f"{where}index.html": tombstone, where + ISSUE_FILE: None}
    newest = standing[::-1]
    window = newest[: newsletter.window]
    files[addresses.archive_path(newsletter)] = _bytes(page.archive(newest, newsletter, templates))
    for name, make in (
        ("rss.xml", feed.rss),
        ("atom.xml", feed.atom),
        ("feed.json", feed.json_feed),
    ):
        files[addresses.feed_path(newsletter, name)] = _bytes(make(window, newsletter, templates))
    return files


def _as_shown(work: Work, record: Record) -> Record:
    """Give the record of an issue, its items those of the text there is."""
    if record.slug not in work.borrowed:
        return record
    return replace(record, items=matched(record.items, work.contents[record.slug].items))


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


def _bytes(edition: Edition) -> bytes:
    return edition.body.encode("utf-8")


def judged(
    published: Published,
    newsletter: Newsletter,
    templates: Mapping[str, str],
    earlier: preflight.Earlier | None = None,
) -> tuple[Finding, ...]:
    """Give preflight's findings on an issue; a mail that cannot be rendered is one of them."""
    try:
        made = editions(published, newsletter, templates)
    except PublisherError as error:
        broken = Finding(Level.STOP, "template/error", str(error), error.hint)
        return (*preflight.check(published, newsletter, {}, earlier=earlier), broken)
    return preflight.check(published, newsletter, made, earlier=earlier)


def judge_mail(work: Work, templates: Mapping[str, str]) -> None:
    """Add preflight's findings to the rows of what is new or revised.

    A mail that cannot be rendered stops the send; page and feeds go on.
    """
    changed = {
        (record.path, record.part or ""): record
        for record in (*work.outcome.new, *work.outcome.revised)
    }
    is_news = any(not record.back_catalogue for record in changed.values())
    earlier = preflight.shelved(work.records.values() if is_news else ())
    for source, row in work.rows.items():
        record = changed.get(source)
        if record is None or row.state != "published":
            continue
        published = Published(work.contents[record.slug], record)
        found = judged(published, work.newsletter, templates, earlier)
        work.rows[source] = replace(row, findings=in_order((*row.findings, *found)))
