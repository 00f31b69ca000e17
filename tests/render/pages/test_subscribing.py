"""The page beside each set of feeds."""

import pytest
from lxml import html as lxml_html

from publisher.model import Newsletter
from publisher.render import pages
from publisher.render.shelf import Topic

FLIGHT = Topic("飞行", "飞行")


@pytest.mark.parametrize(
    ("asked", "folder", "called"),
    [
        ({}, "", "杂货周刊"),
        ({"items": True}, "items/", "杂货周刊 · 逐篇"),
        ({"topic": FLIGHT}, "topics/%E9%A3%9E%E8%A1%8C/", "杂货周刊 · 飞行"),
    ],
)
def test_it_gives_the_three_addresses(
    newsletter: Newsletter,
    templates: dict[str, str],
    asked: dict[str, object],
    folder: str,
    called: str,
) -> None:
    """Whole, to be copied; the page says which feeds they are, and leads to what these are of."""
    tree = lxml_html.fromstring(pages.subscribing(newsletter, templates, **asked))
    root = "https://news.example.org/"
    shown = tree.xpath("//dl[@class='feeds']/dd/a/text()")
    assert shown == [f"{root}{folder}{name}" for name in ("rss.xml", "atom.xml", "feed.json")]
    up = "../" * (folder.count("/") + 1)
    assert tree.xpath("//dl[@class='feeds']/dd/a/@href")[0] == f"{up}{folder}rss.xml"
    assert tree.xpath("//header[@class='opening']/p/a/@href") == ["../"]
    assert tree.xpath("string(//header[@class='opening']/p/a)") == called
    assert tree.findtext(".//title") == f"订阅源 · {called}"


def test_it_leads_to_the_other_feeds(newsletter: Newsletter, templates: dict[str, str]) -> None:
    """To those there are: no page of topics where there is no topic; never to itself."""

    def others(**asked: object) -> list[str]:
        tree = lxml_html.fromstring(pages.subscribing(newsletter, templates, **asked))
        return tree.xpath("//main//ul//a/@href")

    assert others() == ["../items/feeds/", "../feeds.opml"]
    assert others(has_topics=True) == ["../items/feeds/", "../topics/", "../feeds.opml"]
    assert others(items=True) == ["../../feeds/", "../../feeds.opml"]
    up = "../../../"
    assert others(topic=FLIGHT) == [
        f"{up}feeds/",
        f"{up}items/feeds/",
        f"{up}topics/",
        f"{up}feeds.opml",
    ]


def test_it_promises_no_mail(newsletter: Newsletter, templates: dict[str, str]) -> None:
    """There is no form yet by which a reader could subscribe to the mail."""
    body = pages.subscribing(newsletter, templates)
    assert "app.example.org" not in body
    assert "<form" not in body
