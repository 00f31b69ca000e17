"""What search engines are told."""

from datetime import UTC, datetime
from posixpath import dirname

from lxml import etree

from publisher import addresses
from publisher.model import Newsletter
from publisher.render import pages
from publisher.render.shelf import Shelved, Topic

SPACE = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
ROOT = "https://news.example.org/"
NOON = datetime(2024, 3, 2, 12, tzinfo=UTC)


def told(document: str | None, each: str = "url") -> list[tuple[str | None, str | None]]:
    """Every address of a sitemap with when it changed."""
    assert document is not None
    root = etree.fromstring(document.encode())
    return [(one.findtext(f"{SPACE}loc"), one.findtext(f"{SPACE}lastmod")) for one in root]


def test_a_year_lists_its_issues(shelf: list[Shelved], newsletter: Newsletter) -> None:
    """Each with the moment it changed last, and the page of the year with the newest of these."""
    found = told(pages.year_sitemap(2024, [one.card for one in shelf[:2]], newsletter))
    assert found == [
        (f"{ROOT}years/2024/", "2024-03-02T05:30:00Z"),
        (f"{ROOT}issues/7/", "2024-03-02T05:30:00Z"),
        (f"{ROOT}issues/6/", "2024-02-24T05:30:00Z"),
    ]


def test_pages_that_lead_to_others(newsletter: Newsletter) -> None:
    """The front page, the items, the topics where there are any; unknown moments are left out."""
    assert [one for one, _ in told(pages.pages_sitemap(newsletter, NOON, []))] == [
        ROOT,
        f"{ROOT}items/",
    ]
    topics = [(Topic("a&b", "x"), NOON), (Topic("茶", "茶"), None)]
    assert told(pages.pages_sitemap(newsletter, NOON, topics))[2:] == [
        (f"{ROOT}topics/", "2024-03-02T12:00:00Z"),
        (f"{ROOT}topics/a%26b/", "2024-03-02T12:00:00Z"),
        (f"{ROOT}topics/%E8%8C%B6/", None),
    ]


def test_the_index_lists_sitemaps(newsletter: Newsletter) -> None:
    """By their whole addresses."""
    parts = [(addresses.year_sitemap_path(newsletter, 2024), NOON)]
    document = pages.sitemap_index(newsletter, parts)
    assert told(document) == [(f"{ROOT}sitemap-2024.xml", "2024-03-02T12:00:00Z")]
    assert etree.fromstring((document or "").encode()).tag == f"{SPACE}sitemapindex"


def test_a_sitemap_stands_above_what_it_lists(newsletter: Newsletter) -> None:
    """In the newsletter's own folder, for it may list nothing outside the one it stands in."""
    for path in (
        addresses.sitemap_path(newsletter),
        addresses.pages_sitemap_path(newsletter),
        addresses.year_sitemap_path(newsletter, 2024),
    ):
        assert dirname(path) == ""


def test_there_is_none_without_a_site(shelf: list[Shelved], homeless: Newsletter) -> None:
    """A sitemap holds whole addresses only."""
    assert pages.year_sitemap(2024, [shelf[0].card], homeless) is None
    assert pages.pages_sitemap(homeless, NOON, []) is None
    assert pages.sitemap_index(homeless, []) is None
