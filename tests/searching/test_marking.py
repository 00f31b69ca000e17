"""Marking: what is shown of a text in which something was found."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.searching import asked, snippet


def shown(text: str, query: str, length: int = 150) -> str:
    """A snippet as one line, what was found in brackets."""
    pieces = snippet(text, asked(query), length)
    return "".join(f"[{piece.text}]" if piece.is_found else piece.text for piece in pieces)


@pytest.mark.parametrize(
    ("text", "query", "line"),
    [
        ("A model of models", "model", "A [model] of [models]"),
        ("关于大模型，对齐", "模型 对齐", "关于大[模型]，[对齐]"),
        ("大模型的模", "模", "大[模]型的[模]"),
        ("about GPT-4 and GPT 4", "gpt-4", "about [GPT-4] and [GPT 4]"),
        (
            "Café in Straße, ﬁne…… 模型",
            "cafe strasse fine 模型",
            "[Café] in [Straße], [ﬁne]…… [模型]",
        ),
        ("C++ is not C", "c++", "[C++] is not C"),
        ("大模型模型", "大模型 模型", "[大模型模型]"),
        ("<b>bold</b>", "bold", "<b>[bold]</b>"),
        ("nothing here", "else", "nothing here"),
        ("two\nlines", "two lines", "[two] [lines]"),
        ("", "x", ""),
    ],
)
def test_found_words_are_marked(text: str, query: str, line: str) -> None:
    """Each word found is marked as it is written in the text, and nothing else."""
    assert shown(text, query) == line


def test_a_long_text_is_cut_at_words() -> None:
    """What is shown begins a little before the first word found and ends at a word."""
    text = "word " * 100 + "needle" + " more" * 100
    line = shown(text, "needle", 100)
    assert line.startswith("… word word")
    assert "[needle] more" in line
    assert line.endswith("more …")
    assert 90 < len(line) < 115


def test_without_a_hit_the_beginning_is_shown() -> None:
    """A text found by its title alone is shown from its first word on."""
    assert shown("一二三四五六七八九十", "标题", 5) == "一二三四五 …"


@given(st.text(), st.text())
def test_nothing_is_lost(text: str, query: str) -> None:
    """Whatever is asked of whatever, a snippet that is long enough is the text, space aside."""
    pieces = snippet(text, asked(query), len(text) * 4 + 40)
    whole = "".join(piece.text for piece in pieces)
    line = " ".join(text.split())
    assert whole == line or line.endswith(whole.removeprefix("… "))
