"""colouring - code in the colours of its language, for the mail, where no style sheet is sure.

Pygments reads the language a block names. What has a meaning worth a colour stands in a span with
its ink and a class of one letter, by which the dark style chooses another; the rest stays as it is, for
every span is bytes. The inks can be read on the newsletter's own colours, by day and by night.
Faults: none; a language nobody knows, and code too long or too full of parts, stays without colour.
Never: changes a letter of the code; guesses a language. See: pieces (applies it).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache, partial
from html import escape, unescape
from typing import TYPE_CHECKING, Final

from publisher.colours import READABLE, contrast, luminance, mixed
from publisher.render.shades import Shades

if TYPE_CHECKING:
    from pygments.token import _TokenType

_INKS: Final = {
    "k": ("#7a2486", "#d9a8e6"),  # keywords
    "s": ("#1b6a33", "#9fd3a8"),  # strings, and what was put in
    "c": ("#5a5f66", "#a3a9b2"),  # comments
    "n": ("#1d4e9e", "#9cc2ff"),  # names that are made here, or are the language's own
    "m": ("#8a4700", "#f0b886"),  # numbers
    "d": ("#a3201f", "#ff9d96"),  # what was taken out
}
"""Each ink by its class: on a light ground, and on a dark one."""
_STEPS: Final = 10
MOST_SIGNS: Final = 6000
MOST_SPANS: Final = 150
_COLOURED: Final = re.compile(r'<span class="[cdkmns]" style="')
_BLOCK: Final = re.compile(
    r'<pre><code class="language-([^" ]+)[^"]*">([^<]*)</code></pre>', re.IGNORECASE
)


def inks_on(shades: Shades) -> dict[str, str]:
    """Give the inks by their classes, mixed with that of the text where they need it to be read."""
    is_dark = luminance(shades.paper) < luminance(shades.ink)
    return {name: _readable(inks[is_dark], shades) for name, inks in _INKS.items()}


def _readable(ink: str, shades: Shades) -> str:
    mixes = (mixed(ink, shades.ink, step / _STEPS) for step in range(_STEPS))
    grounds = (shades.paper, shades.soft)
    read = (one for one in mixes if min(contrast(one, on) for on in grounds) >= READABLE)
    return next(read, shades.ink)


def coloured(html: str, inks: Mapping[str, str]) -> str:
    """Colour the blocks of code in a piece of clean HTML that name their language."""
    if "<pre><code class=" not in html:
        return html
    return _BLOCK.sub(partial(_colour, inks), html)


def has_colours(html: str) -> bool:
    """Say whether there is code in colours in a piece of HTML, or in a whole mail."""
    return _COLOURED.search(html) is not None


def _colour(inks: Mapping[str, str], block: re.Match[str]) -> str:
    code = unescape(block[2])
    language = unescape(block[1]).lower()
    if len(code) > MOST_SIGNS or language not in _languages():
        return block[0]
    runs = _runs(code, language)
    if sum(bool(ink) for ink, _ in runs) > MOST_SPANS or "".join(text for _, text in runs) != code:
        return block[0]
    return f"<pre><code>{''.join(_span(inks, ink, text) for ink, text in runs)}</code></pre>"


def _span(inks: Mapping[str, str], ink: str, text: str) -> str:
    words = escape(text, quote=False)
    return f'<span class="{ink}" style="color:{inks[ink]}">{words}</span>' if ink else words


def _runs(code: str, language: str) -> list[tuple[str, str]]:
    """Part code into runs of one ink, white space between two of the same among them."""
    from pygments.lexers import get_lexer_by_name

    lexer = get_lexer_by_name(language, stripnl=False, ensurenl=False)
    runs: list[tuple[str, str]] = []
    for kind, text in lexer.get_tokens(code):
        ink = _ink(kind)
        if runs and runs[-1][0] == ink:
            runs[-1] = (ink, runs[-1][1] + text)
        elif len(runs) > 1 and ink == runs[-2][0] and not runs[-1][1].strip():
            gap = runs.pop()[1]
            runs[-1] = (ink, runs[-1][1] + gap + text)
        else:
            runs.append((ink, text))
    return runs


def _ink(kind: _TokenType) -> str:
    """Choose the ink of a token; the narrowest of its kinds that has one decides."""
    kinds = _kinds()
    return next((kinds[one] for one in reversed(kind.split()) if one in kinds), "")


@lru_cache(maxsize=1)
def _kinds() -> dict[_TokenType, str]:
    from pygments.token import Comment, Generic, Keyword, Literal, Name, Operator

    return {
        Keyword: "k",
        Operator.Word: "k",
        Literal.String: "s",
        Literal.Number: "m",
        Comment: "c",
        Name.Builtin: "n",
        Name.Class: "n",
        Name.Decorator: "n",
        Name.Exception: "n",
        Name.Function: "n",
        Name.Tag: "n",
        Generic.Inserted: "s",
        Generic.Deleted: "d",
        Generic.Heading: "n",
        Generic.Subheading: "n",
        Generic.Prompt: "c",
    }


@lru_cache(maxsize=1)
def _languages() -> frozenset[str]:
    """List every name of a language; one asked for that is none would be looked for on the disk."""
    from pygments.lexers import get_all_lexers

    return frozenset(alias for known in get_all_lexers(plugins=False) for alias in known[1])
