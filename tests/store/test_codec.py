"""Tests of the codec: the nouns survive being written."""

from datetime import UTC
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.model import Finding, Issue, Item, ItemRecord, Record, Section
from publisher.store import codec

st.register_type_strategy(str, st.text(max_size=8))
MOMENTS = st.datetimes(timezones=st.just(UTC))


@given(st.builds(Issue, sections=st.lists(st.from_type(Section), max_size=2).map(tuple)))
def test_issue(issue: Issue) -> None:
    """Any issue is read back equal."""
    assert codec.read_issue(codec.write_issue(issue)) == issue


@given(
    st.builds(
        Record,
        published=MOMENTS,
        updated=MOMENTS,
        mailed=st.none() | MOMENTS,
        withdrawn=st.none() | MOMENTS,
        items=st.lists(st.from_type(ItemRecord), max_size=2).map(tuple),
    )
)
def test_record(record: Record) -> None:
    """Any record is read back equal."""
    assert codec.read_record(codec.write_record(record)) == record


@given(st.lists(st.from_type(Finding), max_size=3))
def test_findings(findings: list[Finding]) -> None:
    """Any findings are read back equal."""
    assert codec.read_findings(codec.write_findings(findings)) == tuple(findings)


def test_small_and_forgiving() -> None:
    """Defaults are not written, and what is unknown is passed over."""
    assert codec.write_issue(Issue(title="ü")) == '{"title":"\\u00fc"}'
    assert codec.read_issue('{"title":"x","weather":"fine"}') == Issue(title="x")
    packed = '{"sections":[{"items":[{"title":"a"}]}]}'
    assert codec.read_issue(packed) == Issue(sections=(Section(items=(Item("a"),)),))


def test_columns_win(record: Record, now: Any) -> None:
    """What stands in a column of its own is newer than the JSON."""
    assert codec.read_record(codec.write_record(record), mailed=now).mailed == now


def test_unknown_type() -> None:
    """A type nobody taught the codec is a defect, found at once."""
    with pytest.raises(TypeError, match="no way"):
        codec._reader(float)
