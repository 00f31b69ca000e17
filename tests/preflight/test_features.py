"""preflight.features: what a mail is made of is found, and the rare is named unless excused."""

import pytest

from publisher.model import Finding, Level
from publisher.preflight.features import LEAST, PROGRESSIVE, judge, removed, used
from publisher.preflight.styles import tree
from publisher.preflight.support import SUPPORT


def found_in(html: str) -> list[Finding]:
    """Judge a mail."""
    return judge(tree(html), SUPPORT)


@pytest.mark.parametrize(
    ("html", "slugs"),
    [
        ("<h3>x</h3>", {"html-h1-h6"}),
        ("<ol><li>x</ol>", {"html-lists"}),
        ("<nav>x</nav>", {"html-semantics"}),
        ('<input type="radio">', {"html-input-radio"}),
        ("<button>x</button>", {"html-button-submit"}),
        ('<meta name="color-scheme" content="light">', {"html-meta-color-scheme"}),
        ('<a href="#x">x</a>', {"html-anchor-links"}),
        ('<a href="mailto:a@b.test">x</a>', {"html-mailto-links"}),
        ('<img src="https://a.test/x.JPEG?y=1">', {"image-jpg", "html-img"}),
        ('<img src="data:image/png;base64,x">', {"image-base64"}),
        ('<p lang="zh" role="note">x</p>', {"html-lang", "html-role", "html-p"}),
        ('<p style="padding-left:1em">x</p>', {"css-padding", "css-unit-em"}),
        (
            '<p style="margin-inline-start:2vw">x</p>',
            {"css-margin-inline-start-end", "css-unit-vw"},
        ),
        ('<p style="padding-block:0">x</p>', {"css-padding-inline-block"}),
        ('<p style="border-top-color:rgb(0 0 0)">x</p>', {"css-border", "css-rgb"}),
        ('<p style="display:inline-flex;row-gap:1%">x</p>', {"css-display-flex", "css-gap"}),
        ('<p style="width:calc(1px + min(2rem, 3px))">x</p>', {"css-unit-calc", "css-unit-rem"}),
        ('<p style="--x:1;color:var(--x) !important">x</p>', {"css-variables", "css-important"}),
        ('<p style="font-family:system-ui">x</p>', {"css-sytem-ui"}),
        ('<p style="top:0">x</p>', {"css-left-right-top-bottom"}),
        (
            "<style>a:hover::before{}</style>",
            {"css-pseudo-class-hover", "css-pseudo-element-before"},
        ),
        ("<style>.a.b{}</style>", {"css-selector-chaining", "css-selector-class"}),
        ("<style>p .b{}</style>", {"css-selector-descendant", "css-selector-type"}),
        ("<style>p > #b{}</style>", {"css-selector-child", "css-selector-id"}),
        ("<style>p + *{}</style>", {"css-selector-adjacent-sibling", "css-selector-universal"}),
        ("<style>a[href] , i{}</style>", {"css-selector-attribute", "css-selector-grouping"}),
        ("<style>/* x */</style>", {"css-comments"}),
        ("<style>@font-face{}</style>", {"css-at-font-face"}),
        (
            "<style>@media (prefers-color-scheme:dark){p{gap:0}}</style>",
            {"css-at-media", "css-at-media-prefers-color-scheme", "css-gap"},
        ),
    ],
)
def test_features_are_found(html: str, slugs: set[str]) -> None:
    """Each way to use a feature is recognised under the name the data has for it."""
    assert slugs <= used(tree(html), SUPPORT).keys()


@pytest.mark.parametrize(
    ("html", "slug"),
    [
        ("<style>.a,.b{}</style>", "css-selector-descendant"),
        ("<style>p > b{}</style>", "css-selector-descendant"),
        ("<style>.a .b{}</style>", "css-selector-chaining"),
        ("<style>.a{}</style>", "css-selector-type"),
        ("<!--[if mso]><style>.a{gap:1px}</style><![endif]-->", "css-gap"),
        ('<p style="mso-hide:all;-webkit-transform:none">x</p>', "css-transform"),
        ('<p style="min-width:1px">x</p>', "css-function-min"),
    ],
)
def test_features_are_not_made_up(html: str, slug: str) -> None:
    """What only looks like a feature, or is for one program alone, is not counted."""
    assert slug not in used(tree(html), SUPPORT)


def test_a_rare_feature_warns() -> None:
    """A feature that few programs know is named with its share and its place."""
    style = 'style="flex-direction:column"'
    (found,) = found_in(f"<p {style}>The words</p><p {style}>again</p>")
    assert (found.level, found.code) == (Level.WARN, "preflight/feature")
    assert "Only 56% of mail programs know flex-direction:column" in found.message
    assert "in <p> with “The words”" in found.message
    (found,) = found_in("<style>.a{} .b .c{filter:none}</style><p>x</p>")
    assert "the style sheet, .b .c" in found.message


def test_common_features_pass() -> None:
    """What four in five programs know is no finding, nor what is excused."""
    assert (
        found_in('<table><tr><td style="padding:8px;overflow-wrap:anywhere">x</td></table>') == []
    )


def test_every_excuse_is_needed() -> None:
    """Each feature on the list exists, and is known to fewer than four in five programs."""
    for slug, reason in PROGRESSIVE.items():
        assert SUPPORT[slug].share < LEAST, slug
        assert reason


@pytest.mark.parametrize(
    ("html", "name"),
    [
        ("<script>go()</script>", "<script>"),
        ('<iframe src="https://a.test/"></iframe>', "<iframe>"),
        ('<p onclick="go()">x</p>', 'onclick="..."'),
        ('<a href=" java\nscript:go()">x</a>', "javascript: in an address"),
    ],
)
def test_what_runs_or_loads_something_warns(html: str, name: str) -> None:
    """What every mail program takes out is named, once."""
    (found,) = removed(tree(f"<p>Words</p>{html}{html}"))
    assert (found.level, found.code) == (Level.WARN, "preflight/removed")
    assert found.message.startswith(f"The mail has {name}")


def test_a_form_is_known_to_few() -> None:
    """A form is measured like any other feature, and warned of."""
    assert "<form> element" in found_in('<form action="https://a.test/"><p>x</p></form>')[0].message


def test_words_about_scripts_pass() -> None:
    """What is only written about is no danger."""
    assert removed(tree("<p>&lt;script&gt; one javascript:</p><!-- <script></script> -->")) == []
