"""raw - raw HTML in a digest: how deep it nests, and what it says without its tags.

Sanitising costs the square of the nesting, and mail renderers crash on it, so depth is counted
before anything parses.
Faults: none. Never: HTML for readers (that is bodies). See: plain, bodies.
"""

from __future__ import annotations

import html
import re
from typing import Final

import nh3

from publisher.digest.characters import scrub

UNSEEN: Final = frozenset(
    {"script", "style", "iframe", "noscript", "template", "title", "svg", "math"}
)
"""Elements whose content is no text to read."""
MOST_OPEN_TAGS: Final = 100
BREAK: Final = re.compile(r"<br\s*/?>", re.IGNORECASE)

_TAG: Final = re.compile(r"<(/?)([a-zA-Z][\w-]*)")
_WHOLE_TAG: Final = re.compile(r"</?[a-zA-Z][^<>]*>?")
_CLOSES_ITSELF: Final = frozenset(
    {
        "br", "hr", "img", "wbr", "input", "meta", "link", "col", "area", "source", "track",
        "embed", "param", "p", "li", "td", "th", "tr", "dt", "dd", "option", "rt", "rp",
        "thead", "tbody", "tfoot",
    }
)  # fmt: skip


def is_too_deep(source: str) -> bool:
    """Whether more elements stand open at once than anything sensible needs."""
    depth = 0
    for closing, name in _TAG.findall(source):
        if name.lower() not in _CLOSES_ITSELF:
            depth = max(0, depth - 1) if closing else depth + 1
            if depth > MOST_OPEN_TAGS:
                return True
    return False


def text_of(source: str) -> str:
    """Give the text of raw HTML."""
    spaced = BREAK.sub("\n", source)
    if is_too_deep(spaced):
        spaced = _WHOLE_TAG.sub("\n", spaced)
    if "<" in spaced:
        spaced = nh3.clean(spaced, tags=set(), clean_content_tags=set(UNSEEN))
    return scrub(html.unescape(spaced)).strip()
