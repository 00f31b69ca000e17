"""saving - store and register, in the order that a crash cannot turn against anybody.

Never: decides, renders. See: publish (why in this order).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from publisher import register, schedule
from publisher.model import Newsletter, Record, Register, SendState
from publisher.publish.work import MANY, Work
from publisher.settings import Settings
from publisher.store import Store, issues, listing, sends
from publisher.store.issues import DigestRow


def save(conn: Connection, work: Work) -> None:
    """Write what changed into the store. What the register knew and the store did not is mailed."""
    newsletter = work.newsletter
    rule = str(schedule.parse(newsletter.send))
    slugs = work.records.touched | work.contents.keys() if work.is_in_step else {*work.records}
    work.stored.some(slugs & work.stored.keys())  # read at once
    for slug in sorted(slugs):
        record = work.records[slug]
        taken_over = slug in work.remembered and slug not in work.stored
        mailed = record.mailed or (work.now if taken_over else None)
        if _is_as_stored(work, replace(record, mailed=mailed)):
            continue
        content = None if slug in work.borrowed else work.contents.get(slug)
        issues.save(conn, replace(record, mailed=mailed), content, rule=rule)
    for source, row in work.rows.items():
        if replace(row, seen=work.now) != _as_seen(work, source):
            issues.save_digest(conn, row)
    for path, part in work.seen.keys() - work.rows.keys():
        if path not in work.present or path in work.read:
            issues.forget_digest(conn, newsletter.slug, path, part)


def registered(settings: Settings, conn: Connection, work: Work) -> bytes:
    """Give the bytes of the register with what changed in it; what is shelved is shelved already."""
    newsletter = work.newsletter
    if work.is_in_step and len(work.records.touched) <= MANY:
        touched = sorted(work.records.touched, key=lambda slug: work.records[slug].sort_key)
        placed = [
            (record, listing.id_before(conn, newsletter.slug, record.sort_key))
            for record in work.records.some(touched)
        ]
        has_others = len(dict(work.known.paths)) > 1  # whose last record may stand before our first
        if not has_others or all(before is not None for _, before in placed):
            data = register.changed(work.register, placed)
            if data is not None:
                return data
    known = register.load(settings.register_path)
    paths = {**dict(known.paths), newsletter.slug: newsletter.path}
    ids = {**dict(known.ids), newsletter.slug: newsletter.id or ""}
    others = (record for record in known.records if record.newsletter != newsletter.slug)
    return register.written(
        settings.register_path,
        Register(
            tuple(sorted(paths.items())),
            (*others, *work.records.everything()),
            tuple(sorted(ids.items())),
        ),
    )


def _is_as_stored(work: Work, record: Record) -> bool:
    """Say whether the store has this record and its very text; it never takes `mailed` back."""
    kept = work.stored.get(record.slug)
    return (
        kept is not None
        and record.slug in work.readable
        and record.slug not in work.redrawn | work.reread
        and record == replace(kept, mailed=record.mailed)
        and (record.mailed is None or kept.mailed is not None)
    )


def _as_seen(work: Work, source: tuple[str, str]) -> DigestRow | None:
    """Return what the last scan made of a digest, as if it had been made now."""
    row = work.seen.get(source)
    return None if row is None else replace(row, seen=work.now)


def cancel_sends(store: Store, newsletter: Newsletter, slug: str, now: datetime) -> None:
    """Cancel every send of an issue that is not over."""
    open_states = (SendState.SCHEDULED, SendState.RUNNING, SendState.PAUSED)
    with store.begin() as conn:
        for send in sends.sends(conn, newsletter.slug):
            if send.issue == slug:
                sends.set_state(
                    conn,
                    send.id,
                    SendState.CANCELLED,
                    frm=open_states,
                    now=now,
                    note="the issue was withdrawn",
                )
