"""check and preview: what a digest says, wherever one stands."""

import os
import subprocess
import sys
from pathlib import Path

DIGEST = "# Eagle\n[飞鹰](https://example.net/eagle)\n\n摘要。\n"


def publisher(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder."""
    environ = {**os.environ, "PUBLISHER_HOME": "."}
    return subprocess.run(
        [sys.executable, "-m", "publisher", *words],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_folder_without_settings_lends_no_templates(tmp_path: Path) -> None:
    """Outside a home, another program's templates/ changes nothing; in a home it is the look."""
    (tmp_path / "a.md").write_text(DIGEST, "utf-8")
    other = tmp_path / "templates" / "mail" / "digest.mjml"
    other.parent.mkdir(parents=True)
    other.write_text("{{ another.program }}", "utf-8")
    assert publisher(tmp_path, "check", "a.md").returncode == 0
    (tmp_path / "publisher.toml").write_text('[newsletter]\ntitle = "Weekly"\n', "utf-8")
    refused = publisher(tmp_path, "check", "a.md")
    assert (refused.returncode, "templates/mail/digest.mjml" in refused.stderr) == (1, True)
