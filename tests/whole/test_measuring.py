"""What benchmarks/ delivers for outside measurers, as one of them would drive it."""

import os
import shutil
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

ROOT = Path(__file__).parent.parent.parent
READERS = 12


class Relay:
    """A relay that accepts everything and remembers whom, and how large it was."""

    def __init__(self) -> None:
        self.accepted: Counter[str] = Counter()
        self.sizes: set[int] = set()

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """Take a message."""
        self.accepted.update(envelope.rcpt_tos)
        self.sizes.add(len(envelope.content))
        return "250 2.0.0 queued"


@pytest.fixture
def relay() -> Iterator[Controller]:
    """Start the relay on a free port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(Relay(), hostname="127.0.0.1", port=port)
    controller.start()
    yield controller
    controller.stop()


def drive(relay: Controller, *words: str) -> int:
    """Run the entry point; give the code it left with."""
    command = [sys.executable, ROOT / "benchmarks" / "drive_delivery.py"]
    given = [f"--port={relay.port}", f"--n={READERS}", *words]
    return subprocess.run([*command, *given], check=False, capture_output=True).returncode


def test_a_run_delivers_to_everybody(relay: Controller) -> None:
    """One command prepares and delivers to N distinct readers a message of about 83 KB."""
    assert drive(relay) == 0
    assert len(relay.handler.accepted) == READERS
    assert set(relay.handler.accepted.values()) == {1}
    assert all(abs(size - 82_600) < 0.03 * 82_600 for size in relay.handler.sizes)


def test_preparing_and_sending_are_parted(relay: Controller, tmp_path: Path) -> None:
    """What was only prepared has mailed nobody; --resume sends it, and once more nothing."""
    home = f"--home={tmp_path / 'home'}"
    assert drive(relay, home, "--sign=rsa", "--prepare-only") == 0
    assert not relay.handler.accepted
    assert drive(relay, home, "--sign=rsa", "--resume") == 0
    assert drive(relay, home, "--sign=rsa", "--resume") == 0
    assert sum(relay.handler.accepted.values()) == READERS


def test_a_run_that_misses_somebody_is_no_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that reached fewer than it should, or one twice, is refused as a measurement."""
    if shutil.which("cc") is None:
        pytest.fail("no C compiler") if os.environ.get("CI") == "true" else pytest.skip("no cc")
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    import delivery
    from tools import running

    whole = delivery.peer_run(5, "smtplib", "--prepared")
    assert whole.rate > 0
    for missing, again in ((1, 0), (0, 1)):
        with running.Sink() as sink:
            command = [sys.executable, running.HERE / "peers.py", "smtplib", str(sink.port)]
            for number in (4, *[1] * again):
                run = running.timed([*command, str(number), "--prepared"], running.CLIENT, number)
            with pytest.raises(running.Unfit, match="accepted"):
                delivery.as_seen(run, sink, 4 + missing + again)
