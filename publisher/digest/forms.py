"""forms - the item forms: small recognisers, each knowing one way of writing an item.

A recogniser sees one unit - a heading with what stands under it, or one bullet - and gives a draft
of the item, or None. It does not know its neighbours: which form a section is in is decided by
repetition, in sections. A new form is a function here and a row in its table.
Faults: none. Never: an item without a title. See: outline (the units), sections (the choice),
items (draft -> item).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Generic, TypeVar

from markdown_it.token import Token

from publisher.digest.bodies import host_of
from publisher.digest.outline import Block, Node, paragraph, tokens_of
from publisher.digest.plain import body_text, first_sentence, line_text, title_text
from publisher.digest.raw import BREAK

Unit = TypeVar("Unit")
_WRAPPERS: Final = frozenset({"strong_open", "em_open", "s_open"})
_NUMBER: Final = re.compile(r"\s*(?:\d{1,4}\s*[.、．)）:]?|\(\d{1,4}\))\s*")
_BRACKETS: Final = frozenset("([{（【「『《“‘\"'<")
_HEADING_ID: Final = re.compile(r"\s*\{#[\w:.-]+\}\s*")
_AFTER_TITLE: Final = " \t\n.,:;·|–—-。，：；、•"
_WEB: Final = re.compile(r"https?://|//", re.IGNORECASE)
_OTHER_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Draft:
    """An item as a recogniser found it: `address` as written, the body still blocks."""

    title: str
    line: int
    address: str | None = None
    link_text: str = ""
    alt_title: str | None = None
    body: tuple[Block, ...] = ()


@dataclass(frozen=True, slots=True)
class Form(Generic[Unit]):
    """A recogniser with its name and the words that end `17 of 17 headings ...`."""

    name: str
    says: str
    match: Callable[[Unit], Draft | None]


@dataclass(frozen=True, slots=True)
class Opening:
    """A link found where it stands alone or first, and the inline tokens without it."""

    text: str
    address: str
    rest: tuple[Token, ...] = ()


# --- links ----------------------------------------------------------------------


def opening_link(children: Sequence[Token]) -> Opening | None:
    """Find the link a line opens with; signs, a number and emphasis may stand before it."""
    for index, child in enumerate(children):
        if child.type == "link_open":
            link, after = _link_at(children, index)
            before = [child for child in children[:index] if child.type in _WRAPPERS]
            rest = _without_empty_wrappers([*before, *children[after:]])
            return link and replace(link, rest=tuple(rest))
        is_quiet = (child.type == "text" and _is_sign(child.content)) or child.type in _WRAPPERS
        if not is_quiet:
            return None
    return None


def only_links(children: Sequence[Token]) -> list[Opening]:
    """Give the links of a line that holds links and signs only; none where it holds words."""
    found: list[Opening] = []
    depth = 0
    for index, child in enumerate(children):
        if child.type == "link_open":
            link, _ = _link_at(children, index)
            if link:
                found.append(link)
            depth += 1
        elif child.type == "link_close":
            depth -= 1
        elif depth == 0 and child.content and child.type != "html_inline":
            is_sign = child.type == "text" and not any(map(str.isalnum, child.content))
            if not is_sign:
                return []
    return found


def is_address(text: str) -> bool:
    """Whether a text is an address shown as such."""
    return _WEB.match(text.strip()) is not None and " " not in text.strip()


def first_line(children: Sequence[Token]) -> tuple[Sequence[Token], Sequence[Token]]:
    """Part the inline tokens of a paragraph after its first line."""
    for index, child in enumerate(children):
        if _is_break(child):
            end = index
            while end < len(children) and (
                _is_break(children[end])
                or (children[end].type == "text" and not children[end].content.strip())
            ):
                end += 1
            return children[:index], children[end:]
    return children, ()


def _link_at(children: Sequence[Token], index: int) -> tuple[Opening | None, int]:
    """Read the link that opens at an index; give it, and the index after it."""
    end = next((i for i in range(index, len(children)) if children[i].type == "link_close"), index)
    address = str(children[index].attrs.get("href", ""))
    if not _leads_somewhere(address):
        return None, end + 1
    return Opening(title_text(children[index + 1 : end]), address), end + 1


def _leads_somewhere(address: str) -> bool:
    if not address or address.startswith("#"):
        return False
    return _WEB.match(address) is not None or not _OTHER_SCHEME.match(address)


def _without_empty_wrappers(children: list[Token]) -> list[Token]:
    kept: list[Token] = []
    for child in children:
        is_close = child.type.endswith("_close")
        if is_close and kept and kept[-1].type == child.type.replace("_close", "_open"):
            kept.pop()
        elif not (child.type == "text" and not child.content):
            kept.append(child)
    return kept


def _is_sign(text: str) -> bool:
    if _NUMBER.fullmatch(text):
        return True
    return len(text) < 12 and not any(map(str.isalnum, text)) and not _BRACKETS & set(text)


def _is_break(token: Token) -> bool:
    return token.type in {"softbreak", "hardbreak"} or (
        token.type == "html_inline" and BREAK.match(token.content) is not None
    )


# --- headings -------------------------------------------------------------------


def heading_then_link(node: Node) -> Draft | None:
    """`# Title`, and the next line is only its link: `[translation](u)`, `<u>` or bare."""
    if not node.heading or not node.own or node.own[0].kind != "paragraph_open":
        return None
    line, after = first_line(node.own[0].children)
    links = only_links(line)
    if not links:
        return None
    first = links[0]
    titled = opening_link(node.heading.children)
    title = node.heading.title or _unless_address(first.text) or host_of(first.address)
    translation = _unless_address(first.text) if len(links) == 1 else None
    kept = _without_breaks(after)
    if len(links) > 1:  # `[PDF](u) | [HTML](v)` stays to be clicked
        kept = tuple(node.own[0].children)
    body = [paragraph(kept, node.own[0])] if kept else []
    body = _pictures(node.heading) + body + list(node.below())[1:]
    return Draft(
        title=title,
        line=node.heading.line,
        address=titled.address if titled and _is_whole(titled) else first.address,
        link_text=first.text,
        alt_title=translation if translation != title else None,
        body=tuple(body),
    )


def linked_heading(node: Node) -> Draft | None:
    """`## [Title](u)`: the heading is one link, the body follows."""
    if not node.heading:
        return None
    link = opening_link(node.heading.children)
    if not link or not _is_whole(link):
        return None
    return Draft(
        title=_unless_address(link.text) or node.heading.title or host_of(link.address),
        line=node.heading.line,
        address=link.address,
        link_text=link.text,
        body=tuple(node.below()),
    )


def story(node: Node) -> Draft | None:
    """`## Title` over prose; links at the end of the heading are the story's."""
    if not node.heading or not node.heading.title:
        return None
    body = tuple(node.below())
    listed = sum(len(body_text(block.tokens)) for block in body if "list" in block.kind)
    written = sum(len(body_text(block.tokens)) for block in body if block.kind != "heading_open")
    if not written or listed * 2 > written:
        return None
    title, address = _trailing_link(node.heading)
    body = (*_pictures(node.heading), *body)
    return Draft(title=title, line=node.heading.line, address=address, body=body)


def _pictures(heading: Block) -> list[Block]:
    """Give the pictures of a heading as a paragraph; they are no part of the title."""
    return [paragraph(heading.pictures, heading)] if heading.pictures else []


def _is_whole(link: Opening) -> bool:
    rest = _HEADING_ID.sub("", line_text(link.rest))
    return not rest.strip() or _is_sign(rest) or _NUMBER.fullmatch(rest) is not None


def _words(children: Sequence[Token]) -> list[Token]:
    return [child for child in children if child.type != "image"]


def _trailing_link(heading: Block) -> tuple[str, str | None]:
    """Part a heading's words from the links it ends with."""
    children = heading.children
    for index, child in enumerate(children):
        if child.type != "link_open":
            continue
        if not only_links(children[index:]):
            break
        words = title_text(_words(children[:index])).rstrip(" -–—:：|(（[【")
        address = str(child.attrs.get("href", ""))
        return words or heading.title, address if _leads_somewhere(address) else None
    return heading.title, None


# --- bullets --------------------------------------------------------------------


def bullet_link(blocks: Sequence[Block]) -> Draft | None:
    """`- [Title](u) rest`: the bullet opens with its link, the rest and what is indented follow."""
    if not blocks:
        return None
    link = opening_link(blocks[0].children)
    if not link:
        return None
    rest, ending = _after_title(link.rest)
    body = ([paragraph(rest, blocks[0])] if rest else []) + list(blocks[1:])
    title = _unless_address(link.text)
    if title and title[-1] not in "?!？！…":
        title += ending
    title = title or first_sentence(line_text(rest)) or host_of(link.address)
    return Draft(title, blocks[0].line, link.address, link.text, body=tuple(body))


def sentence_bullet(blocks: Sequence[Block]) -> Draft | None:
    """`- A sentence with a [link](u).`: the first sentence is the title. Taken, never chosen."""
    text = body_text(tokens_of(blocks))
    if not text:
        return None
    children = blocks[0].children
    title = first_sentence(line_text(children)) or first_sentence(text)
    is_all = children and title == title_text(children)
    has_more = any(child.type in {"link_open", "image"} for child in children)
    address = next(
        (
            str(child.attrs["href"])
            for child in children
            if child.type == "link_open" and _leads_somewhere(str(child.attrs.get("href", "")))
        ),
        None,
    )
    body = tuple(blocks[1:] if is_all and not has_more else blocks)
    return Draft(title, blocks[0].line, address, body=body)


def _after_title(rest: Sequence[Token]) -> tuple[tuple[Token, ...], str]:
    """Drop the signs between title and text; a `?` or `!` stays with the title."""
    kept = list(_without_breaks(rest))
    ending = ""
    if kept and kept[0].type == "text":
        text = kept[0].content
        while text and text[0] in "?!？！":
            ending, text = ending + text[0], text[1:]
        kept[0] = kept[0].copy(content=text.lstrip(_AFTER_TITLE))
        kept = list(_without_breaks(kept))
    if not any(child.content.strip() or child.children for child in kept):
        return (), ending
    return tuple(kept), ending


def _without_breaks(children: Sequence[Token]) -> tuple[Token, ...]:
    start, end = 0, len(children)
    while start < end and _is_blank(children[start]):
        start += 1
    while end > start and _is_blank(children[end - 1]):
        end -= 1
    return tuple(children[start:end])


def _is_blank(token: Token) -> bool:
    return _is_break(token) or (token.type == "text" and not token.content.strip())


def _unless_address(text: str) -> str | None:
    return None if not text or is_address(text) else text


HEADINGS: Final[tuple[Form[Node], ...]] = (
    Form("heading-then-link", "are followed by a line that is only a link", heading_then_link),
    Form("linked-heading", "are one link each", linked_heading),
)
BULLETS: Final[tuple[Form[Sequence[Block]], ...]] = (
    Form("bullet-link", "open with a link", bullet_link),
)
STORY: Final[Form[Node]] = Form("story", "stand over prose, without a link of their own", story)


def numbered(drafts: Sequence[Draft]) -> list[Draft]:
    """Take the numbers off titles that count `1.`, `2.`, `3.`; they are no part of them."""
    heads = [re.match(r"(\d{1,4})\s*(?:[.、．)）]\s*|:\s+)(?=\S)", draft.title) for draft in drafts]
    counted = [int(head[1]) if head else None for head in heads]
    first = counted[0] if counted else None
    if first is None or len(drafts) < 2 or counted != list(range(first, first + len(drafts))):
        return list(drafts)
    return [
        replace(draft, title=draft.title[head.end() :] if head else draft.title)
        for draft, head in zip(drafts, heads, strict=True)
    ]
