"""The preconditions of RFC 9110 §13, as a table."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.web.conditional import entity_tag, http_date, is_unchanged

TAG = entity_tag(b"feed")
DATE = "Sat, 07 Nov 2026 09:00:00 GMT"
LATER = "Sat, 07 Nov 2026 09:00:01 GMT"
EARLIER = "Sat, 07 Nov 2026 08:59:59 GMT"


@pytest.mark.parametrize(
    ("none_match", "modified_since", "expected"),
    [
        (None, None, False),
        (TAG, None, True),
        (f"W/{TAG}", None, True),
        ("*", None, True),
        (" * ", None, True),
        (f'"a", {TAG}', None, True),
        (f'"a,b",W/{TAG} , "c"', None, True),
        ('"other"', None, False),
        (TAG.strip('"'), None, False),
        ("", None, False),
        ('"*"', None, False),
        (TAG, EARLIER, True),
        ('"other"', DATE, False),
        ("garbage", DATE, False),
        (None, DATE, True),
        (None, "Saturday, 07-Nov-26 09:00:00 GMT", True),
        (None, "Sat Nov  7 09:00:00 2026", True),
        (None, EARLIER, False),
        (None, LATER, False),
        (None, "yesterday", False),
        (None, "Sat, 99 Nov 2026 09:00:00 GMT", False),
        (None, "", False),
    ],
)
def test_table(none_match: str | None, modified_since: str | None, *, expected: bool) -> None:
    """Tags compare weakly and win over dates; only our own date is believed."""
    unchanged = is_unchanged(
        none_match=none_match, modified_since=modified_since, tag=TAG, last_modified=DATE
    )
    assert unchanged is expected


@given(st.text(st.characters(max_codepoint=255)), st.text(st.characters(max_codepoint=255)))
def test_any_header_is_answered(none_match: str, modified_since: str) -> None:
    """Whatever a header holds, there is an answer."""
    is_unchanged(none_match=none_match, modified_since=None, tag=TAG, last_modified=DATE)
    is_unchanged(none_match=None, modified_since=modified_since, tag=TAG, last_modified=DATE)


def test_tags_are_of_the_bytes() -> None:
    """Equal bytes have equal strong tags, others do not."""
    assert entity_tag(b"feed") == TAG
    assert entity_tag(b"feee") != TAG
    assert TAG.startswith('"')


def test_dates_are_whole_seconds() -> None:
    """A moment is written as HTTP writes it, fractions cut off."""
    assert http_date(1794042000.9) == "Sat, 07 Nov 2026 09:00:00 GMT"
