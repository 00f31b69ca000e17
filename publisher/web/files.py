"""files - the published site as it is answered: bytes, validators, types.

What lies in feeds/ is read once and kept in memory until its stat changes, feeds above all: a
thousand readers asking for one feed cost one read. A path is looked up as written: no `..`, no
empty or hidden part, no symbolic link that leaves the folder; everything else is not there.

A text is kept with its compressed copies (codings), those that have its own modification time: any
other is a copy of other bytes. Each has an entity tag of its own. A copy is not there by its name.

Faults: none; what cannot be read is None. Never: lists a folder, writes. See: site (writes what is
read here), web.conditional (the validators), web.pages (answers).
"""

from __future__ import annotations

import os
import stat
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from publisher import codings
from publisher.web import labels
from publisher.web.accepting import PLAIN
from publisher.web.conditional import entity_tag, http_date

KEPT_BYTES: Final = 64 * 1024 * 1024
KEPT_FILE_BYTES: Final = 4 * 1024 * 1024
_OVERHEAD: Final = 8 * 1024
"""What a kept file takes besides its bytes, so that a million short ones are bounded too."""

Headers = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class Body:
    """One coding of a file: its bytes, and the headers of the answers 200 and 304."""

    coding: str
    content: bytes
    tag: str
    whole: Headers
    unchanged: Headers
    whole_head: bytes
    unchanged_head: bytes
    """The same as they stand on the wire, status line first."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One published file in each coding there is, the shortest first."""

    last_modified: str
    bodies: tuple[Body, ...]

    @property
    def content(self) -> bytes:
        """The file as it is."""
        return next(body.content for body in self.bodies if body.coding == PLAIN)

    @property
    def size(self) -> int:
        """How much memory it takes, about."""
        return _OVERHEAD + sum(len(body.content) for body in self.bodies)

    def best(self, weights: Mapping[str, float]) -> Body | None:
        """Choose the coding a reader takes best, of several the shortest; None if it takes none."""
        best, weight = None, 0.0
        for body in self.bodies:
            if weights[body.coding] > weight:
                best, weight = body, weights[body.coding]
        return best


def is_safe(path: str) -> bool:
    """Say whether a path (without leading slash) may name something on the site at all."""
    parts = path.removesuffix("/").split("/")
    return path == "" or all(
        part and (not part.startswith(".") or part == ".well-known") and part.isprintable()
        for part in parts
    )


class Shelf:
    """The files of one folder, kept in memory while they are unchanged.

    `link` gives a path's Link header, "" for none; `always` are headers of every whole answer.
    """

    def __init__(
        self,
        folder: Path,
        link: Callable[[str], str] = lambda path: "",
        always: Iterable[tuple[bytes, bytes]] = (),
    ) -> None:
        self.folder = folder
        self._link = link
        self._always = tuple(always)
        self._kept: OrderedDict[str, tuple[str, tuple[int, ...], Leaf]] = OrderedDict()
        self._bytes = 0

    def is_there(self) -> bool:
        """Say whether there is a site at all."""
        return self.folder.is_dir()

    def is_folder(self, path: str) -> bool:
        """Say whether a path names a folder that has a page; a feed's name never does."""
        is_page = is_safe(path) and path.rpartition("/")[2] not in labels.FEED_NAMES
        return is_page and self.leaf(f"{path}/index.html") is not None

    def leaf(self, path: str) -> Leaf | None:
        """Return the file at a path, or None; an ending slash means the folder's index.html."""
        if path == "" or path.endswith("/"):
            path += "index.html"
        kept = self._kept.get(path)
        try:
            if kept is not None and kept[1] == _mark(os.stat(kept[0])):
                self._kept.move_to_end(path)
                return kept[2]
            if is_safe(path) and not codings.is_copy(path):
                return self._read(path)
        except (OSError, ValueError):
            pass
        return None

    def _read(self, path: str) -> Leaf | None:
        full = os.path.join(self.folder, path)
        real = Path(full).resolve(strict=True)
        if not real.is_relative_to(self.folder.resolve()) or not real.is_file():
            return None
        with real.open("rb") as file:
            # The stat of what was opened, not of what may have taken its name since.
            status = os.fstat(file.fileno())
            found = [(PLAIN, file.read())]
        if codings.is_text(path):
            for coding, suffix in codings.SUFFIXES.items():
                copy = _copy(f"{full}{suffix}", status.st_mtime_ns)
                if copy is not None:
                    found.append((coding, copy))
        found.sort(key=lambda one: len(one[1]))
        last_modified = http_date(status.st_mtime)
        leaf = Leaf(
            last_modified,
            tuple(self._body(path, coding, content, last_modified) for coding, content in found),
        )
        self._keep(path, (full, _mark(status), leaf))
        return leaf

    def _body(self, path: str, coding: str, content: bytes, last_modified: str) -> Body:
        name = path.rpartition("/")[2]
        tag = entity_tag(content)
        kept = [
            ("etag", tag),
            ("last-modified", last_modified),
            ("cache-control", labels.cache_control(path)),
            ("vary", "Accept-Encoding"),
        ]
        if name in labels.FEED_NAMES:
            kept += [(key.lower(), text) for key, text in labels.FEED_HEADERS.items()]
        told = [("content-type", labels.media_type(name)), ("content-length", str(len(content)))]
        if coding != PLAIN:
            told.append(("content-encoding", coding))
        if link := self._link(path):
            told.append(("link", link))
        whole = (*_raw([*told, *kept]), *self._always)
        unchanged = _raw(kept)
        heads = (_head(b"200 OK", whole), _head(b"304 Not Modified", unchanged))
        return Body(coding, content, tag, whole, unchanged, *heads)

    def _keep(self, path: str, entry: tuple[str, tuple[int, ...], Leaf]) -> None:
        old = self._kept.pop(path, None)
        if old is not None:
            self._bytes -= old[2].size
        if entry[2].size > KEPT_FILE_BYTES:
            return
        self._kept[path] = entry
        self._bytes += entry[2].size
        while self._bytes > KEPT_BYTES:
            _, (_, _, oldest) = self._kept.popitem(last=False)
            self._bytes -= oldest.size


def _copy(full: str, time_ns: int) -> bytes | None:
    """Read a compressed copy, if it is one of a file of that time; no link is followed."""
    try:
        handle = os.open(full, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    with open(handle, "rb") as file:
        status = os.fstat(handle)
        if status.st_mtime_ns != time_ns or not stat.S_ISREG(status.st_mode):
            return None
        return file.read()


def _raw(headers: Iterable[tuple[str, str]]) -> Headers:
    return tuple((key.encode("ascii"), text.encode("ascii")) for key, text in headers)


def _head(status: bytes, headers: Headers) -> bytes:
    return b"HTTP/1.1 %b\r\n" % status + b"".join(b"%b: %b\r\n" % pair for pair in headers)


def _mark(status: os.stat_result) -> tuple[int, ...]:
    """Take what changes when a file does; ctime too, for an edit in place can keep the rest."""
    return (
        status.st_dev,
        status.st_ino,
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
        stat.S_IFMT(status.st_mode),
    )
