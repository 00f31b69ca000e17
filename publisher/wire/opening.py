"""wire.opening - how a connection begins, as questions to be asked one by one.

    [TLS] -> greeting -> EHLO, else HELO -> [STARTTLS -> TLS -> EHLO] -> [AUTH] -> what is offered

`opening` yields each question and is sent its answer; who asks them, and how, it does not know.
`tls="starttls"` never goes on in clear text, and a password is said only to an encrypted or local
server.
Faults: TransportError when the relay cannot be used until a person acts; `Refused` with the reply
for all else that ends an opening.
Never: writes or raises a password, touches a socket. See: wire.protocol (asks).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Generator
from dataclasses import dataclass
from typing import Final, NamedTuple

from publisher.domains import is_loopback
from publisher.errors import TransportError
from publisher.model import Phase, Reply
from publisher.wire.freight import Route
from publisher.wire.replies import Answer

TLS: Final = ("none", "starttls", "implicit")
_PRINTABLE = re.compile(r"[\x21-\x7e]*")


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long each phase may take, in seconds; `scale` 1 is the usual patience."""

    scale: float = 1.0

    @property
    def connect(self) -> float:
        """Until somebody answers, and for TLS to begin."""
        return 30 * self.scale

    @property
    def opening(self) -> float:
        """For all of an opening, however the server spreads its answers."""
        return 240 * self.scale

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


class Question(NamedTuple):
    """What is to be said, in which phase, and how long to wait; `line` None: encrypt now."""

    phase: Phase
    line: bytes | None
    seconds: float


class Refused(Exception):
    """The reply that ended an opening."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply)
        self.reply = reply


def check(route: Route) -> None:
    """Refuse settings that would not be what they seem on the wire."""
    if route.tls not in TLS:  # a slip here must not become clear text
        raise TransportError(f"{route.tls!r} is none of {', '.join(TLS)}", where="smtp.tls")
    if not _PRINTABLE.fullmatch(route.hello):
        raise TransportError("the name to greet with must be one ASCII word", where="smtp.hello")


def opening(route: Route, name: str) -> Generator[Question, Answer, dict[str, str]]:
    """Open a connection, greeting by `name`; return what the relay offers, by keyword."""
    time = Timeouts(route.timeout)
    if route.tls == "implicit":
        yield Question(Phase.TLS, None, time.connect)
    _require((yield Question(Phase.CONNECT, b"", time.command)), Phase.CONNECT)
    offers = yield from _greet(name, time)
    if route.tls == "starttls":
        if "STARTTLS" not in offers:
            raise unusable(
                route,
                "the relay offers no STARTTLS",
                'set tls = "implicit" and its port, or "none" for a relay on this machine',
            )
        _require((yield Question(Phase.TLS, b"STARTTLS\r\n", time.command)), Phase.TLS)
        yield Question(Phase.TLS, None, time.connect)
        offers = yield from _greet(name, time)  # what was said in clear counts no more: RFC 3207
    if route.user:
        yield from _login(route, offers.get("AUTH", "").upper().split(), time)
    return offers


def unusable(route: Route, message: str, hint: str) -> TransportError:
    """Say that this relay cannot be used until a person acts."""
    return TransportError(message, where=f"{route.host}:{route.port}", hint=hint)


def _greet(name: str, time: Timeouts) -> Generator[Question, Answer, dict[str, str]]:
    """Say EHLO and return what the relay offers; HELO where it knows nothing newer."""
    answer = yield Question(Phase.HELLO, f"EHLO {name}\r\n".encode("ascii"), time.command)
    if 500 <= answer.code <= 504:
        hello = f"HELO {name}\r\n".encode("ascii")
        _require((yield Question(Phase.HELLO, hello, time.command)), Phase.HELLO)
        return {}
    _require(answer, Phase.HELLO)
    lines = (line.partition(" ") for line in answer.words.split("\n")[1:])
    return {keyword.upper(): values for keyword, _, values in lines}


def _login(
    route: Route, mechanisms: list[str], time: Timeouts
) -> Generator[Question, Answer, None]:
    if route.tls == "none" and not is_loopback(route.host):
        raise unusable(
            route, "the password would cross the network unencrypted", 'set tls = "starttls"'
        )
    if "PLAIN" in mechanisms:
        answer = yield from _say(route, "AUTH PLAIN ", f"\0{route.user}\0{route.password}", time)
    elif "LOGIN" in mechanisms:
        answer = yield Question(Phase.AUTH, b"AUTH LOGIN\r\n", time.command)
        for secret in (route.user, route.password):
            if answer.code == 334:
                answer = yield from _say(route, "", secret, time)
    else:
        raise unusable(
            route,
            "the relay offers neither AUTH PLAIN nor AUTH LOGIN",
            "leave user and password out, or use a port that asks for them",
        )
    if answer.code >= 500:
        words = " ".join(answer.words.split())
        raise unusable(
            route,
            f"the relay refused the login: {answer.code} {words}",
            "correct user and password, then resume the send",
        )
    _require(answer, Phase.AUTH)


def _say(
    route: Route, command: str, secret: str, time: Timeouts
) -> Generator[Question, Answer, Answer]:
    """Say a secret; what the relay answers is kept without it."""
    encoded = base64.b64encode(secret.encode()).decode("ascii")
    answer = yield Question(Phase.AUTH, f"{command}{encoded}\r\n".encode("ascii"), time.command)
    words = answer.words
    for hidden in filter(None, (encoded, route.password)):
        words = words.replace(hidden, "***")
    return answer._replace(words=words)


def _require(answer: Answer, phase: Phase) -> None:
    """Go on only after a positive reply."""
    if not 200 <= answer.code <= 299:
        raise Refused(answer.reply(phase))
