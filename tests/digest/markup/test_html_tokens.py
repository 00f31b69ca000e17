"""html_tokens: HTML is read as the Markdown that means the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.digest.markup.bodies import Press
from publisher.digest.markup.markdown import parser
from publisher.digest.markup.outline import blocks_of
from publisher.digest.markup.plain import body_text


def press(text: str, base: str | None = None) -> str:
    """Render and sanitise a text."""
    markdown = parser()
    return Press(markdown, base).html(markdown.parse(text))


def test_headings() -> None:
    """An HTML heading is a heading, with its lines, its level and its link."""
    text = '\n<h3 id="x">\n <a href="https://a.test/">\n  <span>A &amp; b</span>\n </a>\n</h3>\n\nt'
    heading, paragraph = blocks_of(parser().parse(text))
    assert (heading.level, heading.line, heading.end, heading.title) == (3, 2, 6, "A & b")
    assert [child.type for child in heading.children][:2] == ["link_open", "text"]
    assert (paragraph.kind, paragraph.line) == ("paragraph_open", 8)


def test_headings_with_text_around() -> None:
    """What stands before and after an HTML heading stays, in its place."""
    text = "<div align=center>\nbefore\n<h1>T</h1>\nafter<br>more\n</div>"
    blocks = blocks_of(parser().parse(text))
    assert [(block.level, block.line) for block in blocks] == [(0, 2), (1, 3), (0, 4)]
    assert press(text) == "<p>before</p>\n<h4>T</h4>\n<p>after<br>more</p>"


@pytest.mark.parametrize("around", ["table", "details", "blockquote", "pre"])
def test_headings_within(around: str) -> None:
    """A heading within a table, a quotation or folded text heads nothing."""
    blocks = blocks_of(parser().parse(f"<{around}>\n<h2>T</h2>\n</{around}>"))
    assert [block.level for block in blocks] == [0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<a href='https://a.test/?a=1&amp;b=2'>t</a>", "[t](https://a.test/?a=1&b=2)"),
        ("- <b>t</b>: <i>x</i>", "- **t**: *x*"),
        ('<p align="center"><a href=https://a.test/>t</a></p>', "[t](https://a.test/)"),
        ("<center>t <font color=red>x</font></center>", "t x"),
        ("a <i class=icon></i>b", "a b"),
    ],
)
def test_same_as_markdown(text: str, expected: str) -> None:
    """HTML that says what Markdown can say becomes the same HTML and the same text."""
    assert press(text) == press(expected)
    assert body_text(parser().parse(text)) == body_text(parser().parse(expected))


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ('<iframe width="5"\n  src="https://v.test/1"></iframe>', "https://v.test/1"),
        ("see <audio src=https://v.test/2.mp3 controls></audio>", "https://v.test/2.mp3"),
        ("<video controls>\n<source src='//v.test/3'>\nNo video\n</video>", "https://v.test/3"),
        ('<object data="https://v.test/4"><embed src="/x"></object>', "https://v.test/4"),
        ("<embed src=https://v.test/5>", "https://v.test/5"),
        ("<iframe src='/6'>", "https://base.test/6"),
        (
            '<iframe title="YouTube video player"'
            ' src="//www.youtube-nocookie.com/embed/abcdefghijk?x=1"></iframe>',
            "https://www.youtube.com/watch?v=abcdefghijk",
        ),
    ],
)
def test_players(text: str, address: str) -> None:
    """A frame or a player leaves a plain link, and nothing meant for those who cannot play."""
    html = press(text, "https://base.test/")
    assert f'href="{address}"' in html
    assert html.count("<a ") == 1
    assert "No video" not in html


@pytest.mark.parametrize(
    "image",
    [
        '<img src="https://t.test/c" width="1" height="1">',
        "<img src=https://t.test/c height=0 width=0px>",
        '<img src="https://t.test/c" style="display: none">',
    ],
)
def test_pixels(image: str) -> None:
    """Pictures that count readers go; others stay."""
    assert press(f"a {image}") == "<p>a</p>" or press(f"a {image}") == "<p>a </p>"
    assert press(f"<div>a {image}</div>") == "<p>a</p>"
    assert "<img" in press('a <img src="https://t.test/c" width="1">')


@pytest.mark.parametrize(
    ("text", "seen", "unseen"),
    [
        ("<blockquote><p>q</p></blockquote> <script>s()</script>", "q", "s()"),
        ("a <script>s()</script> b", "b", "s()"),
        ("a <script> b\n\nnext", "next", "<script"),
        ("<div>\n<svg> a\n</div>\n\nnext", "next", "<svg"),
        ("<details><summary>more</summary>\n\n*inner*\n\n</details>", "<em>inner</em>", "details"),
        ("<details><summary>more</summary>\n\n*inner*\n\n</details>", "more", "details"),
    ],
)
def test_seen_and_unseen(text: str, seen: str, unseen: str) -> None:
    """Scripts go with their text; what never ends hides nothing; folded text is open."""
    html = press(text)
    assert seen in html
    assert unseen not in html


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("a List<int> b <i>c</i>", "<p>a List&lt;int&gt; b <em>c</em></p>"),
        ("cd <path>; <Foo /> </text> x", "<p>cd &lt;path&gt;; &lt;Foo /&gt; &lt;/text&gt; x</p>"),
        ("<path>\nbelow", "<p>&lt;path&gt; below</p>"),
        ("<div>\na <set> b\n</div>", "<p>a &lt;set&gt; b</p>"),
        ('a <path d="M0"> b', "<p>a  b</p>"),
        ("<div>\na <o:p></o:p>b\n</div>", "<p>a b</p>"),
        ("<math><mi>x</mi></math> a", "<p><math><mi>x</mi></math> a</p>"),
        ('<svg><path d="M0"/><text>t</text></svg> a', "<p> a</p>"),
    ],
)
def test_words_in_angle_brackets(text: str, html: str) -> None:
    """What is no element of HTML hides nothing: it is shown, or where it is markup goes alone."""
    assert press(text) == html


@given(
    st.lists(
        st.sampled_from(
            [
                "<h2>",
                "</h2>",
                "<p>",
                "</p>",
                "<div>",
                "<a>",
                "</b>",
                "<b>",
                "<i>",
                "w1",
                "w2",
                "\n",
                "<br>",
            ]
        )
    )
)
def test_no_word_is_lost(parts: list[str]) -> None:
    """However tags are nested, every word is in the HTML and in the text, in order."""
    text = " ".join(parts)
    words = [part for part in parts if part.startswith("w")]
    plain = body_text(parser().parse(text)).split()
    assert [word for word in plain if word.startswith("w")] == words
    html = press(text)
    assert [html[i : i + 2] for i in range(len(html)) if html[i : i + 2] in {"w1", "w2"}] == words


@pytest.mark.parametrize("name", ["textarea", "xmp", "plaintext"])
@pytest.mark.parametrize("before", ["", "We "])
def test_no_element_shows_the_tags_after_it(name: str, before: str) -> None:
    """A browser would show `</p>` and all that follows as it is written."""
    html = press(f"{before}<{name}> and **more**\n\nNext.")
    assert "&lt;" not in html
    assert "Next." in html
