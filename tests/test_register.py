"""The register comes back as it was saved, is written whole or not at all, and is read strictly."""

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publisher.errors import RegisterError
from publisher.model import ItemRecord, Record, Register
from publisher.register import bytes_of, changed, heads, load, save, write

NOON = datetime(2026, 4, 24, 12, tzinfo=UTC)
RECORD = Record(
    newsletter="ai",
    id="tag:example.org,2026-04-24:12",
    slug="12",
    path="2026/十二.md",
    published=NOON,
    updated=NOON,
    number=12,
    date=date(2026, 4, 24),
    title="第十二期",
    hashes=("a" * 64, "b" * 64, "a" * 64),
    text_hash="c" * 64,
    items=(ItemRecord("one", "i-one", "https://example.org/one", "One"),),
)
REGISTER = Register((("ai", ""),), (RECORD,))

MOMENTS = st.datetimes(timezones=st.just(UTC))
TEXT = st.text(max_size=12)
ITEMS = st.lists(
    st.builds(
        ItemRecord,
        key=st.uuids().map(str),
        anchor=st.uuids().map(str),
        url=st.none() | TEXT,
        title=TEXT,
        gone=st.booleans(),
    ),
    max_size=3,
)
RECORDS = st.builds(
    Record,
    newsletter=st.sampled_from(["ai", "zh", "日报"]),
    id=st.uuids().map(lambda made: made.urn),
    slug=st.uuids().map(str),
    path=TEXT,
    published=MOMENTS,
    updated=MOMENTS,
    part=st.none() | TEXT,
    number=st.none() | st.integers(0, 10**6),
    date=st.none() | st.dates(),
    title=st.none() | TEXT,
    hashes=st.lists(TEXT, max_size=3).map(tuple),
    text_hash=TEXT,
    items=ITEMS.map(tuple),
    back_catalogue=st.booleans(),
    mailed=st.none() | MOMENTS,
    withdrawn=st.none() | MOMENTS,
)
REGISTERS = st.builds(
    Register,
    paths=st.dictionaries(TEXT, TEXT, max_size=3).map(lambda made: tuple(sorted(made.items()))),
    records=st.lists(RECORDS, max_size=4).map(
        lambda made: tuple(sorted(made, key=lambda record: (record.newsletter, *record.sort_key)))
    ),
)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that many examples share."""
    return tmp_path_factory.mktemp("register")


def document(**changes: Any) -> dict[str, Any]:
    """A sound register as JSON, its one issue changed; None takes a key away."""
    issue = {
        "newsletter": "ai",
        "id": "urn:1",
        "slug": "12",
        "source": {"path": "12.md"},
        "published": "2026-04-24T12:00:00Z",
        "updated": "2026-04-24T12:00:00Z",
    }
    issue = {key: value for key, value in {**issue, **changes}.items() if value is not None}
    return {"version": 1, "newsletters": {"ai": {"path": ""}}, "issues": [issue]}


def refused(path: Path, text: str | bytes) -> RegisterError:
    """The error of reading a text, which must leave it untouched."""
    data = text if isinstance(text, bytes) else text.encode()
    path.write_bytes(data)
    with pytest.raises(RegisterError) as caught:
        load(path)
    assert path.read_bytes() == data
    assert str(path) in caught.value.where
    assert "nothing was changed" in caught.value.hint
    return caught.value


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """Let every longer write fail, as on a full disk."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


# --- there and back -----------------------------------------------------------


@settings(deadline=None)  # not a timed test
@given(register=REGISTERS)
def test_register_comes_back_as_it_was_saved(folder: Path, register: Register) -> None:
    """Reading what was saved is identity, and saving it again changes no byte."""
    path = folder / "register.json"
    save(path, register)
    saved = path.read_bytes()
    assert load(path) == register
    assert not save(path, load(path))
    assert path.read_bytes() == saved
    assert not (folder / ".register.json.new").exists()


def test_absent_file_is_an_empty_register(tmp_path: Path) -> None:
    """A home without a register has published nothing."""
    assert load(tmp_path / "register.json") == Register()


def test_bytes_do_not_depend_on_order_or_zone(tmp_path: Path) -> None:
    """The same register gives the same bytes, in whatever order and zone it is held."""
    other = replace(RECORD, slug="13", id="urn:13")
    one, two = tmp_path / "one.json", tmp_path / "two.json"
    shown = RECORD.published.astimezone().astimezone(
        datetime.fromisoformat("2026-01-01T00:00+08:00").tzinfo
    )
    save(one, Register((("ai", ""), ("zh", "zh/")), (RECORD, other)))
    save(two, Register((("zh", "zh/"), ("ai", "")), (other, replace(RECORD, published=shown))))
    assert one.read_bytes() == two.read_bytes()


def test_file_is_as_people_read_it(tmp_path: Path) -> None:
    """Text stands as text, moments in UTC, and absent facts are left out."""
    path = tmp_path / "register.json"
    assert save(path, REGISTER)
    text = path.read_text("utf-8")
    assert '"title": "第十二期"' in text
    assert '"published": "2026-04-24T12:00:00Z"' in text
    assert "null" not in text
    assert "false" not in text
    assert text.endswith("}\n")
    assert list(json.loads(text)) == ["version", "newsletters", "issues"]


def test_file_name_that_is_no_text_comes_back(tmp_path: Path) -> None:
    """A digest whose name is not UTF-8 does not keep the register from being saved."""
    register = Register((), (replace(RECORD, path=os.fsdecode(b"\xff\xfe.md")),))
    save(tmp_path / "register.json", register)
    assert load(tmp_path / "register.json") == register


def test_unchanged_register_is_not_touched(tmp_path: Path) -> None:
    """Saving the same register again tells so and leaves the file alone."""
    path = tmp_path / "register.json"
    assert save(path, REGISTER)
    before = path.stat()
    assert not save(path, REGISTER)
    assert path.stat().st_ino == before.st_ino
    assert save(path, replace(REGISTER, paths=(("ai", "x/"),)))


# --- damage -------------------------------------------------------------------


def test_broken_json_names_line_column_and_remedy(tmp_path: Path) -> None:
    """A register that is no JSON is refused with its place."""
    path = tmp_path / "register.json"
    error = refused(path, '{"version": 1,\n "issues": [}')
    assert error.where == f"{path}:2:13"
    assert "restore" in error.hint


@settings(deadline=None)  # not a timed test
@given(data=st.data())
def test_torn_register_is_refused(folder: Path, data: st.DataObject) -> None:
    """A register cut off anywhere is never read as a smaller one."""
    path = folder / "torn.json"
    save(path, REGISTER)
    whole = path.read_bytes().rstrip()
    refused(path, whole[: data.draw(st.integers(0, len(whole) - 1))])


def test_merge_marks_are_named(tmp_path: Path) -> None:
    """What git left of a merge conflict is called by its name."""
    error = refused(tmp_path / "r.json", '{"version": 1,\n<<<<<<< HEAD\n "issues": []}\n')
    assert "merge" in error.message
    assert error.where.endswith(":2:1")


def test_other_encoding_is_refused_with_its_place(tmp_path: Path) -> None:
    """A register that is not UTF-8 is refused with line and column."""
    error = refused(tmp_path / "r.json", b'{"version": 1,\n "x": "\xc4"}')
    assert error.where.endswith(":2:8")


def test_newer_version_is_refused(tmp_path: Path) -> None:
    """A register of a newer publisher is not guessed at."""
    error = refused(tmp_path / "r.json", '{"version": 2, "anything": {}}')
    assert "version 2" in error.message
    assert "install" in error.hint


@pytest.mark.parametrize("text", ["[]", "null", "{}", '{"version": "1"}', '{"version": true}'])
def test_what_is_no_register_is_refused(tmp_path: Path, text: str) -> None:
    """JSON without a version is no register."""
    assert "is no register" in refused(tmp_path / "r.json", text).message


def test_key_that_comes_twice_is_refused(tmp_path: Path) -> None:
    """Two values for one key are damage, though JSON lets them pass."""
    error = refused(tmp_path / "r.json", '{"version": 1, "issues": [], "issues": []}')
    assert "'issues' comes twice" in error.message


@pytest.mark.parametrize("text", ["[" * 100_000, '{"version": ' + "9" * 5000 + "}"])
def test_monstrous_json_is_refused(tmp_path: Path, text: str) -> None:
    """JSON beyond what Python reads is refused like other damage."""
    refused(tmp_path / "r.json", text)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"colour": "red"}, "issues[0] has a key this publisher does not know: 'colour'"),
        ({"slug": None}, "issues[0] lacks 'slug'"),
        ({"slug": 12}, "issues[0].slug must be a string"),
        ({"number": "12"}, "issues[0].number must be a whole number"),
        ({"number": True}, "issues[0].number must be a whole number"),
        ({"published": "2026-04-24T12:00:00"}, "carries no time zone"),
        ({"mailed": "yesterday"}, "issues[0].mailed is 'yesterday'"),
        ({"updated": "0001-01-01T00:00:00+12:00"}, "issues[0].updated"),
        ({"date": "24 April"}, "issues[0].date is '24 April'"),
        ({"hashes": [1]}, "issues[0].hashes must be a list of strings"),
        ({"source": {"path": "a", "line": 1}}, "issues[0].source has a key"),
        ({"source": "a.md"}, "issues[0].source must be an object"),
        ({"items": [7]}, "issues[0].items[0] must be an object"),
        ({"items": [{"key": "a"}]}, "issues[0].items[0] lacks 'anchor'"),
        ({"items": [{"key": "a", "anchor": "b"}, {"key": "a", "anchor": "c"}]}, "the same key"),
        ({"items": [{"key": "a", "anchor": "b"}, {"key": "c", "anchor": "b"}]}, "the same anchor"),
        ({"back_catalogue": "no"}, "issues[0].back_catalogue must be true or false"),
    ],
)
def test_wrong_shape_is_refused(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    """Every value is checked, and the place of a wrong one is named."""
    assert words in refused(tmp_path / "r.json", json.dumps(document(**changes))).message


def test_sound_document_is_read(tmp_path: Path) -> None:
    """The document the tests break is itself sound."""
    path = tmp_path / "r.json"
    path.write_text(json.dumps(document()))
    assert load(path).of("ai")[0].slug == "12"


@pytest.mark.parametrize(("change", "words"), [({"id": "urn:2"}, "slug"), ({"slug": "13"}, "id")])
def test_duplicates_are_refused(tmp_path: Path, change: dict[str, str], words: str) -> None:
    """Two issues of a newsletter with one slug, or any two with one id, are damage."""
    whole = document()
    whole["issues"].append({**whole["issues"][0], **change})
    error = refused(tmp_path / "r.json", json.dumps(whole))
    assert f"issues[1] has the same {words} as an earlier one" in error.message


def test_register_that_could_not_be_read_is_not_written(tmp_path: Path) -> None:
    """A register with a slug twice is refused before the old one is touched."""
    path = tmp_path / "register.json"
    save(path, REGISTER)
    before = path.read_bytes()
    for broken in (
        Register((), (RECORD, replace(RECORD, id="urn:2"))),
        Register((("ai", ""), ("ai", "x/")), ()),
    ):
        with pytest.raises(RegisterError, match="will not be written"):
            save(path, broken)
    assert path.read_bytes() == before


# --- the file itself ----------------------------------------------------------


def test_symbolic_link_is_refused(tmp_path: Path) -> None:
    """A link in the register's place is neither read nor written through."""
    target, path = tmp_path / "target", tmp_path / "register.json"
    target.write_text("untouched")
    path.symlink_to(target)
    for act in (lambda: load(path), lambda: save(path, REGISTER)):
        with pytest.raises(RegisterError, match="symbolic link"):
            act()
    assert target.read_text() == "untouched"


def test_folder_and_pipe_are_refused(tmp_path: Path) -> None:
    """What is no plain file is refused, without waiting for anyone."""
    folder, pipe = tmp_path / "folder", tmp_path / "pipe"
    folder.mkdir()
    os.mkfifo(pipe)
    for path in (folder, pipe):
        with pytest.raises(RegisterError, match="no plain file"):
            load(path)


def test_missing_home_is_an_error(tmp_path: Path) -> None:
    """A register below a file, or in no folder, cannot be saved and says where."""
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file" / "register.json", tmp_path / "none" / "register.json"):
        with pytest.raises(RegisterError, match=r"register\.json: cannot be"):
            save(path, REGISTER)


def test_full_disk_leaves_the_old_register(tmp_path: Path) -> None:
    """When the new bytes do not fit the old ones stay, and nothing else."""
    path = tmp_path / "register.json"
    save(path, REGISTER)
    before = path.read_bytes()
    grown = replace(REGISTER, records=(replace(RECORD, title="x" * 4096),))
    with files_no_larger_than(2048), pytest.raises(RegisterError, match="cannot be written"):
        save(path, grown)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["register.json"]
    assert save(path, grown)


def test_leftover_of_a_killed_run_does_not_matter(tmp_path: Path) -> None:
    """A half-written file beside the register is replaced; a link there is not followed."""
    path, beside = tmp_path / "register.json", tmp_path / ".register.json.new"
    target = tmp_path / "target"
    target.write_text("untouched")
    beside.symlink_to(target)
    assert save(path, REGISTER)
    assert target.read_text() == "untouched"
    assert not beside.is_symlink()
    assert load(path) == REGISTER


def test_something_in_the_way_is_an_error(tmp_path: Path) -> None:
    """A folder where the new file has to stand is a fault a person can mend."""
    (tmp_path / ".register.json.new").mkdir()
    with pytest.raises(RegisterError, match="cannot be written"):
        save(tmp_path / "register.json", REGISTER)


def test_killed_writer_leaves_a_whole_register(tmp_path: Path) -> None:
    """A process killed in the midst of saving leaves one of its registers, whole."""
    path = tmp_path / "register.json"
    script = (
        "import sys, itertools; from pathlib import Path; from dataclasses import replace\n"
        "from publisher.register import load, save\n"
        "path = Path(sys.argv[1]); register = load(path); print('ready', flush=True)\n"
        "for count in itertools.count():\n"
        "    record = replace(register.records[0], title=str(count) * 2000)\n"
        "    save(path, replace(register, records=(record,)))\n"
    )
    for _ in range(5):
        save(path, REGISTER)
        with subprocess.Popen([sys.executable, "-c", script, path], stdout=subprocess.PIPE) as run:
            assert run.stdout is not None
            run.stdout.readline()
            with pytest.raises(subprocess.TimeoutExpired):
                run.wait(0.05)
            run.send_signal(signal.SIGKILL)
        assert load(path).records[0].slug == "12"


# --- a few records of many ----------------------------------------------------


def placed(records: list[Record], some: list[Record]) -> list[tuple[Record, str | None]]:
    """Give some records, each with the id of the one that stands before it among all."""
    order = sorted(records, key=lambda one: (one.newsletter, *one.sort_key))
    before = [None, *(one.id for one in order)]
    return [(one, before[place]) for place, one in enumerate(order) if one in some]


@given(
    records=st.lists(RECORDS, max_size=6, unique_by=lambda one: one.id),
    new=st.lists(RECORDS, max_size=3, unique_by=lambda one: one.id),
    seed=st.integers(0, 63),
)
def test_changing_a_few_gives_the_bytes_of_writing_all(
    tmp_path_factory: pytest.TempPathFactory, records: list[Record], new: list[Record], seed: int
) -> None:
    """A register with some records changed in place is what saving it whole gives."""
    path = tmp_path_factory.mktemp("register") / "register.json"
    save(path, Register((("ai", ""),), tuple(records)))
    revised = [
        replace(one, title="another", items=one.items[:1])
        for place, one in enumerate(records)
        if seed >> place & 1
    ]
    kept = [one for one in records if one.id not in {other.id for other in (*revised, *new)}]
    whole = [*kept, *(one for one in revised if one.id not in {n.id for n in new}), *new]
    some = [one for one in whole if one not in kept]
    moved = [one for one in new if one.id in {other.id for other in records}]
    found = changed(bytes_of(path), placed(whole, some))
    save(path, Register((("ai", ""),), tuple(whole)))
    assert moved or found == bytes_of(path)


def test_bytes_of_another_make_are_not_changed(tmp_path: Path) -> None:
    """Where the file is not as we write it, nothing is guessed."""
    path = tmp_path / "register.json"
    save(path, REGISTER)
    other = json.dumps(json.loads(path.read_text()), separators=(",", ":")).encode()
    assert changed(other, [(RECORD, None)]) is None
    assert changed(bytes_of(path), [(replace(RECORD, id="urn:new"), "urn:unknown")]) is None


def test_heads_are_read_without_the_records(tmp_path: Path) -> None:
    """What is fixed of newsletters is told of a register whose records nobody has read."""
    path = tmp_path / "register.json"
    assert heads(path) == Register()
    save(path, replace(REGISTER, ids=(("ai", "tag:example.org,2026:ai"),)))
    assert heads(path) == replace(load(path), records=())
    write(path, bytes_of(path).replace(b'"version": 1', b'"version": 9'))
    with pytest.raises(RegisterError, match="version 9"):
        heads(path)
