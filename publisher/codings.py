"""codings - the compressed copies that stand beside a published file, for those who can read them.

A copy is named like its file with one of `SUFFIXES` behind, and has the file's modification time:
by that it is known as a copy of these bytes and no others. The same bytes give the same copies as
long as the libraries stay; they are made anew at any time, so they belong neither into git nor
under the promise of the same bytes. The levels are where a further step costs much and gains little
(measured on feeds of half a megabyte).

Faults: none. Never: touches a disk. See: site (writes them), web.files (answers with them).
"""

from __future__ import annotations

import zlib
from typing import Final

import brotli
import zstandard

SUFFIXES: Final = {"zstd": ".zst", "br": ".br", "gzip": ".gz"}
"""The content codings as HTTP names them (RFC 9110 §8.4.1, 7932, 8878), and their copies' endings."""
SHORTEST: Final = 300
"""Bytes a file has at least to be worth it: a shorter one fits into the first packet anyhow."""
_TEXTS: Final = (".html", ".xml", ".json", ".opml", ".css", ".svg", ".txt")
_COPIES: Final = tuple(text + suffix for text in _TEXTS for suffix in SUFFIXES.values())
_GZIP: Final = 16 + zlib.MAX_WBITS
"""Has zlib write gzip's head, which then holds neither a time nor a name."""


def is_text(path: str) -> bool:
    """Say whether copies are made of a file, by its name."""
    return path.endswith(_TEXTS)


def is_copy(path: str) -> bool:
    """Say whether a name is that of a copy."""
    return path.endswith(_COPIES)


def copies(content: bytes) -> dict[str, bytes]:
    """Make the copies of a text, by suffix; one that would not be shorter is left out."""
    if len(content) < SHORTEST:
        return {}
    made = {
        ".zst": zstandard.ZstdCompressor(level=9).compress(content),
        ".br": brotli.compress(content, quality=5),
        ".gz": zlib.compress(content, 9, _GZIP),
    }
    return {suffix: copy for suffix, copy in made.items() if len(copy) < len(content)}
