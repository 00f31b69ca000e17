"""settings.faults - pydantic's list of faults in our words, each with its key and line.

Never: checks anything itself. See: settings.file (what is checked).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, get_args

from pydantic import BaseModel, ValidationError

from publisher.errors import SettingsError
from publisher.settings.file import File


def all_faults(path: Path, text: str, error: ValidationError, *, single: bool) -> SettingsError:
    """Turn pydantic's list into one error that names every key and, where found, its line.

    What a relay has from [smtp] is told there alone.
    """
    found: dict[tuple[str, ...], tuple[int, str]] = {}
    for fault in error.errors():
        keys = [str(part) for part in fault["loc"]]
        if single and len(keys) > 1 and keys[0] == "newsletter":
            del keys[1]
        why = _in_our_words(fault["type"], fault["loc"], fault["msg"], fault.get("ctx", {}))
        named = [key for key in keys if not key.isdecimal()]
        found[tuple(keys)] = (_line_of(text, named), why)
    told = []
    for names, (line, why) in found.items():
        if names[:2] == ("smtp", "relays") and found.get(("smtp", *names[3:])) == (line, why):
            continue
        told.append((line, f"{'.'.join(names)}{f' (line {line})' if line else ''}: {why}"))
    words = [one for _, one in sorted(told)]
    return SettingsError(
        "\n    ".join([f"{len(told)} faults", *words]) if len(told) > 1 else words[0],
        where=str(path),
        hint="docs/settings.md lists every setting",
    )


def _line_of(text: str, keys: Sequence[str]) -> int:
    """Find the line of a key: in its own table, else in one above, else anywhere; 0: nowhere."""
    if not keys:
        return 0
    key = re.compile(rf"^\s*[\"']?{re.escape(keys[-1])}[\"']?\s*=", re.M)
    for depth in range(len(keys) - 1, 0, -1):
        name = r"\s*\.\s*".join(rf"[\"']?{re.escape(one)}[\"']?" for one in keys[:depth])
        head = re.search(rf"^\s*\[\s*{name}\s*\].*$", text, re.M)
        if head is None:
            continue
        end = re.compile(r"^\s*\[", re.M).search(text, head.end())
        if inside := key.search(text, head.end(), end.start() if end else len(text)):
            return text.count("\n", 0, inside.end()) + 1
    anywhere = key.search(text)
    return text.count("\n", 0, anywhere.end()) + 1 if anywhere else 0


_EXPECTED: Final = {
    "missing": "it has to be there",
    "string_type": "write a text in quotes",
    "string_too_short": "it must not be empty",
    "int_parsing": "write a whole number",
    "int_type": "write a whole number",
    "int_from_float": "write a whole number",
    "float_parsing": "write a number",
    "float_type": "write a number",
    "bool_parsing": "write true or false",
    "bool_type": "write true or false",
    "tuple_type": 'write a list, such as ["one", "two"]',
    "dict_type": "this is a table: write its keys below its name in [brackets]",
    "model_type": "this is a table: write its keys below its name in [brackets]",
    "literal_error": "write {expected}",
    "greater_than_equal": "write a number that is {ge} or more",
    "less_than_equal": "write a number that is {le} or less",
    "greater_than": "write a number over {gt:g}",
}
"""What a kind of fault of pydantic's means to who wrote the file."""


def _in_our_words(
    kind: str, place: tuple[int | str, ...], words: str, bounds: Mapping[str, Any]
) -> str:
    """Say what was expected; of a key nobody knows, which one it resembles."""
    if kind == "extra_forbidden":
        near = get_close_matches(str(place[-1]), _known_beside(place), n=1)
        return "no such setting" + (f"; did you mean `{near[0]}`?" if near else "")
    if kind in _EXPECTED:
        return _EXPECTED[kind].format(**bounds)
    return words.removeprefix("Value error, ")


def _known_beside(place: tuple[int | str, ...]) -> list[str]:
    """List the keys a table knows, by the place of one it does not know."""
    table: type[BaseModel] = File
    for key in place[:-1]:
        field = table.model_fields.get(str(key))
        kind = field.annotation if field else None  # None: the name of a newsletter
        inner = [one for one in (kind, *get_args(kind)) if isinstance(one, type)]
        table = next((one for one in inner if issubclass(one, BaseModel)), table)
    return list(table.model_fields)
