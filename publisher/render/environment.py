"""environment - the templates' small world: what they may say, and how their faults are told.

Sources come in as values and are compiled once per set. Templates are code of the publication, not
of its readers, yet they run in the sandbox: a copied template must not reach into the program.
Faults: TemplateError naming template, line and remedy. Never: data as template text; autoescape off
for anything but .txt. See: mail, page (who draw), templates/ (what is drawn).
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Mapping
from dataclasses import is_dataclass
from functools import lru_cache
from typing import Any, Final, NoReturn

import jinja2
from jinja2.sandbox import SandboxedEnvironment
from markupsafe import Markup

from publisher.errors import TemplateError
from publisher.model import Look
from publisher.render.fragments import clean, excerpt, phrased
from publisher.render.shades import by_day, by_night
from publisher.render.words import date_words, direction, list_words, primary, words

Templates = Mapping[str, str]
"""Template name ("mail/digest.mjml") -> source."""

_OURS: Final = ("publisher.model", "publisher.render.")
_COLOUR: Final = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})")
_FAULTS: Final = (
    jinja2.TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError,
)  # fmt: skip


class _World(SandboxedEnvironment):
    """The sandbox, which does not weigh again and again the attributes of what we made for templates.

    Our values are data; of them, too, what begins with `_` is nobody's. To weigh each took half the
    time of drawing a page.
    """

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Give an attribute of a value."""
        if attribute[0] == "_" or not _is_ours(type(obj)):  # type: ignore[arg-type]  # it is hashable
            return super().getattr(obj, attribute)
        try:
            return getattr(obj, attribute)
        except AttributeError:
            return super().getattr(obj, attribute)  # which is `undefined`, and told as that


@lru_cache(maxsize=256)
def _is_ours(kind: type) -> bool:
    return is_dataclass(kind) and kind.__module__.startswith(_OURS)


def draw(templates: Templates, name: str, **values: object) -> str:
    """Draw a template; what comes out holds only characters XML allows."""
    world = _environment(tuple(sorted(templates.items())))
    try:
        return clean(world.get_template(name).render(**values))
    except _FAULTS as error:
        _tell(error, name)


@lru_cache(maxsize=8)
def _environment(sources: tuple[tuple[str, str], ...]) -> SandboxedEnvironment:
    known = dict(sources)

    def load(name: str) -> tuple[str, str, None] | None:
        # the name doubles as file name, so that a traceback says which template it went through
        return (known[name], f"templates/{name}", None) if name in known else None

    world = _World(
        loader=jinja2.FunctionLoader(load),
        autoescape=lambda name: not (name or "").endswith(".txt"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    ours = words(known)
    world.globals.update(say=ours.say, say_count=ours.say_count, by_day=by_day, by_night=by_night)
    world.globals.update(spoken=ours.spoken)
    world.globals.update(date_words=date_words, list_words=list_words, lang=_lang, turn=_turn)
    world.filters.update(colour=_colour, primary=primary, phrased=phrased, excerpt=excerpt)
    world.filters.update(isolated=_isolated)
    return world


def _colour(value: str, fallback: str = Look().accent) -> str:
    """Let only a plain colour into a style sheet, where escaping would not help."""
    return value if _COLOUR.fullmatch(value) else fallback


@lru_cache(maxsize=1024)
def _lang(language: str | None, around: str) -> Markup:
    """Write the attributes of a piece in a language other than that of the text around it."""
    if not language or language == around:
        return Markup("")
    return Markup(' lang="{}"').format(language) + _turn(language, around)


def _turn(language: str | None, around: str = "") -> Markup:
    """Write the attribute of a piece that is written the other way than the text around it."""
    way = direction(language)
    return Markup("") if way == direction(around) else Markup(' dir="{}"').format(way)


def _isolated(text: str) -> Markup:
    """Keep a name whole in a sentence of ours, which way ever either is written (UAX #9)."""
    return Markup("<bdi>{}</bdi>").format(text)


def _tell(error: Exception, name: str) -> NoReturn:
    hint = "mend the template, or delete your copy of it to have ours back"
    if isinstance(error, jinja2.TemplateNotFound):
        message = f"there is no template {error.name or name}"
        raise TemplateError(message, where=f"templates/{name}", hint=hint) from error
    if isinstance(error, jinja2.UndefinedError):
        hint = "look the name up in ours: a misspelt value is never drawn as nothing"
    raise TemplateError(
        _sentence(error), where="templates/" + _place(error, name), hint=hint
    ) from error


def _sentence(error: Exception) -> str:
    told: Any = getattr(error, "message", None) or str(error) or type(error).__name__
    return str(told)


def _place(error: Exception, name: str) -> str:
    if isinstance(error, jinja2.TemplateSyntaxError):
        return f"{error.name or name}:{error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    inside = [frame for frame in frames if frame.filename.startswith("templates/")]
    last = inside[-1] if inside else None
    return f"{last.filename.removeprefix('templates/')}:{last.lineno}" if last else name
