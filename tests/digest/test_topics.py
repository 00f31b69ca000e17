"""Topics: #tags, sections and words, in several scripts."""

import pytest

from publisher import digest
from publisher.digest.topics import lexicon, tags_of
from publisher.model import Issue, Newsletter, SectionNames

TABLE = (
    ("LLM", ("大语言模型", "LLM")),
    ("models", ("模型", "model")),
    ("भाषा", ("भाष",)),
    ("rust", ("Rust", "раст")),
    ("ai", ("AI", "기계학습", "机器学习")),
)


def read(text: str, table: tuple[tuple[str, tuple[str, ...]], ...] = ()) -> Issue:
    """Read a digest for a newsletter with a word table."""
    names = SectionNames(sponsor=("Sponsor",))
    newsletter = Newsletter("w", "W", topics=table, sections=names)
    (issue,) = digest.read(text.encode(), newsletter=newsletter).issues
    return issue


@pytest.mark.parametrize(
    ("text", "topics"),
    [
        ("an LLM writes", {"LLM"}),
        ("LLMs write", {"LLM"}),
        ("ＬＬＭ", {"LLM"}),
        ("用LLM写", {"LLM"}),
        ("LLMX", set()),
        ("aLLM", set()),
        ("大语言模型很大", {"LLM"}),
        ("模型很小", {"models"}),
        ("remodel", set()),
        ("भाषा", set()),
        ("भाष।", {"भाषा"}),
        ("на раст,", {"rust"}),
        ("растёт", set()),
        ("rusty", set()),
        ("rust++", set()),
        ("기계학습은", {"ai"}),
        ("said", set()),
        ("AIs", set()),
        ("Rust und\nAI", {"rust", "ai"}),
    ],
)
def test_words_stand_alone_where_scripts_have_spaces(text: str, topics: set[str]) -> None:
    """Latin, Cyrillic and Devanagari words are whole words; Han and Hangul stand anywhere."""
    assert set(lexicon(TABLE).spoken_of(text)) == topics


def test_longer_words_win_and_the_table_orders() -> None:
    """Topics come in the order of the table; a word inside a longer one is not found there."""
    table = (("b", ("deep",)), ("a", ("deep learning",)), ("c", ("learning rate",)))
    known = lexicon(table)
    assert known.spoken_of("learning rate, deep learning") == ("a", "c")
    assert known.spoken_of("Deep Learning, deep") == ("b", "a")


@pytest.mark.parametrize(
    ("written", "tags"),
    [
        ("#llm", ["llm"]),
        ("#机器学习 #ML", ["机器学习", "ML"]),
        ("#机器学习# #大模型#", ["机器学习", "大模型"]),
        ("＃音楽", ["音楽"]),
        ("#машинное_обучение", ["машинное обучение"]),
        ("#हिंदी", ["हिंदी"]),
        ("#C++", ["C++"]),
        ("#1234", []),
        ("#12-34", []),
        ("#fff #0b57d0 #FFFFFF", []),
        ("#ada #3d", ["ada", "3d"]),
    ],
)
def test_what_a_tag_is(written: str, tags: list[str]) -> None:
    """Letters of any script make a tag; numbers and colours do not."""
    assert tags_of(written) == tags


BULLET = "# W\n\n- [{title}](https://a.example/) {text}\n- [Other](https://b.example/)\n"


@pytest.mark.parametrize(
    ("text", "topics", "left"),
    [
        ("All of it. #llm #Rust", ("llm", "Rust"), "All of it."),
        ("很好。#机器学习", ("机器学习",), "很好。"),
        ("why we chose #rust", ("rust",), "why we chose #rust"),
        ("fixes it, see #1234", (), "fixes it, see #1234"),
        ("is #f0f0f0", (), "is #f0f0f0"),
        ("a #tag in the middle", (), "a #tag in the middle"),
        ("ends in `#code`", (), "ends in #code"),
        ("see [#llm](https://t.example/llm)", (), "see #llm"),
        ("at https://x.example/#llm", (), "at https://x.example/#llm"),
        ("Body.\n\n  #ML #Recap", ("ML", "Recap"), "Body."),
        ("Body.\n\n      #endif", (), "Body.\n\n#endif"),
        ("Body.\n\n  #标题\n\n  More.", (), "Body.\n\n#标题\n\nMore."),
    ],
)
def test_tags_count_where_tags_are_written(text: str, topics: tuple[str, ...], left: str) -> None:
    """At the end or on lines of their own; what is no part of a sentence leaves the text."""
    item = read(BULLET.format(title="T", text=text)).items[0]
    assert item.topics == topics
    assert item.text.removeprefix("- ") == left
    assert ("#" in item.html.replace("/#", "")) == ("#" in left.replace("/#", ""))


def test_tags_leave_a_title_only_as_a_run() -> None:
    """Two tags behind a title are none of it; one may be its last word."""
    two = read(BULLET.format(title="Small models #llm #edge", text="")).items[0]
    assert (two.title, two.topics) == ("Small models", ("llm", "edge"))
    one = read(BULLET.format(title="Why we chose #rust", text="")).items[0]
    assert (one.title, one.topics) == ("Why we chose #rust", ("rust",))


def test_a_line_of_tags_at_the_top_is_the_issues() -> None:
    """Below the title it gives the issue's topics, after those of the front matter."""
    issue = read("---\ntags: [Weekly]\n---\n# W\n\n#ML #Recap\n\nHello.\n\n## A\n\nText.\n")
    assert issue.topics == ("Weekly", "ML", "Recap")
    assert (issue.html, issue.text) == ("<p>Hello.</p>", "Hello.")


def test_a_lone_tag_opening_an_untitled_digest_is_kept() -> None:
    """It may be a heading that lacks its space."""
    issue = read("#第一期\n\nHello.\n\n## A\n\nText.\n\n## B\n\nText.\n")
    assert "第一期" not in issue.topics


@pytest.mark.parametrize(
    ("title", "topics"),
    [
        ("LLM", ("LLM",)),
        ("🔥 Web frameworks", ("Web frameworks",)),
        ("二、开源项目", ("开源项目",)),
        ("C++", ("C++",)),
        ("हिंदी", ("हिंदी",)),
        ("What happened this week in Berlin", ()),
        ("What happened?", ()),
        ("本周值得关注的几个开源项目", ()),
        ("1 May 2026", ()),
        ("Sponsors", ()),
    ],
)
def test_a_sections_name_is_the_topic_of_its_items(title: str, topics: tuple[str, ...]) -> None:
    """A short title counts; a sentence, a date and boilerplate do not."""
    text = f"# W\n\n## {title}\n- [a](https://a.example/)\n- [b](https://b.example/)\n"
    assert [item.topics for item in read(text).items] == [topics, topics]


def test_the_table_names_what_it_knows() -> None:
    """A tag, a section or a tag of the front matter that it knows is called as it says."""
    text = (
        "---\ntags: [llm, 机器学习]\n---\n# W\n\n## 大语言模型\n"
        "- [Small](https://a.example/) is #LLM #Rust\n- [B](https://b.example/) learns 模型\n"
    )
    issue = read(text, TABLE)
    assert issue.topics == ("LLM", "ai")
    assert [item.topics for item in issue.items] == [("LLM", "rust"), ("LLM", "models")]


def test_titles_and_translations_are_searched() -> None:
    """A word in the title or its translation gives the topic as one in the text does."""
    text = (
        "# W\n\n# On LLM use\n[用法](https://a.example/)\n\n# Two\n[基于模型](https://b.example/)\n"
    )
    assert [item.topics for item in read(text, TABLE).items] == [("LLM",), ("models",)]


def test_adverts_have_no_topics() -> None:
    """What is paid for is under no topic."""
    text = "# W\n\n## A\n- [a](https://a.example/)\n\n## Sponsor\n- [LLM](https://b.example/) #x\n"
    assert [item.topics for item in read(text, TABLE).items] == [("A",), ()]


@pytest.mark.parametrize(
    ("heading", "topics"),
    [
        ("5月1日（周五）", ()),
        ("5/3", ()),
        ("Monday, May 4", ()),
        ("понедельник", ()),
        ("Day 6", ()),
        ("📰 News", ()),
        ("1. Articles", ()),
        ("Releases", ()),
        ("Статьи", ()),
        ("头条", ()),
        ("What I'm reading", ()),
        ("What I’m reading", ()),
        ("Security", ("Security",)),
        ("开源项目", ("开源项目",)),
        ("AI 工具", ("AI 工具",)),
        ("IT", ("IT",)),
        ("木", ("木",)),
        ("Sawmills", ("Sawmills",)),
    ],
)
def test_days_and_rubrics_are_no_topics(heading: str, topics: tuple[str, ...]) -> None:
    """What says when, or what any newsletter has, says nothing of what an item is about."""
    text = f"# Saw news\n\nHello.\n\n## {heading}\n- [Teeth](https://example.net/t) cut.\n"
    text += "- [Blades](https://example.net/b) bend.\n\n## Oak\n- [Oak](https://example.net/o) is hard.\n"
    found = {item.title: item.topics for item in read(text).items}
    assert found["Teeth"] == topics
    assert found["Oak"] == ("Oak",)


def test_a_rubric_that_the_table_names_is_a_topic() -> None:
    """The settings have the last word, by the topic's name or by one of its words."""
    text = "# Saws\n\n## Releases\n- [One](https://example.net/1) is out.\n\n## News\n- [Two](https://example.net/2) is in.\n"
    table = (("releases", ("version",)), ("daily", ("news",)))
    assert [item.topics for item in read(text, table).items] == [("releases",), ("daily",)]
