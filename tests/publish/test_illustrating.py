"""Pictures from digest to page: published once, kept for ever, and never a way out of the folder."""

import io
import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from publisher import publish as hall
from publisher import settings as settings_room
from publisher import site, templates
from publisher.codings import is_copy
from publisher.errors import SiteError
from publisher.model import Published
from publisher.publish import Outcome, illustrating
from publisher.store import Store, issues

START = datetime(2026, 5, 1, 9, 0, tzinfo=UTC)
TOML = """site_url = "https://news.example.net/"
[newsletter]
title = "Weekly"
{more}
[network]
allow = {allow}
"""


def picture(colour: str = "red", size: tuple[int, int] = (40, 30)) -> bytes:
    """Draw a picture."""
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "PNG")
    return out.getvalue()


@dataclass
class Home:
    """A home on disk with its own clock."""

    path: Path
    more: str = ""
    allow: tuple[str, ...] = ()
    now: datetime = START

    def __post_init__(self) -> None:
        """Write the settings, open the store."""
        text = TOML.format(more=self.more, allow=json.dumps(list(self.allow)))
        (self.path / "publisher.toml").write_text(text, "utf-8")
        (self.path / "digests").mkdir(exist_ok=True)
        self.settings = settings_room.load(self.path, {})
        self.store = Store.open(self.settings.database)

    def drop(self, name: str, data: str | bytes) -> Path:
        """Put a file into the digests folder, settled."""
        file = self.path / "digests" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data if isinstance(data, bytes) else data.encode())
        os.utime(file, (0, 0))
        return file

    def publish(self, **options: Any) -> Outcome:
        """Publish a minute later than before."""
        self.now += timedelta(minutes=1)
        loaded = templates.load(self.path)
        return hall.publish(self.settings, self.store, loaded, now=self.now, **options)

    def withdraw(self, slug: str, *, restore: bool = False) -> None:
        """Withdraw an issue, or bring it back."""
        loaded = templates.load(self.path)
        newsletter = self.settings.newsletters[0]
        hall.withdraw(
            self.settings, self.store, loaded, newsletter, slug, now=self.now, restore=restore
        )

    def site(self) -> dict[str, bytes]:
        """Every file of the published site, without the compressed copies."""
        root = self.settings.site_folder
        files = (path for path in root.rglob("*") if path.is_file() and not is_copy(path.name))
        return {path.relative_to(root).as_posix(): path.read_bytes() for path in files}

    def pictures(self) -> list[str]:
        """The pictures on the site."""
        return sorted(name for name in self.site() if name.endswith((".png", ".jpg", ".gif")))

    def page(self, slug: str) -> str:
        """The page of an issue."""
        return self.site()[f"issues/{slug}/index.html"].decode()

    def codes(self) -> dict[str, list[str]]:
        """What the store remembers to have been found in each digest."""
        with self.store.read() as conn:
            rows = issues.digests(conn, "newsletter")
        return {row.path: [found.code for found in row.findings] for row in rows}

    def again(self, more: str | None = None, *, keep_database: bool = True) -> "Home":
        """Open the home anew, with other settings or without its database."""
        self.store.close()
        if not keep_database:
            for file in self.path.glob("publisher.db*"):
                file.unlink()
        return Home(self.path, self.more if more is None else more, self.allow, self.now)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """A home that links, its empty folder published once."""
    made = Home(tmp_path)
    made.publish()
    yield made
    made.store.close()


@pytest.fixture
def rehosting(tmp_path: Path) -> Iterator[Home]:
    """A home that rehosts, and may reach loopback."""
    made = Home(tmp_path, 'images = "rehost"', ("127.0.0.1",))
    made.publish()
    yield made
    made.store.close()


def digest(*addresses: str) -> str:
    """Write a digest of one item per picture."""
    return "\n".join(
        f"# Item {number}\n<https://papers.test/{number}>\n\nWords. ![cup]({address})\n"
        for number, address in enumerate(addresses)
    )


# --- beside the digest --------------------------------------------------------


def test_a_local_picture_reaches_page_feeds_and_mail(home: Home) -> None:
    """A picture of the folder stands beside the page; feeds and mail lead to it by whole address."""
    home.drop("pics/a.png", picture(size=(2000, 1000)))
    home.drop("1.md", digest("pics/a.png"))
    outcome = home.publish()
    (where,) = home.pictures()
    folder, _, name = where.rpartition("/")
    assert folder == f"issues/{outcome.new[0].slug}"
    assert f'<img src="{name}" alt="cup" width="1200" height="600">' in home.page("1")
    whole = f"https://news.example.net/{where}"
    for feed in ("rss.xml", "atom.xml", "feed.json"):
        assert whole in home.site()[feed].decode().replace("\\", "")
    with home.store.read() as conn:
        record, stored = issues.get(conn, "newsletter", "1") or (None, None)
    assert record is not None
    assert stored is not None
    mail = hall.editions(
        Published(stored, record), home.settings.newsletters[0], templates.load(home.path)
    )
    assert f'<img src="{whole}" alt="cup" width="560" height="280"' in mail["mail"].body
    assert outcome.written[0] == where
    assert home.codes() == {"1.md": []}


def test_what_lies_outside_is_never_published(home: Home) -> None:
    """Neither dots nor links let a digest publish what is not in the folder."""
    (home.path / "secret.png").write_bytes(picture("blue"))
    (home.path / "digests" / "link.png").symlink_to(home.path / "secret.png")
    home.drop("1.md", digest("../secret.png", "link.png", str(home.path / "secret.png")))
    home.publish()
    assert home.pictures() == []
    assert "<img" not in home.page("1")
    assert home.codes() == {"1.md": ["digest/picture-refused"] * 3}


def test_a_missing_picture_is_told_and_taken_up_when_it_comes(home: Home) -> None:
    """The digest goes out without it; a scan that finds it there shows it, once."""
    home.drop("1.md", digest("a.png"))
    (row,) = home.publish(rebuild=False).digests
    assert [(found.code, found.line) for found in row.findings] == [("digest/picture-missing", 4)]
    assert "Words. cup" in home.page("1")
    assert home.publish(rebuild=False).written == ()
    home.drop("a.png", picture())
    assert len(home.publish(rebuild=False).written) > 1
    assert len(home.pictures()) == 1
    assert "<img" in home.page("1")
    assert home.codes() == {"1.md": []}
    assert home.publish(rebuild=False).written == ()
    with home.store.read() as conn:
        found = issues.get(conn, "newsletter", "1")
    assert found
    assert len(found[1].pictures) == 1  # type: ignore[union-attr]


def test_a_scan_waits_until_a_picture_is_written(home: Home) -> None:
    """A file written this moment is left for the next scan; a person's publication reads it."""
    home.drop("1.md", digest("a.png")), home.drop("2.md", digest("b.png"))
    for name in ("a.png", "b.png"):
        written = home.drop(name, picture())
        moment = (home.now + timedelta(seconds=59)).timestamp()
        os.utime(written, (moment, moment))
    home.publish(rebuild=False)
    assert home.pictures() == []
    home.publish(rebuild=False)
    assert len(home.pictures()) == 2
    late = home.drop("c.png", picture("blue"))
    home.drop("3.md", digest("c.png"))
    moment = (home.now + timedelta(seconds=59)).timestamp()
    os.utime(late, (moment, moment))
    home.publish()
    assert len(home.pictures()) == 3


def test_a_changed_picture_alone(home: Home) -> None:
    """A person's publication takes it up; nobody is mailed, and the old file stays for old mail."""
    home.drop("a.png", picture("red"))
    home.drop("1.md", digest("a.png"))
    record = home.publish().new[0]
    (old,) = home.pictures()
    home.drop("a.png", picture("blue"))
    assert home.publish(rebuild=False).written == ()
    outcome = home.publish()
    assert (outcome.new, outcome.revised) == ((), ())
    new = next(name for name in home.pictures() if name != old)
    assert new.rpartition("/")[2] in home.page("1")
    assert old in home.site()
    with home.store.read() as conn:
        assert issues.records(conn, "newsletter") == [record]
    assert home.publish().written == ()


def test_a_revision_keeps_its_pictures(home: Home) -> None:
    """An edited digest whose picture's file is gone shows the picture still."""
    home.drop("a.png", picture()), home.drop("1.md", digest("a.png"))
    home.publish()
    (home.path / "digests" / "a.png").unlink()
    home.drop("1.md", digest("a.png").replace("Words", "Other words"))
    assert len(home.publish().revised) == 1
    assert "Other words. <img" in home.page("1")


def test_the_same_without_database_and_without_the_library(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fresh clone republishes byte for byte, whatever encodes pictures by then."""
    home.drop("a.png", picture()), home.drop("1.md", digest("a.png"))
    home.publish()
    before = home.site()
    monkeypatch.setattr("publisher.pictures.make", lambda _: pytest.fail("made again"))
    clone = home.again(keep_database=False)
    clone.publish()
    assert clone.site() == before
    clone.store.close()


def test_a_lost_site_is_made_again(home: Home) -> None:
    """Without feeds/ the pictures come from the digests once more."""
    home.drop("a.png", picture()), home.drop("1.md", digest("a.png"))
    home.publish()
    before = home.site()
    shutil.rmtree(home.settings.site_folder)
    home.publish()
    assert home.site() == before


def test_withdrawing_takes_the_pictures(home: Home) -> None:
    """A withdrawn issue leaves no picture, old ones included; restoring brings the present ones."""
    home.drop("a.png", picture("red")), home.drop("1.md", digest("a.png"))
    home.publish()
    home.drop("a.png", picture("blue"))
    home.publish()
    assert len(home.pictures()) == 2
    home.withdraw("1")
    assert home.pictures() == []
    home.withdraw("1", restore=True)
    assert len(home.pictures()) == 1
    assert "<img" in home.page("1")


def test_a_full_disk_leaves_the_old_site(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a picture cannot be written nothing is published; the next publication does it."""
    home.drop("a.png", picture()), home.drop("1.md", digest("a.png"))
    before = home.site()
    real = site._write

    def full(path: Path, data: bytes, seconds: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(site, "_write", full)
    with pytest.raises(SiteError):
        home.publish()
    assert home.site() == before
    with home.store.read() as conn:
        assert issues.records(conn, "newsletter") == []
    monkeypatch.setattr(site, "_write", real)
    assert len(home.publish().new) == 1
    assert len(home.pictures()) == 1


def test_a_crash_before_the_pages_is_healed(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures that were written before anything mentioned them are found by the next publication."""
    home.drop("a.png", picture()), home.drop("1.md", digest("a.png"))

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(hall, "registered", killed)
        with pytest.raises(KeyboardInterrupt):
            home.publish()
    assert len(home.pictures()) == 1
    home.publish(rebuild=False)
    assert len(home.pictures()) == 1
    assert "<img" in home.page("1")


# --- from elsewhere -----------------------------------------------------------


def test_by_default_nobody_is_called(home: Home, web_host: Callable[..., Any]) -> None:
    """A picture from elsewhere is a link, in page, feeds and mail; its host hears nothing."""
    host = web_host()
    address = host.show("/a.png", picture())
    home.drop("1.md", digest(address))
    home.publish()
    assert f'<a href="{address}">cup</a>' in home.page("1")
    rendered = [data for name, data in home.site().items() if not name.endswith("issue.json")]
    assert not any(b"<img" in data or b"&lt;img" in data for data in rendered)
    assert home.codes() == {"1.md": ["digest/picture-linked"]}
    assert host.asked == []


def test_rehosted_once(rehosting: Home, web_host: Callable[..., Any]) -> None:
    """A picture is fetched once; publishing again, edited, or without database asks nobody."""
    host = web_host()
    home = rehosting
    text = digest(host.show("/a.png", picture()), host.show("/a.png", picture()))
    home.drop("1.md", text)
    home.publish()
    assert host.asked == ["/a.png"]
    (name,) = home.pictures()
    assert f'<img src="{name.rpartition("/")[2]}" alt="cup" width="40" height="30">' in home.page(
        "1"
    )
    assert host.at("/a.png").encode() not in home.site()["atom.xml"]
    before = home.site()
    host.stop()
    home.publish()
    assert home.site() == before
    clone = home.again(keep_database=False)
    clone.publish()
    assert clone.site() == before
    clone.drop("1.md", text.replace("Words", "Other words"))
    assert len(clone.publish().revised) == 1
    assert "Other words. <img" in clone.page("1")
    linking = clone.again('images = "link"')
    linking.publish()
    assert "<img" in linking.page("1")
    assert host.asked == ["/a.png"]
    linking.store.close()


def test_a_failed_fetch_is_a_link_and_tried_again(
    rehosting: Home, web_host: Callable[..., Any]
) -> None:
    """What cannot be had is a link and a warning; only a person's publication tries again."""
    host = web_host()
    home = rehosting
    host.show("/html.png", b"<html>not here</html>")
    home.drop("1.md", digest(host.at("/a.png"), host.at("/html.png")))
    (row,) = home.publish(rebuild=False).digests
    assert [(found.code, found.line) for found in row.findings] == [
        ("digest/picture-unfetched", 4),
        ("digest/picture-unfetched", 9),
    ]
    assert "its host answered 404" in row.findings[0].message
    assert f'<a href="{host.at("/a.png")}">cup</a>' in home.page("1")
    host.show("/a.png", picture())
    home.publish(rebuild=False)
    assert len(host.asked) == 2
    home.publish()
    assert "<img" in home.page("1")
    assert home.codes() == {"1.md": ["digest/picture-unfetched"]}
    (told,) = home.publish().digests
    assert [found.code for found in told.findings] == ["digest/picture-unfetched"]


def test_nothing_of_the_inside_is_fetched(tmp_path: Path, web_host: Callable[..., Any]) -> None:
    """Without being allowed, this machine and its neighbours are not asked, whoever redirects."""
    host = web_host()
    host.show("/a.png", picture())
    home = Home(tmp_path, 'images = "rehost"')
    home.publish()
    home.drop(
        "1.md", digest(host.at("/a.png"), host.at("/a.png", "localhost"), "https://10.0.0.1/x")
    )
    home.publish()
    assert host.heads == []
    assert home.codes() == {"1.md": ["digest/picture-unfetched"] * 3}
    home.store.close()


def test_a_dumb_host_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that does not answer costs one publication one wait, not one for each picture."""
    asked = []

    def fetch(address: str, **_: object) -> Any:
        asked.append(address)
        return illustrating.outbound.Answer(why="late", is_dumb=True)

    monkeypatch.setattr(illustrating.outbound, "fetch", fetch)
    errands = illustrating.Errands(())
    assert [errands.fetch(f"https://a.example/{n}")[1] for n in range(3)] == ["late"] * 3
    assert errands.fetch("https://b.example/") == (b"", "late")
    assert asked == ["https://a.example/0", "https://b.example/"]
    monkeypatch.setattr(illustrating, "SECONDS", 0.0)
    assert "already" in illustrating.Errands(()).fetch("https://c.example/")[1]


def test_no_publication_fetches_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was brought is kept until all is done, so it is counted."""
    monkeypatch.setattr(illustrating, "MOST_BYTES", 10)
    answer = illustrating.outbound.Answer(b"123456")
    monkeypatch.setattr(illustrating.outbound, "fetch", lambda *_, **__: answer)
    errands = illustrating.Errands(())
    told = [errands.fetch(f"https://a.example/{n}") for n in range(3)]
    assert [len(data) for data, _ in told] == [6, 6, 0]
    assert "already" in told[2][1]
    assert errands.fetch("https://a.example/0") == told[0]


def test_a_cover(rehosting: Home, web_host: Callable[..., Any]) -> None:
    """The picture of the front matter is the JSON feed's, from our own site."""
    rehosting.drop("pics/c.png", picture())
    rehosting.drop("1.md", "---\nimage: pics/c.png\n---\n" + digest(web_host().at("/none.png")))
    rehosting.publish()
    (name,) = rehosting.pictures()
    (item,) = json.loads(rehosting.site()["feed.json"])["items"]
    assert item["image"] == f"https://news.example.net/{name}"


def test_the_path_in_the_data_leads_nowhere(home: Home) -> None:
    """A file name in issue.json that is none of ours is not believed."""
    home.drop("1.md", digest("a.png"))
    home.publish()
    beside = home.settings.site_folder / "issues" / "1" / "issue.json"
    data = json.loads(beside.read_text())
    data["pictures"] = [
        {
            "address": "a.png",
            "file": "../../../publisher.toml",
            "width": 9,
            "height": 9,
            "source": "",
        }
    ]
    beside.write_text(json.dumps(data))
    clone = home.again(keep_database=False)
    clone.publish()
    assert "publisher.toml" not in clone.page("1")
    clone.store.close()
