"""Sessions at the command line, as files: a command, what it says, how it leaves.

`$ command` runs in a fresh home; the lines after it are what stdout and stderr say together, where
`...` stands for anything in a line and a line of `...` for any lines. `? N` is the exit code, 0
where none is written. `> file` begins a file, ended by a line of a single `.`. NAMES in a command is
the address of a name server that knows what the file `zone` of the home says: host, kind, value.
With PUBLISHER_UPDATE=1 the answers are written anew, to be read in the diff.
"""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parent / "transcripts"
SESSIONS = sorted(FOLDER.glob("*.txt"))
NOW = datetime.now(UTC)
TODAY = f"{NOW:%Y-%m-%d}"
CHANGING = re.compile(
    rf"{NOW.day} {NOW:%B %Y}|{TODAY}(?:[T ][0-9:.]+(?:\+00:00)?)?|(?<=written to )[0-9a-f]{{20}}(?=\.eml)"
    r"|(?<=k=rsa; p=)[^.\n]+|(?<=took: )[^\n]+"
)
"""What is another every time: today, keys, and the names of messages, which come from one."""


@dataclass
class Step:
    """One thing done: a file written or a command run, and what it should say."""

    line: str
    body: list[str] = field(default_factory=list)
    code: int = 0


def read_steps(text: str) -> list[Step]:
    """Read a session."""
    steps: list[Step] = []
    in_file = False
    for line in text.splitlines():
        if in_file:
            steps[-1].body.append(line)
            in_file = line != "."
        elif line.startswith(("$ ", "> ", "# ")) or not steps:
            steps.append(Step(line))
            in_file = line.startswith("> ")
        elif line.startswith("? "):
            steps[-1].code = int(line[2:])
        else:
            steps[-1].body.append(line)
    return steps


def run(command: str, home: Path) -> tuple[str, int]:
    """Run one command in the home, with what stands before `|` as its standard input."""
    given, _, rest = command.rpartition(" | ")
    words = shlex.split(rest)
    if words[0] == "publisher":
        words[0:1] = [sys.executable, "-m", "publisher"]
    environ = {key: value for key, value in os.environ.items() if not key.startswith("PUBLISHER_")}
    done = subprocess.run(
        words,
        cwd=home,
        input=shlex.split(given)[1] + "\n" if given else "",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
        env=environ | {"COLUMNS": "100", "TERM": "dumb", "NO_COLOR": "1"},
    )
    return done.stdout.replace(str(home), "HOME"), done.returncode


def read_zone(file: Path, names: Any) -> None:
    """Tell a name server what a file says; names that are not in it have nothing."""
    names.records.clear()
    for line in file.read_text("utf-8").splitlines() if file.exists() else ():
        host, kind, value = line.split(" ", 2)
        names.records.setdefault((host, kind), []).append(value)


def pattern(lines: list[str]) -> str:
    """Make a regular expression of expected lines."""
    made = []
    for line in lines:
        if line == "...":
            made.append(r"(?:.*\n)*?")
        else:
            made.append(re.escape(line).replace(re.escape("..."), ".*?") + r"\n")
    return "".join(made)


@pytest.mark.parametrize("session", SESSIONS, ids=lambda path: path.stem)
def test_session(session: Path, tmp_path: Path, name_server: Callable[[], Any]) -> None:
    """A session at the command line says what its file says."""
    written: list[str] = []
    names = name_server() if " NAMES" in session.read_text("utf-8") else None
    for step in read_steps(session.read_text("utf-8")):
        written.append(step.line)
        if step.line.startswith("> "):
            file = tmp_path / step.line[2:]
            file.parent.mkdir(parents=True, exist_ok=True)
            end = step.body.index(".")
            file.write_text("\n".join(step.body[:end]) + "\n", "utf-8")
            os.utime(file, (0, 0))
            written += step.body
        elif step.line.startswith("$ "):
            command = step.line[2:]
            if names is not None:
                command = command.replace(" NAMES", f" 127.0.0.1:{names.port}")
                read_zone(tmp_path / "zone", names)
            said, code = run(command, tmp_path)
            if os.environ.get("PUBLISHER_UPDATE"):
                written += CHANGING.sub("...", said).splitlines()
                written += [*([f"? {code}"] if code else []), ""]
                continue
            expected = [line for line in step.body if line]
            said = "".join(f"{line}\n" for line in said.splitlines() if line.strip())
            assert re.fullmatch(pattern(expected), said), f"{step.line}\n{said}"
            assert step.code == code, step.line
        else:
            written += step.body
    if os.environ.get("PUBLISHER_UPDATE"):
        session.write_text("\n".join(written).rstrip() + "\n", "utf-8")
