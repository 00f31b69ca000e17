"""markdown - Markdown as a token stream that knows its lines.

CommonMark with tables, strikethrough, emphasis beside full-width punctuation, and bare addresses
that end where the ASCII ends: `https://x.y，` stops before the comma. Chinese typesetting is done
here once, for the page and the plain text alike.
Faults: none, any text is Markdown. Never: decides what is an item. See: outline, bodies, plain.
"""

from __future__ import annotations

import re
from collections.abc import MutableMapping, Sequence
from typing import Any, Final

from linkify_it import LinkifyIt
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markdown_it.utils import OptionsDict
from mdit_py_cjk_friendly import cjk_friendly

from publisher.digest.markup.footnotes import footnotes
from publisher.digest.markup.formulas import formulas
from publisher.digest.markup.headings import unspaced_heading
from publisher.digest.markup.html_tokens import markdown_within, read_html_blocks, read_inline_html
from publisher.digest.markup.references import references
from publisher.digest.markup.signs import check_boxes, name_signs

MAX_NESTING: Final = 100
"""How deep blocks may nest; what lies deeper is dropped by the parser, so it is reported."""

_INTERRUPTED: Final = ["paragraph", "reference", "blockquote"]
_LONGEST_ADDRESS: Final = 4096
_NOT_IN_BARE_ADDRESS: Final = re.compile(r"[^\x21-\x7e]")
_FULL_WIDTH_STOPS: Final = "，。；：、）」"
_BEFORE_FULL_WIDTH: Final = re.compile(rf"(?<!\s)\s+(?=[{_FULL_WIDTH_STOPS}])")
_NO_SPACE_BETWEEN: Final = re.compile(
    "[\u2e80-\u312f\u3190-\u9fff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef\U00020000-\U0003ffff]"
)
_HANGUL: Final = "[\u1100-\u11ff\u3130-\u318f\uac00-\ud7af]"  # a particle may stand before one


def parser() -> MarkdownIt:
    """Make a parser; it keeps state while it reads, so each reading has its own."""
    options = {"linkify": True, "xhtmlOut": True, "maxNesting": MAX_NESTING}
    markdown = MarkdownIt("commonmark", options)
    markdown.enable(["linkify", "table", "strikethrough"])
    markdown.use(cjk_friendly)
    markdown.use(formulas)
    markdown.use(footnotes)
    markdown.use(references)
    markdown.linkify = _addresses()
    markdown.block.ruler.before(
        "heading", "unspaced_heading", unspaced_heading, {"alt": _INTERRUPTED}
    )
    markdown.block.ruler.before(
        "html_block", "markdown_within", markdown_within, {"alt": _INTERRUPTED}
    )
    markdown.core.ruler.after("inline", "html_blocks", read_html_blocks)
    markdown.core.ruler.before("inline", "check_boxes", check_boxes)
    markdown.core.ruler.after("linkify", "inline_html", read_inline_html)
    markdown.core.ruler.after("inline_html", "name_signs", name_signs)
    markdown.core.ruler.push("chinese_typesetting", _typeset)
    markdown.add_render_rule("softbreak", _render_soft_break)
    return markdown


def tidy(text: str) -> str:
    """Set a visible text on one line, without a space before full-width punctuation."""
    return _BEFORE_FULL_WIDTH.sub("", " ".join(text.split()))


def is_joined(before: str, after: str) -> bool:
    """Whether two lines are read on without a space: Han and kana, or a full-width stop."""
    if not before or not after:
        return False
    if after[0] in _FULL_WIDTH_STOPS:
        return True
    return bool(_NO_SPACE_BETWEEN.match(before[-1]) and _NO_SPACE_BETWEEN.match(after[0]))


class _Addresses(LinkifyIt):  # type: ignore[misc]  # the library has no types
    """Bare addresses, also directly behind a letter of a script that is set without spaces."""

    def _on_compile(self) -> None:  # the library's place to change what is compiled next
        self.re["src_ZPCc"] += f"|{_NO_SPACE_BETWEEN.pattern}|{_HANGUL}"


def _addresses() -> LinkifyIt:
    def validate(self: LinkifyIt, text: str, position: int) -> int:
        most = position + _LONGEST_ADDRESS
        end = _NOT_IN_BARE_ADDRESS.search(text, position, most)
        return int(self._validate_http(text[position : end.start() if end else most], 0))

    linkify = _Addresses()
    linkify.set({"fuzzy_link": False, "fuzzy_email": False})
    for scheme in ("http:", "https:"):
        linkify.add(scheme, {"validate": validate})
    for scheme in ("//", "ftp:"):
        linkify.add(scheme, None)
    return linkify


def _typeset(state: StateCore) -> None:
    for token in state.tokens:
        if token.type == "inline" and token.children:
            _typeset_line(token.children)


def _typeset_line(children: Sequence[Token]) -> None:
    before = ""
    waiting: Token | None = None  # a soft break whose right side has not been seen
    for index, child in enumerate(children):
        if child.type == "softbreak" and _is_label(children[index + 1 : index + 8]):
            child.type, child.tag = "hardbreak", "br"  # `**Label:**` begins a line of its own
            before, waiting = "", None
        elif child.type == "softbreak":
            waiting = child
        elif child.type == "hardbreak":
            before, waiting = "", None
        elif child.content:
            if child.type == "text":
                child.content = _BEFORE_FULL_WIDTH.sub("", child.content)
            if waiting is not None and is_joined(before, child.content):
                waiting.meta["joined"] = True
            if child.content:
                before, waiting = child.content, None


def _is_label(children: Sequence[Token]) -> bool:
    """Whether a line opens with bold words and a colon, within or behind the bold."""
    children = [child for child in children if child.content or child.type != "text"]
    if [child.type for child in children[:3]] != ["strong_open", "text", "strong_close"]:
        return False
    behind = children[3].content if len(children) > 3 else ""
    return children[1].content.rstrip().endswith((":", "：")) or behind.startswith((":", "："))


def _render_soft_break(
    renderer: RendererHTML,
    tokens: Sequence[Token],
    index: int,
    options: OptionsDict,
    env: MutableMapping[str, Any],
) -> str:
    return "" if tokens[index].meta.get("joined") else "\n"
