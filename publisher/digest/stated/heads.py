"""heads - the ways to write front matter: YAML, TOML, JSON, Zine's, and plain header lines.

Each reader takes the lines between the fences and gives every value as the text that was written,
with its line. What is nested comes out flat: `[extra] authors` is `extra.authors`, a list of people
with a `name` each is the list of their names, and the picture that a `head:` of meta tags names is
`og:image`. YAML is read as events, so that tags, anchors and deep nesting cost nothing and do
nothing.
Faults: BrokenError with problem, line, column and hint; front makes a finding of it.
Never: decides what a value means. See: front (which reader), directives (the meaning).
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

import yaml

Node: TypeAlias = "str | list[Node] | dict[str, tuple[Node, int]] | None"
"""A value: a text, a list, fields with their lines, or None for null and what points elsewhere."""

MOST_BRACKETS: Final = 1000
HEADER_LINE: Final = re.compile(r"^([A-Za-z_][\w -]{0,40}?):[ \t]*(.*)$")
_TOML_PLACE: Final = re.compile(r"\s*\(at line (\d+), column (\d+)\)|\s*\(at end of document\)")
_QUOTE_IT: Final = 'Put values that hold a colon or begin with a sign in quotes: title: "A: B".'


@dataclass(frozen=True, slots=True)
class Field:
    """One value as written: a text, a list of texts, or None where it is neither; and its line."""

    value: str | tuple[str, ...] | None
    line: int


class BrokenError(Exception):
    """Front matter that cannot be read."""

    def __init__(self, problem: str, line: int, column: int | None, hint: str) -> None:
        super().__init__(problem)
        self.problem, self.line, self.column, self.hint = problem, line, column, hint


# --- what is nested, flat ---------------------------------------------------------


def _flat(fields: Mapping[str, tuple[Node, int]]) -> dict[str, Field]:
    flat: dict[str, Field] = {}
    for key, (node, line) in fields.items():
        name = key.casefold()
        if node is None:
            continue
        flat[name] = Field(_value(node), line)
        if isinstance(node, dict):
            for below, (inner, at) in node.items():
                if (value := _value(inner)) is not None:
                    flat.setdefault(f"{name}.{below.casefold()}", Field(value, at))
        elif name == "head" and (picture := next(_pictures(node), None)):
            flat.setdefault("og:image", Field(picture, line))
    return flat


def _value(node: Node) -> str | tuple[str, ...] | None:
    if isinstance(node, list):
        texts = [_name(part) for part in node]
        return tuple(text for text in texts if text is not None) if all(texts) else None
    return node if isinstance(node, str) else None


def _name(node: Node) -> str | None:
    """Give a text, or the name of what has one."""
    if isinstance(node, dict):
        named = next((value for key, (value, _) in node.items() if key.casefold() == "name"), None)
        return named if isinstance(named, str) else None
    return node if isinstance(node, str) else None


def _pictures(node: Node) -> Iterator[str]:
    """Give the addresses of a head's `og:image` meta tags."""
    waiting = [node]
    while waiting:
        one = waiting.pop(0)
        if isinstance(one, list):
            waiting += one
        elif isinstance(one, dict):
            texts = {key: value for key, (value, _) in one.items() if isinstance(value, str)}
            if "og:image" in (texts.get("property"), texts.get("name")) and "content" in texts:
                yield texts["content"]


# --- YAML -------------------------------------------------------------------------


def read_yaml(source: str, offset: int) -> dict[str, Field]:
    """Read YAML; `offset` is the digest's line its first line has."""
    if source.count("[") + source.count("{") > MOST_BRACKETS:  # reading them costs their square
        raise BrokenError("it holds too many brackets", offset, 1, _QUOTE_IT)
    try:
        return _flat(_yaml_tree(source, offset))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = error.problem or error.context or "it is not YAML"
        line = offset + (mark.line if mark else 0)
        column = mark.column + 1 if mark else None
        raise BrokenError(problem, line, column, _QUOTE_IT) from error
    except yaml.YAMLError as error:
        raise BrokenError(
            "a character in it is not allowed in YAML", offset, 1, _QUOTE_IT
        ) from error


def _yaml_tree(source: str, offset: int) -> dict[str, tuple[Node, int]]:
    top: dict[str, tuple[Node, int]] = {}
    stack: list[list[Node] | dict[str, tuple[Node, int]]] = []
    keys: list[tuple[str, int] | None] = []  # of each level, None where a key comes next or never
    for event in yaml.parse(source, Loader=yaml.SafeLoader):
        line = offset + (event.start_mark.line if event.start_mark else 0)
        node: Node
        match event:
            case yaml.MappingStartEvent():
                node = {} if stack else top
            case yaml.SequenceStartEvent():
                node = []
            case yaml.ScalarEvent() | yaml.AliasEvent():
                node = _scalar(event)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                stack.pop()
                keys.pop()
                continue
            case _:
                continue
        if not stack and node is not top:
            raise BrokenError(
                "it should hold lines such as `title: My digest`",
                line,
                1,
                "Write one `key: value` a line.",
            )
        if stack:
            _put(stack[-1], keys, node, line)
        if isinstance(node, list | dict):
            stack.append(node)
            keys.append(None)
    return top


def _put(
    into: list[Node] | dict[str, tuple[Node, int]],
    keys: list[tuple[str, int] | None],
    node: Node,
    line: int,
) -> None:
    if isinstance(into, list):
        into.append(node)
    elif (key := keys[-1]) is None:
        keys[-1] = (node if isinstance(node, str) else "", line)
    else:
        into[key[0]] = (node, key[1])
        keys[-1] = None


def _scalar(event: yaml.Event) -> str | None:
    """Give a scalar as written; None for null and for what only points elsewhere."""
    if not isinstance(event, yaml.ScalarEvent):
        return None
    value = str(event.value)
    return None if event.style is None and value in {"", "~", "null", "Null", "NULL"} else value


# --- TOML and JSON ----------------------------------------------------------------


def read_toml(source: str, offset: int) -> dict[str, Field]:
    """Read TOML; dates and numbers come out as written."""
    try:
        table = tomllib.loads(source, parse_float=str)
    except (ValueError, RecursionError) as error:
        words = str(error) if isinstance(error, ValueError) else "it is nested too deeply"
        place = _TOML_PLACE.search(words)
        last = source.count("\n")
        line = offset + (int(place[1]) - 1 if place and place[1] else last)
        column = int(place[2]) if place and place[2] else len(source) - source.rfind("\n")
        problem = _TOML_PLACE.sub("", words) or "it is not TOML"
        hint = 'Put texts in quotes, one `key = "value"` a line.'
        raise BrokenError(problem[:1].lower() + problem[1:], line, column, hint) from error
    return _flat(_with_lines(table, _places(source, "=", offset), offset))


def read_json(source: str, offset: int) -> dict[str, Field]:
    """Read JSON; numbers come out as written."""
    try:
        table = json.loads(source, parse_int=str, parse_float=str, parse_constant=str)
    except json.JSONDecodeError as error:
        hint = 'Write one "key": "value" a line, with a comma between them.'
        problem = error.msg[:1].lower() + error.msg[1:]
        raise BrokenError(problem, offset + error.lineno - 1, error.colno, hint) from error
    except RecursionError as error:
        raise BrokenError(
            "it is nested too deeply", offset, 1, "Leave out what is nested."
        ) from error
    return _flat(_with_lines(table, _places(source, ":", offset), offset))


def _places(source: str, sign: str, offset: int) -> dict[str, int]:
    """Give the line of each key, the first where it recurs."""
    places: dict[str, int] = {}
    for number, line in enumerate(source.split("\n")):
        places.setdefault(line.partition(sign)[0].strip(" \t[]\"'"), offset + number)
    return places


def _with_lines(
    table: dict[str, object], places: Mapping[str, int], line: int
) -> dict[str, tuple[Node, int]]:
    return {
        key: (_node(value, places, places.get(key, line)), places.get(key, line))
        for key, value in table.items()
    }


def _node(value: object, places: Mapping[str, int], line: int) -> Node:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, dict):
        return _with_lines(value, places, line)
    if isinstance(value, list):
        return [_node(part, places, line) for part in value]
    return str(value).lower() if isinstance(value, bool) else str(value)


# --- Zine -------------------------------------------------------------------------

_ZINE: Final = re.compile(
    r"""(?P<blank>\s+|//[^\n]*)
    |(?P<key>\.[A-Za-z_]\w*)\s*=
    |(?P<text>"(?:\\.|[^"\\\n])*")
    |(?P<open>\.?\{|\[|@\w+\()
    |(?P<close>[}\])])
    |(?P<comma>,)
    |(?P<word>[\w+-][\w.+-]*)""",
    re.VERBOSE,
)
_ESCAPE: Final = re.compile(r"\\(.)")


def read_zine(source: str, offset: int) -> dict[str, Field]:
    """Read `.key = value,` lines; a date is the text in its brackets, what is in braces is none."""
    fields: dict[str, Field] = {}
    key, line, opened = "", offset, ""
    values: list[str] = []

    def close() -> None:
        if key and "{" not in opened:
            is_list = opened.startswith("[")
            fields[key] = Field(tuple(values) if is_list else "".join(values[:1]), line)

    position = depth = 0
    while position < len(source):
        found = _ZINE.match(source, position)
        kind = found.lastgroup if found else None
        if found is None or (kind not in {"blank", "key", "comma"} and not key):
            at = source.rfind("\n", 0, position) + 1
            raise BrokenError(
                'it should hold lines such as `.title = "My digest",`',
                offset + source.count("\n", 0, position),
                position - at + 1,
                "Put texts in quotes, and a comma at the end of each line.",
            )
        if kind == "key" and depth == 0:
            close()
            key, opened, values = found["key"][1:].casefold(), "", []
            line = offset + source.count("\n", 0, position)
        elif kind == "open":
            depth += 1
            opened += found["open"]
        elif kind == "close":
            depth -= 1
        elif kind == "text":
            values.append(_ESCAPE.sub(r"\1", found["text"][1:-1]))
        elif kind == "word":
            values.append(found["word"])
        position = found.end()
    close()
    return fields


# --- header lines -----------------------------------------------------------------


def read_header(source: str, offset: int) -> dict[str, Field]:
    """Read `Key: value` lines; an indented one goes on with the one above."""
    fields: dict[str, Field] = {}
    key = ""
    for number, line in enumerate(source.split("\n")):
        found = HEADER_LINE.match(line)
        if found:
            key = found[1].casefold()
            fields[key] = Field(found[2].strip(), offset + number)
        elif key and isinstance(before := fields[key].value, str):
            fields[key] = Field(f"{before} {line.strip()}".strip(), fields[key].line)
    return {key: value for key, value in fields.items() if value.value}
