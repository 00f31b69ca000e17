"""What stands below one heading: which form carries it, and what stays prose."""

from collections.abc import Callable

import pytest

from publisher.digest import read
from publisher.model import Issue

Read = Callable[[str], Issue]


def forms(text: str) -> list[tuple[str, list[str]]]:
    """Give the form and the items' titles of each section."""
    (issue,) = read(text.encode()).issues
    return [(section.form, [item.title for item in section.items]) for section in issue.sections]


def test_numbers_outweigh_the_lists_below_them() -> None:
    """Between two numbered paragraphs all is the first one's text, longer lists included."""
    text = "## A\n\n1、[One](https://a.test/1)\n\n- x\n- y\n- z\n\n2、[Two](https://a.test/2)\n"
    assert forms(text) == [("numbered-paragraph", ["One", "Two"])]


def test_numbered_lines_need_no_empty_lines() -> None:
    """`1、...` and `2、...` on lines of one paragraph are an item each; what stands above stays."""
    text = (
        "## A\n\nToday:\n1、Rain.\n2、A lift\nhttps://a.test/lift\n3、[Sun](https://a.test/sun)\n"
    )
    assert forms(text) == [("numbered-paragraph", ["Rain.", "A lift", "Sun"])]
    items = read(text.encode()).issues[0].items
    assert [item.url for item in items] == [None, "https://a.test/lift", "https://a.test/sun"]
    assert items[0].above_text == "Today:"


def test_years_do_not_count() -> None:
    """A paragraph that begins with a year, or with a version, is not numbered."""
    text = "## A\n\n1、[One](https://a.test/1)\n\n2024 was long.\n\n2、[Two](https://a.test/2)\n\n3.14 is pi.\n"
    assert forms(text) == [("numbered-paragraph", ["One", "Two"])]


@pytest.mark.parametrize(
    "bullets",
    [
        "* [ada](https://people.test/ada)\n* [@bo](https://people.test/bo)\n",
        "- Papers: 9\n- Fields: kites, wind\n",
        "- [Listen](https://a.test/9.mp3)\n",
        "* *No new kites this week.*\n",
        "* [One](#one)\n* [Two](#two)\n",
    ],
)
def test_service_lists_hold_no_items(bullets: str) -> None:
    """Names, figures, players, nothing at all, and contents are lists without news."""
    news = "## News\n\n- [A](https://a.test/a)\n- [B](https://a.test/b)\n\n## More\n\n"
    assert forms(f"{news}{bullets}")[1:] in ([("prose", [])], [])


def test_prose_digest_with_one_list(issue_of: Read) -> None:
    """Where news stands in paragraphs, a list between them belongs to the one above."""
    issue = issue_of(
        "## News\n\n[One](https://a.test/1) came.\n\nHere are [two](https://a.test/2):\n\n"
        "1. [x](https://a.test/x)\n2. [y](https://a.test/y)\n\nThen [three](https://a.test/3).\n"
        "\n## Events\n\nA [dance](https://a.test/4).\n"
    )
    assert [len(section.items) for section in issue.sections] == [3, 1]
    assert "1. x" in issue.sections[0].items[1].text


def test_form_is_overruled() -> None:
    """`form:` looks for one form and no other; a name that is none is reported."""
    text = "---\nform: {}\n---\n## A\n\n- [One](https://a.test/1)\n- [Two](https://a.test/2)\n"
    assert forms(text.format("bullet-link")) == [("bullet-link", ["One", "Two"])]
    assert forms(text.format("prose")) == [("prose", [])]
    assert forms(text.format("story")) == [("prose", [])]
    reading = read(text.format("haiku").encode())
    assert [found.code for found in reading.findings] == ["digest/directive"]


def test_rows_keep_every_cell(issue_of: Read) -> None:
    """The other cells of a row are its text, each behind the head of its column."""
    issue = issue_of(
        "## P\n\n| Title | Where | When |\n|---|---|---|\n| [A](https://a.test/a) | here | now |\n"
    )
    (item,) = issue.items
    assert (item.title, item.url) == ("A", "https://a.test/a")
    assert item.text == "Where · here\n\nWhen · now"


def test_table_of_figures_is_content(issue_of: Read) -> None:
    """A table without links stays a table."""
    issue = issue_of("## P\n\n| Name | Speed |\n|---|---|\n| a | 1 |\n| b | 2 |\n\nSo fast.\n")
    assert not issue.items
    assert "<table>" in issue.sections[0].html


def test_news_of_one_thing_loses_no_title(issue_of: Read) -> None:
    """`Bug of the week`: paragraphs are one item, bold leads within it words; bullets are items."""
    issue = issue_of(
        "# W 1\n\n## Bug of the week\n\nIt [bites](https://a.test/1) all.\n\n"
        "**Remedy:** it is [mended](https://a.test/2) now.\n\n"
        "## Tools of the week\n\n- [Saw](https://a.test/3) - cuts.\n- [Axe](https://a.test/4) - hews.\n"
    )
    bug, *tools = issue.items
    assert bug.text == "It bites all.\n\nRemedy: it is mended now."
    assert [item.title for item in tools] == ["Saw", "Axe"]


def test_a_form_that_fits_nothing_is_reported() -> None:
    """What was asked for, and what would be read without asking."""
    text = (
        "---\nform: bold-title\n---\n## A\n\n- [One](https://a.test/1)\n- [Two](https://a.test/2)\n"
    )
    (finding,) = read(text.encode()).findings
    assert finding.code == "digest/form-not-found"
    assert "bold-title" in finding.message
    assert "2 items as bullet-link" in finding.message


def test_pictures_and_players_between_titles_are_kept(issue_of: Read) -> None:
    """A picture among title lines stands above the next title; a player among links stays text."""
    issue = issue_of(
        "## A\n\n![p](https://a.test/p.png)<br />One<br />https://a.test/1<br />"
        "![q](https://a.test/q.png)<br />Two<br />https://a.test/2\n\n"
        "## B\n\n[First](https://b.test/1)\n[listen](https://b.test/2.mp3)\n[Last](https://b.test/3)\n"
    )
    one, two = issue.sections[0].items
    assert ("p.png" in one.above_html, "q.png" in two.above_html) == (True, True)
    told = issue.sections[1].html + "".join(item.html for item in issue.sections[1].items)
    assert "2.mp3" in told
    assert "https://b.test/3" in told
