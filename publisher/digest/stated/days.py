"""days - whether a heading says nothing but when: `5月1日（周五）`, `Monday, May 4`, `Day 6`.

What is left when dates, days of the week, months and counted days are crossed out tells it.
Faults: none; a word that is not known here is no day. Never: says which day it is. See: dates.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from publisher.digest.stated.dates import in_figures, without_dates
from publisher.digest.stated.months import MONTHS

_DAYS: Final = frozenset(
    unicodedata.normalize("NFKC", word).casefold()
    for word in """
    monday tuesday wednesday thursday friday saturday sunday
    mon tue tues wed thu thur thurs fri
    montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag
    lundi mardi mercredi jeudi vendredi samedi dimanche
    lunes martes miércoles jueves viernes sábado domingo
    segunda-feira terça-feira quarta-feira quinta-feira sexta-feira
    lunedì martedì mercoledì giovedì venerdì sabato domenica
    pondělí úterý středa čtvrtek pátek sobota neděle
    понедельник вторник среда четверг пятница суббота воскресенье
    понеділок вівторок середа четвер п'ятниця субота неділя
    الاثنين الإثنين الثلاثاء الأربعاء الخميس الجمعة السبت الأحد
    सोमवार मंगलवार बुधवार गुरुवार शुक्रवार शनिवार रविवार
    today yesterday tomorrow heute gestern morgen hoy ayer сегодня вчера завтра
    """.split()  # noqa: SIM905 - a list of words is read as words
)
_WITH_DATE: Final = frozenset({"sat", "sun", "mo", "di", "mi", "do", "fr", "sa", "so"})
"""Short names that are words by themselves; beside a date they are days."""
_FIGURES: Final = r"(?:\d{1,3}|[一二三四五六七八九十百]{1,4})"
_COUNTED: Final = re.compile(
    r"(?<!\w)(?:day|week|tag|woche|jour|semaine|día|dia|semana|giorno|settimana|день|неделя|den|týden)"
    rf"\s*#?\s*\d{{1,3}}(?!\w)|第\s*{_FIGURES}\s*[天日周週]|{_FIGURES}\s*日目|\d{{1,3}}\s*일차"
    r"|(?<!\w)\d{1,3}(?:-?й|\.|st|nd|rd|th)?\s+(?:day|tag|день)(?!\w)"
)
_HAN: Final = re.compile(
    rf"{_FIGURES}\s*月(?:\s*{_FIGURES}\s*[日号號])?|\d{{1,2}}\s*월(?:\s*\d{{1,2}}\s*일)?"
    r"|(?:星期|礼拜|禮拜|周|週)[一二三四五六日天]|[月火水木金土日]曜日?|[월화수목금토일]요일"
    r"|\([月火水木金土日월화수목금토일]\)|今[天日]|昨[天日]|明[天日]|[上下]午|오늘|어제"
)
_LONGEST: Final = 80


def is_day(title: str) -> bool:
    """Say whether a title is a day, or several, and nothing else; one without a letter is no name."""
    if len(title) > _LONGEST:
        return False
    text = _HAN.sub(" / ", _COUNTED.sub(" / ", unicodedata.normalize("NFKC", title).casefold()))
    rest = without_dates(in_figures(text)).casefold()
    is_dated = rest != text or re.search(r"\d", text) is not None
    words = [word.replace("’", "'") for word in _words(rest)]
    return all(
        word in _DAYS or word in MONTHS or (is_dated and word in _WITH_DATE) for word in words
    )


def _words(text: str) -> list[str]:
    """Give the words of a text; a vowel sign, no letter to `re`, is part of one."""
    parts = "".join(
        sign if sign.isalpha() or sign in "'’-" or unicodedata.category(sign)[0] == "M" else " "
        for sign in text
    )
    return [word for part in parts.split() if (word := part.strip("'’-"))]
