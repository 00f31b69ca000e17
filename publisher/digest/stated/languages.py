"""languages - which language a text is in, as far as its script and its small words tell.

Kana is Japanese, Hangul Korean, Han without kana Chinese; within a script single letters tell
neighbours apart. Latin letters say little: there the commonest words are counted, language by
language. A text of two scripts is in the one that has more *prose*: English titles in a Chinese
digest hold few small words, a Chinese name in an English one few characters. What the editor wrote
- headings, preface, texts - tells before the titles of what is linked. Where nothing tells, the answer
is None.
Faults: none. Never: asks the path. See: items, directives.

Why a table of words and no library: over the corpora, with the stated languages taken away, it
names every digest rightly, it gives the same answer on every host, and it can be read.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

_SCRIPTS: Final = {
    "han": re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"),
    "kana": re.compile("[\u3041-\u30fa\uff66-\uff9d]"),
    "hangul": re.compile("[\u1100-\u11ff\uac00-\ud7a3]"),
    "cyrillic": re.compile("[\u0400-\u04ff]"),
    "arabic": re.compile("[\u0620-\u064a\u066e-\u06d3]"),
    "hebrew": re.compile("[\u05d0-\u05ea]"),
    "devanagari": re.compile("[\u0904-\u0939]"),
    "latin": re.compile("[A-Za-z\u00c0-\u024f]"),
}
_ASIAN: Final = ("han", "kana", "hangul")
_LETTERED: Final = ("cyrillic", "arabic", "hebrew", "devanagari")
_UKRAINIAN: Final = re.compile("[іїєґ]", re.IGNORECASE)
_SLAVIC: Final = re.compile("[ўјљњћџѓќђ]", re.IGNORECASE)
_ONLY_RUSSIAN: Final = re.compile("[ыэё]", re.IGNORECASE)
_PERSIAN: Final = re.compile("[\u067e\u0686\u0698\u06af\u06cc\u06a9]")
_URDU: Final = re.compile("[\u0679\u0688\u0691\u06ba\u06d2]")
_HINDI: Final = frozenset(
    ["है", "हैं", "के", "में", "की", "से", "का", "और", "को", "ने", "पर", "यह", "नहीं", "भी"]
)

_ADDRESS: Final = re.compile(
    r"(?:https?://|www\.)\S+|(?<![\w.-])(?:[\w-]++\.)+[a-z]{2,}\b(?:[/:?#]\S*)?", re.ASCII
)
"""An address, with or without its scheme: `com` is Portuguese, but not in `a.example.com/on/rivers`."""
_WORD: Final = re.compile(r"[^\W\d_]+")
_SMALL: Final = {
    language: frozenset(words.split())
    for language, words in {
        "en": "the a an and of to in is it for on with that this as are by from at be or was we you"
        " your they their there these how what which every has have can its not will more new",
        "de": "der die das und ist von zu den dem des ein eine einen einer mit für auf im nicht auch"
        " sich es als an bei wird sind oder aus nach wie über diese dieser wir ich sie zur zum",
        "fr": "le la les de des du et est un une en que qui dans pour par sur pas au aux ce cette"
        " ces avec plus ne se il elle nous vous sont ou à été d l",
        "es": "el la los las de del y en que un una es por para con se su al lo como más no pero sus"
        " este esta ha son está muy también o",
        "pt": "o os as de do da dos das e em que um uma é por para com se no na nos nas ao mais não"
        " como mas foi seu sua este esta são está também ou",
        "it": "il lo gli di del della dei delle e in che un una è per con non si da al alla nel nella"
        " come più sono anche ha questo questa ma i le la o",
        "nl": "de het een en van in is dat op te voor met niet zijn aan er ook als bij door naar om"
        " maar deze dit wordt of uit wij je ze",
        "sv": "och att det som en ett är av för på med den till inte om har de vi men så kan från"
        " eller sig var i",
        "da": "og at det som en et er af for på med den til ikke om har de vi men så kan fra eller"
        " sig var i",
        "pl": "i w na z do że się nie jest to o jak po dla od za przez oraz ale co już tym są przy"
        " tylko który która może",
        "cs": "a v na se je že to s z do i o pro jako po za ale od k by jsou není které který která"
        " nebo také jen při ve aby když už si podle",
        "tr": "ve bir bu için ile de da olarak daha çok gibi en ne ama olan var kadar sonra her o"
        " değil ya",
    }.items()
}
"""The commonest words of each language: about a sixth of all running English is among them."""
_SHARE: Final = 0.2  # of running words that are small ones, in any of these languages
_LEAST_SHARE: Final = 0.06
_LEAST_WORDS: Final = 8
LONG_ENOUGH: Final = 20_000
CJK: Final = frozenset({"zh", "ja", "ko"})


def of_digest(headings: Sequence[str], text: str, own: str = "") -> str | None:
    """Name the language of a digest: in the script of its headings where they agree on one.

    Headings are the editor's own words; long quotations may outweigh what the editor wrote. Where
    only half agree, they decide unless `own`, the text without titles, is in another language.
    """
    scripts = Counter(filter(None, (_script_of(_counts(heading)) for heading in headings)))
    (script, times), *_ = scripts.most_common(1) or [("", 0)]
    if times >= 2:
        told = _within(script, f"{' '.join(headings)} {text[:LONG_ENOUGH]}")
        if times >= 0.7 * len(headings):
            return told
        if times >= 0.5 * len(headings) and of_text(own) in {None, told}:
            return told
    told = of_text(text)
    return _of_own(f"{' '.join(headings)} {own}") or told if told in {*_SMALL, None} else told


def _of_own(text: str) -> str | None:
    """Name the language that small words show plainly, in however short a text."""
    words = Counter(_WORD.findall(_ADDRESS.sub(" ", text[:LONG_ENOUGH]).casefold()))
    hits = {language: sum(words[word] for word in small) for language, small in _SMALL.items()}
    best, second = sorted(hits, key=lambda language: -hits[language])[:2]
    plain = hits[best] >= max(3, hits[second] + 1, 0.1 * words.total())
    return best if plain else None


def of_text(text: str) -> str | None:
    """Name the language of a longer text, or None."""
    sample = _ADDRESS.sub(" ", text[:LONG_ENOUGH])
    latin, prose = _of_words(sample)
    counts = _counts(sample)
    words = {"asian": float(_asian(counts))} | {name: counts[name] / 5 for name in _LETTERED}
    script = max(words, key=lambda name: words[name])
    letters = _asian(counts) if script == "asian" else counts[script]
    if words[script] > prose and letters >= (0.1 if script == "asian" else 0.3) * counts.total():
        return _within(script, sample)
    return latin if counts["latin"] >= 0.5 * counts.total() else None


def of_title(title: str, other: str | None) -> str | None:
    """Name the language of a title, knowing the title it stands beside."""
    language = _of_script(title)
    if language or not other:
        return language
    counts = _counts(title)
    return "en" if counts["latin"] and _of_script(other) in CJK else None


def _counts(text: str) -> Counter[str]:
    if text.isascii():
        return Counter(latin=len(_SCRIPTS["latin"].findall(text)))
    return Counter({name: len(letters.findall(text)) for name, letters in _SCRIPTS.items()})


def _asian(counts: Counter[str]) -> int:
    return sum(counts[script] for script in _ASIAN)


def _of_words(text: str) -> tuple[str | None, float]:
    """Give the language most of whose small words are there, and how many words of prose it has."""
    words = [word for word in _WORD.findall(text.casefold()) if _SCRIPTS["latin"].match(word)]
    seen = Counter(words)
    hits = {language: sum(seen[word] for word in small) for language, small in _SMALL.items()}
    best, second = sorted(hits, key=lambda language: -hits[language])[:2]
    told = len(words) >= _LEAST_WORDS and hits[best] >= _LEAST_SHARE * len(words)
    if not told or hits[best] == hits[second]:
        return None, 0.0
    return best, hits[best] / _SHARE


def _of_script(text: str) -> str | None:
    """Name the language of a short text whose script leaves little doubt."""
    script = _script_of(_counts(text))
    return _within(script, text) if script else None


def _script_of(counts: Counter[str]) -> str:
    """Name the script that leaves little doubt, or none."""
    if _asian(counts) > 0.1 * counts.total():  # a Han character says as much as some letters
        return "asian"
    script = max(_LETTERED, key=lambda script: counts[script])
    return script if counts[script] > 0.4 * counts.total() else ""


def _within(script: str, text: str) -> str | None:
    """Tell the languages of one script apart."""
    counts = _counts(text)
    if script == "asian":
        if counts["hangul"] >= 0.3 * _asian(counts):
            return "ko"
        return "ja" if counts["kana"] >= 0.1 * _asian(counts) else "zh"
    few = 0.02 * counts[script]  # a name or a quotation of a neighbour's does not decide
    if script == "cyrillic":
        if len(_UKRAINIAN.findall(text)) > few:
            return "uk"
        if len(_SLAVIC.findall(text)) > few:
            return None
        return "ru" if counts[script] < 200 or _ONLY_RUSSIAN.search(text) else None
    if script == "arabic":
        if len(_URDU.findall(text)) > few:
            return "ur"
        return "fa" if len(_PERSIAN.findall(text)) > few else "ar"
    if script == "devanagari":
        return "hi" if _HINDI & set(re.split(r"[\s।,.]+", text)) else None
    return "he"
