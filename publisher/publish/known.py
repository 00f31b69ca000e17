"""known - what is known of a newsletter's issues and digests, read when it is asked for.

An archive of twenty years has thousands of records, and a publication is about one of them. What
tells issues apart, their spines, is read at once; a whole record only when somebody wants it.
Faults: the store's. Never: writes. See: store.shelf (the spines), work (what is known in all).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, MutableMapping

from publisher.model import Record
from publisher.store.issues import DigestRow
from publisher.store.shelf import Spine


def spine_of(record: Record) -> Spine:
    """Take out of a record what tells it from others."""
    return Spine(
        record.slug,
        record.id,
        record.path,
        record.part,
        record.hashes[-1] if record.hashes else "",
        record.withdrawn is None,
        record.mailed is not None,
    )


class Records(MutableMapping[str, Record]):
    """The records of a newsletter by slug; what is put in is `touched`."""

    def __init__(
        self,
        spines: Iterable[Spine],
        fetch: Callable[[Collection[str]], Iterable[Record]] = lambda slugs: (),
        found: Mapping[str, Record] | None = None,
    ) -> None:
        self.spines = {spine.slug: spine for spine in spines}
        self.touched: set[str] = set()
        self._fetch = fetch
        self._found = dict(found or {})

    @classmethod
    def whole(cls, records: Mapping[str, Record]) -> Records:
        """Make them of records that are all there."""
        return cls(map(spine_of, records.values()), found=records)

    def some(self, slugs: Iterable[str]) -> list[Record]:
        """Give some of them, read at once."""
        wanted = list(slugs)
        missing = [slug for slug in wanted if slug not in self._found]
        if missing:
            self._found |= {record.slug: record for record in self._fetch(missing)}
        return [self._found[slug] for slug in wanted]

    def __getitem__(self, slug: str) -> Record:
        if slug not in self.spines:
            raise KeyError(slug)
        return self.some([slug])[0]

    def __setitem__(self, slug: str, record: Record) -> None:
        self._found[slug] = record
        self.spines[slug] = spine_of(record)
        self.touched.add(slug)

    def __delitem__(self, slug: str) -> None:
        raise TypeError("a record is for ever")

    def __iter__(self) -> Iterator[str]:
        return iter(self.spines)

    def __len__(self) -> int:
        return len(self.spines)

    def __contains__(self, slug: object) -> bool:
        return slug in self.spines

    def everything(self) -> list[Record]:
        """Give all of them, read at once; `values` would read them one by one."""
        return self.some(self.spines)


class Seen(Mapping[tuple[str, str], DigestRow]):
    """What the last scan made of digests, by path and part; rows are read by path."""

    def __init__(
        self,
        sources: Iterable[tuple[str, str]],
        fetch: Callable[[str], Iterable[DigestRow]] = lambda path: (),
        rows: Iterable[DigestRow] | None = None,
    ) -> None:
        self._sources: dict[str, list[tuple[str, str]]] = {}
        for source in sources:
            self._sources.setdefault(source[0], []).append(source)
        self._fetch = fetch
        self._rows = {row.source: row for row in rows or ()}

    @classmethod
    def whole(cls, rows: Collection[DigestRow]) -> Seen:
        """Make it of rows that are all there."""
        return cls((row.source for row in rows), rows=rows)

    def of(self, path: str) -> list[DigestRow]:
        """List the rows of one digest."""
        sources = self._sources.get(path, [])
        if any(source not in self._rows for source in sources):
            self._rows |= {row.source: row for row in self._fetch(path)}
        return [self._rows[source] for source in sources]

    def __getitem__(self, source: tuple[str, str]) -> DigestRow:
        for row in self.of(source[0]):
            if row.source == source:
                return row
        raise KeyError(source)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return (source for sources in self._sources.values() for source in sources)

    def __len__(self) -> int:
        return sum(map(len, self._sources.values()))
