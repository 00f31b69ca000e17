"""Code in colours: what gets one, what stays as it is."""

import re
from collections.abc import Callable
from html import escape, unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mjml import mjml2html

from publisher.colours import READABLE, contrast
from publisher.model import Look
from publisher.render import colouring
from publisher.render.colouring import MOST_SIGNS, MOST_SPANS, inks_on
from publisher.render.fragments import for_mjml
from publisher.render.shades import Shades, by_day, by_night

PYTHON = '''import os  # files

@cached
def fold(line, width=70):
    """Fold a line."""
    # first
    # second
    return "a" if line not in "b" else <1>
'''
FRAME = "<mjml><mj-body><mj-section><mj-column><mj-text>{}</mj-text></mj-column></mj-section></mj-body></mjml>"
INKS = inks_on(by_day(Look()))
LOOKS = {
    "ours": Look(),
    "white": Look(paper="#ffffff", ink="#000000"),
    "faint": Look(paper="#ffffff", ink="#767676", paper_dark="#000000", ink_dark="#777777"),
    "turned": Look(paper="#222222", ink="#eeeeee", paper_dark="#f4f4f4", ink_dark="#333333"),
    "coloured": Look(paper="#ffe9c7", ink="#3b2a10", paper_dark="#0d2b1e", ink_dark="#cfe8da"),
}


def coloured(html: str) -> str:
    """Colour code in our own inks."""
    return colouring.coloured(html, INKS)


def block(code: str, language: str = "python") -> str:
    """Code as the digest room writes it."""
    return f'<pre><code class="language-{language}">{escape(code, quote=False)}</code></pre>'


def shown(html: str) -> str:
    """The code a reader sees."""
    return unescape(re.sub(r"<[^>]*>", "", html))


def test_each_kind_has_its_ink() -> None:
    """A span has a class for the dark and a style for the light; what is plain has no span."""
    html = coloured(block(PYTHON))
    assert f'<span class="k" style="color:{INKS["k"]}">def</span> <span class="n"' in html
    assert f'<span class="m" style="color:{INKS["m"]}">70</span>):\n' in html
    assert f'<span class="s" style="color:{INKS["s"]}">"""Fold a line."""</span>' in html
    assert "(line, width=" in html
    assert '<span class="d"' in coloured(block("- a\n+ b\n", "diff"))


def test_runs_of_one_ink_are_one_span() -> None:
    """White space between two of a kind belongs to them: every span is bytes."""
    html = coloured(block(PYTHON))
    assert "# first\n    # second</span>" in html
    assert ">not in</span>" in html


@pytest.mark.parametrize("language", ["python", "nosuch", "text", "c++", "{{x}}"])
def test_no_letter_changes(language: str) -> None:
    """What a reader copies is what was written, in whatever language."""
    assert shown(coloured(block("\n" + PYTHON + "\n\n", language))) == "\n" + PYTHON + "\n\n"


@given(
    st.text(st.sampled_from("ab \"'\n\t\\{}()#/*<>&;=01風"), max_size=60),
    st.sampled_from(["python", "js", "rust"]),
)
def test_no_letter_changes_whatever_it_is(code: str, language: str) -> None:
    """Also code that is none."""
    assert shown(coloured(block(code, language))) == code


@pytest.mark.parametrize(
    "html",
    [
        block("x = 1", "nosuch"),
        "<pre><code>x = 1</code></pre>",
        '<p><code class="language-python">x = 1</code></p>',
        '<pre><code class="language-python">x <b>= 1</b></code></pre>',
        block("x = 1\n" * (MOST_SPANS + 1)),
        block("#" * (MOST_SIGNS + 1)),
    ],
)
def test_what_stays_plain(html: str) -> None:
    """An unknown language, none, code in a line, or too much of it, has no colours."""
    assert coloured(html) == html


@pytest.mark.parametrize("half", [by_day, by_night])
@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS.keys())
def test_every_ink_can_be_read(look: Look, half: Callable[[Look], Shades]) -> None:
    """On whatever paper a newsletter has, by day and by night, as far as its text can."""
    shades = half(look)
    for ground in (shades.paper, shades.soft):
        least = min(READABLE, contrast(shades.ink, ground))
        assert all(contrast(ink, ground) >= least for ink in inks_on(shades).values())


def test_lines_survive_mjml() -> None:
    """A line break between two spans is there when the MJML parser is done."""
    html = coloured(block("# a\n1\n# b\n"))
    drawn = mjml2html(FRAME.format(for_mjml(html)), fonts={}, disable_comments=True)
    assert "# a\n1\n# b\n" in shown(drawn)
