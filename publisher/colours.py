"""colours - how light a colour is, how well one can be read upon another, and what lies between.

The arithmetic of WCAG 2.2 ("relative luminance", "contrast ratio"). Colours are written `#rrggbb`.
Faults: ValueError for anything else. Never: which colours a newsletter has. See: model.Look,
render (mixes), preflight (judges).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

READABLE: Final = 4.5
"""The least contrast that text of any size may have (WCAG 2.2, criterion 1.4.3)."""
_WRITTEN: Final = re.compile(r"#[0-9a-fA-F]{6}")


def channels(colour: str) -> tuple[int, int, int]:
    """Give red, green and blue, 0 to 255."""
    if not _WRITTEN.fullmatch(colour):
        raise ValueError(f"{colour!r} is not a colour written #rrggbb")
    red, green, blue = bytes.fromhex(colour[1:])
    return red, green, blue


def luminance(colour: str) -> float:
    """Say how light a colour is, 0 for black to 1 for white."""
    red, green, blue = (_linear(channel / 255) for channel in channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@lru_cache(maxsize=512)
def contrast(one: str, other: str) -> float:
    """Say how well two colours stand apart, from 1 to 21, whichever is the ground."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def mixed(ground: str, ink: str, share: float) -> str:
    """Put a share of ink, 0 to 1, on a ground: what a half-transparent ink would look like."""
    parts = zip(channels(ground), channels(ink), strict=True)
    return "#" + "".join(f"{round(under + (over - under) * share):02x}" for under, over in parts)


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
