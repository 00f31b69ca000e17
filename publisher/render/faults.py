"""faults - what is wrong with drawn MJML, and which line of which template drew it.

The MJML parser validates nothing and mostly does not say where it stopped. So what it refuses is
walked here, tag by tag, to the place; what it leaves in the mail as it is, and style sheets that
mail programs would drop without a word, are looked for. The template's line is found by drawing
once more, with a mark at the beginning of each line.
Faults: it makes the TemplateErrors that `mail` raises. Never: draws by itself; mends anything.
See: mail (who asks), environment (faults of Jinja).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, NamedTuple

from publisher.errors import TemplateError
from publisher.render.environment import Templates

_TAG: Final = re.compile(
    r"<!--.*?-->|</(?P<end>[a-zA-Z][\w:-]*)\s*>|"
    r"<(?P<start>[a-zA-Z][\w:-]*)(?:\s+[^\s=<>\"'/]+(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'))?)*"
    r"\s*(?P<closed>/?)>|<",
    re.DOTALL,
)
_VOID: Final = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"}
)
_SHEET: Final = re.compile(r"<(mj-style|style)\b[^<>]*>(.*?)</\1\s*>", re.DOTALL)
_CSS: Final = re.compile(
    r"/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|/\*|[{}\"']", re.DOTALL
)
_JINJA: Final = re.compile(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", re.DOTALL)
_SPACE: Final = re.compile(r"\s+")
_POSITION: Final = re.compile(r"position (\d+):(\d+)")
# of Unicode's private use: XML allows them, and nobody writes them
_MARK: Final = "\ue0f0{}\ue0f1{}\ue0f2"
_MARKED: Final = re.compile(_MARK.format("([^\ue0f0-\ue0f2]*)", r"(\d+)"))

Draw = Callable[[Templates], str]
"""Draws the same mail from other templates."""


class Fault(NamedTuple):
    """What is wrong with drawn MJML, and at which of its characters."""

    message: str
    at: int | None
    hint: str


def refused(source: str, error: ValueError) -> Fault:
    """Say why the parser refused a source, in its words where it knows better."""
    if "<mj-include" in source:
        return Fault(
            "mj-include reads no files here",
            source.index("<mj-include"),
            "write {% include 'mail/...' %} in its place",
        )
    hint = "close every element, quote every attribute, write < as &lt; and & as &amp;"
    message, at = _unbalanced(source) or (str(error), _told(source, error))
    near = source[source.rfind("\n", 0, at) + 1 :].partition("\n")[0].strip() if at else ""
    return Fault(
        f"this is not MJML: {message}" + (f", near `{near[:80]}`" if near else ""), at, hint
    )


def left_over(source: str, html: str) -> Fault | None:
    """Find an element of MJML that came out of the parser as it went in, so that nobody reads it."""
    for found in _TAG.finditer(html) if "<mj-" in html else ():
        name = found["start"] or ""
        if name.startswith("mj-"):
            at = next((one.start() for one in _TAG.finditer(source) if one["start"] == name), None)
            return Fault(
                f"unknown element {name}: MJML has none of this name, or not in this place",
                at,
                "look the name up in ours, or in MJML's documentation",
            )
    return None


def unstyled(source: str) -> Fault | None:
    """Find the first brace, string or comment of a style sheet that is not closed, or not opened."""
    for sheet in _SHEET.finditer(source):
        opened: list[int] = []
        for token in _CSS.finditer(sheet[2]):
            at, sign = sheet.start(2) + token.start(), token[0]
            if sign == "{":
                opened.append(at)
            elif sign == "}" and opened:
                opened.pop()
            elif len(sign) == 1 or sign == "/*":
                what = "has no { before it" if sign == "}" else "is never closed"
                return _of_sheet(source, at, sign, what)
        if opened:
            return _of_sheet(source, opened[0], "{", "is never closed")
    return None


def _of_sheet(source: str, at: int, sign: str, what: str) -> Fault:
    near = source[source.rfind("\n", 0, at) + 1 :].partition("\n")[0].strip()
    return Fault(
        f"this is no style sheet: a {sign} {what}, near `{near[:80]}`",
        at,
        "close it: mail programs drop all styles for it, without a word",
    )


def _unbalanced(source: str) -> tuple[str, int] | None:
    """Find the first tag that cannot be read, is never closed or was never opened."""
    opened: list[tuple[str, int]] = []
    for tag in _TAG.finditer(_SHEET.sub(lambda sheet: " " * len(sheet[0]), source)):
        if tag[0] == "<":
            return "a < that begins no whole tag", tag.start()
        if name := tag["start"]:
            if not tag["closed"] and name not in _VOID:
                opened.append((name, tag.start()))
        elif name := tag["end"]:
            if opened and opened[-1][0] == name:
                opened.pop()
            elif any(name == one for one, _ in opened):
                return f"<{opened[-1][0]}> is never closed", opened[-1][1]
            else:
                return f"</{name}> closes nothing", tag.start()
    return (f"<{opened[-1][0]}> is never closed", opened[-1][1]) if opened else None


def _told(source: str, error: ValueError) -> int | None:
    found = _POSITION.search(str(error))
    return len(source.encode()[: int(found[1])].decode(errors="ignore")) if found else None


def as_error(
    fault: Fault, source: str, name: str, templates: Templates, draw: Draw
) -> TemplateError:
    """Tell a fault with the template and line that drew it, else with the name of the whole."""
    place = None if fault.at is None else _place(source, fault.at, templates, draw)
    return TemplateError(fault.message, where=f"templates/{place or name}", hint=fault.hint)


def _place(source: str, at: int, templates: Templates, draw: Draw) -> str | None:
    """Name the template and line that drew a character, by the last mark drawn before it."""
    drawn = draw({name: _marked(name, text) for name, text in templates.items()})
    # spaces are not compared: a mark at the beginning of a line keeps some that Jinja takes away
    wanted = len(_SPACE.sub("", source[:at]))
    seen, end, place = 0, 0, None
    for mark in _MARKED.finditer(drawn):
        seen += len(_SPACE.sub("", drawn[end : mark.start()]))
        if seen > wanted:
            break
        place, end = f"{mark[1]}:{mark[2]}", mark.end()
    is_same = _SPACE.sub("", _MARKED.sub("", drawn)) == _SPACE.sub("", source)
    return place if is_same else None


def _marked(name: str, text: str) -> str:
    """Write a mark before each line and behind each of Jinja's tags, where none is torn by it."""
    if not name.startswith("mail/"):
        return text
    tags = list(_JINJA.finditer(text))
    ends = {tag.end() for tag in tags}
    lines = {0, *(found.end() for found in re.finditer("\n", text))}
    lines -= {at for tag in tags for at in range(tag.start() + 1, tag.end())}
    parts, before = [], 0
    for at in sorted(lines | ends):
        parts += [text[before:at], _MARK.format(name, text.count("\n", 0, at) + 1)]
        before = at
    return "".join([*parts, text[before:]])
