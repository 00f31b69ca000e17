"""legacy: the encoding in which a text makes sense."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from publisher.digest.source.decode import decode
from publisher.digest.source.legacy import guess, makes_sense
from publisher.model import Level

TEXTS = {
    "zh": "这一周河水上涨，磨坊边的桥不再通行马车。要过河的人可以坐渡船，从早到晚每小时一班。新书《河流》"
    "已经出版，读者可以在图书馆借到。编辑部感谢所有来信的朋友，下一期我们谈谈鱼和水草，以及怎样在冬天照看小船。"
    "船夫说，春天的水最冷，也最清，站在桥上能看见石头。",
    "zht": "這一週河水上漲，磨坊邊的橋不再通行馬車。要過河的人可以坐渡船，從早到晚每小時一班。新書《河流》"
    "已經出版，讀者可以在圖書館借到。編輯部感謝所有來信的朋友，下一期我們談談魚和水草，以及怎樣在冬天照看小船。",
    "ja": "今週は川の水が高く、水車小屋のそばの橋は馬車が通れません。渡し船は一時間ごとに出ます。新しい本が"
    "出ましたので、図書館で借りることができます。お便りをくださった皆さんに感謝します。次号では魚と水草について話します。",
    "ko": "이번 주에는 강물이 불어서 방앗간 옆 다리를 마차가 건널 수 없다. 나룻배는 한 시간마다 떠난다. 새 책이 "
    "나왔으니 도서관에서 빌릴 수 있다. 편지를 보내 주신 모든 분께 감사드린다. 다음 호에서는 물고기에 대해 말한다.",
    "ru": "На этой неделе река поднялась, и мост у мельницы закрыт для телег. Паром ходит каждый час с утра до "
    "вечера. Вышла новая книга о реках, её можно взять в библиотеке. Спасибо всем, кто нам писал.",
    "ar": "ارتفع ماء النهر هذا الأسبوع وأغلق الجسر عند الطاحونة أمام العربات. تعبر العبارة كل ساعة من الصباح "
    "إلى المساء. صدر كتاب جديد عن الأنهار ويمكن استعارته من المكتبة. نشكر كل من كتب إلينا.",
    "fr": "La rivière est montée cette semaine et le pont du moulin est fermé aux charrettes. Ceux qui doivent "
    "passer prennent le bac, qui part à toute heure. Un nouveau livre a été publié ; il est déjà prêté.",
    "de": "Die Brücke an der Mühle ist in dieser Woche für Wagen gesperrt, denn der Fluß ist höher als sonst. "
    "Wer hinüber muß, fährt mit der Fähre. Ein neues Buch läßt sich in der Bücherei ausleihen.",
    "cs": "Tento týden je řeka vysoká a most u mlýna je pro vozy zavřený. Kdo se musí dostat na druhý břeh, "
    "může jet přívozem, který jezdí každou hodinu. Vyšla nová kniha o řekách a půjčíte si ji v knihovně.",
    "pl": "Most przy młynie jest w tym tygodniu zamknięty, bo rzeka się podniosła. Kto musi się dostać na drugi "
    "brzeg, może popłynąć łodzią, która kursuje co godzinę. Wyszła nowa książka o rzekach.",
    "el": "Αυτή την εβδομάδα το ποτάμι ανέβηκε και η γέφυρα δίπλα στον μύλο είναι κλειστή για τα κάρα. "
    "Όποιος θέλει να περάσει παίρνει τη βάρκα, που φεύγει κάθε ώρα από το πρωί.",
    "he": "השבוע עלו מי הנהר והגשר ליד הטחנה סגור לעגלות. מי שצריך לעבור נוסע במעבורת, שיוצאת בכל שעה "
    "מהבוקר עד הערב. ספר חדש על נהרות יצא לאור ואפשר לשאול אותו בספרייה.",
}
CODECS = [
    ("zh", "gb18030", "gb18030"),
    ("zht", "big5", "big5"),
    ("ja", "cp932", "shift_jis"),
    ("ja", "euc_jp", "euc-jp"),
    ("ko", "euc_kr", "euc-kr"),
    ("ru", "cp1251", "windows-1251"),
    ("ru", "koi8_r", "koi8-r"),
    ("ar", "cp1256", "windows-1256"),
    ("fr", "cp1252", "windows-1252"),
    ("de", "cp1252", "windows-1252"),
    ("cs", "cp1250", "windows-1250"),
    ("pl", "cp1250", "windows-1250"),
    ("el", "cp1253", "windows-1253"),
    ("he", "cp1255", "windows-1255"),
]


@pytest.mark.parametrize("size", [20, 40, 200, 5000])
@pytest.mark.parametrize(("language", "codec", "name"), CODECS)
def test_told(language: str, codec: str, name: str, size: int) -> None:
    """Half a sentence tells the encoding; two sentences leave no doubt."""
    text = TEXTS[language][:size]
    if text.isascii():
        text = TEXTS[language][20 : 20 + size]
    found = guess(text.encode(codec))
    assert found is not None
    assert (found.text, found.encoding) == (text, name)
    assert 0.5 <= found.certainty <= 0.99
    assert size < 100 or found.certainty >= 0.9


def test_more_text_is_more_certain() -> None:
    """The certainty grows with what there is to judge by."""
    sizes = [guess(TEXTS["ru"][:size].encode("cp1251")) for size in (10, 20, 40, 80)]
    certainties = [found.certainty for found in sizes if found]
    assert certainties == sorted(set(certainties))


def test_english_with_curly_quotes() -> None:
    """What only has an editor's apostrophes and dashes above ASCII is windows-1252."""
    text = "It’s the river – and “the mill” – that we haven’t seen. They’re closed, aren’t they?"
    found = guess(text.encode("cp1252"))
    assert found is not None
    assert (found.text, found.encoding) == (text, "windows-1252")


def test_a_late_line_decides() -> None:
    """One line in another script at the end of a long ASCII text is enough."""
    text = "A line about the river.\n" * 20_000 + TEXTS["zh"]
    found = guess(text.encode("gb18030"))
    assert found is not None
    assert found.text == text


@pytest.mark.parametrize("data", [b"caf\xc3", b"ok \xff", bytes(range(128, 256)), b"\x80\xff\x81"])
def test_no_sense(data: bytes) -> None:
    """What makes no sense in any encoding is no text in any."""
    assert guess(data) is None


def test_sense() -> None:
    """ASCII and every language known here make sense, marks of loss and rubbish do not."""
    assert all(makes_sense(text) for text in ["plain\n", *TEXTS.values()])
    assert not any(makes_sense(text) for text in ["a\0b", "a\ufffdb", "䭐Ѓ\n"])


ORIGINALS = {
    "gb18030.md": "servicemesher/service-mesh-weekly-20181015-20181021.md",
    "gbk-crlf.md": "dotnetcn/episode-020.md",
    "shift_jis.md": "vimmag/2014-08-31-vimmagazine.md",
    "euc_jp.md": "optech/ja-2022-09-07-newsletter.md",
    "windows-1251.md": "nodejsru/io.js-Week-of-February-13th-2015.md",
    "koi8_r.md": "radiot/podcast-42.md",
    "windows-1256-arabic.md": "turingway/ar-welcome.md",
    "utf8-bom-crlf.md": "hfzh/2025-01-14_daily_paper.md",
    "utf8-bom-yaml.md": "lwkd/2018-01-14-update.md",
    "utf16le-bom.md": "cg0101/issue-60.md",
    "seed-gb18030-crlf.txt": "seed/000_a9a4838e097c53b9.txt",
}


def pairs(corpora: Path) -> Iterator[tuple[str, str, str]]:
    """Give each derived file's name, the text read from it, and its original's."""
    for path in sorted((corpora / "derived-encodings").iterdir()):
        original = (corpora / ORIGINALS[path.name]).read_bytes().decode("utf-8-sig")
        decoded = decode(path.read_bytes())
        assert all(found.level in {Level.WARN, Level.NOTE} for found in decoded.findings)
        yield path.name, decoded.text or "", original


def test_derived_encodings(corpora: Path) -> None:
    """Each file of another encoding is read as exactly its original's text, without a doubt."""
    read = list(pairs(corpora))
    assert len(read) == len(ORIGINALS)
    for name, text, original in read:
        assert text.replace("\r\n", "\n") == original.replace("\r\n", "\n"), name
