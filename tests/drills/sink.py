"""countsink, the relay that is never the bottleneck: compiled once, started, counted."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent.parent / "benchmarks" / "tools" / "countsink.c"


def compiled() -> Path:
    """Give the program, compiled anew when its source is newer; tests side by side may ask."""
    program = SOURCE.parent / "bin" / "countsink"
    if program.exists() and program.stat().st_mtime >= SOURCE.stat().st_mtime:
        return program
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        if os.environ.get("CI") == "true":
            pytest.fail("there is no C compiler")
        pytest.skip("there is no C compiler")
    program.parent.mkdir(exist_ok=True)
    draft = program.with_name(f".countsink.{os.getpid()}")
    subprocess.run([compiler, "-O2", "-o", draft, SOURCE], check=True, capture_output=True)
    draft.rename(program)
    return program


class Sink:
    """A running countsink; `options` as at the head of its source."""

    def __init__(self, folder: Path, *options: str, port: int = 0) -> None:
        self.record = folder / "accepted"
        self._process = subprocess.Popen(
            [compiled(), "-p", str(port), "-u", "-r", self.record, *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert self._process.stderr is not None
        self.port = int(self._process.stderr.readline().rpartition(b":")[2])

    def count(self) -> dict[str, int]:
        """Ask it now."""
        self._process.send_signal(signal.SIGUSR1)
        assert self._process.stdout is not None
        found: dict[str, int] = json.loads(self._process.stdout.readline())
        return found

    @property
    def messages(self) -> int:
        """How many it accepted so far."""
        return self.count()["messages"]

    def accepted(self) -> dict[str, list[str]]:
        """Say who was accepted, with the Message-ID of each time."""
        self.count()  # writes what it still holds
        found: dict[str, list[str]] = defaultdict(list)
        for line in self.record.read_text().splitlines():
            recipient, message_id, *_ = line.split("\t")
            found[recipient].append(message_id)
        return found

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        with contextlib.suppress(ValueError):
            self._process.communicate(timeout=10)
