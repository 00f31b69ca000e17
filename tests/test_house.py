"""The house rules, kept: imports fall down the floors, the deciding floors touch nothing outside."""

import ast
import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "publisher"
FLOORS = {
    5: {"cli"},
    4: {"run", "web"},
    3: {"publish", "send", "signup", "bounce"},
    2: {
        *("settings", "store", "register", "wire", "site", "folder", "clock", "mailbox"),
        *("templates", "pictures", "outbound", "resolver"),
    },
    1: {
        *("digest", "identity", "render", "preflight", "schedule", "delivery", "tokens"),
        *("authentication", "codings", "searching"),
    },
    0: {"model", "errors", "addresses", "colours", "domains", "languages", "papers", "sentences"},
}
FLOOR_OF = {room: floor for floor, rooms in FLOORS.items() for room in rooms}
OUTSIDE = {
    "os", "pathlib", "shutil", "tempfile", "subprocess", "socket", "ssl", "sqlite3", "sqlalchemy",
    "smtplib", "asyncio", "threading", "time", "requests", "httpx", "urllib.request", "logging",
    "psycopg", "starlette", "uvicorn",
}  # fmt: skip
FORBIDDEN_NAME = re.compile(
    r"(Manager|Helper|Handler|Service|Processor|Utils?|Base|Core|Common|Misc)$"
)
MODULES = sorted(PACKAGE.rglob("*.py"))


def room_of(module: Path) -> str:
    """The room a module stands in: the first part of its path."""
    return module.relative_to(PACKAGE).with_suffix("").parts[0]


def imports_of(module: Path) -> set[str]:
    """Every dotted name a module imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative import"
            base = node.module or ""
            found.update({base, *(f"{base}.{alias.name}" for alias in node.names)})
    return found


def breaches(room: str, imported: set[str]) -> list[str]:
    """The imports that go up, or to a neighbour, from a room."""
    rooms = {name.split(".")[1] for name in imported if name.startswith("publisher.")}
    rooms = {other for other in rooms if other in FLOOR_OF and other != room}
    return sorted(
        f"{room} (floor {FLOOR_OF[room]}) imports {other} (floor {FLOOR_OF[other]})"
        for other in rooms
        if (FLOOR_OF[other] >= FLOOR_OF[room] and FLOOR_OF[room] > 0)
        or (FLOOR_OF[other] > 0 and FLOOR_OF[room] == 0)
    )  # fmt: skip


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_floors(module: Path) -> None:
    """No module imports from a floor above, or from a neighbour of its own."""
    room = room_of(module)
    if room in {"__init__", "__main__"}:
        return
    assert room in FLOOR_OF, f"{module} stands in no room of the house"
    assert breaches(room, imports_of(module)) == []


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_deciding_is_pure(module: Path) -> None:
    """Floors 0 and 1 import nothing that reaches outside and never ask the time."""
    if FLOOR_OF.get(room_of(module), 5) > 1:
        return
    assert imports_of(module) & OUTSIDE == set()
    source = module.read_text("utf-8")
    assert not re.search(r"\.(now|utcnow|today)\(", source), f"{module} asks the time"
    assert not re.search(r"(?<![\w.])open\(", source), f"{module} opens a file"


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_names_and_docstrings(module: Path) -> None:
    """Every module tells its job, and no class hides behind an empty name."""
    tree = ast.parse(module.read_text("utf-8"))
    assert ast.get_docstring(tree), f"{module} has no docstring"
    names = [node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    assert [name for name in names if FORBIDDEN_NAME.search(name)] == []
    assert not FORBIDDEN_NAME.search(module.stem.title())


def test_planted_breaches_are_caught() -> None:
    """An upward import and a neighbour are both found."""
    assert breaches("digest", {"publisher.store"}) != []
    assert breaches("store", {"publisher.site"}) != []
    assert breaches("model", {"publisher.render"}) != []
    assert breaches("send", {"publisher.store.ledger", "publisher.model"}) == []
