"""Domain names: what people type, as DNS knows it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.domains import dns_name


@pytest.mark.parametrize(
    ("typed", "known"),
    [
        ("News.Example.ORG", "news.example.org"),
        ("straße.de", "xn--strae-oqa.de"),
        ("FAß.de", "xn--fa-hia.de"),
        ("中国", "xn--fiqs8s"),
        ("例子。中国", "xn--fsqu00a.xn--fiqs8s"),
        ("ﾊﾛｰ.jp", "xn--mdk0c0b.jp"),
        ("BÜCHER.example", "xn--bcher-kva.example"),
        ("xn--fsqu00a.example", "xn--fsqu00a.example"),
        ("_dmarc.example.org", "_dmarc.example.org"),
        ("", ""),
    ],
)
def test_names_as_dns_knows_them(typed: str, known: str) -> None:
    """Letters of any script become ASCII; ß is a letter of its own, not ss."""
    assert dns_name(typed) == known


@pytest.mark.parametrize(
    "typed", ["😀.org", "☃.net", "i♥.ws", "-中.de", "中..de", "中 国.cn", "中" * 64]
)
def test_what_no_registry_sells(typed: str) -> None:
    """Emoji, signs and malformed names are refused in words."""
    with pytest.raises(ValueError, match=r"\w+ \w+"):
        dns_name(typed)


@given(st.text(max_size=80))
def test_gives_ascii_or_says_why(typed: str) -> None:
    """Whatever is typed, the answer is ASCII and stands, or a ValueError."""
    try:
        known = dns_name(typed)
    except ValueError:
        return
    assert known.isascii()
    assert dns_name(known) == known
