"""init and status: a home made with any title opens, and says what it lacks."""

import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from publisher import settings
from publisher.cli.console import Context
from publisher.cli.homes import init
from publisher.wire import keys


@pytest.mark.parametrize("title", ['A "quoted" \\ one', "two\nlines", "周报 👨\u200d👩"])
def test_any_title_makes_a_home(tmp_path: Path, title: str) -> None:
    """What was typed as the title is the title, on one line."""

    class Asked:
        obj = Context(tmp_path, None, quiet=True)

    init(Asked(), None, title)  # type: ignore[arg-type]  # all that is looked at
    assert settings.load(tmp_path, {}).newsletters[0].title == " ".join(title.split())


def test_a_home_is_read_once_for_a_command(tmp_path: Path) -> None:
    """However many digests are checked, settings and register are parsed but once."""
    (tmp_path / "publisher.toml").write_text('[newsletter]\ntitle = "Weekly"\n', "utf-8")
    context = Context(tmp_path, None, quiet=True)
    assert context.settings() is context.settings()
    assert context.register() is context.register()


def publisher(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command on a home."""
    return subprocess.run(
        [sys.executable, "-m", "publisher", "--home", str(home), *words],
        env={**os.environ, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    "name",
    ["publisher.db-wal", "backup.tar", "preview/page.html", "people.csv", "run.lock",
     ".publish.newsletter.behind", "secret.key", "outbox/1.eml",
     "dkim/rivers.example.publisher.rsa.pem"],
)  # fmt: skip
def test_what_is_private_is_not_for_git(tmp_path: Path, name: str) -> None:
    """Nothing with people in it is taken by `git add .`."""
    assert publisher(tmp_path, "init").returncode == 0
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    assert subprocess.run(["git", "-C", tmp_path, "check-ignore", "-q", name]).returncode == 0
    kept = subprocess.run(["git", "-C", tmp_path, "check-ignore", "-q", "register.json"])
    assert kept.returncode == 1


def test_status_says_why_no_mail_would_leave(tmp_path: Path) -> None:
    """With half of SMTP set, every reason is told before anyone sends."""
    (tmp_path / "publisher.toml").write_text(
        'transport = "smtp"\n[newsletter]\ntitle = "Weekly"\n', "utf-8"
    )
    (tmp_path / "digests").mkdir()
    said = publisher(tmp_path, "status").stderr
    for code in ("app-url", "sender", "postal-address"):
        assert f"[preflight/{code}]" in said
    assert publisher(tmp_path, "status", "--json").stdout.count('"preflight/') == 3


def test_a_lost_folder_is_said(tmp_path: Path) -> None:
    """`publish` leaves with 1 and `status` names the folder and the remedy."""
    (tmp_path / "publisher.toml").write_text('[newsletter]\ntitle = "Weekly"\n', "utf-8")
    done = publisher(tmp_path, "publish")
    words = (
        "digests/: stop: The folder digests/ does not exist. [digest/no-folder]\n    hint: mkdir"
    )
    assert done.returncode == 1
    assert words in done.stderr
    assert words in publisher(tmp_path, "status").stderr
    assert '"digest/no-folder"' in publisher(tmp_path, "status", "--json").stdout


def test_a_backup_holds_the_keys_that_sign(tmp_path: Path) -> None:
    """The keys are in the archive, as closed as they were, and the line to restore names them."""
    home = tmp_path / "home"
    assert publisher(home, "init").returncode == 0
    place = keys.places(home / "dkim", "rivers.test", "publisher", ed25519=False)[0]
    keys.make(place)
    done = publisher(home, "backup", str(tmp_path / "backup.tar"))
    assert " publisher.db secret.key dkim publisher.toml\n" in done.stderr
    with tarfile.open(tmp_path / "backup.tar") as archive:
        held = archive.getmember(f"dkim/{place.path.name}")
        assert held.mode == 0o600
        assert archive.extractfile(held).read() == place.path.read_bytes()
