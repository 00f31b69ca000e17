"""looking - what stands published: the issue a person means, and the state of a home.

Faults: RefusedError listing the candidates. Never: changes anything. See: cli, web.desk (who ask).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from publisher import folder
from publisher.errors import RefusedError
from publisher.model import Newsletter, Record
from publisher.settings import Settings
from publisher.store import Store, issues


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
