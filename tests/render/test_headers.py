"""Header values: read back as they were meant, by a parser that is not ours."""

import email
import email.policy
import re
from email.header import decode_header, make_header
from email.message import EmailMessage

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from publisher.errors import RefusedError
from publisher.render.headers import mailbox, tame, unstructured, valid_address, valid_url

ANY = st.text(st.characters() | st.sampled_from('=?\r\n\x00 风a,<>"@'), max_size=200)


def parsed(header: str) -> EmailMessage:
    """A message of nothing but one header."""
    return email.message_from_bytes(header.encode("ascii") + b"\r\n", policy=email.policy.default)


@given(ANY)
@example("=?utf-8?q?x=0ABcc=3A_eve=40evil.example?=")
@example("a\r\nBcc: eve@evil.example\r\n\r\nbody")
@example("AI 论文周报 · 第 12 期：“风筝”为什么掉不下来 and why it matters to all of us, honestly")
@example("x" * 300)
@example("word " * 60)
def test_any_subject_reads_back(subject: str) -> None:
    """One header, its lines short, its words legal, its text what was said."""
    header = unstructured("Subject", subject)
    lines = header.removesuffix("\r\n").split("\r\n")
    assert all(len(line) <= 76 for line in lines)
    assert all(line.startswith(" ") for line in lines[1:])
    assert all(len(word) <= 75 for word in re.findall(r"=\?\S*\?=", header))
    message = parsed(header)
    assert message.keys() == ["Subject"]
    assert message["Subject"] == tame(subject)
    assert not message.defects


@given(ANY)
@example('Eve" <eve@evil.example>, "x')
def test_any_name_names_one_mailbox(name: str) -> None:
    """A name can neither add a mailbox nor change the address."""
    header = mailbox("To", name, "reader@example.net")
    assert all(len(line) <= 78 for line in header.split("\r\n"))
    message = parsed(header)
    assert message.keys() == ["To"]
    (address,) = message["To"].addresses
    assert address.addr_spec == "reader@example.net"
    # 3.11's parser puts a space between encoded words of a name; decode_header does not
    assert address.display_name.replace(" ", "") == tame(name).replace(" ", "")
    if "=?" in header:
        said = header.removeprefix("To: ").partition("\r\n <")[0]
        assert str(make_header(decode_header(said))) == tame(name)


def test_plain_stays_plain() -> None:
    """What needs no encoding gets none; long ASCII is folded at spaces."""
    assert unstructured("Subject", "Why kites stay up") == "Subject: Why kites stay up\r\n"
    folded = unstructured("Subject", "kite " * 20)
    assert folded.startswith("Subject: kite kite")
    assert "=?" not in folded
    assert mailbox("To", "Ann Lee", "a@b.example") == "To: Ann Lee <a@b.example>\r\n"
    assert mailbox("To", "", "a@b.example") == "To: a@b.example\r\n"


def test_tame_neutralises() -> None:
    """No control characters, nothing that would be decoded a second time."""
    assert tame("a\r\n b\x00\u2028c\ud800") == "a b c"
    assert "=?" not in tame("==?=?utf-8?")


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("ann.lee+news@Example.NET", "ann.lee+news@example.net"),
        ("ann@例子.example", "ann@xn--fsqu00a.example"),
        ("a..b@docomo.example", '"a..b"@docomo.example'),
        ("root@localhost", "root@localhost"),
    ],
)
def test_addresses_in_headers(address: str, expected: str) -> None:
    """Domains stand as DNS knows them, odd local parts in quotes."""
    assert valid_address(address) == expected
    (read,) = parsed(mailbox("To", "x", expected))["To"].addresses
    assert read.domain == expected.rpartition("@")[2]


@pytest.mark.parametrize(
    "address",
    [
        "", "ann", "@b.example", "ann@", "a b@c.example", "a@b c.example", "a@b.example\r\nBcc: x@y.z",
        "a\x00@b.example", "<a@b.example>", "a@b.example,c@d.example", "a,b@c.example", "安@b.example",
        "a@-b.example", "a@b..example", "=?utf-8?q?x?=@b.example", 'a"b@c.example', "a@[127.0.0.1]",
        "a@" + "b" * 64 + ".example",
    ],
)  # fmt: skip
def test_no_other_address_enters_a_header(address: str) -> None:
    """What could end the header, name a second mailbox or decode again is refused."""
    with pytest.raises(RefusedError, match="not an address") as caught:
        valid_address(address)
    assert caught.value.hint


@pytest.mark.parametrize(
    "url", ["", "javascript:x", "https://a.example/ b", "https://a.example/>,<mailto:x", "https://a/\n",
            "https://a.example/风", "//a.example/"],
)  # fmt: skip
def test_no_other_url_enters_a_header(url: str) -> None:
    """A List header holds one whole web address or none."""
    with pytest.raises(RefusedError, match="cannot stand in a mail header"):
        valid_url(url)


def test_urls_stay_on_their_line() -> None:
    """A long address passes unchanged: folded or encoded, one-click would be lost."""
    url = "https://app.example.org/unsubscribe/" + "x" * 200 + "?a=1&b=2"
    assert valid_url(url) == url
