"""A send watched until it rests; a test that failed leaves nothing behind to leave later."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from drills import relay as deeds
from drills.relay import Relay

from publisher.model import DeliveryState, Send, SendState
from publisher.store import Store, sends

TOML = """transport = "smtp"
app_url = "http://127.0.0.1:8000/"
[newsletter]
title = "Weekly"
sender_address = "editor@weekly.test"
postal_address = "Street 1, Town"
in_doubt = "{in_doubt}"
[smtp]
host = "127.0.0.1"
port = {port}
tls = "none"
"""


@pytest.fixture
def relay() -> Iterator[Relay]:
    """A relay that answers as told."""
    made = Relay()
    yield made
    made.stop()


@pytest.fixture
def home(tmp_path: Path, relay: Relay) -> Path:
    """A home with one published issue, whose mail goes to the relay."""
    (tmp_path / "digests").mkdir()
    settle(tmp_path, relay)
    (tmp_path / "digests" / "7.md").write_text("# A title\n[A](https://a.example/)\n\nText.\n")
    assert publisher(tmp_path, "publish").returncode == 0
    return tmp_path


def settle(home: Path, relay: Relay, in_doubt: str = "resend") -> None:
    """Write the settings."""
    text = TOML.format(port=relay.port, in_doubt=in_doubt)
    (home / "publisher.toml").write_text(text, "utf-8")


def command(home: Path, *words: str) -> list[str]:
    """Write a command for the operating system."""
    return [sys.executable, "-m", "publisher", "--home", str(home), *words]


def publisher(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command."""
    return subprocess.run(
        command(home, *words), capture_output=True, text=True, timeout=90, check=False
    )


def listed(home: Path) -> list[Send]:
    """List the sends."""
    with Store.open(f"sqlite:///{home}/publisher.db") as store, store.read() as conn:
        return sends.sends(conn)


@pytest.mark.parametrize(
    ("answers", "reply", "state"),
    [
        ({"RCPT": "451 4.2.1 come later"}, "451", DeliveryState.SKIPPED),
        ({"RCPT": "550 5.1.1 nobody here"}, "550", DeliveryState.REFUSED),
    ],
)
def test_a_failed_test_is_over(
    home: Path, relay: Relay, answers: dict, reply: str, state: DeliveryState
) -> None:
    """Deferred or refused: it is told with the relay's words, and what is left is cancelled."""
    relay.people["ann@example.org"] = answers
    done = publisher(home, "send", "latest", "--to", "ann@example.org")
    assert done.returncode == 1
    assert f"publisher: error: ann@example.org did not get the test: {reply}" in done.stderr
    assert "nothing of it is left to leave later" in done.stderr
    (send,) = listed(home)
    assert send.state in {SendState.DONE, SendState.CANCELLED}
    assert send.counts == ((state, 1),)


def test_one_of_two_is_enough_to_fail(home: Path, relay: Relay) -> None:
    """Who got the test keeps it, who did not is named alone."""
    relay.people["ann@example.org"] = {"RCPT": "451 4.2.1 come later"}
    done = publisher(home, "send", "latest", "--to", "ann@example.org", "--to", "bob@example.org")
    assert done.returncode == 1
    assert "ann@example.org did not get the test" in done.stderr
    assert "bob@example.org" not in done.stderr
    assert relay.copies == {"bob@example.org": 1}


def test_a_test_without_an_answer_may_be_there(home: Path, relay: Relay) -> None:
    """Where doubt is held for a person, a lost answer is told as what it is."""
    settle(home, relay, in_doubt="hold")
    relay.people["ann@example.org"] = {"dot": (deeds.TAKE, deeds.DROP)}
    done = publisher(home, "send", "latest", "--to", "ann@example.org")
    assert done.returncode == 1
    assert "ann@example.org may have had the test: no answer" in done.stderr
    assert relay.copies == {"ann@example.org": 1}


def test_a_test_is_stopped_with_its_command(home: Path, relay: Relay) -> None:
    """Ctrl-C while the relay rests cancels the test; a later sender finds nothing to send."""
    relay.answers["MAIL"] = "451 4.3.0 not now"
    child = subprocess.Popen(
        command(home, "send", "latest", "--to", "ann@example.org"),
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    end = time.monotonic() + 60
    while not relay.said("MAIL"):
        assert time.monotonic() < end
        time.sleep(0.1)
    child.send_signal(signal.SIGINT)
    _, said = child.communicate(timeout=60)
    assert child.returncode != 0
    assert "goes on with it" not in said
    (send,) = listed(home)
    assert send.state is SendState.CANCELLED
    assert "tried again" not in send.note
    relay.answers["MAIL"] = "250 2.1.0 ok"
    assert publisher(home, "run", "--once").returncode == 0
    assert relay.total == 0
