"""footnotes: each stands once, with the item that refers to it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.digest import read
from publisher.digest.markup.bodies import Press
from publisher.digest.markup.markdown import parser
from publisher.digest.markup.outline import blocks_of
from publisher.digest.markup.plain import body_text


def press(text: str) -> str:
    """Render and sanitise a text."""
    markdown = parser()
    return Press(markdown, None).html(markdown.parse(text))


def plain(text: str) -> str:
    """Give a text as plain text."""
    return body_text(parser().parse(text))


def test_html() -> None:
    """A reference is a raised number that leads to its note."""
    assert press("A[^n].\n\n[^n]: *B*") == (
        '<p>A<sup><a href="#fn-1">1</a></sup>.</p>\n'
        '<p><a id="fn-1" name="fn-1"></a><sup>1</sup> <em>B</em></p>'
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[^b]: B\n\na[^a] b[^b] a[^a]\n\n[^a]: A", "a[1] b[2] a[1]\n\n[1] A\n\n[2] B"),
        ("- a[^1]\n- b[^2]\n\n[^2]: B\n[^1]: A", "- a[1]\n- b[2]\n\n[1] A\n\n[2] B"),
        ("a[^1]\n\n[^1]: A\n\nb[^1]\n\n[^1]: B", "a[1]\n\nb[2]\n\n[1] A\n\n[2] B"),
        ("a\n\n[^1]: unused\n\nb", "a\n\nb\n\n[1] unused"),
        ("a[^1]\n\n[^1]: A[^2]\n[^2]: B[^1]", "a[1]\n\n[1] A[2]\n\n[2] B[1]"),
        ("a[^1]\n\n[^1]:\n    ```\n    code\n    ```", "a[1]\n\n[1]\n\ncode"),
        ("a[^1]\n\n[^1]: A\n\n    more", "a[1]\n\n[1] A\n\nmore"),
        ("a[^none] [^]", "a[^none] [^]"),
        ("`[^1]`\n\n[^1]: A", "[^1]\n\n[1] A"),
        ("|a[^1]|\n|-|\n\n[^1]: A", "a[1]\n\n[1] A"),
    ],
)
def test_text(text: str, expected: str) -> None:
    """Notes come last, in the order of their numbers, wherever they are defined."""
    assert plain(text) == expected


def test_notes_stand_with_their_items() -> None:
    """Each item has its own notes, numbers run through the issue, titles have none."""
    digest = """# Week

## [One](https://a.test/1)[^t]

Text[^a].

## [Two](https://a.test/2)

More[^b].

[^a]: Note a.
[^b]: Note b.
[^t]: Note t.
"""
    (issue,) = read(digest.encode()).issues
    assert [item.title for item in issue.items] == ["One", "Two"]
    assert [item.text for item in issue.items] == [
        "Text[2].\n\n[1] Note t.\n\n[2] Note a.",
        "More[3].\n\n[3] Note b.",
    ]


PIECES = st.sampled_from(
    ["# h[^1]", "p[^2] q[^1]", "- l[^3]", "> q[^2]", "[^1]: n1[^2]", "[^2]: n2", "> [^3]: n3", "x"]
)


@given(st.lists(PIECES, max_size=8))
def test_no_note_is_lost_or_doubled(pieces: list[str]) -> None:
    """Whatever refers to what, every definition is written once."""
    text = "\n\n".join(pieces)
    for written in (plain(text), press(text)):
        found = re.findall(r"n\d", written)
        assert sorted(found) == sorted(re.findall(r"n\d", text))
    ids = re.findall(r'id="(fn-\d+)"', press(text))
    assert len(ids) == len(set(ids))


def test_a_note_stands_where_it_was_moved() -> None:
    """The preface's note is the preface's, though it is defined below the first item."""
    text = "Hello.[^1]\n\n- [One](https://a.test/1)\n- [Two](https://a.test/2)\n\n[^1]: Well.\n"
    (issue,) = read(text.encode()).issues
    assert issue.text == "Hello.[1]\n\n[1] Well."
    assert issue.sections[0].texts == ("", "", "", "", "", "")


def test_a_notes_line_is_before_that_of_what_follows() -> None:
    """A list that follows closely begins behind the note of the paragraph above it."""
    text = "One.\nTwo.[^1]\n- a\n\n[^1]: Well.\n"
    blocks = blocks_of(parser().parse(text))
    assert [(block.kind, block.line) for block in blocks] == [
        ("paragraph_open", 1), ("footnote_open", 2), ("bullet_list_open", 3),
    ]  # fmt: skip
    assert blocks_of(parser().parse("[^1]: Well.\n"))[0].line == 1
