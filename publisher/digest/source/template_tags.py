"""template_tags - what was written for a site generator, taken out before Markdown reads the text.

Liquid and Jinja tags (`{% ... %}`), Hugo shortcodes (`{{< ... >}}`), values (`{{ ... }}`) and
kramdown's attribute lists (`{: .x}`, `{#id}`). A value that the front matter states is put in its
place, a player's shortcode becomes its link; anything else goes and is reported, for nothing here
runs templates. Lines keep their numbers; code and formulas are passed over.
Faults: as findings. Never: leaves out the text between two tags, but for a `{% comment %}`.
See: comments (before), markdown (next).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from publisher.digest.markup.markdown import tidy
from publisher.digest.source.code import Fences, after_span
from publisher.digest.stated.front import Field
from publisher.model import Finding, Level

MOST_REPORTED: Final = 8
_LONGEST: Final = 20_000
_MARK: Final = re.compile(
    r"""`+
    |\\[\\`{$]
    |\$\$?(?=[^\s$])[^$]+(?<=\S)\$\$?(?!\d)  # a formula may hold {{x}}
    |[_^]\{\{(?!\s)
    |\{\{%|\{\{<|\{\{|\{%|\{::comment\}
    |\{:(?:\s*[.#][\w:-]++|\s*[\w-]+=(?:"[^"]*"|'[^']*')|\s*toc(?![\w:-]))+\s*\}
    |\{\#[\w:.-]++(?:[ \t]+[.\w-]++(?:="[^"]*")?)*[ \t]*\}(?=[ \t#]*$)
    """,
    re.VERBOSE,
)
_CLOSE: Final = {"{{%": "%}}", "{{<": ">}}", "{{": "}}", "{%": "%}"}
_WORD: Final = re.compile(r"""(?:([\w-]+)\s*=\s*)?(?:"([^"]*)"|'([^']*)'|`([^`]*)`|([^\s"'`]+))""")
_PAGE: Final = re.compile(
    r"(?:page\.|post\.|\$?frontmatter\.|\$page\.|\.page\.|\.params\.|\.)?([a-z_][\w-]*)"
    r"(?:\s*\|\s*(?:escape|xml_escape|strip|strip_html|markdownify|safe))*",
    re.IGNORECASE,
)
_LITERAL: Final = re.compile(r"""["']([^"'<>]*)["']\s*(?:\|\s*(?:rel|abs)(?:olute|ative)?_?url)?""")
_SITE: Final = re.compile(r"(?:\$?site|\.site)\.(?:url|baseurl|base)|base_?path", re.IGNORECASE)
_WITHOUT_A_VOICE: Final = frozenset(
    {
        "assign", "if", "elsif", "else", "unless", "case", "when", "for", "capture", "set",
        "increment", "decrement", "break", "continue", "raw", "comment", "highlight", "block",
        "extends", "layout", "cycle", "tablerow",
    }
)  # fmt: skip
_EMBEDS: Final = {
    "youtube": "https://www.youtube.com/watch?v={}",
    "vimeo": "https://vimeo.com/{}",
    "instagram": "https://www.instagram.com/p/{}/",
    "tweet": "https://x.com/{}/status/{}",
    "twitter": "https://x.com/{}/status/{}",
    "x": "https://x.com/{}/status/{}",
    "gist": "https://gist.github.com/{}/{}",
}
_NAME: Final = re.compile(r"[\w-]+")
_CLOSING: Final = re.compile(r"[-~\s]*(?:/(?!\*)|end)")


def without_template_tags(text: str, fields: Mapping[str, Field]) -> tuple[str, list[Finding]]:
    """Take template tags out of a body and keep every line where it was."""
    if "{" not in text:
        return text, []
    remover = _Remover(text, fields)
    return remover.run(), remover.findings()


class _Remover:
    """Walks the text once; what is kept is copied in pieces."""

    def __init__(self, text: str, fields: Mapping[str, Field]) -> None:
        self._text = text
        self._fields = fields
        self._kept: list[str] = []
        self._closes: dict[str, int] = {}  # the next place of each closing mark
        self._without_end: set[str] = set()
        self._left_out: list[tuple[int, str, bool]] = []

    def run(self) -> str:
        """Give the text without its tags."""
        text = self._text
        fences = Fences()
        start = 0
        while start < len(text):
            end = _line_end(text, start)
            if fences.holds(text[start:end]):
                self._kept.append(text[start:end])
            else:
                end = self._line(start, end)
            if end < len(text):
                self._kept.append("\n")
            start = end + 1
        return "".join(self._kept)

    def findings(self) -> list[Finding]:
        """Report what was left out, the first of them one by one."""
        found = [self._finding(*one) for one in self._left_out[:MOST_REPORTED]]
        more = len(self._left_out) - len(found)
        if more:
            found.append(
                Finding(
                    Level.NOTE,
                    "digest/template-tag",
                    f"{more} more template tags were left out.",
                    "Write what they stand for into the digest itself, or delete them.",
                )
            )
        return found

    def _line(self, start: int, end: int) -> int:
        """Copy a line without its tags; give its end, a later line's where a tag runs on."""
        text = self._text
        position = start
        while mark := _MARK.search(text, position, end):
            if mark[0][0] == "`":
                position = after_span(text, mark, end)
            elif mark[0] in _CLOSE:
                close = self._close(mark)
                if close < 0:
                    position = mark.end()
                    continue
                self._kept.append(text[start : mark.start()])
                start = position = self._take(mark, close)
                end = _line_end(text, position)
            elif mark[0][:2] in {"{:", "{#"}:
                self._kept.append(text[start : mark.start()].rstrip(" \t"))
                start = position = mark.end()
                if mark[0] == "{::comment}":
                    start = position = self._skip(re.compile(r"\{:/(?:comment)?\}"), position)
                    end = _line_end(text, position)
            else:
                position = mark.end()
        self._kept.append(text[start:end])
        return end

    def _close(self, mark: re.Match[str]) -> int:
        """Find where a tag ends; -1 where it is none."""
        closing = _CLOSE[mark[0]]
        close = self._closes.get(closing, -1)
        if close < mark.end():
            found = self._text.find(closing, mark.end())
            close = self._closes[closing] = found if found >= 0 else len(self._text) + _LONGEST
        if mark[0] == "{{" and (close - mark.end() > 200 or "\n" in self._text[mark.end() : close]):
            return -1
        return close if close - mark.end() <= _LONGEST else -1

    def _take(self, mark: re.Match[str], close: int) -> int:
        """Replace one tag; give the position after it."""
        end = close + len(_CLOSE[mark[0]])
        if mark[0] == "{{" and self._text.startswith("}", end):
            end += 1
        inner = self._text[mark.end() : close].strip("-~{ \t\n/*")
        is_closing = _CLOSING.match(self._text, mark.end(), close) is not None
        name = _NAME.match(inner)
        word = name[0] if name else ""
        if mark[0] == "{{":
            instead = self._value(inner)
        elif is_closing:
            instead = ""
        else:
            if word in {"comment", "raw", "highlight"}:
                return self._block(mark.start(), end, word)
            instead = _embedded(word, inner[len(word) :])
        if instead is None:
            has_voice = mark[0] != "{%" or word not in _WITHOUT_A_VOICE
            self._left_out.append((mark.start(), self._text[mark.start() : end], has_voice))
        self._kept.append((instead or "") + "\n" * self._text.count("\n", mark.start(), end))
        return end

    def _value(self, inner: str) -> str | None:
        """Say what `{{ inner }}` stands for, None where that is not known."""
        if _SITE.fullmatch(inner):
            return ""  # what is left of the address is completed with the newsletter's own
        if literal := _LITERAL.fullmatch(inner):
            return literal[1]
        name = _PAGE.fullmatch(inner)
        field = self._fields.get(name[1].lower()) if name else None
        if field is None or not field.value:
            return None
        return tidy(field.value if isinstance(field.value, str) else ", ".join(field.value))

    def _block(self, start: int, end: int, word: str) -> int:
        """Leave out a comment; keep raw text and code as they are. Give the position after."""
        text = self._text
        ending = re.compile(
            rf"\{{%-?\s*end{word}\s*-?%\}}|\{{\{{[<%]\s*/\s*{word}\s*[>%]\}}\}}",
        )
        found = None if word in self._without_end else ending.search(text, end)
        self._kept.append("\n" * text.count("\n", start, end))
        if found is None:
            self._without_end.add(word)
            return end
        if word == "comment":
            return self._skip(ending, end)
        inner = text[end : found.start()]
        around = (
            text[text.rfind("\n", 0, start) + 1 : start],
            text[end : _line_end(text, end)],
            inner[inner.rfind("\n") + 1 :],
            text[found.end() : _line_end(text, found.end())],
        )
        is_code = word == "highlight" and "\n" in inner and not "".join(around).strip()
        self._kept.append(f"~~~~~{inner}~~~~~" if is_code else inner)
        return found.end()

    def _skip(self, ending: re.Pattern[str], position: int) -> int:
        """Leave out all up to an ending."""
        found = None if ending.pattern in self._without_end else ending.search(self._text, position)
        if found is None:
            self._without_end.add(ending.pattern)
            return position
        self._kept.append("\n" * self._text.count("\n", position, found.end()))
        return found.end()

    def _finding(self, position: int, tag: str, has_voice: bool) -> Finding:
        shown = tidy(tag)
        shown = shown if len(shown) <= 60 else shown[:59] + "…"
        return Finding(
            Level.WARN if has_voice else Level.NOTE,
            "digest/template-tag",
            f"“{shown}” is written for a site generator and was left out.",
            "Write what it stands for into the digest itself, or delete it.",
            self._text.count("\n", 0, position) + 1,
            position - self._text.rfind("\n", 0, position),
        )


def _line_end(text: str, position: int) -> int:
    end = text.find("\n", position)
    return end if end >= 0 else len(text)


def _embedded(word: str, rest: str) -> str | None:
    """Give the link or picture a shortcode stands for, None where it is not known."""
    named: dict[str, str] = {}
    plain: list[str] = []
    for found in _WORD.finditer(rest):
        value = next((part for part in found.groups()[1:] if part is not None), "")
        if found[1]:
            named[found[1].lower()] = value
        else:
            plain.append(value)
    if word in {"ref", "relref", "post_url", "link"}:
        return ""  # an address within the site: the words of the link stay
    if word in {"figure", "img", "image"} and "src" in named:
        words = named.get("caption") or named.get("alt") or named.get("title") or ""
        return f"![{words.replace(']', '')}](<{named['src']}>)"
    named_address = [named[key] for key in ("src", "url", "href", "link") if key in named]
    for value in [*plain, *named_address]:
        if re.fullmatch(r"https?://[^\s<>]+", value):
            return f"<{value}>"
    pattern = _EMBEDS.get(word)
    ids = [named[key] for key in ("user", "id") if key in named] or plain
    if not pattern or not ids or not all(_NAME.fullmatch(part) for part in ids):
        return None
    if pattern.count("{}") == 2 and len(ids) == 1:
        ids = ["i", *ids] if word != "gist" else ids
    return f"<{pattern.format(*ids)}>" if pattern.count("{}") <= len(ids) else None
