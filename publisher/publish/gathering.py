"""gathering - the texts of issues found again: just read, in the store, else on the site.

Never: reads digests, writes. See: reading (just read), illustrating (read_copy).
"""

from __future__ import annotations

from publisher.publish.illustrating import read_copy
from publisher.publish.work import Work, says_else, site_copy
from publisher.settings import Settings
from publisher.store import Store, issues


def gather_contents(settings: Settings, store: Store, work: Work) -> None:
    """Find the text of every issue: just read, in the store, else in its file on the site.

    One older than its record, after a restore, stands for it until the digest has been read again.
    """
    with store.read() as conn:
        kept = {one.record.slug: one.issue for one in issues.window(conn, work.newsletter.slug)}
        for slug in work.stored.keys() - kept.keys() - work.contents.keys():
            got = issues.get(conn, work.newsletter.slug, slug)
            if got is not None and got[1] is not None:
                kept[slug] = got[1]
    work.records.everything()  # read at once; whoever asks for one after the other finds them
    for slug in work.records.keys() - work.contents.keys():
        if slug in work.readable:
            work.contents[slug] = kept[slug]
            continue
        found = [
            one
            for one in (read_copy(site_copy(settings, work, slug)), kept.get(slug))
            if one is not None
        ]
        fitting = [one for one in found if not says_else(work.records[slug], one)]
        if found:
            work.contents[slug] = (fitting or found)[0]
        if not fitting:
            work.borrowed.add(slug)
