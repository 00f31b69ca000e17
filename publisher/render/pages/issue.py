"""pages.issue - the page of an issue, of one that was withdrawn, and of one that is looked at early.

Its neighbours are known by their cards. An item's permalink is its anchor; its topics lead to their
pages, and so does the heading of a section that is a topic.
Faults: TemplateError. Never: views an issue twice. See: pages.frame, templates/site/issue.html.
"""

from __future__ import annotations

from functools import lru_cache, partial
from typing import Final
from urllib.parse import quote

from markupsafe import Markup

from publisher.addresses import topic_folder, topic_slug
from publisher.model import Edition, Newsletter, Published
from publisher.render.environment import Templates
from publisher.render.fragments import mark_addresses, reachable
from publisher.render.pages.frame import entry, framed, name_of
from publisher.render.shelf import Card
from publisher.render.tables import boxed
from publisher.render.view import IssueView, view
from publisher.render.words import words

_PLACE: Final = "issues/slug/"
"""The place of every issue as far as it matters to what stands around the page: its depth."""
_UP: Final = "../../"


def issue(
    shown: IssueView,
    newsletter: Newsletter,
    templates: Templates,
    *,
    previous: Card | None = None,
    following: Card | None = None,
    picture: str | None = None,
    papers: bool = False,
) -> str:
    """Draw the page of an issue, leading to the one before and the one after.

    `picture` names the file beside the page that it is shown with where others link to it; `papers`
    says that issue.bib and issue.ris stand there too.
    """
    leads = _topic_leads(shown)
    said_below = {topic for item in shown.items for topic in item.topics}
    return framed(
        "site/issue.html",
        newsletter,
        templates,
        _PLACE,
        title=shown.headline,
        description=shown.summary(160),
        canonical=shown.address,
        picture=f"{shown.address}{quote(picture)}" if picture and shown.address else None,
        issue=shown,
        topics=leads,
        own_topics=[one for one in shown.topics if one in leads and one not in said_below],
        body=partial(_body, words(templates).say(newsletter.language, "Table")),
        previous=entry(previous, "../") if previous else None,
        following=entry(following, "../") if following else None,
        papers=papers,
    )


def render(published: Published, newsletter: Newsletter, templates: Templates) -> Edition:
    """Render the page of an issue alone, as previews and the desk show it."""
    shown = view(published, newsletter, words(templates))
    return Edition("page", "text/html", issue(shown, newsletter, templates))


def tombstone(newsletter: Newsletter, templates: Templates) -> str:
    """Draw what answers where a withdrawn issue was."""
    return framed("site/tombstone.html", newsletter, templates, _PLACE, title=name_of(newsletter))


def _body(nameless: str, html: str) -> Markup:
    return Markup(boxed(reachable(mark_addresses(html)), nameless))  # noqa: S704 - the digest room's, clean


def _topic_leads(shown: IssueView) -> dict[str, str]:
    """Map the topics of an issue, and the sections that are one, to the way to their pages."""
    leads = {topic: lead for topic in shown.topics if (lead := _lead(topic))}
    known = set(leads.values())
    for section in shown.sections:
        if section.title and (lead := _lead(section.title)) in known:
            leads[section.title] = lead
    return leads


@lru_cache(maxsize=4096)
def _lead(topic: str) -> str:
    slug = topic_slug(topic)
    return f"{_UP}{quote(topic_folder(slug))}" if slug else ""
