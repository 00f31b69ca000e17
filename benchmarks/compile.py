"""compile - what a reader's message costs once its issue is prepared, and the email package beside it.

    python benchmarks/compile.py [--rounds N] [--json]

The sample, and where the corpora are (the folder PUBLISHER_CORPORA) the seed, are rendered once. In
each round each is compiled, written for a reader without a name, with one and with a bounce
domain, signed by each kind of key, and built by the `email` package as people do; one right after
the other. Of what takes microseconds the best of many runs counts: what disturbs it is others' work.
Faults: exit 1 where a `must` is not met. Never: writes. See: README.md beside it (the figures).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from functools import partial
from time import process_time

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from figures import Row, document, row
from mail import DIGESTS, NEWSLETTER, NOW, read

from publisher import templates
from publisher.model import Edition, Kind, Newsletter, Recipient, Send, SendState, Variant
from publisher.render import message
from publisher.render.fitting import editions
from publisher.send.freight import SIGNED_AT_ONCE, WRITTEN_AT_ONCE
from publisher.send.letter import Letter
from publisher.wire.dkim import Signer

OURS = replace(NEWSLETTER, sender_address="weekly@news.example.org")
ANN = Recipient(123456, 123456, "reader123@example.org", "", "")
LEI = ANN._replace(name="李雷")
KEY = bytes(range(32))
SIGNERS = {
    "RSA": Signer("news.example.org", "one", generate_private_key(65537, 2048)),
    "Ed25519": Signer("news.example.org", "two", Ed25519PrivateKey.generate()),
}
MOST = 5.0
MOST_BESIDE = 60.0
FASTER = 100.0


@dataclass(frozen=True, slots=True)
class Halves:
    """What a reader gets, rendered."""

    mail: Edition
    text: Edition

    def letter(self, newsletter: Newsletter = OURS, signers: Sequence[Signer] = ()) -> Letter:
        """Compile it."""
        prepared = message.prepare(
            self.mail, self.text, newsletter, kind=Kind.ISSUE, issue_id="tag:a.example,2026:7",
            slug="7", date=NOW,
        )  # fmt: skip
        of = Send(1, "weekly", "7", Kind.ISSUE, SendState.RUNNING, at=NOW, created=NOW, started=NOW)
        return Letter(of, newsletter, "tag:a.example,2026:7", {"": prepared}, KEY, signers)

    def by_email(self, date: datetime = NOW) -> bytes:
        """Build it as people do, one reader at a time."""
        made = EmailMessage(SMTP)
        made["From"] = Address("Weekly", "weekly", "news.example.org")
        made["To"] = ANN.address
        made["Subject"] = self.mail.subject
        made["Date"] = date
        made["Message-ID"] = "<7.123456@news.example.org>"
        made["List-Unsubscribe"] = "<https://app.example.org/unsubscribe/1abc>"
        made["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        made.set_content(self.text.body, cte="base64")
        made.add_alternative(self.mail.body, subtype="html", cte="base64")
        return made.as_bytes()


def best(work: Callable[[], object], times: int, runs: int) -> float:
    """Measure the processor's time of one call, in microseconds: the best of the runs."""
    found = []
    for _ in range(runs):
        begun = process_time()
        for _ in range(times):
            work()
        found.append((process_time() - begun) / times)
    return 1e6 * min(found)


def written(letter: Letter, one: Recipient, many: int, runs: int) -> float:
    """Measure the writing of one message, so many at once as the engine writes."""
    some, places = [one] * many, [None] * many
    return best(partial(letter.write, some, places), max(1, 640 // many), runs) / many


def measured(name: str, halves: Halves, rounds: int) -> list[Row]:
    """Measure one issue."""
    plain, bounced = halves.letter(), halves.letter(replace(OURS, bounce_domain="b.example.org"))
    signed = {kind: halves.letter(signers=[one]) for kind, one in SIGNERS.items()}
    data = b"x" * 1500  # about what a key signs: the canonical head
    (parcel,) = plain.write([ANN], [None])
    size = len(b"".join(parcel.content))
    found: dict[str, list[float]] = {}

    def note(key: str, value: float) -> float:
        found.setdefault(key, []).append(value)
        return value

    for _ in range(rounds):
        note("compile", best(halves.letter, 1, 5) / 1000)
        ours = note("plain", written(plain, ANN, WRITTEN_AT_ONCE, 100))
        note("named", written(plain, LEI, WRITTEN_AT_ONCE, 30))
        note("bounced", written(bounced, ANN, WRITTEN_AT_ONCE, 30))
        note("email", best(halves.by_email, 1, 20) / ours)
        for kind, signer in SIGNERS.items():
            whole = note(kind, written(signed[kind], ANN, SIGNED_AT_ONCE, 20))
            key = best(partial(signer.sign, data), 20, 20)
            note(f"{kind} beside", whole - key - ours)
    about = f"{name}, {size / 1000:.0f} KB"
    rows = [
        row(f"{about}: compile", found["compile"], "ms", "lower", digits=1),
        row(f"{about}: write", found["plain"], "us", "lower", goal=MOST),
        row(f"{about}: write, with a Chinese name", found["named"], "us", "lower"),
        row(f"{about}: write, with a bounce domain", found["bounced"], "us", "lower"),
        row(
            f"{about}: the email package's time to ours", found["email"], "x", "higher",
            must=FASTER, digits=0,
        ),
    ]  # fmt: skip
    for kind in SIGNERS:
        rows += [
            row(f"{about}: write and sign, {kind}", found[kind], "us", "lower", digits=0),
            row(
                f"{about}: beside the key's own work, {kind}", found[f"{kind} beside"], "us",
                "lower", goal=MOST_BESIDE, digits=0,
            ),
        ]  # fmt: skip
    return rows


def main() -> int:
    """Measure what was asked for and tell it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--rounds", type=int, default=5, help="rounds an issue (5)")
    parser.add_argument("--json", action="store_true", help="one document on stdout")
    asked = parser.parse_args()
    found: list[Row] = []
    for name in ("sample", "seed"):
        if not DIGESTS[name].is_file():
            continue
        published = read(DIGESTS[name])
        variant = Variant(published.issue.language or "en")
        made = editions(published, OURS, templates.load(None), variant)
        some = measured(name, Halves(made["mail"], made["text"]), asked.rounds)
        found += some
        for one in some if not asked.json else ():
            print(one, flush=True)
    if asked.json:
        print(document(found))
    return 0 if all(one.is_met for one in found) else 1


if __name__ == "__main__":
    sys.exit(main())
