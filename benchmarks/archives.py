"""archives - adding an issue to a large archive and building it anew, beside Hugo and Pelican.

    python benchmarks/archives.py [--n 5000] [--small 100] [--rounds N] [--json]

The same posts, two topics of six and four short sections each, 0.9 KB, are laid down three times: as
digests, as Hugo's content and as Pelican's. Then whole processes run in turn: one post added to each
archive, and to a small one of ours; and everything made again. The clock on the wall counts, the
processors' time stands beside it. Ours makes its compressed copies meanwhile, theirs make none. Hugo
and Pelican stand in an environment of their own under tools/bin, made on first need from the group
`peers` of pyproject.toml.
Faults: exit 1 where a `must` is not met or a program fails, in its own words.
Never: counts the first publication, which also judges every mail: that is shown and has no peer.
See: README.md beside it (the figures), feeds.py (serving).
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Final, Protocol

from figures import Row, document, row

HERE: Final = Path(__file__).resolve().parent
ROOT: Final = HERE.parent
PEERS: Final = HERE / "tools" / "bin" / "peers"
LAST: Final = date(2026, 11, 1)
"""The day of the newest post; each older one is of the day before."""
TOPICS: Final = ("harbour", "weather", "rope", "lamps", "charts", "bread")
WORDS: Final = (
    *("quay", "keel", "mast", "rudder", "tide", "lantern", "barrel", "anchor", "gull", "pier"),
    *("sail", "cable", "wharf", "beacon", "compass", "deck", "hull", "locker", "oar", "plank"),
    *("reef", "shoal", "spar", "tiller", "winch", "buoy", "cargo", "dock", "ferry", "heron"),
)
WINDOW: Final = 20
"""Entries in a feed, and titles on a page of a list, on every side."""


# --- the posts ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Post:
    """One post: what all three are given."""

    number: int
    day: date
    topics: tuple[str, str]
    sections: tuple[tuple[str, str, str], ...]

    @property
    def title(self) -> str:
        """What it is called."""
        return f"Harbour letter {self.number}: {self.sections[0][0].lower()}"

    @property
    def body(self) -> str:
        """Its sections, each under a heading that leads to what it is about."""
        return "\n".join(f"## [{name}]({url})\n\n{text}\n" for name, url, text in self.sections)


def post(number: int, of: int) -> Post:
    """Make a post, always the same; the one numbered `of` is of the last day."""
    dice = random.Random(number)

    def sentence(words: int) -> str:
        return " ".join(dice.choice(WORDS) for _ in range(words)).capitalize()

    return Post(
        number,
        LAST - timedelta(days=of - number),
        (TOPICS[number % 6], TOPICS[(number + 1 + number // 6 % 5) % 6]),
        tuple(
            (
                sentence(4),
                f"https://example.net/{number}/{part}",
                " ".join(f"{sentence(9)}." for _ in range(3)),
            )
            for part in range(4)
        ),
    )


# --- three that publish them --------------------------------------------------


class Publishing(Protocol):
    """A program with an archive of posts on the disk."""

    name: str
    folder: Path

    def lay(self, one: Post) -> Path:
        """Write a post where the program looks for it."""

    def add(self, file: Path) -> Sequence[str | Path]:
        """Give the command that publishes one more post."""

    def anew(self) -> Sequence[str | Path]:
        """Throw away what was made; give the command that makes everything."""


class Ours:
    """Publisher, with a home."""

    name = "publisher"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "digests").mkdir(parents=True)
        self._times = 0
        self._write()

    def lay(self, one: Post) -> Path:
        """Write a digest; an old file, as one that has settled."""
        head = f'number: {one.number}\ntitle: "{one.title}"\ndate: {one.day}\n'
        topics = f"tags: [{', '.join(one.topics)}]\n"
        file = _put(
            self.folder / "digests" / f"{one.day.year}" / f"{one.number}.md",
            f"---\n{head}{topics}---\n\n{one.body}",
        )
        os.utime(file, (1_000_000_000, 1_000_000_000))
        return file

    def add(self, file: Path) -> Sequence[str | Path]:
        """Publish the one file."""
        return [*self._command, file]

    def anew(self) -> Sequence[str | Path]:
        """Lose the site and say something else of the newsletter, so that nothing kept will do."""
        shutil.rmtree(self.folder / "feeds", ignore_errors=True)
        self._times += 1
        self._write()
        return self._command

    @property
    def _command(self) -> list[str | Path]:
        return [sys.executable, "-m", "publisher", "--home", self.folder, "publish"]

    def _write(self) -> None:
        _put(
            self.folder / "publisher.toml",
            'site_url = "https://news.example.net/"\n[newsletter]\ntitle = "Harbour letters"\n'
            f'description = "Letters, told {self._times} times"\nwindow = {WINDOW}\n',
        )


class Hugo:
    """Hugo, with the least of a theme: one line for a post, one for a list."""

    name = "Hugo"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        _put(
            folder / "hugo.toml",
            'baseURL = "https://news.example.net/"\ntitle = "Harbour letters"\n'
            f"[services.rss]\nlimit = {WINDOW}\n",
        )
        page = "<!doctype html><html><head><title>{{ .Title }}</title></head><body>%s</body></html>"
        single = "<h1>{{ .Title }}</h1>{{ .Content }}"
        each = '<li><a href="{{ .RelPermalink }}">{{ .Title }}</a></li>'
        listed = f"<h1>{{{{ .Title }}}}</h1><ul>{{{{ range (.Paginate .Pages {WINDOW}).Pages }}}}{each}{{{{ end }}}}</ul>"
        _put(folder / "layouts" / "_default" / "single.html", page % single)
        _put(folder / "layouts" / "_default" / "list.html", page % listed)

    def lay(self, one: Post) -> Path:
        """Write a page of the section posts."""
        tags = ", ".join(f'"{topic}"' for topic in one.topics)
        head = f'title = "{one.title}"\ndate = {one.day}\ntags = [{tags}]\n'
        return _put(
            self.folder / "content" / "posts" / f"{one.number}.md", f"+++\n{head}+++\n\n{one.body}"
        )

    def add(self, file: Path) -> Sequence[str | Path]:
        """Build: it knows no other way."""
        return [PEERS / "bin" / "hugo", "--quiet", "--source", self.folder]

    def anew(self) -> Sequence[str | Path]:
        """Throw pages and caches away and build."""
        for name in ("public", "resources"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
        return self.add(self.folder)


class Pelican:
    """Pelican, with its own theme and all its feeds."""

    name = "Pelican"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        kinds = ("CATEGORY", "TAG", "AUTHOR")
        feeds = "".join(f'{kind}_FEED_ATOM = "feeds/{{slug}}.{kind}.atom.xml"\n' for kind in kinds)
        _put(
            folder / "pelicanconf.py",
            'SITENAME = "Harbour letters"\nAUTHOR = "Harbour"\nTIMEZONE = "UTC"\n'
            'SITEURL = "https://news.example.net"\nFEED_ALL_ATOM = "feeds/all.atom.xml"\n'
            f'FEED_ALL_RSS = "feeds/all.rss.xml"\n{feeds}FEED_MAX_ITEMS = {WINDOW}\n'
            f"RSS_FEED_SUMMARY_ONLY = False\nDEFAULT_PAGINATION = {WINDOW}\n",
        )

    def lay(self, one: Post) -> Path:
        """Write an article."""
        head = f"Title: {one.title}\nDate: {one.day}\nTags: {', '.join(one.topics)}\n"
        return _put(self.folder / "content" / f"{one.number}.md", f"{head}\n{one.body}")

    def add(self, file: Path) -> Sequence[str | Path]:
        """Build: it knows no other way."""
        where: list[str | Path] = [self.folder / "content", "-s", self.folder / "pelicanconf.py"]
        return [PEERS / "bin" / "pelican", "-q", *where, "-o", self.folder / "output"]

    def anew(self) -> Sequence[str | Path]:
        """Throw the pages away and build."""
        shutil.rmtree(self.folder / "output", ignore_errors=True)
        return self.add(self.folder)


def _put(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")
    return file


# --- measuring ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Took:
    """What a process took from start to end: seconds on the wall, and of all processors."""

    wall: float
    processor: float


def timed(command: Sequence[str | Path]) -> Took:
    """Run a process to its end."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    wall, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        said = done.stderr[-2000:] or done.stdout[-2000:]
        raise SystemExit(f"archives: {command[0]} left with {done.returncode}: {said}")
    return Took(wall, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)


def ready(side: Publishing, number: int) -> Took:
    """Lay down so many posts and publish them for the first time."""
    for each in range(1, number + 1):
        side.lay(post(each, number))
    return timed(side.anew())


def measured(folder: Path, number: int, small: int, rounds: int) -> Iterator[Row]:
    """Measure all there is, in rounds in which each program runs once."""
    ours, few = Ours(folder / "ours"), Ours(folder / "few")
    sides: tuple[Publishing, ...] = (ours, few, Hugo(folder / "hugo"), Pelican(folder / "pelican"))
    first = ready(ours, number).wall
    for side in sides[1:]:
        ready(side, small if side is few else number)
    yield row(f"first publication of {number:,}, every mail judged", [first], "s", "lower")
    added: dict[str, list[Took]] = {}
    anew: dict[str, list[Took]] = {}
    for turn in range(1, rounds + 1):
        for side in sides:
            had = small if side is few else number
            file = side.lay(post(had + turn, had))
            name = "few" if side is few else side.name
            added.setdefault(name, []).append(timed(side.add(file)))
    yield from _against(f"add one to {number:,}", added, {"Hugo": 0.25, "Pelican": 0.03})
    yield from _against(f"add one to {number:,}, beside {small:,}", added, {"few": 1.3})
    for _ in range(rounds):
        for side in sides:
            if side is not few:
                anew.setdefault(side.name, []).append(timed(side.anew()))
    yield from _against(f"all {number:,} anew", anew, {"Pelican": 1.0, "Hugo": 8.0})


def _against(what: str, took: dict[str, list[Took]], peers: dict[str, float]) -> Iterator[Row]:
    """Compare ours with each peer's, round by round; the clock on the wall counts."""
    ours = took[Ours.name]
    yield row(f"{what}: ours", [one.wall for one in ours], "s", "lower")
    for peer, must in peers.items():
        name = "ours of the small" if peer == "few" else f"{peer}'s"
        pairs = list(zip(ours, took[peer], strict=True))
        walls = [one.wall / other.wall for one, other in pairs]
        yield row(f"{what}: to {name}", walls, "x", "lower", goal=must, must=must, digits=3)
        processors = [one.processor / other.processor for one, other in pairs]
        yield row(f"{what}: to {name}, processors", processors, "x", "lower", digits=3)


def install() -> None:
    """Make the peers' environment, where it is not there."""
    if (PEERS / "ready").exists():
        return
    venv.create(PEERS, clear=True, with_pip=True)
    pip = [sys.executable, "-m", "pip", "-q", "--python", str(PEERS / "bin" / "python")]
    subprocess.run([*pip, "install", "--group", f"{ROOT / 'pyproject.toml'}:peers"], check=True)
    (PEERS / "ready").touch()


def main() -> int:
    """Measure and tell it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--n", type=int, default=5000, help="posts in the archive (5000)")
    parser.add_argument("--small", type=int, default=100, help="posts in the small one (100)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds (5)")
    parser.add_argument("--json", action="store_true", help="one document on stdout")
    asked = parser.parse_args()
    install()
    found: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="archives-") as folder:
        for one in measured(Path(folder), asked.n, asked.small, asked.rounds):
            found.append(one)
            if not asked.json:
                print(one, flush=True)
    if asked.json:
        print(document(found))
    return 0 if all(one.is_met for one in found) else 1


if __name__ == "__main__":
    sys.exit(main())
