"""languages: told by script and small words, or not at all."""

import re
from pathlib import Path

import pytest

from publisher.digest import read
from publisher.digest.stated.languages import of_digest, of_text, of_title

ENGLISH = (
    "The river was high this week, and the bridge at the mill is closed to carts. People who "
    "have to cross it may use the ferry, which runs every hour from morning until dark."
)
CHINESE = "这一周河水上涨，磨坊边的桥不再通行马车。要过河的人可以坐渡船，从早到晚每小时一班。"
SAMPLES = {
    "en": ENGLISH,
    "zh": CHINESE,
    "ja": "今週は川の水が高く、水車小屋のそばの橋は馬車が通れません。渡し船は一時間ごとに出ます。",
    "ko": "이번 주에는 강물이 불어서 방앗간 옆 다리를 마차가 건널 수 없다. 나룻배는 한 시간마다 떠난다.",
    "ru": "На этой неделе река поднялась, и мост у мельницы закрыт для телег. Паром ходит каждый час.",
    "uk": "Цього тижня річка піднялася, і міст біля млина закрито для возів. Пором ходить щогодини.",
    "de": "Der Fluss ist in dieser Woche hoch, und die Brücke an der Mühle ist für Wagen gesperrt. "
    "Wer hinüber muss, kann mit der Fähre fahren, die von früh bis spät jede Stunde ablegt.",
    "fr": "La rivière est haute cette semaine et le pont du moulin est fermé aux charrettes. Ceux "
    "qui doivent passer prennent le bac, qui part toutes les heures du matin au soir.",
    "es": "El río está crecido esta semana y el puente del molino queda cerrado para los carros. "
    "Quien tenga que cruzarlo puede tomar la barca, que sale cada hora desde la mañana.",
    "pt": "O rio está cheio esta semana e a ponte do moinho não está aberta para as carroças. Quem "
    "tem de atravessar pode tomar a barca, que sai de hora em hora desde a manhã.",
    "it": "Il fiume è alto questa settimana e il ponte del mulino è chiuso ai carri. Chi deve "
    "passare può prendere il traghetto, che parte ogni ora dalla mattina alla sera.",
    "cs": "Řeka je tento týden vysoká a most u mlýna je pro vozy zavřený. Kdo se musí dostat na "
    "druhý břeh, může jet přívozem, který jezdí každou hodinu od rána až do večera.",
    "nl": "De rivier staat deze week hoog en de brug bij de molen is voor wagens gesloten. Wie naar "
    "de overkant moet, kan met het veer, dat van de ochtend tot de avond elk uur vaart.",
    "pl": "Rzeka w tym tygodniu jest wysoka i most przy młynie jest zamknięty dla wozów. Kto musi "
    "się dostać na drugi brzeg, może popłynąć promem, który kursuje co godzinę od rana.",
    "hi": "इस सप्ताह नदी का पानी ऊँचा है और चक्की के पास का पुल गाड़ियों के लिए बंद है।",
    "ar": "ارتفع ماء النهر هذا الأسبوع وأغلق الجسر عند الطاحونة أمام العربات. تعبر العبارة كل ساعة.",
    "fa": "این هفته آب رودخانه بالا آمده است و پل کنار آسیاب برای گاری‌ها بسته شده است.",
    "he": "השבוע עלו מי הנהר והגשר ליד הטחנה סגור לעגלות. המעבורת יוצאת בכל שעה.",
}


@pytest.mark.parametrize("language", SAMPLES)
def test_text(language: str) -> None:
    """A text of two sentences tells its language."""
    assert of_text(SAMPLES[language]) == language


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Свежие новости", "ru"),
        ("GPT-4", None),
        ("123 …", None),
        ("", None),
        ("Mill bridge closed", None),
        ("Lorem ipsum dolor sit amet consectetur adipiscing elit vivamus", None),
        (
            "news.example.com/on/the/rivers a.example.com/of/the/mill b.example.com/item?is=it and",
            None,
        ),
        ("аудио https://de.example.com/la/los/las.com en.example.com o.a.example.com", "ru"),
    ],
)
def test_little_text(text: str, expected: str | None) -> None:
    """A few words tell it where the script does; addresses are no words."""
    assert of_text(text) == expected


def test_the_one_with_more_prose() -> None:
    """A quotation does not decide, nor do titles in another language."""
    assert of_text(f"{ENGLISH} {ENGLISH} {CHINESE[:40]}") == "en"
    titles = "Small Ferries for Large Rivers\nMill Bridges Reconsidered\nRiver Ferry Toolkit\n"
    assert of_text(titles * 2 + CHINESE) == "zh"
    assert of_text(f"{SAMPLES['ru']} {titles}") == "ru"
    assert of_text(f"{SAMPLES['ru'] * 3} Ще їжак і їжа.") == "ru"


def test_headings_that_agree() -> None:
    """The editor's headings decide over long quotations, when they agree."""
    quoted = f"橋を渡る話です。 {ENGLISH * 5}"
    assert of_digest(["川の便り", "話題", "新しい橋"], quoted) == "ja"
    assert of_digest(["River letter", "話題", "Bridges"], quoted) == "en"
    assert of_digest(["河流"], ENGLISH) == "en"
    assert of_digest([], ENGLISH) == "en"


def test_headings_of_which_half_agree() -> None:
    """Half of the headings decide over titles, not over what the editor wrote below them."""
    headings = ["River letter", "新闻", "文章", "Mills"]
    assert of_digest(headings, ENGLISH) == "zh"
    assert of_digest(headings, ENGLISH, CHINESE) == "zh"
    assert of_digest(headings, ENGLISH, ENGLISH) == "en"
    assert of_digest([*headings, "Bridges"], ENGLISH) == "en"


def test_what_the_editor_wrote_before_titles() -> None:
    """Titles in English leave a digest of another language what it is."""
    titles = "How the rivers rise in the spring\nWhat to do with an old mill\n" * 20
    assert of_digest(["Guías"], titles, "Novedades de la semana y un poco de la orilla") == "es"
    assert of_digest(["Guías"], titles, "Novedades") == "en"
    assert of_digest(["Guides"], f"{titles} {ENGLISH}", ENGLISH) == "en"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "# Boletín 7\n\n## Guías de inicio\n\n- [How the crane turns in the wind]"
            "(https://a.example/)\n- [What the lock is for](https://b.example/)\n",
            "en",
        ),
        (
            "---\ndescription: <p>Las novedades de la semana y un <b>poco</b> de la orilla.</p>\n---\n"
            "# Boletín 7\n\n## Guías de inicio\n\n- [How the crane turns in the wind]"
            "(https://a.example/)\n- [What the lock is for](https://b.example/)\n",
            "es",
        ),
        (
            "# Jays weekly\n\n## 新闻\n\n- [Jays are here](https://a.example/)\n"
            "- [The owls came back to us](https://b.example/)\n\n"
            "## 文章\n\n- [A guide to the feeding of jays](https://c.example/)\n",
            "zh",
        ),
        (
            "# Mill Digest\n\n### News\n\n#### The Mill Wants to Buy Cranes\n\n"
            "<https://www.a.example.com/a>\n\n<https://talk.example.com/item?id=1>\n\n"
            "#### Crane Traffic for Every Harbour\n\n"
            "<https://example.com/como/com/os/cranes>\n\n<https://talk.example.com/item?id=2>\n",
            "en",
        ),
        (
            "# Hafenbrief\n\nDer Kran dreht sich wieder, und das ist gut für den Hafen.\n\n```\n"
            + "if the crane is in the wind: turn it to the left for an hour\n" * 9
            + "```\n",
            "de",
        ),
    ],
)
def test_whole_digests(text: str, expected: str) -> None:
    """Headings, description and prose count; addresses and code do not."""
    assert read(text.encode()).issues[0].language == expected


@pytest.mark.parametrize(
    ("title", "other", "expected"),
    [
        ("Small Models", "小模型", "en"),
        ("小模型", "Small Models", "zh"),
        ("Small Models", None, None),
        ("Small Models", "Малые модели", None),
        ("2024", "小模型", None),
    ],
)
def test_title(title: str, other: str | None, expected: str | None) -> None:
    """A Latin title is English only beside its Chinese, Japanese or Korean translation."""
    assert of_title(title, other) == expected


SERIES = {
    "zh": "cg0101 dotnetcn hfzh nituchao seed servicemesher",
    "ja": "gorilla vimmag",
    "ko": "nodejsko",
    "ru": "nodejsru radiot",
    "en": "dailyai devopsish haskell ipfs livecode lwkd neovim nim nodejsorg osdev swiftweekly twir",
}


def test_real_digests(corpora: Path) -> None:
    """Every real digest is in the language it is in, what it states of it taken away."""
    languages = {folder: key for key, folders in SERIES.items() for folder in folders.split()}
    wrong = []
    for path in sorted([*corpora.glob("*/*.md"), *corpora.glob("*/*.markdown")]):
        expected = languages.get(path.parent.name) or path.name[:2]
        if path.parent.name in {"nixos", "papersdatacode"} and expected != "ru":
            expected = "en"
        if path.parent.name == "turingway" and expected != "ar":
            expected = "en"
        if path.parent.name == "derived-encodings":
            continue
        text = re.sub(r"(?m)^lang:.*$", "", path.read_bytes().decode("utf-8-sig"), count=1)
        told = [issue.language for issue in read(text.encode(), name=path.name).issues]
        if not told or set(told) != {expected}:
            wrong.append((path.name, told, expected))
    assert wrong == []
