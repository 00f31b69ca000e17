"""drive_delivery - one issue of seed size to N readers, through the engine that `publisher send` uses.

    python benchmarks/drive_delivery.py --port P --n N [--home DIR] [--sign rsa|ed25519]
        [--mode data|bdat|lockstep] [--connections C] [--prepare-only | --resume] [--json]

Makes a home (publisher.toml, database, N confirmed readers reader00000001@list.example.net and on,
the issue published) and delivers from it to 127.0.0.1:P: ledger durable, consent asked again,
tokens, all as it always is. `--prepare-only` stops before the send; `--resume` begins or goes on
with it in a home made before, so that an outsider may kill and restart it. Without --home the home
is a temporary one. What it took, preparing left out, is told on stderr (`--json`: on stdout).
`--sign ed25519` signs with both keys, as the program does.
Faults: exit 1 where somebody is left without the issue. Never: needs a network beside the port.
See: homes.py (what is prepared), delivery.py (measures with this), tools/ (sinks and the kill check).
"""

from __future__ import annotations

import argparse
import json
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import homes
from sqlalchemy import Connection, func, select

from publisher import settings as settings_room
from publisher.clock import utc_now
from publisher.errors import PublisherError
from publisher.model import DeliveryState, Kind, Send, SendState
from publisher.run.sending import send_now
from publisher.settings import Settings
from publisher.store import Store, issues, sends
from publisher.store.schema import delivery


def main() -> int:
    """Prepare, deliver, tell."""
    asked = arguments()
    if asked.home is not None:
        return drive(asked, asked.home)
    with tempfile.TemporaryDirectory(prefix="delivery-") as folder:
        return drive(asked, Path(folder))


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--port", type=int, required=True, help="of the relay on 127.0.0.1")
    parser.add_argument("--n", type=int, required=True, help="readers")
    parser.add_argument("--home", type=Path, help="where to work; else a temporary folder")
    parser.add_argument("--sign", choices=("rsa", "ed25519"), default="")
    parser.add_argument("--mode", choices=("data", "bdat", "lockstep"), default="data")
    parser.add_argument("--connections", type=int)
    parser.add_argument("--json", action="store_true", help="one document on stdout")
    steps = parser.add_mutually_exclusive_group()
    steps.add_argument("--prepare-only", action="store_true", help="stop before the send")
    steps.add_argument("--resume", action="store_true", help="send from a home made before")
    asked = parser.parse_args()
    if asked.home is None and (asked.prepare_only or asked.resume):
        parser.error("--prepare-only and --resume need --home")
    return asked


def drive(asked: argparse.Namespace, home: Path) -> int:
    """Do the steps that were asked for."""
    # what is usual is not written, so that settings older than a key understand the file
    extra = [f'mode = "{asked.mode}"'] if asked.mode != "data" else []
    extra += [f"connections = {asked.connections}"] if asked.connections else []
    if asked.prepare_only:
        homes.prepare(home, asked.n, asked.port, extra, asked.sign)
        return 0
    if not asked.resume:  # in a process of its own, so that it weighs on no figure
        step = [sys.executable, __file__, *sys.argv[1:], "--prepare-only", f"--home={home}"]
        subprocess.run(step, check=True)
    homes.configure(home, asked.port, extra, asked.sign)
    try:
        return deliver(settings_room.load(home), as_json=asked.json)
    except PublisherError as fault:
        print(
            f"drive_delivery: error: {fault}\ndrive_delivery: hint: {fault.hint}", file=sys.stderr
        )
        return 1


def deliver(settings: Settings, *, as_json: bool) -> int:
    """Send the issue, or go on with it, and tell what that took."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    with Store.open(settings.database) as store:
        number = recorded(store)
        before, begun = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
        send_now(settings, store, stop)
        seconds, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_SELF)
        with store.read() as conn:
            send = sends.send(conn, number)
            carried = between(conn, number)
    assert send is not None
    accepted = send.count(DeliveryState.ACCEPTED)
    processor = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    figures = {
        "accepted": accepted,
        "seconds": round(seconds, 3),
        "carried": round(carried, 3),
        "per_second": round(accepted / seconds, 1),
        "cpu_us": round(1e6 * processor / max(1, accepted), 2),
        "peak_mb": round(peak_kb() / 1024, 1),
    }
    if as_json:
        print(json.dumps(figures))
    print(
        "{accepted:,} messages in {seconds} s: {per_second:,} a second, {cpu_us} µs of processor "
        "time each; peak {peak_mb} MB".format(**figures),
        file=sys.stderr,
    )
    return ended(send)


def between(conn: Connection, number: int) -> float:
    """Give the seconds between the first outcome of a send and the last, to 20 ms."""
    told = select(func.min(delivery.c.updated), func.max(delivery.c.updated))
    first, last = conn.execute(
        told.where(delivery.c.send == number, delivery.c.state == DeliveryState.ACCEPTED)
    ).one()
    return (last - first).total_seconds() if first else 0.0


def peak_kb() -> int:
    """Give the most memory this process had; rusage would count that of the one it was forked from."""
    status = Path("/proc/self/status").read_text("ascii")
    return int(status.partition("VmHWM:")[2].split()[0])


def recorded(store: Store) -> int:
    """Give the send of the home; record it where there is none yet."""
    with store.begin() as conn:
        for send in sends.sends(conn, homes.SLUG):
            return send.id
        (record,) = issues.records(conn, homes.SLUG)
        now = utc_now()
        return sends.create_send(conn, homes.SLUG, record.slug, Kind.ISSUE, at=now, now=now)


def ended(send: Send) -> int:
    """Say whether everybody has been dealt with."""
    if send.state is SendState.DONE:
        return 0
    print(f"drive_delivery: error: send {send.id} is {send.state}: {send.note}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
