"""TLS and login over real sockets, with our server and with another's."""

import base64
import re
import socket
import ssl
from collections.abc import Callable
from email import message_from_bytes
from pathlib import Path
from types import SimpleNamespace

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from publisher.errors import TransportError
from publisher.wire import opening
from publisher.wire.pool import Pool

PASSWORD = "correct horse"
HELLO = "EHLO client.example"
OFFER = "250-relay.example.net\n250-PIPELINING\n250-STARTTLS\n250 AUTH PLAIN LOGIN"
MESSAGE = b"Message-ID: <1@example.net>\r\nSubject: x\r\n\r\nfirst\r\nlast\r\n"


def test_starttls_is_used(serve, carry, load, server_context, authority: Path) -> None:
    """With `starttls` nothing but the greeting is said in clear text."""
    server = serve(server_context, EHLO=OFFER)
    freight = load(20)
    pool = carry(server, freight, wanted=2, tls="starttls", ca_file=authority / "ca.pem")
    freight.wait(20)
    pool.close(5.0)
    assert freight.codes == {250: 20}
    assert server.messages == [MESSAGE] * 20
    assert server.commands.count("STARTTLS") == server.connections == 2
    assert server.commands.count(HELLO) == 4


@pytest.mark.parametrize("mode", ["data", "bdat", "lockstep"])
def test_implicit_tls(serve, carry, load, server_context, authority: Path, mode: str) -> None:
    """With `implicit` the connection is TLS from the first byte, in every mode."""
    server = serve(server_context, implicit=True, EHLO=OFFER.replace("STARTTLS", "CHUNKING"))
    freight = load(20, [b"0123456789" * 7 + b"\r\n"] * 2000)
    pool = carry(server, freight, tls="implicit", ca_file=authority / "ca.pem", mode=mode)
    freight.wait(20)
    pool.close(5.0)
    assert freight.codes == {250: 20}
    assert {len(message) for message in server.messages} == {72 * 2000}


@pytest.mark.parametrize(
    ("server_is", "settings", "trouble", "fault"),
    [
        ({}, {"tls": "starttls"}, "no STARTTLS", True),
        ({"EHLO": OFFER, "STARTTLS": "454 4.7.0 not now"}, {"tls": "starttls"},
         "^at TLS: 454 not now$", False),
        ({"EHLO": OFFER, "context": True}, {"tls": "starttls"}, "certificate is not valid", True),
        ({"context": True, "implicit": True}, {"tls": "implicit"}, "certificate is not valid",
         True),
        ({"EHLO": OFFER, "STARTTLS": "220 go\n250 injected", "context": True},
         {"tls": "starttls", "ca_file": "ca.pem"}, "^at TLS: .*out of turn", False),
        ({}, {"tls": "implicit", "ca_file": "ca.pem"}, "^at TLS: ", False),
        ({}, {"tls": "implicit", "ca_file": "none.pem"}, "authority's file cannot be used", True),
        ({"implicit": True, "context": True},
         {"tls": "implicit", "ca_file": "ca.pem", "host": "localhost"}, "not valid", True),
        ({"EHLO": "250-x\n250 AUTH PLAIN", "AUTH": "454 4.7.0 later"},
         {"user": "editor", "password": PASSWORD}, "^at AUTH: 454 later$", False),
        ({"EHLO": "250-x\n250 AUTH PLAIN", "AUTH": "535 5.7.8 no"},
         {"user": "editor", "password": PASSWORD}, "refused the login: 535 no", True),
    ],
)  # fmt: skip
def test_openings_that_fail(
    serve, carry, load, server_context, authority: Path, server_is, settings, trouble: str,
    fault: bool,
) -> None:  # fmt: skip
    """A relay that cannot be opened safely gets no message, ever; the trouble says why."""
    server_is = dict(server_is)
    context = server_context if server_is.pop("context", False) else None
    server = serve(context, **server_is)
    if "ca_file" in settings:
        settings = {**settings, "ca_file": authority / settings["ca_file"]}
    freight = load(1)
    pool = carry(server, freight, wanted=1, **settings)
    freight.wait(1)
    assert freight.back == [0]
    assert re.search(trouble, pool.trouble.partition(", ")[2])
    assert pool.down_since > 0
    assert isinstance(pool.fault, TransportError) is fault
    pool.close(0.0)
    assert server.messages == []
    assert not any(line.startswith("MAIL") for line in server.commands)


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_login(serve, carry, load, mechanism: str) -> None:
    """Both common ways to log in say the user and the password."""
    answers = ["334 dXNlcg==", "334 cGFzcw==", "235 ok"] if mechanism == "LOGIN" else "235 ok"
    server = serve(EHLO=f"250-x\n250 AUTH {mechanism}", AUTH=answers)
    freight = load(1)
    pool = carry(server, freight, user="editor", password=PASSWORD)
    freight.wait(1)
    pool.close(5.0)
    assert freight.codes == {250: 1}
    said = " ".join(server.commands)
    words = [base64.b64decode(word) for word in re.findall(r"[A-Za-z0-9+/]{8,}=*", said)]
    assert any(PASSWORD.encode() in word for word in words)
    assert PASSWORD not in repr(pool)


def test_password_is_not_said_in_clear_text(serve, carry, load, monkeypatch) -> None:
    """A password never crosses a network unencrypted."""
    monkeypatch.setattr(opening, "is_loopback", lambda _: False)
    server = serve(EHLO="250-x\n250 AUTH PLAIN")
    freight = load(1)
    pool = carry(server, freight, user="editor", password=PASSWORD)
    freight.wait(1)
    assert "unencrypted" in str(pool.fault)
    pool.close(0.0)
    assert server.commands == [HELLO]


@pytest.mark.parametrize(
    ("settings", "match"),
    [({"hello": "a\r\nMAIL"}, "greet"), ({"tls": "start-tls"}, "starttls")],
)
def test_slips_in_the_settings_are_refused_at_once(settings, match: str) -> None:
    """A greeting that would be two commands, a kind of TLS that would become clear text."""
    route = SimpleNamespace(**{"hello": "", "tls": "none", **settings})
    with pytest.raises(TransportError, match=match):
        Pool(route, SimpleNamespace(), SimpleNamespace())


# --- another's server ---------------------------------------------------------


class Inbox:
    """Keeps what aiosmtpd received."""

    def __init__(self) -> None:
        self.envelopes: list = []

    async def handle_DATA(self, server, session, envelope) -> str:
        """Keep the message and answer in two lines."""
        self.envelopes.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        return "250-2.0.0 kept\r\n250 2.0.0 indeed"


def _login(server, session, envelope, mechanism, data) -> AuthResult:
    good = data == LoginPassword(b"editor", PASSWORD.encode())
    return AuthResult(success=good, handled=good)


@pytest.fixture
def aiosmtpd(server_context: ssl.SSLContext) -> Callable[..., Controller]:
    """Start aiosmtpd with STARTTLS and AUTH required."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    controller = Controller(
        Inbox(),
        hostname="127.0.0.1",
        port=port,
        tls_context=server_context,
        require_starttls=True,
        authenticator=_login,
        auth_required=True,
    )
    controller.start()
    yield controller
    controller.stop()


def test_another_implementation_understands_us(aiosmtpd, carry, load, authority: Path) -> None:
    """The server aiosmtpd with STARTTLS and AUTH required takes our messages as they were."""
    freight = load(10)
    settings = {"tls": "starttls", "ca_file": authority / "ca.pem", "hello": ""}
    login = {"user": "editor", "password": PASSWORD}
    pool = carry(aiosmtpd, freight, wanted=2, **settings, **login)
    freight.wait(10)
    pool.close(5.0)
    assert {(r.code, r.enhanced, r.words) for r in freight.replies.values()} == {
        (250, "2.0.0", "kept indeed")
    }
    inbox = aiosmtpd.handler
    assert sorted(to for _, (to,), _ in inbox.envelopes) == [f"r{n}@example.com" for n in range(10)]
    assert {content for _, _, content in inbox.envelopes} == {MESSAGE}
    assert message_from_bytes(MESSAGE)["Subject"] == "x"


def test_another_implementation_refuses_a_wrong_password(
    aiosmtpd, carry, load, authority: Path
) -> None:
    """A wrong password is a fault for a person there too."""
    freight = load(1)
    settings = {"tls": "starttls", "ca_file": authority / "ca.pem", "user": "editor"}
    pool = carry(aiosmtpd, freight, **settings, password="wrong")
    freight.wait(1)
    assert "refused the login" in str(pool.fault)
