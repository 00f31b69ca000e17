"""facts: read from what says what it is, from nothing else."""

from datetime import date

import pytest

from publisher.digest.facts import file_date, file_number, find_date, find_number, find_title_number


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-04-12", date(2024, 4, 12)),
        ("2016-8-22 10:30", date(2016, 8, 22)),
        ("2023/01/09 22:00:00 -0000", date(2023, 1, 9)),
        ("2024-04-12T09:30:00+08:00", date(2024, 4, 12)),
        ("发表于：2021年6月27日。", date(2021, 6, 27)),
        ("2021 年 6 月 27 日", date(2021, 6, 27)),
        ("주간 뉴스 2016년 1월 29일", date(2016, 1, 29)),
        ("Еженедельник, 13 марта 2015", date(2015, 3, 13)),
        ("Week Ending June 7, 2020", date(2020, 6, 7)),
        ("Mar 6th, 2015", date(2015, 3, 6)),
        ("6 March 2015", date(2015, 3, 6)),
        ("#28 2018.12.30 - 2019.01.06", date(2019, 1, 6)),
        ("2024-02-30", None),
        ("2016 年 11 月号", None),
        ("May 25 – May 31", None),
        ("arXiv 2404.03715 and 2011.10566", None),
        ("1.2024-05", None),
        ("", None),
    ],
)
def test_dates(text: str, expected: date | None) -> None:
    """Dates are read in every spelling, never from half a date or an arXiv number."""
    assert find_date(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("周刊第 122 期", 122),
        ("第12号", 12),
        ("Issue 30", 30),
        ("Issue #99", 99),
        ("№ 12", 12),
        ("Vol. 7", 7),
        ("2404.03715", None),
        ("Issue 2.5", None),
        ("GPT-4", None),
        ("30", None),
    ],
)
def test_numbers(text: str, expected: int | None) -> None:
    """A number is one that is called so."""
    assert find_number(text) == expected


def test_numbers_of_titles() -> None:
    """A figure at the end counts where the title names a series, a year never does."""
    assert find_title_number("This Week in Rust 132") == 132
    assert find_title_number("Top 10") is None
    assert find_title_number("This Week in Rust 2024") is None


@pytest.mark.parametrize(
    ("name", "day", "number"),
    [
        ("2024-04-12.md", date(2024, 4, 12), None),
        ("2019-july-23.md", date(2019, 7, 23), None),
        ("2022/Jul/25.md", date(2022, 7, 25), None),
        ("2024/04/12/index.md", date(2024, 4, 12), None),
        ("papers_20250621_read.md", date(2025, 6, 21), None),
        ("2015-02-13-weekly.md", date(2015, 2, 13), None),
        ("newsletter_10_Jan2020.md", date(2020, 1, 10), None),
        ("2016-07-25-this-week-43.md", date(2016, 7, 25), None),
        ("issue-30.md", None, 30),
        ("episode-074.md", None, 74),
        ("第122期.md", None, 122),
        ("archive/296/index.md", None, 296),
        ("122.md", None, 122),
        ("2023/12.md", None, None),
        ("0602.md", None, None),
        ("2404.03715.md", None, None),
        ("000_a9a4838e097c53b9.txt", None, None),
        ("", None, None),
    ],
)
def test_file_names(name: str, day: date | None, number: int | None) -> None:
    """A path gives a date or a number where it spells one; a hash and an arXiv number give none."""
    assert (file_date(name), file_number(name)) == (day, number)
