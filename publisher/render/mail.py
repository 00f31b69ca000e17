"""mail - an issue as HTML for mail programs, rendered once per variant.

Jinja2 draws MJML, MJML becomes tables, css_inline writes the styles into the elements. What is
personal stays a slot, filled per recipient by `message`.
Faults: TemplateError, also for what the MJML parser rejects.
Never: recipients; anything fetched. See: templates/mail, text (the other half), message (wraps both).
"""

from __future__ import annotations

import re
from typing import Final, NoReturn

import css_inline
from markupsafe import Markup
from mjml import mjml2html

from publisher.addresses import archive_path, site_address
from publisher.errors import TemplateError
from publisher.model import Edition, Newsletter, Published, Slot, Variant
from publisher.render.environment import Templates, draw
from publisher.render.fragments import absolute, for_mjml, scoped, without_mathml
from publisher.render.images import narrowed
from publisher.render.view import IssueView, view
from publisher.render.words import words

PREHEADER_LENGTH: Final = 120
_INLINER: Final = css_inline.CSSInliner(keep_style_tags=True, load_remote_stylesheets=False)
_NO_HEIGHT: Final = re.compile(r'(<img\b[^<>]*) height="auto"')  # what MJML writes, HTML has not
# MJML's own sheet is for programs that read sheets: copied into each cell it would be 2 KB in ten
_RESET: Final = re.compile(r'(<style type="text/css")(>\s*#outlook)')
_POSITION: Final = re.compile(r"position (\d+):(\d+)")


def render(
    published: Published, newsletter: Newsletter, variant: Variant, templates: Templates
) -> Edition:
    """Render the mail of an issue in one variant, slots open."""
    issue = view(published, newsletter, words(templates), variant.language)
    name = _template(variant, templates)
    html = _INLINER.inline(_tables(_draw(issue, newsletter, variant, templates), name, templates))
    return Edition(
        "mail",
        "text/html",
        html,
        subject=published.issue.subject or issue.headline,
        greeting=words(templates).say(variant.language, "Hello {name},", name="{name}"),
    )


def source(
    published: Published, newsletter: Newsletter, variant: Variant, templates: Templates
) -> str:
    """Draw the MJML of a mail, for another engine to be asked about it."""
    issue = view(published, newsletter, words(templates), variant.language)
    return _draw(issue, newsletter, variant, templates)


def _template(variant: Variant, templates: Templates) -> str:
    name = f"mail/{variant.look}.mjml"
    return name if name in templates else "mail/digest.mjml"


def _draw(issue: IssueView, newsletter: Newsletter, variant: Variant, templates: Templates) -> str:
    return draw(
        templates,
        _template(variant, templates),
        issue=issue,
        newsletter=newsletter,
        language=variant.language,
        preheader=issue.preheader(PREHEADER_LENGTH),
        slot_unsubscribe=Slot.UNSUBSCRIBE.value,
        slot_greeting=Slot.GREETING.value,
        archive=site_address(newsletter, archive_path(newsletter)) if issue.address else None,
        body=lambda html: Markup(_for_mail(html, issue.address)),  # noqa: S704 - clean
    ).strip()


def _for_mail(html: str, address: str | None) -> str:
    return for_mjml(scoped(narrowed(absolute(without_mathml(html), address))))


def _tables(source: str, name: str, templates: Templates) -> str:
    try:
        # no fonts: the library's default would have readers fetch one from a stranger
        html = str(mjml2html(source, fonts={}, disable_comments=True))
    except ValueError as error:
        _tell(error, source, name, templates)
    return _RESET.sub(r'\1 data-css-inline="ignore"\2', _NO_HEIGHT.sub(r"\1", html), count=1)


def _tell(error: ValueError, source: str, name: str, templates: Templates) -> NoReturn:
    found = _POSITION.search(str(error))
    line = ""
    if found:
        raw = source.encode()
        start = raw.rfind(b"\n", 0, int(found.group(1))) + 1
        line = raw[start:].split(b"\n", 1)[0].decode(errors="replace").strip()
    raise TemplateError(
        f"this is not MJML: {error}" + (f", near `{line[:80]}`" if line else ""),
        where=f"templates/{_place(line, name, templates)}",
        hint="close every element, quote every attribute, and write < as &lt;",
    ) from error


def _place(line: str, name: str, templates: Templates) -> str:
    """Find the template line that drew a line of MJML, when it stands there as it is."""
    for known, text in templates.items():
        if line and known.startswith("mail/"):
            for number, written in enumerate(text.splitlines(), 1):
                if written.strip() == line:
                    return f"{known}:{number}"
    return name
