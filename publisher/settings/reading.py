"""settings.reading - publisher.toml from the disk, and the settings made of it.

Faults: SettingsError with all faults at once. See: settings.file (what may be written).
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from publisher.errors import SettingsError
from publisher.settings.faults import all_faults
from publisher.settings.file import File
from publisher.settings.newsletters import newsletters_of
from publisher.settings.relays import relays_of
from publisher.settings.secret import database_of, missing_passwords, passwords_of, written_secrets
from publisher.settings.values import FILE_NAME, Dkim, Settings


def load(home: Path, environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings of a home.

    Raises SettingsError with all faults at once: a missing or broken file, unknown keys, wrong
    values, an unreadable secret.
    """
    path = home / FILE_NAME
    raw, text = _read(path)
    tables = raw.get("newsletter")
    single = isinstance(tables, dict) and any(not isinstance(v, dict) for v in tables.values())
    if isinstance(tables, dict) and single:
        raw["newsletter"] = {str(tables.get("slug") or "newsletter"): tables}
    try:
        checked = File(**raw)
    except ValidationError as error:
        raise all_faults(path, text, error, single=single) from None
    if not checked.newsletter:
        raise SettingsError(
            "no newsletter is described", where=str(path), hint="add a [newsletter] table"
        )
    first, *spare = relays_of(checked.smtp, passwords_of(home, checked, environ))
    return Settings(
        home=home,
        database=database_of(home, checked),
        transport=checked.transport,
        smtp=first,
        host=checked.web.host,
        port=checked.web.port,
        desk_port=checked.web.desk_port,
        newsletters=newsletters_of(path, checked),
        dkim=None if checked.dkim is None else Dkim(**checked.dkim.model_dump()),
        network_allow=checked.network.allow,
        findings=(
            *written_secrets(raw),
            *missing_passwords(checked.transport, (first, *spare)),
        ),
        spare=tuple(spare),
        domain_limits=tuple(
            (domain, one.per_minute) for domain, one in checked.smtp.domains.items()
        ),
        command=checked.command.run,
    )


def _read(path: Path) -> tuple[dict[str, Any], str]:
    try:
        text = path.read_text("utf-8")
        return tomllib.loads(text), text
    except FileNotFoundError:
        raise SettingsError(
            f"there is no {FILE_NAME} here",
            where=str(path.parent),
            hint="make a new home with `publisher init DIR`, or name one with --home DIR",
        ) from None
    except OSError as error:
        raise SettingsError(
            f"cannot be read: {error.strerror}",
            where=str(path),
            hint="check its owner and permissions",
        ) from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise SettingsError(
            f"line {line} is not UTF-8", where=str(path), hint="save the file as UTF-8"
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(
            f"not valid TOML: {error}",
            where=str(path),
            hint="mend that line; text is quoted, tables stand in [brackets]",
        ) from None
