"""What a send would be, said before it is asked for: languages, clocks, relays, time."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from publisher.cli.foretelling import Beginning, beginning
from publisher.errors import RefusedError
from publisher.model import Consent, Newsletter
from publisher.store import Store, sends, subscribers

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
BERLIN = Newsletter("weekly", "Weekly", timezone="Europe/Berlin")
TOML = """transport = "smtp"
app_url = "http://127.0.0.1:8000/"
[newsletter]
title = "Weekly"
sender_address = "editor@weekly.test"
postal_address = "Street 1, Town"
timezone = "Europe/Berlin"
{more}
[smtp]
host = "127.0.0.1"
tls = "none"
per_second = 2
[smtp.relays.second]
port = 588
weight = 3
per_hour = 3600
"""
ZONES = (None, "Asia/Tokyo", "Pacific/Auckland", "Asia/Tokyo")
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def publisher(tmp_path: Path) -> Run:
    """Run commands in a home with one issue and 1,000 readers."""

    def run(*words: str, more: str = "") -> subprocess.CompletedProcess[str]:
        (tmp_path / "publisher.toml").write_text(TOML.format(more=more), "utf-8")
        return subprocess.run(
            [sys.executable, "-m", "publisher", "--home", str(tmp_path), *words],
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )

    (tmp_path / "digests").mkdir()
    (tmp_path / "digests" / "7.md").write_text("# A title\n[A](https://a.example/)\n\nText.\n")
    assert run("publish").returncode == 0
    with Store.open(f"sqlite:///{tmp_path}/publisher.db") as store, store.begin() as conn:
        rows = [
            (f"r{n}@example.org", "", "zh-CN" if n < 300 else None, ZONES[n % 4])
            for n in range(1000)
        ]
        subscribers.import_rows(conn, "newsletter", rows, Consent("import", "x", NOW), b"k", NOW)
    return run


def test_a_dry_run_tells_all_of_it(publisher: Run) -> None:
    """Readers by language, the canary, the relays with their parts, the time their limits take."""
    said = publisher("send", "latest", "--dry-run").stderr
    assert "languages: 700 en, 300 zh" in said
    assert "20 get it first, the other 980 if that goes well" in said
    assert "relay smtp: 127.0.0.1:587, 25 %, 2 a second" in said
    assert "relay second: 127.0.0.1:588, 75 %, 2 a second, 3,600 an hour" in said
    assert "it takes at least 6 min: the relays' limits" in said
    said = publisher("send", "latest", "--dry-run", more='canary = "off"').stderr
    assert "get it first" not in said


def test_quiet_hours_are_said_where_they_matter(publisher: Run) -> None:
    """A send that would begin in them is told when it goes on, by the newsletter's clock."""
    day = f"{datetime.now(UTC) + timedelta(days=2):%Y-%m-%d}"
    quiet = 'quiet = "22:00-07:00"'
    at = ("send", "latest", "--dry-run", "--at")
    said = publisher(*at, f"{day} 05:10", more=quiet).stderr
    assert f"quiet hours, 22:00-07:00: it rests until {day} 07:00 CE" in said
    said = publisher(*at, f"{day} 12:00", more=quiet).stderr
    assert "quiet hours, 22:00-07:00 Europe/Berlin: it rests in them" in said


def test_each_readers_own_clock(publisher: Run, tmp_path: Path) -> None:
    """It begins where the wall shows the time first, and says who has no clock of their own."""
    at = f"{datetime.now(UTC) + timedelta(days=2):%Y-%m-%d} 09:00"
    done = publisher("send", "latest", "--yes", "--local", "--at", at)
    assert f"at {at} by each reader's own clock: " in done.stderr
    assert "250 without a time zone get it by that of Europe/Berlin" in done.stderr
    with Store.open(f"sqlite:///{tmp_path}/publisher.db") as store, store.read() as conn:
        (send,) = sends.sends(conn)
    assert send.wall == at.replace(" ", "T")
    auckland = datetime.fromisoformat(send.wall).replace(tzinfo=UTC) - timedelta(hours=13)
    assert abs(send.at - auckland) <= timedelta(hours=1), "summer time there, or not"


@pytest.mark.parametrize(
    ("at", "local", "always", "begins"),
    [
        (None, False, False, Beginning()),
        ("2026-11-27 09:00", False, False, Beginning(NOW + timedelta(days=3, hours=23))),
        ("2026-11-27 09:00", True, False, Beginning(wall="2026-11-27T09:00")),
        ("2026-11-27 09:00", False, True, Beginning(wall="2026-11-27T09:00")),
        ("2026-11-27T09:00:00Z", False, True, Beginning(NOW + timedelta(days=4))),
        ("+10m", False, True, Beginning(NOW + timedelta(minutes=10))),
    ],
)
def test_a_time_on_the_wall_is_no_moment(
    at: str | None, local: bool, always: bool, begins: Beginning
) -> None:
    """Only what each clock may show at another moment is each reader's own."""
    newsletter = replace(BERLIN, local_time=always)
    assert beginning(at, newsletter, NOW, local=local, is_test=False) == begins


@pytest.mark.parametrize(
    ("at", "is_test", "words"),
    [
        (None, False, "--local is about a time"),
        ("+10m", False, "is the same moment for everybody"),
        ("2026-11-27 09:00", True, "a test goes to everybody at once"),
    ],
)
def test_local_without_a_time_on_the_wall_is_refused(
    at: str | None, is_test: bool, words: str
) -> None:
    """--local with no time, a moment, or a test says what to write."""
    with pytest.raises(RefusedError, match=words) as caught:
        beginning(at, BERLIN, NOW, local=True, is_test=is_test)
    assert '--at "2026-11-27 09:00"' in caught.value.hint


def test_the_relays_are_said_before_a_person_says_yes(publisher: Run) -> None:
    """A real send names each relay by host and port, in one line above the question."""
    before, asked, _ = publisher("send", "latest").stderr.partition("send it?")
    assert asked
    assert "by the relays 127.0.0.1:587, 127.0.0.1:588\n" in before
