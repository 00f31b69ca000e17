"""reading - the digests of a folder read, and decided: new, revised, copied, held, set aside.

Faults: RefusedError for what a person asked in vain; a bad digest is a row with findings.
Never: writes, renders. See: folder (bytes), digest (what they say), identity (what they are).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

from publisher import digest, folder, identity, preflight
from publisher.errors import RefusedError
from publisher.identity import Candidate, Decision, Match
from publisher.model import Issue, Newsletter, Reading
from publisher.publish.work import Outcome, Work, note, says_else, site_copy
from publisher.settings import Settings


def read_folder(
    settings: Settings,
    work: Work,
    files: Sequence[Path],
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
    scan = folder.scan(root, now=work.now.timestamp(), patient=not files)
    young = {found.path for found in scan.found if found.is_young}
    work.outcome = Outcome(young=len(young))
    work.present = scan.paths
    if (lost := folder.fault(root)) and not files:
        note(work, "", "", "aside", (lost,))
        if work.is_opening:
            work.outcome = replace(work.outcome, digests=tuple(work.rows))
            return False
        work.present = frozenset({"", *work.seen})  # what was held by its digest stays held
        return True
    if young and (work.is_opening or _needs_any(settings, work, young)):
        return False
    for name in named - scan.paths:
        raise RefusedError("there is no such digest", where=str(root / name))
    candidates: list[Candidate] = []
    readings: dict[str, Reading] = {}
    for found in scan.found:
        if (wanted and found.path not in wanted) or found.is_young:
            continue
        if found.finding is not None:
            note(work, found.path, "", "aside", (found.finding,))
        elif found.data is not None and (
            found.path in named or not _is_known(work, found.path, found.data)
        ):
            reading = digest.read(found.data, name=found.path, newsletter=work.newsletter)
            readings[found.path] = reading
            candidates += _candidates(work, found.path, found.data, reading)
        else:
            work.unread[found.path] = identity.digest_hash(found.data or b"")
            work.outcome = replace(work.outcome, unchanged=work.outcome.unchanged + 1)
    for decision in _decide(work, candidates, scan.paths, as_issue, as_new=as_new):
        _take(work, decision, readings[decision.candidate.path])
    return True


def _is_known(work: Work, path: str, data: bytes) -> bool:
    """Say whether these bytes stand published and stored already, so need no reading."""
    digest_hash = identity.digest_hash(data)
    return any(
        record.path == path
        and record.hashes[-1:] == (digest_hash,)
        and record.slug in work.readable
        for record in work.records.values()
    )


def _needs_any(settings: Settings, work: Work, paths: Collection[str]) -> bool:
    """Say whether an issue's text stands nowhere but in one of these digests."""
    return any(
        record.path in paths
        and record.withdrawn is None
        and slug not in work.readable
        and not site_copy(settings, work, slug).is_file()
        for slug, record in work.records.items()
    )


def _candidates(work: Work, path: str, data: bytes, reading: Reading) -> list[Candidate]:
    """Name the issues of one digest that may be published now."""
    digest_hash = identity.digest_hash(data)
    if reading.is_stopped or not reading.issues:
        note(work, path, digest_hash, "aside", reading.findings)
        return []
    standing = any(record.path == path for record in work.records.values())
    ready = []
    for issue in reading.issues:
        if not issue.draft and (empty := preflight.emptiness(issue)):
            note(work, path, digest_hash, "aside", (*reading.findings, *empty))
        elif issue.draft:
            note(work, path, digest_hash, "draft", reading.findings)
        elif not standing and _is_early(issue, work.newsletter, work.now):
            note(work, path, digest_hash, "waiting", reading.findings)
        else:
            ready.append(Candidate(path, issue.part, digest_hash, issue))
    return ready


def _is_early(issue: Issue, newsletter: Newsletter, now: datetime) -> bool:
    if issue.not_before is None:
        return False
    midnight = datetime.combine(issue.not_before, time(), ZoneInfo(newsletter.timezone))
    return now < midnight


def _decide(
    work: Work,
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


def _take(work: Work, decision: Decision, reading: Reading) -> None:
    """Enter one decision in the work's records, contents, rows and outcome."""
    candidate, record = decision.candidate, decision.record
    findings = reading.findings + decision.findings
    if decision.kind in {Match.HELD, Match.COPY} or record is None:
        state = "copy" if decision.kind is Match.COPY else "held"
        note(work, candidate.path, candidate.digest_hash, state, findings)
        return
    if decision.kind is Match.UNCHANGED and says_else(record, candidate.issue):
        # the same bytes, read otherwise than when they were published: by a newer publisher
        again = identity.as_issue(candidate, record, newsletter=work.newsletter, now=work.now)
        return _take(work, again, reading)
    work.records[record.slug] = record
    work.contents[record.slug] = candidate.issue
    note(work, candidate.path, candidate.digest_hash, "published", findings)
    outcome = work.outcome
    if decision.kind is Match.NEW:
        work.outcome = replace(outcome, new=(*outcome.new, record))
    elif decision.kind is Match.REVISION:
        work.outcome = replace(outcome, revised=(*outcome.revised, record))
    else:
        work.outcome = replace(outcome, unchanged=outcome.unchanged + 1)
