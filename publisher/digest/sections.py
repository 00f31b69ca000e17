"""sections - which headings are items, which are sections, and what carries each section.

Headings that are items stand in the section of the heading above them; headings over prose that
each name one story are items, too; all others are sections, and what stands under them is read as
a run of items or left as prose. A digest without headings has one section without a name.
Faults: none; where nothing repeats, prose is the answer. Never: drops a block. See: forms (the
recognisers), series (below one heading), items (what becomes of the drafts).
"""

from __future__ import annotations

import re
from bisect import bisect
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from publisher.digest.bullets import lead_of
from publisher.digest.drafts import Draft, numbered
from publisher.digest.facts import find_date, find_title_number
from publisher.digest.forms import HEADINGS, PROSE, STORY
from publisher.digest.groups import Group, groups_of
from publisher.digest.links import first_address, lines_of
from publisher.digest.outline import LISTS, Block, Node
from publisher.digest.plain import body_text, cells, title_text
from publisher.digest.rubrics import (
    is_credits,
    is_for_one,
    is_quotation,
    is_rubric,
    is_service,
    names_one_thing,
    promises_news,
)
from publisher.digest.series import Run, is_contents, run_of
from publisher.digest.titles import labelled_heading, labels_of, told

_MOST_TITLE_CELLS: Final = 80
_TITLE_END: Final = re.compile(r"[.!?,;:…。！？，；：]\W*$")
_SERIES: Final = re.compile(
    r"\b(?:weekly|digest|newsletter|this (?:week|month) in|week(?:ly)? in)\b"
    r"|周刊|周报|月刊|日报|週刊|月報|дайджест",
    re.IGNORECASE,
)
_SUMMARY: Final = re.compile(
    r"\W*(?:tl;?\s?dr|in short|in brief|summary|in this (?:issue|week)|概览|摘要|要点|本期|目次|요약)",
    re.IGNORECASE,
)
_NUMBERED: Final = re.compile(r"\d{1,3}\s*[.、．)）]")
NOTHING: Final = (PROSE, "no form of item repeats here; the text stands as it is")
_LINKED: Final = frozenset({"bullet-link", "bullet-address", "bullet-sentence"})
HEADING: Final = ("heading", "the sections stand under the headings below it")


@dataclass(slots=True)
class Part:
    """A section in the making: prose, items (with prose above some), closing words."""

    title: str | None = None
    line: int | None = None
    form: str = NOTHING[0]
    why: str = NOTHING[1]
    prose: list[Block] = field(default_factory=list)
    drafts: list[Draft] = field(default_factory=list)
    closing: list[Block] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether nothing would be lost without it."""
        return self.title is None and not (self.prose or self.drafts or self.closing)

    @property
    def is_filled(self) -> bool:
        """Whether something stands under the title."""
        return bool(self.prose or self.drafts or self.closing)


@dataclass(slots=True)
class Outlined:
    """A digest's headline, its preface and its sections."""

    title: str | None
    preface: list[Block]
    parts: list[Part]


def parts_of(root: Node, *, known_title: str | None = None, form: str | None = None) -> Outlined:
    """Read the outline of a digest into a headline, a preface and sections.

    `form` is the one the front matter asks for; no other is then taken.
    """
    reader = _Reader(root, form)
    title, top = _headline(root, reader, known_title)
    if title is None and known_title is None and (line := _title_line(top)):
        title, top = line, Node(None, top.own[1:], top.children)
    reader.read(top)
    parts = [part for part in reader.parts if not part.is_empty]
    preface: list[Block] = []
    if parts and parts[0].title is None and not parts[0].drafts and len(parts) > 1:
        preface = parts.pop(0).prose
    elif parts and parts[0].title is None and parts[0].drafts:
        first = parts[0].drafts[0].line
        preface = [block for block in parts[0].prose if block.line < first]
        parts[0].prose = [block for block in parts[0].prose if block.line >= first]
    for part in parts:
        _set_in_place(part)
    return Outlined(title, preface, parts)


def _set_in_place(part: Part) -> None:
    """Give the prose between items to the item below it, and what follows them all to the end."""
    if not part.drafts:
        return
    starts = [draft.line for draft in part.drafts]
    above: dict[int, list[Block]] = {}
    for block in part.prose:
        above.setdefault(bisect(starts, block.line), []).append(block)
    part.prose = above.get(0, [])
    part.closing = above.get(len(starts), [])
    part.drafts = [
        replace(draft, above=tuple(above[n])) if n and n in above else draft
        for n, draft in enumerate(part.drafts)
    ]


# --- the headline -----------------------------------------------------------------


def _headline(root: Node, reader: _Reader, known: str | None) -> tuple[str | None, Node]:
    """Give a lone first H1 that is no item as the title, and what stands below it as the root."""
    first = root.children[0] if root.children else None
    if not first or not first.heading or first.heading.level != 1:
        return None, root
    plain = [
        node
        for node in root.children
        if node.heading and node.heading.level == 1 and not reader.is_item(node)
    ]
    if [id(node) for node in plain] != [id(first)] and not _names_the_issue(first, plain):
        return None, root
    title = first.heading.title
    is_same = known is None or "{{" in title or _letters(known) == _letters(title)
    if not is_same and (first.own or not first.children):
        return None, root
    below = first.children + _on_one_level(first, root.children[1:], reader)
    # a heading that says something else than the stated title stays, above all others
    top = Node(None, root.own + (first.own if is_same else [first.heading]), below)
    return (title if title and "{{" not in title else None), top


def _title_line(root: Node) -> str | None:
    """Give the first line where it plainly is the title, though it is no heading.

    It is short, stands alone above headings or lists, has no link and ends no sentence.
    """
    if len(root.own) + len(root.children) < 2 or root.own[:1] == []:
        return None
    first = root.own[0]
    lines = lines_of(first.children)
    if len(lines) != 1 or any(child.type in {"link_open", "image"} for child in first.children):
        return None
    text = title_text(first.children)
    follows = root.own[1].kind in LISTS if root.own[1:] else bool(root.children)
    is_title = 0 < cells(text) <= _MOST_TITLE_CELLS and not _TITLE_END.search(text)
    return text if is_title and follows and lead_of(first.children)[0] in {"", text} else None


def _names_the_issue(first: Node, plain: list[Node]) -> bool:
    """Whether the first of several headings alone states a number, a date, or a series' name."""
    titles = [node.heading.title for node in plain if node.heading]
    stated = [
        find_title_number(title) is not None
        or find_date(title) is not None
        or _SERIES.search(title) is not None
        for title in titles
    ]
    return plain[:1] == [first] and stated[0] and not any(stated[1:])


def _on_one_level(first: Node, others: list[Node], reader: _Reader) -> list[Node]:
    """Lift sections that stand below an item only because it is written with a higher heading.

    `# Title`, `## Cover`, `# Item`, `# Item`, `## Subscribe`: the last is a section as the first.
    """
    levels = [child.heading.level for child in first.children if child.heading]
    items = [node for node in others if reader.is_item(node)]
    if not levels or sum(bool(node.children) for node in items) * 2 > len(items):
        return others
    lifted: list[Node] = []
    for node in others:
        is_below = node in items and node.children
        lifted += [Node(node.heading, node.own), *node.children] if is_below else [node]
        if is_below:
            reader.know(lifted[-1 - len(node.children)])
    return lifted


def _letters(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())


# --- the sections -----------------------------------------------------------------


class _Reader:
    """Walks the outline and collects the sections in reading order.

    What it finds out about a heading is kept: deep outlines would be read over and over again.
    """

    def __init__(self, root: Node, form: str | None) -> None:
        self._form = form
        self._headings = [row for row in HEADINGS if form in {None, row.name}]
        self._matches: dict[int, dict[str, Draft]] = {}
        self._runs: dict[int, Run | None] = {}
        self._holds: dict[int, bool] = {}
        self._votes = self._count(root)
        self._is_bulleted = self._are_links_rubrics = False
        self._is_bulleted = self._are_bullets_news(root)
        self.parts: list[Part] = []

    def _count(self, root: Node) -> Counter[str]:
        """Count over the whole digest how often each form of heading is met."""
        votes: Counter[str] = Counter()
        for node in _all_of(root):
            found = {row.name: draft for row in self._headings if (draft := row.match(node))}
            self._matches[id(node)] = found
        self._forget_unshared_labels(root)
        for found in self._matches.values():
            votes.update(found.keys())
        return votes

    def _forget_unshared_labels(self, root: Node) -> None:
        """Keep labelled headings only where others have the same labels: `- URL: u` each time."""
        name = labelled_heading.__name__.replace("_", "-")
        labelled = [node for node in _all_of(root) if name in self._matches[id(node)]]
        met = Counter(label for node in labelled for label in set(labels_of(node)))
        for node in labelled:
            labels = set(labels_of(node))
            shared = sum(met[label] > 1 for label in labels)
            is_list = any(block.kind in LISTS for block in node.own)
            if is_list and (shared < 2 or shared * 2 < len(labels)):
                del self._matches[id(node)][name]

    def know(self, node: Node) -> None:
        """Take a heading for what another one is."""
        self._matches[id(node)] = {
            row.name: draft for row in self._headings if (draft := row.match(node))
        }

    def _are_bullets_news(self, root: Node) -> bool:
        """Whether the news of the digest stands in bullets, under most headings that have some."""
        listed = [
            node
            for node in _all_of(root)
            if any(block.kind in LISTS and not is_contents(block) for block in node.own)
        ]
        linked = [node for node in _all_of(root) if "linked-heading" in self._matches[id(node)]]
        self._are_links_rubrics = len(linked) < sum(node not in linked for node in listed)
        runs = [run_of(node.own) for node in listed if not self._matches[id(node)]]
        strict = [run for run in runs if run and run.form.startswith("bullet")]
        filled = [node for node in _all_of(root) if node.own]
        return len(strict) > 1 and len(strict) * 3 >= max(len(listed) * 2, len(filled))

    def is_item(self, node: Node) -> bool:
        """Whether a heading is an item: in a form that repeats, or without rivals below it."""
        votes = self._vote(node)
        title = node.heading.title if node.heading else ""
        is_linked = "linked-heading" in self._matches[id(node)]
        if not votes or is_quotation(title) or (is_service(title) and not is_linked):
            return False
        if node.heading and self._heads_a_list(node):
            return False
        below = list(node.children)
        while below:
            child = below.pop()
            if self._matches[id(child)]:
                return False
            below += child.children
        if votes > 1:
            return True
        if not self._matches[id(node)].keys() - {"labelled-heading"}:
            return False  # labels stand in prose, too; only many make a form
        run = self._run(node)
        return not (run and len(run.drafts) > 1) and len(node.children) < 2

    def _heads_a_list(self, node: Node) -> bool:
        """Whether a heading, though it is a link, is a rubric over nothing but a list of links."""
        if not self._are_links_rubrics or "linked-heading" not in self._matches[id(node)]:
            return False
        run = self._run(node)
        title = node.heading.title if node.heading else ""
        if is_rubric(title):
            return True
        return run is not None and run.form in _LINKED and node.own[0].kind in LISTS

    def _vote(self, node: Node) -> int:
        """Say how often the form a heading is in is met in the digest; 0 where it is in none."""
        return max((self._votes[name] for name in self._matches.get(id(node), ())), default=0)

    def _run(self, node: Node) -> Run | None:
        if id(node) not in self._runs:
            title = node.heading.title if node.heading else ""
            self._runs[id(node)] = (
                None
                if is_credits(title) and not self._form
                else run_of(
                    node.own,
                    lists_only=is_service(title),
                    bulleted=self._is_bulleted,
                    form=self._form,
                )
            )
        return self._runs[id(node)]

    def holds_items(self, node: Node) -> bool:
        """Whether something below a heading is an item itself."""
        if id(node) not in self._holds:
            run = self._run(node)
            self._holds[id(node)] = (run is not None and not self._is_told(node)) or any(
                self.is_item(child) or self.holds_items(child) for child in node.children
            )
        return self._holds[id(node)]

    def _is_told(self, node: Node) -> bool:
        """Whether a heading stands over prose rather than over a list, a table or a row of items."""
        if not STORY.match(node) or self._form not in {None, STORY.name} or _counts_below(node):
            return False
        run = self._run(node)
        return run is None or "bullet" in run.form

    def read(self, node: Node) -> None:
        """Read one heading with all below it."""
        run = self._run(node)
        if run and self._is_preface(node, run):
            run = None
        items = {i for i, child in enumerate(node.children) if self.is_item(child)}
        if len(items) == 1 and len(node.children) > 1 and not self._repeats(node, items):
            items = set()
        stories = self._stories(node, items)
        if node.heading and not node.children and (run is None or self._may_be_told(node, run)):
            run = self._news(node.heading.title, node.own) or run
        groups = [] if run and not run.form.startswith("bullet") else groups_of(node.own)
        part = self._grouped(node, groups) if groups else _part_of(node, run)
        if not groups:
            self.parts.append(part)
        self._read_children(node, part, items, stories)
        if node.children and not (part.prose or part.drafts):
            part.form, part.why = HEADING

    def _grouped(self, node: Node, groups: Sequence[Group]) -> Part:
        """Make a section of each group of blocks; give the last one."""
        title = (node.heading.title or None) if node.heading else None
        if groups[0].title is not None or title is not None:
            first = groups[0].blocks if groups[0].title is None else ()
            run = run_of(first, bulleted=self._is_bulleted, form=self._form)
            self.parts.append(_part_of(Node(node.heading, list(first)), run))
            groups = groups[1:] if groups[0].title is None else groups
        for group in groups:
            run = run_of(group.blocks, bulleted=self._is_bulleted, form=self._form)
            part = _part_of(Node(None, list(group.blocks)), run)
            part.title, part.line = group.title, group.line
            self.parts.append(part)
        if len(self.parts) > len(groups) and not self.parts[-len(groups) - 1].is_filled:
            named = self.parts[-len(groups) - 1]
            named.form, named.why = HEADING
        return self.parts[-1]

    def _is_preface(self, node: Node, run: Run) -> bool:
        """Whether bullets between lines of prose, before headings with items, only greet."""
        if node.heading or not run.form.startswith("bullet") or not run.prose:
            return False
        first = next(n for n, block in enumerate(node.own) if block.kind in LISTS)
        is_between = any(block.kind == "paragraph_open" for block in node.own[first:])
        if not is_between and not any(
            _SUMMARY.match(body_text(block.tokens)) for block in run.prose
        ):
            return False
        return any(
            self.is_item(child) or self.holds_items(child) or self._is_told(child)
            for child in node.children
        )

    def _may_be_told(self, node: Node, run: Run) -> bool:
        """Whether a list below a rubric may be part of one of the paragraphs beside it."""
        return (
            run.form.startswith("bullet") and not self._is_bulleted and is_rubric(self._title(node))
        )

    def _news(self, title: str, blocks: Sequence[Block]) -> Run | None:
        """Take paragraphs for items below a heading that promises news; else leave prose."""
        is_quoted = bool(blocks) and blocks[0].kind == "blockquote_open"
        if is_quoted or is_quotation(title) or is_service(title) or is_credits(title):
            return None
        run = run_of(blocks, bulleted=self._is_bulleted, news=True, form=self._form)
        if run and self._is_bulleted and not (is_for_one(title) or promises_news(title)):
            words = [block for block in blocks if block.kind == "paragraph_open"]
            if len(words) < 2 or any(not first_address(block.children) for block in words):
                return None
        if run and is_for_one(title) and len(run.drafts) > 1:
            first, *others = run.drafts
            rest = tuple(block for draft in others for block in draft.body)
            run.drafts = [replace(first, body=(*first.body, *rest))]
        return run

    def _repeats(self, node: Node, items: set[int]) -> bool:
        """Whether the form of a heading alone among its neighbours is met elsewhere too."""
        return any(self._vote(node.children[i]) > 1 for i in items)

    def _stories(self, node: Node, items: set[int]) -> set[int]:
        """Say which headings tell one story each: all that stand over prose, or those named so.

        Where all siblings stand over prose they are stories; where some are sections with items, a
        heading over prose is a story when its words name one thing and not a kind of news.
        """
        prose = {
            i
            for i, child in enumerate(node.children)
            if i not in items and self._is_told(child) and not self.holds_items(child)
        }
        titles = {i: self._title(node.children[i]) for i in prose}
        rubrics = {i for i in prose if is_rubric(titles[i])}
        count = len(node.children)
        if len(prose) > max(1, len(items)):
            others = set(range(count)) - items - prose
            alike = {i for i in others if self._is_like_story(node.children[i])}
            if len(prose) + len(items) >= 0.9 * count:
                return set() if len(rubrics) * 2 > len(prose) else prose - rubrics | alike
            if (len(prose) - len(rubrics)) * 3 >= 2 * count:
                return prose - rubrics | alike
        is_alike = len(items) * 2 >= count
        named = {i for i in prose if names_one_thing(titles[i])}
        alike = {i for i in prose - rubrics if is_alike and not is_service(titles[i])}
        return named | alike

    def _is_like_story(self, node: Node) -> bool:
        """Whether a heading among stories is one, too, though it stands over a list."""
        title = self._title(node)
        return (
            bool(node.own) and not node.children and not is_rubric(title) and not is_service(title)
        )

    def _title(self, node: Node) -> str:
        return node.heading.title if node.heading else ""

    def _read_children(self, node: Node, part: Part, items: set[int], stories: set[int]) -> None:
        """Read the headings below one: rows of items into sections, the others as sections."""
        row: list[Node] = []
        for index, child in enumerate(node.children):
            if index in items or index in stories:
                row.append(child)
                continue
            self._fill(part, row)
            row = []
            self.read(child)
            last = self.parts[-1]
            is_label = not child.children and all(map(_is_picture, child.own))
            part = last if is_label else Part()
            if not is_label:
                self.parts.append(part)
        self._fill(part, row)

    def _fill(self, part: Part, row: Sequence[Node]) -> None:
        """Put headings into a section as its items; the form with more of them names it."""
        drafts = []
        forms: Counter[str] = Counter()
        for node in row:
            name, draft = self._draft(node)
            drafts.append(draft)
            forms[name] += 1
        if not drafts:
            return
        name, most = forms.most_common(1)[0]
        if len(drafts) >= len(part.drafts):
            says = next(form.says for form in (*HEADINGS, STORY) if form.name == name)
            part.form, part.why = name, f"{most} of {len(row)} headings {says}"
        part.drafts += numbered(drafts)
        part.line = part.line or drafts[0].line

    def _draft(self, node: Node) -> tuple[str, Draft]:
        """Read a heading in the form that is met most often in the digest, else as a story."""
        found = self._matches[id(node)]
        if found:
            name = max(found, key=lambda name: self._votes[name])
            return name, found[name]
        return STORY.name, told(node)


def _is_picture(block: Block) -> bool:
    return any(child.type == "image" for child in block.children) and not block.title


def _all_of(root: Node) -> list[Node]:
    """Give the root and every heading below it."""
    found = [root]
    for node in found:
        found += node.children
    return found


def _counts_below(node: Node) -> bool:
    """Whether the headings below one are numbered: `1. ...`, `2. ...` each stand for themselves."""
    titles = [child.heading.title for child in node.children if child.heading]
    return len(titles) > 1 and all(_NUMBERED.match(title) for title in titles)


def _part_of(node: Node, run: Run | None) -> Part:
    """Begin a section with what stands directly under its heading."""
    title = (node.heading.title or None) if node.heading else None
    if run is None:
        return Part(title, node.line, prose=list(node.own))
    return Part(title, node.line, run.form, run.why, run.prose, run.drafts)
