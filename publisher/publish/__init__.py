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

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from publisher import register, site
from publisher.errors import RefusedError
from publisher.model import Newsletter, Record
from publisher.publish.illustrating import Errands, illustrate, look_again, removed
from publisher.publish.looking import find, place_of, state_of
from publisher.publish.pages import gather_contents, judge_mail, judged, render_site
from publisher.publish.reading import read_folder
from publisher.publish.saving import cancel_sends, save
from publisher.publish.work import ISSUE_FILE, Outcome, open_work
from publisher.render.fitting import editions
from publisher.settings import Settings
from publisher.store import Store


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
    a held digest is, or the `part` of one that holds many issues. Without `rebuild` nothing is rendered while nothing changed. Publications of
    one home run one after the other.
    """
    total = Outcome()
    with site.lock(settings.home):
        errands = Errands(settings.network_allow)
        fixed = dict(register.load(settings.register_path).paths)
        placed = {one.slug: one for one in settings.with_paths(fixed).newsletters}
        for asked in newsletters or settings.newsletters:
            newsletter = placed.get(asked.slug, asked)
            known = register.load(settings.register_path)
            work = open_work(settings, store, known, newsletter, now)
            if not read_folder(settings, work, files, part, as_issue, as_new=as_new):
                total += work.outcome
                continue
            look_again(settings, store, work)
            written: tuple[str, ...] = ()
            behind = _behind(settings, newsletter)
            if rebuild or work.contents or work.is_opening or behind.exists():
                fresh = set(work.contents)
                gather_contents(settings, store, work)
                looked_at = fresh if not (rebuild or behind.exists()) else set(work.contents)
                drawn = illustrate(settings, store, work, looked_at, errands, patient=not rebuild)
                pages = render_site(work, templates) | removed(settings, work)
                judge_mail(work, templates)
                written = site.write(settings.site_folder, drawn, now)
                behind.touch()
                save(settings, store, known, work)
                written += site.write(settings.site_folder, pages, now)
                behind.unlink()
            else:
                save(settings, store, known, work)
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
        known = register.load(settings.register_path)
        work = open_work(settings, store, known, newsletter, now)
        record = work.records[slug]
        if restore == (record.withdrawn is None):
            state = "not withdrawn" if restore else "withdrawn already"
            raise RefusedError(f"issue {slug} is {state}")
        work.records[slug] = replace(record, withdrawn=None if restore else now)
        gather_contents(settings, store, work)
        if restore and slug not in work.contents:
            raise RefusedError(
                f"the text of issue {slug} is gone",
                hint="put its digest back and run `publisher publish`",
            )
        drawn = illustrate(
            settings, store, work, {slug} if restore else (), Errands(settings.network_allow)
        )
        pages = render_site(work, templates) | removed(settings, work)
        site.write(settings.site_folder, drawn, now)
        behind = _behind(settings, newsletter)
        behind.touch()
        if not restore:  # first: a crash in between must not leave mail going out
            cancel_sends(store, newsletter, slug, now)
        save(settings, store, known, work)
        site.write(settings.site_folder, pages, now)
        behind.unlink()
        return work.records[slug]


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
