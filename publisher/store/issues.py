"""issues - what was published, and what the last scan made of each digest.

The register is the memory that survives; these tables are the same facts where they can be asked,
together with the content of each issue as it was last read. `mailed` is never taken back: an older
record saved over a newer row leaves it as it was.

Faults: StoreError from the database. Never: decides what is a revision. See: codec (how an issue
is written), register (the file that survives the database).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, select, update

from publisher.model import Finding, Issue, Published, Record
from publisher.store import codec
from publisher.store.schema import DigestState, digest, insert_into, issue

_PAGE = 500


@dataclass(frozen=True, slots=True)
class DigestRow:
    """What the last scan did with one digest.

    A digest of many issues has a row of its own, with what is said of the whole file, and one for
    each `part`; `digest_hash` is the whole file's in all of them.
    """

    newsletter: str
    path: str
    digest_hash: str
    state: str
    findings: tuple[Finding, ...]
    seen: datetime
    part: str = ""

    @property
    def source(self) -> tuple[str, str]:
        """What the row is about."""
        return (self.path, self.part)

    @property
    def place(self) -> str:
        """The same as a person names it."""
        return f"{self.path}#{self.part}" if self.part else self.path


def save(
    conn: Connection, record: Record, content: Issue | None, *, rule: str | None = None
) -> None:
    """Save an issue by newsletter and slug; without content the old content stays.

    `rule`: the send rule in force; only that of the first time is kept.
    """
    new = insert_into(conn, issue).values(
        newsletter=record.newsletter,
        slug=record.slug,
        published=record.published,
        mailed=record.mailed,
        withdrawn=record.withdrawn,
        rule=rule,
        record=codec.write_record(record),
        content=None if content is None else codec.write_issue(content),
    )
    given = new.excluded
    conn.execute(
        new.on_conflict_do_update(
            index_elements=["newsletter", "slug"],
            set_={
                "published": given.published,
                "mailed": func.coalesce(issue.c.mailed, given.mailed),
                "withdrawn": given.withdrawn,
                "record": given.record,
                "content": func.coalesce(given.content, issue.c.content),
            },
        )
    )


def get(conn: Connection, newsletter: str, slug: str) -> tuple[Record, Issue | None] | None:
    """Fetch one issue; its content is None while only the register knows it."""
    row = conn.execute(
        select(issue).where(issue.c.newsletter == newsletter, issue.c.slug == slug)
    ).one_or_none()
    if row is None:
        return None
    return _record(row), None if row.content is None else codec.read_issue(row.content)


def records(
    conn: Connection, newsletter: str, slugs: Collection[str] | None = None
) -> list[Record]:
    """Fetch every record of a newsletter, oldest first, withdrawn ones too; or the named ones."""
    wanted = select(issue.c.record, issue.c.mailed, issue.c.withdrawn).where(
        issue.c.newsletter == newsletter
    )
    if slugs is None:
        rows = conn.execute(wanted.order_by(issue.c.published, issue.c.slug)).all()
    else:
        rows = [
            row
            for page in _pages(slugs)
            for row in conn.execute(wanted.where(issue.c.slug.in_(page)))
        ]
    return [_record(row) for row in rows]


def _pages(slugs: Collection[str]) -> Iterator[list[str]]:
    wanted = sorted(set(slugs))
    return (wanted[start : start + _PAGE] for start in range(0, len(wanted), _PAGE))


def rules(conn: Connection, newsletter: str) -> dict[str, str | None]:
    """Give the send rule under which each issue was first published, by slug."""
    wanted = select(issue.c.slug, issue.c.rule).where(issue.c.newsletter == newsletter)
    return {row.slug: row.rule for row in conn.execute(wanted)}


def readable(conn: Connection, newsletter: str) -> frozenset[str]:
    """Name the issues whose content is here, withdrawn ones too."""
    wanted = select(issue.c.slug).where(
        issue.c.newsletter == newsletter, issue.c.content.is_not(None)
    )
    return frozenset(conn.scalars(wanted))


def published(conn: Connection, newsletter: str, slugs: Collection[str]) -> list[Published]:
    """Fetch the named issues that have content and are not withdrawn, newest first."""
    found: list[Published] = []
    for page in _pages(slugs):
        found.extend(_read(conn, _standing(newsletter).where(issue.c.slug.in_(page))))
    return sorted(found, key=lambda entry: entry.record.sort_key, reverse=True)


def window(conn: Connection, newsletter: str, limit: int | None = None) -> list[Published]:
    """Fetch the newest issues that have content and are not withdrawn, newest first."""
    return list(_read(conn, _standing(newsletter).limit(limit)))


def mark_mailed(conn: Connection, newsletter: str, slug: str, at: datetime) -> None:
    """Remember when an issue was first mailed; a later mailing changes nothing."""
    conn.execute(
        update(issue)
        .where(issue.c.newsletter == newsletter, issue.c.slug == slug, issue.c.mailed.is_(None))
        .values(mailed=at)
    )


def save_digest(conn: Connection, row: DigestRow) -> None:
    """Remember what a scan did with a digest, by newsletter, path and part."""
    new = insert_into(conn, digest).values(
        newsletter=row.newsletter,
        path=row.path,
        part=row.part,
        digest_hash=row.digest_hash,
        state=row.state,
        findings=codec.write_findings(row.findings),
        seen=row.seen,
    )
    given = new.excluded
    conn.execute(
        new.on_conflict_do_update(
            index_elements=["newsletter", "path", "part"],
            set_={name: given[name] for name in ("digest_hash", "state", "findings", "seen")},
        )
    )


def sources(conn: Connection, newsletter: str) -> list[tuple[str, str]]:
    """Name the digests and parts that the scans remember."""
    wanted = select(digest.c.path, digest.c.part).where(digest.c.newsletter == newsletter)
    rows = conn.execute(wanted.order_by(digest.c.path, digest.c.part))
    return [(row.path, row.part) for row in rows]


def digests(
    conn: Connection, newsletter: str, path: str | None = None, *, code: str = ""
) -> list[DigestRow]:
    """List what the scans remember, by path and part; of one digest, or with a finding's code."""
    wanted = select(digest).where(digest.c.newsletter == newsletter)
    if path is not None:
        wanted = wanted.where(digest.c.path == path)
    if code:
        wanted = wanted.where(digest.c.findings.contains(f'"{code}"', autoescape=True))
    rows = conn.execute(wanted.order_by(digest.c.path, digest.c.part))
    return [
        DigestRow(
            newsletter=row.newsletter,
            path=row.path,
            part=row.part,
            digest_hash=row.digest_hash,
            state=row.state.value,
            findings=codec.read_findings(row.findings),
            seen=row.seen,
        )
        for row in rows
    ]


def forget_digest(conn: Connection, newsletter: str, path: str, part: str = "") -> None:
    """Forget a digest, or a part of one, that is no longer there."""
    conn.execute(
        digest.delete().where(
            digest.c.newsletter == newsletter, digest.c.path == path, digest.c.part == part
        )
    )


def _standing(newsletter: str) -> Select[Any]:
    return (
        select(issue.c.record, issue.c.mailed, issue.c.withdrawn, issue.c.content)
        .where(
            issue.c.newsletter == newsletter,
            issue.c.withdrawn.is_(None),
            issue.c.content.is_not(None),
        )
        .order_by(issue.c.published.desc(), issue.c.slug.desc())
    )


def _read(conn: Connection, wanted: Select[Any]) -> Iterator[Published]:
    for row in conn.execute(wanted):
        yield Published(codec.read_issue(row.content), _record(row))


def _record(row: Any) -> Record:
    # the columns are newer than the JSON: the ledger writes `mailed` alone
    return codec.read_record(row.record, mailed=row.mailed, withdrawn=row.withdrawn)


__all__ = [
    "DigestRow",
    "DigestState",
    "digests",
    "forget_digest",
    "get",
    "mark_mailed",
    "published",
    "readable",
    "records",
    "rules",
    "save",
    "save_digest",
    "sources",
    "window",
]
