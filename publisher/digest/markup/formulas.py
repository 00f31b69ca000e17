r"""formulas - mathematics told apart from prices: `$...$`, `$$...$$`, `\(...\)` and `\[...\]`.

A formula opens before something that is no space and closes behind such; no digit stands outside
the dollars, and what is in them reads like TeX, not like prose. It becomes MathML, with the same as
readable characters beside it: for titles and the text edition, and for mail and feeds, whose
readers know no MathML.
Faults: TeX that cannot be read is shown as it was written. Never: takes long over a formula.
See: formula_text (the readable form), markdown (runs the rules).
"""

from __future__ import annotations

import html
import re
from collections.abc import MutableMapping, Sequence
from typing import Any, Final
from xml.etree.ElementTree import Element, tostring

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import OptionsDict

from publisher.digest.markup.formula_text import readable
from publisher.digest.source.characters import scrub

MOST_TEX: Final = 2000
_MOST_LINES: Final = 100
_DEEPEST: Final = 30
_PASSED: Final = "lines without dollars at their end"
_CLOSE: Final = {"\\(": "\\)", "\\[": "\\]"}
_SIGN: Final = re.compile(r"[\\^_={}<>]|\s[-+*/|]\s")
_CLEAR_SIGN: Final = re.compile(r"\\[a-zA-Z]|\^|_\{|=")
_LETTER_OR_DIGIT: Final = re.compile(r"[^\W_]")
_WORDS: Final = re.compile(r"[^\W\d_]+")
_HAN_AND_KANA: Final = re.compile("[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]")
_DEFINES: Final = re.compile(r"\\(?:new|renew|provide)?(?:command|environment)|\\[gex]?def|\\let")
_NESTS: Final = re.compile(
    r"[{}]|\\(?:left|begin|right|end)(?![a-zA-Z])|\\(?:frac|sqrt)(?![a-zA-Z])"
)
_UNKNOWN: Final = re.compile(r"\\[a-zA-Z]")
_SAME: Final = (
    (re.compile(r"\\arg(?![a-zA-Z])"), r"\\operatorname{arg}"),
    (re.compile(r"\\(begin|end)\{(?:aligned|split)\}"), r"\\\1{align*}"),
)
"""What the library does not know, and what it knows that says the same."""
_MOST_PARTS: Final = {"msub": 2, "msup": 2, "msubsup": 3}


def formulas(markdown: MarkdownIt) -> None:
    """Teach a parser formulas; a plug-in."""
    markdown.inline.ruler.before("escape", "formula", _in_line)
    markdown.block.ruler.before(
        "fence", "formula", _on_lines, {"alt": ["paragraph", "reference", "blockquote", "list"]}
    )
    markdown.add_render_rule("formula", _render)


def _in_line(state: StateInline, silent: bool) -> bool:
    source, start = state.src, state.pos
    if source[start] not in "$\\":
        return False
    mark = source[start : start + 2]
    if mark in _CLOSE or (mark == "$$" and source[start - 1 : start] != "$"):
        closing = _CLOSE.get(mark, mark)
        end = source.find(closing, start + 2, start + 2 + MOST_TEX)
    elif mark[0] == "$":
        mark = closing = "$"
        end = _single_end(source, start)
    else:
        return False
    tex = source[start + len(mark) : end]
    if end < 0 or not _is_formula(tex, clearly=mark in _CLOSE):
        return False
    state.pos = end + len(closing)
    if not silent:
        written = source[start : state.pos]
        element = _read(tex, is_block=mark not in {"$", "\\("})
        token = state.push("text" if element is None else "formula", "", 0)
        token.content = written if element is None else scrub(readable(element))
        if element is not None:
            token.meta = {"mathml": _markup(element, token.content)}
    return True


def _single_end(source: str, start: int) -> int:
    """Find the dollar that closes one; -1 where this is a price."""
    if start and (source[start - 1].isdigit() or source[start - 1] == "$"):
        return -1
    end = start
    while (end := source.find("$", end + 1, start + MOST_TEX)) >= 0:
        if source[end - 1] != "\\":
            break
    inner, after = source[start + 1 : end], source[end + 1 : end + 2]
    if end < 0 or inner != inner.strip() or after.isdigit() or after == "$":
        return -1
    return -1 if after.isascii() and after.isalpha() and not _SIGN.search(inner) else end


def _is_formula(tex: str, *, clearly: bool) -> bool:
    """Whether a text reads like TeX rather than like the prose between two prices."""
    if (
        not _LETTER_OR_DIGIT.search(tex)
        or tex[0] == "$"
        or "`" in tex
        or "](" in tex
        or "://" in tex
    ):
        return False
    if clearly:
        return _CLEAR_SIGN.search(tex) is not None
    if "\\" not in tex and _HAN_AND_KANA.search(tex):
        return False
    if _SIGN.search(tex) or not re.search(r"\s", tex.strip()):
        return True
    return not tex[0].isdigit() and all(len(word) < 3 for word in _WORDS.findall(tex))


def _on_lines(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Keep the lines between `$$` and `$$` together, whatever they begin with."""
    if state.is_code_block(start):
        return False
    first = _line(state, start)
    if not first.startswith("$$") or (len(first) > 3 and first.endswith("$$")):
        return False
    last = _block_end(state, start, end)
    if last < 0:
        return False
    lines = [_line(state, number) for number in range(start, last + 1)]
    content = "\n".join(lines)
    if len(content) > MOST_TEX or not _is_formula(content.strip("$"), clearly=False):
        return False
    if silent:
        return True
    state.line = start + len(lines)
    state.push("paragraph_open", "p", 1).map = [start, state.line]
    token = state.push("inline", "", 0)
    token.map, token.content, token.children = [start, state.line], content, []
    state.push("paragraph_close", "p", -1)
    return True


def _line(state: StateBlock, number: int) -> str:
    return state.src[state.bMarks[number] + state.tShift[number] : state.eMarks[number]].rstrip()


def _block_end(state: StateBlock, start: int, end: int) -> int:
    """Find the line that ends with dollars; -1 where there is none before an empty line.

    Lines once looked at in vain are not looked at again.
    """
    passed = state.env.get(_PASSED, 0)
    for number in range(max(start + 1, passed), min(end, start + _MOST_LINES)):
        if state.isEmpty(number) or state.sCount[number] < state.blkIndent:
            return -1
        if _line(state, number).endswith("$$"):
            return number
        state.env[_PASSED] = number + 1
    return -1


def _read(tex: str, *, is_block: bool) -> Element | None:
    """Give TeX as MathML, None where it cannot be read; definitions could grow without end."""
    if _DEFINES.search(tex) or _is_too_deep(tex):
        return None
    # here, because most digests have none, and its tables take longer to load than many to read
    from latex2mathml.converter import convert_to_element

    try:
        for written, known in _SAME:
            tex = written.sub(known, tex)
        element = convert_to_element(tex.strip(), display="block" if is_block else "inline")
    except Exception:  # the library has faults of many kinds for broken TeX, IndexError among them
        return None
    _put_right(element)
    return None if any(_UNKNOWN.match(part.text or "") for part in element.iter()) else element


def _put_right(element: Element) -> None:
    """Put in one row what a script belongs to: of a matrix the library leaves it in parts."""
    for part in list(element.iter()):
        scripts = _MOST_PARTS.get(part.tag, 0) - 1
        if 0 < scripts < len(part) - 1:
            row = Element("mrow")
            row.extend(part[:-scripts])
            part[:-scripts] = [row]


def _is_too_deep(tex: str) -> bool:
    depth = 0
    for found in _NESTS.findall(tex):
        depth += -1 if found in {"}", "\\right", "\\end"} else 1
        if depth > _DEEPEST:
            return True
    return False


def _markup(element: Element, text: str) -> str:
    element.set("alttext", text)
    element.attrib.pop("xmlns", None)  # HTML needs none
    for part in element.iter():
        part.text = html.unescape(part.text) if part.text else part.text
    return tostring(element, encoding="unicode")


def _render(
    renderer: RendererHTML,
    tokens: Sequence[Token],
    index: int,
    options: OptionsDict,
    env: MutableMapping[str, Any],
) -> str:
    return str(tokens[index].meta["mathml"])
