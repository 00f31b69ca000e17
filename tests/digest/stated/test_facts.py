"""facts: read from what says what it is, from nothing else."""

from datetime import date

import pytest

from publisher.digest.stated.facts import (
    dateline,
    file_number,
    find_date,
    find_number,
    find_title_number,
    opening_number,
    settle_date,
    slug_number,
)
from publisher.model import Issue


def test_a_day_before_a_week_before_a_month() -> None:
    """In one text the most exact statement counts, wherever it stands."""
    assert find_date("July 2020, out on 2020-08-02") == date(2020, 8, 2)
    assert find_date("June 2026, that is 2026-W26") == date(2026, 6, 28)
    assert find_date("2016 年 11 月号") == date(2016, 11, 1)
    assert find_date("no date in 2404.03715") is None


@pytest.mark.parametrize(
    ("titles", "prose", "paths", "expected"),
    [
        (["News of 2024-05-01"], ["Sent 2024-05-02."], ["2024-05-03.md"], date(2024, 5, 1)),
        (["News"], ["Sent 2024-05-02."], ["2024-05-03.md"], date(2024, 5, 2)),
        (["October 2022"], [], ["2022-11-01-month.md"], date(2022, 11, 1)),
        (["October 2022"], [], ["a.md"], date(2022, 10, 1)),
        (["News"], ["In October 2022 it rained."], [], None),
        (["News"], [], ["/en/letters/2020/10/07/", "2020.md"], date(2020, 10, 7)),
        (["May 25 – May 31"], [], ["2020/week.md"], date(2020, 5, 31)),
        (["May 25 – May 31"], [], ["2020-06-02.md"], date(2020, 5, 31)),
        (["Dec 20 – Dec 27"], [], ["2021-01-02.md"], date(2020, 12, 27)),
        (["Неделя · 2026 · 22 июн – 28 июн"], [], [], date(2026, 6, 28)),
        (["22–28 июня"], [], ["2020/неделя.md"], date(2020, 6, 28)),
        (["Sign up until Jan 16!"], [], ["letter_10_Jan2020.md"], date(2020, 1, 10)),
        (["13 февраля"], [], ["Week-of-February-13th-2015.md"], date(2015, 2, 13)),
        (["May 25 – May 31"], [], ["week.md"], None),
        (["杂志 8 月号"], [], ["2014/a.md"], date(2014, 8, 1)),
        (["杂志 8 月号"], [], ["2014-08-31-a.md"], date(2014, 8, 31)),
        (["杂志 8 月号"], [], [], None),
        (["Mill Monthly #7 - February 2020"], [], [], date(2020, 2, 1)),
        (["Mill Monthly Issue 12 - March 2020"], [], [], date(2020, 3, 1)),
        (["Issue 12 March 2020"], [], [], date(2020, 3, 1)),
        (["Newsletter 12 March 2020"], [], [], date(2020, 3, 12)),
        (["Boletín n.º 7 de febrero de 2020"], [], [], date(2020, 2, 1)),
        (["📅 № 7 март 2020"], [], [], date(2020, 3, 1)),
        (["#3 – 7 March 2020"], [], [], date(2020, 3, 7)),
    ],
)
def test_places(
    titles: list[str], prose: list[str], paths: list[str], expected: date | None
) -> None:
    """Title, opening, path is the order; a month waits for a day, a day for its year."""
    assert settle_date(titles, prose, paths) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello. It rains today.", "Hello"),
        ("By Ada\n\n2024-05-01\n\nMore", "By Ada\n2024-05-01"),
        ("Version 1.5 is out, they say", "Version 1.5 is out, they say"),
        ("We meet again. Please come to the large hall on May 1, 2024, at noon.", "We meet again"),
        ("Welcome, all. I came here on May 1, 2017.", "Welcome, all"),
        (
            "Welcome, all. Published on Friday, May 1, 2017.",
            "Welcome, all\nPublished on Friday, May 1, 2017",
        ),
        ("", ""),
    ],
)
def test_dateline(text: str, expected: str) -> None:
    """An opening is its first sentence, and a second that is hardly more than a date."""
    assert dateline(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I came to the river on May 1, 2017", None),
        ("May 1, 2017: the river is high", date(2017, 5, 1)),
        ("Letter 3, published on May 1, 2017, in the rain", date(2017, 5, 1)),
        ("The river is high", None),
    ],
)
def test_dates_that_are_links(text: str, expected: date | None) -> None:
    """A date that is a link among other words tells of something else."""
    assert find_date(dateline(text, ["", "river", "May 1, 2017"])) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("周刊第 122 期", 122),
        ("第12号", 12),
        ("第１２期", 12),
        ("第十二期", 12),
        ("第一百二十期", 120),
        ("第二〇三期", 203),
        ("技术周刊 12 期", 12),
        ("제 7호", 7),
        ("Issue 30", 30),
        ("Issue #99", 99),
        ("№ 12", 12),
        ("Vol. 7", 7),
        ("Vol. 3, No. 7", 7),
        ("Volume 3, Issue 7", 7),
        ("Zpravodaj č. 7", 7),
        ("12호", 12),
        ("Newsletter 12/2024", 12),
        ("Newsletter 2024", None),
        ("Edition #2001", 2001),
        ("Ausgabe 7", 7),
        ("Número 7", 7),
        ("n.º 7", 7),
        ("N° 7", 7),
        ("nº 7", 7),
        ("Episodio 7 - Semana 12", 7),
        ("Épisode 7", 7),
        ("Folge 7", 7),
        ("Edição 7", 7),
        ("Выпуск 7", 7),
        ("호 7", 7),
        ("Semana 12", None),
        ("अंक १२", 12),
        ("العدد ١٢", 12),
        ("2404.03715", None),
        ("Issue 2.5", None),
        ("GPT-4", None),
        ("C# 12", None),
        ("30", None),
        ("fixes #123", None),
        ("PR #123 and #124", 124),
        ("best of #2024", None),
    ],
)
def test_numbers(text: str, expected: int | None) -> None:
    """A number is one that is called so."""
    assert find_number(text) == expected


def test_prose_numbers() -> None:
    """In prose a bare #30 may be anything."""
    assert find_number("welcome to issue 30", in_words=True) == 30
    assert find_number("this is issue 30 of our letter", in_words=True) == 30
    assert find_number("see #30", in_words=True) is None
    assert find_number("in this episode 3 people talk", in_words=True) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("River.info #475 - the water is high.", 475),
        ("River News #475\n\nThe water is high.", 475),
        ("📰 川の便り #475：水が高い", 475),
        ("Welcome to issue 30. See River News #475 - it is good.", 30),
        ("The water is high. River News #475 - that was last week.", None),
        ("We saw #475 - a good one.", None),
        ("River/bridge #475 - mend the arch", None),
        ("Bug #475: the arch", None),
        ("River News #475 was good.", None),
        ("Harbour Letter 55 - 17 April 2026\n\nThe water is high.", 55),
        ("Harbour Letter 55 - 17 April 2026. The water is high.", 55),
        ("This Week in Rivers 132 - 17 April 2026", 132),
        ("海港信 55 - 2026年4月17日", 55),
        ("Письмо 4. О мостах", 4),
        ("We answer letter 55. The water is high.", None),
        ("Harbour Letter 55 was good.", None),
        ("The water is high. Harbour Letter 55 - 17 April 2026", None),
    ],
)
def test_numbers_of_openings(text: str, expected: int | None) -> None:
    """An opening may begin with the issue's own name; later on `#475` may be anything."""
    assert opening_number(text) == expected


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Mill Monthly #7 - February 2020", 7),
        ("Mill Monthly Issue 12 - March 2020", 12),
        ("Boletín n.º 7 – febrero de 2020", 7),
        ("📅 #7 - February 2020", 7),
        ("📰 138: rivers", 138),
        ("Выпуск 13 марта 2015", None),
        ("08-09 - Août-Septembre", None),
        ("This Week in Rivers 132", 132),
        ("Радио–Т 64", 64),
        ("138: rivers, and more", 138),
        ("138：河流", 138),
        ("#28 2018.12.30 - 2019.01.06", 28),
        ("#09 - Rivers", 9),
        ("Top 10", None),
        ("12:30 at the river", None),
        ("2024: a year", None),
        ("This Week in Rivers 2024", None),
        ("Week 26 of 2026 · Jun 22 – Jun 28", None),
        ("River News, May 28", None),
        ("杂志 8 月号", None),
        ("Harbour Letter 55", 55),
        ("Harbour Letter 55 - 17 April 2026", 55),
        ("Harbour Letter 55 (17 April 2026)", 55),
        ("Harbour Letter 55 — On bridges", 55),
        ("This Week in Rivers 132 - 17 April 2026", 132),
        ("Harbour Notes 7, 2026-04-17", 7),
        ("海港信 55", 55),
        ("Письмо 4. О мостах", 4),
        ("Harbour Dispatch nr 12", 12),
        ("Harbour Letter 2024", None),
        ("Harbour Letter 3.2", None),
        ("Harbour Letter 123456", None),
        ("Harbour Letter 12 - 17 April 2026", None),
        ("Harbour Letter 17 - 12 April 2026", 17),
        ("Rivers Weekly 22–28 April 2026", None),
        ("Harbour Letter, Week 26", None),
        ("Harbour Notes 10 papers", None),
        ("Harbour Digest: Lock 11", None),
        ("Rivers Weekly Top 10", None),
        ("Rivers Weekly Week 26", None),
        ("Lock 11", None),
        ("Footnotes 3", None),
    ],
)
def test_numbers_of_titles(title: str, expected: int | None) -> None:
    """A title may put its number before a colon or after its series; dates are crossed out."""
    assert find_title_number(title) == expected


def test_numbers_of_slugs() -> None:
    """A slug may be the number, with noughts, or spell it."""
    assert [slug_number(slug) for slug in ("008", "issue-12", "2022-09-07-letter", "")] == [
        8,
        12,
        None,
        None,
    ]


@pytest.mark.parametrize(
    ("name", "day", "number"),
    [
        ("2024-04-12.md", date(2024, 4, 12), None),
        ("2024/04/12.md", date(2024, 4, 12), None),
        ("2019-july-23.md", date(2019, 7, 23), None),
        ("2022/Jul/25.md", date(2022, 7, 25), None),
        ("2024/04/12/index.md", date(2024, 4, 12), None),
        ("papers_20250621_read.md", date(2025, 6, 21), None),
        ("weekly-20180523-20180529.md", date(2018, 5, 29), None),
        ("2015-02-13-weekly.md", date(2015, 2, 13), None),
        ("newsletter_10_Jan2020.md", date(2020, 1, 10), None),
        ("Week-of-February-13th-2015.md", date(2015, 2, 13), None),
        ("2016-07-25-this-week-43.md", date(2016, 7, 25), None),
        ("2016-07-25-this-week-in-rivers-43.md", date(2016, 7, 25), 43),
        ("005-2016-Feb-1.md", date(2016, 2, 1), 5),
        ("issue_12_2024-05-01.md", date(2024, 5, 1), 12),
        ("issue-30.md", None, 30),
        ("episode-074.md", None, 74),
        ("138-newsletter.md", None, 138),
        ("第122期.md", None, 122),
        ("第十二期.md", None, 12),
        ("archive/296/index.md", None, 296),
        ("122.md", None, 122),
        ("2023/12.md", date(2023, 12, 1), None),
        ("2020-04/index.md", date(2020, 4, 1), None),
        ("2026-06-June-recap.md", date(2026, 6, 1), None),
        ("2026-W26.md", date(2026, 6, 28), None),
        ("0602.md", None, None),
        ("10-rivers.md", None, None),
        ("06-rivers.md", None, None),
        ("07.letter.md", None, None),
        ("09-h1rivers.md", None, None),
        ("06-notes.md", None, None),
        ("notes-10-rivers.md", None, None),
        ("river-notes-10.md", None, 10),
        ("006-rivers.md", None, None),
        ("164-notes.md", None, 164),
        ("index-2.md", None, None),
        ("weekly-12.md", None, 12),
        ("podcast-586.md", None, 586),
        ("harbour-letter-55.md", None, 55),
        ("06-harbour-letter-55.md", None, 55),
        ("harbour-letter-55-2026-04-17.md", date(2026, 4, 17), 55),
        ("2404.03715.md", None, None),
        ("episodes/100/index.md", None, 100),
        ("issue-12-march-2020.md", date(2020, 3, 1), 12),
        ("weeks/20260427-20260503.md", date(2026, 5, 3), None),
        ("Digest 03-08-2025.md", None, None),
        ("Digest 13-08-2025.md", date(2025, 8, 13), None),
        ("Digest 08-13-2025.md", date(2025, 8, 13), None),
        ("08-09-aout-2025.md", date(2025, 8, 9), None),
        ("08-09-may.md", None, None),
        ("08-09-issue-12.md", None, 12),
        ("000_a9a4838e097c53b9.txt", None, None),
        ("", None, None),
    ],
)
def test_file_names(name: str, day: date | None, number: int | None) -> None:
    """A path gives a date or a number where it spells one; a hash and an arXiv number give none."""
    assert (settle_date((), (), (name,)), file_number(name)) == (day, number)


@pytest.mark.parametrize(
    ("text", "name", "day", "number"),
    [
        ("# Rivers 12\n\nWelcome to issue 30, of 2024-05-01.\n", "", date(2024, 5, 1), 30),
        (
            "## Rivers Weekly #7\n\n- [a](https://a.example/)\n- [b](https://b.example/)\n",
            "",
            None,
            7,
        ),
        ("---\npermalink: /letters/2020/10/07/\n---\ntext\n", "x.md", date(2020, 10, 7), None),
        ("---\nslug: 008\ntitle: Rivers\n---\ntext\n", "9.md", None, 8),
        ("Rain.\n", "issue-9.md", None, 9),
        ("Rain.\n", "06-rivers.md", None, None),
        (
            "Harbour Letter 55 - 17 April 2026\n\n[Jays](https://a.example/) came.\n\n"
            "[Cranes](https://b.example/) went.\n",
            "issue-6.md",
            date(2026, 4, 17),
            55,
        ),
        ("---\nsubject: 'River Thing #15 / Cranes'\n---\n\nIt rains.\n", "", None, 15),
        (
            "Welcome, all of you.\nI came on [May 1, 2017](https://a.example/).\n\n"
            "Here I [met](https://b.example/) you.\n",
            "",
            None,
            None,
        ),
        ("I came here on [May 1, 2017](https://a.example/), in the rain.\n", "", None, None),
        (
            "---\ntitle: Jays\n---\nJays.info #475 - a jay came.\n\n- [Jay](https://a.example/)\n",
            "",
            None,
            475,
        ),
        (
            "## Jays (2026-04-27)\n\n- [a](https://a.example/)\n\n"
            "## Jays (2026-04-28)\n\n- [b](https://b.example/)\n",
            "20260427-20260503.md",
            date(2026, 5, 3),
            None,
        ),
        (
            "## Jays (2026-04-27)\n\n- [a](https://a.example/)\n",
            "20260503.md",
            date(2026, 4, 27),
            None,
        ),
    ],
)
def test_an_issue(
    issue_of: type[Issue], text: str, name: str, day: date | None, number: int | None
) -> None:
    """The reader asks front matter, title, first heading, opening, permalink, path in this order."""
    issue = issue_of(text, name)
    assert (issue.date, issue.number) == (day, number)
