"""words - the sentences that are ours, and dates and lists as each language writes them.

A sentence of ours stands in templates and code in English and is looked up in the catalogues,
`words/<tag>.po` among the templates: that of the tag, of each shorter tag down to the language
alone, a publication's own before ours, else the English stays; sentence by sentence. A tag that
implies a script is looked up under it too (`zh-TW`: `zh-Hant`). What every language has, dates,
lists and the direction of writing, is Unicode's CLDR, whether or not there is a catalogue.
Faults: TemplateError for a catalogue that cannot be read.
Never: words of a digest or a newsletter. See: catalogue (reads one), templates/words, view.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache, reduce
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from typing import Final

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton
from markupsafe import Markup, escape

from publisher.render.catalogue import compiled

Catalogues = tuple[tuple[str, str], ...]
"""Name in small letters ("words/zh.po") and source of each."""

FOLDERS: Final = ("words/", "words/ours/")
"""Where catalogues stand among the templates; the second has those a publication overrides."""

SPONSOR: Final[Mapping[str, str]] = {
    "en": "Sponsor", "zh": "赞助", "zh-hant": "贊助",
    "ja": "広告", "ko": "광고", "de": "Anzeige", "fr": "Publicité", "es": "Publicidad",
    "it": "Pubblicità", "pt": "Publicidade", "nl": "Advertentie", "ru": "Реклама",
    "uk": "Реклама", "pl": "Reklama", "cs": "Reklama", "sv": "Annons", "tr": "Reklam",
    "ar": "إعلان", "fa": "آگهی", "he": "פרסומת", "hi": "विज्ञापन",
}  # fmt: skip
"""What an advert is called where the law wants it called so, also in languages we do not speak."""

WORLD_ENGLISH: Final = Locale.parse("en_001")
"""English of no country: 5 April 2024. CLDR takes a bare `en` for that of the United States."""


@dataclass(frozen=True, slots=True)
class Words:
    """Our sentences, as one set of templates has them."""

    catalogues: Catalogues

    def say(self, language: str, sentence: str, **values: object) -> str:
        """Say a sentence in a language, its blanks filled; with markup it is markup."""
        told = _spoken(self.catalogues, language).gettext(sentence)
        if any(isinstance(value, Markup) for value in values.values()):
            return escape(told).format(**values)
        return told.format(**values)

    def say_count(self, language: str, one: str, many: str, count: int, **values: object) -> str:
        """Say a sentence about so many of something; `{count}` is the number."""
        told = _spoken(self.catalogues, language).ngettext(one, many, count)
        return told.format(count=count, **values)

    def nearest(self, language: str) -> str | None:
        """Name the language we would say it in, in small letters; None where we speak none near."""
        known = {name for name, _ in self.catalogues}
        near = (tag for tag in tags(language) if tag == "en" or known & _files(tag))
        return next(near, None)

    def spoken(self, language: str) -> str:
        """Name the language our sentences come in where that language is asked for."""
        return language if self.nearest(language) else "en"

    def for_reader(self, theirs: str | None, own: str) -> str:
        """Choose for a reader between their language and the newsletter's own.

        Theirs is what we speak of it, and only where the newsletter does not speak that already: so
        there are never more variants than languages we speak.
        """
        nearest = self.nearest(theirs or "")
        return own if nearest in (None, self.nearest(own)) else _cased(nearest or own)


def words(templates: Mapping[str, str]) -> Words:
    """Give the words of a set of templates."""
    found = sorted((name.lower(), text) for name, text in templates.items() if _is_one(name))
    return Words(tuple(found))


def _files(tag: str) -> set[str]:
    return {f"{folder}{tag}.po" for folder in FOLDERS}


def _cased(tag: str) -> str:
    """Write a tag as is the custom (RFC 5646 §2.1.1): `zh-Hant-TW`."""
    first, *others = tag.split("-")
    known = {2: str.upper, 4: str.title}
    return "-".join([first, *(known.get(len(part), str)(part) for part in others)])


def _is_one(name: str) -> bool:
    return name.startswith(FOLDERS) and name.endswith(".po")


@lru_cache(maxsize=64)
def _spoken(catalogues: Catalogues, language: str) -> NullTranslations:
    known, told = dict(catalogues), NullTranslations()
    for name in reversed(_chain(catalogues, language)):
        locale = locale_of(name.rpartition("/")[2].removesuffix(".po"))
        found = GNUTranslations(BytesIO(compiled(name, known[name], locale)))
        found.add_fallback(told)
        told = found
    return told


def _chain(catalogues: Catalogues, language: str) -> list[str]:
    """Name the catalogues to ask for a language, the nearest first (RFC 4647 §3.4)."""
    known = {name for name, _ in catalogues}
    return [name for tag in tags(language) for at in FOLDERS if (name := f"{at}{tag}.po") in known]


@lru_cache(maxsize=256)
def tags(language: str) -> tuple[str, ...]:
    """List the tags a language may be looked up by, in small letters, the exact one first."""
    parts = language.replace("_", "-").lower().split("-")
    shorter = ["-".join(parts[:count]) for count in range(len(parts), 1, -1)]
    script = locale_of(language).script
    implied = [f"{parts[0]}-{script.lower()}"] if script else []
    return tuple(dict.fromkeys([*shorter, *implied, parts[0]]))


def primary(language: str | None) -> str:
    """Give the primary subtag in lower case: `zh` of `zh-Hans-CN`; "" of nothing."""
    return (language or "").replace("_", "-").split("-")[0].lower()


@lru_cache(maxsize=256)
def locale_of(language: str | None) -> Locale:
    """Give what CLDR knows of a language, of its shorter tag where it knows no more, else English."""
    parts = (language or "").replace("_", "-").split("-")
    for count in range(len(parts), 0, -1):
        tag = "-".join(parts[:count])
        try:
            return WORLD_ENGLISH if tag.lower() == "en" else Locale.parse(tag, sep="-")
        except (UnknownLocaleError, ValueError):
            continue
    return WORLD_ENGLISH


def direction(language: str | None) -> str:
    """Say which way a language is written: `ltr` or `rtl`."""
    return locale_of(language).text_direction


def date_words(language: str, day: date, *, with_year: bool = True) -> str:
    """Write a date as the language writes it."""
    locale = locale_of(language)
    if with_year:
        return format_date(day, "long", locale)
    return format_skeleton("MMMMd", day, locale=locale)


def year_words(language: str, year: int) -> str:
    """Write a year as the language writes it where it stands alone."""
    return format_skeleton("y", date(year, 1, 1), locale=locale_of(language))


def list_words(language: str, names: Sequence[str]) -> str:
    """Write names one after the other, parted as the language parts them."""
    between = locale_of(language).list_patterns["standard"]["middle"]
    return reduce(lambda line, name: between.format(line, name), names) if names else ""


def sponsor_word(language: str) -> str:
    """Say what an advert is marked with."""
    return next((SPONSOR[tag] for tag in tags(language) if tag in SPONSOR), SPONSOR["en"])
