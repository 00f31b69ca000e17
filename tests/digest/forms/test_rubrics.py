"""Headings that are rubrics, and headings that name one thing."""

import pytest

from publisher.digest.forms import rubrics


@pytest.mark.parametrize(
    "title",
    [
        "News",
        "Articles & tutorials",
        "🔧 Tools",
        "3 Events",
        "开源项目",
        "今月の話題",
        "十一月",
        "May",
    ],
)
def test_kinds_of_news_are_rubrics(title: str) -> None:
    """Words that only say what kind of thing follows make a rubric."""
    assert rubrics.is_rubric(title)
    assert not rubrics.names_one_thing(title)


@pytest.mark.parametrize("title", ["Kites", "nvim-kite", "一、走路", "Rust", "会认风的风筝"])
def test_other_words_make_no_rubric(title: str) -> None:
    """One word that is not of the list is enough."""
    assert not rubrics.is_rubric(title)


@pytest.mark.parametrize(
    "title",
    [
        "A crane learns to dance in the harbour",
        "Our plan for the year: quieter engines",
        "港口的起重机学会了跳舞：一段两分钟的影片",
    ],
)
def test_long_particular_titles_name_one_thing(title: str) -> None:
    """A sentence, or words parted by a colon, are the title of one story."""
    assert rubrics.names_one_thing(title)


@pytest.mark.parametrize("title", ["Harbour Master Office Hours", "fn dance(crane: Crane) -> Port"])
def test_names_and_code_name_nothing(title: str) -> None:
    """A name in capitals and a line of code leave it open; that is the careful reading."""
    assert not rubrics.names_one_thing(title)


def test_headings_that_promise_no_news() -> None:
    """Invitations, credits and quotations are told by their first words."""
    assert rubrics.is_service("💌 Want to see your boat here?")
    assert rubrics.is_service("订阅")
    assert not rubrics.is_service("Boats want paint")
    assert rubrics.is_credits("New Contributors")
    assert not rubrics.is_credits("Call for participation")
    assert rubrics.is_quotation("Quote of the week")
    assert rubrics.is_for_one("Boat of the week")
    assert rubrics.promises_news("港口新闻")
