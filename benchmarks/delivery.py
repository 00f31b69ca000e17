"""delivery - the delivery engine beside its peers and its limits, in one table.

    python benchmarks/delivery.py [--only NAME] [--rounds N] [--n N] [--million] [--json]

What is compared runs in turn, A B C A B C, on one processor while the sink has the other; a figure
is the median of the rounds' ratios. Ours is what `publisher send` runs, from a prepared home, ledger
and all (drive_delivery.py). On a busy machine rates say little: the rows of processor time move far
less. NAME is one of: fast, signed, relay, distant, pause, memory, people.
Faults: exit 1 where a `must` is not met, something is missing (named with its package), or a run did
not deliver to everybody once. Never: measures with anything switched off.
See: README.md beside it (the figures), tools/ (sink, peers, relay).
"""

from __future__ import annotations

import argparse
import importlib.util
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import audience
from figures import Row, document, row
from homes import SLUG
from tools import postfix, postgresql
from tools.running import (
    CLIENT,
    HERE,
    SINK,
    Run,
    Sink,
    Unfit,
    compiled,
    home,
    message_file,
    ours,
    program,
    start,
    timed,
)

from publisher.clock import utc_now
from publisher.model import SendState
from publisher.store import Store, sends

BOTH = (*CLIENT, *SINK)
READERS = 20_000
FEW = 400
"""Messages of a peer that sends a few hundred a second."""
ROUND_TRIP, COMMIT = 0.020, 0.005
FAR = 64
Figures = Iterator[Row]


# --- who is measured ----------------------------------------------------------


def our_run(
    readers: int,
    *options: str,
    sign: str = "",
    sink: Sequence[str] = (),
    processors: Sequence[int] = CLIENT,
) -> Run:
    """Deliver through the engine to a fresh sink."""
    with home(readers, sign) as where, Sink(*sink) as relay:
        chosen = [*options, "--resume", *(["--sign", sign] if sign else [])]
        run = timed([*ours(relay.port, readers, where), *chosen], processors, readers)
        return as_seen(run, relay, readers)


def source(number: int, port: int, sessions: int = 16) -> list[str | Path]:
    """Give the command of smtp-source, which sends one finished message again and again."""
    options = [
        "-s",
        str(sessions),
        "-d",
        "-m",
        str(number),
        "-N",
        "-F",
        str(message_file(filled=True)),
    ]
    people = ["-f", "bounce@list.example.net", "-t", "reader@list.example.net"]
    return [program("smtp-source"), *options, *people, f"127.0.0.1:{port}"]


def source_run(number: int) -> Run:
    """Have smtp-source send to a fresh sink over 16 connections."""
    with Sink() as relay:
        return as_seen(timed(source(number, relay.port), CLIENT, number), relay, number)


def blaster_run(number: int) -> Run:
    """Have smtpblast send: pipelined like ours, in C, nothing recorded."""
    with Sink() as relay:
        command = [
            compiled("smtpblast"),
            "-p",
            str(relay.port),
            "-f",
            str(message_file(filled=False)),
        ]
        options = ["-n", str(number), "-c", "16", "-m", "data"]
        return as_seen(timed([*command, *options], CLIENT, number), relay, number)


def peer_run(number: int, *words: str) -> Run:
    """Have one of the Python peers send to a fresh sink."""
    peer, *options = words
    needed = {"aiosmtplib": "aiosmtplib", "django": "django", "--dkim": "dkim"}
    for package in (needed[word] for word in words if word in needed):
        if importlib.util.find_spec(package) is None:
            raise Unfit(f"{package} is not here: pip install --group benchmarks -c constraints.txt")
    with Sink() as relay:
        command = [
            sys.executable,
            str(HERE / "peers.py"),
            peer,
            str(relay.port),
            str(number),
            *options,
        ]
        return as_seen(timed(command, CLIENT, number), relay, number)


def as_seen(run: Run, relay: Sink, number: int) -> Run:
    """Take the rate that the sink saw, from the first connection to the last acceptance."""
    told = relay.said()
    if told["messages"] != number or told["dup_rcpt"] > 0:
        raise Unfit(f"{told['messages']} of {number} accepted, {told['dup_rcpt']} twice")
    return replace(run, rate=told["per_second"])


def in_turn(rounds: int, **clients: Callable[[], Run]) -> dict[str, list[Run]]:
    """Run each client once a round."""
    runs: dict[str, list[Run]] = {name: [] for name in clients}
    for number in range(rounds):
        for name, client in clients.items():
            runs[name].append(client())
            one = runs[name][-1]
            told = f"{one.rate:,.0f} a second, {one.cpu:.1f} µs, {one.peak:.0f} MB"
            print(f"# {number + 1} {name}: {told}", file=sys.stderr, flush=True)
    return runs


def rates(runs: Sequence[Run], base: Sequence[Run]) -> list[float]:
    """Compare by messages a second, round by round."""
    return [one.rate / other.rate for one, other in zip(runs, base, strict=True)]


def thrift(runs: Sequence[Run], base: Sequence[Run]) -> list[float]:
    """Compare by the processor time of a message: how much more the other takes."""
    return [other.cpu / one.cpu for one, other in zip(runs, base, strict=True)]


# --- the rows -----------------------------------------------------------------


def fast(rounds: int, readers: int) -> Figures:
    """Compare on a sink that is never the limit, one processor for the client."""
    names = {"smtplib": "smtplib", "django": "Django", "aiosmtplib": "aiosmtplib, 8 connections"}
    runs = in_turn(
        rounds,
        ours=lambda: our_run(readers),
        source=lambda: source_run(readers),
        blaster=lambda: blaster_run(readers),
        smtplib=lambda: peer_run(FEW, "smtplib"),
        django=lambda: peer_run(FEW, "django"),
        aiosmtplib=lambda: peer_run(FEW, "aiosmtplib"),
        prepared=lambda: peer_run(4 * FEW, "aiosmtplib", "--prepared", "--connections=16"),
    )
    own = runs["ours"]
    against = "against smtp-source -s 16"
    yield row(against, rates(own, runs["source"]), "x", "higher", goal=2.0, must=1.4)
    yield row(f"{against}, by processor time", thrift(own, runs["source"]), "x", "higher")
    yield row("processor time of a message", [one.cpu for one in own], "µs", "lower")
    yield row("share of a pipelined client in C", rates(own, runs["blaster"]), "x", "higher")
    for key, name in names.items():
        ratios = rates(own, runs[key])
        yield row(f"against {name}", ratios, "x", "higher", goal=160, must=100, digits=0)
    ratios = rates(own, runs["prepared"])
    name = "against aiosmtplib, prepared, 16 connections"
    yield row(name, ratios, "x", "higher", goal=60, must=40, digits=0)


def signed(rounds: int, readers: int) -> Figures:
    """Compare signed delivery with the signatures OpenSSL makes in a second on one processor."""
    few = readers // 2
    one, two, bare = [], [], []
    for _ in range(rounds):
        bare.append(signs())
        one.append(in_turn(1, signed=lambda: our_run(few, sign="rsa"))["signed"][0])
        run = in_turn(1, signed_2=lambda: our_run(few, sign="rsa", processors=BOTH))
        two.append(run["signed_2"][0])
    of_one = [run.rate / best for run, best in zip(one, bare, strict=True)]
    of_two = [run.rate / best for run, best in zip(two, bare, strict=True)]
    name = "RSA-2048 signed, against openssl's signs on one core"
    yield row(f"{name}: one core", of_one, "x", "higher", goal=0.85, must=0.65)
    yield row(f"{name}: two", of_two, "x", "higher", goal=1.6, must=1.2)
    yield row("processor time of a signed message", [run.cpu for run in one], "µs", "lower")
    peer = in_turn(1, smtplib_dkimpy=lambda: peer_run(FEW // 2, "smtplib", "--dkim"))
    ratios = rates(one[-1:], peer["smtplib_dkimpy"])
    yield row("signed, against smtplib with dkimpy", ratios, "x", "higher", digits=0)


def signs() -> float:
    """Ask OpenSSL how many RSA-2048 signatures it makes in a second."""
    command = [program("openssl"), "speed", "-seconds", "2", "rsa2048"]
    said = start(command, CLIENT, stderr=subprocess.DEVNULL).communicate()[0].decode()
    found = re.search(r"^rsa +2048 bits.*?([\d.]+) +[\d.]+\s*$", said, re.M)
    if found is None:
        raise Unfit(f"openssl speed says something else: {said[-300:]}")
    return float(found[1])


def relay(rounds: int, readers: int) -> Figures:
    """Compare through a real Postfix on the same two processors, queue, fsync and all."""
    number = max(1000, readers * 2 // 5)

    def through(port: int) -> Run:
        with home(number) as where:
            command = [*ours(port, number, where), "--resume"]
            run = timed(command, CLIENT, number)
            return replace(run, rate=number / run.carried)

    # what the relay saw, as near as the ledger knows: from the first outcome to the last
    with postfix.running() as port:
        runs = in_turn(
            rounds,
            postfix=lambda: through(port),
            postfix_source=lambda: timed(source(number, port), CLIENT, number),
        )
    ratios = rates(runs["postfix"], runs["postfix_source"])
    yield row("real Postfix, against smtp-source -s 16", ratios, "x", "higher", goal=1.15, must=1.0)


def distant(rounds: int, readers: int) -> Figures:
    """Compare with what the distance of a relay allows on 64 connections."""
    away = ("-L", str(int(1e6 * ROUND_TRIP)), "-Q", str(int(1e6 * COMMIT)))
    many = f"--connections={FAR}"
    runs = in_turn(
        rounds,
        data=lambda: our_run(readers, many, sink=away),
        bdat=lambda: our_run(readers, many, "--mode=bdat", sink=away),
    )
    ideal = FAR / (ROUND_TRIP + COMMIT)
    shares = [one.rate / ideal for one in runs["data"]]
    ratios = rates(runs["bdat"], runs["data"])
    name = f"20 ms away, {FAR} connections"
    yield row(f"{name}: share of the ideal", shares, "x", "higher", goal=0.95, must=0.85)
    yield row(f"{name}: BDAT over DATA", ratios, "x", "higher", goal=3.5, must=2.5)


def pause(rounds: int, readers: int) -> Figures:
    """Time how long messages are still accepted once the pause is in the ledger."""
    silences = []
    for _ in range(rounds):
        with home(5 * readers) as where, Sink("-L", "1000", "-Q", "1000") as sink:
            command = [*ours(sink.port, 5 * readers, where), "--resume", "--connections=16"]
            sender = start(command, CLIENT, stderr=subprocess.DEVNULL)
            try:
                while sink.messages < readers and sender.poll() is None:  # past the canary
                    time.sleep(0.1)
                paused = paused_at(where)
                sender.communicate(timeout=60)
            finally:
                sender.kill()
                sender.wait()
            told = sink.said()
            if not 0 < told["messages"] < 5 * readers:
                raise Unfit(f"the pause came beside the send: {told['messages']} accepted")
            silences.append(max(0.0, told["last_at"] - paused))
    yield row("pause to silence", silences, "s", "lower", goal=0.3, must=1.0, digits=3)


def paused_at(where: Path) -> float:
    """Pause the send of a home as `publisher pause` does; say when that was in the ledger."""
    with Store.open(f"sqlite:///{where}/publisher.db") as store:
        with store.begin() as conn:
            (send,) = sends.sends(conn, SLUG)
            frm = (SendState.RUNNING,)
            if not sends.set_state(
                conn, send.id, SendState.PAUSED, frm=frm, now=utc_now(), note=""
            ):
                raise Unfit(f"the send is {send.state}, so it cannot be paused")
        return time.monotonic()


def memory(_: int, readers: int) -> Figures:
    """Measure the most memory the sender had, and how much of it came with more readers."""
    runs = in_turn(1, tenth=lambda: our_run(readers // 10), all=lambda: our_run(readers))
    few, many = (runs[name][0].peak for name in ("tenth", "all"))
    name = f"peak memory at {readers:,} readers"
    yield row(name, [many], "MB", "lower", goal=80, must=120, digits=1)
    yield row(f"{name}, more than at a tenth", [many - few], "MB", "lower", digits=1)


def people(rounds: int, readers: int) -> Figures:
    """Compare importing and freezing with what the databases do bare."""
    wanted = ("import", "freeze")
    yield from audience.measured(None, readers, rounds, wanted)
    with postgresql.running() as url:
        yield from audience.measured(url, readers, rounds, wanted)


GROUPS = {one.__name__: one for one in (fast, signed, relay, distant, pause, memory, people)}


# --- the command --------------------------------------------------------------


def main() -> int:
    """Measure what was asked for and tell it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--only", choices=tuple(GROUPS), help="one group of rows")
    parser.add_argument("--rounds", type=int, default=5, help="rounds (5)")
    parser.add_argument("--n", type=int, default=READERS, help=f"readers ({READERS:,})")
    parser.add_argument("--million", action="store_true", help="memory and people at 1,000,000")
    parser.add_argument("--json", action="store_true", help="one document on stdout")
    asked = parser.parse_args()
    found: list[Row] = []
    faults = 0
    for name, group in GROUPS.items():
        if asked.only not in (None, name):
            continue
        readers = asked.n
        if name in {"memory", "people"}:
            readers = 1_000_000 if asked.million else 10 * asked.n
        try:
            for one in group(asked.rounds, readers):
                found.append(one)
                if not asked.json:
                    print(one, flush=True)
        except Unfit as fault:
            faults += 1
            print(f"delivery: {name}: {fault}", file=sys.stderr)
    if asked.json:
        print(document(found))
    return 0 if not faults and all(one.is_met for one in found) else 1


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        sys.exit(main())
