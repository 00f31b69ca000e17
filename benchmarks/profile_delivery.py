"""profile_delivery - where the processor's time goes while the engine delivers.

    python benchmarks/profile_delivery.py [--n N] [--sign rsa|ed25519] [--mode data|bdat|lockstep]
        [--connections C] [--lines] [--native] [--top N] [--raw FILE]

Delivers as delivery.py does, one processor for the sender, the other for the sink and for py-spy,
which looks at every thread from outside 250 times a second, from the first message on. Told are the
microseconds of processor time a message takes: of each thread, as the kernel counts them, and of
each function (`--lines`: each line), a thread's time shared out by its samples. `--native` looks into
C as well, and slows the sender. `--raw` keeps the stacks, as flame graphs read them.
Faults: exit 1 where py-spy is missing. Never: changes the program it looks at.
See: delivery.py (the figures).
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from tools.running import CLIENT, SINK, Sink, Unfit, home, ours, start

RATE = 250
WAITING = (
    "wait (",
    "Event.wait",
    "Condition.wait",
    "select (",
    "EpollSelector.select",
    "Queue.get",
)


def main() -> int:
    """Deliver, look, tell."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--n", type=int, default=200_000, help="readers (200,000)")
    parser.add_argument("--sign", choices=("rsa", "ed25519"), default="")
    parser.add_argument("--mode", choices=("data", "bdat", "lockstep"))
    parser.add_argument("--connections", type=int)
    parser.add_argument("--lines", action="store_true", help="tell lines, not functions")
    parser.add_argument("--native", action="store_true", help="look into C as well")
    parser.add_argument("--top", type=int, default=45, help="how many to tell (45)")
    parser.add_argument("--raw", type=Path, help="keep the stacks here")
    asked = parser.parse_args()
    try:
        stacks, times = sampled(asked)
    except Unfit as fault:
        print(f"profile_delivery: {fault}", file=sys.stderr)
        return 1
    if asked.raw:
        asked.raw.write_text("\n".join(stacks), "utf-8")
    tell(stacks, times, asked.top)
    return 0


def sampled(asked: argparse.Namespace) -> tuple[list[str], dict[str, float]]:
    """Deliver under the eye of py-spy; give what it saw, and each thread's µs of a message.

    What it saw is a stack and its count a line. What came before the first message is left out.
    """
    spy = shutil.which("py-spy", path=f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}")
    if spy is None:
        raise Unfit("py-spy is not here: pip install --group benchmarks -c constraints.txt")
    options = [f"--sign={asked.sign}"] if asked.sign else []
    options += [f"--mode={asked.mode}"] if asked.mode else []
    options += [f"--connections={asked.connections}"] if asked.connections else []
    with home(asked.n, asked.sign) as where, Sink() as sink, tempfile.TemporaryDirectory() as out:
        file = Path(out) / "stacks"
        sender = start([*ours(sink.port, asked.n, where), "--resume", *options], CLIENT)
        while sink.messages == 0 and sender.poll() is None:
            time.sleep(0.02)
        begun, before = sink.messages, spent(sender.pid)
        look = [spy, "record", "-p", str(sender.pid), "-o", str(file), "-f", "raw", "-r", str(RATE)]
        look += ["--threads", "-d", "unlimited", *([] if asked.lines else ["--function"])]
        look += ["--native"] if asked.native else []
        spying = start(look, SINK, stderr=subprocess.PIPE)
        after = watched(sender)
        _, errors = spying.communicate()
        if not file.exists():
            raise Unfit(f"py-spy saw nothing: {errors.decode()[-500:]}")
        sent = asked.n - begun
        times = {tid: 1e6 * (after[tid] - before.get(tid, 0.0)) / sent for tid in after}
        return file.read_text("utf-8").splitlines(), times


def watched(sender: subprocess.Popen[bytes]) -> dict[str, float]:
    """Wait for the sender to end; give what each of its threads had spent."""
    times: dict[str, float] = {}
    while sender.poll() is None:
        times |= spent(sender.pid)
        time.sleep(0.02)
    return times


def spent(process: int) -> dict[str, float]:
    """Read the processor time of each thread, by number, in seconds."""
    tick = os.sysconf("SC_CLK_TCK")
    times = {}
    for status in Path(f"/proc/{process}/task").glob("*/stat"):
        with suppress(OSError):  # the thread has ended
            fields = status.read_text("utf-8").rpartition(")")[2].split()
            times[status.parent.name] = (int(fields[11]) + int(fields[12])) / tick
    return times


def tell(stacks: Sequence[str], times: Mapping[str, float], top: int) -> None:
    """Print in which functions the time went: each thread's own, shared out by its samples."""
    seen: dict[str, list[tuple[list[str], int]]] = {}
    names: dict[str, str] = {}
    for line in stacks:
        stack, _, count = line.rpartition(" ")
        thread, *frames = (
            re.sub(r"\((?:.*/)?(\w+/[^/]+)\)$", r"(\1)", one) for one in stack.split(";")
        )
        number = re.findall(r"\d+", thread)[0]
        names[number] = max(names.get(number, ""), thread, key=len)
        if frames and not frames[-1].startswith(WAITING):
            seen.setdefault(number, []).append((frames, int(count)))
    print(f"{sum(times.values()):7.2f} µs a message")
    for number, each in sorted(times.items(), key=lambda one: -one[1]):
        print(f"{each:7.2f} µs  {names.get(number, f'thread ({number}), never in Python')}")
    own: defaultdict[str, float] = defaultdict(float)
    called: defaultdict[str, float] = defaultdict(float)
    for number, some in seen.items():
        share = times.get(number, 0.0) / sum(weight for _, weight in some)
        for frames, weight in some:
            own[frames[-1]] += weight * share
            for frame in set(frames):
                called[frame] += weight * share
    print("\n    own   with what it called")
    for name, each in largest(own, top):
        print(f"{each:7.2f} {called[name]:7.2f} µs  {name}")
    print("\nwith what it called")
    for name, each in largest(called, top):
        print(f"{each:7.2f} µs  {name}")


def largest(times: Mapping[str, float], top: int) -> list[tuple[str, float]]:
    """Give the largest of some times, the largest first."""
    return sorted(times.items(), key=lambda one: -one[1])[:top]


if __name__ == "__main__":
    sys.exit(main())
