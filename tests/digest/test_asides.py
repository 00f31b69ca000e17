"""What is no news: named sections, contents lists, and that nothing goes without a word."""

import pytest

from publisher import digest
from publisher.digest.asides import plain_name
from publisher.model import Level, Newsletter, Reading, SectionNames

NAMES = SectionNames(drop=("Subscribe*", "订阅"), prose=("CFP*",), sponsor=("*sponsor*", "赞助*"))


def read(text: str, names: SectionNames = NAMES) -> Reading:
    """Read a digest for a newsletter that names sections."""
    return digest.read(text.encode(), newsletter=Newsletter("w", "W", sections=names))


def shown(reading: Reading) -> list[tuple[str | None, int, bool]]:
    """Each section's title, how many items it has, whether it is an advert."""
    return [(one.title, len(one.items), one.sponsor) for one in reading.issues[0].sections]


def codes(reading: Reading) -> list[str]:
    """The findings' codes, in order."""
    return [finding.code for finding in reading.findings]


WEEK = """# Weekly 8

Hello.

## Tools
- [Saw](https://example.net/saw) cuts.
- [Plane](https://example.net/plane) smooths.

## 💛 Our sponsors:
- [Nails](https://nails.example/) hold.

## CFP, soon
1. [Wood days](https://example.net/wood)
2. [Tree days](https://example.net/tree)

## Reading
- [On oak](https://example.net/oak)

## Subscribe by mail
- [Here](https://example.net/mail)
- [There](https://example.net/rss)

### By feed
Any reader.
"""


def test_named_sections_are_what_their_names_say() -> None:
    """A sponsor's is marked, prose has no items, a dropped one goes; all in reading order."""
    reading = read(WEEK)
    assert shown(reading) == [
        ("Tools", 2, False),
        ("💛 Our sponsors:", 1, True),
        ("CFP, soon", 0, False),
        ("Reading", 1, False),
    ]
    prose = reading.issues[0].sections[2]
    assert prose.text == "1. Wood days\n2. Tree days"
    assert prose.html.index("example.net/wood") < prose.html.index("example.net/tree")


def test_nothing_is_dropped_silently() -> None:
    """A dropped section is a note with its line, its title and what went with it."""
    (finding,) = read(WEEK).findings
    assert (finding.level, finding.code, finding.line) == (Level.NOTE, "digest/section-dropped", 19)
    assert "“Subscribe by mail”" in finding.message
    assert read(WEEK).issues[0].html == "<p>Hello.</p>"


def test_without_settings_nothing_is_dropped() -> None:
    """By itself every section is published; one note says what looks like boilerplate."""
    reading = read(WEEK + "\n## Sponsors\nThey pay.\n\n## License\nCC BY\n", SectionNames())
    assert [title for title, _, _ in shown(reading)][-2:] == ["Sponsors", "License"]
    assert not any(section.sponsor for section in reading.issues[0].sections)
    (finding,) = reading.findings
    assert (finding.code, finding.line) == ("digest/boilerplate", 9)
    assert 'sponsor = ["our sponsors", "sponsors"]; drop = ["license"]' in finding.hint
    kept = SectionNames(prose=("license", "Sponsors"))
    assert codes(read("## News\n\n- [a](https://a.example/)\n\n## License\nCC", kept)) == []


def test_a_dropped_section_says_how_much_went() -> None:
    """Of news that is left out the number of items is told."""
    text = "# W\n\n## A\n- [a](https://a.example/)\n\n## Nails\n- [b](https://b.example/)\n- c\n"
    (finding,) = read(text, SectionNames(drop=("Nails",))).findings
    assert "with its 2 items" in finding.message


@pytest.mark.parametrize(
    "title", ["Subscribe", "📅 订阅", "ライセンス", "구독", "Подписка:", "اشترك", "S'abonner"]
)
def test_boilerplate_is_known_in_several_languages(title: str) -> None:
    """A section called so is noted; one that only holds such a word is not."""
    text = "# W\n\n## A\n- [a](https://a.example/)\n\n## {}\nwords\n"
    assert codes(read(text.format(title), SectionNames())) == ["digest/boilerplate"]
    assert codes(read(text.format(f"What {title} means to us"), SectionNames())) == []


@pytest.mark.parametrize(
    ("pattern", "title", "fits"),
    [
        ("Subscribe", "SUBSCRIBE!", True),
        ("Subscribe", "Subscribe now", False),
        ("赞助*", "【赞助商】", True),
        ("ＣＦＰ", "cfp", True),
        ("*sponsor*", "Our Sponsors", True),
        ("a*b*c", "a-c-b-c", True),
        ("a*b*c", "a-c-b", False),
        ("ab*ba", "aba", False),
        ("[ad]", "a", False),
        ("Werbung", "werbung", True),
        ("STRASSE", "straße", True),
    ],
)
def test_a_pattern_fits_whole_names(pattern: str, title: str, *, fits: bool) -> None:
    """Case, width and signs around do not count; a star stands for anything; nothing else does."""
    text = f"# W\n\n## A\n- [a](https://a.example/)\n\n## {title}\nwords\n"
    assert (codes(read(text, SectionNames(drop=(pattern,)))) == ["digest/section-dropped"]) is fits


def test_an_advert_among_stories_parts_them() -> None:
    """Where items are headings, a named one among them is a section, and the others go on after."""
    stories = [f"## [Story {n}](https://example.net/{n})\n\nText {n}.\n" for n in range(4)]
    advert = "## [Sponsored: nails](https://nails.example/)\n\nThey hold.\n"
    reading = read("\n".join(["# Weekly", *stories[:2], advert, *stories[2:]]))
    assert [(count, sponsor) for _, count, sponsor in shown(reading)] == [
        (2, False), (1, True), (2, False)
    ]  # fmt: skip
    titles = [item.title for item in reading.issues[0].items]
    assert titles == ["Story 0", "Story 1", "Sponsored: nails", "Story 2", "Story 3"]


def test_the_headline_is_no_section() -> None:
    """A digest whose title fits a name is not dropped with it."""
    reading = read("# Sponsors of science\n\n## A\n- [a](https://a.example/)\n")
    assert shown(reading) == [("A", 1, False)]
    assert reading.issues[0].title == "Sponsors of science"


def test_drop_comes_before_sponsor_and_prose() -> None:
    """A section named twice is dropped rather than shown."""
    reading = read("## A\n- [a](https://a.example/)\n\n## Ads\nx", SectionNames(*[("ads",)] * 3))
    assert shown(reading) == [("A", 1, False)]


CONTENTS = """# Weekly

## Contents
- [Tools](#tools)
- [Reading](#reading)
  - [Wood](#wood)

## Tools
- [Saw](https://example.net/saw), see [reading](#reading)[^1]
- [Plane](https://example.net/plane)

## Reading
- [On oak](https://example.net/oak) <a id="wood">wood</a>, see [wood](#wood)
"""


def test_a_list_of_contents_is_left_out() -> None:
    """Its bullets are no items, its heading goes with it, and a note says so."""
    reading = read(CONTENTS)
    assert shown(reading) == [("Tools", 2, False), ("Reading", 1, False)]
    assert codes(reading).count("digest/contents-list") == 1
    found = next(one for one in reading.findings if one.code == "digest/contents-list")
    assert found.line == 4


def test_a_list_that_says_more_is_no_contents() -> None:
    """Bullets with words of their own, or with one real link, are kept."""
    text = "# W\n\n- [a](#a)\n- [b](https://b.example/)\n\n## A\n\nText.\n"
    assert "digest/contents-list" not in codes(read(text))
    text = "# W\n\n- [a](#a): a long tale of its own\n- [b](#b): and another one\n"
    reading = read(text)
    assert "digest/contents-list" not in codes(reading)


def test_a_link_to_nowhere_becomes_its_words() -> None:
    """An anchor the issue does not have is no link; one it has stays."""
    reading = read(CONTENTS)
    saw, _, oak = reading.issues[0].items
    assert "#reading" not in saw.html
    assert "see reading" in saw.html
    assert '<a href="#wood">wood</a>' in oak.html
    found = next(one for one in reading.findings if one.code == "digest/anchor-link")
    assert "#reading" in found.message


@pytest.mark.parametrize(
    "before",
    ["✉️ ", "❤️ ", "🏳️‍🌈 ", "1️⃣ ", "1️⃣0️⃣ ", "2. ", "2) ", "（2）", "十一、", "一、", "👩🏽‍🌾 3. ", "2．"],
)
def test_names_match_behind_signs_and_counting_numbers(before: str) -> None:
    """A sign of several characters, a keycap or a number before a name is no part of it."""
    names = SectionNames(drop=("Letters",), sponsor=("Oak & Sons",))
    text = (
        "# Weekly 9\n\n## Saws\n- [Saw](https://example.net/saw) cuts.\n\n"
        f"## {before}Letters\n- [Post](https://example.net/post)\n\n"
        f"## {before}Oak & Sons\n- [Oak](https://example.net/oak) is hard.\n"
    )
    assert shown(read(text, names)) == [("Saws", 1, False), (f"{before}Oak & Sons", 1, True)]
    noted = read(text.replace("Letters", "Subscribe"), SectionNames())
    (finding,) = [one for one in noted.findings if one.code == "digest/boilerplate"]
    assert 'drop = ["subscribe"]' in (finding.hint or "")


@pytest.mark.parametrize("title", ["2.0 is out", "三月", "Saws ❤️", "नमस्ते", "3D", "2."])
def test_a_number_that_counts_nothing_belongs_to_the_name(title: str) -> None:
    """Versions, months and sizes are words; a sign behind a name is none."""
    assert plain_name(title) == title.removesuffix(" ❤️").removesuffix(".").casefold()


def test_links_of_a_named_heading_are_kept() -> None:
    """A section kept as prose keeps where its heading leads."""
    names = SectionNames(prose=("CFP*",))
    reading = read("## CFP\n\n## CFP [here](https://cfp.example/)\n\nSend it.\n", names)
    assert '<a href="https://cfp.example/">here</a>' in reading.issues[0].sections[-1].html
