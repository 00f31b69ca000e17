"""bodies - block tokens as sanitised HTML, the only HTML that leaves this room.

Markdown lets raw HTML through; nh3 keeps what mail, feeds and pages can carry. Addresses are made
absolute or dropped, anchors (`#...`) stay, frames and players become plain links. Only a picture's
address may stay relative: it means a file beside the digest, which is not for this room to open.
Faults: HTML nested beyond reason is shown as its text, and said so.
Never: a script, a style, another relative address. See: plain (the same as text), render.images.
"""

from __future__ import annotations

import html
import re
import weakref
from collections.abc import Sequence
from typing import Final
from urllib.parse import urljoin, urlsplit

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

from publisher.digest.markup.footnotes import notes_last
from publisher.digest.markup.markdown import tidy
from publisher.digest.markup.raw import UNSEEN, is_too_deep, text_of
from publisher.digest.source.characters import scrub
from publisher.model import Link

TAGS: Final = frozenset(
    {
        "p", "br", "hr", "a", "strong", "em", "b", "i", "u", "s", "del", "ins", "sub",
        "sup", "small", "mark", "abbr", "code", "pre", "kbd", "samp", "blockquote", "q",
        "cite", "ul", "ol", "li", "dl", "dt", "dd", "h2", "h3", "h4", "table", "thead",
        "tbody", "tfoot", "tr", "th", "td", "caption", "img", "figure", "figcaption",
        "span", "div", "ruby", "rt", "rp", "bdi", "wbr",
        "math", "mrow", "mi", "mn", "mo", "mtext", "mspace", "msup", "msub", "msubsup", "mfrac",
        "msqrt", "mroot", "mover", "munder", "munderover", "mtable", "mtr", "mtd", "mstyle",
        "mpadded", "mphantom", "menclose",
    }
)  # fmt: skip
ATTRIBUTES: Final = {
    "*": {"lang", "dir"},
    "a": {"href", "title", "id", "name"},
    "img": {"src", "alt", "width", "height", "title"},
    "td": {"align", "colspan", "rowspan", "scope"},
    "th": {"align", "colspan", "rowspan", "scope"},
    "ol": {"start"},
    "code": {"class"},
    "span": {"class"},
    "math": {"display", "alttext"},
    "mi": {"mathvariant"},
    "mo": {"stretchy", "fence", "separator", "accent"},
    "mspace": {"width"},
    "mtable": {"columnalign"},
    "mfrac": {"linethickness"},
    "mover": {"accent"},
    "menclose": {"notation"},
}
SCHEMES: Final = frozenset({"http", "https", "mailto"})

_ANCHOR: Final = re.compile(r'<a\b[^>]*?\bhref="([^"]*)"[^>]*>(.*?)</a>', re.DOTALL)
_WORDLESS: Final = re.compile(r'<a href="[^"]*"(?: title="[^"]*")?>(\s*)</a>')
_LEADS_NOWHERE: Final = re.compile(r"<a>(.*?)</a>", re.DOTALL)
_IMAGE: Final = re.compile(r'<img\b(?:[^<>"]|"[^"]*")*?\ssrc="([^"]+)"')
_IMAGE_WORDS: Final = re.compile(r'<img\b[^>]*?\balt="([^"]*)"[^>]*>')


class Press:
    """Makes HTML of tokens for one digest and remembers what it had to leave out."""

    def __init__(self, markdown: MarkdownIt, base: str | None) -> None:
        self._markdown = markdown
        self._base = base
        self.relative: list[str] = []
        self.flattened = 0
        self._tag = ""
        me = weakref.proxy(self)  # nh3 is no part of Python's sweeping: a ring through it stays
        self._cleaner = nh3.Cleaner(
            tags=set(TAGS),
            clean_content_tags=set(UNSEEN),
            attributes={tag: set(names) for tag, names in ATTRIBUTES.items()},
            url_schemes=set(SCHEMES),
            # told of each attribute first, then asked for addresses
            attribute_filter=lambda tag, attribute, value: me._told(tag, attribute, value),
            url_relative=lambda address: me._absolute(address),
            link_rel=None,
        )

    def html(self, tokens: Sequence[Token]) -> str:
        """Render block tokens and sanitise the result."""
        ready = [_made_ready(token) for token in notes_last(tokens)]
        raw = self._markdown.renderer.render(ready, self._markdown.options, {})
        if is_too_deep(raw):
            self.flattened += 1
            lines = [line for line in text_of(raw).split("\n") if line.strip()]
            return "\n".join(f"<p>{html.escape(line, quote=False)}</p>" for line in lines)
        cleaned = _WORDLESS.sub(r"\1", scrub(self._cleaner.clean(raw)))
        return _LEADS_NOWHERE.sub(r"\1", cleaned).strip()

    def address(self, address: str) -> str | None:
        """Give an address as an absolute http(s) one, or None."""
        self._tag = ""
        whole = address if _scheme(address) else self._absolute(address)
        return scrub(whole) if whole and _scheme(whole) in {"http", "https"} else None

    def picture(self, address: str) -> str | None:
        """Give a picture's address, absolute or beside the digest, or None."""
        if _scheme(address):
            return self.address(address)
        return scrub(self._beside(address.strip()) or "") or None

    def _told(self, tag: str, attribute: str, value: str) -> str:
        """Remember whose addresses come next."""
        self._tag = tag
        return value

    def _absolute(self, address: str) -> str | None:
        """Resolve a relative address; keep an anchor; drop what has no base, and remember it."""
        if self._tag == "img":
            return self._beside(address.strip())
        if address.startswith("#"):
            return address
        try:
            if address.startswith("//"):
                return urljoin(self._base or "https:", address)
            if self._base:
                return urljoin(self._base, address)
        except ValueError:
            return None
        if address:
            self.relative.append(address)
        return None

    def _beside(self, address: str) -> str | None:
        """Keep a relative address of a picture, but for one that names a host or nothing."""
        if address.startswith("//"):
            return f"https:{address}"
        return address if address and address[0] not in "#?" else None


def links_of(cleaned: str) -> tuple[Link, ...]:
    """Give the links of sanitised HTML, each address once, anchors within the text left out."""
    found: dict[str, Link] = {}
    for address, inner in _ANCHOR.findall(cleaned):
        url = html.unescape(address)
        if url and not url.startswith("#") and url not in found:
            words = text_of(_IMAGE_WORDS.sub(r"\1", inner))
            found[url] = Link(tidy(words) or url, url)
    return tuple(found.values())


def image_of(cleaned: str) -> str | None:
    """Give the first picture of sanitised HTML."""
    found = _IMAGE.search(cleaned)
    return html.unescape(found[1]) if found else None


def host_of(address: str) -> str:
    """Name the host of an address, without `www.`."""
    try:
        host = urlsplit(address).hostname
    except ValueError:
        host = None
    return (host or address).removeprefix("www.")


def _scheme(address: str) -> str:
    try:
        return urlsplit(address).scheme.lower()
    except ValueError:
        return ""


def _made_ready(token: Token) -> Token:
    """Lower headings under the item's own, and align cells without a style."""
    if token.type in {"heading_open", "heading_close"}:
        return token.copy(tag="h4")
    if token.type in {"th_open", "td_open"} and "style" in token.attrs:
        side = str(token.attrs["style"]).rpartition(":")[2]
        return token.copy(attrs={"align": side})
    return token
