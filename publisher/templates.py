"""templates - the packaged templates, overlaid by a publication's own.

A publication overrides any file by putting one of the same name under its `templates/`, a catalogue
(`words/zh.po`, in whatever case its tag is written) sentence by sentence. What runs for long asks
`Live`, so that a template mended while it runs is taken at once. `idle` says which files have no
effect. Faults: TemplateError where a file cannot be read as UTF-8.
Never: renders. See: render (takes the mapping).
"""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, Mapping
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path

from publisher.errors import TemplateError
from publisher.model import Finding, Level

SUFFIXES = frozenset({".html", ".mjml", ".txt", ".xml", ".css", ".po"})


def packaged() -> Path:
    """Name the folder the program's own templates stand in: the wheel's, else the checkout's."""
    inside = Path(__file__).parent / "templates"
    return inside if inside.is_dir() else Path(__file__).parent.parent / "templates"


def load(home: Path | None = None) -> dict[str, str]:
    """Read all templates into a mapping of name ("mail/digest.mjml") to source."""
    folders = [packaged()]
    if home is not None and (home / "templates").is_dir():
        folders.append(home / "templates")
    found: dict[str, str] = {}
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.suffix in SUFFIXES and path.is_file():
                name = path.relative_to(folder).as_posix()
                if path.suffix == ".po":
                    name = name.lower()  # a tag has no case (RFC 5646 section 2.1.1)
                    if name in found:
                        # ours is still asked for the sentences that theirs does not have
                        found[name.replace("words/", "words/ours/", 1)] = found[name]
                found[name] = _text(path)
    return found


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise TemplateError(
            f"cannot be read: {error}", where=str(path), hint="save it as UTF-8"
        ) from None


def idle(home: Path) -> tuple[Finding, ...]:
    """Note the files that are there to no effect: none of ours has the name, none names them.

    Hidden ones, catalogues and an editor's copies (`footer.mjml~`) are passed over.
    """
    own = home / "templates"
    if not own.is_dir():
        return ()
    ours, loaded = load(), load(home)
    said = "\n".join(loaded.values())
    names = [path.relative_to(own).as_posix() for path in own.rglob("*") if path.is_file()]
    return tuple(
        Finding(
            Level.NOTE,
            "template/idle",
            f"templates/{name} overrides nothing, and no template includes it.",
            _meant(name, ours),
        )
        for name in sorted(names)
        if name not in ours
        and not (name.startswith("words/") and name.endswith(".po"))
        and not (name.endswith("~") or any(part.startswith(".") for part in name.split("/")))
        and not any(f"{quote}{name}{quote}" in said for quote in "\"'")
    )


def _meant(name: str, ours: Mapping[str, str]) -> str:
    near = get_close_matches(name, ours, 1) or [
        one for one in ours if one.rpartition("/")[2] == name.rpartition("/")[2]
    ]
    if near:
        return f"Name it templates/{near[0]}, if it is to stand for ours, or include it in one that does."
    return "Name it as the one of ours that it is to stand for, or include it in one that does."


class Live(Mapping[str, str]):
    """The templates as they stand on disk in the moment they are asked for."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._seen: set[tuple[str, int, int]] | None = None
        self._loaded: dict[str, str] = {}

    def __getitem__(self, name: str) -> str:
        return self._now()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._now())

    def __len__(self) -> int:
        return len(self._now())

    def items(self) -> ItemsView[str, str]:
        """Give all at once: one look at the disk."""
        return self._now().items()

    def _now(self) -> dict[str, str]:
        """Load again when a file of the publication's own came, went or changed."""
        seen = set()
        for path in (self._home / "templates").rglob("*"):
            with suppress(OSError):  # gone in this moment
                status = path.stat()
                seen.add((str(path), status.st_size, status.st_mtime_ns))
        if seen != self._seen:
            self._loaded = load(self._home)
            self._seen = seen
        return self._loaded
