"""render - an issue in, its editions out.

One room per kind: `mail`, `text`, `pages`, `feeds`; `message` wraps mail and text for the wire. All
are functions of values: the issue and its record, the newsletter, the templates' sources.
Faults: TemplateError with template, line and remedy; RefusedError for an address no header may hold.
Never: disk, clock, network; which recipient. See: digest (makes issues), site and send (take these).
"""

from __future__ import annotations

from typing import Final

from publisher.render.environment import Templates
from publisher.render.view import headline

__all__ = ["EDITIONS", "Templates", "headline"]

EDITIONS: Final = {
    "mail": ("issue.html", "text/html", "the e-mail as HTML"),
    "text": ("issue.txt", "text/plain", "the e-mail as plain text"),
    "message": ("issue.eml", "message/rfc822", "the whole e-mail, as a mail program opens it"),
    "page": ("page.html", "text/html", "the page on the site"),
    "rss": ("rss.xml", "application/rss+xml", "the RSS 2.0 feed"),
    "atom": ("atom.xml", "application/atom+xml", "the Atom feed"),
    "json": ("feed.json", "application/feed+json", "the JSON feed"),
}
"""Each edition: the file `preview` writes, its media type, what it is."""
