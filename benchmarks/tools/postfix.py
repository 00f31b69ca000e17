"""postfix - a real Postfix on loopback: queue, fsync and queue manager, then everything discarded.

Its configuration, queue and log stand in a folder of its own; the host's Postfix, if one runs, is
not touched. `in_flow_delay` is 0: else Postfix stalls each connection a second per message as soon
as its queue manager is behind. It must be started by root, as Postfix is everywhere.
Faults: Unfit where it is missing or does not start. Never: delivers anything to anybody.
See: running.py (programs), postconf(5).
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tools.running import CLIENT, SINK, Unfit, program, start

DAEMONS: Final = Path("/usr/lib/postfix/sbin")
PATIENCE: Final = 30.0
MAIN: Final = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
multi_instance_name = postfix-bench
myhostname = relay.example.net
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
default_transport = discard
relay_transport = discard
in_flow_delay = 0
smtpd_client_connection_count_limit = 0
message_size_limit = 0
alias_maps =
alias_database =
biff = no
{more}
"""
MASTER: Final = """\
127.0.0.1:{port} inet n - n - 200 smtpd
pickup    unix  n       -       n       60      1       pickup
cleanup   unix  n       -       n       -       0       cleanup
qmgr      unix  n       -       n       300     1       qmgr
tlsmgr    unix  -       -       n       1000?   1       tlsmgr
rewrite   unix  -       -       n       -       -       trivial-rewrite
bounce    unix  -       -       n       -       0       bounce
defer     unix  -       -       n       -       0       bounce
trace     unix  -       -       n       -       0       bounce
verify    unix  -       -       n       -       1       verify
flush     unix  n       -       n       1000?   0       flush
proxymap  unix  -       -       n       -       -       proxymap
showq     unix  n       -       n       -       -       showq
error     unix  -       -       n       -       -       error
retry     unix  -       -       n       -       -       error
discard   unix  -       -       n       -       -       discard
local     unix  -       n       n       -       -       local
anvil     unix  -       -       n       -       1       anvil
scache    unix  -       -       n       -       1       scache
postlog   unix-dgram n  -       n       -       1       postlogd
"""


@contextmanager
def running(more: str = "") -> Iterator[int]:
    """Run Postfix for a while, `more` added to its main.cf; give the port it listens on."""
    if not DAEMONS.is_dir():
        raise Unfit("Postfix is not here: apt-get install postfix")
    if os.geteuid() != 0:
        raise Unfit("Postfix can be started by root only")
    port = _free_port()
    with tempfile.TemporaryDirectory(prefix="postfix-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        for part in ("conf", "queue", "data"):
            (folder / part).mkdir()
        shutil.chown(folder / "data", "postfix")
        (folder / "conf" / "main.cf").write_text(MAIN.format(folder=folder, more=more), "ascii")
        (folder / "conf" / "master.cf").write_text(MASTER.format(port=port), "ascii")
        command = ["postfix", "-c", str(folder / "conf"), "check"]  # makes the queue's folders
        subprocess.run([program(command[0]), *command[1:]], check=True, capture_output=True)
        # -d: it stays our child and ends with us, however we end
        master = [str(DAEMONS / "master"), "-c", str(folder / "conf"), "-d"]
        server = start(["setpriv", "--pdeathsig", "TERM", *master], (*CLIENT, *SINK))
        try:
            _await(port, folder)
            yield port
        finally:
            server.terminate()
            server.communicate(timeout=PATIENCE)


def _await(port: int, folder: Path) -> None:
    """Wait until it answers."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            with socket.create_connection(("127.0.0.1", port), 5) as relay:
                if relay.recv(3) == b"220":
                    return
        except OSError:
            pass
        time.sleep(0.1)
    raise Unfit(f"Postfix does not answer on port {port}: {_log(folder)}")


def _log(folder: Path) -> str:
    log = folder / "log"
    return log.read_text("utf-8", "replace")[-2000:] if log.exists() else ""


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port
