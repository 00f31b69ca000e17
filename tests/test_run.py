"""The running process: the main job end to end, the rules, and the ways it ends."""

import contextlib
import http.client
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from publisher import run as process
from publisher import site
from publisher.errors import RefusedError

TOML = """site_url = "http://127.0.0.1:{port}/"
transport = "smtp"
[newsletter]
title = "Weekly"
send = "{rule}"
sender_address = "editor@weekly.test"
postal_address = "Street 1, Town"
[smtp]
host = "127.0.0.1"
port = {smtp}
tls = "none"
connections = 4
[web]
port = {port}
desk_port = {desk}
"""
DIGEST = """# A paper on rivers
[一篇关于河流的论文](https://example.net/rivers)

河流如何改道，本文给出答案。

# A paper on bridges
[一篇关于桥梁的论文](https://example.net/bridges)

桥梁如何站稳，本文给出答案。
"""


def free_port() -> int:
    """Find a port nobody listens on, outside the range that outgoing connections take theirs from."""
    while True:
        port = random.randint(20_000, 32_000)
        with socket.socket() as one, contextlib.suppress(OSError):
            one.bind(("127.0.0.1", port))
            return port


@dataclass
class Inbox:
    """A real SMTP server on loopback that keeps what it takes."""

    messages: list[tuple[str, bytes]] = field(default_factory=list)
    port: int = 0

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """Take one message."""
        self.messages.append((envelope.rcpt_tos[0], envelope.content))
        return "250 2.0.0 taken"

    def recipients(self) -> Counter[str]:
        """How often each recipient was written to."""
        return Counter(address for address, _ in self.messages)


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    """An inbox that listens."""
    made = Inbox(port=free_port())
    controller = Controller(made, hostname="127.0.0.1", port=made.port)
    controller.start()
    yield made
    controller.stop()


@dataclass
class Home:
    """A home and the process on it."""

    path: Path
    port: int
    desk: int
    process: subprocess.Popen[str] | None = None

    def publisher(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command on the home."""
        return subprocess.run(
            [sys.executable, "-m", "publisher", "--home", str(self.path), *words],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def start(self) -> None:
        """Start `publisher run` and wait until its site answers."""
        with (self.path / "log").open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "publisher", "--home", str(self.path), "run"],
                stdout=log,
                stderr=log,
                text=True,
            )
        until(lambda: self.get("/health")[0] == 200, 30)

    def get(self, path: str) -> tuple[int, bytes]:
        """Fetch from the site."""
        try:
            return self.ask("GET", path)
        except OSError:
            return 0, b""

    def ask(self, method: str, path: str, body: str | None = None) -> tuple[int, bytes]:
        """Ask the site; a body is a form."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        form = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
        try:
            connection.request(method, path, body, form)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End the process and give its exit code."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(30)


def until(is_so: Callable[[], bool], seconds: float) -> None:
    """Wait until something is so; fail when it does not come about."""
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.1)


@pytest.fixture
def home(tmp_path: Path, inbox: Inbox) -> Iterator[Home]:
    """A home whose relay is the inbox, with on-publish as its rule."""
    made = Home(tmp_path, free_port(), free_port())
    (tmp_path / "digests").mkdir()
    (tmp_path / "publisher.toml").write_text(
        TOML.format(port=made.port, desk=made.desk, smtp=inbox.port, rule="on-publish"), "utf-8"
    )
    yield made
    if made.process is not None and made.process.poll() is None:
        made.process.kill()
        made.process.wait()


def import_readers(home: Home, number: int) -> None:
    """Import so many subscribers."""
    file = home.path / "people.csv"
    file.write_text("email\n" + "".join(f"reader{i}@example.net\n" for i in range(number)), "utf-8")
    done = home.publisher("subscribers", "import", str(file))
    assert done.returncode == 0, done.stderr


def entries(home: Home) -> dict[str, dict[str, Any]]:
    """The JSON feed's entries by id."""
    return {item["id"]: item for item in json.loads(home.get("/feed.json")[1])["items"]}


def test_the_main_job(home: Home, inbox: Inbox) -> None:
    """A digest dropped while `run` runs reaches each reader once; edited and renamed, nobody."""
    import_readers(home, 200)
    home.start()
    file = home.path / "digests" / "week.md"
    file.write_text(DIGEST, "utf-8")
    until(lambda: len(inbox.messages) >= 200, 90)
    time.sleep(1.5)
    assert set(inbox.recipients().values()) == {1}
    assert len(inbox.messages) == 200
    message = message_from_bytes(inbox.messages[0][1])
    assert message["List-Unsubscribe"].startswith("<http://127.0.0.1:")
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    before = entries(home)
    file.unlink()
    renamed = home.path / "digests" / "renamed.md"
    renamed.write_text(DIGEST.replace("站稳", "屹立"), "utf-8")
    until(lambda: "屹立".encode() in home.get("/rss.xml")[1], 60)
    after = entries(home)
    assert set(after) == set(before)
    (one,), (two,) = before.values(), after.values()
    assert one["date_published"] == two["date_published"]
    assert one["date_modified"] < two["date_modified"]
    assert home.stop() == 0
    assert len(inbox.messages) == 200
    done = home.publisher("send", "latest", "--yes")
    assert done.returncode == 1
    assert "was sent already" in done.stderr


def test_unsubscribing_takes_one_click(home: Home, inbox: Inbox) -> None:
    """GET changes nothing, POST ends the subscription, and a later issue does not reach them."""
    import_readers(home, 2)
    home.start()
    (home.path / "digests" / "one.md").write_text(DIGEST, "utf-8")
    until(lambda: len(inbox.messages) == 2, 60)
    message = message_from_bytes(dict(inbox.messages)["reader0@example.net"])
    path = message["List-Unsubscribe"].strip("<>").split("/", 3)[3]
    assert home.get(f"/{path}")[0] == 200
    assert home.ask("POST", f"/{path}", "List-Unsubscribe=One-Click")[0] == 200
    second = DIGEST.replace("/rivers", "/lakes").replace("/bridges", "/roads")
    (home.path / "digests" / "two.md").write_text(second.replace("A paper on", "News of"), "utf-8")
    until(lambda: len(inbox.messages) == 3, 60)
    assert inbox.recipients() == {"reader0@example.net": 1, "reader1@example.net": 2}


def test_a_killed_sender_is_started_again(home: Home, inbox: Inbox) -> None:
    """SIGKILL on the sender process costs nobody their issue, and `run` starts another."""
    import_readers(home, 300)
    home.start()
    (home.path / "digests" / "one.md").write_text(DIGEST, "utf-8")
    until(lambda: len(inbox.messages) > 20, 60)
    assert home.process is not None
    children = Path(f"/proc/{home.process.pid}/task/{home.process.pid}/children").read_text()
    for child in children.split():
        if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes():
            os.kill(int(child), signal.SIGKILL)
    until(lambda: len(inbox.recipients()) == 300, 60)
    time.sleep(0.5)
    assert len(inbox.messages) <= 304  # one more for each connection
    assert home.stop() == 0


def test_an_empty_home_filled_at_once_mails_nobody(home: Home, inbox: Inbox) -> None:
    """Many digests in an empty home are back catalogue: published, not one message."""
    import_readers(home, 5)
    for number in range(30):
        text = DIGEST.replace("/rivers", f"/r{number}").replace("/bridges", f"/b{number}")
        (home.path / "digests" / f"issue-{number + 1}.md").write_text(text, "utf-8")
    done = home.publisher("run", "--once")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("published ") == 30
    assert inbox.messages == []


def test_losing_the_database_mails_nobody(home: Home, inbox: Inbox) -> None:
    """Without its database the home republishes under the same ids, and no mail leaves."""
    import_readers(home, 3)
    home.publisher("run", "--once")
    (home.path / "digests" / "one.md").write_text(DIGEST, "utf-8")
    home.publisher("run", "--once")
    assert len(inbox.messages) == 3
    feed = (home.path / "feeds" / "atom.xml").read_bytes()
    for file in home.path.glob("publisher.db*"):
        file.unlink()
    import_readers(home, 3)
    done = home.publisher("run", "--once")
    assert done.returncode == 0, done.stderr
    assert len(inbox.messages) == 3
    assert (home.path / "feeds" / "atom.xml").read_bytes() == feed


def test_a_second_run_is_refused(home: Home) -> None:
    """One process holds a home; another is refused by name of the first."""
    home.start()
    assert process.is_running(home.path)
    done = home.publisher("run")
    assert done.returncode == 1
    assert "runs on this home already" in done.stderr
    assert home.stop() == 0
    assert not process.is_running(home.path)


def test_only_one_holds_the_home(tmp_path: Path) -> None:
    """The lock goes with the block that took it."""
    with process.only_one(tmp_path), pytest.raises(RefusedError), process.only_one(tmp_path):
        pass
    assert not process.is_running(tmp_path)


def test_sigterm_in_mid_send_leaves_soon_and_loses_nobody(home: Home, inbox: Inbox) -> None:
    """Told to stop while sending, it leaves within 25 s; started again, each reader has one mail."""
    import_readers(home, 400)
    home.start()
    (home.path / "digests" / "one.md").write_text(DIGEST, "utf-8")
    until(lambda: len(inbox.messages) > 20, 60)
    begun = time.monotonic()
    assert home.stop() == 0
    assert time.monotonic() - begun < 25
    home.start()
    until(lambda: len(inbox.messages) >= 400, 60)
    time.sleep(0.5)
    assert set(inbox.recipients().values()) == {1}
    assert home.stop() == 0


def hanging(home: Home, inbox: Inbox) -> threading.Event:
    """Put a relay in the inbox's place that takes the content and then says nothing more."""
    listener = socket.create_server(("127.0.0.1", 0))
    hangs = threading.Event()

    def serve() -> None:
        connection, _ = listener.accept()
        with listener, connection, connection.makefile("rb") as lines:
            connection.sendall(b"220 relay\r\n")
            for _ in range(4):
                said = lines.readline()
                connection.sendall(b"354 go on\r\n" if said == b"DATA\r\n" else b"250 ok\r\n")
            lines.readline()  # of the content: whoever stops now has it on the wire
            hangs.set()
            lines.read()  # until the other side ends it

    threading.Thread(target=serve, daemon=True).start()
    settings = home.path / "publisher.toml"
    port = listener.getsockname()[1]
    settings.write_text(settings.read_text("utf-8").replace(str(inbox.port), str(port)), "utf-8")
    return hangs


def test_sigterm_while_the_relay_hangs(home: Home, inbox: Inbox) -> None:
    """It leaves in good order within 25 s; who was on the wire is in doubt, all others queued."""
    import_readers(home, 3)
    hangs = hanging(home, inbox)
    home.start()
    (home.path / "digests" / "one.md").write_text(DIGEST, "utf-8")
    assert hangs.wait(60)
    begun = time.monotonic()
    assert home.stop() == 0
    assert time.monotonic() - begun < 25
    (send,) = json.loads(home.publisher("sends", "--json").stdout)["sends"]
    assert send["counts"] == {"queued": 2, "in_doubt": 1}
    assert list((home.path / "wire").iterdir()) == []


def test_sigterm_while_publishing_waits(home: Home, inbox: Inbox) -> None:
    """Another process that holds publishing for long does not hold up the leaving."""
    home.start()
    with site.lock(home.path):
        (home.path / "digests" / "one.md").write_text(DIGEST, "utf-8")
        time.sleep(4)
        begun = time.monotonic()
        home.stop()
        assert time.monotonic() - begun < 25
    assert home.publisher("publish").returncode == 0


def test_mended_settings_are_taken_by_the_sender(home: Home, inbox: Inbox) -> None:
    """A send paused for its settings goes on after they are mended and it is resumed."""
    import_readers(home, 2)
    settings = home.path / "publisher.toml"
    right = settings.read_text("utf-8")
    settings.write_text(right.replace('tls = "none"', 'tls = "starttls"'), "utf-8")
    home.start()
    (home.path / "digests" / "one.md").write_text(DIGEST, "utf-8")

    def paused() -> bool:
        sends = json.loads(home.publisher("sends", "--json").stdout)["sends"]
        return [send["state"] for send in sends] == ["paused"]

    until(paused, 60)
    settings.write_text("this is no [toml", "utf-8")
    settings.write_text(right, "utf-8")
    until(lambda: "starts again" in (home.path / "log").read_text("utf-8"), 30)
    assert home.publisher("resume", "1").returncode == 0
    until(lambda: len(inbox.messages) == 2, 30)
    assert home.stop() == 0


def drop(home: Home, name: str) -> None:
    """Put a digest of its own into the folder and wait until it is published."""
    text = DIGEST.replace("rivers", f"{name}s").replace("bridges", f"{name}-ways")
    (home.path / "digests" / f"{name}.md").write_text(text, "utf-8")
    until(lambda: f"{name}-ways" in home.get("/feed.json")[1].decode(), 30)


def test_the_rule_is_taken_from_the_file_as_it_is(home: Home, inbox: Inbox) -> None:
    """Manual mails nobody from then on; switched on again, only what comes then; broken, nothing."""
    import_readers(home, 1)
    settings, log = home.path / "publisher.toml", home.path / "log"
    automatic = settings.read_text("utf-8")
    home.start()
    settings.write_text(automatic.replace('"on-publish"', '"manual"'), "utf-8")
    drop(home, "lake")
    time.sleep(1)
    assert json.loads(home.publisher("sends", "--json").stdout)["sends"] == []
    settings.write_text(automatic, "utf-8")
    drop(home, "sea")
    until(lambda: len(inbox.messages) == 1, 30)
    assert "by the rule 'on-publish'" in log.read_text("utf-8")
    assert "it was published while the rule was manual" in log.read_text("utf-8")
    settings.write_text("this is no [toml", "utf-8")
    drop(home, "pond")
    time.sleep(12)  # longer than a beat of the heart
    assert log.read_text("utf-8").count("nothing is scheduled meanwhile") == 1
    settings.write_text(automatic, "utf-8")
    assert len(json.loads(home.publisher("sends", "--json").stdout)["sends"]) == 1
    until(lambda: len(inbox.messages) == 2, 30)
    assert home.stop() == 0
    texts = [
        "".join(str(part.get_payload(decode=True)) for part in message_from_bytes(one).walk())
        for _, one in inbox.messages
    ]
    assert ["sea-ways" in text for text in texts] == [True, False]
    assert ["pond-ways" in text for text in texts] == [False, True]


def test_looking_whether_it_runs_stands_in_nobodys_way(tmp_path: Path) -> None:
    """A `run` that starts while commands look for one is not refused."""
    over = time.monotonic() + 2
    program = (
        "import sys, time; from pathlib import Path; from publisher.run import is_running\n"
        "end = time.monotonic() + 3\n"
        "while time.monotonic() < end: is_running(Path(sys.argv[1]))"
    )
    with process.only_one(tmp_path):
        pass
    looking = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)])
    while time.monotonic() < over:
        with process.only_one(tmp_path):
            pass
    assert looking.wait(30) == 0


def test_a_relay_that_is_away_is_told_to_who_waits(home: Home, inbox: Inbox) -> None:
    """A command that gives up on the relay says so and leaves with 1; nobody is lost."""
    import_readers(home, 2)
    (home.path / "digests" / "one.md").write_text(DIGEST, "utf-8")
    home.publisher("publish")
    settings = home.path / "publisher.toml"
    settings.write_text(
        settings.read_text("utf-8").replace(str(inbox.port), str(free_port())), "utf-8"
    )
    program = (
        "import sys; from datetime import timedelta; from publisher import cli\n"
        "from publisher.run import sending\n"
        "sending.PATIENCE = timedelta(seconds=1); sys.exit(cli.main())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "--home", str(home.path), "send", "latest", "--yes"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "the relay rests" in done.stderr
    (send,) = json.loads(home.publisher("sends", "--json").stdout)["sends"]
    assert send["counts"] == {"queued": 2}


def test_a_test_waits_less_for_a_relay_that_is_away(home: Home) -> None:
    """Who sends a test is told soon where no relay answers, and nothing of it is left."""
    (home.path / "digests" / "one.md").write_text(DIGEST, "utf-8")
    home.publisher("publish")
    program = (
        "import sys; from datetime import timedelta; from publisher import cli\n"
        "from publisher.run import sending\n"
        "sending.PATIENCE = timedelta(hours=1); sending.TEST_PATIENCE = timedelta(seconds=1)\n"
        "sys.exit(cli.main())"
    )
    settings = home.path / "publisher.toml"
    text = re.sub(r"port = \d+", f"port = {free_port()}", settings.read_text("utf-8"), count=1)
    settings.write_text(text, "utf-8")
    command = ["--home", str(home.path), "send", "latest", "--to", "editor@example.net", "--yes"]
    done = subprocess.run(
        [sys.executable, "-c", program, *command], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "editor@example.net did not get the test" in done.stderr
    assert "cannot connect" in done.stderr
    (send,) = json.loads(home.publisher("sends", "--json").stdout)["sends"]
    assert send["state"] == "cancelled"


def test_mail_is_refused_with_all_reasons(home: Home) -> None:
    """Without sender and postal address a send by SMTP is refused, both reasons at once."""
    text = (home.path / "publisher.toml").read_text("utf-8")
    lines = [line for line in text.splitlines() if not line.startswith(("sender", "postal"))]
    (home.path / "publisher.toml").write_text("\n".join(lines), "utf-8")
    home.publisher("subscribers", "add", "a@example.net")
    (home.path / "digests" / "one.md").write_text(DIGEST, "utf-8")
    home.publisher("publish")
    done = home.publisher("send", "latest", "--yes")
    assert done.returncode == 1
    assert "preflight/sender" in done.stderr
    assert "preflight/postal-address" in done.stderr
