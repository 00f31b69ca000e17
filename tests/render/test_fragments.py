"""Pieces of HTML and text on their way into an edition."""

import nh3
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html as lxml_html
from markupsafe import Markup
from mjml import mjml2html

from publisher.model import Link
from publisher.render.fragments import (
    absolute,
    breakable,
    clean,
    excerpt,
    for_mjml,
    links_of,
    mark_addresses,
    phrased,
    plain,
    reachable,
    scoped,
    set_tight,
    set_tight_html,
    with_plain_notes,
    without_mathml,
)

PAGE = "https://news.example.org/issues/7/"
FRAME = "<mjml><mj-body><mj-section><mj-column><mj-text>{}</mj-text></mj-column></mj-section></mj-body></mjml>"


def test_clean_drops_what_xml_forbids() -> None:
    """Control characters, lone surrogates and the two non-characters go; the rest stays."""
    assert clean("a\x00\x08\x0b\x1f\ud800\ufffe\uffffb\t\n风\U0001f4a8") == "ab\t\n风\U0001f4a8"


def test_no_space_before_full_width_punctuation() -> None:
    """A space before a full-width comma would put the comma at the head of a line."""
    assert set_tight("海边 ，a , b （甲）") == "海边，a , b （甲）"
    assert set_tight("海边。 Ann、 Bo\n甲：  乙， \n") == "海边。Ann、Bo\n甲：  乙， \n"
    assert set_tight_html("<p>海边，\nAnn。\n</p>\n<p>") == "<p>海边，Ann。\n</p>\n<p>"
    assert (
        set_tight_html('<p title="a ，b">海边 ，</p><pre>x ，</pre>')
        == '<p title="a ，b">海边，</p><pre>x ，</pre>'
    )


def test_mjml_keeps_newlines() -> None:
    """Newlines that MJML would swallow come through, in prose as a space, in <pre> as they are."""
    piece = for_mjml("<b>a</b>\n<u>c</u>\n  <i>d</i><pre><i>1</i>\n<i>2</i></pre>\r\n<p>x</p>")
    drawn = mjml2html(FRAME.format(piece), fonts={})
    assert "<b>a</b> <u>c</u> <i>d</i>" in drawn
    assert "<i>1</i>&#10;<i>2</i>" in drawn


@given(
    st.text(
        st.sampled_from("ab <>&\"'/=\n\r\t\x00\x0b\ufffe#;!-[]风pre")
        | st.characters(exclude_categories=["Cs"]),
        max_size=80,
    )
)
def test_mjml_survives_any_clean_html(text: str) -> None:
    """Whatever leaves the sanitiser, MJML draws it and loses no word of it."""
    piece = nh3.clean(f"<p>{text}</p>")
    drawn = mjml2html(FRAME.format(for_mjml(piece)), fonts={}, disable_comments=True)
    before = lxml_html.fromstring(f"<div>{clean(piece)}</div>").text_content()
    after = lxml_html.fromstring(drawn).text_content()
    assert "".join(before.split()) in "".join(after.split())


def test_headings_of_a_table_say_what_they_head() -> None:
    """Those of its head head columns, others rows; what says it itself is believed."""
    table = '<table><thead><tr><th align="left">a</th></tr></thead><tbody><tr><th>b</th><th scope="rowgroup">c</th></tr></tbody></table>'
    assert scoped(table) == (
        '<table><thead><tr><th scope="col" align="left">a</th></tr></thead>'
        '<tbody><tr><th scope="row">b</th><th scope="rowgroup">c</th></tr></tbody></table>'
    )


def test_absolute_joins_and_leads_fragments_home() -> None:
    """Relative addresses become whole, fragments lead to the page, text stays text."""
    given_html = (
        '<a href="#fn1">1</a><img src="/a.png" alt="x"><a href="//h.example/">h</a>'
        '<a href="mailto:a@b.example">m</a><code> href="#no"</code><a href="//[">?</a>'
    )
    assert absolute(given_html, PAGE) == (
        f'<a href="{PAGE}#fn1">1</a><img src="https://news.example.org/a.png" alt="x">'
        '<a href="https://h.example/">h</a><a href="mailto:a@b.example">m</a>'
        f'<code> href="#no"</code><a href="{PAGE}">?</a>'
    )


def test_absolute_without_a_page() -> None:
    """While there is no page, what cannot be whole is no link."""
    assert absolute('<a href="#fn1">1</a><img src="a.png" alt="x">', None) == ("<a>1</a>x")


def test_links_are_listed_once() -> None:
    """Links come in order, once each, with their text; fragments are no links."""
    found = links_of(
        '<a title="a > b" href="https://a.example/?x=1&amp;y=2">A <b>b</b></a>'
        '<a href="#x">x</a><a href="https://a.example/?x=1&amp;y=2">again</a>'
    )
    assert found == (Link("A b", "https://a.example/?x=1&y=2"),)


def test_shown_addresses_are_marked() -> None:
    """Only a link whose text is its address may be broken anywhere."""
    shown = '<a href="https://a.example/?x=1&amp;y">https://a.example/?x=1&amp;y</a>'
    assert mark_addresses(shown) == shown.replace("<a ", '<a class="url" ')
    assert (
        mark_addresses('<a href="https://a.example/">a</a>') == '<a href="https://a.example/">a</a>'
    )


def test_safe_strings_are_not_escaped_again() -> None:
    """A piece marked as safe comes out as the same piece not marked would."""
    piece = '<p><a href="https://a.example/">https://a.example/</a></p>\n<p><a href="#x">x</a></p>'
    for step in (mark_addresses, for_mjml, set_tight_html, lambda html: absolute(html, PAGE)):
        assert str(step(Markup(piece))) == step(piece)
        assert "&lt;" not in step(Markup(piece))


def test_plain_and_excerpt() -> None:
    """Excerpts are one line and never end inside a Latin word."""
    assert plain("<b>a</b>\n &amp; b") == "a & b"
    assert excerpt("one\ntwo three", 40) == "one two three"
    assert excerpt("alpha beta gamma delta", 14) == "alpha beta…"
    assert excerpt("风筝为什么，掉不下来", 7) == "风筝为什么…"


def test_titles_break_behind_their_colon() -> None:
    """A title's parts stay together; markup in it is escaped."""
    assert phrased("a<b") == "a&lt;b"
    assert phrased("风筝：为什么") == Markup(
        '<span class="ph">风筝：</span><span class="ph">为什么</span>'
    )
    assert phrased("https://a.example:80/") == "https://a.example:80/"


def test_a_title_that_fits_its_line_needs_no_marks() -> None:
    """Up to the line's length in cells, two to a Han character, a title is left as it is."""
    assert phrased("风筝：为什么", 12) == "风筝：为什么"
    assert "span" in phrased("风筝：为什么", 11)
    assert phrased("Why: <A>", 8) == "Why: &lt;A&gt;"


def test_the_space_behind_a_latin_colon_stands_outside() -> None:
    """Between the parts a space is shown; at the end of an inline block it would collapse."""
    assert phrased("Why Rivers Meander: A Guide") == Markup(
        '<span class="ph">Why Rivers Meander:</span> <span class="ph">A Guide</span>'
    )
    assert Markup(phrased("A: b：c: d")).striptags() == "A: b：c: d"
    drawn = mjml2html(FRAME.format(phrased("Why: A Guide")), fonts={})
    assert '<span class="ph">Why:</span> <span class="ph">A Guide</span>' in drawn


@pytest.mark.parametrize(
    ("readable", "expected"),
    [
        ("x²", "x²"),
        ("p_T &lt; 1", "p<sub>T</sub> &lt; 1"),
        ("θ_{t+1}^{2n}", "θ<sub>t+1</sub><sup>2n</sup>"),
        ("a^{b_{cd}}e", "a<sup>b<sub>cd</sub></sup>e"),
        ("{1,2} a_", "{1,2} a_"),
        ("a_{b", "a<sub>b</sub>"),
    ],
)
def test_formulas_in_letters(readable: str, expected: str) -> None:
    """Where MathML is not known, a formula is its letters, raised and lowered."""
    html = f'<p>a <math display="inline" alttext="{readable}"><mrow><mi>a</mi></mrow></math> b</p>'
    assert without_mathml(html) == f"<p>a {expected} b</p>"
    assert without_mathml("<math><mi>z</mi></math>") == "z"


def test_notes_are_plain_numbers_in_a_mail() -> None:
    """No link leads down to a note, and its place has no name; other anchors stay."""
    html = (
        '<p>a<sup><a href="#fn-1">1</a></sup> <a href="#x">x</a></p>'
        '<p><a id="fn-1" name="fn-1"></a><sup>1</sup> b</p>'
    )
    assert with_plain_notes(html) == (
        '<p>a<sup>1</sup> <a href="#x">x</a></p><p><sup>1</sup> b</p>'
    )


def test_long_words_may_be_broken() -> None:
    """Behind a stroke or a low line, never in an address that is linked, in code or short words."""
    url = "https://data.example.net/a_long/path/to_the/kites.html"
    assert breakable(f'<a href="{url}">{url}</a> a/b_c <pre>{url}</pre>') == (
        f'<a href="{url}">https://data.example.net/<wbr>a_<wbr>long/<wbr>path/<wbr>to_<wbr>the/'
        f"<wbr>kites.html</a> a/b_c <pre>{url}</pre>"
    )
    drawn = mjml2html(FRAME.format(breakable("a/" * 30)), fonts={})
    assert drawn.count("a/<wbr />") == 29


def test_code_is_reached_by_keyboard() -> None:
    """A block of code is, with or without attributes; words that look like one are left alone."""
    assert reachable("<pre><code>x</code></pre>") == '<pre tabindex="0"><code>x</code></pre>'
    assert reachable('<pre class="a">x</pre>') == '<pre tabindex="0" class="a">x</pre>'
    assert reachable("<p>&lt;pre></p><present>") == "<p>&lt;pre></p><present>"
