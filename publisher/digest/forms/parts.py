"""parts - a section in the making, and where its prose stands.

Faults: none. Never: drops a block. See: sections (makes them), items (makes sections of them).
"""

from __future__ import annotations

from bisect import bisect
from dataclasses import dataclass, field, replace
from typing import Final

from publisher.digest.forms.drafts import Draft
from publisher.digest.forms.series import Run
from publisher.digest.forms.tables import PROSE
from publisher.digest.forms.titles import beside_title
from publisher.digest.markup.outline import Block, Node

NOTHING: Final = (PROSE, "no form of item repeats here; the text stands as it is")
HEADING: Final = ("heading", "the sections stand under the headings below it")


@dataclass(slots=True)
class Part:
    """A section in the making: prose, items (with prose above some), closing words.

    `beside` is what stands in its heading beside the words: pictures, and where the words lead.
    """

    title: str | None = None
    line: int | None = None
    form: str = NOTHING[0]
    why: str = NOTHING[1]
    prose: list[Block] = field(default_factory=list)
    drafts: list[Draft] = field(default_factory=list)
    closing: list[Block] = field(default_factory=list)
    beside: list[Block] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether nothing would be lost without it."""
        return self.title is None and not (self.prose or self.drafts or self.closing)

    @property
    def is_filled(self) -> bool:
        """Whether something stands under the title."""
        return bool(self.prose or self.drafts or self.closing)


def part_of(node: Node, run: Run | None) -> Part:
    """Begin a section with what stands directly under its heading."""
    title = (node.heading.title or None) if node.heading else None
    beside = beside_title(node.heading) if node.heading else []
    if run is None:
        return Part(title, node.line, prose=list(node.own), beside=beside)
    return Part(title, node.line, run.form, run.why, run.prose, run.drafts, beside=beside)


def set_in_place(part: Part) -> None:
    """Give the prose between items to the item below it, and what follows them all to the end.

    What stands in the heading comes before everything.
    """
    _parted(part)
    part.prose = part.beside + part.prose


def _parted(part: Part) -> None:
    if not part.drafts:
        return
    starts = [draft.line for draft in part.drafts]
    above: dict[int, list[Block]] = {}
    for block in part.prose:
        above.setdefault(bisect(starts, block.line), []).append(block)
    part.prose = above.get(0, [])
    part.closing = above.get(len(starts), [])
    part.drafts = [
        replace(draft, above=(*above[n], *draft.above)) if n and n in above else draft
        for n, draft in enumerate(part.drafts)
    ]
