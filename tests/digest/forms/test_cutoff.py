"""cutoff: fires on prose that stops, stays quiet otherwise."""

import pytest

from publisher.digest import read

WHOLE = "这一段话有足够的长度，用来说明一件事情。它有两个句子，第二句也好好地写完了，读者不会觉得缺了什么。"
OPEN = "这一段话有足够的长度，用来说明一件事情。它的第二句却没有写完，读者读到这里会觉得后面还有内容，仍与"


def cut_offs(*bodies: str) -> list[tuple[int | None, int | None]]:
    """Give the places of the findings for items with these bodies."""
    items = [f"# T{n}\n<https://a.test/{n}>\n\n{body}\n" for n, body in enumerate(bodies)]
    found = read("\n".join(items).encode()).findings
    return [(f.line, f.column) for f in found if f.code == "digest/cut-off"]


def test_place() -> None:
    """The finding names the line and column of the last character, also behind blanks."""
    assert cut_offs(WHOLE, f"{WHOLE}\n\n{OPEN}  ", WHOLE) == [(11, len(OPEN))]


@pytest.mark.parametrize(
    "end",
    [
        "。", "！", "？", ".", "!", "?", "…", ")", "）", "”", '"', "』", "」", "：", ":", "*。*", "~",
        " `code`", " [link](https://a.test/)", " https://a.test/", "\n\n- 列表", "\n\n```\ncode\n```",
        "\n\n|a|\n|-|\n|b|", "\n\n短注", "\n\n> 引文", " 🎉",
    ],
)  # fmt: skip
def test_quiet(end: str) -> None:
    """Sentence ends, links, code, lists, tables, quotations and short notes are no cut."""
    assert cut_offs(WHOLE, OPEN + end, WHOLE) == []


def test_house_style() -> None:
    """Where items do without full stops, or there is nothing to compare with, nothing is said."""
    assert cut_offs(OPEN, OPEN, WHOLE) == []
    assert cut_offs(OPEN) == []


def test_english() -> None:
    """Latin prose is judged like any other."""
    whole = "This paragraph is long enough to be judged as prose. It ends as sentences usually do."
    cut = "This paragraph is long enough to be judged as prose. It does not end as sentences usually do but"
    assert len(cut_offs(whole, cut, whole)) == 1
