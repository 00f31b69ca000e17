"""The judge of feeds, judged: every rule finds what breaks it in a feed that was good."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from render.feed_agreement import disagreements
from render.feed_rules import MOST_BYTES, faults

from publisher.model import Newsletter, Published
from publisher.render.feeds import documents
from publisher.render.feeds.channels import archive_channel, issues_channel
from publisher.render.feeds.opml import opml
from publisher.render.shelf import shelve
from publisher.render.view import view
from publisher.render.words import Words

Good = Callable[[str], str]


@pytest.fixture
def good(published: Published, newsletter: Newsletter, ours: Words) -> Good:
    """Give a good file by its name."""
    hubbed = replace(newsletter, hubs=("https://hub.example.net/",))
    kept = shelve(published, view(published, hubbed, ours), hubbed)
    entries = [kept.entry, kept.item_entries[0]]
    moment = kept.card.updated
    current = issues_channel(hubbed, moment, archives=1)
    archive = archive_channel(hubbed, 1, moment, archives=2)
    files = {
        "rss.xml": documents.rss(current, entries),
        "atom.xml": documents.atom(current, entries),
        "feed.json": documents.json_feed(current, entries),
        "archive/1/rss.xml": documents.rss(archive, entries),
        "archive/1/atom.xml": documents.atom(archive, entries),
        "feeds.opml": opml(hubbed, [current], moment),
    }
    return files.__getitem__


RSS = [
    ("<description>每周三件小事。</description>", "", "has no description"),
    ("<generator>", "<generatr/><generator>", "knows no generatr"),
    ("<docs>", "<ttl>1</ttl><ttl>2</ttl><docs>", "has 2 ttl"),
    ("<language>zh-CN<", "<language>中文<", "language '中文' is none"),
    ("Sat, 02 Mar 2024 05:30:00 +0000", "Fri, 02 Mar 2024 05:30:00 +0000", "is not as RFC 822"),
    ("01 Mar 2024", "01 Mar 24", "is not as RFC 822"),
    ('rel="self" href="https://news.example.org/', 'rel="self" href="/', "no whole address"),
    ('rel="self"', 'rel="via"', "no link to itself"),
    ('rel="hub"', 'rel="self"', "has 2 links self"),
    ('rel="prev-archive"', 'rel="next-archive"', "leads as archives do"),
    ('rel="prev-archive"', 'rel="up"', "knows no link up"),
    ("<link>https://news.example.org/issues/7/<", "<link>issues/7/<", "no whole address"),
    (' isPermaLink="false"', "", "taken for an address"),
    ("/k1</guid>", "</guid>", "has 2 entries with id"),
    ("<guid isPermaLink=\"false\">tag:", '<guid isPermaLink="false">7', "is none"),
    ("</title>\n      <link>", " </title>\n      <link>", "white space around"),
    ("<dc:creator>杂货周刊</dc:creator>", "", "has no {http://purl.org/dc/elements/1.1/}creator"),
    ("<category>飞行<", "<category><", "empty category"),
    ("<description>春天", "<description>&lt;b&gt;春天", "markup in its description"),
    ("<description>春天到了，风也到了。</description>", "", "has no description"),
    ("<pubDate>", "<author>Ann</author><pubDate>", "is an e-mail address"),
    ("content:encoded>", "description>", "has 2 description"),
    ("href=\"https://video.example.net/k\"", 'href="k"', "leads nowhere"),
    ("&lt;p&gt;春天", "&lt;p&gt;&lt;script&gt;", "content has <script>"),
    ("&lt;p&gt;春天", "&lt;p class=\"x\"&gt;春天", "content has class"),
    ("&lt;p&gt;春天", "&lt;p&gt;&lt;i&gt;春天", "where ['i'] is open"),
    ("<item>", '<item xmlns:x="https://x.example/">', "namespace below"),
    (" version=\"2.0\"", ' version="0.91"', "is not RSS 2.0"),
    ("Fri, 01 Mar 2024 04:00:00", "Thu, 29 Feb 2024 04:00:00", "not newest first"),
    ("  </channel>", "    <ttl>60</ttl>\n  </channel>", "behind its items"),
    ("dc:creator", "x:creator", "XML: "),
]  # fmt: skip
ATOM = [
    ("<id>https://news.example.org/</id>", "", "has no id"),
    ("<updated>2024-03-02T05:30:00+00:00<", "<updated>2024-03-02<", "is not as RFC 3339"),
    ("<updated>2024-03-02T05:30:00+00:00<", "<updated>2024-03-01T05:30:00+00:00<", "older than its newest"),
    ("<name>杂货周刊</name>", "", "has no {http://www.w3.org/2005/Atom}author"),
    ("<subtitle>", "<subtitel/><subtitle>", "knows no subtitel"),
    ('<content type="html">', '<content type="CDATA">', "no content that is escaped HTML"),
    ("<summary>", '<summary type="html">', "is not plain"),
    ('<link rel="related"', "<link", "two alternate links"),
    ('term="飞行"', 'term=""', "category without a term"),
    ("<published>2024-03-01", "<published>2025-03-01", "updated before it was published"),
    ("/k1</id>", "</id>", "has 2 entries with id"),
    ('<link href="https://news.example.org/issues/7/"/>', '<link href="issues/7/"/>', "no whole address"),
    ('rel="related" href="http', 'rel="more" href="http', "knows no link more"),
]  # fmt: skip
JSON = [
    ("version/1.1", "version/1", "is not JSON Feed 1.1"),
    ('"home_page_url"', '"homepage"', "knows no homepage"),
    ('"feed_url": "https://news.example.org/feed.json"', '"feed_url": "https://news.example.org/archive/1/feed.json"', "comes after itself"),
    ('"external_url": "https://', '"external_url": "', "no whole address"),
    ('"summary": "春天到了，风也到了。"', '"summary": ""', "summary is no text"),
    ('"tags": ["杂谈", "飞行"', '"tags": [1, "飞行"', "tag that is no text"),
    ('"authors": [{"name": "杂货周刊"}]', '"authors": [{"name": ""}]', "author without a name"),
    ('"title": "杂货周刊"', '"title": "杂货周刊", "title": "x"', "says title twice"),
    ('"type": "WebSub"', '"type": "hub"', "hub of no type"),
    ('2024-03-01T04:00:00+00:00', "2024-03-01T04:00:00", "is not as RFC 3339"),
    ('"language": "zh-CN"', '"language": null', "language and nothing in it"),
    ("/k1\"", '"', "has 2 entries with id"),
    ('"items": [', '"items": [,', "JSON: "),
]  # fmt: skip
ARCHIVE = [
    ('rel="current"', 'rel="via"', "does not lead to the current feed"),
]
OPML = [
    ('version="2.0"', 'version="1.0"', "is not OPML 2.0"),
    (' type="rss"', "", "is no feed with a text"),
    ('xmlUrl="https://news.example.org', 'xmlUrl="', "no whole address"),
    ("02 Mar 2024", "02 Mar", "is not as RFC 822"),
]
EVERYWHERE = {"<name>杂货周刊</name>", "dc:creator", "content:encoded>"}
"""What is changed wherever it stands, as the first alone would be another fault."""
CASES = [
    *(("rss.xml", *case) for case in RSS),
    *(("atom.xml", *case) for case in ATOM),
    *(("feed.json", *case) for case in JSON),
    *((f"archive/1/{name}", *case) for name in ("rss.xml", "atom.xml") for case in ARCHIVE),
    *(("feeds.opml", *case) for case in OPML),
]


@pytest.mark.parametrize(("name", "was", "becomes", "words"), CASES)
def test_what_breaks_a_rule_is_found(
    good: Good, name: str, was: str, becomes: str, words: str
) -> None:
    """A good file breaks none; with one change it breaks the one."""
    body = good(name)
    assert faults(name, body.encode()) == []
    assert was in body
    broken = body.replace(was, becomes, -1 if was in EVERYWHERE else 1)
    found = faults(name, broken.encode())
    assert any(words in fault for fault in found), found


@pytest.mark.parametrize("name", ["rss.xml", "atom.xml", "feed.json", "feeds.opml"])
def test_any_file_is_sound(good: Good, name: str) -> None:
    """A byte order mark, another encoding, a control character, a large or unended file is found."""
    body = good(name).encode()
    broken = {
        "byte order mark": b"\xef\xbb\xbf" + body,
        "not UTF-8": body.replace("杂".encode(), "杂".encode("gb18030")),
        "control character": body.replace("杂".encode(), b"\x08"),
        "burden": body + b" " * MOST_BYTES,
        "line's end": body.rstrip(),
    }
    for words, changed in broken.items():
        assert any(words in fault for fault in faults(name, changed))


@pytest.mark.parametrize(
    ("was", "becomes"),
    [("/k1<", "/k9<"), ("风、茶与绳子<", "风<"), ("04:00:00", "05:00:00"), ("飞行<", "跑<")],
)
def test_formats_that_differ_are_found(good: Good, was: str, becomes: str) -> None:
    """An id, a title, a date or a topic that stands in one format alone is named."""
    rss, atom, feed = (good(name) for name in ("rss.xml", "atom.xml", "feed.json"))
    assert disagreements(rss.encode(), atom.encode(), feed.encode()) == []
    assert was in rss
    assert disagreements(rss.replace(was, becomes).encode(), atom.encode(), feed.encode()) != []
