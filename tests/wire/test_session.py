"""The SMTP session against real servers on loopback, well-behaved and not."""

import base64
import re
import ssl
import time
from collections.abc import Callable
from email import message_from_bytes
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from publisher.delivery import judge
from publisher.errors import TransportError
from publisher.model import Envelope, Outcome, Phase
from publisher.wire.session import REFUSALS_PER_CONNECTION, Relay

DROP = "<drop>"
HANG = "<hang>"
ENVELOPE = Envelope("bounces@list.example.net", "reader@example.com")
MESSAGE = (
    b"Message-ID: <1@example.net>\r\nSubject: x\r\n\r\nfirst\r\n.dotted\r\n..twice\r\nlast\r\n"
)
PASSWORD = "correct horse"


def nothing() -> None:
    """Begin nothing."""


def relay_to(server, **settings) -> Relay:
    """Make a relay that is impatient enough for tests."""
    return Relay(
        "127.0.0.1", server.port, **{"timeout": 0.05, "hello": "client.example", **settings}
    )


def test_message_arrives_as_given(serve) -> None:
    """Dots are doubled on the wire and single again behind it; nothing else changes."""
    server = serve()
    relay = relay_to(server)
    reply = relay.deliver(ENVELOPE, MESSAGE, nothing)
    relay.close()
    assert (reply.phase, reply.code, reply.enhanced) == (Phase.DOT, 250, "2.0.0")
    assert server.messages == [MESSAGE]
    assert server.commands == [
        "EHLO client.example",
        "MAIL FROM:<bounces@list.example.net>",
        "RCPT TO:<reader@example.com>",
        "DATA",
        "QUIT",
    ]


@pytest.mark.parametrize("body", [b".", b"no end", b"\r\n.\r\n", b".\r\n.\r\n", b"x\r\n."])
def test_any_body_ends_with_the_dot(serve, body: bytes) -> None:
    """However a message begins or ends, the server sees one message of the same lines."""
    server = serve()
    relay = relay_to(server)
    assert relay.deliver(ENVELOPE, body, nothing).code == 250
    assert relay.deliver(ENVELOPE, b"next\r\n", nothing).code == 250
    relay.close()
    assert server.messages == [body if body.endswith(b"\r\n") else body + b"\r\n", b"next\r\n"]


def test_one_connection_for_many_messages(serve) -> None:
    """The connection is kept while it is good."""
    server = serve()
    relay = relay_to(server)
    for _ in range(20):
        assert relay.deliver(ENVELOPE, MESSAGE, nothing).code == 250
    relay.close()
    assert (server.connections, len(server.messages)) == (1, 20)


def test_connection_is_changed_after_many_messages(serve, monkeypatch) -> None:
    """A connection serves a bounded number of messages."""
    monkeypatch.setattr("publisher.wire.session.MESSAGES_PER_CONNECTION", 5)
    server = serve()
    relay = relay_to(server)
    for _ in range(11):
        relay.deliver(ENVELOPE, MESSAGE, nothing)
    relay.close()
    assert server.connections == 3
    assert server.commands.count("QUIT") == 3


def test_begun_comes_before_content(serve) -> None:
    """`begun` is called after 354 and before the server has seen any content."""
    seen = []
    server = serve()
    relay = relay_to(server)
    relay.deliver(
        ENVELOPE, MESSAGE, lambda: seen.append((server.commands[-1], len(server.messages)))
    )
    relay.close()
    assert seen == [("DATA", 0)]


@pytest.mark.parametrize(
    ("answers", "phase", "code", "outcome"),
    [
        ({"connect": "421 4.3.2 busy"}, "connect", 421, "relay"),
        ({"connect": "554 not here"}, "connect", 554, "relay"),
        ({"connect": DROP}, "connect", None, "relay"),
        ({"connect": "220-a\n220-b\n220 c"}, "dot", 250, "accepted"),
        ({"connect": "hello there"}, "connect", None, "relay"),
        ({"connect": "220 " + "x" * 9000}, "connect", None, "relay"),
        ({"connect": "220-x\n" * 5000 + "220 x"}, "connect", None, "relay"),
        ({"EHLO": DROP}, "hello", None, "relay"),
        ({"EHLO": "421 later"}, "hello", 421, "relay"),
        ({"EHLO": "502 what", "HELO": "250 hi"}, "dot", 250, "accepted"),
        ({"MAIL": "451 4.3.0 later"}, "mail", 451, "relay"),
        ({"MAIL": "550 5.1.8 bad sender"}, "mail", 550, "relay"),
        ({"MAIL": DROP}, "mail", None, "relay"),
        ({"RCPT": "550 5.1.1 unknown"}, "rcpt", 550, "refused"),
        ({"RCPT": "550-5.1.1 no\n550-5.1.1 such\n550 5.1.1 user"}, "rcpt", 550, "refused"),
        ({"RCPT": "450 4.2.0 greylisted"}, "rcpt", 450, "deferred"),
        ({"RCPT": "452 too many"}, "rcpt", 452, "deferred"),
        ({"RCPT": "421 4.7.0 closing"}, "rcpt", 421, "relay"),
        ({"RCPT": DROP}, "rcpt", None, "relay"),
        ({"DATA": "451 no disk"}, "data", 451, "deferred"),
        ({"DATA": "554 no"}, "data", 554, "refused"),
        ({"DATA": "250 whatever"}, "data", 250, "relay"),
        ({"DATA": DROP}, "data", None, "relay"),
        ({"content": DROP}, "dot", None, "in_doubt"),
        ({"dot": DROP}, "dot", None, "in_doubt"),
        ({"dot": "\x00\xff garbage"}, "dot", None, "in_doubt"),
        ({"dot": "451 4.3.0 later"}, "dot", 451, "deferred"),
        ({"dot": "552 5.3.4 too big"}, "dot", 552, "refused"),
        ({"dot": "421 shutting down"}, "dot", 421, "relay"),
        ({"dot": "250-\n250 OK id=1abc"}, "dot", 250, "accepted"),
    ],
)  # fmt: skip
def test_answers_become_replies(serve, answers, phase, code, outcome) -> None:
    """Whatever the server does, the reply tells where and what, and nothing is raised."""
    relay = relay_to(serve(**answers))
    reply = relay.deliver(ENVELOPE, MESSAGE, nothing)
    relay.close()
    assert (reply.phase, reply.code) == (phase, code)
    assert judge(reply).outcome == outcome
    assert reply.words.isprintable()
    assert len(reply.words) <= 500


@pytest.mark.parametrize(
    ("verb", "phase", "outcome"),
    [
        ("connect", Phase.CONNECT, Outcome.RELAY),
        ("EHLO", Phase.HELLO, Outcome.RELAY),
        ("RCPT", Phase.RCPT, Outcome.RELAY),
        ("DATA", Phase.DATA, Outcome.RELAY),
        ("dot", Phase.DOT, Outcome.IN_DOUBT),
    ],
)
def test_silence_ends_in_time(serve, verb: str, phase: Phase, outcome: Outcome) -> None:
    """A server that hangs costs one time-out, and only after the content it leaves a doubt."""
    relay = relay_to(serve(**{verb: HANG}), timeout=0.001)
    before = time.monotonic()
    reply = relay.deliver(ENVELOPE, MESSAGE, nothing)
    relay.close()
    assert time.monotonic() - before < 5
    assert (reply.phase, reply.code) == (phase, None)
    assert judge(reply).outcome is outcome


def test_drop_before_content_is_not_begun(serve) -> None:
    """A connection lost before 354 leaves nothing in doubt."""
    relay = relay_to(serve(DATA=DROP))
    begun = []
    relay.deliver(ENVELOPE, MESSAGE, lambda: begun.append(1))
    relay.close()
    assert begun == []


def test_refused_recipient_harms_nobody_else(serve) -> None:
    """After a refused recipient the next message goes on the same, cleaned connection."""
    server = serve(RCPT=["550 5.1.1 unknown", "250 ok"])
    relay = relay_to(server)
    assert relay.deliver(ENVELOPE, MESSAGE, nothing).code == 550
    assert relay.deliver(ENVELOPE, MESSAGE, nothing).code == 250
    relay.close()
    assert server.connections == 1
    assert server.commands.count("RSET") == 1


def test_connection_is_changed_after_refusals(serve) -> None:
    """Relays slow down those who are refused often, so the connection is changed before."""
    server = serve(RCPT="550 5.1.1 unknown")
    relay = relay_to(server)
    for _ in range(REFUSALS_PER_CONNECTION * 2 + 1):
        assert relay.deliver(ENVELOPE, MESSAGE, nothing).code == 550
    relay.close()
    assert server.connections == 3


@pytest.mark.parametrize("answer", [DROP, "421 4.4.2 idle too long"])
def test_connection_closed_while_idle_is_replaced(serve, answer: str) -> None:
    """A connection the server closed between two messages costs the second one nothing."""
    server = serve(MAIL=["250 ok", answer, "250 ok"])
    relay = relay_to(server)
    assert relay.deliver(ENVELOPE, MESSAGE, nothing).code == 250
    assert relay.deliver(ENVELOPE, MESSAGE, nothing).code == 250
    relay.close()
    assert (server.connections, len(server.messages)) == (2, 2)


def test_reply_before_a_reset_is_read(serve) -> None:
    """What a server said before it closed on our content is heard."""
    server = serve(content=lambda _: "552 5.3.4 too big", dot=DROP)
    relay = relay_to(server)
    reply = relay.deliver(ENVELOPE, b"x" * 60 + b"\r\n" * 1_000_000, nothing)
    relay.close()
    assert reply.code == 552


def test_nobody_listens(serve) -> None:
    """A refused connection is the relay's fault."""
    server = serve()
    server.stop()
    relay = relay_to(server)
    reply = relay.deliver(ENVELOPE, MESSAGE, nothing)
    assert (reply.phase, reply.code) == (Phase.CONNECT, None)


@pytest.mark.parametrize("host", ["a..b", "x" * 70, "relay.invalid"])
def test_a_host_that_is_none(host: str) -> None:
    """A name that leads nowhere is a relay that does not answer."""
    reply = Relay(host, 25, timeout=0.05).deliver(ENVELOPE, MESSAGE, nothing)
    assert (reply.phase, reply.code) == (Phase.CONNECT, None)


@pytest.mark.parametrize(
    "address",
    ["a@b\r\nRCPT TO:<c@d>", "a b@c", "a@b>", "<a@b", "nobody", "", "a@b\0", "读者@example.com"],
)
def test_address_that_would_break_out_is_refused_here(serve, address: str) -> None:
    """An address that cannot be written in SMTP never reaches the relay."""
    server = serve()
    relay = relay_to(server)
    reply = relay.deliver(Envelope("a@b.example", address), MESSAGE, nothing)
    assert judge(reply).outcome is Outcome.REFUSED
    assert (
        judge(relay.deliver(Envelope(address, "a@b.example"), MESSAGE, nothing)).outcome == "relay"
    )
    assert server.commands == []


def test_international_domain_is_written_in_ascii(serve) -> None:
    """A domain in Chinese goes out in its ASCII form."""
    server = serve()
    relay = relay_to(server)
    relay.deliver(Envelope("a@b.example", "reader@例子.example"), MESSAGE, nothing)
    relay.close()
    assert "RCPT TO:<reader@xn--fsqu00a.example>" in server.commands


@pytest.mark.parametrize("message", [b"a\nb\r\n", b"a\rb\r\n", b"a\r\n.\n\r\n", b"a\r\r\n"])
def test_bare_line_ends_never_leave(serve, message: bytes) -> None:
    """A message with a bare CR or LF is refused: it could smuggle a second one in."""
    server = serve()
    reply = relay_to(server).deliver(ENVELOPE, message, nothing)
    assert judge(reply).outcome is Outcome.REFUSED
    assert server.commands == []


# --- TLS and login ------------------------------------------------------------


OFFER = "250-relay.example.net\n250-STARTTLS\n250 AUTH PLAIN LOGIN"


def test_starttls_is_used(serve, server_context, authority: Path) -> None:
    """With `starttls` nothing but the greeting is said in clear text."""
    server = serve(server_context, EHLO=OFFER)
    relay = relay_to(server, tls="starttls", ca_file=authority / "ca.pem")
    assert relay.deliver(ENVELOPE, MESSAGE, nothing).code == 250
    relay.close()
    hello = "EHLO client.example"
    assert server.commands[:3] == [hello, "STARTTLS", hello]


def test_implicit_tls(serve, server_context, authority: Path) -> None:
    """With `implicit` the connection is TLS from the first byte."""
    server = serve(server_context, implicit=True)
    relay = relay_to(server, tls="implicit", ca_file=authority / "ca.pem")
    assert relay.deliver(ENVELOPE, MESSAGE, nothing).code == 250
    relay.close()
    assert server.messages == [MESSAGE]


def test_missing_starttls_never_falls_back(serve) -> None:
    """A relay without STARTTLS is not used in clear text."""
    server = serve()
    with pytest.raises(TransportError, match="no STARTTLS"):
        relay_to(server, tls="starttls").deliver(ENVELOPE, MESSAGE, nothing)
    assert server.commands == ["EHLO client.example"]


def test_starttls_refused_for_now_is_the_relays_fault(serve) -> None:
    """454 to STARTTLS waits."""
    relay = relay_to(serve(EHLO=OFFER, STARTTLS="454 4.7.0 not now"), tls="starttls")
    reply = relay.deliver(ENVELOPE, MESSAGE, nothing)
    assert (reply.phase, reply.code) == (Phase.TLS, 454)
    assert judge(reply).outcome is Outcome.RELAY


def test_unknown_authority_is_not_trusted(serve, server_context) -> None:
    """A certificate of an unknown authority stops everything before a message leaves."""
    server = serve(server_context, EHLO=OFFER)
    with pytest.raises(TransportError, match="certificate is not valid"):
        relay_to(server, tls="starttls").deliver(ENVELOPE, MESSAGE, nothing)
    assert server.messages == []


def test_wrong_name_is_not_trusted(serve, server_context, authority: Path) -> None:
    """A certificate for another name stops everything too."""
    server = serve(server_context, implicit=True)
    relay = Relay(
        "localhost", server.port, tls="implicit", ca_file=authority / "ca.pem", timeout=0.05
    )
    with pytest.raises(TransportError, match="certificate is not valid"):
        relay.deliver(ENVELOPE, MESSAGE, nothing)


def test_words_before_tls_are_not_believed(serve, server_context, authority: Path) -> None:
    """What was said in clear text behind the 220 is not taken into the safe connection."""
    server = serve(server_context, EHLO=OFFER, STARTTLS="220 go\n250 injected")
    relay = relay_to(server, tls="starttls", ca_file=authority / "ca.pem")
    reply = relay.deliver(ENVELOPE, MESSAGE, nothing)
    assert (reply.phase, reply.code) == (Phase.TLS, None)


def test_plain_server_on_a_tls_port(serve, authority: Path) -> None:
    """A server that does not speak TLS is a fault of the relay, not of anybody's mail."""
    relay = relay_to(serve(), tls="implicit", ca_file=authority / "ca.pem")
    reply = relay.deliver(ENVELOPE, MESSAGE, nothing)
    assert (reply.phase, reply.code) == (Phase.TLS, None)


def test_missing_authority_file(serve, tmp_path: Path) -> None:
    """An authority's file that is not there is told as such."""
    relay = relay_to(serve(), tls="implicit", ca_file=tmp_path / "none.pem")
    with pytest.raises(TransportError, match="authority"):
        relay.deliver(ENVELOPE, MESSAGE, nothing)


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_login(serve, mechanism: str) -> None:
    """Both common ways to log in say the user and the password."""
    answers = ["334 dXNlcg==", "334 cGFzcw==", "235 ok"] if mechanism == "LOGIN" else "235 ok"
    server = serve(EHLO=f"250-x\n250 AUTH {mechanism}", AUTH=answers)
    relay = relay_to(server, user="editor", password=PASSWORD)
    assert relay.deliver(ENVELOPE, MESSAGE, nothing).code == 250
    relay.close()
    said = " ".join(server.commands)
    words = [base64.b64decode(word) for word in re.findall(r"[A-Za-z0-9+/]{8,}=*", said)]
    assert any(PASSWORD.encode() in word for word in words)


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ({"EHLO": "250-x\n250 AUTH PLAIN", "AUTH": "535 5.7.8 no: {0}"}, "refused the login"),
        ({"EHLO": "250-x\n250 AUTH CRAM-MD5"}, "neither AUTH PLAIN"),
        ({"EHLO": "250 x"}, "neither AUTH PLAIN"),
    ],
)
def test_refused_login_never_shows_the_password(serve, answers, message: str) -> None:
    """A login that cannot work stops with a sentence that does not hold the password."""
    encoded = base64.b64encode(f"\0editor\0{PASSWORD}".encode()).decode()
    if "AUTH" in answers:
        answers = {**answers, "AUTH": answers["AUTH"].format(f"{encoded} {PASSWORD}")}
    relay = relay_to(serve(**answers), user="editor", password=PASSWORD)
    with pytest.raises(TransportError, match=message) as caught:
        relay.deliver(ENVELOPE, MESSAGE, nothing)
    shown = f"{caught.value} {caught.value.hint} {relay!r}"
    assert PASSWORD not in shown
    assert encoded not in shown


def test_login_refused_for_now_is_the_relays_fault(serve) -> None:
    """454 to AUTH waits."""
    server = serve(EHLO="250-x\n250 AUTH PLAIN", AUTH="454 4.7.0 later")
    reply = relay_to(server, user="editor", password=PASSWORD).deliver(ENVELOPE, MESSAGE, nothing)
    assert judge(reply).outcome is Outcome.RELAY


def test_password_is_not_said_in_clear_text(monkeypatch, serve) -> None:
    """A password never crosses a network unencrypted."""
    monkeypatch.setattr("publisher.wire.session.is_loopback", lambda _: False)
    server = serve(EHLO="250-x\n250 AUTH PLAIN")
    with pytest.raises(TransportError, match="unencrypted"):
        relay_to(server, user="editor", password=PASSWORD).deliver(ENVELOPE, MESSAGE, nothing)
    assert server.commands == ["EHLO client.example"]


def test_greeting_name_must_be_one_word() -> None:
    """A greeting that would be two commands is refused at once."""
    with pytest.raises(TransportError, match="greet"):
        Relay("127.0.0.1", 25, hello="a\r\nMAIL")


def test_unknown_kind_of_tls_is_refused() -> None:
    """A slip in the settings does not become clear text."""
    with pytest.raises(TransportError, match="starttls"):
        Relay("127.0.0.1", 25, tls="start-tls")


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
    controller = Controller(
        Inbox(),
        hostname="127.0.0.1",
        port=0,
        tls_context=server_context,
        require_starttls=True,
        authenticator=_login,
        auth_required=True,
    )
    controller.port = _free_port()
    controller.start()
    yield controller
    controller.stop()


def _free_port() -> int:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def test_another_implementation_understands_us(aiosmtpd, authority: Path) -> None:
    """The server aiosmtpd with STARTTLS and AUTH required takes our messages as they were."""
    relay = relay_to(
        aiosmtpd,
        tls="starttls",
        ca_file=authority / "ca.pem",
        user="editor",
        password=PASSWORD,
        timeout=0.1,
        hello="",
    )
    for number in range(3):
        envelope = Envelope("bounces@list.example.net", f"reader{number}@example.com")
        reply = relay.deliver(envelope, MESSAGE, nothing)
        assert (reply.code, reply.enhanced, reply.words) == (250, "2.0.0", "kept indeed")
    relay.close()
    inbox = aiosmtpd.handler
    assert [to for _, to, _ in inbox.envelopes] == [[f"reader{n}@example.com"] for n in range(3)]
    assert {content for _, _, content in inbox.envelopes} == {MESSAGE}
    assert message_from_bytes(MESSAGE)["Subject"] == "x"


def test_another_implementation_refuses_a_wrong_password(aiosmtpd, authority: Path) -> None:
    """A wrong password ends in a TransportError there too."""
    relay = relay_to(
        aiosmtpd,
        tls="starttls",
        ca_file=authority / "ca.pem",
        user="editor",
        password="wrong",
        timeout=0.1,
    )
    with pytest.raises(TransportError, match="refused the login"):
        relay.deliver(ENVELOPE, MESSAGE, nothing)
