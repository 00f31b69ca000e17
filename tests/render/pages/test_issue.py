"""An issue's page: its items, its topics, its neighbours, and what other sites show of it."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from lxml import html as lxml_html

from publisher.model import Issue, Item, ItemRecord, Newsletter, Published, Section, Variant
from publisher.render import feed, mail, pages
from publisher.render.shelf import Card, Shelved
from publisher.render.view import view
from publisher.render.words import Words

Draw = Callable[..., str]


@pytest.fixture
def body(published: Published, newsletter: Newsletter, templates: dict[str, str]) -> str:
    """The small issue's page."""
    return pages.render(published, newsletter, templates).body


@pytest.fixture
def drawn(newsletter: Newsletter, templates: dict[str, str], ours: Words) -> Draw:
    """Draw the page of an issue as publishing does."""

    def draw(one: Published, *, own: Newsletter = newsletter, **told: object) -> str:
        return pages.issue(view(one, own, ours), own, templates, **told)

    return draw


@pytest.fixture
def neighbours(shelf: list[Shelved]) -> tuple[Card, Card]:
    """The cards of two issues without a title, the second with a blank in its slug."""
    return shelf[1].card, replace(shelf[2].card, slug="a b")


def test_english_is_set_in_latin_fonts_first(body: str) -> None:
    """A font for Chinese comes behind the generic one: it would draw curly quotes full-width."""
    rule = re.search(r":lang\(en\){[^}]*font-family:([^}]*)}", body)
    assert rule is not None
    fonts = [name.strip('"') for name in rule.group(1).split(",")]
    chinese = {"PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC"}
    assert chinese.isdisjoint(fonts[: fonts.index("sans-serif")])


def test_head_says_what_the_page_is(body: str) -> None:
    """Language, title, description, canonical address."""
    tree = lxml_html.fromstring(body)
    assert tree.get("lang") == "zh-CN"
    assert tree.findtext(".//title") == "风、茶与绳子 · 杂货周刊"
    assert tree.xpath("string(//meta[@name='description']/@content)") == "春天到了，风也到了。"
    assert tree.xpath("//link[@rel='canonical']/@href") == ["https://news.example.org/issues/7/"]


def test_the_main_feeds_are_offered_first(body: str) -> None:
    """Then those with an entry per item; no two are called the same."""
    feeds = lxml_html.fromstring(body).xpath("//link[@rel='alternate']")
    assert [(feed.get("href"), feed.get("type"), feed.get("title")) for feed in feeds] == [
        ("../../rss.xml", "application/rss+xml", "杂货周刊 (RSS)"),
        ("../../atom.xml", "application/atom+xml", "杂货周刊 (Atom)"),
        ("../../feed.json", "application/feed+json", "杂货周刊 (JSON Feed)"),
        ("../../items/rss.xml", "application/rss+xml", "杂货周刊 · 逐篇 (RSS)"),
        ("../../items/atom.xml", "application/atom+xml", "杂货周刊 · 逐篇 (Atom)"),
        ("../../items/feed.json", "application/feed+json", "杂货周刊 · 逐篇 (JSON Feed)"),
    ]


def test_items_have_permalinks(body: str) -> None:
    """Each item stands under its anchor, links to it, and is in the contents."""
    tree = lxml_html.fromstring(body)
    items = tree.xpath("//article[@id]")
    assert [item.get("id") for item in items] == ["i-kites", "i-tea", "i-ropes"]
    for item in items:
        assert item.xpath(".//p[@class='label']/a/@href") == [f"#{item.get('id')}"]
    assert tree.xpath("//nav[@class='contents']//a/@href") == ["#i-kites", "#i-tea", "#i-ropes"]
    ids = tree.xpath("//@id")
    assert len(ids) == len(set(ids))


def test_bodies_are_markup_once(body: str) -> None:
    """The digest's HTML is HTML on the page, shown addresses marked."""
    tree = lxml_html.fromstring(body)
    assert "<a" not in "".join(tree.xpath("//div[@class='body']/p//text()"))
    assert tree.xpath("//a[@class='url']/@href") == ["https://data.example.net/kites"]


def test_headings_form_an_outline(body: str) -> None:
    """One h1; items are h3 under a titled section, h2 elsewhere."""
    tree = lxml_html.fromstring(body)
    headings = [(h.tag, h.text_content()) for h in tree.xpath("//h1 | //h2 | //h3")]
    assert headings == [
        ("h1", "风、茶与绳子"),
        ("h2", "本期目录"),
        ("h2", "风筝为什么掉不下来：一份给孩子的说明"),
        ("h2", "茶凉得比咖啡快"),
        ("h2", "长读"),
        ("h3", "Ropes Remember"),
    ]


def test_neighbours(published: Published, drawn: Draw, neighbours: tuple[Card, Card]) -> None:
    """The page leads to the one before and the one after, beside its own folder."""
    before, after = neighbours
    tree = lxml_html.fromstring(drawn(published, previous=before, following=after))
    assert tree.xpath("//nav[@class='turn']/a/@href") == ["../6/", "../a%20b/"]
    assert tree.xpath("//link[@rel='prev' or @rel='next']/@href") == ["../6/", "../a%20b/"]
    assert "2024年2月23日" in tree.xpath("string(//a[@rel='prev'])")


@pytest.mark.parametrize(("language", "arrows"), [("en", "←→"), ("ja", "←→"), ("ar", "→←")])
def test_arrows_point_as_the_language_is_read(
    published: Published,
    newsletter: Newsletter,
    drawn: Draw,
    neighbours: tuple[Card, Card],
    language: str,
    arrows: str,
) -> None:
    """Back is where a line begins: on the right in Arabic."""
    before, after = neighbours
    own = replace(newsletter, language=language)
    body = drawn(published, own=own, previous=before, following=after)
    back, on = lxml_html.fromstring(body).xpath("//nav[@class='turn']/a/span/text()")
    assert (back[0] + on[-1]) == arrows


def test_topics_lead_to_their_pages(
    newsletter: Newsletter, drawn: Draw, published: Published
) -> None:
    """An item's, the issue's own, and a section's that is one; what has no letters leads nowhere."""
    items = (Item("One", topics=("Kites & Co", "C#", "!?")), Item("Two", topics=("kites co",)))
    issue = Issue((Section(items, title="Kites & Co"), Section((), title="Else", html="<p>x</p>")))
    issue = replace(issue, topics=("Spring",), language="en", date=date(2024, 3, 1))
    records = tuple(ItemRecord(f"k{n}", f"i-{n}", None, "x") for n in range(2))
    body = drawn(
        Published(issue, replace(published.record, items=records)),
        own=replace(newsletter, language="en"),
    )
    tree = lxml_html.fromstring(body)
    kites, sharp, spring = (f"../../topics/{slug}/" for slug in ("kites-co", "c%23", "spring"))
    assert tree.xpath("//p[contains(@class, 'tags')]/a/@href") == [spring]
    assert tree.xpath("//h2[@class='section']/a/@href") == [kites]
    assert tree.xpath("//*[@class='topics']//a/@href") == [sharp]
    assert tree.xpath("string(//*[@class='topics'])") == "C# · !?"


def test_papers_are_offered_where_there_are_any(published: Published, drawn: Draw) -> None:
    """For programs that keep references, beside the page."""
    links = "//p[contains(@class, 'papers')]/a/@href"
    assert lxml_html.fromstring(drawn(published)).xpath(links) == []
    with_papers = lxml_html.fromstring(drawn(published, papers=True))
    assert with_papers.xpath(links) == ["issue.bib", "issue.ris"]


def test_a_picture_is_shown_elsewhere(
    published: Published, drawn: Draw, homeless: Newsletter
) -> None:
    """Its address is whole, or nobody could find it; so there is none without a site."""
    told = {"picture": "card.png"}
    tree = lxml_html.fromstring(drawn(published, **told))
    picture = "https://news.example.org/issues/7/card.png"
    assert tree.xpath("//meta[@property='og:image']/@content") == [picture]
    cards = "//meta[@name='twitter:card']/@content"
    assert tree.xpath(cards) == ["summary_large_image"]
    without = lxml_html.fromstring(drawn(published, own=homeless, **told))
    assert without.xpath("//meta[@property='og:image']") == []
    assert without.xpath(cards) == ["summary"]


def test_inside_links_are_relative(
    published: Published, newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """The site may be served from anywhere: only canonical and cards name its address."""
    second = replace(newsletter, path="second/")
    body = pages.render(published, second, templates).body
    assert (
        re.findall(r"https://news\.example\.org/[^\"<]*", body)
        == ["https://news.example.org/second/issues/7/"] * 2
    )


def test_without_a_site(
    published: Published, homeless: Newsletter, templates: dict[str, str]
) -> None:
    """While there is no address there is no canonical link, and nothing else is missing."""
    body = pages.render(published, homeless, templates).body
    assert "canonical" not in body
    assert "og:url" not in body
    assert 'href="../../rss.xml"' in body


def test_moment_of_building_does_not_matter(
    published: Published, newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """The same issue gives the same page."""
    again = Published(
        published.issue, replace(published.record, mailed=datetime(2024, 4, 1, tzinfo=UTC))
    )
    first = pages.render(published, newsletter, templates)
    assert pages.render(again, newsletter, dict(templates)) == first


def test_tombstone_leads_home(newsletter: Newsletter, templates: dict[str, str]) -> None:
    """A withdrawn issue says so, is not indexed, and leads to the others."""
    tree = lxml_html.fromstring(pages.tombstone(newsletter, templates))
    assert tree.findtext(".//h1") == "本期已撤回"
    assert tree.xpath("//meta[@name='robots']/@content") == ["noindex"]
    assert tree.xpath("//a[@class='button']/@href") == ["../../"]


def test_our_words_and_theirs(
    published: Published, newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """A Chinese issue of an English newsletter is marked, and what is ours in it is English."""
    untitled = Published(replace(published.issue, title=None), published.record)
    body = pages.render(untitled, replace(newsletter, language="en"), templates).body
    assert '<html lang="en">' in body
    assert '<article lang="zh">' in body
    assert '<h1 lang="en">1 March 2024</h1>' in body
    assert ">In this issue</h2>" in body


def test_arabic_is_written_from_the_right(
    published: Published, newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """An issue in Arabic turns round, alone or inside a newsletter that is not."""
    arabic = Published(replace(published.issue, language="ar"), published.record)
    body = pages.render(arabic, newsletter, templates).body
    assert '<article lang="ar" dir="rtl">' in body
    assert re.search('<h3 class="title" lang="en" dir="ltr">', body)
    whole = pages.render(arabic, replace(newsletter, language="ar"), templates).body
    assert '<html lang="ar" dir="rtl">' in whole
    assert "<article>" in whole
    mailed = mail.render(arabic, newsletter, Variant("en"), templates).body
    assert re.search('<html [^>]*dir="rtl"', mailed)
    assert re.search('<div class="body" dir="rtl"', mailed)
    assert "text-align:right" in mailed.replace(": ", ":")
    (item,) = json.loads(feed.json_feed([arabic], newsletter, templates).body)["items"]
    assert item["content_html"].startswith('<div dir="rtl">')
