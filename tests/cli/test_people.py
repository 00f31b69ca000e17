"""subscribers: what a file of people says, line by line, and who is not brought back."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from publisher.cli.people import Row, read_rows
from publisher.store import Store, barring, subscribers


def publisher(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a home."""
    return subprocess.run(
        [sys.executable, "-m", "publisher", "--home", str(home), *words],
        env={**os.environ, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Make a home with one newsletter."""
    (tmp_path / "publisher.toml").write_text('[newsletter]\ntitle = "Weekly"\n', "utf-8")
    return tmp_path


def test_a_broken_quote_spoils_its_line_alone() -> None:
    """The line with the quote that is never closed is named; those after it are read."""
    rows = list(read_rows(b'email,name\na@a.test,"Ann\nb@a.test,"Bo, B."\n\nc@a.test,C\n'))
    assert [(row.line, row.address, row.name) for row in rows if not row.fault] == [
        (3, "b@a.test", "Bo, B."),
        (5, "c@a.test", "C"),
    ]
    assert [(row.line, row.fault[:13]) for row in rows if row.fault] == [(2, "broken quotes")]


@pytest.mark.parametrize("parted", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_cells_are_parted_as_the_head_says(parted: str, end: str) -> None:
    """Semicolons and tabs, as spreadsheets write them, are read like commas."""
    lines = [parted.join(("name", "email", "language")), parted.join(("Ann", "a@a.test", "en"))]
    assert list(read_rows(end.join(lines).encode("utf-8-sig"))) == [Row(2, "a@a.test", "Ann", "en")]


def test_a_bare_list_is_read() -> None:
    """One address a line needs no head."""
    assert list(read_rows(b"a@a.test\nb@a.test")) == [Row(1, "a@a.test"), Row(2, "b@a.test")]


@pytest.mark.parametrize(
    ("encoding", "words"), [("utf-16", "this is UTF-16"), ("gb18030", "not UTF-8 but an older")]
)
def test_other_encodings_are_named(home: Path, encoding: str, words: str) -> None:
    """A file that is not UTF-8 is refused in a sentence."""
    (home / "people.csv").write_bytes("email,name\na@a.test,安\n".encode(encoding))
    done = publisher(home, "subscribers", "import", str(home / "people.csv"))
    assert done.returncode == 1
    assert words in done.stderr
    assert "codec" not in done.stderr


def test_who_left_comes_back_only_by_stated_consent(home: Path) -> None:
    """`add` says when they left and adds nobody, until it is told how they agreed anew."""
    publisher(home, "subscribers", "add", "a@a.test")
    publisher(home, "subscribers", "unsubscribe", "a@a.test")
    refused = publisher(home, "subscribers", "add", "a@a.test", "b@a.test")
    assert refused.returncode == 1
    assert "a@a.test unsubscribed on 20" in refused.stderr
    assert "b@a.test: added" in refused.stderr
    shown = publisher(home, "subscribers", "show", "a@a.test").stdout
    assert "state: unsubscribed" in shown
    assert "\nunsubscribed: by an editor (20" in shown
    assert "consent: by an editor" not in shown
    assert (
        publisher(home, "subscribers", "add", "a@a.test", "--consent", "wrote to us").returncode
        == 0
    )
    shown = publisher(home, "subscribers", "show", "a@a.test").stdout
    assert "state: active" in shown


def test_a_language_we_do_not_speak_is_said(home: Path) -> None:
    """Whoever imports or adds people is told, once and with a count, what they will read instead."""
    lines = ["email,language", "a@a.test,tlh", "b@a.test,tlh", "c@a.test,Klingon", "d@a.test,zh-CN"]
    (home / "people.csv").write_text("\n".join([*lines, "e@a.test,"]), "utf-8")
    done = publisher(home, "subscribers", "import", str(home / "people.csv"))
    assert (done.returncode, "imported 5" in done.stderr) == (0, True)
    assert done.stderr.count("warning: ") == 1
    assert "warning: 3 subscribers with a language" in done.stderr
    assert "'tlh' (2), 'Klingon' (1): the mail comes in 'en'" in done.stderr
    assert (
        "warning: " in publisher(home, "subscribers", "add", "--language", "tlh", "f@a.test").stderr
    )
    for language in ("zh-TW", "en-GB"):
        done = publisher(home, "subscribers", "add", "--language", language, "f@a.test")
        assert "warning: " not in done.stderr


def test_adding_again_with_another_language_changes_it(home: Path) -> None:
    """It says so, and only then; without a language nothing changes."""
    said = [
        publisher(home, "subscribers", "add", "a@a.test", *words).stderr.strip()
        for words in (["--language", "en"], ["--language", "zh-CN"], ["--language", "zh-CN"], [])
    ]
    assert said == [
        "a@a.test: added",
        "a@a.test: known already; the language is changed",
        "a@a.test: known",
        "a@a.test: known",
    ]
    assert "a@a.test,,zh-CN,active" in publisher(home, "subscribers", "export").stdout


def test_a_time_zone_comes_with_an_import(home: Path) -> None:
    """It is kept, shown and exported; one that is none is told, and its reader is taken in."""
    lines = ["email,timezone", "a@a.test,Asia/Tokyo", "b@a.test,Mars", "c@a.test,"]
    (home / "people.csv").write_text("\n".join(lines), "utf-8")
    done = publisher(home, "subscribers", "import", str(home / "people.csv"))
    assert (done.returncode, "imported 3" in done.stderr) == (0, True)
    assert "1 subscriber with a time zone that is none, 'Mars' (1)" in done.stderr
    exported = publisher(home, "subscribers", "export").stdout.splitlines()
    assert [line.rpartition(",")[2] for line in exported] == ["timezone", "Asia/Tokyo", "", ""]
    assert "timezone: Asia/Tokyo" in publisher(home, "subscribers", "show", "a@a.test").stdout


def test_what_bounced_is_shown_and_forgotten(home: Path) -> None:
    """Both refusals of a suppressed address stand beside it until a person lifts that."""
    publisher(home, "subscribers", "add", "a@a.test")
    with Store.open(f"sqlite:///{home}/publisher.db") as store, store.begin() as conn:
        for day in (1, 2):
            conn.exec_driver_sql(
                "INSERT INTO hard_bounce (newsletter, folded, day, at, words) VALUES"
                f" ('newsletter', 'a@a.test', '2026-11-0{day}',"
                f" '2026-11-0{day}T09:00:00.000000Z', 'no such mailbox: 5.1.1 {day}')"
            )
        now = barring.bounced(conn, "newsletter", "a@a.test")[0].at
        subscribers.suppress(conn, "newsletter", "a@a.test", "hard bounce", now)
    shown = publisher(home, "subscribers", "show", "a@a.test").stdout
    assert "suppressed: hard bounce" in shown
    assert "hard bounce: no such mailbox: 5.1.1 1 (2026-11-01)" in shown
    assert "hard bounce: no such mailbox: 5.1.1 2 (2026-11-02)" in shown
    lifted = publisher(home, "subscribers", "suppress", "a@a.test", "--lift")
    assert "may be mailed again" in lifted.stderr
    assert "bounce" not in publisher(home, "subscribers", "show", "a@a.test").stdout
    again = publisher(home, "subscribers", "suppress", "a@a.test", "--lift")
    assert "was not suppressed" in again.stderr
