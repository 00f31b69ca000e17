"""Pieces of an issue made ready for mail: its HTML and its text together."""

import re
from dataclasses import replace

import pytest
from lxml import html as lxml_html

from publisher.colours import READABLE, contrast
from publisher.model import Issue, Item, ItemRecord, Newsletter, Published, Section, Variant
from publisher.render import mail, text
from publisher.render.images import MOST_IN_MAIL
from publisher.render.pieces import seen
from publisher.render.view import IssueView

PAGE = "https://news.example.org/issues/7/"
EN = Variant("en")
WIDE = (
    "<table><caption>The fleet</caption><tr><th>a</th><th>b</th><th>c</th><th>d</th><th>e</th></tr>"
    '<tr><td>1</td><td>2</td><td>3</td><td>4</td><td><a href="https://eel.example/">5</a></td></tr>'
    "</table>"
)
ROWS = "a | b | c | d | e\n1 | 2 | 3 | 4 | 5"


def published_with(published: Published, html: str, plain: str = "") -> Published:
    """The small issue with one item, which says this."""
    items = (Item("Boats", "https://boats.example/", html, plain),)
    record = replace(published.record, items=(ItemRecord("k1", "i-boats"),))
    return Published(replace(published.issue, sections=(Section(items),), language="en"), record)


@pytest.fixture
def issue(published: Published, newsletter: Newsletter, templates: dict[str, str]) -> IssueView:
    """The small issue, ready."""
    return seen(published, newsletter, EN, templates)


def ready(
    html: str, plain: str, published: Published, newsletter: Newsletter, templates: dict[str, str]
) -> tuple[str, str]:
    """An item's HTML and text, ready."""
    one = seen(published_with(published, html, plain), newsletter, EN, templates).items[0]
    return str(one.html), one.text


def test_a_wide_table_is_a_link_to_the_page(
    published: Published, newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """To the item's place there, with its caption and the number of its rows, in both halves."""
    words = "The fleet (table of 1 row, on the page)"
    html, plain = ready(f"<p>x</p>{WIDE}", f"x\n\n{ROWS}", published, newsletter, templates)
    assert html == f'<p>x</p><p><a href="{PAGE}#i-boats">{words}</a></p>'
    assert plain == f"x\n\n{words}\n{PAGE}#i-boats"


def test_a_wide_table_is_told_by_row_where_there_is_no_page(
    published: Published, homeless: Newsletter, templates: dict[str, str]
) -> None:
    """A line for each cell, behind what heads it, in both halves; links of the cells stay."""
    html, plain = ready(f"<p>x</p>{WIDE}", f"x\n\n{ROWS}", published, homeless, templates)
    lines = lxml_html.fragment_fromstring(html, create_parent="div").xpath("./div/div")
    assert "<table" not in html
    assert "<p><strong>The fleet</strong></p>" in html
    assert [line.text_content() for line in lines] == ["a: 1", "b: 2", "c: 3", "d: 4", "e: 5"]
    assert '<a href="https://eel.example/">5</a>' in html
    assert plain == "x\n\na: 1\nb: 2\nc: 3\nd: 4\ne: 5"


def test_both_halves_lead_to_the_same(
    published: Published, newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """What a wide table linked to is linked by the page alone."""
    one = published_with(published, WIDE, ROWS)
    assert "eel.example" not in mail.render(one, newsletter, EN, templates).body
    assert "eel.example" not in text.render(one, newsletter, EN, templates).body


def test_every_piece_is_ready(issue: IssueView) -> None:
    """No relative address and no MathML in any of them."""
    pieces = [issue.html]
    for section in issue.sections:
        pieces += [section.html, section.closing_html]
        for item in section.items:
            pieces += [item.html, item.above_html, item.sentence]
    assert any("<img" in piece for piece in pieces)
    for piece in pieces:
        assert not re.search(r'(?:href|src)="(?!https?://)|<math', piece)


def test_pictures_come_from_the_newsletters_own_address(
    published: Published, newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """Each with its size and its words, none within the mail or from a stranger."""
    html = (
        '<p><img src="pics/cup.jpg" alt="杯"> <img src="https://img.example.net/x.png" alt="x">'
        '<img src="data:image/png;base64,AAAA" alt="d"> <img src="cid:1" alt="c">'
        '<img src="pics/lost.png" alt="lost"></p>'
    )
    one = published_with(published, html)
    drawn = lxml_html.fromstring(mail.render(one, newsletter, EN, templates).body)
    images = drawn.xpath("//img")
    assert [image.get("src") for image in images] == [f"{PAGE}0123456789abcdef.jpg"]
    assert images[0].get("width") == str(MOST_IN_MAIL)
    assert images[0].get("height") == str(round(MOST_IN_MAIL * 2 / 3))
    assert images[0].get("alt") == "杯"


def test_without_a_site_pictures_are_words(
    published: Published, homeless: Newsletter, templates: dict[str, str]
) -> None:
    """A picture that stands nowhere is told by its words."""
    one = published_with(published, '<p>a <img src="pics/cup.jpg" alt="杯子"></p>')
    body = mail.render(one, homeless, EN, templates).body
    assert "<img" not in body
    assert "a 杯子" in body


def test_notes_code_and_formulas(
    published: Published, newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """Notes have numbers without links, code its colours, formulas letters."""
    html, _ = ready(
        '<p>a<sup><a href="#fn-1">1</a></sup> <math alttext="x_{ab}"><mi>x</mi></math></p>'
        '<pre><code class="language-python">def f(): pass\n</code></pre>'
        '<p><a id="fn-1" name="fn-1"></a><sup>1</sup> b</p>',
        "",
        published,
        newsletter,
        templates,
    )
    assert html.startswith('<p>a<sup>1</sup> x<sub>ab</sub></p><pre><code><span class="k"')
    assert html.endswith("&#10;</code></pre><p><sup>1</sup> b</p>")


def test_code_can_be_read_where_it_stands(
    published: Published, newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """On its block's own ground; the dark style has an ink for each class, and only for code."""
    code = '<pre><code class="language-python">def f(): return "a"  # 1\n</code></pre>'
    body = mail.render(published_with(published, code), newsletter, EN, templates).body
    block = lxml_html.fromstring(body).xpath("//pre")[0]
    ground = re.search(r"background-color:\s*(#\w{6})", block.get("style"))[1]
    spans = block.xpath(".//span")
    assert {span.get("class") for span in spans} == {"k", "n", "s", "c"}
    for span in spans:
        ink = re.search(r"color:\s*(#\w{6})", span.get("style"))[1]
        assert contrast(ink, ground) >= READABLE
        assert f".body .{span.get('class')}{{color:" in body
    without = mail.render(published_with(published, "<p>x</p>"), newsletter, EN, templates).body
    assert ".body .k{" not in without


def test_colours_can_be_left_out(
    published: Published, newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """Where they would cost too much."""
    code = '<pre><code class="language-python">def f(): pass\n</code></pre>'
    one = published_with(published, code)
    plain = seen(one, newsletter, EN, templates, in_colours=False)
    assert "<span" not in plain.items[0].html


def test_issue_without_items_is_ready(
    published: Published, newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """A wide table of a section of prose leads to the page itself."""
    prose = Published(
        Issue(sections=(Section(title="T", html=WIDE, text=ROWS),), html=WIDE, text=ROWS),
        replace(published.record, items=()),
    )
    found = seen(prose, newsletter, EN, templates)
    assert f'href="{PAGE}"' in found.html
    assert f'href="{PAGE}"' in found.sections[0].html


def test_a_task_has_one_mark(
    published: Published, newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """Its box, no bullet; other entries keep theirs."""
    html, _ = ready("<ul><li>☑ a</li><li>b</li></ul>", "", published, newsletter, templates)
    assert html == '<ul><li style="list-style-type:none">☑ a</li><li>b</li></ul>'
