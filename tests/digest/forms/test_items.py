"""Drafts into items and parts into sections: where their prose stands, and which rules it loses."""

from dataclasses import replace

from publisher.digest.asides import Aside, put_back
from publisher.digest.forms.drafts import Draft
from publisher.digest.forms.items import item_of, section_of
from publisher.digest.forms.sections import Part
from publisher.digest.markup.anchors import settle_anchors
from publisher.digest.markup.bodies import Press
from publisher.digest.markup.markdown import parser
from publisher.digest.markup.outline import Block, Node, blocks_of, outline
from publisher.model import Issue, Section


def blocks(text: str) -> list[Block]:
    """Some Markdown as blocks."""
    return blocks_of(parser().parse(text))


def press() -> Press:
    """A press without a base."""
    return Press(parser(), None)


def part() -> Part:
    """A section with prose before, between and after its two items."""
    first = Draft("One", 3, body=tuple(blocks("a")))
    second = Draft("Two", 7, body=tuple(blocks("b")), above=tuple(blocks("Now *others*:")))
    return Part("News", 1, prose=blocks("Before."), drafts=[first, second], closing=blocks("Bye."))


def test_prose_keeps_its_place() -> None:
    """Prose between items stands above the second, closing words after the last, each as text too."""
    section = section_of(part(), press())
    one, two = section.items
    assert (section.html, section.text) == ("<p>Before.</p>", "Before.")
    assert (one.above_html, one.above_text) == ("", "")
    assert (two.above_html, two.above_text) == ("<p>Now <em>others</em>:</p>", "Now others:")
    assert (two.html, two.text) == ("<p>b</p>", "b")
    assert (section.closing_html, section.closing_text) == ("<p>Bye.</p>", "Bye.")
    assert section.texts == ("Before.", "", "a", "Now others:", "b", "Bye.")


def test_prose_above_is_no_part_of_the_item() -> None:
    """Its links and pictures are the section's."""
    above = tuple(blocks("[x](https://x.test/) ![y](https://x.test/y.png)"))
    item = item_of(Draft("One", 1, body=tuple(blocks("a")), above=above), press())
    assert (item.links, item.image) == ((), None)
    assert "https://x.test/y.png" in item.above_html


def test_closing_words_are_not_nothing() -> None:
    """A part of closing words alone would be missed."""
    assert Part().is_empty
    assert not Part(closing=blocks("Bye.")).is_empty


def test_rules_at_the_ends_go() -> None:
    """What parts items from each other is no part of any; a rule within a text stays."""
    text = "---\n\n***\n\na\n\n---\n\nb\n\n<hr>\n\n---\n"
    draft = Draft("One", 1, body=tuple(blocks(text)), above=tuple(blocks("---\n")))
    item = item_of(draft, press())
    assert item.html == "<p>a</p>\n<hr>\n<p>b</p>"
    assert (item.above_html, item.above_text) == ("", "")
    section = section_of(Part(prose=blocks(text), closing=blocks(text)), press())
    assert section.html == section.closing_html == item.html


def test_anchors_lead_into_prose_and_out_of_it() -> None:
    """A place in prose between items is one; a link there that leads to none loses its address."""
    html = '<p><a id="here" name="here"></a><a href="#gone">x</a> <a href="#there">y</a></p>'
    section = section_of(part(), press())
    one, two = section.items
    items = (replace(one, html='<a href="#here">up</a>'), replace(two, above_html=html))
    closing = '<p id="there"><a href="#gone">z</a></p>'
    issue = Issue((replace(section, items=items, closing_html=closing),))
    settled, dead = settle_anchors(issue)
    assert dead == ["#gone", "#gone"]
    one, two = settled.items
    assert one.html == '<a href="#here">up</a>'
    assert two.above_html == ('<p><a id="here" name="here"></a>x <a href="#there">y</a></p>')
    assert settled.sections[0].closing_html == '<p id="there">z</p>'


def test_an_advert_between_items_stands_behind_their_prose() -> None:
    """Prose above the item after an advert's heading was written before the heading."""
    node = outline(blocks("\n\n\n\n\n## Sponsor\n\nBuy.\n")).children[0]
    assert isinstance(node, Node)
    before, advert, after = put_back(
        (section_of(part(), press()),), [Aside(node, "Sponsor", 6, is_sponsor=True)], press()
    )
    assert [item.title for item in before.items] == ["One"]
    assert (before.closing_html, before.closing_text) == (
        "<p>Now <em>others</em>:</p>",
        "Now others:",
    )
    assert advert.sponsor
    assert (after.items[0].above_html, after.items[0].above_text) == ("", "")
    assert (after.closing_text, after.title) == ("Bye.", None)


def test_language_is_told_from_all_prose() -> None:
    """Each text of a section counts; one without any has none."""
    assert Section().texts == ("", "")
