"""templates - the packaged templates, overlaid by a publication's own.

A publication overrides any file by putting one of the same name under its `templates/`. Faults:
TemplateError where a file cannot be read as UTF-8. Never: renders. See: render (takes the mapping).
"""

from __future__ import annotations

from pathlib import Path

from publisher.errors import TemplateError

SUFFIXES = frozenset({".html", ".mjml", ".txt", ".xml", ".css"})


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
                try:
                    found[path.relative_to(folder).as_posix()] = path.read_text("utf-8")
                except (OSError, UnicodeDecodeError) as error:
                    raise TemplateError(
                        f"cannot be read: {error}", where=str(path), hint="save it as UTF-8"
                    ) from None
    return found
