"""illustrating - an issue's pictures gathered and put beside its page.

They stand on the site before anything mentions them, under names made of their bytes, and are not
taken away when a revision no longer shows them: mail that has left still does. Only withdrawing an
issue takes its pictures, too.
Faults: as findings in the digest's row. Never: writes; encodes a picture (see pictures); opens a
connection but through outbound.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from publisher import addresses, folder, outbound, pictures
from publisher.digest.source.decode import decode
from publisher.model import Finding, Issue, Picture, in_order
from publisher.publish.work import Work, site_copy
from publisher.render import images
from publisher.settings import Settings
from publisher.store import Store, codec, issues

SECONDS: Final = 40.0
"""For all fetches of one publication, less than the patience of who waits for its lock."""
MOST_BYTES: Final = 200_000_000
"""Of all fetches of one publication: they are kept until it is done."""


class Errands:
    """Fetches pictures for one publication: each address once, no more from a host that is dumb."""

    def __init__(self, allow: Collection[str]) -> None:
        self._allow = tuple(allow)
        self._brought: dict[str, tuple[bytes, str]] = {}
        self._dumb: dict[str, str] = {}
        self._end: float | None = None
        self._bytes = 0

    def fetch(self, address: str) -> tuple[bytes, str]:
        """Bring what stands at an address, or say why it cannot be had."""
        if address not in self._brought:
            self._brought[address] = self._fetch(address)
        return self._brought[address]

    def _fetch(self, address: str) -> tuple[bytes, str]:
        host = address.partition("://")[2].partition("/")[0]
        if host in self._dumb:
            return b"", self._dumb[host]
        begun = time.monotonic()
        self._end = self._end or begun + SECONDS
        if begun >= self._end:
            return b"", f"this publication has fetched for {SECONDS:g} s already"
        if self._bytes >= MOST_BYTES:
            return b"", f"this publication has fetched {MOST_BYTES / 1e6:g} MB already"
        answer = outbound.fetch(
            address, most=pictures.MOST_BYTES_IN, allow=self._allow, accept=pictures.ACCEPTED
        )
        if answer.is_dumb:
            self._dumb[host] = answer.why
        self._bytes += len(answer.data)
        return answer.data, answer.why


def illustrate(
    settings: Settings,
    store: Store,
    work: Work,
    slugs: Collection[str],
    errands: Errands,
    *,
    patient: bool = False,
) -> dict[str, bytes | None]:
    """Gather the pictures of some issues; give the new files, by their paths on the site.

    Where it is `patient`, a file that may still be being written is left for the next time.
    """
    files: dict[str, bytes | None] = {}
    findings: dict[tuple[str, str], list[Finding]] = {}
    for slug in sorted(slugs):
        issue, record = work.contents[slug], work.records[slug]
        if record.withdrawn is not None or slug in work.borrowed:
            continue
        found = findings.setdefault((record.path, record.part or ""), [])
        if not images.addresses(issue):
            continue
        gathered = pictures.gather(
            issue,
            work.newsletter,
            root=settings.digests_folder(work.newsletter),
            digest=record.path,
            standing=_standing(settings, store, work, slug),
            fetch=errands.fetch if work.newsletter.images == "rehost" else None,
            line_of=partial(line_of, settings.digests_folder(work.newsletter) / record.path),
            now=work.now.timestamp() if patient else None,
        )
        where = addresses.issue_path(work.newsletter, slug)
        files |= {where + name: data for name, data in gathered.files.items()}
        found += gathered.findings
        if tuple(gathered.pictures) != issue.pictures:
            work.contents[slug] = replace(issue, pictures=tuple(gathered.pictures))
            work.redrawn.add(slug)
    for source, told in findings.items():
        _tell(work, source, told)
    return files


def look_again(settings: Settings, store: Store, work: Work) -> None:
    """Take up issues whose digests have not changed, but whose missing pictures have come."""
    root = settings.digests_folder(work.newsletter)
    with store.read() as conn:
        lacking = issues.digests(conn, work.newsletter.slug, code=pictures.MISSING)
    rows = {row.source: row for row in lacking}
    for slug, spine in work.records.spines.items():
        row = rows.get((spine.path, spine.part or ""))
        if row is None or slug in work.contents or slug not in work.readable:
            continue
        with store.read() as conn:
            got = issues.get(conn, work.newsletter.slug, slug)
        record = work.records[slug]
        if got is None or got[1] is None or record.withdrawn is not None:
            continue
        now = work.now.timestamp()
        if pictures.have_come(got[1], root, record.path, row.findings, now=now):
            work.contents[slug] = got[1]


def removed(settings: Settings, work: Work, slugs: Iterable[str]) -> dict[str, bytes | None]:
    """Name the pictures of withdrawn issues, to be taken from the site."""
    files: dict[str, bytes | None] = {}
    for slug in slugs:
        where = addresses.issue_path(work.newsletter, slug)
        with suppress(OSError):
            there = sorted(path.name for path in (settings.site_folder / where).iterdir())
            files |= {where + name: None for name in there if pictures.is_ours(name)}
    return files


def _standing(settings: Settings, store: Store, work: Work, slug: str) -> dict[str, Picture]:
    """Find the pictures of an issue whose files stand beside its page."""
    beside = site_copy(settings, work, slug)
    known = [work.contents[slug]]
    if slug in work.stored:
        with store.read() as conn:
            got = issues.get(conn, work.newsletter.slug, slug)
        known += [got[1]] if got and got[1] else []
    known += [on_site] if (on_site := read_copy(beside)) else []
    return {
        picture.address: picture
        for issue in reversed(known)
        for picture in issue.pictures
        if not picture.file
        or (pictures.is_ours(picture.file) and (beside.parent / picture.file).is_file())
    }


def read_copy(path: Path) -> Issue | None:
    """Read an issue back from beside its page."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        return codec.read_issue(path.read_text("utf-8"))
    return None


def line_of(path: Path, address: str) -> int | None:
    """Find the line that names a picture, in the digest as it is now."""
    data = folder.read(path, path.name, now=0.0, patient=False).data
    text = decode(data).text if data is not None else None
    return pictures.line_in(text, address) if text else None


def _tell(work: Work, source: tuple[str, str], told: list[Finding]) -> None:
    """Put findings on pictures in the place of those the digest's row had."""
    row = work.rows.get(source) or work.seen.get(source)
    if row is None or row.state != "published":
        return
    others = [one for one in row.findings if one.code not in pictures.CODES]
    changed = replace(row, findings=in_order((*others, *told)), seen=work.now)
    is_tried = any(one.code == pictures.UNFETCHED for one in told)  # in vain, and just now
    if source in work.rows or is_tried or changed.findings != row.findings:
        work.rows[source] = changed
