"""wire.envelopes - an envelope as the commands MAIL and RCPT, under the terms a relay offers.

What the relay offers decides what is said: SIZE (RFC 1870), BODY=8BITMIME (RFC 6152) only for
content that needs it, SMTPUTF8 (RFC 6531) only for an address that needs it. A domain is written in
its ASCII form. What cannot be said under these terms, or would break out of the command, is refused
here in the relay's stead and never reaches it.
Never: looks into content further than for 8-bit bytes. See: wire.transactions (says them).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import compress
from operator import is_not
from typing import Final

from publisher.domains import dns_name
from publisher.model import Envelope, Phase, Reply

_PATH: Final = bytes(set(range(0x21, 0x7F)) - set(b"<>"))
"""What an address may hold on the wire."""
_LARGE: Final = 512
_REMEMBERED: Final = 16


class EightBit:
    """Tells whether content has 8-bit bytes; what many messages share is looked through once.

    A large piece remembered is kept alive, so that its identity is nobody else's: but a few.
    """

    __slots__ = ("_known", "_last")

    def __init__(self) -> None:
        self._known: dict[int, bytes] = {}
        self._last: Sequence[bytes] = ()  # the last content without any

    def __call__(self, content: Sequence[bytes]) -> bool:
        """Tell whether any byte is over 127."""
        known, last = self._known, self._last
        if len(content) == len(last):  # of two messages of a send a few pieces differ
            fresh: Iterable[bytes] = compress(content, map(is_not, content, last))
        else:
            fresh = content
        for piece in fresh:
            if id(piece) not in known:
                if not piece.isascii():
                    return True
                if len(piece) >= _LARGE:
                    if len(known) >= _REMEMBERED:
                        known.clear()
                    known[id(piece)] = piece
        self._last = content
        return False


class Terms:
    """What a relay offers to those who send through it."""

    __slots__ = ("_eight_bit", "_has_eight_bit", "_has_size", "_has_utf8", "_most", "_sender",
                 "chunking", "pipelining")  # fmt: skip

    def __init__(self, offers: Mapping[str, str], eight_bit: EightBit | None = None) -> None:
        self.pipelining = "PIPELINING" in offers
        self.chunking = "CHUNKING" in offers
        self._has_eight_bit = "8BITMIME" in offers
        self._has_utf8 = "SMTPUTF8" in offers
        self._has_size = "SIZE" in offers
        most = offers.get("SIZE", "").strip()
        self._most = int(most) if most.isdecimal() and len(most) < 19 else 0  # 0: no limit told
        self._eight_bit = eight_bit or EightBit()
        self._sender: str | None = None  # the last one that could stand as it was

    def commands(self, envelope: Envelope, content: Sequence[bytes], size: int) -> str | Reply:
        """Write MAIL and RCPT; a Reply refuses in the relay's stead."""
        sender, recipient = envelope
        parameters = f" SIZE={size}" if self._has_size else ""
        if not (_is_plain(recipient) and (sender == self._sender or _is_plain(sender))):
            sender_ = written(sender, Phase.MAIL, "5.1.7", has_utf8=self._has_utf8)
            recipient_ = written(recipient, Phase.RCPT, "5.1.3", has_utf8=self._has_utf8)
            if isinstance(sender_, Reply):
                return sender_
            if isinstance(recipient_, Reply):
                return recipient_
            sender, recipient = sender_, recipient_
            if not (sender.isascii() and recipient.isascii()):
                parameters += " SMTPUTF8"
        else:
            self._sender = sender
        if self._eight_bit(content):
            if not self._has_eight_bit:
                words = "the message has 8-bit text, which the relay does not take"
                return Reply(Phase.DATA, 554, "5.6.3", words)
            parameters += " BODY=8BITMIME"
        if 0 < self._most < size:
            words = f"the message has {size} bytes, and the relay takes {self._most}"
            return Reply(Phase.DATA, 552, "5.3.4", words)
        return f"MAIL FROM:<{sender}>{parameters}\r\nRCPT TO:<{recipient}>\r\n"


def written(address: str, phase: Phase, enhanced: str, *, has_utf8: bool = True) -> str | Reply:
    """Write an international domain in its ASCII form; the local part stays as it is.

    A Reply with this phase and code refuses what cannot stand in a command.
    """
    local, _, domain = address.rpartition("@")
    unfit = Reply(phase, 553, enhanced, "the address cannot be written in SMTP")
    try:
        domain = dns_name(domain)
    except ValueError:
        return unfit
    if _is_plain(f"{local}@{domain}"):
        return f"{local}@{domain}"
    if local.isascii() or not _is_plain(f"{_without_letters(local)}@{domain}"):
        return unfit
    if not has_utf8:
        words = "the address needs SMTPUTF8, which the relay does not offer"
        return Reply(phase, 553, "5.6.7", words)
    return f"{local}@{domain}"


def _is_plain(address: str) -> bool:
    """Tell whether an address can stand on the wire as it is."""
    return (
        address.isascii()
        and not address.encode().translate(None, _PATH)
        and 0 < address.rfind("@") < len(address) - 1
    )


def _without_letters(local: str) -> str:
    """Put a letter for each printable sign outside ASCII, so that the others can be judged."""
    return "".join("x" if not sign.isascii() and sign.isprintable() else sign for sign in local)
