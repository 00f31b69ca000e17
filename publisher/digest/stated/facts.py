"""facts - dates and numbers out of titles, sentences, addresses and file names.

A fact is read only from a form that says what it is: `第122期`, `Issue 30`, `2021年6月27日`,
`July 23, 2019`. An arXiv number, a hash, a week, a pull request and a lone figure are no numbers.
A day stated anywhere comes before a week or a month stated earlier; a day without a year takes the
year from elsewhere, the nearest one where a whole date stands there.
Faults: None where nothing is stated. Never: asks today's date. See: dates, directives, sections.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Final

from publisher.digest.stated.dates import (
    MOST_READ,
    Grade,
    Mention,
    in_figures,
    mentions,
    without_dates,
)

_ISSUE: Final = r"(?:issues?|[ée]pisod(?:es?|io)|выпуск|номер|ausgabe|folge|número|n[úu]mero|číslo|अंक|العدد|عدد|호)"
_LETTER: Final = r"(?:newsletter|edition|podcast|edici[óo]n|edição|édition|bulletin|num[ée]ro)"
_END: Final = r"(?!\w|[.,:]\d)"
_NUMBERS: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"第\s*(\d{1,6})\s*[期号號回卷辑輯]",
        r"제?\s*(?<!\d)(\d{1,6})\s*[호회](?!\w)",
        rf"(?<!\w){_ISSUE}\s*(?:#|no\.?|n°)?\s*(\d{{1,6}}){_END}",
        rf"(?<!\w){_LETTER}\s*(?:#|no\.?|n°)\s*(\d{{1,6}}){_END}",
        rf"(?<!\w){_LETTER}\s*(?!(?:19|20)\d\d(?!\d))(\d{{1,6}}){_END}",
        rf"(?<!\w)(?:no\.|nr\.?|č\.|núm\.|n°)\s*(\d{{1,6}}){_END}",
        rf"(?<!\w)vol\.?\s*(\d{{1,6}}){_END}",
        r"(?:刊|报|報|讯|訊)\s*[|·:-]?\s*(\d{1,6})\s*期",
    )
)
_SAID: Final = re.compile(r"\s*(?:$|[^\w\s]|of\b|от\b)")
"""What follows a number that a sentence gives to the issue, and not to what it counts."""
_HASHED: Final = re.compile(
    r"(?P<of>\b(?:prs?|pull|requests?|fix(?:es|ed)?|bugs?|gh|close[sd]?|tickets?|merge[sd]?) )?"
    r"(?<![\w/&])#\s*(?P<number>\d{1,6})(?!\w|[.,]\d)",
    re.IGNORECASE,
)
"""`#30`, unless the word before says that it is a change or a report."""
_SERIES: Final = re.compile(
    r"(?:\bweek in\b|weekly|newsletter|digest|bulletin|\bnews\b|周刊|周报|週刊|радио)"
    r"[^:;,.!?|：；，。！？]*?[\s–-](?<!\btop )(?<!\bpart )(?<!\bweek )(?<!\bversion )(\d{1,5})$",
    re.IGNORECASE,
)
"""`This Week in Rivers 132`: the figure is in the same clause, and no count, part, week or version."""
_LETTERS: Final = (
    "letters? notes dispatch gazette journal magazine zine courier chronicle herald roundup"
    " nr nieuwsbrief rundbrief nyhetsbrev nyhedsbrev lettre infolettre gazeta revista carta lettera"
    " zpravodaj biuletyn bülten boletín boletim bollettino письмо рассылка вестник дайджест"
)
_LETTERED: Final = re.compile(
    rf"(?:(?<!\w)(?:{'|'.join(_LETTERS.split())})\s+|(?:信|通信|通讯|通訊|便り|편지|소식지)\s*)"
    r"(\d{1,5})(?=\s*(?:$|[/:：|·。]|\.\s|\s[-–—]\s))",
    re.IGNORECASE,
)
"""`Harbour Letter 55`, `Letter 4. On bridges`: the word stands right before, no word behind."""
_TAIL: Final = re.compile(r"[\s/|·,;()\[\]–—-]+$")
"""What a date at a title's end leaves behind, once it is crossed out."""
_LEADING: Final = re.compile(r"[^\w#]*0*(\d{1,5})\s*:(?!\d)\s*\S")  # signs, then a number
_OPENING: Final = re.compile(r"[^\w#]*+((?:[^\s#/]*[^\s#/.!?,;] ){1,3})#\d{1,4}\s*(?:[-–—:|·]|$)")
"""How an opening names its issue before it speaks: `River News #475 - the water is high`."""
_FIRST_DAY: Final = re.compile(r"(?<![\d.,/–-])(\d{1,2})\s*[-–—]\s*(\d{1,2})(?![\d-])")
_MOST_NAMED: Final = 5  # words of an issue's name
_SMALL_WORDS: Final = "in of the and from de la du des le von aus der do da"
_SMALL: Final = frozenset(_SMALL_WORDS.split())
"""Words that a name writes small."""
_KINDS: Final = r"(?:issue|episode|podcast|newsletter|weekly|digest|notes)"
_FILE_NUMBERS: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?:^|[ /])(?!notes){_KINDS} ?#?0*(\d{{1,6}})(?=[ /]|$)",  # `notes-10-papers`
        r"(?:^|[ /])(?:vol|no|number|выпуск) ?#?0*(\d{1,6})(?=[ /]|$)",
        rf"(?:^|[ /])(?=\d{{3}})0*(\d{{1,6}}) (?:{_KINDS}|index)(?=[ /]|$)",  # `06-notes` is a place
        r"^0*(\d{1,5}) +/",  # before a date
    )
)
_DAYS: Final = re.compile(r"^\d\d[-_.]\d\d(?!\d)|(?<!\d)\d\d?([-_.])\d\d?\1(?:19|20)\d\d(?!\d)")
"""Figures of a file name that are days or months, though nobody may know which."""
_HASH: Final = re.compile(
    r"(?<![0-9a-z])(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{8,64}(?![0-9a-z])", re.IGNORECASE
)
_YEAR_FOLDER: Final = re.compile(r"(?:^|/)(?:19|20)\d\d/")
_YEAR: Final = re.compile(r"(?<![\d.])(?:19|20)\d\d(?![\d.]\d|\d)")
_ENDING: Final = re.compile(r"\.[A-Za-z]{1,8}$")
_SENTENCE: Final = re.compile(r"[^\n.!?。！？]+(?:\.\d[^\n.!?。！？]*)*")
_CLAUSE: Final = re.compile(r"[,;:.!?，；：。！？\n]")
_WORD: Final = re.compile(r"[^\W\d_]+")
_OWN: Final = (
    "date published posted sent issued released out updated on of at the by monday tuesday wednesday"
    " thursday friday saturday sunday mon tue wed thu fri sat sun datum vom erschienen am fecha"
    " publicado publicada data le du publié дата от опубликовано г 发表于 發表於 发布于 發布於 发表"
    " 发布 日期 时间 時間 公開日 発行日 更新日 発行 公開 날짜 발행일 तारीख तिथि التاريخ تاريخ"
)
_SENT: Final = frozenset(_OWN.split())
"""Words that may stand beside a date which is the issue's own."""


# --- dates ------------------------------------------------------------------------


def find_date(text: str) -> date | None:
    """Give the date of one text: its first whole date, else its week, else its month."""
    for grade in (Grade.DAY, Grade.WEEK, Grade.MONTH):
        if days := _days(mentions(in_figures(text)), grade):
            return days[0]
    return None


def settle_date(
    titles: Sequence[str], prose: Sequence[str] = (), paths: Sequence[str] = ()
) -> date | None:
    """Give the date of an issue from all places that may state one, the weightiest first.

    `prose` is believed only where it states a whole date. One day without a year may be any day
    that a title speaks of, so a whole date elsewhere comes before it; a span of them is the issue's.
    """
    headed = [mentions(in_figures(text)) for text in titles]
    elsewhere = [mentions(in_figures(text)) for text in prose]
    filed = [_path_mentions(path) for path in paths]
    near = [day for found in (*elsewhere, *filed) for day in _days(found, Grade.DAY)]
    years = list(_years([*titles, *paths]))
    for found in headed:
        if days := _days(found, Grade.DAY):
            return days[0]
        for one in found:
            counts = one.grade is Grade.YEARLESS and (one.is_span or not near)
            if counts and (day := _completed(one, near, years)):
                return day
    if near:
        return near[0]
    for grade in (Grade.WEEK, Grade.MONTH):
        for found in (*headed, *filed):
            if days := _days(found, grade):
                return days[0]
    months = [one for found in headed for one in found if one.grade is Grade.MONTH]
    return months[0].on(years[0]) if months and years else None


def dateline(text: str, links: Iterable[str] = ()) -> str:
    """Give what of an opening may state the issue's date.

    That is its first sentence, and the second where it says nothing but a date. A date among other
    words that is the text of one of the `links` tells of what the link leads to.
    """
    text = in_figures(text)
    for link in map(in_figures, links):
        if not link or link not in text or not mentions(link):
            continue
        before, _, after = text.partition(link)
        clauses = [clause for clause in _CLAUSE.split(before) if clause.strip()]
        if clauses and not _says_no_more(clauses[-1]):
            text = f"{before} / {after}"
    parts = [part.strip() for part in _SENTENCE.findall(text) if part.strip()]
    if len(parts) > 1 and (found := mentions(parts[1])):
        rest = f"{parts[1][: found[0].start]} {parts[1][found[-1].end :]}"
        if _says_no_more(rest):
            return f"{parts[0]}\n{parts[1]}"
    return parts[0] if parts else ""


def _says_no_more(words: str) -> bool:
    return all(word in _SENT for word in _WORD.findall(words.casefold()))


def _days(found: Iterable[Mention], grade: Grade) -> list[date]:
    return [day for one in found if one.grade is grade and (day := one.on())]


def _completed(one: Mention, near: Sequence[date], years: Sequence[int]) -> date | None:
    """Give a day without year its year: the one nearest to a date, or one just stated."""
    if near:
        around = (near[0].year - 1, near[0].year, near[0].year + 1)
        days = [day for year in around if (day := one.on(year))]
        return min(days, key=lambda day: abs(day - near[0]), default=None)
    return next((day for year in years if (day := one.on(year))), None)


def _years(texts: Iterable[str]) -> Iterator[int]:
    for text in texts:
        yield from (int(found[0]) for found in _YEAR.finditer(_ENDING.sub("", in_figures(text))))


def _path_mentions(path: str) -> list[Mention]:
    """Give a path's dates, its parts joined as figures are (2024-10-09), then as words are."""
    stem = in_figures(_HASH.sub(" ", _ENDING.sub("", path[-MOST_READ:])))
    joined = re.sub(r"[/_-]+", "-", stem)
    return mentions(joined) + mentions(re.sub(r"[-.]", " ", joined))


def names_an_issue(title: str = "", path: str = "") -> bool:
    """Whether a title or a path states what one issue is known by: a day, a week, or a number."""
    found = [*mentions(in_figures(title)), *_path_mentions(path)]
    return (
        any(one.grade is not Grade.MONTH for one in found)
        or find_title_number(title) is not None
        or file_number(path) is not None
    )


# --- numbers ----------------------------------------------------------------------


def find_number(text: str, *, in_words: bool = False) -> int | None:
    """Give the issue number a text states; `in_words` leaves `#30` out, which prose uses freely."""
    text = in_figures(text).strip()
    return _stated(text, in_words=in_words)


def opening_number(text: str) -> int | None:
    """Give the number an opening states: in words anywhere, as `#30` only in the issue's own name."""
    found = _OPENING.match(in_figures(text).strip().partition("\n")[0])
    if found and not any(word[0].islower() and "." not in word for word in found[1].split()):
        number = _stated(found[0])
        if number is not None:
            return number
    sentence = dateline(text)
    stated = find_number(sentence, in_words=True)
    return _named_number(sentence) if stated is None else stated


def _named_number(sentence: str) -> int | None:
    """Give the number of a sentence that is the issue's name, with its date or without."""
    name = _undated(in_figures(sentence.partition("\n")[0]))
    found = _LETTERED.search(name) or _SERIES.search(name)
    if found is None or found.end() < len(name) or _is_year(int(found[1])):
        return None
    words = name[: found.start(1)].split()
    told = len(words) > _MOST_NAMED or any(word.islower() and word not in _SMALL for word in words)
    return None if told else int(found[1])


def find_title_number(title: str) -> int | None:
    """Give the number of a title: stated, before a colon, or last where it names a series."""
    text = in_figures(title)
    stated = _stated(without_dates(text).strip())
    if stated is not None:
        return stated
    text = _undated(text)
    found = _LEADING.match(text) or _LETTERED.search(text) or _SERIES.search(text)
    return int(found[1]) if found and not _is_year(int(found[1])) else None


def file_number(name: str) -> int | None:
    """Give the number a path spells: `issue-30.md`, `第122期.md`, `005-2016-Feb-1.md`.

    A figure before other words (`06-rivers.md`) only sorts the files.
    """
    stem = _ENDING.sub("", name[-MOST_READ:]).rstrip("/")
    last = _DAYS.sub(" ", stem.rpartition("/")[2])
    if _HASH.search(last):
        return None
    if last.casefold() in {"index", "readme"}:
        last = stem.rpartition("/")[0].rpartition("/")[2]
    if re.fullmatch(r"[1-9]\d{0,2}", last):
        return None if _YEAR_FOLDER.search(stem) else int(last)
    spaced = without_dates(re.sub(r"[_.-]+", " ", in_figures(_dates_out(last))))
    stated = _stated(spaced)
    if stated is not None:
        return stated
    spaced = re.sub(r" +", " ", spaced)
    for pattern in (*_FILE_NUMBERS, _LETTERED, _SERIES):
        found = pattern.search(spaced)
        if found and not _is_year(int(found[1])):
            return int(found[1])
    return None


def slug_number(slug: str) -> int | None:
    """Give the number a slug is, noughts before it or not, or spells as a file name would."""
    return int(slug) if re.fullmatch(r"\d{1,6}", slug, re.ASCII) else file_number(slug)


def _stated(text: str, *, in_words: bool = False) -> int | None:
    for pattern in _NUMBERS:
        found = pattern.search(text)
        if found and (not in_words or _SAID.match(text, found.end())):
            return int(found[1])
    if in_words:
        return None
    for found in _HASHED.finditer(text):
        number = int(found["number"])
        if not found["of"] and not _is_year(number):
            return number
    return None


def _undated(text: str) -> str:
    """Cross out the dates, and a figure before one that may be its first day; cut what they leave."""
    text = _FIRST_DAY.sub(
        lambda found: f"/ {found[2]}" if int(found[1]) < int(found[2]) <= 31 else found[0], text
    )
    return _TAIL.sub("", without_dates(text)).strip()


def _dates_out(name: str) -> str:
    """Cross out the dates that only figures and their dashes make."""
    return without_dates(in_figures(re.sub(r"_+", "-", name)))


def _is_year(number: int) -> bool:
    return 1900 <= number < 2100
