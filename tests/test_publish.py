"""The hall of publishing: what a folder of digests becomes, and what never happens."""

import json
import os
import re
import shutil
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event

from publisher import publish as hall
from publisher import register, templates
from publisher import settings as settings_room
from publisher.addresses import FEEDS
from publisher.codings import is_copy
from publisher.errors import PublisherError, RefusedError, RegisterError, SiteError, TemplateError
from publisher.model import Consent, Kind, Published, Record
from publisher.publish import Outcome
from publisher.run import jobs
from publisher.schedule import Ask, Due
from publisher.settings import Settings
from publisher.store import Store, issues, sends, subscribers

START = datetime(2026, 5, 1, 9, 0, tzinfo=UTC)
TOML = """site_url = "https://news.example.net/"
[newsletter]
title = "Weekly"
timezone = "Europe/Berlin"
"""


def digest(*names: str) -> str:
    """Write a digest of items in the sample's form, one per name."""
    return "\n".join(
        f"# About {name}\n[关于 {name}](https://example.net/{name})\n\n{name} 的摘要。\n"
        for name in names
    )


@dataclass
class Home:
    """A home on disk with its own clock."""

    path: Path
    settings: Settings
    store: Store
    now: datetime = START

    def drop(self, name: str, text: str | bytes) -> Path:
        """Put a digest into the folder, settled."""
        file = self.path / "digests" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        os.utime(file, (0, 0))
        return file

    def publish(self, **options: object) -> Outcome:
        """Publish a minute later than before."""
        self.now += timedelta(minutes=1)
        return hall.publish(
            self.settings,
            self.store,
            templates.load(self.path),
            now=self.now,
            **options,  # type: ignore[arg-type]  # a test's shorthand
        )

    def opened(self) -> "Home":
        """Publish the empty folder once, so that what comes later is no back catalogue."""
        self.publish()
        return self

    def records(self) -> dict[str, Record]:
        """The register's records by slug."""
        loaded = register.load(self.settings.register_path)
        return {record.slug: record for record in loaded.records}

    def site(self) -> dict[str, bytes]:
        """Every file of the published site, without the compressed copies."""
        root = self.settings.site_folder
        return {
            path.relative_to(root).as_posix(): path.read_bytes()
            for path in root.rglob("*")
            if path.is_file() and not is_copy(path.name)
        }

    def without_database(self) -> "Home":
        """Lose the database, as a disk does."""
        self.store.close()
        for file in self.path.glob("publisher.db*"):
            file.unlink()
        return Home(self.path, self.settings, Store.open(self.settings.database), self.now)


@pytest.fixture
def home(tmp_path: Path):
    """A new home with one newsletter."""
    (tmp_path / "publisher.toml").write_text(TOML, "utf-8")
    (tmp_path / "digests").mkdir()
    loaded = settings_room.load(tmp_path, {})
    made = Home(tmp_path, loaded, Store.open(loaded.database))
    yield made
    made.store.close()


def states(outcome: Outcome) -> dict[str, str]:
    """The state of each digest an outcome tells of."""
    return {row.path: row.state for row in outcome.digests}


# --- the walk -----------------------------------------------------------------


def test_a_digest_becomes_page_feeds_register_and_row(home: Home) -> None:
    """One digest dropped in gives its page, lists, feeds, a record and a stored issue."""
    home.opened().drop("2026-05-01.md", digest("a", "b"))
    outcome = home.publish()
    assert [record.slug for record in outcome.new] == ["2026-05-01"]
    site = home.site()
    lists = {"index.html", "years/2026/index.html", "items/index.html", "feeds.opml"}
    lists |= {"feeds/index.html", "items/feeds/index.html"}
    lists |= {"sitemap.xml", "sitemap-pages.xml", "sitemap-2026.xml"}
    feeds = {f"{at}{name}" for at in ("", "items/") for name, _, _ in FEEDS}
    own = {"issues/2026-05-01/index.html", "issues/2026-05-01/issue.json"}
    assert set(site) == lists | feeds | own
    assert b"About a" in site["issues/2026-05-01/index.html"]
    assert len(json.loads(site["feed.json"])["items"]) == 1
    with home.store.read() as conn:
        stored = issues.get(conn, "newsletter", "2026-05-01")
    assert stored is not None
    assert stored[1] is not None
    assert len(stored[1].items) == 2


def test_publishing_again_changes_no_byte(home: Home) -> None:
    """A second publication of the same folder writes no file at all."""
    home.opened().drop("a.md", digest("a"))
    home.publish()
    before = home.site(), home.settings.register_path.read_bytes()
    outcome = home.publish()
    assert (outcome.new, outcome.revised, outcome.written) == ((), (), ())
    assert (home.site(), home.settings.register_path.read_bytes()) == before


def test_without_a_database_the_same_bytes_come_again(home: Home) -> None:
    """A fresh clone has register, digests and feeds, no database: publishing changes nothing."""
    home.opened().drop("a.md", digest("a"))
    home.drop("b.md", digest("b", "c"))
    home.publish()
    before = home.site(), home.settings.register_path.read_bytes()
    fresh = home.without_database()
    assert fresh.publish().written == ()
    assert (fresh.site(), fresh.settings.register_path.read_bytes()) == before
    with fresh.store.read() as conn:
        assert all(record.mailed for record in issues.records(conn, "newsletter"))
    fresh.publish()
    assert fresh.settings.register_path.read_bytes() == before[1]


def test_a_lost_site_is_rebuilt_from_the_store(home: Home) -> None:
    """feeds/ deleted by hand comes back byte for byte."""
    home.opened().drop("a.md", digest("a"))
    home.publish()
    before = home.site()
    for path in sorted(home.settings.site_folder.rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    home.publish()
    assert home.site() == before


def test_an_issue_without_digest_and_database_stands(home: Home) -> None:
    """Deleting a digest changes nothing published, even when the database is lost as well."""
    home.opened()
    file = home.drop("a.md", digest("a"))
    home.publish()
    before = home.site()
    file.unlink()
    home.publish()
    assert home.site() == before
    fresh = home.without_database()
    fresh.publish()
    assert fresh.site() == before
    state = hall.state_of(fresh.settings, fresh.store, fresh.settings.newsletters[0], fresh.now)
    assert state["gone"] == ["a.md"]


# --- identity -----------------------------------------------------------------


def test_an_edit_revises_and_keeps_every_id(home: Home) -> None:
    """Edited text moves `updated` alone; slug, id, published and anchors stay."""
    home.opened().drop("a.md", digest("a", "b"))
    home.publish()
    (before,) = home.records().values()
    home.drop("a.md", digest("a", "b").replace("b 的摘要", "b 的新摘要"))
    outcome = home.publish()
    assert [record.slug for record in outcome.revised] == [before.slug]
    (after,) = home.records().values()
    assert (after.id, after.slug, after.published) == (before.id, before.slug, before.published)
    assert after.updated > before.updated
    assert [item.anchor for item in after.items] == [item.anchor for item in before.items]
    assert "新摘要".encode() in home.site()["rss.xml"]


def test_renamed_and_edited_at_once_is_a_revision(home: Home) -> None:
    """A file under a new name that shares half its addresses with a vanished one is the same issue."""
    home.opened()
    home.drop("a.md", digest("a", "b", "c"))
    home.publish()
    (before,) = home.records().values()
    (home.path / "digests" / "a.md").unlink()
    home.drop("renamed.md", digest("a", "b", "new"))
    outcome = home.publish()
    assert (len(outcome.new), len(outcome.revised)) == (0, 1)
    (after,) = home.records().values()
    assert (after.id, after.path) == (before.id, "renamed.md")


def test_latest_md_overwritten_is_held(home: Home) -> None:
    """Next week's digest under the same name is no revision: it waits, with the line to type."""
    home.opened().drop("latest.md", digest("a", "b"))
    home.publish()
    before = home.site()
    home.drop("latest.md", digest("x", "y"))
    outcome = home.publish()
    assert states(outcome) == {"latest.md": "held"}
    assert "--new" in outcome.digests[0].findings[-1].hint
    assert home.site() == before
    outcome = home.publish(files=[home.path / "digests" / "latest.md"], as_new=True)
    assert len(outcome.new) == 1
    assert len(home.records()) == 2


def test_held_may_be_named_a_revision(home: Home) -> None:
    """`--as` makes a held digest the next text of an issue."""
    home.opened().drop("latest.md", digest("a", "b"))
    (first,) = home.publish().new
    home.drop("latest.md", digest("x", "y"))
    home.publish()
    outcome = home.publish(files=[home.path / "digests" / "latest.md"], as_issue=first.slug)
    assert [record.id for record in outcome.revised] == [first.id]


def test_a_copy_publishes_nothing(home: Home) -> None:
    """Two files of the same content are one issue and a warning."""
    home.opened().drop("a.md", digest("a"))
    home.publish()
    home.drop("b.md", digest("a"))
    outcome = home.publish()
    assert outcome.new == ()
    assert states(outcome) == {"b.md": "copy"}
    assert len(home.records()) == 1


def test_what_is_found_first_is_back_catalogue(home: Home) -> None:
    """Everything found while the register is empty is back catalogue; what comes later is not."""
    home.drop("2020-01-01.md", digest("a"))
    home.publish()
    home.drop("2026-05-01.md", digest("b"))
    home.publish()
    flags = {slug: record.back_catalogue for slug, record in home.records().items()}
    assert flags == {"2020-01-01": True, "2026-05-01": False}
    assert home.records()["2020-01-01"].published == datetime(2020, 1, 1, 11, tzinfo=UTC)


def test_the_first_look_waits_for_files_being_written(home: Home) -> None:
    """While anything is young nothing is published, so that no late file is taken for news."""
    home.drop("old.md", digest("a"))
    young = home.drop("young.md", digest("b"))
    os.utime(young, (time.time() + 9e8, time.time() + 9e8))
    outcome = home.publish()
    assert (outcome.young, home.records()) == (1, {})


def test_a_lost_folder_is_said_and_changes_nothing(home: Home) -> None:
    """Nothing is withdrawn, nothing held is forgotten; back again, the digests are as published."""
    home.opened().drop("a.md", digest("one"))
    home.drop("b.md", "# only a title\n")
    home.publish()
    before = home.records()
    (home.path / "digests").rename(home.path / "away")
    for _ in range(2):
        lost = home.publish()
        assert [(row.path, row.findings[0].code) for row in lost.digests] == [
            ("", "digest/no-folder")
        ]
        assert (home.records(), lost.written) == (before, ())
    with home.store.read() as conn:
        assert {row.path for row in issues.digests(conn, "newsletter")} == {"", "a.md", "b.md"}
    (home.path / "away").rename(home.path / "digests")
    again = home.publish()
    assert (again.unchanged, states(again)) == (1, {"b.md": "aside"})
    with home.store.read() as conn:
        assert {row.path for row in issues.digests(conn, "newsletter")} == {"a.md", "b.md"}


def test_a_lost_folder_opens_nothing(home: Home) -> None:
    """Before the first publication a lost folder settles nothing: its digests are back catalogue."""
    home.drop("a.md", digest("one"))
    (home.path / "digests").rename(home.path / "away")
    assert states(home.publish()) == {"": "aside"}
    (home.path / "away").rename(home.path / "digests")
    assert [record.back_catalogue for record in home.publish().new] == [True]


def test_an_issue_that_says_nothing_is_set_aside(home: Home) -> None:
    """Neither items nor text: no page, and the finding that `check` gives."""
    home.opened().drop("a.md", "# only a title\n")
    outcome = home.publish()
    assert outcome.new == ()
    assert [(row.state, row.findings[-1].code) for row in outcome.digests] == [
        ("aside", "preflight/empty")
    ]


def test_drafts_and_future_dates_wait(home: Home) -> None:
    """A draft is not published; a future date in the front matter is published that day."""
    home.opened().drop("draft.md", f"---\ndraft: true\n---\n{digest('a')}")
    home.drop("later.md", f"---\ndate: 2026-05-03\n---\n{digest('b')}")
    assert states(home.publish()) == {"draft.md": "draft", "later.md": "waiting"}
    home.now = datetime(2026, 5, 2, 22, 5, tzinfo=UTC)
    assert [record.slug for record in home.publish().new] == ["2026-05-03"]


# --- withdraw -----------------------------------------------------------------


def test_withdraw_leaves_a_tombstone_and_restore_the_same_id(home: Home) -> None:
    """A withdrawn issue leaves feeds and index; restored, it stands as before under its id."""
    home.opened().drop("a.md", digest("aaa"))
    home.drop("b.md", digest("bbb"))
    home.publish()
    before, site = home.records(), home.site()
    slug = max(before)  # the other slug is its beginning
    arguments = (home.settings, home.store, templates.load(home.path), home.settings.newsletters[0])
    hall.withdraw(*arguments, slug, now=home.now)
    assert before[slug].id.encode() not in home.site()["rss.xml"]
    assert f"issues/{slug}/issue.json" not in home.site()
    home.publish()
    assert before[slug].id.encode() not in home.site()["atom.xml"]
    with pytest.raises(RefusedError, match="already"):
        hall.withdraw(*arguments, slug, now=home.now)
    hall.withdraw(*arguments, slug, now=home.now, restore=True)
    assert home.site() == site
    assert home.records()[slug].id == before[slug].id


# --- bad input ----------------------------------------------------------------


def test_papers_have_references_beside_the_page(home: Home) -> None:
    """An issue that tells of a paper has BibTeX and RIS, one that no longer does has neither."""
    beside = {"issues/2026-05-01/issue.bib", "issues/2026-05-01/issue.ris"}
    page = "issues/2026-05-01/index.html"
    text = digest("a", "b")
    paper = text.replace(
        re.findall(r"https?://[^)\s]+", text)[0], "https://arxiv.org/abs/2404.03715"
    )
    home.opened().drop("2026-05-01.md", paper)
    home.publish()
    assert beside <= home.site().keys()
    assert all(f'href="{path.rpartition("/")[2]}"'.encode() in home.site()[page] for path in beside)
    arguments = (home.settings, home.store, templates.load(home.path), home.settings.newsletters[0])
    hall.withdraw(*arguments, "2026-05-01", now=home.now)
    assert not beside & home.site().keys()
    hall.withdraw(*arguments, "2026-05-01", now=home.now, restore=True)
    assert beside <= home.site().keys()
    home.drop("2026-05-01.md", text)
    home.publish()
    assert not beside & home.site().keys()
    assert b"issue.bib" not in home.site()[page]


def test_bad_digests_are_set_aside_and_nothing_else_waits(home: Home) -> None:
    """Empty, binary, huge, FIFO, symlink, broken front matter: each a finding, the good one published."""
    home.opened()
    folder = home.path / "digests"
    home.drop("empty.md", "")
    home.drop("binary.md", b"\x00\x01\x02\xff" * 400)
    home.drop("yaml.md", "---\ntitle: [unclosed\n---\n# a\n")
    huge = home.drop("huge.md", "")
    os.truncate(huge, 100_000_000)
    os.mkfifo(folder / "pipe.md")
    (folder / "link.md").symlink_to("/etc/hostname")
    (folder / "folder.md").mkdir()
    home.drop("good.md", digest("a"))
    outcome = home.publish()
    assert len(outcome.new) == 1
    aside = {row.path: row.findings[0] for row in outcome.digests if row.state == "aside"}
    assert set(aside) == {"empty.md", "binary.md", "yaml.md", "huge.md", "pipe.md", "link.md"}
    assert all(finding.message and finding.hint for finding in aside.values())
    assert aside["yaml.md"].line is not None
    home.drop("yaml.md", f"---\ntitle: mended\n---\n{digest('z')}")
    assert len(home.publish().new) == 1


def test_a_template_with_an_error_changes_nothing(home: Home) -> None:
    """A page template that fails is named with its line, and neither register nor site moves."""
    home.opened().drop("a.md", digest("a"))
    home.publish()
    before = home.site(), home.settings.register_path.read_bytes()
    override = home.path / "templates" / "site" / "issue.html"
    override.parent.mkdir(parents=True)
    override.write_text("{% if %}", "utf-8")
    home.drop("b.md", digest("b"))
    with pytest.raises(TemplateError, match=r"site/issue\.html"):
        home.publish()
    assert (home.site(), home.settings.register_path.read_bytes()) == before
    override.unlink()
    assert len(home.publish().new) == 1


def test_a_mail_template_with_an_error_stops_only_the_mail(home: Home) -> None:
    """Page and feeds go on; the issue carries the finding, and no rule sends it."""
    (home.path / "publisher.toml").write_text(TOML + 'send = "on-publish"\n', "utf-8")
    home.settings = settings_room.load(home.path, {})
    override = home.path / "templates" / "mail" / "digest.mjml"
    override.parent.mkdir(parents=True)
    override.write_text("<mjml><mj-body>{{ nothing.here }}</mj-body></mjml>", "utf-8")
    home.opened().drop("a.md", digest("a"))
    outcome = home.publish()
    assert len(outcome.new) == 1
    assert "template/error" in [finding.code for finding in outcome.digests[0].findings]
    answers = jobs.rule_answers(home.store, home.settings.newsletters[0], home.now)
    assert not [answer for answer in answers if isinstance(answer, Due)]


def test_an_item_of_an_earlier_issue_is_told(home: Home) -> None:
    """A new issue is compared with those before it; back catalogue is not."""
    home.drop("a.md", digest("a"))
    home.drop("b.md", digest("a", "b"))
    taken_in = home.publish().digests
    home.drop("c.md", digest("a", "c", "d", "e", "f"))
    found = [[one.code for one in row.findings] for row in (*taken_in, *home.publish().digests)]
    assert ["preflight/earlier" in codes for codes in found[:2]] == [False, False]
    assert any("preflight/earlier" in codes for codes in found[2:])


def test_an_unwritable_site_is_told_and_healed(home: Home) -> None:
    """When feeds/ cannot be written the fault names it, and the next publication makes it whole."""
    home.opened()
    site = home.settings.site_folder
    shutil.rmtree(site)
    site.write_text("in the way", "utf-8")
    home.drop("a.md", digest("a"))
    with pytest.raises(SiteError) as caught:
        home.publish()
    assert str(site) in str(caught.value)
    site.unlink()
    home.publish()
    assert len(json.loads(home.site()["feed.json"])["items"]) == 1


def test_a_damaged_register_stops_publishing(home: Home) -> None:
    """A register that cannot be read is refused with place and remedy, and left as it is."""
    home.opened().drop("a.md", digest("a"))
    home.settings.register_path.write_text('{"version": 1, "issues": [', "utf-8")
    with pytest.raises(RegisterError) as caught:
        home.publish()
    assert "register.json" in str(caught.value)
    assert home.settings.register_path.read_text("utf-8") == '{"version": 1, "issues": ['


def test_a_crash_between_store_and_register_is_healed(home: Home) -> None:
    """An issue the store knows and the register does not keeps its id and is not taken for mailed."""
    home.opened()
    before = home.settings.register_path.read_bytes()
    home.drop("a.md", digest("a"))
    (record,) = home.publish().new
    home.settings.register_path.write_bytes(before)
    home.publish()
    assert home.records()[record.slug].id == record.id
    with home.store.read() as conn:
        assert [one.mailed for one in issues.records(conn, "newsletter")] == [None]


def test_a_site_left_behind_is_made_whole_by_the_next_scan(home: Home) -> None:
    """After a write that failed, even a scan that finds nothing new brings the site up to date."""
    home.opened()
    site = home.settings.site_folder
    shutil.rmtree(site)
    site.write_text("in the way", "utf-8")
    home.drop("a.md", digest("a"))
    with pytest.raises(SiteError):
        home.publish(rebuild=False)
    site.unlink()
    home.publish(rebuild=False)
    assert len(json.loads(home.site()["feed.json"])["items"]) == 1
    assert home.publish(rebuild=False).written == ()


def test_digests_just_cloned_do_not_empty_the_site(home: Home) -> None:
    """Without database and site, issues stay where they are until their files have settled."""
    home.opened().drop("a.md", digest("a"))
    home.publish()
    before = home.site()
    alone = home.without_database()
    for path in before:
        (home.settings.site_folder / path).unlink()
    seconds = alone.now.timestamp() + 60
    os.utime(home.path / "digests" / "a.md", (seconds, seconds))
    assert alone.publish().young == 1
    assert alone.site() == {}
    os.utime(home.path / "digests" / "a.md", (0, 0))
    alone.publish(rebuild=False)
    assert alone.site() == before


def test_a_register_without_its_texts_gets_them_from_the_digests(home: Home) -> None:
    """A row without content is no reason to pass a digest over for ever."""
    home.opened().drop("a.md", digest("a"))
    home.publish()
    before = home.site()
    alone = home.without_database()
    (home.path / "digests" / "a.md").rename(home.path / "away.md")
    for path in before:
        (home.settings.site_folder / path).unlink()
    alone.publish()
    (home.path / "away.md").rename(home.path / "digests" / "a.md")
    alone.publish()
    assert alone.site() == before


def test_an_older_database_brings_no_older_text_back(home: Home) -> None:
    """With yesterday's database and today's register the digest is read again, and nothing moves."""
    home.opened().drop("a.md", digest("a", "b", "c"))
    home.publish()
    with home.store.begin():
        pass
    home.store.close()
    kept = {file: file.read_bytes() for file in home.path.glob("publisher.db*")}
    home = Home(home.path, home.settings, Store.open(home.settings.database), home.now)
    home.drop("a.md", digest("a", "x", "b", "c"))
    home.publish()
    before, records = home.site(), home.records()
    home = home.without_database()
    home.store.close()
    for file, data in kept.items():
        file.write_bytes(data)
    home = Home(home.path, home.settings, Store.open(home.settings.database), home.now)
    home.publish()
    assert (home.site(), home.records()) == (before, records)


def test_what_is_read_otherwise_than_it_was_is_a_revision(home: Home) -> None:
    """A register whose items a newer reader does not find is brought up to date, ids kept."""
    home.opened().drop("a.md", digest("a", "b", "c"))
    (record,) = home.publish().new
    file = home.settings.register_path
    document = json.loads(file.read_text("utf-8"))
    del document["issues"][0]["items"][1]
    document["issues"][0]["text_hash"] = "0" * 64
    file.write_text(json.dumps(document), "utf-8")
    alone = home.without_database()
    (revised,) = alone.publish().revised
    assert revised.id == record.id
    assert [item.anchor for item in revised.live_items] == [
        item.anchor for item in record.live_items
    ]


def test_an_older_page_lends_its_text_with_its_own_anchors(home: Home) -> None:
    """Where only an older text is left, each item still has its own anchor, not its neighbour's."""
    home.opened().drop("a.md", digest("a", "b", "c", "d"))
    (record,) = home.publish().new
    copy = home.settings.site_folder / "issues" / record.slug / "issue.json"
    older = copy.read_bytes()
    home.drop("a.md", digest("a", "x", "b", "c", "d"))
    home.publish()
    copy.write_bytes(older)
    (home.path / "digests" / "a.md").unlink()
    alone = home.without_database()
    alone.publish()
    page = alone.site()[f"issues/{record.slug}/index.html"].decode()
    anchors = {item.url: item.anchor for item in home.records()[record.slug].items}
    for name in "bcd":
        begin = page.index(f'id="{anchors[f"https://example.net/{name}"]}"')
        assert f"https://example.net/{name}" in page[begin : begin + 700]


# --- several newsletters ------------------------------------------------------

SEVERAL = """site_url = "https://news.example.net/"
[newsletter.a]
title = "A"
digests = "digests/a"
"""


def reload(home: Home, text: str) -> Home:
    """Write other settings, as an editor does."""
    (home.path / "publisher.toml").write_text(text, "utf-8")
    return Home(home.path, settings_room.load(home.path, {}), home.store, home.now)


def test_another_newsletter_moves_nothing(home: Home) -> None:
    """One added above or in another order leaves pages, feeds and ids of the others alone."""
    home = reload(home, SEVERAL)
    home.drop("a/1.md", digest("a"))
    home.publish()
    before, records = home.site(), home.records()
    home = reload(
        home, SEVERAL.replace("[newsletter.a]", '[newsletter.b]\ntitle = "B"\n[newsletter.a]')
    )
    home.drop("b/1.md", digest("b"))
    (new,) = home.publish().new
    assert new.id not in {record.id for record in records.values()}
    after = home.site()
    assert {path: after[path] for path in before} == before
    assert "b/issues/1/index.html" in after
    home = reload(home, SEVERAL.replace(".a]", ".b]").replace('"A"', '"B"').replace("/a", "/b"))
    home.publish()
    known = register.load(home.settings.register_path)
    assert (known.of("a"), home.site()) == (tuple(records.values()), after)


def test_a_changed_slug_publishes_nothing_twice(home: Home) -> None:
    """A slug that was changed is refused with the remedy before anything is written."""
    home = reload(home, SEVERAL)
    home.drop("a/1.md", digest("a"))
    home.publish()
    before = (home.site(), home.settings.register_path.read_bytes())
    renamed = reload(home, SEVERAL.replace("newsletter.a", "newsletter.other"))
    with pytest.raises(PublisherError) as caught:
        renamed.publish()
    assert 'keep slug = "a"' in caught.value.hint
    assert (home.site(), home.settings.register_path.read_bytes()) == before
    with home.store.read() as conn:
        assert issues.records(conn, "other") == []


# --- naming an issue ----------------------------------------------------------


def test_an_issue_is_found_by_slug_number_path_and_latest(home: Home) -> None:
    """Four ways lead to an issue; what fits none or two lists the candidates."""
    home.opened().drop("issue-7.md", f"---\nnumber: 7\n---\n{digest('a')}")
    home.publish()
    home.drop("b.md", f"---\nnumber: 8\n---\n{digest('b')}")
    home.publish()
    records = list(home.records().values())
    for words, slug in (("7", "7"), ("#8", "8"), ("latest", "8"), ("digests/issue-7.md", "7")):
        assert hall.find(records, words).slug == slug
    with pytest.raises(PublisherError, match="no issue"):
        hall.find(records, "9")


def test_an_issue_is_found_by_its_path_as_typed(home: Home, monkeypatch) -> None:
    """The path may be typed from the home, from anywhere, or as the register has it."""
    home = reload(home, SEVERAL)
    file = home.drop("a/issue-7.md", f"---\nnumber: 7\n---\n{digest('a')}")
    home.publish()
    records = list(home.records().values())
    root = home.settings.digests_folder(home.settings.newsletters[0])
    monkeypatch.chdir(root)
    for words in ("issue-7.md", "digests/a/issue-7.md", "./digests/a/issue-7.md", str(file)):
        assert hall.find(records, words, digests=root).slug == "7"


def test_last_modified_never_stands_still(home: Home) -> None:
    """Two publications within a second still move the feed's modification time by whole seconds."""
    home.opened()
    times = []
    for name in ("a", "b", "c"):
        home.drop(f"{name}.md", digest(name))
        hall.publish(home.settings, home.store, templates.load(home.path), now=START)
        times.append(int((home.settings.site_folder / "rss.xml").stat().st_mtime))
    assert times[0] < times[1] < times[2]


def test_a_new_address_changes_no_id(home: Home) -> None:
    """When site_url moves to another host and scheme, ids of feeds and entries stay."""
    home.opened().drop("a.md", digest("a"))
    home.publish()
    ids = re.findall(rb"<id>.*?</id>", home.site()["atom.xml"])
    moved = TOML.replace("https://news.example.net/", "http://elsewhere.example.com/x/")
    (home.path / "publisher.toml").write_text(moved, "utf-8")
    home.settings = settings_room.load(home.path, {})
    home.publish()
    assert b"elsewhere.example.com/x/issues/" in home.site()["atom.xml"]
    assert re.findall(rb"<id>.*?</id>", home.site()["atom.xml"]) == ids


def test_a_first_publication_of_one_file_takes_the_folder(home: Home) -> None:
    """Naming one digest first makes all that stand beside it back catalogue too."""
    home.drop("a.md", digest("a"))
    home.drop("b.md", digest("b"))
    home.publish(files=[home.path / "digests" / "a.md"])
    assert [one.back_catalogue for one in home.records().values()] == [True, True]


def test_a_publication_that_finds_nothing_writes_no_row(home: Home) -> None:
    """A scan of an unchanged folder leaves the database's rows alone; a change writes its own."""
    home.opened().drop("a.md", digest("a"))
    home.drop("b.md", digest("b"))
    home.publish()
    written = statements(home)
    home.publish(rebuild=False)
    home.publish()
    assert [one for one in written if "shelf" not in one] == []
    home.drop("a.md", digest("a").replace("摘要", "新摘要"))
    home.publish()
    assert sum("INTO issue " in statement for statement in written) == 1


# --- what is no news ----------------------------------------------------------

WITH_ADVERTS = """# Week 7

## Tools
- [Saw](https://example.net/saw) cuts.
- [Plane](https://example.net/plane) smooths.

## Partners
- [Nails](https://nails.example/) hold, [really](https://nails.example/why).

## Reading
- [On oak](https://example.net/oak)

## Subscribe
- [By mail](https://example.net/mail)
"""
NAMES = (
    '[sections]\ndrop = ["Subscribe*"]\nsponsor = ["Partners"]\n[topics]\nwood = ["oak", "nails"]\n'
)


def test_adverts_are_marked_in_every_edition_and_the_dropped_are_named(home: Home) -> None:
    """An advert stays in its place, labelled, uncounted, under no topic; a drop leaves a note."""
    (home.path / "publisher.toml").write_text(TOML + NAMES, "utf-8")
    home.settings = settings_room.load(home.path, {})
    home.opened().drop("7.md", WITH_ADVERTS)
    (row,) = home.publish().digests
    assert [finding.code for finding in row.findings if finding.code.startswith("digest/")] == [
        "digest/section-dropped"
    ]
    site = {name: data.decode() for name, data in home.site().items()}
    page = site["issues/7/index.html"]
    assert page.index("net/plane") < page.index("nails.example") < page.index("net/oak")
    assert '<p class="label">Sponsor</p>' in page
    assert page.count('rel="sponsored"') == page.count('href="https://nails.example/') == 3
    assert "· 3 items" in page
    assert "Nails" not in page[page.index('class="contents"') : page.index("</nav>")]
    with home.store.read() as conn:
        stored = issues.get(conn, "newsletter", "7")
    assert stored is not None
    assert stored[1] is not None
    assert [section.sponsor for section in stored[1].sections] == [False, True, False]
    assert json.loads(site["issues/7/issue.json"])["sections"][1]["sponsor"] is True
    entry = json.loads(site["feed.json"])["items"][0]
    assert "<small>Sponsor</small>" in entry["content_html"]
    assert entry["tags"] == ["wood"]
    published = Published(stored[1], stored[0])
    made = hall.editions(published, home.settings.newsletters[0], templates.load(home.path))
    assert "# Sponsor · Partners" in made["text"].body
    assert ">Sponsor</p>" in made["mail"].body
    assert "03" in made["text"].body
    assert "04" not in made["text"].body
    for text in (*site.values(), made["text"].body, made["mail"].body):
        assert "By mail" not in text


def test_a_digest_is_read_again_when_it_is_named(home: Home) -> None:
    """After a change of [sections] `publish FILE` reads what stands published once more."""
    file = home.opened().drop("7.md", WITH_ADVERTS)
    home.publish()
    (home.path / "publisher.toml").write_text(TOML + NAMES, "utf-8")
    home.settings = settings_room.load(home.path, {})
    home.publish()
    assert b"By mail" in home.site()["issues/7/index.html"]
    home.publish(files=[file])
    page = home.site()["issues/7/index.html"]
    assert b"By mail" not in page
    assert b'rel="sponsored"' in page


# --- many issues in one digest ------------------------------------------------


def weeks(*days: str, words: str = "") -> str:
    """Write a digest of a week for each day, the newest first as they are given."""
    return "# Rivers, week by week\n\n" + "\n".join(
        f"## {day}\n\n- [River {day}](https://example.net/{day}/a): flows{words}.\n"
        f"- [Bridge {day}](https://example.net/{day}/b)\n"
        for day in days
    )


OLD = ("2026-04-24", "2026-04-17", "2026-04-10")
"""What the digest of many held before."""


def statements(home: Home) -> list[str]:
    """Collect what is written to the database from now on."""
    written: list[str] = []

    @event.listens_for(home.store.engine, "before_cursor_execute")
    def note(conn, cursor, statement, parameters, context, executemany) -> None:
        if not statement.startswith(("SELECT", "BEGIN", "PRAGMA")):
            written.append(statement)

    return written


def gone(home: Home) -> list[str]:
    """What `status` says is published and no longer in any digest."""
    state = hall.state_of(home.settings, home.store, home.settings.newsletters[0], home.now)
    return list(state["gone"])


def test_a_digest_of_many_is_as_many_issues(home: Home) -> None:
    """Each part has its page and its record; a second look finds nothing new and reads nothing."""
    home.drop("all.md", weeks(*OLD))
    outcome = home.publish()
    assert {(record.slug, record.part) for record in outcome.new} == {(day, day) for day in OLD}
    assert all(record.back_catalogue for record in home.records().values())
    assert [row.place for row in outcome.digests] == ["all.md", *(f"all.md#{day}" for day in OLD)]
    assert all(f"issues/{day}/index.html" in home.site() for day in OLD)
    assert home.publish(rebuild=False) == Outcome(unchanged=1)
    assert gone(home) == []


def test_a_week_written_in_above_is_one_new_issue(home: Home) -> None:
    """The others keep every byte, though all their lines have moved; and no database is needed."""
    home.drop("all.md", weeks(*OLD))
    home.publish()
    before, site = home.records(), home.site()
    home.drop("all.md", weeks("2026-05-01", *OLD))
    outcome = home.publish()
    assert [record.slug for record in outcome.new] == ["2026-05-01"]
    assert (outcome.revised, outcome.unchanged) == ((), 3)
    assert {day: home.records()[day] for day in OLD} == before
    after = home.site()
    changed = {path for path in site if site[path] != after[path]}
    assert {path for path in changed if path.startswith("issues/")} == {
        f"issues/{OLD[0]}/index.html"
    }
    with home.store.read() as conn:
        got = issues.get(conn, "newsletter", OLD[0])
    assert got is not None
    assert got[1] is not None
    assert got[1].items[0].line == 10
    fresh = home.without_database()
    assert fresh.publish().written == ()
    assert fresh.site() == after


def test_only_the_new_part_asks_to_be_sent(home: Home) -> None:
    """A rule finds one new issue, not many, and nobody is asked."""
    (home.path / "publisher.toml").write_text(TOML + 'send = "on-publish"\n', "utf-8")
    home.settings = settings_room.load(home.path, {})
    home.drop("all.md", weeks(*OLD))
    home.publish()
    home.drop("all.md", weeks("2026-05-01", *OLD))
    home.publish()
    (answer,) = jobs.rule_answers(home.store, home.settings.newsletters[0], home.now)
    assert isinstance(answer, Due)
    assert answer.slug == "2026-05-01"


@pytest.mark.parametrize("is_sent", [False, True])
def test_withdrawing_mails_nobody(home: Home, is_sent: bool) -> None:
    """What a person was asked about is not sent by itself because its neighbour was withdrawn."""
    (home.path / "publisher.toml").write_text(TOML + 'send = "on-publish"\n', "utf-8")
    home.settings = settings_room.load(home.path, {})
    home.opened().drop("all.md", weeks("2026-05-01", "2026-04-24"))
    home.publish()
    (newsletter,) = home.settings.newsletters
    if is_sent:
        with home.store.begin() as conn:
            sends.create_send(
                conn, newsletter.slug, "2026-05-01", Kind.ISSUE, at=home.now, now=home.now
            )
    for restore in (False, True):
        hall.withdraw(
            home.settings,
            home.store,
            templates.load(home.path),
            newsletter,
            "2026-05-01",
            now=home.now,
            restore=restore,
        )
        answers = jobs.rule_answers(home.store, newsletter, home.now)
        assert {type(answer) for answer in answers} == {Ask}
        assert {answer.slug for answer in answers} <= {"2026-04-24"} | (
            {"2026-05-01"} if restore else set()
        )


def test_withdrawing_forgets_nothing_that_was_found(home: Home) -> None:
    """What waits for a person goes on waiting: no rule mails it because another was withdrawn."""
    (home.path / "publisher.toml").write_text(TOML + 'send = "on-publish"\n', "utf-8")
    home.settings = settings_room.load(home.path, {})
    home.opened().drop("a.md", digest("aaa"))
    home.publish()
    home.drop("b.md", digest("bbb") + "\n<!-- not closed\n\nMore of it.\n")
    (held,) = home.publish().new
    (newsletter,) = home.settings.newsletters
    (other,) = home.records().keys() - {held.slug}
    for restore in (False, True):
        hall.withdraw(
            home.settings,
            home.store,
            templates.load(home.path),
            newsletter,
            other,
            now=home.now,
            restore=restore,
        )
        answers = jobs.rule_answers(home.store, newsletter, home.now)
        assert held.slug not in {answer.slug for answer in answers if isinstance(answer, Due)}


def test_editing_a_part_revises_it_alone(home: Home) -> None:
    """What is edited moves; a heading's title counts as an edit too."""
    home.drop("all.md", weeks(*OLD))
    home.publish()
    before = home.records()
    edited = weeks(*OLD).replace("River 2026-04-17](", "Wide river](")
    home.drop("all.md", edited)
    assert [record.slug for record in home.publish().revised] == ["2026-04-17"]
    assert home.records()["2026-04-17"].updated > before["2026-04-17"].updated
    home.drop("all.md", edited.replace("## 2026-04-10", "## 2026-04-10: the flood"))
    (revised,) = home.publish().revised
    assert (revised.slug, revised.title) == ("2026-04-10", "2026-04-10: the flood")


def test_a_part_taken_out_changes_nothing_published(home: Home) -> None:
    """Like a deleted digest: `status` says so, and moved to another file it is known again."""
    home.opened().drop("all.md", weeks(*OLD))
    home.publish()
    before, site = home.records(), home.site()
    home.drop("all.md", weeks(*OLD[:2]))
    assert home.publish().new == ()
    assert (home.records(), home.site()) == (before, site)
    assert gone(home) == ["all.md#2026-04-10"]
    home.publish()
    home.drop("old.md", weeks(OLD[2], "2026-04-03"))
    outcome = home.publish()
    assert [record.slug for record in outcome.new] == ["2026-04-03"]
    assert [(record.slug, record.path) for record in outcome.revised] == [("2026-04-10", "old.md")]
    assert gone(home) == []


def test_a_renamed_digest_of_many_takes_its_parts_along(home: Home) -> None:
    """Under its new name, with a week more, all are known."""
    home.opened().drop("all.md", weeks(*OLD)).unlink()
    home.drop("all.md", weeks(*OLD))
    home.publish()
    (home.path / "digests" / "all.md").rename(home.path / "digests" / "rivers.md")
    home.drop("rivers.md", weeks("2026-05-01", *OLD))
    outcome = home.publish()
    assert [record.slug for record in outcome.new] == ["2026-05-01"]
    assert {record.path for record in home.records().values()} == {"rivers.md"}
    home.drop("copy.md", weeks("2026-05-01", *OLD))
    assert {row.state for row in home.publish().digests if row.part} == {"copy"}


def test_one_issue_that_becomes_many_keeps_its_id(home: Home) -> None:
    """The first week of a file is the same issue when a second is written in above it."""
    home.opened().drop("all.md", weeks(OLD[1]))
    (first,) = home.publish().new
    assert (first.slug, first.part) == (OLD[1], None)
    home.drop("all.md", weeks(OLD[0], OLD[1]))
    outcome = home.publish()
    assert [record.slug for record in outcome.new] == [OLD[0]]
    assert [(one.id, one.part) for one in outcome.revised] == [(first.id, OLD[1])]
    home.drop("all.md", weeks(OLD[1]))
    assert [(one.id, one.part) for one in home.publish().revised] == [(first.id, None)]


def test_prose_that_becomes_many_asks(home: Home) -> None:
    """Where no address and no date tells which part was the issue, nothing is published twice."""
    home.opened().drop("all.md", "# Letters\n\nOnly words.\n")
    (first,) = home.publish().new
    two = "# Letters\n\n## 2026-04-24\n\nMore.\n\n## 2026-04-17\n\nOnly words.\n"
    file = home.drop("all.md", two)
    outcome = home.publish()
    assert (outcome.new, outcome.revised) == ((), ())
    assert {row.state for row in outcome.digests if row.part} == {"held"}
    with pytest.raises(RefusedError) as caught:
        home.publish(files=[file], as_issue=first.slug)
    assert "all.md#2026-04-24, all.md#2026-04-17" in caught.value.hint
    outcome = home.publish(files=[file], part="2026-04-17", as_issue=first.slug)
    assert [one.id for one in outcome.revised] == [first.id]
    assert [one.slug for one in home.publish().new] == ["2026-04-24"]
    assert home.publish().digests == ()


def test_a_heading_whose_date_was_mended_asks(home: Home) -> None:
    """The same text under another date, its own gone, is held and not mailed a second time."""
    letters = "# Letters\n\n## 2026-04-24\n\nMore.\n\n## 2026-04-17\n\nWords.\n"
    home.opened().drop("all.md", letters)
    home.publish()
    home.drop("all.md", letters.replace("2026-04-24", "2026-04-25"))
    outcome = home.publish()
    assert outcome.new == ()
    assert {row.part: row.state for row in outcome.digests} == {
        "": "published", "2026-04-25": "held", "2026-04-17": "published"
    }  # fmt: skip
    held = next(row for row in outcome.digests if row.state == "held")
    assert "digests/all.md#2026-04-25" in held.findings[-1].hint


def test_two_parts_of_one_key_publish_the_known_one(home: Home) -> None:
    """A week copied as a pattern, its date forgotten, is held; what was published stays as it is."""
    home.opened().drop("all.md", weeks(*OLD))
    home.publish()
    before = home.records()
    home.drop(
        "all.md", "## 2026-04-24\n\nA new week, in prose.\n\n" + weeks(*OLD).partition("\n\n")[2]
    )
    outcome = home.publish()
    assert (outcome.new, outcome.revised, home.records()) == ((), (), before)
    (held,) = [row for row in outcome.digests if row.state == "held"]
    assert held.part == "2026-04-24"
    assert {"digest/same-issue", "identity/unclear"} <= {one.code for one in held.findings}
    written = statements(home)
    assert home.publish(rebuild=False).written == ()
    assert written == []


def test_findings_of_a_part_stay_with_it(home: Home) -> None:
    """What preflight said of one part is not forgotten when another part is edited."""
    (home.path / "publisher.toml").write_text(TOML + 'send = "on-publish"\n', "utf-8")
    home.settings = settings_room.load(home.path, {})
    large = weeks(*OLD[:2], words=" on" * 35_000)
    home.opened().drop("all.md", large)
    home.publish()

    def levels() -> dict[str, set[str]]:
        with home.store.read() as conn:
            rows = issues.digests(conn, "newsletter")
        return {row.part: {one.code for one in row.findings} for row in rows}

    before = levels()
    assert all("preflight/leaner-look" in before[day] for day in OLD[:2])
    home.drop("all.md", large.replace("Bridge 2026-04-24", "New bridge"))
    home.publish()
    assert levels() == before


def test_a_part_is_named_by_path_and_part(home: Home) -> None:
    """The path of a digest of many fits several, which are listed as they are typed."""
    home.drop("all.md", weeks(*OLD))
    home.publish()
    records = list(home.records().values())
    assert hall.find(records, "digests/all.md#2026-04-17").slug == "2026-04-17"
    with pytest.raises(RefusedError, match="ambiguous") as caught:
        hall.find(records, "all.md")
    assert "2026-04-24 (all.md#2026-04-24)" in caught.value.hint


def test_a_draft_of_many_waits_as_one(home: Home) -> None:
    """`draft: true` is for all of them; nothing is published, and nothing forgotten."""
    home.opened().drop("all.md", weeks(*OLD))
    home.publish()
    before = home.records()
    home.drop("all.md", f"---\ndraft: true\n---\n{weeks('2026-05-01', *OLD)}")
    outcome = home.publish()
    assert {row.state for row in outcome.digests if row.part} == {"draft"}
    assert home.records() == before
    assert gone(home) == []


@pytest.mark.parametrize(
    ("rule", "wall"),
    [
        ('send = "09:00"\nlocal_time = true', "2026-03-06T09:00"),
        ('send = "09:00"', None),
        ('send = "on-publish"\nlocal_time = true', None),
    ],
)
def test_a_timed_rule_may_mean_each_readers_own_clock(
    home: Home, rule: str, wall: str | None
) -> None:
    """With `local_time` the send of a timed rule says what every clock is to show, no other does."""
    (home.path / "publisher.toml").write_text(f"{TOML}{rule}\n", "utf-8")
    home.settings = settings_room.load(home.path, {})
    home.now = datetime(2026, 3, 5, 12, 0, tzinfo=UTC)
    home.opened().drop("a.md", digest("a"))
    home.publish()
    home.now = datetime(2026, 3, 6, 8, 5, tzinfo=UTC)
    (newsletter,) = home.settings.newsletters
    jobs.apply_rule(home.store, newsletter, home.now, say=lambda _: None)
    with home.store.read() as conn:
        (send,) = sends.sends(conn)
    assert send.wall == wall


def test_by_each_readers_clock_the_first_of_them_begins(home: Home) -> None:
    """A rule of nine o'clock begins when it is nine where the first of the readers lives."""
    (home.path / "publisher.toml").write_text(f'{TOML}send = "09:00"\nlocal_time = true\n', "utf-8")
    home.settings = settings_room.load(home.path, {})
    home.now = datetime(2026, 3, 5, 12, 0, tzinfo=UTC)
    home.opened().drop("a.md", digest("a"))
    home.publish()
    (newsletter,) = home.settings.newsletters
    with home.store.begin() as conn:
        rows = [("ann@example.org", "", None, "Pacific/Auckland"), ("bob@example.org", "", None)]
        why = Consent("letter", "", home.now)
        subscribers.import_rows(conn, newsletter.slug, rows, why, b"key", home.now)
    assert jobs.rule_answers(home.store, newsletter, datetime(2026, 3, 5, 19, 59, tzinfo=UTC)) == ()
    (due,) = jobs.rule_answers(home.store, newsletter, datetime(2026, 3, 5, 20, 0, tzinfo=UTC))
    assert isinstance(due, Due)
    assert due.at == datetime(2026, 3, 5, 20, 0, tzinfo=UTC)
    assert due.wall == "2026-03-06T09:00"
