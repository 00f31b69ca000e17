"""running - starts sinks and clients on their own processors and says what each run took.

The programs in C are compiled on first need into bin/, which git ignores; so are the finished
messages and the homes that runs begin from. A run in which the sink did not accept everybody once
is no figure but a fault.
Faults: Unfit, in words. Never: judges a figure. See: countsink.c (what it counts), delivery.py.
"""

from __future__ import annotations

import hashlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from tools import seed

HERE: Final = Path(__file__).resolve().parent
BIN: Final = HERE / "bin"
ROOT: Final = HERE.parent.parent
DRIVE: Final = HERE.parent / "drive_delivery.py"
CLIENT: Final = (0,)
"""The processors of the client; the sink has the other one, so that neither takes from the other."""
SINK: Final = (min(1, (os.cpu_count() or 1) - 1),)
PACKAGES: Final = {
    "cc": "gcc libc6-dev",
    "postfix": "postfix",
    "smtp-source": "postfix",
    "openssl": "openssl",
    "nginx": "nginx-light",
    "wrk": "wrk",
}


class Unfit(Exception):
    """A program is missing, or a run is not what was to be measured."""


@dataclass(frozen=True, slots=True)
class Run:
    """What one run took: messages a second, µs of the client's processor time each, MB at most.

    `seconds` are the client's own, from its first step to its last; `carried`, from its first
    outcome to its last, where it tells.
    """

    rate: float
    cpu: float
    peak: float
    seconds: float
    carried: float


def program(name: str) -> str:
    """Find a program of the host; Unfit names the package it comes in."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if found is None:
        raise Unfit(f"{name} is not here: apt-get install {PACKAGES[name]}")
    return found


def compiled(name: str) -> str:
    """Compile one of our programs, where that has not been done."""
    source, made = HERE / f"{name}.c", BIN / name
    if not made.exists() or made.stat().st_mtime < source.stat().st_mtime:
        BIN.mkdir(exist_ok=True)
        draft = made.with_name(f".{name}.{os.getpid()}")
        subprocess.run([program("cc"), "-O2", "-o", draft, source], check=True)
        draft.rename(made)
    return str(made)


def message_file(*, filled: bool) -> Path:
    """Write the peers' message: with slots and CRLF, or filled and with LF as smtp-source reads."""
    raw = seed.whole(*seed.parts())
    if filled:
        address, token = seed.reader(1)
        raw = raw.replace(b"%RCPT%", address.encode()).replace(b"%TOKEN%", token.encode())
        raw = raw.replace(b"\r\n", b"\n")
    path = BIN / ("seed.lf" if filled else "seed.eml")
    BIN.mkdir(exist_ok=True)
    if not path.exists() or path.read_bytes() != raw:
        path.write_bytes(raw)
    return path


class Sink:
    """countsink on a free port, on a processor of its own."""

    def __init__(self, *options: str) -> None:
        command = [compiled("countsink"), "-p", "0", "-u", *options]
        self._process = start(command, SINK, stderr=subprocess.PIPE)
        assert self._process.stderr is not None
        self.port = int(self._process.stderr.readline().rsplit(b":", 1)[1])

    @property
    def messages(self) -> int:
        """How many it has accepted so far."""
        self._process.send_signal(signal.SIGUSR1)
        assert self._process.stdout is not None
        return int(json.loads(self._process.stdout.readline())["messages"])

    def said(self) -> dict[str, Any]:
        """End it and give what it counted."""
        self._process.send_signal(signal.SIGTERM)
        told: dict[str, Any] = json.loads(self._process.communicate()[0])
        return told

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.communicate()


def start(
    command: Sequence[str | Path], processors: Collection[int], **more: Any
) -> subprocess.Popen[bytes]:
    """Start a program on some processors; its standard output is kept.

    It goes before other work of the machine, where we may say so: that spoils fewer figures.
    """

    def place() -> None:
        os.sched_setaffinity(0, processors)
        os.setsid()  # the kernel weighs sessions against each other, then processes within
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, 0, -15)
            Path("/proc/self/autogroup").write_text("-15", "ascii")

    return subprocess.Popen(command, stdout=subprocess.PIPE, preexec_fn=place, **more)


def timed(command: Sequence[str | Path], processors: Collection[int], number: int) -> Run:
    """Run a client to its end; what it says of itself in JSON counts more than what we see.

    So the start of an interpreter weighs on nobody's figure.
    """
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    process = start(command, processors, stderr=subprocess.PIPE)
    try:
        out, errors = process.communicate()
    finally:
        process.kill()  # where we are interrupted: it has a session of its own
    seconds, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode:
        raise Unfit(f"{command[0]} left with {process.returncode}: {errors.decode()[-2000:]}")
    spent = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    own = json.loads(out) if out.startswith(b"{") else {}
    seconds = own.get("seconds", seconds)
    return Run(
        rate=number / seconds,
        cpu=own.get("cpu_us", 1e6 * spent / number),
        peak=own.get("peak_mb", 0.0),
        seconds=seconds,
        carried=own.get("carried", seconds),
    )


# --- homes --------------------------------------------------------------------


@contextmanager
def home(readers: int, sign: str = "") -> Iterator[Path]:
    """Lend a fresh copy of a home with so many readers, on the disk the checkout is on."""
    pattern = _pattern(readers, sign)
    with tempfile.TemporaryDirectory(dir=BIN, prefix="run-") as folder:
        copy = Path(folder) / "home"
        shutil.copytree(pattern, copy)
        with (copy / "publisher.db").open("rb") as database:
            os.fsync(database.fileno())  # the copy is not to be paid for by the run
        yield copy


def _pattern(readers: int, sign: str) -> Path:
    """Give the home that copies are made of, prepared anew when the program has changed."""
    folder = BIN / "homes" / _version()
    for old in (BIN / "homes").glob("*"):
        if old != folder:
            shutil.rmtree(old)
    pattern = folder / f"{readers}{sign and '-'}{sign}"
    if not pattern.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".new-") as draft:
            chosen = ["--sign", sign] if sign else []
            made = Path(draft) / "home"
            command = [*ours(1, readers, made), *chosen, "--prepare-only"]
            subprocess.run(command, check=True)
            made.rename(pattern)
    return pattern


def _version() -> str:
    """Name the program as it stands: what its files are."""
    digest = hashlib.sha256()
    for top in (ROOT / "publisher", ROOT / "templates", HERE.parent):
        for path in sorted(top.rglob("*")):
            if path.suffix in {".py", ".mjml", ".css", ".html", ".txt", ".po"}:
                digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def ours(port: int, readers: int, where: Path) -> list[str | Path]:
    """Give the command that delivers from a home."""
    return [sys.executable, DRIVE, f"--port={port}", f"--n={readers}", f"--home={where}", "--json"]
