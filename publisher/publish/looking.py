"""looking - what stands published: the issue a person means, and the state of a home.

Faults: RefusedError listing the candidates. Never: changes anything. See: cli, web.desk (who ask).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from publisher import folder
from publisher.errors import RefusedError
from publisher.model import Newsletter, Record
from publisher.settings import Settings
from publisher.store import Store, issues

_MOST: Final = 5


def find(records: Sequence[Record], words: str, *, digests: Path | None = None) -> Record:
    """Find the issue a person means: a slug, `latest`, `#NUMBER`, or the digest's path.

    One of many in a digest is `PATH#PART`. Raises RefusedError listing the candidates when none or several fit.
    """
    standing = [record for record in records if record.withdrawn is None]
    if words == "latest":
        fitting = sorted(standing, key=lambda record: record.sort_key)[-1:]
    elif words.startswith("#") and words[1:].isdigit():
        fitting = [record for record in records if record.number == int(words[1:])]
    else:
        path, _, part = words.rpartition("#")
        fitting = (
            [record for record in records if record.slug == words]
            or [record for record in records if record.path in _paths(words, digests)]
            or [one for one in records if one.part == part and one.path in _paths(path, digests)]
        )
    if len(fitting) == 1:
        return fitting[0]
    choices = sorted(fitting or records, key=lambda record: record.sort_key)
    named = [_named(record) if fitting else record.slug for record in choices[-_MOST:]]
    listed = ", ".join(named) + (" and older ones" if len(choices) > _MOST else "")
    raise RefusedError(
        f"{words!r} is {'ambiguous' if fitting else 'no issue'}",
        hint=f"there is: {listed}" if listed else "nothing is published yet: publisher publish",
    )


def _paths(words: str, digests: Path | None) -> set[str]:
    """Give the paths in the folder that a person may mean."""
    paths = {words, words.removeprefix("./").removeprefix("digests/")}
    if digests is not None and words:
        for way in (Path(words), digests.parent / words, digests.parent.parent / words):
            with suppress(RefusedError):
                paths.add(folder.inside(digests, way))
    return paths


def _named(record: Record) -> str:
    return f"{record.slug} ({place_of(record)})" if record.part else record.slug


def place_of(record: Record) -> str:
    """Name where an issue is read from, as `find` understands it."""
    return record.path if record.part is None else f"{record.path}#{record.part}"


def state_of(
    settings: Settings, store: Store, newsletter: Newsletter, now: datetime
) -> dict[str, Any]:
    """Describe one newsletter's home as it stands: for `status` and the desk."""
    scan = folder.scan(settings.digests_folder(newsletter), now=now.timestamp())
    with store.read() as conn:
        records = issues.records(conn, newsletter.slug)
        rows = issues.digests(conn, newsletter.slug)
    read = {row.path for row in rows if not row.part and row.state == "published"}
    there = {row.source for row in rows}
    return {
        "slug": newsletter.slug,
        "title": newsletter.title,
        "issues": len(records),
        "digests": [
            {"path": row.place, "state": row.state, "findings": row.findings}
            for row in rows
            if row.state != "published" and row.path in scan.paths
        ],
        "gone": sorted(
            place_of(record)
            for record in records
            if record.withdrawn is None
            and (
                record.path not in scan.paths
                or (record.part and record.path in read and (record.path, record.part) not in there)
            )
        ),
        "others": list(scan.others),
    }
