"""The whole site is walked, as a search engine walks it: no link inside it leads nowhere.

Every page and file that a link, picture, style, feed, list of feeds or sitemap names is asked for;
an address with an anchor must find it. Strangers' addresses are counted and not fetched.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import pytest
from drills.publication import NAMES, Publication
from lxml import etree, html
from playwright.sync_api import Browser
from render.feed_agreement import told

pytestmark = pytest.mark.service

FEED_TYPES = ("application/rss+xml", "application/atom+xml", "application/feed+json")
SHOWN = 25
"""Pages looked at in the browser, spread over the site."""


@dataclass
class Page:
    """What a page says of itself."""

    address: str
    root: html.HtmlElement
    anchors: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.anchors = set(self.root.xpath("//@id")) | {""}

    @property
    def links(self) -> Iterator[tuple[str, str]]:
        """Every address it names, whole, with the place that names it."""
        for element in self.root.iter("a", "link", "img", "source", "script", "form", "iframe"):
            for name in ("href", "src", "action"):
                if (value := element.get(name)) and not value.startswith("data:"):
                    yield f"<{element.tag} {name}={value!r}>", urljoin(self.address, value.strip())
            for part in (element.get("srcset") or "").split(","):
                if part.strip():
                    yield f"<{element.tag} srcset>", urljoin(self.address, part.split()[0])

    @property
    def feeds(self) -> list[str]:
        """The feeds a program finds in its head, in order."""
        return [
            urljoin(self.address, link.get("href"))
            for link in self.root.xpath("/html/head/link[@rel='alternate']")
            if link.get("type") in FEED_TYPES
        ]

    def faults(self) -> Iterator[str]:
        """Tell what every page must have and this one has not."""
        if not (self.root.get("lang") or "").strip():
            yield "has no language"
        if not (self.root.findtext("head/title") or "").strip():
            yield "has no title"
        if len(self.root.xpath("//h1")) != 1:
            yield f"has {len(self.root.xpath('//h1'))} h1"
        if not self.feeds:
            yield "leads a feed reader nowhere"
        twice = [one for one, count in Counter(self.root.xpath("//@id")).items() if count > 1]
        if twice:
            yield f"has anchors twice: {twice[:3]}"


class Crawl:
    """A walk over a site, from its front page to everything that can be reached."""

    def __init__(self, site: Publication) -> None:
        self.site = site
        self.pages: dict[str, Page] = {}
        self.others: set[str] = set()
        self.outside: set[str] = set()
        self.faults: list[str] = []
        self.links = self.anchors = 0
        self._own = urlsplit(site.newsletter.site_url or "")
        self._walk()

    def local(self, address: str) -> str | None:
        """Give the path, without its first slash, of an address of this site; None of others."""
        parts = urlsplit(address)
        if parts.netloc in {self._own.netloc, urlsplit(self.site.address).netloc}:
            return (parts.path + (f"?{parts.query}" if parts.query else "")).removeprefix("/")
        if parts.scheme in {"http", "https"}:
            self.outside.add(address)
        return None

    def _walk(self) -> None:
        waiting, named = [""], {"": "the beginning"}
        wanted: list[tuple[str, str, str]] = []
        while waiting:
            path = waiting.pop()
            for where, address in self._visit(path, named[path]):
                self.links += 1
                whole, anchor = urldefrag(address)
                target = self.local(whole)
                if target is None:
                    continue
                if anchor:
                    wanted.append((f"/{path}: {where}", target, unquote(anchor)))
                if target not in named:
                    named[target] = f"/{path}: {where}"
                    waiting.append(target)
        for where, target, anchor in wanted:
            self.anchors += 1
            page = self.pages.get(target)
            if page is None or anchor not in page.anchors:
                self.faults.append(f"{where}: no #{anchor} on /{target}")

    def _visit(self, path: str, where: str) -> Iterator[tuple[str, str]]:
        """Ask for a path; give what it names."""
        got = self.site.ask(path)
        kind = got.headers.get("content-type", "")
        if got.status != 200:
            self.faults.append(f"{where}: {got.status}")
        elif kind.startswith("text/html"):
            address = self.site.address + path
            page = Page(address, html.document_fromstring(got.body.decode("utf-8")))
            self.pages[path] = page
            self.faults += [f"/{path} {fault}" for fault in page.faults()]
            yield from page.links
        else:
            self.others.add(path)
            yield from named_in(path, got.body)


def named_in(path: str, body: bytes) -> Iterator[tuple[str, str]]:
    """Give the addresses that a feed, a list of feeds or a sitemap names; none in other files."""
    name = path.rpartition("/")[2]
    if name in NAMES:
        for entry in told(body):
            yield entry["id"], entry["address"]
        if name == "feed.json":
            feed = json.loads(body)
            for key in ("home_page_url", "feed_url", "next_url"):
                if key in feed:
                    yield key, feed[key]
        else:
            root = etree.fromstring(body)
            yield from (("link", one.get("href", "")) for one in root.iterfind(".//{*}link[@rel]")
                        if one.get("rel") in {"self", "current", "prev-archive", "next-archive"})  # fmt: skip
    elif path.endswith((".opml", ".xml")):
        root = etree.fromstring(body)
        yield from (("loc", one.text or "") for one in root.iter("{*}loc"))
        for outline in root.iter("outline"):
            yield "xmlUrl", outline.get("xmlUrl", "")
            yield "htmlUrl", outline.get("htmlUrl", "")


@pytest.fixture(scope="module")
def walked(strangers: Publication) -> Crawl:
    """The archive of all corpora, walked to its last page."""
    return Crawl(strangers)


def test_no_link_leads_nowhere(walked: Crawl, report: Callable[[str], None]) -> None:
    """Every page has its head in order, and each of its links inside the site finds its place."""
    assert walked.faults == []
    report(
        f"{len(walked.pages)} pages, {len(walked.others)} other files, {walked.links} links, "
        f"{walked.anchors} of them to an anchor: 0 broken; {len(walked.outside)} lead outside"
    )


def test_the_samples_links_lead_somewhere(own: Publication) -> None:
    """So has the sample that every checkout holds."""
    assert Crawl(own).faults == []


def test_nothing_is_out_of_reach(walked: Crawl) -> None:
    """Every page and every feed that stands on the disk is found by following links."""
    found = {path + ("index.html" if path == "" or path.endswith("/") else "")
             for path in walked.pages.keys() | walked.others}  # fmt: skip
    standing = {path for path in walked.site.files if path.endswith(".html")}
    assert standing | set(walked.site.feeds) <= {unquote(path) for path in found}


def test_every_entry_leads_to_its_place(walked: Crawl, report: Callable[[str], None]) -> None:
    """The link of each entry of each feed is an issue's page, or an item's anchor on one."""
    entries = 0
    for path in walked.site.feeds:
        for entry in told(walked.site.read(path)):
            entries += 1
            whole, anchor = urldefrag(entry["address"])
            page = walked.pages.get(walked.local(whole) or "")
            assert page is not None, (path, entry["id"])
            assert unquote(anchor) in page.anchors, (path, entry["id"])
            assert bool(anchor) == path.startswith(("items/", "topics/")), path
    report(f"{len(walked.site.feeds)} feeds, {entries} entries: each leads to its place")


def test_the_most_specific_feed_stands_first(walked: Crawl) -> None:
    """A page that has feeds beside it names those before the newsletter's own."""
    beside = {path.rpartition("/")[0] for path in walked.site.feeds}
    for path, page in walked.pages.items():
        folder = unquote(path.rpartition("/")[0])
        if folder in beside and page.feeds:
            first = walked.local(page.feeds[0]) or ""
            assert unquote(first).rpartition("/")[0] == folder, path
        root = [walked.local(feed) for feed in page.feeds]
        assert {"rss.xml", "atom.xml", "feed.json"} <= set(root), path
        assert len(root) == len(set(root)), path


def test_a_browser_finds_nothing_amiss(
    walked: Crawl, browser: Browser, report: Callable[[str], None]
) -> None:
    """Pages spread over the site load whole in chromium, without a word on its console."""
    paths = sorted(walked.pages)
    paths = paths[:: max(1, len(paths) // SHOWN)]
    said: list[str] = []
    abroad: list[str] = []
    context = browser.new_context(viewport={"width": 320, "height": 800})

    def route(one) -> None:
        if one.request.url.startswith(walked.site.address):
            one.continue_()
        else:
            abroad.append(one.request.url)
            one.abort()

    context.route("**/*", route)
    page = context.new_page()
    page.on("pageerror", lambda error: said.append(f"{page.url}: {error}"))
    page.on("console", lambda word: said.append(f"{page.url}: {word.text}"))
    page.on(
        "response",
        lambda got: said.append(f"{got.url}: {got.status}") if got.status >= 400 else None,
    )
    anchors = 0
    for path in paths:
        page.goto(walked.site.address + path)
        lost = page.evaluate(
            """() => [...document.querySelectorAll('a[href^="#"]')]
                .map(link => decodeURIComponent(link.hash.slice(1)))
                .filter(name => name && !document.getElementById(name))"""
        )
        assert lost == [], path
        anchors += page.locator('a[href^="#"]').count()
        assert page.locator("h1").count() == 1
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            said.append(f"/{path} must be scrolled sideways at 320 px")
    context.close()
    # what we kept from going abroad is told so, with no address
    said = [words for words in said if not words.endswith("net::ERR_FAILED")]
    assert said == []
    report(
        f"{len(paths)} pages at 320 px, {anchors} anchors: nothing amiss; "
        f"{len(abroad)} pictures from elsewhere not fetched"
    )
