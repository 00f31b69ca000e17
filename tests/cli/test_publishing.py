"""publish: what it tells of a publication that took two looks."""

import io
from contextlib import redirect_stderr
from datetime import UTC, datetime
from pathlib import Path

import pytest

from publisher.cli import publishing
from publisher.cli.console import Context
from publisher.publish import Outcome
from publisher.store.issues import DigestRow

NOW = datetime(2026, 5, 1, tzinfo=UTC)


def test_two_looks_tell_everything_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A digest held at the first look and at the second is one digest held."""
    monkeypatch.setattr("publisher.folder.SETTLED_SECONDS", 0.0)
    held = DigestRow("weekly", "a.md", "", "held", (), NOW)
    read = DigestRow("weekly", "b.md", "", "published", (), NOW)
    looks = iter(
        [Outcome(digests=(held,), unchanged=3, young=1), Outcome(digests=(held, read), unchanged=3)]
    )
    console = Context(Path("."), None, quiet=False)
    with redirect_stderr(io.StringIO()) as said:
        outcome = publishing.settle(lambda: next(looks), console)
    assert outcome == Outcome(digests=(held, read), unchanged=3)
    assert said.getvalue() == "1 digest written just now: a second look\n"
