"""bodies: only what mail, feeds and pages can carry."""

import gc
import weakref

import pytest

from publisher.digest.markup.bodies import Press, image_of, links_of
from publisher.digest.markup.markdown import parser
from publisher.model import Link


def press(text: str, base: str | None = None) -> str:
    """Render and sanitise a text."""
    markdown = parser()
    return Press(markdown, base).html(markdown.parse(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<script>alert(1)</script>", ""),
        ("a <img src=x onerror=alert(1)> b", '<p>a <img src="x" alt=""> b</p>'),
        ("![x](pics/图.png)", '<p><img src="pics/%E5%9B%BE.png" alt="x"></p>'),
        ("<img src=' ../a b.png ' alt=x>", '<p><img src="../a%20b.png" alt="x"></p>'),
        ("![](//a.test/x.png)", '<p><img src="https://a.test/x.png" alt=""></p>'),
        ("a <img src='#x'><img src='?y'>", '<p>a <img alt=""><img alt=""></p>'),
        ('<p style="color:red" onclick="x()">t</p>', "<p>t</p>"),
        ('<a href="javascript:x()">t</a>', "<p>t</p>"),
        ("[t](#note)", '<p><a href="#note">t</a></p>'),
        ("[t](/x)", "<p>t</p>"),
        ("[t](//a.test/x)", '<p><a href="https://a.test/x">t</a></p>'),
        ("[t](mailto:a@b.test)", '<p><a href="mailto:a@b.test">t</a></p>'),
        ("# t", "<h4>t</h4>"),
        ("a <a href='https://b.test/' title='t'> </a>.", "<p>a  .</p>"),
        (
            "a <a href='https://b.test/'><img src=i.png></a>.",
            '<p>a <a href="https://b.test/"><img src="i.png" alt=""></a>.</p>',
        ),
        ("~~t~~", "<p><s>t</s></p>"),
        ("<b>open", "<p><b>open</b></p><b>\n</b>"),
    ],
)
def test_html(text: str, expected: str) -> None:
    """Active content, styles and addresses that lead nowhere go; the rest stays."""
    assert press(text) == expected


def test_players_become_links() -> None:
    """A frame or a player leaves a plain link."""
    html = press('<iframe src="https://v.test/1"></iframe>\n\n<audio src=https://v.test/2></audio>')
    assert [link.url for link in links_of(html)] == ["https://v.test/1", "https://v.test/2"]


def test_deep_html_is_shown_as_text() -> None:
    """HTML nested beyond reason keeps its words only."""
    assert press("<div>" * 500 + "a &lt; b" + "</div>" * 500) == "<p>a &lt; b</p>"


def test_links_and_image() -> None:
    """Links are given once each, a linked picture by its words."""
    html = press(
        "[a](https://a.test/?x=1&y=2) [b](https://a.test/?x=1&y=2) [![p](https://i.test/i.png)](https://b.test/)"
    )
    assert links_of(html) == (
        Link("a", "https://a.test/?x=1&y=2"),
        Link("p", "https://b.test/"),
    )
    assert image_of(html) == "https://i.test/i.png"


def test_nothing_is_kept() -> None:
    """A digest that was read is forgotten: a process that reads for months does not grow."""
    press = weakref.ref(Press(parser(), None))
    gc.collect()
    assert press() is None
