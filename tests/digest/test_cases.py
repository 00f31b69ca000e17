"""Golden digests: each folder in cases/ holds a digest and what is read from it.

Set PUBLISHER_UPDATE=1 to write the readings anew; review them in the diff.
"""

import json
import os
from dataclasses import asdict
from datetime import date
from pathlib import Path

import pytest

from publisher.digest import read

CASES = sorted(path.parent for path in Path(__file__).parent.glob("cases/*/digest.md"))


def plain(value: object) -> object:
    """Leave out what is empty, so that a reading stays readable."""
    if isinstance(value, dict):
        kept = {key: plain(part) for key, part in value.items()}
        return {key: part for key, part in kept.items() if part not in (None, "", [], False)}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    return value.isoformat() if isinstance(value, date) else value


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(case: Path) -> None:
    """The digest is read as its golden reading says."""
    reading = read((case / "digest.md").read_bytes(), name=f"{case.name}.md")
    written = json.dumps(plain(asdict(reading)), ensure_ascii=False, indent=2) + "\n"
    golden = case / "reading.json"
    if os.environ.get("PUBLISHER_UPDATE"):
        golden.write_text(written, "utf-8")
    assert written == golden.read_text("utf-8")
