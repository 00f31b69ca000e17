"""feed - the issues of a newsletter as RSS 2.0, Atom and JSON Feed 1.1: the same, three times.

feedgen writes the XML; what it does not do, or does wrong, is mended here and nowhere else, each
with its reason beside it. Ids come from the register, moments from the records, so that the same
issues give the same bytes. Entries stand newest first, whole, with absolute addresses only.
Faults: none; what XML forbids is dropped before it can spoil the whole feed.
Never: the clock; process-wide state (feedgen's date format sets the locale, see `_Mended`).
See: view (what an issue is called), identity (where ids come from), site (writes the files).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from html import escape
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from feedgen.feed import FeedGenerator
from lxml import etree
from markupsafe import Markup

from publisher.addresses import archive_path, feed_path, site_address
from publisher.model import Edition, Newsletter, Published
from publisher.render.environment import Templates
from publisher.render.fragments import absolute, clean, without_mathml
from publisher.render.images import cover
from publisher.render.view import IssueView, ItemView, view
from publisher.render.words import direction, list_words, words

SUMMARY_LENGTH: Final = 280
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DC: Final = "http://purl.org/dc/elements/1.1/"
_LANG: Final = "{http://www.w3.org/XML/1998/namespace}lang"


def rss(entries: Sequence[Published], newsletter: Newsletter, templates: Templates) -> Edition:
    """Render the RSS 2.0 feed, entries newest first."""
    feed = _feed(entries, newsletter, "rss.xml", "application/rss+xml")
    # without a site there is no page to lead to, and RSS demands a link: the feed's own urn
    feed.link(href=_home(newsletter) or _feed_id(newsletter), rel="alternate")
    for published, issue in _shown(entries, newsletter, templates):
        entry = _entry(feed, published, issue)
        # RSS readers take the description for HTML
        entry.summary(escape(_summary(issue), quote=False))
        entry.mended.date = published.record.published
        # feedgen drops an author without an address, and an address is nobody's business
        entry.mended.creators = _authors(issue, newsletter)
    body = feed.rss_str(pretty=True).decode()
    return Edition("rss", "application/rss+xml", body)


def atom(entries: Sequence[Published], newsletter: Newsletter, templates: Templates) -> Edition:
    """Render the Atom feed, entries newest first."""
    feed = _feed(entries, newsletter, "atom.xml", "application/atom+xml")
    if home := _home(newsletter):
        feed.link(href=home, rel="alternate", type="text/html")
    for published, issue in _shown(entries, newsletter, templates):
        entry = _entry(feed, published, issue)
        entry.summary(_summary(issue))
        entry.published(_moment(published.record.published))
        # on every entry, so that one taken out of the feed still says who wrote it
        entry.author([{"name": name} for name in _authors(issue, newsletter)])
    body = feed.atom_str(pretty=True).decode()
    return Edition("atom", "application/atom+xml", body)


def json_feed(
    entries: Sequence[Published], newsletter: Newsletter, templates: Templates
) -> Edition:
    """Render the JSON Feed 1.1, entries newest first."""
    whole = site_address(newsletter, feed_path(newsletter, "feed.json"))
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": _title(newsletter),
        "home_page_url": _home(newsletter),
        "feed_url": clean(whole) if newsletter.site_url else None,
        "description": clean(newsletter.description),
        "language": clean(newsletter.language),
        "authors": [{"name": _author(newsletter)}],
    }
    items = [
        _without_nothing(
            {
                "id": clean(published.record.id),
                "url": issue.address,
                "title": issue.headline,
                "content_html": _content(issue),
                "summary": _summary(issue),
                "image": cover(published.issue, issue.address, newsletter.base_url),
                "date_published": _moment(published.record.published).isoformat(),
                "date_modified": _moment(published.record.updated).isoformat(),
                "authors": [{"name": name} for name in _authors(issue, newsletter)],
                "tags": list(issue.topics),
                "language": clean(issue.language),
            }
        )
        for published, issue in _shown(entries, newsletter, templates)
    ]
    document = _without_nothing(feed) | {"items": items}
    body = json.dumps(document, ensure_ascii=False, indent=1) + "\n"
    return Edition("json", "application/feed+json", body)


class _Mended:
    """What feedgen cannot write, as an extension of the feed and of each of its entries.

    Dates: its own RFC 2822 format calls `setlocale`, which is the whole process's, not a thread's.
    Languages: it knows no `xml:lang` for an entry. Names: it drops an author without an address.
    """

    def __init__(self) -> None:
        self.date: datetime | None = None
        self.creators: tuple[str, ...] = ()
        self.language = ""

    def extend_ns(self) -> dict[str, str]:
        return {"dc": _DC}

    def extend_rss(self, element: Any) -> Any:
        is_entry = element.tag == "item"
        parent = element if is_entry else element[0]
        if self.date:
            name = "pubDate" if is_entry else "lastBuildDate"
            etree.SubElement(parent, name).text = format_datetime(_moment(self.date))
        for creator in self.creators:
            etree.SubElement(parent, f"{{{_DC}}}creator").text = creator
        if self.language:
            etree.SubElement(parent, f"{{{_DC}}}language").text = self.language
        return element

    def extend_atom(self, element: Any) -> Any:
        if self.language:
            element.set(_LANG, self.language)
        return element


def _feed(entries: Sequence[Published], newsletter: Newsletter, name: str, kind: str) -> Any:
    feed = FeedGenerator()
    feed.register_extension("mended", _Mended, _Mended)
    feed.id(_feed_id(newsletter))
    feed.title(_title(newsletter))
    feed.description(clean(newsletter.description).strip() or _title(newsletter))
    feed.language(clean(newsletter.language))
    feed.author({"name": _author(newsletter)})
    feed.generator("Publisher")
    # both default to now, and the bytes would change with every build
    moment = max((entry.record.updated for entry in entries), default=EPOCH)
    feed.updated(_moment(moment))
    feed._FeedGenerator__rss_lastBuildDate = None  # no setter takes None; see _Mended
    feed.mended.date = moment
    if newsletter.site_url:
        # before the alternate: RSS takes the last link given, of whatever kind, for the channel's
        feed.link(href=site_address(newsletter, feed_path(newsletter, name)), rel="self", type=kind)
    return feed


def _entry(feed: Any, published: Published, issue: IssueView) -> Any:
    entry = feed.add_entry(order="append")  # the default turns the order round
    entry.id(clean(published.record.id))
    entry.title(issue.headline)
    entry.updated(_moment(published.record.updated))
    if issue.address:
        # the only link: of any other kind feedgen would keep the address and lose the kind
        entry.link(href=issue.address)
    # html, escaped once: "CDATA" would become the Atom type, and "xhtml" chokes on &nbsp;
    entry.content(_content(issue), type="html")
    entry.category([{"term": topic} for topic in issue.topics])
    if issue.language != feed.language():
        entry.mended.language = clean(issue.language)
    return entry


def _shown(
    entries: Iterable[Published], newsletter: Newsletter, templates: Templates
) -> list[tuple[Published, IssueView]]:
    newest_first = sorted(entries, key=lambda entry: entry.record.sort_key, reverse=True)
    ours = words(templates)
    return [(entry, view(entry, newsletter, ours)) for entry in newest_first]


def _content(issue: IssueView) -> str:
    """Write the whole issue as HTML for readers: no classes, no styles, whole addresses."""
    parts = [issue.html]
    for section in issue.sections:
        if section.label:
            parts.append(Markup("<p><small>{}</small></p>").format(section.label))
        if section.title:
            parts.append(Markup("<h2>{}</h2>").format(section.title))
        parts.append(section.html)
        level = "h3" if section.title else "h2"
        for item in section.items:
            parts += [*_apart(item.above_html), _item(item, level, issue.language)]
        parts += _apart(section.closing_html)
    # an entry without content is none in JSON Feed, and readers would fetch the page for it
    whole = "\n".join(part for part in parts if part) or f"<p>{escape(issue.headline)}</p>"
    if direction(issue.language) == "rtl":
        whole = f'<div dir="rtl">\n{whole}\n</div>'
    return absolute(without_mathml(whole), issue.address)


def _apart(html: Markup) -> list[Markup]:
    """Part prose of a section from the item above it, where no style can."""
    return [Markup("<hr>"), html] if html else []


def _item(item: ItemView, level: str, language: str) -> Markup:
    title = Markup('<a href="{}">{}</a>').format(item.url, item.title) if item.url else item.title
    opening = Markup('<{0} id="{1}"{2}>{3}</{0}>').format(
        level, item.anchor, _lang(item.language), item.sentence or title
    )
    second = Markup("<p{}><em>{}</em></p>").format(_lang(item.second_language), item.second or "")
    authors = list_words(language, item.authors)
    signed = Markup("<p>{}</p>").format(authors) if authors else ""
    shown = (opening, second if item.second else "", signed, item.html)
    return Markup("\n").join(part for part in shown if part)


def _lang(language: str | None) -> Markup:
    return Markup(' lang="{}"').format(language) if language else Markup("")


def _summary(issue: IssueView) -> str:
    return issue.summary(SUMMARY_LENGTH) or issue.headline


def _feed_id(newsletter: Newsletter) -> str:
    """Name the feed as the register does; in a preview by its home, or a name of its own."""
    return (
        newsletter.id
        or _home(newsletter)
        or uuid5(NAMESPACE_URL, f"publisher:{newsletter.slug}").urn
    )


def _home(newsletter: Newsletter) -> str | None:
    whole = clean(site_address(newsletter, archive_path(newsletter)))
    return whole if newsletter.site_url else None


def _title(newsletter: Newsletter) -> str:
    return " ".join(clean(newsletter.title).split()) or newsletter.slug


def _author(newsletter: Newsletter) -> str:
    return " ".join(clean(newsletter.sender_name).split()) or _title(newsletter)


def _authors(issue: IssueView, newsletter: Newsletter) -> tuple[str, ...]:
    return issue.authors or (_author(newsletter),)


def _moment(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)


def _without_nothing(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value not in (None, "", [])}
