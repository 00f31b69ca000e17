"""words - the sentences that are ours, in each language we speak.

One table, language by language; a language we do not speak falls back to its primary subtag, then
to English, sentence by sentence. Dates are written the way each language writes them.
Faults: KeyError for a key no language knows, which is a defect.
Never: words of a digest or a newsletter. See: view (who is called what), templates (who asks).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "archive": "All issues",
        "archive_empty": "Nothing has been published yet.",
        "contents": "In this issue",
        "date": "{day} {month} {year}",
        "day": "{day} {month}",
        "feeds": "Feeds",
        "feeds_how": "Put one of these addresses into any feed reader and each issue comes to you.",
        "gone": "This issue was withdrawn",
        "gone_how": "It is no longer published. The other issues are where they were.",
        "greeting": "Hello {name},",
        "item": "{count} item",
        "items": "{count} items",
        "list": ", ",
        "next": "Next issue",
        "number": "No. {number}",
        "permalink": "Link to this item",
        "previous": "Previous issue",
        "read_on_web": "Read on the web",
        "skip": "Skip to the content",
        "unsubscribe": "Unsubscribe",
        "why": "You receive this because you subscribed to {newsletter}.",
    },
    "zh": {
        "archive": "往期",
        "archive_empty": "还没有出版任何一期。",
        "contents": "本期目录",
        "date": "{year}年{month}月{day}日",
        "day": "{month}月{day}日",
        "feeds": "订阅源",
        "feeds_how": "把下面任何一个地址放进阅读器，新的一期就会自己送上门来。",
        "gone": "本期已撤回",
        "gone_how": "这一期不再公开，其余各期都在原处。",
        "greeting": "{name}，你好：",
        "item": "{count} 篇",
        "items": "{count} 篇",
        "list": "、",
        "next": "下一期",
        "number": "第 {number} 期",
        "permalink": "本条的链接",
        "previous": "上一期",
        "read_on_web": "在网页上阅读",
        "skip": "跳到正文",
        "unsubscribe": "退订",
        "why": "你收到这封信，是因为你订阅了「{newsletter}」。",
    },
}
"""Every sentence of ours; a template asks for one by its key."""

SPONSOR: Final[Mapping[str, str]] = {
    "en": "Sponsor", "zh": "赞助", "zh-hant": "贊助", "zh-tw": "贊助", "zh-hk": "贊助",
    "ja": "広告", "ko": "광고", "de": "Anzeige", "fr": "Publicité", "es": "Publicidad",
    "it": "Pubblicità", "pt": "Publicidade", "nl": "Advertentie", "ru": "Реклама",
    "uk": "Реклама", "pl": "Reklama", "cs": "Reklama", "sv": "Annons", "tr": "Reklam",
    "ar": "إعلان", "fa": "آگهی", "he": "פרסומת", "hi": "विज्ञापन",
}  # fmt: skip
"""What an advert is called where the law wants it called so, also in languages we do not speak."""

MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July",
    "August", "September", "October", "November", "December",
)  # fmt: skip


RIGHT_TO_LEFT: Final = frozenset({"ar", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"})


def primary(language: str | None) -> str:
    """Give the primary subtag in lower case: `zh` of `zh-Hans-CN`; "" of nothing."""
    return (language or "").replace("_", "-").split("-")[0].lower()


def direction(language: str | None) -> str:
    """Say which way a language is written: `ltr` or `rtl`."""
    return "rtl" if primary(language) in RIGHT_TO_LEFT else "ltr"


def say(language: str, key: str, **values: object) -> str:
    """Say one of our sentences in a language, or in English where we do not speak it."""
    spoken = WORDS.get(language) or WORDS.get(primary(language)) or {}
    return (spoken.get(key) or WORDS["en"][key]).format(**values)


def sponsor_word(language: str) -> str:
    """Say what an advert is marked with."""
    return SPONSOR.get(language.lower()) or SPONSOR.get(primary(language)) or SPONSOR["en"]


def count_words(language: str, count: int) -> str:
    """Say how many items an issue has."""
    return say(language, "item" if count == 1 else "items", count=count)


def date_words(language: str, day: date, *, key: str = "date") -> str:
    """Write a date as the language writes it; key `day` leaves out the year."""
    spoken = primary(language) if primary(language) in WORDS else "en"
    month = MONTHS[day.month - 1] if spoken == "en" else str(day.month)
    return say(language, key, year=day.year, month=month, day=day.day)
