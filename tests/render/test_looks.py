"""The three looks: what each shows, in which colours and letters, and what it costs in bytes."""

import re
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from lxml import html as lxml_html

from publisher import digest, identity
from publisher.model import (
    Item,
    ItemRecord,
    Look,
    Newsletter,
    Published,
    Section,
    Slot,
    Variant,
)
from publisher.render import mail, message, pages, text
from publisher.render.view import view
from publisher.render.words import words

ROOT = Path(__file__).parent.parent.parent
LOOKS = ("digest", "compact", "letter")
FIXED = 18 * 1024
PER_ITEM = 1.2 * 1024


def drawn(
    published: Published,
    newsletter: Newsletter,
    templates: dict[str, str],
    look: str,
    language: str = "zh-CN",
) -> str:
    """Draw the mail in a look."""
    return mail.render(published, newsletter, Variant(language, look), templates).body


def in_language(published: Published, language: str) -> Published:
    """The small issue, said to be in another language."""
    return Published(replace(published.issue, language=language), published.record)


def overhead(body: str, published: Published) -> int:
    """Count the bytes of a mail beyond the digest's visible text and its addresses."""
    tree = lxml_html.fromstring(body)
    for element in tree.xpath("//style|//title|//comment()|//div[contains(@style,'display:none')]"):
        element.drop_tree()
    visible = sum(len(text.encode()) for text in tree.xpath("//body//text()"))
    told = {item.url for item in published.issue.items if item.url}
    told |= {link.url for item in published.issue.items for link in item.links}
    told |= {
        href for html in published.issue.all_html for href in re.findall(r'href="([^"]+)"', html)
    }
    addresses = sum(len(href.encode()) for href in tree.xpath("//@href") if href in told)
    return len(body.encode()) - visible - addresses


def of_file(file: Path, newsletter: Newsletter) -> Published:
    """Read a digest as it would be published now."""
    issue = digest.read(file.read_bytes(), name=file.name, newsletter=newsletter).issues[0]
    moment = datetime(2024, 4, 12, 4, tzinfo=UTC)
    return Published(issue, identity.provisional(issue, newsletter, moment))


@pytest.mark.parametrize("name", ["sample", "seed"])
def test_what_the_look_digest_costs(
    name: str, newsletter: Newsletter, templates: dict[str, str], request: pytest.FixtureRequest
) -> None:
    """All but the digest's text and addresses is at most 18 KB and 1.2 KB an item."""
    if name == "sample":
        file = ROOT / "digests" / "2024-04-12.md"
    else:
        file = next((request.getfixturevalue("corpora") / "seed").glob("*.txt"))
    published = of_file(file, newsletter)
    body = drawn(published, newsletter, templates, "digest")
    count = len(published.issue.items)
    assert count == 17
    assert overhead(body, published) <= FIXED + PER_ITEM * count


def test_the_fixed_part_is_counted(newsletter: Newsletter, templates: dict[str, str]) -> None:
    """What the measure calls overhead is nearly all of a mail that says nearly nothing."""
    published = of_file(ROOT / "tests" / "mail" / "digests" / "arabic.md", newsletter)
    issue = replace(published.issue, sections=(), html="", text="")
    empty = Published(issue, replace(published.record, items=()))
    body = drawn(empty, newsletter, templates, "digest")
    assert len(body.encode()) - 400 < overhead(body, empty) < FIXED


@pytest.mark.parametrize("look", LOOKS)
def test_every_item_leads_to_source_and_page(
    look: str, published: Published, newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """Each item has a link to its source, and one to itself on the page."""
    hrefs = lxml_html.fromstring(drawn(published, newsletter, templates, look)).xpath("//a/@href")
    for item in view(published, newsletter, words(templates), "zh-CN").items:
        assert f"https://news.example.org/issues/7/#{item.anchor}" in hrefs
        assert item.url is None or item.url in hrefs


@pytest.mark.parametrize("look", LOOKS)
def test_the_way_out_stands_twice(
    look: str, published: Published, newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """Before the first item and after the last: what clips a mail hides its end."""
    body = drawn(published, newsletter, templates, look)
    first, last = (
        body.index(f'href="{Slot.UNSUBSCRIBE}"'),
        body.rindex(f'href="{Slot.UNSUBSCRIBE}"'),
    )
    items = [found.start() for found in re.finditer("风筝为什么掉不下来|Ropes Remember", body)]
    hidden = body.index("display:none")
    assert first < min(at for at in items if at > hidden + 400) < max(items) < last
    assert "示例路 1 号" in body
    assert 'href="https://news.example.org/"' in body


def test_compact_has_a_sentence_each(
    published: Published, newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """In `compact` an item has its first sentence, not its text, and no code or table."""
    body = drawn(published, newsletter, templates, "compact")
    assert "作者在海边站了三年，只为量一根线。" in body
    assert "结论" not in body
    assert "a &lt; b" not in body
    assert "瓷" not in body


def test_compact_keeps_the_links_of_short_prose(
    published: Published, newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """Links of prose that is shown whole are in both halves; of longer prose the page is."""
    advert = '<p>Tea that waits. <a href="https://ad.example.net/">Try it</a></p>'
    long = f'<p>{"Words and words. " * 40}<a href="https://far.example.net/">on</a></p>'
    picture = '<p><a href="https://cup.example.net/"><img src="pics/cup.jpg" alt="A cup"></a></p>'
    code = f"{advert}<pre><code>x</code></pre>"
    paid = Section((), "Sponsor", html=advert, text="Tea that waits. Try it", sponsor=True)
    prose = Section((), "More", html=long, text="Words and words. " * 40 + "on")
    shown = Section((), "Shown", html=picture, text="", closing_html=code, closing_text="x")
    issue = replace(published.issue, sections=(paid, prose, shown), html=advert, text=paid.text)
    one = Published(issue, replace(published.record, items=()))
    marked = drawn(one, newsletter, templates, "compact")
    bare = text.render(one, newsletter, Variant("en", "compact"), templates).body
    assert marked.count('href="https://ad.example.net/"') == 2
    assert bare.count("Try it\nhttps://ad.example.net/") == 2
    for half in (marked, bare):
        assert "A cup" in half
        assert "https://cup.example.net/" in half
        assert "far.example.net" not in half
    assert "<img" not in marked
    assert "<pre" not in marked
    pictured = Published(replace(issue, html=picture, text="", sections=()), one.record)
    assert "https://cup.example.net/" in drawn(pictured, newsletter, templates, "compact")


def test_compact_says_what_was_left_out(
    published: Published, newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """Items that are on the page only are counted, with the way there; none, and nothing is said."""
    marked = {
        **templates,
        "mail/compact.mjml": templates["mail/compact.mjml"]
        .replace("left_out|default(0)", "5")
        .replace("left_out", "5"),
    }
    tree = lxml_html.fromstring(drawn(published, newsletter, marked, "compact"))
    assert tree.xpath("//p[@class='more']/a/@href") == ["https://news.example.org/issues/7/"]
    assert tree.xpath("string(//p[@class='more'])") == "网页上还有 5 篇"
    assert 'class="more"' not in drawn(published, newsletter, templates, "compact")


def test_compact_is_the_leanest(
    sample: Published, newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """What another look becomes when it is too long is less than half of it."""
    sizes = {look: len(drawn(sample, newsletter, templates, look).encode()) for look in LOOKS}
    assert sizes["compact"] * 2 < sizes["digest"]
    assert sizes["compact"] < sizes["letter"] < sizes["digest"]


def test_letter_greets(
    published: Published, newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """A letter greets a reader whose name is known, in the reader's language; others it does not."""
    for language, greeting in (("zh-CN", "甲 & {name}，您好："), ("en", "Hello 甲 & {name},")):
        edition = mail.render(published, newsletter, Variant(language, "letter"), templates)
        filled = message.sample(edition, newsletter, name="甲 & {name}").body
        tree = lxml_html.fromstring(filled)
        assert tree.xpath("string(//div[@class='greeting'])") == greeting
    nameless = lxml_html.fromstring(message.sample(edition, newsletter).body)
    assert nameless.xpath("string(//div[@class='greeting'])") == ""


def test_letter_has_neither_list_nor_numbers(
    published: Published, newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """A letter is prose: no list of contents, no numbered items, no cards."""
    body = drawn(published, newsletter, templates, "letter")
    assert "本期目录" not in body
    assert ">01" not in body
    assert 'class="card' not in body
    assert "Songti SC" in body


@pytest.mark.parametrize(
    ("language", "font", "absent"),
    [
        ("zh-CN", "PingFang SC", "PingFang TC"),
        ("zh-Hant", "PingFang TC", "PingFang SC"),
        ("zh-TW", "Microsoft JhengHei", "Microsoft YaHei"),
        ("ja", "Hiragino Sans", "PingFang"),
        ("ko", "Apple SD Gothic Neo", "PingFang"),
        ("ru", "-apple-system", "PingFang"),
    ],
)
def test_each_language_has_its_fonts(
    language: str,
    font: str,
    absent: str,
    published: Published,
    newsletter: Newsletter,
    templates: dict[str, str],
) -> None:
    """Chinese of both scripts, Japanese and Korean are each set in fonts with their own forms."""
    body = drawn(in_language(published, language), newsletter, templates, "digest")
    assert f'lang="{language}"' in body
    styles = " ".join(re.findall(r'style="font-family:([^";]*)', body))
    assert font in styles
    assert absent not in styles


@pytest.mark.parametrize("look", LOOKS)
def test_colours_and_font_are_the_newsletters(
    look: str, published: Published, newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """With other colours and another font nothing of ours is left, by day or by night."""
    own = Look(accent="#8a1c1c", accent_dark="#ff9f9f", paper="#fff4e0", paper_dark="#201410",
               ink="#30201a", ink_dark="#f0e0d0", font="Optima, Candara, sans-serif")  # fmt: skip
    body = drawn(published, replace(newsletter, look=own), templates, look)
    for colour in (own.accent, own.accent_dark, own.paper, own.paper_dark, own.ink, own.ink_dark):
        assert colour in body
    for colour in ("#0b57d0", "#8ab4f8", "#fcfbf9", "#17191c", "#23262b", "#dcdfe4"):
        assert colour not in body
    assert "font-family:Optima, Candara, sans-serif" in body
    assert "PingFang" not in body


def test_names_of_fonts_end_in_a_family(
    published: Published, newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """Behind names without a generic family stand the fonts of the language, and end with one."""
    own = Look(font="LXGW WenKai, 霞鹜文楷")
    body = drawn(published, replace(newsletter, look=own, language="zh-Hans"), templates, "digest")
    styles = re.findall(r"font-family:(LXGW[^;\"]*)", body)
    assert styles
    assert {one.strip() for one in styles} == {
        "LXGW WenKai, 霞鹜文楷, PingFang SC, Microsoft YaHei, Noto Sans CJK SC, sans-serif"
    }


@pytest.mark.parametrize("look", LOOKS)
def test_every_colour_is_turned_at_night(
    look: str, published: Published, newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """Each class with a colour by day has one for the dark, and for programs that rewrite us."""
    body = drawn(published, newsletter, templates, look)
    styles = "".join(re.findall(r"<style[^>]*>(.*?)</style>", body, re.DOTALL))
    light, _, dark = styles.partition("@media (prefers-color-scheme:dark)")
    coloured = re.findall(r"\.(\w+)\{[^}]*(?<![-\w])color:#", light)
    assert {"ink", "muted", "accent"} <= set(coloured)
    for name in coloured:
        assert len(re.findall(rf"\.{name}[,{{][^}}]*", dark)) >= 2, name


@pytest.mark.parametrize("look", LOOKS)
def test_right_to_left_is_mirrored(
    look: str, newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """An Arabic issue is laid out from the right; Latin titles in it run their own way."""
    published = of_file(ROOT / "tests" / "mail" / "digests" / "arabic.md", newsletter)
    arabic = replace(newsletter, language="ar")
    body = drawn(published, arabic, templates, look, "ar")
    assert '<html lang="ar" dir="rtl"' in body
    assert "text-align:left;color" not in body
    assert "direction:ltr;display" not in body
    assert "letter-spacing: 1px" not in body
    if look != "compact":
        second = lxml_html.fromstring(body).xpath("//p[@dir='auto']/text()")
        assert "On the Patience of Tides" in second
        assert "border-right: 3px" in body
        assert "border-left: 3px" not in body


@pytest.mark.parametrize("look", LOOKS)
def test_directions_do_not_mix_in_a_line(
    look: str, newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """A name, and a line of the newsletter's own, keep their order among lines the other way."""
    published = of_file(ROOT / "tests" / "mail" / "digests" / "arabic.md", newsletter)
    named = replace(newsletter, title="C++", look=Look(footer="Mind the gap."))
    for language, sentence in (
        ("ar", "تصلكم هذه الرسالة لأنكم اشتركتم في نشرة «<bdi>C++</bdi>»."),
        ("fa", "You receive this because you subscribed to <bdi>C++</bdi>."),
    ):
        issue = replace(published.issue, language=language)
        body = drawn(Published(issue, published.record), named, templates, look, language)
        assert f">{sentence}</p>" in body
        assert lxml_html.fromstring(body).xpath("//p[.='Mind the gap.']/@dir") == ["auto"]
    english = replace(published.issue, language="en")
    assert "<bdi>" not in drawn(Published(english, published.record), named, templates, look, "en")
    assert "<bdi>C++" in drawn(Published(english, published.record), named, templates, look, "ar")


def test_a_dateline_is_marked_as_what_it_is(
    newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """In a language we do not speak it is English, and says so, in mail and page."""
    published = of_file(ROOT / "tests" / "mail" / "digests" / "arabic.md", newsletter)
    persian = Published(replace(published.issue, language="fa", title="x"), published.record)
    own = replace(newsletter, language="fa")
    for body in (
        drawn(persian, own, templates, "digest", "fa"),
        pages.render(persian, own, templates).body,
    ):
        (line,) = lxml_html.fromstring(body).xpath("//p[contains(.,'1 May 2026')]")
        assert line.text_content() == "No. 7 · 1 May 2026 · 3 items"
        assert (line.get("lang"), line.get("dir")) == ("en", "ltr")


def test_outlook_keeps_our_line_heights(
    published: Published, newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """Classic Outlook is told to take line heights exactly, and which of its own fonts to use."""
    body = drawn(published, newsletter, templates, "digest")
    told = re.search(r"<!--\[if mso\]><style>(.*?)</style><!\[endif\]-->", body)
    assert told
    assert "mso-line-height-rule:exactly" in told[1]
    assert "font-family:Microsoft YaHei" in told[1]


@pytest.mark.parametrize("look", LOOKS)
def test_mjml_has_none_of_the_traps(
    look: str, published: Published, newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """Neither mj-preview nor mj-include nor mj-class, and one mj-section for the whole list."""
    source = mail.source(published, newsletter, Variant("zh-CN", look), templates)
    tags = Counter(re.findall(r"<(mj-[a-z]+)", source))
    assert not tags.keys() & {"mj-preview", "mj-include", "mj-class", "mj-image"}
    assert tags["mj-section"] == 4  # one of them the defaults
    assert "#fff" not in source.lower()
    assert not re.search(r"#0{3,6}\b", source)


def test_an_item_without_anything(
    published: Published, homeless: Newsletter, templates: dict[str, str]
) -> None:
    """An item that is only a title, in a newsletter without addresses, is drawn in every look."""
    issue = replace(
        published.issue, sections=(replace(published.issue.sections[0], items=(Item("独"),)),)
    )
    bare = Published(issue, replace(published.record, items=(ItemRecord("k", "i-1"),)))
    for look in LOOKS:
        tree = lxml_html.fromstring(drawn(bare, homeless, templates, look))
        assert "独" in tree.xpath("string(//h2[@class='title'])")
        assert not tree.xpath("//p[@class='links']")
