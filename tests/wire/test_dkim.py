"""Signatures, checked by two programs that are not ours: dkimpy, and Perl's Mail::DKIM."""

import re
import subprocess
from datetime import UTC, datetime, timedelta

import dkim as judge
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from hypothesis import assume, given
from hypothesis import strategies as st

from publisher.wire.dkim import SEALED, SIGNED, Signer, Signing, signed

NOW = datetime(2026, 3, 6, 9, 0, tzinfo=UTC)
RSA = Signer("rivers.example", "publisher", generate_private_key(65537, 2048))
ED25519 = Signer("rivers.example", "publisher-ed25519", Ed25519PrivateKey.generate())
BOTH = (RSA, ED25519)
MESSAGE = (
    b"To: =?utf-8?b?5a6J?= <ann@reader.example>\r\n"
    b"Message-ID: <a.b@rivers.example>\r\n"
    b"List-Unsubscribe: <https://rivers.example/unsubscribe/1abc>\r\n"
    b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    b"From: Rivers <editor@rivers.example>\r\n"
    b"Subject: =?utf-8?b?5rKz5rWB5ZGo5oql?=\r\n =?utf-8?b?5rKz5rWB?=\r\n"
    b"Date: Fri, 06 Mar 2026 09:00:00 +0000\r\n"
    b"List-Id: Rivers\r\n <rivers.rivers.example>\r\n"
    b"Feedback-ID: 7:rivers:issue:rivers\r\n"
    b"Precedence: bulk\r\n"
    b"MIME-Version: 1.0\r\n"
    b'Content-Type: text/plain;\r\n\tcharset="utf-8"\r\n'
    b"Content-Transfer-Encoding: 8bit\r\n\r\n"
    b"A line\t with  blanks  \r\n\r\n.\r\n\r\n\r\n"
)


def is_good(message: bytes, which: int = 0, signers: tuple[Signer, ...] = BOTH) -> bool:
    """Ask dkimpy about one of the signatures, with a DNS that knows our records alone."""
    records = {f"{one.host}.".encode(): one.record.encode() for one in signers}
    try:
        return judge.DKIM(message).verify(
            idx=which, dnsfunc=lambda name, timeout=5: records.get(name)
        )
    except (judge.DKIMException, ValueError):  # the same, in its words
        return False


def h_of(message: bytes) -> list[str]:
    """Read the names a signature covers."""
    folded = re.search(rb"h=([^;]+);", message)[1].decode()
    return re.sub(r"\s", "", folded).lower().split(":")


@pytest.mark.parametrize("which", [0, 1])
def test_another_program_finds_it_good(which: int) -> None:
    """Each of the two signatures of a message is good by itself."""
    assert is_good(signed(MESSAGE, BOTH, NOW), which)


def test_what_is_covered() -> None:
    """Every field of the list that stands is signed, and each sealed one named once more."""
    names = h_of(signed(MESSAGE, [RSA], NOW))
    present = [name.lower() for name in SIGNED if f"\r\n{name}: ".encode() in b"\r\n" + MESSAGE]
    assert sorted(names) == sorted([*present, *(name.lower() for name in SEALED)])
    assert names.count("from") == names.count("subject") == 2
    assert {"list-unsubscribe", "list-unsubscribe-post", "feedback-id", "to"} <= set(names)
    assert not re.search(rb"[; ]l=", signed(MESSAGE, [RSA], NOW).partition(b"\r\nTo: ")[0])


@pytest.mark.parametrize("name", SIGNED)
def test_a_changed_field_is_found_out(name: str) -> None:
    """Whichever of the listed fields is changed, the signature is good no more."""
    has_it = f"\r\n{name}: ".encode() in b"\r\n" + MESSAGE
    whole = MESSAGE if has_it else f"{name}: <https://rivers.example/a>\r\n".encode() + MESSAGE
    sent = signed(whole, [RSA], NOW)
    assert is_good(sent)
    start, field, rest = sent.rpartition(f"\r\n{name}: ".encode())
    assert not is_good(start + field + b"x" + rest)


@pytest.mark.parametrize("name", SEALED)
def test_an_added_field_is_found_out(name: str) -> None:
    """A sealed field added above or below ours, or where there was none, spoils the signature."""
    sent = signed(MESSAGE, [RSA], NOW)
    added = f"{name}: someone@else.example\r\n".encode()
    assert not is_good(added + sent)
    assert not is_good(sent.replace(b"Precedence:", added + b"Precedence:"))
    assert is_good(b"X-Relay: passed\r\n" + sent)


def test_a_changed_byte_of_the_body_is_found_out() -> None:
    """A letter more at the end, where `l=` would hide it, is not hidden."""
    sent = signed(MESSAGE, BOTH, NOW)
    for which in (0, 1):
        assert not is_good(sent.replace(b"A line", b"B line"), which)
        assert not is_good(sent + b"more\r\n", which)
        assert is_good(sent + b"\r\n \r\n", which)


def test_lines_are_short_and_the_moment_stands_there() -> None:
    """No line of a signature is over 78 columns, and `t=` is the moment passed in."""
    long = Signer("a-long-name." * 4 + "rivers.example", "publisher", RSA.key)
    head = signed(MESSAGE, [long, ED25519], NOW).partition(b"\r\nTo: ")[0].decode()
    assert all(len(line) <= 78 for line in head.split("\r\n"))
    assert head.count(f"t={int(NOW.timestamp())};") == 2


def test_the_same_again() -> None:
    """The same message at the same moment is signed with the same bytes, at another with others."""
    assert signed(MESSAGE, BOTH, NOW) == signed(MESSAGE, BOTH, NOW)
    assert signed(MESSAGE, BOTH, NOW) != signed(MESSAGE, BOTH, NOW + timedelta(seconds=1))


def test_no_key_no_change() -> None:
    """Without a signer the message stays as it was."""
    assert signed(MESSAGE, [], NOW) == MESSAGE


def test_the_key_is_not_shown() -> None:
    """What is printed of a signer tells nothing of its key."""
    assert "key" not in repr(RSA).lower()


BLANKS = st.text(" \t", max_size=3)
WORDS = st.text("ab=é河.:;", max_size=6)
LINE = st.tuples(WORDS, BLANKS, WORDS, BLANKS).map("".join)
BODY = st.tuples(st.lists(LINE, max_size=6).map("\r\n".join), st.sampled_from(["", "\r\n" * 3]))
VALUE = st.lists(
    st.tuples(st.text(" \t", min_size=1, max_size=2), st.text("ab=:;<>", min_size=1)).map("".join),
    min_size=1,
    max_size=3,
).map("\r\n".join)


@given(BODY.map("".join), VALUE, VALUE, st.sampled_from([RSA, ED25519]))
def test_any_text_verifies(body: str, subject: str, listed: str, signer: Signer) -> None:
    """Whatever blanks, tabs, folds and empty lines there are, our form is the judge's own."""
    head = (
        f"Subject:{subject}\r\nFROM:{listed}\r\nlist-id:{listed}\r\n"
        "To: ann@reader.example\r\nTo: bob@reader.example\r\n"
    )
    message = f"{head}\r\n{body}".encode()
    sent = signed(message, [signer], NOW)
    if not sent.endswith(b"\r\n"):
        sent += b"\r\n"  # SMTP knows no other end
    assert is_good(sent)


UNSIGNED = re.search(rb"Precedence: bulk", MESSAGE).span()
VALUES = [
    at
    for found in re.finditer(rb"(?:: |^[ \t]|\r\n\r\n)[^\r]+", MESSAGE, re.MULTILINE)
    for at in range(found.start() + 2, found.end())
    if chr(MESSAGE[at]).isalnum() and not UNSIGNED[0] <= at < UNSIGNED[1]
]


@given(st.sampled_from(VALUES), st.sampled_from(b"aZ0"))
def test_any_changed_byte_is_found_out(place: int, by: int) -> None:
    """One letter of a signed field or of the body made another one: the signature is void."""
    assume(MESSAGE[place] != by)
    front = signed(MESSAGE, [RSA], NOW).removesuffix(MESSAGE)
    assert is_good(front + MESSAGE)
    assert not is_good(front + MESSAGE[:place] + bytes([by]) + MESSAGE[place + 1 :])


# --- the many of one send ---

OWN = (
    b"To: =?utf-8?b?5a6J?=\r\n <ann@reader.example>\r\n"
    b"Message-ID: <a.b@rivers.example>\r\n"
    b"List-Unsubscribe: <https://rivers.example/unsubscribe/1abc>\r\n"
    b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
)
HEAD = (
    b"From: Rivers <editor@rivers.example>\r\n"
    b"Subject: =?utf-8?b?5rKz5rWB5ZGo5oql?=\r\n =?utf-8?b?5rKz5rWB?=\r\n"
    b"List-Id: Rivers\r\n <rivers.rivers.example>\r\n"
    b"Feedback-ID: 7:rivers:issue:rivers\r\n"
    b"Precedence: bulk\r\n"
    b"MIME-Version: 1.0\r\n\r\n"
)
PIECES = [OWN, HEAD, b"A line\r\n\r\n", b"a value\r\n", b"The end.\r\n"]


@pytest.mark.parametrize("signers", [(RSA,), (ED25519,), BOTH])
def test_many_are_signed_as_one_is(signers: tuple[Signer, ...]) -> None:
    """A message of a send has the very signatures it would have alone, and they are good."""
    signing = Signing(signers, NOW, PIECES)
    for own in (OWN, OWN.replace(b"ann", b"bob"), OWN.partition(b"List-")[0], b""):
        pieces = [own, HEAD, PIECES[2], b"another\r\n", b"value\r\n"]
        sent = signing.fields(pieces) + b"".join(pieces)
        assert sent == signed(b"".join(pieces), signers, NOW)
        assert all(is_good(sent, which) for which, _ in enumerate(signers))


@pytest.mark.parametrize(
    "pieces",
    [
        [OWN, HEAD, b"A  line\r\n", b"x\r\n"],
        [OWN, HEAD, b"A line\r\n", b"x\ty\r\n"],
        [OWN, HEAD, b"A line\r\n", b"x \r\n"],
        [OWN, HEAD, b"A line\r\n", b"x\r\n\r\n"],
        [OWN, HEAD, b"A line\r\n", b"x"],
    ],
)
def test_a_body_in_another_form_is_signed_right(pieces: list[bytes]) -> None:
    """What is not its own relaxed form is not hashed as it stands."""
    sent = Signing([RSA], NOW, pieces).fields(pieces) + b"".join(pieces)
    assert sent == signed(b"".join(pieces), [RSA], NOW)
    assert is_good(sent if sent.endswith(b"\r\n") else sent + b"\r\n")


@pytest.mark.parametrize("place", [1, 2])
def test_another_message_is_signed_right(place: int) -> None:
    """A message that is not of the send has a good signature all the same."""
    other = list(PIECES)
    other[place] = other[place].replace(b"i", b"o")
    sent = Signing([RSA], NOW, PIECES).fields(other) + b"".join(other)
    assert is_good(sent)


def test_a_field_twice() -> None:
    """Two fields of one name are each signed, from below."""
    pieces = [b"To: ann@reader.example\r\nTo:  bob@reader.example\r\n", *PIECES[1:]]
    sent = Signing([RSA], NOW, PIECES).fields(pieces) + b"".join(pieces)
    assert sent == signed(b"".join(pieces), [RSA], NOW)
    assert is_good(sent)


@given(st.lists(st.tuples(st.sampled_from(["To", "Message-ID", "X-Own"]), VALUE), max_size=4))
def test_any_fields_of_its_own(fields: list[tuple[str, str]]) -> None:
    """Whatever stands in the fields of one's own, the signature is as of the whole message."""
    own = "".join(f"{name}:{value}\r\n" for name, value in fields).encode()
    pieces = [own, *PIECES[1:]]
    sent = Signing([ED25519], NOW, PIECES).fields(pieces) + b"".join(pieces)
    assert sent == signed(b"".join(pieces), [ED25519], NOW)


PERL = """
use Mail::DKIM::Verifier; use Mail::DKIM::DNS; use Net::DNS::Resolver;
my $port = shift; binmode STDIN;
Mail::DKIM::DNS::resolver(Net::DNS::Resolver->new(
  nameservers => ["127.0.0.1"], port => $port, recurse => 0));
my $judge = Mail::DKIM::Verifier->new(); $judge->load(*STDIN);
print join " ", map { $_->algorithm . "=" . $_->result } $judge->signatures;
"""


@pytest.mark.service
def test_a_second_program_finds_it_good(name_server) -> None:
    """Perl's Mail::DKIM, asking a real name server, passes the RSA signature, and fails a change.

    The one Debian has knows no Ed25519 yet, and goes by the other, as many receivers do.
    """
    try:
        subprocess.run(["perl", "-MMail::DKIM", "-e", "1"], capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no Mail::DKIM on this machine")
    names = name_server()
    for one in BOTH:
        names.set(one.host, "TXT", one.record)
    sent = signed(MESSAGE, BOTH, NOW)

    def asked(message: bytes) -> str:
        done = subprocess.run(
            ["perl", "-e", PERL, str(names.port)], input=message, capture_output=True, check=True
        )
        return done.stdout.decode()

    assert "rsa-sha256=pass" in asked(sent)
    assert "rsa-sha256=fail" in asked(sent.replace(b"A line", b"B line"))
