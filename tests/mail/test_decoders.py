"""Headers and bodies, read by a decoder that is neither ours nor Python's: Perl's."""

import json
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from publisher.model import Edition, Kind, Newsletter, Slot
from publisher.render import message
from publisher.render.headers import mailbox, unstructured

pytestmark = pytest.mark.service

READ = """
use strict; use warnings; use utf8;
use JSON::PP; use Encode; use Encode::MIME::Header; use MIME::QuotedPrint; use MIME::Base64;
local $/;
my $asked = decode_json(<STDIN>);
my @headers = map { s/\\r\\n(?=[ \\t])//gr } @{$asked->{headers}};
my @read = map { decode('MIME-Header', s/\\A[\\w-]+: |\\r\\n\\z//gr) } @headers;
my @halves = map {
  decode('UTF-8', $_->[0] eq 'base64' ? decode_base64($_->[1]) : decode_qp($_->[1]))
} @{$asked->{halves}};
print encode_json({headers => \\@read, halves => \\@halves});
"""


@pytest.fixture
def read(program: Callable[[str], str]) -> Callable[[object], dict]:
    """Give Perl headers and halves; take what it reads in them."""

    def ask(value: object) -> dict:
        done = subprocess.run(
            [program("perl"), "-e", READ],
            input=json.dumps(value).encode(),
            capture_output=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()
        return json.loads(done.stdout)

    return ask


def test_mixed_headers(read: Callable[[object], dict], mixed_texts: list[str]) -> None:
    """3,000 mixed subjects and names are the same to Perl as to us."""
    subjects = [unstructured("Subject", text) for text in mixed_texts]
    names = [mailbox("To", text, "reader@example.net") for text in mixed_texts]
    told = read({"headers": subjects + names, "halves": []})["headers"]
    assert told[:3000] == mixed_texts
    for text, name in zip(mixed_texts, told[3000:], strict=True):
        shown = name.removesuffix(" <reader@example.net>")
        if shown.startswith('"') and text.isascii():
            shown = shown[1:-1].replace('\\"', '"').replace("\\\\", "\\")
        assert shown == text


def test_both_encodings(read: Callable[[object], dict], mixed_texts: list[str]) -> None:
    """A half in either encoding holds for Perl what was written, the way out where its slot was."""
    newsletter = Newsletter(slug="weekly", title="Weekly")
    way_out = "https://app.example.org/unsubscribe/a=3D_b?x=1&y=="
    english = "\n".join(text for text in mixed_texts if text.isascii())
    chinese = "\n".join(text for text in mixed_texts if not text.isascii())
    halves = [
        f"{text}\n{Slot.UNSUBSCRIBE} \n.\nFrom here{Slot.UNSUBSCRIBE}"
        for text in (english, chinese)
    ]
    prepared = message.prepare(
        Edition("mail", "text/html", halves[1], "Kites"),
        Edition("text", "text/plain", halves[0]),
        newsletter,
        kind=Kind.ISSUE,
        issue_id="tag:a.example,2024:7",
        slug="7",
        date=datetime(2024, 3, 1, tzinfo=UTC),
        leaves=False,  # three thousand texts at once are no mail
    )
    raw = prepared.fill(
        address="reader@example.net", name="", message_id="<a@b.example>", unsubscribe=way_out
    )
    parts = raw.decode("ascii").split(f"--{prepared.boundary.decode()}")[1:3]
    asked = []
    for part in parts:
        head, _, body = part.partition("\r\n\r\n")
        asked.append((head.rpartition(": ")[2], body.removesuffix("\r\n")))
    assert [encoding for encoding, _ in asked] == ["quoted-printable", "base64"]
    told = read({"headers": [], "halves": asked})["halves"]
    for half, written, link in zip(
        told, halves, (way_out, way_out.replace("&", "&amp;")), strict=True
    ):
        # its quoted-printable gives lines the end they have on its own system
        assert half.replace("\r\n", "\n") == written.replace(Slot.UNSUBSCRIBE, link)
