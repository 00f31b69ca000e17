"""A send that runs, and people who change their minds; people who join; people who are many."""

import contextlib
import json
import os
import pty
import re
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.service  # whole processes: too long for `make check`


@pytest.fixture
def slow(home, relay, tools):
    """A home with 60 readers in mid-send: after a few messages the relay keeps all waiting."""

    def answer(recipient: str) -> str:
        if len(relay.accepted) > 2:
            relay.released.wait(60)
        return "250 2.0.0 taken"

    relay.answer = answer
    home.settings(tools.newsletter(send="on-publish"), timeout=60.0)  # of patience with the relay
    home.readers(60).drop("a.md", tools.digest("a"))
    home.publisher("publish")
    home.start()
    tools.until(lambda: len(relay.accepted) > 2)
    return home


def rest(relay) -> int:
    """Wait until nothing more leaves, and say how many messages did."""
    left, since = -1, time.monotonic()
    while time.monotonic() - since < 1.5:
        if len(relay.seen) != left:
            left, since = len(relay.seen), time.monotonic()
        time.sleep(0.05)
    return left


def let_go(relay) -> None:
    """Let the relay take whatever comes, once no answer from before the change is relied upon."""
    time.sleep(1.5)
    relay.released.set()


def counts(home, send: str = "1") -> dict[str, int]:
    """The states of a send's deliveries."""
    (one,) = json.loads(home.publisher("sends", send, "--json").stdout)["sends"]
    return {"state": one["state"], **one["counts"]}


def test_pause_and_resume(slow, relay, tools) -> None:
    """Paused, a running send rests within seconds; resumed, each reader has one mail."""
    assert "send 1: paused" in slow.publisher("pause", "1").stderr
    let_go(relay)
    assert rest(relay) < 60
    assert counts(slow)["state"] == "paused"
    assert "send 1 is paused" in slow.publisher("pause", "1", code=1).stderr
    slow.publisher("resume", "1")
    tools.until(lambda: len(relay.accepted) == 60)
    slow.stop()
    assert set(relay.mailed().values()) == {1}
    assert counts(slow)["state"] == "done"


def test_cancel(slow, relay) -> None:
    """Cancelled, who has no mail gets none; the books count what left; `--missing` is offered."""
    assert slow.publisher("cancel", "1", code=3).returncode == 3
    slow.publisher("cancel", "1", "--yes")
    let_go(relay)
    left = rest(relay)
    slow.stop()
    found = counts(slow)
    assert found["state"] == "cancelled"
    assert found["accepted"] == left == len(relay.accepted) < 60
    assert "cannot" in slow.publisher("resume", "1", code=1).stderr
    done = slow.publisher("send", "latest", "--missing", "--yes")
    assert f"{60 - left:,} left over, 0 joined since" in done.stderr
    assert relay.mailed() == {f"r{i}@example.net": 1 for i in range(60)}


def test_withdraw_stops_the_send(slow, relay) -> None:
    """Withdrawn in mid-send, the issue leaves the feeds and nobody more is mailed."""
    slow.publisher("withdraw", "latest", "--yes")
    let_go(relay)
    left = rest(relay)
    assert not slow.shows("a")
    slow.stop()
    found = counts(slow)
    assert found["state"] == "cancelled"
    assert found["accepted"] == left == len(relay.accepted) < 60
    assert "the issue was withdrawn" in slow.publisher("sends", "1").stdout


def test_missing_reaches_those_who_joined_since(home, relay, tools) -> None:
    """`send --missing` says who was left over and who joined, and mails only those."""
    home.readers(3).drop("a.md", tools.digest("a"))
    home.publisher("run", "--once")
    home.publisher("subscribers", "add", "new1@example.net", "new2@example.net")
    refused = home.publisher("send", "latest", "--yes", code=1)
    assert "was sent already: send 1, done, 3 accepted" in refused.stderr
    assert "(0 left over, 2 joined since)" in refused.stderr
    done = home.publisher("send", "latest", "--missing", "--yes")
    assert "to 2 of Weekly: 0 left over, 2 joined since" in done.stderr
    assert len(relay.accepted) == 5
    assert set(relay.mailed().values()) == {1}
    nobody = home.publisher("send", "latest", "--missing", "--yes", code=1)
    assert "there is nobody to send it to" in nobody.stderr


# --- fifty thousand -----------------------------------------------------------

MANY = 50_000


@pytest.fixture
def crowd(tmp_path: Path) -> Path:
    """A CSV of 50,000 people, one of them no address."""
    file = tmp_path / "crowd.csv"
    rows = (f"Reader {i},reader{i}@example.net,en\n" for i in range(MANY - 1))
    file.write_text("name,email,language\n" + "".join(rows) + "Nobody,nobody,en\n", "utf-8")
    return file


def active(home) -> int:
    """How many active subscribers the database holds."""
    with contextlib.closing(sqlite3.connect(home.path / "publisher.db")) as conn:
        (sound,) = conn.execute("PRAGMA integrity_check").fetchone()
        assert sound == "ok"
        return int(conn.execute("SELECT count(*) FROM subscriber").fetchone()[0])


def test_a_crowd_is_imported_with_a_bar_on_a_terminal(home, crowd: Path) -> None:
    """On a terminal a bar moves and then goes away; what came of it stays."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "publisher", "--home", home.path, "subscribers", "import"]
    with subprocess.Popen(
        [*command, crowd],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "100"},
    ) as process:
        os.close(theirs)
        said = b""
        with contextlib.suppress(OSError):  # the end of a terminal
            while part := os.read(ours, 4096):
                said += part
        assert process.wait(60) == 0
    os.close(ours)
    text = said.decode()
    assert "importing" in text
    assert "━" in text
    assert "imported 49,999; known already 0; rejected 1" in text
    assert "line 50001: 'nobody'" in text
    assert active(home) == MANY - 1


def test_elsewhere_there_are_plain_lines(home, crowd: Path) -> None:
    """Without a terminal no bar and no escape sequence; importing again adds nobody."""
    first = home.publisher("subscribers", "import", crowd)
    again = home.publisher("subscribers", "import", crowd)
    for done, words in ((first, "imported 49,999; known already 0"), (again, "imported 0; known")):
        assert words in done.stderr
        assert "\x1b" not in done.stderr + done.stdout
        assert "━" not in done.stderr


def test_sigterm_during_an_import_loses_nothing(home, crowd: Path, tools) -> None:
    """Told to stop in the middle, whole batches stand; the same command again brings the rest."""
    command = [sys.executable, "-m", "publisher", "--home", home.path, "subscribers", "import"]
    with subprocess.Popen([*command, crowd], stderr=subprocess.PIPE, text=True) as process:
        tools.until(lambda: active(home) > 0)
        process.send_signal(signal.SIGTERM)
        said = process.communicate(timeout=30)[1]
        assert process.returncode != 0
    stands = active(home)
    assert 0 < stands < MANY - 1
    told = re.search(r"stopped after ([\d,]+) lines", said)
    assert told is not None, said
    assert int(told[1].replace(",", "")) == stands
    done = home.publisher("subscribers", "import", crowd)
    assert f"imported {MANY - 1 - stands:,}; known already {stands:,}" in done.stderr
    assert active(home) == MANY - 1
