"""The way out: a link asks, a click acts, and nothing else does."""

import pytest
from sqlalchemy import update

from publisher import templates
from publisher.model import Newsletter, SubscriberState
from publisher.render.environment import draw
from publisher.store import schema, subscribers
from publisher.web.audience import masked

ONE_CLICK = b"List-Unsubscribe=One-Click"
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def state(store):
    """Ask the store for a subscriber's state."""

    def look(subscriber_id: int) -> SubscriberState:
        with store.read() as conn:
            return subscribers.get(conn, subscriber_id).state

    return look


def test_a_link_changes_nothing(site, subscribe, state) -> None:
    """GET and HEAD, however often scanners follow them, leave everything as it is."""
    reader, path = subscribe()
    for method in ("GET", "HEAD", "GET"):
        assert site.ask(path, method).status == 200
        assert site.ask(f"{path}?action=unsubscribe&confirm=true", method).status == 200
    assert state(reader) is SubscriberState.ACTIVE


def test_the_page_asks(site, subscribe) -> None:
    """It names the newsletter and, masked, the address; it keeps itself out of caches."""
    _, path = subscribe("reader@example.org")
    answer = site.ask(path)
    assert "The Daily Paper" in answer.text
    assert "r•••@example.org" in answer.text
    assert "reader@" not in answer.text
    assert 'method="post"' in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "noindex" in answer.headers["x-robots-tag"]


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (FORM, ONE_CLICK),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\n'
            b"One-Click\r\n--b--\r\n",
        ),
        ("multipart/form-data", b"no boundary"),
        ("application/json", b"{}"),
        (FORM, b"action=unsubscribe"),
        (FORM, b""),
    ],
)
def test_one_click(site, subscribe, state, content_type: str, body: bytes) -> None:
    """A POST unsubscribes: 200, no redirect, no cookie, as often as it comes."""
    reader, path = subscribe()
    for _ in range(2):
        answer = site.ask(path, "POST", body=body, content_type=content_type)
        assert answer.status == 200
        assert "set-cookie" not in answer.headers
        assert state(reader) is SubscriberState.UNSUBSCRIBED


def test_one_click_from_anywhere(site, subscribe, state) -> None:
    """Mail providers post from where they are: no origin is asked for."""
    reader, path = subscribe()
    headers = {"origin": "https://mail.example.com", "sec_fetch_site": "cross-site"}
    site.ask(path, "POST", body=ONE_CLICK, content_type=FORM, **headers)
    assert state(reader) is SubscriberState.UNSUBSCRIBED


def test_only_the_path_names_a_reader(site, subscribe, state) -> None:
    """A token in query or body names nobody."""
    one, path = subscribe("one@example.org")
    two, other = subscribe("two@example.org")
    token = other.rpartition("/")[2]
    body = f"token={token}&List-Unsubscribe=One-Click".encode()
    site.ask(f"{path}?token={token}", "POST", body=body, content_type=FORM)
    assert state(one) is SubscriberState.UNSUBSCRIBED
    assert state(two) is SubscriberState.ACTIVE


def test_and_back(site, subscribe, state) -> None:
    """After leaving the page offers the way back, by POST; a link offers nothing any more."""
    reader, path = subscribe()
    left = site.ask(path, "POST", body=b"action=unsubscribe", content_type=FORM)
    assert 'value="restore"' in left.text
    again = site.ask(path)
    assert "Already unsubscribed" in again.text
    assert "<form" not in again.text
    site.ask(f"{path}?action=restore", "POST", body=b"", content_type=FORM)
    assert state(reader) is SubscriberState.UNSUBSCRIBED
    back = site.ask(path, "POST", body=b"action=restore", content_type=FORM)
    assert "You are subscribed again" in back.text
    assert state(reader) is SubscriberState.ACTIVE


def test_forged_tokens_are_any_wrong_address(site, subscribe, state) -> None:
    """Unknown, forged, foreign and cut tokens all get the page of any wrong address."""
    reader, path = subscribe()
    head, _, token = path.rpartition("/")
    wrong = site.ask("/unsubscribe/nothing")
    assert wrong.status == 404
    flipped = token[:-1] + ("A" if token[-1] != "A" else "B")
    foreign = subscribe("else@example.org", "zhoubao")[1].rpartition("/")[2]
    for forged in (flipped, token[:-2], token + "A", foreign, "%E9", "1" + "A" * 24, "x" * 4000):
        for method in ("GET", "POST"):
            answer = site.ask(f"{head}/{forged}", method, body=ONE_CLICK, content_type=FORM)
            assert (answer.status, answer.body) == (404, wrong.body)
    assert state(reader) is SubscriberState.ACTIVE


def test_long_bodies_are_refused(site, subscribe, state) -> None:
    """A body longer than any form is not read to its end."""
    reader, path = subscribe()
    answer = site.ask(path, "POST", body=b"a" * 100_000, content_type=FORM)
    assert answer.status == 413
    assert state(reader) is SubscriberState.ACTIVE


def test_chinese(site, subscribe) -> None:
    """A Chinese newsletter says good-bye in Chinese."""
    _, path = subscribe("duzhe@example.org", "zhoubao")
    assert path.startswith("/zhoubao/unsubscribe/")
    assert "不再向 <bdi>d•••@example.org</bdi> 发送《<bdi>论文周报</bdi>》？" in site.ask(path).text
    left = site.ask(path, "POST", body=ONE_CLICK, content_type=FORM)
    assert "您已退订" in left.text
    assert "重新订阅" in left.text


def test_the_readers_language(site, store, subscribe) -> None:
    """A reader who asked for Chinese is spoken to in Chinese, whatever the newsletter speaks."""
    reader, path = subscribe("duzhe@example.org")
    with store.begin() as conn:
        conn.execute(
            update(schema.subscriber)
            .where(schema.subscriber.c.id == reader)
            .values(language="zh-CN")
        )
    page = site.ask(path).text
    assert '<html lang="zh">' in page
    assert "不再向 <bdi>d•••@example.org</bdi> 发送《" in page
    assert ">往期</a>" in page
    assert "您已退订" in site.ask(path, "POST", body=ONE_CLICK, content_type=FORM).text
    assert '<html lang="en">' in site.ask(path.rpartition("/")[0] + "/test").text


def test_a_page_of_english_runs_from_the_left() -> None:
    """Where we do not speak the newsletter's language the page is English, and names stand apart."""
    hebrew = Newsletter("weekly", "מכתבים 7", language="he")
    values = {"language": "he", "state": "ask", "address": "•••@example.org", "home": "../"}
    page = draw(templates.load(), "site/unsubscribe.html", newsletter=hebrew, **values)
    assert '<html lang="en">' in page
    assert "Stop sending “<bdi>מכתבים 7</bdi>” to <bdi>•••@example.org</bdi>?" in page


def test_other_methods(site, subscribe) -> None:
    """Only asking and acting are possible."""
    _, path = subscribe()
    assert site.ask(path, "PUT", body=b"").status == 405
    assert site.ask(path, "DELETE").status == 405


def test_without_a_database_come_again(site, subscribe, home) -> None:
    """While the database is away a click is answered 503, so that providers try again."""
    _, path = subscribe()
    for file in home.home.glob("publisher.db*"):
        file.write_bytes(b"no database" * 1000)
    answer = site.ask(path, "POST", body=ONE_CLICK, content_type=FORM)
    assert (answer.status, answer.headers["retry-after"]) == (503, "60")
    assert b"publisher.db" not in answer.body


def test_a_test_mail_leads_to_an_explanation(site) -> None:
    """The link in a test explains itself; a POST there finds nobody."""
    answer = site.ask("/unsubscribe/test")
    assert answer.status == 200
    assert "comes from a test" in answer.text
    assert "<form" not in answer.text
    assert site.ask("/unsubscribe/test", "POST").status == 404


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("reader@example.org", "r•••@example.org"),
        ("r@example.org", "•••@example.org"),
        ('"a@b"@example.org', '"•••@example.org'),
        ("读者@例子.中国", "读•••@例子.中国"),
    ],
)
def test_masked(address: str, shown: str) -> None:
    """Of an address only its first letter and its domain are shown."""
    assert masked(address) == shown
