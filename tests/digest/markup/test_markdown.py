"""markdown: addresses end where they should, Chinese is set as Chinese."""

import pytest

from publisher.digest import read
from publisher.digest.markup.markdown import parser


def render(text: str) -> str:
    """Render one paragraph without its tags."""
    return str(parser().render(text)).strip().removeprefix("<p>").removesuffix("</p>")


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("见：https://a.test/x。", "https://a.test/x"),
        ("https://a.test/x，相关", "https://a.test/x"),
        ("（https://a.test/x）", "https://a.test/x"),
        ("https://a.test/x中文", "https://a.test/x"),
        ("https://a.test/a_(b)", "https://a.test/a_(b)"),
        ("(see https://a.test/x).", "https://a.test/x"),
        ("https://a.test/x?y=1&z=2.", "https://a.test/x?y=1&amp;z=2"),
        ("地图见https://a.test/x 周五", "https://a.test/x"),
        ("地図はhttps://a.test/x。", "https://a.test/x"),
        ("지도는https://a.test/x 참고", "https://a.test/x"),
        ("“桥”的图纸：https://a.test/x；又见 https://a.test/y！", "https://a.test/x"),
        ("“桥”的图纸：https://a.test/y；又见 https://a.test/x！", "https://a.test/x"),
    ],
)
def test_bare_addresses(text: str, address: str) -> None:
    """A bare address ends before punctuation and before anything that is not ASCII."""
    assert f'href="{address}"' in render(text)


def test_letters_before_an_address() -> None:
    """Behind a letter of a script with spaces it is part of a word."""
    for text in ("xhttps://a.test/x", "автhttps://a.test/x", "33https://a.test/x"):
        assert render(text) == text


def test_what_is_no_address() -> None:
    """Hosts and mail addresses in prose are not linked."""
    assert (
        render("官网www.a.test me@a.test a.test //a.test")
        == "官网www.a.test me@a.test a.test //a.test"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("强化学习 (RL) ，通常", "强化学习 (RL)，通常"),
        ("一行\n两行", "一行两行"),
        ("かな\n漢字", "かな漢字"),
        ("한국\n어", "한국\n어"),
        ("one\ntwo", "one\ntwo"),
        ("RL\n，通常", "RL，通常"),
        ("**重要：**文本", "<strong>重要：</strong>文本"),
        ("`a ，b`", "<code>a ，b</code>"),
    ],
)
def test_typesetting(text: str, expected: str) -> None:
    """Spaces before full-width punctuation go, Han lines join, code is left alone."""
    assert render(text) == expected


def test_labelled_lines_stay_lines() -> None:
    """A bold label at the start of a line is not run together with the line above."""
    (issue,) = read("**摘要：** 它是蓝的\n**点评：** 它很吵\n".encode()).issues
    assert issue.sections[0].text == "摘要： 它是蓝的\n点评： 它很吵"
    (issue,) = read("它是\n**蓝**的\n".encode()).issues
    assert issue.sections[0].text == "它是蓝的"
