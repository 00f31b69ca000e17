"""groups - sections that have no heading: bold lines over lists, and bullets over bullets.

`**Boats**` over a list, twice or more, and `- Boats:` over nested bullets that open with links, do
what headings do elsewhere.
Faults: none; where it is not clear there are no groups. See: sections (makes sections of them).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from publisher.digest.forms.bullets import lead_of
from publisher.digest.forms.links import first_address, is_address, labelled_links, opening_link
from publisher.digest.markup.outline import LISTS, Block, bullets_of, lists_of
from publisher.digest.markup.plain import title_text


@dataclass(frozen=True, slots=True)
class Group:
    """Blocks under a title that is no heading; without one, what stands between."""

    title: str | None
    line: int
    blocks: tuple[Block, ...]


def groups_of(blocks: Sequence[Block], *, is_top: bool = False) -> list[Group]:
    """Part the blocks under a heading into groups; none where they hold no titles.

    `is_top`: they stand under no heading, so bold lines are all the headings there are.
    """
    return _under_bold_lines(blocks, 1 if is_top else 2) or _under_bullets(blocks)


def bold_line(block: Block) -> str:
    """Give the words of a paragraph that is one bold line, else nothing."""
    lead, rest = lead_of(block.children)
    return "" if rest or any(child.type == "link_open" for child in block.children) else lead


def is_source(block: Block) -> bool:
    """Whether a list tells of one thing: it opens with a bare address or a labelled link."""
    first = next(iter(bullets_of(block)), [])
    link = opening_link(first[0].children) if first else None
    if link and is_address(link.text):
        return True
    return bool(first) and bool(labelled_links(first[0].children))


def _under_bold_lines(blocks: Sequence[Block], least: int) -> list[Group]:
    starts = [
        n
        for n, block in enumerate(blocks[:-1])
        if bold_line(block) and blocks[n + 1].kind in LISTS and not is_source(blocks[n + 1])
    ]
    bullets = sum(len(bullets_of(blocks[n + 1])) for n in starts)
    if len(starts) < 2 or bullets < least * len(starts):
        return []
    ends = [*starts[1:], len(blocks)]
    before = [Group(None, blocks[0].line, tuple(blocks[: starts[0]]))] if starts[0] else []
    return before + [
        Group(bold_line(blocks[n]), blocks[n].line, tuple(blocks[n + 1 : end]))
        for n, end in zip(starts, ends, strict=True)
    ]


def _under_bullets(blocks: Sequence[Block]) -> list[Group]:
    lists = [block for block in blocks if block.kind in LISTS]
    if len(lists) != 1:
        return []
    parted = [(piece, _nested(piece)) for piece in lists_of(lists[0])]
    if sum(nested is not None for _, nested in parted) * 2 <= len(parted) or len(parted) < 2:
        return []
    place = list(blocks).index(lists[0])
    groups = [Group(None, blocks[0].line, tuple(blocks[:place]))] if place else []
    for piece, nested in parted:
        if nested:
            groups.append(nested)
        elif groups and groups[-1].title is None:
            groups[-1] = Group(None, groups[-1].line, (*groups[-1].blocks, piece))
        else:
            groups.append(Group(None, piece.line, (piece,)))
    if blocks[place + 1 :]:
        groups.append(Group(None, blocks[place + 1].line, tuple(blocks[place + 1 :])))
    return groups


def _nested(piece: Block) -> Group | None:
    """Read a bullet that only heads bullets with links."""
    bullet = bullets_of(piece)[0]
    if len(bullet) < 2 or first_address(bullet[0].children):
        return None
    below = [inner for block in bullet[1:] if block.kind in LISTS for inner in bullets_of(block)]
    linked = sum(bool(inner and opening_link(inner[0].children)) for inner in below)
    title = title_text(bullet[0].children)
    if not linked or linked * 2 < len(below) or not title.endswith((":", "：")):
        return None
    return Group(title.rstrip(" :："), bullet[0].line, tuple(bullet[1:]))
