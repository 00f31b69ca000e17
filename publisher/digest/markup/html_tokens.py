"""html_tokens - raw HTML as the tokens Markdown makes for the same thing.

`<h3>...</h3>` becomes a heading, a `<p>` or a centred `<div>` a paragraph, `<a href>` a link, `<img>`
a picture, `<b>` and `<i>` emphasis, so that item forms, titles and the plain text see them however
they were written. Players and frames become the link a reader can follow; the pixels that count
readers go. Words in angle brackets that are no tags (`List<int>`) are words.
Faults: none. What has no such token stays HTML, for the allow-list. Never: drops a word.
See: markdown (runs the two rules), raw (single tags), bodies (the allow-list).
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from publisher.digest.markup.raw import (
    MOST_OPEN_TAGS,
    TAG,
    UNSEEN,
    attributes_of,
    is_too_deep,
    words_of_tag,
)

_BROKEN: Final = re.compile(r"<[a-zA-Z/!?]")
_SPACE: Final = re.compile(r"[ \t\n]+")
_HEADINGS: Final = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_HOLDS: Final = frozenset(
    {"table", "details", "blockquote", "ul", "ol", "dl", "figure", "pre", "textarea"} | UNSEEN
)
"""A heading within one of these heads nothing."""
_PARAGRAPHS: Final = frozenset(
    {"p", "div", "center", "section", "article", "main", "header", "footer", "nav", "aside"}
    | {"details", "summary"}
)
_PAIRS: Final = {
    "a": "link", "b": "strong", "strong": "strong", "i": "em", "em": "em",
    "s": "s", "del": "s", "strike": "s",
    "span": "", "font": "", "center": "", "big": "", "nobr": "",
}  # fmt: skip
_WITHIN_LINES: Final = frozenset(
    {"img", "br", "wbr", "u", "ins", "sub", "sup", "small", "mark", "abbr", "code", "kbd", "samp"}
    | {"q", "cite", "var", "time", "label", "button"}
    | _PAIRS.keys()
)
_PLAYERS: Final = {
    "iframe": "src",
    "audio": "src",
    "video": "src",
    "object": "data",
    "embed": "src",
}
_UNNAMED: Final = "YouTube video player"  # what YouTube calls every player it gives away
_YOUTUBE: Final = re.compile(
    r"(?:https?:)?//(?:www\.)?youtube(?:-nocookie)?\.com/embed/([\w-]{11})\b.*"
)
_MARKDOWN_WITHIN: Final = re.compile(
    r"""<(?:div|section|aside|article|span)\b[^<>]*\smarkdown\s*=\s*["']?(?:1|block|true|span)["']?"""
    r"[^<>]*>[ \t]*",
    re.IGNORECASE,
)
_NO_PIXELS: Final = re.compile(
    r"display\s*:\s*none|(?:width|height)\s*:\s*[01](?:px)?\s*(?:;|$)", re.I
)


def markdown_within(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Pass over a tag that says Markdown goes on within it: `<div markdown="1">` alone on its line.

    A block rule; without it the tag would hide all up to the next empty line.
    """
    line = state.src[state.bMarks[start] + state.tShift[start] : state.eMarks[start]]
    if state.is_code_block(start) or not _MARKDOWN_WITHIN.fullmatch(line):
        return False
    state.line = start + (not silent)
    return True


def read_html_blocks(state: StateCore) -> None:
    """Turn blocks of raw HTML into tokens; a rule of the parser's core chain."""
    tokens: list[Token] = []
    for token in state.tokens:
        if token.type == "html_block" and not is_too_deep(token.content):
            tokens += _blocks(token, state.md)
        else:
            tokens.append(token)
    state.tokens = tokens


def read_inline_html(state: StateCore) -> None:
    """Turn raw HTML within lines into tokens, when bare addresses are links already."""
    for token in state.tokens:
        if token.type == "inline" and token.children:
            token.children = _paired(_without_players(token.children), state.md)


def _name_of(token: Token) -> str:
    """Give the name of a raw tag, a closing one with its slash; "" for anything else."""
    tag = TAG.fullmatch(token.content) if token.type == "html_inline" else None
    return tag[1] + tag[2].lower() if tag else ""


# --- blocks -----------------------------------------------------------------------


def _blocks(block: Token, markdown: MarkdownIt) -> Iterator[Token]:
    """Cut a block of HTML at its headings; what lies between may be paragraphs."""
    parts = _without_players(list(_parts_of(block.content)))
    names = [_name_of(part) for part in parts]
    depth = start = index = 0
    without_end: set[str] = set()
    while index < len(parts):
        name = names[index]
        if name.lstrip("/") in _HOLDS:
            depth = max(0, depth + (-1 if name[0] == "/" else 1))
        if name in _HEADINGS and not depth and name not in without_end:
            try:
                end = names.index(f"/{name}", index)
            except ValueError:
                without_end.add(name)
            else:
                yield from _between(parts[start:index], names[start:index], block, markdown)
                yield from _made(block, "heading", name, parts[index : end + 1])
                index, start = end, end + 1
        index += 1
    yield from _between(parts[start:], names[start:], block, markdown)


def _parts_of(source: str) -> Iterator[Token]:
    """Give HTML as text tokens and raw tags, each with the number of lines before it."""
    position = line = 0
    for tag in [*TAG.finditer(source), None]:
        text = source[position : tag.start() if tag else None]
        broken = _BROKEN.search(text)
        words = text[: broken.start()] if broken else text
        if words:
            yield Token("text", "", 0, content=html.unescape(words), map=[line, line])
        if broken:
            yield Token("html_inline", "", 0, content=text[broken.start() :], map=[line, line])
        line += text.count("\n")
        if tag:
            shown = words_of_tag(tag[0])
            kind = "html_inline" if shown is None else "text"
            yield Token(kind, "", 0, content=tag[0] if shown is None else shown, map=[line, line])
            line += tag[0].count("\n")
            position = tag.end()


def _between(
    parts: Sequence[Token], names: Sequence[str], block: Token, markdown: MarkdownIt
) -> Iterator[Token]:
    """Make paragraphs of what holds lines only, and leave the rest as HTML."""
    if not any(_is_seen(part, name) for part, name in zip(parts, names, strict=True)):
        return
    if all(_is_within_lines(part, name) for part, name in zip(parts, names, strict=True)):
        start = 0
        for index, name in enumerate([*names, "p"]):
            if name.lstrip("/") in _PARAGRAPHS:
                run = parts[start:index]
                if any(_is_seen(*pair) for pair in zip(run, names[start:index], strict=True)):
                    yield from _made(block, "paragraph", "p", run)
                start = index + 1
        return
    first, last = _lines(block, parts)
    open_ended = _open_ended(names)
    shown = [part for index, part in enumerate(parts) if index not in open_ended]
    content = markdown.renderer.render(shown, markdown.options, {})
    yield block.copy(content=content, map=[first, last])


def _is_seen(part: Token, name: str) -> bool:
    """Whether a part is more than a wrapper of others."""
    if part.type == "html_inline":
        return not (name.lstrip("/") in _PARAGRAPHS and _is_bare(part)) and name != "br"
    return part.type != "text" or bool(part.content.strip())


def _is_within_lines(part: Token, name: str) -> bool:
    plain = name.lstrip("/")
    if part.type != "html_inline" or plain in _WITHIN_LINES:
        return True
    return plain in _PARAGRAPHS and _is_bare(part)


def _is_bare(part: Token) -> bool:
    """Whether a tag says nothing of language and direction."""
    return not {"lang", "dir"} & attributes_of(part.content).keys()


def _made(block: Token, kind: str, tag: str, parts: Sequence[Token]) -> Iterator[Token]:
    """Make a heading or paragraph, its spaces and line ends as a browser shows them."""
    first, last = _lines(block, parts)
    children = [
        part.copy(content=_SPACE.sub(" ", part.content)) if part.type == "text" else part
        for part in parts
        if _name_of(part).lstrip("/") not in _HEADINGS
    ]
    for edge, strip in ((0, str.lstrip), (-1, str.rstrip)):
        if children and children[edge].type == "text":
            children[edge].content = strip(children[edge].content)
    children = [child for child in children if child.type != "text" or child.content]
    level, place = block.level, [first, last]
    yield Token(f"{kind}_open", tag, 1, level=level, block=True, map=place)
    yield Token("inline", "", 0, level=level + 1, block=True, map=place, children=children)
    yield Token(f"{kind}_close", tag, -1, level=level, block=True)


def _lines(block: Token, parts: Sequence[Token]) -> tuple[int, int]:
    """Give the lines some parts stand on: the first, and the one after the last."""
    begin = block.map[0] if block.map else 0
    first, last = [], []
    for part in parts:
        if part.map and part.content.strip():
            blank = len(part.content) - len(part.content.lstrip())
            first.append(part.map[0] + part.content.count("\n", 0, blank))
            last.append(part.map[0] + part.content.rstrip().count("\n"))
    return begin + min(first, default=0), begin + max(last, default=0) + 1


def _open_ended(names: Sequence[str]) -> set[int]:
    """Find the tags that would hide all that follows, as a script that never ends does."""
    found: set[int] = set()
    for name in UNSEEN:
        opened = [index for index, other in enumerate(names) if other == name]
        missing = len(opened) - names.count(f"/{name}")
        found.update(opened[-missing:] if missing > 0 else ())
    return found


# --- lines ------------------------------------------------------------------------


def _without_players(parts: Sequence[Token]) -> list[Token]:
    """Put a link in the place of each player or frame, and leave out the counting pixels.

    What stands between the tags of a player is for browsers that cannot play; it goes where there
    is an address.
    """
    kept: list[Token] = []
    index = 0
    names = [_name_of(part) for part in parts]
    ends: dict[str, int] = {}
    while index < len(parts):
        name, part = names[index], parts[index]
        if name == "img" and _is_pixel(attributes_of(part.content)):
            pass
        elif name in _PLAYERS:
            if ends.get(name, -1) < index:
                ends[name] = _index(names, f"/{name}", index)
            end = ends[name]
            if end >= len(parts) or name == "embed":
                inner, after = [], index
            else:
                inner, after = list(range(index + 1, end)), end
            attributes = attributes_of(part.content)
            address = attributes.get(_PLAYERS[name]) or next(
                (
                    source
                    for i in inner
                    if names[i] in {"source", "embed", "iframe"}
                    and (source := attributes_of(parts[i].content).get("src"))
                ),
                "",
            )
            if address:
                kept += _player_link(address, attributes.get("title", ""), part)
                index = after
        elif name.lstrip("/") not in _PLAYERS:
            kept.append(part)
        index += 1
    return kept


def _index(names: Sequence[str], name: str, start: int) -> int:
    try:
        return names.index(name, start)
    except ValueError:
        return len(names)


def _is_pixel(attributes: dict[str, str]) -> bool:
    """Whether a picture is there to count readers."""
    sizes = [attributes.get(side, "").strip().removesuffix("px") for side in ("width", "height")]
    return all(size in {"0", "1"} for size in sizes) or bool(
        _NO_PIXELS.search(attributes.get("style", ""))
    )


def _player_link(address: str, title: str, like: Token) -> list[Token]:
    youtube = _YOUTUBE.fullmatch(address)
    if youtube:
        address = f"https://www.youtube.com/watch?v={youtube[1]}"
    named = " ".join(title.split())
    words = address if not named or named == _UNNAMED else named
    return [
        Token("link_open", "a", 1, attrs={"href": address}, map=like.map),
        Token("text", "", 0, content=words, map=like.map),
        Token("link_close", "a", -1, map=like.map),
    ]


def _paired(children: Sequence[Token], markdown: MarkdownIt) -> list[Token]:
    """Replace raw tags that stand in pairs, each pair within one Markdown element."""
    out: list[Token | None] = list(children)
    waiting: list[tuple[str, int]] = []  # raw tags that are open, and "" for Markdown's own
    links = 0
    for index, child in enumerate(children):
        if child.type != "html_inline":
            if child.nesting == 1:
                waiting.append(("", index))
                links += child.type == "link_open"
            elif child.nesting == -1:
                links -= child.type == "link_close"
                while waiting and waiting.pop()[0]:
                    pass
            continue
        name = _name_of(child)
        shown = words_of_tag(child.content)
        if shown is not None:
            out[index] = Token("text", "", 0, content=shown) if shown else None
        elif name == "img":
            out[index] = _picture(child, markdown)
        elif name in _PAIRS or name in UNSEEN:
            if len(waiting) < MOST_OPEN_TAGS:  # more is too deep for a page, too
                waiting.append((name, index))
        elif name[1:] in _PAIRS or name[1:] in UNSEEN:
            opening = _opening(waiting, name[1:])
            if opening is not None and name[1:] in _PAIRS:
                _replace(out, opening, index, markdown, in_link=links > 0)
    for name, index in waiting:
        if name in UNSEEN:
            out[index] = None
    return [token for token in out if token is not None]


def _opening(waiting: list[tuple[str, int]], name: str) -> int | None:
    """Take the tag that a closing one closes from those that are open."""
    for back in range(len(waiting) - 1, -1, -1):
        if waiting[back][0] == name:
            index = waiting[back][1]
            del waiting[back:]
            return index
        if not waiting[back][0]:
            return None
    return None


def _replace(
    out: list[Token | None], start: int, end: int, markdown: MarkdownIt, *, in_link: bool
) -> None:
    """Put Markdown's tokens in the place of one pair of raw tags."""
    first = out[start]
    if first is None:
        return
    name = _name_of(first)
    attributes = attributes_of(first.content)
    if {"lang", "dir", "id"} & attributes.keys() or (name == "a" and "href" not in attributes):
        return
    kind = _PAIRS[name]
    is_empty = not any(out[start + 1 : end])
    attrs: dict[str, str | int | float] = {}
    if kind == "link":
        address = markdown.normalizeLink(attributes["href"].strip())
        if in_link or not markdown.validateLink(address):
            kind = ""
        attrs = {key: attributes[key] for key in ("title",) if key in attributes}
        attrs = {"href": address, **attrs}
    if not kind or is_empty:
        out[start] = out[end] = None
        return
    tag = {"link": "a"}.get(kind, kind)
    out[start] = Token(f"{kind}_open", tag, 1, attrs=attrs, markup="html")
    out[end] = Token(f"{kind}_close", tag, -1, markup="html")


def _picture(tag: Token, markdown: MarkdownIt) -> Token | None:
    """Make a picture of an `<img>`; without an address there is none, but for its words."""
    attributes = attributes_of(tag.content)
    words = Token("text", "", 0, content=" ".join(attributes.get("alt", "").split()))
    address = markdown.normalizeLink(attributes.get("src", "").strip())
    if not address or not markdown.validateLink(address):
        return words if words.content else None
    sizes = {key: attributes[key] for key in ("title", "width", "height") if attributes.get(key)}
    children = [words] if words.content else []
    attrs: dict[str, str | int | float] = {"src": address, "alt": "", **sizes}
    return Token("image", "img", 0, attrs=attrs, children=children, content=words.content)
