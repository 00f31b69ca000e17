"""Rows of tables that are items: what their cells say is kept."""

from collections.abc import Callable

from publisher.model import Issue

Read = Callable[[str], Issue]


def test_figures_are_kept(issue_of: Read) -> None:
    """A year is news; a column that counts the rows, and a dash, are none."""
    issue = issue_of(
        "| # | Paper | Year | Code |\n|---|---|---|---|\n"
        "| 1 | [Rain](https://a.test/1) | 2021 | – |\n| 2 | [Hail](https://a.test/2) | 2019 | – |\n"
    )
    assert [item.text for item in issue.items] == ["Year · 2021", "Year · 2019"]


def test_pictures_are_kept(issue_of: Read) -> None:
    """Without words of their own, too."""
    issue = issue_of(
        "| Paper | View |\n|---|---|\n| [Rain](https://a.test/1) | ![](https://a.test/r.png) |\n"
    )
    assert issue.items[0].image == "https://a.test/r.png"
