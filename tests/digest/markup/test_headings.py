"""headings: a heading without a space is one where it clearly is."""

from itertools import pairwise

import pytest

from publisher.digest.markup.markdown import parser


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("##GoLang", "GoLang"),
        ("text\n###新闻 ###", "新闻"),
        ("##[t](https://a.test/) #5", "[t](https://a.test/) #5"),
        ("> ##1. x", "1. x"),
    ],
)
def test_headings(text: str, title: str) -> None:
    """Two signs directly before a word make a heading."""
    tokens = parser().parse(text)
    assert title in [
        after.content for token, after in pairwise(tokens) if token.type == "heading_open"
    ]


@pytest.mark.parametrize(
    "text",
    ["#ML #Recap", "##ML ##Recap", "#7893", "#Tag", "##7", "##!", "    ##code", "```\n##c\n```"],
)
def test_no_headings(text: str) -> None:
    """Hashtags, numbers and code head nothing."""
    assert "heading_open" not in {token.type for token in parser().parse(text)}
