"""labels - what is said of each published file: its type, how long it keeps, where it belongs.

The program's own answers and the configurations written for nginx and Caddy say it by these tables.
Faults: none. Never: reads a file. See: web.files, web.fronts.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import Final

from publisher.addresses import FEEDS, site_address
from publisher.model import Newsletter

OPML: Final = "feeds.opml"
FEED_NAMES: Final = frozenset({name for name, _, _ in FEEDS} | {OPML})
FEED_AGE: Final = 900
"""Seconds a reader may keep a feed; NetNewsWire would hold a longer one up to five hours."""
PAGE_AGE: Final = 300
PICTURE_AGE: Final = 86_400
ARCHIVE_AGE: Final = 86_400
"""An archived feed is written once; only the newest is touched again, to name its follower."""
ARCHIVE: Final = re.compile(r"(?:^|/)archive/[0-9]+/[^/]+$")

FEED_TYPES: Final = {name: f"{kind}; charset=utf-8" for name, kind, _ in FEEDS}
TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".xml": "application/xml; charset=utf-8",
    ".json": "application/json; charset=utf-8",
    ".opml": "text/x-opml; charset=utf-8",
    ".svg": "image/svg+xml; charset=utf-8",
    ".bib": "application/x-bibtex; charset=utf-8",
    ".ris": "application/x-research-info-systems; charset=utf-8",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".pdf": "application/pdf",
}
UNKNOWN: Final = "application/octet-stream"
FEED_HEADERS: Final = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "ETag, Link",
}
"""On every answer to a feed, so that readers in web pages can have it."""


def media_type(name: str) -> str:
    """Name the type of a file of the site, with its charset."""
    return FEED_TYPES.get(name) or TYPES.get(os.path.splitext(name)[1].lower(), UNKNOWN)


def cache_control(path: str) -> str:
    """Say how long a file of the site may be kept without asking again."""
    name = path.rpartition("/")[2]
    if name in FEED_NAMES:
        return f"public, max-age={ARCHIVE_AGE if ARCHIVE.search(path) else FEED_AGE}"
    is_picture = media_type(name).startswith(("image/", "font/"))
    return f"public, max-age={PICTURE_AGE if is_picture else PAGE_AGE}"


def link(newsletters: Sequence[Newsletter], path: str) -> str:
    """Name a feed's own address and its hubs as a Link header does (WebSub §4); "" for the rest.

    An archived feed has no hubs: nothing is told of it.
    """
    if path.rpartition("/")[2] not in FEED_TYPES:
        return ""
    newsletter = newsletter_at(newsletters, path)
    if not newsletter.site_url:
        return ""
    hubs = () if ARCHIVE.search(path) else newsletter.hubs
    links = [("self", site_address(newsletter, path)), *(("hub", hub) for hub in hubs)]
    return ", ".join(f'<{address}>; rel="{kind}"' for kind, address in links)


def newsletter_at(newsletters: Sequence[Newsletter], path: str) -> Newsletter:
    """Find the newsletter a path belongs to: the one with the longest path it begins with."""
    under = [one for one in newsletters if path.startswith(one.path)]
    return max(under or newsletters[:1], key=lambda one: len(one.path))
