"""[smtp] and its further relays: what each has from the first, what is refused, whose password."""

from datetime import date
from pathlib import Path

import pytest

from publisher import settings
from publisher.errors import SettingsError
from publisher.settings import Settings

ONE = '[newsletter]\ntitle = "Weekly"\n'
TWO = """[smtp]
host = "first.relay.test"
user = "ann"
port = 2525
per_second = 10
weight = 3
warm_up = 2026-11-01
"""


def load(tmp_path: Path, text: str, environ: dict[str, str] | None = None) -> Settings:
    """Read a home with one newsletter and these tables."""
    (tmp_path / "publisher.toml").write_text(ONE + text, "utf-8")
    return settings.load(tmp_path, environ or {})


def fault(tmp_path: Path, text: str) -> str:
    """Give what is said of tables that cannot be read."""
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, text)
    return caught.value.message


def test_one_relay_is_the_first_of_them(tmp_path: Path) -> None:
    """Without further tables the relay of [smtp] is the only one, unlimited, finding its speed."""
    loaded = load(tmp_path, "[smtp]\n")
    assert loaded.relays == (loaded.smtp,)
    one = loaded.smtp
    assert (one.name, one.mode, one.window, one.connections) == ("smtp", "data", 8, None)
    assert (one.per_second, one.per_hour, one.per_connection) == (None, None, 500)
    assert (one.weight, one.warm_up) == (1, None)


def test_a_relay_has_what_it_leaves_out_from_the_first(tmp_path: Path) -> None:
    """Port and limits are taken over; weight and warm-up are each relay's own."""
    text = f'{TWO}[smtp.relays.second]\nhost = "second.relay.test"\nmode = "bdat"\n'
    first, second = load(tmp_path, text).relays
    assert (first.weight, first.warm_up) == (3, date(2026, 11, 1))
    assert (second.name, second.host, second.port) == ("second", "second.relay.test", 2525)
    assert (second.mode, second.per_second) == ("bdat", 10)
    assert (second.weight, second.warm_up) == (1, None)


def test_a_login_goes_to_no_other_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another host, or another user, gets no password of the first; the same host gets both."""
    monkeypatch.setenv("PUBLISHER_SMTP__PASSWORD", "hunter2")
    text = f"""{TWO}
[smtp.relays.elsewhere]
host = "second.relay.test"
[smtp.relays.account]
user = "bob"
[smtp.relays.door]
port = 465
tls = "implicit"
"""
    logins = {one.name: (one.user, one.password) for one in load(tmp_path, text).relays}
    assert logins == {
        "smtp": ("ann", "hunter2"),
        "elsewhere": ("", ""),
        "account": ("bob", ""),
        "door": ("ann", "hunter2"),
    }


def test_each_relay_has_its_own_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A further relay's password comes from its file, its variable or its credential, all text."""
    (tmp_path / "pw").write_text("from file\n", "utf-8")
    folder = tmp_path / "credentials"
    folder.mkdir()
    (folder / "smtp-password").write_text("first\n", "utf-8")
    (folder / "smtp-password-b").write_text("by systemd\n", "utf-8")
    monkeypatch.setenv("PUBLISHER_SMTP__RELAYS__C__PASSWORD", "12345")
    monkeypatch.setenv("PUBLISHER_SMTP__RELAYS__C__PER_HOUR", "70")
    text = """[smtp]
host = "first.relay.test"
[smtp.relays.a]
host = "a.relay.test"
password_file = "pw"
[smtp.relays.b]
host = "b.relay.test"
[smtp.relays.c]
host = "c.relay.test"
"""
    loaded = load(tmp_path, text, {"CREDENTIALS_DIRECTORY": str(folder)})
    assert {one.name: one.password for one in loaded.relays} == {
        "smtp": "first",
        "a": "from file",
        "b": "by systemd",
        "c": "12345",
    }
    assert loaded.relays[-1].per_hour == 70
    assert loaded.findings == ()
    assert not any(word in repr(loaded) for word in ("from file", "by systemd", "12345"))


def test_a_relays_password_in_the_file_is_a_finding(tmp_path: Path) -> None:
    """A secret in the table of a further relay is told like one in [smtp]."""
    text = '[smtp.relays.b]\nhost = "b.relay.test"\npassword = "x"\n'
    assert [one.code for one in load(tmp_path, text).findings] == ["settings/secret"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('mode = "fast"', "smtp.mode (line 4): write 'data', 'bdat' or 'lockstep'"),
        ("window = 0", "smtp.window (line 4): write a number that is 1 or more"),
        ("connections = 0", "smtp.connections (line 4): write a number that is 1 or more"),
        ("per_second = 0", "smtp.per_second (line 4): write a number over 0"),
        ('warm_up = "soon"', "smtp.warm_up (line 4): write the day the relay began"),
        ("warm_up = 20", "smtp.warm_up (line 4): write the day the relay began"),
        ("[smtp.relays.Second]", "smtp.relays (line 4)|'Second' cannot be a relay's name"),
        ("[smtp.relays.smtp]\nport = 1", "'smtp' cannot be a relay's name"),
        ("[smtp.relays.b]\nweigth = 1",
         "smtp.relays.b.weigth (line 5): no such setting; did you mean `weight`?"),
        ("[smtp.relays.b]\nhello = \"b\"", "the relays 'smtp' and 'b' are one"),
        ('[smtp.domains]\n"qq" = { per_minute = 1 }', "'qq' is no domain of addresses"),
        ('[smtp.domains]\n"qq.com" = 100', "smtp.domains.qq.com (line 5): this is a table"),
        ('[smtp.domains]\n"qq.com" = { per_minute = 0 }', "write a number that is 1 or more"),
    ],
)  # fmt: skip
def test_what_no_relay_can_be_is_refused(tmp_path: Path, text: str, words: str) -> None:
    """Wrong values are told in our words, with the line they stand on."""
    said = fault(tmp_path, f"[smtp]\n{text}\n")
    assert all(one in said for one in words.split("|")[1:] or [words])


def test_a_fault_of_the_first_is_told_once(tmp_path: Path) -> None:
    """What another relay has from [smtp] is no second fault; its own are told with their lines."""
    text = """[smtp]
port = 99999
[smtp.relays.b]
host = "b.relay.test"
timeout = 0
"""
    assert fault(tmp_path, text).splitlines() == [
        "2 faults",
        "    smtp.port (line 4): write a number that is 65535 or less",
        "    smtp.relays.b.timeout (line 7): write a number over 0",
    ]


def test_a_relay_elsewhere_inherits_no_clear_text(tmp_path: Path) -> None:
    """Clear text to a relay here is refused for one elsewhere, with the line of the first."""
    text = '[smtp]\ntls = "none"\n[smtp.relays.b]\nhost = "b.relay.test"\n'
    said = fault(tmp_path, text)
    assert said.startswith('smtp.relays.b.tls (line 4): "none" is for a relay on this machine')
    assert "b.relay.test" in said


def test_receiving_domains_have_their_limits(tmp_path: Path) -> None:
    """A domain is kept as DNS writes it, with what it may get in a minute."""
    text = '[smtp.domains]\n"QQ.com" = { per_minute = 100 }\n"例子.中国" = { per_minute = 5 }\n'
    assert load(tmp_path, text).domain_limits == (("qq.com", 100), ("xn--fsqu00a.xn--fiqs8s", 5))


@pytest.mark.parametrize(
    ("run", "words"),
    [
        ('["/usr/bin/msmtp", "-f", "{sender}", "--", "{recipient}"]', None),
        ("[]", "begin with the whole path"),
        ('["sendmail", "--", "{recipient}"]', "begin with the whole path"),
        ('["/bin/mail", "--"]', '"{recipient}" has to stand among the words by itself'),
        ('["/bin/mail", "{recipient}"]', 'write "--" before "{recipient}"'),
        ('["/bin/mail", "{recipient}", "--"]', 'write "--" before "{recipient}"'),
        ('["/bin/mail", "-f{from}", "--", "{recipient}"]', "{from} is filled with nothing"),
        ('"/bin/mail"', "write a list"),
    ],
)
def test_a_command_is_run_without_danger(tmp_path: Path, run: str, words: str | None) -> None:
    """A program is named by its whole path, and no recipient can be taken for an option."""
    text = f"[command]\nrun = {run}\n"
    if words is None:
        assert load(tmp_path, text).command[0] == "/usr/bin/msmtp"
        return
    assert words in fault(tmp_path, text)


def test_a_command_needs_no_table(tmp_path: Path) -> None:
    """With transport = "command" alone, messages go to sendmail."""
    (tmp_path / "publisher.toml").write_text(f'transport = "command"\n{ONE}', "utf-8")
    loaded = settings.load(tmp_path, {})
    assert loaded.transport == "command"
    assert loaded.command[0] == "/usr/sbin/sendmail"


def test_mail_leaves_this_machine_by_any_relay(tmp_path: Path) -> None:
    """What is asked of mail that leaves is asked where one of the relays alone is elsewhere."""
    here = '[smtp]\nhost = "localhost"\n'
    assert load(tmp_path, here).relay_host == "localhost"
    two = f'{here}[smtp.relays.b]\nhost = "b.relay.test"\n'
    assert load(tmp_path, two).relay_host == "b.relay.test"
