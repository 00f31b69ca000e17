"""Tables in a mail: which are too wide, and what stands for them."""

import pytest

from publisher.render.rows import html_rows, text_rows
from publisher.render.tables import Table, boxed, plain_tables, without_lines, without_wide


def table(*rows: list[str], caption: str = "") -> str:
    """A table whose first row has its headings."""
    head, *body = rows
    cells = "".join(f"<th>{one}</th>" for one in head)
    lines = "".join(f"<tr>{''.join(f'<td>{one}</td>' for one in row)}</tr>" for row in body)
    named = f"<caption>{caption}</caption>" if caption else ""
    return f"<table>{named}<thead><tr>{cells}</tr></thead><tbody>{lines}</tbody></table>"


FIVE = table(
    ["Boat", "Crew", "Year", "Length", "Sails"], ["Eel", "2", "1901", "9 m", "1"], list("abcde")
)
FOUR = table(["a", "b", "c", "d"], ["甲" * 60, "word " * 50, "3", "4"])


def wide(html: str) -> list[Table]:
    """The tables that are too wide."""
    return without_wide(html, lambda one: "")[1]


def test_more_than_four_columns_are_too_many() -> None:
    """Five columns tear a mail apart on a telephone; long text in four wraps."""
    assert wide(FIVE) == [
        Table(
            "Boat · Crew · Year",
            2,
            (
                "Boat | Crew | Year | Length | Sails",
                "Eel | 2 | 1901 | 9 m | 1",
                "a | b | c | d | e",
            ),
        )
    ]
    assert wide(FOUR) == []


def test_words_that_cannot_be_broken_are_measured() -> None:
    """Two columns are too wide where each has a word of forty letters."""
    assert wide(table(["a", "b"], ["x" * 40, "y" * 40])) != []
    assert wide(table(["a", "b"], ["x" * 40, "y " * 40])) == []


def test_columns_are_counted_with_their_spans() -> None:
    """A cell may span several."""
    assert wide('<table><tr><td colspan="5">a</td></tr><tr><td>b</td></tr></table>') != []
    assert wide('<table><tr><td colspan="x">a</td></tr></table>') == []


def test_a_caption_names_a_table() -> None:
    """Else its first headings do."""
    (found,) = wide(table(list("abcde"), list("fghij"), caption="The  fleet"))
    assert (found.name, found.rows) == ("The fleet", 1)


def test_what_stands_around_stays() -> None:
    """Only the wide one goes, the outer one where tables nest."""
    html, _ = without_wide(f"<p>x</p>{FIVE}<p>y</p>{FOUR}", lambda one: f"[{one.rows}]")
    assert html == f"<p>x</p>[2]<p>y</p>{FOUR}"
    nested = f"<table><tr><td>{FIVE}</td></tr></table>"
    html, found = without_wide(f"{nested}<p>z</p>", lambda one: "[t]")
    assert (html.endswith("<p>z</p>"), len(found)) == (True, 1)


def test_plain_attributes() -> None:
    """They hold where style sheets are dropped, and the side of a cell where they are not."""
    html = '<table><tr><td align="right">1</td><th scope="col" align="center">2</th></tr></table>'
    assert plain_tables(html) == (
        '<table border="0" cellpadding="6" cellspacing="0"><tr><td style="text-align:right">1</td>'
        '<th scope="col" style="text-align:center">2</th></tr></table>'
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("p\n\na | b\nc | d\n\nq", "p\n\nHERE\n\nq"),
        ("> a | b\n> c | d", "HERE"),
        ("a | b\n\nc | d", "a | b\n\nc | d"),
    ],
)
def test_the_text_has_no_rows_of_it_either(text: str, expected: str) -> None:
    """Rows that are found whole go; what is not plainly the table stays."""
    assert without_lines(text, Table("", 1, ("a | b", "c | d")), "HERE") == expected


def test_on_the_page_each_has_a_box_with_its_name() -> None:
    """Its caption or first headings name it, else our word; what stands within one has no other."""
    named = boxed(f"<p>x</p>{FOUR}", "Table")
    box = '<div class="wide" tabindex="0" role="region" aria-label="{}">{}</div>'
    assert named == f"<p>x</p>{box.format('a · b · c', FOUR)}"
    nested = f"<table><tr><td>{FIVE}</td></tr></table>"
    assert boxed(nested, "Table").count('class="wide"') == 1
    bare = "<table><tr><td></td></tr></table>"
    assert boxed(bare, "Table") == box.format("Table", bare)
    quoted = "<table><tr><td>&quot;&lt;</td></tr></table>"
    assert 'aria-label="&quot;&lt;"' in boxed(quoted, "Table")


def test_row_by_row() -> None:
    """Headings stand before what they head, rows apart; what spans columns has none before it."""
    html = (
        "<table><tr><th>Boat:</th><th>Crew &amp; co</th></tr><tr><td>Eel</td><td></td></tr>"
        '<tr><td colspan="2">laid <em>up</em> &lt; here</td></tr><tr><td>Cod</td><td>3</td></tr></table>'
    )
    assert text_rows(html) == "Boat: Eel\n\nlaid up < here\n\nBoat: Cod\nCrew & co: 3"
    assert "<div>laid <em>up</em> &lt; here</div>" in html_rows(html)
    assert "<div>Crew &amp; co: 3</div>" in html_rows(html)


def test_tables_within_each_other_are_told_once() -> None:
    """The outer one's cell is its rows."""
    nested = f"<table><tr><td>{FOUR}</td></tr></table>"
    assert text_rows(nested).count("甲" * 60) == 1
    assert html_rows(nested).count("甲" * 60) == 1
