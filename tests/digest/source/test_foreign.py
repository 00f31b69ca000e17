"""foreign: another markup is told and refused, Markdown never is."""

from pathlib import Path

import pytest

from publisher.digest import read
from publisher.digest.source.foreign import not_markdown
from publisher.model import Level

REST = """\
River letter
############

:date: 2024-05-01

News
====

- The `long bridge`_ is open again.
- A `boat <https://boat.example/>`_ came.

.. _long bridge: https://bridge.example/
"""
ASCIIDOC = """\
= River letter
:author: Ada

== News

* https://bridge.example/[The long bridge] is open again.
"""
ORG = """\
#+TITLE: River letter
* News
** Bridges
- [[https://bridge.example/][The long bridge]] is open again.
"""


@pytest.mark.parametrize(
    ("text", "name", "reader", "line"),
    [
        (REST, "reStructuredText", "rst", 9),
        (REST.replace("====", "~~~~"), "reStructuredText", "rst", 9),
        (ASCIIDOC, "AsciiDoc", "asciidoc", 1),
        (ORG, "Org", "org", 1),
        ("\n<!DOCTYPE html>\n<title>x</title>\n", "HTML", "html", 2),
        ("{\\rtf1\\ansi River letter}", "RTF", "rtf", 1),
    ],
)
def test_refused(text: str, name: str, reader: str, line: int) -> None:
    """The finding names the markup, the line that shows it, and what to type."""
    reading = read(text.encode())
    (found,) = reading.findings
    assert (reading.issues, found.level, found.line) == ((), Level.STOP, line)
    assert found.code == "digest/not-markdown"
    assert name in found.message
    assert f"-f {reader} " in found.hint


@pytest.mark.parametrize(
    "text",
    [
        "A title\n=======\n\nText with `code`_ in it.\n",
        f"# On markups\n\n```rst\n{REST}```\n\n~~~\n{ORG}~~~\n",
        "# T\n\n.. note:: a slip\n\n- [a](https://a.example/)\n- [b](https://b.example/)\n",
        "Equations:\n\n= 5\n\nhttps://a.example/[1]\n",
        "<p>A paragraph</p>\n\n# T\n",
        "** not bold\n\n* a bullet\n",
        "",
    ],
)
def test_markdown_stays(text: str) -> None:
    """Markdown that quotes another markup, or slips into it once, is read."""
    assert not_markdown(text) is None


def test_real_digests(corpora: Path) -> None:
    """Of all real digests those two in reStructuredText are refused, no other."""
    refused = [
        path.suffix
        for path in sorted(corpora.glob("*/*"))
        if path.suffix in {".md", ".markdown", ".rst", ".txt"}
        and any(found.code == "digest/not-markdown" for found in read(path.read_bytes()).findings)
    ]
    assert refused == [".rst", ".rst"]
