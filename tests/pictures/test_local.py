"""Which files of the digests folder an address may mean, and that none outside is ever read."""

import os
from pathlib import Path

import pytest

from publisher.pictures import local

MOST = 100


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A digests folder with pictures, beside a secret."""
    folder = tmp_path / "digests"
    for name in ("a.png", "pics/b.png", "2024/c.png", "图.png", "50%.png"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(name.encode())
    (tmp_path / "secret.png").write_bytes(b"secret")
    return folder


@pytest.mark.parametrize(
    ("digest", "address", "found"),
    [
        ("d.md", "a.png", "a.png"),
        ("d.md", "./a.png", "a.png"),
        ("d.md", "pics/b.png", "pics/b.png"),
        ("d.md", "a.png?raw=true#top", "a.png"),
        ("d.md", "%E5%9B%BE.png", "图.png"),
        ("d.md", "图.png", "图.png"),
        ("d.md", "50%25.png", "50%.png"),
        ("2024/d.md", "c.png", "2024/c.png"),
        ("2024/d.md", "../pics/b.png", "pics/b.png"),
    ],
)
def test_a_path_counts_from_its_digest(root: Path, digest: str, address: str, found: str) -> None:
    """A relative address means a file counted from the digest's own folder."""
    assert local.read(root, digest, address, most=MOST) == found.encode()


@pytest.mark.parametrize(
    "address",
    [
        *("../secret.png", "pics/../../secret.png", "%2e%2e/secret.png", "..%2Fsecret.png"),
        *("/secret.png", "/etc/passwd", "%2Fetc/passwd", "a.png%00/../../secret.png"),
    ],
)
def test_nothing_outside_is_read(root: Path, address: str) -> None:
    """Neither dots nor a leading slash, however written, lead out of the folder."""
    with pytest.raises(local.Refused, match=r"outside the digests folder|begins with /"):
        local.read(root, "d.md", address, most=MOST)


def test_links_are_not_followed(root: Path) -> None:
    """A symbolic link, the file itself or on the way to it, is refused; the root may be one."""
    (root / "link.png").symlink_to(root.parent / "secret.png")
    (root / "inside.png").symlink_to(root / "a.png")
    (root / "way").symlink_to(root.parent)
    for address in ("link.png", "inside.png", "way/secret.png"):
        with pytest.raises(local.Refused, match="symbolic link"):
            local.read(root, "d.md", address, most=MOST)
    (root.parent / "root").symlink_to(root)
    assert local.read(root.parent / "root", "d.md", "a.png", most=MOST) == b"a.png"


@pytest.mark.parametrize("address", ["no.png", "no/a.png", ".", "%ff.png", "a" * 300])
def test_what_is_not_there(root: Path, address: str) -> None:
    """A file that does not exist is not there."""
    with pytest.raises(local.NotThere):
        local.read(root, "d.md", address, most=MOST)
    with pytest.raises(local.NotThere):
        local.read(root / "gone", "d.md", "a.png", most=MOST)


def test_only_plain_files_of_a_sensible_size(root: Path) -> None:
    """A folder, a FIFO nobody writes to, and what is too large are refused at once."""
    os.mkfifo(root / "fifo.png")
    (root / "large.png").write_bytes(bytes(MOST + 1))
    for address, why in (
        ("pics", "no plain file"),
        ("fifo.png", "no plain file"),
        ("large.png", "MB"),
    ):
        with pytest.raises(local.Refused, match=why):
            local.read(root, "d.md", address, most=MOST)


def test_one_still_being_written_is_not_there_yet(root: Path) -> None:
    """A file counts two seconds after it was written; without a clock at once."""
    os.utime(root / "a.png", (1000, 1000))
    with pytest.raises(local.NotThere):
        local.read(root, "d.md", "a.png", most=MOST, now=1001.5)
    assert local.read(root, "d.md", "a.png", most=MOST, now=1002.0) == b"a.png"
    assert local.read(root, "d.md", "a.png", most=MOST, now=990.0) == b"a.png"
    assert local.read(root, "d.md", "a.png", most=MOST) == b"a.png"
