"""languages: tags that CLDR knows, and what is meant where a name stands for one."""

import pytest

from publisher import languages


@pytest.mark.parametrize("tag", ["en", "zh-Hans", "zh-Hant-TW", "iw", "tlh", "wuu", "de-1996"])
def test_languages_are_known(tag: str) -> None:
    """What CLDR has a name for, old tags and what follows a language included, is one."""
    assert languages.fault(tag) == ""


@pytest.mark.parametrize(
    ("tag", "words"),
    [
        ("German", 'write "de"'),
        ("simplified  chinese", 'write "zh-Hans"'),
        ("xx-klingon", 'such as "en" or "zh-Hans"'),
        ("zh_CN", 'such as "en"'),
        ("", 'such as "en"'),
    ],
)
def test_what_is_no_tag(tag: str, words: str) -> None:
    """A name is answered with its tag, anything else with what a tag looks like."""
    assert "is no tag of a language" in languages.fault(tag)
    assert words in languages.fault(tag)
