"""A shelf of issues to draw pages from: the small issue four times, over three years."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from publisher.model import Newsletter, Published
from publisher.render.shelf import Shelved, shelve
from publisher.render.view import view
from publisher.render.words import Words

DAYS = {
    "4": date(2023, 12, 29),
    "5": date(2024, 2, 2),
    "6": date(2024, 2, 23),
    "7": date(2024, 3, 1),
}


def on(published: Published, slug: str, day: date, title: str | None = None) -> Published:
    """The same issue under another slug and date, without a title if none is given."""
    moment = published.record.updated + (day - date(2024, 3, 1))
    record = replace(published.record, slug=slug, date=day, number=None, updated=moment)
    return Published(replace(published.issue, title=title, date=day, number=None), record)


@pytest.fixture
def shelved(newsletter: Newsletter, ours: Words) -> Callable[[Published], Shelved]:
    """Put an issue on the shelf."""
    return lambda one: shelve(one, view(one, newsletter, ours), newsletter)


@pytest.fixture
def shelf(published: Published, shelved: Callable[[Published], Shelved]) -> list[Shelved]:
    """Four issues, newest first; the newest alone has a title and a number."""
    older = [on(published, slug, day) for slug, day in DAYS.items() if slug != "7"]
    return [shelved(one) for one in (published, *reversed(older))]
