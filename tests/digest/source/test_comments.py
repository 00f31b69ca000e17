"""comments: gone before anything is read, without moving a line."""

import pytest

from publisher.digest.source.comments import without_comments


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a <!-- x --> b", "a  b"),
        ("a\n<!-- # x\n- y\n-->\nb", "a\n\n\n\nb"),
        ("<!-- x --><!-- y -->z", "z"),
        ("<!-->a<!--->b", "ab"),
        ("`<!-- kept -->`", "`<!-- kept -->`"),
        ("```\n<!-- kept -->\n```\n<!-- gone -->", "```\n<!-- kept -->\n```\n"),
        ("- ```\n  <!-- kept -->\n  ```", "- ```\n  <!-- kept -->\n  ```"),
        (r"\<!-- kept -->", r"\<!-- kept -->"),
        ("<!-- ``` -->\n<!-- gone -->", "\n"),
        ("in a line <!-- never closed", "in a line <!-- never closed"),
    ],
)
def test_comments(text: str, expected: str) -> None:
    """Comments go, code and escapes stay, lines are as many as before."""
    kept, findings = without_comments(text)
    assert (kept, findings) == (expected, [])
    assert kept.count("\n") == text.count("\n")


def test_open_comment_hides_the_rest() -> None:
    """A comment without an end hides what follows and holds the issue."""
    kept, (found,) = without_comments("# T\n\n  <!-- open\n# hidden\n")
    assert kept == "# T\n\n\n\n"
    assert (found.code, found.line, found.column) == ("digest/open-comment", 3, 3)
