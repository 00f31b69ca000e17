"""preflight.pictures: pictures without words are named, ornaments are left alone."""

import pytest

from publisher.model import Issue, Item, Picture, Section
from publisher.preflight.pictures import judge


def issue_of(html: str) -> Issue:
    """Make an issue of one item."""
    return Issue((Section((Item("T", html=html, line=4),)),))


@pytest.mark.parametrize(
    "html",
    [
        '<p><img src="https://a.test/kite.png"></p>',
        '<p><img src="https://a.test/kite.png" alt=""></p>',
        '<p><img src="https://a.test/kite.png" alt=" "></p>',
        '<figure><img src="https://a.test/kite.png"><figcaption> </figcaption></figure>',
    ],
)
def test_a_picture_without_words_is_named(html: str) -> None:
    """A picture whose words are missing or blank warns, with the line of its item."""
    (found,) = judge(issue_of(html))
    assert (found.code, found.line) == ("preflight/alt-text", 4)
    assert "https://a.test/kite.png" in found.message


@pytest.mark.parametrize(
    "html",
    [
        '<p><img src="https://a.test/kite.png" alt="A kite"></p>',
        '<p><img src="https://a.test/icon.png" width="16" height="16" alt=""></p>',
        '<figure><img src="https://a.test/k.png"><figcaption>A kite</figcaption></figure>',
        '<p><img src="https://a.test/dot.gif" alt=""></p>',
    ],
)
def test_a_picture_that_needs_none_is_left_alone(html: str) -> None:
    """One with words, an icon, one with a caption, one that shows nothing: none is a finding."""
    issue = issue_of(html)
    nothing = Picture("https://a.test/dot.gif", "", 1, 1, "")
    assert judge(Issue(issue.sections, pictures=(nothing,))) == []


def test_many_pictures_are_one_finding() -> None:
    """All of an issue's are told at once."""
    html = "".join(f'<p><img src="https://a.test/{n}.png"></p>' for n in range(9))
    (found,) = judge(issue_of(html))
    assert found.message.startswith("9 pictures have")
    assert found.message.endswith("and 4 more.")
