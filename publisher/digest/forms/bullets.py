"""bullets - the forms of an item that is one bullet of a list.

From the strictest to the loosest: a bullet that opens with its link, one that is a bare address,
one with a bold lead, a title with its address behind it, a sentence with a link somewhere, words
alone. A bullet has the first form it fits; sections decides whether its list holds items at all.
Faults: none. Never: an item without a title. See: tables, links, sections.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from markdown_it.token import Token

from publisher.digest.forms.drafts import Draft
from publisher.digest.forms.links import (
    AFTER_TITLE,
    Opening,
    first_address,
    first_line,
    is_address,
    is_person,
    is_sign,
    links_in,
    only_links,
    opening_link,
    title_and_links,
    translation_of,
    unless_address,
    without_breaks,
)
from publisher.digest.markup.bodies import host_of
from publisher.digest.markup.outline import Block, paragraph, tokens_of
from publisher.digest.markup.plain import body_text, cells, first_sentence, line_text, title_text

_MOST_LEAD_CELLS: Final = 200
_MOST_TITLE_CELLS: Final = 240
_LEAD_END: Final = re.compile(r"[\s:：.。,，;；–—-]+$")
_OPEN_END: Final = AFTER_TITLE + "(（[【"
_MARK: Final = re.compile(r"^(?:[-*+>•]|\d{1,4}\.)\s+")


def bullet_link(blocks: Sequence[Block]) -> Draft | None:
    """`- [Title](u) rest`: the bullet opens with its link, the rest and what is indented follow."""
    link = opening_link(blocks[0].children) if blocks else None
    if not link or is_address(link.text) or not link.text:
        return None
    if is_person(link) and any(not is_person(other) for other in links_in(link.rest)):
        return None  # `[@ada](u) wrote [a poem](v)`: the poem is the news
    return link_draft(blocks[0], link, blocks[1:])


def bullet_address(blocks: Sequence[Block]) -> Draft | None:
    """`- https://...`, with its notes beside or below it: their first sentence is the title."""
    link = opening_link(blocks[0].children) if blocks else None
    if not link or not is_address(link.text):
        return None
    rest = (*link.lead, *after_title(link.rest)[0])
    body = ([paragraph(rest, blocks[0])] if rest else []) + list(blocks[1:])
    title = first_sentence(_MARK.sub("", body_text(tokens_of(body))))
    if not title or is_address(title):
        title = host_of(link.address)
    return Draft(title, blocks[0].line, link.address, link.text, body=tuple(body))


def bullet_lead(blocks: Sequence[Block]) -> Draft | None:
    """`- **Lead:** prose with [links](u)`: the bold lead is the title."""
    if not blocks:
        return None
    lead, rest = lead_of(blocks[0].children)
    if not lead or not (rest or blocks[1:]):
        return None
    address = first_address(blocks[0].children)
    body = ([paragraph(rest, blocks[0])] if rest else []) + list(blocks[1:])
    return Draft(lead, blocks[0].line, address, body=tuple(body))


def bullet_title_address(blocks: Sequence[Block]) -> Draft | None:
    """`1. Title https://...`, also with the address alone on the next line or paragraph."""
    if not blocks:
        return None
    draft = title_address_draft(blocks[0], blocks[1:])
    if draft or len(blocks) < 2 or first_address(blocks[0].children):
        return draft
    links = only_links(first_line(blocks[1].children)[0])
    title = title_text(blocks[0].children)
    if not links or not title or cells(title) > _MOST_TITLE_CELLS:
        return None
    is_shown = unless_address(links[0].text, links[0].address) is None and len(links) == 1
    below = first_line(blocks[1].children)[1] if is_shown else blocks[1].children
    kept = without_breaks(below)
    body = [paragraph(kept, blocks[1])] if kept else []
    return Draft(title, blocks[0].line, links[0].address, links[0].text, body=(*body, *blocks[2:]))


def bullet_sentence(blocks: Sequence[Block]) -> Draft | None:
    """`- A sentence with a [link](u).`: the first sentence is the title."""
    if not blocks or not first_address(blocks[0].children):
        return None
    return bullet_words(blocks)


def bullet_words(blocks: Sequence[Block]) -> Draft | None:
    """Words, and perhaps more below: the first sentence is the title."""
    text = body_text(tokens_of(blocks))
    if not text:
        return None
    children = blocks[0].children
    title = first_sentence(line_text(children)) or first_sentence(_MARK.sub("", text))
    is_all = children and title == title_text(children)
    has_more = any(child.type in {"link_open", "image"} for child in children)
    body = tuple(blocks[1:] if is_all and not has_more else blocks)
    return Draft(title, blocks[0].line, first_address(children), body=body)


# --- shared with the other forms -------------------------------------------------------


def link_draft(block: Block, link: Opening, below: Sequence[Block] = ()) -> Draft:
    """Make a draft of a line that opens with its link; tag and words around it begin the body."""
    kept, ending = after_title(link.rest)
    title = unless_address(link.text)
    if title and title[-1] not in "?!？！…":
        title += ending
    title = title or first_sentence(line_text(kept)) or host_of(link.address)
    words = (*link.lead, *kept)
    body = ([paragraph(words, block)] if words else []) + list(below)
    return Draft(title, block.line, link.address, link.text, body=tuple(body))


def title_address_draft(
    block: Block, below: Sequence[Block], children: Sequence[Token] | None = None
) -> Draft | None:
    """Make a draft of `Title https://...` or of a title with its link on the next line."""
    found = title_and_links(block.children if children is None else children)
    if not found:
        return None
    title = title_text([word for word in found.words if word.type != "image"]).rstrip(_OPEN_END)
    if not title or cells(title) > _MOST_TITLE_CELLS or is_sign(title):
        return None
    first = found.links[0]
    kept = without_breaks(found.rest)
    body = [paragraph(kept, block)] if kept else []
    if len(found.links) > 1:  # `[PDF](u) | [HTML](v)` stays to be clicked
        body.insert(0, paragraph(found.shown, block))
    if pictures := [word for word in found.words if word.type == "image"]:
        body.insert(0, paragraph(pictures, block))
    translation = translation_of(first, title) if len(found.links) == 1 else None
    return Draft(
        title=title,
        line=block.line,
        address=first.address,
        link_text=first.text,
        alt_title=translation,
        body=(*body, *below),
    )


def lead_of(children: Sequence[Token]) -> tuple[str, tuple[Token, ...]]:
    """Give the bold words a line opens with, without their last sign, and what follows them."""
    start = next((n for n, child in enumerate(children) if not _is_quiet(child)), None)
    if start is None or children[start].type != "strong_open":
        return "", ()
    depth = 0
    for end in range(start, len(children)):
        depth += children[end].nesting if children[end].type.startswith("strong") else 0
        if depth == 0:
            lead = _LEAD_END.sub("", title_text(children[start + 1 : end]))
            if not any(map(str.isalnum, lead)) or cells(lead) > _MOST_LEAD_CELLS:
                return "", ()
            return lead, after_title(children[end + 1 :])[0]
    return "", ()


def after_title(rest: Sequence[Token]) -> tuple[tuple[Token, ...], str]:
    """Drop the signs between title and text; a `?` or `!` stays with the title."""
    kept = list(without_breaks(rest))
    ending = ""
    if kept and kept[0].type == "text":
        text = kept[0].content
        while text and text[0] in "?!？！":
            ending, text = ending + text[0], text[1:]
        kept[0] = kept[0].copy(content=text.lstrip(AFTER_TITLE))
        kept = list(without_breaks(kept))
    if not any(child.content.strip() or child.children for child in kept):
        return (), ending
    return tuple(kept), ending


def _is_quiet(child: Token) -> bool:
    return child.type == "image" or (child.type == "text" and is_sign(child.content))
