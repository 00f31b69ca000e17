"""The sentences, in every language alike."""

import re

import pytest

from publisher.web.words import masked, words


def test_every_language_says_everything() -> None:
    """The tables have the same keys and fill in the same values."""
    english, chinese = words("en"), words("zh-CN")
    assert english.keys() == chinese.keys()
    for key in english:
        holes = [sorted(re.findall(r"\{\w+\}", table[key])) for table in (english, chinese)]
        assert holes[0] == holes[1], key


def test_unknown_languages_get_english() -> None:
    """What we do not write is said in English."""
    assert words("tlh") is words("en")
    assert words("ZH-hans-CN") is words("zh-CN")


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("reader@example.org", "r•••@example.org"),
        ("r@example.org", "•••@example.org"),
        ('"a@b"@example.org', '"•••@example.org'),
        ("读者@例子.中国", "读•••@例子.中国"),
    ],
)
def test_masked(address: str, shown: str) -> None:
    """Of an address only its first letter and its domain are shown."""
    assert masked(address) == shown
