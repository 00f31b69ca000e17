"""The guard of what is fetched: real servers on loopback, reached only because they are allowed."""

import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from publisher import outbound
from publisher.outbound import Answer, Posted, fetch, is_public, post

OPEN = ("127.0.0.1",)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.8.9.10", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1"),
        *("169.254.169.254", "100.64.0.1", "100.127.255.254", "192.0.0.8", "192.0.2.1"),
        *("198.18.0.1", "203.0.113.5", "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.88.99.1"),
        *("::", "::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "64:ff9b::7f00:1"),
        *("64:ff9b:1::1", "fe80::1", "fec0::1", "fc00::1", "fd12::1", "ff02::1", "2001:db8::1"),
        *("2002:7f00:1::", "2001:0:1::1", "100::1", "5f00::1"),
    ],
)
def test_what_is_not_public(address: str) -> None:
    """Nothing that leads to this machine, its neighbours or nowhere is public."""
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["1.1.1.1", "100.63.255.255", "100.128.0.1", "2606:4700::1111"])
def test_what_is_public(address: str) -> None:
    """An ordinary address of the internet is."""
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "name",
    [
        *(
            "127.0.0.1",
            "localhost",
            "LOCALHOST.",
            "2130706433",
            "0x7f000001",
            "0177.0.0.1",
            "127.1",
        ),
        *("0.0.0.0", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::]", "①②⑦.0.0.1"),
    ],
)
def test_no_spelling_reaches_this_machine(web_host: Callable[..., Any], name: str) -> None:
    """However loopback is spelt, or named, nothing is connected to."""
    host = web_host()
    host.show("/a", b"secret")
    for scheme in ("http", "https"):
        answer = fetch(f"{scheme}://{name}:{host.port}/a", most=100)
        assert (answer.data, answer.why) == (b"", "its host is not on the public internet")
    assert host.heads == []


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("ftp://news.example.net/a", "it is no plain https address"),
        ("file:///etc/passwd", "it is no plain https address"),
        ("https://", "it is no plain https address"),
        ("https://ada:secret@127.0.0.1/a", "it is no plain https address"),
        ("http://1.1.1.1/a", "its address begins with http://, not https://"),
        ("https://10.0.0.1/a", "its host is not on the public internet"),
        ("https://169.254.169.254/latest", "its host is not on the public internet"),
        ("https://[64:ff9b::a00:1]/a", "its host is not on the public internet"),
        ("https://nobody.invalid/a", "there is no host of that name"),
        ("https://[::1/a", "its host could not be reached or understood"),
        ("https://127.0.0.1:port/a", "its host could not be reached or understood"),
        (f"https://{'a' * 70}.example/", "there is no host of that name"),
    ],
)
def test_refused_before_anything_is_sent(address: str, why: str) -> None:
    """What is no plain https address of a public host is refused in a sentence."""
    assert fetch(address, most=100).why == why


def test_an_allowed_host_answers(web_host: Callable[..., Any]) -> None:
    """A host that is allowed is asked plainly, once, by its name."""
    host = web_host()
    address = host.show("/a%20b.png?x=1&y=2", b"bytes")
    assert fetch(address, most=100, allow=OPEN, accept="image/png") == Answer(b"bytes")
    assert fetch(address, most=100, allow=("127.0.0.0/8",)) == Answer(b"bytes")
    assert fetch(host.show("/b", b""), most=100, allow=OPEN) == Answer(b"")
    first = host.heads[0].decode().split("\r\n")
    assert first[0] == "GET /a%20b.png?x=1&y=2 HTTP/1.1"
    assert {f"Host: 127.0.0.1:{host.port}", "Accept: image/png"} < set(first)
    assert fetch(address, most=100, allow=("10.0.0.0/8", "news.example.net")).data == b""


def test_https_checks_the_name(
    web_host: Callable[..., Any],
    server_context: ssl.SSLContext,
    authority: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The certificate must be a trusted one, and for the name that was asked for."""
    host = web_host(server_context)
    address = host.show("/a", b"bytes")
    assert fetch(address, most=9, allow=OPEN).why == "its host has no valid certificate"
    monkeypatch.setenv("SSL_CERT_FILE", str(authority / "ca.pem"))
    assert fetch(address, most=9, allow=OPEN) == Answer(b"bytes")
    other = fetch(host.at("/a", "localhost"), most=9, allow=("localhost",))
    assert other.why == "its host has no valid certificate"


def test_a_name_is_looked_up_once(
    web_host: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was judged is connected to: a name that leads elsewhere a moment later gains nothing."""
    host = web_host()
    host.show("/a", b"bytes")
    names: list[object] = []
    found = socket.getaddrinfo("127.0.0.1", host.port, type=socket.SOCK_STREAM)
    real = socket.getaddrinfo

    def look(name: object, *rest: Any, **more: Any) -> Any:
        if name != "two-faced.example":
            return real(name, *rest, **more)
        names.append(name)
        return found if len(names) == 1 else []

    monkeypatch.setattr(socket, "getaddrinfo", look)
    answer = fetch(host.at("/a", "two-faced.example"), most=9, allow=("127.0.0.0/8",))
    assert (answer.data, len(names)) == (b"bytes", 1)


def test_redirects_are_judged_anew(web_host: Callable[..., Any]) -> None:
    """A redirect is followed where it may lead, a few times, and refused where it may not."""
    host, inner = web_host(), web_host()
    secret = inner.show("/secret", b"secret").replace("127.0.0.1", "127.0.0.2")
    picture = host.show("/picture", b"bytes")

    def leads(path: str, to: str) -> str:
        return host.show(path, b"", head=f"302 Found\r\nLocation: {to}")

    assert fetch(leads("/near", "/picture"), most=9, allow=OPEN) == Answer(b"bytes")
    leads("/1", "/2"), leads("/2", "/3"), leads("/3", picture)
    assert fetch(host.at("/1"), most=9, allow=OPEN) == Answer(b"bytes")
    assert fetch(leads("/0", "/1"), most=9, allow=OPEN).why == "it leads on more than 3 times"
    private = "its host is not on the public internet"
    assert fetch(leads("/inner", secret), most=9, allow=OPEN).why == private
    assert fetch(leads("/file", "file:///etc/passwd"), most=9, allow=OPEN).data == b""
    assert inner.heads == []


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"HTTP/1.1 404 Not Found\r\n\r\nsecret words", "its host answered 404"),
        (b"HTTP/1.1 302 Found\r\n\r\n", "its host answered 302"),
        (b"HTTP/1.1 206 Partial Content\r\n\r\nab", "its host answered 206"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n", "it is larger than 0.0001 MB"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"a" * 101, "it is larger than 0.0001 MB"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab", "its host could not be reached"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n" + b"a" * 101, "it is larger than"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nab", "its host could not"),
        (b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 + b"\r\n", "its host could not be reached"),
        (b"HTTP/1.1 200 OK\r\nA: " + b"b" * 99_999 + b"\r\n\r\n", "its host could not be"),
        (b"SSH-2.0-OpenSSH_9\r\n", "its host could not be reached or understood"),
        (b"", "its host could not be reached or understood"),
    ],
)
def test_bad_answers(web_host: Callable[..., Any], answer: bytes, why: str) -> None:
    """Nothing but a whole, small, successful answer counts; its words are never passed on."""
    host = web_host()
    host.answers["/a"] = answer
    told = fetch(host.at("/a"), most=100, allow=OPEN)
    assert told.data == b""
    assert told.why.startswith(why)
    assert "secret" not in told.why


def test_a_host_that_drips_is_cut(web_host: Callable[..., Any]) -> None:
    """A host that always says a little more is cut when the time is up, in head or body."""
    host = web_host()

    def drip(start: bytes) -> Callable[[socket.socket], None]:
        def serve(connection: socket.socket) -> None:
            connection.sendall(start)
            while not host.released.wait(0.05):
                connection.sendall(b"a")

        return serve

    for start in (
        b"",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n",
    ):
        host.answers["/a"] = drip(start)
        begun = time.monotonic()
        told = fetch(host.at("/a"), most=10_000, allow=OPEN, seconds=0.6)
        assert told == Answer(why="it took longer than 0.6 s", is_dumb=True)
        assert time.monotonic() - begun < 3


def test_an_endless_body_is_cut(web_host: Callable[..., Any]) -> None:
    """A body without end is read to the limit and no further."""
    host = web_host()

    def pour(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b"a" * 65_536)

    host.answers["/a"] = pour
    assert fetch(host.at("/a"), most=1_000_000, allow=OPEN).why == "it is larger than 1 MB"


def test_a_handshake_that_drips_is_cut(
    web_host: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host that never finishes its TLS greeting is cut, too."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def greet() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"\x16\x03\x03\x40\x00")
                while not released.wait(0.05):
                    try:
                        connection.sendall(b"\x02")
                    except OSError:
                        return

        released = threading.Event()
        thread = threading.Thread(target=greet)
        thread.start()
        port = listener.getsockname()[1]
        told = fetch(f"https://127.0.0.1:{port}/a", most=9, allow=OPEN, seconds=0.6)
        released.set()
        thread.join(5)
    assert told.why == "it took longer than 0.6 s"


def test_a_slow_resolver_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that takes too long to look up is given up."""
    released = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: released.wait(5) and [])
    told = fetch("https://slow.example/a", most=9, seconds=0.2)
    released.set()
    assert told == Answer(why="its host's name was not found in time", is_dumb=True)


def test_a_name_of_many_hosts_costs_no_more_time() -> None:
    """Where none of hundreds of addresses answers, a few are tried."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        place = listener.getsockname()
        full = [
            socket.socket() for _ in range(4)
        ]  # more than wait in its line: the next is not let in
        for each in full:
            each.setblocking(False)
            each.connect_ex(place)
        begun = time.monotonic()
        with pytest.raises(OSError, match="timed out"):
            outbound._connected(["127.0.0.1"] * 300, place[1], begun + 0.5)
        for each in full:
            each.close()
    assert time.monotonic() - begun < 5


def test_no_proxy_is_asked(web_host: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy of the environment would look the name up again, where it likes."""
    host, proxy = web_host(), web_host()
    monkeypatch.setenv("http_proxy", proxy.at("/"))
    monkeypatch.setenv("all_proxy", proxy.at("/"))
    assert fetch(host.show("/a", b"bytes"), most=9, allow=OPEN) == Answer(b"bytes")
    assert proxy.heads == []


def test_patience_is_five_seconds() -> None:
    """The whole of a fetch takes five seconds at most."""
    assert outbound.SECONDS == 5.0


# --- telling ------------------------------------------------------------------


def hearing(heard: list[bytes], answer: bytes) -> Callable[[socket.socket], None]:
    """Take a form, then answer."""

    def serve(connection: socket.socket) -> None:
        connection.settimeout(0.2)
        body = b""
        while not body.endswith(b"end"):
            body += connection.recv(99)
        heard.append(body)
        connection.sendall(answer)

    return serve


FORM = {"hub.mode": "publish", "hub.url": "https://news.test/模型/?a=b&c", "z": "end"}
OK_204 = b"HTTP/1.1 204 No Content\r\n\r\n"


def test_post(web_host: Callable[..., Any]) -> None:
    """A form is posted as browsers do; the answer is its status, and what it says is left unread."""
    host, heard = web_host(), []
    host.answers["/hub?a=b"] = hearing(heard, b"HTTP/1.1 202 Accepted\r\n\r\n" + b"words" * 99)
    assert post(host.at("/hub?a=b"), FORM, allow=OPEN) == Posted(202)
    assert dict(parse_qsl(heard[0].decode("ascii"), strict_parsing=True)) == FORM
    head = host.heads[0].lower()
    assert head.startswith(b"post /hub?a=b http/1.1\r\n")
    assert b"\r\ncontent-type: application/x-www-form-urlencoded\r\n" in head
    assert b"\r\ncontent-length: %d\r\n" % len(heard[0]) in head


@pytest.mark.parametrize(
    ("status", "head", "rest"),
    [
        (503, b"Retry-After: 120\r\n", timedelta(minutes=2)),
        (429, b"Retry-After: 0\r\n", timedelta(0)),
        (429, b"Retry-After: 999999999\r\n", None),
        (429, b"Retry-After: -5\r\n", None),
        (429, "Retry-After: ²\r\n".encode("latin-1"), None),
        (503, b"Retry-After: Fri, 27 Nov 2026 09:00:00 GMT\r\n", None),
        (404, b"", None),
    ],
)
def test_post_is_answered(
    web_host: Callable[..., Any], status: int, head: bytes, rest: timedelta | None
) -> None:
    """Any status is an answer; how long the host wants to rest is taken from it, in seconds."""
    host = web_host()
    host.answers["/"] = hearing([], b"HTTP/1.1 %d Word\r\n%s\r\n" % (status, head))
    assert post(host.at("/"), FORM, allow=OPEN) == Posted(status, rest=rest)


def test_post_is_not_led_on(web_host: Callable[..., Any]) -> None:
    """What is told to one host is told to no other, whatever it answers."""
    host, other = web_host(), web_host()
    there = other.show("/", b"")
    host.answers["/"] = hearing([], f"HTTP/1.1 307 Go\r\nLocation: {there}\r\n\r\n".encode())
    assert post(host.at("/"), FORM, allow=OPEN) == Posted(307)
    assert other.heads == []


@pytest.mark.parametrize(
    ("address", "allow", "why"),
    [
        ("http://127.0.0.1:{port}/", (), "its host is not on the public internet"),
        ("http://localhost:{port}/", (), "its host is not on the public internet"),
        ("http://[::ffff:127.0.0.1]:{port}/", (), "its host is not on the public internet"),
        ("http://2130706433:{port}/", (), "its host is not on the public internet"),
        ("http://169.254.169.254/", (), "its host is not on the public internet"),
        ("http://192.0.2.1/", ("127.0.0.1",), "its host is not on the public internet"),
        ("http://1.1.1.1/", (), "its address begins with http://, not https://"),
        ("file:///etc/passwd", (), "it is no plain https address"),
        ("https://ann:word@127.0.0.1:{port}/", OPEN, "it is no plain https address"),
    ],
)
def test_post_goes_to_nobody_inside(
    web_host: Callable[..., Any], address: str, allow: tuple[str, ...], why: str
) -> None:
    """Nobody is told anything who could not be fetched from, and not a byte arrives there."""
    host = web_host()
    host.answers["/"] = OK_204
    assert post(address.format(port=host.port), FORM, allow=allow) == Posted(why=why)
    assert host.heads == []


def test_post_is_cut(web_host: Callable[..., Any]) -> None:
    """A host that takes the form and never ends its answer is left when the time is up."""
    host = web_host()

    def drip(connection: socket.socket) -> None:
        while not host.released.wait(0.05):
            connection.sendall(b"a")

    host.answers["/"] = drip
    begun = time.monotonic()
    told = post(host.at("/"), FORM, allow=OPEN, seconds=0.6)
    assert told == Posted(why="it took longer than 0.6 s")
    assert time.monotonic() - begun < 3


@pytest.mark.parametrize(
    "answer", [b"", b"SSH-2.0-OpenSSH_9\r\n", b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 + b"\r\n"]
)
def test_post_to_something_else(web_host: Callable[..., Any], answer: bytes) -> None:
    """What is no answer by HTTP is none."""
    host = web_host()
    host.answers["/"] = hearing([], answer)
    told = post(host.at("/"), FORM, allow=OPEN)
    assert told == Posted(why="its host could not be reached or understood")
