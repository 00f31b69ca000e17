"""front - the front matter: YAML, TOML, a Pelican header, or none.

Every value comes out as the text that was written (`slug: 008` is "008", `send: no` is "no"), with
its line; what it means is decided by directives. YAML is read as events, so that tags, anchors and
deep nesting cost nothing and do nothing.
Faults: broken front matter is a `stop` finding with its line and column.
Never: takes a rule (`---`) at the top for front matter. See: directives (next).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import yaml

from publisher.digest.characters import scrub
from publisher.model import Finding, Level

KNOWN: Final = frozenset(
    {
        "id", "title", "number", "issue", "date", "pubdate", "pubdatetime", "publishedat",
        "language", "lang", "locale", "authors", "author", "tags", "topics", "categories",
        "category", "image", "cover", "draft", "send", "subject", "slug", "description",
        "summary", "layout", "permalink", "name", "modified", "status", "keywords",
    }
)  # fmt: skip
"""Keys that make a first line `Key: value` a header."""
MOST_LINES: Final = 1000
MOST_BRACKETS: Final = 1000

_KEY_LINE: Final = re.compile(r"""^["']?[A-Za-z_][\w .-]{0,60}?["']?\s*:(?:\s|$)""")
_HEADER_LINE: Final = re.compile(r"^([A-Za-z_][\w -]{0,40}?):[ \t]*(.*)$")
_TOML_PLACE: Final = re.compile(r"\s*\(at line (\d+), column (\d+)\)|\s*\(at end of document\)")
_QUOTE_IT: Final = 'Put values that hold a colon or begin with a sign in quotes: title: "A: B".'


@dataclass(frozen=True, slots=True)
class Field:
    """One value as written: a text, a list of texts, or None where it is neither; and its line."""

    value: str | tuple[str, ...] | None
    line: int


@dataclass(frozen=True, slots=True)
class Front:
    """The fields by lower-case key, and the digest with the front matter's lines left empty."""

    body: str
    fields: Mapping[str, Field] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


class _BrokenError(Exception):
    def __init__(self, problem: str, line: int, column: int | None, hint: str) -> None:
        super().__init__(problem)
        self.problem, self.line, self.column, self.hint = problem, line, column, hint


def split(text: str) -> Front:
    """Part the front matter from the body, lines unchanged."""
    lines = text.split("\n")
    first = next((n for n, line in enumerate(lines) if line.strip()), 0)
    fence = lines[first].rstrip()
    if fence in {"---", "+++"}:
        end = _fence_end(lines, first, fence)
        if end is None:
            return Front(text, {}, _unclosed(lines, first, fence))
        read = _yaml if fence == "---" else _toml
        source, last = lines[first + 1 : end], end
    else:
        end = _header_end(lines, first)
        if end is None:
            return Front(text)
        read, source, last = _header, lines[first:end], end - 1
    body = "\n".join([""] * (last + 1) + lines[last + 1 :])
    offset = first + (2 if read is not _header else 1)
    try:
        fields = read("\n".join(source), offset)
    except _BrokenError as broken:
        finding = Finding(
            Level.STOP,
            "digest/front-matter",
            f"The front matter cannot be read: {broken.problem}.",
            broken.hint,
            broken.line,
            broken.column,
        )
        return Front(body, {}, (finding,))
    return Front(body, {key: _scrubbed(value) for key, value in fields.items()})


def _scrubbed(value: Field) -> Field:
    if isinstance(value.value, str):
        return Field(scrub(value.value).strip(), value.line)
    if isinstance(value.value, tuple):
        return Field(tuple(scrub(part).strip() for part in value.value), value.line)
    return value


def _fence_end(lines: list[str], first: int, fence: str) -> int | None:
    ends = {"---", "..."} if fence == "---" else {"+++"}
    for number in range(first + 1, min(len(lines), first + MOST_LINES)):
        if lines[number].rstrip() in ends:
            inner = lines[first + 1 : number]
            return number if fence == "+++" or _looks_like_yaml(inner) else None
    return None


def _unclosed(lines: list[str], first: int, fence: str) -> tuple[Finding, ...]:
    """Complain of front matter that never ends: a known key, and no closing fence below it."""
    below = lines[first + 1 : first + MOST_LINES]
    key = re.match(r"""["']?([A-Za-z_]+)["']?\s*[:=]""", below[0]) if below else None
    if key is None or key[1].casefold() not in KNOWN or fence in map(str.rstrip, below):
        return ()
    return (
        Finding(
            Level.STOP,
            "digest/front-matter",
            f"The front matter begins here with {fence} and never ends.",
            f"Write a line of {fence} after its last line; without front matter, delete this one.",
            first + 1,
        ),
    )


def _looks_like_yaml(lines: list[str]) -> bool:
    """Whether the first line that says something is a key, or nothing is said at all."""
    for line in lines:
        if line.strip() and not line.startswith("# "):
            return bool(_KEY_LINE.match(line)) or line.startswith(("#", "{"))
    return not any(line.startswith("# ") for line in lines)


def _yaml(source: str, offset: int) -> dict[str, Field]:
    if source.count("[") + source.count("{") > MOST_BRACKETS:  # reading them costs their square
        raise _BrokenError("it holds too many brackets", offset, 1, _QUOTE_IT)
    try:
        return _yaml_fields(source, offset)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = error.problem or error.context or "it is not YAML"
        line = offset + (mark.line if mark else 0)
        column = mark.column + 1 if mark else None
        raise _BrokenError(problem, line, column, _QUOTE_IT) from error
    except yaml.YAMLError as error:
        raise _BrokenError(
            "a character in it is not allowed in YAML", offset, 1, _QUOTE_IT
        ) from error


def _yaml_fields(source: str, offset: int) -> dict[str, Field]:
    fields: dict[str, Field] = {}
    key: str | None = None
    items: list[str] | None = None  # of the list being read, None where it is something else
    line = depth = 0
    for event in yaml.parse(source, Loader=yaml.SafeLoader):
        match event:
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                depth += 1
                is_list = isinstance(event, yaml.SequenceStartEvent)
                if depth == 1 and is_list:
                    raise _not_fields(offset + _line(event))
                if depth == 2:
                    items = [] if is_list else None
                elif depth > 2:
                    items = None
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                depth -= 1
                if depth == 1 and key is not None:
                    value = tuple(items) if items is not None else None
                    fields[key.casefold()] = Field(value, line)
                    key = None
            case yaml.ScalarEvent() | yaml.AliasEvent():
                value_text = _scalar(event)
                if depth == 0:
                    raise _not_fields(offset + _line(event))
                if depth == 2 and items is not None and value_text is not None:
                    items.append(value_text)
                elif depth == 1 and key is None:
                    key, line = value_text or "", offset + _line(event)
                elif depth == 1 and key is not None:
                    if value_text is not None:
                        fields[key.casefold()] = Field(value_text, line)
                    key = None
            case _:
                pass
    return fields


def _line(event: yaml.Event) -> int:
    return event.start_mark.line if event.start_mark else 0


def _scalar(event: yaml.Event) -> str | None:
    """Give a scalar as written; None for null and for what only points elsewhere."""
    if not isinstance(event, yaml.ScalarEvent):
        return None
    value = str(event.value)
    return None if event.style is None and value in {"", "~", "null", "Null", "NULL"} else value


def _not_fields(line: int) -> _BrokenError:
    return _BrokenError(
        "it should hold lines such as `title: My digest`", line, 1, "Write one `key: value` a line."
    )


def _toml(source: str, offset: int) -> dict[str, Field]:
    try:
        table = tomllib.loads(source)
    except (ValueError, RecursionError) as error:
        words = str(error) if isinstance(error, ValueError) else "it is nested too deeply"
        place = _TOML_PLACE.search(words)
        last = source.count("\n")
        line = offset + (int(place[1]) - 1 if place and place[1] else last)
        column = int(place[2]) if place and place[2] else len(source) - source.rfind("\n")
        problem = _TOML_PLACE.sub("", words) or "it is not TOML"
        hint = 'Put texts in quotes, one `key = "value"` a line.'
        raise _BrokenError(problem[:1].lower() + problem[1:], line, column, hint) from error
    places: dict[str, int] = {}
    for number, line_text in enumerate(source.split("\n")):
        key = line_text.partition("=")[0].strip().strip("\"'")
        places.setdefault(key, offset + number)
    return {
        key.casefold(): Field(_toml_value(value), places.get(key, offset))
        for key, value in table.items()
    }


def _toml_value(value: object) -> str | tuple[str, ...] | None:
    if isinstance(value, dict):
        return None
    if isinstance(value, list):
        if any(isinstance(part, dict | list) for part in value):
            return None
        return tuple(_toml_text(part) for part in value)
    return _toml_text(value)


def _toml_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _header_end(lines: list[str], first: int) -> int | None:
    """Give the line after a Pelican header, or None where the digest has none."""
    found = _HEADER_LINE.match(lines[first])
    if not found or found[1].casefold() not in KNOWN:
        return None
    for number in range(first, min(len(lines), first + MOST_LINES)):
        line = lines[number]
        if not line.strip():
            return number
        if not _HEADER_LINE.match(line) and not (number > first and line[0] in " \t"):
            return None
    return len(lines) if len(lines) - first < MOST_LINES else None


def _header(source: str, offset: int) -> dict[str, Field]:
    fields: dict[str, Field] = {}
    key = ""
    for number, line in enumerate(source.split("\n")):
        found = _HEADER_LINE.match(line)
        if found:
            key = found[1].casefold()
            fields[key] = Field(found[2].strip(), offset + number)
        elif key and isinstance(before := fields[key].value, str):
            fields[key] = Field(f"{before} {line.strip()}".strip(), fields[key].line)
    return {key: value for key, value in fields.items() if value.value}
