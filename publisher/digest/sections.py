"""sections - which form a section is in: the one that repeats wins, and says why.

Headings that are items stand in the section of the heading above them; headings that are not are
sections themselves; a section's bullets are its items when at least half of them open with a link.
What is no item stays as prose. A digest without headings has one section without a name.
Faults: none; where nothing repeats, prose is the answer. Never: drops a block. See: forms (the
recognisers), items (what becomes of the drafts).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from publisher.digest.forms import (
    BULLETS,
    HEADINGS,
    STORY,
    Draft,
    Form,
    numbered,
    opening_link,
    sentence_bullet,
)
from publisher.digest.outline import LISTS, Block, Node, bullets_of

Unit = TypeVar("Unit")
PROSE: Final = ("prose", "no form of item repeats here; the text stands as it is")
HEADING: Final = ("heading", "the sections stand under the headings below it")


@dataclass(slots=True)
class Part:
    """A section in the making."""

    title: str | None = None
    line: int | None = None
    form: str = PROSE[0]
    why: str = PROSE[1]
    prose: list[Block] = field(default_factory=list)
    drafts: list[Draft] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether nothing would be lost without it."""
        return self.title is None and not self.prose and not self.drafts


@dataclass(slots=True)
class Outlined:
    """A digest's headline, its preface and its sections."""

    title: str | None
    preface: list[Block]
    parts: list[Part]


@dataclass(frozen=True, slots=True)
class _Found:
    form: str
    why: str
    drafts: dict[int, Draft]  # by the position of the unit


def parts_of(root: Node, *, known_title: str | None = None) -> Outlined:
    """Read the outline of a digest into a headline, a preface and sections."""
    votes = _votes(root)
    title, top = _headline(root, votes, known_title)
    reader = _Reader(votes)
    reader.read(top)
    parts = [part for part in reader.parts if not part.is_empty]
    preface: list[Block] = []
    if parts and parts[0].title is None and not parts[0].drafts and len(parts) > 1:
        preface = parts.pop(0).prose
    elif parts and parts[0].title is None and parts[0].drafts:
        first = parts[0].drafts[0].line
        preface = [block for block in parts[0].prose if block.line < first]
        parts[0].prose = [block for block in parts[0].prose if block.line >= first]
    return Outlined(title, preface, parts)


def best_form(forms: Sequence[Form[Unit]], units: Sequence[Unit], noun: str) -> _Found | None:
    """Let every form try every unit; the form that matches most wins, the others may add."""
    matches = [
        (form, found)
        for form in forms
        if (found := {i: draft for i, unit in enumerate(units) if (draft := form.match(unit))})
    ]
    if not matches:
        return None
    form, drafts = max(matches, key=lambda match: len(match[1]))
    for _, others in matches:
        drafts = {**others, **drafts}
    count = sum(form.match(unit) is not None for unit in units)
    return _Found(form.name, f"{count} of {len(units)} {noun} {form.says}", drafts)


# --- the headline -----------------------------------------------------------------


def _votes(root: Node) -> Counter[str]:
    """Count over the whole digest how often each form of heading is met."""
    votes: Counter[str] = Counter()
    waiting = list(root.children)
    while waiting:
        node = waiting.pop()
        waiting += node.children
        votes.update(form.name for form in HEADINGS if form.match(node))
    return votes


def _headline(root: Node, votes: Counter[str], known: str | None) -> tuple[str | None, Node]:
    """Give a lone first H1 that is no item as the title, and what stands below it as the root."""
    first = root.children[0] if root.children else None
    if not first or not first.heading or first.heading.level != 1:
        return None, root
    plain = [
        node
        for node in root.children
        if node.heading and node.heading.level == 1 and not _is_item(node, votes)
    ]
    if [id(node) for node in plain] != [id(first)]:
        return None, root
    title = first.heading.title
    is_same = known is None or "{{" in title or _letters(known) == _letters(title)
    if not is_same and (first.own or not first.children):
        return None, root
    top = Node(None, root.own + first.own, first.children + root.children[1:])
    return (title if title and "{{" not in title else None), top


def _letters(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())


def _is_item(node: Node, votes: Counter[str]) -> bool:
    """Whether a heading is an item: in a form that repeats, or without rivals below it."""
    votes_for = _best_vote(node, votes)
    if not votes_for:
        return False
    below = list(node.children)
    while below:
        child = below.pop()
        if any(form.match(child) for form in HEADINGS):
            return False
        below += child.children
    if votes_for > 1:
        return True
    rivals = sum(len(_rivals(block)) for block in list(node.below())[1:])
    return rivals < 2 and len(node.children) < 2


def _best_vote(node: Node, votes: Counter[str]) -> int:
    """Say how often the form a heading is in is met in the digest; 0 where it is in none."""
    return max((votes[form.name] for form in HEADINGS if form.match(node)), default=0)


def _rivals(block: Block) -> list[object]:
    """Give what in a block could be items instead of the heading above."""
    if block.kind == "paragraph_open" and opening_link(block.children):
        return [block]
    return [*_link_bullets(block)]


def _link_bullets(block: Block) -> list[Draft]:
    if block.kind not in LISTS:
        return []
    return [draft for bullet in bullets_of(block) if (draft := BULLETS[0].match(bullet))]


# --- the sections -----------------------------------------------------------------


class _Reader:
    """Walks the outline and collects the sections in reading order."""

    def __init__(self, votes: Counter[str]) -> None:
        self._votes = votes
        self.parts: list[Part] = []

    def read(self, node: Node) -> None:
        """Read one heading with all below it."""
        part = _own_part(node)
        self.parts.append(part)
        items = {i for i, child in enumerate(node.children) if _is_item(child, self._votes)}
        if len(items) == 1 and len(node.children) > 1 and not self._repeats(node, items):
            items = set()
        stories = set() if items or part.drafts else self._stories(node.children)
        if items:
            self._read_headings(node, part, items, HEADINGS)
        elif stories:
            self._read_headings(node, part, stories, (STORY,))
        else:
            if part.form == PROSE[0] and node.children and not part.prose:
                part.form, part.why = HEADING
            for child in node.children:
                self.read(child)

    def _stories(self, children: Sequence[Node]) -> set[int]:
        """Take sibling headings for stories when nearly all stand over prose and nothing else."""
        told = {i for i, child in enumerate(children) if STORY.match(child)}
        told = {i for i in told if not self._holds_items(children[i])}
        return told if len(told) > 1 and len(told) >= 0.9 * len(children) else set()

    def _holds_items(self, node: Node) -> bool:
        """Whether something below a heading is an item itself."""
        own = any(len(_link_bullets(block)) > 1 or block.kind == "table_open" for block in node.own)
        return own or any(
            _is_item(child, self._votes) or self._holds_items(child) for child in node.children
        )

    def _repeats(self, node: Node, items: set[int]) -> bool:
        """Whether the form of a heading alone among its neighbours is met elsewhere too."""
        return any(_best_vote(node.children[i], self._votes) > 1 for i in items)

    def _read_headings(
        self, node: Node, part: Part, items: set[int], forms: Sequence[Form[Node]]
    ) -> None:
        found = best_form(forms, [node.children[i] for i in sorted(items)], "headings")
        position = {i: n for n, i in enumerate(sorted(items))}
        run: list[int] = []
        for index, child in enumerate(node.children):
            if index in items:
                run.append(position[index])
                continue
            _fill(part, found, run)
            self.read(child)
            last = self.parts[-1]
            is_label = not child.own and not child.children
            part = last if is_label else Part(line=None)
            if not is_label:
                self.parts.append(part)
            run = []
        _fill(part, found, run)


def _fill(part: Part, found: _Found | None, positions: Sequence[int]) -> None:
    """Put drafts into a section; the form with more items names it."""
    if not found or not positions:
        return
    drafts = numbered([found.drafts[i] for i in positions if i in found.drafts])
    if len(drafts) >= len(part.drafts):
        part.form, part.why = found.form, found.why
    part.drafts += drafts
    part.line = part.line or drafts[0].line


def _own_part(node: Node) -> Part:
    """Read what stands directly under a heading: bullets that are items, or prose."""
    part = Part(title=(node.heading.title or None) if node.heading else None, line=node.line)
    lists = [(n, bullets_of(block)) for n, block in enumerate(node.own) if block.kind in LISTS]
    bullets = [bullet for _, listed in lists for bullet in listed]
    found = best_form(BULLETS, bullets, "bullets") if bullets else None
    if not found or len(found.drafts) * 2 < len(bullets):
        part.prose = list(node.own)
        return part
    part.form, part.why = found.form, found.why
    by_place = dict(lists)
    last_list = lists[-1][0]
    position = 0
    for n, block in enumerate(node.own):
        if n in by_place:
            for bullet in by_place[n]:
                draft = found.drafts.get(position) or sentence_bullet(bullet)
                part.drafts += [draft] if draft else []
                position += 1
        elif part.drafts and _belongs_above(node.own, n, by_place, last_list):
            above = part.drafts[-1]
            part.drafts[-1] = _with_body(above, block)
        else:
            part.prose.append(block)
    return part


def _belongs_above(
    own: Sequence[Block], n: int, lists: dict[int, list[list[Block]]], last_list: int
) -> bool:
    """Whether a block between bullets is part of the bullet above: a quotation, or one in turn."""
    if own[n].kind in {"blockquote_open", "fence", "code_block"}:
        return True
    before = max(place for place in lists if place < n)
    return len(lists) > 1 and len(lists[before]) == 1 and (n < last_list or before == last_list)


def _with_body(draft: Draft, block: Block) -> Draft:
    return Draft(
        draft.title,
        draft.line,
        draft.address,
        draft.link_text,
        draft.alt_title,
        (*draft.body, block),
    )
