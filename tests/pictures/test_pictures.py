"""The pictures of an issue gathered: what is kept, what is made, what is told."""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from publisher import pictures
from publisher.model import Issue, Item, Level, Newsletter, Picture, Section
from publisher.pictures import gather, line_in

Drawn = Callable[..., bytes]
FAR = "https://img.example/a.png"
LINK = Newsletter("n", "N")
REHOST = Newsletter("n", "N", images="rehost")
BASED = Newsletter("n", "N", base_url="https://old.example/blog/", images="rehost")


def issue(*addresses: str) -> Issue:
    """An issue that shows pictures, the first in its preface, the rest in items."""
    shown = [f'<p><img src="{address}" alt="x"></p>' for address in addresses]
    items = tuple(Item(str(number), html=html) for number, html in enumerate(shown[1:]))
    return Issue(sections=(Section(items),), html="".join(shown[:1]))


@pytest.fixture
def root(tmp_path: Path, drawn: Drawn) -> Path:
    """A digests folder with one picture."""
    (tmp_path / "a.png").write_bytes(drawn())
    return tmp_path


def test_a_local_picture_is_made(root: Path, drawn: Drawn) -> None:
    """A file beside the digest comes out with its size, under a name made of its bytes."""
    got = gather(issue("a.png", "a.png"), LINK, root=root, digest="d.md")
    (picture,) = got.pictures
    assert (picture.address, picture.width, picture.height) == ("a.png", 40, 30)
    assert picture.source == sha256(drawn()).hexdigest()
    assert list(got.files) == [picture.file]
    assert pictures.is_ours(picture.file)
    assert got.findings == []


def test_a_kept_picture_is_not_made_again(root: Path, drawn: Drawn) -> None:
    """One that stands stays while its source is the same, or gone; another source makes it anew."""
    kept = Picture("a.png", "0123456789abcdef.png", 9, 9, sha256(drawn()).hexdigest())
    same = gather(issue("a.png"), LINK, root=root, digest="d.md", standing={"a.png": kept})
    assert (same.pictures, same.files) == ([kept], {})
    (root / "a.png").write_bytes(drawn((50, 50)))
    other = gather(issue("a.png"), LINK, root=root, digest="d.md", standing={"a.png": kept})
    assert (other.pictures[0].width, len(other.files)) == (50, 1)
    (root / "a.png").write_bytes(b"damaged")
    worse = gather(issue("a.png"), LINK, root=root, digest="d.md", standing={"a.png": kept})
    assert (worse.pictures, [found.code for found in worse.findings]) == (
        [kept],
        ["digest/picture-refused"],
    )
    (root / "a.png").unlink()
    gone = gather(issue("a.png"), LINK, root=root, digest="d.md", standing={"a.png": kept})
    assert (gone.pictures, gone.findings) == ([kept], [])


def test_what_lacks_is_told_with_its_line(root: Path) -> None:
    """A missing and a refused picture are warned of, each at its line; the rest goes on."""
    (root / "link.png").symlink_to("/etc/passwd")
    text = "# T\n![](no.png)\n\n![](link.png) ![](a.png)\n\n![](../x.png)\n![](/y.png)\n![](d.md)\n"
    (root / "d.md").write_text(text)
    got = gather(
        issue("no.png", "link.png", "a.png", "../x.png", "/y.png", "d.md"),
        LINK,
        root=root,
        digest="d.md",
        line_of=lambda address: line_in(text, address),
    )
    assert [(found.code, found.line, found.level) for found in got.findings] == [
        ("digest/picture-missing", 2, Level.WARN),
        ("digest/picture-refused", 4, Level.WARN),
        ("digest/picture-refused", 6, Level.WARN),
        ("digest/picture-refused", 7, Level.WARN),
        ("digest/picture-refused", 8, Level.WARN),
    ]
    assert [picture.address for picture in got.pictures] == ["a.png"]
    assert "root" not in str(got)


def test_pictures_from_elsewhere_are_links(root: Path) -> None:
    """Without being told to fetch nothing is, and one note says so for all."""
    got = gather(issue(FAR, f"{FAR}?2"), LINK, root=root, digest="d.md")
    assert (got.pictures, got.files) == ([], {})
    assert [found.code for found in got.findings] == ["digest/picture-linked"]
    assert got.findings[0].message.startswith("2 pictures from elsewhere")
    looked = gather(issue(FAR), REHOST, root=root, digest="d.md")
    assert (looked.pictures, looked.findings) == ([], [])


def test_rehosting(root: Path, drawn: Drawn) -> None:
    """What is fetched is made and kept; what is not, or is no picture, is a link and a warning."""
    brought = {FAR: (drawn(kind="JPEG"), ""), "https://b.example/": (b"<html>", "")}
    asked: list[str] = []

    def fetch(address: str) -> tuple[bytes, str]:
        asked.append(address)
        return brought.get(address, (b"", "its host answered 404"))

    wanted = issue(FAR, "https://b.example/", "https://c.example/", "a.png")
    got = gather(wanted, REHOST, root=root, digest="d.md", fetch=fetch)
    assert [picture.address for picture in got.pictures] == [FAR, "a.png"]
    assert sorted(got.files) == sorted(picture.file for picture in got.pictures)
    assert [(found.code, found.level) for found in got.findings] == [
        ("digest/picture-unfetched", Level.WARN)
    ] * 2
    assert got.findings[0].message.endswith(": it is no picture in PNG, JPEG, GIF or WebP.")
    assert got.findings[1].message.endswith(": its host answered 404.")
    assert sorted(asked) == ["https://b.example/", "https://c.example/", FAR]
    standing = {picture.address: picture for picture in got.pictures}
    again = gather(wanted, REHOST, root=root, digest="d.md", fetch=fetch, standing=standing)
    assert (again.pictures, again.files) == (got.pictures, {})
    assert sorted(asked[3:]) == ["https://b.example/", "https://c.example/"]


def test_a_base_stands_in_for_the_folder(root: Path, drawn: Drawn) -> None:
    """What is not beside the digest is fetched from where the digest used to stand."""
    asked = []

    def fetch(address: str) -> tuple[bytes, str]:
        asked.append(address)
        return drawn(), ""

    got = gather(issue("a.png", "b.png", "/c.png"), BASED, root=root, digest="d.md", fetch=fetch)
    assert sorted(asked) == ["https://old.example/blog/b.png", "https://old.example/c.png"]
    assert [picture.address for picture in got.pictures] == ["a.png", "b.png", "/c.png"]


def test_a_pixel_is_remembered_as_nothing(root: Path, drawn: Drawn) -> None:
    """A tracking pixel leaves no file, and is not fetched again."""
    got = gather(issue(FAR), REHOST, root=root, digest="d.md", fetch=lambda _: (drawn((1, 1)), ""))
    assert (got.pictures[0].file, got.files, got.findings) == ("", {}, [])


def test_have_come(root: Path) -> None:
    """A missing picture has come as soon as its file can be read, and has settled."""
    wanted = issue("new.png", "/x.png", FAR)
    told = gather(wanted, LINK, root=root, digest="d.md", line_of=lambda _: 7).findings
    assert not pictures.have_come(wanted, root, "d.md", told, now=10.0)
    (root / "new.png").write_bytes(b"x")
    assert pictures.have_come(wanted, root, "d.md", told, now=10.0)
    written = (root / "new.png").stat().st_mtime
    assert not pictures.have_come(wanted, root, "d.md", told, now=written + 1)


def test_one_that_was_refused_has_not_come(root: Path) -> None:
    """It is there as before, and each look at the folder would draw the whole site for it."""
    (root / "bad.png").write_bytes(b"no picture")
    wanted = issue("bad.png", "no.png")
    told = gather(wanted, LINK, root=root, digest="d.md").findings
    assert not pictures.have_come(wanted, root, "d.md", told, now=10.0)


@pytest.mark.parametrize("address", ["https://[bad/a.png", "//[bad/a.png"])
def test_an_address_nobody_can_read_is_told(root: Path, address: str) -> None:
    """A cover with half a bracket stops nothing else."""
    wanted = Issue(image=address)
    got = gather(wanted, BASED, root=root, digest="d.md", fetch=lambda _: (b"", "it is none"))
    assert [found.code for found in got.findings] == ["digest/picture-unfetched"]


def test_what_is_told_speaks_to_nobody_but_people(root: Path) -> None:
    """No address carries a sign that a terminal, or a database, would take for its own."""
    for address in ("%1b[2J%00.png", "%c2%9b2J.png", "%e2%80%aegnp.png"):
        (told,) = gather(issue(address), LINK, root=root, digest="d.md").findings
        assert "�" in told.message
        assert told.message.replace("“", "").replace("”", "").replace("�", "").isprintable()


def test_line_in() -> None:
    """A line is found by the address as written, encoded or escaped, whatever ends the lines."""
    text = "a\r\n![](图.png)\r![x](a&b.png)\n<img src='p&amp;q.png'> //h.example/z.png"
    assert line_in(text, "%E5%9B%BE.png") == 2
    assert line_in(text, "a&b.png") == 3
    assert line_in(text, "p&q.png") == 4
    assert line_in(text, "https://h.example/z.png") == 4
    assert line_in(text, "no.png") is None


def test_names() -> None:
    """Only names of sixteen hexadecimal digits are ours."""
    assert pictures.is_ours("0123456789abcdef.gif")
    for name in (
        "index.html",
        "../0123456789abcdef.png",
        "0123456789abcdef.svg",
        "0123456789ABCDEF.png",
    ):
        assert not pictures.is_ours(name)
