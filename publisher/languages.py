"""languages - which tags name a language.

By what CLDR knows (Babel), so that what goes out as the language of a mail or page is one that
readers' programs know too (RFC 5646).
Faults: none; what is wrong is a sentence. Never: says what we speak. See: render.words (that).
"""

from __future__ import annotations

import re
from typing import Final

_TAG: Final = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*")


def fault(tag: str) -> str:
    """Say why a tag names no language, and which one a name is meant for; "" where it is right."""
    from babel import Locale, UnknownLocaleError  # many commands ask for no language

    names = Locale("en").languages
    if _TAG.fullmatch(tag):
        first = tag.split("-")[0].lower()
        if first in names:
            return ""
        try:
            Locale.parse(first)  # tags of old, such as iw
            return ""
        except (UnknownLocaleError, ValueError):
            pass
    meant = {name.casefold(): code.replace("_", "-") for code, name in names.items()}
    code = meant.get(" ".join(tag.split()).casefold())
    if code:
        return f'{tag!r} is no tag of a language; write "{code}"'
    return f'{tag!r} is no tag of a language, such as "en" or "zh-Hans"'
