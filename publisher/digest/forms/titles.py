"""titles - the forms of an item that is a heading with what stands under it.

Faults: none. Never: an item without a title. See: tables, links, sections.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from markdown_it.token import Token

from publisher.digest.forms.drafts import Draft
from publisher.digest.forms.links import (
    Opening,
    first_address,
    first_line,
    is_sign,
    labelled_links,
    lines_of,
    links_in,
    only_links,
    opening_link,
    trailing_links,
    translation_of,
    unless_address,
    without_breaks,
)
from publisher.digest.markup.bodies import host_of
from publisher.digest.markup.markdown import tidy
from publisher.digest.markup.outline import LISTS, Block, Node, bullets_of, paragraph
from publisher.digest.markup.plain import body_text, cells, line_text, title_text

_HEADING_ID: Final = re.compile(r"\s*\{#[\w:.-]+\}\s*")
AUTHORS: Final = re.compile(r"作者|著者|저자|authors?|автор\w*", re.IGNORECASE)
_NAME_BREAK: Final = re.compile(r"\s*[,，、;；]\s*|\s+and\s+")
_LABEL_CELLS: Final = 12
_BEFORE_LINKS: Final = " -–—:：|(（[【"
_LABEL: Final = re.compile(r"\s*(?P<label>[^\n:：]{1,40}?)\s*[:：]\s*(?P<value>.*)", re.DOTALL)
_ORIGINAL: Final = re.compile(
    r"原(?:文|论文)?(?:标题|題名?|题目)|(?:英文|中文|日文)(?:标题|題名|名)|標題|译题|论文标题"
    r"|原題|英題|원제|(?:original|english|chinese|translated)\s+title|оригинал\w*",
    re.IGNORECASE,
)


def heading_then_link(node: Node) -> Draft | None:
    """`# Title`, and the next line is only its link: `[translation](u)`, `<u>` or bare."""
    if not node.heading or not node.own or node.own[0].kind != "paragraph_open":
        return None
    line, after = first_line(node.own[0].children)
    links = [link for link in only_links(line) if link.text]
    if not links or any(_is_rival(block) for block in node.own[1:]):
        return None
    first = links[0]
    titled = opening_link(node.heading.children)
    words = unless_address(first.text, first.address)
    title = node.heading.title or words or host_of(first.address)
    translation = translation_of(first, title) if len(links) == 1 else None
    leads = titled if titled and _is_whole(titled) else first
    kept = without_breaks(after)
    if len(links) > 1 or leads.address != first.address:  # `[PDF](u) | [HTML](v)` can be clicked
        kept = tuple(node.own[0].children)
    body = [paragraph(kept, node.own[0])] if kept else []
    body = beside_title(node.heading, leads.address) + body + list(node.below())[1:]
    return Draft(
        title=title,
        line=node.heading.line,
        address=leads.address,
        link_text=leads.text,
        alt_title=translation,
        body=tuple(body),
    )


def linked_heading(node: Node) -> Draft | None:
    """`## [Title](u)`: the heading is one link, or opens with it; the body follows."""
    if not node.heading:
        return None
    link = opening_link(node.heading.children)
    if not link:
        return None
    title = unless_address(link.text, link.address) if _is_whole(link) and not link.tag else None
    return Draft(
        title=title or node.heading.title or host_of(link.address),
        line=node.heading.line,
        address=link.address,
        link_text=link.text,
        body=(*beside_title(node.heading, link.address), *node.below()),
    )


def heading_with_links(node: Node) -> Draft | None:
    """`## Title [PDF](u), [HTML](v)`: the heading ends with its links."""
    if not node.heading:
        return None
    words, links = trailing_links(node.heading.children)
    said = title_text([word for word in words if word.type != "image"])
    title = said.rstrip(_BEFORE_LINKS)
    if not links or not title or is_sign(title) or said.endswith((":", "：")):
        return None
    topics, title = _category(title, words)
    shown = [paragraph(node.heading.children[len(words) :], node.heading)] if len(links) > 1 else []
    if any(child.type == "link_open" for child in words):
        shown = links_of_heading(node.heading)
    return Draft(
        title=title,
        line=node.heading.line,
        address=links[0].address,
        link_text=links[0].text,
        topics=topics,
        body=(*pictures_of(node.heading), *shown, *node.below()),
    )


def labelled_heading(node: Node) -> Draft | None:
    """`### Title` over labelled lines, `**Original title:** ...`, `- URL: u`; some may be empty."""
    if not node.heading or not node.heading.title or node.children:
        return None
    links = [link for line in _lines_below(node) for link in labelled_links(line)]
    if not links and len(labels_of(node)) < 2:
        return None
    if not links:  # `- 🔗 [Read it](u)`
        listed = [opening_link(line) for block in node.own for line in _first_lines(block)]
        links = [link for link in listed if link]
    fields = [field for block in node.own for field in fields_of(block)]
    title = node.heading.title
    original = next((value for label, value in fields if _ORIGINAL.search(label)), None)
    authors = next((value for label, value in fields if AUTHORS.fullmatch(label)), "")
    return Draft(
        title=title,
        line=node.heading.line,
        address=links[0].address if links else None,
        link_text=links[0].text if links else "",
        alt_title=original if original != title else None,
        authors=names_in(authors),
        body=(*beside_title(node.heading, links[0].address if links else None), *node.below()),
    )


def labels_of(node: Node) -> list[str]:
    """Give the labels below a heading: bold ones of lines, those of bullets, and signs of bullets."""
    labels = [label for block in node.own for label, _ in fields_of(block)]
    for block in node.own:
        for line in _first_lines(block):
            text = line_text(line).strip()
            if found := _LABEL.match(text):
                labels.append(found["label"])
            elif text and not text[0].isalnum() and not text[0].isascii():
                labels.append(text[0])
    return labels


def _lines_below(node: Node) -> list[Sequence[Token]]:
    lines: list[Sequence[Token]] = []
    for block in node.own:
        lines += lines_of(block.children) or _first_lines(block)
    return lines


def _first_lines(block: Block) -> list[Sequence[Token]]:
    """Give the first line of every bullet of a list."""
    if block.kind not in LISTS:
        return []
    return [first_line(bullet[0].children)[0] for bullet in bullets_of(block) if bullet]


def story(node: Node) -> Draft | None:
    """`## Title` over prose; its only link, or one that stands alone, is where the story leads."""
    if not node.heading or not node.heading.title:
        return None
    body = tuple(node.below())
    listed = sum(len(body_text(block.tokens)) for block in body if "list" in block.kind)
    written = sum(len(body_text(block.tokens)) for block in body if block.kind != "heading_open")
    return told(node) if written and listed * 2 <= written else None


def told(node: Node) -> Draft:
    """Make a draft of a heading with all that stands under it."""
    body = tuple(node.below())
    paragraphs = [block for block in body if not block.level]
    lines = [token.children or [] for block in paragraphs for token in block.tokens]
    addresses = {link.address for line in lines for link in links_in(line)}
    alone = (only_links(first_line(block.children)[0]) for block in paragraphs)
    standing = [links[0].address for links in alone if links]
    address = next(iter(addresses), None) if len(addresses) == 1 else next(iter(standing), None)
    if node.heading:
        address = first_address(node.heading.children) or address
    beside = beside_title(node.heading, address) if node.heading else []
    return Draft(
        title=node.heading.title if node.heading else "",
        line=node.line or 1,
        address=address,
        body=(*beside, *body),
    )


def fields_of(block: Block) -> list[tuple[str, str]]:
    """Give the `**Label:** value` lines of a paragraph, or the labelled bullets of a list.

    Labels need not be bold where each line has one; a line without a label goes on.
    """
    fields: list[tuple[str, str]] = []
    lines = lines_of(block.children)
    plain = [_LABEL.fullmatch(line_text(line)) for line in lines]
    if block.kind in LISTS:
        found_in = (_LABEL.fullmatch(line_text(line)) for line in _first_lines(block))
        return [(found["label"], found["value"].strip()) for found in found_in if found]
    if len(lines) > 1 and all(plain):
        return [(found["label"], found["value"].strip()) for found in plain if found]
    for line in lines:
        found = _LABEL.fullmatch(line_text(line)) if _opens_bold(line) else None
        if found:
            fields.append((found["label"], found["value"].strip()))
        elif fields:
            label, value = fields[-1]
            fields[-1] = (label, tidy(f"{value} {line_text(line)}"))
    return fields


def names_in(text: str) -> tuple[str, ...]:
    """Part a list of names."""
    return tuple(name for part in _NAME_BREAK.split(text) if (name := tidy(part)))


def _opens_bold(line: Sequence[Token]) -> bool:
    first = next((child for child in line if child.type != "text" or child.content.strip()), None)
    return first is not None and first.type == "strong_open"


def _category(title: str, words: Sequence[Token]) -> tuple[tuple[str, ...], str]:
    """Part `3. `cs.AI` - Title` into its code, which is a topic, and the title."""
    code = next((child.content for child in words if child.type == "code_inline"), "")
    found = re.match(rf"(\d{{1,4}}\s*[.、．)）]\s*)?{re.escape(code)}\s*[-–—:：]\s*(?=\S)", title)
    if not code or not found:
        return (), title
    return (code,), (found[1] or "") + title[found.end() :]


def pictures_of(heading: Block) -> list[Block]:
    """Give the pictures of a heading as a paragraph; they are no part of the title."""
    return [paragraph(heading.pictures, heading)] if heading.pictures else []


def links_of_heading(heading: Block, address: str | None = None) -> list[Block]:
    """Give the links of a heading as a paragraph, but for those that lead to an address.

    One whose words are the whole title is named by its host: the title stands above it.
    """
    links: list[Token] = []
    for start, child in enumerate(heading.children):
        leads_to = str(child.attrs.get("href", ""))
        if child.type != "link_open" or leads_to == address:
            continue
        end = start + [one.type for one in heading.children[start:]].index("link_close")
        shown = heading.children[start : end + 1]
        words = title_text(shown)
        if words == heading.title and ":" in leads_to:
            name = Token("text", "", 0, content=host_of(leads_to).removeprefix("mailto:"))
            shown = [child, name, heading.children[end]]
        if words and not leads_to.startswith("#"):
            links += [*([Token("text", "", 0, content=" · ")] if links else []), *shown]
    return [paragraph(links, heading)] if links else []


def beside_title(heading: Block, address: str | None = None) -> list[Block]:
    """Give the pictures of a heading, and its links that lead elsewhere than its item does."""
    return pictures_of(heading) + links_of_heading(heading, address)


def _is_rival(block: Block) -> bool:
    """Whether a block below a heading opens with a titled link as its first line does."""
    links = only_links(first_line(block.children)[0])
    return (
        len(links) == 1
        and cells(links[0].text) > _LABEL_CELLS
        and unless_address(links[0].text, links[0].address) is not None
    )


def _is_whole(link: Opening) -> bool:
    rest = _HEADING_ID.sub("", line_text(link.rest))
    return not rest.strip() or is_sign(rest)
