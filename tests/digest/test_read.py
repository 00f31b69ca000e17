"""read: never raises, and what comes out can stand in a feed."""

import re
from datetime import date
from pathlib import Path
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publisher.digest import read
from publisher.model import Issue, Level, Newsletter, Reading

README = """# How rivers move
[河流如何改道](https://example.net/rivers)

They do, a little every spring.
"""
FORBIDDEN = re.compile(
    "[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[\u202a-\u202e\u2066-\u2069]"
)
PIECES = st.sampled_from(
    [
        "# ", "## ", "- ", "1. ", "> ", "[t](https://a.test/1)", "[译](https://a.test/2)", "\n", "\n\n",
        "https://a.test/x，", "<!--", "-->", "```\n", "`", "---\n", "+++\n", "title: x\n", "date: 2\n",
        "draft: maybe\n", "tags: [a, {b: c}]\n", "number = [1]\n", "Title: ", "|a|b|\n|-|-|\n", "**", "~~",
        "<b>", "</p>", "<script>", "<a href='/x'>", "\u202e", "&#x202E;", "\x0b", "\r", "\u2028", "文字",
        "，", " ", "    ", "\t", "![a](b)", "[x][y]", "[y]: <z>\n", "{#id}", "&amp;", "\\", "\ufeff", "====\n",
        "第122期", "2021年6月27日", "一句话。", "A sentence. ",
    ]
)  # fmt: skip
HERE = Path(__file__).parent
ROOT = HERE.parent.parent


def texts(issue: Issue) -> list[str]:
    """Give every text an issue holds."""
    found = [issue.title, *issue.all_html, issue.text, issue.id, issue.subject, issue.image]
    found += [*issue.authors, *issue.topics]
    for section in issue.sections:
        found += [section.title, *section.texts]
        for item in section.items:
            found += [item.title, item.alt_title, item.url, item.image]
            found += [part for link in item.links for part in (link.text, link.url)]
    return [text for text in found if text]


def judge(data: bytes, name: str = "") -> Reading:
    """Read bytes and hold the reading to what is promised of every reading."""
    reading = read(data, name=name)
    assert reading.is_stopped == (not reading.issues)
    for finding in reading.findings:
        assert finding.code.startswith("digest/")
        assert finding.message
        assert finding.hint
    for issue in reading.issues:
        assert [text for text in texts(issue) if FORBIDDEN.search(text)] == []
        assert all(item.title for item in issue.items)
        for item in issue.items:
            assert item.url is None or item.url.startswith(("http://", "https://"))
            assert "<script" not in item.html
    return reading


@given(st.binary(max_size=300), st.text(max_size=30))
def test_any_bytes(data: bytes, name: str) -> None:
    """Arbitrary bytes and names never raise."""
    judge(data, name)


@given(st.text(max_size=300))
def test_any_text(text: str) -> None:
    """Arbitrary text never raises."""
    judge(text.encode("utf-8", "surrogatepass"))


@settings(max_examples=400, deadline=None)
@given(st.lists(PIECES, max_size=40))
def test_any_mixture(pieces: list[str]) -> None:
    """Pieces of digests in any order never raise, and nothing forbidden comes through."""
    judge("".join(pieces).encode())


@given(st.lists(PIECES, max_size=20))
def test_reading_is_a_function(pieces: list[str]) -> None:
    """The same bytes give the same reading."""
    data = "".join(pieces).encode()
    assert read(data) == read(data)


@pytest.mark.parametrize(
    "data",
    [
        b">" * 20_000 + b"x",
        b"\n".join(b" " * (2 * depth) + b"- a" for depth in range(300)),
        b"<div>" * 20_000,
        b"---\na: " + b"[" * 5_000 + b"\n---\n",
        b"+++\na = " + b"[" * 5_000 + b"\n+++\n",
        b"[" * 3_000,
        b"[a]: http://a.test\n" * 3_000,
        b"`" * 100_000,
        b"http:" * 40_000,
    ],
    ids=["quotes", "lists", "html", "yaml", "toml", "brackets", "definitions", "ticks", "http"],
)
def test_deep_digests(data: bytes) -> None:
    """Nesting and repetition beyond reason are read or refused, quickly and without a crash."""
    judge(data)


def test_left_out_nesting_is_reported() -> None:
    """Where the parser drops what is too deep, an automatic send waits."""
    found = read(b"# t\n\n" + b">" * 300 + b" lost")
    assert (Level.HOLD, "digest/nesting") in [(f.level, f.code) for f in found.findings]


def test_empty() -> None:
    """Nothing, and nothing but blanks, is stopped."""
    for data in (b"", b" \n\t\r\n", b"\xef\xbb\xbf"):
        assert [(f.level, f.code) for f in read(data).findings] == [(Level.STOP, "digest/empty")]


def test_metadata_without_text_is_an_issue() -> None:
    """A digest that is only front matter is read; preflight stops it."""
    (issue,) = read(b"---\ntitle: Soon\n---\n").issues
    assert (issue.title, issue.sections) == ("Soon", ())


def test_directives_reach_the_issue() -> None:
    """Every directive of the front matter stands in the issue."""
    data = (
        "---\nid: x-1\ntitle: T\nissue: 7\ndate: 2024-04-12 09:30\nlang: zh\nauthor: Ada, Grace\n"
        "topics: [LLM]\ncover: https://a.test/c.png\ndraft: true\nsend: fri 09:00\nsubject: S\n---\n"
    )
    (issue,) = read(data.encode()).issues
    assert (issue.id, issue.title, issue.number, issue.date) == ("x-1", "T", 7, date(2024, 4, 12))
    assert (issue.language, issue.authors, issue.topics) == ("zh", ("Ada", "Grace"), ("LLM",))
    assert (issue.image, issue.draft) == ("https://a.test/c.png", True)
    assert (issue.send, issue.subject) == ("fri 09:00", "S")


def test_base_resolves_relative_links() -> None:
    """With a base relative links become whole; without one they go, and a note stays.

    A picture's address stays as it is written: it may mean a file beside the digest.
    """
    text = b"# T\n[t](/a)\n\n[b](b) ![](c.png) [anchor](#x)<a id='x'>x</a> [p](//p.test/)\n"
    (with_base,) = read(text, newsletter=Newsletter("n", "N", base_url="https://a.test/d/")).issues
    item = with_base.items[0]
    assert item.url == "https://a.test/a"
    assert [link.url for link in item.links[1:]] == ["https://a.test/d/b", "https://p.test/"]
    assert item.image == "c.png"
    assert 'href="#x"' in item.html
    without = read(text, newsletter=Newsletter("n", "N", site_url="https://a.test/d/"))
    assert without.issues[0].items[0].url is None
    (told,) = [found for found in without.findings if found.code == "digest/relative-link"]
    assert {"“/a”", "“b”"} <= set(told.message.rstrip(".").replace(",", "").split())


def test_a_cover_may_stand_beside_the_digest() -> None:
    """The picture named in the front matter is an address or a path, and nothing else."""
    for stated, expected in (
        ("pics/c.png", "pics/c.png"),
        ("//a.test/c.png", "https://a.test/c.png"),
        ("file:///etc/passwd", None),
        ("'#x'", None),
    ):
        (issue,) = read(f"---\nimage: {stated}\n---\n# T\n\ntext\n".encode()).issues
        assert issue.image == expected


def test_our_sample() -> None:
    """The sample publication's digest reads to 17 items without a warning."""
    path = ROOT / "digests" / "2024-04-12.md"
    reading = read(path.read_bytes(), name=path.name)
    (issue,) = reading.issues
    assert len(issue.items) == 17
    assert (issue.date, issue.number, issue.title) == (date(2024, 4, 12), None, None)
    assert [found for found in reading.findings if found.level is not Level.NOTE] == []


# --- the corpora --------------------------------------------------------------------


def test_seed(corpora: Path) -> None:
    """The seed reads to 17 pairs of titles with their addresses, and one cut-off sentence."""
    (path,) = (corpora / "seed").iterdir()
    reading = read(path.read_bytes(), name=path.name)
    (issue,) = reading.issues
    (section,) = issue.sections
    assert (section.title, section.form, len(section.items)) == (None, "heading-then-link", 17)
    assert (issue.title, issue.number, issue.date, issue.language) == (None, None, None, "zh")
    assert all(
        re.fullmatch(r"https://arxiv\.org/abs/2404\.\d{5}", i.url or "") for i in issue.items
    )
    assert len(issue.addresses) == 17
    assert all(item.title_language == "en" for item in issue.items)
    assert all(item.alt_title_language == "zh" and item.alt_title for item in issue.items)
    assert all(item.links[0].text == item.alt_title for item in issue.items)
    (found,) = reading.findings
    line = path.read_text("utf-8").split("\n")[(found.line or 1) - 1]
    assert (found.level, found.code, found.column) == (Level.WARN, "digest/cut-off", len(line))
    assert line.endswith("Gemma-2")


def test_seed_bare_addresses(corpora: Path) -> None:
    """All nine bare addresses of the seed end before the Chinese punctuation."""
    (path,) = (corpora / "seed").iterdir()
    (issue,) = read(path.read_bytes()).issues
    assert [link.url.split("//")[1] for item in issue.items for link in item.links[1:]] == [
        "github.com/THUDM/AutoWebGLM",
        "github.com/AIRI-Institute/OmniFusion",
        "github.com/InternLM/InternLM-XComposer",
        "huggingface.co/RWKV",
        "github.com/RWKV/RWKV-LM",
        "github.com/RWKV/ChatRWKV",
        "github.com/RWKV/RWKV-infctx-trainer",
        "os-world.github.io",
        "github.com/myshell-ai/JetMoE",
    ]
    text = "\n".join(item.text for item in issue.items)
    assert not re.search(r"\s[，。；：、）」]", text)


def test_every_corpus(corpora: Path) -> None:
    """Every digest of the corpora gives an item or a finding, and nothing forbidden."""
    paths = [path for path in corpora.rglob("*.*") if path.suffix in {".md", ".markdown", ".txt"}]
    assert paths
    for path in paths:
        if path.name == "SOURCES.md":
            continue
        reading = judge(path.read_bytes(), path.name)
        assert reading.findings or any(issue.items for issue in reading.issues), path


@pytest.mark.parametrize(
    ("name", "encoding", "from_folder", "original"),
    [
        ("seed-gb18030-crlf.txt", "gb18030", "seed", "000_a9a4838e097c53b9.txt"),
        ("gb18030.md", "gb18030", "servicemesher", "service-mesh-weekly-20181015-20181021.md"),
        ("gbk-crlf.md", "gb18030", "dotnetcn", "episode-020.md"),
        ("shift_jis.md", "shift_jis", "vimmag", "2014-08-31-vimmagazine.md"),
        ("euc_jp.md", "euc-jp", "optech", "ja-2022-09-07-newsletter.md"),
        ("windows-1251.md", "windows-1251", "nodejsru", "io.js-Week-of-February-13th-2015.md"),
        ("koi8_r.md", "koi8-r", "radiot", "podcast-42.md"),
        ("windows-1256-arabic.md", "windows-1256", "turingway", "ar-welcome.md"),
        ("utf8-bom-crlf.md", "utf-8", "hfzh", "2025-01-14_daily_paper.md"),
        ("utf16le-bom.md", "utf-16", "cg0101", "issue-60.md"),
    ],
)
def test_encodings(
    corpora: Path, name: str, encoding: str, from_folder: str, original: str
) -> None:
    """A digest in another encoding reads as its UTF-8 original does, and says what was guessed."""
    reading = read((corpora / "derived-encodings" / name).read_bytes())
    expected = read((corpora / from_folder / original).read_bytes())
    assert reading.encoding == encoding
    assert [issue.items for issue in reading.issues] == [issue.items for issue in expected.issues]
    assert ("digest/encoding" in [f.code for f in reading.findings]) == (encoding != "utf-8")


@pytest.mark.parametrize(
    ("source", "language"),
    [
        (README, "en"),
        (README.replace("They do, a little every spring.", "每年春天，河道都挪一点。"), "zh"),
        ("# Wie Flüsse wandern\n[河流如何改道](https://a.test/)\n\nJedes Jahr ein Stück.\n", None),
        (README.replace("They do, a little every spring.", ""), "zh"),
    ],
)
def test_text_and_title_outweigh_a_translated_title(source: str, language: str | None) -> None:
    """The language is that of what is written; only where that is little do translations speak."""
    assert read(source.encode()).issues[0].language == language


@pytest.mark.parametrize(
    "text",
    [
        "[a](https://a.test/) " * 2_500 + "word",
        "x " + "<i>" * 30_000 + "</b>" * 30_000,
    ],
    ids=["links before a word", "tags that never meet"],
)
def test_nasty_shapes_take_no_square(text: str) -> None:
    """Reading costs what the length does, whatever is written."""
    begin = process_time()
    read(text.encode())
    assert process_time() - begin < 5


def test_prose_that_is_asked_for_has_no_note_of_missing_items() -> None:
    """`form: prose` says it; without it the note stands. A relative link's hint names `base_url`."""
    text = "# Rivers\n\nThey [move](/where) a little every spring, and nobody sees it.\n"
    plain, asked = (read(f"{front}{text}".encode()) for front in ("", "---\nform: prose\n---\n"))
    assert "digest/no-items" in [finding.code for finding in plain.findings]
    assert [finding.code for finding in asked.findings] == ["digest/relative-link"]
    assert "`base_url`" in (asked.findings[0].hint or "")
