"""holding - one process at a time on a home, and only on one that is closed to others.

Faults: RefusedError while another runs; SettingsError for open files and taken ports.
Never: waits. See: site.lock (the other lock, for one publication).
"""

from __future__ import annotations

import fcntl
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from publisher.errors import RefusedError, SettingsError
from publisher.settings import Settings

LOCK_NAME: Final = "run.lock"


@contextmanager
def only_one(home: Path) -> Iterator[None]:
    """Hold the home for this process; raises RefusedError while another runs on it."""
    try:
        handle = os.open(home / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise SettingsError(
            f"the home cannot be held: {error.strerror}",
            where=str(home / LOCK_NAME),
            hint="the home must be a folder on a local disk that this user can write to",
        ) from None
    try:
        if not _locked(handle):
            holder = os.read(handle, 32).decode("ascii", "replace").strip()
            raise RefusedError(
                f"publisher runs on this home already (process {holder or 'unknown'})",
                where=str(home),
                hint="stop that one first; a second would only stand in its way",
            )
        with suppress(OSError):  # a full disk: the number is a courtesy, the lock holds without
            os.truncate(handle, 0)
            os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(handle)


def _locked(handle: int) -> bool:
    """Take the lock; not put off by those who only look whether somebody has it."""
    for _ in range(20):
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.025)
        else:
            return True
    return False


def is_running(home: Path) -> bool:
    """Say whether a `run` holds the home."""
    try:
        handle = os.open(home / LOCK_NAME, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def refuse_open_home(settings: Settings) -> None:
    """Refuse a home whose ledger, messages or keys others on this machine could read."""
    for fault in open_to_others(settings):
        raise fault


def open_to_others(settings: Settings) -> Iterator[SettingsError]:
    """Find what of a home others on this machine could read, each with the chmod that ends it."""
    for path in (
        Path(settings.database.removeprefix("sqlite:///")),
        settings.outbox_folder,
        settings.wire_folder,
        settings.key_path,
        settings.keys_folder,
        *sorted(settings.keys_folder.glob("*.pem")),
    ):
        if path.exists() and path.stat().st_mode & 0o077:
            mode = "700" if path.is_dir() else "600"
            yield SettingsError(
                "can be read by others on this machine",
                where=str(path),
                hint=f"chmod {mode} {path}",
            )


def refuse_taken_ports(settings: Settings) -> None:
    """Refuse to run where another program listens: half a service would look like a whole one."""
    for host, port, key in (
        (settings.host, settings.port, "port"),
        ("127.0.0.1", settings.desk_port, "desk_port"),
    ):
        try:
            family, kind, _, _, address = socket.getaddrinfo(
                host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )[0]
            with socket.socket(family, kind) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(address)
        except OSError as error:
            raise SettingsError(
                f"nothing can be served there: {error.strerror}",
                where=f"{host}:{port}",
                hint=f"stop what listens there, or choose another: {key} under [web]",
            ) from None
