"""states - the words other programs have for an issue that is not out yet, or has no title yet.

`status: draft`, `stream: draft` and `published: false` keep an issue back as `draft: true` does.
What `status` or `published` says in words that are not here may mean either: the careful reading is
taken, unless `draft` itself is clear. A `stream` may be called anything.
Faults: none. Never: publishes what may be a draft. See: directives.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from publisher.digest.markup.markdown import tidy
from publisher.digest.stated.facts import find_date
from publisher.digest.stated.heads import Field


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


NO_TITLE: Final = _words(
    "untitled title todo tbd tba ohne_titel titel sans_titre titre sin_título título sem_título"
    " senza_titolo без_названия 无题 無題 未命名 タイトル 제목"
)
"""What a template leaves where a title should be."""
_NOT_YET: Final = _words(
    "draft entwurf brouillon borrador rascunho bozza черновик 草稿 下書き 초안 unpublished wip idea"
    " private hidden review in_review in_progress pending todo scheduled"
)
_OUT: Final = _words(
    "published publish public final done ready complete completed live sent archived active ok true"
    " yes on y 1 veröffentlicht fertig publié publicado publicada pubblicato опубликовано 发布 已发布"
    " 已發布 公開 公開済み 발행"
)
_NO: Final = _words("false no off n 0 never")
_EXAMPLES: Final = {"status": "published", "published": "true"}


def is_kept_back(fields: Mapping[str, Field]) -> bool:
    """Whether one of the keys says that the issue is not to be published yet."""
    said = _said(fields)
    return said.get("published") in _NO or not _NOT_YET.isdisjoint(said.values())


def unclear(fields: Mapping[str, Field]) -> tuple[str, str] | None:
    """Give a key that says something, nobody knows what, with an example of what it may say."""
    said = _said(fields)
    keys = (key for key in _EXAMPLES if key in said and said[key] not in _OUT)
    return next(((key, _EXAMPLES[key]) for key in keys), None)


def word(field: Field) -> str:
    """Give a value as the sets here spell it; "" for one that is no text."""
    text = tidy(field.value).casefold() if isinstance(field.value, str) else ""
    return re.sub(r"[\s-]+", "_", text)


def is_day(field: Field) -> bool:
    """Whether a value states a day, a week or a month."""
    return isinstance(field.value, str) and find_date(field.value) is not None


def _said(fields: Mapping[str, Field]) -> dict[str, str]:
    """Give what each key says; `published` may as well give the day."""
    keys = [key for key in (*_EXAMPLES, "stream") if key in fields and fields[key].value != ""]
    return {key: word(fields[key]) for key in keys if key != "published" or not is_day(fields[key])}
