"""saving - store and register, in the order that a crash cannot turn against anybody.

Never: decides, renders. See: publish (why in this order).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from publisher import register, schedule
from publisher.model import Newsletter, Record, Register, SendState
from publisher.publish.work import Work
from publisher.settings import Settings
from publisher.store import Store, issues, sends
from publisher.store.issues import DigestRow


def save(settings: Settings, store: Store, known: Register, work: Work) -> None:
    """Write store, then register. What the register knew and the store did not counts as mailed."""
    newsletter = work.newsletter
    rule = str(schedule.parse(newsletter.send))
    remembered = {record.slug for record in known.of(newsletter.slug)}
    with store.begin() as conn:
        for slug, record in work.records.items():
            taken_over = slug in remembered and slug not in work.stored
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
    paths = {**dict(known.paths), newsletter.slug: newsletter.path}
    ids = {**dict(known.ids), newsletter.slug: newsletter.id or ""}
    register.save(
        settings.register_path,
        Register(
            tuple(sorted(paths.items())),
            (*work.others, *work.records.values()),
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
