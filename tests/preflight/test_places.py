"""preflight.places: one place under many names, and addresses that lead nowhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.preflight.places import leads_elsewhere, place_of, shown_address, trackers, why_dead


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://a.test/x", "https://www.A.test/x/"),
        ("https://a.test", "https://a.test/index.html"),
        ("https://a.test/x?utm_source=mail&id=3", "https://a.test/x?id=3&fbclid=z"),
        ("https://a.test/x#part", "https://a.test/x"),
        ("https://a.test/%E6%B2%B3", "https://a.test/河"),
        ("https://河.test/", "https://xn--ovw.test/"),
        ("https://straße.test/", "https://xn--strae-oqa.test/"),
        ("https://arxiv.org/abs/2404.03715", "http://www.arxiv.org/pdf/2404.03715v2.pdf"),
        ("https://arxiv.org/abs/2404.03715v1", "https://doi.org/10.48550/arXiv.2404.03715"),
        ("https://arxiv.org/abs/math/0211159v1", "https://export.arxiv.org/abs/math/0211159"),
        ("https://doi.org/10.1000/AbC", "http://dx.doi.org/10.1000/abc"),
    ],
)
def test_one_place(one: str, other: str) -> None:
    """What differs only in form leads to one place."""
    assert place_of(one).is_as(place_of(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://a.test/x", "https://b.test/x"),
        ("https://a.test/x?id=3", "https://a.test/x?id=4"),
        ("https://a.test/log#v1", "https://a.test/log#v2"),
        ("https://a.test/#/one", "https://a.test/#/two"),
        ("https://a.test/X", "https://a.test/x"),
        ("https://arxiv.org/abs/2404.03715", "https://arxiv.org/abs/2404.03716"),
        ("https://arxiv.org/list/cs", "https://arxiv.org/list/math"),
    ],
)
def test_two_places(one: str, other: str) -> None:
    """What leads to another page, or another part of one, is another place."""
    assert not place_of(one).is_as(place_of(other))


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("https://example.com/paper", "example's"),
        ("https://www.example.org", "example's"),
        ("http://localhost:8000/", "private network"),
        ("http://192.168.1.4/x", "private network"),
        ("http://[::1]/", "private network"),
        ("https://wiki.intranet/x", "private network"),
        ("http://", "names no host"),
        ("https:///path", "names no host"),
        ("https://link", "no dot"),
        ("https://https://a.test/", "no dot"),
        ("https://a..test/", "a host that cannot be"),
        ("https://a,b.test/", "a host that cannot be"),
        ("https://a.test/long...", "cut off"),
        ("https://a.test/long…", "cut off"),
        ("https://a.test/long%E2%80%A6", "cut off"),
        ("https://a.test/TODO", "placeholder"),
        ("https://a.test/?id=XXX", "placeholder"),
        ("https://a.test/two words", "a space"),
        ("https://a.test/x%20", "ends in a space"),
        ("https://a.test/x)", "bracket"),
        ("https://a.test/x%EF%BC%89", "bracket"),
        ("https://a.test/x%E3%80%82", "the sentence's"),
        ("https://a.test/x,", "the sentence's"),
        ("https://a.test/\ufffd", "lost a character"),
        ("https://[a.test/", "cannot be read"),
    ],
)
def test_dead_looking(url: str, word: str) -> None:
    """Each reason to doubt an address is told in its own words."""
    assert word in (why_dead(url) or "")


@pytest.mark.parametrize(
    "url",
    [
        "https://a.test/",
        "https://a.test/River_(song)",
        "https://a.test/a%20paper.pdf",
        "https://a.test/todo-list",
        "https://goodexample.com/",
        "https://example.com.a.test/",
        "https://my_blog.a.test/x?y=1&z=%E6%B2%B3#part",
        "https://河.test/水",
        "https://8.8.8.8/",
        "https://a.test/v1.2..v1.3",
        "mailto:editor@a.test",
    ],
)
def test_good_looking(url: str) -> None:
    """An address that may well lead somewhere is not doubted."""
    assert why_dead(url) is None


@given(st.text())
def test_any_string_is_accepted(text: str) -> None:
    """Whatever stands where an address should, nothing fails."""
    for url in (text, f"https://{text}", f"https://a.test/{text}"):
        why_dead(url)
        trackers(url)
        assert place_of(url).is_as(place_of(url))


@pytest.mark.parametrize(
    ("text", "url", "elsewhere"),
    [
        ("https://a.test/x", "https://a.test/x/", False),
        ("a.test/x", "https://www.a.test/x", False),
        ("https://a.test/very/lo…", "https://a.test/very/long", False),
        ("www.a.test", "http://a.test/", False),
        ("https://a.test/x", "https://b.test/x", True),
        ("https://a.test/v1", "https://a.test/v2", True),
        ("https://a.test/very…", "https://b.test/very/long", True),
    ],
)
def test_a_link_that_says_another_address(text: str, url: str, elsewhere: bool) -> None:
    """An address for a text is compared with where it leads; a shortened one as far as it goes."""
    shown = shown_address(text)
    assert shown
    assert leads_elsewhere(shown, url) is elsewhere


@pytest.mark.parametrize("text", ["and/or", "node.js", "a paper", "v1.2/x", "TCP/IP", ""])
def test_words_are_no_address(text: str) -> None:
    """A text that merely has a dot or a slash in it says no address."""
    assert shown_address(text) is None
