"""References say what is known of papers, and other people's programs read them so."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pybtex.database
import pytest
import rispy
from hypothesis import example, given
from hypothesis import strategies as st

from publisher.model import Issue, Item, ItemRecord, Newsletter, Published, Record, Section
from publisher.render.bibliography import Reference, bibtex, references, ris
from publisher.render.view import view
from publisher.render.words import Words

SPELLED = {
    r"\textbackslash{}": "\\",
    r"\textbraceleft{}": "{",
    r"\textbraceright{}": "}",
    r"\textasciitilde{}": "~",
    r"\textasciicircum{}": "^",
    **{f"\\{sign}": sign for sign in "%&$#_"},
}
"""What TeX sets for each command."""
PAPER = "https://arxiv.org/abs/2404.03715"
Make = Callable[..., tuple[Reference, ...]]


def as_set(text: str) -> str:
    """Read a field as TeX sets it, if it holds nothing that TeX would take for its own."""
    command = re.compile("|".join(map(re.escape, sorted(SPELLED, key=len, reverse=True))))
    assert not re.search(r"[\\%&$#_~^]", command.sub("", text))
    parts = re.split(f"({command.pattern})", text)
    return "".join(
        SPELLED[one] if at % 2 else re.sub("[{}]", "", one) for at, one in enumerate(parts)
    )


def entries(text: str) -> dict[str, Any]:
    """Read BibTeX; pybtex stops at whatever BibTeX stops at."""
    return dict(pybtex.database.parse_string(text, "bibtex").entries.items())


@pytest.fixture(scope="session")
def refer(ours: Words) -> Make:
    """Refer to what is a paper among some items."""

    def make(*items: Item, newsletter: Newsletter | None = None) -> tuple[Reference, ...]:
        moment = datetime(2024, 4, 12, tzinfo=UTC)
        newsletter = newsletter or Newsletter(
            "tides", "The Tides", site_url="https://tides.example.org/"
        )
        records = tuple(ItemRecord(f"k{n}", f"i-k{n}", one.url) for n, one in enumerate(items))
        published = Published(
            Issue((Section(items),), title="Low Water", number=5),
            Record("tides", "tag:x", "5", "5.md", moment, moment, items=records),
        )
        return references(published, view(published, newsletter, ours), newsletter)

    return make


def test_the_sample_in_bibtex_and_ris(
    sample: Published,
    newsletter: Newsletter,
    ours: Words,
    matches_golden: Callable[[str, str], None],
) -> None:
    """Each paper of the sample digest has an entry, under the title arXiv has it under."""
    found = references(sample, view(sample, newsletter, ours), newsletter)
    matches_golden("issue.bib", bibtex(found))
    matches_golden("issue.ris", ris(found))
    assert len(entries(bibtex(found))) == len(rispy.loads(ris(found))) == len(sample.issue.items)


def test_other_programs_read_what_is_known(refer: Make) -> None:
    """Others, pybtex and rispy, find title, authors, year, ids, address and which issue told of it."""
    found = refer(
        Item("Tides & GPT-4", PAPER, authors=("Ann Lee", "王小明", "Sand and Sea Institute"))
    )
    (entry,) = entries(bibtex(found)).values()
    assert entry.type == "misc"
    assert dict(entry.fields) == {
        "title": r"{Tides \& GPT-4}",
        "year": "2024",
        "eprint": "2404.03715",
        "archiveprefix": "arXiv",
        "doi": "10.48550/arXiv.2404.03715",
        "url": PAPER,
        "note": r"The Tides · Low Water, https://tides.example.org/issues/5/\#i-k0",
    }
    assert [str(one) for one in entry.persons["author"]] == [
        "Lee, Ann",
        "王小明",
        "{Sand and Sea Institute}",
    ]
    assert rispy.loads(ris(found)) == [
        {
            "type_of_reference": "GEN",
            "id": "tides:5:k0",
            "authors": ["Ann Lee", "王小明", "Sand and Sea Institute"],
            "title": "Tides & GPT-4",
            "year": "2024",
            "doi": "10.48550/arXiv.2404.03715",
            "urls": [PAPER],
            "notes": ["The Tides · Low Water, https://tides.example.org/issues/5/#i-k0"],
        }
    ]


def test_keys_come_from_the_items_own(refer: Make) -> None:
    """A key names newsletter, issue and item, whatever the title is and wherever it stands."""
    tea, tides = Item("Tea", "https://tea.test/"), Item("Tides", PAPER)
    assert [one.key for one in refer(tea, tides, tides)] == ["tides:5:k1", "tides:5:k2"]
    assert refer(tea, replace(tides, title="Other"))[0].key == "tides:5:k1"


def test_what_is_not_told_is_not_said(refer: Make) -> None:
    """A paper of no known year, title or author has a reference without; so has one at no site."""
    url = "https://openreview.net/forum?id=aBc"
    found = refer(Item(url, url), newsletter=Newsletter("tides", "The Tides"))
    (entry,) = entries(bibtex(found)).values()
    assert dict(entry.fields) == {"url": url, "note": "The Tides · Low Water"}
    assert ris(found) == (
        f"TY  - GEN\r\nID  - tides:5:k0\r\nUR  - {url}\r\nN1  - The Tides · Low Water\r\nER  - \r\n"
    )


def test_the_english_title_is_taken(refer: Make) -> None:
    """Papers are catalogued in English, also where the newsletter shows only the other title."""
    newsletter = Newsletter("tides", "潮", language="zh", titles=("zh",))
    for first, second in (("en", "zh"), ("zh", "en")):
        titles = {"en": "On Tides", "zh": "论潮汐"}
        item = Item(titles[first], PAPER, "", "", titles[second], first, second)
        assert refer(item, newsletter=newsletter)[0].title == "On Tides"
    assert refer(Item("论潮汐", PAPER, title_language="zh"))[0].title == "论潮汐"


@pytest.mark.parametrize("name", ["Ann Lee et al.", "Ann Lee, et al", "Ann Lee等", "Ann Lee 等人"])
def test_authors_who_are_not_named(name: str, refer: Make) -> None:
    """BibTeX is told of others; RIS, which has no word for them, has nobody of that name."""
    found = refer(Item("Tides", PAPER, authors=(name,)))
    assert "author = {Ann Lee and others}" in bibtex(found)
    assert rispy.loads(ris(found))[0]["authors"] == ["Ann Lee"]


def test_no_brace_stands_before_a_backslash(refer: Make) -> None:
    """BibTeX takes that for an accented letter, and changes the letters behind it all the same."""
    (found,) = refer(Item("$K$-Means", PAPER, authors=("#A and B",)))
    assert r"title = {{{}\$K\$-Means}}" in bibtex([found])
    assert r"author = {{{}\#A and B}}" in bibtex([found])


def test_adverts_are_no_papers(refer: Make, ours: Words) -> None:
    """A sponsor's link is not cited, wherever it leads."""
    moment = datetime(2024, 4, 12, tzinfo=UTC)
    newsletter = Newsletter("tides", "The Tides")
    published = Published(
        Issue((Section((Item("Buy", PAPER),), sponsor=True),)),
        Record("t", "tag:x", "5", "5.md", moment, moment, items=(ItemRecord("k", "i-k"),)),
    )
    assert references(published, view(published, newsletter, ours), newsletter) == ()
    assert len(refer(Item("Read", PAPER))) == 1


@given(
    title=st.text(),
    names=st.lists(st.text(), max_size=3),
    path=st.text(),
)
@example(title="{", names=["}", "a, b, c, d", "and", "others"], path="{\\}%")
@example(title="$k$-NN \\", names=["\\", ",", " and "], path="%7B%0A")
@example(title="a\r\nER  - \u2028TY  - \x85 b", names=["a\nb"], path="a\tb")
@example(title="# @misc{x, } \x00\x0b\ud800\ufffe", names=['"'], path="")
def test_no_text_breaks_a_reference(title: str, names: list[str], path: str, refer: Make) -> None:
    """Whatever is in titles, names and addresses, there is one entry each, and it says the same."""
    url = f"https://doi.org/10.1234/x{path}"
    items = (Item(title, url, authors=tuple(names)), Item("Last", PAPER))
    found = refer(*items)
    read, marked = entries(bibtex(found)), rispy.loads(ris(found))
    assert list(read) == [one.key for one in found] == [one["id"] for one in marked]
    for one, entry, mark in zip(found, read.values(), marked, strict=True):
        assert as_set(entry.fields.get("title", "")) == one.title == mark.get("title", "")
        people = [as_set(str(person)) for person in entry.persons.get("author", [])]
        assert len(people) == len(one.authors) + one.has_more
        assert mark.get("authors", []) == list(one.authors)
        assert mark["urls"] == [one.paper.url]
        assert entry.fields["url"] == one.paper.url
        assert as_set(entry.fields["note"]) == one.note == mark["notes"][0]
    assert ris(found).count("\r\n") == ris(found).count("\n") == len(ris(found).splitlines())
