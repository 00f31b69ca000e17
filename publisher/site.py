"""site - feeds/ on disk: every file whole, and newer whenever its bytes are.

All new bytes are first written into one hidden folder and made durable, then moved into place in
the order given; so a full disk is noticed before anything old is touched, and what a killed run
left is in one place and cleared by the next. The time of a file is its Last-Modified: it advances
by a whole second at least with every change of bytes, because clients throw an answer away that is
not newer than theirs. A folder that lost a file remembers its time, in case the file comes back.
Faults: SiteError with place and remedy; what stands there stays whole. Never: knows what the files
mean. See: publish (calls it), addresses (the paths).
"""

from __future__ import annotations

import fcntl
import math
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Final

from publisher.errors import SiteError

WRITING: Final = ".writing"
"""The hidden folder for what is not yet in place; absent while nobody writes."""
LOCK: Final = ".publish.lock"
_PATIENCE: Final = timedelta(seconds=60)
_SECOND: Final = 1_000_000_000


def write(folder: Path, files: Mapping[str, bytes | None], now: datetime) -> tuple[str, ...]:
    """Bring files to the given bytes; None removes one, and the folders that empties.

    Paths are relative to the folder. Give the changed paths, in the order of `files`. The caller
    holds the publishing lock.
    """
    targets = {path: folder / _checked(path) for path in files}
    place = folder
    try:
        touched = {folder: _remembered(folder)}
        if _clear(folder):
            _settle(touched)
        changed = [path for path, data in files.items() if not _stands(targets[path], data)]
        if not changed:
            return ()
        times = {path: _time_for(targets[path], folder, now) for path in changed}
        place = folder / WRITING
        place.mkdir(parents=True)
        beside: dict[str, Path] = {}
        for number, path in enumerate(changed):
            data = files[path]
            if data is not None:
                beside[path] = place / str(number)
                _write(beside[path], data, times[path])
        for written in beside.values():
            _sync(written)
        for path in changed:
            place = targets[path]
            if path in beside:
                _move(beside[path], place, folder, touched)
            else:
                _remove(place, folder, touched)
        place = folder
        (folder / WRITING).rmdir()
        _settle(touched)
    except OSError as error:
        with suppress(OSError):
            _clear(folder)
        hint = (
            "make room or give write permission there, then publish again; no file is half written"
        )
        words = f"cannot be written: {error.strerror}"
        raise SiteError(words, where=str(place), hint=hint) from error
    return tuple(changed)


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


def _checked(path: str) -> PurePosixPath:
    """Refuse a path that leaves the folder, or that no one spelling names."""
    pure = PurePosixPath(path)
    is_plain = str(pure) == path and not pure.is_absolute() and "\0" not in path
    if not is_plain or path == "." or ".." in pure.parts or pure.parts[0] == WRITING:
        hint = "this is a defect of the program, or of a newsletter's path in publisher.toml"
        raise SiteError(f"{path!r} is no path inside the site", where=path, hint=hint)
    return pure


def _clear(folder: Path) -> bool:
    """Remove what a killed run left; tell whether there was anything."""
    try:
        shutil.rmtree(folder / WRITING)
    except FileNotFoundError:
        return False
    return True


def _stands(target: Path, data: bytes | None) -> bool:
    """Whether the target is already as it should be."""
    try:
        if data is None:
            target.lstat()
            return False
        return target.stat().st_size == len(data) and target.read_bytes() == data
    except (FileNotFoundError, NotADirectoryError):
        return data is None


def _time_for(target: Path, folder: Path, now: datetime) -> int:
    """Choose the time of a changed file, in whole seconds: now, but later than it ever had."""
    moment = math.floor(now.timestamp())
    try:
        return max(moment, target.stat().st_mtime_ns // _SECOND + 1)
    except FileNotFoundError:
        return max(moment, *(_remembered(each) + 1 for each in _above(target, folder)))


def _above(target: Path, folder: Path) -> list[Path]:
    """List the folders a file stands in, its own first, the site's last."""
    parents = list(target.parents)
    return parents[: parents.index(folder) + 1]


def _remembered(folder: Path) -> int:
    """Read the time a folder remembers; one the system set has a fraction and means nothing."""
    with suppress(FileNotFoundError):
        seconds, fraction = divmod(folder.stat().st_mtime_ns, _SECOND)
        if fraction == 0:
            return seconds
    return 0


def _write(path: Path, data: bytes, seconds: int) -> None:
    with path.open("xb") as file:
        file.write(data)
    os.utime(path, (seconds, seconds))


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _move(beside: Path, target: Path, folder: Path, touched: dict[Path, int]) -> None:
    for parent in _above(target, folder):
        touched.setdefault(parent, _remembered(parent))
    target.parent.mkdir(parents=True, exist_ok=True)
    beside.replace(target)


def _remove(target: Path, folder: Path, touched: dict[Path, int]) -> None:
    """Remove a file and the folders that empties; the folder left standing remembers its time."""
    seconds = target.lstat().st_mtime_ns // _SECOND
    for parent in _above(target, folder):  # before removing anything sets their times
        touched.setdefault(parent, _remembered(parent))
    target.unlink()
    for parent in _above(target, folder):
        seconds = max(seconds, touched.pop(parent))
        try:
            if parent != folder:
                parent.rmdir()
                continue
        except OSError:
            pass
        touched[parent] = seconds
        return


def _settle(touched: Mapping[Path, int]) -> None:
    """Make the moves durable, and let folders keep the times they remember."""
    for parent, seconds in touched.items():
        _sync(parent)
        if seconds:
            os.utime(parent, (seconds, seconds))
