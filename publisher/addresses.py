"""addresses - where everything stands under a newsletter's path.

Paths are relative to the site's root, without a leading slash, and name what lies in feeds/; whole
addresses join them to `site_url` or, for what is alive, `app_url`. Never: knows which files exist.
See: render (links), site (writes), web (answers).
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final
from urllib.parse import quote

from publisher.model import Newsletter

FEEDS: Final = (
    ("rss.xml", "application/rss+xml", "RSS"),
    ("atom.xml", "application/atom+xml", "Atom"),
    ("feed.json", "application/feed+json", "JSON Feed"),
)
"""Each feed of a newsletter: file name, media type, the name people know it by."""
LONGEST_TOKEN: Final = 33
"""Characters of a link's token; `tokens` makes them."""
_LOOSE_SIGN: Final = re.compile(r"(?<![\w+#])[+#]+")


def archive_path(newsletter: Newsletter) -> str:
    """Name the newsletter's front page."""
    return f"{newsletter.path}index.html"


def feed_path(newsletter: Newsletter, name: str) -> str:
    """Name one of the feeds by its file name."""
    return f"{newsletter.path}{name}"


def issue_path(newsletter: Newsletter, slug: str) -> str:
    """Name an issue's folder, with the closing slash; its page is index.html inside."""
    return f"{newsletter.path}issues/{quote(slug)}/"


def topic_slug(topic: str) -> str:
    """Name a topic as its addresses do, before percent-encoding; "" where it has no letters.

    Letters of any script stay, and the signs that tell C++ and C# from C. Invisible characters go
    without a trace; anything else parts two words.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", topic).casefold())
    kept = [
        sign if sign in "+#" or unicodedata.category(sign)[0] in "LMN" else " "
        for sign in _LOOSE_SIGN.sub(" ", folded)
        if unicodedata.category(sign) != "Cf"
    ]
    slug = "-".join("".join(kept).split())
    return slug if any(map(str.isalnum, slug)) else ""


def site_address(newsletter: Newsletter, path: str) -> str:
    """Give a whole address on the static site, or the bare path while there is no site_url."""
    return f"{newsletter.site_url or ''}{path.removesuffix('index.html')}"


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
