"""Accept-Encoding, as RFC 9110 §12.5.3 has it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.codings import SUFFIXES
from publisher.web.accepting import PLAIN, weights

CODINGS = {*SUFFIXES, PLAIN}


def order(header: str | None) -> list[set[str]]:
    """The codings that are taken, the best first, those taken alike together."""
    found = weights(header)
    ranks = sorted({weight for weight in found.values() if weight > 0}, reverse=True)
    return [{coding for coding in CODINGS if found[coding] == rank} for rank in ranks]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, [{"identity"}]),
        ("", [{"identity"}]),
        ("gzip", [{"gzip"}, {"identity"}]),
        ("x-GZip", [{"gzip"}, {"identity"}]),
        ("gzip, deflate, br, zstd", [{"gzip", "br", "zstd"}, {"identity"}]),
        ("gzip;q=0.5,br ; q=0.9", [{"br"}, {"gzip"}, {"identity"}]),
        ("gzip;q=0.5, identity", [{"identity"}, {"gzip"}]),
        ("gzip;q=0", [{"identity"}]),
        ("gzip;q=0.000, br;q=0.001", [{"br"}, {"identity"}]),
        ("*", [{"gzip", "br", "zstd", "identity"}]),
        ("*;q=0", []),
        ("identity;q=0", []),
        ("identity;q=0, *", [{"gzip", "br", "zstd"}]),
        ("gzip;q=0.2, *;q=0", [{"gzip"}]),
        ("gzip;q=1.0, *;q=0.5", [{"gzip"}, {"br", "zstd", "identity"}]),
        ("gzip;q=2, br", [{"br"}, {"identity"}]),
        ("gzip;q=, br;level=3", [{"identity"}]),
        ("compress, deflate", [{"identity"}]),
        (",, gzip ,", [{"gzip"}, {"identity"}]),
    ],
)
def test_table(header: str | None, expected: list[set[str]]) -> None:
    """Weights order what is taken; what is not named is not, the file as it is comes last."""
    assert order(header) == expected


@given(st.text(st.characters(max_codepoint=255)))
def test_any_header_is_read(header: str) -> None:
    """Whatever a header holds, every coding has a weight from 0 to 1."""
    found = weights(header)
    assert set(found) == CODINGS
    assert all(0 <= weight <= 1 for weight in found.values())
