"""prose - the first paragraph of an item's HTML that is prose, as text.

A table, a code block, a formula, a note or a line of links alone is no sentence of an item.
Faults: none; an item without prose gives nothing. Never: how much of it is shown (openings).
See: lean (asks), openings (takes its first sentence).
"""

from __future__ import annotations

import re
from html import escape, unescape
from typing import Final

from lxml import html as lxml_html
from lxml.html import HtmlElement

_FORMULA: Final = re.compile(
    r'<math\b(?:[^<>"]|"[^"]*")*?(?:\salttext="([^"]*)"(?:[^<>"]|"[^"]*")*)?>.*?</math>', re.DOTALL
)
_NOTE_LINK: Final = re.compile(r'<sup><a href="#fn-\d+">\d+</a></sup>')
_BREAK: Final = re.compile(r"<br ?/?>")
_BLOCKS: Final = frozenset(
    {"p", "div", "ul", "ol", "dl", "li", "dt", "dd", "table", "pre", "blockquote", "figure",
     "figcaption", "h1", "h2", "h3", "h4", "h5", "h6"}
)  # fmt: skip
_APART: Final = frozenset({"table", "pre", "figure", "h1", "h2", "h3", "h4", "h5", "h6", "dt"})
"""What holds no prose, however deep within."""


def first_prose(html: str) -> str:
    """Give the first paragraph or entry of a list that says something beside links and formulas."""
    marked = _FORMULA.sub(_as_code, _BREAK.sub("\n", _NOTE_LINK.sub("", str(html))))
    root = lxml_html.fragment_fromstring(marked, create_parent="div")
    return next((" ".join(said.split()) for said in _paragraphs(root)), "")


def _as_code(formula: re.Match[str]) -> str:
    return f'<var class="formula">{escape(unescape(formula[1] or ""))}</var>'


def _paragraphs(element: HtmlElement) -> list[str]:
    """List the prose of an element, in order; what stands in one block belongs together."""
    if element.tag in _APART or _is_note(element):
        return []
    inline, bare, found = element.text or "", element.text or "", []
    for child in element:
        if child.tag in _BLOCKS:
            found += _paragraphs(child)
        else:
            inline += child.text_content()
            bare += _bare(child)
        inline += child.tail or ""
        bare += child.tail or ""
    return [inline, *found] if any(sign.isalnum() for sign in bare) else found


def _bare(element: HtmlElement) -> str:
    """Give what an element says beside links and formulas."""
    if element.tag in {"a", "var"}:
        return ""
    inner = "".join(_bare(child) + (child.tail or "") for child in element)
    return (element.text or "") + inner


def _is_note(element: HtmlElement) -> bool:
    return any(child.get("id", "").startswith("fn-") for child in element)
