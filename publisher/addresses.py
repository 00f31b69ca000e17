"""addresses - where everything stands under a newsletter's path.

Paths are relative to the site's root, without a leading slash, and name what lies in feeds/, in the
letters it is called by; whole addresses join them, percent-encoded, to `site_url` or, for what is
alive, `app_url`. A *folder* is what stands between the newsletter's path and the three feeds of a
kind: "", "items/", "topics/<slug>/", "archive/<n>/".
Never: knows which files exist. See: render (links), site (writes), web (answers).
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from hashlib import sha256
from typing import Final
from urllib.parse import quote

from publisher.model import Newsletter

FEEDS: Final = (
    ("rss.xml", "application/rss+xml", "RSS"),
    ("atom.xml", "application/atom+xml", "Atom"),
    ("feed.json", "application/feed+json", "JSON Feed"),
)
"""Each feed of a newsletter: file name, media type, the name people know it by."""
GONE: Final = "gone.html"
"""Beside the page of a withdrawn issue, the same again: by it a web server knows to answer 410."""
ITEMS: Final = "items/"
"""The folder of what has an entry, or a line, for every item."""
LONGEST_TOKEN: Final = 33
"""Characters of a link's token; `tokens` makes them."""
_LONGEST_SLUG: Final = 120  # bytes; file systems take 255 to a name, archives of them fewer
_LOOSE_SIGN: Final = re.compile(r"(?<![\w+#])[+#]+")


def archive_path(newsletter: Newsletter) -> str:
    """Name the newsletter's front page."""
    return f"{newsletter.path}index.html"


def year_path(newsletter: Newsletter, year: int) -> str:
    """Name the page of all issues of a year."""
    return f"{newsletter.path}years/{year}/index.html"


def year_sitemap_path(newsletter: Newsletter, year: int) -> str:
    """Name the sitemap of a year's issues: no folder of its own, or it could list only that."""
    return f"{newsletter.path}sitemap-{year}.xml"


def pages_sitemap_path(newsletter: Newsletter) -> str:
    """Name the sitemap of the pages that lead to others."""
    return f"{newsletter.path}sitemap-pages.xml"


def sitemap_path(newsletter: Newsletter) -> str:
    """Name the index of all sitemaps."""
    return f"{newsletter.path}sitemap.xml"


def issue_path(newsletter: Newsletter, slug: str) -> str:
    """Name an issue's folder, with the closing slash; its page is index.html inside."""
    return f"{newsletter.path}issues/{slug}/"


def items_path(newsletter: Newsletter) -> str:
    """Name the page of the newest items."""
    return f"{newsletter.path}{ITEMS}index.html"


def topics_path(newsletter: Newsletter) -> str:
    """Name the page of all topics."""
    return f"{newsletter.path}topics/index.html"


def topic_path(newsletter: Newsletter, slug: str, year: int | None = None) -> str:
    """Name the page of a topic's newest items, or of those of a year."""
    older = "" if year is None else f"{year}/"
    return f"{newsletter.path}{topic_folder(slug)}{older}index.html"


def topic_folder(slug: str) -> str:
    """Name the folder of a topic."""
    return f"topics/{slug}/"


def archive_folder(number: int) -> str:
    """Name the folder of a closed archive of issues; the oldest is number 1."""
    return f"archive/{number}/"


def feed_path(newsletter: Newsletter, name: str, folder: str = "") -> str:
    """Name one of the feeds by its file name."""
    return f"{newsletter.path}{folder}{name}"


def subscribing_path(newsletter: Newsletter, folder: str = "") -> str:
    """Name the page that says how to subscribe to the feeds of a folder."""
    return f"{newsletter.path}{folder}feeds/index.html"


def opml_path(newsletter: Newsletter) -> str:
    """Name the list of all feeds."""
    return f"{newsletter.path}feeds.opml"


@lru_cache(4096)
def topic_slug(topic: str) -> str:
    """Name a topic as its addresses do, before percent-encoding; "" where it has no letters.

    Letters of any script stay, and the signs that tell C++ and C# from C. Invisible characters go
    without a trace; anything else parts two words. One too long for a file's name is cut, and told
    from others that begin alike by a hash.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", topic).casefold())
    kept = [
        sign if sign in "+#" or unicodedata.category(sign)[0] in "LMN" else " "
        for sign in _LOOSE_SIGN.sub(" ", folded)
        if unicodedata.category(sign) != "Cf"
    ]
    slug = "-".join("".join(kept).split())
    if not any(map(str.isalnum, slug)):
        return ""
    whole = slug.encode()
    if len(whole) <= _LONGEST_SLUG:
        return slug
    return f"{whole[:_LONGEST_SLUG].decode(errors='ignore')}-{sha256(whole).hexdigest()[:8]}"


def site_address(newsletter: Newsletter, path: str) -> str:
    """Give a whole address on the static site, or the bare path while there is no site_url."""
    return f"{newsletter.site_url or ''}{quote(path.removesuffix('index.html'))}"


def issue_address(newsletter: Newsletter, slug: str, anchor: str = "") -> str:
    """Give an issue's whole address; with an anchor, an item's permalink."""
    address = site_address(newsletter, issue_path(newsletter, slug))
    return f"{address}#{anchor}" if anchor else address


def app_address(newsletter: Newsletter, path: str) -> str:
    """Give a whole address of something alive: subscribe, confirm, unsubscribe."""
    return f"{newsletter.app_url or newsletter.site_url or ''}{newsletter.path}{path}"


def unsubscribe_address(newsletter: Newsletter, token: str) -> str:
    """Give the one-click unsubscribe address of one subscriber."""
    return app_address(newsletter, f"unsubscribe/{token}")
