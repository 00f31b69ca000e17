"""references: a definition counts anywhere, a slip of the pen is read as it was meant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.digest import read
from publisher.digest.markup.bodies import Press
from publisher.digest.markup.markdown import parser
from publisher.digest.markup.plain import body_text


def press(text: str) -> str:
    """Render and sanitise a text."""
    markdown = parser()
    return Press(markdown, None).html(markdown.parse(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[t][x] p\n\n[x]: https://a.test/", "[t](https://a.test/) p"),
        ("[x]: https://a.test/\n[t][x] p", "[t](https://a.test/) p"),
        ("[t][x] p\n[x]: https://a.test/ 'T'\nq", "[t](https://a.test/ 'T') p\n\nq"),
        ("- [x][]\n  [x]: <https://a.test/>", "- [x](https://a.test/)"),
        ("[t] (https://a.test/a_(b)) p", "[t](https://a.test/a_(b)) p"),
        ("[*t*]  (https://a.test/)", "[*t*](https://a.test/)"),
        ("a (t u)[https://a.test/] p", "a [t u](https://a.test/) p"),
        ("[](https://a.test/)", "[https://a.test/](https://a.test/)"),
        ("[t](<https://a.test/a b>)", "[t](https://a.test/a%20b)"),
        ("[t](https://a.test/(a)(b))", "[t](<https://a.test/(a)(b)>)"),
    ],
)
def test_links(text: str, expected: str) -> None:
    """What can only be meant as a link is one."""
    assert press(text) == press(expected)
    assert "<a " in press(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("see [x][] and [*t* `c`][y z] p", "see x and t c p"),
        ("a ![words][pic]", "a words"),
        ("[o [x][] p](https://a.test/)", "o x p"),
        ("x[0][1] a[i][j] [1][2] [][]", "x[0][1] a[i][j] [1][2] [][]"),
        ("[note]: this\n\np [note] q", "p note q"),
        ("p\n[note]: this\nq", "p [note]: this q"),
        ("[t](https://a.test/ and so on", "[t](https://a.test/ and so on"),
        ("[t](a b c) [u] (not an address)", "[t](a b c) [u] (not an address)"),
        ("a []() [t]() b", "a  t b"),
    ],
)
def test_words(text: str, expected: str) -> None:
    """What is no link keeps its words, without brackets where they were a reference's."""
    assert body_text(parser().parse(text)) == expected


def test_reported() -> None:
    """References without a definition are named once each, from the first one's line."""
    text = "# T\n\na [one][] b\n[two][second] c [one][]\n\n[x][y] in the table\n"
    (found,) = [f for f in read(text.encode()).findings if f.code == "digest/undefined-link"]
    assert "“one”, “second”, “y”." in found.message
    assert found.line == 3


def test_many_are_counted() -> None:
    """Of very many the first are named."""
    text = "".join(f"[w{n}x][] " for n in range(20))
    (found,) = [f for f in read(text.encode()).findings if f.code == "digest/undefined-link"]
    assert "and 15 more" in found.message


@given(st.lists(st.sampled_from(["[", "]", "(", ")", "wa", "wb", " ", "][", "] (", "!", "`", "*"])))
def test_no_word_is_lost(parts: list[str]) -> None:
    """Brackets however broken take no word away but a reference's name."""
    text = "x " + "".join(parts)  # behind a word, so that backticks open no block of code
    plain = body_text(parser().parse(text))
    if "][" not in text:
        assert plain.count("w") == text.count("w")
