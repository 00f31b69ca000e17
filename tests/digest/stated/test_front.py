"""front: what counts as front matter, and where it breaks."""

import pytest

from publisher.digest.stated.front import Field, split
from publisher.model import Level


def test_yaml_values_stay_as_written() -> None:
    """Numbers, dates and booleans stay texts; tags and quotes are taken off."""
    front = split("---\nslug: 008\ndate: 2016-8-22\ntitle: ! 'Issue #99'\nsend: no\nnil: ~\n---\nx")
    assert front.fields == {
        "slug": Field("008", 2),
        "date": Field("2016-8-22", 3),
        "title": Field("Issue #99", 4),
        "send": Field("no", 5),
    }


def test_lines_are_kept() -> None:
    """The body keeps its line numbers."""
    assert split("\n---\na: b\n---\n# T\n").body == "\n\n\n\n# T\n"


def test_lists_and_what_is_neither() -> None:
    """Lists of texts are lists; anything nested is no value but has a line."""
    front = split("---\ntags:\n  - a\n  - 'b c'\nhead:\n  - - deep\nmap: {a: b}\nlast: x\n---\n")
    assert front.fields["tags"] == Field(("a", "b c"), 2)
    assert front.fields["head"] == Field(None, 5)
    assert front.fields["map"] == Field(None, 7)
    assert front.fields["map.a"] == Field("b", 7)
    assert front.fields["last"] == Field("x", 8)


@pytest.mark.parametrize(
    "text",
    [
        "---\n\n# A title\n\ntext\n\n---\n",
        "---\nA sentence of prose.\n---\n",
        "---\nnever: closed\n",
        "# T\n\n---\na: b\n---\n",
        "Title without colon\n",
        "Note: this is a sentence.\n\nText\n",
        "Title: one\nand prose\n\nText\n",
        "---\nA word: and then\nprose goes on.\n---\n",
        '{\n"a": 1\n',
        "{\ntext\n}\n",
    ],
)
def test_no_front_matter(text: str) -> None:
    """A rule at the top, an unclosed fence and prose are no front matter."""
    front = split(text)
    assert (front.body, front.fields, front.findings) == (text, {}, ())


@pytest.mark.parametrize(
    "text", ["\n---\ntitle: T\n# A heading\n", '\n+++\ntitle = "T"\n\ntext\n', "\n---\nDate: x"]
)
def test_front_matter_that_never_ends(text: str) -> None:
    """A fence, a key we know and no second fence: the fence's line is named."""
    (finding,) = split(text).findings
    assert (finding.level, finding.line) == (Level.STOP, 2)
    assert "never ends" in finding.message


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("---\ntitle: a: b\n---\n", 2, 9),
        ("\n---\nok: 1\ntitle: 'open\n---\n", 4, 13),
        ("---\na: [1, 2\n---\n", 2, 9),
        ("+++\nok = 1\ntitle = oops\n+++\n", 3, 9),
        ("+++\nok = \n+++\n", 2, 6),
        ("---\nodd: 1\nslip\ntitle: T\n---\n", 4, 1),
        ('\n{\n"a": 1,\n"b" 2\n}\n', 4, 5),
        ('---\n.title = "T",\n.date = ;\n---\n', 3, 9),
    ],
)
def test_broken_front_matter(text: str, line: int, column: int) -> None:
    """Broken front matter stops with its place and a remedy."""
    found = split(text).findings
    assert [(f.level, f.code, f.line) for f in found] == [(Level.STOP, "digest/front-matter", line)]
    assert found[0].column == column
    assert found[0].hint


def test_toml() -> None:
    """TOML values become texts with their lines; tables are no values."""
    front = split(
        '+++\ntitle = "T"\ndate = 2024-04-12\ntags = ["a", 1]\ndraft = true\n[x]\ny=1\n+++\n'
    )
    assert front.fields == {
        "title": Field("T", 2),
        "date": Field("2024-04-12", 3),
        "tags": Field(("a", "1"), 4),
        "draft": Field("true", 5),
        "x": Field(None, 6),
        "x.y": Field("1", 7),
    }


def test_people_and_meta_tags() -> None:
    """People are their names; the picture of a head's meta tags is found however deep."""
    front = split(
        "---\nauthors:\n  - name: Ada\n    site: x\n  - Grace\nauthor:\n  name: Ada\nhead:\n"
        "  - - meta\n    - property: og:image\n      content: https://a.example/p.png\n---\n"
    )
    assert front.fields["authors"] == Field(("Ada", "Grace"), 2)
    assert front.fields["author.name"] == Field("Ada", 7)
    assert front.fields["og:image"] == Field("https://a.example/p.png", 8)


def test_zine() -> None:
    """Zine's fields are texts; a date is what its brackets hold, braces are no value."""
    front = split(
        '---\n.title = "A \\"T\\"",\n.date = @date("2020-01-01T00:00:00"),\n'
        '.tags = ["a",\n "b"], // both\n.custom = .{ .deep = "x" },\n.draft = false,\n---\n# T\n'
    )
    assert front.fields == {
        "title": Field('A "T"', 2),
        "date": Field("2020-01-01T00:00:00", 3),
        "tags": Field(("a", "b"), 4),
        "draft": Field("false", 7),
    }
    assert front.body.split("\n")[8] == "# T"


def test_json() -> None:
    """JSON values are the texts that were written, with their lines."""
    front = split(
        '{\n  "title": "T",\n  "number": 1.50,\n  "tags": ["a"],\n  "nil": null\n}\n\ntext\n'
    )
    assert front.fields == {
        "title": Field("T", 2),
        "number": Field("1.50", 3),
        "tags": Field(("a",), 4),
    }
    assert front.body == "\n\n\n\n\n\n\ntext\n"


def test_pelican_header() -> None:
    """Header lines end at the empty line; an indented line goes on with the one above."""
    front = split("Title: This\n  and that\nDate: 2020-11-27\n\n# News\n")
    assert front.fields == {"title": Field("This and that", 1), "date": Field("2020-11-27", 3)}
    assert front.body == "\n\n\n\n# News\n"


def test_control_characters_spelt_in_yaml() -> None:
    """An escape in a quoted value brings no forbidden character in."""
    assert split('---\ntitle: "a\\u202eb\\x02c"\n---\n').fields["title"] == Field("abc", 2)


def test_full_width_colons_are_colons() -> None:
    """An input method's slip behind a known key is read, and said; elsewhere it is text."""
    front = split("---\ntitle：茶 周刊：一\nlang: zh\n---\n注：正文\n")
    assert front.fields["title"].value == "茶 周刊：一"
    (finding,) = front.findings
    assert (finding.code, finding.line, finding.column) == ("digest/full-width-colon", 2, 6)
    assert split("---\nnote：x\n---\n").findings == ()
