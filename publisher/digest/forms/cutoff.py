"""cutoff - a last sentence that stops in the middle.

Only prose of some length is judged - sentences, not a list of names -, only the last paragraph of
an item, and only in a digest whose other items do end their sentences: where the house style is no
full stops, nothing is said.
Faults: none, the finding is a `warn`. Never: judges links, code, lists, tables, short notes.
See: items (calls it with every draft).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from publisher.digest.forms.drafts import Draft
from publisher.digest.markup.outline import Block
from publisher.digest.markup.plain import cells, line_text
from publisher.model import Finding, Level

LONG_ENOUGH: Final = 80
FEW: Final = 3
_ENDS: Final = re.compile(
    r"(?:[。！？.!?…‥．｡」』）】》〉］”’\"'»›)\]}:：;；⋯~～—–,，、*|]|[^\w\s,，、-])\s*$"
)
_SENTENCE_WITHIN: Final = re.compile(r"[。！？]|[^\W\d_A-Z]{2}[)\"”’]?[.!?]\s")
_GOES_ON: Final = re.compile(r"[,，、—–-]\s*$")


def cut_off(drafts: Sequence[Draft], lines: Sequence[str]) -> list[Finding]:
    """Report the items whose last paragraph stops in mid-sentence."""
    judged = [(draft, block) for draft in drafts if (block := _last_prose(draft))]
    open_ended = [(draft, block) for draft, block in judged if not _is_ended(block)]
    ended = len(judged) - len(open_ended)
    share = 2 if len(open_ended) <= FEW else 20  # the more there are, the more it is a style
    if ended < len(open_ended) * share:
        return []
    return [_finding(draft, block, lines) for draft, block in open_ended]


def _last_prose(draft: Draft) -> Block | None:
    """Give the paragraph an item ends with, when it is long enough to be prose."""
    if not draft.body or draft.body[-1].kind != "paragraph_open":
        return None
    block = draft.body[-1]
    children = [child for child in block.children if child.content.strip() or child.type != "text"]
    if not children or children[-1].type != "text":  # a link, code, a caption in italics
        return None
    text = line_text(block.children)
    return block if cells(text) >= LONG_ENOUGH and _SENTENCE_WITHIN.search(text) else None


def _is_ended(block: Block) -> bool:
    text = line_text(block.children).rstrip()
    return _ENDS.search(text) is not None and _GOES_ON.search(text) is None


def _finding(draft: Draft, block: Block, lines: Sequence[str]) -> Finding:
    line = block.end
    while line > block.line and not lines[line - 1].strip():
        line -= 1
    tail = line_text(block.children).rstrip()[-20:].lstrip()
    return Finding(
        Level.WARN,
        "digest/cut-off",
        f"The text of “{draft.title}” seems to stop in mid-sentence: “…{tail}”.",
        "Finish the sentence, or end it with a full stop if nothing is missing.",
        line,
        len(lines[line - 1].rstrip()),
    )
