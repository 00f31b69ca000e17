"""feeds.mended - feedgen writes the XML; what it lacks or does wrong is mended here, each with why.

Written with feedgen 1.0.0 in hand. Of its own it loses attributes of an entry's links, drops
authors without an address, sets the process's locale to write a date, fills dates with now, and
knows neither an entry's language nor most links of a feed in RSS.
Faults: none for text that was cleaned (render.fragments.clean).
Never: process-wide state. See: feeds.entries, feeds.documents.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from html import escape
from typing import Any, Final

from feedgen.entry import FeedEntry
from feedgen.feed import FeedGenerator
from lxml import etree

ATOM: Final = "http://www.w3.org/2005/Atom"
DC: Final = "http://purl.org/dc/elements/1.1/"
HISTORY: Final = "http://purl.org/syndication/history/1.0"
_CONTENT: Final = "http://purl.org/rss/1.0/modules/content/"
_LANG: Final = "{http://www.w3.org/XML/1998/namespace}lang"


@dataclass(frozen=True, slots=True)
class Told:
    """What an entry says, in no format yet: plain text, but for `content`, which is HTML.

    `address` is its own page, `about` what it is about elsewhere. `title_language` is given where
    it is another than `language`. `image` stands for it in JSON alone.
    """

    id: str
    title: str
    title_language: str | None
    language: str
    address: str | None
    about: str | None
    summary: str
    content: str
    published: datetime
    updated: datetime
    authors: tuple[str, ...]
    topics: tuple[str, ...]
    image: str | None = None


def seconds(moment: datetime) -> datetime:
    """Give a moment as feeds write it: in UTC, to the second."""
    return moment.astimezone(UTC).replace(microsecond=0)


# --- an entry -----------------------------------------------------------------


def entry_texts(told: Told, feed_language: str) -> tuple[str, str]:
    """Write an entry as it will stand in a feed of that language, in RSS and in Atom."""
    entry = FeedEntry()
    entry.id(told.id)
    entry.title(told.title)
    entry.updated(seconds(told.updated))  # the default is now
    if told.address:
        # the only one: of any other kind feedgen would keep the address and lose the kind
        entry.link(href=told.address)
    # html, escaped once: "CDATA" would become the Atom type, and "xhtml" chokes on &nbsp;
    entry.content(told.content, type="html")
    entry.category([{"term": topic} for topic in told.topics])
    # always given: without one RSS would get the content as its description. Readers of RSS take it
    # for HTML, so there it is escaped twice
    entry.summary(escape(told.summary, quote=False))
    in_rss = _mended_item(entry.rss_entry(), told, feed_language)
    entry.summary(told.summary)
    # for Atom alone: in RSS feedgen would set the locale to write it
    entry.published(seconds(told.published))
    # on every entry, so that one taken out of the feed still says who wrote it
    entry.author([{"name": name} for name in told.authors])
    in_atom = _mended_entry(entry.atom_entry(), told, feed_language)
    return _cut(in_rss, "item", depth=2), _cut(in_atom, "entry", depth=1)


def _mended_item(item: Any, told: Told, feed_language: str) -> Any:
    etree.SubElement(item, "pubDate").text = format_datetime(seconds(told.published))
    # an author is an e-mail address in RSS; names are for Dublin Core
    for name in told.authors:
        etree.SubElement(item, f"{{{DC}}}creator").text = name
    if told.language != feed_language:
        etree.SubElement(item, f"{{{DC}}}language").text = told.language
    return item


def _mended_entry(entry: Any, told: Told, feed_language: str) -> Any:
    if told.language != feed_language:
        entry.set(_LANG, told.language)
    if told.title_language:
        entry.find("title").set(_LANG, told.title_language)
    if told.about:
        etree.SubElement(entry, "link", rel="related", href=told.about)
    return entry


def _cut(element: Any, name: str, depth: int) -> str:
    """Write an entry without namespaces of its own, indented for its place.

    It is written inside a root that has them all, and cut out: in what is written `<item` can only
    be the tag, as `<` in text and attributes is escaped.
    """
    root = etree.Element("root", nsmap={"atom": ATOM, "content": _CONTENT, "dc": DC})
    root.append(element)
    etree.indent(element, level=depth)
    written: str = etree.tostring(root, encoding="unicode")
    return written[written.index(f"<{name}") : written.rindex(f"</{name}>") + len(f"</{name}>")]


# --- a feed -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Shell:
    """A feed without its entries; `links` are (rel, address), the feed's own first."""

    id: str
    title: str
    description: str
    language: str
    author: str
    updated: datetime
    home: str | None
    media_type: str
    links: tuple[tuple[str, str], ...]
    is_archive: bool


def rss_around(shell: Shell, entries: Sequence[str]) -> str:
    """Write an RSS feed around its entries."""
    feed = _feed(shell)
    feed._FeedGenerator__rss_lastBuildDate = None  # no setter takes None; see _RssLack
    # without a site there is no page to lead to, and RSS demands a link: the feed's own urn. Of all
    # links feedgen is told of, it takes the last for the channel's, and drops all but "self"
    feed.link(href=shell.home or shell.id, rel="alternate")
    lacks = _RssLack(shell)
    feed.register_extension("mended", lambda: lacks)
    return _around(feed.rss_str(pretty=True), "  </channel>\n</rss>\n", "    ", entries)


def atom_around(shell: Shell, entries: Sequence[str]) -> str:
    """Write an Atom feed around its entries."""
    feed = _feed(shell)
    for rel, href in shell.links:
        # feedgen takes the relations of RFC 4287, 5005 and WebSub from its list
        feed.link(
            {"href": href, "rel": rel, **({"type": shell.media_type} if rel != "hub" else {})}
        )
    if shell.home:
        feed.link(href=shell.home, rel="alternate", type="text/html")
    lacks = _AtomLack(shell)
    feed.register_extension("mended", lambda: lacks)
    return _around(feed.atom_str(pretty=True), "</feed>\n", "  ", entries)


def _feed(shell: Shell) -> Any:
    feed = FeedGenerator()
    feed.id(shell.id)
    feed.title(shell.title)
    feed.description(shell.description)
    feed.language(shell.language)
    feed.author({"name": shell.author})
    feed.generator("Publisher")
    feed.updated(seconds(shell.updated))  # the default is now, and bytes would differ every time
    return feed


def _around(empty: bytes, end: str, indent: str, entries: Sequence[str]) -> str:
    """Put entries before the end of an empty feed: they are joined, not made again."""
    head = empty.decode().removesuffix(end)
    return "".join([head, *(f"{indent}{entry}\n" for entry in entries), end])


class _RssLack:
    """What feedgen does not write of an RSS feed: its links, and a date without setting a locale."""

    def __init__(self, shell: Shell) -> None:
        self.shell = shell

    def extend_ns(self) -> dict[str, str]:
        return {"dc": DC} | ({"fh": HISTORY} if self.shell.is_archive else {})

    def extend_rss(self, root: Any) -> None:
        (channel,) = root
        for rel, href in self.shell.links:
            link = etree.SubElement(channel, f"{{{ATOM}}}link", rel=rel, href=href)
            if rel != "hub":
                link.set("type", self.shell.media_type)
        built = format_datetime(seconds(self.shell.updated))
        etree.SubElement(channel, "lastBuildDate").text = built
        if self.shell.is_archive:
            etree.SubElement(channel, f"{{{HISTORY}}}archive")


class _AtomLack:
    """What feedgen does not write of an Atom feed: that it is an archive."""

    def __init__(self, shell: Shell) -> None:
        self.shell = shell

    def extend_ns(self) -> dict[str, str]:
        return {"fh": HISTORY} if self.shell.is_archive else {}

    def extend_atom(self, feed: Any) -> None:
        if self.shell.is_archive:
            etree.SubElement(feed, f"{{{HISTORY}}}archive")
