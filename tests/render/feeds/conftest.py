"""Issues a week apart, shelved as publishing does."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from publisher.model import Newsletter, Published
from publisher.render.shelf import Shelved, shelve
from publisher.render.view import view
from publisher.render.words import Words


@pytest.fixture
def hubbed(newsletter: Newsletter) -> Newsletter:
    """A newsletter with an id and hubs."""
    hubs = ("https://hub.example.net/", "https://hub.example.com/?a=1&b=2")
    return replace(newsletter, hubs=hubs, id="tag:news.example.org,2024-03-01:weekly:feeds")


@pytest.fixture
def shelf(published: Published, hubbed: Newsletter, ours: Words) -> Callable[[int], list[Shelved]]:
    """Shelve so many issues, oldest first."""

    def made(count: int) -> list[Shelved]:
        kept = []
        for number in range(1, count + 1):
            moment = published.record.published + timedelta(weeks=number)
            record = replace(
                published.record,
                id=f"tag:news.example.org,2024:{number}",
                slug=str(number),
                published=moment,
                updated=moment,
            )
            issue = Published(replace(published.issue, title=f"第 {number} 期"), record)
            kept.append(shelve(issue, view(issue, hubbed, ours), hubbed))
        return kept

    return made
