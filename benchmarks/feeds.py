"""feeds - what feeds and site cost beside their peers, in one table.

    python benchmarks/feeds.py [--only NAME] [--rounds N] [--json]

What is compared runs in turn, A B A B, in the same minutes; a figure is the median of the rounds'
ratios. NAME is one of: serving.
Faults: exit 1 where a `must` is not met or something is missing (named with its package).
Never: measures what no peer or limit stands beside. See: tools/serving.py, figures.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime

from figures import Row, document, row
from tools import serving
from tools.running import BIN, Unfit

from publisher import site

FEED = "topics/measured/rss.xml"
PACKED = 168_000
"""Bytes of the gzip: twenty issues of 26 KB, Chinese, in full (notes on feeds)."""
Figures = Iterator[Row]


def _feed() -> bytes:
    """Make a feed that gzip brings to `PACKED` bytes: digits of chance shrink to 57 %."""
    chance = random.Random(20261123).randbytes(int(PACKED / 0.57 / 2)).hex()
    return f"<?xml version='1.0' encoding='UTF-8'?>\n<rss>{chance}</rss>\n".encode()


def served(rounds: int) -> Figures:
    """Compare the processor time of an answer with nginx's: 304, and 200 from the gzip."""
    folder = serving.cleared(BIN / "feeds")
    home = folder / "home"
    asked = {"Accept-Encoding": "gzip", "User-Agent": "measured/1.0 (42 subscribers)"}
    # a proxy's word on who asks, so that limits are tried; what the reader has is out of date
    changed = {**asked, "X-Forwarded-For": "9.8.7.6", "If-None-Match": '"other"'}
    kinds = {"304": (304, 8.0), "gzip 200 of 168 KB": (200, 4.0)}
    with serving.ours(home) as us:
        site.write(home / "feeds", {FEED: _feed()}, datetime.now(UTC))
        with serving.nginx(home / "feeds", folder / "nginx") as nginx:
            for name, (status, must) in kinds.items():
                costs: dict[str, list[float]] = {"ours": [], "nginx": []}
                for _ in range(rounds):
                    for who, server in (("nginx", nginx), ("ours", us)):
                        tag = server.answer(f"/{FEED}", asked).headers["ETag"]
                        known = {**changed, "If-None-Match": tag} if status == 304 else changed
                        costs[who].append(server.cost(f"/{FEED}", known, status))
                pairs = zip(costs["ours"], costs["nginx"], strict=True)
                ratios = [ours / theirs for ours, theirs in pairs]
                title = f"CPU per {name}"
                yield row(f"{title}, against nginx", ratios, "x", "lower", goal=must, must=must)
                for who, spent in costs.items():
                    yield row(f"{title}, {who}", spent, "µs", "lower", digits=1)


GROUPS = {"serving": served}


def main() -> int:
    """Measure what was asked for and tell it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--only", choices=tuple(GROUPS), help="one group of rows")
    parser.add_argument("--rounds", type=int, default=5, help="rounds (5)")
    parser.add_argument("--json", action="store_true", help="one document on stdout")
    asked = parser.parse_args()
    found: list[Row] = []
    faults = 0
    for name, group in GROUPS.items():
        if asked.only not in (None, name):
            continue
        try:
            for one in group(asked.rounds):
                found.append(one)
                if not asked.json:
                    print(one, flush=True)
        except Unfit as fault:
            faults += 1
            print(f"feeds: {name}: {fault}", file=sys.stderr)
    if asked.json:
        print(document(found))
    return 0 if not faults and all(one.is_met for one in found) else 1


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        sys.exit(main())
