"""Header values: read back as they were meant, by a parser that is not ours."""

import email
import email.policy
import re
import unicodedata
from email.header import decode_header, make_header
from email.message import EmailMessage

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from publisher.errors import RefusedError
from publisher.render.headers import (
    mailbox,
    mailto,
    tame,
    unstructured,
    valid_address,
    valid_url,
)

ANY = st.text(st.characters() | st.sampled_from('=?\r\n\x00 风a,<>"@'), max_size=200)


def parsed(header: str) -> EmailMessage:
    """A message of nothing but one header."""
    return email.message_from_bytes(header.encode("ascii") + b"\r\n", policy=email.policy.default)


@given(ANY)
@example("=?utf-8?q?x=0ABcc=3A_eve=40evil.example?=")
@example("a\r\nBcc: eve@evil.example\r\n\r\nbody")
@example("AI 论文周报 · 第 12 期：“风筝”为什么掉不下来 and why it matters to all of us, honestly")
@example("x" * 300)
@example("x" * 67 + " y")
@example("x" * 68 + " y")
@example("word " * 60)
def test_any_subject_reads_back(subject: str) -> None:
    """One header, its lines short, its words legal, its text what was said."""
    header = unstructured("Subject", subject)
    lines = header.removesuffix("\r\n").split("\r\n")
    assert all(len(line) <= 76 for line in lines)
    assert all(line.startswith(" ") for line in lines[1:])
    assert all(len(word) <= 75 for word in re.findall(r"=\?\S*\?=", header))
    assert "?b??=" not in header
    assert "?==?" not in header
    assert len(lines[0]) > len("Subject: ") or not tame(subject)
    message = parsed(header)
    assert message.keys() == ["Subject"]
    assert message["Subject"] == tame(subject)
    assert not message.defects


@given(ANY)
@example('Eve" <eve@evil.example>, "x')
@example('a\\" "=\\?b, ' * 20)
@example("x" * 3000)
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
        said = header.removeprefix("To: ").partition("<")[0].rstrip()
        assert str(make_header(decode_header(said))) == tame(name)


def test_plain_stays_plain() -> None:
    """What needs no encoding gets none; long ASCII is folded at spaces."""
    assert unstructured("Subject", "Why kites stay up") == "Subject: Why kites stay up\r\n"
    folded = unstructured("Subject", "kite " * 20)
    assert folded.startswith("Subject: kite kite")
    assert "=?" not in folded
    assert mailbox("To", "Ann Lee", "a@b.example") == "To: Ann Lee <a@b.example>\r\n"
    assert mailbox("To", "", "a@b.example") == "To: a@b.example\r\n"
    assert mailbox("To", 'Dr. A "B" C', "a@b.example") == 'To: "Dr. A \\"B\\" C" <a@b.example>\r\n'
    assert mailbox("To", "李雷", "a@b.example") == "To: =?utf-8?b?5p2O6Zu3?= <a@b.example>\r\n"


def test_mixed_texts_read_back(mixed_texts: list[str]) -> None:
    """3,000 subjects and names of many scripts at once, long and short, decode to themselves."""
    for text in mixed_texts:
        subject = unstructured("Subject", text)
        assert parsed(subject)["Subject"] == text
        name = mailbox("From", text, "editor@news.example.org")
        (address,) = parsed(name)["From"].addresses
        assert address.addr_spec == "editor@news.example.org"
        listed = mailbox("List-Id", text, "weekly.news.example.org", is_list=True)
        for header in (subject, name, listed):
            lines = header.removesuffix("\r\n").split("\r\n")
            assert max(map(len, lines)) <= 76
            said = re.sub(r"\r\n(?= )", "", header).partition(": ")[2].rpartition(" <")[0]
            if "=?" in said:
                assert str(make_header(decode_header(said))) == text
        assert "=?" in subject or text.isascii()


def test_an_address_is_never_folded() -> None:
    """The longest address there may be stands on a line of its own, the name before it."""
    address = f"{'a' * 64}@{'b' * 60}.{'c' * 60}.{'d' * 60}.example.org"
    header = mailbox("To", "李雷", address)
    assert header == f"To: =?utf-8?b?5p2O6Zu3?=\r\n <{address}>\r\n"
    assert valid_address(address) == address
    with pytest.raises(RefusedError):
        valid_address("a@" + ".".join(["b" * 60] * 5))


def test_tame_neutralises() -> None:
    """No control characters, nothing that would be decoded a second time."""
    assert tame("a\r\n b\x00\u2028c\ud800") == "a b c"
    assert "=?" not in tame("==?=?utf-8?")
    assert tame("Ann \u202emoc.live@eve\u202c") == "Ann moc.live@eve"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("ann.lee+news@Example.NET", "ann.lee+news@example.net"),
        ("ann@例子.example", "ann@xn--fsqu00a.example"),
        ("a..b@docomo.example", '"a..b"@docomo.example'),
        ("root@localhost", "root@localhost"),
        ("ann@straße.example", "ann@xn--strae-oqa.example"),
        ("ann@my_host.example", "ann@my_host.example"),
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


def test_a_refusal_names_the_reason() -> None:
    """Names and domains mail servers cannot carry are refused in words that say so."""
    with pytest.raises(RefusedError) as caught:
        valid_address("安@b.example")
    assert "before the @ must be ASCII" in (caught.value.hint or "")
    with pytest.raises(RefusedError) as caught:
        valid_address("ann@😀.example")
    assert "U+1F600" in (caught.value.hint or "")


@pytest.mark.parametrize(
    "url", ["", "javascript:x", "https://a.example/ b", "https://a.example/>,<mailto:x", "https://a/\n",
            "https://😀.example/", "https://风.example:x/", "https://风.example/ \n>",
            "https://风@a.example/> <", "//a.example/", "https://a.example/" + "风" * 300],
)  # fmt: skip
def test_no_other_url_enters_a_header(url: str) -> None:
    """A List header holds one whole web address or none."""
    with pytest.raises(RefusedError, match="cannot stand in a mail header"):
        valid_url(url)


def test_urls_stay_on_their_line() -> None:
    """A long address passes unchanged: folded or encoded, one-click would be lost."""
    url = "https://app.example.org/unsubscribe/" + "x" * 200 + "?a=1&b=2"
    assert valid_url(url) == url


@pytest.mark.parametrize(
    ("url", "written"),
    [
        ("https://例子.中国/往期/?q=风#茶", "https://xn--fsqu00a.xn--fiqs8s/%E5%BE%80%E6%9C%9F/?q=%E9%A3%8E#%E8%8C%B6"),
        ("https://a.example:8443/风%20x", "https://a.example:8443/%E9%A3%8E%20x"),
    ],
)  # fmt: skip
def test_urls_of_any_script_become_ascii(url: str, written: str) -> None:
    """A List header names the same place in ASCII, its host as DNS knows it."""
    assert valid_url(url) == written


def test_mailto() -> None:
    """An address in a List header keeps what its mailbox is called."""
    assert mailto("ann+news@b.example") == "mailto:ann+news@b.example"
    assert mailto(valid_address("a..b?x=1@b.example")) == "mailto:%22a..b%3Fx%3D1%22@b.example"


@given(ANY)
@example("two  blanks")
@example(" outer ")
@example("a\u00a0\u3000b")
def test_a_tamed_text_is_one_line(text: str) -> None:
    """What is tamed has single spaces alone, shows no control character and does not decode."""
    tamed = tame(text)
    assert tamed == " ".join(tamed.split())
    assert tame(tamed) == tamed
    assert "=?" not in tamed
    assert all(unicodedata.category(char) not in ("Cc", "Cs", "Zl", "Zp") for char in tamed)
