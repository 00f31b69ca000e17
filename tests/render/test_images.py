"""How the pictures of a digest are shown: ours as pictures, strangers' as links."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.digest.markup.bodies import Press
from publisher.digest.markup.markdown import parser
from publisher.model import Issue, Item, Picture, Section
from publisher.render.images import addresses, cover, is_local, narrowed, shown

FAR = "https://img.example/a.png"
OURS = Picture("a.png", "0123456789abcdef.png", 800, 400, "hash")
BASE = "https://old.example/blog/"


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        (f'<img src="{FAR}" alt="a cup">', f'<a href="{FAR}">a cup</a>'),
        (f'<img src="{FAR}" alt="">', f'<a href="{FAR}">a.png</a>'),
        (
            '<img src="https://img.example/0a1b2c3d-4e5f-6071-8293.png">',
            '<a href="https://img.example/0a1b2c3d-4e5f-6071-8293.png">img.example</a>',
        ),
        (f'<img src="{FAR}" title="cup">', f'<a href="{FAR}">cup</a>'),
        (
            '<img src="https://www.img.example/x?y=1&amp;z">',
            '<a href="https://www.img.example/x?y=1&amp;z">img.example</a>',
        ),
        (
            '<img src="https://img.example/%E5%9B%BE.png">',
            '<a href="https://img.example/%E5%9B%BE.png">图.png</a>',
        ),
        (
            f'<a href="https://b.example/"><img src="{FAR}" alt="&lt;b&gt;"></a><img src="{FAR}">',
            f'<a href="https://b.example/">&lt;b&gt;</a><a href="{FAR}">a.png</a>',
        ),
        (
            f'<a href="https://www.b.example/x"><img src="{FAR}" alt=""></a>',
            '<a href="https://www.b.example/x">b.example</a>',
        ),
        (
            f'<a href="https://b.example/"><img src="{FAR}"> <b>Follow us</b></a>',
            '<a href="https://b.example/"> <b>Follow us</b></a>',
        ),
        (
            f'<a href="https://b.example/"><img src="{FAR}" alt="x"><img src="{FAR}"></a>',
            '<a href="https://b.example/">x</a>',
        ),
        (
            f'<a href="mailto:a@b.example"><img src="{FAR}"></a>',
            '<a href="mailto:a@b.example">a.png</a>',
        ),
        (f'<a href="https://[x"><img src="{FAR}"></a>', '<a href="https://[x">a.png</a>'),
        (f'<a id="x"></a><img src="{FAR}">', f'<a id="x"></a><a href="{FAR}">a.png</a>'),
        (f'<p>a<img src="{FAR}" width="1" height="1">b</p>', "<p>ab</p>"),
        (f'<img src="{FAR}" width="0">', ""),
        ('<img src="b.png" alt="no such">', "no such"),
        ('<img alt="no address">', "no address"),
        ("<img>", ""),
        ('<img src="javascript:x()" alt="x">', "x"),
        ("<p>none</p>", "<p>none</p>"),
    ],
)
def test_what_is_not_ours_is_a_link(html: str, expected: str) -> None:
    """A stranger's picture is a link under its words, its name or its host; a pixel is nothing.

    Within a link the link's own words are enough, or its host: a file name says less.
    """
    assert shown(html, (OURS,), None) == expected


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ('<img src="a.png" alt="x">', 'alt="x" width="800" height="400">'),
        ('<img src="a.png">', 'alt="" width="800" height="400">'),
        ('<img src="a.png" alt="x" width="400" height="9">', 'alt="x" width="400" height="200">'),
        ('<img src="a.png" width="200px">', 'alt="" width="200" height="100">'),
        ('<img src="a.png" width="50%">', 'alt="" width="800" height="400">'),
        ('<img src="a.png" width="9000">', 'alt="" width="800" height="400">'),
        (
            '<img src="a.png" alt="a &quot;b&quot; &lt;" title="t">',
            'alt="a &quot;b&quot; &lt;" title="t" width="800" height="400">',
        ),
    ],
)
def test_ours_is_a_picture(html: str, expected: str) -> None:
    """One of ours has its file's name, its words, and a size that is never larger than it is."""
    assert shown(html, (OURS,), None) == f'<img src="0123456789abcdef.png" {expected}'


def test_a_base_gives_local_pictures_a_link() -> None:
    """Where the digest used to stand elsewhere, a picture not gathered is a link to there."""
    html = '<img src="b.png" alt="b"><img src="/c.png"><img src="a.png">'
    assert shown(html, (), BASE) == (
        '<a href="https://old.example/blog/b.png">b</a>'
        '<a href="https://old.example/c.png">c.png</a>'
        '<a href="https://old.example/blog/a.png">a.png</a>'
    )


def test_what_shows_nothing_is_left_out() -> None:
    """A picture that turned out to be a pixel is not shown."""
    pixel = Picture(FAR, "", 1, 1, "hash")
    assert shown(f'<p>a<img src="{FAR}" alt="x">b</p>', (pixel,), None) == "<p>ab</p>"


def test_addresses() -> None:
    """Every picture is listed once, in reading order, the cover first; pixels are not."""
    issue = Issue(
        html=f'<img src="{FAR}"><img src="{FAR}">',
        image="cover.png",
        sections=(
            Section(
                (
                    Item("t", html='<img src="x.png?a&amp;b" alt=">">'),
                    Item("t", above_html='<img src="above.png">', html='<img src="in.png">'),
                ),
                html='<img src="s.png">',
                closing_html='<img src="closing.png">',
            ),
            Section((Item("t", html='<img src="p.gif" width="1" height="1"><img alt="">'),)),
        ),
    )
    assert addresses(issue) == (
        "cover.png", FAR, "s.png", "x.png?a&b", "above.png", "in.png", "closing.png",
    )  # fmt: skip


def test_cover() -> None:
    """The picture of the issue is ours where it was gathered, else the address stated."""
    page = "https://news.example/issues/1/"
    issue = Issue(image="a.png", pictures=(OURS,))
    assert cover(issue, page, None) == f"{page}0123456789abcdef.png"
    assert cover(issue, None, None) is None
    assert cover(Issue(image="a.png"), page, None) is None
    assert cover(Issue(image="a.png"), page, BASE) == "https://old.example/blog/a.png"
    assert cover(Issue(image=FAR), page, None) == FAR
    assert cover(Issue(), page, BASE) is None


def test_narrowed() -> None:
    """In mail no picture claims more columns than there are; a small one keeps its size."""
    html = (
        '<img src="a.png" alt="" width="800" height="400"><img src="b.png" width="10" height="9">'
    )
    assert narrowed(html) == (
        '<img src="a.png" alt="" width="560" height="280"><img src="b.png" width="10" height="9">'
    )


@pytest.mark.parametrize("address", ["a.png", "./a.png", "/a.png", "../a.png", "图.png", "a:b/c"])
def test_is_local(address: str) -> None:
    """A path is local; what names a scheme is not."""
    assert is_local(address) == (":" not in address)


@given(st.text('<>"=&/ :.#?\\\nabimgsrclt', max_size=80), st.booleans())
def test_nothing_of_a_stranger_is_ever_loaded(text: str, has_base: bool) -> None:
    """Whatever a digest writes, no `<img>` comes out but for what was gathered."""
    markdown = parser()
    source = (
        f'{text}\n\n<img src="{text}">\n\n![{text}]({text})\n\n<img alt="{text}" src=//h/{text}>'
    )
    html = Press(markdown, None).html(markdown.parse(source))
    out = shown(html, (OURS,), BASE if has_base else None)
    assert not re.search(r'<img(?! src="0123456789abcdef\.png" alt="[^"]*")', out)
