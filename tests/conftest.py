"""What every room's tests share: corpora, judges, a made-up authority, servers for web and names.

HYPOTHESIS_PROFILE names a profile: `default`, `ci` (the default where CI=true: as random, and a
failure prints the line that replays it elsewhere), `long` (what `make fuzz` runs).
"""

import contextlib
import datetime
import ipaddress
import json
import os
import random
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).parent.parent
MODULES = ROOT / ".cache" / "node" / "node_modules"
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

settings.register_profile("default", deadline=None)  # no test is timed
settings.register_profile("ci", deadline=None, print_blob=True)
settings.register_profile(
    "long",
    deadline=None,
    print_blob=True,
    max_examples=5000,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(
    os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") == "true" else "default")
)


WHOLE = ("cli/", "whole/", "test_run.py", "test_sample.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that start the whole program: `make check` leaves them to `make test`."""
    for item in items:
        if item.path.relative_to(ROOT / "tests").as_posix().startswith(WHOLE):
            item.add_marker(pytest.mark.whole)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show what the drills counted (their fixture `report`), also when all went well."""
    lines = [
        f"{one.location[0].rpartition('/')[2]} {one.location[2]}: {words}"
        for outcome in ("passed", "failed", "rerun")
        for one in terminalreporter.getreports(outcome)
        if one.when == "call"
        for name, words in one.user_properties
        if name == "drill"
    ]
    if lines:
        terminalreporter.section("drills")
        for line in sorted(lines):
            terminalreporter.line(line)


@pytest.fixture(scope="session")
def corpora() -> Path:
    """The folder of digests by strangers; tests on it run only where it exists."""
    folder = Path(os.environ.get("PUBLISHER_CORPORA") or ROOT.parent / "shared" / "corpora")
    if not folder.is_dir():
        pytest.skip("no corpora on this machine; PUBLISHER_CORPORA names them")
    return folder


def missing(what: str) -> NoReturn:
    """Skip where a judge is missing; never in CI."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} is not installed")
    pytest.skip(f"{what} is not installed: sh tests/services.sh")


@pytest.fixture(scope="session")
def program() -> Callable[[str], str]:
    """Find a program of the host."""

    def find(name: str) -> str:
        found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
        return found or missing(name)

    return find


@pytest.fixture(scope="session")
def modules() -> Path:
    """The folder of what tests/node/package.json names."""
    if not (MODULES.parent / "ready.json").exists():
        missing("what tests/node/package.json names")
    return MODULES


@pytest.fixture(scope="session")
def node(modules: Path) -> Callable[[str, object], dict]:
    """Run a program of tests/node on a value; give what it answers."""
    program = shutil.which("node") or missing("node")

    def run(name: str, value: object) -> dict:
        done = subprocess.run(
            [program, ROOT / "tests" / "node" / name],
            input=json.dumps(value),
            env=os.environ | {"NODE_PATH": str(modules)},
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    """Debian's chromium, silent."""
    from playwright.sync_api import sync_playwright  # a third of a second for tests without it

    program = shutil.which("chromium") or missing("chromium")
    with sync_playwright() as play:
        running = play.chromium.launch(executable_path=program, args=list(QUIET))
        yield running
        running.close()


@pytest.fixture(scope="session")
def mixed_texts() -> list[str]:
    """3,000 one-line texts such as stand in subjects and names, scripts mixed; always the same."""
    of = random.Random(20260422)
    hard = "：，。、“”·—…！？（）#=?_\"\\<>@,;'%&"
    scripts = [
        lambda: "".join(chr(of.randint(0x4E00, 0x9FA5)) for _ in range(of.randint(1, 24))),
        lambda: of.choice(["Kites", "RAG", "GPT-4o", "Qwen2.5", "a", "of", "Weekly", "No. 12"]),
        lambda: "".join(of.choice("abcdefghij") for _ in range(of.choice([1, 5, 30, 90, 1100]))),
        lambda: of.choice(["👨‍👩‍👧", "🎉", "🏳️‍🌈", "1️⃣", "😀" * of.randint(1, 9)]),
        lambda: of.choice(["مرحبا بالعالم", "שלום עולם", "ارديبهشت\u200cماه", "النشرة"]),
        lambda: of.choice(["ひらがな", "カタカナ", "한국어 소식", "Ωμέγα", "Ёлка", "e\u0301tude"]),
        lambda: "".join(of.choice(hard) for _ in range(of.randint(1, 4))),
    ]
    texts: list[str] = []
    while len(texts) < 3000:
        words = [of.choice(scripts)() for _ in range(of.randint(1, 9))]
        text = "".join(word + of.choice(["", " "]) for word in words)
        texts.append(" ".join(text.split()).replace("=?", "= ?"))
    return texts


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a made-up authority: ca.pem, and server.pem for 127.0.0.1, key included."""
    folder = tmp_path_factory.mktemp("authority")
    now = datetime.datetime.now(datetime.UTC)
    ca_key = ec.generate_private_key(ec.SECP256R1())
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Example Authority")])
    ca_usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)

    def certificate(name: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(ca_name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), False
            )
        )

    ca = (
        certificate(ca_name, ca_key.public_key())
        .add_extension(x509.BasicConstraints(True, None), True)
        .add_extension(ca_usage, True)
        .sign(ca_key, hashes.SHA256())
    )
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "relay.example.net")])
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    server = (
        certificate(name, key.public_key())
        .add_extension(x509.SubjectAlternativeName([address]), False)
        .sign(ca_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "ca.pem").write_bytes(ca.public_bytes(pem))
    (folder / "server.pem").write_bytes(
        server.public_bytes(pem)
        + key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return folder


@pytest.fixture
def server_context(authority: Path) -> ssl.SSLContext:
    """The TLS side of a server for 127.0.0.1."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(authority / "server.pem")
    return context


class WebHost:
    """A web server on loopback that answers each path with the bytes, or the deed, it is told.

    An answer is a whole HTTP response; a function of the connection may do anything instead.
    """

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.answers: dict[str, bytes | Callable[[socket.socket], None]] = {}
        self.asked: list[str] = []
        self.heads: list[bytes] = []
        self.context = context
        self.released = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._listen, daemon=True)]
        self._threads[0].start()

    def at(self, path: str, name: str = "127.0.0.1") -> str:
        """Give the address of a path."""
        return f"http{'s' if self.context else ''}://{name}:{self.port}{path}"

    def show(self, path: str, data: bytes, *, head: str = "200 OK") -> str:
        """Answer a path with some bytes; give its address."""
        start = f"HTTP/1.1 {head}\r\nContent-Length: {len(data)}\r\n\r\n"
        self.answers[path] = start.encode() + data
        return self.at(path)

    def stop(self) -> None:
        """Close all that is open and wait for it."""
        self.released.set()
        with contextlib.suppress(OSError):  # stopped before
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(5)

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            stack.callback(lambda: connection.close())
            if self.context:
                connection = self.context.wrap_socket(connection, server_side=True)
            head = b""
            while not head.endswith(b"\r\n\r\n") and (piece := connection.recv(1)):
                head += piece
            path = head.split(b" ")[1].decode() if b" " in head else ""
            self.heads.append(head)
            self.asked.append(path)
            answer = self.answers.get(path, b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
            if callable(answer):
                answer(connection)
            else:
                connection.sendall(answer)


@pytest.fixture
def web_host() -> Iterator[Callable[..., WebHost]]:
    """Start web servers and stop them afterwards."""
    hosts: list[WebHost] = []

    def start(context: ssl.SSLContext | None = None) -> WebHost:
        hosts.append(WebHost(context))
        return hosts[-1]

    yield start
    for host in hosts:
        host.stop()


class NameServer:
    """A DNS server on loopback, over UDP and TCP, that knows what it is told and nothing else.

    Records are asked for anew with each question; an answer that does not fit is cut, as it is
    outside, and asked for again over TCP. `failing` names get SERVFAIL, `silent` ones no answer.
    """

    def __init__(self) -> None:
        self.records: dict[tuple[str, str], list[str]] = {}
        self.failing: set[str] = set()
        self.silent: set[str] = set()
        self.asked: list[tuple[str, str]] = []
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        while True:
            self._udp.bind(("127.0.0.1", 0))
            self.port = self._udp.getsockname()[1]
            try:
                self._tcp.bind(("127.0.0.1", self.port))
                break
            except OSError:  # taken for TCP alone: try another pair
                self._udp.close()
                self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._tcp.listen()
        self._threads = [
            threading.Thread(target=self._serve_udp, daemon=True),
            threading.Thread(target=self._serve_tcp, daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def set(self, name: str, kind: str, *values: str) -> None:
        """Have a name answer so; a text of any length, put into strings of 255 bytes here."""
        self.records[name.lower(), kind] = list(values)

    def stop(self) -> None:
        """Close both doors and wait."""
        with contextlib.suppress(OSError):
            self._tcp.shutdown(socket.SHUT_RDWR)
        self._tcp.close()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bell:
            bell.sendto(b"", ("127.0.0.1", self.port))
        for thread in self._threads:
            thread.join(5)
        self._udp.close()

    def _serve_udp(self) -> None:
        while data := self._udp.recvfrom(4096):
            if not data[0]:
                return
            if answer := self._answer(data[0], most=512):
                self._udp.sendto(answer, data[1])

    def _serve_tcp(self) -> None:
        while True:
            try:
                connection, _ = self._tcp.accept()
            except OSError:
                return
            with connection, connection.makefile("rb") as file:
                size = file.read(2)
                if len(size) == 2 and (answer := self._answer(file.read(int.from_bytes(size)))):
                    connection.sendall(len(answer).to_bytes(2) + answer)

    def _answer(self, wire: bytes, most: int = 65_535) -> bytes:
        query = dns.message.from_wire(wire)
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True).lower()
        kind = dns.rdatatype.to_text(question.rdtype)
        self.asked.append((name, kind))
        if name in self.silent:
            return b""
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.AA | dns.flags.RA
        if name in self.failing:
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif values := self.records.get((name, kind)):
            texts = [_in_strings(one) if kind == "TXT" else one for one in values]
            answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, *texts))
        elif not any(name == known for known, _ in self.records):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        try:
            return answer.to_wire(max_size=most)
        except dns.exception.TooBig:
            answer.answer.clear()
            answer.flags |= dns.flags.TC
            return answer.to_wire()


def _in_strings(text: str) -> str:
    escaped = [text[at : at + 255].replace('"', '\\"') for at in range(0, len(text), 255)]
    return " ".join(f'"{one}"' for one in escaped) or '""'


@pytest.fixture
def name_server() -> Iterator[Callable[[], NameServer]]:
    """Start name servers and stop them afterwards."""
    servers: list[NameServer] = []

    def start() -> NameServer:
        servers.append(NameServer())
        return servers[-1]

    yield start
    for server in servers:
        server.stop()
