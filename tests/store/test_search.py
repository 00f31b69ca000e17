"""Tests of search: what is put there is found, on both databases, and nothing else is."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from publisher.model import Issue, Passage, Record
from publisher.store import Store, issues, search

NOW = datetime(2026, 3, 6, 8, 0, tzinfo=UTC)


def passage(title: str, words: str = "", anchor: str = "", about: str = "") -> Passage:
    """A passage of an issue of no special name."""
    return Passage(anchor, title, "", "en", words, about, "An issue", date(2026, 3, 6))


def publish(
    store: Store, slug: str, *rows: Passage, newsletter: str = "weekly", days: int = 0
) -> Record:
    """Put an issue of these passages there, published so many days later."""
    at = NOW + timedelta(days=days)
    record = Record(newsletter, f"id-{newsletter}-{slug}", slug, f"{slug}.md", at, at)
    with store.begin() as conn:
        issues.save(conn, record, Issue())
        search.put(conn, newsletter, slug, rows)
    return record


def found(store: Store, query: str, newsletter: str = "weekly", limit: int = 50) -> list[str]:
    """Where a query is found, as slug#anchor, best first."""
    with store.read() as conn:
        result = search.find(conn, newsletter, query, limit)
    assert result.total == len(result.hits) or len(result.hits) == limit
    return [f"{hit.slug}#{hit.anchor}" for hit in result.hits]


@pytest.fixture
def library(store: Store) -> Store:
    """Three issues, the third the newest."""
    publish(
        store,
        "1",
        passage("论文周报 第 1 期", "本期谈大语言模型的对齐。"),
        passage("Scaling Laws for GPT-4", "Bigger models, fewer surprises.", "scaling", "Ada Bell"),
        passage("用 C++ 写推理引擎", "比 3.5 版快一倍，café 里写成", "engine"),
    )
    publish(store, "2", passage("Second", "A model of 模具."), days=1)
    publish(store, "3", passage("Third", "GPT 3.5 was 5.3 before. 对话整齐"), days=2)
    return store


@pytest.mark.parametrize(
    ("query", "places"),
    [
        ("模型", ["1#"]),
        ("对齐", ["1#"]),
        ("语言模型", ["1#"]),
        ("型模", []),
        ("GPT-4", ["1#scaling"]),
        ("gpt 4", ["1#scaling"]),
        ("GPT", ["1#scaling", "3#"]),
        ("3.5", ["3#", "1#engine"]),
        ("C++", ["1#engine"]),
        ("C#", []),
        ("模", ["2#", "1#"]),
        ("齐", ["3#", "1#"]),
        ("cafe", ["1#engine"]),
        ("CAFÉ", ["1#engine"]),
        ("model", ["2#", "1#scaling"]),
        ("models", ["1#scaling"]),
        ("mode", ["1#scaling", "2#"]),
        ("mo", []),
        ("model 模具", ["2#"]),
        ("GPT 对齐", []),
        ("GPT 对话", ["3#"]),
        ("bell", ["1#scaling"]),
        ("surprises ada", ["1#scaling"]),
        ("third GPT", ["3#"]),
        ("third-GPT", []),
        ("nothing of this", []),
        ("!?", []),
    ],
)
def test_find(library: Store, query: str, places: list[str]) -> None:
    """Words, runs and single signs are found where they stand, together if they were asked so."""
    assert sorted(found(library, query)) == sorted(places)


def test_the_best_is_first(store: Store) -> None:
    """A hit in the title comes first, then the more telling one, then the newer one."""
    often = "attention " * 5 + "and so on"
    publish(store, "old", passage("Attention", "nothing " * 50))
    publish(store, "twin", passage("One", "attention, once"), days=1)
    publish(store, "new", passage("One", "attention, once"), days=2)
    publish(store, "long", passage("Other", "attention " + "filling " * 300), days=3)
    publish(store, "often", passage("Both", often), days=-1)
    for number in range(9):
        publish(store, f"other{number}", passage("Other", "filling " * 20), days=4)
    order = found(store, "attention")
    assert order[0] == "old#"
    assert order.index("new#") == order.index("twin#") - 1
    assert order.index("often#") < order.index("long#")


def test_a_whole_word_goes_before_a_longer_one(store: Store) -> None:
    """Who asks for `art` is shown art before articles, though these are newer."""
    publish(store, "art", passage("x", "on art and more of it"))
    publish(store, "article", passage("x", "on articles and more of it"), days=1)
    for number in range(9):
        publish(store, f"other{number}", passage("x", "on other things and more of it"), days=2)
    assert found(store, "art") == ["art#", "article#"]


def test_pages(store: Store) -> None:
    """The pages of a result have each hit once, and all know how many there are."""
    for number in range(25):
        publish(store, f"{number:02}", passage("same", "needle"), days=number)
    seen = []
    with store.read() as conn:
        for offset in (0, 10, 20, 30):
            page = search.find(conn, "weekly", "needle", 10, offset)
            assert page.total == 25
            seen += [hit.slug for hit in page.hits]
    assert seen == [f"{number:02}" for number in reversed(range(25))]


def test_what_is_put_again_is_replaced(library: Store) -> None:
    """A revised issue is found by its new words and no longer by the old ones."""
    publish(library, "1", passage("Revised", "Entirely different."))
    assert found(library, "模型") == []
    assert found(library, "different") == ["1#"]
    with library.begin() as conn:
        search.remove(conn, "weekly", "1")
        search.remove(conn, "weekly", "unknown")
        assert conn.execute(text("SELECT count(*) FROM passage")).scalar() == 2
        assert conn.execute(text("SELECT count(*) FROM passage_words")).scalar() == 2
    assert found(library, "different") == []


def test_withdrawn_is_not_found(library: Store) -> None:
    """A withdrawn issue is not found, its passages removed or not, and neither is it lacking."""
    with library.begin() as conn:
        known = issues.get(conn, "weekly", "2")
        assert known is not None
        issues.save(conn, replace(known[0], withdrawn=NOW), None)
    assert found(library, "model") == ["1#scaling"]
    with library.begin() as conn:
        search.remove(conn, "weekly", "2")
        assert search.lacking(conn, "weekly") == frozenset()


def test_newsletters_do_not_mix(library: Store) -> None:
    """What one newsletter has is not found in another, under the same slug either."""
    publish(library, "1", passage("Daily", "模型"), newsletter="daily")
    assert found(library, "模型", "daily") == ["1#"]
    assert found(library, "model", "daily") == []
    with library.begin() as conn:
        search.remove(conn, "daily", "1")
    assert found(library, "模型") == ["1#"]


def test_lacking(store: Store) -> None:
    """An issue saved before there was a search is named until its passages are put there."""
    record = Record("weekly", "id", "1", "1.md", NOW, NOW)
    bare = Record("weekly", "id2", "2", "2.md", NOW, NOW)
    with store.begin() as conn:
        issues.save(conn, record, Issue())
        issues.save(conn, bare, None)
        assert search.lacking(conn, "weekly") == {"1"}
        assert search.lacking(conn, "daily") == frozenset()
        search.put(conn, "weekly", "1", [passage("Title")])
        assert search.lacking(conn, "weekly") == frozenset()


@pytest.mark.parametrize(
    "query",
    [
        '"', '""', "'", "''", "\\", "a'b", 'a"b', "*", "a*", "^a", "-a", "+a", "a AND", "NOT a",
        "a NEAR b", "NEAR(a b, 2)", "{title} : a", "title:a", "a:*", "a & !b", "a <-> b", "a | b",
        "(a", "a)", ":ask", "%s", "%(a)s", "\0", "\ud800", "a\0b", "x" * 200, "a " * 100,
        "模" * 200, "的,a-b " * 28, "' OR 1=1 --", "'); DROP TABLE passage; --",
    ],
)  # fmt: skip
def test_no_query_has_syntax(library: Store, query: str) -> None:
    """Quotes, operators and names of either database are text like any other."""
    with library.read() as conn:
        result = search.find(conn, "weekly", query, 10)
    assert 0 <= result.total <= 5


def test_a_text_without_end(store: Store) -> None:
    """Of a very long text the last words are found too, phrases and all; so is what stands often."""
    filling = " ".join(f"w{number}" for number in range(20_000))
    often = "ping pong " * 300 + "ping pang"
    publish(store, "long", passage("Long title", f"{filling} needle in hay 大模型的对齐"))
    publish(store, "often", passage("Often", often))
    assert found(store, "needle") == ["long#"]
    assert found(store, "needle-in-hay") == ["long#"]
    assert found(store, "in-hays") == []
    assert found(store, "模型的对") == ["long#"]
    assert found(store, "hay-in-needle") == []
    assert found(store, "title-w0") == []
    assert found(store, "ping-pang") == ["often#"]
    assert found(store, "pang-ping") == []


def test_more_words_than_fit(store: Store) -> None:
    """A text with more different words than a row holds is stored, and found by its first ones."""
    words = " ".join(f"{number}{'x' * 50}" for number in range(30_000))
    publish(store, "huge", passage("Huge", f"first {words}"))
    assert found(store, "first") == ["huge#"]


def test_hits_say_what_they_are(library: Store) -> None:
    """A hit has what a page shows of it, the text as it was put there."""
    with library.read() as conn:
        (hit,) = (
            search.find(conn, "weekly", "engine 推理", 10).hits
            or search.find(conn, "weekly", "推理引擎", 10).hits
        )
    assert hit == search.Hit(
        slug="1",
        anchor="engine",
        title="用 C++ 写推理引擎",
        language="en",
        text="比 3.5 版快一倍，café 里写成",
        heading="An issue",
        date=date(2026, 3, 6),
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.lists(st.text(max_size=40), min_size=1, max_size=3))
def test_any_text_is_found_by_its_own_words(store: Store, texts: list[str]) -> None:
    """Whatever is put there is found by each of its own words."""
    rows = [passage("", words, f"a{number}") for number, words in enumerate(texts)]
    publish(store, "any", *rows)
    for number, words in enumerate(texts):
        for word in words.split():
            places = found(store, word)
            assert f"any#a{number}" in places or not places
            assert places or not search.split(word)


def test_the_index_is_whole(library: Store, tmp_path: Path) -> None:
    """After putting and removing, SQLite's own check finds nothing amiss."""
    if library.dialect != "sqlite":
        return
    publish(library, "1", passage("Revised"))
    with library.begin() as conn:
        conn.execute(text("INSERT INTO passage_words (passage_words) VALUES ('integrity-check')"))
