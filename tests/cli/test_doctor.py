"""doctor, as it is run: keys made once, records that verify, DNS and the web looked at."""

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import dkim as judge
import pytest
from typer.testing import CliRunner, Result

from publisher import settings
from publisher.cli import app
from publisher.errors import RefusedError
from publisher.send.signing import signers_of
from publisher.wire.dkim import signed

FILE = """
app_url = "{app_url}"
transport = "smtp"
[newsletter]
title = "Rivers"
sender_address = "editor@rivers.test"
postal_address = "River Street 1"
[smtp]
host = "smtp.relay.test"
[dkim]
ed25519 = true
"""


@pytest.fixture
def home(tmp_path: Path, web_host) -> Path:
    """A home whose app_url answers as the program does."""
    host = web_host()
    host.show("/health", b'{"status":"ok"}')
    (tmp_path / "publisher.toml").write_text(FILE.format(app_url=host.at("/")), "utf-8")
    return tmp_path


def doctor(home: Path, *words: str) -> Result:
    """Run it on a home; transcripts/doctor.txt runs it as a process."""
    return CliRunner().invoke(app, ["--home", str(home), "doctor", *words])


@pytest.fixture
def ask(home: Path, name_server) -> Callable[..., dict]:
    """Run it with --json against a name server of our own."""
    names = name_server()

    def asked() -> dict:
        done = doctor(home, "--dns", f"127.0.0.1:{names.port}", "--json")
        return json.loads(done.stdout) | {"code": done.exit_code}

    asked.names = names  # type: ignore[attr-defined]
    return asked


def states(document: dict) -> dict[str, str]:
    """Give each record's state."""
    return {one["what"]: one["state"] for one in document["domains"][0]["records"]}


def codes(document: dict) -> set[str]:
    """Give the codes of all findings."""
    records = [one for domain in document["domains"] for one in domain["records"]]
    places = [document, *document["newsletters"], *records]
    return {finding["code"] for place in places for finding in place["findings"]}


def test_set_what_it_says_and_all_is_well(home, ask) -> None:
    """With an empty DNS all is missing; with the records it printed, placeholders filled, nothing."""
    first = ask()
    assert first["code"] == 1
    assert set(states(first).values()) == {"missing"}
    for one in first["domains"][0]["records"]:
        value = one["value"].replace("YOUR-RELAY", "relay.test")
        value = value.replace("YOUR-MAIL-SERVER", "mail.rivers.test.")
        ask.names.set(one["host"], one["type"], value)
    ask.names.set("relay.test", "TXT", "v=spf1 ip4:192.0.2.1 ~all")
    assert "preflight/loopback" in codes(ask())  # refused through a relay elsewhere
    (home / "publisher.toml").write_text(FILE.format(app_url="https://nowhere.invalid/"), "utf-8")
    second = ask()
    assert set(states(second).values()) == {"ok"}
    assert second["code"] == 0
    assert codes(second) == {"settings/unreachable", "authentication/dmarc-watches"}
    assert second["made"] == []
    assert second["domains"][0]["records"][1]["value"] == first["domains"][0]["records"][1]["value"]


def test_what_it_prints_verifies_what_is_sent(home, ask) -> None:
    """With nothing but the printed records, another program finds our signatures good."""
    records = {
        f"{one['host']}.".encode(): "".join(one["strings"]).encode()
        for one in ask()["domains"][0]["records"]
        if one["what"].startswith("DKIM")
    }
    loaded = settings.load(home, {})
    signers = signers_of(loaded)(loaded.newsletters[0])
    message = b"From: editor@rivers.test\r\nSubject: One\r\n\r\nText\r\n"
    sent = signed(message, signers, datetime(2026, 3, 6, tzinfo=UTC))
    for number in (0, 1):
        assert judge.DKIM(sent).verify(
            idx=number, dnsfunc=lambda name, timeout=5: records.get(name)
        )


def test_keys_are_made_once(home) -> None:
    """The first run makes them and says so, the second leaves them, a damaged one too."""
    first = doctor(home, "--dns", "127.0.0.1:9")
    assert first.stdout.count("made ") == 2
    keys = sorted((home / "dkim").iterdir())
    before = [path.read_bytes() for path in keys]
    assert "made " not in doctor(home, "--dns", "127.0.0.1:9").stdout
    assert [path.read_bytes() for path in keys] == before
    keys[0].write_text("damaged")
    keys[1].chmod(0o644)
    said = doctor(home, "--dns", "127.0.0.1:9")
    assert said.exit_code == 1
    assert "damaged" in said.stdout
    assert f"chmod 600 {keys[1]}" in said.stdout
    assert keys[0].read_text() == "damaged"
    assert "SPF: which servers" in said.stdout


def test_without_dns_the_records_stand_there(home) -> None:
    """A machine that reaches no name server is told so in a line, and gets all records."""
    (home / "publisher.toml").write_text(FILE.format(app_url="https://nowhere.invalid/"), "utf-8")
    done = doctor(home, "--dns", "127.0.0.1:9")
    assert done.exit_code == 0
    assert done.stdout.count("DNS does not answer here") == 1
    assert done.stdout.count("  unchecked  ") == 1 + 5
    assert "v=spf1 include:YOUR-RELAY ~all" in done.stdout


@pytest.mark.parametrize("is_there", [True, False])
def test_nobody_at_the_app_url(home, web_host, ask, is_there: bool) -> None:
    """An address where something else answers, or nothing does, is a warning with the why."""
    host = web_host()
    host.show("/health", b"<html>Welcome</html>")
    address = host.at("/") if is_there else "https://nowhere.invalid/"
    (home / "publisher.toml").write_text(FILE.format(app_url=address), "utf-8")
    document = ask()
    assert "settings/unreachable" in codes(document)
    why = "something else does" if is_there else "there is no host of that name"
    assert why in json.dumps(document)


def test_signing_is_left_to_the_relay(home, ask) -> None:
    """Without [dkim] no key is made, no DKIM record asked for, and how to sign here is told."""
    text = (home / "publisher.toml").read_text("utf-8")
    (home / "publisher.toml").write_text(text.partition("[dkim]")[0], "utf-8")
    document = ask()
    assert set(states(document)) == {"SPF", "DMARC", "MX"}
    assert not (home / "dkim").exists()
    said = doctor(home, "--dns", f"127.0.0.1:{ask.names.port}").stdout
    assert "add a line [dkim]" in said


def test_the_example_s_domain_gets_no_key(home, ask) -> None:
    """A sender still to be set makes no key and asks nothing of DNS."""
    text = (home / "publisher.toml").read_text("utf-8")
    (home / "publisher.toml").write_text(text.replace("rivers.test", "news.example.org"), "utf-8")
    document = ask()
    assert document["domains"] == []
    assert not (home / "dkim").exists()
    assert ask.names.asked == []
    assert "preflight/example" in codes(document)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a home away")
def test_root_makes_no_keys_for_others(home) -> None:
    """In a home of another user root is told who should run it, and nothing is made."""
    os.chown(home, 65534, 65534)
    done = doctor(home, "--dns", "127.0.0.1:9")
    assert isinstance(done.exception, RefusedError)
    assert "runuser -u nobody" in done.exception.hint
    assert not (home / "dkim").exists()


def test_the_home_is_looked_at(home, ask) -> None:
    """What others can read, a damaged key and a database that is none all stop."""
    (home / "secret.key").write_text("short")
    (home / "secret.key").chmod(0o600)
    (home / "outbox").mkdir(mode=0o755)
    (home / "publisher.db").write_text("no database" * 100)
    (home / "publisher.db").chmod(0o600)
    document = ask()
    assert {"settings/secret-key", "settings/open-to-others", "settings/database"} <= codes(
        document
    )
    assert document["code"] == 1


def test_an_open_key_is_told_once(home) -> None:
    """That others can read a key is one fault, not one of the home and one of the newsletter."""
    doctor(home, "--dns", "127.0.0.1:9")
    key = next((home / "dkim").glob("*.publisher.rsa.pem"))
    key.chmod(0o644)
    done = doctor(home, "--dns", "127.0.0.1:9")
    assert done.stdout.count(f"chmod 600 {key}") == 1
    assert done.exit_code == 1


def test_what_dns_says_does_not_steer_the_terminal(home, ask) -> None:
    """Escape sequences in a record are written out, in what was found and in what is said of it."""
    doctor(home, "--dns", "127.0.0.1:9")
    host = "publisher._domainkey.rivers.test"
    ask.names.set(host, "TXT", "v=DKIM1; p=\x1b[2Jx\u009b31m\u202e")
    ask.names.set("rivers.test", "TXT", "v=spf1 \x1b]0;owned\x07 include:\x1b[31m.test ~all")
    done = doctor(home, "--dns", f"127.0.0.1:{ask.names.port}")
    assert "found  v=DKIM1; p=\\x1b[2Jx\\x9b31m\\x202e" in done.stdout
    assert "void: \\x1b]0;owned\\x07" in done.stdout
    assert not set(done.stdout) & set("\x1b\x07\u009b\u202e")


def test_a_very_long_record_is_cut(home, ask) -> None:
    """What was found is shown by its beginning; the document has all of it."""
    ask.names.set("publisher._domainkey.rivers.test", "TXT", "v=DKIM1; p=" + "A" * 20_000)
    done = doctor(home, "--dns", f"127.0.0.1:{ask.names.port}")
    assert "… (20,011 characters)" in done.stdout
    assert len(done.stdout) < 10_000
    (found,) = ask()["domains"][0]["records"][1]["found"]
    assert len(found) == 20_011


def test_reports_go_to_an_address_dns_can_hold(home, ask) -> None:
    """A sender in letters of any script stands in the record in its ASCII form."""
    text = (home / "publisher.toml").read_text("utf-8")
    (home / "publisher.toml").write_text(text.replace("rivers.test", "flüsse.test"), "utf-8")
    values = [one["value"] for one in ask()["domains"][0]["records"]]
    assert "v=DMARC1; p=none; rua=mailto:editor@xn--flsse-lva.test" in values


def test_odd_answers_of_the_web_are_no_defect(home, web_host, ask) -> None:
    """A document nested without end at the app_url is something else, like any other."""
    host = web_host()
    host.show("/health", b"[" * 9_000)
    (home / "publisher.toml").write_text(FILE.format(app_url=host.at("/")), "utf-8")
    assert "something else does" in json.dumps(ask())
