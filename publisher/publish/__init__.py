"""publish - the hall: digests in, issues, editions, register, store and site out.

    folder.scan        the digests and their bytes
      | digest.read    what each one says, with findings
      | identity.decide   new issue, revision, copy, or held for a person
      | pictures       those of the digests folder, and those from elsewhere if so set
      | render         page, archive, feeds; and the mail once, so that preflight can judge it
      | store.issues   what senders and the desk read
      | register       what can never be recomputed
      | site.write     feeds/, atomically

Nothing is written before everything has been rendered, so a broken template changes nothing. New
pictures come first, for nothing mentions them yet. The store is written before the register and the
register before the site: a crash in between is healed by the next publication, also by one that
finds nothing new, and an issue is never taken for mailed that was not.

Faults: whatever its rooms raise; a bad digest is not one, it is recorded and the others go on.
Never: sends mail, moves or deletes a digest. See: send (the other hall), identity (the rules).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from publisher import register, site
from publisher.errors import RefusedError
from publisher.model import Newsletter, Record
from publisher.publish.drawing import Files
from publisher.publish.gathering import gather_contents
from publisher.publish.illustrating import Errands, illustrate, look_again, removed
from publisher.publish.judging import judge_mail, judged
from publisher.publish.looking import find, place_of, state_of
from publisher.publish.reading import read_folder
from publisher.publish.renewing import Found, make_found, redraw, rejoin, renew, strays
from publisher.publish.saving import cancel_sends, registered, save
from publisher.publish.work import ISSUE_FILE, MANY, Outcome, Work, open_work
from publisher.render.fitting import editions
from publisher.settings import Settings
from publisher.store import Store, issues, pings, shelf


def publish(
    settings: Settings,
    store: Store,
    templates: Mapping[str, str],
    *,
    now: datetime,
    newsletters: Sequence[Newsletter] | None = None,
    files: Sequence[Path] = (),
    part: str | None = None,
    as_issue: str | None = None,
    as_new: bool = False,
    rebuild: bool = True,
) -> Outcome:
    """Publish new and changed digests and rebuild what stands on disk.

    With `files` only those are read, at once; `as_issue` or `as_new` decide in a person's name what
    a held digest is, or the `part` of one that holds many issues. Without `rebuild` only what is
    touched is rendered, where register, store and shelf tell the same; all of it once, where
    settings, templates or program have changed. Publications of one home run one after the other.
    """
    total = Outcome()
    with site.lock(settings.home):
        errands, is_scan = Errands(settings.network_allow), not (rebuild or files)
        fixed = dict(register.heads(settings.register_path).paths)
        placed = {one.slug: one for one in settings.with_paths(fixed).newsletters}
        for asked in newsletters or settings.newsletters:
            newsletter = placed.get(asked.slug, asked)
            work = open_work(settings, store, newsletter, now, templates)
            if not read_folder(settings, store, work, files, part, as_issue, as_new=as_new):
                total += work.outcome
                continue
            look_again(settings, store, work)
            is_late = rebuild or work.is_opening or _behind(settings, newsletter).exists()
            is_whole = is_late or not work.is_in_step or len(work.contents) > MANY
            is_due = is_late or work.is_stale or bool(work.contents)
            written: tuple[str, ...] = ()
            if is_due:
                fresh = set(work.contents)
                if is_whole:
                    gather_contents(settings, store, work)
                looked_at = set(work.contents) if is_late else fresh
                drawn = illustrate(settings, store, work, looked_at, errands, patient=is_scan)
                judge_mail(store, work, templates)
                written = site.write(settings.site_folder, drawn, now)
                written += _bring_out(settings, store, work, templates, fresh if is_whole else None)
            else:
                _keep(settings, store, work)
            total += replace(work.outcome, digests=tuple(work.rows.values()), written=written)
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
        work = open_work(settings, store, newsletter, now, templates)
        work.present = frozenset(path for path, _ in work.seen)  # nobody looks: all stays known
        record = work.records[slug]
        if restore == (record.withdrawn is None):
            state = "not withdrawn" if restore else "withdrawn already"
            raise RefusedError(f"issue {slug} is {state}")
        work.records[slug] = replace(record, withdrawn=None if restore else now)
        is_whole = not work.is_in_step or _behind(settings, newsletter).exists()
        if is_whole:
            gather_contents(settings, store, work)
        else:
            with store.read() as conn:
                found = issues.get(conn, newsletter.slug, slug)
            if found is not None and found[1] is not None:
                work.contents[slug] = found[1]
        if restore and slug not in work.contents:
            raise RefusedError(
                f"the text of issue {slug} is gone",
                hint="put its digest back and run `publisher publish`",
            )
        drawn = illustrate(
            settings, store, work, {slug} if restore else (), Errands(settings.network_allow)
        )
        site.write(settings.site_folder, drawn, now)
        if not restore:  # first: a crash in between must not leave mail going out
            cancel_sends(store, newsletter, slug, now)
        _bring_out(settings, store, work, templates, {slug} if is_whole else None)
        return work.records[slug]


def _bring_out(
    settings: Settings,
    store: Store,
    work: Work,
    templates: Mapping[str, str],
    fresh: Collection[str] | None,
) -> tuple[str, ...]:
    """Write store, register and site, in this order; give the paths that changed.

    With `fresh`, the issues whose text is new, all is made anew; without it what is touched.
    """
    newsletter, behind = work.newsletter, _behind(settings, work.newsletter)
    was_behind = behind.exists()
    files: Files = {}
    found: Found = {}
    if fresh is not None:
        if was_behind:  # a crash may have kept what was told before from being found
            fresh = work.contents.keys()
        files, found = redraw(store, work, templates, fresh)
    with store.begin() as conn:
        if fresh is not None:
            files |= rejoin(conn, work, templates)
        else:
            files |= renew(conn, work, templates, sorted(work.contents.keys() | _moved(work)))
        data = registered(settings, conn, work)
        # borrowed texts are not in the store, to be drawn from: such a shelf is in step with nothing
        made = shelf.State(work.rendering, "" if work.borrowed else register.hash_of(data))
        shelf.set_state(conn, newsletter.slug, made, register.hash_of(work.register))
        behind.touch()
    make_found(store, work, found)
    register.write(settings.register_path, data)
    withdrawn = [slug for slug in _moved(work) if work.records[slug].withdrawn is not None]
    if fresh is not None:
        withdrawn = [one.slug for one in work.records.everything() if one.withdrawn is not None]
        files |= strays(settings.site_folder, newsletter.path, files)
    files |= removed(settings, work, withdrawn)
    written = site.write(settings.site_folder, files, work.now)
    if fresh is not None:
        site.sweep(settings.site_folder)
    if newsletter.hubs:  # while it is behind: a crash in between tells them the next time
        there = [path for path in (files if was_behind else written) if files[path] is not None]
        with store.begin() as conn:
            pings.owe(conn, newsletter, pings.topics(newsletter, there), work.now)
    behind.unlink()
    return written


def _keep(settings: Settings, store: Store, work: Work) -> None:
    """Write store and register where no document is touched."""
    with store.begin() as conn:
        save(conn, work)
        if work.is_in_step:
            for slug in work.records.touched:
                shelf.mark_mailed(conn, work.newsletter.slug, slug, work.records[slug].mailed)
        data = registered(settings, conn, work)
        if not work.is_in_step:  # what is saved now is not shelved, and must not be taken for it
            shelf.distrust(conn, work.newsletter.slug)
        elif data != work.register:
            found = shelf.State(work.rendering, register.hash_of(data))
            shelf.set_state(conn, work.newsletter.slug, found, register.hash_of(work.register))
    register.write(settings.register_path, data)


def _moved(work: Work) -> set[str]:
    """Name the issues that were withdrawn or restored."""
    return {
        slug
        for slug in work.records.touched
        if slug in work.stored
        and (work.stored[slug].withdrawn is None) != (work.records[slug].withdrawn is None)
    }


def _behind(settings: Settings, newsletter: Newsletter) -> Path:
    """Name the empty file that stands while the site lags behind store and register."""
    return settings.home / f".publish.{newsletter.slug}.behind"


__all__ = [
    "ISSUE_FILE",
    "Outcome",
    "editions",
    "find",
    "judged",
    "place_of",
    "publish",
    "state_of",
    "withdraw",
]
