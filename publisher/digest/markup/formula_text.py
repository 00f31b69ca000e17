"""formula_text - a formula as characters: `S²M²`, `θ_{t+1}`, `√(a+b)/2`.

Made of the MathML, so that titles and the text edition say what the page shows. What Unicode has no
raised or lowered letters for stands behind `^` or `_`, in braces where it is longer than a letter;
mail and feeds set those as such.
Faults: none. Never: the tree itself. See: formulas.
"""

from __future__ import annotations

import html
import re
from typing import Final
from unicodedata import normalize
from xml.etree.ElementTree import Element

_RAISED: Final = str.maketrans("0123456789+-−=()ni", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿⁱ")
_LOWERED: Final = str.maketrans("0123456789+-−=()ijknt", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎ᵢⱼₖₙₜ")
_ACCENTS: Final = {
    "^": "\u0302", "~": "\u0303", "¯": "\u0304", "―": "\u0304", "‾": "\u0304", "˙": "\u0307",
    "¨": "\u0308", "→": "\u20d7", "ˇ": "\u030c",
}  # fmt: skip
_LONGEST_UNDER_ACCENTS: Final = 4
_CLOSING: Final = frozenset(")]}|‖⌋⌉")
_BRACES: Final = frozenset("⏟⏞")
_BIG: Final = frozenset("∑∏∐∫∬∭∮⋃⋂⨁⨂")
_NAMES: Final = frozenset(
    {
        "arg", "argmax", "argmin", "cos", "deg", "det", "dim", "exp", "inf", "ker", "lim", "ln",
        "log", "max", "min", "sin", "sup", "tan", "tanh",
    }
)  # fmt: skip
"""Functions that stand before their argument without a bracket."""
_RELATIONS: Final = frozenset("=<>≤≥≈≠∈∉→←⇒⇔∼≃≡⊂⊆∝:↦≪≫")
_PRIMES: Final = frozenset("′″‴*†")
_SCRIPTED: Final = frozenset({"msup", "msub", "msubsup", "mover", "munder", "munderover"})
_STRUCTURES: Final = _SCRIPTED | {"mfrac", "msqrt", "mroot"}
_SINGLE: Final = re.compile(
    r"[∂√∇]?(?:[^\W_][\u0300-\u036f\u20d7]*)(?:[₀-₉ᵢⱼₖₙₜ₊₋⁰-⁹²³¹ⁿⁱ′]|[_^](?:\w|\{[^{}]*\}))*"
)
"""One letter with whatever is set around it."""
_OPEN_SCRIPT: Final = re.compile(r"[_^](?:\w|\{[^{}]*\})\Z")
_ROOTS: Final = frozenset({"msqrt", "mroot"})


def readable(element: Element) -> str:
    """Give a formula as one line of text."""
    return normalize("NFC", " ".join(_text(element).split()))


def _text(element: Element, *, in_script: bool = False) -> str:
    name = element.tag
    parts = list(element)
    if name in _STRUCTURES and parts:
        return _structure(name, parts, is_stacked=element.get("linethickness") == "0")
    match name:
        case "mtable":
            return "; ".join(_text(row) for row in parts)
        case "mtr":
            return " ".join(_text(cell) for cell in parts)
        case "mspace":
            return " "
        case _ if not parts:
            return _own_text(element)
    return _row(parts, in_script=in_script)


def _own_text(element: Element) -> str:
    return html.unescape(element.text or "")


def _row(parts: list[Element], *, in_script: bool) -> str:
    """Put parts side by side: relations between spaces, names of functions, fractions."""
    out = ""
    before: Element | None = None
    for part in parts:
        text = _text(part, in_script=in_script)
        if part.tag == "mtable" and out.endswith("{"):  # the cases of a function
            text = "; ".join(", ".join(map(_text, row)) for row in part)
        if part.tag == "mo" and text in _RELATIONS and not in_script:
            text = f" {text} " if out else f"{text} "
        elif text == "," and not in_script:
            text = ", "
        elif _stands_apart(before, part, text) or _runs_on(out, before, text):
            text = f" {text}"
        out += text
        before = part
    return out


def _stands_apart(before: Element | None, part: Element, text: str) -> bool:
    """Whether a space belongs before a part, so that two are not read as one."""
    if before is None:
        return False
    is_word = text[:1].isalnum() or text[:1] in _BIG or text[:1] == "√"
    follows_word = before.tag not in {"mo", "mspace"} or _is_name(before)
    if _is_name(_kernel(part)):
        return follows_word or _own_text(before) in _CLOSING
    kernel = _kernel(before)
    if kernel is not before and (_is_name(kernel) or _own_text(kernel) in _BIG):
        return is_word or text[:1] in "(["
    if _is_name(before):
        return is_word
    return "mfrac" in {before.tag, part.tag} and is_word and follows_word


def _runs_on(out: str, before: Element | None, text: str) -> bool:
    """Whether a letter would be read as the end of a script, or as under the root before it."""
    is_open = before is not None and (_unwrapped(before).tag in _ROOTS or _OPEN_SCRIPT.search(out))
    return bool(is_open) and (text[:1].isalnum() or text[:1] == "√")


def _unwrapped(part: Element) -> Element:
    while part.tag in {"mrow", "mstyle"} and len(part) == 1:
        part = part[0]
    return part


def _kernel(part: Element) -> Element:
    """Give what carries the scripts of a part."""
    while len(part) and part.tag in _SCRIPTED | {"mrow"}:
        part = part[0]
    return part


def _is_name(part: Element) -> bool:
    text = _own_text(part)
    return text in _NAMES or (part.tag == "mi" and len(text) > 1 and text.isascii())


def _structure(name: str, parts: list[Element], *, is_stacked: bool) -> str:
    base = _text(parts[0])
    if name in {"msup", "msub", "msubsup"} and _unwrapped(parts[0]).tag in _ROOTS | {"mfrac"}:
        base = f"({base})"
    rest = [_text(part, in_script=True).strip() for part in parts[1:]]
    match name:
        case "msup" | "mover":
            accent = _ACCENTS.get(rest[0]) if name == "mover" and rest else None
            if accent and len(base) <= _LONGEST_UNDER_ACCENTS:
                return "".join(sign + accent for sign in base)
            if rest and rest[0] in _BRACES:
                return _grouped(base)
            return base + (_script("^", rest[0]) if rest else "")
        case "msub" | "munder":
            if rest and rest[0] in _BRACES:
                return _grouped(base)
            return base + (_script("_", rest[0]) if rest else "")
        case "msubsup" | "munderover":
            return base + "".join(map(_script, "_^", rest))
        case "mfrac" if is_stacked:
            return f"{base}; {rest[0] if rest else ''}"
        case "mfrac":
            below = _together(rest[0], parts[1:]) if rest else "()"
            return f"{_grouped(base)}/{below}"
        case "msqrt":
            return f"√{_together(_row(parts, in_script=False), parts)}"
        case _:
            degree = rest[0].translate(_RAISED) if rest else ""
            return f"{degree}√{_together(base, parts[:1])}"


def _script(mark: str, text: str) -> str:
    """Set a text high or low, in characters where there are some."""
    if not text or set(text) <= _PRIMES:
        return text
    small = text.translate(_RAISED if mark == "^" else _LOWERED)
    if len(text) <= 3 and all(a != b for a, b in zip(text, small, strict=True)):
        return small
    return f"{mark}{text}" if len(text) == 1 else f"{mark}{{{text}}}"


def _grouped(text: str) -> str:
    is_one = text.isalnum() or _SINGLE.fullmatch(text)
    return text if is_one else f"({text.strip()})"


def _together(text: str, parts: list[Element]) -> str:
    """Put what stands below a line or under a root into brackets, a product of letters too."""
    is_one = len(parts) == 1 and not len(_unwrapped(parts[0])) and text.isalnum()
    return text if is_one or _SINGLE.fullmatch(text) else f"({text.strip()})"
