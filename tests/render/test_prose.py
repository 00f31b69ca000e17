"""The first prose of an item, for a look that shows a sentence of each."""

import pytest

from publisher.render.prose import first_prose

TABLE = "<table><tr><th>Gauge</th></tr><tr><td><p>Eel</p></td></tr></table>"
FORMULA = '<math alttext="a &lt; b"><mi>a</mi><mo>&lt;</mo><mi>b</mi></math>'


@pytest.mark.parametrize(
    ("html", "said"),
    [
        (f"{TABLE}<p>The river <em>rose</em>.</p>", "The river rose."),
        (f"<p>{FORMULA}</p><p>With {FORMULA} it<br>holds.</p>", "With a < b it holds."),
        ('<p><a id="fn-1" name="fn-1"></a><sup>1</sup> Here it is.</p><p>No.</p>', "No."),
        ('<p>Far<sup><a href="#fn-1">1</a></sup>.</p>', "Far."),
        ('<p><a href="x">PDF</a>, <a href="y">HTML</a></p><p>One.</p>', "One."),
        ("<ul><li>the first<ul><li>inner</li></ul></li><li>second</li></ul>", "the first"),
        (
            "<pre><code>x = 1</code></pre><h4>Head</h4><blockquote><p>Said.</p></blockquote>",
            "Said.",
        ),
        ("plain words", "plain words"),
        (TABLE, ""),
        ("", ""),
    ],
)
def test_what_is_prose(html: str, said: str) -> None:
    """No table, code, formula, note or line of links is; what is left is one line."""
    assert first_prose(html) == said
