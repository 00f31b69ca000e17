"""page - an issue as a page of the site, the archive of all, and what stands where one was.

Semantic HTML without scripts; links inside the site are relative, so that the folder may be served
from anywhere; only the canonical link and the cards need site_url.
Faults: TemplateError. Never: which issues exist; files. See: templates/site, site (writes them).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from urllib.parse import quote

from markupsafe import Markup

from publisher.addresses import FEEDS, archive_path, feed_path, site_address
from publisher.model import Edition, Newsletter, Published
from publisher.render.environment import Templates, draw
from publisher.render.fragments import excerpt, mark_addresses
from publisher.render.tables import boxed
from publisher.render.view import titles, view
from publisher.render.words import Words, words

_UP = "../../"  # from an issue's folder to the newsletter's front page


@dataclass(frozen=True, slots=True)
class FeedLink:
    """A feed as pages offer it; `address` is whole where there is a site_url."""

    href: str
    media_type: str
    name: str
    address: str


@dataclass(frozen=True, slots=True)
class EntryView:
    """An issue in the archive, where an untitled one leads by its first item, or beside another."""

    href: str
    heading: str
    title: str
    language: str
    date: date
    number: int | None
    summary: str


def render(
    published: Published,
    newsletter: Newsletter,
    templates: Templates,
    *,
    previous: Published | None = None,
    following: Published | None = None,
) -> Edition:
    """Render the page of one issue, leading to the one before and the one after."""
    ours = words(templates)
    issue = view(published, newsletter, ours)
    nameless = ours.say(newsletter.language, "Table")
    body = draw(
        templates,
        "site/issue.html",
        **_frame(newsletter, _UP),
        title=issue.headline,
        language=newsletter.language,
        description=issue.summary(160),
        canonical=issue.address,
        issue=issue,
        body=lambda html: Markup(boxed(mark_addresses(html), nameless)),  # noqa: S704 - clean
        previous=_entry(previous, newsletter, ours, "../") if previous else None,
        following=_entry(following, newsletter, ours, "../") if following else None,
    )
    return Edition("page", "text/html", body)


def archive(entries: Sequence[Published], newsletter: Newsletter, templates: Templates) -> Edition:
    """Render the newsletter's front page: every issue by year, in the order given."""
    ours = words(templates)
    shown = [_entry(entry, newsletter, ours, "issues/") for entry in entries]
    years = [(year, list(group)) for year, group in groupby(shown, lambda entry: entry.date.year)]
    whole = site_address(newsletter, archive_path(newsletter)) if newsletter.site_url else None
    body = draw(
        templates,
        "site/archive.html",
        **_frame(newsletter, ""),
        title=newsletter.title or newsletter.slug,
        language=newsletter.language,
        description=newsletter.description,
        canonical=whole,
        years=years,
    )
    return Edition("archive", "text/html", body)


def tombstone(newsletter: Newsletter, templates: Templates) -> Edition:
    """Render what answers where a withdrawn issue was."""
    body = draw(
        templates,
        "site/tombstone.html",
        **_frame(newsletter, _UP),
        title=newsletter.title or newsletter.slug,
        language=newsletter.language,
        description="",
        canonical=None,
    )
    return Edition("tombstone", "text/html", body)


def _frame(newsletter: Newsletter, up: str) -> dict[str, object]:
    feeds = [
        FeedLink(up + name, kind, label, site_address(newsletter, feed_path(newsletter, name)))
        for name, kind, label in FEEDS
    ]
    return {"newsletter": newsletter, "home": up or "./", "feeds": feeds}


def _entry(published: Published, newsletter: Newsletter, ours: Words, folder: str) -> EntryView:
    issue = view(published, newsletter, ours)
    leads_by_item = bool(issue.items) and not issue.is_titled
    rest = excerpt(issue.text, 120) or titles(issue.items[1:], 120)
    return EntryView(
        href=f"{folder}{quote(published.record.slug)}/",
        heading=issue.heading,
        title=issue.items[0].title if leads_by_item else issue.heading,
        language=issue.language,
        date=issue.date,
        number=issue.number,
        summary=rest if leads_by_item else issue.summary(120),
    )
