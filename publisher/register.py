"""register - register.json: what was published and can never be recomputed.

Written whole, beside its old self, and moved into its place, so that a reader finds the old bytes
or the new ones and a crash leaves one of the two. The same register gives the same bytes: records
in the order (newsletter, published, slug), moments in UTC, facts that are absent left out. The
reading is strict, because a register that is half understood would publish and mail things again.
Who knows that nobody else has written it, by its `hash_of`, may change a few records of a long one
in place of reading and writing all (`changed`); the bytes are the same.
Faults: RegisterError with file, line and remedy; nothing is changed by one.
Never: repairs, guesses, decides. See: identity (makes the records), publish (saves them).
"""

from __future__ import annotations

import errno
import json
import os
import re
import stat
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, TypeVar

from publisher.errors import RegisterError
from publisher.model import ItemRecord, Record, Register

VERSION: Final = 1
_RESTORE: Final = (
    "nothing was changed; restore the file from git or a backup, or mend it by hand: what it lacks "
    "would be published and mailed as new"
)
_RECORDS: Final = b',\n "issues":'
"""What stands between what is fixed of the newsletters and their records."""
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_T = TypeVar("_T")


def load(path: Path) -> Register:
    """Read the register; a file that does not exist is an empty one."""
    data = _read(path)
    if data is None:
        return Register()
    try:
        document = json.loads(_text(path, data), object_pairs_hook=_object)
    except json.JSONDecodeError as error:
        raise _damaged(path, data, error) from None
    except (_Fault, RecursionError, ValueError) as fault:  # JSON allows more than Python reads
        raise RegisterError(str(fault), where=str(path), hint=_RESTORE) from None
    try:
        return _register(document)
    except _Fault as fault:
        raise RegisterError(str(fault), where=str(path), hint=fault.hint) from None


def heads(path: Path) -> Register:
    """Read what is fixed of the newsletters, and no records: these make a register long.

    What is wrong with the records is found by whoever loads them.
    """
    data = _read(path)
    head, begun, _ = (data or b"").partition(_RECORDS)
    if not begun:
        return load(path)
    try:
        return _register(json.loads(head + b"}", object_pairs_hook=_object))
    except (_Fault, ValueError, RecursionError):
        return load(path)  # which tells the place


def bytes_of(path: Path) -> bytes:
    """Read the file as it stands; no file is an empty one."""
    return _read(path) or b""


def hash_of(data: bytes) -> str:
    """Name the bytes of a register."""
    return sha256(data).hexdigest()


def save(path: Path, register: Register) -> bool:
    """Write the register atomically and durably; tell whether its bytes changed."""
    return write(path, written(path, register))


def written(path: Path, register: Register) -> bytes:
    """Give the bytes of a register; one that could not be read back is refused."""
    try:
        document = _document(register)
        _register(document)
    except _Fault as fault:
        raise RegisterError(f"will not be written: {fault}", where=str(path), hint="") from None
    return _written_out(document) + b"\n"


def write(path: Path, data: bytes) -> bool:
    """Put the bytes of a register in place; tell whether they are others than before."""
    if _read(path) == data:
        return False
    try:
        _replace(path, data)
    except OSError as error:
        hint = "make room or give write permission there; the old register is intact"
        raise RegisterError(
            f"cannot be written: {error.strerror}", where=str(path), hint=hint
        ) from error
    return True


def changed(data: bytes, records: Iterable[tuple[Record, str | None]]) -> bytes | None:
    """Write records into the bytes of a register as `save` wrote them, each in its place.

    Each comes with the id of the record that stands before it in the register, None for the first
    of all, in their order; where it stood before it is replaced. None where the bytes are not as
    expected: then all of it is to be read and written.
    """
    for record, before in records:
        try:
            text = b"\n  " + _written_out(_checked(record)).replace(b"\n", b"\n  ")
        except _Fault:
            return None  # writing all of it tells why
        own = _place_of(data, record.id)
        if own is not None:
            data = data[: own[0]] + text + data[own[1] :]
        elif before is None:
            begin, found, rest = data.partition(_RECORDS)
            if not found:
                return None
            empty = rest.startswith(b" []")
            tail = rest[3:] if empty else rest.removeprefix(b" [")
            end = b"\n ]" if empty else b","
            data = begin + found + b" [" + text + end + tail
        else:
            there = _place_of(data, before)
            if there is None:
                return None
            data = data[: there[1]] + b"," + text + data[there[1] :]
    return data


def _checked(record: Record) -> dict[str, Any]:
    """Write a record as `save` does; what could not be read back is refused."""
    document = _issue(record)
    _record(0, document)
    return document


def _place_of(data: bytes, name: str) -> tuple[int, int] | None:
    """Find where the record of an id begins and ends, the comma behind it left out.

    The lines that open and close a record are the only ones so indented, and no string of JSON
    holds the end of a line.
    """
    at = data.find(b'\n   "id": ' + _written_out(name) + b",\n", data.find(_RECORDS))
    start, end = data.rfind(b"\n  {\n", 0, at), data.find(b"\n  }", at)
    return None if -1 in (at, start, end) else (start, end + 4)


def _written_out(document: Any) -> bytes:
    text = json.dumps(document, ensure_ascii=False, indent=1)
    # A file name that is no text carries lone surrogates; JSON can write those only as escapes.
    return _SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text).encode("utf-8")


# --- the file -----------------------------------------------------------------


def _read(path: Path) -> bytes | None:
    """Read the bytes, of a plain file only; None when there is none."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        words = "is a symbolic link" if error.errno == errno.ELOOP else str(error.strerror)
        raise _unusable(path, words) from None
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise _unusable(path, "is no plain file")
        with open(handle, "rb", closefd=False) as file:
            return file.read()
    except OSError as error:
        raise _unusable(path, str(error.strerror)) from None
    finally:
        os.close(handle)


def _replace(path: Path, data: bytes) -> None:
    """Write beside, make durable, move into place; leave nothing behind when that fails."""
    beside = path.with_name(f".{path.name}.new")
    beside.unlink(missing_ok=True)
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with open(os.open(beside, flags, 0o644), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _unusable(path: Path, words: str) -> RegisterError:
    hint = "the register must be a plain file this user can read; nothing was changed"
    return RegisterError(f"cannot be read: {words}", where=str(path), hint=hint)


def _text(path: Path, data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - data.rfind(b"\n", 0, error.start)
        where = f"{path}:{line}:{column}"
        raise RegisterError("is damaged: not UTF-8", where=where, hint=_RESTORE) from None


def _damaged(path: Path, data: bytes, error: json.JSONDecodeError) -> RegisterError:
    """Say where the JSON breaks, and whether git left it so."""
    words = f"is damaged: {error.msg}"
    if re.search(rb"^(<{7}|={7}|>{7})", data, re.MULTILINE):
        words = f"holds the marks of a merge that git left to you: {error.msg}"
    where = f"{path}:{error.lineno}:{error.colno}"
    return RegisterError(words, where=where, hint=_RESTORE)


# --- the document -------------------------------------------------------------


class _Fault(Exception):
    """What is wrong with a register's contents, in words."""

    def __init__(self, words: str, hint: str = _RESTORE) -> None:
        super().__init__(words)
        self.hint = hint


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object of its pairs; refuse a key that comes twice, which JSON lets pass."""
    made = dict(pairs)
    if len(made) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = sorted({key for key in keys if keys.count(key) > 1})
        raise _Fault(f"is damaged: the key {twice[0]!r} comes twice in one object")
    return made


def _document(register: Register) -> dict[str, Any]:
    records = sorted(register.records, key=lambda each: (each.newsletter, *each.sort_key))
    if len(dict(register.paths)) != len(register.paths):
        raise _Fault("a newsletter has two paths")
    ids = dict(register.ids)
    return {
        "version": VERSION,
        "newsletters": {
            slug: _present({"path": path, "id": ids.get(slug)})
            for slug, path in sorted(register.paths)
        },
        "issues": [_issue(record) for record in records],
    }


def _issue(record: Record) -> dict[str, Any]:
    source = {"path": record.path, "part": record.part}
    items = [_present(_item(item)) for item in record.items]
    return _present(
        {
            "newsletter": record.newsletter,
            "id": record.id,
            "slug": record.slug,
            "source": {key: value for key, value in source.items() if value is not None},
            "number": record.number,
            "date": record.date.isoformat() if record.date else None,
            "title": record.title,
            "hashes": list(record.hashes) or None,
            "text_hash": record.text_hash or None,
            "published": _written(record.published),
            "updated": _written(record.updated),
            "back_catalogue": record.back_catalogue or None,
            "mailed": _written(record.mailed),
            "withdrawn": _written(record.withdrawn),
            "items": items or None,
        }
    )


def _item(item: ItemRecord) -> dict[str, Any]:
    return {
        "key": item.key,
        "anchor": item.anchor,
        "url": item.url,
        "title": item.title or None,
        "gone": item.gone or None,
    }


def _present(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in facts.items() if value is not None}


def _written(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


# --- reading it back ----------------------------------------------------------


def _register(document: Any) -> Register:
    if not isinstance(document, dict):
        raise _Fault("is no register: it holds no JSON object")
    version = document.get("version")
    if not isinstance(version, int) or isinstance(version, bool):
        raise _Fault("is no register: it states no version")
    if version > VERSION:
        hint = "install a publisher at least as new as the one that wrote it; nothing was changed"
        raise _Fault(f"is of version {version}; this publisher reads up to {VERSION}", hint)
    whole = _Facts("the register", document, {"version", "newsletters", "issues"})
    newsletters = whole.get("newsletters", dict, {})
    fixed = {
        slug: _Facts(f"newsletter {slug}", facts, {"path", "id"})
        for slug, facts in sorted(newsletters.items())
    }
    paths = tuple((slug, facts.must("path", str)) for slug, facts in fixed.items())
    named = ((slug, facts.get("id", str, "")) for slug, facts in fixed.items())
    ids = tuple((slug, name) for slug, name in named if name)
    records = [_record(place, facts) for place, facts in enumerate(whole.get("issues", list, []))]
    _refuse_twice("slug", [(record.newsletter, record.slug) for record in records])
    _refuse_twice("id", [record.id for record in records])
    records.sort(key=lambda each: (each.newsletter, *each.sort_key))
    return Register(paths, tuple(records), ids)


def _refuse_twice(name: str, values: list[Any]) -> None:
    seen = set()
    for place, value in enumerate(values):
        if value in seen:
            shown = value if isinstance(value, str) else " ".join(value)
            raise _Fault(f"issues[{place}] has the same {name} as an earlier one: {shown}")
        seen.add(value)


def _record(place: int, document: Any) -> Record:
    facts = _Facts(f"issues[{place}]", document, _ISSUE_KEYS)
    source = _Facts(f"issues[{place}].source", facts.must("source", dict), {"path", "part"})
    items = facts.get("items", list, [])
    hashes = facts.get("hashes", list, [])
    if not all(isinstance(each, str) for each in hashes):
        raise _Fault(f"issues[{place}].hashes must be a list of strings")
    record = Record(
        newsletter=facts.must("newsletter", str),
        id=facts.must("id", str),
        slug=facts.must("slug", str),
        path=source.must("path", str),
        part=source.get("part", str, None),
        number=facts.get("number", int, None),
        date=facts.read("date", date.fromisoformat),
        title=facts.get("title", str, None),
        hashes=tuple(hashes),
        text_hash=facts.get("text_hash", str, ""),
        published=facts.must_read("published", _moment),
        updated=facts.must_read("updated", _moment),
        back_catalogue=facts.get("back_catalogue", bool, False),
        mailed=facts.read("mailed", _moment),
        withdrawn=facts.read("withdrawn", _moment),
        items=tuple(
            _item_record(f"issues[{place}].items[{at}]", each) for at, each in enumerate(items)
        ),
    )
    for name in ("key", "anchor"):
        values = [getattr(item, name) for item in record.items]
        if len(set(values)) != len(values):
            raise _Fault(f"issues[{place}] ({record.slug}) has two items with the same {name}")
    return record


_ISSUE_KEYS: Final = frozenset(
    {
        *("newsletter", "id", "slug", "source", "number", "date", "title", "hashes", "text_hash"),
        *("published", "updated", "back_catalogue", "mailed", "withdrawn", "items"),
    }
)


def _item_record(place: str, document: Any) -> ItemRecord:
    facts = _Facts(place, document, {"key", "anchor", "url", "title", "gone"})
    return ItemRecord(
        key=facts.must("key", str),
        anchor=facts.must("anchor", str),
        url=facts.get("url", str, None),
        title=facts.get("title", str, ""),
        gone=facts.get("gone", bool, False),
    )


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("carries no time zone")
    return moment.astimezone(UTC)


_KINDS: Final = {
    str: "a string",
    int: "a whole number",
    bool: "true or false",
    list: "a list",
    dict: "an object",
}


class _Facts:
    """One object of the document: its values, checked as they are taken."""

    def __init__(self, place: str, document: Any, keys: set[str] | frozenset[str]) -> None:
        if not isinstance(document, dict):
            raise _Fault(f"{place} must be an object")
        unknown = sorted(document.keys() - keys)
        if unknown:
            hint = f"a newer publisher or a slip of the pen wrote it; {_RESTORE}"
            raise _Fault(f"{place} has a key this publisher does not know: {unknown[0]!r}", hint)
        self.place = place
        self.document = document

    def get(self, key: str, kind: type, absent: Any) -> Any:
        if key not in self.document:
            return absent
        value = self.document[key]
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise _Fault(f"{self.place}.{key} must be {_KINDS[kind]}")
        return value

    def must(self, key: str, kind: type) -> Any:
        if key not in self.document:
            raise _Fault(f"{self.place} lacks {key!r}")
        return self.get(key, kind, None)

    def read(self, key: str, reading: Callable[[str], _T]) -> _T | None:
        return self.must_read(key, reading) if key in self.document else None

    def must_read(self, key: str, reading: Callable[[str], _T]) -> _T:
        text = self.must(key, str)
        try:
            return reading(text)
        except (ValueError, OverflowError) as error:
            raise _Fault(f"{self.place}.{key} is {text!r}: {error}") from None
