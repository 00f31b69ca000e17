"""splitting: which digests are many issues, which are one, and what each part is called."""

from datetime import date

import pytest

from publisher.digest import read
from publisher.model import Level, Reading

LIST = "\n- [A river](https://example.net/{0}/a)\n- [A bridge](https://example.net/{0}/b)\n\n"


def digest(*headings: str) -> str:
    """Write a digest with two items under each heading."""
    return "".join(heading + "\n" + LIST.format(n) for n, heading in enumerate(headings))


def parts(text: str, name: str = "") -> list[str | None]:
    """The parts a digest is read as."""
    return [issue.part for issue in read(text.encode(), name=name).issues]


def codes(reading: Reading) -> list[str]:
    """What was found, without what is said of every digest of many."""
    return [finding.code for finding in reading.findings]


@pytest.mark.parametrize(
    ("headings", "expected"),
    [
        (("## 2024-04-12", "## 2024-04-05"), ["2024-04-12", "2024-04-05"]),
        (("# 2024-04-12", "# 2024-04-05"), ["2024-04-12", "2024-04-05"]),
        (("# Rivers", "## 2024-04-12", "## 2024-04-05"), ["2024-04-12", "2024-04-05"]),
        (("## Week of 2021-05-03", "## Week of 2021-05-10"), ["2021-05-03", "2021-05-10"]),
        (
            ("## Week 15 (April 8 - April 14, 2024)", "## Week 14 (April 1 - 7, 2024)"),
            ["2024-04-14", "2024-04-07"],
        ),
        (
            ("## Best of the week (Sep 8 - Sep 14) - 2025", "## Best of the week (Sep 1 - 7) - 2025"),
            ["2025-09-14", "2025-09-07"],
        ),
        (("## 第122期 (2024-04-12)", "## 第121期 (2024-04-05)"), ["2024-04-12", "2024-04-05"]),
        (("## 第122期", "## 第121期"), ["122", "121"]),
        (("## Issue 30: walking", "## Issue 29"), ["30", "29"]),
        (("## April 2024", "## March 2024"), ["2024-04", "2024-03"]),
        (
            ("# 2025", "## Jan 6 - 12", "## Week 1", "# 2024", "## December", "### 16 - 22 December"),
            ["2025-01-12", "2025-01-05", "2024-12-22"],
        ),
        (("# Rivers 2024", "## 04-12", "## 04-05"), ["2024-04-12", "2024-04-05"]),
    ],
)  # fmt: skip
def test_many(headings: tuple[str, ...], expected: list[str]) -> None:
    """Neighbouring headings that state each another date or number are an issue each."""
    assert parts(digest(*headings)) == expected


@pytest.mark.parametrize(
    ("headings", "name"),
    [
        (("## 2024-04-12",), ""),
        (("## Monday", "## Tuesday"), ""),
        (("## 2024-04-08", "## 2024-04-09", "## 2024-04-14"), ""),
        (("## 2024-04-12", "## 2024-04-05"), "issue-30.md"),
        (("## 2024-04-12", "## 2024-04-05"), "2024-04-12.md"),
        (("# Rivers #30", "## 2024-04-12", "## 2024-04-05"), ""),
        (("# Rivers of 12 April 2024", "## 2024-04-12", "## 2024-04-05"), ""),
        (("## 2024-04-12: papers", "## 2024-04-12: tools"), ""),
        (("## News", "## 2024-05-01: a fair", "## 2024-06-12: a feast"), ""),
        (("## Moving rivers (April 4, 2024)", "## Standing bridges (May 14, 2024)"), ""),
        (("## [2024-04-12](https://example.net/1)", "## [2024-04-05](https://example.net/2)"), ""),
        (("## Issue 4521: it leaks", "## Issue 12: it creaks"), ""),
        (("## #1 rivers", "## #2 bridges"), ""),
        (("# 2024", "# 2023"), ""),
    ],
)  # fmt: skip
def test_one(headings: tuple[str, ...], name: str) -> None:
    """Days of a week, sections, papers with a date, and what says that it is one issue, is one."""
    assert parts(digest(*headings), name) == [None]


def test_front_matter_decides() -> None:
    """A date there makes one issue of many headings, and `issues` is believed either way."""
    weeks, days = digest("## 2024-04-12", "## 2024-04-05"), digest("## 2024-04-12", "## 2024-04-11")
    assert parts(f"---\nissues: one\n---\n{weeks}") == [None]
    assert parts(f"---\ndate: 2024-04-12\n---\n{weeks}") == [None]
    assert parts(f"---\nissues: many\n---\n{days}") == ["2024-04-12", "2024-04-11"]
    assert parts(f"---\ndate: 2024-04-12\nissues: many\n---\n{weeks}") == [
        "2024-04-12",
        "2024-04-05",
    ]
    odd = read(f"---\nissues: some\n---\n{weeks}".encode())
    assert "digest/directive" in codes(odd)


def test_what_could_be_many_is_said_to_be_one() -> None:
    """A reader who meant it otherwise learns why, and what to write."""
    (finding,) = read(digest("## 2024-04-12", "## 2024-04-11").encode()).findings
    assert (finding.level, finding.code, finding.line) == (Level.NOTE, "digest/one-issue", 1)
    assert "one week" in finding.message
    assert finding.hint.endswith("issues: many")


def test_facts_of_a_part() -> None:
    """Title where a heading says more than a date, its number and date, and the rest of the front."""
    text = digest("## 2024-04-12", "## Issue 29: walking (2024-04-05)")
    front = "---\ntitle: All\nsubject: s\nsend: no\ndraft: true\ntags: [a]\n---\n"
    reading = read((front + text).encode())
    first, second = reading.issues
    assert (first.title, first.number, first.date) == (None, None, date(2024, 4, 12))
    assert (second.title, second.number) == ("Issue 29: walking (2024-04-05)", 29)
    for issue in reading.issues:
        assert (issue.send, issue.draft, issue.topics) == ("no", True, ("a",))
        assert (issue.subject, issue.not_before) == (None, None)
        assert len(issue.items) == 2
    left = [finding for finding in reading.findings if "front matter" in finding.message]
    assert [(finding.level, "title, subject" in finding.message) for finding in left] == [
        (Level.WARN, True)
    ]


def test_lines_are_the_files() -> None:
    """Where a part stands, and what is found in it, is told in lines of the whole file."""
    text = "# Rivers\n\n" + digest("## 2024-04-12") + "## 2024-04-05\n\nOnly prose.\n"
    reading = read(text.encode())
    assert [(one.part, one.line, one.end) for one in reading.extents] == [
        ("2024-04-12", 3, 7), ("2024-04-05", 8, 11)
    ]  # fmt: skip
    assert [(one.code, one.line) for one in reading.findings] == [
        ("digest/many-issues", 3), ("digest/no-items", 8)
    ]  # fmt: skip
    assert reading.issues[0].items[1].line == 6


def test_the_hash_is_of_a_parts_own_text() -> None:
    """It moves with the text, the targets of its links and the front matter, and with no neighbour."""
    old = digest("## 2024-04-12", "## 2024-04-05")

    def hashes(text: str) -> dict[str, str]:
        return {one.part: one.hash for one in read(text.encode()).extents}

    before = hashes(old)
    above = hashes("## 2024-04-19\n\n- [New](https://example.net/new)\n\n" + old)
    assert {key: above[key] for key in before} == before
    below = hashes(old + "---\n\n## 2024-03-29\n\n- [Old](https://example.net/old)\n")
    assert {key: below[key] for key in before} == before
    edited = hashes(old.replace("0/a", "0/c"))
    assert (edited["2024-04-12"] == before["2024-04-12"]) is False
    assert edited["2024-04-05"] == before["2024-04-05"]
    assert set(hashes("---\nsend: no\n---\n" + old).values()).isdisjoint(before.values())
    named = old + "[x]: https://example.net/{}\n"
    named = named.replace("- [A river](https://example.net/0/a)", "- [A river][x]")
    one, two = hashes(named.format(1)), hashes(named.format(2))
    assert [key for key in one if one[key] != two[key] and key == "2024-04-12"] == ["2024-04-12"]


def test_two_parts_of_one_key_are_told() -> None:
    """Neither is lost, and what cannot be told apart is a `hold` at the second."""
    reading = read(digest("## 2024-04-12", "## 2024-04-12", "## 2024-04-05").encode())
    assert [issue.part for issue in reading.issues] == ["2024-04-12", "2024-04-12", "2024-04-05"]
    held = [finding for finding in reading.findings if finding.level is Level.HOLD]
    assert [(finding.code, finding.line) for finding in held] == [("digest/same-issue", 6)]


def test_what_is_in_no_issue_is_told() -> None:
    """An empty week and a heading without date are named with their lines."""
    text = digest("## 2024-04-12", "## 2024-04-05") + "## 2024-04-19\n\n## About\n\nBy me.\n"
    reading = read(text.encode())
    assert [issue.part for issue in reading.issues] == ["2024-04-12", "2024-04-05"]
    told = [(one.line, one.message) for one in reading.findings if one.line != 1]
    assert [line for line, _ in told] == [11, 13]
    assert "nothing below it yet" in told[0][1]
    assert "“About” states neither" in told[1][1]


def test_a_lone_heading_dates_its_issue() -> None:
    """What would be one of many says the date of a digest that has only this one."""
    (issue,) = read(("# Rivers\n\n" + digest("## 2024-04-12")).encode()).issues
    assert (issue.part, issue.title, issue.date) == (None, "Rivers", date(2024, 4, 12))
