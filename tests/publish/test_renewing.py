"""A publication draws what it touches, and leaves the site as a rebuild of all would."""

import copy
import json
import os
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from publisher import identity, site, templates
from publisher import publish as hall
from publisher import settings as settings_room
from publisher.codings import is_copy
from publisher.errors import RefusedError
from publisher.identity import Candidate, Decision
from publisher.model import Passage, Record
from publisher.publish import renewing, saving
from publisher.store import Store, issues, search, shelf

TOML = """site_url = "https://news.example.net/"
[newsletter]
title = "Rivers"
"""
BEGUN = datetime(2026, 1, 3, 9, tzinfo=UTC)
PLACES = ["river.test", "river.test", "arxiv.org/abs"]
TOPICS = ["water", "stone", "Rain", "河流", "c++"]


class History:
    """A home to which things happen by chance, each published for itself."""

    def __init__(self, path: Path, seed: int) -> None:
        self.random = random.Random(seed)
        self.path = path
        (path / "digests").mkdir(parents=True)
        (path / "publisher.toml").write_text(TOML)
        settings = settings_room.load(path)
        short = tuple(replace(one, window=4) for one in settings.newsletters)
        self.settings = replace(settings, newsletters=short)
        self.store = Store.open(self.settings.database)
        self.now = BEGUN
        self.count = 0

    def publish(self, *, rebuild: bool = False) -> None:
        """Publish as `run` does, or all anew."""
        self.now += timedelta(days=self.random.choice([0, 1, 40]))
        hall.publish(
            self.settings,
            self.store,
            templates.load(self.path),
            now=self.now,
            rebuild=rebuild,
        )

    def text(self, number: int, seed: int) -> str:
        """Write a digest of some items under some topics; a few have none."""
        chance = random.Random(f"{number} {seed}")
        named = ", ".join(chance.sample(TOPICS, chance.choice([0, 0, 1, 2])))
        day = date(2024, 1, 1) + timedelta(days=20 * number)
        head = f"---\nnumber: {number}\ndate: {day}\ntopics: [{named}]\ntitle: No {seed}\n---\n"
        items = [
            f"# Bank {number}-{one} #{chance.choice(['silt', 'flood'])}\n"
            f"[link](https://{chance.choice(PLACES)}/{number:04}.{one:05})\n\nIt is bank {one}, told {seed} times.\n"
            for one in range(chance.choice([0, 1, 3, 5]))
        ]
        return head + ("\n".join(items) or f"Only words, {seed} of them.\n")

    def drop(self, name: str, text: str) -> None:
        """Put a digest into the folder, settled."""
        file = self.path / "digests" / name
        file.write_text(text)
        os.utime(file, (0, 0))

    def step(self) -> str:
        """Let one thing happen."""
        there = sorted((self.path / "digests").glob("*.md"))
        what = self.random.choice(
            ["new", "new", "new", "edit", "move", "withdraw", "restore", "two"]
        )
        if what in {"new", "two"} or not there:
            for _ in range(2 if what == "two" else 1):
                self.count += 1
                self.drop(f"{self.count}.md", self.text(self.count, 0))
        elif what == "edit":
            file = self.random.choice(there)
            number = int(file.stem.removeprefix("moved-"))
            self.drop(file.name, self.text(number, self.random.randrange(1, 9)))
        elif what == "move":
            file = self.random.choice(there)
            file.rename(file.with_name(f"moved-{file.stem.removeprefix('moved-')}.md"))
        else:
            slug = str(self.random.randrange(1, self.count + 1))
            self.now += timedelta(minutes=1)
            try:
                hall.withdraw(
                    self.settings,
                    self.store,
                    templates.load(self.path),
                    self.settings.newsletters[0],
                    slug,
                    now=self.now,
                    restore=what == "restore",
                )
            except (RefusedError, KeyError):
                return f"no {what}"
            return f"{what} {slug}"
        self.publish()
        return what

    def standing(self) -> dict[str, bytes]:
        """Give every file of the site, and the register."""
        folder = self.settings.site_folder
        files = {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file() and not is_copy(path.name)
        }
        return files | {"register.json": self.settings.register_path.read_bytes()}


@pytest.fixture
def histories(tmp_path: Path) -> Iterator[list[History]]:
    """Some homes, each with its own chance."""
    made = [History(tmp_path / str(seed), seed) for seed in range(2)]
    yield made
    for one in made:
        one.store.close()


def test_what_is_touched_is_all_that_changes(histories: list[History]) -> None:
    """Whatever happens, site and register stand as a rebuild leaves them, byte for byte."""
    for history in histories:
        history.publish(rebuild=True)
        for number in range(28):
            told = f"step {number}: {history.step()}"
            if number % 4 != 3:  # so that what goes wrong may add up
                continue
            found = history.standing()
            hall.publish(
                history.settings, history.store, templates.load(history.path), now=history.now
            )
            whole = history.standing()
            assert {
                path for path in found.keys() | whole.keys() if found.get(path) != whole.get(path)
            } == set(), told


def test_a_publication_draws_no_page_it_does_not_touch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One issue more draws its page and that of the one before, however many there are."""
    history = History(tmp_path, 1)
    for number in range(1, 13):
        history.drop(f"{number}.md", history.text(number, 0))
    history.publish(rebuild=True)
    handed: list[set[str]] = []
    real = site.write

    def noted(folder: Path, files: dict[str, bytes | None], now: datetime) -> tuple[str, ...]:
        handed.append(set(files))
        return real(folder, files, now)

    monkeypatch.setattr(site, "write", noted)
    history.drop("13.md", history.text(13, 0))
    history.publish()
    history.store.close()
    pages = {path for paths in handed for path in paths if path.startswith("issues/")}
    assert {path.split("/")[1] for path in pages} == {"13", "12"}
    assert not any(path.startswith("archive/") for paths in handed for path in paths)


def test_a_withdrawn_issue_leaves_a_file_that_web_servers_know_it_by(tmp_path: Path) -> None:
    """Restored, it takes the file away again."""
    history = History(tmp_path, 1)
    history.drop("1.md", history.text(1, 0))
    history.publish(rebuild=True)
    gone = history.settings.site_folder / "issues" / "1" / "gone.html"
    for is_back in (False, True):
        hall.withdraw(
            history.settings,
            history.store,
            templates.load(history.path),
            history.settings.newsletters[0],
            "1",
            now=history.now,
            restore=is_back,
        )
        assert gone.exists() is not is_back
    history.store.close()


def test_no_item_of_the_newest_issue_is_missed(tmp_path: Path) -> None:
    """However many it has: who follows the feed of items gets them all."""
    history = History(tmp_path, 1)
    items = (f"# Bank {one}\n[a](https://river.test/{one})\n\nSilt.\n" for one in range(130))
    history.drop("1.md", "---\nnumber: 1\n---\n" + "\n".join(items))
    history.publish(rebuild=True)
    history.store.close()
    feed = json.loads((history.settings.site_folder / "items" / "feed.json").read_text())
    assert len(feed["items"]) == 130


def test_what_stood_in_a_part_that_is_gone_is_known_again(tmp_path: Path) -> None:
    """Like an issue whose digest is gone: what looks like it in part is left to a person."""
    history = History(tmp_path, 1)
    history.now = datetime(2026, 5, 1, tzinfo=UTC)
    parts = [
        f"## 2026-04-{day}\n\n### River {day}\n[to it](https://river.test/{day})\n\nIt rose.\n"
        for day in (24, 17, 10)
    ]
    history.drop("all.md", "\n".join(parts))
    history.publish(rebuild=True)
    history.drop("all.md", "\n".join(parts[:2]))
    history.publish()
    history.drop(
        "other.md", "---\ndate: 2026-04-10\n---\n# Sea\n[to it](https://sea.test/)\n\nIt.\n"
    )
    for is_whole in (False, True):
        history.publish(rebuild=is_whole)
        with history.store.read() as conn:
            (row,) = issues.digests(conn, "newsletter", "other.md")
            assert len(issues.records(conn, "newsletter")) == 3
        assert [finding.code for finding in row.findings] == ["identity/unclear"]
    history.store.close()


def test_records_left_out_change_no_decision(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever happens to digests of one issue or many, the records that matter decide as all do."""
    real, count = identity.decide, 0
    everybody: list[Record] = []

    def both(candidates: list[Candidate], known: list[Record], **facts: Any) -> list[Decision]:
        nonlocal count
        count += len(known) < len(everybody)
        there = {record.slug: record for record in everybody}
        there |= {record.slug: record for record in known}  # `mailed` may be newer
        whole = real(candidates, list(there.values()), **copy.deepcopy(facts))
        found = real(candidates, known, **facts)
        assert found == whole
        return found

    monkeypatch.setattr(identity, "decide", both)
    for seed in range(3):
        history = History(tmp_path / str(seed), seed)
        chance, history.now = history.random, datetime(2026, 5, 1, tzinfo=UTC)
        history.publish(rebuild=True)
        for _ in range(12):
            for _ in range(chance.choice([2, 3, 4])):
                name = f"{chance.choice('abcdefghijklmnop')}.md"
                if chance.random() < 0.15:
                    (tmp_path / str(seed) / "digests" / name).unlink(missing_ok=True)
                    continue
                days = sorted(chance.sample(range(10, 19), chance.choice([1, 1, 1, 2, 3])))
                history.drop(name, many(days, chance))
            with history.store.read() as conn:
                everybody[:] = issues.records(conn, "newsletter")
            history.publish()
        history.store.close()
    assert count > 12


def many(days: list[int], chance: random.Random) -> str:
    """Write a digest of an issue a day, with items at few addresses or none."""
    told = []
    for day in days:
        level = "#" if len(days) == 1 else "###"
        items = [
            f"{level} Bank {place}\n[to it](https://river.test/{place})\n\nIt rose {day}.\n"
            for place in chance.sample("abcdefghijklmnop", chance.choice([0, 1, 2, 4]))
        ]
        text = "\n".join(items) or "Only words.\n"
        stated = f"date: 2026-04-{day}" if chance.random() < 0.7 else "draft: false"
        head = f"---\n{stated}\n---\n" if len(days) == 1 else f"## 2026-04-{day}\n"
        told.append(f"{head}\n{text}")
    return "\n".join(told)


def test_a_topic_that_is_written_otherwise_is_so_on_all_its_pages(tmp_path: Path) -> None:
    """The newest item names it: the pages of its years long past say the new name, too."""
    history = History(tmp_path, 1)

    def digest(number: int, day: str, topic: str, items: int) -> str:
        listed = "\n".join(
            f"# Bank {number}-{one}\n[to it](https://river.test/{number}/{one})\n\nIt rose.\n"
            for one in range(items)
        )
        return f"---\nnumber: {number}\ndate: {day}\ntopics: [{topic}]\n---\n{listed}"

    history.drop("1.md", digest(1, "2023-05-01", "water", 60))
    history.drop("2.md", digest(2, "2025-05-01", "water", 60))
    history.publish(rebuild=True)
    history.drop("3.md", digest(3, "2026-01-02", "Water", 1))
    history.publish()
    found = history.standing()
    history.publish(rebuild=True)
    assert history.standing() == found
    history.store.close()


def test_a_register_put_back_is_joined_anew(tmp_path: Path) -> None:
    """Edited by hand, looked at and put back, it tells another story than the store by then."""
    history = History(tmp_path, 1)
    for number in (1, 2):
        history.drop(f"{number}.md", history.text(number, 0))
    history.publish(rebuild=True)
    before = history.settings.register_path.read_bytes()
    edited = before.replace(
        b'"slug": "1",', b'"slug": "1",\n   "withdrawn": "2026-01-04T00:00:00Z",'
    )
    history.settings.register_path.write_bytes(edited)
    history.publish()
    history.settings.register_path.write_bytes(before)
    history.drop("3.md", history.text(3, 0))
    history.publish()
    found = history.standing()
    history.publish(rebuild=True)
    assert history.standing() == found
    history.store.close()


def test_a_crash_leaves_no_issue_that_is_not_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where what a search finds was not put in its place, the next publication does."""
    history = History(tmp_path, 1)
    history.drop("1.md", "---\nnumber: 1\n---\n# Bank\n[to it](https://river.test/1)\n\nIt rose.\n")
    history.publish(rebuild=True)
    with history.store.begin() as conn:  # what an older program told of it
        told = Passage("", "Long ago", "", "en", "", "", "No 1", date(2026, 1, 1))
        search.put(conn, "newsletter", "1", (told,))
    ours = tuple(replace(one, title="Streams") for one in history.settings.newsletters)
    history.settings = replace(history.settings, newsletters=ours)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(hall, "make_found", killed)
        with pytest.raises(KeyboardInterrupt):
            history.publish(rebuild=True)
    history.publish()
    with history.store.read() as conn:
        assert search.find(conn, "newsletter", "bank", 1).total == 1
    history.store.close()


def test_many_at_once_are_shelved_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An archive put into a home that knows nothing goes through no single transaction."""
    history = History(tmp_path, 1)
    history.publish(rebuild=True)
    for place in (hall, renewing, saving):
        monkeypatch.setattr(place, "MANY", 2)
    sizes: list[int] = []
    real = shelf.put_new

    def noted(conn: Connection, some: Sequence[shelf.Kept]) -> None:
        sizes.append(len(some))
        real(conn, some)

    monkeypatch.setattr(shelf, "put_new", noted)
    for number in range(1, 6):
        history.drop(f"{number}.md", history.text(number, 0))
    history.publish()
    assert sizes == [2, 2, 1]
    found = history.standing()
    history.publish(rebuild=True)
    assert history.standing() == found
    history.store.close()


def test_changed_settings_are_drawn_by_the_next_scan_and_once(tmp_path: Path) -> None:
    """A site moved to another address says so without anybody asking for it."""
    history = History(tmp_path, 1)
    history.drop("1.md", history.text(1, 0))
    history.publish(rebuild=True)
    moved = tuple(
        replace(one, site_url="https://moved.example.net/") for one in history.settings.newsletters
    )
    history.settings = replace(history.settings, newsletters=moved)
    history.publish()
    feed = history.settings.site_folder / "rss.xml"
    assert "https://moved.example.net/issues/1/" in feed.read_text()
    feed.write_text("by hand")
    history.publish()
    assert feed.read_text() == "by hand"
    later = tuple(replace(one, quiet="22:00-07:00", send="on-publish") for one in moved)
    history.settings = replace(history.settings, newsletters=later)
    history.publish()
    history.store.close()
    assert feed.read_text() == "by hand"  # no page says when mail leaves
