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
from mjml import mjml2html

from publisher.addresses import archive_path, site_address
from publisher.errors import TemplateError
from publisher.model import Edition, Newsletter, Published, Slot, Variant
from publisher.render.colouring import has_colours, inks_on
from publisher.render.environment import Templates, draw
from publisher.render.pieces import seen
from publisher.render.shades import by_night
from publisher.render.view import IssueView
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
    """Render the mail of an issue in one variant, slots open, however large it comes out."""
    issue = seen(published, newsletter, variant, templates)
    return of_view(issue, published, newsletter, variant, templates)


def of_view(
    issue: IssueView,
    published: Published,
    newsletter: Newsletter,
    variant: Variant,
    templates: Templates,
    *,
    left_out: int = 0,
) -> Edition:
    """Render the mail of what is seen of an issue; `left_out` items are told by the page alone."""
    source = _draw(issue, newsletter, variant, templates, left_out)
    html = _INLINER.inline(_tables(source, _template(variant, templates), templates))
    return Edition(
        "mail",
        "text/html",
        html,
        subject=published.issue.subject or issue.headline,
        greeting=words(templates).say(variant.language, "Hello {name},", name="{name}"),
        look=variant.look,
        left_out=left_out,
    )


def source(
    published: Published, newsletter: Newsletter, variant: Variant, templates: Templates
) -> str:
    """Draw the MJML of a mail, for another engine to be asked about it."""
    issue = seen(published, newsletter, variant, templates)
    return _draw(issue, newsletter, variant, templates)


def _template(variant: Variant, templates: Templates) -> str:
    name = f"mail/{variant.look}.mjml"
    return name if name in templates else "mail/digest.mjml"


def _draw(
    issue: IssueView,
    newsletter: Newsletter,
    variant: Variant,
    templates: Templates,
    left_out: int = 0,
) -> str:
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
        left_out=left_out,
        inks=inks_on(by_night(newsletter.look)) if _has_colours(issue) else {},
        body=lambda html: html,  # what is seen is ready
    ).strip()


def _has_colours(issue: IssueView) -> bool:
    sections = issue.sections
    items = (
        html
        for section in sections
        for item in section.items
        for html in (item.above_html, item.html)
    )
    prose = (html for section in sections for html in (section.html, section.closing_html))
    return any(map(has_colours, (issue.html, *prose, *items)))


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
