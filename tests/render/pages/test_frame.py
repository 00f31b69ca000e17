"""What stands around every page, whichever it is."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from lxml import html as lxml_html

from publisher.model import Look, Newsletter, Published
from publisher.render import pages
from publisher.render.shelf import Shelved, Topic
from publisher.render.view import view
from publisher.render.words import Words

FLIGHT = Topic("飞行", "飞行")
DEPTHS = {"front": 0, "issue": 2, "year": 2, "topics": 1, "topic": 2, "topic_year": 3, "items": 1,
          "feeds": 1, "items_feeds": 2, "topic_feeds": 3, "tombstone": 2}  # fmt: skip
"""Every kind of page, and how many folders deep it stands."""
Site = Callable[..., dict[str, str]]


@pytest.fixture
def site(
    published: Published, shelf: list[Shelved], templates: dict[str, str], ours: Words
) -> Site:
    """Draw a page of every kind."""

    def draw(own: Newsletter, words: Words = ours) -> dict[str, str]:
        cards = [one.card for one in shelf]
        groups = [(one.card, one.items) for one in shelf]
        counted = [(FLIGHT, 8)]
        around = {"previous": cards[1], "following": cards[2]}
        return {
            "front": pages.front(
                cards, own, templates, years=[(2024, 3), (2023, 1)], topics=counted
            ),
            "issue": pages.issue(view(published, own, words), own, templates, **around),
            "year": pages.year(2024, cards[:3], own, templates, before=2023),
            "topics": pages.topics(counted, own, templates),
            "topic": pages.topic(FLIGHT, groups, own, templates, count=8, years=[(2023, 2)]),
            "topic_year": pages.topic_year(FLIGHT, 2024, groups, own, templates, count=6),
            "items": pages.items(groups, own, templates),
            "feeds": pages.subscribing(own, templates, has_topics=True),
            "items_feeds": pages.subscribing(own, templates, items=True),
            "topic_feeds": pages.subscribing(own, templates, topic=FLIGHT),
            "tombstone": pages.tombstone(own, templates),
        }

    return draw


def test_each_page_is_one_file(site: Site, newsletter: Newsletter) -> None:
    """No scripts, no style sheets, no fonts, no icon asked for; the style is small."""
    for name, body in site(newsletter).items():
        tree = lxml_html.fromstring(body)
        assert tree.xpath("//script | //link[@rel='stylesheet']") == [], name
        assert tree.xpath("//link[@rel='icon']/@href") == ["data:,"], name
        assert "url(" not in body
        style = re.search(r"<style>(.*?)</style>", body, flags=re.DOTALL)
        assert style is not None
        assert len(style.group(1).encode()) <= 8 * 1024


def test_each_page_leads_home_and_to_its_feeds(site: Site, newsletter: Newsletter) -> None:
    """Relatively, from wherever it stands; no link but canonical and cards names the site."""
    for name, body in site(newsletter).items():
        tree = lxml_html.fromstring(body)
        home = "../" * DEPTHS[name] or "./"
        assert tree.xpath("//a[@rel='home']/@href") in ([home], []), name
        whole = [one for one in tree.xpath("//a/@href | //link/@href") if "news.example" in one]
        assert whole == tree.xpath("//link[@rel='canonical']/@href"), name
        up = home.removeprefix("./")
        own = "topics/%E9%A3%9E%E8%A1%8C/" if name.startswith("topic_") or name == "topic" else ""
        own = "items/" if name.startswith("items") else own
        assert tree.xpath("//footer//a/@href") == [f"{up}{own}feeds/"], name
        first = tree.xpath("//link[@rel='alternate']/@href")[0]
        assert first == f"{up}{own}rss.xml", name


def test_each_page_has_one_address(site: Site, newsletter: Newsletter) -> None:
    """Each names its own as canonical, under the newsletter's path; a tombstone has none."""
    own = replace(newsletter, path="second/")
    found = {
        name: "".join(lxml_html.fromstring(body).xpath("//link[@rel='canonical']/@href"))
        for name, body in site(own).items()
    }
    root, topic = "https://news.example.org/second/", "topics/%E9%A3%9E%E8%A1%8C/"
    assert found == {
        "front": root,
        "issue": f"{root}issues/7/",
        "year": f"{root}years/2024/",
        "topics": f"{root}topics/",
        "topic": root + topic,
        "topic_year": f"{root}{topic}2024/",
        "items": f"{root}items/",
        "feeds": f"{root}feeds/",
        "items_feeds": f"{root}items/feeds/",
        "topic_feeds": f"{root}{topic}feeds/",
        "tombstone": "",
    }


def test_feeds_of_a_page_have_names_of_their_own(site: Site, newsletter: Newsletter) -> None:
    """No two feeds that a page offers are called alike, and none is offered twice."""
    for name, body in site(newsletter).items():
        links = lxml_html.fromstring(body).xpath("//link[@rel='alternate']")
        offered = 9 if "topic" in name and name != "topics" else 6
        assert len({one.get("title") for one in links}) == len(links) == offered, name
        assert len({one.get("href") for one in links}) == offered, name


def test_text_is_escaped(site: Site, newsletter: Newsletter) -> None:
    """What digests and settings say is text, never markup."""
    evil = "</title></style><script>x</script>"
    own = replace(
        newsletter, title=evil, description=evil, look=replace(Look(), footer=evil), language="en"
    )
    for body in site(own).values():
        assert "<script" not in body
        assert body.count("</style>") == 1


def test_the_style_is_each_newsletters(site: Site, newsletter: Newsletter) -> None:
    """It is drawn once, yet no other newsletter gets it."""
    first = site(newsletter)["year"]
    other = site(replace(newsletter, look=replace(Look(), accent="#7a1f1f")))["year"]
    assert "--accent:#7a1f1f" in other
    assert "--accent:#7a1f1f" not in first


def test_our_sentences_say_what_language_they_are_in(site: Site, newsletter: Newsletter) -> None:
    """Those in English, on pages of a language we do not speak, say so, and run their own way."""
    own = replace(newsletter, language="he")
    for name, body in site(own).items():
        tree = lxml_html.fromstring(body)
        assert (tree.get("lang"), tree.get("dir")) == ("he", "rtl")
        for sentence in ("Put one of these", "A feed is a list", "Copy one of", "This issue was"):
            for found in tree.xpath(
                f"//main//*[starts-with(normalize-space(text()), '{sentence}')]"
            ):
                assert (found.get("lang"), found.get("dir")) == ("en", "ltr"), (name, sentence)


def luminance(colour: str) -> float:
    """The relative luminance of WCAG 2."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_colours_can_be_read(site: Site, newsletter: Newsletter) -> None:
    """Every colour of text has 4.5:1 against the paper, by day and by night."""
    palettes = re.findall(
        r":root\{(?:color-scheme:light dark;)?(--paper[^}]*)\}", site(newsletter)["front"]
    )
    assert len(palettes) == 3  # light, dark, print
    for palette in palettes[:2]:
        colours = dict(re.findall(r"--(\w+):(#\w{6})", palette))
        paper = luminance(colours["paper"])
        for name in ("ink", "muted", "accent"):
            lighter, darker = sorted((luminance(colours[name]), paper), reverse=True)
            assert (lighter + 0.05) / (darker + 0.05) >= 4.5, (name, palette)
