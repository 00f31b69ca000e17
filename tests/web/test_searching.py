"""The search: as a page and as an API, on the public port, asked over real connections."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from urllib.parse import quote

import pytest
from structlog.testing import capture_logs

from publisher.model import Passage
from publisher.store import Store, search
from publisher.web.openapi import document

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)> model"


def passage(title: str, text: str = "", anchor: str = "", language: str = "en") -> Passage:
    """A passage of issue 12."""
    return Passage(anchor, title, "", language, text, "", "A quiet <week>", date(2026, 11, 6))


@pytest.fixture
def library(issue: Callable, store: Store) -> Store:
    """An issue with four passages in one newsletter, one in the other."""
    issue("12")
    issue("7", "zhoubao", title="第七期")
    with store.begin() as conn:
        rows = [
            passage("A quiet <week>", "Nothing but weather."),
            passage("On attention", "Attention & <b>bold</b> claims about GPT-4.", "on-attention"),
            passage(HOSTILE, f"{HOSTILE} and more", "hostile"),
            passage("大模型的对齐", "模型越大，对齐越难。", "一", "zh"),
        ]
        search.put(conn, "daily", "12", rows)
        search.put(conn, "zhoubao", "7", [passage("第七期", "模型")])
    return store


class Page(HTMLParser):
    """What stands in a page: its elements, its links, what is marked, its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.marked: list[str] = []
        self.values: dict[str, str | None] = {}
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.tags.append(tag)
        given = dict(attrs)
        if tag == "a":
            self.links.append(given.get("href") or "")
        if tag == "input":
            self.values = given

    def handle_data(self, data: str) -> None:
        """Note text."""
        self.words += data
        if self.tags and self.tags[-1] == "mark" and data.strip():
            self.marked.append(data)

    def handle_endtag(self, tag: str) -> None:
        """Leave a mark."""
        if tag == "mark":
            self.tags.append("/mark")


def look(site, query: str, root: str = "/") -> Page:
    """Search by the page."""
    answer = site.ask(f"{root}search?q={quote(query)}")
    assert answer.status == 200
    return Page(answer.text)


def ask(site, query: str, root: str = "/", **more: object) -> dict:
    """Search by the API."""
    rest = "".join(f"&{name}={value}" for name, value in more.items())
    answer = site.ask(f"{root}api/search?q={quote(query)}{rest}")
    assert answer.status == 200
    return json.loads(answer.text)


def test_the_page_asks(site, library) -> None:
    """Without a query the page is a form that needs no script, and no search engine lists it."""
    for path in ("/search", "/search?q=", "/search?q=%20"):
        answer = site.ask(path)
        assert answer.status == 200
        assert Page(answer.text).values["maxlength"] == "200"
        assert '<meta name="robots" content="noindex">' in answer.text
        assert answer.headers["x-robots-tag"] == "noindex"
        assert answer.headers["cache-control"] == "no-store"
        assert "<script" not in answer.text
    assert site.ask("/search", "HEAD").body == b""
    assert site.ask("/search", "POST", body=b"q=x").status == 405


@pytest.mark.parametrize(
    ("query", "link", "marked"),
    [
        ("GPT-4", "issues/12/#on-attention", ["GPT-4"]),
        ("attention", "issues/12/#on-attention", ["Attention"]),
        ("weather", "issues/12/", ["weather"]),
        ("模型", "issues/12/#%E4%B8%80", ["模型"]),
        ("对齐 模型", "issues/12/#%E4%B8%80", ["模型", "对齐"]),
        ("难", "issues/12/#%E4%B8%80", ["难"]),
    ],
)
def test_the_page_shows(site, library, query: str, link: str, marked: list[str]) -> None:
    """What was found is linked and marked; the query stands in the form again."""
    page = look(site, query)
    assert link in page.links
    assert page.marked == marked
    assert page.values["value"] == query
    assert "1 place found" in page.words


def test_nothing_found(site, library) -> None:
    """Where nothing is found the page says so, with what was looked for."""
    page = look(site, "nowhere<b>")
    assert "Nothing was found for “nowhere<b>”." in page.words
    assert "b" not in page.tags


def test_markup_is_text(site, library) -> None:
    """Titles, texts and queries with markup are shown as they are written, and never act."""
    for query in (HOSTILE, "alert", "bold", "'\"><svg onload=alert(1)>", "</title><script>"):
        page = look(site, query)
        assert not {"script", "img", "svg", "b"} & set(page.tags)
    assert HOSTILE in look(site, "onerror").words
    found = ask(site, "onerror alert")["results"][0]
    assert found["title"] == HOSTILE
    assert "<script" not in found["snippet"]
    assert "&lt;img src=x <mark>onerror</mark>=<mark>alert</mark>(2)&gt;" in found["snippet"]


@pytest.mark.parametrize(
    "query",
    ['"', "NEAR(a b)", "a*", "-attention", "^x", "title:x", "AND OR NOT", "' OR 1=1", "%", "\\",
     "\0", "%FF", "+", "a&b", ":*", "x" * 200],
)  # fmt: skip
def test_hostile_queries(site, library, query: str) -> None:
    """No query is syntax: each is answered, by page and API."""
    assert site.ask(f"/search?q={quote(query)}").status == 200
    answer = site.ask(f"/api/search?q={quote(query)}")
    assert answer.status == 200
    assert json.loads(answer.text)["total"] <= 4


def test_bytes_that_are_no_text(site, library) -> None:
    """A query in another encoding is a query for which nothing is found."""
    assert site.ask("/search?q=%ff%fe").status == 200
    assert json.loads(site.ask("/api/search?q=%ed%a0%80").text)["total"] == 0


def test_api(site, library) -> None:
    """The API gives whole addresses, dates and snippets, and may be asked from any page."""
    answer = site.ask("/api/search?q=gpt")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["content-type"] == "application/json"
    assert json.loads(answer.text) == {
        "query": "gpt",
        "total": 1,
        "offset": 0,
        "limit": 20,
        "results": [
            {
                "title": "On attention",
                "url": "https://news.example.org/issues/12/#on-attention",
                "language": "en",
                "issue": {
                    "title": "A quiet <week>",
                    "url": "https://news.example.org/issues/12/",
                },
                "date": "2026-11-06",
                "snippet": "Attention &amp; &lt;b&gt;bold&lt;/b&gt; claims about"
                " <mark>GPT</mark>-4.",
            }
        ],
    }


@pytest.mark.parametrize(
    ("rest", "words"),
    [
        ("", "Say in q"),
        ("?q=", "Say in q"),
        ("?q=a&limit=0", "limit is a whole number from 1 to 50"),
        ("?q=a&limit=51", "limit"),
        ("?q=a&limit=-1", "limit"),
        ("?q=a&limit=1e1", "limit"),
        ("?q=a&limit=%D9%A1", "limit"),
        ("?q=a&offset=1001", "offset is a whole number from 0 to 1000"),
        ("?q=a&offset=" + "9" * 5000, "offset"),
        ("?q=" + "a" * 201, "q has up to 200 characters"),
    ],
)
def test_the_api_refuses(site, library, rest: str, words: str) -> None:
    """What cannot be asked for is refused in JSON, with what can."""
    answer = site.ask(f"/api/search{rest}")
    assert answer.status == 400
    assert words in json.loads(answer.text)["error"]


def test_a_long_query_on_the_page(site, library) -> None:
    """A query that is too long is told so, in words, and the form keeps its beginning."""
    answer = site.ask("/search?q=" + "a" * 201)
    assert answer.status == 400
    assert "Up to 200 characters" in answer.text
    assert Page(answer.text).values["value"] == "a" * 200


def test_newsletters_have_their_own(site, library) -> None:
    """Each newsletter is searched under its own path, and in its language."""
    assert ask(site, "模型", "/zhoubao/")["total"] == 1
    url = ask(site, "模型", "/zhoubao/")["results"][0]["url"]
    assert url == "https://news.example.org/zhoubao/issues/7/"
    page = look(site, "模型", "/zhoubao/")
    assert "找到 1 处" in page.words
    assert "issues/7/" in page.links
    assert "没有找到“weather”。" in look(site, "weather", "/zhoubao/").words


def test_pages_of_a_result(site, library) -> None:
    """A long result has pages that lead to each other and end."""
    with library.begin() as conn:
        rows = [passage(f"Needle {n}", "needle", f"a{n}") for n in range(45)]
        search.put(conn, "daily", "12", rows)
    seen = []
    path = "?q=needle"
    for _ in range(3):
        page = Page(site.ask(f"/search{path}").text)
        assert "45 places found" in page.words
        seen += [link for link in page.links if link.startswith("issues/")]
        path = [link for link in page.links if "page=" in link or link == path][-1]
    assert len(seen) == len(set(seen)) == 45
    assert path.endswith("page=2")
    assert site.ask("/search?q=needle&page=x").text == site.ask("/search?q=needle").text
    assert site.ask("/search?q=needle&page=99999").status == 200
    assert site.ask("/search?q=needle&page=51").status == 200
    assert len(ask(site, "needle", limit=50)["results"]) == 45
    assert len(ask(site, "needle", limit=30, offset=40)["results"]) == 5


def test_withdrawn_is_not_shown(site, library, issue) -> None:
    """A withdrawn issue is in no result."""
    issue("12", withdrawn=datetime(2026, 11, 8, tzinfo=UTC))
    assert "Nothing was found" in look(site, "attention").words
    assert ask(site, "attention")["total"] == 0


def test_a_store_that_is_away(site, library) -> None:
    """While the database is away, page and API say so with 503, and when to try again."""
    with library.begin() as conn:
        conn.exec_driver_sql("ALTER TABLE passage RENAME TO elsewhere")
    page = site.ask("/search?q=weather")
    assert (page.status, page.headers["retry-after"]) == (503, "60")
    assert "does not answer at the moment" in page.text
    assert Page(page.text).values["value"] == "weather"
    answer = site.ask("/api/search?q=weather")
    assert (answer.status, answer.headers["retry-after"]) == (503, "60")
    assert json.loads(answer.text) == {"error": "The search does not answer at the moment."}
    assert site.ask("/search").status == 200


def test_queries_are_not_logged(site, library) -> None:
    """What somebody looks for stands in no log."""
    with capture_logs() as logs:
        site.ask("/search?q=secretword")
        site.ask("/api/search?q=secretword")
    assert len(logs) == 2
    assert "secretword" not in str(logs)


def test_the_description_is_true(site, library, home) -> None:
    """The OpenAPI document names the API's address, and the answers have what it says."""
    answer = site.ask("/api/openapi.json")
    told = json.loads(answer.text)
    assert told == document(home.newsletters[0])
    assert told["servers"] == [{"url": "../api"}]
    (path,) = told["paths"]
    parameters = {one["name"]: one for one in told["paths"][path]["get"]["parameters"]}
    assert sorted(parameters) == ["limit", "offset", "q"]
    found = json.loads(site.ask(f"/api{path}?q=gpt").text)
    schemas = told["components"]["schemas"]
    assert is_shaped(schemas["Found"], found)
    refused = json.loads(site.ask(f"/api{path}").text)
    assert is_shaped(schemas["Refused"], refused)
    assert not is_shaped(schemas["Found"], refused)


def is_shaped(schema: dict, value: object) -> bool:
    """Whether a value has the shape a schema tells, no more and no less."""
    kinds = {"string": str, "integer": int, "array": list, "object": dict}
    if not isinstance(value, kinds[schema["type"]]):
        return False
    if isinstance(value, dict):
        return value.keys() == schema["properties"].keys() == set(schema["required"]) and all(
            is_shaped(schema["properties"][key], part) for key, part in value.items()
        )
    if isinstance(value, list):
        return all(is_shaped(schema["items"], part) for part in value)
    return True
