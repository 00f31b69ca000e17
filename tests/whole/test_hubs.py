"""Hubs through the whole program: published, pinged, fetched, passed on, signed; and what goes wrong.

The hub is not ours (tests/whole/hub.py); the subscriber is, and believes nothing it cannot check.
"""

import hashlib
import hmac
import http.client
import json
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

pytestmark = pytest.mark.service  # whole processes: too long for `make check`

SECRET = "a secret of this subscription"
LINK = re.compile(r'<([^>]*)>; ?rel="?(\w+)"?')


class Subscriber:
    """Who subscribed: answers the hub's question whether it meant to, keeps what it is sent."""

    def __init__(self) -> None:
        self.asked: list[dict[str, list[str]]] = []
        self.got: list[tuple[dict[str, str], bytes]] = []
        subscriber = self

        class Listening(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                question = parse_qs(urlsplit(self.path).query)
                subscriber.asked.append(question)
                body = question["hub.challenge"][0].encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): text for name, text in self.headers.items()}
                subscriber.got.append((headers, body))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Listening)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        self.address = f"http://127.0.0.1:{self.server.server_port}/callback/5f1c"

    def holds(self, name: str) -> bool:
        """Whether it was sent an issue with such an item."""
        return any(f"About {name}".encode() in body for _, body in self.got)


def is_signed(headers: dict[str, str], body: bytes) -> bool:
    """Whether the body is signed with our secret, by SHA-256."""
    method, _, said = headers["x-hub-signature"].partition("=")
    right = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    return method == "sha256" and hmac.compare_digest(said, right)


@pytest.fixture
def subscriber() -> Iterator[Subscriber]:
    """A subscriber that listens."""
    made = Subscriber()
    yield made
    made.server.shutdown()
    made.server.server_close()


class Hub:
    """The hub's process; its subscriptions outlive it."""

    def __init__(self, port: int, file: Path) -> None:
        self.port, self.file, self.process = port, file, None
        self.address = f"http://127.0.0.1:{port}/hub"

    def start(self) -> None:
        """Start it and wait until it listens."""
        program = Path(__file__).with_name("hub.py")
        self.process = subprocess.Popen([sys.executable, program, str(self.port), self.file])
        end = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                assert self.process.poll() is None, "the hub does not start"
                assert time.monotonic() < end, "the hub does not listen"
                time.sleep(0.1)

    def stop(self) -> None:
        """Kill it."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def subscribe(self, topic: str, callback: str) -> None:
        """Ask it, as a subscriber, for a feed."""
        form = {
            "hub.mode": "subscribe",
            "hub.topic": topic,
            "hub.callback": callback,
            "hub.secret": SECRET,
        }
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", "/hub", urlencode(form), kind)
        assert connection.getresponse().status == 202
        connection.close()


@pytest.fixture
def hub(tools, tmp_path: Path) -> Iterator[Hub]:
    """A hub that does not run yet."""
    made = Hub(tools.free_port(), tmp_path / "hub.db")
    yield made
    made.stop()


@pytest.fixture
def hubbed(make_home: Callable[..., Any], tools) -> Callable[..., Any]:
    """Make a home whose newsletter has hubs, opened, with nothing in it."""

    def make(*hubs: str) -> Any:
        home = make_home().settings(tools.newsletter())
        file = home.path / "publisher.toml"
        listed = ", ".join(f'"{one}"' for one in hubs)
        text = file.read_text("utf-8").replace(
            "[newsletter]\n", f"[newsletter]\nhubs = [{listed}]\n"
        )
        file.write_text(f'{text}[network]\nallow = ["127.0.0.1"]\n', "utf-8")
        home.open()
        forget(home)  # the empty site
        return home

    return make


def rows(home: Any) -> list[tuple[str, int, str | None]]:
    """What is owed: address, tries, when again."""
    with sqlite3.connect(home.path / "publisher.db") as conn:
        return conn.execute("SELECT topic, tries, next_at FROM ping ORDER BY topic").fetchall()


def forget(home: Any) -> None:
    """Owe nothing."""
    with sqlite3.connect(home.path / "publisher.db") as conn:
        conn.execute("DELETE FROM ping")


def pass_time(home: Any) -> None:
    """Let every wait be over."""
    with sqlite3.connect(home.path / "publisher.db") as conn:
        conn.execute("UPDATE ping SET next_at = '2026-01-01T00:00:00.000000Z'")


def discovered(home: Any, path: str) -> dict[str, str]:
    """Ask a feed for its hub and its own address, as a subscriber does."""
    connection = http.client.HTTPConnection("127.0.0.1", home.port, timeout=5)
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return {rel: address for address, rel in LINK.findall(answer.getheader("Link", ""))}


def hub_of(home: Any) -> dict[str, Any]:
    """What `status` says of the hub."""
    document = json.loads(home.publisher("status", "--json").stdout)
    (one,) = document["newsletters"][0]["hubs"]
    return one


# --- with a real hub ----------------------------------------------------------


@pytest.mark.parametrize("name", ["rss.xml", "feed.json", "items/atom.xml"])
def test_a_subscriber_has_an_issue_at_once(hubbed, hub, subscriber, tools, name: str) -> None:
    """Found by the feed's own headers, subscribed, published: the very bytes, signed, once."""
    hub.start()
    home = hubbed(hub.address).start()
    links = discovered(home, f"/{name}")
    topic = f"http://127.0.0.1:{home.port}/{name}"
    assert links == {"hub": hub.address, "self": topic}
    hub.subscribe(links["self"], subscriber.address)
    assert [one["hub.topic"] for one in subscriber.asked] == [[topic]]
    home.drop("a.md", tools.digest("rivers"))
    tools.until(lambda: subscriber.got)
    tools.until(lambda: rows(home) == [])
    (headers, body), *others = subscriber.got
    assert others == []
    assert is_signed(headers, body)
    assert not is_signed(headers, body + b" ")
    assert b"About rivers" in body
    assert body == (home.path / "feeds" / name).read_bytes()
    kinds = {"rss.xml": "rss+xml", "feed.json": "feed+json", "items/atom.xml": "atom+xml"}
    assert headers["content-type"] == f"application/{kinds[name]}; charset=utf-8"
    assert f'<{topic}>; rel="self"' in headers["link"]
    assert hub_of(home)["waiting"] == 0


def test_a_hub_that_is_down_and_comes_back(hubbed, hub, subscriber, tools) -> None:
    """Subscribers lose nothing while the hub is down, `run` is stopped and started, or both."""
    hub.start()
    home = hubbed(hub.address).start()
    hub.subscribe(f"http://127.0.0.1:{home.port}/rss.xml", subscriber.address)
    hub.stop()
    home.drop("a.md", tools.digest("rivers"))
    home.says("hub not told")
    told = hub_of(home)
    assert (told["waiting"] > 0, told["given_up"]) == (True, 0)
    assert told["said"] == "its host could not be reached or understood"
    assert f"{hub.address} is still to be told of" in home.publisher("status").stdout
    home.stop()
    assert {tries for _, tries, _ in rows(home)} == {1}
    hub.start()
    pass_time(home)
    home.start()
    tools.until(lambda: subscriber.holds("rivers"))
    tools.until(lambda: rows(home) == [])
    assert all(is_signed(*one) for one in subscriber.got)


# --- with one that only listens -----------------------------------------------


class Ear:
    """A hub that notes what it is told and what the site on disk then was; `hangs` while told to."""

    def __init__(self, host: Any, feeds: Callable[[], Path]) -> None:
        self.told: list[str] = []
        self.seen: list[bytes] = []
        self.hangs = False
        self.address = host.at("/hub")

        def answer(connection: socket.socket) -> None:
            connection.settimeout(5)
            (topic,) = parse_qs(connection.recv(65_536).decode())["hub.url"]
            self.told.append(urlsplit(topic).path[1:])
            self.seen.append((feeds() / self.told[-1]).read_bytes())
            if self.hangs:
                host.released.wait(30)
                return
            connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

        host.answers["/hub"] = answer


@pytest.fixture
def ear(web_host: Callable[..., Any], tmp_path: Path) -> Ear:
    """A hub that listens."""
    return Ear(web_host(), lambda: tmp_path / "home" / "feeds")


def test_published_by_hand(hubbed, ear, tools) -> None:
    """Without a running program the command tells the hub itself, each feed once, bytes first."""
    home = hubbed(ear.address)
    home.drop("a.md", tools.digest("rivers"))
    home.publisher("publish")
    feeds = {path for path in home.site() if re.search(r"(rss|atom)\.xml$|feed\.json$", path)}
    assert set(ear.told) == {path for path in feeds if not path.startswith("archive/")}
    assert len(ear.told) == len(set(ear.told))
    assert {"rss.xml", "atom.xml", "feed.json", "items/rss.xml"} <= set(ear.told)
    assert all(b"About rivers" in body for body in ear.seen), "told before the bytes were visible"
    home.publisher("publish")
    assert len(ear.told) == len(set(ear.told)), "nothing changed, so nobody was told"
    home.publisher("withdraw", "--yes", "latest")
    assert ear.told.count("rss.xml") == 2
    assert b"About rivers" not in ear.seen[-1]
    home.drop("b.md", tools.digest("lakes"))
    home.publisher("run", "--once")
    assert ear.told.count("rss.xml") == 3


def test_nobody_waits_long_for_a_hub(hubbed, ear, tools) -> None:
    """A command leaves a hub that hangs after a few seconds, and says who goes on."""
    home = hubbed(ear.address)
    ear.hangs = True
    home.drop("a.md", tools.digest("rivers"))
    done = home.publisher("publish")
    assert "published" in done.stderr
    assert re.search(
        r"is still to be told of \d+ feeds: it took longer than 1.5 s; tried again", done.stderr
    )
    assert "`publisher run` goes on telling them" in done.stderr
    assert len(ear.told) == 1
    ear.hangs = False
    pass_time(home)
    home.publisher("publish")
    assert rows(home) == []
    assert {"rss.xml", "atom.xml", "feed.json"} <= set(ear.told)


def test_killed_in_the_midst_of_telling(hubbed, ear, tools) -> None:
    """What a killed process was about to tell is told by the next."""
    ear.hangs = True
    home = hubbed(ear.address).start()
    home.drop("a.md", tools.digest("rivers"))
    tools.until(lambda: ear.told)
    home.process.send_signal(signal.SIGKILL)
    home.process.wait()
    owed = rows(home)
    assert {tries for _, tries, _ in owed} == {0}
    ear.hangs = False
    ear.told.clear()
    pass_time(home)  # the minute the dead one had
    home.start()
    tools.until(lambda: rows(home) == [])
    assert sorted(ear.told) == sorted(urlsplit(topic).path[1:] for topic, _, _ in owed)


def test_killed_between_writing_and_owing(hubbed, ear, tools) -> None:
    """A publication that died once its files were written tells of them the next time."""
    home = hubbed(ear.address)
    home.drop("a.md", tools.digest("rivers"))
    home.publisher("publish")
    ear.told.clear()
    (home.path / ".publish.newsletter.behind").touch()  # as it leaves the home
    home.publisher("publish")
    assert {"rss.xml", "atom.xml", "feed.json"} <= set(ear.told)


# --- readers ------------------------------------------------------------------


def test_readers_are_counted_and_kept(home, tools) -> None:
    """What `run` counted is written down when it ends, and `status` tells it."""
    home.drop("a.md", tools.digest("rivers"))
    home.start()
    tools.until(lambda: home.shows("rivers"))
    for agent in ("Feedly/1.0 (+https://feedly.com/; 41 subscribers)", "newsboat/2.21"):
        connection = http.client.HTTPConnection("127.0.0.1", home.port, timeout=5)
        connection.request("GET", "/rss.xml", headers={"User-Agent": agent})
        assert connection.getresponse().status == 200
        connection.close()
    home.stop()
    assert (
        "41 readers by what aggregators say; fetches by others: 1"
        in home.publisher("status").stdout
    )
    read = json.loads(home.publisher("status", "--json").stdout)["newsletters"][0]["readers"]
    assert [
        (one["feed"], one["claimed"], one["fetches"], one["aggregators"]) for one in read["feeds"]
    ] == [("rss.xml", 41, 1, {"Feedly": 41})]
