"""drafts - an item as a recogniser found it, and what a recogniser is.

Faults: none. Never: HTML, addresses made whole (that is items). See: tables.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Generic, TypeVar

from publisher.digest.markup.outline import Block

Unit = TypeVar("Unit")
_COUNT: Final = re.compile(r"(\d{1,4})\s*(?:[.、．)）]\s*|[:：]\s+)(?=\S)")


@dataclass(frozen=True, slots=True)
class Draft:
    """An item as a recogniser found it: `address` as written, the body still blocks.

    `above` is the section's prose between the item before and this one, none at the first item.
    """

    title: str
    line: int
    address: str | None = None
    link_text: str = ""
    alt_title: str | None = None
    authors: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    body: tuple[Block, ...] = ()
    above: tuple[Block, ...] = ()


@dataclass(frozen=True, slots=True)
class Form(Generic[Unit]):
    """A recogniser with its name and the words that end `17 of 17 headings ...`."""

    name: str
    says: str
    match: Callable[[Unit], Draft | None]


def numbered(drafts: Sequence[Draft]) -> list[Draft]:
    """Take the numbers off titles that count `1.`, `2.`, `3.`; they are no part of them."""
    heads = [_COUNT.match(draft.title) for draft in drafts]
    counted = [int(head[1]) if head else None for head in heads]
    first = counted[0] if counted else None
    if first is None or counted != list(range(first, first + len(drafts))):
        return list(drafts)
    if len(drafts) < 2 and first != 1:
        return list(drafts)
    return [
        replace(draft, title=draft.title[head.end() :] if head else draft.title)
        for draft, head in zip(drafts, heads, strict=True)
    ]
