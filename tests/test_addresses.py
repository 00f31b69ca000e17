"""Where things stand: the names that addresses are made of."""

import pytest

from publisher import addresses
from publisher.addresses import topic_slug
from publisher.model import Newsletter
from publisher.settings.newsletters import RESERVED

LETTERS = Newsletter("letters", "Letters", site_url="https://news.example.org/n/")


@pytest.mark.parametrize(
    ("topic", "slug"),
    [
        ("Large Language Models", "large-language-models"),
        ("ＬＬＭ", "llm"),
        ("machine_learning", "machine-learning"),
        ("Straße", "strasse"),
        ("机器学习", "机器学习"),
        ("Обучение", "обучение"),
        ("हिंदी भाषा", "हिंदी-भाषा"),
        ("هوش\u200cمصنوعی", "هوشمصنوعی"),
        ("C++", "c++"),
        ("C#", "c#"),
        ("Issue #5 + more", "issue-5-more"),
        ("../etc", "etc"),
        ("🎉", ""),
    ],
)
def test_a_topic_is_addressed_by_its_letters(topic: str, slug: str) -> None:
    """Letters of any script stay, case and width do not, and nothing climbs out of a folder."""
    assert topic_slug(topic) == slug


def test_a_topic_of_any_length_has_a_name_that_a_disk_takes() -> None:
    """A long topic is cut between two letters, and two that begin alike stay two."""
    slugs = {topic_slug("题" * 60 + end) for end in ("甲", "乙")}
    assert len(slugs) == 2
    assert all(len(slug.encode()) < 140 and slug.startswith("题" * 40 + "-") for slug in slugs)


def test_addresses_are_percent_encoded_and_paths_are_not() -> None:
    """On disk a topic has the name it is called by; C# would end an address."""
    path = addresses.topic_path(LETTERS, topic_slug("机器 C#"))
    assert path == "topics/机器-c#/index.html"
    whole = addresses.site_address(LETTERS, path)
    assert whole == "https://news.example.org/n/topics/%E6%9C%BA%E5%99%A8-c%23/"


def test_no_newsletter_can_stand_where_pages_do() -> None:
    """Every folder that a newsletter without a path writes into is a reserved word."""
    paths = [
        addresses.year_path(LETTERS, 2024),
        addresses.issue_path(LETTERS, "7"),
        addresses.items_path(LETTERS),
        addresses.topics_path(LETTERS),
        addresses.topic_path(LETTERS, "a", 2024),
        addresses.feed_path(LETTERS, "rss.xml", addresses.archive_folder(1)),
        addresses.subscribing_path(LETTERS),
        addresses.subscribing_path(LETTERS, addresses.ITEMS),
    ]
    assert {path.partition("/")[0] for path in paths} <= RESERVED
    files = [addresses.archive_path, addresses.opml_path, addresses.sitemap_path]
    files.append(addresses.pages_sitemap_path)
    assert all("/" not in name(LETTERS) for name in files)
    assert "/" not in addresses.year_sitemap_path(LETTERS, 2024)
