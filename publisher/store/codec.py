"""codec - the nouns that are kept as JSON, and back.

How a field is read follows from its type in the model, so that a new field needs nothing here. Only
what differs from a noun's default is written: old rows read well after a noun gained a field, and
a key that is unknown is passed over.

Faults: none of its own; a broken text is a defect. Never: SQL. See: model (the nouns).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import fields, is_dataclass, replace
from datetime import date, datetime
from enum import Enum
from functools import cache
from types import NoneType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from publisher.model import Finding, Issue, Record

_Noun = TypeVar("_Noun")


def write(value: Any) -> str:
    """Write any noun as JSON."""
    return _write(value)


def read(noun: type[_Noun], text: str) -> _Noun:
    """Read a noun back, equal to what was written."""
    found: _Noun = _reader(noun)(json.loads(text))  # type: ignore[arg-type] # a class is hashable
    return found


def write_issue(issue: Issue) -> str:
    """Write an issue as JSON."""
    return _write(issue)


def read_issue(text: str) -> Issue:
    """Read an issue back, equal to what was written."""
    issue: Issue = _reader(Issue)(json.loads(text))
    return issue


def write_record(record: Record) -> str:
    """Write a record as JSON."""
    return _write(record)


def read_record(text: str, **newer: Any) -> Record:
    """Read a record back; what stands in columns of its own is newer and wins."""
    record: Record = _reader(Record)(json.loads(text))
    return replace(record, **newer)


def write_findings(findings: Iterable[Finding]) -> str:
    """Write findings as JSON."""
    return _write(tuple(findings))


def read_findings(text: str) -> tuple[Finding, ...]:
    """Read findings back."""
    return tuple(_reader(Finding)(one) for one in json.loads(text))


def _write(value: Any) -> str:
    # ASCII on purpose: NUL and lone surrogates are escaped, and no database minds
    return json.dumps(_pack(value), separators=(",", ":"))


def _pack(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_pack(one) for one in value]
    if isinstance(value, date):
        return value.isoformat()
    if is_dataclass(value):
        return {
            field.name: _pack(held)
            for field in fields(value)
            if (held := getattr(value, field.name)) != field.default
        }
    return value


@cache
def _reader(hint: Any) -> Callable[[Any], Any]:
    """Make the function that reads a value of one type."""
    inner = [part for part in get_args(hint) if part not in (NoneType, Ellipsis)]
    if get_origin(hint) is tuple and len(inner) == 1:
        one = _reader(inner[0])
        return lambda packed: tuple([one(part) for part in packed])
    if NoneType in get_args(hint) and len(inner) == 1:
        there = _reader(inner[0])
        return lambda packed: None if packed is None else there(packed)
    if is_dataclass(hint):
        return _noun_reader(hint)
    if hint in (date, datetime):
        return hint.fromisoformat  # type: ignore[no-any-return] # both have it
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint
    if hint in (str, int, bool):
        return lambda packed: packed
    raise TypeError(f"no way to read {hint}")


def _noun_reader(noun: Any) -> Callable[[dict[str, Any]], Any]:
    readers = {name: _reader(hint) for name, hint in get_type_hints(noun).items()}

    def read(packed: dict[str, Any]) -> Any:
        return noun(
            **{name: readers[name](value) for name, value in packed.items() if name in readers}
        )

    return read
