"""What stands above a text is not said again below it, and no word or link is lost on the way."""

import re

import pytest

from publisher.render.fragments import links_of, plain
from publisher.render.repeats import without_repeats

MILL = "https://mill.example.net/"


@pytest.mark.parametrize(
    ("html", "text", "title", "left"),
    [
        ("<p>The mill turns.</p>", "The mill turns.", "The mill turns.", ("", "")),
        (  # a title without the stop, a link that is the item's own, markup across its end
            f'<p>The <a href="{MILL}">mill <em>turns</em></a>. It is old.</p>\n<p>More.</p>',
            "The mill turns. It is old.\n\nMore.",
            "The mill turns",
            ("<p>It is old.</p>\n<p>More.</p>", "It is old.\n\nMore."),
        ),
        ("<p>水车转了。很旧。</p>", "水车转了。很旧。", "水车转了。", ("<p>很旧。</p>", "很旧。")),
        (
            "<p>The mill turns<br>\nand <b>turns</b></p>",
            "The mill turns\nand turns",
            "The mill turns",
            ("<p>and <b>turns</b></p>", "and turns"),
        ),
        (
            "<ul>\n<li>水车转了</li>\n<li>很旧</li>\n</ul>",
            "- 水车转了\n- 很旧",
            "水车转了",
            ("<ul>\n<li>很旧</li>\n</ul>", "- 很旧"),
        ),
        ("<ul>\n<li>\n<p>Old &amp; wet</p>\n</li>\n</ul>", "- Old & wet", "Old & wet", ("", "")),
    ],
)  # fmt: skip
def test_the_sentence_that_is_the_title_stands_once(
    html: str, text: str, title: str, left: tuple[str, str]
) -> None:
    """Its further words stay, as a paragraph or as the other bullets."""
    assert without_repeats(html, text, title, MILL) == (*left, "")


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>The mill turns slowly.</p>", "The mill turns slowly."),
        ("<p>The mill turns.com is down.</p>", "The mill turns.com is down."),
        ("<p>The mill turns<sup>1</sup>.</p>", "The mill turns1."),
        ("<p><strong>The mill turns. It</strong> is old.</p>", "The mill turns. It is old."),
        ('<p><a href="x">The mill turns</a>', "The mill turns"),
        ("<p></a>The mill turns</p>", "The mill turns"),
        ("<ul>\n<li>The mill turns. It is old.</li>\n</ul>", "- The mill turns. It is old."),
        ("<ul>\n<li>The mill turns\n<ul>\n<li>Old</li>\n</ul>\n</li>\n</ul>", "- The mill turns"),
        ("<pre><code>The mill turns\n</code></pre>", "The mill turns"),
        ("<p>The mill turns.</p>", "[The mill turns.]"),
        ("", ""),
    ],
)
def test_what_only_begins_alike_stays_whole(html: str, text: str) -> None:
    """A longer sentence, a note, a bullet with more to say, a text the two editions differ in."""
    assert without_repeats(html, text, "The mill turns", MILL) == (html, text, "")


def test_a_sentence_with_links_of_its_own_is_the_heading() -> None:
    """It bears all its links; what follows is the text."""
    html = f'<p>Ann (<a href="https://ann.example.net/">@ann</a>) mended the <a href="{MILL}">mill</a>. Thanks!</p>'
    told = without_repeats(html, "Ann (@ann) mended the mill. Thanks!", "Ann (@ann) mended the mill.", MILL)  # fmt: skip
    assert (told.html, told.text) == ("<p>Thanks!</p>", "Thanks!")
    assert plain(told.sentence) == "Ann (@ann) mended the mill."
    assert [link.url for link in links_of(told.sentence)] == ["https://ann.example.net/", MILL]


def test_a_note_of_the_sentence_can_still_be_reached() -> None:
    """A link into the page and an anchor stay, too."""
    for tag in ('<a href="#fn1">turns</a>', '<a id="here">turns</a>'):
        told = without_repeats(
            f"<p>The mill {tag}.</p>", "The mill turns.", "The mill turns.", None
        )
        assert told == ("", "", f"The mill {tag}.")


def test_a_title_cut_short_is_told_to_its_end() -> None:
    """The whole sentence stands as the heading, unless it is too long for one."""
    sentence = "The mill at the end of the long lane turns again. "
    told = without_repeats(
        f"<p>{sentence}Thanks!</p>", f"{sentence}Thanks!", "The mill at the e…", None
    )
    assert told == ("<p>Thanks!</p>", "Thanks!", sentence.strip())
    endless = "The mill " + "and the miller " * 40
    assert without_repeats(f"<p>{endless}</p>", endless, "The mill and…", None).text == endless


def test_a_label_does_not_say_again_what_stands_above() -> None:
    """A labelled line stays where it says more, or leads elsewhere."""
    html = (
        "<p>(Read it.)</p>\n<p><strong>Authors</strong> · Ann Lee, Bo</p>\n"
        "<p><strong>原题：</strong> The Mill</p>\n<p>Summary: The Mill, again.</p>"
    )
    text = "(Read it.)\n\nAuthors · Ann Lee, Bo\n\n原题： The Mill\n\nSummary: The Mill, again."
    told = without_repeats(html, text, "水车", None, ("The Mill", "Ann Lee Bo"))
    assert told.text == "(Read it.)\n\nSummary: The Mill, again."
    assert re.findall("<p>(.*?)</p>", told.html) == ["(Read it.)", "Summary: The Mill, again."]
    linked = f'<p>By: <a href="{MILL}">Ann</a></p>'
    assert without_repeats(linked, "By: Ann", "Mill", None, ("Ann",)) == (linked, "By: Ann", "")
