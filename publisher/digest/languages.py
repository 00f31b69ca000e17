"""languages - which language a text is in, as far as its script tells.

Kana is Japanese, Hangul Korean, Han without kana Chinese. Latin letters alone say little: English
is recognised by its small words, and a Latin title is taken for English only beside a translation
in Han, kana or Hangul. Where the script does not tell, the answer is None.
Faults: none. Never: asks the path. See: items, directives.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

_SCRIPTS: Final = (
    ("han", re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")),
    ("kana", re.compile("[\u3041-\u30fa\uff66-\uff9d]")),
    ("hangul", re.compile("[\u1100-\u11ff\uac00-\ud7a3]")),
    ("cyrillic", re.compile("[\u0400-\u04ff]")),
    ("arabic", re.compile("[\u0620-\u064a\u066e-\u06d3]")),
    ("hebrew", re.compile("[\u05d0-\u05ea]")),
    ("devanagari", re.compile("[\u0904-\u0939]")),
    ("latin", re.compile("[A-Za-z\u00c0-\u024f]")),
)
_NOT_RUSSIAN: Final = re.compile("[іїєґўјљњћџѓќ]", re.IGNORECASE)
_NOT_ARABIC: Final = re.compile("[\u067e\u0686\u0698\u06af\u06cc\u06a9\u0679\u0688\u0691]")
_WORD: Final = re.compile(r"[a-z']+")
_ENGLISH: Final = frozenset(
    {
        *("the", "and", "of", "to", "for", "with", "that", "this", "are", "from"),
        *("they", "their", "there", "these", "how", "what", "which", "every"),
    }
)
LONG_ENOUGH: Final = 20_000
CJK: Final = frozenset({"zh", "ja", "ko"})


def of_text(text: str) -> str | None:
    """Name the language of a longer text, or None."""
    sample = text[:LONG_ENOUGH]
    language = _of_script(sample)
    if language:
        return language
    words = _WORD.findall(sample.casefold())
    small = sum(word in _ENGLISH for word in words)
    return "en" if len(words) >= 8 and small >= 0.06 * len(words) and _latin_only(sample) else None


def of_title(title: str, other: str | None) -> str | None:
    """Name the language of a title, knowing the title it stands beside."""
    language = _of_script(title)
    if language or not other:
        return language
    counts = _counts(title)
    return "en" if counts["latin"] and _of_script(other) in CJK else None


def _counts(text: str) -> Counter[str]:
    return Counter({name: len(letters.findall(text)) for name, letters in _SCRIPTS})


def _latin_only(text: str) -> bool:
    return _counts(text)["latin"] >= 0.9 * max(1, _counts(text).total())


def _of_script(text: str) -> str | None:
    counts = _counts(text)
    total = counts.total()
    if not total:
        return None
    asian = counts["han"] + counts["kana"] + counts["hangul"]
    if asian >= 0.1 * total:  # a Han character says as much as some letters
        if counts["hangul"] >= 0.3 * asian:
            return "ko"
        return "ja" if counts["kana"] >= 0.1 * asian else "zh"
    if counts["cyrillic"] >= 0.4 * total:
        return None if _NOT_RUSSIAN.search(text) else "ru"
    if counts["arabic"] >= 0.4 * total:
        return None if _NOT_ARABIC.search(text) else "ar"
    return "he" if counts["hebrew"] >= 0.4 * total else None
