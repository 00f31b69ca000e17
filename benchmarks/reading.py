"""reading - how far the reader agrees with readings written by eye, as percentages.

    python benchmarks/reading.py [--misses] [--only SERIES] [--json]

Each digest of the corpora (the folder PUBLISHER_CORPORA, by default ../shared/corpora) is read and
compared with the expectation in tests/digest/corpora/: title, number, date, language, sections
with their item counts, the number of items, the first and the last item with its address. Two
figures are given for each fact: `strict` against the one reading the editor put first, `either`
also against those noted beside it as defensible. `--misses` lists what differs.
Faults: exit 1 where the corpora are missing or a goal is not met. Never: writes.
See: tests/digest/corpora/README.md (how the readings were written).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from publisher import digest
from publisher.model import Issue, Reading

HOME = Path(__file__).resolve().parent.parent
EXPECTED = HOME / "tests" / "digest" / "corpora"
CORPORA = Path(os.environ.get("PUBLISHER_CORPORA") or HOME.parent / "shared" / "corpora")
FACTS = ("title", "number", "date", "language", "sections", "items", "first", "last")
GOAL = 95.0


@dataclass(slots=True)
class Tally:
    """How often one fact was compared, and how often it agreed."""

    compared: int = 0
    strict: int = 0
    either: int = 0
    misses: list[str] = field(default_factory=list)


def main() -> int:
    """Compare every digest that has an expectation and print the table."""
    parser = argparse.ArgumentParser(description="Agreement with readings written by eye.")
    parser.add_argument("--misses", action="store_true", help="list what differs")
    parser.add_argument("--only", default="", help="one series", metavar="SERIES")
    parser.add_argument("--json", action="store_true", help="print one document")
    chosen = parser.parse_args()
    if not CORPORA.is_dir():
        print(f"reading: there are no corpora at {CORPORA}; set PUBLISHER_CORPORA", file=sys.stderr)
        return 1
    tallies = {fact: Tally() for fact in (*FACTS, "encoding", "finding")}
    files = 0
    for series in sorted(EXPECTED.glob(f"{chosen.only or '*'}.json")):
        for name, expected in json.loads(series.read_text("utf-8")).items():
            files += 1
            compare(f"{series.stem}/{name}", expected, tallies)
    if chosen.json:
        print(json.dumps({"rows": rows_of(tallies)}, ensure_ascii=False, indent=2))
    else:
        show(tallies, files, misses=chosen.misses)
    return 0 if all(row["value"] >= row["goal"] for row in rows_of(tallies)) else 1


def compare(name: str, expected: dict[str, Any], tallies: dict[str, Tally]) -> None:
    """Read one digest and count each fact that agrees."""
    path = CORPORA / name
    reading = digest.read(path.read_bytes(), name=path.name)
    if "finding" in expected:
        codes = [finding.code for finding in reading.findings]
        count(tallies["finding"], name, expected["finding"] in codes, codes, expected["finding"])
        return
    if "encoding" in expected:
        encoding = expected["encoding"]
        count(tallies["encoding"], name, reading.encoding == encoding, reading.encoding, encoding)
    if "as" in expected:
        series, _, file = expected["as"].partition("/")
        original = json.loads((EXPECTED / f"{series}.json").read_text("utf-8"))[file]
        either = {**original.get("either", {}), **expected.get("either", {})}
        expected = {**original, **expected, "either": either}
    either = expected.get("either", {})
    facts = facts_of(reading)
    is_counted = any(
        allows(facts["sections"], wanted, either.get("counts", {}))
        for wanted in (expected["sections"], *either.get("sections", ()))
    )
    for fact, found in facts.items():
        is_strict = same(fact, found, expected[fact])
        is_either = any(same(fact, found, other) for other in either.get(fact, ()))
        is_either |= is_counted and fact in {"sections", "items"}
        count(tallies[fact], name, is_strict, found, expected[fact], is_either=is_either)


def allows(found: list[Any], wanted: list[Any], counts: dict[str, list[Any]]) -> bool:
    """Whether sections agree where some may hold other numbers of items, or be absent."""
    rest = list(found)
    for title, number in wanted:
        others = counts.get("null" if title is None else title, ())
        if rest and letters(rest[0][0]) == letters(title) and rest[0][1] in (number, *others):
            rest.pop(0)
        elif "absent" not in others:
            return False
    return not rest


def count(
    tally: Tally, name: str, is_strict: bool, found: Any, wanted: Any, *, is_either: bool = False
) -> None:
    """Add one comparison to a tally."""
    tally.compared += 1
    tally.strict += is_strict
    tally.either += is_strict or is_either
    if not is_strict and not is_either:
        tally.misses.append(f"{name}\n      read     {found}\n      expected {wanted}")


def facts_of(reading: Reading) -> dict[str, Any]:
    """Give what was read in the shape the expectations have."""
    issue = reading.issues[0] if reading.issues else Issue()
    items = issue.items
    return {
        "title": issue.title,
        "number": issue.number,
        "date": issue.date.isoformat() if issue.date else None,
        "language": (issue.language or "").split("-")[0] or None,
        "sections": [
            [section.title, len(section.items)]
            for section in issue.sections
            # A heading alone heads the sections below it; what has no name is a preface.
            if section.form != "heading" and (section.title or section.items)
        ],
        "items": len(items),
        "first": [items[0].title, items[0].url] if items else None,
        "last": [items[-1].title, items[-1].url] if items else None,
    }


def same(fact: str, found: Any, wanted: Any) -> bool:
    """Whether two values of a fact agree: words by their letters, addresses once decoded."""
    if fact == "title":
        return letters(found) == letters(wanted)
    if fact == "sections":
        return [[letters(title), n] for title, n in found] == [[letters(t), n] for t, n in wanted]
    if fact in {"first", "last"}:
        if found is None or wanted is None:
            return found is wanted
        title, address = found
        if title.endswith("…"):  # a long first sentence is shortened
            title, wanted = title[:-1], [(wanted[0] or "")[: len(title) - 1], wanted[1]]
        return letters(title) == letters(wanted[0]) and address_of(address) == address_of(wanted[1])
    return bool(found == wanted)


def letters(text: str | None) -> str | None:
    """Reduce words to what must agree: signs, case and spaces do not count."""
    return None if text is None else "".join(c for c in text.casefold() if c.isalnum())


def address_of(address: str | None) -> str | None:
    """Reduce an address to what must agree."""
    return None if address is None else unquote(address).rstrip("/")


def rows_of(tallies: dict[str, Tally]) -> list[dict[str, Any]]:
    """Give the figures as rows."""
    rows = []
    for fact, tally in tallies.items():
        for kind in ("strict", "either"):
            share = 100 * getattr(tally, kind) / tally.compared if tally.compared else 100.0
            goal = GOAL if kind == "either" else 0.0
            rows.append(
                {
                    "name": f"{fact}, {kind}",
                    "value": round(share, 1),
                    "unit": "%",
                    "goal": goal,
                    "must": goal,
                    "better": "higher",
                    "min": 0,
                    "max": 100,
                }
            )
    return rows


def show(tallies: dict[str, Tally], files: int, *, misses: bool) -> None:
    """Print the table for people."""
    print(f"{files} digests\n{'fact':10} {'compared':>8} {'strict':>8} {'either':>8}")
    for fact, tally in tallies.items():
        if tally.compared:
            strict, either = (100 * n / tally.compared for n in (tally.strict, tally.either))
            print(f"{fact:10} {tally.compared:8} {strict:7.1f}% {either:7.1f}%")
    for fact, tally in tallies.items() if misses else ():
        for miss in tally.misses:
            print(f"\n{fact}: {miss}")


if __name__ == "__main__":
    sys.exit(main())
