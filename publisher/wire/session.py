"""wire.session - the SMTP of one relay, over one connection that is kept while it is good.

    connect -> greeting -> EHLO -> [STARTTLS -> EHLO] -> [AUTH]        once a connection
    MAIL -> RCPT -> DATA -> begun() -> content and dot -> reply        once a message

RFC 5321, lock-step. A refused envelope is followed by RSET; after four refusals (relays slow down
those who guess addresses) or 500 messages the connection is changed. A connection that had already
served may have been closed while nobody looked: then the message is tried once more on a new one,
which is safe because no content was given away.
`tls="starttls"` never goes on in clear text, certificates are always verified, and a password is
said only to an encrypted or local server.
Faults: TransportError when the relay cannot be used until a person acts. Everything else, the
refused connection and the lost one too, is a Reply.
Never: retries what may have been accepted, writes or raises a password. See: dialogue, delivery.
"""

from __future__ import annotations

import base64
import contextlib
import re
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from publisher.domains import dns_name, is_loopback
from publisher.errors import TransportError
from publisher.model import Envelope, Phase, Reply
from publisher.wire.dialogue import Dialogue, Lost

MESSAGES_PER_CONNECTION: Final = 500
"""Exim closes at 1,000 of its own accord."""
REFUSALS_PER_CONNECTION: Final = 4
"""Postfix slows every reply from the tenth error on; a refused recipient can cost two."""

WORDS_LIMIT: Final = 500
"""So much of a server's text is kept: it is stored and shown to editors."""

_PRINTABLE = re.compile(r"[\x21-\x7e]*")
_PATH = re.compile(r"[\x21-\x3b\x3d\x3f-\x7e]+@[\x21-\x3b\x3d\x3f-\x7e]+")

TLS: Final = ("none", "starttls", "implicit")


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long each phase may take, in seconds; `scale` 1 is the usual patience."""

    scale: float = 1.0

    @property
    def connect(self) -> float:
        """Until somebody answers, and for TLS to begin."""
        return 30 * self.scale

    @property
    def command(self) -> float:
        """For the greeting and every command about one address (RFC 5321 §4.5.3.2 allows more)."""
        return 60 * self.scale

    @property
    def data(self) -> float:
        """RFC 5321 §4.5.3.2.4."""
        return 120 * self.scale

    @property
    def dot(self) -> float:
        """RFC 5321 §4.5.3.2.6: an early end here makes repeats."""
        return 600 * self.scale


class _Fault(Exception):
    """The reply that ended the opening of a connection."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply)
        self.reply = reply


class Relay:
    """A relay that messages are given to, one after the other."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        tls: str = "none",
        user: str = "",
        password: str = "",
        hello: str = "",
        timeout: float = 1.0,
        ca_file: Path | str | None = None,
    ) -> None:
        """Remember how to reach the relay; connect with the first message."""
        if tls not in TLS:  # a slip here must not become clear text
            raise TransportError(f"{tls!r} is none of {', '.join(TLS)}", where="smtp.tls")
        if not _PRINTABLE.fullmatch(hello):
            raise TransportError(
                "the name to greet with must be one ASCII word", where="smtp.hello"
            )
        self.host = host
        self.port = port
        self.tls = tls
        self.hello = hello
        self.timeouts = Timeouts(timeout)
        self._user = user
        self._password = password
        self._ca_file = ca_file
        self._context: ssl.SSLContext | None = None
        self._dialogue: Dialogue | None = None
        self._messages = 0
        self._refusals = 0
        self._is_aborted = False

    def __repr__(self) -> str:
        return f"Relay({self.host!r}, {self.port}, tls={self.tls!r})"

    def deliver(self, envelope: Envelope, message: bytes, begun: Callable[[], None]) -> Reply:
        """Give one message to the relay and return what became of it."""
        if (unfit := _unfit(envelope, message)) is not None:
            return unfit
        served = self._dialogue is not None and self._messages > 0
        reply = self._attempt(envelope, message, begun)
        is_stale = served and reply.phase is Phase.MAIL and reply.code in {None, 421}
        if is_stale and not self._is_aborted:
            reply = self._attempt(envelope, message, begun)
        return reply._replace(words=" ".join(reply.words.split())[:WORDS_LIMIT])

    def abort(self) -> None:
        """End what is waited for, from another thread; there is no use for the relay after."""
        self._is_aborted = True
        if (dialogue := self._dialogue) is not None:
            dialogue.abort()

    def close(self) -> None:
        """Take leave of the relay."""
        if self._dialogue is not None:
            with contextlib.suppress(Lost):
                self._dialogue.ask("QUIT", Phase.HELLO, min(5.0, self.timeouts.command))
        self._drop()

    # --- one message --------------------------------------------------------

    def _attempt(self, envelope: Envelope, message: bytes, begun: Callable[[], None]) -> Reply:
        try:
            dialogue = self._ready()
        except _Fault as fault:
            self._drop()
            return fault.reply
        reply = self._transact(dialogue, envelope, message, begun)
        self._messages += 1
        if reply.code is None or reply.code == 421 or _is_absurd(reply):
            self._drop()
        elif reply.code >= 400:
            self._after_refusal(dialogue, reply)
        if (
            self._messages >= MESSAGES_PER_CONNECTION
            or self._refusals >= REFUSALS_PER_CONNECTION
        ):  # fmt: skip
            self.close()
        return reply

    def _transact(
        self, dialogue: Dialogue, envelope: Envelope, message: bytes, begun: Callable[[], None]
    ) -> Reply:
        """Go through one mail transaction; the reply that ended it is its outcome."""
        time = self.timeouts
        phase = Phase.MAIL
        try:
            reply = dialogue.ask(f"MAIL FROM:<{_ascii(envelope.sender)}>", phase, time.command)
            if not _is_positive(reply):
                return reply
            phase = Phase.RCPT
            reply = dialogue.ask(f"RCPT TO:<{_ascii(envelope.recipient)}>", phase, time.command)
            if not _is_positive(reply):
                return reply
            phase = Phase.DATA
            reply = dialogue.ask("DATA", phase, time.data)
            if reply.code != 354:
                return reply
        except Lost as lost:
            return Reply(phase, words=str(lost))
        begun()
        try:
            return dialogue.exchange(_stuffed(message), Phase.DOT, time.dot)
        except Lost as lost:
            return Reply(Phase.DOT, words=str(lost))

    def _after_refusal(self, dialogue: Dialogue, reply: Reply) -> None:
        """Leave the connection clean for the next message, or leave it."""
        self._refusals += 1
        if reply.phase is Phase.DOT:
            return  # the transaction is over: RFC 5321 §4.1.1.4
        try:
            clean = dialogue.ask("RSET", Phase.MAIL, self.timeouts.command).code == 250
        except Lost:
            clean = False
        if not clean:
            self._drop()

    # --- one connection -----------------------------------------------------

    def _ready(self) -> Dialogue:
        """Give the open connection, or open one."""
        if self._dialogue is None:
            self._messages = self._refusals = 0
            try:
                self._dialogue = Dialogue(self.host, self.port, self.timeouts.connect)
            except Lost as lost:
                raise _Fault(Reply(Phase.CONNECT, words=str(lost))) from lost
            try:
                self._open(self._dialogue)
            except TransportError:
                self._drop()
                raise
        return self._dialogue

    def _open(self, dialogue: Dialogue) -> None:
        phase = Phase.CONNECT
        try:
            if self.tls == "implicit":
                phase = Phase.TLS
                self._encrypt(dialogue)
                phase = Phase.CONNECT
            _require(dialogue.hear(phase, self.timeouts.command))
            phase = Phase.HELLO
            offers = self._greet(dialogue)
            if self.tls == "starttls":
                if "STARTTLS" not in offers:
                    raise self._unusable(
                        "the relay offers no STARTTLS",
                        'set tls = "implicit" and its port, or "none" for a relay on this machine',
                    )
                phase = Phase.TLS
                _require(dialogue.ask("STARTTLS", phase, self.timeouts.command))
                self._encrypt(dialogue)
                phase = Phase.HELLO
                offers = self._greet(dialogue)
            if self._user:
                phase = Phase.AUTH
                self._login(dialogue, offers.get("AUTH", "").upper().split())
        except Lost as lost:
            raise _Fault(Reply(phase, words=str(lost))) from lost

    def _greet(self, dialogue: Dialogue) -> dict[str, str]:
        """Say EHLO and return what the relay offers; HELO where it knows nothing newer."""
        name = self.hello or _own_name(dialogue)
        reply = dialogue.ask(f"EHLO {name}", Phase.HELLO, self.timeouts.command)
        if reply.code is not None and 500 <= reply.code <= 504:
            _require(dialogue.ask(f"HELO {name}", Phase.HELLO, self.timeouts.command))
            return {}
        _require(reply)
        lines = (line.partition(" ") for line in reply.words.split("\n")[1:])
        return {keyword.upper(): values for keyword, _, values in lines}

    def _encrypt(self, dialogue: Dialogue) -> None:
        try:
            if self._context is None:
                self._context = ssl.create_default_context(
                    cafile=str(self._ca_file) if self._ca_file else None
                )
            dialogue.encrypt(self._context, self.host, self.timeouts.connect)
        except ssl.SSLCertVerificationError as fault:
            raise self._unusable(
                f"the relay's certificate is not valid: {fault.verify_message}",
                "use the name that stands in the certificate, or name its authority's file",
            ) from fault
        except (OSError, ssl.SSLError) as fault:
            raise self._unusable(f"the authority's file cannot be used: {fault}", "") from fault

    def _login(self, dialogue: Dialogue, mechanisms: list[str]) -> None:
        if self.tls == "none" and not is_loopback(self.host):
            raise self._unusable(
                "the password would cross the network unencrypted", 'set tls = "starttls"'
            )
        if "PLAIN" in mechanisms:
            reply = self._say(dialogue, "AUTH PLAIN ", f"\0{self._user}\0{self._password}")
        elif "LOGIN" in mechanisms:
            reply = dialogue.ask("AUTH LOGIN", Phase.AUTH, self.timeouts.command)
            for secret in (self._user, self._password):
                if reply.code == 334:
                    reply = self._say(dialogue, "", secret)
        else:
            raise self._unusable(
                "the relay offers neither AUTH PLAIN nor AUTH LOGIN",
                "leave user and password out, or use a port that asks for them",
            )
        if reply.code is not None and reply.code >= 500:
            raise self._unusable(
                f"the relay refused the login: {reply.code} {reply.words}",
                "correct user and password, then resume the send",
            )
        _require(reply)

    def _say(self, dialogue: Dialogue, command: str, secret: str) -> Reply:
        """Say a secret; what the relay answers is kept without it."""
        encoded = base64.b64encode(secret.encode()).decode("ascii")
        reply = dialogue.ask(command + encoded, Phase.AUTH, self.timeouts.command)
        words = reply.words
        for hidden in filter(None, (encoded, self._password)):
            words = words.replace(hidden, "***")
        return Reply(reply.phase, reply.code, reply.enhanced, words)

    def _unusable(self, message: str, hint: str) -> TransportError:
        return TransportError(message, where=f"{self.host}:{self.port}", hint=hint)

    def _drop(self) -> None:
        if self._dialogue is not None:
            self._dialogue.close()
            self._dialogue = None


def _is_positive(reply: Reply) -> bool:
    return reply.code is not None and 200 <= reply.code <= 299


def _is_absurd(reply: Reply) -> bool:
    """Tell whether an answer makes no sense where it came: nothing after it can be trusted."""
    return reply.code is not None and reply.code < 400 and not _is_done(reply)


def _is_done(reply: Reply) -> bool:
    return reply.phase is Phase.DOT and _is_positive(reply)


def _require(reply: Reply) -> None:
    """Go on only after a positive reply."""
    if not _is_positive(reply):
        raise _Fault(reply)


def _unfit(envelope: Envelope, message: bytes) -> Reply | None:
    """Refuse, without troubling the relay, what must not be written on the wire.

    A bare CR or LF in a message lets a stranger smuggle a second one in (RFC 5321 §2.3.8).
    """
    if not _PATH.fullmatch(_ascii(envelope.sender)):
        return Reply(Phase.MAIL, 553, "5.1.7", "the sender's address cannot be written in SMTP")
    if not _PATH.fullmatch(_ascii(envelope.recipient)):
        return Reply(Phase.RCPT, 553, "5.1.3", "the address cannot be written in SMTP")
    lines = message.count(b"\r\n")
    if message.count(b"\n") != lines or message.count(b"\r") != lines:
        return Reply(Phase.DATA, 550, "5.6.0", "the message has a bare line end")
    return None


def _ascii(address: str) -> str:
    """Write an international domain in its ASCII form; the local part stays as it is."""
    local, _, domain = address.rpartition("@")
    try:
        return f"{local}@{dns_name(domain)}"
    except ValueError:
        return address


def _stuffed(message: bytes) -> bytes:
    """Double the dots that begin a line and close with the one that ends (RFC 5321 §4.5.2)."""
    body = message.replace(b"\r\n.", b"\r\n..")
    if body.startswith(b"."):
        body = b"." + body
    return body + (b".\r\n" if body.endswith(b"\r\n") else b"\r\n.\r\n")


def _own_name(dialogue: Dialogue) -> str:
    """Name ourselves by a whole name, else by our address (RFC 5321 §4.1.4)."""
    name = socket.gethostname()
    if "." in name and name.isascii():
        return name
    address = dialogue.local_address
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"
