"""preflight - what is checked before anything leaves.

    items       what stands in the issue twice, before, without address or translation
    links       where its links lead, by looking; whether both halves of the mail carry them
    pictures    whether they say something to those who do not see them
    subject     the line it is opened for
    size        whether Gmail shows it whole
    leaving     whether a reader can leave by it
    contrast    whether its colours can be read, by day and night
    features    whether mail programs know what it is made of
    transport   whether the newsletter may be mailed by a real relay at all

`check` looks at one issue and its editions, `transport` at the newsletter, once.
Faults: as findings; `stop` refuses, `hold` waits for a person.
Never: changes anything, looks at the digest's file, opens an address. See: digest (findings about
the text), publish and send (who ask).
"""

from __future__ import annotations

from collections.abc import Mapping

from publisher.model import Edition, Finding, Newsletter, Published, in_order
from publisher.preflight import (
    contrast,
    features,
    items,
    leaving,
    links,
    pictures,
    size,
    styles,
    subject,
)
from publisher.preflight.items import Earlier, emptiness, shelved
from publisher.preflight.places import page_of
from publisher.preflight.support import SUPPORT
from publisher.preflight.transport import transport

__all__ = ["Earlier", "check", "emptiness", "page_of", "shelved", "transport"]


def check(
    published: Published,
    newsletter: Newsletter,
    editions: Mapping[str, Edition],
    *,
    earlier: Earlier | None = None,
) -> tuple[Finding, ...]:
    """Check an issue and its editions before it is published or sent, in the order of the lines.

    `earlier`: what stood in the issues published already, so that nothing is told as news twice.
    """
    issue = published.issue
    found = [
        *emptiness(issue),
        *items.judge(published, earlier or {}),
        *links.judge(issue),
        *pictures.judge(issue),
    ]
    root = None
    if mail := editions.get("mail"):
        root = styles.tree(mail.body)
        found += subject.judge(mail.subject, newsletter)
        found += size.judge(mail, newsletter)
        found += contrast.judge(root, newsletter)
        found += features.judge(root, SUPPORT) + features.removed(root)
        if text := editions.get("text"):
            found += links.compare(root, text)
    return in_order([*found, *leaving.judge(root, editions.get("text"), newsletter)])
