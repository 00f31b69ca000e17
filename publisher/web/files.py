"""files - the published site as it is answered: bytes, validators, types.

What lies in feeds/ is read once and kept in memory until its stat changes, feeds above all: a
thousand readers asking for one feed cost one read. A path is looked up as written: no `..`, no
empty or hidden part, no symbolic link that leaves the folder; everything else is not there.

Faults: none; what cannot be read is None. Never: lists a folder, writes. See: site (writes what is
read here), web.conditional (the validators), web.pages (answers).
"""

from __future__ import annotations

import os
import stat
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from publisher.addresses import FEEDS
from publisher.web.conditional import entity_tag, http_date

FEED_NAMES: Final = frozenset({name for name, _, _ in FEEDS} | {"feeds.opml"})
FEED_AGE: Final = 900
"""Seconds a reader may keep a feed; NetNewsWire would hold a longer one up to five hours."""
PAGE_AGE: Final = 300
PICTURE_AGE: Final = 86_400
KEPT_BYTES: Final = 64 * 1024 * 1024
KEPT_FILE_BYTES: Final = 4 * 1024 * 1024

_FEED_TYPES: Final = {name: f"{kind}; charset=utf-8" for name, kind, _ in FEEDS}
_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".xml": "application/xml; charset=utf-8",
    ".json": "application/json; charset=utf-8",
    ".opml": "text/x-opml; charset=utf-8",
    ".svg": "image/svg+xml; charset=utf-8",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".pdf": "application/pdf",
}


@dataclass(frozen=True, slots=True)
class Leaf:
    """One published file: its bytes and the headers that describe it."""

    content: bytes
    tag: str
    last_modified: str
    headers: tuple[tuple[bytes, bytes], ...]


def media_type(name: str) -> str:
    """Name the type of a file of the site, with its charset."""
    return _FEED_TYPES.get(name) or _TYPES.get(
        os.path.splitext(name)[1].lower(), "application/octet-stream"
    )


def _cache_control(name: str, kind: str) -> str:
    if name in FEED_NAMES:
        return f"public, max-age={FEED_AGE}"
    return f"public, max-age={PICTURE_AGE if kind.startswith(('image/', 'font/')) else PAGE_AGE}"


def _headers(name: str, tag: str, last_modified: str) -> tuple[tuple[bytes, bytes], ...]:
    kind = media_type(name)
    headers = [
        ("content-type", kind),
        ("etag", tag),
        ("last-modified", last_modified),
        ("cache-control", _cache_control(name, kind)),
        ("vary", "Accept-Encoding"),
    ]
    if name in FEED_NAMES:
        headers.append(("access-control-allow-origin", "*"))
        headers.append(("access-control-expose-headers", "ETag"))
    return tuple((key.encode("ascii"), text.encode("ascii")) for key, text in headers)


def is_safe(path: str) -> bool:
    """Say whether a path (without leading slash) may name something on the site at all."""
    parts = path.removesuffix("/").split("/")
    return path == "" or all(
        part and (not part.startswith(".") or part == ".well-known") and part.isprintable()
        for part in parts
    )


class Shelf:
    """The files of one folder, kept in memory while they are unchanged."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._kept: OrderedDict[str, tuple[tuple[int, ...], Leaf]] = OrderedDict()
        self._bytes = 0

    def is_there(self) -> bool:
        """Say whether there is a site at all."""
        return self.folder.is_dir()

    def is_folder(self, path: str) -> bool:
        """Say whether a path names a folder that has a page; a feed's name never does."""
        is_page = is_safe(path) and path.rpartition("/")[2] not in FEED_NAMES
        return is_page and self.leaf(f"{path}/index.html") is not None

    def leaf(self, path: str) -> Leaf | None:
        """Return the file at a path, or None; an ending slash means the folder's index.html."""
        if not is_safe(path):
            return None
        if path == "" or path.endswith("/"):
            path += "index.html"
        full = os.path.join(self.folder, path)
        try:
            now = os.stat(full)
            kept = self._kept.get(path)
            if kept is not None and kept[0] == _mark(now):
                self._kept.move_to_end(path)
                return kept[1]
            return self._read(path, full)
        except (OSError, ValueError):
            return None

    def _read(self, path: str, full: str) -> Leaf | None:
        real = Path(full).resolve(strict=True)
        if not real.is_relative_to(self.folder.resolve()) or not real.is_file():
            return None
        with real.open("rb") as file:
            # The stat of what was opened, not of what may have taken its name since.
            status = os.fstat(file.fileno())
            content = file.read()
        tag, last_modified = entity_tag(content), http_date(status.st_mtime)
        leaf = Leaf(
            content, tag, last_modified, _headers(os.path.basename(path), tag, last_modified)
        )
        self._keep(path, _mark(status), leaf)
        return leaf

    def _keep(self, path: str, mark: tuple[int, ...], leaf: Leaf) -> None:
        old = self._kept.pop(path, None)
        if old is not None:
            self._bytes -= len(old[1].content)
        if len(leaf.content) > KEPT_FILE_BYTES:
            return
        self._kept[path] = (mark, leaf)
        self._bytes += len(leaf.content)
        while self._bytes > KEPT_BYTES:
            _, (_, oldest) = self._kept.popitem(last=False)
            self._bytes -= len(oldest.content)


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
