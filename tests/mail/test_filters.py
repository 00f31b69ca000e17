"""Spam filters: what two of them make of the sample as it is sent, in every look.

Its subject is Chinese, then English. Neither filter asks the network. Both print what they counted (`pytest -s`).
"""

import contextlib
import email
import email.policy
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.service

ROOT = Path(__file__).parent.parent.parent
LOOKS = ("digest", "compact", "letter")
SUBJECTS = {"zh": "本周值得一读的十七篇论文", "en": "Seventeen papers worth an evening"}
SENDER = "editor@digest.example.org"
READER = "reader@example.net"
NETWORKED = [
    "rbl", "fuzzy_check", "asn", "greylist", "ratelimit", "replies", "history_redis", "phishing",
    "neural", "spf", "dmarc", "arc", "mx_check", "antivirus", "hfilter",
]  # fmt: skip
POINTS = re.compile(r"^\s*(-?\d+\.\d+) ([A-Z0-9_]+)", re.MULTILINE)
HIDING = """
use Encode; use Mail::SpamAssassin::HTML; local $/; my $page = decode_utf8(<STDIN>);
my $read = Mail::SpamAssassin::HTML->new(1, 1); $read->parse($page);
printf "%d %d", $read->{tags}, $read->{obfuscation} // 0;
"""
"""Counts a page's tags and those inside what SpamAssassin takes for words, with its own reader."""


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.fixture(scope="module", params=[f"{look}-{way}" for look in LOOKS for way in SUBJECTS])
def sent(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The sample as the outbox holds it, sent by the program to a subscriber."""
    look, _, way = request.param.partition("-")
    home = tmp_path_factory.mktemp("home")
    settings = (ROOT / "publisher.toml").read_text("utf-8")
    chosen = settings.replace('name = "digest" ', f'name = "{look}" ')
    assert f'name = "{look}" ' in chosen
    (home / "publisher.toml").write_text(chosen, "utf-8")
    (home / "digests").mkdir()
    (digest,) = (ROOT / "digests").glob("*.md")
    text = f"---\nsubject: {SUBJECTS[way]}\n---\n\n{digest.read_text('utf-8')}"
    (home / "digests" / digest.name).write_text(text, "utf-8")

    def publisher(*words: str) -> None:
        line = [sys.executable, "-m", "publisher", "--home", str(home), *words]
        done = subprocess.run(line, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr

    publisher("publish")
    publisher("subscribers", "add", READER)
    publisher("send", "latest", "--yes", "--wait")
    (letter,) = (home / "outbox").glob("*.eml")
    return re.sub(rb"\A(?:X-Envelope-[^\n]*\n)+", b"", letter.read_bytes())


@pytest.fixture(scope="module")
def rspamd(
    tmp_path_factory: pytest.TempPathFactory, program: Callable[[str], str]
) -> Iterator[int]:
    """The port of an rspamd of our own, with nothing on that would ask the network."""
    folder = tmp_path_factory.mktemp("rspamd")
    command = [program("rspamd"), "--no-fork", "--insecure"]
    port, controller, nobody = free_port(), free_port(), free_port()
    shutil.copytree("/etc/rspamd", folder / "conf")
    local = folder / "conf" / "local.d"
    local.mkdir(exist_ok=True)
    files = {f"{name}.conf": "enabled = false;" for name in NETWORKED} | {
        "options.inc": f'dns {{ nameserver = ["127.0.0.1:{nobody}:1"]; timeout = 0.1s; }}',
        "worker-normal.inc": f'bind_socket = "127.0.0.1:{port}"; count = 1;',
        "worker-controller.inc": f'bind_socket = "127.0.0.1:{controller}";',
        "worker-proxy.inc": "enabled = false;",
        "worker-fuzzy.inc": "enabled = false;",
    }
    for name, text in files.items():
        (local / name).write_text(text, "utf-8")
    command += ["-c", str(folder / "conf" / "rspamd.conf")]
    for name in ("CONFDIR", "LOCAL_CONFDIR", "RUNDIR", "DBDIR", "LOGDIR"):
        place = folder / ("conf" if "CONF" in name else name)
        place.mkdir(exist_ok=True)
        command.append(f"--var={name}={place}")
    with (folder / "out.txt").open("wb") as out:
        daemon = subprocess.Popen(command, stdout=out, stderr=out, start_new_session=True)
        try:
            await_pong(port, daemon)
            yield port
        finally:
            daemon.terminate()
            try:
                daemon.wait(30)
            finally:  # its workers, should it have left any
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(daemon.pid, signal.SIGKILL)


def await_pong(port: int, daemon: subprocess.Popen[bytes]) -> None:
    """Wait until the worker answers; it compiles its expressions first."""
    end = time.monotonic() + 120
    while daemon.poll() is None and time.monotonic() < end:
        try:
            if ask(port, "GET", "/ping") == b"pong\r\n":
                return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"rspamd does not answer (exit {daemon.poll()})")


def ask(port: int, method: str, path: str, body: bytes = b"", **headers: str) -> bytes:
    """Ask the worker."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        line.request(method, path, body, {name.title(): value for name, value in headers.items()})
        return line.getresponse().read()
    finally:
        line.close()


def points(mail: bytes, home: Path, spamassassin: str) -> dict[str, float]:
    """What SpamAssassin counts against a mail, offline, rule by rule."""
    done = subprocess.run(
        [spamassassin, "--local", "--test-mode", "--nocreate-prefs"],
        input=mail,
        env=os.environ | {"HOME": str(home)},
        capture_output=True,
        timeout=120,
        check=True,
    )
    _, _, analysis = done.stdout.decode("utf-8", "replace").partition("Content analysis details:")
    rules = {name: float(points) for points, name in POINTS.findall(analysis)}
    sys.stdout.write(f"SpamAssassin: {rules}\n")
    assert "HTML_MESSAGE" in rules  # it did look
    return {name: points for name, points in rules.items() if points > 0}


def test_spamassassin(sent: bytes, tmp_path: Path, program: Callable[[str], str]) -> None:
    """Offline no rule of SpamAssassin counts a tenth of a point against the sample."""
    assert points(sent, tmp_path, program("spamassassin")) == {}


def test_a_list_of_titles(
    maker: Callable[..., Any], tmp_path: Path, program: Callable[[str], str]
) -> None:
    """Nor against 120 Han titles, each one word to it, in the look that shows only those.

    With three times the words of its HTML a text half would be another mail (2.8 points).
    """
    titles = (
        f"{side}边第{pier}码头的风与灯"
        for side in "东西南北前后左右上下内外"
        for pier in "一二三四五六七八九十"
    )
    items = "".join(
        f"- [{title}](https://papers.example.net/{at})\n" for at, title in enumerate(titles)
    )
    made = maker(f"# 港口的风与灯\n\n{items}", "compact")
    assert points(made.message.as_bytes(), tmp_path, program("spamassassin")) == {}


def test_no_word_is_hidden(sent: bytes, program: Callable[[str], str]) -> None:
    """Of a hundred tags at most four stand inside a word; from five on SpamAssassin counts it.

    A Han sentence is one word to it, so every link in one counts, and so did our marks in titles.
    """
    html = email.message_from_bytes(sent, policy=email.policy.default).get_body(("html",))
    assert html is not None
    done = subprocess.run(
        [program("perl"), "-e", HIDING],
        input=html.get_content().encode(),
        capture_output=True,
        timeout=60,
        check=True,
    )
    tags, inside = map(int, done.stdout.split())
    sys.stdout.write(f"tags inside words: {inside} of {tags}\n")
    assert tags > 100  # it did look
    assert inside / tags < 0.04


def test_rspamd(sent: bytes, rspamd: int) -> None:
    """Offline rspamd gives the sample less than one point of the fifteen that reject it."""
    answer = ask(
        rspamd,
        "POST",
        "/checkv2",
        sent,
        ip="203.0.113.5",
        hostname="mail.digest.example.org",
        helo="mail.digest.example.org",
        rcpt=READER,
        **{"from": SENDER},
    )
    verdict = json.loads(answer)
    counted = {name: one["score"] for name, one in verdict["symbols"].items() if one["score"]}
    sys.stdout.write(f"rspamd: {verdict['score']} {counted}\n")
    assert "HAS_LIST_UNSUB" in verdict["symbols"]  # it did look
    assert verdict["action"] == "no action"
    assert verdict["score"] < 1
    assert "URI_COUNT_ODD" not in counted  # the halves carry the same links
