"""dates - the days, weeks and months a text states.

Every mention is found, in figures and in words; mentions joined by a dash or "to" are one span, and
the last day of a span is its date: that is when the issue came out. What is less than a day still
sorts: a week (`2026-W26`) is its Sunday, a month (`October 2022`) its first day. A mention says
which it is, so that a month in a title never stands before a day stated elsewhere.
Faults: None where nothing is stated. Never: asks today's date; reads an arXiv number as a month.
See: months (the words), facts (which place counts first).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from enum import IntEnum
from typing import Final

from publisher.digest.stated.months import MONTHS


class Grade(IntEnum):
    """How exactly a moment is stated, the most exact first."""

    DAY = 1
    YEARLESS = 2
    WEEK = 3
    MONTH = 4


@dataclass(frozen=True, slots=True)
class Mention:
    """One date in a text: where it stands, and what of it is stated."""

    start: int
    end: int
    grade: Grade
    year: int | None
    month: int
    day: int
    is_span: bool = False

    def on(self, year: int | None = None) -> date | None:
        """Give the day, in `year` where the mention states none."""
        stated = self.year or year
        try:
            if self.grade is Grade.WEEK and stated:
                return date.fromisocalendar(stated, self.day, 7)
            return date(stated, self.month, self.day) if stated else None
        except ValueError:
            return None


_WORD: Final = "|".join(re.escape(name) for name in sorted(MONTHS, key=len, reverse=True))
_NAME: Final = rf"(?<![^\W\d_])(?P<word>{_WORD})\.?(?![^\W\d_])"
_YEAR: Final = r"(?P<year>(?:19|20)\d\d)"
_DAY: Final = r"(?P<day>\d{1,2})"
_NTH: Final = r"(?:st|nd|rd|th|er|\.|o(?=\s+de\s)|-?го)?"  # NFKC makes an o of º
_TO: Final = r"\s*(?:[-‐‑–—~〜至到]+|to|until|through|bis|au|a|al|по|до|से|إلى)\s*"
_OF: Final = r"(?:\s+(?:of|de|di)\s+|-|\s*)"
_IN: Final = r"(?:\s+(?:of|de|del|di|do)\s+|\s*[-,،]?\s*)"
_PATTERNS: Final = tuple(
    (grade, re.compile(pattern, re.IGNORECASE))
    for grade, pattern in (
        # 2024-04-12, 2018.12.30, 2023/1/9; 2018.12.30-01.06
        (
            Grade.DAY,
            rf"(?<!\d)(?<!\d\.){_YEAR}\s*(?P<cut>[-./])\s*(?P<month>\d{{1,2}})\s*(?P=cut)\s*{_DAY}"
            rf"(?:{_TO}(?P<month2>\d{{1,2}})(?P=cut)(?P<day2>\d{{1,2}}))?(?!\d|[.]\d)",
        ),
        # 2021年6月27日, 2016년 1월 29일; 2021年6月21日～27日
        (
            Grade.YEARLESS,
            rf"(?:(?<!\d){_YEAR}\s*[年년]\s*)?(?<!\d)(?P<month>\d{{1,2}})\s*[月월]\s*{_DAY}\s*[日号號일]"
            rf"(?:(?:\(\w\))?{_TO}(?:(?P<month2>\d{{1,2}})\s*[月월]\s*)?(?P<day2>\d{{1,2}})\s*[日号號일])?",
        ),
        (Grade.DAY, rf"(?<![\w.]){_YEAR}(?P<month>[01]\d)(?P<day>[0-3]\d)(?=T\d|\W|$)(?![.]\d)"),
        # 13.03.2015; 13/03/2015 and 13-03-2015 only where the figures leave no doubt
        (Grade.DAY, rf"(?<![\d.]){_DAY}\.\s?(?P<month>\d{{1,2}})\.\s?{_YEAR}(?!\d)"),
        (
            Grade.DAY,
            r"(?<!\d)(?<!\d[/-])(?P<day>1[3-9]|2\d|3[01])(?P<cut>[/-])(?P<month>0?[1-9]|1[0-2])"
            rf"(?P=cut){_YEAR}(?!\d)",
        ),
        (
            Grade.DAY,
            r"(?<!\d)(?<!\d[/-])(?P<month>0?[1-9]|1[0-2])(?P<cut>[/-])(?P<day>1[3-9]|2\d|3[01])"
            rf"(?P=cut){_YEAR}(?!\d)",
        ),
        # 13 марта 2015, 7 de octubre de 2020, 1er mai
        (
            Grade.YEARLESS,
            rf"(?<!\d)(?<!\d[.:]){_DAY}{_NTH}{_OF}{_NAME}(?:{_IN}{_YEAR}(?!\d))?",
        ),
        # May 25th, 2020; May 25-31, 2020
        (
            Grade.YEARLESS,
            rf"{_NAME}\s+{_DAY}{_NTH}(?:{_TO}(?P<day2>\d{{1,2}}){_NTH})?(?![\d:.]\d|\d)"
            rf"(?:\s*[,،]?\s+{_YEAR}(?!\d))?",
        ),
        # 2019 july 23
        (Grade.DAY, rf"(?<!\d){_YEAR},?[ -]{_NAME}[ -]{_DAY}(?!\d)"),
        # 2026-W26, Week 26 of 2026, KW 26/2026, 2026年第26周
        (
            Grade.WEEK,
            rf"(?<!\d){_YEAR}(?:[- ]?W|\s*年\s*第\s*)(?P<day>\d{{1,2}})(?:\s*[周週])?(?![\w.])",
        ),
        (
            Grade.WEEK,
            r"(?<!\w)(?:W|KW|week|semaine|semana|settimana|неделя)\s?(?P<day>\d{1,2})"
            rf"(?:\s*(?:[,/·_-]|of)\s*|\s+){_YEAR}(?!\d)",
        ),
        # October 2022, 2016 年 11 月号, 2022-10
        (Grade.MONTH, rf"{_NAME}(?:\s+(?:de|del)\s+|\s*[-,،/]?\s*){_YEAR}(?!\d)"),
        (Grade.MONTH, rf"(?<!\d){_YEAR}[ ,/-]\s?{_NAME}"),
        (Grade.MONTH, rf"(?<!\d){_YEAR}\s*[年년]\s*(?P<month>\d{{1,2}})\s*[月월]"),
        (Grade.MONTH, rf"(?<![\w.]){_YEAR}(?P<cut>[-/])(?P<month>0?[1-9]|1[0-2])(?!\d|[-./]\d)"),
        (Grade.MONTH, r"(?<!\d)(?P<month>0?[1-9]|1[0-2])\s*月[号號]"),
    )
)
_WEEKDAY: Final = (
    r"(?:\s*[,(]?\s*(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*|[周星]?期?[月火水木金土日一二三四五六])"
    r"\s*[.,)]?)?"
)
_JOINED: Final = re.compile(rf"{_WEEKDAY}{_TO}{_WEEKDAY}\s*", re.IGNORECASE)
_HAN_FIGURES: Final = re.compile(
    r"[〇零一二三四五六七八九十百]{1,12}(?=\s*[年月日号號期回卷輯辑周週])"
)
MOST_READ: Final = 1000
_HAN_DIGITS: Final = {sign: value for value, sign in enumerate("零一二三四五六七八九")} | {"〇": 0}


_CALLED: Final = re.compile(
    r"(?:#|(?<!\w)(?:(?:no|nr|vol)\.|issue|folge|[ée]pisod(?:e|io)))[\s-]*$",
    re.IGNORECASE,
)
"""What makes the figure after it a number: `#7 March 2020` is no day."""
_NUMERO: Final = re.compile(r"(?<!\w)n\.?\s?[º°]\.?\s*(?=\d)", re.IGNORECASE)
_SHORT_SPAN: Final = re.compile(
    r"\s*(\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]))\s*[-~–—]\s*"
    r"(\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]))\s*",
    re.ASCII,
)
"""`260427-260503`, where it is all that is written."""


def in_figures(text: str) -> str:
    """Give a text with every figure in ASCII: full-width, native, and Chinese ones before a unit.

    It is cut where nothing that states a fact about the issue can stand any more. The signs of a
    number become `No.` and `#`; left alone they would become letters.
    """
    text = _NUMERO.sub("No. ", text[:MOST_READ].replace("№", "#"))
    text = unicodedata.normalize("NFKC", text)
    if not text.isascii():
        text = "".join(_ascii_digit(character) for character in text)
        text = _HAN_FIGURES.sub(lambda found: str(_han_number(found[0])), text)
    span = _SHORT_SPAN.fullmatch(text)
    if span and 0 <= int(span[2]) - int(span[1]) < 100:  # within one month, or from it to the next
        return f"20{span[1]}-20{span[2]}"
    return text


def mentions(text: str) -> list[Mention]:
    """Give every date of a text `in_figures`, in reading order, spans as one."""
    found: list[Mention] = []
    for one in sorted(_each(text), key=lambda one: (one.start, -one.end, one.grade)):
        if found and one.start < found[-1].end:
            continue
        before = found[-1] if found else None
        if before and _JOINED.fullmatch(text[before.end : one.start]):
            joined = _span(before, one)
            if joined:
                found[-1] = joined
                continue
        found.append(one)
    return found


def without_dates(text: str) -> str:
    """Cross out every date of a text `in_figures`, so that its figures are no numbers."""
    for one in reversed(mentions(text)):
        text = f"{text[: one.start]} / {text[one.end :]}"
    return text


def _each(text: str) -> Iterator[Mention]:
    for grade, pattern in _PATTERNS:
        for match in pattern.finditer(text):
            parts = match.groupdict()
            word = parts.get("word")
            leads = word and parts.get("day") and match.start("day") == match.start()
            if leads and _CALLED.search(text, max(0, match.start() - 12), match.start()):
                continue
            month = MONTHS[word.casefold()] if word else int(parts.get("month") or 1)
            year = int(parts["year"]) if parts.get("year") else None
            one = Mention(
                match.start(),
                match.end(),
                Grade.DAY if grade is Grade.YEARLESS and year else grade,
                year,
                int(parts.get("month2") or month),
                int(parts.get("day2") or parts.get("day") or 1),
                is_span=bool(parts.get("day2")),
            )
            if parts.get("month2") and year and one.month < month:
                one = replace(one, year=year + 1)
            if one.on(2000) is not None:
                yield one


def _span(first: Mention, last: Mention) -> Mention | None:
    """Make one of two joined mentions, or None where they are no span of days or months."""
    if (first.grade is Grade.MONTH) != (last.grade is Grade.MONTH) or Grade.WEEK in (
        first.grade,
        last.grade,
    ):
        return None
    year = last.year
    if year is None and first.year:
        year = first.year + ((last.month, last.day) < (first.month, first.day))
    grade = Grade.DAY if last.grade is Grade.YEARLESS and year else last.grade
    joined = Mention(first.start, last.end, grade, year, last.month, last.day, is_span=True)
    start, end = first.on(year), joined.on(year)
    if start and end and first.year and end < start:
        return None
    return joined


def _ascii_digit(character: str) -> str:
    value = unicodedata.decimal(character, None)
    return character if value is None else str(value)


def _han_number(figures: str) -> int:
    if not re.search("[十百]", figures):  # 二〇二一: digit by digit
        return int("".join(str(_HAN_DIGITS[sign]) for sign in figures))
    total = digit = 0
    for sign in figures:
        if sign in "十百":
            total += (digit or 1) * (10 if sign == "十" else 100)
            digit = 0
        else:
            digit = _HAN_DIGITS[sign]
    return total + digit
