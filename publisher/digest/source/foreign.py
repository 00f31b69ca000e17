"""foreign - texts that are written in another markup than Markdown, told by their signs.

Read as Markdown such a text would come out with its marks in it and its links lost. It is refused
only where its signs are of two kinds, more than one is that markup's own, and together they
outnumber its Markdown links; code is passed over, for digests quote other markups.
Faults: one `stop` finding with the line that shows it and the line to type.
Never: converts. See: front (before), markdown (what is read instead).
"""

from __future__ import annotations

import re
from typing import Final

from publisher.digest.source.code import Fences
from publisher.model import Finding, Level

_MARKDOWN: Final = re.compile(r"\]\((?:https?:|[#/.<])|^#{1,6} \S|^\[[^\]\n]+\]: ?\S", re.MULTILINE)
_WHOLE: Final = (
    ("HTML", "html", re.compile(r"(?:<\?xml[^>]*>\s*)?<(?:!doctype html\b|html[\s>])", re.I)),
    ("RTF", "rtf", re.compile(r"\{\\rtf\d")),
)
"""What nothing but the beginning of such a file looks like."""
_SIGNS: Final = {
    "reStructuredText": (
        r"^\.\. (?:_[^\n]+:(?:\s|$)|\[[^\]\n]+\] |\|[^|\n]+\| [\w-]+::|[a-z][\w-]*::)",  # explicit markup
        r"`[^`\n]+`__?(?![\w`])",  # a reference
        r"^(?=\S)[^\n]{2,}\n([#*^\"'+.:~`=-])\1{3,}[ \t]*$(?=\n)",  # text over a line of one sign
        r"^:[A-Za-z][\w -]*:(?: |$)",  # a field
    ),
    "AsciiDoc": (
        r"^={1,6} \S[^\n]*$",
        r"(?:https?://|link:|xref:|image::?)[^\s\[\]]{1,500}\[(?:[^\]\n\d]{1,200})?\]",
        r"^:!?[A-Za-z][\w-]*!?:(?: |$)",
        r"^\[(?:source|quote|NOTE|TIP|IMPORTANT|WARNING|verse|abstract)[^\]\n]*\]$",
    ),
    "Org": (
        r"^\#\+[A-Za-z_]+:",
        r"\[\[(?:https?|file|mailto):[^\]\n]{1,500}\]\[[^\]\n]{1,500}\]\]",
        r"^\*{2,6} \S",
        r"^[ \t]*:(?:PROPERTIES|END):[ \t]*$",
    ),
}
"""Each markup's signs, the first two of which are its own."""
_TESTED: Final = {
    name: tuple(re.compile(sign, re.MULTILINE) for sign in signs) for name, signs in _SIGNS.items()
}
_PANDOC: Final = {"reStructuredText": "rst", "AsciiDoc": "asciidoc", "Org": "org"}


def not_markdown(body: str) -> Finding | None:
    """Tell a text in another markup, with the remedy; the body's lines are the digest's."""
    begin = body.lstrip()
    for name, reader, sign in _WHOLE:
        if sign.match(begin):
            return _finding(name, reader, body.count("\n", 0, len(body) - len(begin)) + 1)
    text = _without_code(body)
    markdown = sum(1 for _ in _MARKDOWN.finditer(text))
    for name, signs in _TESTED.items():
        counts = [[found.start() for found in sign.finditer(text)] for sign in signs]
        total = sum(map(len, counts))
        kinds = sum(map(bool, counts))
        if len(counts[0]) + len(counts[1]) >= 2 <= kinds and total > markdown:
            first = min(places[0] for places in counts[:2] if places)
            return _finding(name, _PANDOC[name], text.count("\n", 0, first) + 1)
    return None


def _without_code(body: str) -> str:
    fences = Fences()
    lines = []
    above = ""
    for line in body.split("\n"):
        # A run of tildes as long as the text above it underlines a heading of reStructuredText.
        underlines = above.strip() and len(line) >= len(above.rstrip()) and not line.strip("~`")
        lines.append("" if not underlines and fences.holds(line) else line)
        above = line
    return "\n".join(lines)


def _finding(name: str, reader: str, line: int) -> Finding:
    return Finding(
        Level.STOP,
        "digest/not-markdown",
        f"This digest is written in {name}, as this line shows; Publisher reads Markdown.",
        f"Turn it into Markdown, for example so: pandoc -f {reader} -t commonmark_x OLD -o NEW.md",
        line,
        1,
    )
