"""publish - the hall: digests in, issues, editions, register, store and site out.

    folder.scan        the digests and their bytes
      | digest.read    what each one says, with findings
      | identity.decide   new issue, revision, copy, or held for a person
      | render         page, archive, feeds; and the mail once, so that preflight can judge it
      | store.issues   what senders and the desk read
      | register       what can never be recomputed
      | site.write     feeds/, atomically

Nothing is written before everything has been rendered, so a broken template changes nothing. The
store is written before the register and the register before the site: a crash in between is healed
by the next publication, also by one that finds nothing new, and an issue is never taken for mailed
that was not.

Faults: whatever its rooms raise; a bad digest is not one, it is recorded and the others go on.
Never: sends mail, moves or deletes a digest. See: send (the other hall), identity (the rules).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, time
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from publisher import addresses, digest, folder, identity, preflight, register, site
from publisher.errors import PublisherError, RefusedError
from publisher.identity import Candidate, Decision, Match
from publisher.identity.items import matched
from publisher.model import (
    Edition,
    Finding,
    Issue,
    Kind,
    Level,
    Newsletter,
    Published,
    Reading,
    Record,
    Register,
    Send,
    SendState,
    Variant,
)
from publisher.render import feed, mail, page, text
from publisher.settings import Settings
from publisher.store import Store, codec, issues, sends
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
class _Work:
    """What is known while one newsletter is published; `records` and `contents` by slug.

    `stored` are the issues the store knows, `readable` those it has the very text of; `borrowed`
    those of which only another text than the record's was found.
    """

    newsletter: Newsletter
    now: datetime
    others: tuple[Record, ...]
    records: dict[str, Record]
    contents: dict[str, Issue] = field(default_factory=dict)
    stored: frozenset[str] = frozenset()
    readable: frozenset[str] = frozenset()
    borrowed: set[str] = field(default_factory=set)
    seen: dict[str, DigestRow] = field(default_factory=dict)
    present: frozenset[str] = frozenset()
    unread: dict[str, str] = field(default_factory=dict)
    rows: list[DigestRow] = field(default_factory=list)
    outcome: Outcome = field(default_factory=Outcome)
    is_opening: bool = False


# --- the walk -----------------------------------------------------------------


def publish(
    settings: Settings,
    store: Store,
    templates: Mapping[str, str],
    *,
    now: datetime,
    newsletters: Sequence[Newsletter] | None = None,
    files: Sequence[Path] = (),
    as_issue: str | None = None,
    as_new: bool = False,
    rebuild: bool = True,
) -> Outcome:
    """Publish new and changed digests and rebuild what stands on disk.

    With `files` only those are read, at once; `as_issue` or `as_new` decide in a person's name what
    a held digest is. Without `rebuild` nothing is rendered while nothing changed. Publications of
    one home run one after the other.
    """
    total = Outcome()
    with site.lock(settings.home):
        fixed = dict(register.load(settings.register_path).paths)
        placed = {one.slug: one for one in settings.with_paths(fixed).newsletters}
        for asked in newsletters or settings.newsletters:
            newsletter = placed.get(asked.slug, asked)
            known = register.load(settings.register_path)
            work = _open(settings, store, known, newsletter, now)
            if not _read_folder(settings, work, files, as_issue, as_new=as_new):
                total += work.outcome
                continue
            written: tuple[str, ...] = ()
            behind = _behind(settings, newsletter)
            if rebuild or work.contents or work.is_opening or behind.exists():
                _gather_contents(settings, store, work)
                pages = _render(work, templates)
                _judge_mail(work, templates)
                behind.touch()
                _save(settings, store, known, work)
                written = site.write(settings.site_folder, pages, now)
                behind.unlink()
            else:
                _save(settings, store, known, work)
            total += replace(work.outcome, digests=tuple(work.rows), written=written)
    return total


def withdraw(
    settings: Settings,
    store: Store,
    templates: Mapping[str, str],
    newsletter: Newsletter,
    slug: str,
    *,
    now: datetime,
    restore: bool = False,
) -> Record:
    """Take an issue out of feeds and index, leaving a tombstone, and cancel its running sends.

    `restore` brings it back under the same id. Raises RefusedError where there is nothing to do.
    """
    with site.lock(settings.home):
        known = register.load(settings.register_path)
        work = _open(settings, store, known, newsletter, now)
        record = work.records[slug]
        if restore == (record.withdrawn is None):
            state = "not withdrawn" if restore else "withdrawn already"
            raise RefusedError(f"issue {slug} is {state}")
        work.records[slug] = replace(record, withdrawn=None if restore else now)
        _gather_contents(settings, store, work)
        if restore and slug not in work.contents:
            raise RefusedError(
                f"the text of issue {slug} is gone",
                hint="put its digest back and run `publisher publish`",
            )
        pages = _render(work, templates)
        behind = _behind(settings, newsletter)
        behind.touch()
        if not restore:  # first: a crash in between must not leave mail going out
            _cancel_sends(store, newsletter, slug, now)
        _save(settings, store, known, work)
        site.write(settings.site_folder, pages, now)
        behind.unlink()
        return work.records[slug]


def _behind(settings: Settings, newsletter: Newsletter) -> Path:
    """Name the empty file that stands while the site lags behind store and register."""
    return settings.home / f".publish.{newsletter.slug}.behind"


# --- what is known ------------------------------------------------------------


def _open(
    settings: Settings, store: Store, known: Register, newsletter: Newsletter, now: datetime
) -> _Work:
    """Join register and store; each may be ahead of the other after a crash or a restore."""
    fixed = dict(known.paths)
    newsletter = replace(newsletter, path=fixed.get(newsletter.slug, newsletter.path))
    records = {record.slug: record for record in known.of(newsletter.slug)}
    with store.read() as conn:
        stored = {record.slug: record for record in issues.records(conn, newsletter.slug)}
        mailed = _mailed(sends.sends(conn, newsletter.slug))
        readable = issues.readable(conn, newsletter.slug)
        seen = {row.path: row for row in issues.digests(conn, newsletter.slug)}
    for slug, record in stored.items():
        records[slug] = _newer(records.get(slug), record)
    for slug, moment in mailed.items():
        if slug in records and records[slug].mailed is None:
            records[slug] = replace(records[slug], mailed=moment)
    return _Work(
        newsletter=newsletter,
        now=now,
        others=tuple(record for record in known.records if record.newsletter != newsletter.slug),
        records=records,
        seen=seen,
        stored=frozenset(stored),
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


# --- reading and deciding -----------------------------------------------------


def _read_folder(
    settings: Settings,
    work: _Work,
    files: Sequence[Path],
    as_issue: str | None,
    *,
    as_new: bool,
) -> bool:
    """Read what is new in the folder and decide what it is; False when it has to settle first.

    While the register knows nothing of a newsletter, all that is found is back catalogue; so the
    first look waits until no file is still being written. So does one that would take an issue off
    the site because its text stands nowhere but in such a file.
    """
    root = settings.digests_folder(work.newsletter)
    wanted = {folder.inside(root, path) for path in files}
    scan = folder.scan(root, now=work.now.timestamp(), patient=not files)
    young = {found.path for found in scan.found if found.is_young}
    work.outcome = Outcome(young=len(young))
    work.present = scan.paths
    if young and (work.is_opening or _needs_any(settings, work, young)):
        return False
    for name in wanted - scan.paths:
        raise RefusedError("there is no such digest", where=str(root / name))
    candidates: list[Candidate] = []
    readings: dict[str, Reading] = {}
    for found in scan.found:
        if (wanted and found.path not in wanted) or found.is_young:
            continue
        if found.finding is not None:
            _note(work, found.path, "", "aside", (found.finding,))
        elif found.data is not None and not _is_known(work, found.path, found.data):
            reading = digest.read(found.data, name=found.path, base=work.newsletter.site_url)
            readings[found.path] = reading
            candidates += _candidates(work, found.path, found.data, reading)
        else:
            work.unread[found.path] = identity.digest_hash(found.data or b"")
            work.outcome = replace(work.outcome, unchanged=work.outcome.unchanged + 1)
    for decision in _decide(work, candidates, scan.paths, as_issue, as_new=as_new):
        _take(work, decision, readings[decision.candidate.path])
    return True


def _is_known(work: _Work, path: str, data: bytes) -> bool:
    """Say whether these bytes stand published and stored already, so need no reading."""
    digest_hash = identity.digest_hash(data)
    return any(
        record.path == path
        and record.hashes[-1:] == (digest_hash,)
        and record.slug in work.readable
        for record in work.records.values()
    )


def _needs_any(settings: Settings, work: _Work, paths: Collection[str]) -> bool:
    """Say whether an issue's text stands nowhere but in one of these digests."""
    return any(
        record.path in paths
        and record.withdrawn is None
        and slug not in work.readable
        and not _site_copy(settings, work, slug).is_file()
        for slug, record in work.records.items()
    )


def _site_copy(settings: Settings, work: _Work, slug: str) -> Path:
    return settings.site_folder / (addresses.issue_path(work.newsletter, slug) + ISSUE_FILE)


def _candidates(work: _Work, path: str, data: bytes, reading: Reading) -> list[Candidate]:
    """Name the issues of one digest that may be published now."""
    digest_hash = identity.digest_hash(data)
    if reading.is_stopped or not reading.issues:
        _note(work, path, digest_hash, "aside", reading.findings)
        return []
    standing = any(record.path == path for record in work.records.values())
    ready = []
    for issue in reading.issues:
        if issue.draft:
            _note(work, path, digest_hash, "draft", reading.findings)
        elif not standing and _is_early(issue, work.newsletter, work.now):
            _note(work, path, digest_hash, "waiting", reading.findings)
        else:
            ready.append(Candidate(path, issue.part, digest_hash, issue))
    return ready


def _is_early(issue: Issue, newsletter: Newsletter, now: datetime) -> bool:
    if issue.not_before is None:
        return False
    midnight = datetime.combine(issue.not_before, time(), ZoneInfo(newsletter.timezone))
    return now < midnight


def _decide(
    work: _Work,
    candidates: list[Candidate],
    present: frozenset[str],
    as_issue: str | None,
    *,
    as_new: bool,
) -> list[Decision]:
    known = [*work.records.values(), *work.others]  # whose ids are taken, too
    if (as_issue or as_new) and len(candidates) != 1:
        raise RefusedError(
            f"--as and --new take one digest, not {len(candidates)}",
            hint="name one file whose text is not published yet",
        )
    if as_issue:
        record = work.records[as_issue]
        return [identity.as_issue(candidates[0], record, newsletter=work.newsletter, now=work.now)]
    if as_new:
        return [identity.as_new(candidates[0], known, newsletter=work.newsletter, now=work.now)]
    return identity.decide(
        candidates,
        known,
        newsletter=work.newsletter,
        now=work.now,
        present=present,
        back_catalogue=work.is_opening,
        hashes=work.unread,
    )


def _take(work: _Work, decision: Decision, reading: Reading) -> None:
    """Enter one decision in the work's records, contents, rows and outcome."""
    candidate, record = decision.candidate, decision.record
    findings = reading.findings + decision.findings
    if decision.kind in {Match.HELD, Match.COPY} or record is None:
        state = "copy" if decision.kind is Match.COPY else "held"
        _note(work, candidate.path, candidate.digest_hash, state, findings)
        return
    if decision.kind is Match.UNCHANGED and _says_else(record, candidate.issue):
        # the same bytes, read otherwise than when they were published: by a newer publisher
        again = identity.as_issue(candidate, record, newsletter=work.newsletter, now=work.now)
        return _take(work, again, reading)
    work.records[record.slug] = record
    work.contents[record.slug] = candidate.issue
    _note(work, candidate.path, candidate.digest_hash, "published", findings)
    outcome = work.outcome
    if decision.kind is Match.NEW:
        work.outcome = replace(outcome, new=(*outcome.new, record))
    elif decision.kind is Match.REVISION:
        work.outcome = replace(outcome, revised=(*outcome.revised, record))
    else:
        work.outcome = replace(outcome, unchanged=outcome.unchanged + 1)


def _says_else(record: Record, issue: Issue) -> bool:
    """Whether a text is not the one its record was made of, so that their items may not match."""
    return record.text_hash not in {"", identity.text_hash(issue)}


def _note(
    work: _Work, path: str, digest_hash: str, state: str, findings: tuple[Finding, ...]
) -> None:
    work.rows.append(DigestRow(work.newsletter.slug, path, digest_hash, state, findings, work.now))


# --- rendering ----------------------------------------------------------------


def _gather_contents(settings: Settings, store: Store, work: _Work) -> None:
    """Find the text of every issue: just read, in the store, else in its file on the site.

    One older than its record, after a restore, stands for it until the digest has been read again.
    """
    with store.read() as conn:
        kept = {one.record.slug: one.issue for one in issues.window(conn, work.newsletter.slug)}
        for slug in work.stored - kept.keys() - work.contents.keys():
            got = issues.get(conn, work.newsletter.slug, slug)
            if got is not None and got[1] is not None:
                kept[slug] = got[1]
    for slug in work.records.keys() - work.contents.keys():
        if slug in work.readable:
            work.contents[slug] = kept[slug]
            continue
        found = [one for one in (_on_site(settings, work, slug), kept.get(slug)) if one is not None]
        fitting = [one for one in found if not _says_else(work.records[slug], one)]
        if found:
            work.contents[slug] = (fitting or found)[0]
        if not fitting:
            work.borrowed.add(slug)


def _on_site(settings: Settings, work: _Work, slug: str) -> Issue | None:
    """Read an issue back from beside its page."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        return codec.read_issue(_site_copy(settings, work, slug).read_text("utf-8"))
    return None


def _render(work: _Work, templates: Mapping[str, str]) -> dict[str, bytes | None]:
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
        files[where + ISSUE_FILE] = _as_file(published.issue)
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
        files[addresses.feed_path(newsletter, name)] = _bytes(make(window, newsletter))
    return files


def _as_shown(work: _Work, record: Record) -> Record:
    """Give the record of an issue, its items those of the text there is."""
    if record.slug not in work.borrowed:
        return record
    return replace(record, items=matched(record.items, work.contents[record.slug].items))


def _as_file(issue: Issue) -> bytes:
    """Write an issue as data, for people and for a rebuild without its digest."""
    data = json.loads(codec.write_issue(issue))
    return f"{json.dumps(data, ensure_ascii=False, indent=1)}\n".encode()


def _bytes(edition: Edition) -> bytes:
    return edition.body.encode("utf-8")


def editions(
    published: Published,
    newsletter: Newsletter,
    templates: Mapping[str, str],
    variant: Variant | None = None,
) -> dict[str, Edition]:
    """Render the editions that are mailed, by name; personal slots stay unfilled."""
    variant = variant or Variant(newsletter.language, newsletter.look.name)
    return {
        "mail": mail.render(published, newsletter, variant, templates),
        "text": text.render(published, newsletter, variant, templates),
    }


def _judge_mail(work: _Work, templates: Mapping[str, str]) -> None:
    """Add preflight's findings to the rows of what is new or revised.

    A mail that cannot be rendered holds the send; page and feeds go on.
    """
    changed = {record.path: record for record in (*work.outcome.new, *work.outcome.revised)}
    for index, row in enumerate(work.rows):
        record = changed.get(row.path)
        if record is None or row.state != "published":
            continue
        published = Published(work.contents[record.slug], record)
        try:
            found = preflight.check(
                published, work.newsletter, editions(published, work.newsletter, templates)
            )
        except PublisherError as error:
            found = (Finding(Level.HOLD, "template/error", str(error), error.hint),)
        work.rows[index] = replace(row, findings=row.findings + found)


# --- writing ------------------------------------------------------------------


def _save(settings: Settings, store: Store, known: Register, work: _Work) -> None:
    """Write store, then register. What the register knew and the store did not counts as mailed."""
    newsletter = work.newsletter
    remembered = {record.slug for record in known.of(newsletter.slug)}
    with store.begin() as conn:
        for slug, record in work.records.items():
            taken_over = slug in remembered and slug not in work.stored
            mailed = record.mailed or (work.now if taken_over else None)
            content = None if slug in work.borrowed else work.contents.get(slug)
            issues.save(conn, replace(record, mailed=mailed), content)
        for row in work.rows:
            if replace(row, seen=work.now) != _as_seen(work, row.path):
                issues.save_digest(conn, row)
        for path in work.seen.keys() - work.present:
            issues.forget_digest(conn, newsletter.slug, path)
    paths = {**dict(known.paths), newsletter.slug: newsletter.path}
    register.save(
        settings.register_path,
        Register(tuple(sorted(paths.items())), (*work.others, *work.records.values())),
    )


def _as_seen(work: _Work, path: str) -> DigestRow | None:
    """Return what the last scan made of a digest, as if it had been made now."""
    row = work.seen.get(path)
    return None if row is None else replace(row, seen=work.now)


def _cancel_sends(store: Store, newsletter: Newsletter, slug: str, now: datetime) -> None:
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


# --- naming an issue ----------------------------------------------------------


def find(records: Sequence[Record], words: str, *, digests: Path | None = None) -> Record:
    """Find the issue a person means: a slug, `latest`, `#NUMBER`, or the digest's path.

    Raises RefusedError listing the candidates when none or several fit.
    """
    standing = [record for record in records if record.withdrawn is None]
    if words == "latest":
        fitting = sorted(standing, key=lambda record: record.sort_key)[-1:]
    elif words.startswith("#") and words[1:].isdigit():
        fitting = [record for record in records if record.number == int(words[1:])]
    else:
        paths = {words, words.removeprefix("./").removeprefix("digests/")}
        if digests is not None:
            for way in (Path(words), digests.parent / words, digests.parent.parent / words):
                with suppress(RefusedError):
                    paths.add(folder.inside(digests, way))
        fitting = [record for record in records if record.slug == words] or [
            record for record in records if record.path in paths
        ]
    if len(fitting) == 1:
        return fitting[0]
    choices = fitting or sorted(records, key=lambda record: record.sort_key)[-5:]
    listed = ", ".join(record.slug for record in choices)
    raise RefusedError(
        f"{words!r} is {'ambiguous' if fitting else 'no issue'}",
        hint=f"there is: {listed}" if listed else "nothing is published yet: publisher publish",
    )


# --- looking back -------------------------------------------------------------


def state_of(
    settings: Settings, store: Store, newsletter: Newsletter, now: datetime
) -> dict[str, Any]:
    """Describe one newsletter's home as it stands: for `status` and the desk."""
    scan = folder.scan(settings.digests_folder(newsletter), now=now.timestamp())
    with store.read() as conn:
        records = issues.records(conn, newsletter.slug)
        rows = issues.digests(conn, newsletter.slug)
    return {
        "slug": newsletter.slug,
        "title": newsletter.title,
        "issues": len(records),
        "digests": [
            {"path": row.path, "state": row.state, "findings": row.findings}
            for row in rows
            if row.state != "published" and row.path in scan.paths
        ],
        "gone": sorted(
            record.path
            for record in records
            if record.path not in scan.paths and record.withdrawn is None
        ),
        "others": list(scan.others),
    }
