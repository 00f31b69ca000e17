"""Our sentences: complete in every language, found in the nearest, dated as each language dates."""

from collections import Counter
from datetime import date
from gettext import c2py
from io import BytesIO, StringIO
from itertools import chain
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po
from markupsafe import Markup

from publisher.render.catalogue import blanks
from publisher.render.words import (
    Words,
    date_words,
    direction,
    list_words,
    primary,
    sponsor_word,
    words,
)

ROOT = Path(__file__).parent.parent.parent
CATALOGUES = sorted((ROOT / "templates" / "words").glob("*.po"))
ASKED = {"say": (2,), "say_count": (2, 3)}
"""Where the sentence stands in a call, in templates and code alike."""
WHY = "You receive this because you subscribed to {newsletter}."

POLISH = r"""msgid ""
msgstr ""
"Plural-Forms: nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) "
"? 1 : 2);\n"

msgid "{count} item"
msgid_plural "{count} items"
msgstr[0] "{count} wpis"
msgstr[1] "{count} wpisy"
msgstr[2] "{count} wpisów"
"""


def used() -> set[str | tuple[str, ...]]:
    """Every sentence a template or the code asks for."""
    sources = chain(
        (("python", path) for path in (ROOT / "publisher").rglob("*.py")),
        (("jinja2.ext:babel_extract", path) for path in (ROOT / "templates").rglob("*.*")),
    )
    found = set()
    for method, path in sources:
        if path.suffix != ".po" and "desk" not in path.parts:
            options = {"trim_blocks": "true", "encoding": "utf-8"}
            asked = extract(method, BytesIO(path.read_bytes()), ASKED, options=options)
            found |= {sentence for _, sentence, _, _ in asked}
    return found


def catalogue(path: Path) -> Catalog:
    """A catalogue as its file has it."""
    return read_po(StringIO(path.read_text("utf-8")), abort_invalid=True)


def test_sentences_are_found() -> None:
    """The extraction sees templates and code, single sentences and counted ones."""
    sentences = used()
    assert len(sentences) > 25
    assert {"Skip to the content", "All issues", ("{count} item", "{count} items")} <= sentences


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)
def test_a_language_we_speak_is_whole(path: Path) -> None:
    """Every sentence asked for is translated, none is fuzzy, and none is kept that nobody asks."""
    catalog = catalogue(path)
    assert {message.id for message in catalog if message.id} == used()
    assert not [message.id for message in catalog if message.id and message.fuzzy]
    assert not catalog.obsolete
    for message in catalog:
        strings = [message.string] if isinstance(message.string, str) else list(message.string)
        assert all(strings)
        assert len(strings) == (catalog.num_plurals if message.pluralizable else 1)


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)
def test_translations_have_the_same_blanks(path: Path) -> None:
    """What a sentence says of newsletter, address or number, its translation says too.

    Only a form for one number alone may say it by a word: Arabic has a dual.
    """
    catalog = catalogue(path)
    form = c2py(catalog.plural_expr)
    forms = Counter(form(number) for number in range(1000))
    for message in catalog:
        if message.id:
            known = message.id if isinstance(message.id, str) else message.id[1]
            strings = [message.string] if isinstance(message.string, str) else message.string
            for number, text in enumerate(strings):
                alone = {("count", "", "")} if len(strings) > 1 and forms[number] == 1 else set()
                assert set(blanks(text)) | alone == set(blanks(known)), text


def test_a_sentence_is_said(ours: Words) -> None:
    """In its own language it is translated and filled, in English it stays, filled."""
    assert ours.say("zh-CN", WHY, newsletter="风") == "您收到这封邮件，是因为您订阅了《风》。"
    assert ours.say("en-GB", WHY, newsletter="风").endswith(" subscribed to 风.")
    assert ours.say("zh", WHY, newsletter="{x}").endswith("《{x}》。")


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("zh_CN", "退订"),
        ("ZH-hans-sg", "退订"),
        ("zh-TW", "取消訂閱"),
        ("zh-Hant-MO", "取消訂閱"),
        ("zh-HK", "退訂"),
        ("de-CH", "Abmelden"),
        ("zz-a-b", "Unsubscribe"),
        ("", "Unsubscribe"),
    ],
)
def test_the_nearest_catalogue_is_asked(
    templates: dict[str, str], language: str, said: str
) -> None:
    """The exact tag, then the script it implies, then the language, then English."""
    own = {
        "words/zh-HK.po": po("Unsubscribe", "退訂"),
        "words/de.po": po("Unsubscribe", "Abmelden"),
        "words/aa/zz.po": po("Unsubscribe", "elsewhere"),
    }
    assert words({**templates, **own}).say(language, "Unsubscribe") == said


def test_a_sentence_with_markup_is_markup(ours: Words) -> None:
    """What is filled in as markup stays so; the sentence and its other values are escaped."""
    last = "The next issue of “{newsletter}” will be sent to {address}."
    told = ours.say("ru", last, newsletter=Markup("<bdi>A&amp;B</bdi>"), address="<a>")
    assert told == ("Следующий выпуск рассылки «<bdi>A&amp;B</bdi>» придёт на адрес &lt;a&gt;.")
    assert isinstance(told, Markup)
    assert words({"words/zz.po": po("x {y}", "<x> {y}")}).say("zz", "x {y}", y=Markup("&amp;")) == (
        "&lt;x&gt; &amp;"
    )


def test_fallback_is_by_sentence(templates: dict[str, str]) -> None:
    """What a catalogue lacks, has empty or fuzzy, the next one says, in the end English."""
    lacking = (
        po("Feeds", "Quellen")
        + '\nmsgid "All issues"\nmsgstr ""\n'
        + '\n#, fuzzy\nmsgid "Next issue"\nmsgstr "vielleicht"\n'
    )
    ours = words({**templates, "words/zh-TW.po": lacking})
    told = [ours.say("zh-TW", one) for one in ("Feeds", "All issues", "Next issue", "Unsaid")]
    assert told == ["Quellen", "歷期電子報", "下一期", "Unsaid"]


@pytest.mark.parametrize(
    ("theirs", "own", "chosen"),
    [
        (None, "zh-Hans", "zh-Hans"),
        ("", "en", "en"),
        ("zh-CN", "zh-Hans", "zh-Hans"),
        ("zh_hant_hk", "zh-CN", "zh-Hant"),
        ("zh-SG", "zh-CN", "zh-CN"),
        ("en-US", "zh-CN", "en"),
        ("EN", "en-GB", "en-GB"),
        ("zh-TW", "en", "zh-Hant"),
        ("ja-JP", "zh", "ja"),
        ("fr", "zh", "zh"),
        ("English", "zh", "zh"),
        ("en", "fr", "en"),
        ("fr-CA", "fr", "fr"),
        ("pt-pt", "en", "pt-PT"),
        ("pt-BR", "en", "en"),
        ("sr-latn", "sr", "sr-Latn"),
    ],
)
def test_a_reader_gets_their_language_where_we_speak_it(
    templates: dict[str, str], theirs: str | None, own: str, chosen: str
) -> None:
    """Else, and where the newsletter speaks it already, they get the newsletter's, unchanged."""
    added = {f"words/{tag}.po": "" for tag in ("pt-PT", "sr-Latn", "sr")}
    assert words({**templates, **added}).for_reader(theirs, own) == chosen


def test_counts(templates: dict[str, str]) -> None:
    """One item is not one items; a language has as many forms as it needs."""
    ours = words(
        {
            **templates,
            "words/pl.po": POLISH,
        }
    )

    def told(language: str, count: int) -> str:
        return ours.say_count(language, "{count} item", "{count} items", count)

    assert [told("en", count) for count in (1, 2)] == ["1 item", "2 items"]
    assert [told("zh", count) for count in (1, 17)] == ["1 篇", "17 篇"]
    assert [told("pl", count) for count in (1, 3, 5)] == ["1 wpis", "3 wpisy", "5 wpisów"]
    items = [told("ru", count) for count in (1, 3, 11, 21)]
    assert items == ["1 материал", "3 материала", "11 материалов", "21 материал"]
    items = [told("ar", count) for count in (1, 2, 3, 11, 100)]
    assert items == ["مادة واحدة", "مادتان", "3 مواد", "11 مادة", "100 مادة"]
    bare = words({"words/pl.po": POLISH.partition("\n\n")[2]})
    assert bare.say_count("pl", "{count} item", "{count} items", 5) == "5 wpisów"


@pytest.mark.parametrize(
    ("language", "whole", "short"),
    [
        ("zh-CN", "2026年5月1日", "5月1日"),
        ("zh-TW", "2026年5月1日", "5月1日"),
        ("en", "1 May 2026", "1 May"),
        ("en-GB", "1 May 2026", "1 May"),
        ("en-US", "May 1, 2026", "May 1"),
        ("ja", "2026年5月1日", "5月1日"),
        ("ko-KR", "2026년 5월 1일", "5월 1일"),
        ("ru", "1 мая 2026\u202fг.", "1 мая"),
        ("ar", "1 مايو 2026", "1 مايو"),
        ("de-Latn-XX", "1. Mai 2026", "1. Mai"),
        ("tlh", "1 May 2026", "1 May"),
        ("x/../y", "1 May 2026", "1 May"),
        ("", "1 May 2026", "1 May"),
    ],
)
def test_dates(language: str, whole: str, short: str) -> None:
    """A date stands as its language writes it, whether or not we speak it; else in English."""
    day = date(2026, 5, 1)
    assert date_words(language, day) == whole
    assert date_words(language, day, with_year=False) == short


def test_lists() -> None:
    """Names are parted as their language parts them, and are not looked into."""
    assert list_words("zh-CN", ["甲", "Ann {0} Lee", "乙"]) == "甲、Ann {0} Lee、乙"
    assert list_words("en", ["A", "B"]) == "A, B"
    assert (list_words("ja", ["甲"]), list_words("ja", [])) == ("甲", "")


def test_direction() -> None:
    """Which way a language is written hangs on its script, where the tag says one."""
    tags = ("ar", "he-IL", "ckb", "pa-Arab", "pa", "zh-Hans", "tlh", "")
    assert [direction(tag) for tag in tags] == ["rtl"] * 4 + ["ltr"] * 4


def test_primary() -> None:
    """Of a tag only its language, in small letters."""
    assert (primary("ZH_Hans-CN"), primary(None)) == ("zh", "")


def test_an_advert_is_called_one() -> None:
    """In languages we do not speak otherwise, too; in others by the English word."""
    tags = ("de-AT", "zh-Hans", "zh-Hant", "zh-TW", "ko", "sw")
    assert [sponsor_word(tag) for tag in tags] == [
        "Anzeige", "赞助", "贊助", "贊助", "광고", "Sponsor"
    ]  # fmt: skip


def po(sentence: str, translation: str) -> str:
    """Write a catalogue of one sentence."""
    return f'msgid "{sentence}"\nmsgstr "{translation}"\n'
