"""folder - the digests folder: which files are digests, and their bytes read whole.

Digests are `.md`, `.markdown`, `.txt`, found recursively; names beginning with `.` or `_`, README
and LICENSE are passed over. A file counts when its modification is over two seconds old and its
status is the same before and after reading, so that one still being written is looked at again.
One dated ahead of the clock, which jumped or is not the writer's, counts when a second look, two
seconds after the first, finds it unchanged.

Faults: what is no plain readable file (a FIFO, a symlink, no permission, too large) comes back as
a `Found` with a finding instead of bytes, as does one whose name cannot be shown; nothing raises.
Never: follows a symlink, blocks on a FIFO, reads more than `MAX_BYTES`, parses.
See: digest (what the bytes say), publish (who asks).
"""

from __future__ import annotations

import errno
import os
import re
import shlex
import stat
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from publisher.errors import DigestError, RefusedError
from publisher.model import Finding, Level

SUFFIXES: Final = frozenset({".md", ".markdown", ".txt"})
PASSED_OVER: Final = frozenset({"readme", "license", "licence"})
MAX_BYTES: Final = 16 * 1024 * 1024
SETTLED_SECONDS: Final = 2.0
_NO_TEXT: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_UNSHOWN: Final = Finding(
    Level.STOP,
    "digest/file-name",
    "The name of this file holds bytes that are no text, or characters that cannot be seen.",
    "Rename the file; letters of any language are welcome.",
)
PARTIAL: Final = (".tmp", ".part", ".swp", ".crdownload")
_ahead: Final[dict[Path, tuple[tuple[int, int, int], float]]] = {}
"""Files dated ahead of the clock: how they looked, and since when."""


@dataclass(frozen=True, slots=True)
class Found:
    """One digest file: its path in the folder, its bytes or the finding that stands for them.

    `is_young` says that it may still be being written; then there are neither.
    """

    path: str
    data: bytes | None = None
    finding: Finding | None = None
    is_young: bool = False


@dataclass(frozen=True, slots=True)
class Scan:
    """All that stands in the folder: digests, and the names of files that are none."""

    found: tuple[Found, ...]
    others: tuple[str, ...] = ()
    passed: tuple[str, ...] = ()

    @property
    def paths(self) -> frozenset[str]:
        """The paths of all digests present, read or not."""
        return frozenset((*(found.path for found in self.found), *self.passed))


def scan(
    folder: Path, *, now: float, patient: bool = True, only: Collection[str] | None = None
) -> Scan:
    """Read every digest in the folder, in the order of their paths; or `only` some.

    `now` is Unix time, compared with modification times; without `patient` young files are read
    too. A folder that does not exist holds nothing.
    """
    found: list[Found] = []
    others: list[str] = []
    passed: list[str] = []
    for path, written in _walk(folder):
        name = shown(written)
        if only is not None and name not in only and is_digest(path):
            passed.append(name)
        elif is_digest(path) and name != written:
            found.append(Found(name, finding=_UNSHOWN))
        elif is_digest(path):
            found.append(read(path, name, now=now, patient=patient))
        elif not _is_passed_over(path.name):
            others.append(name)
    return Scan(tuple(found), tuple(others), tuple(passed))


def fault(folder: Path) -> Finding | None:
    """Say why a digests folder cannot be looked into: an empty one has no fault, a lost one has."""
    if folder.is_dir() and os.access(folder, os.R_OK | os.X_OK):
        return None
    if folder.is_dir():
        words, hint = "cannot be read", "Check its owner and permissions."
    else:
        words = "does not exist"
        hint = f"mkdir {shlex.quote(str(folder))}, or put it back; what is published stays so."
    return Finding(
        Level.STOP, "digest/no-folder", f"The folder {shown(folder.name)}/ {words}.", hint
    )


def is_digest(path: Path) -> bool:
    """Say by its name whether a file is a digest."""
    return path.suffix.lower() in SUFFIXES and not _is_passed_over(path.name)


def inside(folder: Path, file: Path) -> str:
    """Name a file by its path in the folder, whatever way leads to it.

    Raises RefusedError, with the line to type, for a file that stands elsewhere.
    """
    real = file.parent.resolve() / file.name  # the file itself may be a link, which is a finding
    try:
        return shown(real.relative_to(folder.resolve()).as_posix())
    except ValueError:
        raise RefusedError(
            "not in the digests folder",
            where=str(file),
            hint=f"cp {shlex.quote(str(file))} {shlex.quote(str(folder))}/  and publish that",
        ) from None


def shown(name: str) -> str:
    """Give a name as it can be stored and shown: what is no text, or moves it about, is spelt out."""
    return _NO_TEXT.sub(lambda found: ascii(found[0])[1:-1], name)


def read_one(file: Path) -> bytes:
    """Read one digest a person has named; raises DigestError in plain words."""
    got = read(file, str(file), now=0.0, patient=False)
    if got.data is None:
        finding = got.finding
        raise DigestError(
            finding.message if finding else "cannot be read",
            where=str(file),
            hint=finding.hint if finding else "",
        )
    return got.data


def read(path: Path, name: str, *, now: float, patient: bool) -> Found:
    """Read one file, without following a symlink or waiting for a FIFO's writer."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        return Found(name, finding=_unreadable(path, error))
    try:
        before = os.fstat(handle)
        if fault := _kind_fault(before):
            return Found(name, finding=fault)
        if patient and not _is_settled(path, before, now):
            return Found(name, is_young=True)
        with os.fdopen(handle, "rb", closefd=False) as file:
            data = file.read(MAX_BYTES + 1)
        after = os.fstat(handle)
    except OSError as error:
        return Found(name, finding=_unreadable(path, error))
    finally:
        os.close(handle)
    if _mark(before) != _mark(after) or len(data) != before.st_size:
        return Found(name, is_young=True)
    return Found(name, data=data)


def _is_settled(path: Path, status: os.stat_result, now: float) -> bool:
    """Say whether nobody seems to be writing a file any more."""
    age = now - status.st_mtime
    if age > -SETTLED_SECONDS:
        return age >= SETTLED_SECONDS
    mark, moment = _mark(status), time.monotonic()
    before, since = _ahead.get(path, (None, moment))
    if mark != before:
        _ahead[path] = mark, moment
        return False
    return moment - since >= SETTLED_SECONDS


def _walk(folder: Path) -> Iterator[tuple[Path, str]]:
    """Give each file, and its path in the folder."""
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "_")))
        there = Path(root)
        inside = there.relative_to(folder).as_posix()
        above = "" if inside == "." else f"{inside}/"
        yield from ((there / name, above + name) for name in sorted(names))


def _is_passed_over(name: str) -> bool:
    return (
        name.startswith((".", "_"))
        or name.split(".")[0].lower() in PASSED_OVER
        or name.endswith(("~", *PARTIAL))
    )


def _mark(status: os.stat_result) -> tuple[int, int, int]:
    return (status.st_ino, status.st_size, status.st_mtime_ns)


def _kind_fault(status: os.stat_result) -> Finding | None:
    if not stat.S_ISREG(status.st_mode):
        kind = "a folder" if stat.S_ISDIR(status.st_mode) else "not a plain file"
        return Finding(
            Level.STOP, "digest/not-a-file", f"This is {kind}.", "Put a text file in its place."
        )
    if status.st_size > MAX_BYTES:
        return Finding(
            Level.STOP,
            "digest/too-large",
            f"The file has {status.st_size / 1e6:.0f} MB; a digest has at most"
            f" {MAX_BYTES / 1e6:.0f} MB.",
            "Split it into several digests.",
        )
    return None


def _unreadable(path: Path, error: OSError) -> Finding:
    if error.errno == errno.ELOOP:
        return Finding(
            Level.STOP,
            "digest/symlink",
            f"This is a symbolic link to {os.readlink(path)}; links are not followed.",
            "Copy the file itself into the folder.",
        )
    missing = error.errno == errno.ENOENT
    return Finding(
        Level.STOP,
        "digest/unreadable",
        f"The file cannot be read: {error.strerror}.",
        "Check the path." if missing else "Check the file's owner and permissions.",
    )
