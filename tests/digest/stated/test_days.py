"""days: headings that only say when."""

import pytest

from publisher.digest.stated.days import is_day


@pytest.mark.parametrize(
    "title",
    [
        "5月1日", "5月1日（周五）", "5月1日 星期五", "5/3", "5.3", "Monday, May 4", "Monday", "Mon, 4 May",
        "Sat 9 May", "星期二", "周三", "礼拜天", "Day 6", "Day #6", "第3天", "第三天", "понедельник",
        "Понедельник, 4 мая", "5月4日(月)", "月曜日", "3日目", "5월 4일 (월)", "화요일", "Dienstag",
        "Mo, 4. Mai", "lundi 4 mai", "miércoles", "सोमवार", "الاثنين", "May", "5月", "2026-05-04",
        "May 4 – May 8", "Week 3", "Tag 2", "День 3", "Today", "昨天", "12",
    ],
)  # fmt: skip
def test_days_in_many_languages(title: str) -> None:
    """A date, a day of the week, a month, a counted day, alone or together."""
    assert is_day(title)


@pytest.mark.parametrize(
    "title",
    [
        "Rust", "Sun", "Day trips", "Monday night saws", "日本", "木", "금", "月面", "星期二的锯", "May contain nuts",
        "3D", "C++", "Day", "天气", "土木", "среды обитания", "火箭", "Web 3", "日记", "周报",
    ],
)  # fmt: skip
def test_what_has_another_word_is_no_day(title: str) -> None:
    """One word that is no day makes it a name."""
    assert not is_day(title)
