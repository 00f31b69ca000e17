"""The three feeds: valid, alike, and the same bytes every time."""

import calendar
import json
import locale
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import feedparser
import pytest
from lxml import etree

from publisher.model import Edition, Issue, Newsletter, Published
from publisher.render import feed

Render = Callable[[list[Published], Newsletter], Edition]
XML = [feed.rss, feed.atom]
ATOM = "{http://www.w3.org/2005/Atom}"
MOMENT = datetime(2024, 3, 1, 4, tzinfo=UTC)


@pytest.fixture
def three(published: Published) -> list[Published]:
    """Three issues, given oldest first."""
    return [
        Published(
            published.issue,
            replace(
                published.record,
                id=f"tag:news.example.org,2024-03-0{n}:{n}",
                slug=str(n),
                published=MOMENT + timedelta(days=n),
                updated=MOMENT + timedelta(days=n, hours=5 if n == 2 else 0),
            ),
        )
        for n in (1, 2, 3)
    ]


@pytest.mark.service
@pytest.mark.parametrize("render", XML)
def test_is_valid_xml(
    render: Render, three: list[Published], newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """A strict parser of another make reads it."""
    body = render(three, newsletter, templates).body
    done = subprocess.run(["xmllint", "--noout", "-"], input=body.encode(), capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")
    assert body.startswith("<?xml version='1.0' encoding='UTF-8'?>\n")
    assert body.endswith(">\n")


def test_the_three_agree(
    three: list[Published], newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """Ids, order, titles, links, moments and contents are the same in all three."""
    rss = feedparser.parse(feed.rss(three, newsletter, templates).body.encode())
    atom = feedparser.parse(feed.atom(three, newsletter, templates).body.encode())
    document = json.loads(feed.json_feed(three, newsletter, templates).body)
    assert [entry.id for entry in rss.entries] == [
        f"tag:news.example.org,2024-03-0{n}:{n}" for n in (3, 2, 1)
    ]
    for in_rss, in_atom, item in zip(rss.entries, atom.entries, document["items"], strict=True):
        assert in_rss.id == in_atom.id == item["id"]
        assert in_rss.title == in_atom.title == item["title"]
        assert in_rss.link == in_atom.link == item["url"]
        assert in_rss.content[0].value == in_atom.content[0].value
        published = datetime.fromisoformat(item["date_published"]).timestamp()
        assert calendar.timegm(in_rss.published_parsed) == published
        assert calendar.timegm(in_atom.published_parsed) == published
        assert in_rss.author == in_atom.author == item["authors"][0]["name"]
        assert (
            [tag.term for tag in in_rss.tags] == [tag.term for tag in in_atom.tags] == item["tags"]
        )
    assert rss.feed.title == atom.feed.title == document["title"]
    assert rss.feed.link == atom.feed.link == document["home_page_url"]


def test_updated_comes_from_the_records(
    three: list[Published], newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """A feed is as new as its newest entry, whatever the time of building."""
    atom = etree.fromstring(feed.atom(three, newsletter, templates).body.encode())
    assert atom.findtext(ATOM + "updated") == "2024-03-04T04:00:00+00:00"
    entries = [entry.findtext(ATOM + "updated") for entry in atom.iter(ATOM + "entry")]
    assert entries == [
        f"2024-03-0{day}T0{hour}:00:00+00:00" for day, hour in ((4, 4), (3, 9), (2, 4))
    ]
    rss = etree.fromstring(feed.rss(three, newsletter, templates).body.encode())
    assert rss.findtext("channel/lastBuildDate") == "Mon, 04 Mar 2024 04:00:00 +0000"


def test_rss_says_what_readers_ask(
    published: Published, newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """Channel link home, self link, guid no permalink, summary before content, a creator."""
    tree = etree.fromstring(feed.rss([published], newsletter, templates).body.encode())
    assert tree.findtext("channel/link") == "https://news.example.org/"
    own = tree.find(f"channel/{ATOM}link")
    assert own is not None
    assert (own.get("rel"), own.get("href")) == ("self", "https://news.example.org/rss.xml")
    item = tree.find("channel/item")
    assert item is not None
    assert [etree.QName(child).localname for child in item] == [
        "title", "link", "description", "encoded", "guid",
        "category", "category", "category", "pubDate", "creator",
    ]  # fmt: skip
    guid = item.find("guid")
    assert guid is not None
    assert (guid.text, guid.get("isPermaLink")) == (published.record.id, "false")
    assert item.findtext("description") == "春天到了，风也到了。"


def test_atom_says_what_readers_ask(
    published: Published, newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """Language, self and alternate once, an author on the feed and on every entry, html content."""
    tree = etree.fromstring(feed.atom([published], newsletter, templates).body.encode())
    assert tree.get("{http://www.w3.org/XML/1998/namespace}lang") == "zh-CN"
    links = [(link.get("rel"), link.get("href")) for link in tree.findall(ATOM + "link")]
    assert links == [
        ("self", "https://news.example.org/atom.xml"),
        ("alternate", "https://news.example.org/"),
    ]
    entry = tree.find(ATOM + "entry")
    assert entry is not None
    assert tree.findtext(f"{ATOM}author/{ATOM}name") == "杂货周刊"
    assert entry.findtext(f"{ATOM}author/{ATOM}name") == "杂货周刊"
    assert len(entry.findall(ATOM + "link")) == 1
    content = entry.find(ATOM + "content")
    assert content is not None
    assert content.get("type") == "html"


def test_an_issue_in_another_language_says_so(
    published: Published, newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """An entry's language is named where it is not the feed's."""
    english = Published(replace(published.issue, language="en"), published.record)
    atom = etree.fromstring(feed.atom([english], newsletter, templates).body.encode())
    entry = atom.find(ATOM + "entry")
    assert entry is not None
    assert entry.get("{http://www.w3.org/XML/1998/namespace}lang") == "en"
    rss = etree.fromstring(feed.rss([english], newsletter, templates).body.encode())
    assert rss.findtext("channel/item/{http://purl.org/dc/elements/1.1/}language") == "en"


def test_content_is_whole_and_absolute(
    published: Published, newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """Preface, sections and items, with anchors; every address whole, fragments to the page."""
    item = json.loads(feed.json_feed([published], newsletter, templates).body)["items"][0]
    content = item["content_html"]
    assert '<h2 id="i-kites"><a href="https://papers.example.net/kites?v=1&amp;lang=en">' in content
    assert '<p lang="en"><em>Why Kites Stay Up</em></p>' in content
    assert '<h3 id="i-ropes" lang="en">' in content
    assert 'href="https://news.example.org/issues/7/#fn1"' in content
    assert 'href="#' not in content
    assert "class=" not in content
    for words in ("春天到了", "本周只有一篇。", "<td>瓷</td>", "甲、Ann Lee"):
        assert words in content


def test_issue_authors_sign_their_issue(
    published: Published, newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """The authors of an issue stand on its entry in all three."""
    signed = [Published(replace(published.issue, authors=("甲", "乙")), published.record)]
    atom = etree.fromstring(feed.atom(signed, newsletter, templates).body.encode())
    names = [name.text for name in atom.iterfind(f"{ATOM}entry/{ATOM}author/{ATOM}name")]
    rss = etree.fromstring(feed.rss(signed, newsletter, templates).body.encode())
    creators = [name.text for name in rss.iter("{http://purl.org/dc/elements/1.1/}creator")]
    item = json.loads(feed.json_feed(signed, newsletter, templates).body)["items"][0]
    assert names == creators == [author["name"] for author in item["authors"]] == ["甲", "乙"]


def test_without_a_site(
    published: Published, homeless: Newsletter, templates: dict[str, str]
) -> None:
    """Ids are URNs, links that would lead nowhere are left out, and readers still read it."""
    entry = Published(
        published.issue,
        replace(published.record, id="urn:uuid:6f0c1c0a-7b1c-4d3c-9d5e-0c2f6a1b2c3d"),
    )
    for render in XML:
        body = render([entry], homeless, templates).body
        parsed = feedparser.parse(body.encode())
        assert not parsed.bozo
        assert parsed.entries[0].id == entry.record.id
        assert 'href="' not in body.replace('href="https://', "")
    document = json.loads(feed.json_feed([entry], homeless, templates).body)
    assert "feed_url" not in document
    assert "url" not in document["items"][0]
    atom = etree.fromstring(feed.atom([entry], homeless, templates).body.encode())
    assert (atom.findtext(ATOM + "id") or "").startswith("urn:uuid:")


def test_an_empty_issue_has_content(
    published: Published, newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """An issue of nothing but a title still is an entry that JSON Feed allows."""
    bare = Issue(title="A & B", number=7)
    entry = Published(bare, replace(published.record, items=()))
    (item,) = json.loads(feed.json_feed([entry], newsletter, templates).body)["items"]
    assert item["content_html"] == "<p>A &amp; B</p>"
    for make in (feed.rss, feed.atom):
        assert "&lt;p&gt;A &amp;amp; B&lt;/p&gt;" in make([entry], newsletter, templates).body


def test_an_empty_feed_is_a_feed(newsletter: Newsletter, templates: dict[str, str]) -> None:
    """Before the first issue the feeds exist, as old as time."""
    for render in XML:
        parsed = feedparser.parse(render([], newsletter, templates).body.encode())
        assert not parsed.bozo
        assert parsed.entries == []
    assert (
        "<updated>1970-01-01T00:00:00+00:00</updated>" in feed.atom([], newsletter, templates).body
    )
    assert json.loads(feed.json_feed([], newsletter, templates).body)["items"] == []


def test_locale_is_never_touched(
    published: Published,
    newsletter: Newsletter,
    monkeypatch: pytest.MonkeyPatch,
    templates: dict[str, str],
) -> None:
    """Rendering may run in a thread: the locale is the whole process's."""

    def refuse(*_: object) -> None:
        raise AssertionError("the locale was touched")

    monkeypatch.setattr(locale, "setlocale", refuse)
    feed.rss([published], newsletter, templates)
    feed.atom([published], newsletter, templates)
