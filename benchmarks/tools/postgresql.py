"""postgresql - a PostgreSQL of our own, as it comes, reachable by a socket in a folder that goes.

The host's server, if one runs, is not touched. initdb refuses root, so root becomes `postgres`.
Faults: Unfit where it is missing or does not start. Never: listens on a network.
See: postfix.py (the same for a relay), audience.py (what it is for).
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psycopg

from tools.running import Unfit

PATIENCE: Final = 30.0


@contextmanager
def running() -> Iterator[str]:
    """Run a server for a while; give the address of its first database."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda one: one.parent.name)
    if not programs:
        raise Unfit("PostgreSQL is not here: apt-get install postgresql")
    become = ["setpriv", "--pdeathsig", "INT"]  # INT: a fast shutdown, however we end
    with tempfile.TemporaryDirectory(prefix="postgresql-") as name:
        folder = Path(name)
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
            become += ["--reuid", "postgres", "--regid", "postgres", "--clear-groups"]
        make = [str(programs[-1] / "initdb"), "-D", str(folder / "data"), "-U", "publisher"]
        more = ["-A", "trust", "-E", "UTF8", "--locale", "C.UTF-8"]
        subprocess.run([*become, *make, *more], check=True, capture_output=True, cwd=folder)
        serve = [str(programs[-1] / "postgres"), "-D", str(folder / "data"), "-k", name]
        serve += ["-c", "listen_addresses="]
        with subprocess.Popen([*become, *serve], cwd=folder, stderr=subprocess.DEVNULL) as server:
            try:
                yield _answering(f"postgresql://publisher@/postgres?host={folder}")
            finally:
                server.send_signal(signal.SIGINT)
                server.wait(PATIENCE)


def _answering(url: str) -> str:
    """Wait until it answers."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            time.sleep(0.1)
        else:
            return url
    raise Unfit("PostgreSQL does not answer")
