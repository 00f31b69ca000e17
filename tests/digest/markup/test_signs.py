"""signs: names of emoji and boxes of tasks, and what only looks like them."""

import pytest

from publisher.digest.markup.markdown import parser
from publisher.digest.markup.plain import body_text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (":tada: (:+1:) 好:rocket:了", "🎉 (👍) 好🚀了"),
        (":white_check_mark: **:bug:**", "✅ 🐛"),
        ("- [ ] a\n- [x] b\n- [X] c", "- ☐ a\n- ☑ b\n- ☑ c"),
        ("1. [x] a", "1. ☑ a"),
    ],
)
def test_signs(text: str, expected: str) -> None:
    """A known name between colons is its sign, a task has its box."""
    assert body_text(parser().parse(text)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "12:30:45 and 1:100:2",
        "std::tada::x and a:b:c",
        ":nosuchname: :) ::",
        "https://a.test/:tada:",
        "[ ] a and [x] b",
        "- [ ]",
    ],
)
def test_no_signs(text: str) -> None:
    """Times, scopes, unknown names, addresses and brackets elsewhere stay."""
    assert body_text(parser().parse(text)) == text


def test_links_and_code_are_no_tasks() -> None:
    """A link of one letter is a link, code is code."""
    text = "- [x](https://a.test/)\n- [x] b\n- `:tada:`\n\n[x]: https://b.test/"
    assert body_text(parser().parse(text)) == "- x\n- x b\n- :tada:"
