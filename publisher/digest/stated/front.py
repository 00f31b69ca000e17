"""front - the front matter: YAML, TOML, Zine's, JSON, a Pelican header, or none.

Every value comes out as the text that was written (`slug: 008` is "008", `send: no` is "no"), with
its line; what it means is decided by directives.
Faults: broken front matter is a `stop` finding with its line and column.
Never: takes a rule (`---`) at the top for front matter. See: heads (the readers), directives (next).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from publisher.digest.source.characters import scrub
from publisher.digest.stated.heads import (
    HEADER_LINE,
    BrokenError,
    Field,
    read_header,
    read_json,
    read_toml,
    read_yaml,
    read_zine,
)
from publisher.model import Finding, Level

__all__ = ["KNOWN", "Field", "Front", "split"]

KNOWN: Final = frozenset(
    {
        "id", "title", "number", "issue", "date", "pubdate", "pubdatetime", "publishedat",
        "language", "lang", "locale", "authors", "author", "tags", "topics", "categories",
        "category", "image", "cover", "draft", "send", "subject", "slug", "description",
        "summary", "layout", "permalink", "name", "modified", "status", "keywords", "issues",
        "publish_date", "publishdate", "publication_date", "datum", "fecha", "titel", "titre",
        "título", "titulo",
    }
)  # fmt: skip
"""Keys that make a first line `Key: value` a header."""
MOST_LINES: Final = 1000

_KEY_LINE: Final = re.compile(r"""^["']?([A-Za-z_][\w .-]{0,60}?)["']?\s*:(?:\s|$)""")
_FULL_WIDTH_KEY: Final = re.compile(r"([A-Za-z_]{2,30})[ \t]*(：)[ \t]*")
_ZINE_LINE: Final = re.compile(r"^\.[A-Za-z_]\w*\s*=")
_PART_LINE: Final = re.compile(r"^(?:[ \t]|-(?:\s|$)|[#\]}])")  # a value goes on, or a comment


@dataclass(frozen=True, slots=True)
class Front:
    """The fields by lower-case key, and the digest with the front matter's lines left empty."""

    body: str
    fields: Mapping[str, Field] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


def split(text: str) -> Front:
    """Part the front matter from the body, lines unchanged."""
    lines = text.split("\n")
    first = next((n for n, line in enumerate(lines) if line.strip()), 0)
    fence = lines[first].rstrip()
    slips = _straighten_colons(lines, first) if fence == "---" else ()
    if fence in {"---", "+++"}:
        end = _fence_end(lines, first, fence)
        if end is None:
            return Front(text, {}, _unclosed(lines, first, fence))
        begin, past = first + 1, end + 1
        read = read_toml if fence == "+++" else _of_dashes(lines[begin:end])
    elif fence == "{" and (end := _json_end(lines, first)) is not None:
        begin, past, read = first, end + 1, read_json
        end += 1
    else:
        end = _header_end(lines, first)
        if end is None:
            return Front(text)
        begin, past, read = first, end, read_header
    body = "\n".join([""] * past + lines[past:])
    try:
        fields = read("\n".join(lines[begin:end]), begin + 1)
    except BrokenError as broken:
        finding = Finding(
            Level.STOP,
            "digest/front-matter",
            f"The front matter cannot be read: {broken.problem}.",
            broken.hint,
            broken.line,
            broken.column,
        )
        return Front(body, {}, (finding,))
    return Front(body, {key: _scrubbed(value) for key, value in fields.items()}, slips)


def _straighten_colons(lines: list[str], first: int) -> tuple[Finding, ...]:
    """Read `title：x`, an input method's slip, as `title: x` behind a key that we know."""
    findings = []
    for number in range(first + 1, min(len(lines), first + MOST_LINES)):
        line = lines[number]
        if line.rstrip() in {"---", "..."}:
            break
        found = _FULL_WIDTH_KEY.match(line)
        if found and found[1].casefold() in KNOWN:
            lines[number] = f"{found[1]}: {line[found.end() :]}"
            findings.append(
                Finding(
                    Level.WARN,
                    "digest/full-width-colon",
                    f"The colon behind “{found[1]}” is a full-width one; it was read as a colon.",
                    f"Write it with a colon and a space: {found[1]}: ...",
                    number + 1,
                    found.start(2) + 1,
                )
            )
    return tuple(findings)


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
            return number if fence == "+++" or _looks_like_fields(inner) else None
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


def _looks_like_fields(lines: list[str]) -> bool:
    """Whether the lines below a fence are fields, or nothing is said at all.

    The first that says something is a key. Below a key that we know everything counts, so that a
    slip is reported; below another one line of prose shows that the fence is a rule.
    """
    for line in lines:
        if not line.strip() or line.startswith("# "):
            continue
        if _ZINE_LINE.match(line) or line.startswith(("#", "{")):
            return True
        if not _KEY_LINE.match(line):
            return False
        keys = [_KEY_LINE.match(line) for line in lines]
        if any(key and key[1].casefold() in KNOWN for key in keys):
            return True
        told = zip(lines, keys, strict=True)
        return all(key or not line.strip() or _PART_LINE.match(line) for line, key in told)
    return not any(line.startswith("# ") for line in lines)


def _of_dashes(lines: list[str]) -> Callable[[str, int], dict[str, Field]]:
    """Give the reader of what stands between dashes."""
    first = next((line for line in lines if line.strip()), "")
    return read_zine if _ZINE_LINE.match(first) else read_yaml


def _json_end(lines: list[str], first: int) -> int | None:
    """Give the line of the brace that ends a JSON object, or None where there is none."""
    below = next((line for line in lines[first + 1 :] if line.strip()), "")
    if not re.match(r'\s*"', below):
        return None
    last = min(len(lines), first + MOST_LINES)
    return next((n for n in range(first + 1, last) if lines[n].rstrip() == "}"), None)


def _header_end(lines: list[str], first: int) -> int | None:
    """Give the line after a Pelican header, or None where the digest has none."""
    found = HEADER_LINE.match(lines[first])
    if not found or found[1].casefold() not in KNOWN:
        return None
    for number in range(first, min(len(lines), first + MOST_LINES)):
        line = lines[number]
        if not line.strip():
            return number
        if not HEADER_LINE.match(line) and not (number > first and line[0] in " \t"):
            return None
    return len(lines) if len(lines) - first < MOST_LINES else None
