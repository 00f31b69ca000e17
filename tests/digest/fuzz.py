"""Bytes that learn: whatever a digest's bytes are, they are read and rendered, soon and without a crash.

    python tests/digest/fuzz.py [INPUT...]        # `make fuzz`; with files: those alone, once

atheris changes the digests of the tests (and of the corpora where they exist) byte by byte, keeps
what reaches new code in .cache/fuzz/, and stops at the first exception, or at an input that takes
over LIMIT seconds; either is written to .cache/fuzz/ as well. FUZZ_SECONDS says for how long, 300 by
default. What was found and mended stands in test_read.py.
"""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from zlib import crc32

import atheris

ROOT = Path(__file__).resolve().parent.parent.parent
CORPORA = Path(os.environ.get("PUBLISHER_CORPORA") or ROOT.parent / "shared" / "corpora")
SEEDS = [ROOT / "tests" / "digest" / "cases", ROOT / "digests", CORPORA]
FOUND = ROOT / ".cache" / "fuzz"
LIMIT = 10
LONGEST = 2_000
RENDERED = 8  # each eighth input: rendering takes longer than reading, and knows less of bytes

with atheris.instrument_imports(include=["publisher", "markdown_it", "linkify_it"]):
    from publisher import identity, templates
    from publisher.digest import read
    from publisher.model import Newsletter, Published, Variant
    from publisher.render import feed, mail, pages, text

NOW = datetime(2026, 5, 1, tzinfo=UTC)
OURS = Newsletter(
    "n",
    "Rivers",
    site_url="https://rivers.test/",
    app_url="https://rivers.test/",
    sender_address="editor@rivers.test",
)
TEMPLATES = templates.load()
SIGNS = [
    "<!--", "-->", "```\n", "---\n", "+++\n", "title: ", "date: 2026-05-01\n", "draft: ", "](", "[^1]: ",
    "[x]: <", "{% raw %}", "{{ page.title }}", "{{< youtube ", "<iframe src=", "<h3>", "</a>", "<svg>",
    "<path>", "$$", "\\frac{", "| a | b |\n|---|---|\n", "\n\n    ", "\n- ", "\n1. ", "\n## ", "\n====\n",
    "https://a.test/", "\ufeff", "\u202e", "&#x202E;", "第12期", "1、[", "**", "~~", "\r\n", "\x00", "&lt;",
]  # fmt: skip


def one(data: bytes) -> None:
    """Read a digest; make every edition of what some of them say."""
    issues = read(data, name="2026/05-01-issue-7.md", newsletter=OURS).issues
    for issue in issues if crc32(data) % RENDERED == 0 or sys.argv[1:] else ():
        published = Published(issue, identity.provisional(issue, OURS, NOW))
        variant = Variant(OURS.language, OURS.look.name)
        pages.render(published, OURS, TEMPLATES)
        mail.render(published, OURS, variant, TEMPLATES)
        text.render(published, OURS, variant, TEMPLATES)
        for kind in (feed.rss, feed.atom, feed.json_feed):
            kind([published], OURS, TEMPLATES)


def main(inputs: list[str]) -> None:
    """Try inputs once, or change the seeds until the time is over."""
    kept = FOUND / "kept"
    kept.mkdir(parents=True, exist_ok=True)
    words = FOUND / "signs.dict"
    escaped = ("".join(f"\\x{byte:02x}" for byte in sign.encode()) for sign in SIGNS)
    words.write_text("".join(f'"{sign}"\n' for sign in escaped), "ascii")
    options = [
        f"-timeout={LIMIT}",
        f"-max_total_time={os.environ.get('FUZZ_SECONDS') or 300}",
        f"-max_len={LONGEST}",
        f"-dict={words}",
        f"-artifact_prefix={FOUND}/",
        "-print_final_stats=1",
        "-verbosity=0" if inputs else "-verbosity=1",
    ]
    seeds = [str(folder) for folder in SEEDS if folder.is_dir()]
    atheris.Setup([sys.argv[0], *options, *(inputs or [str(kept), *seeds])], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1:])
