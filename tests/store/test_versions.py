"""Tests of versions: the list of schemas, and what is done about each."""

import shutil
from pathlib import Path

import pytest
from sqlalchemy import text

from publisher.errors import StoreError
from publisher.model import Record
from publisher.store import Schema, Store, issues, versions

NOW = versions.HEAD
NEXT = f'''
"""9999 - a step of tomorrow."""
import sqlalchemy as sa
from alembic import op

revision, down_revision = "9999", "{versions.HEAD}"


def upgrade() -> None:
    with op.batch_alter_table("subscriber") as batch:
        batch.add_column(sa.Column("mood", sa.Text))
        batch.alter_column("name", new_column_name="called")
'''


@pytest.fixture
def tomorrow(tmp_path: Path) -> Path:
    """The scripts, with one more step that copies a table others refer to."""
    scripts = tmp_path / "100 % scripts"
    shutil.copytree(versions.SCRIPTS, scripts, ignore=shutil.ignore_patterns("__pycache__"))
    (scripts / "versions" / "v9999_tomorrow.py").write_text(NEXT)
    return scripts


def upgrade_program(monkeypatch: pytest.MonkeyPatch, scripts: Path) -> None:
    """Be the program of tomorrow."""
    monkeypatch.setattr(versions, "SCRIPTS", scripts)
    monkeypatch.setattr(versions, "REVISIONS", (*versions.REVISIONS, "9999"))
    monkeypatch.setattr(versions, "HEAD", "9999")


def test_list_is_the_scripts() -> None:
    """The list of schemas is that of the scripts, in their order."""
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(versions.SCRIPTS))
    config.set_main_option("path_separator", "os")
    scripts = ScriptDirectory.from_config(config)
    found = [script.revision for script in scripts.walk_revisions()]
    assert tuple(reversed(found)) == versions.REVISIONS
    assert scripts.get_current_head() == versions.HEAD


def test_older(
    stocked: Store, tomorrow: Path, monkeypatch: pytest.MonkeyPatch, record: Record
) -> None:
    """An older file is copied and migrated; an older server waits for `publisher migrate`."""
    url = stocked.engine.url.render_as_string(hide_password=False)
    stocked.close()
    upgrade_program(monkeypatch, tomorrow)
    if stocked.dialect != "sqlite":
        with pytest.raises(StoreError, match="older schema") as caught:
            Store.open(url)
        assert caught.value.hint == "publisher migrate"
    with Store.open(url, any_schema=True) as store:
        assert store.state() is Schema.OLDER
        copy = store.migrate()
        assert store.state() is Schema.CURRENT
        assert store.migrate() is None
    with Store.open(url) as store, store.begin() as conn:
        assert conn.execute(text("SELECT count(*) FROM consent")).scalar() == 5
        assert conn.execute(text("SELECT called, mood FROM subscriber")).first() == ("Ann", None)
        assert issues.records(conn, "weekly") == [record]
        if store.dialect == "sqlite":
            assert conn.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
            assert conn.exec_driver_sql("PRAGMA foreign_key_check").all() == []
    if stocked.dialect == "sqlite":
        assert copy == f"{stocked.where}.before-{NOW}"
        monkeypatch.undo()
        with Store.open(f"sqlite:///{copy}") as before, before.read() as conn:
            assert conn.execute(text("SELECT name FROM subscriber")).first() == ("Ann",)
    else:
        assert copy is None


def test_older_file_is_migrated_by_opening(
    tmp_path: Path, tomorrow: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Opening an older file is enough, and no copy made before is overwritten."""
    path = tmp_path / "publisher.db"
    Store.open(f"sqlite:///{path}").close()
    (tmp_path / f"publisher.db.before-{NOW}").write_text("precious")
    upgrade_program(monkeypatch, tomorrow)
    with Store.open(f"sqlite:///{path}") as store:
        assert store.state() is Schema.CURRENT
    assert (tmp_path / f"publisher.db.before-{NOW}").read_text() == "precious"
    assert (tmp_path / f"publisher.db.before-{NOW}-2").exists()


def test_a_failing_step_changes_nothing(
    stocked: Store, tomorrow: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A migration that breaks in the middle leaves the database as it was."""
    script = tomorrow / "versions" / "v9999_tomorrow.py"
    script.write_text(NEXT + "    raise ZeroDivisionError\n")
    upgrade_program(monkeypatch, tomorrow)
    with pytest.raises(ZeroDivisionError):
        stocked.migrate()
    assert stocked.state() is Schema.OLDER
    monkeypatch.undo()
    assert stocked.state() is Schema.CURRENT
    with stocked.read() as conn:
        assert conn.execute(text("SELECT name FROM subscriber")).first() == ("Ann",)
        assert conn.execute(text("SELECT count(*) FROM consent")).scalar() == 5


def test_newer(store: Store) -> None:
    """A database of a newer program is refused, whatever is asked of it."""
    with store.begin() as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    url = store.engine.url.render_as_string(hide_password=False)
    with pytest.raises(StoreError, match="newer Publisher"):
        Store.open(url)
    with Store.open(url, any_schema=True) as opened:
        assert opened.state() is Schema.NEWER
        with pytest.raises(StoreError, match="newer Publisher"):
            opened.migrate()
