"""What a User-Agent says of its readers: the ways aggregators put it, and what strangers make up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.web.agents import MOST, UNNAMED, Claim, claim


@pytest.mark.parametrize(
    ("user_agent", "name", "readers"),
    [
        ("Feedly/1.0 (+https://feedly.com/fetcher; 42 subscribers; like FeedFetcher)", "Feedly", 42),
        ("Feedly/1.0 (+https://feedly.com/fetcher; 1 subscribers; )", "Feedly", 1),
        ("Inoreader/1.0 (+https://www.inoreader.com/bot; 1734 subscribers; )", "Inoreader", 1734),
        ("NewsBlur Feed Fetcher - 7 subscribers - https://newsblur.com/site/12/weekly "
         "(Mozilla/5.0 (Macintosh) Safari/605.1)", "NewsBlur Feed Fetcher", 7),
        ("NewsBlur Feed Fetcher - 1 subscriber - https://newsblur.com/site/12/weekly",
         "NewsBlur Feed Fetcher", 1),
        ("Feedbin feed-id:1373711 - 42 subscribers", "Feedbin", 42),
        ("Feedbin - 42 subscribers", "Feedbin", 42),
        ("Mozilla/5.0 (compatible; theoldreader.com; 12 subscribers; feed-id=5e1f)",
         "theoldreader.com", 12),
        ("Mozilla/5.0 (compatible; BazQux/2.4; +https://bazqux.com/fetcher; 8 subscribers)",
         "BazQux", 8),
        ("BazQux/2.4 (+https://bazqux.com/fetcher; 8 subscribers)", "BazQux", 8),
        ("Bloglovin/1.0 (http://www.bloglovin.com; 5 subscribers)", "Bloglovin", 5),
        ("Netvibes (http://www.netvibes.com; 9 subscribers; feedID: 6176)", "Netvibes", 9),
        ("FeedFetcher-Google; (+http://google.com/feedfetcher; 3 subscribers; feed-id=99)",
         "FeedFetcher-Google", 3),
        ("LiveJournal.com (webmaster@livejournal.com; for https://weekly.example/; 4 readers)",
         "LiveJournal.com", 4),
        ("Dreamwidth Studios (webmaster@dreamwidth.example; 6 readers)", "Dreamwidth Studios", 6),
        ("YahooFeedSeeker/2.0 (compatible; Mozilla 4.0; users 31; views 70)", "YahooFeedSeeker", 31),
        ("Xianguo.com 1 Subscriber", "Xianguo.com", 1),
        ("Zhuaxia.com 2 Subscribers", "Zhuaxia.com", 2),
        ("Digg Feed Fetcher 1.0 (Mac OS X; 15 subscribers)", "Digg Feed Fetcher", 15),
        ("Hatena RSS/0.3 (http://r.hatena.example; 11 subscribers)", "Hatena RSS", 11),
        ("Reader Cloud/3 (subscribers: 20)", "Reader Cloud", 20),
        ("Reader Cloud/3 (subscribers=20)", "Reader Cloud", 20),
        ("Anybody/1.0 (1,234 subscribers)", "Anybody", 1234),
        ("Anybody/1.0 (1.234.567 readers)", "Anybody", 1234567),
        ("Anybody/1.0 (0 subscribers)", "Anybody", 0),
        ("42 subscribers", UNNAMED, 42),
        ("(42 subscribers)", UNNAMED, 42),
    ],
)  # fmt: skip
def test_aggregators(user_agent: str, name: str, readers: int) -> None:
    """Name and number are found, however they are put; the name is free of both versions."""
    assert claim(user_agent) == Claim(name, readers)


@pytest.mark.parametrize(
    "user_agent",
    [
        "",
        "newsboat/2.21 (Linux x86_64)",
        "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        "FreshRSS/1.27.0 (Linux; https://freshrss.org)",
        "Miniflux/2.2.9",
        "NetNewsWire (RSS Reader; https://netnewswire.com/)",
        "Superfeedr bot/2.0 http://superfeedr.com - feed-id:12345",
        "FeedReader 3 Reader",
        "RSS 2 Reader/1.0",
        "Reader/2 subscribers",
        "Reader/1.42 subscribers",
        "Reader feed-id:42 subscribers",
        "Reader (4 2 subscribers)",
        "Reader (1,23 subscribers)",
        "Reader (-subscribers)",
        f"Reader ({MOST + 1} subscribers)",
        "Reader (99999999999999999999999999999999 subscribers)",
        f"{'x' * 200} 42 subscribers",
    ],
)
def test_single_readers_and_liars(user_agent: str) -> None:
    """Who tells no number, or one nobody can believe, is no aggregator."""
    assert claim(user_agent) is None


def test_one_name_from_day_to_day() -> None:
    """Another version, number or feed is the same aggregator."""
    said = {
        claim(f"Feedbin/{version} feed-id:{number} - {number} subscribers")
        for version, number in ((1, 5), ("2.0.1", 6))
    }
    assert {one.name for one in said if one} == {"Feedbin"}


@given(st.text(max_size=300) | st.from_regex(r"[a-z/0-9(; -]{0,40}\d{1,12} (subscribers|readers)"))
def test_anything(user_agent: str) -> None:
    """Whatever is sent, a claim is a number within bounds and a short name that can be read."""
    found = claim(user_agent)
    if found is not None:
        assert 0 <= found.readers <= MOST
        assert 0 < len(found.name) <= 60
        assert found.name.isascii()
        assert found.name.isprintable()
