"""states: what keeps an issue back, and what nobody can tell."""

import pytest

from publisher.digest.stated.front import split
from publisher.digest.stated.states import is_kept_back, unclear


@pytest.mark.parametrize(
    ("lines", "is_kept", "odd"),
    [
        ("status: Entwurf", True, None),
        ("status: in review", True, None),
        ("status: published", False, None),
        ("status: ''", False, None),
        ("status: wet", False, ("status", "published")),
        ("stream: draft", True, None),
        ("stream: rivers", False, None),
        ("published: false", True, None),
        ("published: 2026-05-01", False, None),
        ("published: soon", False, ("published", "true")),
        ("status: done\npublished: no", True, None),
        ("title: T", False, None),
    ],
)
def test_states(lines: str, is_kept: bool, odd: tuple[str, str] | None) -> None:
    """A known word decides; an unknown one is named with what it might have been."""
    fields = split(f"---\n{lines}\n---\n").fields
    assert is_kept_back(fields) == is_kept
    if not is_kept:
        assert unclear(fields) == odd
