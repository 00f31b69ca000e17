"""references - links whose address stands elsewhere, and links written not quite right.

A definition (`[x]: https://...`) counts wherever it stands, below a line of prose too. A reference
without one is its words, never brackets. `[t] (https://...)` and `(t)[https://...]` are links, for
nothing else can be meant; what is more doubtful than that stays the text it is.
Faults: references without a definition, as a finding. Never: takes a word away.
See: markdown (runs the rules), html_tokens (links written as HTML).
"""

from __future__ import annotations

import re
from collections.abc import MutableMapping, Sequence
from typing import Any, Final

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock, reference
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from publisher.model import Finding, Level

MOST_NAMED: Final = 5
_UNDEFINED: Final = "undefined references"
_LINE: Final = "line"
_TWO_BRACKETS: Final = "two brackets"
_BRACKET_APART: Final = "bracket apart"
_LONGEST_DEFINITION: Final = 8
_LONGEST_LABEL: Final = 300
_DEFINITION: Final = re.compile(
    r"""\[[^\[\]^][^\[\]]{0,300}\]:[ \t]*
    (?:<[^<>\s]+>|(?:https?://|mailto:|/|\#|\.{1,2}/)\S*)
    (?:[ \t]+(?:"[^"]*"|'[^']*'|\([^()]*\)))?[ \t]*$""",
    re.VERBOSE,
)
_LABEL: Final = re.compile(rf"\[([^\[\]\n]{{0,{_LONGEST_LABEL}}}(?:\n[^\[\]\n]{{1,100}})?)\]")
_APART: Final = re.compile(r"[ \t]{1,3}\((https?://[^\s()<>]+(?:\([^\s()<>]*\)[^\s()<>]*)*)\)")
_PADDED: Final = re.compile(
    r"<(?:[ \t]{1,3}(https?://[^\s<>]{1,2000}?)[ \t]{0,3}/?|(https?://[^\s<>]{1,2000}?)[ \t]{1,3}/?)>"
)
_TURNED: Final = re.compile(r"\[[ \t]*(https?://[^\s\[\]<>]+)[ \t]*\](?!\()")
_TURNED_WORDS: Final = re.compile(r"\(([^()]+)\)$")
_LONGEST_TURNED: Final = 200


def references(markdown: MarkdownIt) -> None:
    """Teach a parser what people write for links; a plug-in."""
    markdown.block.ruler.at("reference", _definition, {"alt": ["paragraph", "reference"]})
    markdown.inline.ruler.before("autolink", "padded_address", _padded)
    markdown.inline.ruler.after("link", "undefined_reference", _without_definition)
    markdown.inline.ruler.after("link", "turned_link", _turned)
    markdown.inline.ruler.after("link", "link_apart", _apart)
    markdown.core.ruler.at("inline", _read_lines)
    markdown.core.ruler.after("inline", "empty_links", _fill_empty_links)


def undefined_references(env: MutableMapping[str, Any]) -> list[Finding]:
    """Report the references that were read without a definition."""
    found: dict[str, int] = {}
    for line, label in env.get(_UNDEFINED, ()):
        found.setdefault(label, line)
    if not found:
        return []
    names = ", ".join(f"“{label[:60]}”" for label in list(found)[:MOST_NAMED])
    more = f" and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else ""
    return [
        Finding(
            Level.NOTE,
            "digest/undefined-link",
            f"No address is given for these references, so they are plain words: {names}{more}.",
            "Write a line such as [name]: https://... below the text.",
            next(iter(found.values())),
        )
    ]


def _definition(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Read a definition from few lines; the rule alone looks at all that follow, each time.

    It ends a paragraph only where it is clearly one, for prose may hold `[note]: this`.
    """
    if silent:
        line = state.src[state.bMarks[start] + state.tShift[start] : state.eMarks[start]]
        return _DEFINITION.match(line) is not None and not state.is_code_block(start)
    whole = state.lineMax
    state.lineMax = min(whole, start + _LONGEST_DEFINITION)
    try:
        return reference(state, start, state.lineMax, silent)
    finally:
        state.lineMax = whole


def _read_lines(state: StateCore) -> None:
    """Read what lines hold, as the parser's own rule does, and say which line it is."""
    for token in state.tokens:
        if token.type == "inline":
            state.env[_LINE] = token.map[0] if token.map else 0
            state.env[_TWO_BRACKETS] = "][" in token.content
            state.env[_BRACKET_APART] = _APART.search(token.content) is not None
            token.children = token.children or []
            state.md.inline.parse(token.content, state.md, state.env, token.children)


def _without_definition(state: StateInline, silent: bool) -> bool:
    """Read `[words][label]` and `[words][]`, which are no link, as words.

    Not when the parser only looks for the end of a link around: within one, brackets are balanced.
    """
    if silent or state.src[state.pos] != "[" or not state.env.get(_TWO_BRACKETS):
        return False
    end = state.md.helpers.parseLinkLabel(state, state.pos)
    label = _LABEL.match(state.src, end + 1, state.posMax) if end >= 0 else None
    words = state.src[state.pos + 1 : end]
    if label is None or not _is_reference(state, words, label[1]):
        return False
    state.pending = state.pending.removesuffix("!")  # of a picture: its words are left
    line = state.env.get(_LINE, 0) + 1 + state.src.count("\n", 0, state.pos)
    name = " ".join((label[1] or words).split())
    state.env.setdefault(_UNDEFINED, []).append((line, name))
    _read_within(state, state.pos + 1, end)
    state.pos = label.end()
    return True


def _read_within(state: StateInline, start: int, end: int) -> None:
    whole = state.posMax
    state.pos, state.posMax = start, end
    state.md.inline.tokenize(state)
    state.posMax = whole


def _is_reference(state: StateInline, words: str, label: str) -> bool:
    """Whether this is plainly a reference, and no `x[0][1]`, `[1][2]` or `[][]`."""
    before = state.src[state.pos - 1] if state.pos else " "
    if (
        not any(map(str.isalpha, words))
        or before in "])"
        or (before.isascii() and before.isalnum())
    ):
        return False
    return not label or any(map(str.isalpha, label)) or not label.isascii()


def _padded(state: StateInline, silent: bool) -> bool:
    """Read `< https://... >` and `<https://... />`, which are no HTML, as the address they hold."""
    if silent or state.src[state.pos] != "<" or state.linkLevel:
        return False
    found = _PADDED.match(state.src, state.pos, state.posMax)
    if found is None:
        return False
    address = found[1] or found[2]
    opening = state.push("link_open", "a", 1)
    opening.attrs = {"href": state.md.normalizeLink(address)}
    state.push("text", "", 0).content = address
    state.push("link_close", "a", -1)
    state.pos = found.end()
    return True


def _apart(state: StateInline, silent: bool) -> bool:
    """Read `[words] (https://...)`."""
    if silent or state.src[state.pos] != "[" or state.linkLevel:
        return False
    if not state.env.get(_BRACKET_APART):
        return False
    end = state.md.helpers.parseLinkLabel(state, state.pos, True)
    address = _APART.match(state.src, end + 1, state.posMax) if end >= 0 else None
    if address is None or not state.src[state.pos + 1 : end].strip():
        return False
    state.push("link_open", "a", 1).attrs = {"href": state.md.normalizeLink(address[1])}
    state.linkLevel += 1
    _read_within(state, state.pos + 1, end)
    state.linkLevel -= 1
    state.push("link_close", "a", -1)
    state.pos = address.end()
    return True


def _turned(state: StateInline, silent: bool) -> bool:
    """Read `(words)[https://...]`; the words have been read when the bracket comes."""
    if state.src[state.pos] != "[" or state.linkLevel or silent:
        return False
    address = _TURNED.match(state.src, state.pos, state.posMax)
    words = _TURNED_WORDS.search(state.pending[-_LONGEST_TURNED:]) if address else None
    if address is None or words is None:
        return False
    state.pending = state.pending.removesuffix(words[0])
    opening = state.push("link_open", "a", 1)
    opening.attrs = {"href": state.md.normalizeLink(address[1])}
    state.push("text", "", 0).content = words[1]
    state.push("link_close", "a", -1)
    state.pos = address.end()
    return True


def _fill_empty_links(state: StateCore) -> None:
    """Show the address of a link without words, `[](https://...)`, or nobody could follow it."""
    for token in state.tokens:
        if token.type == "inline" and token.children:
            token.children = _filled(token.children)


def _filled(children: Sequence[Token]) -> list[Token]:
    out: list[Token] = []
    for child in children:
        if child.type == "link_close" and out and out[-1].type == "link_open":
            address = str(out[-1].attrs.get("href", ""))
            if address.startswith(("https://", "http://")):
                out.append(Token("text", "", 0, content=address))
        out.append(child)
    return out
