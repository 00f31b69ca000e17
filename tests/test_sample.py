"""The repository is itself a publication: its feeds/ are what its digests, register and settings say.

After a change that moves these bytes on purpose: `publisher publish` in the checkout, and read the
diff of feeds/.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from publisher.codings import is_copy

ROOT = Path(__file__).parent.parent
PARTS = ("publisher.toml", "register.json", "digests", "feeds")


def tree(folder: Path) -> dict[str, bytes]:
    """Every committed part of a publication, by path; compressed copies are none."""
    files = [folder / name for name in PARTS[:2]]
    files += [file for name in PARTS[2:] for file in (folder / name).rglob("*") if file.is_file()]
    files = [file for file in files if not is_copy(file.name)]
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}


def copy(to: Path) -> Path:
    """Make what a fresh clone has: no database, no key."""
    for name in PARTS:
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, to / name)
    return to


def publish(home: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run `publisher publish` as a person does."""
    return subprocess.run(
        [sys.executable, "-m", "publisher", "--home", str(home), "publish"],
        env=os.environ | environ,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_fresh_clone_republishes_byte_for_byte(tmp_path: Path) -> None:
    """Without a database, in another time zone, locale and hash seed, no byte of it changes."""
    home = copy(tmp_path)
    before = tree(home)
    done = publish(home, TZ="America/New_York", LC_ALL="C", PYTHONHASHSEED="7")
    assert done.returncode == 0, done.stderr
    assert tree(home) == before


def test_an_empty_site_is_rebuilt_byte_for_byte(tmp_path: Path) -> None:
    """feeds/ deleted, the register and the digest are enough."""
    home = copy(tmp_path)
    before = tree(home)
    shutil.rmtree(home / "feeds")
    publish(home)
    assert tree(home) == before


def test_nothing_secret_is_committed() -> None:
    """Database, outbox, key and locks are ignored by git."""
    for name in ("publisher.db", "publisher.db-wal", "outbox/a.eml", "secret.key", "run.lock"):
        done = subprocess.run(["git", "check-ignore", "-q", name], cwd=ROOT, check=False)
        assert done.returncode == 0, name
