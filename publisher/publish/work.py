"""work - what is known while one newsletter is published.

Register and store are joined: each may be ahead of the other after a crash or a restore.
Never: reads digests, renders, writes. See: publish (the walk).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import publisher
from publisher import addresses, identity, register
from publisher.identity import Taken
from publisher.model import Finding, Issue, Newsletter, Record, Register
from publisher.publish.known import Records, Seen
from publisher.settings import Settings
from publisher.store import Store, issues, sends, shelf
from publisher.store.issues import DigestRow

_UNSEEN: Final[dict[str, Any]] = {
    "send": "",
    "in_doubt": "",
    "retries": (),
    "give_up": timedelta(),
    "quiet": "",
    "canary": 0.0,
    "editors": (),
    "local_time": False,
}
"""Settings of a newsletter that no document shows."""
ISSUE_FILE: Final = "issue.json"
"""Beside each page: the issue as data, so that the site can be rebuilt without its digest."""

MANY: Final = 200
"""Issues that go through one transaction: nobody who sends is to wait for an archive."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one publication did. `young` digests may still be being written: look again."""

    new: tuple[Record, ...] = ()
    revised: tuple[Record, ...] = ()
    unchanged: int = 0
    digests: tuple[DigestRow, ...] = ()
    young: int = 0
    written: tuple[str, ...] = ()

    def __add__(self, other: Outcome) -> Outcome:
        """Join the outcomes of two newsletters."""
        return Outcome(
            self.new + other.new,
            self.revised + other.revised,
            self.unchanged + other.unchanged,
            self.digests + other.digests,
            self.young + other.young,
            self.written + other.written,
        )


@dataclass(slots=True)
class Work:
    """What is known while one newsletter is published; `records` and `contents` by slug.

    `is_in_step`: register, store and shelf tell the same, so that most of it need not be read.
    `is_stale`: what stands on the site was drawn with other settings, templates or program.
    `names` are the ids and slugs that are given away for ever; `register` is the file as it stood,
    `known` what it tells, `remembered` the issues it knows; in step both are left out. `rendering`
    names what issues are drawn with now.
    `stored` are the issues the store knows, `readable` those it has the very text of; `borrowed`
    those of which only another text than the record's was found; `redrawn` those whose pictures
    are not those of the store's text; `reread` those whose digest was read again, so that their
    lines may have moved. `seen` are the rows of the last scan by path and part; `read` the paths
    whose parts are all decided; `unread` the hashes of what stands in the digests that need no
    reading.
    """

    newsletter: Newsletter
    now: datetime
    records: Records
    stored: Records
    seen: Seen
    names: Taken
    register: bytes = b""
    known: Register = field(default_factory=Register)
    rendering: str = ""
    is_in_step: bool = False
    is_stale: bool = False
    remembered: frozenset[str] = frozenset()
    contents: dict[str, Issue] = field(default_factory=dict)
    readable: frozenset[str] = frozenset()
    borrowed: set[str] = field(default_factory=set)
    redrawn: set[str] = field(default_factory=set)
    present: frozenset[str] = frozenset()
    unread: dict[tuple[str, str | None], str] = field(default_factory=dict)
    rows: dict[tuple[str, str], DigestRow] = field(default_factory=dict)
    read: set[str] = field(default_factory=set)
    reread: set[str] = field(default_factory=set)
    outcome: Outcome = field(default_factory=Outcome)
    is_opening: bool = False


def open_work(
    settings: Settings,
    store: Store,
    newsletter: Newsletter,
    now: datetime,
    templates: Mapping[str, str],
) -> Work:
    """Join register and store; each may be ahead of the other after a crash or a restore.

    Where the shelf was filled by the same rendering beside this very register, they are joined
    already, and nothing is read but what tells issues apart.
    """
    file = register.bytes_of(settings.register_path)
    known = register.heads(settings.register_path)
    newsletter = _named(known, newsletter, now)
    rendering = rendering_of(newsletter, templates)
    with store.read() as conn:
        state = shelf.state(conn, newsletter.slug)
    if state == shelf.State(rendering, register.hash_of(file)):
        work = _in_step(store, newsletter, now)
    else:
        known = register.load(settings.register_path)
        work = _joined(store, known, newsletter, now)
    work.register, work.known, work.rendering = file, known, rendering
    work.is_stale = state is None or state.rendering != rendering
    return work


def rendering_of(newsletter: Newsletter, templates: Mapping[str, str]) -> str:
    """Name all that makes the same issue look otherwise: program, templates, settings.

    How and when it is sent does not: an archive is not to be drawn anew for another hour.
    """
    seen = replace(newsletter, **_UNSEEN)
    told = sha256(f"{publisher.__version__}\n{seen!r}\n".encode("utf-8", "surrogatepass"))
    for name, text in sorted(templates.items()):
        told.update(f"{name}\0{text}\0".encode("utf-8", "surrogatepass"))
    return told.hexdigest()


def _in_step(store: Store, newsletter: Newsletter, now: datetime) -> Work:
    slug = newsletter.slug

    def fetch(slugs: Collection[str]) -> list[Record]:
        with store.read() as conn:
            mailed = shelf.mailed(conn, slug, slugs)
            found = issues.records(conn, slug, slugs)
        return [replace(record, mailed=mailed[record.slug]) for record in found]

    def fetch_stored(slugs: Collection[str]) -> list[Record]:
        with store.read() as conn:
            return issues.records(conn, slug, slugs)

    def fetch_rows(path: str) -> list[DigestRow]:
        with store.read() as conn:
            return issues.digests(conn, slug, path)

    with store.read() as conn:
        spines = shelf.spines(conn, slug)
        others = shelf.others(conn, slug)
        mailed = sends.begun(conn, slug)
        readable = issues.readable(conn, slug)
        sources = issues.sources(conn, slug)
    records = Records(spines, fetch)
    for spine in spines:
        if not spine.is_mailed and spine.slug in mailed:
            records[spine.slug] = replace(records[spine.slug], mailed=mailed[spine.slug])
    names = Taken(())
    names.slugs[slug] = {spine.slug for spine in spines}
    names.ids = {*others, *(spine.id for spine in spines)}
    return Work(
        newsletter=newsletter,
        now=now,
        records=records,
        stored=Records(spines, fetch_stored),
        seen=Seen(sources, fetch_rows),
        names=names,
        is_in_step=True,
        readable=readable,
    )


def _joined(store: Store, known: Register, newsletter: Newsletter, now: datetime) -> Work:
    records = {record.slug: record for record in known.of(newsletter.slug)}
    with store.read() as conn:
        stored = {record.slug: record for record in issues.records(conn, newsletter.slug)}
        mailed = sends.begun(conn, newsletter.slug)
        readable = issues.readable(conn, newsletter.slug)
        seen = issues.digests(conn, newsletter.slug)
    for slug, record in stored.items():
        records[slug] = _newer(records.get(slug), record)
    for slug, moment in mailed.items():
        if slug in records and records[slug].mailed is None:
            records[slug] = replace(records[slug], mailed=moment)
    return Work(
        newsletter=newsletter,
        now=now,
        records=Records.whole(records),
        stored=Records.whole(stored),
        seen=Seen.whole(seen),
        names=Taken((*known.records, *records.values())),
        remembered=frozenset(record.slug for record in known.of(newsletter.slug)),
        readable=frozenset(
            slug for slug in readable if stored[slug].hashes[-1:] == records[slug].hashes[-1:]
        ),
        is_opening=newsletter.slug not in dict(known.paths),
    )


def _named(known: Register, newsletter: Newsletter, now: datetime) -> Newsletter:
    """Give a newsletter the path and the feeds' id that are its own for ever."""
    return replace(
        newsletter,
        path=dict(known.paths).get(newsletter.slug, newsletter.path),
        id=dict(known.ids).get(newsletter.slug) or identity.mint_feed_id(newsletter, now),
    )


def _newer(ours: Record | None, theirs: Record) -> Record:
    """Choose between the register's record and the store's; a withdrawal in either holds.

    The store's `mailed` counts issues it took over, so only the register's is kept here.
    """
    if ours is None:
        return theirs
    later = max(ours, theirs, key=lambda record: (record.updated, len(record.hashes)))
    return replace(later, mailed=ours.mailed, withdrawn=ours.withdrawn or theirs.withdrawn)


def says_else(record: Record, issue: Issue) -> bool:
    """Say whether a text is not the one its record was made of, so that their items may not match."""
    return record.text_hash not in {"", identity.text_hash(issue)}


def site_copy(settings: Settings, work: Work, slug: str) -> Path:
    """Name the file an issue's text stands in on the site."""
    return settings.site_folder / (addresses.issue_path(work.newsletter, slug) + ISSUE_FILE)


def note(
    work: Work,
    path: str,
    digest_hash: str,
    state: str,
    findings: tuple[Finding, ...],
    part: str | None = None,
) -> None:
    """Remember what this publication makes of a digest, or of one part of it.

    Of two parts that cannot be told apart one row tells, and it is held.
    """
    row = DigestRow(work.newsletter.slug, path, digest_hash, state, findings, work.now, part or "")
    if (other := work.rows.get(row.source)) is not None:
        both = tuple(dict.fromkeys((*other.findings, *findings)))
        row = replace(row, state="held" if other.state == "held" else state, findings=both)
    work.rows[row.source] = row
