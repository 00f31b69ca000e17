"""The documents say what the program does: every command, setting, finding and edition, no other.

With PUBLISHER_UPDATE=1 the reference at the end of docs/commands.md is written anew.
"""

import ast
import itertools
import os
import re
import subprocess
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from typer.main import get_command

from publisher import digest, settings
from publisher.cli import app
from publisher.digest.forms import tables as forms
from publisher.digest.stated.directives import DIRECTIVES
from publisher.render import EDITIONS
from publisher.settings.file import File

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
README = (ROOT / "README.md").read_text("utf-8")
MARK = "<!-- From here on written by the program"
ROOMS = "authentication|digest|identity|preflight|settings|template"
CODE = re.compile(rf"(?:{ROOMS})/[a-z0-9-]+")


def text_of(name: str) -> str:
    """Read a document."""
    return (DOCS / name).read_text("utf-8")


def tracked() -> list[Path]:
    """Every file git knows or would take, as it stands here."""
    done = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [path for name in done.stdout.split("\0") if name and (path := ROOT / name).is_file()]


# --- commands -----------------------------------------------------------------


def walk(command: Any, path: str = "publisher") -> Iterator[tuple[str, Any]]:
    """Yield every command with the words that call it, groups before what is in them."""
    yield path, command
    for name, below in getattr(command, "commands", {}).items():
        yield from walk(below, f"{path} {name}")


COMMANDS = dict(walk(get_command(app)))


def is_option(parameter: Any) -> bool:
    """Tell options from arguments."""
    return bool(parameter.opts[0].startswith("-"))


def shown(parameter: Any) -> str:
    """Write a parameter as it is typed."""
    value = "" if getattr(parameter, "is_flag", False) else parameter.metavar or ""
    if is_option(parameter):
        names = ", ".join(f"`{name}`" for name in parameter.opts)
        return f"{names} {value}".strip()
    return f"`{value}`"


def usage(path: str, command: Any) -> str:
    """Write a command with its arguments."""
    words = [path]
    for parameter in command.params:
        if not is_option(parameter):
            dots = "..." if parameter.nargs != 1 else ""
            word = f"{parameter.metavar}{dots}"
            words.append(word if parameter.required else f"[{word}]")
    return " ".join(words)


def reference() -> str:
    """Write what the program knows about its commands."""
    lines = []
    for path, command in COMMANDS.items():
        if getattr(command, "commands", {}) and path != "publisher":
            continue
        title = "Before every command" if path == "publisher" else f"`{usage(path, command)}`"
        lines += ["", f"## {title}", "", re.sub(r"\s*\n\s*", " ", command.help.strip()), ""]
        parameters = [one for one in command.params if one.name != "help"]
        if parameters:
            lines += ["| | |", "|---|---|"]
            for one in parameters:
                default = (
                    f" Default: `{one.default}`." if one.default not in (None, False, "") else ""
                )
                lines.append(f"| {shown(one)} | {one.help}{default} |")
    return "\n".join(lines).strip() + "\n"


def test_the_reference_is_the_programs() -> None:
    """What docs/commands.md says of each command and option is what the program says."""
    head, mark, rest = text_of("commands.md").partition(MARK)
    first, _, written = rest.partition("\n")
    if os.environ.get("PUBLISHER_UPDATE"):
        (DOCS / "commands.md").write_text(f"{head}{mark}{first}\n\n{reference()}", "utf-8")
        return
    assert reference() == written.lstrip("\n")


@pytest.mark.parametrize("path", COMMANDS)
def test_every_command_has_help(path: str) -> None:
    """Each command, argument and option says what it is for, in a line that fits."""
    command = COMMANDS[path]
    first = command.help.split("\n")[0]
    assert len(first) <= 66
    assert first.endswith(".")
    for parameter in command.params:
        assert parameter.help, parameter.name
        assert parameter.help.endswith("."), parameter.help


# --- settings -----------------------------------------------------------------


def keys(model: type[BaseModel], table: str = "") -> Iterator[tuple[str, str]]:
    """Yield (table, key) for every setting there is."""
    for name, field in model.model_fields.items():
        kind: Any = field.annotation
        below = next(
            (
                one
                for one in (kind, *getattr(kind, "__args__", ()))
                if isinstance(one, type) and issubclass(one, BaseModel)
            ),
            None,
        )
        if below is not None:
            yield from keys(below, f"{table}.{name}".lstrip("."))
        elif not str(kind).startswith("dict"):
            yield table, name


SETTINGS = sorted(keys(File))


@pytest.mark.parametrize(("table", "key"), SETTINGS, ids=".".join)
def test_every_setting_is_told(table: str, key: str) -> None:
    """A setting stands in docs/settings.md; all but the secret ones in both sample files."""
    told = re.findall(r"`([a-z_0-9]+)`", text_of("settings.md"))
    in_words = text_of("settings.md")
    assert key in told or f"[{table}] {key}" in in_words or key.upper() in in_words
    if key in {"password", "path"}:
        return
    for name in ("publisher.toml", "publisher/starter.toml"):
        assert re.search(rf"^#? ?{key} = ", (ROOT / name).read_text("utf-8"), re.M), name


def test_no_setting_is_invented() -> None:
    """Every key of the tables in docs/settings.md, and of the sample files, exists."""
    known = {key for _, key in SETTINGS}
    for row in re.findall(r"^\| (`.*?) \|", text_of("settings.md"), re.M):
        assert set(re.findall(r"`([a-z_0-9]+)`", row)) <= known
    for name in ("publisher.toml", "publisher/starter.toml"):
        bare = re.sub(r"^# (\[|[a-z_0-9]+ = )", r"\1", (ROOT / name).read_text("utf-8"), flags=re.M)
        document = tomllib.loads(bare)
        document["newsletter"] = {"one": document["newsletter"]}
        File(**document)


# --- findings -----------------------------------------------------------------


def codes() -> set[str]:
    """Collect the code of every finding the program can make."""
    found: set[str] = set()
    for path in sorted((ROOT / "publisher").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found |= {node.value} if CODE.fullmatch(node.value) else set()
            is_hold = isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "hold"
            if path.parent.name == "identity" and is_hold:
                code = node.args[1]
                assert isinstance(code, ast.Constant), f"{path}:{node.lineno}: a code in words"
                found.add(f"identity/{code.value}")
    return found


def test_every_finding_is_told() -> None:
    """docs/findings.md lists the codes the program makes, and no others."""
    told = re.findall(r"^\| `([a-z]+/[a-z0-9-]+)` \|", text_of("findings.md"), re.M)
    assert sorted(codes()) == sorted(told)


def test_every_code_is_in_a_known_room() -> None:
    """A finding made anywhere has a code of one of the rooms this file looks for."""
    for path in (ROOT / "publisher").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Finding":
                code = node.args[1]
                if isinstance(code, ast.Constant):
                    assert CODE.fullmatch(str(code.value)), f"{path}:{node.lineno}"


# --- digests and editions -----------------------------------------------------

EXAMPLES = re.findall(
    r"^#### `([a-z-]+)`\n.*?```markdown\n(.*?)```", text_of("digests.md"), re.S | re.M
)


@pytest.mark.parametrize(("form", "example"), EXAMPLES, ids=[form for form, _ in EXAMPLES])
def test_examples_are_read_as_they_say(form: str, example: str) -> None:
    """Each example of docs/digests.md is read in the form it is an example of."""
    reading = digest.read(example.encode())
    found = {section.form for section in reading.issues[0].sections if section.form != "heading"}
    assert {form} == found


def test_every_form_is_told() -> None:
    """The forms the reader knows are those of docs/digests.md."""
    known = set(forms.NAMES)
    assert known == {form for form, _ in EXAMPLES}


@pytest.mark.parametrize("name", DIRECTIVES)
def test_every_directive_is_told(name: str) -> None:
    """Each key of the front matter stands in the table of docs/digests.md."""
    keys_of, _ = DIRECTIVES[name]
    rows = re.findall(r"^\| `.*", text_of("digests.md"), re.M)
    row = next(row for row in rows if set(re.findall(r"`([\w.:]+)`", row)) & set(keys_of))
    assert set(keys_of) <= {key.lower() for key in re.findall(r"`([\w.:]+)`", row)}


@pytest.mark.parametrize("name", EDITIONS)
def test_every_edition_is_told(name: str) -> None:
    """Each edition stands in docs/templates.md with its file and what it is."""
    file, _, what = EDITIONS[name]
    assert f"| `{name}` | `{file}` | {what} |" in text_of("templates.md")


def test_every_template_is_told() -> None:
    """Each template stands in docs/templates.md; the desk's by its first name."""
    told = text_of("templates.md")
    for path in (ROOT / "templates").rglob("*.*"):
        name = path.relative_to(ROOT / "templates").as_posix()
        assert f"`{name}`" in told or (name.startswith("desk/") and f"`{path.stem}`" in told), name


# --- the front door -----------------------------------------------------------


def test_the_readme_names_the_two_commands() -> None:
    """The README's two commands are the Makefile's, with the addresses the program listens on."""
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for target in ("run", "test"):
        assert re.search(rf"^    make {target}\b", README, re.M)
        assert re.search(rf"^{target}:", makefile, re.M)
    loaded = settings.load(ROOT, {})
    assert f"http://{loaded.host}:{loaded.port}" in README
    assert f"http://127.0.0.1:{loaded.desk_port}" in README


def test_ci_runs_the_test_command() -> None:
    """.ci/run sees to make, then runs `make test` and nothing else."""
    lines = (ROOT / ".ci" / "run").read_text("utf-8").splitlines()
    does = [line for line in lines if line.strip() and not line.startswith("#")]
    assert does[-1] == "exec make test"
    quiet = ("set ", "cd ", "export CI=true", "if ! command -v make")
    assert all(line.startswith(quiet) for line in does[:-1])


def test_promises_name_tests_that_exist() -> None:
    """Each test the README's table of promises names is there."""
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", README)
    assert len(named) >= 5
    for file, test in named:
        assert f"def {test}" in (ROOT / file).read_text("utf-8")


# --- what is needed -----------------------------------------------------------

UNSEEN = {
    "psycopg": "SQLAlchemy loads it, for PostgreSQL only",
    "httptools": "uvicorn takes it by name",
    "tzdata": "zoneinfo reads it",
    "python-multipart": "starlette reads forms with it",
    "sgmllib3k": "reader's feedparser needs it",
    "pytest-randomly": "pytest finds it",
    "pytest-rerunfailures": "pytest finds it",
    "pytest-xdist": "pytest finds it",
    "rss2email": "a command",
    "coverage": "a command",
}


def named(requirements: list[str]) -> set[str]:
    """Give the plain names of requirements."""
    return {re.split(r"[\[<>=]", one)[0].strip().lower() for one in requirements}


def imported(folder: str) -> set[str]:
    """Give the distributions a folder's Python imports from, the standard library left out."""
    providers = packages_distributions()
    found: set[str] = set()
    for path in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module]
            for name in names:
                found |= {one.lower() for one in providers.get(name.split(".")[0], [])}
    return found - {"publisher"}


def test_each_need_is_named_and_each_name_needed() -> None:
    """pyproject.toml names what is imported, and nothing is named that is not."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    program = named(project["project"]["dependencies"])
    tests = named(project["dependency-groups"]["test"])
    fuzz = named(project["dependency-groups"]["fuzz"])  # of one file that only `make fuzz` runs
    assert imported("publisher") <= program
    assert program - imported("publisher") <= UNSEEN.keys()
    assert imported("tests") | imported("docs") <= program | tests | fuzz
    assert tests - imported("tests") <= UNSEEN.keys()


def test_each_pin_is_one() -> None:
    """constraints.txt holds one exact version a line, for every requirement there is."""
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+==[0-9][\w.]*", line) for line in lines)
    pinned = {re.sub(r"[-_.]+", "-", line.partition("==")[0]).lower() for line in lines}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    groups = project["dependency-groups"]
    assert all("==" in one for one in groups.pop("peers"))  # these stand apart, in their own place
    wanted = [*project["project"]["dependencies"], *itertools.chain(*groups.values())]
    assert named(wanted) <= pinned


# --- links and places ---------------------------------------------------------


def anchor_of(heading: str) -> str:
    """Give the anchor a forge makes of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower().replace("`", "")).strip().replace(" ", "-")


def test_links_lead_somewhere() -> None:
    """Every link from a document to a file, or to a heading in one, resolves."""
    documents = [*ROOT.glob("*.md"), *DOCS.glob("*.md")]
    for document in documents:
        body = re.sub(r"```.*?```|`[^`\n]*`", "", document.read_text("utf-8"), flags=re.S)
        for link in re.findall(r"\]\(([^)\s]+)\)", body):
            if re.match(r"[a-z]+:", link):
                continue
            path, _, anchor = link.partition("#")
            target = document.parent / path if path else document
            assert target.exists(), f"{document.name}: {link}"
            if anchor:
                heads = re.findall(r"^#+ (.*)$", target.read_text("utf-8"), re.M)
                assert anchor in {anchor_of(head) for head in heads}, f"{document.name}: {link}"


def test_nothing_of_one_machine_is_written_down() -> None:
    """No tracked text names a package registry, a home folder or another machine's path."""
    strange = re.compile(
        rb"/work/|/root/|/home/[a-z]|/opt/py|pypi\.|pythonhosted|index-url|proxy\.golang|npmjs"
    )
    for path in tracked():
        data = path.read_bytes()
        if b"\0" in data or path == Path(__file__):
            continue
        found = strange.search(data)
        assert found is None, f"{path}: {found and found[0]!r}"
