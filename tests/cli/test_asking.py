"""Who got an issue, who did not, and why; one send in full."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from publisher.model import Kind, SendState
from publisher.store import Store, sends

TOML = """[newsletter]
title = "Weekly"
sender_address = "editor@weekly.test"
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with one published issue and three readers, mailing into the outbox."""
    (tmp_path / "digests").mkdir()
    (tmp_path / "publisher.toml").write_text(TOML, "utf-8")
    text = "---\nnumber: 7\n---\n# A title\n[A](https://a.example/)\n\nText.\n"
    (tmp_path / "digests" / "7.md").write_text(text, "utf-8")
    assert publisher(tmp_path, "publish").returncode == 0
    names = [f"{name}@example.org" for name in ("ann", "bob", "cem")]
    assert publisher(tmp_path, "subscribers", "add", *names).returncode == 0
    return tmp_path


def publisher(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command."""
    return subprocess.run(
        [sys.executable, "-m", "publisher", "--home", str(home), *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_who_got_it_who_did_not_and_why(home: Path) -> None:
    """Everyone of today has a line with the reason; one reader has a sentence and an exit code."""
    assert publisher(home, "who", "latest").stdout.splitlines() == [
        f"{name}@example.org\tnot sent yet" for name in ("ann", "bob", "cem")
    ]
    publisher(home, "subscribers", "suppress", "cem@example.org")
    publisher(home, "send", "latest", "--yes")
    publisher(home, "subscribers", "add", "dan@example.org")
    lines = publisher(home, "who", "latest").stdout.splitlines()
    assert [line.split("\t")[:2] for line in lines[:2]] == [
        ["ann@example.org", "accepted"],
        ["bob@example.org", "accepted"],
    ]
    assert lines[2].startswith("cem@example.org\tnot sent: suppressed: ")
    assert lines[3:] == ["dan@example.org\tnot sent: joined after the send"]
    for name, code, words in (
        ("ANN", 0, "ann@example.org got issue"),
        ("cem", 1, "has not got issue"),
        ("dan", 1, ": not sent: joined after the send"),
        ("zoe", 1, ": no subscriber has this address"),
    ):
        done = publisher(home, "who", "latest", f"{name}@example.org")
        assert (done.returncode, len(done.stdout.splitlines())) == (code, 1)
        assert words in done.stdout
    assert ": suppressed: " in publisher(home, "who", "latest", "cem@example.org").stdout


def test_who_was_skipped_and_why(home: Path) -> None:
    """Who still waited when a send was cancelled is told so."""
    now = datetime.now(UTC)
    slug = publisher(home, "issues").stdout.splitlines()[1].split()[0]
    with Store.open(f"sqlite:///{home}/publisher.db") as store, store.begin() as conn:
        number = sends.create_send(conn, "newsletter", slug, Kind.ISSUE, at=now, now=now)
        sends.freeze(conn, number, "en", now)
        live = {SendState.RUNNING}
        sends.set_state(conn, number, SendState.CANCELLED, frm=live, now=now, note="no, not this")
    assert publisher(home, "who", "latest").stdout.splitlines()[0] == (
        "ann@example.org\tskipped\tsend 1\tthe send was cancelled: no, not this"
    )
    one = publisher(home, "who", "latest", "ann@example.org")
    assert one.returncode == 1
    assert "it was skipped" in one.stdout
    assert "the send was cancelled: no, not this" in one.stdout


def test_one_send_in_full(home: Path) -> None:
    """Its note, audience and moments, the counts one per line; of none it is said."""
    publisher(home, "send", "latest", "--yes")
    said = publisher(home, "sends", "1").stdout.splitlines()
    names = [line.partition(":")[0] for line in said]
    for name in ("send", "issue", "kind", "state", "audience", "created", "was to begin",
                 "started", "finished", "deliveries"):  # fmt: skip
        assert name in names
    assert "deliveries: 3" in said
    assert "  accepted: 3" in said
    assert "relay outbox: 3 accepted" in said
    assert "there is no send 99" in publisher(home, "sends", "99").stderr


def test_what_is_not_there_is_not_asked_about(home: Path) -> None:
    """`cancel` looks before it asks."""
    done = publisher(home, "cancel", "99")
    assert done.returncode == 1
    assert "there is no send 99" in done.stderr
    assert "[y/N]" not in done.stderr
