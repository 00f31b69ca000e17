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

from publisher.digest.source.characters import scrub

UNSEEN: Final = frozenset({"script", "style", "iframe", "noscript", "template", "title", "svg"})
"""Elements whose content is no text to read."""
MOST_OPEN_TAGS: Final = 100
BREAK: Final = re.compile(r"<br\s*/?>", re.IGNORECASE)

TAG: Final = re.compile(r"""<(/?)([a-zA-Z][\w:-]*+)((?:[^<>"']|"[^"<]*"|'[^'<]*')*+)>""")
"""One tag: its slash, its name, its attributes."""

HTML: Final = frozenset(
    "a abbr acronym address applet area article aside audio b base basefont bdi bdo bgsound big blink"  # noqa: SIM905
    " blockquote body br button canvas caption center cite code col colgroup data datalist dd del"
    " details dfn dialog dir div dl dt em embed fieldset figcaption figure font footer form frame"
    " frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html i iframe img input ins kbd label legend li"
    " link main map mark marquee math menu meta meter nav nobr noembed noframes noscript object ol"
    " optgroup option output p param picture plaintext pre progress q rb rp rt rtc ruby s samp script"
    " search section select slot small source span strike strong style sub summary sup svg table tbody"
    " td template textarea tfoot th thead time title tr track tt u ul var video wbr xmp"
    " annotation maction menclose merror mfrac mi mmultiscripts mn mo mover mpadded mphantom mroot"
    " mrow ms mspace msqrt mstyle msub msubsup msup mtable mtd mtext mtr munder munderover"
    " semantics".split()
)
"""The elements of HTML and its formulas, those of old included; `<int>` and `<path>` are none."""

_HIDES_MARKUP: Final = frozenset({"textarea", "xmp", "plaintext", "noembed", "noframes"})
"""Elements in which a browser shows the tags that follow as they are written."""
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


def words_of_tag(tag: str) -> str | None:
    """Say what a tag that is none of HTML's shows: itself, or nothing; None where it is HTML's.

    `List<int>` and `cd <path>` are words an editor wrote. A browser would hide them, and a sanitiser
    that takes them for MathML or SVG all that follows. What has attributes, or a prefix, is markup;
    so is what would show the markup after it.
    """
    found = TAG.fullmatch(tag)
    if found and found[2].lower() in _HIDES_MARKUP:
        return ""
    if found is None or found[2].lower() in HTML:
        return None
    return "" if ":" in found[2] or found[3].strip(" /\n") else tag


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
