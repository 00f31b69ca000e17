"""formula_text - a formula as characters: `S²M²`, `θ_{t+1}`, `√(a+b)/2`.

Made of the MathML, so that titles and the text edition say what the page shows. What Unicode has no
raised or lowered letters for stands behind `^` or `_`, in braces where it is longer than a letter;
mail and feeds set those as such.
Faults: none. Never: the tree itself. See: formulas.
"""

from __future__ import annotations

import html
from typing import Final
from xml.etree.ElementTree import Element

_RAISED: Final = str.maketrans("0123456789+-−=()ni", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿⁱ")
_LOWERED: Final = str.maketrans("0123456789+-−=()ijknt", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎ᵢⱼₖₙₜ")
_ACCENTS: Final = {
    "^": "\u0302", "~": "\u0303", "¯": "\u0304", "―": "\u0304", "‾": "\u0304", "˙": "\u0307",
    "¨": "\u0308", "→": "\u20d7", "ˇ": "\u030c",
}  # fmt: skip
_RELATIONS: Final = frozenset("=<>≤≥≈≠∈∉→←⇒⇔∼≃≡⊂⊆∝:↦≪≫")
_PRIMES: Final = frozenset("′″‴*†")
_STRUCTURES: Final = frozenset(
    {"msup", "msub", "msubsup", "mover", "munder", "munderover", "mfrac", "msqrt", "mroot"}
)


def readable(element: Element) -> str:
    """Give a formula as one line of text."""
    return " ".join(_text(element).split())


def _text(element: Element, *, in_script: bool = False) -> str:
    name = element.tag
    parts = list(element)
    if name in _STRUCTURES and parts:
        return _structure(name, parts)
    match name:
        case "mtable":
            return "; ".join(_text(row) for row in parts)
        case "mtr":
            return " ".join(_text(cell) for cell in parts)
        case "mspace":
            return " "
        case _ if not parts:
            return html.unescape(element.text or "")
    return _row(parts, in_script=in_script)


def _row(parts: list[Element], *, in_script: bool) -> str:
    """Put parts side by side: relations between spaces, and names of functions."""
    out = ""
    for part in parts:
        text = _text(part, in_script=in_script)
        is_name = part.tag == "mi" and len(text) > 1 and text.isascii()
        if (part.tag == "mo" and text in _RELATIONS and not in_script) or text == ",":
            text = f"{text} " if text == "," or not out else f" {text} "
        elif (is_name and out[-1:].isalnum()) or (text[:1].isalpha() and _ends_in_name(out)):
            text = f" {text}"
        out += text
    return out


def _ends_in_name(text: str) -> bool:
    return text.endswith(("log", "ln", "exp", "sin", "cos", "tan", "max", "min", "det", "lim"))


def _structure(name: str, parts: list[Element]) -> str:
    base = _text(parts[0])
    rest = [_text(part, in_script=True).strip() for part in parts[1:]]
    match name:
        case "msup" | "mover":
            accent = _ACCENTS.get(rest[0]) if name == "mover" and rest else None
            if accent and len(base) == 1:
                return base + accent
            return base + (_script("^", rest[0]) if rest else "")
        case "msub" | "munder":
            return base + (_script("_", rest[0]) if rest else "")
        case "msubsup" | "munderover":
            return base + "".join(map(_script, "_^", rest))
        case "mfrac":
            return f"{_grouped(base)}/{_grouped(rest[0] if rest else '')}"
        case "msqrt":
            return f"√{_grouped(_row(parts, in_script=False))}"
        case _:
            degree = rest[0].translate(_RAISED) if rest else ""
            return f"{degree}√{_grouped(base)}"


def _script(mark: str, text: str) -> str:
    """Set a text high or low, in characters where there are some."""
    if not text or set(text) <= _PRIMES:
        return text
    small = text.translate(_RAISED if mark == "^" else _LOWERED)
    if len(text) <= 3 and all(a != b for a, b in zip(text, small, strict=True)):
        return small
    return f"{mark}{text}" if len(text) == 1 else f"{mark}{{{text}}}"


def _grouped(text: str) -> str:
    return text if text.isalnum() else f"({text.strip()})"
