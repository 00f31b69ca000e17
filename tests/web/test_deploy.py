"""What docs/deploy.md says, tried: its nginx stands before the site, its unit is one."""

import configparser
import gzip
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from publisher.model import SubscriberState
from publisher.store import subscribers

pytestmark = pytest.mark.service

DEPLOY = Path(__file__).parent.parent.parent / "docs" / "deploy.md"


def block(language: str) -> str:
    """The first block of a language in the document."""
    found = re.search(rf"^```{language}\n(.*?)^```$", DEPLOY.read_text("utf-8"), re.S | re.M)
    assert found is not None
    return found[1]


@pytest.fixture
def front(site, nginx):
    """The documented nginx before the site, without its certificate."""
    conf = block("nginx").partition("server {\n    listen 80;")[0]
    conf = re.sub(r"^ *ssl_\w+ .*\n", "", conf, flags=re.M)
    conf = conf.replace("listen 443 ssl", "listen 127.0.0.1:PORT")
    return nginx(conf.replace("127.0.0.1:8000", f"127.0.0.1:{site.port}"))


def test_feeds_keep_their_validators(front, put) -> None:
    """Through nginx, plain or compressed, three polls give 200, 304 and 304."""
    put("rss.xml", "<rss>" + "a" * 5000 + "</rss>")
    plain = front.ask("/rss.xml", host="news.example.org")
    packed = front.ask("/rss.xml", host="news.example.org", accept_encoding="gzip")
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert packed.headers["content-type"] == "application/rss+xml; charset=utf-8"
    assert "accept-encoding" in packed.headers["vary"].lower()
    for answer in (plain, packed):
        again = front.ask(
            "/rss.xml",
            host="news.example.org",
            accept_encoding="gzip",
            if_none_match=answer.headers["etag"],
        )
        assert again.status == 304
        dated = front.ask("/rss.xml", if_modified_since=answer.headers["last-modified"])
        assert dated.status == 304


def test_one_click_through_nginx(front, subscribe, store, tmp_path: Path) -> None:
    """The one click arrives without a redirect, and its address stands in no log."""
    reader, path = subscribe()
    front.ask("/rss.xml", host="news.example.org")
    answer = front.ask(
        path,
        "POST",
        host="news.example.org",
        body=b"List-Unsubscribe=One-Click",
        content_type="application/x-www-form-urlencoded",
    )
    assert answer.status == 200
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["strict-transport-security"] == "max-age=31536000"
    with store.read() as conn:
        assert subscribers.get(conn, reader).state is SubscriberState.UNSUBSCRIBED
    log = (tmp_path / "nginx" / "access.log").read_text()
    assert "/rss.xml" in log
    assert "unsubscribe" not in log


def test_the_unit_is_one(tmp_path: Path) -> None:
    """The unit says each thing once; systemd, where there is one, takes it as it stands."""
    unit = block("ini")
    service = configparser.ConfigParser(interpolation=None)
    service.read_string(unit)
    assert service["Service"]["LoadCredential"].startswith("smtp-password:")
    assert service["Service"]["ReadWritePaths"] in service["Service"]["ExecStart"]
    program = shutil.which("systemd-analyze")
    if program is None:
        return
    unit = unit.replace("/opt/publisher/bin/publisher", "/bin/true")
    (tmp_path / "publisher.service").write_text(unit.replace("=publisher\n", "=root\n"))
    done = subprocess.run(
        [program, "verify", tmp_path / "publisher.service"], capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
