"""sections: what repeats wins, nothing is lost."""

from collections.abc import Callable

import pytest

from publisher.model import Issue

Read = Callable[[str], Issue]


def shape(issue: Issue) -> list[tuple[str | None, str, int]]:
    """Give title, form and number of items of every section."""
    return [(part.title, part.form, len(part.items)) for part in issue.sections]


def test_lone_first_heading_is_the_title(issue_of: Read) -> None:
    """A first H1 that is no item is the title; what stands under it is the preface."""
    issue = issue_of("# Weekly\n\nHello.\n\n## News\n\n- [a](https://a.test/)\n")
    assert (issue.title, issue.text) == ("Weekly", "Hello.")
    assert shape(issue) == [("News", "bullet-link", 1)]


def test_several_plain_headings_are_sections(issue_of: Read) -> None:
    """With several H1s none is the title."""
    issue = issue_of("# News\n\n- [a](https://a.test/)\n\n# Jobs\n\n- [b](https://b.test/)\n")
    assert issue.title is None
    assert shape(issue) == [("News", "bullet-link", 1), ("Jobs", "bullet-link", 1)]


def test_front_matter_title_keeps_another_heading(issue_of: Read) -> None:
    """A first H1 that differs from the stated title stays as a section."""
    issue = issue_of("---\ntitle: Weekly 3\n---\n# News\n\n- [a](https://a.test/)\n")
    assert issue.title == "Weekly 3"
    assert shape(issue) == [("News", "bullet-link", 1)]
    issue = issue_of("---\ntitle: Weekly 3\n---\n# Weekly 3!\n\n- [a](https://a.test/)\n")
    assert shape(issue) == [(None, "bullet-link", 1)]


def test_items_inside_a_section_of_the_same_level(issue_of: Read) -> None:
    """An empty heading above items of its own level names their section."""
    issue = issue_of(
        "# Papers\n# One\nhttps://a.test/1\n# Two\nhttps://a.test/2\n# Tools\n# Three\nhttps://a.test/3\n"
    )
    assert shape(issue) == [
        ("Papers", "heading-then-link", 2),
        ("Tools", "heading-then-link", 1),
    ]


def test_lone_link_under_a_heading_is_no_item(issue_of: Read) -> None:
    """A section that opens with a link line keeps its bullets as items."""
    issue = issue_of(
        "## Jobs\n\n[Post yours](https://a.test/post)\n\n- [a](https://a.test/1)\n"
        "- [b](https://a.test/2)\n\n## News\n\n- [c](https://a.test/3)\n"
    )
    assert shape(issue) == [("Jobs", "bullet-link", 2), ("News", "bullet-link", 1)]
    assert issue.sections[0].text == "Post yours"


def test_nested_bullets_belong_to_their_item(issue_of: Read) -> None:
    """A nested bullet is text of the bullet above."""
    (item,) = issue_of("- [a](https://a.test/)\n  - [b](https://b.test/)\n").items
    assert [link.url for link in item.links] == ["https://a.test/", "https://b.test/"]


def test_unindented_quotation_belongs_above(issue_of: Read) -> None:
    """A quotation after a list belongs to its last bullet."""
    issue = issue_of("- [a](https://a.test/)\n\n> Quoted.\n\n- [b](https://b.test/)\n")
    assert [item.text for item in issue.items] == ["> Quoted.", ""]


def test_bullets_beside_more_prose_are_prose(issue_of: Read) -> None:
    """Where few bullets lead anywhere and the text around them is longer, the list is prose."""
    prose = "A paragraph that says at some length what the three points below are about."
    issue = issue_of(f"{prose}\n\n- [a](https://a.test/)\n- b\n- c\n")
    assert shape(issue) == [(None, "prose", 0)]
    assert issue.sections[0].text == f"{prose}\n\n- a\n- b\n- c"


def test_bullets_alone_are_items(issue_of: Read) -> None:
    """A list that is all there is holds items, though few of its bullets lead anywhere."""
    issue = issue_of("- [a](https://a.test/)\n- b\n- c\n")
    assert [item.title for item in issue.items] == ["a", "b", "c"]


def test_headings_in_code_are_code(issue_of: Read) -> None:
    """A `#` in a fence heads nothing."""
    issue = issue_of("# T\nhttps://a.test/\n\n```\n# no\n[x](https://b.test/)\n```\n")
    assert [item.title for item in issue.items] == ["T"]


def test_rule_under_a_paragraph_heads_nothing(issue_of: Read) -> None:
    """A paragraph directly above a rule stays a paragraph."""
    issue = issue_of(
        "# T\nhttps://a.test/\n\nThis sentence is a paragraph above a mere rule.\n---\n"
    )
    assert [item.text for item in issue.items] == [
        "This sentence is a paragraph above a mere rule."
    ]


@pytest.mark.parametrize("second", ["", "# \n", "# ![p](https://a.test/p.png)\n"])
def test_headings_without_words(issue_of: Read, second: str) -> None:
    """An empty heading, or a picture as one, is no heading."""
    issue = issue_of(f"# Weekly\n\n{second}\n# A\nhttps://a.test/1\n\n# B\nhttps://a.test/2\n")
    assert (issue.title, [item.title for item in issue.items]) == ("Weekly", ["A", "B"])


@pytest.mark.parametrize(
    "text",
    [
        "intro\n\n# A\n\np1\n\n## B\n\n- [l](https://a.test/)\n- m\n\np2\n\n### C\n\n> q\n\n# D\n[e](https://e.test/)\n\np3\n",
        "p1\n\n- [l](https://a.test/)\n\np2\n\n- m\n\np3\n\n|q|\n|-|\n|D|\n",
        "## A\n\np1\n\n## B\n\np2\n\n## C\n\np3 q\n\n#### D\n\nl m intro\n",
    ],
)
def test_nothing_is_lost(issue_of: Read, text: str) -> None:
    """Every word of a digest stands somewhere in its issue."""
    issue = issue_of(text)
    words = [issue.title or "", issue.text]
    for section in issue.sections:
        words += [section.title or "", *section.texts]
        for item in section.items:
            words += [item.title, item.alt_title or ""]
    held = "\n".join(words)
    for word in ("p1", "p2", "p3", "q", "m", "l", "D"):
        assert word in held, word


def test_links_of_a_section_heading_are_kept(issue_of: Read) -> None:
    """They stand first below it, and one that is all of the heading is named by its host."""
    issue = issue_of(
        "## [Harbour](https://harbour.test/log)\n\n- [a](https://a.test/)\n- [b](https://b.test/)\n\n"
        "## Jobs ([all](https://jobs.test/), [write](mailto:us@jobs.test))\n\n"
        "### Sea\n\n- [c](https://c.test/)\n- [d](https://d.test/)\n\n## [Up](#top)\n\nProse.\n"
    )
    assert [(part.title, part.html) for part in issue.sections] == [
        ("Harbour", '<p><a href="https://harbour.test/log">harbour.test</a></p>'),
        (
            "Jobs (all, write)",
            '<p><a href="https://jobs.test/">all</a> · <a href="mailto:us@jobs.test">write</a></p>',
        ),
        ("Sea", ""),
        ("Up", "<p>Prose.</p>"),
    ]
    assert issue.sections[1].form == "heading"


def test_link_of_the_title_is_kept(issue_of: Read) -> None:
    """The title of the digest may lead somewhere; the opening still states the date."""
    issue = issue_of(
        "# Weekly of [the harbour](https://harbour.test/) people\n\n3 May 2024\n\n## A\n\n"
        "- [a](https://a.test/)\n- [b](https://b.test/)\n"
    )
    assert issue.text == "the harbour\n\n3 May 2024"
    assert issue.html.startswith('<p><a href="https://harbour.test/">the harbour</a></p>')
    assert (issue.title, str(issue.date)) == ("Weekly of the harbour people", "2024-05-03")
