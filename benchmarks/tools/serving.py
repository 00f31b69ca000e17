"""serving - nginx and `publisher run` beside each other, asked by wrk, and what it cost them.

Each server has one processor and wrk the other. The cost is what the kernel counts for the server's
processes, divided by wrk's requests: that moves far less on a busy machine than requests a second.
Faults: Unfit, in words: an answer that is not the one to be measured above all.
Never: judges a figure. See: feeds.py.
"""

from __future__ import annotations

import http.client
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tools.running import CLIENT, SINK, Unfit, program, start

SERVER: Final = CLIENT
ASKING: Final = SINK
SECONDS: Final = 2
CONNECTIONS: Final = 32
_TICK: Final = os.sysconf("SC_CLK_TCK")
_NGINX: Final = """
daemon off; master_process off; worker_processes 1; {user}
pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
    access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000;
    open_file_cache max=1000 inactive=1h; open_file_cache_valid 60s; gzip_static on; gzip_vary on;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    types {{ application/rss+xml xml; }}
    server {{ listen 127.0.0.1:{port}; root {root}; add_header Cache-Control "public, max-age=900"; }}
}}
"""
_SETTINGS: Final = """site_url = "https://news.example.org/"
[web]
port = {port}
desk_port = {desk}
[newsletter]
title = "Measured"
"""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server."""

    port: int
    process: int

    def answer(self, path: str, asked: Mapping[str, str]) -> http.client.HTTPResponse:
        """Ask once; the body is read."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("GET", path, headers=dict(asked))
        reply = connection.getresponse()
        reply.read()
        connection.close()
        return reply

    def cost(self, path: str, asked: Mapping[str, str], status: int) -> float:
        """Give the microseconds of processor time an answer costs."""
        if (told := self.answer(path, asked).status) != status:
            raise Unfit(f"the server answers {told}, not {status}")
        headers = [word for name, text in asked.items() for word in ("-H", f"{name}: {text}")]
        wrk = [program("wrk"), "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", *headers]
        before = self._spent()
        asking = start([*wrk, f"http://127.0.0.1:{self.port}{path}"], ASKING)
        said = asking.communicate()[0].decode()
        spent = self._spent() - before
        found = re.search(r"^\s*(\d+) requests in", said, re.M)
        if found is None or "Non-2xx" in said or "Socket errors" in said:
            raise Unfit(f"wrk says: {said[-500:]}")
        return 1e6 * spent / int(found[1])

    def _spent(self) -> float:
        """Add up the seconds of processor time of the process and those it started."""
        total, left = 0.0, [self.process]
        while left:
            here = Path(f"/proc/{left.pop()}")
            fields = (here / "stat").read_text().rpartition(")")[2].split()
            total += sum(map(int, fields[11:15])) / _TICK
            for task in (here / "task").iterdir():
                left += map(int, (task / "children").read_text().split())
        return total


def free_port() -> int:
    """Find a port nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def nginx(root: Path, folder: Path) -> Iterator[Server]:
    """Run nginx as it is fastest: open files kept, compressed files at hand, no log."""
    folder.mkdir()
    port = free_port()
    user = "user root;" if os.geteuid() == 0 else ""
    conf = folder / "nginx.conf"
    conf.write_text(_NGINX.format(folder=folder, root=root, port=port, user=user))
    command: list[str | Path] = [
        program("nginx"),
        "-p",
        folder,
        "-e",
        folder / "error.log",
        "-c",
        conf,
    ]
    with _running(command, port) as server:
        yield server


@contextmanager
def ours(home: Path) -> Iterator[Server]:
    """Run `publisher run` on a new home, as an operator does, counts, limits, journal and all."""
    port = free_port()
    (home / "digests").mkdir(parents=True)
    (home / "publisher.toml").write_text(_SETTINGS.format(port=port, desk=free_port()))
    with _running([sys.executable, "-m", "publisher", "--home", home, "run"], port) as server:
        yield server


@contextmanager
def _running(command: Sequence[str | Path], port: int) -> Iterator[Server]:
    process = start(command, SERVER, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                if time.monotonic() > deadline or process.poll() is not None:
                    raise Unfit(f"{command[0]} does not listen") from None
                time.sleep(0.05)
        yield Server(port, process.pid)
    finally:
        process.terminate()
        process.communicate()


def cleared(folder: Path) -> Path:
    """Give an empty folder in the place of an old one."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
