"""site - feeds/ on disk: every file whole, and newer whenever its bytes are.

All new bytes are first written into one hidden folder and made durable, then moved into place in
the order given; so a full disk is noticed before anything old is touched, and what a killed run
left is in one place and cleared by the next. The time of a file is its Last-Modified: it advances
by a whole second at least with every change of bytes, because clients throw an answer away that is
not newer than theirs. A folder that lost a file remembers its time, in case the file comes back.

Beside each text stand its compressed copies (codings), of the same time; one of another time is of
other bytes and is replaced. They are made by `_THREADS` threads, for compressing is most of the
work and leaves the interpreter free. Copies are moved before their file: a reader of the disk that
finds the new file finds its copies.

Faults: SiteError with place and remedy; what stands there stays whole. Never: knows what the files
mean. See: publish (calls it), addresses (the paths).
"""

from __future__ import annotations

import ctypes
import fcntl
import math
import os
import shutil
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Final

from publisher import codings
from publisher.errors import SiteError

WRITING: Final = ".writing"
"""The hidden folder for what is not yet in place; absent while nobody writes."""
LOCK: Final = ".publish.lock"
_PATIENCE: Final = timedelta(seconds=60)
_SECOND: Final = 1_000_000_000
_THREADS: Final = 2
_AHEAD: Final = 16
"""Files that may wait for their copies; more are not held in memory."""
_MANY: Final = 8
"""From so many files on the whole file system is made durable at once: a file by itself costs a
commit of the journal, 2 ms, all of them one. Fewer are done by themselves, for the whole also waits
for what other programs have written."""


def write(
    folder: Path,
    files: Mapping[str, bytes | None] | Iterable[tuple[str, bytes | None]],
    now: datetime,
) -> tuple[str, ...]:
    """Bring files to the given bytes; None removes one, and the folders that empties.

    Paths are relative to the folder. Give the changed paths, in the order of `files`; copies are
    not named. Pairs are taken one by one, so that not all need be in memory; of a path given twice
    the last counts. Files are moved into place in this order, then removed. The caller holds the
    publishing lock.
    """
    writing = _Writing(str(folder), math.floor(now.timestamp()))
    try:
        with ThreadPoolExecutor(_THREADS) as threads:
            writing.begin()
            for path, data in files.items() if isinstance(files, Mapping) else files:
                writing.lay(path, data, threads)
            writing.gather()
        writing.put()
    except BaseException as error:
        writing.undo()
        if not isinstance(error, OSError):
            raise
        hint = (
            "make room or give write permission there, then publish again; no file is half written"
        )
        words = f"cannot be written: {error.strerror}"
        raise SiteError(words, where=writing.place, hint=hint) from error
    return tuple(path for path, change in writing.changes.items() if not change.stands)


def sweep(folder: Path) -> int:
    """Remove copies whose file is gone or has another time; say how many.

    They come of what others do in the folder: an edit by hand, a checkout. It costs a look at
    every file. The caller holds the publishing lock.
    """
    removed = 0
    try:
        for place, _, names in os.walk(folder):
            stale = [one for one in names if codings.is_copy(one) and _is_stale(f"{place}/{one}")]
            if stale:
                seconds = _remembered(place)
                for name in stale:
                    os.unlink(f"{place}/{name}")
                _keep_times({place: seconds})
                removed += len(stale)
    except OSError as error:
        hint = "give write permission there, then publish again"
        raise SiteError(f"cannot be removed: {error.strerror}", where=place, hint=hint) from error
    return removed


@contextmanager
def lock(home: Path, *, patience: timedelta = _PATIENCE) -> Iterator[None]:
    """Hold the publishing lock of a home; wait for whoever holds it, but not for ever.

    The lock dies with its process, so a lock file that is left over hinders nobody.
    """
    path = home / LOCK
    try:
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        handle = os.open(path, flags, 0o600)
    except OSError as error:
        hint = "the home must be a folder this user can write to"
        words = f"cannot be locked: {error.strerror}"
        raise SiteError(words, where=str(path), hint=hint) from error
    try:
        _wait(handle, path, patience)
        with suppress(OSError):  # a full disk: the number is a courtesy, the lock holds without
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(handle)


def _wait(handle: int, path: Path, patience: timedelta) -> None:
    end = time.monotonic() + patience.total_seconds()
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= end:
                holder = os.pread(handle, 20, 0).decode("ascii", "replace").strip() or "unknown"
                seconds = f"{patience.total_seconds():g} s"
                raise SiteError(
                    f"process {holder} is publishing here and has not finished in {seconds}",
                    where=str(path),
                    hint=f"wait for it, or look at it with: ps -p {holder}",
                ) from None
            time.sleep(0.02)


# --- the steps ----------------------------------------------------------------


@dataclass(slots=True)
class _Change:
    """What becomes of one path: a file moved there, one that only gets copies, or a removal."""

    number: int | None
    """Its name in the hidden folder; None for a removal."""
    time_ns: int
    stands: bool = False
    copies: tuple[str, ...] = ()


@dataclass(slots=True)
class _Writing:
    """One call of `write`: what is laid beside, and how it comes into place."""

    folder: str
    moment: int
    changes: dict[str, _Change] = field(default_factory=dict)
    place: str = ""
    _touched: dict[str, int] = field(default_factory=dict)
    _pending: deque[tuple[_Change, Future[tuple[str, ...]]]] = field(default_factory=deque)
    _laid: int = 0
    _made: list[str] = field(default_factory=list)

    @property
    def beside(self) -> str:
        """The hidden folder."""
        return f"{self.folder}/{WRITING}"

    def begin(self) -> None:
        """Clear what a killed run left."""
        self.place = self.folder
        seconds = _remembered(self.folder)
        with suppress(FileNotFoundError):
            shutil.rmtree(self.beside)
            _keep_times({self.folder: seconds})

    def lay(self, path: str, data: bytes | None, threads: ThreadPoolExecutor) -> None:
        """Write a file beside where it is to be changed, and have its copies made."""
        target = f"{self.folder}/{_checked(path)}"
        self.place = target
        self.changes.pop(path, None)
        old = _status(target, follow=data is not None)
        if data is None:
            if old is not None or (codings.is_text(path) and _copies_of(target)):
                self._remember(path)
                last = old.st_mtime_ns if old is not None else 0
                self.changes[path] = _Change(None, last, stands=old is None)
            return
        if old is not None and old.st_size == len(data) and _read(target) == data:
            if codings.is_text(path) and not _has_copies(target, old, data):
                self._remember(path)
                self._beside(path, data, _Change(0, old.st_mtime_ns, stands=True), threads)
            return
        self._remember(path)
        if old is not None:
            seconds = max(self.moment, old.st_mtime_ns // _SECOND + 1)
        else:
            seconds = max(self.moment, *(self._touched[one] + 1 for one in self._above(path)))
        self._beside(path, data, _Change(0, seconds * _SECOND), threads)

    def gather(self, waiting: int = 0) -> None:
        """Wait until no more than so many files wait for their copies."""
        while len(self._pending) > waiting:
            change, copies = self._pending.popleft()
            change.copies = copies.result()

    def put(self) -> None:
        """Make all durable and bring it into place."""
        if not self.changes:
            return
        self.place = self.folder
        if self._laid:
            self._settle_beside()
            self._make_folders()
        for path, change in self.changes.items():
            if change.number is not None:
                self._move(path, change)
        for path, change in self.changes.items():
            if change.number is None:
                self._remove(path, change)
        self.place = self.folder
        shutil.rmtree(self.beside, ignore_errors=True)
        _keep_times({self._full(name): seconds for name, seconds in self._touched.items()})

    def undo(self) -> None:
        """Take away what is not in place."""
        shutil.rmtree(self.beside, ignore_errors=True)
        for made in reversed(self._made):
            with suppress(OSError):
                os.rmdir(made)

    def _full(self, path: str) -> str:
        return f"{self.folder}/{path}" if path else self.folder

    def _above(self, path: str) -> Iterator[str]:
        """Give the folders a file stands in, its own first, the site's ("") last."""
        while path:
            path = path.rpartition("/")[0]
            yield path

    def _remember(self, path: str) -> None:
        """Note the times of the folders above, before anything in them changes."""
        for name in self._above(path):
            if name in self._touched:
                break
            self._touched[name] = _remembered(self._full(name))

    def _beside(self, path: str, data: bytes, change: _Change, threads: ThreadPoolExecutor) -> None:
        if not self._laid:
            self._make(self.folder)
            os.mkdir(self.beside)
        self._laid += 1
        change.number = self._laid
        where = f"{self.beside}/{self._laid}"
        if not change.stands:
            _write(where, data, change.time_ns)
        self.changes[path] = change
        if codings.is_text(path):
            made = threads.submit(_write_copies, where, data, change.time_ns)
            self._pending.append((change, made))
            self.gather(_AHEAD)

    def _settle_beside(self) -> None:
        laid = [f"{self.beside}/{name}" for name in os.listdir(self.beside)]
        _make_durable(laid, self.folder)

    def _make_folders(self) -> None:
        """Make what folders are missing, before anything old is touched."""
        for path, change in self.changes.items():
            self.place = self._full(path)
            if change.number is not None:
                self._make(self._full(path.rpartition("/")[0]))

    def _make(self, folder: str) -> None:
        missing = []
        while folder and not os.path.isdir(folder):
            missing.append(folder)
            folder = os.path.dirname(folder)
        for each in reversed(missing):
            os.mkdir(each)
            self._made.append(each)

    def _move(self, path: str, change: _Change) -> None:
        where, target = f"{self.beside}/{change.number}", self._full(path)
        self.place = target
        if codings.is_text(path):
            for suffix in codings.SUFFIXES.values():
                if suffix in change.copies:
                    os.replace(where + suffix, target + suffix)
                else:
                    _unlink(target + suffix)
        if not change.stands:
            os.replace(where, target)
        else:  # the time stays, but whoever keeps the file in memory learns to look again
            os.utime(target, ns=(change.time_ns, change.time_ns))

    def _remove(self, path: str, change: _Change) -> None:
        """Remove a file and the folders that empties; the folder left remembers its time."""
        target = self.place = self._full(path)
        if codings.is_text(path):
            for suffix in codings.SUFFIXES.values():
                _unlink(target + suffix)
        _unlink(target)
        seconds = change.time_ns // _SECOND
        for name in self._above(path):
            seconds = max(seconds, self._touched.pop(name, 0))
            try:
                if name:
                    os.rmdir(self._full(name))
                    continue
            except FileNotFoundError:
                continue
            except OSError:
                pass
            self._touched[name] = seconds
            return


def _checked(path: str) -> str:
    """Refuse a path that leaves the folder, or that no one spelling names."""
    pure = PurePosixPath(path)
    is_plain = str(pure) == path and not pure.is_absolute() and "\0" not in path
    if not is_plain or path == "." or ".." in pure.parts or pure.parts[0] == WRITING:
        hint = "this is a defect of the program, or of a newsletter's path in publisher.toml"
        raise SiteError(f"{path!r} is no path inside the site", where=path, hint=hint)
    return path


def _status(path: str, *, follow: bool = False) -> os.stat_result | None:
    try:
        return os.stat(path, follow_symlinks=follow)
    except FileNotFoundError:
        return None
    except NotADirectoryError:
        if follow:
            raise
        return None


def _read(path: str) -> bytes:
    with open(path, "rb", buffering=0) as file:
        return file.read()


def _copies_of(target: str) -> list[str]:
    """List the copies there are of a file, whatever their time."""
    copies = (target + suffix for suffix in codings.SUFFIXES.values())
    return [copy for copy in copies if os.path.lexists(copy)]


def _has_copies(target: str, status: os.stat_result, data: bytes) -> bool:
    """Say whether the copies of a file that stands are those it ought to have."""
    if len(data) < codings.SHORTEST:
        return not _copies_of(target)
    found = [_status(target + suffix) for suffix in codings.SUFFIXES.values()]
    return all(one is not None and one.st_mtime_ns == status.st_mtime_ns for one in found)


def _is_stale(copy: str) -> bool:
    status, file = _status(copy), _status(copy.rpartition(".")[0])
    return status is not None and (file is None or file.st_mtime_ns != status.st_mtime_ns)


def _remembered(folder: str) -> int:
    """Read the time a folder remembers; one the system set has a fraction and means nothing."""
    status = _status(folder, follow=True)
    seconds, fraction = divmod(status.st_mtime_ns if status else 0, _SECOND)
    return 0 if fraction else seconds


def _write(path: str, data: bytes, time_ns: int) -> None:
    with open(path, "xb", buffering=0) as file:
        rest = memoryview(data)
        while rest:
            rest = rest[file.write(rest) :]
        os.utime(file.fileno(), ns=(time_ns, time_ns))


def _write_copies(where: str, data: bytes, time_ns: int) -> tuple[str, ...]:
    made = codings.copies(data)
    for suffix, copy in made.items():
        _write(where + suffix, copy, time_ns)
    return tuple(made)


def _unlink(path: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(path)


def _keep_times(folders: Mapping[str, int]) -> None:
    """Let folders keep the times they remember, and make what was moved in them durable."""
    for folder, seconds in folders.items():
        if seconds:
            os.utime(folder, (seconds, seconds))
    _make_durable(list(folders), next(iter(folders)))


def _make_durable(paths: list[str], folder: str) -> None:
    """Wait until these files or folders, all of the file system of `folder`, are on the disk."""
    whole = _syncfs() if len(paths) >= _MANY else None
    for path in (folder,) if whole is not None else paths:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            if whole is None:
                os.fsync(handle)
            elif whole(handle):
                raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        finally:
            os.close(handle)


def _syncfs() -> Callable[[int], int] | None:
    """Find syncfs(2), which Linux has and Python does not offer; unlike sync(2) it tells faults."""
    found: Callable[[int], int] | None = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
    return found
