"""How an issue is shown: which title leads, in which language, under which date."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from publisher import identity
from publisher.model import Issue, Item, ItemRecord, Newsletter, Published, Record, Section, Slot
from publisher.render.view import issue_date, titles, view
from publisher.render.words import Words


def test_the_newsletters_language_leads(
    published: Published, newsletter: Newsletter, ours: Words
) -> None:
    """In a Chinese newsletter the Chinese title leads, in an English one the English."""
    kites = view(published, newsletter, ours).items[0]
    assert (kites.title, kites.language) == ("风筝为什么掉不下来：一份给孩子的说明", None)
    assert (kites.second, kites.second_language) == ("Why Kites Stay Up", "en")
    english = view(published, replace(newsletter, language="en"), ours).items[0]
    assert (english.title, english.language) == ("Why Kites Stay Up", "en")


@pytest.mark.parametrize(
    ("titles", "languages", "shown"),
    [
        ((), ("en", "zh"), ("Z", "E")),
        (("en", "zh"), ("en", "zh"), ("E", "Z")),
        (("zh-Hant", "en"), ("en", "zh"), ("Z", "E")),
        (("en",), ("en", "zh"), ("E", None)),
        (("zh",), ("en", "zh"), ("Z", None)),
        (("ja", "zh"), ("en", "zh"), ("Z", None)),
        (("ja",), ("en", "zh"), ("Z", None)),
        (("ja",), ("en", "ko"), ("E", None)),
        (("zh",), (None, "zh"), ("Z", "E")),
        (("en",), (None, "zh"), ("E", None)),
        (("en",), (None, None), ("E", "Z")),
    ],
)
def test_the_listed_titles_are_shown(
    newsletter: Newsletter,
    ours: Words,
    titles: tuple[str, ...],
    languages: tuple[str | None, str | None],
    shown: tuple[str, str | None],
) -> None:
    """Those of the listed languages, in that order; never none, never one untold held back."""
    item = Item("E", alt_title="Z", title_language=languages[0], alt_title_language=languages[1])
    newsletter = replace(newsletter, titles=titles)
    seen = view(_with(item, newsletter), newsletter, ours).items[0]
    assert (seen.title, seen.second) == shown


def test_the_variants_title_leads(
    published: Published, newsletter: Newsletter, ours: Words
) -> None:
    """An English reader of a Chinese newsletter has the English title above, and in the summary."""
    bare = Published(replace(published.issue, html="", text=""), published.record)
    shown = view(bare, newsletter, ours, "en")
    assert (shown.items[0].title, shown.items[0].language) == ("Why Kites Stay Up", "en")
    assert shown.items[0].second == "风筝为什么掉不下来：一份给孩子的说明"
    assert shown.summary(25) == "Why Kites Stay Up …"
    assert shown.contents[0].title == "Why Kites Stay Up"
    listed = replace(newsletter, titles=("zh",))
    assert view(bare, listed, ours, "en").items[0].second is None


def test_titles_of_unknown_language_stay_in_order(newsletter: Newsletter, ours: Words) -> None:
    """Without languages nothing is guessed: the title leads."""
    item = Item("A", alt_title="B")
    record = view(_with(item, newsletter), newsletter, ours).items[0]
    assert (record.title, record.second) == ("A", "B")


def test_an_untitled_item_is_called_something(newsletter: Newsletter, ours: Words) -> None:
    """An item without a title goes by its address, without one by its number."""
    shown = view(_with(Item("", url="https://a.example/"), newsletter), newsletter, ours)
    assert shown.items[0].title == "https://a.example/"
    assert view(_with(Item(" \x00"), newsletter), newsletter, ours).items[0].title == "第 1 篇"


def test_an_advert_is_no_news(newsletter: Newsletter, ours: Words) -> None:
    """It has no number, is not counted, and is labelled where its title does not say so."""
    record = replace(
        _with(Item("A"), newsletter).record, items=tuple(ItemRecord(one, one) for one in "abc")
    )
    sections = (
        Section((Item("A", topics=("x", "Wood")),), title="wood"),
        Section((Item("B", url="https://b.example/", topics=("y",)),), title="友", sponsor=True),
        Section((Item("C", above_html='<a href="https://d.example/">d</a>'),), title="本周赞助", sponsor=True,
                html='<p><a href="https://c.example/">c</a></p>',
                closing_html='<a href="https://e.example/">e</a>'),
    )  # fmt: skip
    shown = view(Published(Issue(sections), record), newsletter, ours)
    assert [item.title for item in shown.items] == ["A"]
    assert [one.label for one in shown.sections] == [None, "赞助", None]
    assert [one.items[0].number for one in shown.sections] == [1, 0, 0]
    paid = shown.sections[2]
    assert paid.html == '<p><a href="https://c.example/" rel="sponsored">c</a></p>'
    assert paid.items[0].above_html == '<a href="https://d.example/" rel="sponsored">d</a>'
    assert paid.closing_html == '<a href="https://e.example/" rel="sponsored">e</a>'
    assert (shown.topics, shown.items[0].shown_topics) == (("x", "Wood"), ("x",))


def test_dateline_names_the_date_once(
    published: Published, newsletter: Newsletter, ours: Words
) -> None:
    """The date stands in the dateline unless it is the heading."""
    assert view(published, newsletter, ours).dateline == "第 7 期 · 2024年3月1日 · 3 篇"
    untitled = Published(replace(published.issue, title=None), published.record)
    shown = view(untitled, newsletter, ours)
    assert (shown.heading, shown.dateline) == ("2024年3月1日", "第 7 期 · 3 篇")


@pytest.mark.parametrize(
    ("language", "dateline"),
    [
        ("he", "No. 7 · 1 March 2024 · 3 items"),
        ("de-AT", "No. 7 · 1 March 2024 · 3 items"),
        ("ar", "العدد 7 · 1 مارس 2024 · 3 مواد"),
        ("zh-TW", "第 7 期 · 2024年3月1日 · 3 篇"),
    ],
)
def test_a_dateline_is_in_one_language(
    published: Published, newsletter: Newsletter, ours: Words, language: str, dateline: str
) -> None:
    """That of our sentences: English beside a Hebrew date would be read out of order."""
    assert view(published, newsletter, ours, language).dateline == dateline


def test_dateline_does_not_repeat_the_number(
    published: Published, newsletter: Newsletter, ours: Words
) -> None:
    """A title that says the number says it for all; a figure in it that is another does not."""
    for title, says in (("风 #7：", False), ("7 March 77", True), ("第7期", False)):
        shown = view(
            Published(replace(published.issue, title=title), published.record), newsletter, ours
        )
        assert shown.heading == title.rstrip("：")
        assert shown.dateline.startswith("第 7 期 · ") is says


def test_a_long_issue_lists_its_sections(newsletter: Newsletter, ours: Words) -> None:
    """Beyond thirty items the list of contents names sections, with what each holds."""

    def shown(counts: list[int]) -> list[tuple[int, str, int]]:
        sections = tuple(
            Section(tuple(Item(f"i{n}") for n in range(count)), title=f"S{count}" if count else "E")
            for count in counts
        )
        issue = Issue((Section((Item("first"),)), *sections))
        record = identity.provisional(issue, newsletter, datetime(2024, 3, 1, tzinfo=UTC))
        return [
            (line.number, line.title, line.count)
            for line in view(Published(issue, record), newsletter, ours).contents
        ]

    assert shown([0, 2, 28, 1]) == [(1, "first", 0), (2, "S2", 2), (4, "S28", 28), (32, "S1", 1)]
    assert len(shown([2, 40])) == 43
    assert len(shown([2, 3, 4])) == 10
    assert shown([1]) == []


def test_the_heading_of_notes_that_went_is_left_out(
    published: Published, newsletter: Newsletter, ours: Words
) -> None:
    """Notes stand with their items; what they were under in the digest would head nothing."""
    sections = [
        *published.issue.sections,
        Section((), title="Footnotes:"),
        Section((), title="Bye!"),
    ]
    shown = view(
        Published(replace(published.issue, sections=tuple(sections)), published.record),
        newsletter,
        ours,
    )
    assert [section.title for section in shown.sections] == [None, "长读", "Bye!"]


def test_what_we_make_up_is_in_our_language(
    published: Published, newsletter: Newsletter, ours: Words
) -> None:
    """An untitled Chinese issue of an English newsletter has an English date, in every place."""
    untitled = Published(replace(published.issue, title=None), published.record)
    shown = view(untitled, replace(newsletter, language="en"), ours)
    assert (shown.heading, shown.language) == ("1 March 2024", "zh")
    assert shown.headline.endswith(" · 1 March 2024")
    variant = view(untitled, newsletter, ours, "en")
    assert (variant.heading, variant.headline) == ("1 March 2024", "杂货周刊 · 1 March 2024")


def test_no_digest_holds_a_slot(published: Published, newsletter: Newsletter, ours: Words) -> None:
    """What looks like a slot is broken up wherever a digest can write it."""
    slot = Slot.UNSUBSCRIBE.value
    item = Item(slot, f"https://a.example/{slot}", f'<img src="https://a.example/{slot}">', slot)
    shown = view(_with(item, newsletter), newsletter, ours)
    assert slot not in repr(shown)
    prose = Section(
        (Item("a", above_html=slot, above_text=slot),), closing_html=slot, closing_text=slot
    )
    record = _with(item, newsletter).record
    assert slot not in repr(view(Published(Issue((prose,)), record), newsletter, ours))
    untitled = replace(published.issue, title=slot, html=slot, text=slot, authors=(slot,))
    assert slot not in repr(view(Published(untitled, published.record), newsletter, ours))


def test_issue_date_is_local(published: Published, newsletter: Newsletter) -> None:
    """Without a stated date the day of publication counts, in the newsletter's zone."""
    late = datetime(2024, 3, 1, 20, 0, tzinfo=UTC)
    undated = Published(
        replace(published.issue, date=None), replace(published.record, date=None, published=late)
    )
    assert issue_date(undated, newsletter) == date(2024, 3, 2)
    assert issue_date(undated, replace(newsletter, timezone="Mars/Olympus")) == date(2024, 3, 1)


def test_summary_is_the_preface_or_the_titles(
    published: Published, newsletter: Newsletter, ours: Words
) -> None:
    """The preface says what an issue is about; without one, whole titles do."""
    assert view(published, newsletter, ours).summary(50) == "春天到了，风也到了。"
    bare = Published(replace(published.issue, html="", text=""), published.record)
    shown = view(bare, newsletter, ours)
    assert shown.summary(32) == "风筝为什么掉不下来：一份给孩子的说明 · 茶凉得比咖啡快 …"
    assert titles(shown.items, 8) == "风筝为什么掉不…"
    assert titles((), 8) == ""


def test_language_is_the_fuller_tag(
    published: Published, newsletter: Newsletter, ours: Words
) -> None:
    """The newsletter's tag wins where it says the same more precisely."""
    assert view(published, newsletter, ours).language == "zh-CN"
    taiwan = Published(replace(published.issue, language="zh-TW"), published.record)
    assert view(taiwan, newsletter, ours).language == "zh-TW"
    french = Published(replace(published.issue, language="fr"), published.record)
    assert view(french, newsletter, ours).language == "fr"


def _with(item: Item, newsletter: Newsletter) -> Published:
    moment = datetime(2024, 3, 1, tzinfo=UTC)
    record = Record(newsletter.slug, "urn:x", "s", "s.md", moment, moment,
                    items=(ItemRecord("k", "a"),))  # fmt: skip
    return Published(Issue(sections=(Section((item,)),)), record)
