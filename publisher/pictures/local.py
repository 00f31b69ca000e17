"""local - a picture file of the digests folder, and never one outside it.

Every step of the path is opened below the one before without following a link, so that neither
`..` nor a symbolic link put there between two looks leads out.
Faults: NotThere and Refused, in words. Never: waits for a FIFO, reads more than it was told.
See: folder (digests are read the same way).
"""

from __future__ import annotations

import errno
import os
import posixpath
import stat
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

SETTLED_SECONDS: Final = 2.0
_STEP: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class NotThere(Exception):
    """There is no such file."""


class Refused(Exception):
    """Why a file is not taken, as the end of a sentence."""


def read(root: Path, digest: str, address: str, *, most: int, now: float | None = None) -> bytes:
    """Read the file an address means in a digest, both paths below the digests folder.

    With `now`, Unix time, one that was written only just now is not there yet.
    """
    names = _names(digest, address)
    try:
        place = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise _as_answer(error) from None
    try:
        for name in names[:-1]:
            below = os.open(name, _STEP, dir_fd=place)
            os.close(place)
            place = below
        handle = os.open(names[-1], _FILE, dir_fd=place)
    except OSError as error:
        raise _as_answer(error) from None
    finally:
        os.close(place)
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise Refused("it is no plain file")
        if now is not None and abs(now - status.st_mtime) < SETTLED_SECONDS:
            raise NotThere
        if status.st_size > most:
            raise Refused(f"it has {status.st_size / 1e6:.0f} MB; {most / 1e6:g} MB is the most")
        with os.fdopen(handle, "rb", closefd=False) as file:
            return file.read(most)
    except OSError as error:
        raise Refused(f"it cannot be read: {error.strerror}") from None
    finally:
        os.close(handle)


def _names(digest: str, address: str) -> list[str]:
    """Give the steps from the digests folder to the file."""
    try:
        path = unquote(urlsplit(address).path, errors="strict")
    except ValueError:
        raise NotThere from None
    if path.startswith("/"):
        raise Refused("its path begins with /, so it is meant on a site, which base_url can name")
    joined = posixpath.normpath(posixpath.join(posixpath.dirname(digest), path))
    if joined.split("/")[0] == ".." or "\0" in joined:
        raise Refused("it lies outside the digests folder")
    if joined == ".":
        raise NotThere
    return joined.split("/")


def _as_answer(error: OSError) -> Exception:
    if error.errno in {errno.ENOENT, errno.ENAMETOOLONG}:
        return NotThere()
    if error.errno in {errno.ELOOP, errno.ENOTDIR}:
        return Refused("a symbolic link stands on the way to it; links are not followed")
    return Refused(f"it cannot be read: {error.strerror}")
