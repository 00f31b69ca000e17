"""The pages: whole without scripts, readable on anything, relative inside the site."""

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from lxml import html as lxml_html
from playwright.sync_api import Browser, sync_playwright

from publisher.model import Look, Newsletter, Published, Variant
from publisher.render import feed, mail, page

CHROMIUM = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update",
            "--disable-sync"]  # fmt: skip


@pytest.fixture
def body(published: Published, newsletter: Newsletter, templates: dict[str, str]) -> str:
    """The small issue's page."""
    return page.render(published, newsletter, templates).body


def at(published: Published, slug: str, day: date) -> Published:
    """The same issue under another slug and date, without a title."""
    issue = replace(published.issue, title=None, date=day, number=None)
    return Published(issue, replace(published.record, slug=slug, date=day, number=None))


def test_is_one_file(body: str) -> None:
    """No scripts, no style sheets, no fonts; the style is small."""
    tree = lxml_html.fromstring(body)
    assert tree.xpath("//script | //link[@rel='stylesheet']") == []
    assert "url(" not in body
    style = re.search(r"<style>(.*?)</style>", body, flags=re.DOTALL)
    assert style is not None
    assert len(style.group(1).encode()) <= 8 * 1024


def test_asks_for_no_icon(
    body: str, published: Published, newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """Every page names an empty icon, or browsers would ask for /favicon.ico and be told 404."""
    archive = page.archive([published], newsletter, templates).body
    tombstone = page.tombstone(newsletter, templates).body
    for shown in (body, archive, tombstone):
        tree = lxml_html.fromstring(shown)
        assert tree.xpath("//link[@rel='icon']/@href") == ["data:,"]


def test_english_is_set_in_latin_fonts_first(body: str) -> None:
    """A font for Chinese comes behind the generic one: it would draw curly quotes full-width."""
    rule = re.search(r":lang\(en\){[^}]*font-family:([^}]*)}", body)
    assert rule is not None
    fonts = [name.strip('"') for name in rule.group(1).split(",")]
    chinese = {"PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC"}
    assert chinese.isdisjoint(fonts[: fonts.index("sans-serif")])


def test_the_archive_parts_date_and_number(
    published: Published, newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """On a telephone both stand on one line, with a dot between them."""
    tree = lxml_html.fromstring(page.archive([published], newsletter, templates).body)
    assert tree.xpath("string(//ol[@class='issues']//p[@class='small'])") == "3月1日 · 第 7 期"


def test_head_says_what_the_page_is(body: str) -> None:
    """Language, title, description, canonical address and the three feeds."""
    tree = lxml_html.fromstring(body)
    assert tree.get("lang") == "zh-CN"
    assert tree.findtext(".//title") == "风、茶与绳子 · 杂货周刊"
    assert tree.xpath("string(//meta[@name='description']/@content)") == "春天到了，风也到了。"
    assert tree.xpath("//link[@rel='canonical']/@href") == ["https://news.example.org/issues/7/"]
    feeds = tree.xpath("//link[@rel='alternate']")
    assert [(feed.get("href"), feed.get("type")) for feed in feeds] == [
        ("../../rss.xml", "application/rss+xml"),
        ("../../atom.xml", "application/atom+xml"),
        ("../../feed.json", "application/feed+json"),
    ]
    assert len({feed.get("title") for feed in feeds}) == 3


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


def test_neighbours(
    published: Published, newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """The page leads to the one before and the one after, beside its own folder."""
    before, after = at(published, "6", date(2024, 2, 23)), at(published, "a b", date(2024, 3, 8))
    body = page.render(published, newsletter, templates, previous=before, following=after).body
    tree = lxml_html.fromstring(body)
    assert tree.xpath("//nav[@class='turn']/a/@href") == ["../6/", "../a%20b/"]
    assert tree.xpath("//link[@rel='prev' or @rel='next']/@href") == ["../6/", "../a%20b/"]
    assert "2024年2月23日" in tree.xpath("string(//a[@rel='prev'])")


def test_a_sentence_is_marked_as_what_it_is(
    newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """What we say in English on a page of a language we do not speak says so, and runs its way."""
    own = replace(newsletter, language="he")
    tree = lxml_html.fromstring(page.archive([], own, templates).body)
    sentences = tree.xpath("//p[@lang='en' and @dir='ltr']/text()")
    assert [sentence.split()[0] for sentence in sentences] == ["Nothing", "Put"]
    assert (tree.get("lang"), tree.get("dir")) == ("he", "rtl")


@pytest.mark.parametrize(("language", "arrows"), [("en", "←→"), ("ja", "←→"), ("ar", "→←")])
def test_arrows_point_as_the_language_is_read(
    published: Published,
    newsletter: Newsletter,
    templates: dict[str, str],
    language: str,
    arrows: str,
) -> None:
    """Back is where a line begins: on the right in Arabic."""
    before, after = at(published, "6", date(2024, 2, 23)), at(published, "8", date(2024, 3, 8))
    own = replace(newsletter, language=language)
    body = page.render(published, own, templates, previous=before, following=after).body
    back, on = lxml_html.fromstring(body).xpath("//nav[@class='turn']/a/span/text()")
    assert (back[0] + on[-1]) == arrows


def test_inside_links_are_relative(
    published: Published, newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """The site may be served from anywhere: only canonical and cards name its address."""
    second = replace(newsletter, path="second/")
    body = page.render(published, second, templates).body
    assert (
        re.findall(r"https://news\.example\.org/[^\"<]*", body)
        == ["https://news.example.org/second/issues/7/"] * 2
    )


def test_without_a_site(
    published: Published, homeless: Newsletter, templates: dict[str, str]
) -> None:
    """While there is no address there is no canonical link, and nothing else is missing."""
    body = page.render(published, homeless, templates).body
    assert "canonical" not in body
    assert "og:url" not in body
    assert 'href="../../rss.xml"' in body


def test_archive_is_by_year(
    published: Published, newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """Years newest first; an untitled issue leads by its first item."""
    entries = [published, at(published, "old", date(2023, 12, 29))]
    tree = lxml_html.fromstring(page.archive(entries, newsletter, templates).body)
    assert tree.xpath("//section[@class='year']/h2/text()") == ["2024", "2023"]
    assert tree.xpath("//ol[@class='issues']//a/@href") == ["issues/7/", "issues/old/"]
    assert tree.xpath("//ol[@class='issues']//a/text()") == [
        "风、茶与绳子",
        "风筝为什么掉不下来：一份给孩子的说明",
    ]
    assert tree.xpath("//section[@class='feeds']//dd/a/@href") == [
        "rss.xml", "atom.xml", "feed.json",
    ]  # fmt: skip


def test_tombstone_leads_home(newsletter: Newsletter, templates: dict[str, str]) -> None:
    """A withdrawn issue says so, is not indexed, and leads to the others."""
    tree = lxml_html.fromstring(page.tombstone(newsletter, templates).body)
    assert tree.findtext(".//h1") == "本期已撤回"
    assert tree.xpath("//meta[@name='robots']/@content") == ["noindex"]
    assert tree.xpath("//a[@class='button']/@href") == ["../../"]


def test_text_is_escaped(
    published: Published, newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """What digests and settings say is text, never markup."""
    evil = "</title><script>x</script>"
    issue = replace(published.issue, title=evil)
    ours = replace(newsletter, title=evil, description=evil, look=Look(accent=evil, footer=evil))
    for body in (
        page.render(Published(issue, published.record), ours, templates).body,
        page.archive([Published(issue, published.record)], ours, templates).body,
    ):
        assert "<script" not in body


def luminance(colour: str) -> float:
    """The relative luminance of WCAG 2."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_colours_can_be_read(body: str) -> None:
    """Every colour of text has 4.5:1 against the paper, by day and by night."""
    palettes = re.findall(r":root\{(?:color-scheme:light dark;)?(--paper[^}]*)\}", body)
    assert len(palettes) == 3  # light, dark, print
    for palette in palettes[:2]:
        colours = dict(re.findall(r"--(\w+):(#\w{6})", palette))
        paper = luminance(colours["paper"])
        for name in ("ink", "muted", "accent"):
            lighter, darker = sorted((luminance(colours[name]), paper), reverse=True)
            assert (lighter + 0.05) / (darker + 0.05) >= 4.5, (name, palette)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser of the host."""
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM)
        yield browser
        browser.close()


@pytest.mark.service
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_sticks_out(
    chromium: Browser,
    scheme: str,
    sample: Published,
    published: Published,
    newsletter: Newsletter,
    templates: dict[str, str],
    tmp_path: Path,
) -> None:
    """At 320, 375 and 1280 pixels nothing is wider than the window, and paper follows the scheme."""
    papers = {"light": "rgb(252, 251, 249)", "dark": "rgb(23, 25, 28)"}
    grounds = {"light": "rgb(240, 239, 238)", "dark": papers["dark"]}  # below a mail's cards
    bodies = {
        "page": page.render(published, newsletter, templates).body,
        "sample": page.render(sample, newsletter, templates, previous=published).body,
        "archive": page.archive([sample, published], newsletter, templates).body,
        "mail": mail.render(sample, newsletter, Variant("zh-CN"), templates).body,
        "small mail": mail.render(published, newsletter, Variant("en"), templates).body,
    }
    context = chromium.new_context(color_scheme=scheme)
    context.route(
        "**", lambda route: route.abort() if "example" in route.request.url else route.continue_()
    )
    tab = context.new_page()
    for name, body in bodies.items():
        file = tmp_path / f"{name}.html"
        file.write_text(body, "utf-8")
        for width in (320, 375, 1280):
            tab.set_viewport_size({"width": width, "height": 800})
            tab.goto(file.as_uri())
            assert tab.evaluate("document.documentElement.scrollWidth") <= width, (name, width)
        ground = (grounds if "mail" in name else papers)[scheme]
        assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == ground
    context.close()


@pytest.mark.parametrize("width", [320, 375])
def test_a_wide_table_is_read_whole(
    width: int,
    published: Published,
    newsletter: Newsletter,
    homeless: Newsletter,
    templates: dict[str, str],
    chromium: Browser,
) -> None:
    """The page scrolls it in a box of its own, words whole; a mail without a page tells its rows."""
    heads = "".join(f"<th>Teddington{n}</th>" for n in range(14))
    cells = "".join("<td>1234.5</td>" for _ in range(14))
    table = f"<table><thead><tr>{heads}</tr></thead><tbody><tr>{cells}</tr></tbody></table>"
    one = Published(replace(published.issue, html=table), published.record)
    bodies = {
        "page": page.render(one, newsletter, templates).body,
        "mail": mail.render(one, homeless, Variant("en"), templates).body,
    }
    tab = chromium.new_page(viewport={"width": width, "height": 800})
    for name, body in bodies.items():
        tab.set_content(body)
        assert tab.evaluate("document.documentElement.scrollWidth") <= width, name
        if name == "page":
            box = tab.locator(".wide").first
            assert box.evaluate("e => e.scrollWidth > e.clientWidth && e.tabIndex === 0")
            lines = """e => {const r = document.createRange(); r.selectNodeContents(e);
                      return r.getClientRects().length}"""
            assert box.locator("th").first.evaluate(lines) == 1
        else:
            assert "Teddington13: 1234.5" in tab.inner_text("body")
    tab.close()


def test_moment_of_building_does_not_matter(
    published: Published, newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """The same issue gives the same page."""
    again = Published(
        published.issue, replace(published.record, mailed=datetime(2024, 4, 1, tzinfo=UTC))
    )
    first = page.render(published, newsletter, templates)
    assert page.render(again, newsletter, dict(templates)) == first


def test_our_words_and_theirs(
    published: Published, newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """A Chinese issue of an English newsletter is marked, and what is ours in it is English."""
    untitled = Published(replace(published.issue, title=None), published.record)
    body = page.render(untitled, replace(newsletter, language="en"), templates).body
    assert '<html lang="en">' in body
    assert '<article lang="zh">' in body
    assert '<h1 lang="en">1 March 2024</h1>' in body
    assert ">In this issue</h2>" in body


def test_arabic_is_written_from_the_right(
    published: Published, newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """An issue in Arabic turns round, alone or inside a newsletter that is not."""
    arabic = Published(replace(published.issue, language="ar"), published.record)
    body = page.render(arabic, newsletter, templates).body
    assert '<article lang="ar" dir="rtl">' in body
    assert re.search('<h3 class="title" lang="en" dir="ltr">', body)
    whole = page.render(arabic, replace(newsletter, language="ar"), templates).body
    assert '<html lang="ar" dir="rtl">' in whole
    assert "<article>" in whole
    mailed = mail.render(arabic, newsletter, Variant("en"), templates).body
    assert re.search('<html [^>]*dir="rtl"', mailed)
    assert re.search('<div class="body" dir="rtl"', mailed)
    assert "text-align:right" in mailed.replace(": ", ":")
    (item,) = json.loads(feed.json_feed([arabic], newsletter, templates).body)["items"]
    assert item["content_html"].startswith('<div dir="rtl">')
