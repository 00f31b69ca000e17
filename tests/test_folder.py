"""The digests folder: what is found, what is passed over, what is set aside."""

import os
import time
from pathlib import Path

import pytest

from publisher import folder
from publisher.errors import DigestError, RefusedError


def old(path: Path, text: str = "# a\n") -> Path:
    """Write a file whose modification lies a minute back."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    os.utime(path, (time.time() - 60, time.time() - 60))
    return path


def codes(root: Path) -> dict[str, str]:
    """Each path found with its finding's code, `read` or `young`."""
    return {
        found.path: "young" if found.is_young else (found.finding.code if found.finding else "read")
        for found in folder.scan(root, now=time.time()).found
    }


def test_digests_are_found_recursively(tmp_path: Path) -> None:
    """Three suffixes count, in any folder; hidden, underscored, README and partial files do not."""
    for name in ("a.md", "2024/b.MARKDOWN", "c.txt", ".d.md", "_e.md", "README.md", "LICENSE.txt",
                 ".git/f.md", "_old/g.md", "h.md~", "i.md.part", "cover.png"):  # fmt: skip
        old(tmp_path / name)
    scan = folder.scan(tmp_path, now=time.time())
    assert [found.path for found in scan.found] == ["a.md", "c.txt", "2024/b.MARKDOWN"]
    assert scan.others == ("cover.png",)


def test_young_files_wait(tmp_path: Path) -> None:
    """A file modified under two seconds ago is looked at again, unless a person named it."""
    (tmp_path / "new.md").write_text("# a\n", "utf-8")
    assert codes(tmp_path) == {"new.md": "young"}
    (found,) = folder.scan(tmp_path, now=time.time(), patient=False).found
    assert found.data == b"# a\n"
    assert folder.read_one(tmp_path / "new.md") == b"# a\n"


def test_a_file_dated_ahead_gets_a_second_look(tmp_path: Path, monkeypatch) -> None:
    """After a clock was put back, a file from before is read once it stays the same for 2 s."""
    file = old(tmp_path / "a.md")
    elapsed = [100.0]
    monkeypatch.setattr(folder.time, "monotonic", lambda: elapsed[0])

    def look_later(seconds: float) -> str:
        elapsed[0] += seconds
        return codes(tmp_path)["a.md"]

    os.utime(file, (time.time() + 3600,) * 2)
    assert [look_later(0), look_later(1), look_later(1.1)] == ["young", "young", "read"]
    os.utime(file, (time.time() + 3601,) * 2)
    assert [look_later(5), look_later(1), look_later(1.1)] == ["young", "young", "read"]


def test_what_is_no_plain_file_is_set_aside(tmp_path: Path) -> None:
    """A FIFO, a symlink out of the folder and a huge file come back as findings at once."""
    root = tmp_path / "digests"
    outside = old(tmp_path / "secret.md")
    old(root / "good.md")
    os.mkfifo(root / "pipe.md")
    (root / "link.md").symlink_to(outside)
    huge = root / "huge.md"
    huge.touch()
    os.truncate(huge, 100_000_000)
    os.utime(huge, (0, 0))
    assert codes(root) == {
        "good.md": "read",
        "huge.md": "digest/too-large",
        "link.md": "digest/symlink",
        "pipe.md": "digest/not-a-file",
    }


def test_a_folder_named_like_a_digest_is_a_folder(tmp_path: Path) -> None:
    """`x.md/` is walked into, not read."""
    old(tmp_path / "x.md" / "inner.md")
    assert codes(tmp_path) == {"x.md/inner.md": "read"}
    with pytest.raises(DigestError, match="folder"):
        folder.read_one(tmp_path / "x.md")


def test_a_file_elsewhere_names_the_copy_to_type(tmp_path: Path) -> None:
    """Publishing a file outside the folder is refused with the cp to type."""
    with pytest.raises(RefusedError) as caught:
        folder.inside(tmp_path / "digests", tmp_path / "away.md")
    assert caught.value.hint.startswith(f"cp {tmp_path}/away.md {tmp_path}/digests/")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (b"bad\xff.md", r"bad\udcff.md"),
        (b"esc\x1b]0;x.md", r"esc\x1b]0;x.md"),
        (b"two\nlines.md", r"two\nlines.md"),
        ("\u202ecod.md".encode(), r"\u202ecod.md"),
    ],
)
def test_a_name_nobody_can_read_is_set_aside(tmp_path: Path, name: bytes, shown: str) -> None:
    """Such a file is named in letters and set aside; its neighbours are read."""
    folder_name = os.fsencode(tmp_path)
    with open(os.path.join(folder_name, name), "wb") as file:
        file.write(b"# a\n")
    old(tmp_path / "周报 \U0001f468\u200d\U0001f469.md")
    assert codes(tmp_path) == {
        shown: "digest/file-name",
        "周报 \U0001f468\u200d\U0001f469.md": "read",
    }


def test_any_way_leads_into_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A link on the way, or a detour, is no reason to refuse a digest that is there."""
    root = tmp_path / "home" / "digests"
    old(root / "a.md")
    (tmp_path / "link").symlink_to(tmp_path / "home")
    monkeypatch.chdir(tmp_path / "home")
    for way in ("digests/a.md", "../link/digests/a.md", str(tmp_path / "link/digests/./a.md")):
        assert folder.inside(root, Path(way)) == "a.md"
    with pytest.raises(RefusedError):
        folder.inside(root, Path("a.md"))
