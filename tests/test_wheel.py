"""The wheel alone, in an environment of its own, far from the checkout, does the main job."""

import email
import os
import subprocess
import sys
import venv
from email import policy
from pathlib import Path

import pytest

pytestmark = pytest.mark.service  # needs the package index

ROOT = Path(__file__).parent.parent
DIGEST = """# How rivers move
[河流如何改道](https://example.net/rivers)

They do, a little every spring.
"""


def do(*command: str | Path, cwd: Path) -> str:
    """Run a command without the tests' own surroundings; what it says, both ways."""
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("PUBLISHER_", "PYTHON", "VIRTUAL_ENV", "COV"))
    }
    done = subprocess.run(
        command, cwd=cwd, env=kept, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert done.returncode == 0, f"{command}: {done.stdout}"
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program of the wheel, with nothing of the checkout in reach."""
    away = tmp_path_factory.mktemp("wheel")
    do(sys.executable, "-m", "build", "--wheel", "--outdir", away, ROOT, cwd=away)
    (wheel,) = away.glob("publisher-*.whl")
    venv.create(away / "venv", with_pip=True)
    pip = (away / "venv" / "bin" / "python", "-m", "pip", "install", "-q")
    do(*pip, "--disable-pip-version-check", "-c", ROOT / "constraints.txt", wheel, cwd=away)
    return away / "venv" / "bin" / "publisher"


def test_main_job_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    """init, run --once, add, drop, publish, send: the message lies in the outbox."""
    home = tmp_path / "news"

    def publisher(*words: str) -> str:
        return do(installed, "--home", home, *words, cwd=tmp_path)

    do(installed, "init", home, "--title", "Rivers", cwd=tmp_path)
    publisher("run", "--once")
    publisher("subscribers", "add", "ann@example.net")
    digest = home / "digests" / "2026-05-01.md"
    digest.write_text(DIGEST, "utf-8")
    os.utime(digest, (0, 0))
    publisher("publish")
    publisher("send", "latest", "--yes")
    (letter,) = (home / "outbox").glob("*.eml")
    message = email.message_from_bytes(letter.read_bytes(), policy=policy.default)
    html = message.get_body(("html",))
    assert message["To"] == "ann@example.net"
    assert html is not None
    assert "How rivers move" in html.get_content()
    assert (home / "feeds" / "issues" / "2026-05-01" / "index.html").is_file()


def test_templates_come_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    """The wheel brings every template of the checkout, byte for byte, and finds them in itself."""
    asked = "from publisher import templates; print(templates.packaged())"
    folder = Path(do(installed.with_name("python"), "-c", asked, cwd=tmp_path).strip())
    assert folder.is_relative_to(installed.parent.parent)
    ours = {
        path.relative_to(ROOT / "templates"): path.read_bytes()
        for path in (ROOT / "templates").rglob("*.*")
    }
    assert {path: (folder / path).read_bytes() for path in ours} == ours
