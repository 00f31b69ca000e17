"""The conversation before mail leaves: numbers, tests, undoing, and waiting for another's sender."""

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from publisher import run
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
    (tmp_path / "digests" / "7.md").write_text("# A title\n[A](https://a.example/)\n\nText.\n")
    assert publisher(tmp_path, "publish").returncode == 0
    for name in ("ann", "bob", "cem"):
        assert publisher(tmp_path, "subscribers", "add", f"{name}@example.org").returncode == 0
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


def listed(home: Path) -> list[dict]:
    """List the sends."""
    found: list[dict] = json.loads(publisher(home, "sends", "--json").stdout)["sends"]
    return found


def outbox(home: Path) -> int:
    """Count the messages."""
    return len(list((home / "outbox").glob("*.eml")))


def test_what_is_odd_is_shown_before_anything_is_asked(home: Path) -> None:
    """Warnings and their number stand before the question; notes are only counted."""
    link = "https://papers.test/a?utm_source=us"
    shouting = f"---\nsubject: RIVERS RISE!!!\n---\n# A\n[B]({link})\n\nText.\n"
    (home / "digests" / "8.md").write_text(shouting)
    assert publisher(home, "publish").returncode == 0
    done = publisher(home, "send", "digests/8.md", "--dry-run")
    assert done.returncode == 0
    assert "[preflight/subject-marks]" in done.stderr
    assert "[preflight/tracking]" not in done.stderr
    before, _, after = done.stderr.partition("preflight: 3 warn, 1 note\n")
    assert "warn: The subject shouts" in before
    assert "to 3 subscribers" in after


def test_a_broken_template_refuses_the_send(home: Path) -> None:
    """It is told with file and line, and nothing is recorded."""
    broken = home / "templates" / "mail" / "contents.mjml"
    broken.parent.mkdir(parents=True)
    broken.write_text("{% if %}", "utf-8")
    done = publisher(home, "send", "latest", "--yes")
    assert done.returncode == 1
    assert "stop: templates/mail/contents.mjml:1: " in done.stderr
    assert "not sent" in done.stderr
    assert listed(home) == []


def test_a_test_goes_to_each_address_once(home: Path) -> None:
    """However often and in whatever case it is given."""
    done = publisher(
        home, "send", "latest", "--to", "a@x.org", "--to", "A@X.org", "--to", "b@x.org"
    )
    assert done.returncode == 0, done.stderr
    assert outbox(home) == 2


def test_a_send_cancelled_half_way_was_a_send(home: Path) -> None:
    """Its issue is sent again to those without it only, and the numbers are theirs."""
    publisher(home, "send", "latest", "--yes")
    assert outbox(home) == 3
    publisher(home, "subscribers", "add", "dan@example.org")
    with Store.open(f"sqlite:///{home}/publisher.db") as store, store.begin() as conn:
        conn.exec_driver_sql("UPDATE send SET state = 'cancelled'")
    again = publisher(home, "send", "latest", "--yes")
    assert again.returncode == 1
    assert "was sent already: send 1, cancelled, 3 accepted" in again.stderr
    missing = publisher(home, "send", "latest", "--missing", "--dry-run")
    assert "to 1 of Weekly: 0 left over, 1 joined since" in missing.stderr
    assert "not to 3 who have it already" in missing.stderr


def hear() -> None:
    """Have a child hear the signals that a test run under nohup or behind & hands on unheard."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def test_undoing_what_has_begun_is_not_called_undone(home: Path) -> None:
    """Ctrl-C in the undo minute tells the truth when another process was quicker."""
    child = subprocess.Popen(
        [sys.executable, "-m", "publisher", "--home", str(home), "send", "latest", "--at", "+1m"],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        preexec_fn=hear,
    )
    child.stdin.write("y\n")
    child.stdin.flush()
    end = time.monotonic() + 30
    while not listed(home):
        assert time.monotonic() < end
    time.sleep(1)
    with Store.open(f"sqlite:///{home}/publisher.db") as store, store.begin() as conn:
        sends.freeze(conn, 1, "en", datetime.now(UTC))
    child.send_signal(signal.SIGINT)
    _, said = child.communicate(timeout=30)
    assert child.returncode == 1
    assert "has begun already" in said
    assert "nobody was mailed" not in said
    assert listed(home)[0]["state"] == "running"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_whatever_ends_the_undo_minute_undoes_the_send(home: Path, number: signal.Signals) -> None:
    """A closed terminal and a kill cancel the send as Ctrl-C does."""
    child = subprocess.Popen(
        [sys.executable, "-m", "publisher", "--home", str(home), "send", "latest"],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=hear,
    )
    child.stdin.write("y\n")
    child.stdin.flush()
    end = time.monotonic() + 30
    while not listed(home):
        assert time.monotonic() < end
    child.send_signal(number)
    _, said = child.communicate(timeout=30)
    assert child.returncode == 1
    assert "send 1 is cancelled; nobody was mailed" in said
    assert listed(home)[0]["state"] == "cancelled"


def test_a_moment_that_is_past_is_refused(home: Path) -> None:
    """Nothing is recorded, and the moment is told in the newsletter's zone."""
    with (home / "publisher.toml").open("a", encoding="utf-8") as file:
        file.write('timezone = "Asia/Shanghai"\n')
    done = publisher(home, "send", "latest", "--yes", "--at", "2026-01-05T23:30:00Z")
    assert done.returncode == 1
    assert "that moment is past: 2026-01-06 07:30 CST" in done.stderr
    assert "subscriber" not in done.stderr
    assert listed(home) == []


def test_waiting_ends_when_the_sender_does(home: Path) -> None:
    """`send --wait` does not wait for ever for a `run` that is no more."""
    waiting = [sys.executable, "-m", "publisher", "--home", str(home), "send", "latest", "--yes"]
    with run.only_one(home):
        child = subprocess.Popen([*waiting, "--wait"], stderr=subprocess.PIPE, text=True)
        end = time.monotonic() + 30
        while not listed(home):
            assert time.monotonic() < end
        time.sleep(1)
        assert child.poll() is None
    _, said = child.communicate(timeout=30)
    assert child.returncode == 1
    assert "ended before the send did" in said


def test_notes_of_what_is_not_over_are_listed(home: Path) -> None:
    """The list of sends and the status say why one stands still."""
    now = datetime.now(UTC)
    slug = json.loads(publisher(home, "issues", "--json").stdout)["issues"][0]["slug"]
    with Store.open(f"sqlite:///{home}/publisher.db") as store, store.begin() as conn:
        number = sends.create_send(conn, "newsletter", slug, Kind.ISSUE, at=now, now=now)
        sends.freeze(conn, number, "en", now)
        sends.set_state(
            conn, number, SendState.PAUSED, frm={SendState.RUNNING}, now=now, note="no room"
        )
    assert "send 1: no room" in publisher(home, "sends").stdout
    assert "send 1: no room" in publisher(home, "status").stdout
