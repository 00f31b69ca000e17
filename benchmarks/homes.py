"""homes - a home to deliver from: settings, readers with their consent, one issue of seed size.

The issue is invented, Chinese under English titles, and the same each time: as many sentences as
make the message about 83 KB on the wire, in whatever encoding the templates and `transfer` of the
day give it. Publishing and importing are done by the program's own commands.
Faults: CalledProcessError where a command fails. Never: touches a network, or a home it did not make.
See: drive_delivery.py (delivers from it), delivery.py (measures).
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from invented import ITEMS, SIZE, written

from publisher import digest, identity, settings, templates
from publisher.model import Kind, Published
from publisher.render import message
from publisher.render.fitting import editions
from publisher.send.signing import places_of
from publisher.wire import keys

ROOT: Final = Path(__file__).resolve().parent.parent
SLUG: Final = "weekly"
DAY: Final = datetime(2026, 11, 20, 8, tzinfo=UTC)
PLACEHOLDERS: Final = {
    "address": "reader00000001@list.example.net",
    "name": "",
    "message_id": f"<{'0' * 32}@news.reading.example>",
}

SETTINGS: Final = """\
site_url = "https://news.reading.example/"
transport = "smtp"

[newsletter]
slug = "weekly"
title = "Harbour Weekly"
language = "zh"
timezone = "Asia/Shanghai"
sender_address = "editor@news.reading.example"
postal_address = "Pier 5, Harbour Town"

[smtp]
host = "127.0.0.1"
port = {port}
tls = "none"
hello = "sender.reading.example"
"""


def prepare(home: Path, readers: int, port: int, extra: Sequence[str] = (), sign: str = "") -> None:
    """Make a home with so many confirmed readers and the issue published, ready to be sent.

    `extra` are more lines of the table [smtp]; `sign` is "", "rsa", or "ed25519" for both kinds.
    """
    home.mkdir(parents=True, exist_ok=True)
    (home / "digests").mkdir()
    configure(home, port, extra, sign)
    chosen = settings.load(home)
    for place in places_of(chosen, chosen.newsletter(None)):
        keys.make(place)
    (home / "digests" / "harbour.md").write_text(fitted(chosen), "utf-8")
    readers_file = home / "readers.csv"
    with readers_file.open("w", encoding="ascii") as file:
        file.write("email\n")
        file.writelines(
            f"reader{number:08d}@list.example.net\n" for number in range(1, readers + 1)
        )
    _publisher(home, "publish", str(home / "digests" / "harbour.md"))
    _publisher(home, "subscribers", "import", str(readers_file), "--by", "benchmark")
    readers_file.unlink()


def configure(home: Path, port: int, extra: Sequence[str] = (), sign: str = "") -> None:
    """Write the settings of a home, anew where it leads to another port."""
    lines = SETTINGS.format(port=port) + "".join(f"{line}\n" for line in extra)
    if sign:
        lines += f"\n[dkim]\ned25519 = {str(sign == 'ed25519').lower()}\n"
    path = home / settings.FILE_NAME
    if not path.exists() or path.read_text("utf-8") != lines:
        draft = path.with_suffix(".new")
        draft.write_text(lines, "utf-8")
        draft.replace(path)


def fitted(chosen: settings.Settings) -> str:
    """Write the digest whose message comes nearest to SIZE."""
    few, many = ITEMS, 60 * ITEMS
    while many - few > 1:
        middle = (few + many) // 2
        few, many = (few, middle) if wire_size(written(middle), chosen) > SIZE else (middle, many)
    return written(few)


def wire_size(text: str, chosen: settings.Settings) -> int:
    """Measure the message of a digest as it is sent to one reader."""
    newsletter = chosen.newsletter(None)
    (issue,) = digest.read(text.encode(), name="harbour.md", newsletter=newsletter).issues
    published = Published(issue, identity.provisional(issue, newsletter, DAY))
    made = editions(published, newsletter, templates.load(None))
    prepared = message.prepare(
        made["mail"],
        made["text"],
        newsletter,
        kind=Kind.ISSUE,
        issue_id=published.record.id,
        slug=published.record.slug,
        date=DAY,
    )
    link = f"https://news.reading.example/unsubscribe/{'t' * 24}"
    return len(prepared.fill(**PLACEHOLDERS, unsubscribe=link))


def _publisher(home: Path, *words: str) -> None:
    """Run one command of the program on a home; what it says matters only where it fails."""
    done = subprocess.run(
        [sys.executable, "-m", "publisher", "--home", home, "--quiet", *words],
        check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        print(done.stderr, file=sys.stderr)
    done.check_returncode()
