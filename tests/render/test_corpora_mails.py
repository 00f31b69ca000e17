"""Digests by strangers as mails: each in three looks, in time, and small enough."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

import pytest

from publisher import digest, identity, templates
from publisher.model import MOST_MAIL, Newsletter, Published, Slot, Variant
from publisher.preflight.links import compare
from publisher.preflight.styles import tree
from publisher.render.fitting import editions

NOW = datetime(2026, 5, 1, 8, tzinfo=UTC)
NEWSLETTER = Newsletter(
    slug="weekly",
    title="Weekly",
    site_url="https://news.example.org/",
    app_url="https://app.example.org/",
    postal_address="Pier 1, Harbour",
)
OURS = templates.load(None)
LOOKS = ("digest", "compact", "letter")
MOST_OF_ONE_FILE = 2
"""Issues of a file of many; they are alike."""


def digests(folder: Path) -> Iterator[Path]:
    """Every digest of a series."""
    kinds = {".md", ".markdown", ".txt"}
    return (one for one in sorted(folder.rglob("*")) if one.suffix in kinds and one.is_file())


def issues_of(path: Path) -> list[Published]:
    """The first issues of a digest, as `preview` would publish them."""
    reading = digest.read(path.read_bytes(), name=path.name, newsletter=NEWSLETTER)
    return [
        Published(one, identity.provisional(one, NEWSLETTER, NOW))
        for one in reading.issues[:MOST_OF_ONE_FILE]
    ]


def judge(published: Published, look: str) -> None:
    """Render one mail and look whether both halves are whole."""
    made = editions(published, NEWSLETTER, OURS, Variant(published.issue.language or "en", look))
    mail, text = made["mail"], made["text"]
    assert (text.look, text.left_out) == (mail.look, mail.left_out)
    assert mail.look in (look, "compact")
    assert mail.size_bytes <= MOST_MAIL
    assert mail.body.count(Slot.UNSUBSCRIBE) == 2
    assert text.body.endswith("Pier 1, Harbour\n")
    shown = [unescape(one) for one in re.findall(r'<img\b[^>]*\ssrc="([^"]*)"', mail.body)]
    assert all(one.startswith("https://news.example.org/") for one in shown)
    assert compare(tree(mail.body), text) == []  # both lead to the same places
    assert "<math" not in mail.body
    assert not re.search(r'(?:href|src)="(?!https?:|mailto:|#|__publisher-slot)', mail.body)


@pytest.mark.parametrize("look", LOOKS)
def test_one_digest_of_each_series(look: str, corpora: Path) -> None:
    """Every way of writing a digest becomes a mail in every look, never over 100 KB."""
    series = [folder for folder in sorted(corpora.iterdir()) if folder.is_dir()]
    for folder in series:
        for path in list(digests(folder))[:1]:
            for published in issues_of(path)[:1]:
                judge(published, look)


@pytest.mark.whole
def test_every_digest(corpora: Path) -> None:
    """So does every single one of them."""
    count = 0
    for path in digests(corpora):
        for published in issues_of(path):
            for look in LOOKS:
                judge(published, look)
            count += 1
    assert count > 100
