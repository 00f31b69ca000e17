"""wire.dkim - the signature by which receivers see that a mail is ours and unchanged.

RFC 6376, head and body in their relaxed forms, RSA with SHA-256; beside it, where there is such a
key, Ed25519 (RFC 8463), which not every receiver reads yet. `signed` signs any message; `Signing`
the many of one send, with what is alike for all of them brought into its relaxed form and hashed
once: then little is left beside the key's own work, in which other threads may run.

Never: `l=`, under which anything could be put below a signed text; a key file, the time.
See: wire.keys (the files), authentication (the records in DNS), send.letter (who signs).
"""

from __future__ import annotations

import re
from base64 import b64encode
from binascii import b2a_base64
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
_PADDING: Final = PKCS1v15()
_HASH: Final = SHA256()
_MARK: Final = b"\0"
_NOT_RELAXED: Final = (b"  ", b"\t", b"\r\n ", b" \r\n", b" :")


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
            return self.key.sign(data, _PADDING, _HASH)
        return self.key.sign(sha256(data).digest())


def signed(message: bytes, signers: Sequence[Signer], moment: datetime) -> bytes:
    """Put one signature per signer before a message whose lines end in CRLF.

    The same message, keys and moment give the same bytes: neither kind of signature uses chance.
    """
    return _exactly(message, signers, moment) + message


def _exactly(message: bytes, signers: Sequence[Signer], moment: datetime) -> bytes:
    head, _, body = message.partition(b"\r\n\r\n")
    names, covered = chosen(head)
    digest = sha256(relaxed_body(body)).digest()
    made = [_Field(signer, names, moment).written(covered, digest) for signer in signers]
    return b"".join(made)


class Signing:
    """The signatures of one send's messages. Any thread may ask for them."""

    def __init__(
        self, signers: Sequence[Signer], moment: datetime, sample: Sequence[bytes]
    ) -> None:
        """Prepare what is alike for all, from a message in pieces as `render.message` gives them.

        The fields of its own stand first, then the others with the empty line, then what all bodies
        begin with. A body that is not its own relaxed form, which none of ours is, is signed
        slowly, but right.
        """
        self._signers = signers
        self._moment = moment
        _, self._head, self._opening, *_ = sample
        body = b"".join(sample[2:])
        self._is_relaxed = relaxed_body(body) == body
        self._begun = sha256(self._opening)
        self._shapes: dict[tuple[bytes, ...], _Shape] = {}

    def fields(self, pieces: Sequence[bytes]) -> bytes:
        """Write the signatures of a message, one field per signer, that go before it."""
        own, head, opening, *rest = pieces
        if not self._is_relaxed or head != self._head or opening != self._opening:
            return _exactly(b"".join(pieces), self._signers, self._moment)
        names, values = _parted(own)
        shape = self._shapes.get(names)
        if shape is None:
            shape = self._shapes[names] = self._shape(names)
        hashed = self._begun.copy()
        for piece in rest:
            hashed.update(piece)
        covered = shape.covered(values)
        digest = hashed.digest()
        return b"".join([field.written(covered, digest) for field in shape.fields])

    def _shape(self, names: tuple[bytes, ...]) -> _Shape:
        """Prepare for messages with these fields of their own: leave a mark where each goes."""
        marked = [b"%b:%b%d%b\r\n" % (name, _MARK, at, _MARK) for at, name in enumerate(names)]
        covering, covered = chosen(b"".join(marked) + self._head.removesuffix(b"\r\n\r\n"))
        *parts, end = re.split(rb"%b([0-9]+)%b\r\n" % (_MARK, _MARK), covered)
        return _Shape(
            [(before, int(at)) for before, at in zip(parts[::2], parts[1::2], strict=True)],
            end,
            [_Field(signer, covering, self._moment) for signer in self._signers],
        )


@dataclass(frozen=True, slots=True)
class _Shape:
    """Messages whose own fields have the same names: what is before each value, and behind all."""

    between: list[tuple[bytes, int]]
    end: bytes
    fields: list[_Field]

    def covered(self, values: Sequence[bytes]) -> bytes:
        """Give all that is signed of a head, in its order."""
        return b"".join([before + values[at] for before, at in self.between]) + self.end


class _Field:
    """A DKIM-Signature field but for the hash of the body and the signature."""

    def __init__(self, signer: Signer, names: Sequence[str], moment: datetime) -> None:
        self._signer = signer
        lines = [
            f"DKIM-Signature: v=1; a={signer.kind}-sha256; c=relaxed/relaxed;",
            f" d={signer.domain};",
            f" s={signer.selector}; t={int(moment.timestamp())};",
            *_folded(" h=", [*(f"{name}:" for name in names[:-1]), f"{names[-1]};"]),
            " bh=",
        ]
        self._start = "\r\n".join(lines).encode("ascii")
        self._relaxed = relaxed_field(self._start).removesuffix(b"\r\n")

    def written(self, covered: bytes, body_digest: bytes) -> bytes:
        """Write the whole field; `covered` is what `chosen` gives."""
        digest = b2a_base64(body_digest, newline=False)
        # the field itself is signed last, with an empty b= and no line end (RFC 6376 section 3.7)
        raw = self._signer.sign(covered + self._relaxed + digest + b"; b=")
        made = b2a_base64(raw, newline=False)
        room = _LINE - len(" b=")
        lines = [made[at : at + _LINE - 1] for at in range(room, len(made), _LINE - 1)]
        value = b"\r\n ".join([made[:room], *lines])
        return b"%b%b;\r\n b=%b\r\n" % (self._start, digest, value)


def chosen(head: bytes) -> tuple[list[str], bytes]:
    """Choose the fields of a head to sign: their names for `h=`, and their relaxed forms.

    A field that stands more than once is taken from below (RFC 6376 section 5.4.2).
    """
    standing: dict[bytes, list[bytes]] = {}
    for one in _fields(head):
        name = one.partition(b":")[0].strip().lower()
        standing.setdefault(name, []).insert(0, relaxed_field(one))
    taken = {name: standing.get(name.lower().encode("ascii"), []) for name in SIGNED}
    names = [name for name, fields in taken.items() for _ in fields]
    return [*names, *SEALED], b"".join(chain.from_iterable(taken.values()))


def _fields(head: bytes) -> list[bytes]:
    """Part a head into its fields, each with its folds."""
    return re.split(rb"\r\n(?![ \t])", head.removesuffix(b"\r\n"))


def _parted(head: bytes) -> tuple[tuple[bytes, ...], list[bytes]]:
    """Part a head into the names of its fields and their relaxed values, each with its CRLF."""
    if any(odd in head for odd in _NOT_RELAXED):
        fields = [relaxed_field(one).partition(b":") for one in _fields(head)]
    else:  # nearly all are their own relaxed form, but for the space behind the colon
        fields = [line.partition(b":") for line in head.splitlines(keepends=True)]
    names = tuple([name.lower() for name, _, _ in fields])
    return names, [value.lstrip(b" ") for _, _, value in fields]


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
