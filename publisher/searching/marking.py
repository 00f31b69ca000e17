"""marking - the piece of a text that shows what was found in it, the found words marked.

Faults: none. Never: markup; who shows the pieces escapes them. See: splitting, web.searching.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final, NamedTuple
from unicodedata import category

from publisher.searching.splitting import Phrase, Token, fold, tokens

BEFORE: Final = 40
"""Characters that are shown before the first word found."""
LENGTH: Final = 150
"""Characters of a snippet: three lines of letters, five of Han on a telephone."""
REACH: Final = 20_000
"""Characters of a text that are looked through for what to show."""
_ENDS_A_WORD: Final = re.compile(r"[\s，。；：、！？）」』】》]")

Span = tuple[int, int]


class Piece(NamedTuple):
    """A piece of a snippet."""

    text: str
    is_found: bool


def snippet(text: str, phrases: Iterable[Phrase], length: int = LENGTH) -> tuple[Piece, ...]:
    """Cut from a text about so many characters around what was found, else its beginning."""
    line = " ".join(text.split())
    found = places(line[:REACH], phrases)
    start = _start(line, found[0][0]) if found else 0
    end = _end(line, start + length)
    pieces = [Piece("… ", False)] if start else []
    at = start
    for first, last in found:
        if last > end:
            break
        pieces += [Piece(line[at:first], False), Piece(line[first:last], True)]
        at = last
    pieces += [Piece(line[at:end], False), Piece(" …" if end < len(line) else "", False)]
    return tuple(piece for piece in pieces if piece.text)


def places(line: str, phrases: Iterable[Phrase]) -> list[Span]:
    """Tell where phrases stand in a text, those that touch each other joined."""
    folded = fold(line)
    at = _origins(line, folded)
    if at is None:
        return []
    there = list(tokens(folded))
    found = sorted(span for phrase in phrases for span in _standing(there, phrase))
    joined: list[Span] = []
    for start, end in ((at[first], at[last]) for first, last in found):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _standing(there: Sequence[Token], phrase: Phrase) -> Iterable[Span]:
    first, count = phrase.tokens[0], len(phrase.tokens)
    for place, token in enumerate(there):
        if not token.text.startswith(first):
            continue
        window = there[place : place + count]
        if _fits([one.text for one in window], phrase):
            last = window[-1]
            end = last.start + len(phrase.tokens[-1]) if _is_open_sign(phrase) else last.end
            yield token.start, end


def _fits(texts: Sequence[str], phrase: Phrase) -> bool:
    if len(texts) != len(phrase.tokens) or list(texts[:-1]) != list(phrase.tokens[:-1]):
        return False
    last = phrase.tokens[-1]
    return texts[-1].startswith(last) if phrase.is_open else texts[-1] == last


def _is_open_sign(phrase: Phrase) -> bool:
    """Whether the last token is one sign of a run, which marks itself and not the one behind."""
    return phrase.is_open and len(phrase.tokens[-1]) == 1


def _origins(line: str, folded: str) -> Sequence[int] | None:
    """Give for each place in the folded text the one in the text; None where that cannot be told."""
    if len(line) == len(folded):
        return range(len(line) + 1)
    starts = [at for at, sign in enumerate(line) if not _leans(sign)] or [0]
    ends = [*starts[1:], len(line)]
    parts = [_folded(line[start:end]) for start, end in zip(starts, ends, strict=True)]
    if "".join(parts) != folded:
        return None
    origins = [start for start, part in zip(starts, parts, strict=True) for _ in part]
    return [*origins, len(line)]


_folded: Final = lru_cache(4096)(fold)


def _leans(sign: str) -> bool:
    """Whether a character belongs to the one before: a mark, or the later part of a Hangul sign."""
    return category(sign)[0] == "M" or "\u1160" <= sign <= "\u11ff"


def _start(line: str, found: int) -> int:
    if found <= BEFORE:
        return 0
    parted = _ENDS_A_WORD.search(line, found - BEFORE, found)
    return parted.end() if parted else found - BEFORE


def _end(line: str, end: int) -> int:
    if end >= len(line):
        return len(line)
    for at in range(end, max(end - 20, 0), -1):
        if _ENDS_A_WORD.match(line, at - 1):
            return at - line[at - 1].isspace()
    return end
