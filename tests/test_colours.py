"""Colours: the figures of WCAG, on pairs everyone knows."""

import pytest

from publisher.colours import channels, contrast, luminance, mixed


def test_contrast_of_known_pairs() -> None:
    """Black on white has 21, a colour on itself 1, and #767676 is the lightest grey for text."""
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#0b57d0", "#0b57d0") == 1
    assert contrast("#767676", "#ffffff") > 4.5 > contrast("#777777", "#ffffff")
    assert contrast("#ffffff", "#767676") == contrast("#767676", "#ffffff")


def test_luminance_of_the_channels() -> None:
    """Green is the lightest of the three, blue the darkest."""
    assert luminance("#00ff00") == pytest.approx(0.7152)
    assert luminance("#ff0000") == pytest.approx(0.2126)
    assert luminance("#0000ff") == pytest.approx(0.0722)


def test_mixing() -> None:
    """Nothing of an ink leaves the ground, all of it hides it."""
    assert mixed("#ffffff", "#000000", 0) == "#ffffff"
    assert mixed("#ffffff", "#000000", 1) == "#000000"
    assert mixed("#000000", "#ffffff", 0.5) == "#808080"


@pytest.mark.parametrize("colour", ["red", "#fff", "#12345g", "#0b57d0\n", "0b57d0"])
def test_only_one_way_to_write_them(colour: str) -> None:
    """Anything but #rrggbb is refused, a style sheet's escape above all."""
    with pytest.raises(ValueError, match="not a colour"):
        channels(colour)
