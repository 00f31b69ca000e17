"""preflight.subject - the one line that decides whether a mail is opened.

Faults: as findings. Never: writes a better one. See: preflight (which asks), render (makes it).
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from publisher.model import Finding, Level, Newsletter

LONGEST: Final = 60
_MARKS: Final = re.compile(r"(?:[!?！？][\s\ufe0f]*){3,}$|[!！]{2,}|[$￥€£]{2,}")


def judge(subject: str, newsletter: Newsletter) -> list[Finding]:
    """Look at a subject as inboxes and filters do."""
    if not any(map(str.isalnum, subject)):
        return [_wordless(subject)]
    return [
        *_length(subject),
        *_capitals(subject),
        *_marks(subject),
        *_sameness(subject, newsletter),
    ]


def _wordless(subject: str) -> Finding:
    return Finding(
        Level.WARN if subject.strip() else Level.HOLD,
        "preflight/subject-empty",
        f"The subject has no words in it: {subject.strip()}"
        if subject.strip()
        else "The subject is empty.",
        "Write one in the front matter, as subject: ...",
    )


def _length(subject: str) -> list[Finding]:
    width = sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in subject)
    if width <= LONGEST:
        return []
    return [
        Finding(
            Level.WARN,
            "preflight/subject-length",
            f"The subject is {width} columns wide; most inboxes show about {LONGEST}.",
            "Write a shorter one in the front matter, as subject: ...",
        )
    ]


def _capitals(subject: str) -> list[Finding]:
    letters = [sign for sign in subject if sign.isalpha()]
    latin = [sign for sign in letters if sign.isascii()]
    if not latin or not all(sign.isupper() for sign in latin):
        return []
    is_latin = 2 * len(latin) > len(letters)
    return [
        Finding(
            Level.WARN if is_latin else Level.NOTE,  # filters count “AI 周报” as a shout, too
            "preflight/subject-capitals",
            f"All {'' if is_latin else 'Latin '}letters of the subject are capitals, which spam "
            "filters count against it.",
            "Add a word in small letters, or leave the capitals out.",
        )
    ]


def _marks(subject: str) -> list[Finding]:
    found = _MARKS.search(subject)
    if not found:
        return []
    return [
        Finding(
            Level.WARN,
            "preflight/subject-marks",
            f"The subject shouts with {found[0].strip()}, which spam filters count against it.",
            "Leave one of the signs, or none.",
        )
    ]


def _sameness(subject: str, newsletter: Newsletter) -> list[Finding]:
    if " ".join(subject.split()).casefold() != " ".join(newsletter.title.split()).casefold():
        return []
    return [
        Finding(
            Level.WARN,
            "preflight/subject-name",
            "The subject is the newsletter's name alone, so that no issue looks like news.",
            "Say in the front matter what is in this one, as subject: ...",
        )
    ]
