"""mail - an issue as HTML for mail programs, rendered once per variant.

Jinja2 draws MJML, MJML becomes tables, css_inline writes the styles into the elements. What is
personal stays a slot, filled per recipient by `message`.
Faults: TemplateError, also for MJML and style sheets that mail programs could not read.
Never: recipients; anything fetched. See: templates/mail, faults, text (the other half),
message (wraps both).
"""

from __future__ import annotations

import re
from functools import partial
from typing import Final, NoReturn

import css_inline
from mjml import mjml2html

from publisher.addresses import archive_path, site_address
from publisher.model import Edition, Newsletter, Published, Slot, Variant
from publisher.render import faults
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
    draw_by = partial(_draw, issue, newsletter, variant, left_out=left_out)
    name = _template(variant, templates)
    html = _INLINER.inline(_tables(draw_by(templates), name, templates, draw_by))
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
    *,
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


def _tables(source: str, name: str, templates: Templates, again: faults.Draw) -> str:
    def stop(fault: faults.Fault) -> NoReturn:
        raise faults.as_error(fault, source, name, templates, again)

    try:
        # no fonts: the library's default would have readers fetch one from a stranger
        html = str(mjml2html(source, fonts={}, disable_comments=True))
    except ValueError as error:
        stop(faults.refused(source, error))
    if fault := faults.left_over(source, html) or faults.unstyled(source):
        stop(fault)
    return _RESET.sub(r'\1 data-css-inline="ignore"\2', _NO_HEIGHT.sub(r"\1", html), count=1)
