"""wire.keys - the private halves of our signatures, as files of the home.

One file a key, `<domain>.<selector>.<kind>.pem`, in a folder only its owner may enter: PKCS #8, so
that any other program can take the key over. `make` never touches a file that is there.

Faults: SettingsError for a key that is damaged, too weak, of another kind, or open to others.
Never: a key in a database, a log or an error. See: wire.dkim (signs), cli.doctor (has them made).
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from publisher.errors import SettingsError
from publisher.wire.dkim import PrivateKey, Signer

RSA_BITS: Final = 2048
MOST_RSA_BITS: Final = 4096
"""No receiver has to check longer ones (RFC 8301 section 3.2)."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the key of one signature stands; `kind` is "rsa" or "ed25519"."""

    folder: Path
    domain: str
    selector: str
    kind: str

    @property
    def path(self) -> Path:
        """The key's file."""
        return self.folder / f"{self.domain}.{self.selector}.{self.kind}.pem"


def places(folder: Path, domain: str, selector: str, *, ed25519: bool) -> tuple[Place, ...]:
    """Give the keys a domain signs with; the second kind has a selector of its own."""
    wanted = [Place(folder, domain, selector, "rsa")]
    if ed25519:
        wanted.append(Place(folder, domain, f"{selector}-ed25519", "ed25519"))
    return tuple(wanted)


def make(place: Place) -> bool:
    """Make a key where none is; False where one is already."""
    if place.path.exists():
        return False  # and no time is spent on one for nothing
    key: PrivateKey = (
        generate_private_key(public_exponent=65537, key_size=RSA_BITS)
        if place.kind == "rsa"
        else Ed25519PrivateKey.generate()
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    draft = place.folder / f".{place.path.name}.{os.getpid()}"
    try:
        place.folder.mkdir(mode=0o700, exist_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
        return _published(draft, place.path)
    except OSError as fault:
        raise SettingsError(
            f"the key cannot be made: {fault.strerror or fault}",
            where=str(place.path),
            hint="the folder must belong to the user that publisher runs as",
        ) from None
    finally:
        with suppress(OSError):
            draft.unlink()


def _published(draft: Path, path: Path) -> bool:
    """Give the finished draft its name, unless another file has it."""
    try:
        os.link(draft, path)
    except FileExistsError:
        return False
    return True


def load(place: Place) -> Signer | None:
    """Load a key; None where there is none."""
    path = place.path
    try:
        mode = path.stat().st_mode
        if mode & 0o077:
            raise SettingsError(
                "the key can be read by others", where=str(path), hint=f"chmod 600 {path}"
            )
        pem = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as fault:
        raise SettingsError(
            f"the key cannot be read: {fault.strerror or fault}",
            where=str(path),
            hint="it must belong to the user that publisher runs as",
        ) from None
    return Signer(place.domain, place.selector, _checked(pem, place))


def _checked(pem: bytes, place: Place) -> PrivateKey:
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise _unfit(place, "the key is damaged, or locked with a password") from None
    if place.kind == "rsa" and isinstance(key, RSAPrivateKey):
        if not RSA_BITS <= key.key_size <= MOST_RSA_BITS:
            raise _unfit(place, f"the key has {key.key_size} bits; {RSA_BITS} are right")
        return key
    if place.kind == "ed25519" and isinstance(key, Ed25519PrivateKey):
        return key
    raise _unfit(place, f"the key is not of the kind {place.kind}")


def _unfit(place: Place, why: str) -> SettingsError:
    return SettingsError(
        why,
        where=str(place.path),
        hint="restore it from the backup; or move it away, let `publisher doctor` make another,"
        " and put that one's record into DNS",
    )
