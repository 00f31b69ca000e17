"""digest_speed - how fast digests are read, beside plain markdown-it-py, and whether time is linear.

    python benchmarks/digest_speed.py [--size MB] [--rounds N] [--only FORM] [--json]

Each form is a digest of made-up words of about one megabyte. In each round it is read, rendered by
markdown-it-py alone (the same preset with linkify, tables and strikethrough), and read at twice the
size, one after the other in this order; medians of processor time count. Three figures a form: megabytes a second,
our time to markdown-it-py's, and the time of twice the text to that of once, which must stay below
2.3. The large digests of the corpora (the folder PUBLISHER_CORPORA) are measured where they are.
Faults: exit 1 where a `must` is not met. Never: writes. See: README.md beside it (the figures).
"""

from __future__ import annotations

import argparse
import gc
import os
import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from time import process_time

from figures import Row, document, row
from markdown_it import MarkdownIt

from publisher import digest

HOME = Path(__file__).resolve().parent.parent
CORPORA = Path(os.environ.get("PUBLISHER_CORPORA") or HOME.parent / "shared" / "corpora")
LINEAR = 2.3
SLOWER = 3.0
LARGE = 250_000
MOST_LARGE = 4


# --- digests of made-up words -----------------------------------------------------------


class Pen:
    """Writes words, sentences and addresses; the same seed writes the same."""

    def __init__(self) -> None:
        self._dice = random.Random(1)
        self._words = ["".join(self._syllables()) for _ in range(4000)]

    def _syllables(self) -> Iterator[str]:
        for _ in range(self._dice.randint(1, 4)):
            yield self._dice.choice("bdfgklmnprstvz") + self._dice.choice("aeiou")

    def words(self, least: int, most: int) -> str:
        """Write some words."""
        return " ".join(self._dice.choices(self._words, k=self._dice.randint(least, most)))

    def prose(self, sentences: int) -> str:
        """Write sentences, some with emphasis, code, or a link in them."""
        return " ".join(self._sentence() for _ in range(sentences))

    def _sentence(self) -> str:
        inside = self._dice.choice(
            ["", "", "", f"**{self.words(1, 2)}** ", f"`{self.words(1, 1)}` ", f"{self.link()} "]
        )
        return f"{self.words(4, 12).capitalize()} {inside}{self.words(2, 6)}."

    def han(self, sentences: int) -> str:
        """Write Chinese-looking sentences, full-width stops and a bare address among them."""
        return "".join(
            "".join(chr(self._dice.randint(0x4E00, 0x9FA0)) for _ in range(18))
            + self._dice.choice(["，", "、", "", f"（{self.address()}），"])
            + "".join(chr(self._dice.randint(0x4E00, 0x9FA0)) for _ in range(9))
            + "。"
            for _ in range(sentences)
        )

    def number(self) -> int:
        """Write a number."""
        return self._dice.randint(1, 9)

    def address(self) -> str:
        """Write an address."""
        words = self.words(2, 4).replace(" ", "-")
        return f"https://{self.words(1, 1)}.test/{words}/{self._dice.randint(1, 9999)}"

    def link(self) -> str:
        """Write a link."""
        return f"[{self.words(2, 6)}]({self.address()})"


def translated(pen: Pen) -> str:
    """Write a heading, its translation as a link on the next line, an abstract."""
    return f"# {pen.words(4, 9)}\n[{pen.han(1)}]({pen.address()})\n\n{pen.han(6)}\n\n"


def linked(pen: Pen) -> str:
    """Write a section of headings that are links, prose below each."""
    items = (f"### {pen.link()}\n\n{pen.prose(4)}\n\n{pen.prose(3)}\n\n" for _ in range(5))
    return f"## {pen.words(1, 3)}\n\n{''.join(items)}"


def bullets(pen: Pen) -> str:
    """Write a section of bullets that open with a link, some with bullets below."""
    items = (f"- {pen.link()} — {pen.prose(1)}\n  - {pen.words(3, 9)}\n" for _ in range(12))
    return f"## {pen.words(1, 3)}\n\n{''.join(items)}\n"


def long_list(pen: Pen) -> str:
    """Write a bullet with its link amid a sentence; all of them are one list."""
    return f"* {pen.words(2, 5)} {pen.link()} {pen.words(4, 12)}.\n"


def rows(pen: Pen) -> str:
    """Write a day's table of papers."""
    head = f"## {pen.words(1, 3)}\n\n| Title | Authors | Summary |\n|---|---|---|\n"
    body = (f"| {pen.link()} | {pen.words(2, 6)} | {pen.prose(2)} |\n" for _ in range(12))
    return f"{head}{''.join(body)}\n"


def numbered(pen: Pen) -> str:
    """Write `N、[title](address)` and two paragraphs."""
    return f"{pen.number()}、{pen.link()}\n\n{pen.han(4)}\n\n{pen.han(2)}\n\n"


def prose(pen: Pen) -> str:
    """Write English paragraphs under a heading, a quotation and code among them."""
    quoted = f"> {pen.prose(2)}\n\n```\n{pen.words(5, 9)}\n```\n"
    return f"## {pen.words(2, 5)}\n\n{pen.prose(6)}\n\n{pen.prose(5)}\n\n{quoted}\n"


def han(pen: Pen) -> str:
    """Write Chinese paragraphs, hard-wrapped, without a heading."""
    return f"{pen.han(3)}\n{pen.han(3)}\n\n"


def raw(pen: Pen) -> str:
    """Write items in HTML, with comments between them."""
    link = f'<a href="{pen.address()}">{pen.words(2, 6)}</a>'
    return f"<h3>{link}</h3>\n<p>{pen.words(20, 60)}<br/>\n<b>{pen.words(1, 3)}</b></p>\n<!-- {pen.words(3, 9)} -->\n\n"


FORMS: dict[str, Callable[[Pen], str]] = {
    "heading, translated link": translated,
    "linked headings": linked,
    "bullets": bullets,
    "one long list": long_list,
    "tables": rows,
    "numbered paragraphs": numbered,
    "English prose": prose,
    "Chinese prose": han,
    "HTML": raw,
}


def written(form: Callable[[Pen], str], size: int) -> bytes:
    """Write a digest of a form of about a size in bytes."""
    pen = Pen()
    parts: list[bytes] = []
    length = 0
    while length < size:
        parts.append(form(pen).encode())
        length += len(parts[-1])
    return b"".join(parts)


# --- the clock --------------------------------------------------------------------------


def rendered(text: str) -> None:
    """Render a text with markdown-it-py and nothing of ours."""
    peer = MarkdownIt("commonmark", {"linkify": True, "xhtmlOut": True})
    peer.enable(["linkify", "table", "strikethrough"]).render(text)


def timed(work: Callable[[], object]) -> float:
    """Measure the processor's time of one run, with what earlier ones left swept away."""
    gc.collect()
    start = process_time()
    work()
    return process_time() - start


def measured(name: str, once: bytes, twice: bytes | None, rounds: int) -> list[Row]:
    """Measure one digest, beside the peer and beside itself at twice the size."""
    text = once.decode()
    ours, peer, double = [], [], []
    for _ in range(rounds):
        ours.append(timed(lambda: digest.read(once)))
        peer.append(timed(lambda: rendered(text)))
        if twice is not None:
            double.append(timed(lambda: digest.read(twice)))
    size = len(once) / 1e6
    found = [
        row(f"{name}: speed", [size / time for time in ours], "MB/s", "higher"),
        row(
            f"{name}: time to markdown-it-py's",
            [a / b for a, b in zip(ours, peer, strict=True)],
            "x",
            "lower",
            goal=SLOWER,
        ),
    ]
    if twice is not None:
        growth = len(twice) / len(once) / 2  # blocks are whole, so twice is not twice to the byte
        times = [b / a / growth for a, b in zip(ours, double, strict=True)]
        found.append(row(f"{name}: twice the text", times, "x", "lower", goal=2.0, must=LINEAR))
    return found


def large() -> list[tuple[str, bytes]]:
    """Give the largest digests of the corpora."""
    files = [path for path in CORPORA.rglob("*.m*d*") if path.stat().st_size > LARGE]
    files.sort(key=lambda path: -path.stat().st_size)
    return [(f"{path.parent.name}/{path.name}", path.read_bytes()) for path in files[:MOST_LARGE]]


def main() -> int:
    """Measure what was asked for and tell it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--size", type=float, default=1.0, help="megabytes a digest (1)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds a form (3)")
    parser.add_argument("--only", default="", help="only forms with this in their name")
    parser.add_argument("--json", action="store_true", help="one document on stdout")
    asked = parser.parse_args()
    size = int(asked.size * 1e6)
    jobs = [(name, written(form, size), written(form, 2 * size)) for name, form in FORMS.items()]
    digests: list[tuple[str, bytes, bytes | None]] = [*jobs, *((n, d, None) for n, d in large())]
    found: list[Row] = []
    for name, once, twice in digests:
        if asked.only not in name:
            continue
        some = measured(name, once, twice, asked.rounds)
        found += some
        for one in some if not asked.json else ():
            print(one, flush=True)
    if asked.json:
        print(document(found))
    return 0 if all(one.is_met for one in found) else 1


if __name__ == "__main__":
    sys.exit(main())
