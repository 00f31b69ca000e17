"""outline - the token stream as blocks, and the blocks under their headings.

A block is one thing at the top level with the lines it stands on; a node is a heading with the
blocks under it and the deeper headings below. Nothing is judged here but one thing: a paragraph
whose rule (`---`) underneath makes CommonMark take it for a heading stays a paragraph.
Faults: none. Never: knows item forms. See: forms, sections.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from markdown_it.token import Token

from publisher.digest.markup.plain import cells, line_text, title_text

_SENTENCE_END: Final = re.compile(r"[。！？.!?…]\s*$")
_HEADING_ID: Final = re.compile(r"\s*\{#[\w:.-]+\}$")
_MOST_HEADING_CELLS: Final = 120
_RAW_RULE: Final = re.compile(r"\s*(?:<[hb]r\b[^<>]*>\s*)+", re.IGNORECASE)
LISTS: Final = frozenset({"bullet_list_open", "ordered_list_open"})


@dataclass(frozen=True, slots=True)
class Block:
    """One thing at the top level: its tokens, first and last line (from 1), a heading's level."""

    tokens: tuple[Token, ...]
    line: int
    end: int
    level: int = 0

    @property
    def kind(self) -> str:
        """The type of the opening token: `paragraph_open`, `fence`, ..."""
        return self.tokens[0].type

    @property
    def children(self) -> list[Token]:
        """The inline tokens of a heading or paragraph, none of anything else."""
        if self.kind in {"heading_open", "paragraph_open"}:
            return self.tokens[1].children or []
        return []

    @property
    def title(self) -> str:
        """A heading as plain text, without its pictures."""
        words = [child for child in self.children if child.type != "image"]
        return _HEADING_ID.sub("", title_text(words))

    @property
    def pictures(self) -> list[Token]:
        """The pictures that stand in a heading."""
        return [child for child in self.children if child.type == "image"]


@dataclass(slots=True)
class Node:
    """A heading with what stands under it; the root has none."""

    heading: Block | None = None
    own: list[Block] = field(default_factory=list)
    children: list[Node] = field(default_factory=list)

    @property
    def line(self) -> int | None:
        """The line of the heading, or of the first block."""
        first = self.heading or next(iter(self.own), None)
        return first.line if first else None

    def below(self) -> Iterator[Block]:
        """Every block under the heading, deeper headings included, in reading order."""
        yield from self.own
        for child in self.children:
            if child.heading:
                yield child.heading
            yield from child.below()


def blocks_of(tokens: Sequence[Token]) -> list[Block]:
    """Cut a token stream at its top level.

    A footnote stands in the last line of the block it was moved behind, not where it is defined.
    """
    blocks = []
    start = 0
    depth = 0
    line = 1
    for index, token in enumerate(tokens):
        depth += token.nesting
        if depth == 0:
            piece = tuple(tokens[start : index + 1])
            first, end = piece[0].map or (line - 1, line)
            if piece[0].type == "footnote_open":
                first, end = max(0, line - 2), max(1, line - 1)
            block = _block(piece, first + 1, end)
            if block.kind != "paragraph_open" or block.children:
                blocks.append(block)
            line = end + 1
            start = index + 1
    return blocks


def bullets_of(block: Block) -> list[list[Block]]:
    """Give the bullets of a list, each as its blocks."""
    bullets = []
    start = depth = 0
    for index, token in enumerate(block.tokens[1:-1], 1):
        if token.type == "list_item_open" and depth == 0:
            start = index + 1
        depth += token.nesting
        if token.type == "list_item_close" and depth == 0:
            inside = blocks_of(block.tokens[start:index])
            bullets.append([part for part in inside if part.children or not part.level])
    return bullets


def lists_of(block: Block) -> list[Block]:
    """Cut a list into lists of one bullet each."""
    opening, closing = block.tokens[0], block.tokens[-1]
    pieces = []
    start = depth = 0
    for index, token in enumerate(block.tokens[1:-1], 1):
        if token.type == "list_item_open" and depth == 0:
            start = index
        depth += token.nesting
        if token.type == "list_item_close" and depth == 0:
            first, end = block.tokens[start].map or (block.line - 1, block.end)
            tokens = (opening, *block.tokens[start : index + 1], closing)
            pieces.append(Block(tokens, first + 1, end))
    return pieces


def tokens_of(blocks: Iterable[Block]) -> tuple[Token, ...]:
    """Put blocks together again."""
    return tuple(token for block in blocks for token in block.tokens)


def without_rules(blocks: Sequence[Block]) -> Sequence[Block]:
    """Leave out the rules that some blocks begin or end with: they part them from what is beside.

    Between items every edition has its own distance.
    """
    words = [n for n, block in enumerate(blocks) if not _is_rule(block)]
    return blocks[words[0] : words[-1] + 1] if words else ()


def paragraph(children: Sequence[Token], like: Block) -> Block:
    """Make a paragraph of some of another block's inline tokens, on the same lines."""
    opening = Token("paragraph_open", "p", 1, block=True, map=like.tokens[0].map)
    inline = Token("inline", "", 0, block=True, map=like.tokens[1].map, children=list(children))
    return Block((opening, inline, Token("paragraph_close", "p", -1)), like.line, like.end)


def outline(blocks: Iterable[Block]) -> Node:
    """Put every block under its heading."""
    root = Node()
    path: list[tuple[int, Node]] = [(0, root)]
    for block in blocks:
        if not block.level:
            path[-1][1].own.append(block)
            continue
        while path[-1][0] >= block.level:
            path.pop()
        if not block.children:  # an empty heading says nothing, but it ends what stood above
            continue
        node = Node(block)
        path[-1][1].children.append(node)
        path.append((block.level, node))
    return root


def _is_rule(block: Block) -> bool:
    is_raw = block.kind == "html_block" and _RAW_RULE.fullmatch(block.tokens[0].content)
    return block.kind == "hr" or bool(is_raw)


def _block(tokens: tuple[Token, ...], line: int, end: int) -> Block:
    first = tokens[0]
    if first.type == "paragraph_open" and first.hidden:
        tokens = (first.copy(hidden=False), *tokens[1:-1], tokens[-1].copy(hidden=False))
    if first.type != "heading_open":
        return Block(tokens, line, end)
    block = Block(tokens, line, end, int(first.tag[1:]))
    if not block.children:
        return block
    if first.markup in {"-", "="} and _is_prose(line_text(block.children)):
        return paragraph(block.children, Block(tokens, line, end - 1))
    return block if _has_words(block.children) else paragraph(block.children, block)


def _has_words(children: Sequence[Token]) -> bool:
    """Whether a heading says something; an empty one, or a picture, heads nothing."""
    return bool(line_text([child for child in children if child.type != "image"]).strip())


def _is_prose(text: str) -> bool:
    return cells(text) > _MOST_HEADING_CELLS or (
        len(text) > 40 and _SENTENCE_END.search(text) is not None
    )
