"""judging - the mail of what is new or revised drawn once, and judged.

Faults: a mail that cannot be drawn is a finding that stops the send. Never: writes.
See: render.mail, preflight (the judge).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from publisher import preflight
from publisher.errors import PublisherError
from publisher.model import Finding, Level, Newsletter, Published, Record, in_order
from publisher.preflight import Earlier
from publisher.publish.work import Work
from publisher.render.fitting import editions
from publisher.store import Store, shelf


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


def judge_mail(store: Store, work: Work, templates: Mapping[str, str]) -> None:
    """Add preflight's findings to the rows of what is new or revised.

    A mail that cannot be rendered stops the send; page and feeds go on.
    """
    changed = {
        (record.path, record.part or ""): record
        for record in (*work.outcome.new, *work.outcome.revised)
    }
    is_news = any(not record.back_catalogue for record in changed.values())
    earlier = _earlier(store, work, list(changed.values())) if is_news else {}
    for source, row in work.rows.items():
        record = changed.get(source)
        if record is None or row.state != "published":
            continue
        published = Published(work.contents[record.slug], record)
        found = judged(published, work.newsletter, templates, earlier)
        work.rows[source] = replace(row, findings=in_order((*row.findings, *found)))


def _earlier(store: Store, work: Work, changed: Sequence[Record]) -> Earlier:
    """Find where the items of some issues stood before, in the records that can tell."""
    if not work.is_in_step:
        return preflight.shelved(work.records.everything())
    urls = {item.url for record in changed for item in record.live_items if item.url}
    with store.read() as conn:
        slugs = shelf.marked(conn, work.newsletter.slug, {preflight.page_of(url) for url in urls})
    fresh = {record.slug for record in changed}
    return preflight.shelved(work.records.some(sorted(slugs | fresh)))
