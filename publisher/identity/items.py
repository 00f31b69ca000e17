"""identity.items - the items of an issue, known again after every edit.

An item is matched by its address, then by its title (or that of its translation), then as the only
one left between two matched neighbours. One that vanished stays on record as gone, so that its
anchor is never given to another, and gets it back when it returns. Keys are read off the address
where it ends in a plain name, else hashed; they do not depend on the place in the issue.
Faults: none. Never: renames a key. See: identity.records (calls it), render (prints the anchors).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Final
from urllib.parse import unquote, urlsplit

from publisher.model import Item, ItemRecord

_PAPER: Final = re.compile(r"([0-9]{4}\.[0-9]{4,5})(?:v[0-9]+)?(?:\.pdf)?")
_ENDING: Final = re.compile(r"\.(?:html?|php|aspx?|md|pdf|txt)$")
_NAME: Final = re.compile(r"(?=.*[a-z])(?=.{3,40}\Z)[a-z0-9]+(?:[._-][a-z0-9]+)*")
_SAYS_NOTHING: Final = frozenset(
    {"index", "home", "main", "master", "latest", "blog", "news", "article", "post", "view"}
    | {"read", "readme", "releases", "release", "download", "abs", "pdf", "about", "default"}
)


def matched(old: Sequence[ItemRecord], items: Sequence[Item]) -> tuple[ItemRecord, ...]:
    """Give each item its record, known or new, in the issue's order; then those that are gone."""
    found: dict[int, int] = {}
    free = dict.fromkeys(range(len(old)))

    def take(place: int, known: int) -> None:
        found[place] = known
        del free[known]

    def by(
        old_name: Callable[[ItemRecord], Hashable], names: Callable[[Item], Iterable[Hashable]]
    ) -> None:
        there: dict[Hashable, list[int]] = {}
        for known in free:
            there.setdefault(old_name(old[known]), []).append(known)
        for place, item in enumerate(items):
            if place not in found:
                rows = next((rows for name in names(item) if (rows := there.get(name))), None)
                if rows:
                    take(place, rows.pop(0))

    by(
        lambda known: (known.url, _folded(known.title)),
        lambda item: [(item.url, title) for title in (_folded(item.title), *_titles(item))],
    )
    by(lambda known: known.url, lambda item: [item.url] if item.url else [])
    by(lambda known: _folded(known.title), _titles)
    for place, known in _between(old, len(items), found, free):
        take(place, known)

    used = {name for known in old for name in (known.key, known.anchor.removeprefix("i-"))}
    records = []
    for place, item in enumerate(items):
        if place in found:
            records.append(replace(old[found[place]], url=item.url, title=item.title, gone=False))
        else:
            key = _new_key(item, used)
            used.add(key)
            records.append(ItemRecord(key, f"i-{key}", item.url, item.title))
    return (*records, *(replace(old[known], gone=True) for known in free))


def _between(
    old: Sequence[ItemRecord], count: int, found: dict[int, int], free: Collection[int]
) -> list[tuple[int, int]]:
    """Find the items that alone are left, then and now, between two matched neighbours."""
    live = [known for known, record in enumerate(old) if not record.gone]
    position = {known: place for place, known in enumerate(live)}
    pairs = []
    for place in range(1, count - 1):
        before, after = found.get(place - 1), found.get(place + 1)
        if place in found or before not in position or after not in position:
            continue
        start = position[before]
        if position[after] == start + 2 and live[start + 1] in free:
            pairs.append((place, live[start + 1]))
    return pairs


def _titles(item: Item) -> list[str]:
    """List an item's own title and its translation, folded, without empty ones."""
    return [title for title in (_folded(item.title), _folded(item.alt_title or "")) if title]


def _folded(title: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", title).casefold().split())


def _new_key(item: Item, used: Collection[str]) -> str:
    """Make a key of lower-case letters, digits and hyphens that no item of the issue ever had."""
    first = _named(item.url or "") or _hashed(item.url or _folded(item.title))
    key, count = first, 1
    while key in used:
        count += 1
        key = f"{first}-{count}"
    return key


def _named(url: str) -> str | None:
    """Read a key off an address that ends in a plain name or the number of a paper."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    last = unquote(parts.path).rstrip("/").rpartition("/")[2].casefold()
    paper = _PAPER.fullmatch(last)
    if paper is not None:
        return paper[1].replace(".", "-")
    name = _ENDING.sub("", last)
    if parts.query or parts.fragment or name in _SAYS_NOTHING or not _NAME.fullmatch(name):
        return None
    return re.sub(r"[._]", "-", name)


def _hashed(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:10]
