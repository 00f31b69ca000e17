"""publish and issues: what is told of a publication, and of what stands published."""

import io
from contextlib import redirect_stderr
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from publisher.cli import publishing
from publisher.cli.console import Context
from publisher.model import Newsletter, Record
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


def test_a_part_is_taken_off_its_file(tmp_path: Path) -> None:
    """`FILE#PART` names one issue of many; a file that is really called so is that file."""
    file = tmp_path / "all.md"
    assert publishing._parted([file]) == ([file], None)
    named = tmp_path / "all.md#2026-04-24"
    assert publishing._parted([named]) == ([file], "2026-04-24")
    named.write_text("# A\n", "utf-8")
    assert publishing._parted([named]) == ([named], None)


def record(**other: object) -> Record:
    """Make a record."""
    plain = Record("weekly", "tag:a,2026:1", "1", "1.md", NOW, NOW)
    return replace(plain, **other)  # type: ignore[arg-type]  # a test's shorthand


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (record(), "not mailed"),
        (record(back_catalogue=True), "back catalogue"),
        (record(mailed=NOW), "counts as mailed"),
        (record(mailed=NOW, slug="sent", back_catalogue=True), "mailed"),
        (record(mailed=NOW, slug="sent", withdrawn=NOW), "withdrawn"),
    ],
)
def test_how_an_issue_stands(one: Record, words: str) -> None:
    """What was never sent from here but taken over counts as mailed; what was, is."""
    assert publishing.standing(one, {"sent"}) == words


def test_an_issue_without_title_has_a_headline() -> None:
    """It is listed as it is called on its page; one with a title by that."""
    weekly = Newsletter("weekly", "Weekly")
    assert publishing.called(record(), weekly) == "Weekly · 1 May 2026"
    assert publishing.called(record(title="Rivers"), weekly) == "Rivers"
