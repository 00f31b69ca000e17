"""conditional - which copy a reader already has.

The validators of RFC 9110 §8.8 and the preconditions of §13, as functions of header values. Two
choices are ours. The entity tag is strong and made of the bytes alone, so two files of one size
and one second never share it. `If-Modified-Since` is believed only when it repeats our own date:
readers invent dates, and a restored backup moves ours back; a full answer is never wrong.

Faults: none; what cannot be read is as if it were absent. Never: opens files, asks the time.
See: web.files (has the validators), web.pages (answers with them).
"""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Final

# An entity tag may hold a comma, so a list cannot simply be split at commas.
_TAG: Final = re.compile(r'\s*(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")\s*(?:,|$)')


def entity_tag(content: bytes) -> str:
    """Make the strong entity tag of some bytes."""
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"'


def http_date(moment: float) -> str:
    """Write a moment (seconds since 1970) as HTTP writes dates; fractions fall away."""
    return format_datetime(datetime.fromtimestamp(int(moment), UTC), usegmt=True)


def _tags(header: str) -> frozenset[str]:
    """Read a list of entity tags; marks of weakness fall away, for the comparison is weak."""
    found, position = set(), 0
    while position < len(header):
        match = _TAG.match(header, position)
        if match is None:
            break
        found.add(match[1])
        position = match.end()
    return frozenset(found)


def _moment(header: str) -> datetime | None:
    """Read a date in any of the three forms of RFC 9110 §5.6.7."""
    try:
        moment = parsedate_to_datetime(header)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def is_unchanged(
    *, none_match: str | None, modified_since: str | None, tag: str, last_modified: str
) -> bool:
    """Say whether the reader's copy is the current one: answer 304 to a GET or HEAD.

    `none_match` is If-None-Match, its lines joined by commas; where it is given,
    `modified_since` does not count at all (RFC 9110 §13.2.2).
    """
    if none_match is not None:
        return none_match.strip() == "*" or tag in _tags(none_match)
    if modified_since is None:
        return False
    return modified_since == last_modified or _moment(modified_since) == _moment(last_modified)
