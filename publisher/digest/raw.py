"""raw - raw HTML in a digest: its tags, how deep it nests, and what it says without them.

Sanitising costs the square of the nesting, and mail renderers crash on it, so depth is counted
before anything parses.
Faults: none. Never: HTML for readers (that is bodies). See: html_tokens, plain, bodies.
"""

from __future__ import annotations

import html
import re
from typing import Final

import nh3

from publisher.digest.characters import scrub

UNSEEN: Final = frozenset({"script", "style", "iframe", "noscript", "template", "title", "svg"})
"""Elements whose content is no text to read."""
MOST_OPEN_TAGS: Final = 100
BREAK: Final = re.compile(r"<br\s*/?>", re.IGNORECASE)

TAG: Final = re.compile(r"""<(/?)([a-zA-Z][\w:-]*+)((?:[^<>"']|"[^"<]*"|'[^'<]*')*+)>""")
"""One tag: its slash, its name, its attributes."""

_ATTRIBUTE: Final = re.compile(
    r"""([^\s"'<>/=]++)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'=<>`]++)))?"""
)
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


def attributes_of(tag: str) -> dict[str, str]:
    """Give the attributes of one tag by lower-case name, the first of each."""
    found = TAG.fullmatch(tag)
    attributes: dict[str, str] = {}
    for name, *values in _ATTRIBUTE.findall(found[3] if found else ""):
        attributes.setdefault(name.lower(), html.unescape("".join(values)))
    return attributes


def text_of(source: str) -> str:
    """Give the text of raw HTML."""
    spaced = BREAK.sub("\n", source)
    if is_too_deep(spaced):
        spaced = _WHOLE_TAG.sub("\n", spaced)
    if "<" in spaced:
        spaced = nh3.clean(spaced, tags=set(), clean_content_tags=set(UNSEEN))
    return scrub(html.unescape(spaced)).strip()
