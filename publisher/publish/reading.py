"""reading - the digests of a folder read, and decided: new, revised, copied, held, set aside.

Faults: RefusedError for what a person asked in vain; a bad digest is a row with findings.
Never: writes, renders. See: folder (bytes), digest (what they say), identity (what they are).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

from publisher import digest, folder, identity, preflight
from publisher.errors import RefusedError
from publisher.identity import Candidate, Decision, Match
from publisher.model import Finding, Issue, Newsletter, Reading, Record
from publisher.publish.work import Outcome, Work, note, says_else, site_copy
from publisher.settings import Settings
from publisher.store import Store, shelf
from publisher.store.issues import DigestRow
from publisher.store.shelf import Spine


def read_folder(
    settings: Settings,
    store: Store,
    work: Work,
    files: Sequence[Path],
    part: str | None,
    as_issue: str | None,
    *,
    as_new: bool,
) -> bool:
    """Read what is new in the folder and decide what it is; False when it has to settle first.

    While the register knows nothing of a newsletter, all that is found is back catalogue; so the
    first look waits until no file is still being written. So does one that would take an issue off
    the site because its text stands nowhere but in such a file. A lost folder opens nothing, and
    what was known of its digests stays known.
    """
    root = settings.digests_folder(work.newsletter)
    named = {folder.inside(root, path) for path in files}
    wanted = set() if work.is_opening else named  # all that is there first is back catalogue
    if work.is_opening and work.newsletter.digests == f"digests/{work.newsletter.slug}":
        with suppress(OSError):  # the place a further newsletter has by itself; told below if not
            root.mkdir(parents=True, exist_ok=True)
    scan = folder.scan(
        root, now=work.now.timestamp(), patient=not files, only=wanted if wanted else None
    )
    young = {found.path for found in scan.found if found.is_young}
    work.outcome = Outcome(young=len(young))
    work.present = scan.paths
    if (lost := folder.fault(root)) and not files:
        note(work, "", "", "aside", (lost,))
        if work.is_opening:
            work.outcome = replace(work.outcome, digests=tuple(work.rows.values()))
            return False
        work.present = frozenset(
            {"", *(path for path, _ in work.seen)}
        )  # what was held by its digest stays held
        return True
    if young and (work.is_opening or _needs_any(settings, work, young)):
        return False
    for name in named - scan.paths:
        raise RefusedError("there is no such digest", where=str(root / name))
    candidates: list[Candidate] = []
    texts: dict[str, _Text] = {}
    at = _Standing(work)
    for found in scan.found:
        if (wanted and found.path not in wanted) or found.is_young:
            continue
        if found.finding is not None:
            note(work, found.path, "", "aside", (found.finding,))
            continue
        digest_hash = identity.digest_hash(found.data or b"")
        is_named = found.path in named
        there: dict[tuple[str, str | None], str]
        if found.data is None:
            there = {(found.path, None): digest_hash}
        else:
            there = {} if is_named else at.unchanged(found.path, digest_hash)
        if there or found.data is None:
            work.unread |= there
            work.outcome = replace(work.outcome, unchanged=work.outcome.unchanged + 1)
        else:
            reading = digest.read(found.data, name=found.path, newsletter=work.newsletter)
            texts[found.path] = _Text(found.path, digest_hash, reading, is_named)
            candidates += _candidates(work, texts[found.path], at)
    if as_issue or as_new:
        candidates = [_meant(candidates, at, part)]
    else:
        work.read |= {text.path for text in texts.values() if not text.reading.is_stopped}
    for decision in _decide(store, work, candidates, scan.paths, as_issue, as_new=as_new):
        _take(work, decision, texts[decision.candidate.path])
    return True


@dataclass(frozen=True, slots=True)
class _Text:
    """A digest that was read; `is_named`: because a person asked for it."""

    path: str
    digest_hash: str
    reading: Reading
    is_named: bool

    def findings(self, part: str | None) -> tuple[Finding, ...]:
        """Give what was found in one part; without one, in none: in the digest itself."""
        reading = self.reading
        extents = [each for each in reading.extents if part in {None, each.part}]
        return tuple(
            finding
            for finding in reading.findings
            if any(each.holds(finding) for each in extents) == (part is not None)
        )


class _Standing:
    """The issues of a newsletter by the path and part they stand at, and the parts last seen."""

    def __init__(self, work: Work) -> None:
        self.readable = work.readable
        self.seen = work.seen
        self._records = work.records
        self._spines: dict[tuple[str, str | None], list[Spine]] = {}
        for spine in work.records.spines.values():
            self._spines.setdefault((spine.path, spine.part), []).append(spine)

    def at(self, path: str, part: str | None) -> list[Spine]:
        """List the issues that stand at one place, the one touched last at the end."""
        found = self._spines.get((path, part), [])
        if len(found) < 2:
            return found
        records = self._records.some(spine.slug for spine in found)
        ordered = sorted(records, key=lambda one: (one.updated, one.sort_key))
        return [self._records.spines[record.slug] for record in ordered]

    def unchanged(self, path: str, digest_hash: str) -> dict[tuple[str, str | None], str]:
        """Give the hashes of what these bytes hold, where all is published and stored already."""
        if any(
            spine.hash == digest_hash and spine.slug in self.readable
            for spine in self.at(path, None)
        ):
            return {(path, None): digest_hash}
        parts: dict[tuple[str, str | None], str] = {}
        for row in self.seen.of(path):
            if row.digest_hash != digest_hash or row.state != "published":
                return {}
            if not row.part:
                continue
            spine = next(reversed(self.at(path, row.part)), None)
            if spine is None or spine.slug not in self.readable:
                return {}
            parts[path, row.part] = spine.hash
        return parts


def _needs_any(settings: Settings, work: Work, paths: Collection[str]) -> bool:
    """Say whether an issue's text stands nowhere but in one of these digests."""
    return any(
        spine.path in paths
        and slug not in work.readable
        and work.records[slug].withdrawn is None
        and not site_copy(settings, work, slug).is_file()
        for slug, spine in work.records.spines.items()
    )


def _candidates(work: Work, text: _Text, at: _Standing) -> list[Candidate]:
    """Name the issues of one digest that may be published now."""
    path, reading = text.path, text.reading
    if reading.is_stopped or not reading.issues:
        note(work, path, text.digest_hash, "aside", reading.findings)
        return []
    if reading.extents:
        note(work, path, text.digest_hash, "published", text.findings(None))
    own = [extent.hash for extent in reading.extents] or [text.digest_hash]
    ready = []
    for issue, digest_hash in zip(reading.issues, own, strict=True):
        found = text.findings(issue.part)
        if not issue.draft and (empty := preflight.emptiness(issue)):
            note(work, path, text.digest_hash, "aside", (*found, *empty), issue.part)
        elif issue.draft:
            note(work, path, text.digest_hash, "draft", found, issue.part)
        elif not at.at(path, issue.part) and _is_early(issue, work.newsletter, work.now):
            note(work, path, text.digest_hash, "waiting", found, issue.part)
        else:
            ready.append(Candidate(path, issue.part, digest_hash, issue))
    return ready


def _meant(candidates: list[Candidate], at: _Standing, part: str | None) -> Candidate:
    """Choose the one candidate that `--as` or `--new` speaks of: named, or the only one that waits."""
    found = [each for each in candidates if part in {None, each.part}]
    if len(found) > 1:
        published = {spine.hash for each in found for spine in at.at(*each.source)}
        found = [each for each in found if each.digest_hash not in published] or found
    if len(found) == 1:
        return found[0]
    if part is not None:
        raise RefusedError(f"there is no one issue {part} in that digest")
    names = [f"{each.path}#{each.part}" for each in found if each.part]
    raise RefusedError(
        f"--as and --new take one digest, not {len(found)}",
        hint=f"name one of its issues: {', '.join(names[:5])}"
        if names
        else "name one file whose text is not published yet",
    )


def _is_early(issue: Issue, newsletter: Newsletter, now: datetime) -> bool:
    if issue.not_before is None:
        return False
    midnight = datetime.combine(issue.not_before, time(), ZoneInfo(newsletter.timezone))
    return now < midnight


def _decide(
    store: Store,
    work: Work,
    candidates: list[Candidate],
    present: frozenset[str],
    as_issue: str | None,
    *,
    as_new: bool,
) -> list[Decision]:
    if as_issue:
        record = work.records[as_issue]
        return [identity.as_issue(candidates[0], record, newsletter=work.newsletter, now=work.now)]
    if as_new:
        return [
            identity.as_new(candidates[0], work.names, newsletter=work.newsletter, now=work.now)
        ]
    return identity.decide(
        candidates,
        _that_matter(store, work, candidates, present),
        newsletter=work.newsletter,
        now=work.now,
        present=present,
        back_catalogue=work.is_opening,
        hashes=work.unread,
        taken=work.names,
    )


def _that_matter(
    store: Store, work: Work, candidates: Sequence[Candidate], present: frozenset[str]
) -> list[Record]:
    """Give the records that can matter to what some candidates are."""
    if not work.is_in_step:
        return work.records.everything()
    texts = {candidate.digest_hash for candidate in candidates}
    texts |= {url for candidate in candidates for url in candidate.issue.addresses}
    names = {candidate.issue.id for candidate in candidates}
    with store.read() as conn:
        slugs = set(shelf.marked(conn, work.newsletter.slug, texts)) if candidates else set()
    paths = {candidate.path for candidate in candidates}
    spines = work.records.spines.values()
    stands = Counter((one.path, one.part) for one in spines)
    unread = {path for path, _ in work.unread}  # of these it is known which parts they still hold
    gone = {source for source in stands if source[0] not in present}
    gone |= {one for one in stands if one[0] in unread and one not in work.unread}
    gone |= {source for source, count in stands.items() if count > 1}  # one of them stands there
    near = [
        one
        for one in spines
        if one.slug in slugs or (one.path, one.part) in gone or {one.slug, one.id} & names
    ]
    paths |= {one.path for one in near}  # who shares a digest says who stands there
    return work.records.some(one.slug for one in spines if one.path in paths)


def _take(work: Work, decision: Decision, text: _Text) -> None:
    """Enter one decision in the work's records, contents, rows and outcome."""
    candidate, record = decision.candidate, decision.record
    path, part = candidate.path, candidate.part
    findings = text.findings(part) + decision.findings
    if decision.kind in {Match.HELD, Match.COPY} or record is None:
        state = "copy" if decision.kind is Match.COPY else "held"
        note(work, path, text.digest_hash, state, findings, part)
        return
    if decision.kind is Match.UNCHANGED and says_else(record, candidate.issue):
        # the same bytes, read otherwise than when they were published: by a newer publisher
        again = identity.as_issue(candidate, record, newsletter=work.newsletter, now=work.now)
        return _take(work, again, text)
    outcome = work.outcome
    if decision.kind is Match.NEW:
        work.outcome = replace(outcome, new=(*outcome.new, record))
    elif decision.kind is Match.REVISION:
        work.outcome = replace(outcome, revised=(*outcome.revised, record))
    else:
        work.outcome = replace(outcome, unchanged=outcome.unchanged + 1)
        row = work.seen.get((path, part or ""))
        is_seen = row is not None and row.digest_hash == text.digest_hash
        if row and is_seen and record.slug in work.readable and not text.is_named:
            note(work, path, text.digest_hash, "published", row.findings, part)
            return  # nothing of the file has moved: the text is stored as it stands
        findings += _judged(row)
        work.reread.add(record.slug)
    work.records[record.slug] = record
    work.contents[record.slug] = candidate.issue
    note(work, path, text.digest_hash, "published", findings, part)


def _judged(row: DigestRow | None) -> tuple[Finding, ...]:
    """Keep what preflight said of an issue that did not change; its lines may have moved."""
    found = row.findings if row else ()
    return tuple(
        replace(one, line=None, column=None)
        for one in found
        if not one.code.startswith(("digest/", "identity/"))
    )
