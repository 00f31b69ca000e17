"""signs - signs that are written as words: `:tada:` and `- [x]`.

A name between colons is a sign only where it stands apart and is known: times (`12:30:45`), `::`,
code and addresses are none of it.
Faults: none; an unknown name stays as it is. Never: smileys (`:)`). See: markdown (runs the rules).
"""

from __future__ import annotations

import re
from typing import Final

from markdown_it.rules_core import StateCore

_NAME: Final = re.compile(r"(?<![\w:/]):([a-z0-9+-][a-z0-9_+-]*):(?![\w:])", re.ASCII)
_TASK: Final = re.compile(r"\[([ xX])\](?=\s+\S)")


def name_signs(state: StateCore) -> None:
    """Write emoji for their names; a rule of the core chain, when addresses are links."""
    for token in state.tokens:
        if token.type != "inline" or ":" not in token.content:
            continue
        is_address = False
        for child in token.children or ():
            if child.type in {"link_open", "link_close"}:
                is_address = child.nesting == 1 and child.info == "auto"
            elif child.type == "text" and not is_address and child.content.count(":") > 1:
                child.content = with_signs(child.content)


def with_signs(text: str) -> str:
    """Write emoji for their names in a text that is no Markdown."""
    return _NAME.sub(_emoji, text)


def check_boxes(state: StateCore) -> None:
    """Write a box for the `[ ]` and `[x]` a bullet opens with; runs before lines are read."""
    for before, token in zip(state.tokens, state.tokens[2:], strict=False):
        if before.type == "list_item_open" and token.type == "inline":
            box = _TASK.match(token.content)
            if box and box[1].upper() not in state.env.get("references", {}):
                sign = "☐" if box[1] == " " else "☑"
                token.content = sign + token.content[box.end() :]


def _emoji(name: re.Match[str]) -> str:
    import emoji  # a large table, and most digests name no sign

    return str(emoji.emojize(name[0], language="alias"))
