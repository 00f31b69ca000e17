"""The shelf: what is on the site is found, what is not stays unseen."""

import os
from pathlib import Path

import pytest

from publisher.web.files import KEPT_BYTES, Shelf, is_safe
from publisher.web.labels import media_type


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("rss.xml", "application/rss+xml; charset=utf-8"),
        ("atom.xml", "application/atom+xml; charset=utf-8"),
        ("feed.json", "application/feed+json; charset=utf-8"),
        ("feeds.opml", "text/x-opml; charset=utf-8"),
        ("index.html", "text/html; charset=utf-8"),
        ("sitemap.xml", "application/xml; charset=utf-8"),
        ("issue.json", "application/json; charset=utf-8"),
        ("card.PNG", "image/png"),
        ("CNAME", "application/octet-stream"),
    ],
)
def test_types(name: str, kind: str) -> None:
    """Each file has its type, text with a charset."""
    assert media_type(name) == kind


@pytest.mark.parametrize(
    "path",
    ["../secret", "a/../b", ".git/config", "a/.hidden", "a//b", "/etc/passwd", "a\0b", "./a", ".."],
)
def test_unsafe_paths(path: str) -> None:
    """Nothing outside, hidden or oddly written is even looked for."""
    assert not is_safe(path)


def test_well_known_is_no_secret() -> None:
    """The one hidden folder meant for the world is served."""
    assert is_safe(".well-known/security.txt")


def test_links_may_not_leave(tmp_path: Path) -> None:
    """A symbolic link inside the folder is followed, one that leaves is not."""
    folder = tmp_path / "feeds"
    folder.mkdir()
    (tmp_path / "secret.key").write_text("secret")
    (folder / "page.html").write_text("page")
    (folder / "same.html").symlink_to(folder / "page.html")
    (folder / "out.html").symlink_to(tmp_path / "secret.key")
    (folder / "up").symlink_to(tmp_path)
    shelf = Shelf(folder)
    assert shelf.leaf("same.html") is not None
    assert shelf.leaf("out.html") is None
    assert shelf.leaf("up/secret.key") is None


def test_a_kept_file_that_becomes_a_link_is_refused(tmp_path: Path) -> None:
    """Being in memory already opens no way out."""
    folder = tmp_path / "feeds"
    folder.mkdir()
    (tmp_path / "secret.key").write_text("secret")
    page = folder / "page.html"
    page.write_text("page__")
    shelf = Shelf(folder)
    assert shelf.leaf("page.html") is not None
    page.unlink()
    page.symlink_to(tmp_path / "secret.key")
    assert shelf.leaf("page.html") is None


def test_same_size_and_second_is_another_file(tmp_path: Path) -> None:
    """A change that keeps size and modification time is seen."""
    page = tmp_path / "rss.xml"
    page.write_text("one")
    os.utime(page, ns=(10**18, 10**18))
    shelf = Shelf(tmp_path)
    first = shelf.leaf("rss.xml")
    page.write_text("two")
    os.utime(page, ns=(10**18, 10**18))
    second = shelf.leaf("rss.xml")
    assert first is not None
    assert second is not None
    assert (first.content, second.content) == (b"one", b"two")
    assert first.bodies[0].tag != second.bodies[0].tag


def test_unchanged_files_are_read_once(tmp_path: Path) -> None:
    """The same leaf is given out while the file is the same."""
    (tmp_path / "rss.xml").write_text("one")
    shelf = Shelf(tmp_path)
    assert shelf.leaf("rss.xml") is shelf.leaf("rss.xml")


def test_odd_files_are_not_there(tmp_path: Path) -> None:
    """Folders, FIFOs and names no file can have are answered like absence."""
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "fifo.html")
    shelf = Shelf(tmp_path)
    for path in ("folder", "folder/", "fifo.html", "x" * 5000, "page.html/rss.xml"):
        assert shelf.leaf(path) is None


def test_copies_may_not_be_links(tmp_path: Path) -> None:
    """A symbolic link in a copy's place is no copy, whatever its time."""
    (tmp_path / "secret").write_text("secret")
    page = tmp_path / "page.html"
    page.write_text("page")
    (tmp_path / "page.html.gz").symlink_to(tmp_path / "secret")
    (tmp_path / "page.html.br").symlink_to("page.html")
    os.mkfifo(tmp_path / "page.html.zst")
    for name in ("secret", "page.html", "page.html.zst"):
        os.utime(tmp_path / name, ns=(10**18, 10**18))
    leaf = Shelf(tmp_path).leaf("page.html")
    assert leaf is not None
    assert [body.coding for body in leaf.bodies] == ["identity"]


def test_memory_is_bounded(tmp_path: Path) -> None:
    """However many files are asked for, only so much is kept; short ones count for more."""
    shelf = Shelf(tmp_path)
    for number in range(200):
        (tmp_path / f"{number}.html").write_bytes(b"%d" % number * 333_333)
        (tmp_path / f"{number}.css").write_bytes(b"")
    first = shelf.leaf("0.css")
    for number in range(200):
        assert shelf.leaf(f"{number}.html") is not None
        assert shelf.leaf(f"{number}.css") is not None
    assert shelf._bytes <= KEPT_BYTES
    assert shelf._bytes == sum(leaf.size for _, _, leaf in shelf._kept.values())
    assert shelf.leaf("0.css") is not first
