"""Headings that are items, with what stands under them."""

from collections.abc import Callable

import pytest

from publisher.model import Issue

Read = Callable[[str], Issue]


def test_bullets_with_the_same_labels_are_one_items_fields(issue_of: Read) -> None:
    """`- URL: ...` under each heading: the heading is the item, the link its address."""
    issue = issue_of(
        "## Wood\n\n### A jay\n\n- **URL**: [read it](https://a.test/jay)\n- **Summary**: Blue.\n\n"
        "### An owl\n\n- **URL**: [read it](https://a.test/owl)\n- **Summary**: Grey.\n"
    )
    assert [(item.title, item.url) for item in issue.items] == [
        ("A jay", "https://a.test/jay"),
        ("An owl", "https://a.test/owl"),
    ]


def test_labelled_bullets_tell_title_and_authors(issue_of: Read) -> None:
    """Labels in bullets say as much as labels in bold lines."""
    issue = issue_of(
        "## 1. 候鸟\n- **原文标题**: Birds\n- **作者**: Mori, Aoki\n- **链接**: https://a.test/1\n\n"
        "## 2. 猫\n- **原文标题**: Cats\n- **作者**: Aoki\n- **链接**: https://a.test/2\n"
    )
    first = issue.items[0]
    assert (first.title, first.alt_title) == ("候鸟", "Birds")
    assert (first.authors, first.url) == (("Mori", "Aoki"), "https://a.test/1")


@pytest.mark.parametrize(
    "label", ["论文", "Read more", "阅读原文", "arXiv", "Читать далее", "[PDF]"]
)
def test_a_label_is_no_translation(issue_of: Read, label: str) -> None:
    """What only says where a link leads is not the title in another language."""
    issue = issue_of(f"# A\n[{label}](https://a.test/1)\n\nx\n\n# B\n[乙](https://a.test/2)\n\ny\n")
    assert [item.alt_title for item in issue.items] == [None, "乙"]


def test_bullets_with_leads_of_their_own_are_items(issue_of: Read) -> None:
    """Leads that are not repeated under other headings are titles, not labels."""
    issue = issue_of(
        "## Build\n\n- **make**: it [works](https://a.test/1).\n- **test**: it [runs](https://a.test/2).\n\n"
        "## Docs\n\n- **guide**: it [reads](https://a.test/3).\n- **index**: it [finds](https://a.test/4).\n"
    )
    assert [item.title for item in issue.items] == ["make", "test", "guide", "index"]


def test_addresses_below_a_heading_belong_to_it(issue_of: Read) -> None:
    """The first is the item's, the others are links in its text."""
    issue = issue_of(
        "## Q\n\n### A crane\n\n<https://a.test/1>\n\n<https://talk.test/1>\n\n"
        "### A lock\n\n<https://a.test/2>\n\n<https://talk.test/2>\n"
    )
    assert [(item.title, item.url) for item in issue.items] == [
        ("A crane", "https://a.test/1"),
        ("A lock", "https://a.test/2"),
    ]
    assert "https://talk.test/1" in issue.items[0].html


def test_heading_that_opens_with_a_link(issue_of: Read) -> None:
    """What follows the link is part of the title."""
    issue = issue_of(
        "## M\n\n### [PR 8](https://a.test/8) “Feed”\n\nx\n\n### [PR 7](https://a.test/7) “House”\n\ny\n"
    )
    assert [item.title for item in issue.items] == ["PR 8 “Feed”", "PR 7 “House”"]


def test_first_of_several_headings_names_the_issue(issue_of: Read) -> None:
    """Where it alone states a number, a date or a series, the others are sections."""
    issue = issue_of(
        "# Harbour Weekly 7\n\nHi.\n\n# News\n\n- [a](https://a.test/)\n\n# Jobs\n\n- [b](https://b.test/)\n"
    )
    assert (issue.title, issue.text) == ("Harbour Weekly 7", "Hi.")
    assert [section.title for section in issue.sections] == ["News", "Jobs"]


def test_people_are_not_where_bullets_lead(issue_of: Read) -> None:
    """`[@ada](u) mended [the crane](v)` leads to the crane; words beside a link are kept."""
    issue = issue_of(
        "## R\n\n* [@ada](https://p.test/ada) mended [the crane](https://a.test/c).\n"
        "* [video] [A film](https://a.test/f) of it\n"
    )
    assert [(item.title, item.url) for item in issue.items] == [
        ("@ada mended the crane.", "https://a.test/c"),
        ("A film", "https://a.test/f"),
    ]
    assert issue.items[1].text == "[video] of it"


def test_each_link_of_a_heading_is_kept(issue_of: Read) -> None:
    """One is the item's own; the others begin its text."""
    issue = issue_of(
        "# R 1\n\n## [Low water](https://a.test/1) by [Ada](https://p.test/ada-b)\n\nText.\n\n"
        "## [High water](https://a.test/2) ![gauge](https://a.test/g.png)\n\nText.\n"
    )
    assert [item.url for item in issue.items] == ["https://a.test/1", "https://a.test/2"]
    assert [link.url for link in issue.items[0].links][1:] == ["https://p.test/ada-b"]
    assert issue.items[1].image == "https://a.test/g.png"


def test_a_story_leads_where_its_heading_does(issue_of: Read) -> None:
    """`## Words [link](u) words` over prose without a link."""
    issue = issue_of(
        "# R 1\n\n## Ada wrote [a song](https://a.test/1) of it\n\nProse of it.\n\n"
        "## Bob drew [a map](https://a.test/2) of it\n\nProse, too.\n"
    )
    assert [item.url for item in issue.items] == ["https://a.test/1", "https://a.test/2"]


def test_a_linked_heading_over_its_linked_translation(issue_of: Read) -> None:
    """Both addresses are kept, each with its own words."""
    issue = issue_of(
        "# R 1\n\n## [Tide](https://a.test/1)\n[潮](https://b.test/1)\n\nText.\n\n"
        "## [Ebb](https://a.test/2)\n[汐](https://b.test/2)\n\nText.\n"
    )
    assert [(link.text, link.url) for link in issue.items[0].links] == [
        ("Tide", "https://a.test/1"),
        ("潮", "https://b.test/1"),
    ]


def test_a_picture_in_the_headline_opens_the_preface(issue_of: Read) -> None:
    """It is no part of the title, and not lost."""
    issue = issue_of(
        "# ![Quay](https://a.test/q.png) Harbour 7\n\n## A\n\n- [x](https://a.test/)\n"
    )
    assert (issue.title, "https://a.test/q.png" in issue.html) == ("Harbour 7", True)


def test_links_among_the_words_of_a_heading_are_kept(issue_of: Read) -> None:
    """A heading that ends with its link may have another before."""
    issue = issue_of(
        "## Ada at [the lock](https://a.test/lock) and [film](https://a.test/film)\n\nx\n\n"
        "## The crane [log](https://a.test/log)\n\ny\n"
    )
    assert '<a href="https://a.test/lock">the lock</a>' in issue.items[0].html
    assert issue.items[1].html == "<p>y</p>"
