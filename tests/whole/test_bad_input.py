"""Bad input, met as a user meets it: a clear sentence, a remedy, and nothing else stops."""

import json
import os
import resource
import sqlite3
import subprocess
import sys
import time
from email import message_from_bytes
from pathlib import Path

import pytest

GOOD = "# About good\n[关于 good](https://example.net/good)\n\ngood 的摘要。\n"
pytestmark = pytest.mark.service  # whole processes: too long for `make check`

MORTAL = (
    "setpriv",
    "--bounding-set=-dac_override,-dac_read_search",
    "--inh-caps=-dac_override,-dac_read_search",
) * (os.geteuid() == 0)
"""What makes root heed the permissions of files."""

# --- digests ------------------------------------------------------------------


def test_every_bad_digest_is_told_and_the_good_one_goes_out(home, relay) -> None:
    """Twelve bad digests dropped while `run` runs: each said once with its place; the mail leaves."""
    home.readers(1).start()
    folder = home.path / "digests"
    secret = home.path / "secret.md"
    secret.write_text(GOOD, "utf-8")
    home.drop("cut.md", GOOD.encode() + b"\xe6\x91 \xff\n")
    home.drop("picture.md", b"\x89PNG\x00\x00" * 100)
    home.drop("empty.md", "")
    home.drop("blank.md", " \n\n")
    home.drop("yaml.md", "---\nnumber: 7\ntitle: [unclosed\n---\n# a\n")
    home.drop("toml.md", '+++\ntitle = "x\n+++\n# a\n')
    home.drop("open.md", "---\ntitle: x\n\n# a\n")
    os.truncate(home.drop("huge.md", ""), 100_000_000)
    os.mkfifo(folder / "pipe.md")
    (folder / "link.md").symlink_to(secret)
    (folder / "nowhere.md").symlink_to(home.path / "nothing")
    (folder / "folder.md").mkdir()
    home.drop("good.md", GOOD)
    home.says(
        "set aside: digests/cut.md:5:1: The digest is UTF-8, but the byte 0xE6 here is not",
        "Type the character at this place anew and save the digest as UTF-8.",
        "set aside: digests/picture.md:1: This is not a text",
        "set aside: digests/empty.md: The digest is empty.",
        "set aside: digests/blank.md: The digest is empty.",
        "set aside: digests/yaml.md:3:17: The front matter cannot be read",
        "set aside: digests/toml.md:2:11: The front matter cannot be read: unterminated string.",
        "set aside: digests/open.md:1: The front matter begins here with --- and never ends.",
        "set aside: digests/huge.md: The file has 100 MB; a digest has at most",
        "Split it into several digests.",
        "set aside: digests/pipe.md: This is not a plain file.",
        f"set aside: digests/link.md: This is a symbolic link to {secret}; links are not",
        "set aside: digests/nowhere.md: This is a symbolic link to",
        "published",
    )
    while not relay.accepted:
        time.sleep(0.1)
    home.drop("yaml.md", f"---\ntitle: mended\n---\n{GOOD.replace('good', 'mended')}")
    home.says("from yaml.md")
    assert home.log().count("set aside: digests/empty.md") == 1
    assert home.stop() < 10


def test_a_legacy_encoding_is_read_and_said(home) -> None:
    """A digest in GB 18030 is published with a warning that names the guess and the remedy."""
    more = "风筝飞得高不高，要看线有多长，也要看风往哪边吹。放线的人说，今年的春天来得早了一些。\n"
    home.drop("gb.md", (GOOD + more).encode("gb18030"))
    done = home.publisher("publish")
    assert "digests/gb.md: warn: The digest is not UTF-8; it was read as gb18030" in done.stderr
    assert "save it as UTF-8" in done.stderr
    assert "关于 good".encode() in home.site()["rss.xml"]


def test_a_copy_mails_nobody_and_is_said(home, relay, tools) -> None:
    """Two files of the same content are one issue, one mail and a sentence."""
    home.readers(1)
    home.drop("a.md", tools.digest("a"))
    home.start()
    tools.until(lambda: relay.accepted)
    home.drop("b.md", tools.digest("a"))
    home.says("not published: digests/b.md: a copy of a.md", "publisher publish --new digests/b.md")
    home.stop()
    assert len(relay.accepted) == 1
    assert len(json.loads(home.publisher("issues", "--json").stdout)["issues"]) == 1


def test_renamed_and_edited_at_once_mails_nobody(home, relay, tools) -> None:
    """The same issue under a new name with a new text: revised, the same id, no second mail."""
    home.readers(1)
    file = home.drop("a.md", tools.digest("a", "b", "c"))
    home.publisher("run", "--once")
    (before,) = json.loads(home.publisher("issues", "--json").stdout)["issues"]
    file.unlink()
    home.drop("renamed.md", tools.digest("a", "b", "d"))
    done = home.publisher("run", "--once")
    assert "revised" in done.stderr
    (after,) = json.loads(home.publisher("issues", "--json").stdout)["issues"]
    assert (after["id"], after["published"]) == (before["id"], before["published"])
    assert after["updated"] > before["updated"]
    assert len(relay.accepted) == 1


def test_latest_md_overwritten_waits_for_a_person(home, relay, tools) -> None:
    """Next week's text under the same name is held while `run` runs; `--new` sends it once."""
    home.readers(1)
    file = home.drop("latest.md", tools.digest("a", "b"))
    home.start()
    tools.until(lambda: relay.accepted)
    home.drop("latest.md", tools.digest("x", "y"))
    home.says("held: digests/latest.md", "publisher publish --new digests/latest.md")
    assert not home.shows("x")
    assert home.publisher("publish", code=3).stderr.count("digests/latest.md") >= 1
    home.publisher("publish", "--new", file)
    assert home.shows("x")
    tools.until(lambda: len(relay.accepted) == 2)
    home.stop()


# --- what stands around the digests -------------------------------------------


def test_a_broken_template_stops_only_its_own_work(home, relay, tools) -> None:
    """A template broken while `run` runs is named with its line; mended, the digest comes through.

    The site goes on answering; a mail template broken and mended is taken without a restart.
    """
    home.readers(1).start()
    page = home.path / "templates" / "site" / "issue.html"
    page.parent.mkdir(parents=True)
    page.write_text("<p>\n{% if %}", "utf-8")
    home.drop("a.md", tools.digest("a"))
    home.says("templates/site/issue.html:2", "mend the template")
    assert home.get("/health")[0] == 200
    assert not home.shows("a")
    assert relay.seen == []
    page.unlink()
    mail = home.path / "templates" / "mail" / "digest.mjml"
    mail.parent.mkdir(parents=True)
    mail.write_text("<mjml><mj-body>\n{{ nothing.here }}</mj-body></mjml>", "utf-8")
    home.drop("b.md", tools.digest("b"))
    home.says("not sent by itself: digests/b.md", "templates/mail/digest.mjml:2")
    assert home.shows("a")
    assert home.shows("b")
    mail.unlink()
    home.publisher("send", home.path / "digests" / "b.md", "--yes", "--wait")
    assert len(relay.accepted) == 1
    home.stop()


def test_feeds_that_cannot_be_written_are_told_and_healed(home, tools) -> None:
    """A file in the place of feeds/ while `run` runs: named with a remedy; gone, all is published."""
    home.start()
    site = home.path / "feeds"
    site.rename(home.path / "away")
    site.write_text("in the way", "utf-8")
    home.drop("a.md", tools.digest("a"))
    home.says(f"{site}", "cannot be written", "make room or give write permission there")
    site.unlink()
    (home.path / "away").rename(site)
    home.drop("b.md", tools.digest("b"))
    tools.until(lambda: home.shows("a") and home.shows("b"))
    home.stop()


def test_what_may_not_be_written_is_told(home, tools) -> None:
    """A read-only feeds/ or home: named with the remedy, without a traceback; mended, it is healed."""
    home.drop("a.md", tools.digest("a"))
    (home.path / "feeds").chmod(0o500)
    done = home.publisher("publish", code=1, before=MORTAL)
    assert f"{home.path}/feeds" in done.stderr
    assert "cannot be written: Permission denied" in done.stderr
    assert "publisher: hint: make room or give write permission there" in done.stderr
    (home.path / "feeds").chmod(0o700)
    home.publisher("publish", before=MORTAL)
    assert home.shows("a")
    (home.path / "run.lock").unlink(missing_ok=True)
    home.path.chmod(0o500)
    done = home.publisher("run", "--once", code=1, before=MORTAL)
    assert "run.lock: the home cannot be held: Permission denied" in done.stderr
    home.path.chmod(0o700)


def test_a_damaged_register_is_told_and_left_alone(home, relay, tools) -> None:
    """Damaged while `run` runs: named with line and remedy, kept as it is; brought back, all goes on."""
    home.readers(1).start()
    register = home.path / "register.json"
    good = register.read_bytes()
    register.write_bytes(good[: len(good) // 2])
    home.drop("a.md", tools.digest("a"))
    home.says("register.json", "scan failed", "hint")
    assert register.read_bytes() == good[: len(good) // 2]
    assert home.get("/health")[0] == 200
    done = home.publisher("publish", code=1)
    assert "register.json" in done.stderr
    assert "publisher: hint: " in done.stderr
    register.write_bytes(good)
    home.drop("b.md", tools.digest("b"))
    tools.until(lambda: home.shows("a"))
    home.stop()


# --- the database -------------------------------------------------------------


def test_a_locked_database_is_waited_for(home, relay, tools) -> None:
    """Locked by another process while `run` scans: said with a remedy; let go, the mail leaves."""
    home.readers(1).start()
    other = sqlite3.connect(home.path / "publisher.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    other.execute("DELETE FROM digest")
    home.drop("a.md", tools.digest("a"))
    home.says("another process is writing to the database", "publisher status")
    done = home.publisher("subscribers", "add", "new@example.net", code=1)
    assert "another process is writing to the database" in done.stderr
    assert home.get("/health")[0] == 200
    assert home.publisher("issues").returncode == 0
    other.execute("ROLLBACK")
    other.close()
    home.drop("b.md", "")
    tools.until(lambda: relay.accepted)
    home.stop()


def test_a_full_disk_is_told_and_loses_nothing(home, relay, tools) -> None:
    """No byte may be written any more: a sentence without traceback; with room all is published."""
    home.readers(1)
    home.drop("a.md", tools.digest("a"))

    def no_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))

    done = home.publisher("publish", code=1, preexec_fn=no_room)
    assert "Traceback" not in done.stderr
    assert "publisher: error: " in done.stderr
    assert "publisher: hint: " in done.stderr
    done = home.publisher("run", "--once", code=None, preexec_fn=no_room)
    assert "Traceback" not in done.stderr
    assert relay.seen == []
    home.publisher("run", "--once")
    assert home.shows("a")
    assert len(relay.accepted) == 1


def test_a_file_that_is_no_database_is_named(home) -> None:
    """Something else in the database's place: named, not overwritten, with a remedy."""
    for file in home.path.glob("publisher.db*"):
        file.unlink()
    (home.path / "publisher.db").write_bytes(b"this is a letter to my aunt\n" * 100)
    (home.path / "publisher.db").chmod(0o600)
    done = home.publisher("run", code=1)
    assert "publisher.db: this file is no SQLite database" in done.stderr
    assert "publisher: hint: put it aside" in done.stderr
    assert (home.path / "publisher.db").read_bytes().startswith(b"this is a letter")


# --- the relay ----------------------------------------------------------------


def test_a_relay_that_comes_up_later(home, relay, tools) -> None:
    """Nobody listens when the issue is due: said, nobody charged; as soon as it listens, delivered."""
    relay.stop()
    home.readers(3).start()
    home.drop("a.md", tools.digest("a"))
    home.says("the relay rests", "refused")
    later = tools.Relay(port=relay.port).start()
    tools.until(lambda: len(later.accepted) == 3)
    assert set(later.mailed().values()) == {1}
    home.stop()
    later.stop()
    (send,) = json.loads(home.publisher("sends", "--json").stdout)["sends"]
    assert send["counts"]["accepted"] == 3


def test_a_relay_that_refuses_pauses_the_send_with_its_words(home, relay, tools) -> None:
    """Refused for good at the end of the first message: `sends` says why; resumed, it is done."""
    relay.answer = lambda recipient: "530 5.7.0 authentication required"
    home.readers(2).start()
    home.drop("a.md", tools.digest("a"))
    home.says("send paused", "530 authentication required", "resume the send")
    done = home.publisher("sends", "1")
    assert "paused" in done.stdout
    assert "note: " in done.stdout
    assert "authentication required" in done.stdout
    relay.answer = lambda recipient: "250 ok"
    home.publisher("resume", "1")
    tools.until(lambda: len(relay.accepted) == 2)
    home.stop()
    assert set(relay.mailed().values()) == {1}


def test_a_relay_that_hangs_after_the_content(home, relay, tools) -> None:
    """Told to stop while the relay keeps silent after the dot, it leaves in time.

    Started again, the one in doubt is sent the same message again, the others theirs.
    """
    relay.answer = lambda recipient: tools.HANG
    home.readers(3).start()
    home.drop("a.md", tools.digest("a"))
    tools.until(lambda: relay.seen)
    assert home.stop() < 25
    relay.answer = lambda recipient: "250 ok"
    home.start()
    tools.until(lambda: len(relay.accepted) == 3)
    home.stop()
    assert set(relay.mailed().values()) == {1}
    (doubtful, first), *_ = relay.seen
    again = dict(relay.accepted)[doubtful]
    assert message_from_bytes(again)["Message-ID"] == message_from_bytes(first)["Message-ID"]


def test_a_relay_that_drops_after_the_dot(home, relay, tools) -> None:
    """The connection lost instead of an answer: in doubt, and repeated with the same Message-ID."""
    answers = iter([tools.DROP])
    relay.answer = lambda recipient: next(answers, "250 ok")
    home.readers(5).start()
    home.drop("a.md", tools.digest("a"))
    tools.until(lambda: len(relay.accepted) == 5)
    home.stop()
    assert set(relay.mailed().values()) == {1}
    (doubtful, first), *_ = relay.seen
    again = dict(relay.accepted)[doubtful]
    assert message_from_bytes(again)["Message-ID"] == message_from_bytes(first)["Message-ID"]


def test_who_is_in_doubt_is_held_by_name(make_home, relay, tools) -> None:
    """With in_doubt = "hold" the one in doubt is listed by name and not written to again."""
    home = make_home().settings(tools.newsletter(send="on-publish", in_doubt="hold"), timeout=0.01)
    home.open().readers(4)
    relay.answer = lambda recipient: tools.HANG if recipient.startswith("r2@") else "250 ok"
    home.drop("a.md", tools.digest("a"))
    home.publisher("run", "--once")
    assert "3 accepted, 1 in doubt" in home.publisher("sends").stdout
    done = home.publisher("sends", "1")
    assert "in doubt: r2@example.net: " in done.stdout
    home.publisher("run", "--once")
    assert [to for to, _ in relay.seen].count("r2@example.net") == 1


# --- the machine --------------------------------------------------------------


def test_a_port_that_is_taken_is_refused(home, relay) -> None:
    """`run` beside another server leaves at once and says which key to change."""
    home.port = relay.port
    text = (home.path / "publisher.toml").read_text("utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("port = ")]
    lines[lines.index("[smtp]")] = f"[smtp]\nport = {relay.port}"
    lines[lines.index("[web]")] = f"[web]\nport = {relay.port}"
    (home.path / "publisher.toml").write_text("\n".join(lines), "utf-8")
    done = home.publisher("run", code=1)
    assert f"127.0.0.1:{relay.port}: nothing can be served there: Address already" in done.stderr
    assert "port under [web]" in done.stderr


def test_settings_tell_all_their_faults_at_once(tmp_path: Path) -> None:
    """Three mistakes in publisher.toml are three sentences with their lines; a broken file is one."""
    file = tmp_path / "publisher.toml"

    def run() -> str:
        command = [sys.executable, "-m", "publisher", "--home", tmp_path, "run"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 1
        assert "Traceback" not in done.stderr
        return done.stderr

    file.write_text(
        'transprot = "smtp"\n[newsletter]\ntitle = "W"\ntimezone = "Mars"\nsend = "x"\n'
    )
    said = run()
    assert all(word in said for word in ("transprot", "timezone", "Mars", "send"))
    assert all(f"line {number}" in said for number in (1, 4, 5))
    file.write_text('[newsletter]\ntitle = "W\n')
    assert "line 2" in run()
    file.write_bytes(b'[newsletter]\ntitle = "\xff"\n')
    assert "UTF-8" in run()
