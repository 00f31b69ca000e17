"""wire.dkim - the signature by which receivers see that a mail is ours and unchanged.

RFC 6376, head and body in their relaxed forms, RSA with SHA-256; beside it, where there is such a
key, Ed25519 (RFC 8463), which not every receiver reads yet. The pieces can be had apart: a body is
hashed once however many keys sign it, and none of them depends on another message.

Never: `l=`, under which anything could be put below a signed text; a key file, the time.
See: wire.keys (the files), authentication (the records in DNS), send.letter (who signs).
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from itertools import chain
from typing import Final, TypeAlias

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

PrivateKey: TypeAlias = RSAPrivateKey | Ed25519PrivateKey

SIGNED: Final = (
    *("From", "To", "Subject", "Date", "Message-ID", "Reply-To"),
    *("MIME-Version", "Content-Type", "Content-Transfer-Encoding"),
    *("List-Id", "List-Unsubscribe", "List-Unsubscribe-Post"),  # both: RFC 8058 section 4
    *("List-Archive", "List-Help", "List-Owner", "Feedback-ID"),
)
"""The fields signed wherever a message has them."""
SEALED: Final = (
    *("From", "To", "Cc", "Subject", "Date", "Reply-To"),
    *("MIME-Version", "Content-Type", "Content-Transfer-Encoding"),
)
"""Those named once more than they stand, so that none can be added: a reader might be shown the
one added (RFC 6376 section 8.15). Not what relays add of their own, such as a List-Unsubscribe."""
_LINE: Final = 76


@dataclass(frozen=True, slots=True)
class Signer:
    """A key with the name under which DNS has its public half; `repr` does not show it."""

    domain: str
    selector: str
    key: PrivateKey = field(repr=False)

    @property
    def kind(self) -> str:
        """The key's kind, as `k=` has it."""
        return "rsa" if isinstance(self.key, RSAPrivateKey) else "ed25519"

    @property
    def host(self) -> str:
        """Where in DNS receivers look the public half up."""
        return f"{self.selector}._domainkey.{self.domain}"

    @property
    def record(self) -> str:
        """What DNS must hold there, as one text."""
        public = self.key.public_key()
        if isinstance(self.key, RSAPrivateKey):
            raw = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        else:
            raw = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
        return f"v=DKIM1; k={self.kind}; p={b64encode(raw).decode('ascii')}"

    def sign(self, data: bytes) -> bytes:
        """Sign the data; Ed25519 signs their SHA-256, not them (RFC 8463 section 3)."""
        if isinstance(self.key, RSAPrivateKey):
            return self.key.sign(data, PKCS1v15(), SHA256())
        return self.key.sign(sha256(data).digest())


def signed(message: bytes, signers: Sequence[Signer], moment: datetime) -> bytes:
    """Put one signature per signer before a message whose lines end in CRLF.

    The same message, keys and moment give the same bytes: neither kind of signature uses chance.
    """
    head, _, body = message.partition(b"\r\n\r\n")
    names, covered = chosen(head)
    digest = sha256(relaxed_body(body)).digest()
    made = [signature(signer, names, covered, digest, moment) for signer in signers]
    return b"".join([*made, message])


def signature(
    signer: Signer, names: Sequence[str], covered: bytes, body_digest: bytes, moment: datetime
) -> bytes:
    """Write a whole DKIM-Signature field; `names` and `covered` are what `chosen` gives."""
    lines = [
        f"DKIM-Signature: v=1; a={signer.kind}-sha256; c=relaxed/relaxed;",
        f" d={signer.domain};",
        f" s={signer.selector}; t={int(moment.timestamp())};",
        *_folded(" h=", [*(f"{name}:" for name in names[:-1]), f"{names[-1]};"]),
        f" bh={b64encode(body_digest).decode('ascii')};",
    ]
    unfilled = "\r\n".join([*lines, " b="]).encode("ascii")
    # the field itself is signed last, with an empty b= and no line end (RFC 6376 section 3.7)
    raw = signer.sign(covered + relaxed_field(unfilled).removesuffix(b"\r\n"))
    filled = _folded(" b=", b64encode(raw).decode("ascii"))
    return "\r\n".join([*lines, *filled, ""]).encode("ascii")


def chosen(head: bytes) -> tuple[list[str], bytes]:
    """Choose the fields of a head to sign: their names for `h=`, and their relaxed forms.

    A field that stands more than once is taken from below (RFC 6376 section 5.4.2).
    """
    standing: dict[bytes, list[bytes]] = {}
    for one in re.split(rb"\r\n(?![ \t])", head.removesuffix(b"\r\n")):
        name = one.partition(b":")[0].strip().lower()
        standing.setdefault(name, []).insert(0, relaxed_field(one))
    taken = {name: standing.get(name.lower().encode("ascii"), []) for name in SIGNED}
    names = [name for name, fields in taken.items() for _ in fields]
    return [*names, *SEALED], b"".join(chain.from_iterable(taken.values()))


def relaxed_field(raw: bytes) -> bytes:
    """Give the relaxed form of a header field, CRLF included (RFC 6376 section 3.4.2)."""
    name, _, value = raw.partition(b":")
    line = re.sub(rb"[ \t]+", b" ", value.replace(b"\r\n", b"")).strip(b" ")
    return name.strip(b" \t").lower() + b":" + line + b"\r\n"


def relaxed_body(body: bytes) -> bytes:
    """Give the relaxed form of a body (RFC 6376 section 3.4.4): an empty one stays empty."""
    spaced = re.sub(rb"[ \t]+", b" ", body)
    lines = re.sub(rb" (?=\r\n|\Z)", b"", spaced)
    text = lines.rstrip(b"\r\n")
    return text + b"\r\n" if text else b""


def _folded(start: str, pieces: Sequence[str]) -> list[str]:
    """Write pieces behind a start in lines that are short enough, parted only between pieces."""
    lines = [start]
    for piece in pieces:
        if len(lines[-1]) + len(piece) > _LINE:
            lines.append(" ")
        lines[-1] += piece
    return lines
