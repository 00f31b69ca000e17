"""Sections without a heading: bold lines over lists, bullets over bullets."""

from publisher.digest import read


def sections(text: str) -> list[tuple[str | None, list[str]]]:
    """Give the title of each section with those of its items."""
    (issue,) = read(text.encode()).issues
    return [(part.title, [item.title for item in part.items]) for part in issue.sections]


def test_bold_lines_over_lists_are_sections() -> None:
    """Twice or more, over two items or more each."""
    text = "# W\n\n**Wood**\n\n1. **Jay**, blue.\n2. **Owl**, grey.\n\n**Town**\n\n- **Dove**, many.\n- **Wren**, small.\n"
    assert sections(text) == [("Wood", ["Jay", "Owl"]), ("Town", ["Dove", "Wren"])]


def test_bold_lines_over_one_bullet_each_are_none() -> None:
    """Names over single offers are part of the section."""
    text = "## Jobs\n\n**A**\n\n- [Pilot](https://a.test/)\n\n**B**\n\n- [Cook](https://b.test/)\n"
    assert sections(text) == [("Jobs", ["Pilot", "Cook"])]


def test_bold_lines_over_their_source_are_items() -> None:
    """A list that opens with a bare address tells of the bold line above it."""
    text = "# W\n\n**A jay**\n- https://a.test/jay\n- It was blue.\n\n**An owl**\n- https://a.test/owl\n- It was grey.\n"
    assert sections(text) == [(None, ["A jay", "An owl"])]
    items = read(text.encode()).issues[0].items
    assert [item.url for item in items] == ["https://a.test/jay", "https://a.test/owl"]
    assert "It was blue." in items[0].text


def test_bullets_over_bullets_are_sections() -> None:
    """Bullets that end in a colon, over nested ones with links; a loose bullet stays between."""
    text = (
        "# W\n\n- Cranes:\n  - [One](https://a.test/1)\n  - [Two](https://a.test/2)\n"
        "- Locks:\n  - [Three](https://a.test/3)\n- [Four](https://a.test/4)\n"
    )
    assert sections(text) == [("Cranes", ["One", "Two"]), ("Locks", ["Three"]), (None, ["Four"])]


def test_nested_notes_are_no_sections() -> None:
    """Bullets with links of their own keep what is nested below them."""
    text = (
        "# W\n\n- [One](https://a.test/1):\n  - [x](https://a.test/x)\n- [Two](https://a.test/2)\n"
    )
    assert sections(text) == [(None, ["One", "Two"])]
