"""paragraphs - the forms of an item that is a paragraph, or begins with one.

`1、[Title](u)` and what follows up to the next number; a bold line as title; a paragraph that opens
with its link; lines of titles with their addresses; prose in which each paragraph tells one piece
of news. A form gives the drafts one paragraph opens, and whether what follows belongs to the last.
Faults: none. Never: an item without a title. See: tables, sections (the choice).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from markdown_it.token import Token

from publisher.digest.forms.bullets import (
    bullet_words,
    lead_of,
    link_draft,
    title_address_draft,
)
from publisher.digest.forms.drafts import Draft
from publisher.digest.forms.links import (
    Opening,
    first_address,
    first_line,
    is_address,
    is_break,
    is_player,
    labelled_links,
    lines_of,
    only_links,
    opening_link,
    translation_of,
    without_breaks,
)
from publisher.digest.markup.outline import Block, paragraph
from publisher.digest.markup.plain import cells, first_sentence, line_text, title_text

_NUMBER: Final = re.compile(r"\s*(\d{1,3})\s*(?:[、．)）]|[.:：](?!\d))\s*")
_SEPARATOR: Final = re.compile(
    r"\s*(?:[—–|:：,，。.;；·•(（【\[-]|(?:by|from|via|von|par|por|от|作者|来自)\b|$)"
)
_SENTENCE_END: Final = re.compile(r"[。！？.!?…]\s*$")
_MOST_TITLE_CELLS: Final = 160


@dataclass(frozen=True, slots=True)
class Paragraphs:
    """A form of paragraph: its name, its words, its recogniser, whether items go on below it."""

    name: str
    says: str
    match: Callable[[Block], list[Draft]]
    goes_on: bool = True


def numbered_paragraph(block: Block) -> list[Draft]:
    """`3、[Title](u)`, also with the title bare and its address at the end or on the next line."""
    lead, pieces = _counted(block.children)
    drafts = [_titled(block, piece) for piece in pieces]
    if drafts and lead:  # `Today:` in the line above `1、...`
        drafts[0] = replace(drafts[0], above=(paragraph(lead, block),))
    return drafts


def bold_title(block: Block) -> list[Draft]:
    """`**Title**` alone on its line, then its address, its text, or both."""
    line, after = first_line(block.children)
    lead, rest = lead_of(line)
    if not lead or rest or opening_link(line):
        return []
    below, text = first_line(after)
    links = only_links(below) or labelled_links(below)
    kept = without_breaks(text if len(links) == 1 else after)
    body = (paragraph(kept, block),) if kept else ()
    if not links:
        return [Draft(lead, block.line, body=body)]
    first = links[0]
    alt_title = translation_of(first, lead) if len(links) == 1 else None
    return [Draft(lead, block.line, first.address, first.text, alt_title, body=body)]


def link_paragraph(block: Block) -> list[Draft]:
    """`[Title](u) - comment`, one in a paragraph or one on each line."""
    lines = lines_of(block.children)
    links = [_title_link(line) for line in lines]
    titles = [link for link in links if link]
    if len(lines) > 1 and len(titles) == len(lines):
        return [link_draft(block, link) for link in titles]
    whole = opening_link(block.children)
    return [link_draft(block, whole)] if whole and links[0] else []


def title_lines(block: Block) -> list[Draft]:
    """Lines of a title and its address: `Title https://...`, or the address on the line below."""
    pairs: list[Draft] = []
    waiting: list[Token] = []
    pictures: list[Token] = []  # they stand above the title that follows
    for line in lines_of(block.children):
        draft = None
        if _is_picture(line):
            pictures += line
        elif waiting and only_links(line):
            draft = _titled(block, [*waiting, Token("softbreak", "br", 0), *line])
            waiting = []
        elif waiting or not (draft := title_address_draft(block, (), line)):
            if waiting or _is_prose(line):
                return []
            waiting = list(line)
        if draft:
            above = (paragraph(pictures, block),) if pictures else ()
            pairs.append(replace(draft, above=above))
            pictures = []
    if waiting or not pairs:
        return []
    if pictures:
        last = pairs[-1]
        pairs[-1] = replace(last, body=(*last.body, paragraph(pictures, block)))
    return pairs


def title_over_text(block: Block) -> list[Draft]:
    """`Title` on a short line, its address on the next, and text in the same paragraph."""
    line, _ = first_line(block.children)
    if opening_link(line) or _is_prose(line):
        return []
    draft = title_address_draft(block, ())
    return [draft] if draft else []


def lead_paragraph(block: Block) -> list[Draft]:
    """`**Lead.** Prose with [links](u)`: the bold lead is the title."""
    lead, rest = lead_of(block.children)
    address = first_address(block.children)
    if not lead or not rest or not address or opening_link(block.children):
        return []
    return [Draft(lead, block.line, address, body=(paragraph(rest, block),))]


def news_paragraph(block: Block) -> list[Draft]:
    """Prose that tells one piece of news, with a link in it."""
    if block.kind != "paragraph_open" or not first_address(block.children):
        return []
    if not title_text([child for child in block.children if child.type != "image"]):
        return []
    lead, rest = lead_of(block.children)
    if lead and rest:
        body = (paragraph(rest, block),)
        return [Draft(lead, block.line, first_address(block.children), body=body)]
    draft = bullet_words([block])
    return [draft] if draft else []


def _counted(children: Sequence[Token]) -> tuple[tuple[Token, ...], list[list[Token]]]:
    """Part a paragraph at the lines that count on; give what stands above them, and each piece."""
    starts: list[int] = []
    wanted = None
    for index, child in enumerate(children):
        is_start = index == 0 or is_break(children[index - 1])
        found = _NUMBER.match(child.content) if is_start and child.type == "text" else None
        if found and wanted in {None, int(found[1])}:
            starts.append(index)
            wanted = int(found[1]) + 1
    if not starts:
        return (), []
    pieces = []
    for start, end in zip(starts, [*starts[1:], len(children)], strict=True):
        found = _NUMBER.match(children[start].content)
        first = children[start].copy(content=children[start].content[found.end() if found else 0 :])
        pieces.append([first, *without_breaks(children[start + 1 : end])])
    lead = without_breaks(children[: starts[0]])
    return lead, pieces if len(pieces) > 1 or not lead else []


def _titled(block: Block, children: Sequence[Token]) -> Draft:
    """Make a draft of a line whose title comes first: a link, a title with address, or words."""
    link = opening_link(children)
    if link and not is_address(link.text):
        return link_draft(block, link)
    draft = title_address_draft(block, (), children)
    if draft:
        return draft
    line, after = first_line(children)
    lead, _ = lead_of(line)
    title = lead or title_text([child for child in line if child.type != "image"])
    if not title or _is_prose(line):
        title = first_sentence(title)
        after = children
    kept = without_breaks(after)
    body = (paragraph(kept, block),) if kept else ()
    return Draft(title, block.line, first_address(children), body=body)


def _title_link(line: Sequence[Token]) -> Opening | None:
    """Give the link a line opens with where it is a title: not the first words of a sentence.

    A link that plays the issue is none.
    """
    link = opening_link(line)
    if not link or is_player(link.address):
        return None
    return link if _SEPARATOR.match(line_text(link.rest)) else None


def _is_picture(line: Sequence[Token]) -> bool:
    return any(child.type == "image" for child in line) and not title_text(
        [child for child in line if child.type != "image"]
    )


def _is_prose(line: Sequence[Token]) -> bool:
    text = line_text(line)
    return cells(text) > _MOST_TITLE_CELLS or (
        _SENTENCE_END.search(text) is not None and cells(text) > 40
    )
