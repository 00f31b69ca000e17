"""catalogue - a gettext catalogue as text, made ready to be asked.

Babel reads the text and writes it as gettext asks for it. What has no translation, or one marked
fuzzy, is left out, so that the next catalogue in the chain is asked for it. A translation may use
the blanks its sentence has and no others: it is filled with values, and must neither fail nor look
into them.
Faults: TemplateError with file, line and remedy.
Never: the disk; which language is asked. See: words (asks), templates/words (the catalogues).
"""

from __future__ import annotations

import re
import string
from collections.abc import Sequence
from functools import lru_cache
from gettext import GNUTranslations
from io import BytesIO
from typing import Final

from babel import Locale
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po

from publisher.errors import TemplateError

_LINE: Final = re.compile(
    r"""(?:(?:\#~\s*)?(?:msgctxt|msgid|msgid_plural|msgstr(?:\[\d\])?)\s+)?"(?:[^"\\]|\\.)*"|\#.*|"""
)
Blank = tuple[str, str, str]
"""A place in a sentence that is filled: name, format, conversion."""


@lru_cache(maxsize=64)
def compiled(name: str, source: str, locale: Locale) -> bytes:
    """Compile a catalogue, `name` being where it stands among the templates.

    The rule of plurals is the header's, else the locale's.
    """
    lines = source.split("\n")
    for number, line in enumerate(lines, 1):
        if not _LINE.fullmatch(line.strip()):
            raise _fault(name, f"this is no line of a catalogue: {line.strip()[:80]}", number)
    try:
        catalog = read_po(lines, locale=locale, abort_invalid=True)
        _keep_translated(catalog, name)
        catalog.locale = locale  # without one Babel writes no rule of plurals
        catalog.charset = "utf-8"  # whatever the header says: the text has been decoded
        file = BytesIO()
        write_mo(file, catalog)
        file.seek(0)
        GNUTranslations(file)  # which reads the rule of plurals
    except PoFileError as error:
        raise _fault(name, str(error), error.lineno + 1) from error
    except (ValueError, LookupError) as error:
        raise _fault(name, f"this is no gettext catalogue: {error}") from error
    return file.getvalue()


def _keep_translated(catalog: Catalog, name: str) -> None:
    for message in list(catalog):
        texts = _texts(message.string)
        if message.id and texts and all(texts):
            _check(message, name)
        elif message.id:
            catalog.delete(message.id, message.context)


def _check(message: Message, name: str) -> None:
    """Refuse a translation with a blank its sentence does not have."""
    known = {blank for text in _texts(message.id) for blank in blanks(text)}
    for text in _texts(message.string):
        try:
            strange = set(blanks(text)) - known
        except ValueError as error:
            raise _fault(name, f"“{text}” cannot be filled: {error}", message.lineno) from error
        if strange:
            words = (
                f"“{text}” has the blank {{{min(strange)[0]}}}, which its sentence does not have"
            )
            raise _fault(name, words, message.lineno)


def blanks(text: str) -> list[Blank]:
    """List the blanks of a sentence. Raises ValueError where a brace stands alone."""
    parts = string.Formatter().parse(text)
    return [(field, spec or "", way or "") for _, field, spec, way in parts if field is not None]


def _texts(text: str | Sequence[str] | None) -> list[str]:
    return [text] if isinstance(text, str) else list(text or ())


def _fault(name: str, message: str, line: int | None = None) -> TemplateError:
    where = f"templates/{name}:{line}" if line else f"templates/{name}"
    hint = "mend the catalogue (`msgfmt --check FILE` says more), or delete your copy to have ours"
    return TemplateError(message, where=where, hint=hint)
