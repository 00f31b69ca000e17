"""Hubs are told what is owed: real servers on loopback that answer as hubs do, and as they do not."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from publisher import settings as settings_room
from publisher.clock import utc_now
from publisher.run.pinging import Told, tell
from publisher.settings import Settings
from publisher.store import Store, pings
from publisher.store.pings import Debt

SITE = "https://news.test/"
FEEDS = [f"{SITE}{name}" for name in ("atom.xml", "feed.json", "rss.xml")]
DONE = "204 No Content"


class Hub:
    """A hub that notes what it is told, and answers with the lines it was given, the last again."""

    def __init__(self, host: Any, *answers: str) -> None:
        self.host, self.answers, self.told = host, list(answers), []
        host.answers["/hub"] = self._answer
        self.address = host.at("/hub")

    def _answer(self, connection: socket.socket) -> None:
        connection.settimeout(5)
        form = parse_qs(connection.recv(65_536).decode("ascii"))
        assert form["hub.mode"] == ["publish"]
        assert form["hub.url"] == form["hub.topic"]
        self.told += form["hub.url"]
        line = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        connection.sendall(f"HTTP/1.1 {line}\r\n\r\n".encode())


@pytest.fixture
def make_hub(web_host: Callable[..., Any]) -> Callable[..., Hub]:
    """Make hubs."""
    return lambda *answers: Hub(web_host(), *(answers or (DONE,)))


def home(tmp_path: Path, *hubs: str) -> Settings:
    """Write a home with these hubs."""
    listed = ", ".join(f'"{hub}"' for hub in hubs)
    (tmp_path / "publisher.toml").write_text(
        f'site_url = "{SITE}"\n[newsletter]\ntitle = "Weekly"\nhubs = [{listed}]\n'
        '[network]\nallow = ["127.0.0.1"]\n',
        "utf-8",
    )
    return settings_room.load(tmp_path, {})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store."""
    with Store.open(f"sqlite:///{tmp_path / 'publisher.db'}") as opened:
        yield opened


def owe(settings: Settings, store: Store, *urls: str) -> datetime:
    """Owe word of some feeds, or of three; give when."""
    now = utc_now()
    with store.begin() as conn:
        pings.owe(conn, settings.newsletters[0], urls or FEEDS, now)
    return now


def debts(settings: Settings, store: Store) -> list[Debt]:
    """What is still owed."""
    with store.read() as conn:
        return pings.debts(conn, settings.newsletters[0])


def told(settings: Settings, store: Store, seconds: float = 9.0) -> list[Told]:
    """Tell what is due."""
    return tell(settings, store, threading.Event(), seconds=seconds)


def test_told_once(tmp_path: Path, store: Store, make_hub: Callable[..., Hub]) -> None:
    """Each hub is told once of each feed that changed, and then owed nothing."""
    one, other = make_hub(), make_hub()
    settings = home(tmp_path, one.address, other.address)
    assert told(settings, store) == []
    owe(settings, store)
    assert told(settings, store) == [Told(one.address, 3), Told(other.address, 3)]
    assert told(settings, store) == []
    assert (one.told, other.told) == (FEEDS, FEEDS)
    assert debts(settings, store) == [Debt(one.address), Debt(other.address)]


def test_one_hub_hinders_no_other(
    tmp_path: Path, store: Store, make_hub: Callable[..., Hub]
) -> None:
    """A hub that never answers costs the others nothing, and is asked once, not for each feed."""
    dumb, well = make_hub(), make_hub()
    dumb.host.answers["/hub"] = lambda connection: dumb.host.released.wait(20)
    settings = home(tmp_path, dumb.address, well.address)
    owe(settings, store)
    first, second = told(settings, store, seconds=0.7)
    assert second == Told(well.address, 3)
    assert (first.feeds, first.missed) == (0, 3)
    assert first.why.startswith("it took longer than 0.35")
    assert len(dumb.host.heads) == 1
    assert first.again is not None
    assert first.again > utc_now() + timedelta(seconds=50)
    assert debts(settings, store)[0].waiting == 3


def test_a_hub_that_is_down(tmp_path: Path, store: Store, make_hub: Callable[..., Hub]) -> None:
    """What a hub could not be told is owed until it is there again, also to another process."""
    hub = make_hub()
    hub.host.stop()
    settings = home(tmp_path, hub.address)
    before = owe(settings, store)
    (missed,) = told(settings, store)
    assert (missed.missed, missed.why) == (3, "its host could not be reached or understood")
    (debt,) = debts(settings, store)
    assert debt.next_at is not None
    assert debt.next_at - before >= timedelta(minutes=1)
    store.close()
    with Store.open(settings.database) as later:
        assert debts(settings, later) == [debt]


def test_refused(tmp_path: Path, store: Store, make_hub: Callable[..., Hub]) -> None:
    """What a hub refuses is not told for ever: three tries, and it stands there with the reason."""
    hub = make_hub("404 Not Found")
    settings = home(tmp_path, hub.address)
    owe(settings, store, FEEDS[0])
    for tries in (1, 2, 3):
        told(settings, store)
        assert len(hub.told) == tries
        with store.begin() as conn:  # the wait is over
            (one,) = pings.take(conn, "newsletter", hub.address, 9, timedelta(0), FAR) or (None,)
            if one is not None:
                pings.put_off(conn, one, one.tries, utc_now(), one.words)
    assert debts(settings, store) == [Debt(hub.address, 0, 1, None, "its host answered 404")]
    hub.answers = [DONE]
    owe(settings, store, FEEDS[0])
    assert told(settings, store) == [Told(hub.address, 1)]


FAR = datetime.fromisoformat("2099-01-01T00:00:00Z")


@pytest.mark.parametrize("answer", ["503 Busy\r\nRetry-After: 3600", "429 Slow down"])
def test_a_busy_hub_is_spared(
    tmp_path: Path, store: Store, make_hub: Callable[..., Hub], answer: str
) -> None:
    """A hub that has too much to do is not asked again for the other feeds."""
    hub = make_hub(DONE, answer)
    settings = home(tmp_path, hub.address)
    owe(settings, store)
    (said,) = told(settings, store)
    assert (said.feeds, said.missed, len(hub.told)) == (1, 2, 2)
    least = timedelta(hours=1) if "Retry" in answer else timedelta(minutes=1)
    assert said.again is not None
    assert said.again - utc_now() > least - timedelta(seconds=30)


def test_one_feed_refused(tmp_path: Path, store: Store, make_hub: Callable[..., Hub]) -> None:
    """A fault of one feed is none of the others'."""
    hub = make_hub(DONE, "400 Bad Request", DONE)
    settings = home(tmp_path, hub.address)
    owe(settings, store)
    (said,) = told(settings, store)
    assert (said.feeds, said.missed, said.why) == (2, 1, "its host answered 400")


def test_time_is_kept(tmp_path: Path, store: Store, make_hub: Callable[..., Hub]) -> None:
    """When the time is up, what had no turn is due at once, and no try is counted."""
    hub = make_hub()
    slow = hub.host.answers["/hub"]

    def late(connection: socket.socket) -> None:
        time.sleep(0.3)
        slow(connection)

    hub.host.answers["/hub"] = late
    settings = home(tmp_path, hub.address)
    many = [f"{SITE}topics/{number}/rss.xml" for number in range(20)]
    owe(settings, store, *many)
    begun = time.monotonic()
    (said,) = told(settings, store, seconds=2.0)
    assert time.monotonic() - begun < 5
    assert (said.missed, said.feeds < 6) == (0, True)
    (debt,) = debts(settings, store)
    assert debt.waiting == 20 - said.feeds
    with store.begin() as conn:
        rest = pings.take(conn, "newsletter", hub.address, 99, timedelta(0), utc_now())
    assert {one.tries for one in rest} == {0}
    assert len(rest) >= 14


def test_told_to_stop(tmp_path: Path, store: Store, make_hub: Callable[..., Hub]) -> None:
    """Who is told to stop tells nobody more."""
    hub = make_hub()
    settings = home(tmp_path, hub.address)
    owe(settings, store)
    stop = threading.Event()
    stop.set()
    tell(settings, store, stop)
    assert hub.told == []
    assert told(settings, store) == [Told(hub.address, 3)]


def test_a_hub_taken_out(tmp_path: Path, store: Store, make_hub: Callable[..., Hub]) -> None:
    """A hub the settings no longer name is told nothing, and its debt is forgotten."""
    hub, other = make_hub(), make_hub()
    owe(home(tmp_path, hub.address), store)
    settings = home(tmp_path, other.address)
    assert told(settings, store) == []
    assert told(home(tmp_path, hub.address), store) == []
    assert hub.told == []


def test_changed_while_it_was_told(
    tmp_path: Path, store: Store, make_hub: Callable[..., Hub]
) -> None:
    """A feed that changes while its hub is being told is told again."""
    hub = make_hub()
    settings = home(tmp_path, hub.address)
    plain = hub.host.answers["/hub"]

    def publish_meanwhile(connection: socket.socket) -> None:
        hub.host.answers["/hub"] = plain
        owe(settings, store, FEEDS[0])
        plain(connection)

    hub.host.answers["/hub"] = publish_meanwhile
    owe(settings, store, FEEDS[0])
    told(settings, store)
    assert debts(settings, store)[0].waiting == 1
    told(settings, store)
    assert hub.told == [FEEDS[0]] * 2
