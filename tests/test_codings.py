"""Compressed copies say the same in fewer bytes, and always in the same ones."""

import gzip

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from publisher.codings import SHORTEST, copies, is_copy, is_text

READ = {
    ".gz": gzip.decompress,
    ".br": brotli.decompress,
    ".zst": zstandard.ZstdDecompressor().decompress,
}


@given(st.binary(min_size=1, max_size=200), st.integers(1, 100))
def test_copies_say_the_same(content: bytes, times: int) -> None:
    """Each copy unpacks to the file and is shorter than it."""
    whole = content * times
    for suffix, copy in copies(whole).items():
        assert READ[suffix](copy) == whole
        assert len(copy) < len(whole)


def test_long_texts_have_all_copies() -> None:
    """A text has a copy for each coding, a short one none."""
    assert set(copies(b"ab" * SHORTEST)) == set(READ)
    assert copies(b"a" * (SHORTEST - 1)) == {}


def test_gzip_holds_no_time() -> None:
    """The head of a gzip copy has no time and no name, so the same bytes give the same copy."""
    assert copies(b"ab" * SHORTEST)[".gz"][3:8] == bytes(5)


@pytest.mark.parametrize(
    ("name", "text", "copy"),
    [
        ("rss.xml", True, False),
        ("issues/12/index.html", True, False),
        ("feeds.opml", True, False),
        ("rss.xml.gz", False, True),
        ("a/index.html.zst", False, True),
        ("card.png", False, False),
        ("data.tar.gz", False, False),
    ],
)
def test_names(name: str, text: bool, copy: bool) -> None:
    """Texts have copies, pictures do not, and a foreign archive is no copy."""
    assert (is_text(name), is_copy(name)) == (text, copy)
