"""The first sentence of a text, as a list of many items shows it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.render.openings import MOST_CELLS, cells, first_sentence


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("潮水从不等人，却总是准时。第二句不要。", "潮水从不等人，却总是准时。"),
        ("真的吗？作者在海边站了三年，只为量一根线。", "真的吗？作者在海边站了三年，只为量一根线。"),
        ("它说：“别等潮水了，快走吧。”然后就走了。", "它说：“别等潮水了，快走吧。”"),
        ("港が朝早く開いたので、船はすぐに出た。次の文。", "港が朝早く開いたので、船はすぐに出た。"),
        ("Tides wait for nobody, as we know. They leave.", "Tides wait for nobody, as we know."),
        ("Version 1.5 of the ferry, i.e. the new one, runs. Fine.",
         "Version 1.5 of the ferry, i.e. the new one, runs."),
        ("Мост через реку открыли в мае. Потом закрыли.", "Мост через реку открыли в мае."),
        ("One line\nwrapped by its author. Two.", "One line wrapped by its author."),
        ("- the first of a list\n- the second of it", "the first of a list"),
        ("A paragraph without an end\n\nAnother one", "A paragraph without an end"),
        ("", ""),
    ],
)  # fmt: skip
def test_where_it_ends(text: str, sentence: str) -> None:
    """A sentence ends where its language ends one, a list at its first entry."""
    assert first_sentence(text) == sentence


def test_a_long_one_is_cut_between_words() -> None:
    """What is too wide ends in `…`, between words, or between any two Han characters."""
    latin = first_sentence("harbour " * 60)
    assert latin.endswith("harbour…")
    assert MOST_CELLS - 10 < cells(latin) <= MOST_CELLS
    han = first_sentence("海" * 200)
    assert han == "海" * ((MOST_CELLS - 1) // 2) + "…"


@given(st.text())
def test_never_wider_than_its_place(text: str) -> None:
    """Whatever the text is, what stands for it is one line within the width."""
    made = first_sentence(text)
    assert cells(made) <= MOST_CELLS
    assert "\n" not in made
