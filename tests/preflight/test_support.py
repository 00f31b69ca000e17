"""preflight.support is what the npm package caniemail says, and nothing of our own.

With PUBLISHER_UPDATE=1 the table is written anew from the package, to be read in the diff.
"""

import json
import os
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from publisher.preflight.support import SUPPORT, VERSION

ROOT = Path(__file__).parent.parent.parent
PACKAGE = ROOT / ".cache" / "node" / "node_modules" / "caniemail"
MODULE = ROOT / "publisher" / "preflight" / "support.py"
KINDS = {"css", "html", "image"}


def counted(feature: dict[str, Any]) -> tuple[int, int, int]:
    """Count the clients whose last tested version supports a feature, in part, or at all says so."""
    letters = Counter(
        list(versions.values())[-1][:1]
        for platforms in feature["stats"].values()
        for versions in platforms.values()
    )
    return letters["y"], letters["a"], letters["y"] + letters["a"] + letters["n"]


def lines(data: dict[str, Any]) -> list[str]:
    """Write the table: slug, clients with it, clients with part of it, clients tested, name."""
    return [
        " ".join([feature["slug"], *map(str, counted(feature)), " ".join(feature["title"].split())])
        for feature in sorted(data["data"], key=lambda one: one["slug"])
        if feature["category"] in KINDS and counted(feature)[2]
    ]


def test_table_is_the_packages() -> None:
    """Every line stands in the package as it is written here, and none is missing."""
    file = PACKAGE / "dist" / "data" / "caniemail.json"
    if not file.is_file():
        assert os.environ.get("CI") != "true", "tests/services.sh installs caniemail"
        pytest.skip("caniemail is not installed; tests/services.sh does it")
    assert json.loads((PACKAGE / "package.json").read_text("utf-8"))["version"] == VERSION
    expected = "\n".join(lines(json.loads(file.read_text("utf-8"))))
    source = MODULE.read_text("utf-8")
    table = re.compile(r'(?<=_TABLE: Final = """\\\n).*?(?=\n""")', re.DOTALL)
    if os.environ.get("PUBLISHER_UPDATE"):
        MODULE.write_text(table.sub(lambda _: expected, source), "utf-8")
        return
    found = table.search(source)
    assert found is not None
    assert found[0] == expected


def test_counts_add_up() -> None:
    """No feature has more clients than were tested, and every one has a name."""
    assert len(SUPPORT) > 250
    for slug, one in SUPPORT.items():
        assert 0 <= one.yes + one.partly <= one.tested, slug
        assert one.tested > 0
        assert one.name
