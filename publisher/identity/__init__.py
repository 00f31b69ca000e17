"""identity - which issue a digest is: a revision of one we know, a new one, a copy, or held.

The law, per newsletter and in this order. `id:` in the front matter names the issue. The same path
(and part) is the same issue, unless it states another number or date, or shares under a quarter of
its addresses: then it is held. The same content at another path is the issue moved, or a copy where
its digest is still there. A digest that is gone from the folder is known again by its number, its
date, or at least half of its addresses. Whatever could be two issues, or is claimed by two digests,
is held; everything else is new.

A wrong answer costs unequally: what is held too easily asks a person once, what is taken for a
revision wrongly overwrites an issue and mails nobody, what is taken for new wrongly mails everybody
twice. So where the facts contradict each other the answer is: held.
Faults: none; doubts are findings. Never: disk, clock, the store. See: `matching` (the law),
`records` (slugs, ids, times), `items` (keys and anchors), publish (who asks).
"""

from publisher.identity.matching import as_issue, as_new, decide
from publisher.identity.nouns import Candidate, Decision, Match, digest_hash, text_hash
from publisher.identity.records import Taken, mint, mint_feed_id, provisional, revise

__all__ = [
    "Candidate",
    "Decision",
    "Match",
    "Taken",
    "as_issue",
    "as_new",
    "decide",
    "digest_hash",
    "mint",
    "mint_feed_id",
    "provisional",
    "revise",
    "text_hash",
]
