"""mail - how long an issue takes to become a mail in each look, and npm mjml beside our engine.

    python benchmarks/mail.py [--rounds N] [--only DIGEST] [--json]

The sample, and where the corpora are (the folder PUBLISHER_CORPORA) the seed and a long one, are
read once; in each round a look of each is made, both halves as they are sent, then its MJML is
rendered by our engine and by npm mjml, warm, one right after the other; medians of processor time
count. Two figures each: the time of both halves, and npm's for the MJML to ours, above 1.
Faults: exit 1 where a `must` is not met, or npm mjml is not there (`sh tests/services.sh` brings it).
Never: writes. See: README.md beside it (the figures), mail.cjs (the peer).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from time import process_time
from types import TracebackType

from figures import Row, document, row
from mjml import mjml2html

from publisher import digest, identity, templates
from publisher.model import Newsletter, Published, Variant
from publisher.render import mail
from publisher.render.fitting import editions

HOME = Path(__file__).resolve().parent.parent
CORPORA = Path(os.environ.get("PUBLISHER_CORPORA") or HOME.parent / "shared" / "corpora")
MODULES = HOME / ".cache" / "node" / "node_modules"
DIGESTS = {
    "sample": HOME / "digests" / "2024-04-12.md",
    "seed": CORPORA / "seed" / "000_a9a4838e097c53b9.txt",
    "long": CORPORA / "twir" / "2026-07-15-this-week-in-rust.md",
}
LOOKS = ("digest", "compact", "letter")
NEWSLETTER = Newsletter(
    slug="weekly",
    title="Weekly",
    site_url="https://news.example.org/",
    app_url="https://app.example.org/",
    postal_address="Pier 1, Harbour",
)
NOW = datetime(2026, 5, 1, 8, tzinfo=UTC)
WARMING = 10
FASTER = 5.0
LEAST = 1.0


class Peer:
    """npm mjml, kept running, so that its start is not counted."""

    def __init__(self, node: str) -> None:
        self._process = subprocess.Popen(
            [node, HOME / "benchmarks" / "mail.cjs"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"NODE_PATH": str(MODULES)},
            text=True,
            encoding="utf-8",
        )

    def milliseconds(self, source: str) -> float:
        """Have it render some MJML."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(source) + "\n")
        self._process.stdin.flush()
        return float(self._process.stdout.readline())

    def __enter__(self) -> Peer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.communicate()


def read(path: Path) -> Published:
    """Read the first issue of a digest."""
    issue = digest.read(path.read_bytes(), name=path.name, newsletter=NEWSLETTER).issues[0]
    return Published(issue, identity.provisional(issue, NEWSLETTER, NOW))


def measured(name: str, published: Published, look: str, peer: Peer, rounds: int) -> list[Row]:
    """Measure one digest in one look, once the peer is warm."""
    loaded = templates.load(None)
    variant = Variant(published.issue.language or "en", look)
    source = mail.source(published, NEWSLETTER, variant, loaded)
    whole, ratios = [], []
    for _ in range(WARMING):
        peer.milliseconds(source)
    for _ in range(rounds):
        whole.append(timed(lambda: editions(published, NEWSLETTER, loaded, variant)))
        ours = timed(lambda: mjml2html(source, fonts={}, disable_comments=True))
        ratios.append(peer.milliseconds(source) / ours)
    return [
        row(f"{name}, {look}: both halves", whole, "ms", "lower", digits=1),
        row(
            f"{name}, {look}: npm's time to ours",
            ratios,
            "x",
            "higher",
            goal=FASTER,
            must=LEAST,
            digits=1,
        ),
    ]


def timed(work: Callable[[], object]) -> float:
    """Measure the processor's time of one run, in milliseconds."""
    begun = process_time()
    work()
    return 1000 * (process_time() - begun)


def main() -> int:
    """Measure what was asked for and tell it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--rounds", type=int, default=9, help="rounds a digest and look (9)")
    parser.add_argument("--only", default="", help="only digests with this in their name")
    parser.add_argument("--json", action="store_true", help="one document on stdout")
    asked = parser.parse_args()
    node = shutil.which("node")
    if node is None or not (MODULES / "mjml").is_dir():
        print("mail: npm mjml is not here: sh tests/services.sh", file=sys.stderr)
        return 1
    found: list[Row] = []
    with Peer(node) as peer:
        for name, path in DIGESTS.items():
            if asked.only not in name or not path.is_file():
                continue
            published = read(path)
            for look in LOOKS:
                some = measured(name, published, look, peer, asked.rounds)
                found += some
                for one in some if not asked.json else ():
                    print(one, flush=True)
    if asked.json:
        print(document(found))
    return 0 if all(one.is_met for one in found) else 1


if __name__ == "__main__":
    sys.exit(main())
