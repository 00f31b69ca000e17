"""The home as a whole: backup and restore, who may work on it at once, several newsletters in one."""

import contextlib
import json
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from email import message_from_bytes

import pytest

pytestmark = pytest.mark.service  # whole processes: too long for `make check`


def unsubscribe_path(message: bytes) -> str:
    """The path of the one-click address in a message."""
    address = message_from_bytes(message)["List-Unsubscribe"].strip("<>")
    return "/" + str(address).split("/", 3)[3]


def issues(home, *words: str) -> list[dict[str, object]]:
    """The issues of a home, newest first."""
    return json.loads(home.publisher(*words, "issues", "--json").stdout)["issues"]


# --- backup and restore -------------------------------------------------------


def test_a_backup_restored_is_the_same_home(make_home, relay, tools) -> None:
    """Taken while `run` runs and unpacked elsewhere: same site, links alive, nobody mailed again.

    So it is before the digests are brought back, which no backup holds, and after.
    """
    home = make_home().settings(tools.newsletter(send="on-publish")).open().readers(3)
    home.drop("a.md", tools.digest("a", "b"))
    home.start()
    tools.until(lambda: len(relay.accepted) == 3)
    tools.until(lambda: "done" in home.publisher("sends").stdout)
    archive = home.path.parent / "backup.tar"
    done = home.publisher("backup", archive)
    assert "keep it secret" in done.stderr
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600
    refused = home.publisher("backup", archive, code=1)
    assert f"{archive}: exists already" in refused.stderr
    assert home.stop() < 25
    restored = make_home("restored")
    restored.path.mkdir()
    subprocess.run(["tar", "-xpf", archive, "-C", restored.path], check=True)
    restored.port = home.port
    restored.publisher("run", "--once")
    assert restored.site() == home.site()
    shutil.copytree(home.path / "digests", restored.path / "digests")
    path = unsubscribe_path(relay.accepted[0][1])
    restored.start()
    assert restored.ask("POST", path, "List-Unsubscribe=One-Click")[0] == 200
    shown = restored.publisher("subscribers", "show", relay.accepted[0][0]).stdout
    assert "state: unsubscribed" in shown
    restored.stop()
    assert restored.site() == home.site()
    assert issues(restored) == issues(home)
    assert len(relay.accepted) == 3
    assert "was sent already" in restored.publisher("send", "latest", "--yes", code=1).stderr


def test_migrate(home) -> None:
    """On a current database nothing happens; one from a newer program is refused with a remedy."""
    assert "schema: " in home.publisher("migrate").stderr
    with contextlib.closing(sqlite3.connect(home.path / "publisher.db")) as conn:
        conn.execute("UPDATE alembic_version SET version_num = '9999'")
        conn.commit()
    for command in (["migrate"], ["run"], ["status"]):
        done = home.publisher(*command, code=1)
        assert "the database was written by a newer Publisher" in done.stderr
        assert "Traceback" not in done.stderr


# --- who may work on it at once -----------------------------------------------


def test_two_publications_at_once(home, tools) -> None:
    """Two `publisher publish` at the same moment: one publishes, the other finds nothing new."""
    for number in range(5):
        home.drop(f"{number}.md", tools.digest(f"x{number}"))
    command = [sys.executable, "-m", "publisher", "--home", home.path, "publish"]
    both = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [one.communicate(timeout=60)[1] for one in both]
    assert [one.returncode for one in both] == [0, 0], said
    assert sorted(words.count("published ") for words in said) == [0, 5]
    assert any("nothing new; 5 digests as published" in words for words in said)
    assert len(issues(home)) == 5


def test_a_second_run_is_refused_and_commands_are_not(home, relay, tools) -> None:
    """One `run` holds the home; a second and `run --once` name it; all other commands work on."""
    home.start()
    for words in (["run"], ["run", "--once"]):
        done = home.publisher(*words, code=1)
        assert f"runs on this home already (process {home.process.pid})" in done.stderr
        assert "publisher: hint: stop that one first" in done.stderr
    home.publisher("subscribers", "add", "one@example.net")
    home.drop("a.md", tools.digest("a"))
    tools.until(lambda: relay.accepted)
    assert "running" in home.publisher("status").stdout
    home.stop()


def test_a_home_open_to_others_is_refused(home) -> None:
    """Database, key, messages or maps readable by others: `run` names the chmod to type."""
    (home.path / "outbox").mkdir()
    (home.path / "wire").mkdir(exist_ok=True)
    (home.path / "secret.key").write_text("0" * 64 + "\n", "ascii")
    (home.path / "dkim").mkdir()
    (home.path / "dkim" / "a.pem").touch()
    names = ("publisher.db", "secret.key", "outbox", "wire", "dkim", "dkim/a.pem")
    places = [home.path / name for name in names]
    for path in places:
        path.chmod(0o755 if path.is_dir() else 0o640)
    for words in (["run"], ["run"], *[["run", "--once"]] * 4):
        said = home.publisher(*words, code=1).stderr
        (path,) = (one for one in places if f"{one}: can be read by others" in said)
        places.remove(path)
        subprocess.run(said.partition("publisher: hint: ")[2].split(), check=True)
    home.publisher("run", "--once")


def test_what_a_home_makes_is_its_owner_s_alone(home, relay, tools) -> None:
    """Under a generous umask, too: database, key and maps are readable by nobody else."""
    home.readers(1).drop("a.md", tools.digest("a"))
    before = os.umask(0)
    try:
        home.publisher("run", "--once")
    finally:
        os.umask(before)
    assert len(relay.accepted) == 1
    for path in (*home.path.glob("publisher.db*"), home.path / "secret.key", home.path / "wire"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


# --- several newsletters ------------------------------------------------------


def test_two_newsletters_in_one_home(make_home, relay, tools) -> None:
    """Own folders, own feeds, own readers, one process; ambiguous commands ask for the name."""
    home = make_home().settings(
        tools.newsletter("Weekly", "weekly", send="on-publish"),
        tools.newsletter("Daily", "daily", send="on-publish"),
    )
    home.open()
    home.publisher("--newsletter", "weekly", "subscribers", "add", "w@example.net", "b@example.net")
    home.publisher("--newsletter", "daily", "subscribers", "add", "d@example.net", "b@example.net")
    home.start()
    home.drop("weekly/a.md", tools.digest("a"))
    tools.until(lambda: len(relay.accepted) == 2)
    home.drop("daily/a.md", tools.digest("z"))
    tools.until(lambda: len(relay.accepted) == 4)
    assert relay.mailed() == {"w@example.net": 1, "d@example.net": 1, "b@example.net": 2}
    assert home.shows("a")
    assert not home.shows("z")
    assert home.shows("z", "daily")
    assert home.get("/daily/rss.xml")[0] == home.get("/rss.xml")[0] == 200
    for words in (["issues"], ["send", "latest"], ["subscribers", "add", "x@example.net"]):
        done = home.publisher(*words, code=1)
        assert "this home has 2 newsletters: weekly, daily" in done.stderr
        assert "--newsletter SLUG" in done.stderr
    # one click ends one subscription, not the other
    (message,) = (body for to, body in relay.accepted[2:] if to == "b@example.net")
    assert home.ask("POST", unsubscribe_path(message), "List-Unsubscribe=One-Click")[0] == 200
    for slug, state in (("weekly", "active"), ("daily", "unsubscribed")):
        shown = home.publisher("--newsletter", slug, "subscribers", "show", "b@example.net")
        assert f"state: {state}" in shown.stdout
    # a bad template or digest of one does not hold up the other
    home.drop("weekly/bad.md", "")
    home.drop("daily/b.md", tools.digest("y"))
    home.says("set aside: digests/weekly/bad.md")
    tools.until(lambda: home.shows("y", "daily"))
    home.stop()
    done = home.publisher("publish", home.path / "digests" / "daily" / "b.md", code=None)
    assert done.returncode == 0 or "--newsletter" in done.stderr


def test_a_second_newsletter_moves_nothing(make_home, relay, tools) -> None:
    """Added later, it takes a path of its own; the first keeps folder, addresses, ids and readers."""
    home = make_home().settings(tools.newsletter("Weekly", slug="weekly", digests="digests"))
    home.open().readers(1)
    home.drop("a.md", tools.digest("a"))
    home.open()
    before, site = issues(home), home.site()
    home.settings(
        tools.newsletter("Daily", slug="daily", digests="daily", send="on-publish"),
        tools.newsletter("Weekly", slug="weekly", digests="digests"),
    )
    (home.path / "daily").mkdir()
    home.publisher("publish")
    assert issues(home, "--newsletter", "weekly") == before
    now = home.site()
    feeds = ("rss.xml", "atom.xml", "feed.json")
    assert {name: now[name] for name in feeds} == {name: site[name] for name in feeds}
    assert "daily/rss.xml" in now
    assert relay.seen == []
