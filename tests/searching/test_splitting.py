"""Splitting: what a text can be found by, and what a query asks for."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.searching import Phrase, asked, fold, split
from publisher.searching.splitting import LONGEST, tokens


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Open Weights", "open weights"),
        ("GPT-4", "gpt 4"),
        ("3.5, ½ and ²", "3 5 1 2 and 2"),
        ("C++, C# and C", "c + + c # and c"),
        ("#topic + more", "topic more"),
        ("ＧＰＴ－４", "gpt 4"),
        ("ﬁne Straße", "fine strasse"),
        ("Ａ“quoted”——word", "a quoted word"),
        ("naïve Ёлка Ἀθῆναι İzmir", "naive елка αθηναι izmir"),
        ("كِتَابٌ مـوج שָׁלוֹם", "كتاب موج שלום"),
        ("सूचना किताब", "सूचना किताब"),
        ("soft\u00adware می\u200cخواهم", "software میخواهم"),
        ("模型是", "模型 型是 是"),
        ("大模型，对齐", "大模 模型 型 对齐 齐"),
        ("模", "模"),
        ("GPT模型2.0版", "gpt 模型 型 2 0 版"),
        ("モデル ﾓﾃﾞﾙ", "モデ デル ル モデ デル ル"),
        ("ひらがなカナ", "ひら らが がな なカ カナ ナ"),
        ("한국어 소식", "한국 국어 어 소식 식"),
        ("ไทย", "ไท ทย ย"),
        ("𠀀𠀁", "𠀀𠀁 𠀁"),
        ("🎉 ——…… \t\n\0", ""),
        ("\ud800a\ufffe", "a"),
    ],
)
def test_split(text: str, found: str) -> None:
    """Each script is split into what it is looked for by."""
    assert split(text) == found.split()


def test_both_forms_of_a_letter_are_one() -> None:
    """A letter with its mark in one or in two characters is split alike."""
    text = "각 が é ё"
    assert split(unicodedata.normalize("NFD", text)) == split(text)
    assert split("각") == ["각"]


def test_a_long_word_is_cut() -> None:
    """A word of any length is a token of bounded length, in text and query."""
    word = "x" * 5000
    assert split(word) == ["x" * LONGEST]
    assert asked(word) == (Phrase(("x" * LONGEST,), is_open=True),)


@pytest.mark.parametrize(
    ("query", "phrases"),
    [
        ("模型", [("模型", False)]),
        ("大模型", [("大模 模型", False)]),
        ("模", [("模", True)]),
        ("attention", [("attention", True)]),
        ("AI", [("ai", False)]),
        ("GPT-4", [("gpt 4", False)]),
        ("GPT-4o GPT-4o", [("gpt 4o", False)]),
        ("C++", [("c + +", False)]),
        ("open-source", [("open source", True)]),
        ("GPT模型", [("gpt 模型", False)]),
        ("模型GPT", [("模型 型 gpt", True)]),
        ("第3期", [("第 3 期", True)]),
        ("GPT-4 对齐", [("gpt 4", False), ("对齐", False)]),
        ("模型，对齐", [("模型", False), ("对齐", False)]),
        ("“模型”", [("模型", False)]),
        ('"a" NEAR(bb, c) -d* {title}: x^2', "a,near,bb,c,d,title,x,2"),
        ("models OR data", [("models", True), ("or", False), ("data", True)]),
        (" … -- + # ", []),
        ("", []),
    ],
)
def test_asked(query: str, phrases: list[tuple[str, bool]] | str) -> None:
    """What stands together in a query is one phrase; signs of any query language are none."""
    if isinstance(phrases, str):
        assert [" ".join(phrase.tokens) for phrase in asked(query)] == phrases.split(",")
        return
    assert [(" ".join(phrase.tokens), phrase.is_open) for phrase in asked(query)] == phrases


@given(st.text())
def test_tokens_are_harmless(text: str) -> None:
    """Whatever is split, a token has letters, marks, figures, + and # only."""
    for token in split(text):
        assert token in ("+", "#") or all(unicodedata.category(c)[0] in "LMN" for c in token)


@given(st.text())
def test_tokens_with_and_without_places(text: str) -> None:
    """The quick way to split gives what the one with places gives, and each stands in its place."""
    folded = fold(text)
    there = list(tokens(folded))
    assert [token.text for token in there] == split(text)
    assert all(folded[one.start : one.end].startswith(one.text) for one in there)


def stands_in(phrase: Phrase, there: list[str]) -> bool:
    """Look for a phrase the slow way."""
    *first, last = phrase.tokens
    count = len(phrase.tokens)
    windows = (there[at : at + count] for at in range(len(there) - count + 1))
    return any(
        window[:-1] == first
        and (window[-1].startswith(last) if phrase.is_open else window[-1] == last)
        for window in windows
    )


@given(st.text(), st.data())
def test_a_text_has_its_own_words(text: str, data: st.DataObject) -> None:
    """Each word of a text, asked for alone or in part of a run, stands in the text."""
    for word in text.split():
        assert all(stands_in(phrase, split(text)) for phrase in asked(word))
    runs = data.draw(st.text(alphabet="模型对齐あカ한국x1-", min_size=1))
    start = data.draw(st.integers(0, len(runs) - 1))
    if all(sign in "模型对齐あカ한국" for sign in runs[start:]):
        assert all(stands_in(phrase, split(runs)) for phrase in asked(runs[start : start + 3]))
