"""What the tests of this room share."""

from collections.abc import Callable

import pytest

from publisher.digest import read
from publisher.model import Issue


@pytest.fixture
def issue_of() -> Callable[[str], Issue]:
    """Read a digest that gives one issue."""

    def read_one(text: str, name: str = "") -> Issue:
        (issue,) = read(text.encode(), name=name).issues
        return issue

    return read_one
