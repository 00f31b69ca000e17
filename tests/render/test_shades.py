"""The colours of a look: whatever is chosen, what is mixed from it can be read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.colours import READABLE, contrast
from publisher.model import Look
from publisher.render.shades import by_day, by_night

COLOUR = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


@given(COLOUR, COLOUR)
def test_muted_text_is_as_readable_as_the_ink_allows(paper: str, ink: str) -> None:
    """Muted text reads on paper and on soft ground, or is the ink itself."""
    made = by_day(Look(paper=paper, ink=ink))
    reads = min(contrast(made.muted, made.paper), contrast(made.muted, made.soft)) >= READABLE
    assert reads or made.muted == ink


def test_night_has_colours_of_its_own() -> None:
    """Each half of the day is mixed from its own paper, ink and accent."""
    look = Look(paper="#ffffff", ink="#000000", paper_dark="#000000", ink_dark="#ffffff")
    day, night = by_day(look), by_night(look)
    assert (day.paper, day.accent) == ("#ffffff", look.accent)
    assert (night.paper, night.accent) == ("#000000", look.accent_dark)
    assert day.soft != night.soft


@pytest.mark.parametrize("shades", [by_day(Look()), by_night(Look())])
def test_our_own_colours_read(shades: object) -> None:
    """Ink, muted text and accent of the colours we ship read on paper and soft ground alike."""
    for text in ("ink", "muted", "accent"):
        for ground in ("paper", "soft"):
            assert contrast(getattr(shades, text), getattr(shades, ground)) >= READABLE
