"""work - what is known while one newsletter is published.

Register and store are joined: each may be ahead of the other after a crash or a restore.
Never: reads digests, renders, writes. See: publish (the walk).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from publisher import addresses, identity
from publisher.model import Finding, Issue, Kind, Newsletter, Record, Register, Send
from publisher.settings import Settings
from publisher.store import Store, issues, sends
from publisher.store.issues import DigestRow

ISSUE_FILE: Final = "issue.json"
"""Beside each page: the issue as data, so that the site can be rebuilt without its digest."""


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

    `stored` are the issues the store knows, `readable` those it has the very text of; `borrowed`
    those of which only another text than the record's was found; `redrawn` those whose pictures
    are not those of the store's text; `reread` those whose digest was read again, so that their
    lines may have moved. `seen` are the rows of the last scan by path and part; `read` the paths
    whose parts are all decided; `unread` the hashes of what stands in the digests that need no
    reading.
    """

    newsletter: Newsletter
    now: datetime
    others: tuple[Record, ...]
    records: dict[str, Record]
    contents: dict[str, Issue] = field(default_factory=dict)
    stored: dict[str, Record] = field(default_factory=dict)
    readable: frozenset[str] = frozenset()
    borrowed: set[str] = field(default_factory=set)
    redrawn: set[str] = field(default_factory=set)
    seen: dict[tuple[str, str], DigestRow] = field(default_factory=dict)
    present: frozenset[str] = frozenset()
    unread: dict[tuple[str, str | None], str] = field(default_factory=dict)
    rows: dict[tuple[str, str], DigestRow] = field(default_factory=dict)
    read: set[str] = field(default_factory=set)
    reread: set[str] = field(default_factory=set)
    outcome: Outcome = field(default_factory=Outcome)
    is_opening: bool = False


def open_work(
    settings: Settings, store: Store, known: Register, newsletter: Newsletter, now: datetime
) -> Work:
    """Join register and store; each may be ahead of the other after a crash or a restore."""
    fixed = dict(known.paths)
    newsletter = replace(
        newsletter,
        path=fixed.get(newsletter.slug, newsletter.path),
        id=dict(known.ids).get(newsletter.slug) or identity.mint_feed_id(newsletter, now),
    )
    records = {record.slug: record for record in known.of(newsletter.slug)}
    with store.read() as conn:
        stored = {record.slug: record for record in issues.records(conn, newsletter.slug)}
        mailed = _mailed(sends.sends(conn, newsletter.slug))
        readable = issues.readable(conn, newsletter.slug)
        seen = {row.source: row for row in issues.digests(conn, newsletter.slug)}
    for slug, record in stored.items():
        records[slug] = _newer(records.get(slug), record)
    for slug, moment in mailed.items():
        if slug in records and records[slug].mailed is None:
            records[slug] = replace(records[slug], mailed=moment)
    return Work(
        newsletter=newsletter,
        now=now,
        others=tuple(record for record in known.records if record.newsletter != newsletter.slug),
        records=records,
        seen=seen,
        stored=stored,
        readable=frozenset(
            slug for slug in readable if stored[slug].hashes[-1:] == records[slug].hashes[-1:]
        ),
        is_opening=newsletter.slug not in fixed,
    )


def _newer(ours: Record | None, theirs: Record) -> Record:
    """Choose between the register's record and the store's; a withdrawal in either holds.

    The store's `mailed` counts issues it took over, so only the register's is kept here.
    """
    if ours is None:
        return theirs
    later = max(ours, theirs, key=lambda record: (record.updated, len(record.hashes)))
    return replace(later, mailed=ours.mailed, withdrawn=ours.withdrawn or theirs.withdrawn)


def _mailed(sends: Iterable[Send]) -> dict[str, datetime]:
    """Map each issue to the moment its first send to an audience began."""
    found: dict[str, datetime] = {}
    for send in sends:
        if send.kind is Kind.ISSUE and send.started is not None:
            found[send.issue] = min(send.started, found.get(send.issue, send.started))
    return found


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
