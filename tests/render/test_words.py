"""Our sentences: complete in every language, and dated as each language dates."""

import string
from datetime import date

import pytest

from publisher.render.words import WORDS, count_words, date_words, primary, say, sponsor_word


@pytest.mark.parametrize("language", WORDS)
def test_languages_are_complete(language: str) -> None:
    """A language we speak, we speak in full, with the same blanks to fill."""
    assert set(WORDS[language]) == set(WORDS["en"])
    for key, sentence in WORDS[language].items():
        blanks, known = (
            {name for _, name, _, _ in string.Formatter().parse(words) if name}
            for words in (sentence, WORDS["en"][key])
        )
        assert blanks == known or (key == "item" and blanks <= known)


def test_fallback() -> None:
    """An unknown language falls to its primary subtag, then to English."""
    assert say("zh-TW", "unsubscribe") == "退订"
    assert say("zh_CN", "unsubscribe") == "退订"
    assert say("tlh", "unsubscribe") == "Unsubscribe"
    assert (primary("zh-Hans-CN"), primary(None)) == ("zh", "")


def test_dates() -> None:
    """Dates stand as their language writes them."""
    day = date(2024, 4, 5)
    assert date_words("zh-CN", day) == "2024年4月5日"
    assert date_words("en-GB", day) == "5 April 2024"
    assert date_words("fr", day, key="day") == "5 April"
    assert date_words("zh", day, key="day") == "4月5日"


def test_counts() -> None:
    """One item is not one items."""
    assert [count_words("en", n) for n in (1, 2)] == ["1 item", "2 items"]
    assert count_words("zh", 17) == "17 篇"


def test_an_advert_is_called_one() -> None:
    """In languages we do not speak otherwise, too; in others by the English word."""
    assert [sponsor_word(tag) for tag in ("de-AT", "zh-Hans", "zh-Hant", "ko", "sw")] == [
        "Anzeige", "赞助", "贊助", "광고", "Sponsor"
    ]  # fmt: skip
