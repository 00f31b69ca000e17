"""wire.map - what is on the wire, in memory that outlives a killed process.

Each sender has one file, `<owner>.map`, mapped into its memory: a page for every lot it holds, on
it a record for every delivery, moved UNSENT -> BEGUN -> outcome as it sends. The kernel keeps what
was written when the process is killed, so a mark costs no system call and the ledger may be told in
groups.

    claim committed -> page written -> BEGUN -> content -> outcome -> ledger told -> lot released

A page is written before its number is, so that a page cut short by a kill names no lot. Whoever can
lock the file knows its owner is dead. The map is believed only under the boot id it was written
under: after a lost machine the disk may hold an older picture. A dead owner's lot that his map does
not name was never begun, because the page is written before the first byte.
Faults: TransportError when the folder cannot be written.
Never: knows the ledger. See: send (marks and recovers).
"""

from __future__ import annotations

import contextlib
import fcntl
import mmap
import os
import struct
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeAlias

from publisher.errors import TransportError

BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
LOCKS: Final = Path("/proc/locks")

ABANDONED: Final = 60.0
"""After so many seconds a draft that nobody holds has nobody."""

PAGES: Final = 16
"""Lots that one owner may hold at once."""
CAPACITY: Final = 500
"""Deliveries on a page: a lot has no more."""

_HEAD: Final = struct.Struct("<8s36sII")  # magic, boot id, pages, capacity
_PAGE: Final = struct.Struct("<qqI")  # lot or 0, generation, number of deliveries
_RECORD: Final = struct.Struct("<qHB")  # delivery, code of the reply or 0, mark
_CODE: Final = struct.Struct("<H")
_LOT: Final = struct.Struct("<q")
_GIVEN_UP: Final = -1
_MAGIC: Final = b"pubwire2"


class Mark(IntEnum):
    """How far a delivery has come."""

    UNSENT = 0
    BEGUN = 1
    ACCEPTED = 2
    DEFERRED = 3
    REFUSED = 4


Marks: TypeAlias = Mapping[int, tuple[Mark, int | None]]


@dataclass(frozen=True, slots=True)
class Found:
    """What a map says: (lot, generation) -> each delivery's mark with the code of its reply."""

    boot: str
    lots: Mapping[tuple[int, int], Marks]


class WireMap:
    """The map of one living owner; locked while it lives."""

    def __init__(
        self, folder: Path, owner: str, boot: str | None = None, *, capacity: int = CAPACITY
    ) -> None:
        self.owner = owner
        self._path = folder / f"{owner}.map"
        self._boot = boot_id() if boot is None else boot
        self._capacity = capacity
        self._pages: list[int] = [0] * PAGES  # the lot on each
        self._descriptor = -1
        self._memory: mmap.mmap | None = None
        try:
            self._create(b"")
        except OSError as fault:
            raise _unwritable(folder, fault) from fault

    @property
    def free_pages(self) -> int:
        """How many more lots may be held."""
        return self._pages.count(0)

    def hold(self, lot: int, generation: int, deliveries: Sequence[int]) -> range:
        """Write the page of a claimed lot, all of it unsent; give the place of each delivery."""
        self._stay()
        memory, page = self._open(), self._pages.index(0)
        start = self._start(page)
        _PAGE.pack_into(memory, start, 0, generation, len(deliveries))
        records = b"".join([_RECORD.pack(delivery, 0, Mark.UNSENT) for delivery in deliveries])
        if len(records) > self._capacity * _RECORD.size:
            raise ValueError(f"a page has room for {self._capacity} deliveries")
        first = start + _PAGE.size
        memory[first : first + len(records)] = records
        _LOT.pack_into(memory, start, lot)
        self._pages[page] = lot
        return range(first, first + len(records), _RECORD.size)

    def let_go(self, lot: int) -> None:
        """Take a lot off the map: the ledger knows all of it."""
        page = self._pages.index(lot)
        _LOT.pack_into(self._open(), self._start(page), 0)
        self._pages[page] = 0

    def give_up(self, lot: int) -> None:
        """Take a lot off the map that is another's now; its page may still be marked."""
        page = self._pages.index(lot)
        self.let_go(lot)
        self._pages[page] = _GIVEN_UP

    def use_again(self) -> None:
        """Use the pages again that were given up: nothing is on the wire that could mark them."""
        self._pages = [0 if lot == _GIVEN_UP else lot for lot in self._pages]

    def mark(self, place: int, mark: Mark, code: int | None = None) -> None:
        """Note how far the delivery at a place has come; its code is written before the mark."""
        memory = self._memory
        assert memory is not None, "the map is closed"  # noqa: S101 - a defect
        if code is not None:
            _CODE.pack_into(memory, place + 8, code)
        memory[place + 10] = mark

    def leave(self) -> None:
        """Let go of the file but leave it, for what the ledger could not be told."""
        if self._memory is not None:
            self._memory.close()
            self._memory = None
            os.close(self._descriptor)

    def close(self) -> None:
        """Remove the map: the ledger knows all. One that cannot be removed does no harm."""
        if self._memory is not None:
            with contextlib.suppress(OSError):
                self._path.unlink()
        self.leave()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove the map after work well done; leave it after a fault."""
        if fault is None:
            self.close()
        else:
            self.leave()

    def _open(self) -> mmap.mmap:
        assert self._memory is not None, "the map is closed"  # noqa: S101 - a defect
        return self._memory

    def _start(self, page: int) -> int:
        return _HEAD.size + page * (_PAGE.size + self._capacity * _RECORD.size)

    def _stay(self) -> None:
        """See to it that the file is still there: somebody may have cleared the folder."""
        try:
            if os.fstat(self._descriptor).st_ino == self._path.stat().st_ino:
                return
        except FileNotFoundError:
            pass
        old, descriptor = self._open(), self._descriptor
        try:
            self._create(old[:])
        except OSError as fault:
            raise _unwritable(self._path.parent, fault) from fault
        old.close()
        os.close(descriptor)

    def _create(self, content: bytes) -> None:
        """Put a whole new file in place, locked before anyone can see it.

        All of it is written: a page that had no room on a full disk would end the process (SIGBUS).
        """
        size = self._start(PAGES)
        head = _HEAD.pack(_MAGIC, self._boot.encode(), PAGES, self._capacity)
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self._path.with_suffix(".new")
        descriptor = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with os.fdopen(descriptor, "wb", closefd=False) as file:
                file.write(content or head.ljust(size, b"\0"))
            self._memory = mmap.mmap(descriptor, size)
            draft.rename(self._path)
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor


@dataclass(frozen=True, slots=True)
class DeadMap:
    """The map of an owner that lives no more; `found` is None when it cannot be believed."""

    owner: str
    found: Found | None
    path: Path

    def remove(self) -> None:
        """Remove the map: the ledger was told. One that cannot be removed is read again."""
        with contextlib.suppress(OSError):
            self.path.unlink()


@contextlib.contextmanager
def open_dead(folder: Path, boot: str | None = None) -> Iterator[list[DeadMap]]:
    """Give the maps whose owners are dead, held so that no one else takes them up."""
    boot = boot_id() if boot is None else boot
    with contextlib.ExitStack() as held:
        dead = []
        for path in folder.glob("*.new"):
            _remove_draft(path)
        for path in sorted(folder.glob("*.map")):
            descriptor = _lock(path)
            if descriptor is None:
                continue
            held.callback(os.close, descriptor)
            found = _read(path.read_bytes())
            believed = found if found and boot and found.boot == boot else None
            dead.append(DeadMap(path.stem, believed, path))
        yield dead


def has_living(folder: Path) -> bool:
    """Tell whether anybody on this machine sends now: a map is in its owner's hands.

    The kernel's list is read, because a lock taken to find out would hide a dead owner's map from
    who recovers it.
    """
    maps = set()
    for path in folder.glob("*.map"):
        with contextlib.suppress(FileNotFoundError):
            maps.add(str(path.stat().st_ino))
    try:
        locks = [line.split() for line in LOCKS.read_text("ascii").splitlines()]
    except OSError:
        return False
    # 1: FLOCK ADVISORY WRITE 708 08:01:131095 0 EOF (proc_locks(5)); one that waits has "->" first
    return any(
        one[1] == "FLOCK" and one[3] == "WRITE" and one[5].rpartition(":")[2] in maps
        for one in locks
        if len(one) > 5
    )


def boot_id() -> str:
    """Name the running of this machine; empty, which is never believed, where none is told."""
    try:
        return BOOT_ID.read_text("ascii").strip()
    except OSError:
        return ""


def _lock(path: Path) -> int | None:
    """Lock a map if its owner is dead; the file under the name may have been changed meanwhile.

    One that may not be opened (another user's) is left alone: its lots come back by their lease.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(descriptor).st_ino == path.stat().st_ino:
            return descriptor
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(descriptor)
    return None


def _remove_draft(path: Path) -> None:
    """Remove what somebody killed while he wrote a map left behind; nobody was mailed by it."""
    with contextlib.suppress(OSError):
        if time.time() - path.stat().st_mtime > ABANDONED and (number := _lock(path)) is not None:
            path.unlink()
            os.close(number)


def _read(content: bytes) -> Found | None:
    """Read a map; None for what is no whole map."""
    if len(content) < _HEAD.size:
        return None
    magic, boot, pages, capacity = _HEAD.unpack_from(content)
    size = _PAGE.size + capacity * _RECORD.size
    if magic != _MAGIC or len(content) != _HEAD.size + pages * size:
        return None
    lots: dict[tuple[int, int], Marks] = {}
    for start in range(_HEAD.size, len(content), size):
        lot, generation, number = _PAGE.unpack_from(content, start)
        if not lot:
            continue
        first = start + _PAGE.size
        records = content[first : first + min(number, capacity) * _RECORD.size]
        try:
            lots[lot, generation] = {
                delivery: (Mark(mark), code or None)
                for delivery, code, mark in _RECORD.iter_unpack(records)
            }
        except ValueError:
            return None
    return Found(boot.rstrip(b"\0").decode("ascii", "replace"), lots)


def _unwritable(folder: Path, fault: OSError) -> TransportError:
    return TransportError(
        f"the map of what is on the wire cannot be written: {fault.strerror or fault}",
        where=str(folder),
        hint="make room or mend the folder's permissions",
    )
