"""preflight.items - what is odd about an issue's items, each alone and beside each other.

Faults: as findings. Never: compares with more of the past than it is given. See: places (one place
or two), preflight (which asks).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias

from publisher.model import Finding, Issue, Item, Level, Published, Record
from publisher.preflight.places import Place, place_of
from publisher.preflight.telling import few, named, quoted, shortened

FIXTURE: Final = 3
"""An address that stood in so many issues is a part of the newsletter, and no news to repeat."""
_DAY: Final = re.compile(
    r"\W{0,2}(\d{4}-\d\d-\d\d|\d{1,2}[./]\d{1,2}(?![./\d])|\d{1,2}月\d{1,2}日)"
)


class Stood(NamedTuple):
    """Where an address stood before: in which issue, as what."""

    record: Record
    place: Place
    title: str


Earlier: TypeAlias = Mapping[str, Sequence[Stood]]
"""What stood in issues already published, by the page it leads to; `shelved` makes one."""


def shelved(records: Iterable[Record]) -> Earlier:
    """Put the items of published issues where `judge` finds them, withdrawn issues left out."""
    found: dict[str, list[Stood]] = {}
    for record in records:
        for item in record.live_items if record.withdrawn is None else ():
            if item.url:
                place = place_of(item.url)
                found.setdefault(place.page, []).append(Stood(record, place, item.title))
    return found


def judge(published: Published, earlier: Earlier) -> list[Finding]:
    """Look at the items of an issue, adverts left out: those are meant to be repeated."""
    issue = published.issue
    news = [item for section in issue.sections if not section.sponsor for item in section.items]
    again = _same_addresses(news)
    return [
        *_bare(issue),
        *again,
        *_same_titles(news),
        *_untranslated(news),
        *_repeated(news, published.record, earlier),
    ]


def emptiness(issue: Issue) -> list[Finding]:
    """Stop an issue that says nothing: it is not published either."""
    has_text = issue.text.strip() or any(section.text.strip() for section in issue.sections)
    if issue.items or has_text:
        return []
    return [
        Finding(
            Level.STOP,
            "preflight/empty",
            "The issue has neither items nor text.",
            "Write the digest's text below its front matter.",
        )
    ]


def _bare(issue: Issue) -> list[Finding]:
    bare = [item for item in issue.items if not item.url]
    if not bare:
        return []
    count = f"{len(bare)} items have" if len(bare) > 1 else "One item has"
    return [
        Finding(
            Level.NOTE,
            "preflight/no-address",
            f"{count} no address, so the title leads nowhere; the first is {quoted(bare[0].title)}.",
            "Add a link to the title if there is a source to link to.",
            bare[0].line,
        )
    ]


def _same_addresses(items: Sequence[Item]) -> list[Finding]:
    """Report items that lead to one place; a meeting that is held on two days is no mistake."""
    first: dict[Place, Item] = {}
    found = []
    for item in items:
        if not item.url:
            continue
        before = first.setdefault(place_of(item.url), item)
        if before is not item and not _is_another_day(before, item):
            found.append(
                Finding(
                    Level.WARN,
                    "preflight/same-address",
                    f"{quoted(item.title)} has the same address as {quoted(before.title)}: "
                    f"{shortened(item.url)}",
                    "Look whether one of the two links was pasted by mistake.",
                    item.line,
                )
            )
    return few(found, lambda number: f"{number} more items have an address that another one has")


def _is_another_day(one: Item, other: Item) -> bool:
    """Whether two titles begin with days, and not with the same."""
    days = [_DAY.match(item.title) for item in (one, other)]
    return all(days) and len({day[1] for day in days if day}) == 2


def _same_titles(items: Sequence[Item]) -> list[Finding]:
    """Report items of one title, unless they are one item twice, as their addresses say.

    A bare address has its host for a title, of which there may be many.
    """
    first: dict[str, Item] = {}
    found = []
    for item in items:
        if item.url and item.title == place_of(item.url).page.partition("/")[0]:
            continue
        title = " ".join(item.title.split()).casefold()
        before = first.setdefault(title, item)
        is_told = item.url and before.url and place_of(item.url) == place_of(before.url)
        if before is not item and not is_told:
            at = f" at line {before.line}" if before.line else ""
            found.append(
                Finding(
                    Level.WARN,
                    "preflight/same-title",
                    f"{quoted(item.title)} is the title of another item{at}, too.",
                    "Give each a title of its own, or take one out.",
                    item.line,
                )
            )
    return few(found, lambda number: f"{number} more items have a title that another one has")


def _untranslated(items: Sequence[Item]) -> list[Finding]:
    """Report the items without a second title where most have one: three, and three in five."""
    missing = [item for item in items if not item.alt_title]
    told = len(items) - len(missing)
    if told < 3 or not missing or 5 * told < 3 * len(items):
        return []
    has = "has" if len(missing) == 1 else "have"
    titles = [quoted(missing[0].title)]  # the others' lines are told, too
    titles += [
        quoted(one.title) + (f" (line {one.line})" if one.line else "") for one in missing[1:]
    ]
    return [
        Finding(
            Level.WARN,
            "preflight/translation",
            f"{len(missing)} of {len(items)} items {has} one title where the others have two: "
            f"{named(titles)}.",
            "Write the translation of the title where the other items have theirs.",
            missing[0].line,
        )
    ]


def _repeated(items: Sequence[Item], record: Record, earlier: Earlier) -> list[Finding]:
    """Report what stood in an earlier issue; of back catalogue nobody needs to be told."""
    if record.back_catalogue:
        return []
    found = []
    for item in items:
        place = place_of(item.url) if item.url else None
        before = [
            one
            for one in (earlier.get(place.page, ()) if place else ())
            if one.place.is_as(place or one.place)
            and one.record.slug != record.slug
            and one.record.sort_key < record.sort_key
        ]
        if not before or len({one.record.slug for one in before}) >= FIXTURE:
            continue
        last = max(before, key=lambda one: one.record.sort_key)
        title = "" if _is_titled(last, item) else f", as {quoted(last.title)}"
        found.append(
            Finding(
                Level.WARN,
                "preflight/earlier",
                f"{quoted(item.title)} was in {_issue(last.record)} already{title}.",
                "Take it out, or say what is new about it.",
                item.line,
            )
        )
    return few(found, lambda number: f"{number} more items were in an earlier issue already")


def _is_titled(stood: Stood, item: Item) -> bool:
    return not stood.title or stood.title in {item.title, item.alt_title}


def _issue(record: Record) -> str:
    """Name an issue as its readers know it."""
    if record.number is not None:
        return f"No. {record.number}"
    if record.date is not None:
        return f"the issue of {record.date:%-d %B %Y}"
    return f"issue {record.slug}"
