"""Several senders on one database, each with a wire folder of its own as on hosts of their own."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from publisher.model import DeliveryState, SendState
from publisher.store import Store, ledger, sends

pytestmark = pytest.mark.parametrize(
    "database", ["sqlite", pytest.param("postgres", marks=pytest.mark.service)], indirect=True
)
AUDIENCE = 1_500
HOST = """
import logging, signal, sys, threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog

from publisher import templates
from publisher.model import Newsletter
from publisher.send import Outlet, Outside, Pace, Sender
from publisher.store import Store
from publisher.wire.courier import Courier
from publisher.wire.outbox import Outbox

url, folder, lease = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
newsletter = Newsletter("weekly", "Weekly", sender_address="weekly@news.example.net",
                        site_url="https://news.example.net/", in_doubt="hold")
stop = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stop.set())
Sender(Outside(
    Store.open(url), {"weekly": newsletter}, templates.load(),
    b"0123456789abcdef0123456789abcdef", folder / "wire",
    (Outlet("outbox", lambda freight: Courier(Outbox(folder / "outbox"), freight)),),
    lambda: datetime.now(UTC), stop,
    pace=Pace(lease=timedelta(seconds=lease), idle=0.05, recover_seconds=0.5, store_rests=(0.2,)),
)).forever()
"""


class Hosts:
    """Senders in processes of their own."""

    def __init__(self, desk, url: str) -> None:
        self.desk = desk
        self.url = url
        self.running: list[subprocess.Popen[bytes]] = []

    def start(self, name: str, lease: int = 1800) -> subprocess.Popen[bytes]:
        """Start one."""
        folder = self.desk.folder / name
        folder.mkdir(exist_ok=True)
        arguments = [sys.executable, "-c", HOST, self.url, str(folder), str(lease)]
        self.running.append(subprocess.Popen(arguments))
        return self.running[-1]

    def mailed(self) -> list[str]:
        """List who got it, each as often as it came."""
        found = []
        for path in self.desk.folder.glob("*/outbox/*.eml"):
            line = next(one for one in path.read_bytes().split(b"\r\n") if b"X-Envelope-To" in one)
            found.append(line.partition(b"<")[2].rstrip(b">").decode())
        return found

    def wait_for(self, number: int, seconds: float = 30) -> None:
        """Wait until a send is done."""
        end = time.monotonic() + seconds
        while self.desk.send(number).state is not SendState.DONE:
            assert time.monotonic() < end, self.desk.send(number)
            time.sleep(0.1)


@pytest.fixture
def hosts(desk, database: str) -> Iterator[Hosts]:
    """An audience, a send that is due, and hosts to be started."""
    desk.now = datetime.now(UTC)
    desk.subscribe(*(f"reader{number}" for number in range(AUDIENCE)))
    made = Hosts(desk, database)
    yield made
    for process in made.running:
        process.kill()
        process.wait()


def test_two_hosts_mail_each_reader_once(desk, hosts: Hosts) -> None:
    """Both begin, claim and finish at once: everyone has it, and nobody twice."""
    running = [hosts.start(name) for name in ("one", "two")]
    end = time.monotonic() + 60
    while len(list(desk.folder.glob("*/wire/*.map"))) < 2:
        assert time.monotonic() < end, "one of them did not begin"
        time.sleep(0.05)
    number = desk.schedule()
    hosts.wait_for(number)
    assert len(hosts.mailed()) == len(set(hosts.mailed())) == AUDIENCE
    assert desk.send(number).count(DeliveryState.ACCEPTED) == AUDIENCE
    for process in running:
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0
    assert all(list((desk.folder / name / "outbox").glob("*.eml")) for name in ("one", "two"))


def test_a_lost_hosts_lot_comes_back_by_its_lease(desk, hosts: Hosts) -> None:
    """The other host settles what the lost one held: all are accounted for, nobody is repeated."""
    number = desk.schedule()
    lost = hosts.start("lost", lease=3)
    end = time.monotonic() + 30
    while len(list((desk.folder / "lost").glob("outbox/*.eml"))) < 20:
        assert time.monotonic() < end
        time.sleep(0.01)
    lost.kill()
    lost.wait()
    hosts.start("other", lease=3)
    hosts.wait_for(number)
    mailed = hosts.mailed()
    with desk.store.read() as conn:
        doubtful = {one.address for one in ledger.in_doubt(conn, number)}
    everyone = {f"reader{number}@example.com" for number in range(AUDIENCE)}
    assert len(mailed) == len(set(mailed))
    assert everyone - set(mailed) <= doubtful
    assert 1 <= len(doubtful) <= 500


def test_two_begin_a_send_at_once(desk, inbox, database: str) -> None:
    """One of them freezes and renders, the other finds it done."""
    desk.subscribe("ann", "bob")
    number = desk.schedule()
    together = threading.Barrier(4)
    faults: list[BaseException] = []

    def begin() -> None:
        with Store.open(database) as store:
            sender = desk.sender(store=store)
            together.wait()
            try:
                sender.begin_due()
            except BaseException as fault:
                faults.append(fault)

    threads = [threading.Thread(target=begin) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert desk.send(number).count(DeliveryState.QUEUED) == 2
    assert desk.send(number).state is SendState.RUNNING


def test_begun_and_cancelled_at_once(desk, inbox, database: str) -> None:
    """Whoever comes first, nobody is left waiting in a cancelled send, and nobody is mailed."""
    desk.subscribe("ann", "bob")
    for _ in range(5):
        number = desk.schedule()
        together = threading.Barrier(2)

        def begin(together: threading.Barrier = together) -> None:
            with Store.open(database) as store:
                sender = desk.sender(store=store)
                together.wait()
                sender.begin_due()

        thread = threading.Thread(target=begin)
        thread.start()
        together.wait()
        states = {SendState.SCHEDULED, SendState.RUNNING}
        with desk.store.begin() as conn:
            assert sends.set_state(conn, number, SendState.CANCELLED, frm=states, now=desk.now)
        thread.join()
        found = desk.send(number)
        assert found.state is SendState.CANCELLED
        assert found.count(DeliveryState.QUEUED) == 0
    desk.run()
    assert not inbox.recipients
