"""directives - what the front matter says about the issue, each value checked.

One row a directive: the keys it goes by, and how its text becomes a value. A value that cannot be
understood is a finding with its line; the rest of the front matter counts all the same. Keys that
other programs write count where they say what we ask; `status: draft` keeps an issue back too.
Faults: where a misread value could publish or send against the editor's will, the careful reading
is taken and the finding is a `hold`.
Never: guesses. See: front (the fields), facts (what else states a date), states (other programs').
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from publisher.digest.forms.tables import NAMES
from publisher.digest.markup.markdown import tidy
from publisher.digest.markup.signs import with_signs
from publisher.digest.source.characters import scrub
from publisher.digest.stated import states
from publisher.digest.stated.facts import find_date, find_number
from publisher.digest.stated.front import Field, Front
from publisher.model import Finding, Level

_YES: Final = frozenset({"true", "yes", "on", "y", "1"})
_NO: Final = frozenset({"false", "no", "off", "n", "0", "never"})
_LIST_BREAK: Final = re.compile(r"\s*[,;，；、]\s*")
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*")
_MOMENT: Final = re.compile(
    r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\s+)?\d{1,2}:\d{2}"
    r"|\d{4}-\d{1,2}-\d{1,2}[ T]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?\s*(?:Z|[+-]\d{2}:?\d{2})?",
    re.IGNORECASE,
)
_NUMBER: Final = re.compile(r"#?\s*(\d{1,9})")
_ADDRESS: Final = re.compile(r"\s*<[^<>]*>")
_MOST_QUOTED: Final = 60
_LENIENT: Final = frozenset({"published", "data"})
"""Keys that may say something else than the day."""


@dataclass(frozen=True, slots=True)
class Stated:
    """What the front matter states; None and empty where it is silent."""

    id: str | None = None
    title: str | None = None
    number: int | None = None
    date: date | None = None
    language: str | None = None
    authors: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    image: str | None = None
    draft: bool = False
    send: str | None = None
    subject: str | None = None
    form: str | None = None
    issues: str | None = None
    slug: str | None = None
    permalink: str | None = None
    description: str | None = None


class _UnclearError(Exception):
    """A value that is not what its directive needs; the argument is a good example."""


def read_directives(front: Front) -> tuple[Stated, list[Finding]]:
    """Read every directive the front matter gives."""
    values: dict[str, Any] = {}  # a directive's function gives what its field of Stated takes
    findings: list[Finding] = []
    for name, (keys, understand) in DIRECTIVES.items():
        found = (key for key in keys if key in front.fields)
        key = next(
            (key for key in found if key not in _LENIENT or states.is_day(front.fields[key])), None
        )
        if key is None:
            continue
        field = front.fields[key]
        try:
            value = understand(field)
        except _UnclearError as unclear:
            findings.append(_unclear(name, key, field, str(unclear)))
            value = {"draft": True, "send": "no"}.get(name)
        if value not in (None, (), ""):
            values[name] = value
    if states.is_kept_back(front.fields):
        values["draft"] = True
    elif "draft" not in front.fields and (odd := states.unclear(front.fields)):
        key, example = odd
        findings.append(_unclear("draft", key, front.fields[key], example))
        values["draft"] = True
    for name in ("slug", "permalink", "description"):  # of a site's own; they may tell facts
        if name in front.fields and isinstance(front.fields[name].value, str):
            values[name] = front.fields[name].value or None
    if values.get("description"):
        values["description"] = with_signs(values["description"])
    return Stated(**values), findings


def _unclear(name: str, key: str, field: Field, example: str) -> Finding:
    careful = {
        "draft": " Until this is clear the issue is kept as a draft.",
        "send": " Until this is clear the issue is not sent by itself.",
    }.get(name, " It is left out.")
    return Finding(
        Level.HOLD if name in {"draft", "send"} else Level.WARN,
        "digest/directive",
        f"The value of `{key}` in the front matter{_quoted(field)} could not be understood.{careful}",
        f"Write it like this: {key}: {example}",
        field.line,
        1,
    )


def _quoted(field: Field) -> str:
    """Quote a value that is one text, cut where it is long."""
    value = scrub(field.value).strip() if isinstance(field.value, str) else ""
    return f", “{value[:_MOST_QUOTED]}{'…' * (len(value) > _MOST_QUOTED)}”," if value else ""


def _text(field: Field) -> str:
    if not isinstance(field.value, str):
        raise _UnclearError("one line of text")
    return tidy(scrub(field.value))


def _words(field: Field) -> str:
    return with_signs(_text(field))


def _title(field: Field) -> str:
    text = _words(field)
    if states.word(field).strip("._…") in states.NO_TITLE:
        raise _UnclearError("Rivers and bridges")
    return text if re.search(r"\w", text) else ""


def _number(field: Field) -> int:
    text = unicodedata.normalize("NFKC", _text(field)).strip()
    found = _NUMBER.fullmatch(text)
    number = int(found[1]) if found else find_number(text)
    if number is None:
        raise _UnclearError("30")
    return number


def _date(field: Field) -> date:
    found = find_date(_text(field)) if isinstance(field.value, str) else None
    if found is None:
        raise _UnclearError("2024-04-12")
    return found


def _language(field: Field) -> str:
    text = _text(field)
    if not _LANGUAGE.fullmatch(text):
        raise _UnclearError("zh")
    return text.replace("_", "-")


def _list(field: Field) -> tuple[str, ...]:
    if field.value is None:
        raise _UnclearError("[first, second]")
    parts = _LIST_BREAK.split(field.value) if isinstance(field.value, str) else field.value
    return tuple(dict.fromkeys(text for part in parts if (text := tidy(scrub(part)).lstrip("#"))))


def _people(field: Field) -> tuple[str, ...]:
    """Read names, without the addresses behind them: `Ada <ada@example.net>`."""
    names = (_ADDRESS.sub("", name).strip() for name in _list(field))
    return tuple(dict.fromkeys(name for name in names if name))


def _form(field: Field) -> str:
    text = _text(field).casefold().replace(" ", "-")
    if text not in NAMES:
        raise _UnclearError("bullet-link")
    return text


def _draft(field: Field) -> bool:
    text = _text(field).casefold() if isinstance(field.value, str) else ""
    if text in _YES | _NO:
        return text in _YES
    raise _UnclearError("true")


def _send(field: Field) -> str:
    text = _text(field) if isinstance(field.value, str) else ""
    if text.casefold() in _NO:
        return "no"
    if _MOMENT.fullmatch(text):
        return text
    raise _UnclearError("no")


def _issues(field: Field) -> str:
    text = _text(field).casefold()
    if text not in {"one", "many"}:
        raise _UnclearError("one")
    return text


DIRECTIVES: Final[dict[str, tuple[tuple[str, ...], Callable[[Field], object]]]] = {
    "id": (("id",), _text),
    "title": (("title", "titel", "titre", "título", "titulo"), _title),
    "number": (("number", "issue"), _number),
    "date": (
        (
            "date", "pubdate", "pubdatetime", "publishedat", "publish_date", "publishdate",
            "publication_date", "published", "datum", "fecha", "data",
        ),
        _date,
    ),
    "language": (("language", "lang", "locale"), _language),
    "authors": (
        (
            "authors", "author.name", "author", "autor", "auteur", "editors", "editor",
            "extra.authors", "extra.editors",
        ),
        _people,
    ),
    "topics": (("tags", "topics"), _list),
    "form": (("form",), _form),
    "image": (("image", "cover.image", "cover", "og:image", "extra.image"), _text),
    "draft": (("draft",), _draft),
    "send": (("send",), _send),
    "subject": (("subject",), _words),
    "issues": (("issues",), _issues),
}  # fmt: skip
"""Each directive: the keys it goes by, the first found counts, and how its value is understood."""
