"""wire.envelopes - an envelope as the commands MAIL and RCPT, under the terms a relay offers.

What the relay offers decides what is said: SIZE (RFC 1870), BODY=8BITMIME (RFC 6152) only for
content that needs it, SMTPUTF8 (RFC 6531) only for an address that needs it. A domain is written in
its ASCII form. What cannot be said under these terms, or would break out of the command, is refused
here in the relay's stead and never reaches it.
Never: looks into content. See: wire.transactions (says them).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from publisher.domains import dns_name
from publisher.model import Parcel, Phase, Reply

_PATH: Final = bytes(set(range(0x21, 0x7F)) - set(b"<>"))
"""What an address may hold on the wire."""
_is_usual: Final = re.compile(r"[!-;=?A-~]+@[!-;=?A-~]+").fullmatch


class Terms:
    """What a relay offers to those who send through it."""

    __slots__ = ("_has_eight_bit", "_has_size", "_has_utf8", "_most", "_sender",
                 "chunking", "pipelining")  # fmt: skip

    def __init__(self, offers: Mapping[str, str]) -> None:
        self.pipelining = "PIPELINING" in offers
        self.chunking = "CHUNKING" in offers
        self._has_eight_bit = "8BITMIME" in offers
        self._has_utf8 = "SMTPUTF8" in offers
        self._has_size = "SIZE" in offers
        most = offers.get("SIZE", "").strip()
        self._most = int(most) if most.isdecimal() and len(most) < 19 else 0  # 0: no limit told
        self._sender: str | None = None  # the last one that could stand as it was

    def commands(self, parcel: Parcel, size: int) -> str | Reply:
        """Write MAIL and RCPT; a Reply refuses in the relay's stead.

        `size` is the content's, in bytes.
        """
        sender, recipient = parcel.envelope
        parameters = f" SIZE={size}" if self._has_size else ""
        if not (_is_usual(recipient) and (sender == self._sender or _is_usual(sender))):
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
        if parcel.is_eight_bit:
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
