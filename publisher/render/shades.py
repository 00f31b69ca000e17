"""shades - the colours of a look, the given and those between, by day and by night.

An editor chooses paper, ink and accent; what is muted, soft or a hairline is mixed from paper and
ink, so that any choice makes one picture. Text keeps the contrast that reading takes.
Faults: ValueError for what is no colour; settings let none through. Never: style sheets.
See: colours (the arithmetic), templates/mail/style.css and dark.css, templates/site/style.css.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from publisher.colours import READABLE, contrast, mixed
from publisher.model import Look

_SOFT: Final = 0.055
_RULE: Final = 0.13
_MUTED: Final = 0.66
"""How much ink there is in each; muted text gets more where it could not be read."""


@dataclass(frozen=True, slots=True)
class Shades:
    """The colours of one half of the day; all text can be read on `paper` and on `soft`."""

    paper: str
    ink: str
    accent: str
    muted: str
    soft: str
    rule: str


def by_day(look: Look) -> Shades:
    """Give the colours of the light mode."""
    return _mix(look.paper, look.ink, look.accent)


def by_night(look: Look) -> Shades:
    """Give the colours of the dark mode."""
    return _mix(look.paper_dark, look.ink_dark, look.accent_dark)


def _mix(paper: str, ink: str, accent: str) -> Shades:
    soft = mixed(paper, ink, _SOFT)
    shares = (_MUTED + step / 50 for step in range(18))
    mixes = (mixed(paper, ink, share) for share in shares)
    read = (one for one in mixes if min(contrast(one, paper), contrast(one, soft)) >= READABLE)
    return Shades(paper, ink, accent, next(read, ink), soft, mixed(paper, ink, _RULE))
