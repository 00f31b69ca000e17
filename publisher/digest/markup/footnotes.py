"""footnotes - notes beside the text that refers to them, numbered once through the digest.

A definition may stand anywhere; its note is moved behind the block that first refers to it, so that
it belongs to the same item, and comes last in the item when that is written. One that nothing
refers to stays where it is. Where sections use a label again, each reference takes the next one.
Faults: a reference without a definition stays text. Never: a note twice, or none.
See: markdown (runs the plug-in), plain and bodies (write what `notes_last` gives).
"""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markdown_it.utils import OptionsDict
from mdit_py_plugins.footnote import footnote_plugin

_HOLDS_NO_NOTE: Final = frozenset(
    f"{block}_{end}" for block in ("paragraph", "heading", "table") for end in ("open", "close")
)


@dataclass(slots=True)
class _Note:
    """A definition: its tokens, where it stood, and its number once it is used."""

    label: str
    position: int
    opening: Token
    tokens: list[Token]
    is_used: bool = False
    number: int = 0


def footnotes(markdown: MarkdownIt) -> None:
    """Teach a parser footnotes; a plug-in."""
    markdown.use(footnote_plugin, inline=False, move_to_end=False)
    markdown.core.ruler.after("inline", "footnotes", _place)
    markdown.add_render_rule("footnote_ref", _render_reference)
    markdown.add_render_rule("footnote_mark", _render_mark)


def notes_last(tokens: Sequence[Token]) -> list[Token]:
    """Put the notes within some tokens behind all others, each opening with its number."""
    kept: list[Token] = []
    notes: list[Token] = []
    is_note = False
    for index, token in enumerate(tokens):
        if token.type == "footnote_open":
            is_note = True
            mark = Token("footnote_mark", "", 0, content=f"[{token.meta['number']}] ")
            mark.meta = token.meta
            if tokens[index + 1].type != "paragraph_open":
                notes += _paragraph([mark])
        elif token.type == "footnote_close":
            is_note = False
        elif is_note and tokens[index - 2].type == "footnote_open" and token.type == "inline":
            notes.append(token.copy(children=[mark, *(token.children or [])]))
        else:
            (notes if is_note else kept).append(token)
    return kept + notes


def _paragraph(children: list[Token]) -> list[Token]:
    inline = Token("inline", "", 0, block=True, children=children)
    opening, closing = (
        Token("paragraph_open", "p", 1, block=True),
        Token("paragraph_close", "p", -1),
    )
    return [opening, inline, closing]


def _place(state: StateCore) -> None:
    """Move each note behind the block that first refers to it; a rule of the core chain."""
    if "footnotes" not in state.env:
        return
    notes, tokens = _parted(state.tokens)
    by_label: dict[str, list[_Note]] = {}
    for note in notes:
        by_label.setdefault(note.label, []).append(note)
    refers = _References(by_label)
    for position, token in tokens:
        refers.read(token, position)
    unused = []
    for note in notes:
        if not note.is_used:
            unused.append(note)
            for token in note.tokens:
                refers.read(token, note.position)
    state.tokens = list(_Placing(refers, unused).run(tokens))


def _parted(tokens: Sequence[Token]) -> tuple[list[_Note], list[tuple[int, Token]]]:
    """Part the definitions from the text; one within another is a note of its own."""
    notes: list[_Note] = []
    text: list[tuple[int, Token]] = []
    within: list[_Note] = []
    for position, token in enumerate(tokens):
        if token.type == "footnote_reference_open":
            within.append(_Note(token.meta["label"], position, token, []))
            notes.append(within[-1])
        elif token.type == "footnote_reference_close":
            within.pop()
        elif within:
            within[-1].tokens.append(token)
        else:
            text.append((position, token))
    return notes, text


class _References:
    """Finds the note that each reference means, those of the notes' own text included."""

    def __init__(self, by_label: dict[str, list[_Note]]) -> None:
        self._by_label = by_label
        self._meant: dict[int, _Note] = {}

    def read(self, token: Token, position: int) -> None:
        """Read the references of one token that stands at a position."""
        waiting = [token]
        while waiting:
            for child in waiting.pop().children or ():
                if child.type != "footnote_ref":
                    continue
                same = self._by_label.get(child.meta["label"])
                if same is None:  # its definition nests too deeply to be read
                    child.type, child.content = "text", f"[^{child.meta['label']}]"
                    continue
                note = next((note for note in same if note.position > position), same[-1])
                self._meant[id(child)] = note
                if not note.is_used:
                    note.is_used = True
                    waiting += note.tokens

    def of(self, token: Token) -> Iterator[tuple[Token, _Note]]:
        """Give the references within a token with their notes."""
        for child in token.children or ():
            if child.type == "footnote_ref":
                yield child, self._meant[id(child)]


class _Placing:
    """Writes the token stream anew with every note in its place."""

    def __init__(self, refers: _References, unused: list[_Note]) -> None:
        self._refers = refers
        self._unused = unused
        self._count = 0
        self._waiting: list[_Note] = []

    def run(self, tokens: Sequence[tuple[int, Token]]) -> Iterator[Token]:
        """Give all tokens in their new order."""
        inside = 0  # of what cannot hold a note: a paragraph, a heading, a table
        is_after_heading = False
        for position, token in tokens:
            while self._unused and self._unused[0].position < position:
                self._number(self._unused.pop(0))
            # the line under a heading may be its link, and is left beside it
            if not inside and not (is_after_heading and token.type == "paragraph_open"):
                yield from self._flush()
            if token.type in _HOLDS_NO_NOTE:
                inside += token.nesting
                is_after_heading = token.type == "heading_close"
            self._mark(token)
            yield token
        for note in self._unused:
            self._number(note)
        yield from self._flush()

    def _mark(self, token: Token) -> None:
        for child, note in self._refers.of(token):
            self._number(note)
            child.meta["number"] = note.number
            child.content = f"[{note.number}]"

    def _number(self, note: _Note) -> None:
        if note.number:
            return
        self._count += 1
        note.number = self._count
        self._waiting.append(note)

    def _flush(self) -> Iterator[Token]:
        while self._waiting:
            note = self._waiting.pop(0)
            opening = Token("footnote_open", "", 1, block=True, map=note.opening.map)
            opening.meta = {"number": note.number}
            yield opening
            for token in note.tokens:
                self._mark(token)
                yield token
            yield Token("footnote_close", "", -1, block=True)


# --- the page ---------------------------------------------------------------------


def _render_reference(
    renderer: RendererHTML,
    tokens: Sequence[Token],
    index: int,
    options: OptionsDict,
    env: MutableMapping[str, Any],
) -> str:
    number = tokens[index].meta["number"]
    return f'<sup><a href="#fn-{number}">{number}</a></sup>'


def _render_mark(
    renderer: RendererHTML,
    tokens: Sequence[Token],
    index: int,
    options: OptionsDict,
    env: MutableMapping[str, Any],
) -> str:
    number = tokens[index].meta["number"]
    return f'<a id="fn-{number}" name="fn-{number}"></a><sup>{number}</sup> '
