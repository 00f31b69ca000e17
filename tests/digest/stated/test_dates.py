"""dates: every spelling of a day, a week, a month, and of spans of them."""

from datetime import date

import pytest

from publisher.digest.stated.dates import Grade, in_figures, mentions, without_dates
from publisher.digest.stated.months import MONTHS

DAYS = [
    ("2024-04-12", date(2024, 4, 12)),
    ("2016-8-22 10:30", date(2016, 8, 22)),
    ("2018-02-24T17:48:25", date(2018, 2, 24)),
    ("2023/01/09 22:00:00 -0000", date(2023, 1, 9)),
    ("2024-04-12T09:30:00+08:00", date(2024, 4, 12)),
    ("20240412T0930", date(2024, 4, 12)),
    ("发表于：2021年6月27日。", date(2021, 6, 27)),
    ("2021 年 6 月 27 日", date(2021, 6, 27)),
    ("２０２１年６月２７日", date(2021, 6, 27)),
    ("二〇二一年六月二十七日", date(2021, 6, 27)),
    ("주간 뉴스 2016년 1월 29일", date(2016, 1, 29)),
    ("Еженедельник, 13 марта 2015", date(2015, 3, 13)),
    ("13 марта 2015 г.", date(2015, 3, 13)),
    ("Week Ending June 7, 2020", date(2020, 6, 7)),
    ("Apr 17th, 2015", date(2015, 4, 17)),
    ("the 3rd of March, 2015", date(2015, 3, 3)),
    ("6 March 2015", date(2015, 3, 6)),
    ("Wed, 07 Oct 2020 22:00:00 -0000", date(2020, 10, 7)),
    ("2019 july 23", date(2019, 7, 23)),
    ("13. März 2015", date(2015, 3, 13)),
    ("13.03.2015", date(2015, 3, 13)),
    ("13/03/2015", date(2015, 3, 13)),
    ("03/13/2015", date(2015, 3, 13)),
    ("13-03-2015", date(2015, 3, 13)),
    ("13-March-2015", date(2015, 3, 13)),
    ("Ausgabe, 12. März 2020", date(2020, 3, 12)),
    ("1er janvier 2020", date(2020, 1, 1)),
    ("7 de octubre de 2020", date(2020, 10, 7)),
    ("1º de maio de 2024", date(2024, 5, 1)),
    ("7 ottobre 2020", date(2020, 10, 7)),
    ("12. února 2024", date(2024, 2, 12)),
    ("१५ अगस्त २०२४", date(2024, 8, 15)),
    ("15 फ़रवरी 2024", date(2024, 2, 15)),
    ("٥ مايو ٢٠٢٤", date(2024, 5, 5)),
    ("5 مايو، 2024", date(2024, 5, 5)),
    ("7 كانون الثاني 2024", date(2024, 1, 7)),
]
SPANS = [
    ("2018.12.30 - 2019.01.06", date(2019, 1, 6)),
    ("2018.12.30-01.06", date(2019, 1, 6)),
    ("20180523-20180529", date(2018, 5, 29)),
    ("22–28 июня 2020", date(2020, 6, 28)),
    ("25.–31. Mai 2020", date(2020, 5, 31)),
    ("May 25 – May 31, 2020", date(2020, 5, 31)),
    ("May 25-31, 2020", date(2020, 5, 31)),
    ("Mon, May 25 – Sun, May 31, 2020", date(2020, 5, 31)),
    ("28 June 2024 to 4 July 2024", date(2024, 7, 4)),
    ("260427-260501", date(2026, 5, 1)),
    ("Dec 28, 2020 – Jan 3", date(2021, 1, 3)),
    ("2024年5月25日～6月2日", date(2024, 6, 2)),
    ("2024年12月30日至1月5日", date(2025, 1, 5)),
    ("2021年6月21日（月）～27日（日）", date(2021, 6, 27)),
]
LESS = [
    ("2026-W26", Grade.WEEK, date(2026, 6, 28)),
    ("W26_2026", Grade.WEEK, date(2026, 6, 28)),
    ("Week 26 of 2026", Grade.WEEK, date(2026, 6, 28)),
    ("2026年第26周", Grade.WEEK, date(2026, 6, 28)),
    ("(April 2020)", Grade.MONTH, date(2020, 4, 1)),
    ("2016 年 11 月号", Grade.MONTH, date(2016, 11, 1)),
    ("2023/06 1週目", Grade.MONTH, date(2023, 6, 1)),
    ("2020-04", Grade.MONTH, date(2020, 4, 1)),
    ("outubro de 2022", Grade.MONTH, date(2022, 10, 1)),
    ("#7 - March 2020", Grade.MONTH, date(2020, 3, 1)),
    ("12 - March 2020", Grade.MONTH, date(2020, 3, 1)),
    ("October 2023 to June 2024", Grade.MONTH, date(2024, 6, 1)),
]


@pytest.mark.parametrize(("text", "expected"), [*DAYS, *SPANS])
def test_days(text: str, expected: date) -> None:
    """A day is read in every spelling; of a span it is the last."""
    (found,) = mentions(in_figures(text))
    assert (found.grade, found.on()) == (Grade.DAY, expected)


@pytest.mark.parametrize(("text", "grade", "expected"), LESS)
def test_less_than_a_day(text: str, grade: Grade, expected: date) -> None:
    """A week is its Sunday, a month its first day, and each says that it is no more."""
    (found,) = mentions(in_figures(text))
    assert (found.grade, found.on()) == (grade, expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("May 25 – May 31", date(2020, 5, 31)),
        ("5月25日～31日", date(2020, 5, 31)),
        ("13 февраля", date(2020, 2, 13)),
        ("Feb 29", date(2020, 2, 29)),
    ],
)
def test_without_a_year(text: str, expected: date) -> None:
    """A day without year has no date until it is given one."""
    (found,) = mentions(in_figures(text))
    assert (found.grade, found.on(), found.on(2020)) == (Grade.YEARLESS, None, expected)


@pytest.mark.parametrize(
    "text",
    [
        "2024-02-30",
        "arXiv 2404.03715 and 2011.10566",
        "1.2024-05",
        "03/04/2015",
        "03-04-2015",
        "260427-260427-1",
        "call 260427-260501",
        "260427-281301",
        "1.2.3.2015",
        "2026-W60",
        "Маяк 2015",
        "marching 20",
        "12:30",
        "",
    ],
)
def test_no_dates(text: str) -> None:
    """Half a date, an arXiv number, an ambiguous one and an impossible one are none."""
    assert mentions(in_figures(text)) == []


def test_two_dates_are_no_span() -> None:
    """Dates with more than a dash between them stay two."""
    found = mentions("2024-05-01: out; the meeting is on 2024-05-10")
    assert [one.on() for one in found] == [date(2024, 5, 1), date(2024, 5, 10)]


def test_crossed_out() -> None:
    """Where dates are crossed out no figure of theirs is left."""
    assert without_dates("No 7, May 25 – May 31, 2020, 2026-W26") == "No 7,  / ,  / "


def test_every_month_is_one() -> None:
    """Each name stands for a month, and is found in a date."""
    assert set(MONTHS.values()) == set(range(1, 13))
    for name, number in MONTHS.items():
        assert [one.on() for one in mentions(f"3 {name} 2021")] == [date(2021, number, 3)], name
