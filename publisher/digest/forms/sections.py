"""sections - which headings are items, which are sections, and what carries each section.

Headings that are items stand in the section of the heading above them; headings over prose that
each name one story are items, too; all others are sections, and what stands under them is read as
a run of items or left as prose. A digest without headings has one section without a name.
Faults: none; where nothing repeats, prose is the answer. Never: drops a block. See: evidence (what
a heading is), series (what stands below one), items (what becomes of the drafts).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from publisher.digest.forms.drafts import numbered
from publisher.digest.forms.evidence import Evidence
from publisher.digest.forms.groups import Group, groups_of
from publisher.digest.forms.headline import find_headline
from publisher.digest.forms.parts import HEADING, Part, part_of, set_in_place
from publisher.digest.forms.series import run_of
from publisher.digest.forms.tables import HEADINGS, STORY
from publisher.digest.markup.outline import Block, Node

__all__ = ["Outlined", "Part", "parts_of"]


@dataclass(slots=True)
class Outlined:
    """A digest's headline, where its words lead, its preface and its sections."""

    title: str | None
    links: Sequence[Block]
    preface: list[Block]
    parts: list[Part]


def parts_of(root: Node, *, known_title: str | None = None, form: str | None = None) -> Outlined:
    """Read the outline of a digest into a headline, a preface and sections.

    `form` is the one the front matter asks for; no other is then taken.
    """
    evidence = Evidence(root, form)
    title, top, links = find_headline(root, evidence, known_title)
    reader = _Reader(evidence, form)
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
        set_in_place(part)
    return Outlined(title, links, preface, parts)


class _Reader:
    """Walks the outline and collects the sections in reading order."""

    def __init__(self, evidence: Evidence, form: str | None) -> None:
        self._evidence = evidence
        self._form = form
        self.parts: list[Part] = []

    def read(self, node: Node) -> None:
        """Read one heading with all below it."""
        run = self._evidence.run(node)
        if run and self._evidence.is_preface(node, run):
            run = None
        items = {i for i, child in enumerate(node.children) if self._evidence.is_item(child)}
        if len(items) == 1 and len(node.children) > 1 and not self._evidence.repeats(node, items):
            items = set()
        stories = self._evidence.stories(node, items)
        if (
            node.heading
            and not node.children
            and (run is None or self._evidence.may_be_told(node, run))
        ):
            run = self._evidence.news(node.heading.title, node.own) or run
        groups = (
            []
            if run and not run.form.startswith("bullet")
            else groups_of(node.own, is_top=node.heading is None)
        )
        part = self._grouped(node, groups) if groups else part_of(node, run)
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
            run = run_of(first, bulleted=self._evidence.is_bulleted, form=self._form)
            self.parts.append(part_of(Node(node.heading, list(first)), run))
            groups = groups[1:] if groups[0].title is None else groups
        for group in groups:
            run = run_of(group.blocks, bulleted=self._evidence.is_bulleted, form=self._form)
            part = part_of(Node(None, list(group.blocks)), run)
            part.title, part.line = group.title, group.line
            self.parts.append(part)
        if len(self.parts) > len(groups) and not self.parts[-len(groups) - 1].is_filled:
            named = self.parts[-len(groups) - 1]
            named.form, named.why = HEADING
        return self.parts[-1]

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
            name, draft = self._evidence.draft(node)
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


def _is_picture(block: Block) -> bool:
    return any(child.type == "image" for child in block.children) and not block.title
