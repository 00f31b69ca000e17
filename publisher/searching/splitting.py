"""splitting - a text as the tokens it can be found by, and a query as phrases of such tokens.

    fold      NFKC and small letters; accents, vowel points and invisible signs go: who looks for
              `cafe`, `ещё` without its dots or كتب without its vowels finds the word either way
    words     runs of letters and figures: `GPT-4` is `gpt`, `4`; a sign right behind is a token of
              its own, so that `C++` and `C#` are not `C`
    run on    Han, kana, Hangul and the scripts of South-East Asia put no space between words: each
              sign begins a token of two, the last of a run stands alone (模型是 is 模型, 型是, 是)

What a query has between two spaces, commas or brackets is one phrase: its tokens must stand
together. One sign alone finds every token that begins with it; so does, of a word, a beginning of
three letters or more: who looks for `model` finds `models`.
Tokens are letters, marks, figures, `+` and `#` only: none can be mistaken for syntax.

What is split here is kept by databases: whoever changes what comes out adds a migration that
empties their table, and the next publication fills it again.
Faults: none. Never: knows a language, a stem or a stop word. See: marking, store.search.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from operator import add
from typing import Final, NamedTuple
from unicodedata import category, normalize

LONGEST: Final = 64
"""Characters of a token; a longer word is cut in text and query alike."""
SHORTEST_BEGINNING: Final = 3

_LEFT_OUT: Final = re.compile(
    # accents of Latin, Greek and Cyrillic; points of Hebrew; vowels and stretching of Arabic
    "[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670]+"
)
_RUN_ON: Final = (
    (0x0E01, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Burmese
    (0x1100, 0x11FF),  # Hangul, in parts
    (0x1780, 0x17FF),  # Khmer
    (0x2E80, 0x2FDF),  # Han, in parts
    (0x3005, 0x312F),  # signs of repetition, kana, Bopomofo
    (0x3131, 0x318E),  # Hangul, in parts
    (0x31A0, 0x31BF),  # Bopomofo
    (0x31F0, 0x31FF),  # kana
    (0x3400, 0x4DBF),  # Han
    (0x4E00, 0x9FFF),  # Han
    (0xA960, 0xA97F),  # Hangul, in parts
    (0xAA60, 0xAA7F),  # Burmese
    (0xAC00, 0xD7FF),  # Hangul
    (0xF900, 0xFAFF),  # Han
    (0x1AFF0, 0x1B16F),  # kana
    (0x20000, 0x323AF),  # Han
)
_JOINS: Final = frozenset("-\u2010\u2011\u2013_./'\u2019&@:~·・+#")
"""What joins two words of a query to one phrase; anything else that is no letter parts them."""

RUN, WORD, SIGN, JOINT, GAP = "r", "w", "s", "j", " "
_STRETCH: Final = re.compile(f"{RUN}+|{WORD}+|(?<=[{RUN}{WORD}{SIGN}]){SIGN}")
_PIECES: Final = re.compile(f"[^{GAP}]+")


class _Kinds(dict[int, str | int | None]):
    """What kind of character each is, looked up once."""

    def __missing__(self, code: int) -> str:
        sign = chr(code)
        found = self[code] = _kind(sign)
        return found


def _kind(sign: str) -> str:
    if sign in "+#":
        return SIGN
    if category(sign)[0] in "LMN":
        runs_on = any(first <= ord(sign) <= last for first, last in _RUN_ON)
        return RUN if runs_on else WORD
    return JOINT if sign in _JOINS else GAP


class _Visible(dict[int, str | int | None]):
    """Maps invisible characters to nothing, all others to themselves."""

    def __missing__(self, code: int) -> int | None:
        found = self[code] = None if category(chr(code)) == "Cf" else code
        return found


_KINDS: Final = _Kinds()
_VISIBLE: Final = _Visible()


class Token(NamedTuple):
    """A token and where it stands in the folded text."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Phrase:
    """Tokens that must stand one behind the other; `is_open`: the last may go on."""

    tokens: tuple[str, ...]
    is_open: bool


def fold(text: str) -> str:
    """Take from a text what two people write differently and mean the same."""
    if text.isascii():
        return text.lower()
    # small letters of what was taken apart may have parts of their own (Unicode 3.13, D146)
    apart = normalize("NFKD", normalize("NFKD", text).casefold())
    return normalize("NFC", _LEFT_OUT.sub("", apart).translate(_VISIBLE))


def split(text: str) -> list[str]:
    """List the tokens of a text, in its order: the texts of what `tokens` yields, and quicker."""
    found: list[str] = []
    folded = fold(text)
    for start, end, runs_on in _stretches(folded):
        if runs_on:
            found += map(add, folded[start:end], folded[start + 1 : end])
            start = end - 1
        found.append(folded[start : min(end, start + LONGEST)])
    return found


def tokens(folded: str) -> Iterator[Token]:
    """Yield the tokens of a folded text, with their places in it."""
    for start, end, runs_on in _stretches(folded):
        if runs_on:
            for at in range(start, end):
                yield Token(folded[at : min(at + 2, end)], at, min(at + 2, end))
        else:
            yield Token(folded[start : min(end, start + LONGEST)], start, end)


def _stretches(folded: str) -> Iterator[tuple[int, int, bool]]:
    shape = folded.translate(_KINDS)
    for found in _STRETCH.finditer(shape):
        yield found.start(), found.end(), shape[found.start()] == RUN


def asked(query: str) -> tuple[Phrase, ...]:
    """Read a query as phrases, each once; () where it has no letter and no figure."""
    folded = fold(query)
    shape = folded.translate(_KINDS)
    pieces = (folded[found.start() : found.end()] for found in _PIECES.finditer(shape))
    return tuple(dict.fromkeys(phrase for piece in pieces if (phrase := _phrase(piece))))


def _phrase(piece: str) -> Phrase | None:
    found = [*tokens(piece)]
    if not found:
        return None
    last = found[-1]
    shape = piece.translate(_KINDS)
    if shape[last.start] == RUN:
        # In the text the run may go on: the sign that ends it here begins a token of two there.
        follows_its_run = len(found) > 1 and found[-2].end == last.end
        return Phrase(
            tuple(token.text for token in (found[:-1] if follows_its_run else found)),
            is_open=not follows_its_run,
        )
    is_open = shape[last.start] == WORD and len(last.text) >= SHORTEST_BEGINNING
    return Phrase(tuple(token.text for token in found), is_open)
