"""sentences - where the first sentence of a text ends.

A title cut at `Dr.` says less than one that goes on too long, so a full stop in doubt is none: behind
an initial, an abbreviation or a small number, and before a lower-case letter. Marks that close a
quotation or bracket belong to the sentence; a dash or comma behind them carries it on.
Faults: none. Never: looks further than the first end, or back more than a word.
See: digest (titles), render.openings (what a list shows of an item).
"""

from __future__ import annotations

import re
from typing import Final

_END: Final = re.compile(
    r"\n|(?P<stops>[.!?。！？]+)(?P<closing>(?:[\"'”’“»«›‹)\]）】」』》〉]|[ \u00a0\u202f][»›])*)"
)
_NEXT: Final = re.compile(r"(\s*)(\S?)")
_WORD: Final = re.compile(r"(?:[^\W_\u2e80-\u9fff]|\.)+\Z")
_LONGEST_WORD: Final = 16
_CARRIES_ON: Final = frozenset("-–—―,;:，、；：")
_OF_A_NAME: Final = ("》", "〉")
"""What closes the name of a book: its question is not the sentence's."""

_ABBREVIATIONS: Final = frozenset(
    {
        "al", "approx", "av", "bijv", "bzw", "ca", "capt", "cf", "dhr", "doc", "dott", "dr",
        "dra", "esp", "evtl", "geb", "gen", "ggf", "gov", "hr", "hrn", "inkl", "lt", "messrs",
        "mevr", "mio", "mm", "mr", "mrd", "mrs", "ms", "mt", "np", "prof", "rev", "sgt", "sig",
        "sog", "sr", "sra", "srta", "st", "ste", "str", "tzw", "vgl", "vol", "vs", "zzgl",
        "акад", "гг", "доц", "им", "инж", "кн", "пер", "пл", "просп", "проф", "св", "см", "ср",
        "тов", "ул",
    }
)  # fmt: skip
_BEFORE_FIGURES: Final = frozenset(
    {
        "abs", "apr", "art", "aug", "ch", "dec", "eq", "feb", "fig", "jan", "jul", "jun",
        "mar", "no", "nos", "nov", "nr", "núm", "oct", "p", "pp", "rev", "sec", "sep", "sept",
        "ver", "гл", "илл", "п", "рис", "ст", "стр", "табл",
    }
)  # fmt: skip


def sentence_end(text: str) -> int:
    """Give the position behind the first sentence of a text, a line break at the latest."""
    for found in _END.finditer(text):
        if found["stops"] is None or _ends(text, found):
            return found.end()
    return len(text)


def _ends(text: str, found: re.Match[str]) -> bool:
    stops, closing = found["stops"], found["closing"]
    after = _NEXT.match(text, found.end())
    gap, follower = (after[1], after[2]) if after else ("", "")
    if not follower:
        return True
    if closing and (follower in _CARRIES_ON or closing.endswith(_OF_A_NAME)):
        return False
    if stops[-1] in "。！？":
        return True
    if not gap:
        return False
    if stops[-1] != "." and not closing:
        return True
    if follower.islower():
        return False
    return stops != "." or not _is_shortened(text, found.start(), follower)


def _is_shortened(text: str, stop: int, follower: str) -> bool:
    """Whether the full stop belongs to the word before it: an initial, an abbreviation, `3.`."""
    found = _WORD.search(text[max(0, stop - _LONGEST_WORD) : stop])
    word = found[0].strip(".").casefold() if found else ""
    if not word:
        return False
    if word.isdecimal():
        return len(word) <= 2 and follower.isalpha()
    if all(len(part) == 1 and part.upper() != part for part in word.split(".")):
        return True
    return word in _ABBREVIATIONS or (word in _BEFORE_FIGURES and follower.isdecimal())
