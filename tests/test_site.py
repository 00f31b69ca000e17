"""The site's files are whole at every moment, newer with every change, and never outside."""

import fcntl
import gzip
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import brotli
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from publisher.errors import SiteError
from publisher.site import LOCK, WRITING, lock, sweep, write

NOW = datetime(2026, 4, 24, 12, 0, 0, 400_000, tzinfo=UTC)
SECONDS = int(NOW.timestamp())


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def mtime(path: Path) -> float:
    """A file's time, with its fraction."""
    return path.stat().st_mtime_ns / 1_000_000_000


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """Let every longer write fail, as on a full disk."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


# --- what is written ----------------------------------------------------------


def test_files_are_written_and_told_in_order(tmp_path: Path) -> None:
    """New files appear with their folders, and are told in the order they were given."""
    files = {"issues/12/index.html": b"page", "atom.xml": b"<feed/>"}
    assert write(tmp_path / "feeds", files, NOW) == ("issues/12/index.html", "atom.xml")
    assert tree(tmp_path / "feeds") == files
    assert mtime(tmp_path / "feeds" / "atom.xml") == SECONDS


def test_unchanged_bytes_are_not_touched(tmp_path: Path) -> None:
    """A file that is already as it should be keeps its time and its place."""
    write(tmp_path, {"a": b"1", "b": b"1"}, NOW)
    before = (tmp_path / "a").stat()
    assert write(tmp_path, {"a": b"1", "b": b"2"}, NOW + timedelta(hours=1)) == ("b",)
    after = (tmp_path / "a").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert write(tmp_path, {"a": b"1", "b": b"2", "c": None}, NOW) == ()


def test_none_removes_a_file_and_the_folders_it_empties(tmp_path: Path) -> None:
    """Removing takes empty folders along, but neither a full one nor the site's own."""
    write(tmp_path, {"issues/12/index.html": b"1", "issues/13/index.html": b"2"}, NOW)
    assert write(tmp_path, {"issues/12/index.html": None}, NOW) == ("issues/12/index.html",)
    assert [path.name for path in (tmp_path / "issues").iterdir()] == ["13"]
    write(tmp_path, {"issues/13/index.html": None}, NOW)
    assert tmp_path.is_dir()
    assert list(tmp_path.iterdir()) == []


@settings(deadline=None)  # not a timed test
@given(
    steps=st.lists(
        st.tuples(
            st.dictionaries(
                st.sampled_from(["a", "b/a", "b/c/d", "b/c/e"]),
                st.none() | st.sampled_from([b"", b"1", b"2" * 70_000]),
                max_size=4,
            ),
            st.integers(-2, 2),
        ),
        max_size=8,
    )
)
def test_site_is_what_was_last_written_and_always_newer(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[dict[str, bytes | None], int]]
) -> None:
    """Whatever the clock does, a change of bytes moves a file's time on by a second or more.

    Also for a file that was removed in between, and also when the clock goes backwards.
    """
    folder = tmp_path_factory.mktemp("site")
    expected: dict[str, bytes] = {}
    latest: dict[str, float] = {}
    now = NOW
    for files, passed in steps:
        now += timedelta(seconds=passed)
        changed = write(folder, files, now)
        assert set(changed) == {path for path, data in files.items() if expected.get(path) != data}
        expected = {path: data for path, data in {**expected, **files}.items() if data is not None}
        assert tree(folder) == expected
        for path in changed:
            if path in expected:
                assert mtime(folder / path) >= max(latest.get(path, 0) + 1, int(now.timestamp()))
                assert mtime(folder / path) % 1 == 0
                latest[path] = mtime(folder / path)


def test_two_changes_in_one_second_have_two_times(tmp_path: Path) -> None:
    """The second change within a second is a second newer."""
    write(tmp_path, {"rss.xml": b"1"}, NOW)
    write(tmp_path, {"rss.xml": b"2"}, NOW + timedelta(milliseconds=200))
    assert mtime(tmp_path / "rss.xml") == SECONDS + 1
    write(tmp_path, {"rss.xml": b"3"}, NOW + timedelta(hours=1))
    assert mtime(tmp_path / "rss.xml") == SECONDS + 3600


def test_foreign_time_with_a_fraction_is_outdone(tmp_path: Path) -> None:
    """A file some other program wrote, with a time of its own, is newer afterwards too."""
    (tmp_path / "rss.xml").write_bytes(b"1")
    os.utime(tmp_path / "rss.xml", (SECONDS + 10.7, SECONDS + 10.7))
    write(tmp_path, {"rss.xml": b"2"}, NOW)
    assert mtime(tmp_path / "rss.xml") == SECONDS + 11


def test_file_that_comes_back_is_newer_than_it_was(tmp_path: Path) -> None:
    """A file removed and written again within a second does not look old to a client."""
    write(tmp_path, {"topics/llm/rss.xml": b"1"}, NOW)
    write(tmp_path, {"topics/llm/rss.xml": b"2"}, NOW)
    write(tmp_path, {"topics/llm/rss.xml": None}, NOW)
    write(tmp_path, {"index.html": b"page"}, NOW)
    write(tmp_path, {"topics/llm/rss.xml": b"3"}, NOW)
    assert mtime(tmp_path / "topics/llm/rss.xml") >= SECONDS + 2


def test_pairs_are_taken_one_by_one(tmp_path: Path) -> None:
    """Files may come from a generator; their bytes are not kept until the last has come."""

    def pairs() -> Iterator[tuple[str, bytes]]:
        for number in range(64):
            yield f"{number % 8}/{number}.html", b"%d" % number * 500_000

    tracemalloc.start()
    try:
        changed = write(tmp_path, pairs(), NOW)
        assert tracemalloc.get_traced_memory()[1] < 40_000_000
    finally:
        tracemalloc.stop()
    assert changed == tuple(f"{number % 8}/{number}.html" for number in range(64))
    assert (tmp_path / "7/63.html").read_bytes() == b"63" * 500_000


def test_of_a_path_given_twice_the_last_counts(tmp_path: Path) -> None:
    """Also where the last is what stands there already."""
    write(tmp_path, {"a.html": b"1"}, NOW)
    pairs = [("a.html", b"2"), ("b.html", b"1"), ("b.html", b"3"), ("c", b"1"), ("c", None)]
    assert write(tmp_path, [*pairs, ("a.html", b"1")], NOW) == ("b.html",)
    assert tree(tmp_path) == {"a.html": b"1", "b.html": b"3"}


# --- compressed copies --------------------------------------------------------

UNPACKED = {
    ".gz": gzip.decompress,
    ".br": brotli.decompress,
    ".zst": zstandard.ZstdDecompressor().decompress,
}


def copies(file: Path) -> dict[str, bytes]:
    """What the copies of a file say, those of its own time, by suffix."""
    found = {suffix: file.with_name(file.name + suffix) for suffix in UNPACKED}
    return {
        suffix: UNPACKED[suffix](copy.read_bytes())
        for suffix, copy in found.items()
        if copy.exists() and copy.stat().st_mtime_ns == file.stat().st_mtime_ns
    }


def text(word: bytes) -> bytes:
    """A text long enough for copies."""
    return word * 200


def test_texts_have_copies_of_their_time(tmp_path: Path) -> None:
    """Beside a text stand three copies that say the same and are as old; pictures have none."""
    assert write(tmp_path, {"rss.xml": text(b"one"), "a/card.png": text(b"one")}, NOW) == (
        "rss.xml",
        "a/card.png",
    )
    assert copies(tmp_path / "rss.xml") == dict.fromkeys(UNPACKED, text(b"one"))
    assert os.listdir(tmp_path / "a") == ["card.png"]
    before = tree(tmp_path)
    shutil.rmtree(tmp_path / "a")
    write(tmp_path, {"rss.xml": None}, NOW)
    assert os.listdir(tmp_path) == []
    write(tmp_path, {"rss.xml": text(b"one"), "a/card.png": text(b"one")}, NOW)
    assert tree(tmp_path) == before


def test_copies_follow_their_file(tmp_path: Path) -> None:
    """They change with it, and go when it is too short for any."""
    write(tmp_path, {"rss.xml": text(b"one")}, NOW)
    write(tmp_path, {"rss.xml": text(b"two")}, NOW)
    assert mtime(tmp_path / "rss.xml") == SECONDS + 1
    assert copies(tmp_path / "rss.xml") == dict.fromkeys(UNPACKED, text(b"two"))
    write(tmp_path, {"rss.xml": b"short"}, NOW)
    assert os.listdir(tmp_path) == ["rss.xml"]


@pytest.mark.parametrize("lost", [("",), UNPACKED, (".br",)])
def test_missing_copies_are_made(tmp_path: Path, lost: tuple[str, ...]) -> None:
    """A site that comes from git without copies gets them, and no file is called changed."""
    file = tmp_path / "rss.xml"
    write(tmp_path, {"rss.xml": text(b"one")}, NOW)
    if lost == ("",):  # as a checkout leaves it: a time of its own, and copies of another
        os.utime(file, ns=(10**18 + 7, 10**18 + 7))
    else:
        for suffix in lost:
            (tmp_path / f"rss.xml{suffix}").unlink()
    before = file.stat()
    assert write(tmp_path, {"rss.xml": text(b"one")}, NOW) == ()
    assert copies(file) == dict.fromkeys(UNPACKED, text(b"one"))
    after = file.stat()
    assert after.st_mtime_ns == before.st_mtime_ns
    assert after.st_ctime_ns > before.st_ctime_ns  # who keeps it in memory looks again
    assert write(tmp_path, {"rss.xml": text(b"one")}, NOW) == ()
    assert file.stat().st_ctime_ns == after.st_ctime_ns


def test_copies_of_other_bytes_are_replaced(tmp_path: Path) -> None:
    """An edit by hand leaves the copies behind; publishing the same bytes brings them along."""
    file = tmp_path / "rss.xml"
    write(tmp_path, {"rss.xml": text(b"one")}, NOW)
    file.write_bytes(text(b"two"))
    assert copies(file) == {}
    write(tmp_path, {"rss.xml": text(b"two")}, NOW)
    assert copies(file) == dict.fromkeys(UNPACKED, text(b"two"))


def test_orphans_go_with_their_file(tmp_path: Path) -> None:
    """Copies of a file that somebody removed are removed when the file is, or swept."""
    for path in ("a/rss.xml", "b/rss.xml"):
        write(tmp_path, {path: text(b"one"), "c.html": text(b"one")}, NOW)
        (tmp_path / path).unlink()
    (tmp_path / "c.html").write_bytes(text(b"two"))
    (tmp_path / "own.tar.gz").write_bytes(b"mine")
    assert write(tmp_path, {"a/rss.xml": None}, NOW) == ()
    assert not (tmp_path / "a").exists()
    os.utime(tmp_path / "b", (SECONDS, SECONDS))
    assert sweep(tmp_path) == 6
    assert sorted(tree(tmp_path)) == ["c.html", "own.tar.gz"]
    assert mtime(tmp_path / "b") == SECONDS


# --- what goes wrong ----------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    ["", ".", "..", "../a", "a/../b", "/etc/passwd", "a//b", "./a", "a/", "a\0b", f"{WRITING}/a"],
)
def test_path_outside_the_site_is_refused(tmp_path: Path, path: str) -> None:
    """Only plain relative paths are written; with one that is not, nothing is."""
    with pytest.raises(SiteError, match="no path inside the site"):
        write(tmp_path / "feeds", {"good": b"1", path: b"1"}, NOW)
    assert list(tmp_path.iterdir()) == []


def test_full_disk_is_noticed_before_anything_is_touched(tmp_path: Path) -> None:
    """When one file does not fit, all old files stay, and nothing is left over."""
    old = {"a": b"1", "b": b"1"}
    write(tmp_path, old, NOW)
    with files_no_larger_than(1000), pytest.raises(SiteError) as caught:
        write(tmp_path, {"a": b"2", "b": b"2" * 2000, "c/d": b"3"}, NOW)
    assert tree(tmp_path) == old
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]
    assert "File too large" in caught.value.message
    assert "make room" in caught.value.hint


def test_full_disk_in_the_midst_of_copies(tmp_path: Path) -> None:
    """When a copy does not fit, all old files and their copies stay, and no new folder."""
    noise = random.Random(1).randbytes(3000).hex().encode()
    write(tmp_path, {"rss.xml": text(b"one"), "index.html": text(b"one")}, NOW)
    old = tree(tmp_path)
    # the texts themselves fit, for they are not written: they stand already, without copies
    (tmp_path / "noise.html").write_bytes(noise)
    files = {"rss.xml": text(b"two"), "noise.html": noise, "years/2026/index.html": text(b"two")}
    with files_no_larger_than(2000), pytest.raises(SiteError, match="File too large"):
        write(tmp_path, files, NOW)
    assert tree(tmp_path) == {**old, "noise.html": noise}
    assert not (tmp_path / "years").exists()
    write(tmp_path, files, NOW)
    assert copies(tmp_path / "noise.html") == dict.fromkeys(UNPACKED, noise)


def test_fault_among_the_files_changes_nothing(tmp_path: Path) -> None:
    """When what gives the files fails, its own fault is told and nothing has changed."""

    def pairs() -> Iterator[tuple[str, bytes]]:
        yield "rss.xml", text(b"two")
        raise LookupError("no template")

    write(tmp_path / "feeds", {"rss.xml": text(b"one")}, NOW)
    old = tree(tmp_path)
    for folder in ("feeds", "other"):
        with pytest.raises(LookupError):
            write(tmp_path / folder, pairs(), NOW)
    assert tree(tmp_path) == old
    assert os.listdir(tmp_path) == ["feeds"]


def test_folder_below_a_file_is_an_error(tmp_path: Path) -> None:
    """A site whose place is below a file cannot be written, and says where."""
    (tmp_path / "file").write_bytes(b"mine")
    with pytest.raises(SiteError) as caught:
        write(tmp_path / "file" / "feeds", {"a": b"1"}, NOW)
    assert caught.value.where.startswith(str(tmp_path / "file"))
    assert (tmp_path / "file").read_bytes() == b"mine"


def test_folder_in_the_way_is_an_error(tmp_path: Path) -> None:
    """A folder where a file belongs is left alone, and named."""
    (tmp_path / "rss.xml" / "mine").mkdir(parents=True)
    with pytest.raises(SiteError) as caught:
        write(tmp_path, {"rss.xml": b"1"}, NOW)
    assert caught.value.where == str(tmp_path / "rss.xml")
    assert [path.name for path in tmp_path.iterdir()] == ["rss.xml"]
    assert (tmp_path / "rss.xml" / "mine").is_dir()


def test_file_in_the_way_of_a_folder_is_an_error(tmp_path: Path) -> None:
    """A file where a folder belongs stops the writing before anything is touched."""
    (tmp_path / "issues").write_bytes(b"mine")
    with pytest.raises(SiteError):
        write(tmp_path, {"index.html": b"1", "issues/12/index.html": b"1"}, NOW)
    assert tree(tmp_path) == {"issues": b"mine"}


def test_something_else_in_the_place_for_writing_is_an_error(tmp_path: Path) -> None:
    """A file or a link called as our hidden folder is not written into."""
    other = tmp_path / "other"
    other.mkdir()
    (tmp_path / "feeds").mkdir()
    (tmp_path / "feeds" / WRITING).symlink_to(other)
    with pytest.raises(SiteError):
        write(tmp_path / "feeds", {"a": b"1"}, NOW)
    assert list(other.iterdir()) == []


def test_leftover_of_a_killed_run_is_cleared(tmp_path: Path) -> None:
    """The next write clears what a killed one left, also when it changes nothing."""
    write(tmp_path, {"a": b"1"}, NOW)
    for files in ({"a": b"1"}, {"a": b"2"}):
        (tmp_path / WRITING).mkdir()
        (tmp_path / WRITING / "0").write_bytes(b"half")
        write(tmp_path, files, NOW)
        assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_killed_writer_leaves_whole_files(tmp_path: Path) -> None:
    """A process killed in the midst of writing leaves every file old or new, never half."""
    script = (
        "import sys, itertools; from pathlib import Path; from datetime import datetime, UTC\n"
        "from publisher.site import write\n"
        "now = datetime(2026, 4, 24, tzinfo=UTC); print('ready', flush=True)\n"
        "for count in itertools.count():\n"
        "    data = bytes([count % 256]) * 50_000\n"
        "    write(Path(sys.argv[1]), {'a': data, 'b/c.html': data, f'd/{count % 3}': None,\n"
        "                              f'd/{(count + 1) % 3}': data}, now)\n"
    )
    for _ in range(5):
        with subprocess.Popen(
            [sys.executable, "-c", script, tmp_path], stdout=subprocess.PIPE
        ) as run:
            assert run.stdout is not None
            run.stdout.readline()
            time.sleep(0.1)
            run.send_signal(signal.SIGKILL)
        for name, data in tree(tmp_path).items():
            if not name.startswith((WRITING, "b/c.html.")):
                assert (len(data), len(set(data))) == (50_000, 1)
        page = tmp_path / "b" / "c.html"
        assert set(copies(page).values()) <= {page.read_bytes()}
    write(tmp_path, {"a": b"whole"}, NOW)
    assert not (tmp_path / WRITING).exists()


# --- the lock -----------------------------------------------------------------

HOLD = (
    "import sys; from pathlib import Path; from publisher.site import lock\n"
    "with lock(Path(sys.argv[1])):\n"
    "    print('held', flush=True); sys.stdin.readline()\n"
)


@contextmanager
def held_elsewhere(home: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that holds the lock until it is sent a line, or killed."""
    command = [sys.executable, "-c", HOLD, home]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == b"held\n"
        yield run
        run.kill()


def test_lock_names_its_holder(tmp_path: Path) -> None:
    """Who waits in vain learns which process publishes."""
    with held_elsewhere(tmp_path) as run:
        with pytest.raises(SiteError) as caught, lock(tmp_path, patience=timedelta(seconds=0.1)):
            pass
        assert f"process {run.pid} is publishing" in caught.value.message
        assert str(run.pid) in caught.value.hint


def test_lock_waits_for_its_holder(tmp_path: Path) -> None:
    """Who waits long enough gets the lock once it is free."""
    with held_elsewhere(tmp_path) as run:
        assert run.stdin is not None
        run.stdin.write(b"\n")
        run.stdin.flush()
        with lock(tmp_path):
            assert run.wait(10) == 0
            assert (tmp_path / LOCK).read_text() == f"{os.getpid()}\n"


def test_lock_dies_with_its_holder(tmp_path: Path) -> None:
    """A killed process leaves no lock behind, though its file stays."""
    with held_elsewhere(tmp_path) as run:
        run.kill()
        run.wait()
        with lock(tmp_path, patience=timedelta()):
            pass
    assert (tmp_path / LOCK).stat().st_mode & 0o777 == 0o600


def test_lock_is_free_after_an_error(tmp_path: Path) -> None:
    """An exception inside gives the lock back, and twice inside one process waits."""
    with pytest.raises(SiteError, match=f"process {os.getpid()} "):  # noqa: SIM117  # in this order
        with lock(tmp_path), lock(tmp_path, patience=timedelta()):
            pass
    with open(tmp_path / LOCK, "rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_home_that_cannot_be_locked_is_an_error(tmp_path: Path) -> None:
    """No home, or something else in the lock's place, is a fault a person can mend."""
    (tmp_path / LOCK).symlink_to(tmp_path / "elsewhere")
    for home in (tmp_path, tmp_path / "none"):
        with pytest.raises(SiteError, match="cannot be locked"), lock(home):
            pass
    assert not (tmp_path / "elsewhere").exists()
