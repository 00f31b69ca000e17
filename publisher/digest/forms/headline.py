"""headline - the title of a digest: its lone first heading, or a first line that plainly is one.

Faults: None where nothing heads the whole digest. Never: takes an item, or a section, for the title.
See: sections (asks), evidence (what is an item).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, TypeAlias

from publisher.digest.forms.bullets import lead_of
from publisher.digest.forms.evidence import Evidence
from publisher.digest.forms.links import lines_of
from publisher.digest.forms.titles import links_of_heading, pictures_of
from publisher.digest.markup.outline import LISTS, Block, Node
from publisher.digest.markup.plain import cells, title_text
from publisher.digest.stated.facts import find_date, find_title_number

_MOST_TITLE_CELLS: Final = 80
_TITLE_END: Final = re.compile(r"[.!?,;:…。！？，；：]\W*$")
_SERIES: Final = re.compile(
    r"\b(?:weekly|digest|newsletter|this (?:week|month) in|week(?:ly)? in)\b"
    r"|周刊|周报|月刊|日报|週刊|月報|дайджест",
    re.IGNORECASE,
)


Headline: TypeAlias = tuple[str | None, Node, Sequence[Block]]
"""A title, what stands below it, and where its words lead."""


def find_headline(root: Node, evidence: Evidence, known: str | None) -> Headline:
    """Find the title; `known` is the one the front matter states."""
    title, top, links = _heading(root, evidence, known)
    if title is None and known is None and (line := _title_line(top)):
        return line, Node(None, top.own[1:], top.children), ()
    return title, top, links


def _heading(root: Node, evidence: Evidence, known: str | None) -> Headline:
    """Give a lone first H1 that is no item as the title, and what stands below it as the root."""
    first = root.children[0] if root.children else None
    if not first or not first.heading or first.heading.level != 1:
        return None, root, ()
    plain = [
        node
        for node in root.children
        if node.heading and node.heading.level == 1 and not evidence.is_item(node)
    ]
    if [id(node) for node in plain] != [id(first)] and not _names_the_issue(first, plain):
        return None, root, ()
    title = first.heading.title
    is_same = known is None or _letters(known) == _letters(title)
    if not is_same and (first.own or not first.children):
        return None, root, ()
    below = first.children + _on_one_level(first, root.children[1:], evidence)
    # a heading that says something else than the stated title stays, above all others
    own = [*pictures_of(first.heading), *first.own] if is_same else [first.heading]
    top = Node(None, root.own + own, below)
    return title or None, top, links_of_heading(first.heading) if is_same else ()


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


def _on_one_level(first: Node, others: list[Node], evidence: Evidence) -> list[Node]:
    """Lift sections that stand below an item only because it is written with a higher heading.

    `# Title`, `## Cover`, `# Item`, `# Item`, `## Subscribe`: the last is a section as the first.
    """
    levels = [child.heading.level for child in first.children if child.heading]
    items = [node for node in others if evidence.is_item(node)]
    if not levels or sum(bool(node.children) for node in items) * 2 > len(items):
        return others
    lifted: list[Node] = []
    known = {id(node) for node in items}
    for node in others:
        is_below = id(node) in known and node.children
        lifted += [Node(node.heading, node.own), *node.children] if is_below else [node]
        if is_below:
            evidence.know(lifted[-1 - len(node.children)])
    return lifted


def _letters(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())
