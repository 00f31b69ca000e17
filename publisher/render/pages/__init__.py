"""pages - the site: a page of each issue, lists that lead to them, what tells machines of both.

    frame       -> what stands around every page: its head, its feeds, the ways to others
    issue       -> one issue; the tombstone of one that was withdrawn; the page of a preview
    lists       -> the front page, a year, the topics, a topic's items, the newest items
    subscribing -> beside each feed, for people: what a feed is, and its addresses
    sitemap     -> for search engines: which pages there are, and when each changed

Semantic HTML without scripts, whole in one file. Links inside the site are relative, so that the
folder may be served from anywhere; only canonical links, cards and sitemaps need site_url. What a
list says of an issue is its card (render.shelf), so no page needs the text of more than one issue.
Faults: TemplateError. Never: which issues exist; files. See: templates/site, site (writes them).
"""

from publisher.render.pages.issue import issue, render, tombstone
from publisher.render.pages.lists import front, items, topic, topic_year, topics, year
from publisher.render.pages.sitemap import pages_sitemap, sitemap_index, year_sitemap
from publisher.render.pages.subscribing import subscribing

__all__ = [
    "front",
    "issue",
    "items",
    "pages_sitemap",
    "render",
    "sitemap_index",
    "subscribing",
    "tombstone",
    "topic",
    "topic_year",
    "topics",
    "year",
    "year_sitemap",
]
