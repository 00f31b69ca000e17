"""settings.secret - what nobody else may know: passwords, the database's address, the home's key.

Faults: SettingsError for a file that is missing, damaged or open to others.
Never: writes a secret anywhere but into the home's key. See: settings.reading (asks).
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from publisher.errors import SettingsError
from publisher.model import Finding, Level
from publisher.settings.file import File
from publisher.settings.relays import RelayTable
from publisher.settings.values import FILE_NAME, FIRST, Settings, Smtp

WITH_PASSWORD: Final = re.compile(r"[^:/]+://[^/?#]*:[^/?#]+@")


def database_of(home: Path, checked: File) -> str:
    """Give the address of the database; that of an SQLite file stands inside the home."""
    url = checked.database
    if checked.database_file:
        url = _secret_file(home, "database_file", checked.database_file)
    if url.startswith("sqlite:///"):
        return f"sqlite:///{home / url.removeprefix('sqlite:///')}"
    return url


def _secret_file(home: Path, key: str, name: str) -> str:
    try:
        return (home / name).read_text("utf-8").strip()
    except OSError as error:
        raise SettingsError(f"{key}: {error.strerror}", where=str(home / name)) from None


def written_secrets(raw: Mapping[str, Any]) -> tuple[Finding, ...]:
    """Find secrets that stand in the file itself."""
    smtp = raw.get("smtp")
    tables = [smtp, *_tables(smtp, "relays")]
    in_url = WITH_PASSWORD.match(str(raw.get("database", "")))
    if not in_url and not any(isinstance(one, dict) and one.get("password") for one in tables):
        return ()
    return (
        Finding(
            Level.HOLD,
            "settings/secret",
            f"A secret is written in {FILE_NAME}, a file that is easily shared.",
            "Move it to the environment or a file: smtp.password_file, database_file.",
        ),
    )


def missing_passwords(transport: str, relays: Sequence[Smtp]) -> tuple[Finding, ...]:
    """Find relays with a user and no password; only a warning, as a service may be given it."""
    named = [one for one in relays if one.user and not one.password]
    if transport != "smtp":
        return ()
    return tuple(
        Finding(
            Level.WARN,
            "settings/no-password",
            f"[{'smtp' if one.name == FIRST else f'smtp.relays.{one.name}'}] names the user"
            f" {one.user}, but there is no password: the relay will not let us in.",
            "Name its file with password_file, or give it by the environment or a systemd"
            " credential; or take `user` out.",
        )
        for one in named
    )


def _tables(table: object, name: str) -> list[object]:
    below = table.get(name) if isinstance(table, dict) else None
    return list(below.values()) if isinstance(below, dict) else []


def passwords_of(home: Path, checked: File, environ: Mapping[str, str]) -> dict[str, str]:
    """Find each relay's password: in its file, in systemd's credentials, else as it was given.

    The credential of a further relay ends in its name; without one it has that of [smtp] where it
    has taken over the login.
    """
    smtp = checked.smtp
    found = {FIRST: _password(home, "smtp", smtp, ("smtp-password",), environ)}
    for name, relay in smtp.relays.items():
        credentials = [f"smtp-password-{name}"]
        if (relay.host, relay.user) == (smtp.host, smtp.user):
            credentials.append("smtp-password")
        found[name] = _password(home, f"smtp.relays.{name}", relay, credentials, environ)
    return found


def _password(
    home: Path,
    key: str,
    relay: RelayTable,
    credentials: Sequence[str],
    environ: Mapping[str, str],
) -> str:
    if relay.password_file:
        return _secret_file(home, f"{key}.password_file", relay.password_file)
    folder = environ.get("CREDENTIALS_DIRECTORY")
    for name in credentials:
        if folder and (Path(folder) / name).is_file():
            return _secret_file(Path(folder), name, name)
    return relay.password.get_secret_value()


def secret_key(settings: Settings) -> bytes:
    """Return the home's secret key, made on first need, readable by its owner alone.

    Raises SettingsError where the file is damaged or open to others.
    """
    path = settings.key_path
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(32) + "\n")
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        pass
    except OSError as error:
        raise SettingsError(f"cannot be made: {error.strerror}", where=str(path)) from None
    if path.stat().st_mode & 0o077:
        raise SettingsError(
            "the secret key can be read by others", where=str(path), hint=f"chmod 600 {path}"
        )
    try:
        key = bytes.fromhex(path.read_text("ascii").strip())
    except (OSError, ValueError):
        key = b""
    if len(key) != 32:
        raise SettingsError(
            "the secret key is damaged",
            where=str(path),
            hint="restore it from the backup; a new key ends all unsubscribe links sent so far",
        )
    return key
