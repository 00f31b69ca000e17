"""The pages that lead to issues and items."""

from dataclasses import replace

from lxml import html as lxml_html

from publisher.model import Newsletter
from publisher.render import pages
from publisher.render.pages.lists import MOST_TOPICS
from publisher.render.shelf import Shelved, Topic

TEA = Topic("厨房-茶", "厨房 & 茶")


def test_the_front_page_is_by_year(
    shelf: list[Shelved], newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """Years newest first, each a link; an untitled issue leads by its first item."""
    cards = [one.card for one in shelf]
    body = pages.front(cards, newsletter, templates, years=[(2024, 3), (2023, 1)], topics=[])
    tree = lxml_html.fromstring(body)
    years = tree.xpath("//section[@class='year']/h2/a")
    assert [(one.text, one.get("href")) for one in years] == [
        ("2024", "years/2024/"),
        ("2023", "years/2023/"),
    ]
    issues = tree.xpath("//ol[@class='issues']//a")
    assert [one.get("href") for one in issues] == [f"issues/{slug}/" for slug in "7654"]
    assert [one.text for one in issues[:2]] == [
        "风、茶与绳子",
        "风筝为什么掉不下来：一份给孩子的说明",
    ]
    assert tree.xpath("//dl[@class='feeds']/dd/a/@href") == ["rss.xml", "atom.xml", "feed.json"]


def test_date_and_number_are_parted(
    shelf: list[Shelved], newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """On a telephone both stand on one line, with a dot between them."""
    body = pages.front([shelf[0].card], newsletter, templates, years=[(2024, 1)], topics=[])
    tree = lxml_html.fromstring(body)
    assert tree.xpath("string(//ol[@class='issues']//p[@class='small'])") == "3月1日 · 第 7 期"


def test_years_are_counted_where_not_all_is_shown(
    shelf: list[Shelved], newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """A list of all years stands on the front page once it does not show every issue itself."""
    cards = [shelf[0].card]
    counted = "//section[@aria-labelledby='years']//li"
    whole = pages.front(cards, newsletter, templates, years=[(2024, 1)], topics=[])
    assert lxml_html.fromstring(whole).xpath(counted) == []
    part = pages.front(cards, newsletter, templates, years=[(2024, 2), (2019, 50)], topics=[])
    lines = lxml_html.fromstring(part).xpath(counted)
    assert [line.text_content() for line in lines] == ["2024年 2", "2019年 50"]


def test_the_front_page_names_the_greatest_topics(
    newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """Those with most items first, the rest behind a link; each is counted."""
    counted = [(Topic(f"t{n:02}", f"T{n:02}"), n) for n in range(MOST_TOPICS + 1)]
    body = pages.front([], newsletter, templates, years=[], topics=counted)
    tree = lxml_html.fromstring(body)
    lines = tree.xpath("//section[@aria-labelledby='topics']//li")
    assert len(lines) == MOST_TOPICS
    assert lines[0].text_content() == f"T{MOST_TOPICS} {MOST_TOPICS}"
    assert lines[0].xpath("./a/@href") == [f"topics/t{MOST_TOPICS}/"]
    more = tree.xpath("//section[@aria-labelledby='topics']/p/a/@href")
    assert more == ["topics/"]
    fewer = pages.front([], newsletter, templates, years=[], topics=counted[1:])
    assert lxml_html.fromstring(fewer).xpath("//section[@aria-labelledby='topics']/p") == []
    every = lxml_html.fromstring(pages.topics(counted, newsletter, templates))
    assert len(every.xpath("//ul[@class='counted']/li")) == len(counted)
    assert every.xpath("//ul[@class='counted']/li/a/@href")[-1] == "../topics/t00/"


def test_nothing_published(newsletter: Newsletter, templates: dict[str, str]) -> None:
    """The front page and that of the items say so, and lead to no topics."""
    front = pages.front([], newsletter, templates, years=[], topics=[])
    for body in (front, pages.items([], newsletter, templates)):
        tree = lxml_html.fromstring(body)
        assert "尚未发布任何一期。" in tree.xpath("//p[@class='lead']/text()")
        assert not [href for href in tree.xpath("//a/@href") if "topics" in href]


def test_a_year_lies_between_two(
    shelf: list[Shelved], newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """All its issues, counted; the years before and after beside its folder."""
    cards = [one.card for one in shelf[:3]]
    body = pages.year(2024, cards, newsletter, templates, before=2023, after=2026)
    tree = lxml_html.fromstring(body)
    assert (tree.findtext(".//h1"), tree.findtext(".//title")) == ("2024年", "2024年 · 杂货周刊")
    assert tree.xpath("string(//header[@class='opening']/p)") == "3 期"
    assert tree.xpath("//ol[@class='issues']//a/@href") == [f"../../issues/{n}/" for n in "765"]
    assert tree.xpath("//nav[@class='turn']/a/@href") == ["../2023/", "../2026/"]
    alone = lxml_html.fromstring(pages.year(2024, cards, newsletter, templates))
    assert alone.xpath("//nav[@class='turn']") == []


def test_items_of_a_topic_lead_to_their_permalinks(
    shelf: list[Shelved], newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """By the issues they are from; an issue that is about the topic as a whole is listed itself."""
    of_tea = [item for item in shelf[0].items if TEA in item.topics]
    groups = [(shelf[0].card, of_tea), (shelf[1].card, ())]
    body = pages.topic(TEA, groups, newsletter, templates, count=120, years=[(2023, 30)])
    tree = lxml_html.fromstring(body)
    assert tree.findtext(".//h1") == "厨房 & 茶"
    assert tree.xpath("string(//header[@class='opening']/p[last()])") == "120 篇 · 订阅源"
    named = [" ".join(one.text_content().split()) for one in tree.xpath("//section/h2/a")]
    assert named == ["2024年3月1日 · 风、茶与绳子", "2024年2月23日"]
    assert tree.xpath("//ul[@class='lines']/li/a/@href") == [
        "../../issues/7/#i-tea",
        "../../issues/6/",
    ]
    years = tree.xpath("//section[@aria-labelledby='years']//a/@href")
    assert years == ["2023/"]
    assert tree.xpath("//header[@class='opening']//a/@href") == [
        "../",
        "../../topics/%E5%8E%A8%E6%88%BF-%E8%8C%B6/feeds/",
    ]


def test_older_items_of_a_topic_stand_by_year(
    shelf: list[Shelved], newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """One folder below the topic, leading to it and to the years beside."""
    groups = [(shelf[0].card, shelf[0].items)]
    body = pages.topic_year(TEA, 2024, groups, newsletter, templates, count=3, before=2020)
    tree = lxml_html.fromstring(body)
    assert tree.findtext(".//h1") == "厨房 & 茶 · 2024年"
    assert tree.xpath("//header[@class='opening']/p[1]/a/@href") == ["../"]
    assert tree.xpath("//nav[@class='turn']/a/@href") == ["../2020/"]
    assert tree.xpath("//ul[@class='lines']/li[1]/a/@href") == ["../../../issues/7/#i-kites"]


def test_an_item_is_told_by_its_other_title_or_its_text(
    shelf: list[Shelved], newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """Each piece in its own language, with where it leads."""
    card, (kites, *others) = shelf[0].card, shelf[0].items
    plain = replace(others[0], second=None, summary="茶与咖啡。")
    tree = lxml_html.fromstring(pages.items([(card, (kites, plain))], newsletter, templates))
    first, second = tree.xpath("//ul[@class='lines']/li")
    assert first.xpath("./p[@class='second']/@lang") == ["en"]
    assert first.xpath("string(./p[@class='second'])") == "Why Kites Stay Up"
    assert first.xpath("./p[@class='source']/a/text()") == ["papers.example.net"]
    assert second.xpath("string(./p[@class='second'])") == "茶与咖啡。"
    assert second.xpath("./p[@class='source']") == []


def test_search_is_led_to_where_it_answers(
    newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """Beside the page, or at its own https address; a public page never leads to this machine."""

    def link(site_url: str | None, app_url: str | None) -> list[str]:
        at = replace(newsletter, path="zh/", site_url=site_url, app_url=app_url)
        body = pages.front([], at, templates, years=[], topics=[])
        found: list[str] = lxml_html.fromstring(body).xpath("//a[contains(@href, 'search')]/@href")
        return found

    site, app, here = "https://news.test/", "https://app.test/", "http://127.0.0.1:8000/"
    assert link(site, site) == ["search"]
    assert link(None, here) == ["search"]
    assert link(site, app) == ["https://app.test/zh/search"]
    assert link(site, here) == link(None, None) == []
