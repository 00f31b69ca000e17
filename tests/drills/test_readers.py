"""Real feed readers over HTTP, through everything that happens to a newsletter in its life.

    make readers        the drill alone, and what it counted

After each chapter every reader polls, twice. It must then have every entry there ever was, once
each, and the newest text of each: nothing twice, nothing missed.
"""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from drills.clients import Client, Library, Newsboat, Parser, Rss2Email
from drills.newsroom import TOML, Newsroom, digest, free_ports
from lxml import etree
from render.feed_agreement import told

from publisher.addresses import FEEDS

pytestmark = pytest.mark.service

NAMES = [name for name, _, _ in FEEDS]
ITEMS = [f"items/{name}" for name in NAMES]
KINDS: list[Callable[[Path], Client]] = [Library, Parser, Newsboat, Rss2Email]
READERS = [
    (kind, name)
    for kind in KINDS
    for name in NAMES + ITEMS
    if kind is Library or name.endswith(".xml")  # the others read no JSON
]


def life(room: Newsroom) -> Iterator[tuple[str, str]]:
    """Live through a newsletter's life; after each chapter say it, and a word feeds must hold."""
    room.drop("1.md", digest(1, "ant", "bee"))
    room.drop("2.md", digest(2, "cat", "dog"))
    room.publish()
    yield "the back catalogue", "dog"
    room.drop("3.md", digest(3, "eel", "fox", "gnu", "hen"))
    room.publish()
    yield "a new issue", "gnu"
    room.drop("3.md", digest(3, "eel", "fox", "ibis", "gnu", "hen"))
    room.publish()
    yield "an edit", "ibis"
    (room.path / "digests" / "3.md").rename(room.path / "digests" / "three.md")
    room.publish()
    yield "a rename", "ibis"
    (room.path / "digests" / "three.md").unlink()
    room.drop("drei.md", digest(3, "eel", "fox", "ibis", "gnu", "jay"))
    room.publish()
    yield "a rename with an edit", "jay"
    room.publish()
    yield "the same again", "jay"
    room.drop("drei.md", digest(3, "eel", "fox", "ibis", "gnu", "jay", title="Kites of the quay"))
    room.publish()
    yield "a title", "Kites of the quay"
    file = room.drop(
        "drei.md", digest(33, "eel", "fox", "ibis", "gnu", "jay", title="Quays", date="2026-04-01")
    )
    room.publish(file, as_issue="3")
    yield "another number, title and date", "Quays"
    room.drop("drei.md", digest(3, "eel", "fox", "ibis", "gnu", "jay"))
    room.publish(room.path / "digests" / "drei.md", as_issue="3")
    yield "and back", "jay"
    room.templates = {**room.templates, "words/zh.po": room.templates["words/zh.po"].replace(
        "第 {number} 期", "总第 {number} 期")}  # fmt: skip
    room.publish()
    yield "other templates", "jay"
    room.lose_database()
    room.publish()
    yield "the database lost", "jay"
    room.lose_database()
    shutil.rmtree(room.settings.site_folder)
    room.publish()
    yield "database and site lost", "jay"
    room.open_doors()
    yield "a restart", "jay"
    room.drop("4.md", digest(4, "kite"))
    room.publish(seconds=0)
    room.drop("4.md", digest(4, "kite", "lynx"))
    room.publish(seconds=0)
    yield "two publications in a second", "lynx"
    room.drop("4.md", digest(4, "kite", "moth"))
    room.publish(seconds=0)
    yield "and a third, after a poll", "moth"
    room.drop("4.md", digest(4, "kite", "moths"))
    room.publish(seconds=-7200)
    yield "a clock that went back", "moths"
    room.now = room.records[-1].published
    room.publish(seconds=86_400)
    yield "and was set right", "moths"
    room.withdraw("3")
    yield "an issue withdrawn", "moths"
    room.withdraw("3", restore=True)
    yield "and restored", "jay"
    room.withdraw("4")
    room.withdraw("4", restore=True)
    yield "the newest withdrawn and restored between two polls", "moths"
    (room.path / "digests" / "4.md").unlink()
    room.publish()
    yield "a digest deleted", "moths"
    room.write(TOML.replace("news.example.net", "elsewhere.example.com/letters"))
    room.publish()
    room.open_doors(elsewhere=True)
    yield "another address", "moths"
    room.write(TOML.replace("https://news.example.net", "http://news.example.net"))
    room.publish()
    room.open_doors()
    yield "another scheme", "moths"
    room.write(TOML.replace('title = "', 'title = "Other '))
    room.publish()
    room.open_doors()
    yield "another name", "Other "
    room.write(TOML.replace("zh-Hans", "en"))
    room.publish()
    room.open_doors()
    yield "another language", "May"
    for number, word in ((5, "newt"), (6, "owl"), (7, "pug")):
        room.drop(f"{number}.md", digest(number, word))
        room.publish()
    yield "the oldest out of the window", "pug"
    for number, word in ((8, "quail"), (9, "rook"), (10, "swan"), (11, "tern")):
        room.drop(f"{number}.md", digest(number, word))
    room.publish()
    yield "a window of issues at once", "rook"
    for number in range(12, 24):
        room.drop(f"{number}.md", digest(number, f"vole{number}"))
        room.publish()
        yield f"issue {number}", f"vole{number}"


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Newsroom]:
    """A newsletter before its first publication; only its empty site is there to be polled."""
    made = Newsroom(tmp_path / "home")
    made.publish()
    for file in (made.settings.register_path, *made.path.glob("publisher.db*")):
        file.unlink()
    made.open_doors()
    yield made
    made.close_doors()


@pytest.mark.parametrize(
    ("kind", "name"), READERS, ids=[f"{kind.__name__}-{name}" for kind, name in READERS]
)
def test_a_reader_has_every_entry_once(
    room: Newsroom,
    tmp_path: Path,
    kind: Callable[[Path], Client],
    name: str,
    report: Callable[[str], None],
) -> None:
    """Whatever happens to the newsletter, the reader misses nothing and has nothing twice."""
    folder = tmp_path / "reader"
    folder.mkdir()
    client = kind(folder)
    client.move(f"{room.address}/{name}")
    address, polls, chapters = room.address, 0, 0
    entries: dict[str, str] = {}
    for chapter, word in life(room):
        if room.address != address:
            address = room.address
            client.move(f"{address}/{name}")
        entries = client.poll()
        ever = room.items if "items/" in name else room.issues
        assert set(entries) == ever, chapter
        if client.shows_edits:
            assert any(word in text for text in entries.values()), chapter
        assert client.poll() == entries, f"{chapter}: a second poll changes nothing"
        chapters, polls = chapters + 1, polls + 2
    report(f"{chapters} chapters, {polls} polls, {len(entries)} entries: 0 twice, 0 missed")


@pytest.mark.parametrize("kind", [Library, Newsboat, Rss2Email])
def test_a_reader_of_the_program_that_runs(
    tmp_path: Path, kind: Callable[[Path], Client], report: Callable[[str], None]
) -> None:
    """`publisher run` itself, killed and begun anew, is followed without a miss or a doublet."""
    home, folder = tmp_path / "home", tmp_path / "reader"
    folder.mkdir()
    (home / "digests").mkdir(parents=True)
    site, desk = free_ports(2)
    head = f"[web]\nport = {site}\ndesk_port = {desk}\n"
    (home / "publisher.toml").write_text(TOML.replace("[newsletter]", f"{head}[newsletter]"))
    client = kind(folder)
    address = f"http://127.0.0.1:{site}/rss.xml"
    client.move(address)
    entries: dict[str, str] = {}

    def await_served(word: str, process: subprocess.Popen[bytes]) -> None:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            assert process.poll() is None, "it left by itself"
            with suppress(OSError), closing(urlopen(address)) as answer:
                if word in answer.read().decode():
                    return
            time.sleep(0.1)
        pytest.fail(f"{word} was not published")

    deeds = [(("ant", "bee"), 1), (("cat",), 2), (("cat", "dog"), 2)]
    last = "channel"
    for words, number in deeds:
        process = subprocess.Popen(
            [sys.executable, "-m", "publisher", "--home", home, "run"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            await_served(last, process)
            assert client.poll() == entries
            (home / "digests" / f"{number}.md").write_text(digest(number, *words), "utf-8")
            last = f"/{number}/{words[-1]}"
            await_served(last, process)
            entries = client.poll()
            assert len(entries) == number
            if client.shows_edits:
                assert any(last in text for text in entries.values())
        finally:
            process.kill()
            process.wait()
    report(f"{len(deeds)} runs, {len(entries)} entries: 0 twice, 0 missed")


def test_a_new_reader_walks_back_to_the_first_issue(room: Newsroom) -> None:
    """From the feed over the archives every issue that stands is met, in each format."""
    for chapter, _ in life(room):
        site = room.settings.site_folder
        for name in NAMES:
            met: set[str] = set()
            path: str | None = name
            while path:
                body = (site / path).read_bytes()
                met |= {entry["id"] for entry in told(body)}
                before = previous(body)
                path = urlsplit(before).path.partition("letters/")[2] or urlsplit(before).path[1:]
            standing = {one.id for one in room.records if one.withdrawn is None}
            assert met == standing, (chapter, name)


def previous(body: bytes) -> str:
    """Give the address of the archive before a document; "" where it is the first."""
    if body.startswith(b"{"):
        return str(json.loads(body).get("next_url", ""))
    links = etree.fromstring(body).iterfind(".//{*}link[@rel='prev-archive']")
    return next((link.get("href", "") for link in links), "")


def test_every_feed_is_strict_xml_in_every_chapter(room: Newsroom) -> None:
    """An unforgiving parser takes both XML feeds, and all three name the same issues in order."""
    for chapter, _ in life(room):
        root = room.settings.site_folder
        rss = etree.fromstring((root / "rss.xml").read_bytes())
        atom = etree.fromstring((root / "atom.xml").read_bytes())
        items = json.loads((root / "feed.json").read_bytes())["items"]
        ids = [guid.text for guid in rss.iter("guid")]
        assert ids == [entry.findtext("{*}id") for entry in atom.iter("{*}entry")], chapter
        assert ids == [item["id"] for item in items], chapter
