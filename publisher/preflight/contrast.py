"""preflight.contrast - whether the words of a mail can be read upon their ground, by day and night.

The mail itself is walked, as it is sent: a look's colours, a publication's own templates and what a
digest brings along are all in it. Measured is WCAG 2.2, criterion 1.4.3: 4.5 to 1, and 3 to 1 for
large letters (24 px, or 18.66 px bold). Pictures behind text are not looked at.
Faults: as findings. Never: changes a colour. See: colours (the arithmetic), styles.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import Final

import tinycss2
import tinycss2.color4
from lxml.html import HtmlElement

from publisher.colours import READABLE, contrast, mixed
from publisher.model import Finding, Level, Newsletter
from publisher.preflight.styles import in_the_dark, values
from publisher.preflight.telling import SLOTS, few, quoted

READABLE_LARGE: Final = 3.0
_LARGE: Final = 24.0
_LARGE_BOLD: Final = 18.66
_BOLD_TAGS: Final = frozenset({"b", "strong", "th", "h1", "h2", "h3", "h4", "h5", "h6"})
_UNSEEN: Final = frozenset({"head", "style", "script", "title", "template"})
_SIZE: Final = re.compile(r"([\d.]+)(px|pt|em|rem|%)")
_UNITS: Final = {"px": 1.0, "pt": 4 / 3, "rem": 16.0}


@dataclass(frozen=True, slots=True)
class _Ink:
    """How text stands at one place of a mail."""

    colour: str = "#000000"
    ground: str = "#ffffff"
    size: float = 16.0
    bold: bool = False

    @property
    def least(self) -> float:
        """The contrast it must have."""
        is_large = self.size >= (_LARGE_BOLD if self.bold else _LARGE)
        return READABLE_LARGE if is_large else READABLE


def judge(root: HtmlElement, newsletter: Newsletter) -> list[Finding]:
    """Name the pairs of colours that cannot be read well, with the first words set in each."""
    dark = in_the_dark(root)
    found = _weak(root, newsletter, "")
    if dark is not None:
        found += _weak(dark, newsletter, " in the dark")
    return few(found, lambda number: f"{number} more pairs of colours have too little contrast")


def _weak(root: HtmlElement, newsletter: Newsletter, when: str) -> list[Finding]:
    pairs: dict[tuple[str, str, float], list[str]] = {}
    for words, ink in _texts(root):
        if contrast(ink.colour, ink.ground) < ink.least:
            pairs.setdefault((ink.colour, ink.ground, ink.least), []).append(words)
    return [
        Finding(
            Level.WARN,
            "preflight/contrast",
            f"{quoted(words[0])}{_and(len(words) - 1)}: {ink} on {ground} has a contrast of "
            f"{contrast(ink, ground):.1f}{when}; {least:g} is the least that all can read.",
            _remedy(ink, ground, newsletter),
        )
        for (ink, ground, least), words in pairs.items()
    ]


def _and(more: int) -> str:
    if more < 1:
        return ""
    return f" and {more} more place{'' if more == 1 else 's'}"


def _remedy(ink: str, ground: str, newsletter: Newsletter) -> str:
    """Name the setting that a colour comes from, else the templates."""
    look = newsletter.look
    stated = {
        shade: name
        for name in (field.name for field in fields(look))
        if (shade := _colour(str(getattr(look, name)), "")) not in {None, ""}
    }
    for colour in (ink, ground):
        if colour in stated:
            return f"Choose another {stated[colour]}, in the look of publisher.toml."
    return "Choose one of the two colours anew, in templates/mail/."


def _texts(root: HtmlElement) -> Iterator[tuple[str, _Ink]]:
    """Walk what is seen, each piece of text with how it stands."""
    body = root.find("body")
    pending = [(root if body is None else body, _Ink())]
    while pending:
        element, around = pending.pop()
        if not isinstance(element.tag, str) or element.tag in _UNSEEN:
            continue
        style = values(element.get("style") or "")
        if "none" in (style.get("display", ""), style.get("mso-hide", "")):
            continue
        ink = _inked(element, style, around)
        for words, at in _own_words(element, ink):
            if ink.size > 0:
                yield words, at
        pending += [(child, ink) for child in reversed(element)]


def _own_words(element: HtmlElement, ink: _Ink) -> Iterator[tuple[str, _Ink]]:
    """Give the text directly inside, what stands behind the children included."""
    for text in (element.text, *(child.tail for child in element)):
        words = SLOTS.sub("", text or "").strip("\u00a0\u034f\u200b\u200c\u200d\ufeff \t\r\n")
        if any(map(str.isalnum, words)):
            yield words, ink


def _inked(element: HtmlElement, style: dict[str, str], around: _Ink) -> _Ink:
    ground = around.ground
    for written in (
        element.get("bgcolor"),
        style.get("background"),
        style.get("background-color"),
    ):
        ground = (_colour(written, ground) if written else None) or ground
    colour = around.colour
    if element.tag == "a" and element.get("href"):
        colour = "#0000ee"  # what a browser gives a link that has no colour of its own
    written = style.get("color") or (element.get("color") if element.tag == "font" else None)
    if written and written not in {"inherit", "currentcolor"}:
        colour = _colour(written, ground) or colour
    elif written:
        colour = around.colour
    weight = style.get("font-weight")
    bold = around.bold or element.tag in _BOLD_TAGS
    if weight:
        bold = weight in {"bold", "bolder"} or (weight.isdecimal() and int(weight) >= 700)
    size = _size(style.get("font-size"), around.size)
    if (colour, ground, size, bold) == (around.colour, around.ground, around.size, around.bold):
        return around
    return replace(around, colour=colour, ground=ground, size=size, bold=bold)


def _size(written: str | None, around: float) -> float:
    found = _SIZE.fullmatch(written or "")
    if not found:
        return 0.0 if written in {"0"} else around
    number, unit = float(found[1]), found[2]
    if unit in _UNITS:
        return number * _UNITS[unit]
    return around * number / (100 if unit == "%" else 1)


@lru_cache(maxsize=512)
def _colour(written: str, ground: str) -> str | None:
    """Read a colour as it looks upon a ground; None for what is none, or cannot be seen through to."""
    for token in tinycss2.parse_component_value_list(written, skip_comments=True):
        shade = tinycss2.color4.parse_color(token)
        if shade is None or isinstance(shade, str):
            continue
        levels = [round(255 * min(max(one or 0.0, 0.0), 1.0)) for one in shade.to("srgb")[:3]]
        colour = "#" + "".join(f"{level:02x}" for level in levels)
        alpha = float(shade.alpha)
        if alpha == 0:
            return None
        return mixed(ground, colour, alpha) if alpha < 1 and ground else colour
    return None
