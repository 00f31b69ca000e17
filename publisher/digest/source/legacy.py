"""legacy - which of the encodings before UTF-8 a text is in, and how sure that is.

Every candidate that can decode all bytes is judged by what it makes of the characters above ASCII:
in the right encoding they are the common letters of one language, in a wrong one rare signs,
scripts that do not mix, capitals within words. The certainty grows with the distance to the best
rival that reads *another* text and with the number of characters that speak for it; where two
encodings give the same text it does not matter which it was.
Faults: None where no candidate makes sense of it. Never: drops or replaces a byte.
See: decode (who asks, and says the guess aloud).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from publisher.digest.stated.languages import of_text

MOST_JUDGED: Final = 8000
_HIGH: Final = re.compile(r"[^\x00-\x7f]")
LEAST_SENSE: Final = 0.45  # what is below it says nothing in any encoding
_HALVES_DOUBT: Final = 2.0  # as much evidence does so


@dataclass(frozen=True, slots=True)
class Guess:
    """A text, the encoding it was read as by its known name, and the certainty: at least 0.5."""

    text: str
    encoding: str
    certainty: float


def guess(data: bytes) -> Guess | None:
    """Read bytes that are no UTF-8 in the encoding that makes most sense of them."""
    judged: list[tuple[float, int, str, str]] = []
    for codec, name, judge in _CANDIDATES:
        try:
            text = data.decode(codec)
        except UnicodeDecodeError:
            continue
        score, count = judge(_sample(text))
        judged.append((score, count, name, text))
    if not judged:
        return None
    score, count, name, text = max(judged, key=lambda one: one[0])  # the first of equals
    if score < LEAST_SENSE:
        return None
    rival = max((other for other, _, _, read in judged if read != text), default=-1.0)
    evidence = (score - max(rival, -0.5)) * count * min(1.0, 2 * score)
    return Guess(text, name, min(0.99, 1 - 0.5 ** (1 + max(0.0, evidence) / _HALVES_DOUBT)))


def makes_sense(text: str) -> bool:
    """Whether a text reads as one in any of the languages known here."""
    if "\0" in text or "\ufffd" in text:
        return False
    sample = _sample(text)
    return not sample or any(judge(sample)[0] >= LEAST_SENSE for _, _, judge in _CANDIDATES)


def _sample(text: str) -> str:
    """Give the lines that hold characters above ASCII, as many as are needed to judge."""
    lines: list[str] = []
    size = 0
    for line in text.split("\n"):
        if not line.isascii():
            lines.append(line[:MOST_JUDGED])
            size += len(line)
            if size > MOST_JUDGED:
                break
    return "\n".join(lines)


def _mean(weights: Iterator[float | None]) -> tuple[float, int]:
    counted = [weight for weight in weights if weight is not None]
    return (sum(counted) / len(counted), len(counted)) if counted else (0.0, 0)


# --- Chinese, Japanese, Korean ----------------------------------------------------

_SIMPLIFIED: Final = frozenset(
    "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子"
    "说产种面而方后多定行学法所民得经十三之进着等部度家电力里如水化高自二理起小物现实加量都两体制"
    "机当使点从业本去把性好应开它合还因由其些然前外天政四日那社义事平形相全表间样与关各重新线内数"
    "正心反你明看原又么利比或但质气第向道命此变条只没结解问意建月公无系军很情者最立代想已通并提直"
    "题程展五果料象员位入常文总次品式活设及管特件长求老头基资边流路级少图山统接知较将组见计别她手"
    "角期根论运指几九区强放决西被干做必先回则任取据处世车周刊报书版读更网络源码开源文章推荐技术"
)
_TRADITIONAL: Final = frozenset(
    "的一是在不了有和人這中大為上個國我以要他時來用們生到作地於出就分對成會可主發年動同工也能下過子"
    "說產種面而方後多定行學法所民得經十三之進著等部度家電力裡如水化高自二理起小物現實加量都兩體制"
    "機當使點從業本去把性好應開它合還因由其些然前外天政四日那社義事平形相全表間樣與關各重新線內數"
    "正心反你明看原又麼利比或但質氣第向道命此變條只沒結解問意建月公無系軍很情者最立代想已通並提直"
    "題程展五果料象員位入常文總次品式活設及管特件長求老頭基資邊流路級少圖山統接知較將組見計別她手"
    "角期根論運指幾九區強放決西被做必先回則任取據處世車週刊報書版讀更網路源碼文章推薦技術"
)
_KANJI: Final = frozenset(
    "日一人年大国会時本中出事者社行前生分今場手上自地間気方見学東月思高入小体題力部全同物言下新"
    "回話週号記版開発表示動作使用変更追加対応説明合作成実参知理由最初後内文字名数機能問"
)
_HANGUL: Final = frozenset(
    "이다는을의에가고하지한로도를기서은사자어리나그들있인대시것아라스부수정일과여안해으전주보장만소원중"
    "상제면게구비니우경모없며무신유성동실세공개발음간드입습든새매위합할된와요했었및더내등후오조버용"
)


def _han(text: str, common: frozenset[str], codec: str, rows: range) -> Iterator[float | None]:
    """Judge Chinese; `rows` are the lead bytes of the characters in daily use."""
    for found in _HIGH.finditer(text):
        character = found[0]
        if character in common:
            yield 1.0
        elif _is_mark(character):
            yield None
        elif "\u4e00" <= character <= "\u9fff":
            lead = character.encode(codec, "replace")[0]
            yield 0.1 if lead in rows else -0.4
        else:
            yield -1.0


def _simplified(text: str) -> tuple[float, int]:
    return _mean(_han(text, _SIMPLIFIED, "gb2312", range(0xB0, 0xD8)))


def _traditional(text: str) -> tuple[float, int]:
    return _mean(_han(text, _TRADITIONAL, "big5", range(0xA4, 0xC7)))


def _japanese(text: str) -> tuple[float, int]:
    return _mean(_japanese_each(text))


def _japanese_each(text: str) -> Iterator[float | None]:
    for found in _HIGH.finditer(text):
        character = found[0]
        if "\u3041" <= character <= "\u3093":
            yield 1.0
        elif "\u30a1" <= character <= "\u30f6" or character == "\u30fc":
            yield 0.7
        elif _is_mark(character):
            yield None
        elif "\u4e00" <= character <= "\u9fff":
            lead = character.encode("euc_jp", "replace")[0]
            yield 0.6 if character in _KANJI else 0.2 if 0xB0 <= lead <= 0xCF else -0.4
        else:
            yield -0.8 if "\uff61" <= character <= "\uff9f" else -1.0


def _korean(text: str) -> tuple[float, int]:
    return _mean(_korean_each(text))


def _korean_each(text: str) -> Iterator[float | None]:
    for found in _HIGH.finditer(text):
        character = found[0]
        if character in _HANGUL:
            yield 1.0
        elif _is_mark(character):
            yield None
        elif "\uac00" <= character <= "\ud7a3":
            daily = len(character.encode("euc_kr", "replace")) == 2
            yield 0.2 if daily else -0.5
        else:
            yield -0.5 if "\u4e00" <= character <= "\u9fff" else -1.0


def _is_mark(character: str) -> bool:
    """Whether it is punctuation of these scripts, which stands at the same place in all of them."""
    return (
        "\u3000" <= character <= "\u301f"
        or "\uff01" <= character <= "\uff60"
        or (character in "“”‘’…—·、。「」・※→←↑↓●○◆◇■□△▲▼★☆×°")
    )


# --- letters ----------------------------------------------------------------------

_WORD: Final = re.compile(r"[^\W\d_]+(?:[^\w\s][^\W\d_]+)*")
_RUSSIAN: Final = "оеаинтсрвлкм", "абвгдежзийклмнопрстуфхцчшщъыьэюяёіїєґў"
_ARABIC: Final = "اليمنرتوبةعد", "ءآأؤإئابةتثجحخدذرزسشصضطظعغـفقكلمنهوىيًٌٍَُِّْپچژگ"
_HEBREW: Final = "יוהאלםרתמשבן", "אבגדהוזחטיךכלםמןנסעףפץצקרשת"
_GREEK: Final = "αοιετσνηυρπκς", "αβγδεζηθικλμνξοπρςστυφχψωάέήίόύώϊϋΐΰ"


def _alphabet(
    common: str, letters: str, *, weigh: float = 1.0
) -> Callable[[str], tuple[float, int]]:
    """Judge by one alphabet: words wholly in it, of its common letters, capitals in front."""
    often, known = frozenset(common), frozenset(letters)

    def judge(text: str) -> tuple[float, int]:
        score, count = _mean(each(text))
        return score * weigh, count

    def each(text: str) -> Iterator[float | None]:
        for word in re.findall(r"\w+", text):
            if word.isascii():
                continue
            shouted = word.isupper()
            for position, character in enumerate(word):
                lower = character.lower()
                if character.isascii():
                    yield -1.0 if character.isalpha() else None
                elif lower not in known or (lower != character and position and not shouted):
                    yield -1.0
                else:
                    weight = 1.0 if lower in often else 0.4
                    yield weight if lower == character else weight * 0.8
        yield from _odd_signs(text)

    return judge


_WESTERN: Final = (
    "en de fr es pt it nl sv da",
    ("éèàçêôâîûùïëœæ", "äöüß", "ñáéíóúü", "ãõáéíóúâêôàç", "àèéìòù", "åäöé", "åøæé"),
)
_CENTRAL: Final = (
    "cs pl",
    ("ěščřžýáíéůúťďňó", "ąęłńóśćżź", "áéíóöőúüű", "ăâîşţ", "čšžćđ", "áäčďéíĺľňóôŕšťúýž"),
)


def _latin(spoken: str, letters: tuple[str, ...]) -> Callable[[str], tuple[float, int]]:
    """Judge by what the languages have beyond ASCII, each alone, and by their small words."""
    sets = [frozenset(own) for own in letters]

    def judge(text: str) -> tuple[float, int]:
        score, count = max((_mean(each(text, own)) for own in sets), key=lambda one: one[0])
        told = of_text(text)
        if told is None or score <= 0:
            return score, count
        return score + (0.5 if told in spoken.split() else -0.3), count

    def each(text: str, own: frozenset[str]) -> Iterator[float | None]:
        for word in re.findall(r"\w+", text):
            if word.isascii():
                continue
            alien = len(word) > 1 and not re.search("[A-Za-z]", word)
            for position, character in enumerate(word):
                if character.isascii():
                    continue
                within = position > 0 and character.isupper() and word[position - 1].islower()
                yield -1.0 if alien or within else 1.0 if character.lower() in own else -0.5
        yield from _odd_signs(text)

    return judge


_SIGN: Final = re.compile(r"(?P<before>.?)(?P<sign>[^\x00-\x7f\w])(?P<after>(?=(.?)))", re.DOTALL)
_TYPOGRAPHIC: Final = "“”„‘’‚«»‹›…–—•·€°©®™§№¿¡\u00a0؟،؛"


def _odd_signs(text: str) -> Iterator[float | None]:
    """Judge what is no letter: an apostrophe within a word is right, a sign there is wrong."""
    for found in _SIGN.finditer(text):
        before, sign, after = found["before"], found["sign"], found[4]
        if sign == "’" and before.isalpha() and after.isalpha():
            yield 1.0
        elif sign in _TYPOGRAPHIC:
            yield None if before.isalpha() and after.isalpha() else 0.3
        elif unicodedata.category(sign) not in {"Mn", "Mc"}:
            yield -1.0


_CANDIDATES: Final[tuple[tuple[str, str, Callable[[str], tuple[float, int]]], ...]] = (
    ("cp1252", "windows-1252", _latin(*_WESTERN)),
    ("cp1250", "windows-1250", _latin(*_CENTRAL)),
    ("gb18030", "gb18030", _simplified),
    ("big5", "big5", _traditional),
    ("cp950", "big5", _traditional),
    ("cp932", "shift_jis", _japanese),
    ("euc_jp", "euc-jp", _japanese),
    ("cp949", "euc-kr", _korean),
    ("cp1251", "windows-1251", _alphabet(*_RUSSIAN)),
    ("koi8_r", "koi8-r", _alphabet(*_RUSSIAN)),
    ("cp1256", "windows-1256", _alphabet(*_ARABIC)),
    ("cp1253", "windows-1253", _alphabet(*_GREEK, weigh=0.8)),
    ("cp1255", "windows-1255", _alphabet(*_HEBREW, weigh=0.9)),
)
"""Each codec, the name people know it by, and how its text is judged."""
