"""How far the reader agrees with the readings written by eye, as benchmarks/reading.py counts it."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
DIGESTS = {".md", ".markdown", ".txt", ".rst"}
EXPECTED = sorted((ROOT / "tests" / "digest" / "corpora").glob("*.json"))


def test_each_fact_agrees(corpora: Path) -> None:
    """No fact falls below the goal, and every reading of the corpora is compared."""
    read = sum(len(json.loads(path.read_text("utf-8"))) for path in EXPECTED)
    assert read == len([path for path in corpora.glob("*/*") if path.suffix in DIGESTS])
    command = [sys.executable, str(ROOT / "benchmarks" / "reading.py"), "--json"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    rows = json.loads(ran.stdout)["rows"]
    fallen = [row["name"] for row in rows if row["value"] < row["must"]]
    assert (fallen, ran.returncode) == ([], 0)
