"""What a feed must be for the strictest reader: a list of what one breaks, empty for a good one.

Rules of XML 1.0, RSS 2.0 with the best practices of the RSS Advisory Board's profile, RFC 4287 and
RFC 5005, JSON Feed 1.1, OPML 2.0, and some of ours: no relative address, no unbounded size. For
tests of feeds wherever they come from: `faults(name, bytes)`; see also feed_agreement.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from email.utils import format_datetime, parsedate_to_datetime
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

from lxml import etree

ATOM = "{http://www.w3.org/2005/Atom}"
CONTENT = "{http://purl.org/rss/1.0/modules/content/}"
DC = "{http://purl.org/dc/elements/1.1/}"
HISTORY = "{http://purl.org/syndication/history/1.0}"
LANG = "{http://www.w3.org/XML/1998/namespace}lang"
MOST_BYTES = 512 * 1024
MOST_OF_AN_ARCHIVE = 5_000_000
"""An archive is fetched once and not polled; more is not read by the public validator."""
PREFIXES = {"atom": ATOM, "content": CONTENT, "dc": DC, "fh": HISTORY}
TAG = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*")
ID = re.compile(r"[a-z][a-z0-9+.-]*:[^\s<>\"{}|\\^`]+", re.IGNORECASE)
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d)")
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
# RSS 2.0: what stands in a channel and in an item, of no namespace, at most once each unless said
CHANNEL = {
    *("title", "link", "description", "language", "copyright", "managingEditor", "webMaster"),
    *("pubDate", "lastBuildDate", "category", "generator", "docs", "cloud", "ttl", "image"),
    *("rating", "skipHours", "skipDays", "item"),
}
ITEM = {
    *("title", "link", "description", "author", "category", "comments", "enclosure", "guid"),
    *("pubDate", "source"),
}
# RFC 4287 §4.1.1, §4.1.2
FEED = {
    *("author", "category", "contributor", "generator", "icon", "id", "link", "logo", "rights"),
    *("subtitle", "title", "updated", "entry"),
}
ENTRY = {
    *("author", "category", "content", "contributor", "id", "link", "published", "rights"),
    *("source", "summary", "title", "updated"),
}
# elements of HTML that need no end, and those that no reader would or should show
VOID = {"base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"}
FORBIDDEN = {
    *("script", "style", "iframe", "object", "embed", "form", "input", "math", "base", "link"),
    "meta",
}
MANY = {"author", "category", "contributor", "link", "entry", "item"}
RELATIONS = {
    *("alternate", "related", "self", "enclosure", "via", "hub"),
    *("current", "prev-archive", "next-archive"),
}
# JSON Feed 1.1
JSON_FEED = {
    *("version", "title", "home_page_url", "feed_url", "description", "user_comment", "next_url"),
    *("icon", "favicon", "authors", "language", "expired", "hubs", "items"),
}
JSON_ITEM = {
    *("id", "url", "external_url", "title", "content_html", "content_text", "summary", "image"),
    *("banner_image", "date_published", "date_modified", "authors", "tags", "language"),
    "attachments",
}


def faults(name: str, body: bytes) -> list[str]:
    """List what a file breaks, by its name: rss.xml, atom.xml, feed.json, feeds.opml."""
    is_archive = "/archive/" in f"/{name}"
    found = list(_bytes(body, MOST_OF_AN_ARCHIVE if is_archive else MOST_BYTES))
    if name.endswith(".json"):
        return found + list(_json(body))
    try:
        # neither recovering nor looking entities up; namespaces are checked
        root = etree.fromstring(body, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError as error:
        return [*found, f"XML: {error}"]
    found += _xml(body, root)
    judges = {"rss.xml": _rss, "atom.xml": _atom, "feeds.opml": _opml}
    return found + list(judges[name.rpartition("/")[2]](root))


# --- any file -----------------------------------------------------------------


def _bytes(body: bytes, most: int) -> Iterator[str]:
    if len(body) > most:
        yield f"{len(body)} bytes are a burden on who reads it"
    if body.startswith(b"\xef\xbb\xbf"):
        yield "begins with a byte order mark"
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        yield f"is not UTF-8: {error}"
        return
    if CONTROL.search(text):
        yield "holds a control character"
    if not text.endswith("\n") or text.endswith("\n\n"):
        yield "does not end with one line's end"


def _xml(body: bytes, root: Any) -> Iterator[str]:
    head, _, rest = body.decode("utf-8", "replace").partition("\n")
    if not re.fullmatch(r"<\?xml version=(['\"])1\.0\1 encoding=(['\"])UTF-8\2\?>", head):
        yield f"begins with {head[:60]!r} and not with a declaration of UTF-8"
    if "<!DOCTYPE" in rest or "<![CDATA[" in rest or "<?" in rest:
        yield "has a document type, a CDATA section or a processing instruction"
    # in what lxml writes, < and > stand in markup alone
    tags = re.findall(r"<[^<>]*>", rest)
    if any(" xmlns" in tag for tag in tags[1:]):
        yield "declares a namespace below its root"
    for element in root.iter():
        if (
            element.prefix
            and PREFIXES.get(element.prefix, "{}")[1:-1] != element.nsmap[element.prefix]
        ):
            yield f"calls {element.tag} {element.prefix}:"
        if (
            element.text
            and len(element) == 0
            and element.text != element.text.strip()
            and (etree.QName(element).localname not in {"encoded", "content"})
        ):
            yield f"{etree.QName(element).localname} has white space around its text"


def _counted(parent: Any, known: set[str], space: str = "") -> Iterator[str]:
    """Complain of elements that are unknown, or there more often than once."""
    names = Counter(child.tag for child in parent)
    for name, count in names.items():
        if name.startswith("{") and not (space and name.startswith(space)):
            continue
        plain = name.removeprefix(space)
        if plain not in known:
            yield f"knows no {plain}"
        elif count > 1 and plain not in MANY:
            yield f"has {count} {plain}"


def _required(parent: Any, *names: str, space: str = "") -> Iterator[str]:
    for name in names:
        if not (parent.findtext(space + name) or "").strip():
            yield f"has no {name}"


def _address(value: str | None, what: str) -> Iterator[str]:
    if value is None:
        return
    try:
        parts = urlsplit(value)
    except ValueError:
        yield f"{what} {value!r} is no address"
        return
    if parts.scheme not in {"http", "https"} or not parts.netloc or re.search(r"[\s<>\"]", value):
        yield f"{what} {value!r} is no whole address of the web"


def _content(html: str | None) -> Iterator[str]:
    """Complain of HTML that a reader in another place cannot show."""
    if not (html or "").strip():
        yield "has no content"
        return
    reader = _Html()
    reader.feed(html or "")
    reader.close()
    yield from reader.found


class _Html(HTMLParser):
    """What addresses HTML holds, and whether its elements are closed in their order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in FORBIDDEN:
            self.found.append(f"content has <{tag}>")
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name in {"href", "src", "cite", "poster", "data", "action", "longdesc"}:
                if not re.match(
                    r"(?:https?://|mailto:|tel:|xmpp:|ftp:|irc:|magnet:|[a-z]+:)", value or "", re.I
                ):
                    self.found.append(f"content has {name}={value!r}, which leads nowhere")
                if re.match(r"\s*(?:javascript|data|vbscript):", value or "", re.I):
                    self.found.append(f"content has {name}={value!r}")
            # the one class that says something of itself: in which language code is (HTML §4.5.15)
            is_language = (tag, name) == ("code", "class") and (value or "").startswith("language-")
            if name.startswith("on") or (name in {"style", "class", "srcset"} and not is_language):
                self.found.append(f"content has {name}")

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1] == tag:
            self.open.pop()
        elif tag not in VOID:
            self.found.append(f"content closes <{tag}> where {self.open[-1:]} is open")

    def close(self) -> None:
        super().close()
        if self.open:
            self.found.append(f"content leaves {self.open} open")


def _moments(texts: Iterable[str | None]) -> list[datetime]:
    """Read the dates that are some; the others are faults of their own."""
    return [datetime.fromisoformat(text) for text in texts if MOMENT.fullmatch(text or "") and text]


def _newest_first(moments: list[datetime]) -> Iterator[str]:
    if moments != sorted(moments, reverse=True):
        yield "is not newest first"


def _unique(ids: list[str | None]) -> Iterator[str]:
    for one, count in Counter(ids).items():
        if count > 1:
            yield f"has {count} entries with id {one!r}"
        if not ID.fullmatch(one or ""):
            yield f"id {one!r} is none"


# --- RSS ----------------------------------------------------------------------


def _rss(root: Any) -> Iterator[str]:
    if (
        root.tag != "rss"
        or root.get("version") != "2.0"
        or [one.tag for one in root] != ["channel"]
    ):
        yield "is not RSS 2.0 with one channel"
        return
    channel = root[0]
    yield from _counted(channel, CHANNEL)
    yield from _required(channel, "title", "link", "description", "lastBuildDate")
    yield from _language(channel.findtext("language"))
    yield from _rfc822(channel.findtext("lastBuildDate"))
    link = channel.findtext("link") or ""
    if not link.startswith("urn:"):
        yield from _address(link, "channel link")
    yield from _feed_links(channel, channel.find(f"{HISTORY}archive") is not None)
    moments = []
    for item in channel.iterfind("item"):
        yield from (f"item {item.findtext('guid')}: {fault}" for fault in _rss_item(item))
        if parsed := _parsed(item.findtext("pubDate")):
            moments.append(parsed)
    yield from _newest_first(moments)
    yield from _unique([guid.text for guid in channel.iterfind("item/guid")])
    if channel[-1].tag != "item" and channel.find("item") is not None:
        yield "says something of itself behind its items"


def _rss_item(item: Any) -> Iterator[str]:
    yield from _counted(item, ITEM)
    yield from _required(item, "title", "description", "guid", "pubDate", f"{DC}creator")
    yield from _address(item.findtext("link"), "link")
    yield from _rfc822(item.findtext("pubDate"))
    yield from _content(item.findtext(f"{CONTENT}encoded"))
    names = [child.tag for child in item]
    if names.count(f"{CONTENT}encoded") != 1:
        yield "has not one content:encoded"
    elif (
        f"{CONTENT}encoded" in names[: names.index("description") if "description" in names else 0]
    ):
        yield "has its description behind content:encoded, and some readers take the last"
    guid = item.find("guid")
    if (
        guid is not None
        and guid.get("isPermaLink") != "false"
        and guid.text != item.findtext("link")
    ):
        yield "has a guid that is taken for an address"
    for name in ("author", "managingEditor"):
        if "@" not in (item.findtext(name) or "@"):
            yield f"has a name where {name} is an e-mail address"
    if "<" in (item.findtext("description") or ""):
        yield "has markup in its description"
    for category in item.iterfind("category"):
        if not category.text:
            yield "has an empty category"
    yield from _language(item.findtext(f"{DC}language"))


def _parsed(text: str | None) -> datetime | None:
    try:
        return parsedate_to_datetime(text or "")
    except ValueError:
        return None


def _rfc822(text: str | None) -> Iterator[str]:
    """Complain of a date that is not RFC 822 with a year of four digits, or has a wrong weekday."""
    parsed = _parsed(text)
    if parsed is None or format_datetime(parsed) != text or parsed.tzinfo is None:
        yield f"date {text!r} is not as RFC 822 writes it"


def _language(tag: str | None) -> Iterator[str]:
    if tag is not None and not TAG.fullmatch(tag):
        yield f"language {tag!r} is none"


def _feed_links(parent: Any, is_archive: bool) -> Iterator[str]:
    """Complain of a feed's links: its own once, archives as RFC 5005 §4 has them."""
    links = parent.findall(f"{ATOM}link")
    rels = Counter(link.get("rel", "alternate") for link in links)
    places = Counter(
        (link.get("rel", "alternate"), link.get("type"), link.get("href")) for link in links
    )
    for link in links:
        if link.get("rel", "alternate") not in RELATIONS:
            yield f"knows no link {link.get('rel')}"
        yield from _address(link.get("href") or "", f"link {link.get('rel')}")
        if link.text or len(link):
            yield "has a link with content"
    for rel in ("self", "current", "prev-archive", "next-archive", "alternate"):
        if rels[rel] > 1:
            yield f"has {rels[rel]} links {rel}"
    if max(places.values(), default=1) > 1:
        yield "has a link twice"
    if links and rels["self"] != 1:
        yield "has no link to itself"
    if is_archive and links and not rels["current"]:
        yield "is an archive that does not lead to the current feed"
    if not is_archive and (rels["next-archive"] or rels["current"]):
        yield "leads as archives do and is none"


# --- Atom ---------------------------------------------------------------------


def _atom(root: Any) -> Iterator[str]:
    if root.tag != f"{ATOM}feed":
        yield "is not Atom"
        return
    yield from _counted(root, FEED, ATOM)
    yield from _required(root, "id", "title", "updated", space=ATOM)
    yield from _required(root, f"{ATOM}author/{ATOM}name")
    yield from _language(root.get(LANG))
    yield from _rfc3339(root.findtext(f"{ATOM}updated"))
    yield from _feed_links(root, root.find(f"{HISTORY}archive") is not None)
    entries = root.findall(f"{ATOM}entry")
    for entry in entries:
        yield from (f"entry {entry.findtext(f'{ATOM}id')}: {fault}" for fault in _atom_entry(entry))
    yield from _newest_first(_moments(entry.findtext(f"{ATOM}published") for entry in entries))
    yield from _unique([entry.findtext(f"{ATOM}id") for entry in entries])
    if not ID.fullmatch(root.findtext(f"{ATOM}id") or ""):
        yield f"id {root.findtext(f'{ATOM}id')!r} is none"
    if max((e.findtext(f"{ATOM}updated") for e in entries), default="") > (
        root.findtext(f"{ATOM}updated") or ""
    ):
        yield "is older than its newest entry"


def _atom_entry(entry: Any) -> Iterator[str]:
    yield from _counted(entry, ENTRY, ATOM)
    yield from _required(entry, "id", "title", "updated", "published", "summary", space=ATOM)
    yield from _required(entry, f"{ATOM}author/{ATOM}name")
    published, updated = (entry.findtext(f"{ATOM}{name}") for name in ("published", "updated"))
    yield from _rfc3339(published)
    yield from _rfc3339(updated)
    if (published or "") > (updated or ""):
        yield "was updated before it was published"
    alternates = Counter(
        (link.get("type"), link.get("hreflang"))
        for link in entry.iterfind(f"{ATOM}link")
        if link.get("rel", "alternate") == "alternate"
    )
    if max(alternates.values(), default=1) > 1:
        yield "has two alternate links of one type"
    for link in entry.iterfind(f"{ATOM}link"):
        yield from _address(link.get("href") or "", "link")
        if link.get("rel", "alternate") not in RELATIONS:
            yield f"knows no link {link.get('rel')}"
    content = entry.find(f"{ATOM}content")
    if content is None or content.get("type") != "html" or len(content):
        yield "has no content that is escaped HTML"
    else:
        yield from _content(content.text)
    for text in (entry.find(f"{ATOM}title"), entry.find(f"{ATOM}summary")):
        if text is not None and text.get("type", "text") != "text":
            yield "has a title or summary that is not plain"
    for category in entry.iterfind(f"{ATOM}category"):
        if not category.get("term"):
            yield "has a category without a term"
    yield from _language(entry.get(LANG))


def _rfc3339(text: str | None) -> Iterator[str]:
    try:
        is_one = bool(MOMENT.fullmatch(text or "")) and bool(datetime.fromisoformat(text or ""))
    except ValueError:
        is_one = False
    if not is_one:
        yield f"date {text!r} is not as RFC 3339 writes it"


# --- JSON ---------------------------------------------------------------------


def _json(body: bytes) -> Iterator[str]:
    twice: list[str] = []

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        twice.extend(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
        return dict(pairs)

    try:
        feed = json.loads(body, object_pairs_hook=once)
    except ValueError as error:
        yield f"JSON: {error}"
        return
    yield from (f"says {key} twice" for key in twice)
    yield from (f"knows no {key}" for key in feed.keys() - JSON_FEED)
    if feed.get("version") != "https://jsonfeed.org/version/1.1":
        yield "is not JSON Feed 1.1"
    yield from (f"has no {key}" for key in ("title", "items", "authors") if key not in feed)
    for key in ("home_page_url", "feed_url", "next_url"):
        yield from _address(feed.get(key), key)
    if feed.get("next_url") and feed["next_url"] == feed.get("feed_url"):
        yield "comes after itself"
    for hub in feed.get("hubs", []):
        yield from _address(hub["url"], "hub") if hub["type"] == "WebSub" else ["hub of no type"]
    yield from _language(feed.get("language"))
    yield from _authors(feed)
    yield from _empty(feed, "feed")
    items = feed.get("items", [])
    for item in items:
        yield from (f"item {item.get('id')}: {fault}" for fault in _json_item(item))
    yield from _unique([item.get("id") for item in items])
    yield from _newest_first(_moments(item.get("date_published") for item in items))


def _json_item(item: dict[str, Any]) -> Iterator[str]:
    yield from (f"knows no {key}" for key in item.keys() - JSON_ITEM)
    for key in ("id", "title", "content_html", "summary", "language"):
        if not isinstance(item.get(key), str) or not item[key].strip():
            yield f"{key} is no text"
    for key in ("url", "external_url", "image"):
        yield from _address(item.get(key), key)
    yield from _rfc3339(item.get("date_published"))
    yield from _rfc3339(item.get("date_modified"))
    yield from _language(item.get("language"))
    yield from _content(item.get("content_html"))
    yield from _authors(item)
    if not all(isinstance(tag, str) and tag for tag in item.get("tags", [])):
        yield "has a tag that is no text"
    yield from _empty(item, "item")


def _authors(values: dict[str, Any]) -> Iterator[str]:
    if not all(author.get("name") for author in values.get("authors") or [{}]):
        yield "has an author without a name"


def _empty(values: dict[str, Any], what: str) -> Iterator[str]:
    for key, value in values.items():
        if value in (None, "", [], {}) and key != "items":
            yield f"{what} says {key} and nothing in it"


# --- OPML ---------------------------------------------------------------------


def _opml(root: Any) -> Iterator[str]:
    if (
        root.tag != "opml"
        or root.get("version") != "2.0"
        or [e.tag for e in root] != ["head", "body"]
    ):
        yield "is not OPML 2.0 with a head and a body"
        return
    yield from _required(root, "head/title")
    yield from _rfc822(root.findtext("head/dateModified"))
    outlines = root.findall("body/outline")
    for outline in outlines:
        if outline.get("type") != "rss" or not outline.get("text"):
            yield "has an outline that is no feed with a text"
        for name in ("xmlUrl", "htmlUrl"):
            yield from _address(outline.get(name) or "", name)
    for name in ("xmlUrl", "text"):
        if len({outline.get(name) for outline in outlines}) < len(outlines):
            yield f"has one {name} twice"
