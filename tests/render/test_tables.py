"""Tables in a mail: which are too wide, and what stands for them."""

import pytest

from publisher.render.tables import Table, plain_tables, without_lines, without_wide


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
