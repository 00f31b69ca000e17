"""A real Postfix and a real Exim, Debian's, with a configuration of their own in a folder that goes.

They listen on loopback, refuse whoever is called `nobody...` and pass the others on to countsink,
which counts what arrived. No daemon of the host is touched; nothing stays behind.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

EXIM = Path(__file__).parent.parent.parent / ".cache" / "exim" / "usr" / "sbin" / "exim4"

MAIN_CF = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
myhostname = relay.example.net
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
alias_maps =
alias_database =
local_recipient_maps =
smtpd_recipient_restrictions = check_recipient_access regexp:{folder}/refused, permit_mynetworks, reject
relayhost = [127.0.0.1]:{sink}
disable_dns_lookups = yes
biff = no
"""
MASTER_CF = """\
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""
EXIM_CONF = """\
primary_hostname = relay.example.net
exim_path = {exim}
spool_directory = {folder}/spool
log_file_path = {folder}/%slog
local_interfaces = 127.0.0.1
daemon_smtp_ports = {port}
tls_advertise_hosts =
acl_smtp_rcpt = recipients
smtp_accept_max = 200
smtp_accept_queue_per_connection = 0
queue_run_max = 5
remote_max_parallel = 10
disable_ipv6
never_users = root
keep_environment =
pipelining_connect_advertise_hosts =
begin acl
recipients:
  deny message = 5.1.1 no such mailbox
       local_parts = ^nobody
  accept
begin routers
all:
  driver = manualroute
  route_list = * 127.0.0.1
  transport = sink
  self = send
begin transports
sink:
  driver = smtp
  port = {sink}
  allow_localhost
  hosts_try_prdr =
begin retry
* * F,1h,5s
"""


def _need(program: bool, name: str) -> None:
    if program and os.getuid() == 0:
        return
    why = f"{name} is not installed" if not program else f"{name} is started by root alone"
    if os.environ.get("CI") == "true":
        pytest.fail(why)
    pytest.skip(why)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


@contextlib.contextmanager
def postfix(sink: int) -> Iterator[int]:
    """Run a Postfix that passes on to a sink; give its port."""
    program = shutil.which("postfix", path=f"{os.environ['PATH']}:/usr/sbin")
    _need(bool(program), "Postfix")
    with _folder("postfix") as folder:
        port = _free_port()
        (folder / "data").mkdir()
        (folder / "queue").mkdir()
        shutil.chown(folder / "data", "postfix")
        values = {"folder": folder, "port": port, "sink": sink}
        (folder / "main.cf").write_text(MAIN_CF.format(**values))
        (folder / "master.cf").write_text(MASTER_CF.format(**values))
        (folder / "refused").write_text("/^nobody/ 550 5.1.1 no such mailbox\n")
        subprocess.run([program, "-c", folder, "check"], check=True, capture_output=True)
        found = subprocess.run(
            ["postconf", "-h", "daemon_directory"], check=True, capture_output=True
        )
        master = Path(found.stdout.decode().strip()) / "master"
        # -d: it stays our child, and ends with us
        with _running([master, "-c", folder, "-d"], folder / "log", port):
            yield port


@contextlib.contextmanager
def exim(sink: int) -> Iterator[int]:
    """Run an Exim that passes on to a sink; give its port."""
    _need(EXIM.exists(), "Exim")
    with _folder("exim") as folder:
        port = _free_port()
        (folder / "spool").mkdir()
        for path in (folder, folder / "spool"):
            shutil.chown(path, "Debian-exim", "Debian-exim")
        values = {"folder": folder, "port": port, "sink": sink, "exim": EXIM}
        (folder / "conf").write_text(EXIM_CONF.format(**values))
        with _running([EXIM, "-C", folder / "conf", "-bdf", "-q2s"], folder / "mainlog", port):
            yield port


@contextlib.contextmanager
def _folder(name: str) -> Iterator[Path]:
    """Make a folder that users without rights can pass through, which pytest's cannot be."""
    folder = Path(tempfile.mkdtemp(prefix=f"{name}-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _running(command: list[object], log: Path, port: int) -> Iterator[None]:
    """Run a server until the end of the test, or of the process that tests."""
    server = subprocess.Popen(
        ["setpriv", "--pdeathsig", "TERM", *map(str, command)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        for _ in range(400):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            if server.poll() is not None:
                break
            time.sleep(0.025)
        if server.poll() is not None:
            pytest.fail(f"it ended: {log.read_text() if log.exists() else 'without a log'}")
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGTERM)
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()
