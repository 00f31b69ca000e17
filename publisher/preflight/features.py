"""preflight.features - which features a mail is made of, and how many mail programs know them.

Read from the finished mail, as tags, attributes, kinds of addresses, style attributes and style
sheets; conditional comments are Outlook's own and left alone. What fewer than four in five programs
know is a finding, unless the design holds without it: those are listed, each with what happens
where it is not known. What only one program reads, `mso-...` and `-webkit-...`, is meant for it.
Faults: as findings. Never: the figures, which are passed in. See: support (where they are from).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlsplit

import tinycss2
from lxml.html import HtmlElement

from publisher.model import Finding, Level
from publisher.preflight.styles import declared, sheets
from publisher.preflight.support import Support
from publisher.preflight.telling import few, quoted

LEAST: Final = 0.8
PROGRESSIVE: Final = {
    "css-at-media-prefers-color-scheme": "the colours for the day stay, or the program's own come",
    "css-color-scheme": "the program decides by itself whether to darken",
    "css-overflow-wrap": "MJML's word-break stands beside it",
    "css-selector-attribute": "only Outlook's own marks for dark are asked for so",
    "css-text-wrap": "a heading may end in a short line",
    "css-word-break": "long words break where the program lets them",
    "html-abbr": "its words stay",
    "html-anchor-links": "each entry of the contents can be read without the jump",
    "html-aria-label": "its words are read out instead",
    "html-bdi": "its words stay",
    "html-body": "the table inside has the same colours",
    "html-meta-color-scheme": "the program decides by itself whether to darken",
    "html-role": "tables may be announced",
    "html-rp": "its brackets are seen",
    "html-rt": "the reading stands in brackets",
    "html-ruby": "the reading stands in brackets",
    "html-semantics": "its words stay",
    "html-style": "every style that matters stands in the elements",
    "html-wbr": "there is one place less to break at",
}
"""What a mail may use although few programs know it, and what happens where it is not known."""

REMOVED: Final = frozenset(
    {"applet", "canvas", "embed", "frame", "frameset", "iframe", "noscript", "portal", "script"}
)
"""What mail programs take out as a danger, so that nobody measures who knows it."""

_HEADINGS: Final = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_SEMANTIC: Final = frozenset(
    {"article", "aside", "figcaption", "figure", "footer", "header", "main", "mark", "nav"}
    | {"section", "summary", "details", "time"}
)
_ATTRIBUTES: Final = frozenset(
    {"align", "aria-describedby", "aria-hidden", "aria-label", "aria-labelledby", "aria-live"}
    | {"background", "cellpadding", "cellspacing", "dir", "height", "hidden", "lang", "role"}
    | {"required", "target", "valign", "width"}
)
_PICTURES: Final = {"jpeg": "jpg", "jfif": "jpg", "tif": "tiff", "heic": "heif"}
_LOGICAL: Final = re.compile(r"(margin|padding)-(inline|block)(-start|-end)?")
_HANDLER: Final = re.compile(r"on[a-z]+")
_FUNCTIONS: Final = {
    "calc": "css-unit-calc", "clamp": "css-function-clamp", "max": "css-function-max",
    "min": "css-function-min", "light-dark": "css-function-light-dark", "var": "css-variables",
    "rgb": "css-rgb", "rgba": "css-rgba", "linear-gradient": "css-linear-gradient",
    "radial-gradient": "css-radial-gradient", "conic-gradient": "css-conic-gradient",
    "lch": "css-modern-color", "oklch": "css-modern-color", "lab": "css-modern-color",
    "oklab": "css-modern-color",
}  # fmt: skip
_KEYWORDS: Final = {
    "initial": "css-unit-initial", "fit-content": "css-intrinsic-size",
    "min-content": "css-intrinsic-size", "max-content": "css-intrinsic-size",
    "system-ui": "css-sytem-ui", "ui-serif": "css-sytem-ui", "ui-sans-serif": "css-sytem-ui",
    "ui-rounded": "css-sytem-ui", "ui-monospace": "css-sytem-ui",
}  # fmt: skip
_SELECTORS: Final = {
    ".": "css-selector-class", "hash": "css-selector-id", "ident": "css-selector-type",
    "*": "css-selector-universal", "[] block": "css-selector-attribute",
    ",": "css-selector-grouping", ">": "css-selector-child",
    "+": "css-selector-adjacent-sibling", "~": "css-selector-general-sibling",
}  # fmt: skip
_BETWEEN: Final = frozenset({",", ">", "+", "~"})
_QUERIES: Final = (
    "prefers-color-scheme", "prefers-reduced-motion", "orientation", "hover", "device-pixel-ratio",
)  # fmt: skip
_EDGES: Final = frozenset({"left", "right", "top", "bottom"})


def judge(root: HtmlElement, support: Mapping[str, Support]) -> list[Finding]:
    """Name what fewer than four in five mail programs know and no reason excuses."""
    found = [
        Finding(
            Level.WARN,
            "preflight/feature",
            f"Only {support[slug].share:.0%} of mail programs know {support[slug].name}, "
            f"used {where}.",
            "Do it another way in templates/mail/, or see that the mail is as good without.",
        )
        for slug, where in used(root, support).items()
        if support[slug].share < LEAST and slug not in PROGRESSIVE
    ]
    return few(found, lambda number: f"{number} more features are known to few mail programs")


def removed(root: HtmlElement) -> list[Finding]:
    """Name what runs or loads something, which mail programs take out and filters count."""
    found: dict[str, str] = {}
    for element in root.iter():
        if isinstance(element.tag, str):
            for name in _dangers(element):
                found.setdefault(name, _near(element))
    return [
        Finding(
            Level.WARN,
            "preflight/removed",
            f"The mail has {name}{where}: mail programs take it out, and filters suspect the mail.",
            "Take it out of your templates/mail/, and lead to a page that has it.",
        )
        for name, where in found.items()
    ]


def _dangers(element: HtmlElement) -> Iterator[str]:
    if element.tag in REMOVED:
        yield f"<{element.tag}>"
    yield from (f'{name}="..."' for name in element.attrib if _HANDLER.fullmatch(name))
    for name in ("href", "src", "action"):
        if "".join((element.get(name) or "").split()).lower().startswith("javascript:"):
            yield "javascript: in an address"


def used(root: HtmlElement, support: Mapping[str, Support]) -> dict[str, str]:
    """List the features a mail is made of, with where each is found first."""
    found: dict[str, str] = {}
    for element in root.iter():
        if not isinstance(element.tag, str):
            continue
        slugs = [*_of_element(element), *_of_declarations(element.get("style") or "")]
        for slug in slugs:
            if slug in support and slug not in found:
                found[slug] = f"in <{element.tag}>{_near(element)}"
    for sheet in sheets(root):
        for slug, where in _of_rules(sheet):
            if slug in support:
                found.setdefault(slug, f"in the style sheet, {where}")
    return found


def _near(element: HtmlElement) -> str:
    words = " ".join(element.text_content().split())
    return f" with {quoted(words)}" if words and element.tag not in {"html", "body"} else ""


def _of_element(element: HtmlElement) -> Iterator[str]:
    tag = str(element.tag)
    if tag in _HEADINGS:
        yield "html-h1-h6"
    elif tag in {"ul", "ol", "dl"}:
        yield "html-lists"
    elif tag in _SEMANTIC:
        yield "html-semantics"
    elif tag in {"input", "button"}:
        yield f"html-{tag}-{element.get('type') or ('text' if tag == 'input' else 'submit')}"
    elif tag == "meta":
        if (element.get("name") or "") in {"color-scheme", "supported-color-schemes"}:
            yield "html-meta-color-scheme"
    else:
        yield f"html-{tag}"
    yield from (f"html-{name}" for name in element.attrib if name in _ATTRIBUTES)
    if element.get("srcset"):
        yield "html-srcset"
    if element.get("loading"):
        yield "html-loading-attribute"
    if tag == "a":
        yield from _of_link(element.get("href") or "")
    if tag == "img":
        yield from _of_picture(element.get("src") or "")


def _of_link(address: str) -> Iterator[str]:
    if address.startswith("#"):
        yield "html-anchor-links"
    if address.startswith("mailto:"):
        yield "html-mailto-links"


def _of_picture(address: str) -> Iterator[str]:
    if address.startswith("data:"):
        yield "image-base64"
        return
    try:
        ending = urlsplit(address).path.rpartition(".")[2].lower()
    except ValueError:
        return
    yield f"image-{_PICTURES.get(ending, ending)}"


@lru_cache(maxsize=4096)
def _of_declarations(style: str) -> tuple[str, ...]:
    return tuple(slug for one in declared(style) for slug in _of_declaration(one))


def _of_declaration(one: Any) -> Iterator[str]:
    name = one.lower_name
    if name.startswith("--"):
        yield "css-variables"
    if name.startswith(("-", "mso-")):
        return
    yield from _of_property(name)
    if one.important:
        yield "css-important"
    values = list(one.value)
    idents = {value.lower_value for value in values if value.type == "ident"}
    if name == "display":
        yield from (f"css-display-{word.removeprefix('inline-')}" for word in idents)
    while values:
        value = values.pop()
        if value.type == "dimension":
            yield f"css-unit-{value.lower_unit}"
        elif value.type == "percentage":
            yield "css-unit-percent"
        elif value.type == "ident" and value.lower_value in _KEYWORDS:
            yield _KEYWORDS[value.lower_value]
        elif value.type == "function":
            yield _FUNCTIONS.get(value.lower_name, "")
            values += value.arguments


def _of_property(name: str) -> Iterator[str]:
    """Name a property, and the wider ones it is a part of: `padding-left` is a padding."""
    if logical := _LOGICAL.fullmatch(name):
        is_edge = logical[3] is not None
        yield (
            f"css-{name[: logical.end(2)]}-start-end"
            if is_edge
            else f"css-{logical[1]}-inline-block"
        )
        return
    if name in _EDGES:
        yield "css-left-right-top-bottom"
    if name.endswith("-gap"):
        yield "css-gap"
    if name.startswith("grid-template"):
        yield "css-grid-template"
    yield f"css-{name}"
    if name.startswith(("padding-", "margin-", "overflow-x", "overflow-y")):
        yield f"css-{name.partition('-')[0]}"
    if name.startswith("border-") and name.rpartition("-")[2] in _EDGES | {
        "color",
        "style",
        "width",
    }:
        yield "css-border"
    if name.endswith("-radius"):
        yield "css-border-radius"


def _of_rules(rules: Any) -> Iterator[tuple[str, str]]:
    """Name the features of a style sheet, each with the rule it stands in."""
    for rule in rules:
        if rule.type == "comment":
            yield "css-comments", "in a comment"
        elif rule.type == "at-rule":
            yield from _of_at_rule(rule)
        elif rule.type == "qualified-rule":
            where = _written(rule.prelude)
            yield from ((slug, where) for slug in _of_selector(rule.prelude))
            yield from (
                (slug, where) for slug in _of_declarations(_written(rule.content, whole=True))
            )


def _of_at_rule(rule: Any) -> Iterator[tuple[str, str]]:
    keyword = rule.lower_at_keyword
    where = f"@{keyword} {_written(rule.prelude)}"
    yield f"css-at-{keyword}", where
    if keyword == "media":
        asked = _written(rule.prelude, whole=True)
        yield from ((f"css-at-media-{query}", where) for query in _QUERIES if query in asked)
    if rule.content is None:
        return
    if keyword in {"media", "supports", "layer", "container"}:
        parsed = tinycss2.parse_rule_list(rule.content, skip_whitespace=True)
        yield from _of_rules(parsed)


def _of_selector(prelude: Any) -> Iterator[str]:
    """Name what a selector is made of; a space counts where it is the only thing between two."""
    before = ""
    spaced = False
    for token in prelude:
        sign = token.value if token.type == "literal" else token.type
        if sign in {"whitespace", "comment"}:
            spaced = True
            continue
        if spaced and before and not {before, sign} & _BETWEEN:
            yield "css-selector-descendant"
        elif sign == "." and before in {"ident", "hash", "[] block"}:
            yield "css-selector-chaining"
        if before == ":" and sign in {"ident", "function"}:
            name = token.lower_value if sign == "ident" else token.lower_name
            yield f"css-pseudo-class-{name}"
            yield f"css-pseudo-element-{name}"  # no name is both, and old ones are written with one
        elif not (before == "." and sign == "ident"):
            yield _SELECTORS.get(sign, "")
        before, spaced = sign, False


def _written(tokens: Any, *, whole: bool = False) -> str:
    line = " ".join(tinycss2.serialize(tokens).split())
    return line if whole or len(line) <= 60 else f"{line[:59]}…"
