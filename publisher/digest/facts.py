"""facts - dates and numbers out of titles, sentences and file names.

A fact is read only from a form that says what it is: `第122期`, `Issue 30`, `2021年6月27日`,
`July 23, 2019`. An arXiv number, a hash and a lone figure are no facts. Of a span of days the last
is the date: that is when the issue came out.
Faults: None where nothing is stated. Never: asks today's date. See: directives, sections.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from typing import Final

_ENGLISH = "january february march april may june july august september october november december"
_RUSSIAN = "января февраля марта апреля мая июня июля августа сентября октября ноября декабря"
MONTHS: Final = {
    **{name: number for number, name in enumerate(_ENGLISH.split(), 1)},
    **{name[:3]: number for number, name in enumerate(_ENGLISH.split(), 1)},
    **{name: number for number, name in enumerate(_RUSSIAN.split(), 1)},
    "sept": 9,
}
"""The months by the words digests use."""

_MONTH: Final = "|".join(sorted(MONTHS, key=len, reverse=True))
_YEAR: Final = r"(?P<year>(?:19|20)\d\d)"
_DATES: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?<!\d)(?<!\d\.){_YEAR}\s*(?P<cut>[-./])\s*(?P<month>\d{{1,2}})\s*(?P=cut)\s*(?P<day>\d{{1,2}})(?!\d|[.]\d)",
        rf"(?<!\d){_YEAR}\s*[年년]\s*(?P<month>\d{{1,2}})\s*[月월]\s*(?P<day>\d{{1,2}})\s*[日号일]",
        rf"(?<![\d\w.]){_YEAR}(?P<month>[01]\d)(?P<day>[0-3]\d)(?![\d\w])",
        rf"(?<!\w)(?P<word>{_MONTH})\.?\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s*,?\s+{_YEAR}(?!\d)",
        rf"(?<!\d)(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<word>{_MONTH})\.?,?\s*{_YEAR}(?!\d)",
        rf"(?<!\d){_YEAR}[ ](?P<word>{_MONTH})[ ](?P<day>\d{{1,2}})(?!\d)",
    )
)
_NUMBERS: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"第\s*(\d{1,6})\s*[期号號回卷辑輯]",
        r"제\s*(\d{1,6})\s*[호회]",
        r"(?<!\w)(?:issue|issues|episode|episodes|newsletter|edition|выпуск)\s*#?\s*(\d{1,6})(?![\d.,:]*\d)",
        r"(?<!\w)(?:no|nr|vol)\.\s*(\d{1,6})(?![\d.,:]*\d)",
        r"(?<![\w/&])#\s*(\d{1,6})(?!\w|[.,]\d)",
    )
)
_SERIES: Final = re.compile(
    r"(?:\bweek in\b|weekly|newsletter|digest|bulletin|\bnews\b|周刊|周报|週刊|радио).*?[\s-](\d{1,6})$",
    re.IGNORECASE,
)
_FILE_NUMBER: Final = re.compile(
    r"(?:^|[ /])(?:issue|episode|podcast|newsletter|weekly|digest|vol|no|number|выпуск) ?#?0*(\d{1,6})(?=[ /]|$)"
    r"|(?:^|[ /])0*(\d{1,6}) (?:issue|episode|podcast|newsletter|weekly|digest)(?=[ /]|$)",
    re.IGNORECASE,
)
_HASH: Final = re.compile(
    r"(?<![0-9a-z])(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{8,64}(?![0-9a-z])"
)
_YEAR_FOLDER: Final = re.compile(r"(?:^|/)(?:19|20)\d\d/")
_ENDING: Final = re.compile(r"\.[A-Za-z]{1,8}$")


def find_date(text: str) -> date | None:
    """Give the last day of the first date or span of dates in a text."""
    text = unicodedata.normalize("NFKC", text)
    for pattern in _DATES:
        found = [day for match in pattern.finditer(text) if (day := _day(match))]
        if found:
            return found[1] if len(found) > 1 and 0 < (found[1] - found[0]).days < 32 else found[0]
    return None


def find_number(text: str, *, in_words: bool = False) -> int | None:
    """Give the issue number a text states; `in_words` leaves `#30` out, which prose uses freely."""
    text = unicodedata.normalize("NFKC", text.replace("№", "#")).strip()
    for pattern in _NUMBERS[:-1] if in_words else _NUMBERS:
        if found := pattern.search(text):
            return int(found[1])
    return None


def find_title_number(title: str) -> int | None:
    """Give the number of a title: stated, or last in a title that names a series."""
    stated = find_number(title)
    if stated is not None:
        return stated
    last = _SERIES.search(title.strip())
    return int(last[1]) if last and not 1900 <= int(last[1]) < 2100 else None


def file_date(name: str) -> date | None:
    """Give the date a path spells: `2024-04-12.md`, `2019-july-23.md`, `2022/Jul/25.md`."""
    stem = _ENDING.sub("", name)
    if _HASH.search(stem.casefold()):
        return None
    spaced = re.sub(r"[/_-]+", "-", stem)
    return find_date(spaced) or find_date(spaced.replace("-", " ").replace(".", " "))


def file_number(name: str) -> int | None:
    """Give the number a path spells: `issue-30.md`, `第122期.md`, `122.md`."""
    stem = _ENDING.sub("", name)
    last = stem.rpartition("/")[2]
    if _HASH.search(stem.casefold()):
        return None
    if last.casefold() in {"index", "readme"}:
        last = stem.rpartition("/")[0].rpartition("/")[2]
    if re.fullmatch(r"[1-9]\d{0,2}", last):
        return None if _YEAR_FOLDER.search(stem) else int(last)
    spaced = _without_dates(re.sub(r"[_-]+", " ", last))
    stated = find_number(spaced)
    if stated is not None:
        return stated
    found = _FILE_NUMBER.search(re.sub(r"[. ]+", " ", spaced))
    number = int(found[1] or found[2]) if found else None
    return None if number is None or 1900 <= number < 2100 else number


def _without_dates(text: str) -> str:
    """Cross out what spells a date, so that its day is no number."""
    for form in (text, text.replace(".", " ")):
        for pattern in _DATES:
            if pattern.search(form):
                return pattern.sub(" / ", form)
    return re.sub(r"(?<!\d)(?:19|20)\d\d [01]?\d [0-3]?\d(?!\d)", " / ", text)


def _day(match: re.Match[str]) -> date | None:
    parts = match.groupdict()
    word = parts.get("word")
    month = MONTHS[word.casefold()] if word else int(parts["month"])
    try:
        return date(int(parts["year"]), month, int(parts["day"]))
    except ValueError:
        return None
