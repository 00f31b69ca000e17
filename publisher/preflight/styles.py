"""preflight.styles - the styles written in a mail, read as a mail program reads them.

Every style attribute is read once, however often it stands, and so is every style sheet: most are
those of the issue before. Faults: none; what cannot be parsed is
no declaration, as in a browser. Never: judges. See: contrast, features (who judge).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import css_inline
import tinycss2
from lxml import html
from lxml.etree import ParserError
from lxml.html import HtmlElement

_PARSER = html.HTMLParser(encoding="utf-8", huge_tree=True)


def tree(body: str) -> HtmlElement:
    """Read a whole mail; one that holds nothing is an empty page."""
    try:
        return html.document_fromstring(body.encode("utf-8", "replace"), parser=_PARSER)
    except ParserError:
        return html.document_fromstring(b"<html><body></body></html>", parser=_PARSER)


@lru_cache(maxsize=4096)
def declared(style: str) -> tuple[Any, ...]:
    """Read the declarations of a style attribute."""
    found = tinycss2.parse_declaration_list(style, skip_comments=True, skip_whitespace=True)
    return tuple(one for one in found if one.type == "declaration")


@lru_cache(maxsize=4096)
def values(style: str) -> dict[str, str]:
    """Give the value of each property as written; the last one of a name counts."""
    return {one.lower_name: tinycss2.serialize(one.value).strip() for one in declared(style)}


def sheets(root: HtmlElement) -> Iterator[tuple[Any, ...]]:
    """Read the style sheets, each a list of rules."""
    for element in root.iter("style"):
        yield _rules(element.text or "")


@lru_cache(maxsize=64)
def _rules(sheet: str) -> tuple[Any, ...]:
    return tuple(tinycss2.parse_stylesheet(sheet, skip_whitespace=True))


@lru_cache(maxsize=64)
def _dark(sheet: str) -> str:
    """Give what a style sheet holds for dark surroundings."""
    return "".join(
        tinycss2.serialize(rule.content)
        for rule in _rules(sheet)
        if rule.type == "at-rule"
        and rule.lower_at_keyword == "media"
        and "prefers-color-scheme" in (asked := tinycss2.serialize(rule.prelude))
        and "dark" in asked
        and rule.content is not None
    )


def in_the_dark(root: HtmlElement) -> HtmlElement | None:
    """Give the mail with its rules for dark surroundings applied; None where it has none."""
    rules = "".join(_dark(element.text or "") for element in root.iter("style"))
    if not rules:
        return None
    inliner = css_inline.CSSInliner(load_remote_stylesheets=False, extra_css=rules)
    bare = html.fromstring(html.tostring(root, encoding="utf-8"), parser=_PARSER)
    for element in bare.iter("style"):
        element.text = ""
    return tree(inliner.inline(html.tostring(bare, encoding="unicode")))
