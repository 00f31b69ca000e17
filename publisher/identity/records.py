"""identity.records - the record of an issue: minted once, revised for ever after.

The slug is the number, else the date, else the day of first publication, with `-2`, `-3` where that
is taken, by a withdrawn issue too. The entry id names the host, the day of minting and the place on
the site, so that newsletters of one host never meet: `tag:example.org,2026-04-24:zh/12`. While
there is no site_url it is a `urn:uuid:` of newsletter, digest and slug, the same whenever it is
made. Neither changes with a revision; `updated` does, and only when the visible text did.
Faults: ValueError for a naive `now`. Never: decides what is a revision. See: identity.matching,
identity.items.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Final
from urllib.parse import quote, urlsplit
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from publisher.domains import dns_name
from publisher.identity.items import matched
from publisher.identity.nouns import Candidate, digest_hash, text_hash
from publisher.model import Day, Issue, Newsletter, Record

_IDS: Final = UUID("1f6f4ac5-0c43-5d6f-9d0a-6f0d2a5f4b11")
_SECOND: Final = timedelta(seconds=1)


class Taken:
    """The slugs and ids that are given away for ever; kept up to date while a scan mints."""

    def __init__(self, records: Iterable[Record]) -> None:
        self.slugs: dict[str, set[str]] = {}
        self.ids: set[str] = set()
        for record in records:
            self.add(record)

    def add(self, record: Record) -> None:
        """Take the names of one more record."""
        self.slugs.setdefault(record.newsletter, set()).add(record.slug)
        self.ids.add(record.id)


def mint(
    candidate: Candidate,
    newsletter: Newsletter,
    *,
    known: Iterable[Record] | Taken,
    now: datetime,
    back_catalogue: bool,
) -> Record:
    """Make the first record of an issue.

    `known` are the records there are, of this newsletter at least, or the names they took. Back
    catalogue is dated to noon of the day it states, but never into the future.
    """
    issue, now = candidate.issue, _whole(now)
    taken = known if isinstance(known, Taken) else Taken(known)
    first = stated_slug(issue) or _local_day(now, newsletter).isoformat()
    slug = _untaken(first, taken.slugs.get(newsletter.slug, ()))
    published = now
    if back_catalogue and issue.date is not None:
        published = min(_noon(issue.date, newsletter), now)
    return Record(
        newsletter=newsletter.slug,
        id=_entry_id(candidate, newsletter, slug, taken.ids, now),
        slug=slug,
        path=candidate.path,
        part=candidate.part,
        published=published,
        updated=published,
        number=issue.number,
        date=issue.date,
        title=issue.title,
        hashes=(candidate.digest_hash,),
        text_hash=text_hash(issue),
        items=matched((), issue.items),
        back_catalogue=back_catalogue,
    )


def revise(record: Record, candidate: Candidate, now: datetime) -> Record:
    """Make the record of an issue after a revision.

    Slug, id, first publication, mailed and withdrawn stay what they are.
    """
    issue, text = candidate.issue, text_hash(candidate.issue)
    hashes = record.hashes
    if hashes[-1:] != (candidate.digest_hash,):
        hashes = (*hashes, candidate.digest_hash)
    updated = record.updated
    if text != record.text_hash:
        updated = max(_whole(now), _whole(updated) + _SECOND)
    return replace(
        record,
        path=candidate.path,
        part=candidate.part,
        updated=updated,
        number=issue.number,
        date=issue.date,
        title=issue.title,
        hashes=hashes,
        text_hash=text,
        items=matched(record.items, issue.items),
    )


def provisional(issue: Issue, newsletter: Newsletter, now: datetime) -> Record:
    """Make the record an issue would have if it were published now, the only one; for previews."""
    candidate = Candidate("", issue.part, digest_hash(b""), issue)
    return mint(candidate, newsletter, known=(), now=now, back_catalogue=False)


def stated_slug(issue: Issue) -> str | None:
    """Give the slug an issue's own facts make; None when it states neither number nor date."""
    if issue.number is not None and issue.number >= 0:
        return str(issue.number)
    return None if issue.date is None else issue.date.isoformat()


def mint_feed_id(newsletter: Newsletter, now: datetime) -> str:
    """Name a newsletter's feeds, once and for ever, wherever its site will stand."""
    host, path = _place(newsletter.site_url)
    if host is None:
        return uuid5(_IDS, f"feeds\n{newsletter.slug}").urn
    specific = "/".join(part for part in (path, newsletter.slug) if part)
    return f"tag:{host},{_local_day(now, newsletter).isoformat()}:{quote(specific)}:feeds"


def _entry_id(
    candidate: Candidate, newsletter: Newsletter, slug: str, taken: Collection[str], now: datetime
) -> str:
    host, path = _place(newsletter.site_url)
    if host is None:
        facts = "\n".join((newsletter.slug, candidate.digest_hash, slug))
        return uuid5(_IDS, facts).urn
    parts = (path, newsletter.path.strip("/"), slug)
    specific = quote("/".join(part for part in parts if part), safe="/%-._~!$&'()*+,;=:@")
    return _untaken(f"tag:{host},{_local_day(now, newsletter).isoformat()}:{specific}", taken)


def _place(site_url: str | None) -> tuple[str | None, str]:
    """Take host and path out of a site's address; no host where a tag could not name it."""
    try:
        parts = urlsplit(site_url or "")
        host = dns_name(parts.hostname or "")
    except ValueError:
        return None, ""
    return (host, parts.path.strip("/")) if host and ":" not in host else (None, "")


def _untaken(first: str, taken: Collection[str]) -> str:
    name, count = first, 1
    while name in taken:
        count += 1
        name = f"{first}-{count}"
    return name


def _whole(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("now must carry a time zone")
    return moment.astimezone(UTC).replace(microsecond=0)


def _local_day(moment: datetime, newsletter: Newsletter) -> Day:
    return moment.astimezone(ZoneInfo(newsletter.timezone)).date()


def _noon(day: Day, newsletter: Newsletter) -> datetime:
    return datetime.combine(day, time(12), ZoneInfo(newsletter.timezone)).astimezone(UTC)
