"""ledger - what keeping the ledger costs, in processor time for each recipient.

    python benchmarks/ledger.py [--recipients N] [--rounds N] [--json]

A send is frozen in a new SQLite database (WAL, synchronous FULL); then its lots of 500 are worked as
the engine works them: each one's outcomes recorded (accepted, with words of its own, as relays
answer), it is let go, the next claimed, and asked who is barred. Processor time of this process, the
kernel's for it included; the file is synced for every commit, but waiting is not counted.
Faults: exit 1 where a `must` is not met. Never: sends. See: README.md beside it, store/ledger.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import process_time

from figures import Row, document, row

from publisher.model import Consent, DeliveryState, Issue, Kind, Record
from publisher.store import Store, issues, ledger, sends, subscribers
from publisher.store.ledger import Recorded

NOW = datetime(2026, 5, 1, 8, tzinfo=UTC)
MUST = 6.0
AT_ONCE = 10_000


def stock(store: Store, recipients: int) -> int:
    """Fill a database with subscribers, a tenth of them gone, and freeze a send."""
    record = Record("weekly", "urn:uuid:1", "1", "1.md", NOW, NOW, number=1, title="One")
    why = Consent("import", "imported by the benchmark", NOW)
    with store.begin() as conn:
        issues.save(conn, record, Issue(title="One"))
        for start in range(0, recipients, AT_ONCE):
            rows = [
                (f"reader{n}@example{n % 97}.org", f"Reader {n}", "en")
                for n in range(start, min(start + AT_ONCE, recipients))
            ]
            subscribers.import_rows(conn, "weekly", rows, why, b"key", NOW)
        for number in range(recipients // 1000):
            subscribers.suppress(conn, "weekly", f"gone{number}@example.org", "bounce", NOW)
        number = sends.create_send(conn, "weekly", "1", Kind.ISSUE, at=NOW, now=NOW)
        sends.freeze(conn, number, "en/digest/", NOW)
    return number


def work(store: Store) -> dict[str, float]:
    """Work all lots; give the processor time of each step, for each recipient, in microseconds.

    As the engine does, one commit ends a lot and begins the next.
    """
    spent: dict[str, float] = defaultdict(float)
    recipients = 0
    held: ledger.Lot | None = None
    outcomes: list[Recorded] = []
    while held is not None or not recipients:
        begun = process_time()
        with store.begin() as conn:
            opened = process_time()
            if held is not None:
                ledger.record(conn, held, outcomes, NOW, relay="smtp")
            recorded = process_time()
            if held is not None:
                ledger.release(conn, held, NOW)
            released = process_time()
            held = ledger.claim(conn, "bench", timedelta(minutes=30), NOW)
            claimed = process_time()
            barred = {} if held is None else ledger.barred(conn, held)
            asked = process_time()
        done = process_time()
        spent["record"] += recorded - opened
        spent["release"] += released - recorded
        spent["claim"] += claimed - released
        spent["barred"] += asked - claimed
        spent["begin and commit"] += done - asked + opened - begun
        hand = () if held is None else held.deliveries
        recipients += len(hand)
        outcomes = [
            Recorded(one.id, DeliveryState.ACCEPTED, 250, f"2.0.0 Ok: queued as 4Zq{one.id:08X}")
            for one in hand
            if one.id not in barred
        ]
    each = {step: seconds / recipients * 1e6 for step, seconds in spent.items()}
    return each | {"all": sum(each.values())}


def measure(recipients: int) -> dict[str, float]:
    """One round, in a database of its own."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Store.open(f"sqlite:///{Path(folder) / 'publisher.db'}") as store,
    ):
        stock(store, recipients)
        return work(store)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--recipients", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    given = parser.parse_args()
    rounds = [measure(given.recipients) for _ in range(given.rounds)]
    rows: list[Row] = [
        row(
            f"ledger, SQLite, lots of 500: {step}",
            [one[step] for one in rounds],
            "us",
            "lower",
            must=MUST if step == "all" else None,
        )
        for step in rounds[0]
    ]
    print(document(rows) if given.json else "\n".join(map(str, rows)))
    return 0 if all(one.is_met for one in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
