"""fragments - what is done to pieces of clean HTML and plain text on their way into an edition.

The pieces come from the digest room, sanitised once: tags lower-cased, attributes in double quotes.
That form is what the patterns here rely on; they are no sanitiser.
Faults: none; every string is accepted; one marked as safe is taken as the plain string it is, or
`re` would escape what it puts together. Never: whole documents. See: view (applies them), mail, feed.
"""

from __future__ import annotations

import re
from html import unescape
from posixpath import commonprefix
from typing import Final
from unicodedata import east_asian_width
from urllib.parse import urljoin

from markupsafe import Markup, escape

from publisher.model import Link, Slot

_SLOT_HEAD: Final = commonprefix([slot.value for slot in Slot])
_FORBIDDEN: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TAG: Final = re.compile(r'<[a-zA-Z](?:[^<>"]|"[^"]*")*>')
_MARKUP: Final = re.compile(r'(<pre\b.*?</pre>|<(?:[^<>"]|"[^"]*")*>)', re.DOTALL)
_HEADING_CELL: Final = re.compile(r"<th(?=[ >])(?![^>]* scope=)")
_TABLE_HEAD: Final = re.compile(r"(<thead>.*?</thead>)", re.DOTALL)
_PRE: Final = re.compile(r"(<pre\b.*?</pre>)", re.DOTALL)
_ADDRESS: Final = re.compile(r'\s(href|src|cite)="([^"]*)"')
_WORDS: Final = re.compile(r'\salt="([^"]*)"')
_ANCHOR: Final = re.compile(r'<a\b(?:[^<>"]|"[^"]*")*?\shref="([^"]*)"[^<>]*>(.*?)</a>', re.DOTALL)
_LINK_TAG: Final = re.compile(r'<a\b(?=[^<>]*\shref=")([^<>]*)>')
_CODE: Final = re.compile(r"<pre(?=[ >])")
_SHOWN: Final = re.compile(r'<a (href="(https?://[^"]+)"[^<>]*)>\2</a>')
_ABSOLUTE: Final = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_FORMULA: Final = re.compile(r'<math\b((?:[^<>"]|"[^"]*")*)>(.*?)</math>', re.DOTALL)
_READABLE: Final = re.compile(r'\salttext="([^"]*)"')
_SCRIPT: Final = re.compile(r"([_^])(\{?)(?=\S)|([{}])|([^_^{}]+|[_^])")
_NOTE_LINK: Final = re.compile(r'<sup><a href="#fn-\d+">(\d+)</a></sup>')
_NOTE_MARK: Final = re.compile(r'<a id="(fn-\d+)" name="\1"></a>')
_LONG_WORD: Final = re.compile(r"[!-~]{40,}")
_BREAK: Final = re.compile(r"(?<=[/_])(?<!:/)(?<!://)(?=[^/_])")
_COLON: Final = re.compile(r"(?<=：)(?=.)|(?<=:)( )(?=.)")
_LOOSE_SPACE: Final = re.compile(
    r"(?<![ \t])[ \t]+(?=[，。；：、！？）」』】》])|(?<=[，。；：、！？]) (?=\S)"
)

_WRAPPED: Final = re.compile(r"(?<=[，。；：、！？])\n(?=\S)")


def clean(text: str) -> str:
    """Drop what XML 1.0 forbids; one such character would make readers refuse a whole feed."""
    return _FORBIDDEN.sub("", text)


def without_slots(text: str) -> str:
    """Break up what looks like a slot, so that no digest has a reader's own link put into it.

    A picture's address with one in it would carry the reader's unsubscribe link to a stranger.
    """
    return text.replace(_SLOT_HEAD, _SLOT_HEAD.replace("_", "_\u200b", 1))


def set_tight(text: str) -> str:
    """Take the space from before full-width punctuation, which may not begin a line.

    And the one from behind a stop, whose own width parts it from what follows.
    """
    return _LOOSE_SPACE.sub("", text)


def set_tight_html(html: str) -> str:
    """Do the same in HTML, leaving tags and preformatted text alone."""
    parts = _MARKUP.split(html)
    return "".join(
        part if i % 2 else _WRAPPED.sub("", set_tight(part)) for i, part in enumerate(parts)
    )


def for_mjml(html: str) -> str:
    """Make a piece of clean HTML survive the MJML parser, whose grammar is nearer to XML.

    It rejects the characters XML forbids, and it deletes white space between two tags that begins
    with a newline, gluing words together; in preformatted text each newline becomes a reference.
    """
    parts = _PRE.split(clean(str(html)).replace("\r\n", "\n"))
    return "".join(
        part.replace("\n", "&#10;") if i % 2 else re.sub(r">[ \t]*\n[ \t\n]*<", "> <", part)
        for i, part in enumerate(parts)
    )


def scoped(html: str) -> str:
    """Say of every heading in a table what it heads: its column in the table's head, else its row.

    A program that reads aloud says the right one before each cell (WCAG technique H63).
    """
    parts = _TABLE_HEAD.split(str(html))
    return "".join(
        _HEADING_CELL.sub(f'<th scope="{"col" if i % 2 else "row"}"', part)
        for i, part in enumerate(parts)
    )


def absolute(html: str, page: str | None) -> str:
    """Make every address whole; what cannot be, while there is no page address, is taken out.

    A bare fragment leads to the page. `xml:base` would be legal in feeds, but readers ignore it.
    A picture that has lost its address is told by its words.
    """

    def whole(match: re.Match[str]) -> str:
        name, value = match.group(1, 2)
        if _ABSOLUTE.match(value) and not value.startswith("//"):
            return match.group(0)
        return f' {name}="{_joined(page, value)}"' if page else ""

    def tag(found: re.Match[str]) -> str:
        made = _ADDRESS.sub(whole, found.group(0))
        if made.startswith("<img") and ' src="' not in made:
            words = _WORDS.search(made)
            return words[1] if words else ""
        return made

    return _TAG.sub(tag, str(html))


def _joined(page: str, value: str) -> str:
    try:
        return page + value if value.startswith("#") else urljoin(page, value)
    except ValueError:  # "//[": an address nobody can open leads to the page
        return page


def without_mathml(html: str) -> str:
    """Set formulas in letters, raised and lowered ones: few mail programs and readers know MathML.

    What is set comes with each formula: `x_{t+1}` for what Unicode has no letters for.
    """

    def set_in_letters(formula: re.Match[str]) -> str:
        readable = _READABLE.search(formula[1])
        return _scripts(readable[1]) if readable else re.sub(r"<[^>]*>", "", formula[2])

    return _FORMULA.sub(set_in_letters, str(html))


def _scripts(text: str) -> str:
    """Turn `_a`, `^{b}` into `<sub>` and `<sup>`; entities are one letter each."""
    out: list[str] = []
    closing: list[str] = []
    single = ""
    for mark, brace, lone, words in _SCRIPT.findall(text):
        if mark:
            tag = "sub" if mark == "_" else "sup"
            out.append(f"<{tag}>")
            if brace:
                closing.append(f"</{tag}>")
            else:
                single = f"</{tag}>"
        elif lone == "}" and closing:
            out.append(closing.pop())
        elif lone == "{":
            out.append("{")
            closing.append("}")
        elif single:
            first = re.match(r"&[#\w]+;|.", words or lone)
            length = first.end() if first else 0
            out += [(words or lone)[:length], single, (words or lone)[length:]]
            single = ""
        else:
            out.append(words or lone)
    return "".join([*out, single, *reversed([tag for tag in closing if tag != "}"])])


def with_plain_notes(html: str) -> str:
    """Leave of references to footnotes their numbers: in a mail no link leads down or back."""
    return _NOTE_MARK.sub("", _NOTE_LINK.sub(r"<sup>\1</sup>", html))


def breakable(html: str) -> str:
    """Say of very long words where they may be broken: behind `/` and `_`, code blocks excepted.

    What is copied has no mark in it, and addresses behind words stay as they are.
    """
    parts = _MARKUP.split(html)
    return "".join(
        part if i % 2 else _LONG_WORD.sub(lambda word: _BREAK.sub("<wbr>", word[0]), part)
        for i, part in enumerate(parts)
    )


def mark_addresses(html: str) -> str:
    """Mark the links that show their own address, so that a style may break those anywhere.

    Kept whole, one would tear the line before it apart where text is justified.
    """
    return _SHOWN.sub(r'<a class="url" \1>\2</a>', str(html))


def reachable(html: str) -> str:
    """Let the keyboard reach blocks of code, which scroll where they are wide (WCAG 2.1.1)."""
    return _CODE.sub('<pre tabindex="0"', html)


def sponsored(html: str) -> str:
    """Say of every link that it was paid for, as search engines ask."""
    return _LINK_TAG.sub(r'<a\1 rel="sponsored">', str(html))


def links_of(html: str) -> tuple[Link, ...]:
    """List the links of a piece of HTML in order, each address once, fragments left out."""
    found: dict[str, str] = {}
    for url, inner in _ANCHOR.findall(html):
        if url and not url.startswith("#"):
            found.setdefault(unescape(url), plain(inner))
    return tuple(Link(text, url) for url, text in found.items())


def plain(html: str) -> str:
    """Give the text of a short piece of HTML on one line."""
    return " ".join(unescape(re.sub(r"<[^>]*>", "", html)).split())


def phrased(title: str, line: int = 0) -> Markup:
    """Keep the parts of a title together, so that a long one breaks behind its colon first.

    One that fits on a `line` of so many cells, two to a Han character, needs no marks: filters count
    tags inside words as hiding them, and know no word's end behind a full-width colon. The space
    behind a Latin colon stands between the parts: at the end of one it would collapse.
    """
    parts = _COLON.split(title)  # a part, the space behind it or None, a part, ...
    if len(parts) == 1 or (line and _cells(title) <= line):
        return escape(title)
    return Markup(  # noqa: S704 - each part escaped
        "".join(
            (text or "") if i % 2 else f'<span class="ph">{escape(text)}</span>'
            for i, text in enumerate(parts)
        )
    )


def _cells(text: str) -> int:
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def excerpt(text: str, length: int) -> str:
    """Give the beginning of a text on one line, never cut inside a Latin word."""
    line = set_tight(" ".join(clean(text).split()))
    if len(line) <= length:
        return line
    head = line[: length - 1]
    if head[-1].isascii() and line[length - 1].isascii() and " " in head[length // 2 :]:
        head = head.rsplit(" ", 1)[0]
    return head.rstrip(" ，、,;；·") + "…"
