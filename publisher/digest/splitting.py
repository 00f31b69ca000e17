"""splitting - one outline into many: a digest that holds a heading for each of its issues.

A file is many issues when neighbouring headings - the H1s, the H2s under one H1 or none, or what
stands below headings that are only a year or a month - each state another date or number, nearly
all of them do, and each has something below it. It stays one issue where it says so itself: in its
front matter, its name or its one H1; where all the days lie within one week; and where headings
with links of their own stand between. A part is keyed by its date, else its number: never by its
place in the file, so that a week written in above moves no other.
Faults: as findings; two parts with the same key are a `hold`.
Never: reads items; drops a heading without a word. See: outline (the tree), identity (the keys).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from typing import Final

from publisher.digest.asides import is_boilerplate
from publisher.digest.markup.outline import Block, Node, tokens_of
from publisher.digest.stated import facts
from publisher.digest.stated.dates import Grade, in_figures, mentions, without_dates
from publisher.digest.stated.months import MONTHS
from publisher.model import Extent, Finding, Level

FEWEST: Final = 2
_WEEK: Final = timedelta(days=7)
_LEFT_OVER: Final = 0.1
"""What share of the headings may be no issue though it has links of its own."""
_TOKEN: Final = re.compile(r"\d+|[^\W\d_]+")
_YEAR: Final = re.compile(r"(?<!\d)((?:19|20)\d\d)(?!\d)")
_ONLY_YEAR: Final = re.compile(r"((?:19|20)\d\d)\s*[年년]?")
_ONLY_MONTH: Final = re.compile(r"(1[0-2]|0?[1-9])\s*[月월]")
_MONTH_AND_DAY: Final = re.compile(r"(\d{1,2})[-/.](\d{1,2})(?![-/.]?\d)")
_WEEK_NUMBER: Final = re.compile(r"(?<!\w)(?:week|kw)\s*#\s*\d{1,2}(?!\d)", re.IGNORECASE)
_WEEKDAYS: Final = "monday tuesday wednesday thursday friday saturday sunday"
_DATE_WORDS: Final = frozenset(
    {"week", "weeks", "of", "the", "from", "to", "until", "w", "kw", "周", "第", "週"}
    | {day[:length] for day in _WEEKDAYS.split() for length in (3, len(day))}
)


@dataclass(frozen=True, slots=True, eq=False)
class Mark:
    """A heading that may be an issue's, with what it states."""

    node: Node
    heading: Block
    key: str | None = None
    number: int | None = None
    date: date | None = None

    @property
    def words(self) -> str:
        """The heading's text."""
        return self.heading.title

    @property
    def rest(self) -> str:
        """The heading's words that belong to no date."""
        words = _TOKEN.findall(without_dates(in_figures(self.words)).casefold())
        return " ".join(one for one in words if not one.isdigit() and one not in _DATE_WORDS)

    @property
    def is_full(self) -> bool:
        """Whether something stands below."""
        return any(block.kind != "hr" for block in self.node.below())


@dataclass(frozen=True, slots=True)
class Piece:
    """One issue of many: its key, what its heading states, and what stands below it."""

    extent: Extent
    title: str | None
    number: int | None
    date: date | None
    root: Node


@dataclass(frozen=True, slots=True)
class Division:
    """What came of it: the pieces, none where the digest is one issue; findings either way.

    `lone` is the only heading of a digest, where it states what would make it one of many.
    """

    pieces: tuple[Piece, ...] = ()
    findings: tuple[Finding, ...] = ()
    lone: Mark | None = None


def split(
    root: Node,
    lines: Sequence[str],
    *,
    name: str = "",
    states: str | None = None,
    asked: str | None = None,
    shared: Mapping[str, object] | None = None,
) -> Division:
    """Divide a digest into its issues.

    A path (`name`) may lend its year. `states` names what makes it one issue whatever its headings
    say ("its front matter states a date"); `asked` is "one" or "many" where the editor decided. `lines` and `shared`, what the
    front matter says to all, are what a part's hash is made of.
    """
    marks, top = _marks(root, _year(name))
    stated = [mark for mark in marks if mark.key and mark.is_full]
    if asked == "one" or len({mark.key for mark in stated}) < FEWEST:
        only = marks[0] if len(marks) == 1 and marks[0].key else None
        return Division(lone=only)
    if asked != "many":
        if not _are_about(stated):
            return Division()
        if why := states or _own_facts(top) or _one_week(stated) or _others(marks, stated):
            return Division(findings=(_one_issue(stated, why),))
    return _divide(root, marks, stated, lines, shared or {})


# --- which headings -----------------------------------------------------------------


def _marks(root: Node, year: str) -> tuple[list[Mark], Node | None]:
    """Give the headings that could be issues, and the one H1 above them."""
    marks = _marked(root.children, year)
    if sum(mark.key is not None for mark in marks) >= FEWEST:
        return marks, None
    above = [node for node in root.children if node.heading and node.heading.level == 1]
    if len(above) != 1 or above[0].heading is None or _group(above[0].heading.title):
        return marks, None
    others = [node for node in root.children if node is not above[0]]
    year = _year(above[0].heading.title) or year
    return _marked([*others, *above[0].children], year), above[0]


def _marked(nodes: Iterable[Node], year: str = "", month: int = 0) -> list[Mark]:
    """Read headings, and those below where one is only a year or a month."""
    marks = []
    for node in nodes:
        if node.heading is None:
            continue
        group = _group(node.heading.title)
        if group is None:
            marks.append(_mark(node, node.heading, year))
            continue
        own_year, own_month = group[0] or year, group[1] or month
        below = _marked(node.children, own_year, own_month)
        if any(mark.key for mark in below):
            marks += below
        elif own_year and own_month:
            first = date(int(own_year), own_month, 1)
            marks.append(Mark(node, node.heading, f"{first:%Y-%m}", None, first))
        else:
            marks.append(Mark(node, node.heading))
    return marks


def _group(title: str) -> tuple[str, int] | None:
    """Read a heading that is only a year or a month: both, one of them empty where not stated."""
    words = in_figures(title).strip(" .:")
    if year := _ONLY_YEAR.fullmatch(words):
        return year[1], 0
    if month := _ONLY_MONTH.fullmatch(words):
        return "", int(month[1])
    if words.casefold() in MONTHS:
        return "", MONTHS[words.casefold()]
    found = mentions(words)
    if len(found) != 1 or found[0].grade is not Grade.MONTH or found[0].is_span:
        return None
    if without_dates(words).strip(" /"):
        return None
    return str(found[0].year or ""), found[0].month


def _mark(node: Node, heading: Block, year: str) -> Mark:
    if any(child.type == "link_open" for child in heading.children):
        return Mark(node, heading)  # what leads elsewhere heads an item
    words = _WEEK_NUMBER.sub(" ", in_figures(heading.title)).strip()
    number = facts.find_title_number(words)
    if day := _day(words if year else in_figures(heading.title), year):
        return Mark(node, heading, day.isoformat(), number, day)
    if words.startswith("#"):
        number = None  # a rank
    return Mark(node, heading, None if number is None else str(number), number)


def _day(words: str, lent: str) -> date | None:
    """Give the last day a heading states; the year may stand apart, or above."""
    found = mentions(words)
    year = _year(without_dates(words)) or lent
    if not found and year:
        found = mentions(f"{words} {year}")
        if short := _MONTH_AND_DAY.match(words):
            found = mentions(f"{year}-{short[1]}-{short[2]}")
    for one in sorted(found, key=lambda one: one.grade):
        if one.grade is not Grade.MONTH and (day := one.on(int(year) if year else None)):
            return day
    return None


def _year(text: str) -> str:
    found = _YEAR.search(text)
    return found[1] if found else ""


# --- whether they are issues --------------------------------------------------------


def _are_about(stated: Sequence[Mark]) -> bool:
    """Whether headings are about the dates and numbers they state, and each about another."""
    if 2 * len({mark.key for mark in stated}) <= len(stated):
        return False
    rests = Counter(mark.rest for mark in stated)
    by_date = [mark for mark in stated if mark.date is not None and mark.number is None]
    usual = max(FEWEST, len(stated) / 2)
    about = [mark for mark in by_date if rests[mark.rest] >= usual or _opens(mark)]
    if len(about) < (1 - _LEFT_OVER) * len(by_date):
        return False
    numbers = [mark.number for mark in stated if mark.date is None and mark.number is not None]
    return not numbers or max(numbers) - min(numbers) < 3 * max(len(numbers), FEWEST)


def _others(marks: Sequence[Mark], stated: Sequence[Mark]) -> str | None:
    """Name a heading between that states nothing and has links of its own, if that is not rare."""
    others = [
        mark
        for mark in marks
        if not mark.key and not is_boilerplate(mark.words) and _leads_out(mark.node)
    ]
    if len(others) <= _LEFT_OVER * len(stated):
        return None
    return f"“{_short(others[0])}” beside them states neither"


def _opens(mark: Mark) -> bool:
    """Whether a heading begins with its date."""
    words = in_figures(mark.words)
    first = min((one.start for one in mentions(words)), default=0)
    before = _TOKEN.findall(words[:first].casefold())
    return all(word.isdigit() or word in _DATE_WORDS for word in before)


def _leads_out(node: Node) -> bool:
    """Whether there are links below that lead out of the file."""
    return any(not address.startswith("#") for address in _addresses(node.below()))


def _own_facts(top: Node | None) -> str | None:
    """Say what the one H1 states, if it states that the digest is one issue."""
    if top is None or top.heading is None:
        return None
    if not facts.names_an_issue(top.heading.title):
        return None
    return "its first heading states a number or a date of its own"


def _one_week(stated: Sequence[Mark]) -> str | None:
    """Say that the headings are the days of one week, where they are."""
    days = [mark.date for mark in stated if mark.date is not None]
    numbers = {mark.number for mark in stated} - {None}
    if len(days) < len(stated) or len(numbers) > 1 or max(days) - min(days) >= _WEEK:
        return None
    return "those days are of one week"


# --- the pieces ---------------------------------------------------------------------


def _divide(
    root: Node,
    marks: Sequence[Mark],
    stated: Sequence[Mark],
    lines: Sequence[str],
    shared: Mapping[str, object],
) -> Division:
    starts = sorted(block.line for block in _headings(root))
    following = dict(zip(starts, [*starts[1:], len(lines) + 1], strict=True))
    pieces, findings, seen = [], [_many_issues(stated)], dict[str, int]()
    for mark in stated:
        assert mark.key is not None  # noqa: S101  # that is what stated means
        last = max([mark.heading.line, *(block.line for block in _headings(mark.node))])
        end = following[last] - 1
        _drop_rule(mark.node)
        own = "\n".join(lines[mark.heading.end : end]).strip().rstrip("-*_ \n")
        text = json.dumps([shared, own, list(_addresses(mark.node.below()))])
        extent = Extent(mark.key, mark.heading.line, end, sha256(text.encode()).hexdigest())
        says_more = mark.number is not None or mark.rest
        title = mark.words if says_more else None
        inner = Node(None, mark.node.own, mark.node.children)
        pieces.append(Piece(extent, title, mark.number, mark.date, inner))
        if mark.key in seen:
            findings.append(_same(mark, seen[mark.key]))
        seen.setdefault(mark.key, mark.heading.line)
    findings += [_left_out(mark) for mark in marks if not (mark.key and mark.is_full)]
    return Division(tuple(pieces), tuple(findings))


def _headings(node: Node) -> Iterator[Block]:
    for child in node.children:
        if child.heading:
            yield child.heading
        yield from _headings(child)


def _drop_rule(node: Node) -> None:
    """Take the rule that parts an issue from the next off its end."""
    while node.children:
        node = node.children[-1]
    while node.own and node.own[-1].kind == "hr":
        node.own.pop()


def _addresses(blocks: Iterable[Block]) -> Iterator[str]:
    """Give the addresses of links and pictures, as they were resolved."""
    for token in tokens_of(blocks):
        for child in token.children or ():
            if address := child.attrs.get("href") or child.attrs.get("src"):
                yield str(address)


# --- findings -----------------------------------------------------------------------


def _many_issues(stated: Sequence[Mark]) -> Finding:
    first = stated[0]
    return Finding(
        Level.NOTE,
        "digest/many-issues",
        f"{len(stated)} issues were made out in this digest, one for each heading that states its "
        f"own date or number, from “{_short(first)}” to “{_short(stated[-1])}”. What stands before "
        "the first is in none of them.",
        "If it is one issue, write into its front matter: issues: one",
        first.heading.line,
    )


def _one_issue(stated: Sequence[Mark], why: str) -> Finding:
    return Finding(
        Level.NOTE,
        "digest/one-issue",
        f"{len(stated)} headings of this digest each state a date or number of their own, but "
        f"{why}: it is read as one issue.",
        "If each is an issue, write into the front matter: issues: many",
        stated[0].heading.line,
    )


def _same(mark: Mark, line: int) -> Finding:
    return Finding(
        Level.HOLD,
        "digest/same-issue",
        f"“{_short(mark)}” states {mark.key}, and so does the heading in line {line}: they cannot "
        "be told apart.",
        "Give each issue of a digest its own date or number in its heading.",
        mark.heading.line,
    )


def _left_out(mark: Mark) -> Finding:
    if mark.key:
        words, level = "has nothing below it yet", Level.NOTE
    else:
        words = "states neither date nor number"
        is_news = _leads_out(mark.node) and not is_boilerplate(mark.words)
        level = Level.WARN if is_news else Level.NOTE
    return Finding(
        level,
        "digest/many-issues",
        f"“{_short(mark)}” {words}, so it is in none of this digest's issues.",
        "Write its text below it." if mark.key else "Give it a date, or delete it, if it is one.",
        mark.heading.line,
    )


def _short(mark: Mark) -> str:
    return mark.words if len(mark.words) <= 60 else f"{mark.words[:59]}…"
