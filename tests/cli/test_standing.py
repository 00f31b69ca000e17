"""One send in full: how far, how fast, by whom, why some wait, and what a person can do."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from publisher.model import Consent, DeliveryState, Kind, SendState
from publisher.store import Store, ledger, sends, subscribers
from publisher.store.ledger import Recorded

TOML = '[newsletter]\ntitle = "Weekly"\nsender_address = "editor@weekly.test"\n'
LEASE = timedelta(minutes=5)
ACCEPTED = (DeliveryState.ACCEPTED, 250, "accepted: ok")
BUSY = (DeliveryState.DEFERRED, 450, "mailbox full: 4.2.2 over \x1b[2J quota")
WAITS = (DeliveryState.QUEUED, None, "")
DOUBT = (DeliveryState.IN_DOUBT, None, "no answer after the content")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with one published issue and ten readers."""
    (tmp_path / "digests").mkdir()
    (tmp_path / "publisher.toml").write_text(TOML, "utf-8")
    (tmp_path / "digests" / "7.md").write_text(
        "---\nnumber: 7\n---\n# A title\n[A](https://a.example/)\n\nText.\n"
    )
    assert publisher(tmp_path, "publish").returncode == 0
    now = datetime.now(UTC)
    with Store.open(f"sqlite:///{tmp_path}/publisher.db") as store, store.begin() as conn:
        rows = [(f"reader{number}@example.org", "", None) for number in range(10)]
        subscribers.import_rows(conn, "newsletter", rows, Consent("import", "x", now), b"k", now)
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


def carry(home: Path, *outcomes: tuple, ends: bool = False) -> int:
    """Begin a send whose first readers fare so; `ends`: the lot is let go as well."""
    now = datetime.now(UTC) - timedelta(seconds=10)
    with Store.open(f"sqlite:///{home}/publisher.db") as store, store.begin() as conn:
        number = sends.create_send(conn, "newsletter", "7", Kind.ISSUE, at=now, now=now)
        sends.freeze(conn, number, "en/digest/", now)
        lot = ledger.claim(conn, "me", LEASE, now)
        assert lot is not None
        told = [
            Recorded(one.id, state, code, words, now + LEASE if state == "deferred" else None)
            for one, (state, code, words) in zip(lot.deliveries, outcomes, strict=False)
        ]
        ledger.record(conn, lot, told, now, relay="smtp")
        if ends:
            ledger.release(conn, lot, now)
    return number


def test_a_running_send_is_told_in_full(home: Path) -> None:
    """Progress, relay, the reasons of those who wait, and the doubtful stand there, safe to read."""
    number = carry(home, *[ACCEPTED] * 4, BUSY, BUSY, DOUBT)
    said = publisher(home, "sends", str(number)).stdout
    assert "progress: [##############------] 70 %, 7 of 10 had their turn" in said
    assert "relay smtp: 4 accepted, 2 deferred, 1 in doubt" in said
    assert "  2 mailbox full, such as: 450 4.2.2 over \\x1b[2J quota, from 20" in said
    assert "in doubt: reader6@example.org: no answer after the content" in said
    assert "next: nothing sends now: start `publisher run`" in said
    assert "speed" not in said, "nothing sends: it does not go on at the speed it had"
    assert f"next: publisher resume {number} --in-doubt sends it to 1 reader in doubt" in said
    (told,) = json.loads(publisher(home, "sends", str(number), "--json").stdout)["sends"]
    assert told["counts"]["accepted"] == 4
    assert (told["total"], told["attempted"]) == (10, 7)
    assert told["relays"] == {"smtp": {"accepted": 4, "deferred": 2, "in_doubt": 1}}
    assert told["deferred"][0]["number"] == 2
    assert told["in_doubt"][0]["address"] == "reader6@example.org"
    assert told["per_second"] > 0


def test_a_paused_send_says_how_it_goes_on(home: Path) -> None:
    """How many would still get it stands beside the two commands there are."""
    number = carry(home, *[ACCEPTED] * 4, *[WAITS] * 6, ends=True)
    assert publisher(home, "pause", str(number)).returncode == 0
    said = publisher(home, "sends", str(number)).stdout
    words = f"publisher resume {number} sends it to the other 6, publisher cancel {number} does not"
    assert words in said
    assert "speed" not in said
    assert publisher(home, "cancel", str(number), "--yes").returncode == 0
    said = publisher(home, "sends", str(number)).stdout
    assert "progress" not in said
    assert "publisher send 7 --missing sends it to those without it" in said


def test_a_paused_send_counts_who_was_told_not_now(home: Path) -> None:
    """Who is to be tried again gets it by a resume as well; "the other 0" would be said of them."""
    number = carry(home, *[ACCEPTED] * 8, BUSY, BUSY, ends=True)
    assert publisher(home, "pause", str(number)).returncode == 0
    said = publisher(home, "sends", str(number)).stdout
    assert f"publisher resume {number} sends it to the other 2," in said


def test_those_held_in_doubt_are_sent_it_when_a_person_says_so(home: Path) -> None:
    """It asks first, says how many, and the send runs again; without any it says so."""
    number = carry(home, *[ACCEPTED] * 8, DOUBT, DOUBT, ends=True)
    unasked = publisher(home, "resume", str(number), "--in-doubt")
    assert unasked.returncode == 3
    assert "2 readers of send 1 may have it already" in unasked.stderr
    done = publisher(home, "resume", str(number), "--in-doubt", "--yes")
    assert done.returncode == 0
    assert "2 readers in doubt to be sent it again" in done.stderr
    assert "`publisher run --once` sends it now" in done.stderr
    with Store.open(f"sqlite:///{home}/publisher.db") as store, store.read() as conn:
        assert sends.state(conn, number) is SendState.RUNNING
    again = publisher(home, "resume", str(number), "--in-doubt", "--yes")
    assert again.returncode == 1
    assert "nobody of send 1 is held in doubt" in again.stderr


def test_a_cancelled_send_is_not_resumed(home: Path) -> None:
    """The hint says what reaches the others instead."""
    number = carry(home, *[ACCEPTED] * 8, WAITS, WAITS, ends=True)
    assert publisher(home, "cancel", str(number), "--yes").returncode == 0
    refused = publisher(home, "resume", str(number))
    assert refused.returncode == 1
    assert "publisher send 7 --missing sends it to those without it" in refused.stderr


def test_those_sent_it_again_are_named_when_all_is_over(home: Path) -> None:
    """After a doubt and a second message they may have it twice; many are cut with a count."""
    number = carry(home, *[ACCEPTED] * 9, DOUBT, ends=True)
    with Store.open(f"sqlite:///{home}/publisher.db") as store, store.begin() as conn:
        conn.exec_driver_sql("UPDATE delivery SET state = 'accepted'")
    said = publisher(home, "sends", str(number)).stdout
    assert "1 was sent again after a doubt: they may have it twice\n  reader9@example.org" in said
    (told,) = json.loads(publisher(home, "sends", str(number), "--json").stdout)["sends"]
    assert told["sent_again"] == ["reader9@example.org"]


def test_quiet_hours_are_said_while_they_hold_a_send(home: Path) -> None:
    """They stand with the send and in `status`, from the settings as they are now."""
    number = carry(home, *[WAITS] * 10, ends=True)
    now = datetime.now(UTC)
    hours = f"{now - timedelta(hours=1):%H:%M}-{now + timedelta(hours=2):%H:%M}"
    (home / "publisher.toml").write_text(f'{TOML}quiet = "{hours}"\ntimezone = "UTC"\n', "utf-8")
    words = f"quiet hours until {now + timedelta(hours=2):%H:%M} UTC"
    assert f"waits: {words}" in publisher(home, "sends", str(number)).stdout
    assert f"send {number}: {words}" in publisher(home, "status").stdout
