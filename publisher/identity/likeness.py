"""identity.likeness - how much a digest looks like an issue we know.

Shares of addresses are counted against the longer list, so that one link that stands in every issue
joins no short issue to a long one. Where either side has no address at all, number, date and path
decide alone. A fact that is not stated speaks neither for nor against.
Faults: none. Never: decides for a whole scan. See: identity.matching (asks).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from enum import Enum, auto

from publisher.model import Issue, Record


class Likeness(Enum):
    """How much a digest looks like an issue whose own is gone."""

    NONE = auto()
    UNSURE = auto()
    SAME = auto()


def another_issue(record: Record, issue: Issue) -> str | None:
    """Say why a digest at an issue's own path is not that issue; None when it is.

    An issue that only grew is itself, however much.
    """
    if _differ(record.number, issue.number):
        return f"it states number {issue.number}, and that issue number {record.number}"
    if _differ(record.date, issue.date):
        return f"it states the date {issue.date}, and that issue {record.date}"
    if _shares_few(record, issue):
        shared = len(_addresses(record) & issue.addresses)
        longer = max(len(_addresses(record)), len(issue.addresses))
        return f"it shares {shared} of {longer} addresses with that issue"
    return None


def likeness(record: Record, issue: Issue) -> Likeness:
    """Weigh a digest at a new path against an issue whose digest is gone.

    One fact for it is enough where none speaks against it; else it takes a stated fact and the
    addresses together.
    """
    stated = _agree(record.number, issue.number) or _agree(record.date, issue.date)
    half = shares_half(record, issue)
    if not stated and not half:
        return Likeness.NONE
    if (stated and half) or not (differs(record, issue) or _shares_few(record, issue)):
        return Likeness.SAME
    return Likeness.UNSURE


def differs(record: Record, issue: Issue) -> bool:
    """Whether an issue states another number or date."""
    return _differ(record.number, issue.number) or _differ(record.date, issue.date)


def shares_half(record: Record, issue: Issue) -> bool:
    """Whether at least half the addresses are shared."""
    old, new = _addresses(record), issue.addresses
    return bool(old and new) and 2 * len(old & new) >= max(len(old), len(new))


def _shares_few(record: Record, issue: Issue) -> bool:
    """Whether under a quarter is shared, and not because the issue grew."""
    old, new = _addresses(record), issue.addresses
    return bool(old and new) and 4 * len(old & new) < max(len(old), len(new)) and not old <= new


def _agree(known: object, stated: object) -> bool:
    return known is not None and known == stated


def _differ(known: object, stated: object) -> bool:
    return known is not None and stated is not None and known != stated


def _addresses(record: Record) -> frozenset[str]:
    return frozenset(item.url for item in record.live_items if item.url)


class Near:
    """The records that share any fact with some issues, found without comparing all with all."""

    def __init__(self, records: Iterable[Record], issues: Iterable[Issue]) -> None:
        wanted = {
            fact
            for issue in issues
            for fact in _facts(issue.number, issue.date, (item.url for item in issue.items))
        }
        self._found: dict[Hashable, list[Record]] = {}
        for record in records if wanted else ():
            urls = (item.url for item in record.items if not item.gone)
            for fact in _facts(record.number, record.date, urls):
                if fact in wanted:
                    self._found.setdefault(fact, []).append(record)

    def to(self, issue: Issue) -> list[Record]:
        """List them in the order of the register."""
        facts = _facts(issue.number, issue.date, issue.addresses)
        near = {each.slug: each for fact in facts for each in self._found.get(fact, ())}
        return sorted(near.values(), key=lambda record: record.sort_key)


def _facts(number: object, date: object, addresses: Iterable[str | None]) -> list[Hashable]:
    facts: list[tuple[str, object]] = [("number", number), ("date", date)]
    facts += [("url", url) for url in addresses]
    return [fact for fact in facts if fact[1] is not None]
