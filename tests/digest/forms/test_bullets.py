"""Bullets that are items: what stands beside their title is kept."""

from collections.abc import Callable

import pytest

from publisher.model import Issue

Read = Callable[[str], Issue]


@pytest.mark.parametrize(
    "line",
    [
        "- ![k](https://a.test/k.png) [Kite](https://a.test/) - flies",
        "- [![k](https://a.test/k.png) Kite](https://a.test/) - flies",
        "- ![k](https://a.test/k.png) Kite https://a.test/",
    ],
)
def test_a_picture_beside_the_title_is_kept(issue_of: Read, line: str) -> None:
    """Before the link, in it, or before bare words."""
    item = issue_of(f"{line}\n- [Swing](https://b.test/) - swings\n").items[0]
    assert (item.title, item.url, item.image) == (
        "Kite",
        "https://a.test/",
        "https://a.test/k.png",
    )
