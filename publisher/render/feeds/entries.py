"""feeds.entries - an issue and its items as entries: the finished text of each, in every format.

The three formats are written from the same values, so they cannot differ. An issue's entry bears
the register's id; an item's bears that and its key, so that no edit, move or new address of the
site makes it another. Adverts are no items.
Faults: none. Never: the feed around them. See: feeds.mended (the XML), feeds.documents (joins them).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urljoin
from uuid import NAMESPACE_URL, uuid5

from publisher.model import Newsletter, Published
from publisher.render.feeds import content
from publisher.render.feeds.mended import Told, entry_texts, seconds
from publisher.render.feeds.names import author_of
from publisher.render.fragments import clean, excerpt
from publisher.render.images import cover
from publisher.render.view import IssueView, ItemView

SUMMARY_LENGTH: Final = 280
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False)
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_WEB: Final = re.compile(r"https?://[^\s/?#<>\"]+[^\s<>\"]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as the finished text of each format, ready to be joined; `id` is for ever."""

    id: str
    rss: str
    atom: str
    json: str


def issue_entry(published: Published, issue: IssueView, newsletter: Newsletter) -> Entry:
    """Write the entry of a whole issue."""
    told = Told(
        id=clean(published.record.id),
        title=issue.headline,
        title_language=None,
        language=clean(issue.language),
        address=issue.address,
        about=None,
        summary=issue.summary(SUMMARY_LENGTH) or issue.headline,
        content=content.of_issue(issue),
        published=published.record.published,
        updated=published.record.updated,
        authors=issue.authors or (author_of(newsletter),),
        topics=issue.topics,
        image=cover(published.issue, issue.address, newsletter.base_url),
    )
    return _entry(told, newsletter)


def item_entry(
    item: ItemView,
    key: str,
    topics: tuple[str, ...],
    published: Published,
    issue: IssueView,
    newsletter: Newsletter,
) -> Entry:
    """Write the entry of one item that is news; `topics` are all it is found under."""
    told = Told(
        id=item_id(clean(published.record.id), clean(key)),
        title=item.title,
        title_language=clean(item.language) if item.language else None,
        language=clean(issue.language),
        address=f"{issue.address}#{item.anchor}" if issue.address else None,
        about=_whole(item.url, issue),
        summary=excerpt(item.text, SUMMARY_LENGTH) or item.second or item.title,
        content=content.of_item(item, issue, newsletter),
        published=published.record.published,
        updated=published.record.updated,
        # who wrote the entry; who wrote what it is about stands in its content
        authors=issue.authors or (author_of(newsletter),),
        topics=topics,
    )
    return _entry(told, newsletter)


def item_id(issue: str, key: str) -> str:
    """Name an item for ever, by its issue's id and its key; a tag may be led on (RFC 4151 §2.1)."""
    return (
        f"{issue}/{key}"
        if issue.startswith("tag:")
        else uuid5(NAMESPACE_URL, f"{issue}\n{key}").urn
    )


def _whole(url: str | None, issue: IssueView) -> str | None:
    """Give the whole address of what an item is about; None where no reader could open it."""
    if not url or _SCHEME.match(url):
        return url if url and _WEB.fullmatch(url) else None
    try:
        whole = urljoin(issue.address or "", url)
    except ValueError:
        return None
    return whole if _WEB.fullmatch(whole) else None


def _entry(told: Told, newsletter: Newsletter) -> Entry:
    in_rss, in_atom = entry_texts(told, clean(newsletter.language))
    return Entry(told.id, in_rss, in_atom, _in_json(told))


def _in_json(told: Told) -> str:
    """Write the entry as JSON, indented for its place."""
    lines = json_lines(
        {
            "id": told.id,
            "url": told.address,
            "external_url": told.about,
            "title": told.title,
            "content_html": told.content,
            "summary": told.summary,
            "image": told.image,
            "date_published": seconds(told.published).isoformat(),
            "date_modified": seconds(told.updated).isoformat(),
            "authors": [{"name": name} for name in told.authors],
            "tags": told.topics,
            "language": told.language,
        },
        depth=3,
    )
    return f"{{\n{lines}\n  }}"


def json_lines(values: Mapping[str, object], depth: int) -> str:
    """Write what there is of the values, a line each: json indents with a slower encoder."""
    return ",\n".join(
        f'{" " * depth}"{key}": {_ENCODER.encode(value)}' for key, value in values.items() if value
    )
