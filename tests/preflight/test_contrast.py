"""preflight.contrast: what each reader sees is measured, by day and in the dark."""

from dataclasses import replace

import pytest

from publisher.model import Finding, Level, Look, Newsletter
from publisher.preflight.contrast import judge
from publisher.preflight.styles import tree

PLAIN = Newsletter("n", "N")


def found_in(html: str, newsletter: Newsletter = PLAIN) -> list[Finding]:
    """Judge a mail."""
    return judge(tree(html), newsletter)


@pytest.mark.parametrize(
    "html",
    [
        '<p style="color:#767676;background:#fff">readable</p>',
        '<p style="color:#949494;font-size:24px">large</p>',
        '<h2 style="color:#949494;font-size:19px">large and bold</h2>',
        '<div style="display:none;color:#fff">unseen</div>',
        '<p style="color:#fff">\u034f\u200c\xa0 · </p>',
        '<div style="background-color:#000"><p style="color:#fff">on another ground</p></div>',
        '<table bgcolor="#000000"><tr><td style="color:#fff">x</td></tr></table>',
        '<p style="color:rgba(0,0,0,0.7)">seen through</p>',
        '<div style="background:#000 url(x.png)"><p style="color:white">x</p></div>',
    ],
)
def test_readable(html: str) -> None:
    """What can be read is no finding, nor is what is not seen."""
    assert found_in(html) == []


@pytest.mark.parametrize(
    ("html", "ratio"),
    [
        ('<p style="color:#777777;background:#fff">words</p>', "4.5"),
        ('<p style="color:#999;font-size:23px">words</p>', "2.8"),
        ('<p style="color:#959595;font-size:24px">words</p>', "3.0"),
        ('<div style="color:#fff"><p>words</p></div>', "1.0"),
        ('<p style="color:#000;background-color:#222">words</p>', "1.3"),
        ('<p style="color:#fff"><b></b>words</p>', "1.0"),
        ('<p style="color:rgba(0,0,0,0.3)">words</p>', "2.1"),
        ('<div style="background:#0000ee"><a href="https://a.test/">words</a></div>', "1.0"),
        ('<div style="color:#999;font-size:30px"><p style="font-size:50%">words</p></div>', "2.8"),
    ],
)
def test_too_faint(html: str, ratio: str) -> None:
    """Words that cannot be read upon their ground warn, with their beginning and the ratio."""
    (found,) = found_in(html)
    assert (found.level, found.code) == (Level.WARN, "preflight/contrast")
    assert "“words”" in found.message
    assert f"a contrast of {ratio};" in found.message


def test_one_pair_of_colours_is_one_finding() -> None:
    """The first place is quoted and the others counted."""
    (found,) = found_in('<p style="color:#aaa">first</p><p style="color:#aaa">second</p>' * 3)
    assert "“first” and 5 more places" in found.message


def test_the_dark_is_measured_apart() -> None:
    """Rules for dark surroundings are applied, over the styles in the elements."""
    css = "@media (prefers-color-scheme:dark){.p{color:%s !important;background-color:#111 !important}}"
    html = f'<style>{css}</style><p class="p" style="color:#000;background-color:#fff">words</p>'
    assert found_in(html % "#eee") == []
    (found,) = found_in(html % "#333")
    assert "#333333 on #111111" in found.message
    assert "in the dark" in found.message


def test_rules_for_the_dark_do_not_touch_the_day() -> None:
    """What is faint by day is told of the day."""
    css = "@media (prefers-color-scheme:dark){p{color:#eee !important;background:#111 !important}}"
    (found,) = found_in(f'<style>{css}</style><p style="color:#ccc">words</p>')
    assert "in the dark" not in found.message


def test_a_colour_of_the_settings_is_named_by_its_key() -> None:
    """A faint accent is mended in publisher.toml, any other colour in the templates."""
    pale = replace(PLAIN, look=Look(accent="#ffcc00"))
    html = '<p style="color:#ffcc00;background:#fff">words</p>'
    (found,) = found_in(html, pale)
    assert found.hint == "Choose another accent, in the look of publisher.toml."
    (found,) = found_in(html)
    assert "templates/mail/" in found.hint
