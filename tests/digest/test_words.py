"""No lost text: every visible word of a digest stands on the page, or a finding says where it is.

The words of the source are found by a reader of its own that knows nothing of this room: signs of
Markdown, tags, comments and addresses out, what is left are words. It is made to overlook rather
than to cry wolf; what it does miss on the page is missing.
"""

import html
import re
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from publisher import identity, templates
from publisher.digest import read
from publisher.model import Finding, Level, Newsletter, Published, Reading
from publisher.render import pages

OURS = Newsletter("n", "")
NOW = datetime(2026, 5, 1, tzinfo=UTC)
TEMPLATES = templates.load()

# --- the words of a digest ----------------------------------------------------------

HAN = "\u2e80-\u2fff\u3040-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
WORD = re.compile(rf"[{HAN}]|[^\W_{HAN}]+")
LETTER = re.compile(r"[^\W_]")
NEVER_SHOWN = "script|style|iframe|noscript|template|title|svg|math|object|audio|video"
UNSEEN = [
    re.compile(pattern, re.DOTALL | re.MULTILINE | re.IGNORECASE)
    for pattern in (
        r"\A\s*(---|\+\+\+)[ \t]*\n.*?\n(?:\1|\.\.\.)[ \t]*$",  # front matter
        r"\A\s*(?:[a-z][\w -]*: [^\n]*\n)+",
        r"<!--.*?-->",
        r"^[ \t]*[-*+] (?:[^\[\]\n]*\[[^\[\]\n]*\]\([^()\n]*#[^()\n]*\))+[^\[\]\n]*$",  # of contents
        r"\$[^$\n]*[\\^_{][^$\n]*\$",  # TeX
        r"\{%-?\s*comment.*?endcomment\s*-?%\}|\{%.*?%\}|\{\{.*?\}\}",
        r"\{[:#][^{}\n]*\}",
        rf"<({NEVER_SHOWN})\b.*?</\1\s*>",
        r"</?[a-z]+[1-6]?(?:\s(?:[^<>\"']|\"[^\"<]*\"|'[^'<]*')*)?/?>",
        r"^[ \t>]*\[(?!\^)[^\[\]\n]+\]:[ \t]*\n?[ \t]*\S+(?:\s+[\"'(][^\n]*[\"')])?[ \t]*$",
        r"!\[[^\[\]]*\](?:\([^()\s]*(?:\s+\"[^\"]*\")?\s*\)|\[[^\[\]\n]*\])?",  # a picture
        r"\]\[[^\[\]]*\]",
        r"\]\(\s*<[^<>\n]*>[^()\n]*\)",
        r"\]\((?:[^()\n]|\((?:[^()\n]|\([^()\n]*\))*\))*\)",
        r"\[\^[^\[\]\n]+\]:?|\[[xX]\](?= )|:[a-z0-9_+-]+:",  # of a footnote, a task, an emoji
        r"(?:https?|ftp)://[!-~]*|mailto:[!-~]*|<[\w.+-]+@[\w.-]+>",
        r"^(?:[ \t>]|[-*+] |\d+[.)] )*(?:```|~~~)[^\n]*$",  # the language of code
        r"^[ \t>*+#\ue000-]*[(（]?\d+[.)、．:：）]",  # the number of an item
    )
]
NOT_SHOWN = [
    re.compile(r"^\|[^\n]*\|(?=\n\|[ :|-]*-[ :|-]*\|$)", re.MULTILINE),
    re.compile(r"\*\*(?:原文标题|作者|Authors)[:：]?\*\*"),
    re.compile(r"^#+ *(?:脚注|注释|Footnotes)[ \t]*$", re.MULTILINE),
]
"""Heads of tables whose rows are items; labels of what stands as second title or by-line; the
heading of footnotes, which go to their items."""
GONE = "\ue000"  # parts words, but is no space


def visible(source: str) -> list[str]:
    """Give what is visible of each line of a digest; every line stays in its place."""
    text = re.sub("\r\n?", "\n", source).lstrip("\ufeff")
    for pattern in NOT_SHOWN + UNSEEN:
        text = pattern.sub(lambda found: GONE + "\n" * found[0].count("\n"), text)
    return html.unescape(text).split("\n")


def on_page(reading: Reading) -> str:
    """Give the text that the pages of a digest show, without what the page adds itself."""
    shown = []
    for issue in reading.issues:
        published = Published(issue, identity.provisional(issue, OURS, NOW))
        whole = pages.render(published, OURS, TEMPLATES).body
        body = whole[whole.index("<main") : whole.index("</main>")]
        for ours in ("<nav\\b.*?</nav>", '<p class="source">.*?</p>', "<time.*?</time>"):
            body = re.sub(ours, " ", body, flags=re.DOTALL)
        shown += [html.unescape(re.sub("<[^<>]*>", " ", body)), *issue.topics]
    return re.sub(r"https?://[!-~]*", " ", "\n".join(shown))


def lost(source: str, reading: Reading) -> list[tuple[int, list[str]]]:
    """Give the words that neither the page shows nor a finding covers, with their lines.

    A word is missed where it stands on the page less often than in the source, and in none of the
    company it has there.
    """
    lines = [WORD.findall(line) for line in visible(source)]
    shown = on_page(reading)
    letters = "".join(LETTER.findall(shown))
    missing = Counter(word for line in lines for word in line) - Counter(WORD.findall(shown))
    found = []
    for number, words in enumerate(lines, 1):
        away = [
            word
            for n, word in enumerate(words)
            if missing[word] > 0
            and not any("".join(words[max(0, n - k) : n - k + 3]) in letters for k in range(3))
            and not covers(reading, number, word)
        ]
        if away:
            found.append((number, away))
    return found


def covers(reading: Reading, line: int, word: str) -> bool:
    """Whether a finding says that a word was left out, by its line or by naming it."""
    return any(
        finding.level is Level.STOP
        or finding.line == line
        or (finding.level is Level.HOLD and (finding.line or 0) <= line)
        or (finding.code == "digest/contents-list" and 0 <= (finding.line or 0) - line < 3)
        or word in finding.message
        for finding in reading.findings
    )


# --- digests by grammar ----------------------------------------------------------------
# `@` is filled with a word, `字` with a Han character, `%` with an address, each met only once, so
# that none can stand in for one that was lost. The first rule of each name ends a deep digest.

GRAMMAR = {
    "digest": ["«front»«chapters»"],
    "front": ["", "", "---\ntitle: @ @\ndate: 2026-05-01\n---\n", "+++\ntitle = '@'\n+++\n\n"],
    "chapters": ["«chapter»", "«chapter»\n\n«chapters»", "«chapter»\n\n---\n\n«chapters»"],
    "chapter": ["«heading»\n\n«blocks»", "«heading»\n\n«items»", "«items»", "«items»\n\n«blocks»"],
    "heading": [
        "## «phrase»", "# «phrase»", "### «line»", "##### «phrase»", "«phrase»\n====", "«phrase»\n---",
        "<h3>«phrase»</h3>", "## 3. «phrase»", "## «phrase» {#a1}", "# ![@](%) «phrase»", "##", "##@",
        "**«phrase»**",
    ],
    "blocks": ["«block»", "«block»\n\n«blocks»"],
    "block": [
        "«lines»", "«lines»", "> «lines»", "> > «phrase»\n>\n> - «line»", "```py\n@ @\n# @\n\n- @\n```",
        "    @ @\n    @", "![@](%)", "[ref]: %", "[^1]: «line»", "[^2]: @", "<div>\n@ @\n</div>", "% %",
        "<details><summary>@</summary>\n\n«line»\n\n</details>", "<table><tr><td>@</td></tr></table>",
        "- @\n- @ @\n- @", "1. «line»\n   1. «line»\n\n      «line»\n2. @", "@: @\n@: @",
        "| @ | @ |\n|---|--:|\n| «line» | @ |\n| @ \\| @ | |", "- [ ] «line»\n- [x] «line»", "@\n: @", "$$\nx\n$$",
    ],
    "lines": ["«line»", "«line»\n«lines»", "«line»  \n«lines»", "«line»<br>«line»"],
    "line": ["«inline».", "«inline»", "«inline» «line»", "字字。«line»", "@ @, «line»"],
    "inline": [
        "@", "«phrase»", "«link»", "**@ @**", "*@*", "_@_", "`@ @`", "~~@~~", "**「字字」**字", "[@ @][ref]", "[@]",
        "[@][]", "@[^1]", "<b>@</b>", "%", "<%>", "<u>%</u>", "[%](%)", "![@](%)", "[![@](%)](%)", "字字（%），字", "$5 @ $9",
        "@ \\* @", "&amp; @", "<@>", ":tada: @", "#@", "@_@_@", "[@](/@)", "[](%)", "<span lang=de>@</span>", "@@",
        "<a href='%'>@</a>", "(@)", "[@] [@](%)", "«phrase»：字字", "@ — @", "[«phrase»][ref], @", "@\u2028@",
    ],
    "phrase": ["@", "@ @", "@ @ @ @ @", "字字字字字字", "字字@字", "🎉 @", "@’@ @-@", "@: @", "「字字」字", "@ & @"],
    "link": ["[«phrase»](%)", "[**@**](%)", "[@ `@`](%)", "[@](<%> '@')", "[字字](%)"],
    "items": [
        "«bullets»", "«sentences»", "«leads»", "«bare»", "«numbered»", "«bold»", "«opened»", "«rows»", "«titled»",
        "«translated»", "«headed»", "«labelled»", "«news»",
    ],
    "bullets": ["- «link»«rest»", "- «link»«rest»\n«bullets»", "1. «link»«rest»\n\n«bullets»", "* «inline» «link»\n«bullets»"],
    "rest": ["", " - «line»", ": @", "\n  «line»", "\n\n  «line»\n\n  > «line»", "\n  - «line»\n    - «line»", " (@)", "\n> «line»"],
    "sentences": ["- «line» «link» «line»", "- «line» «link» «line»\n«sentences»", "- «line»\n«sentences»"],
    "leads": ["- **«phrase»:** «lines»", "- **«phrase»** «line»\n«leads»", "- **«phrase»**\n  «line»\n\n«leads»"],
    "bare": ["- %\n\t- «line»\n\t\t- «line»", "- %\n\t- «line»\n«bare»", "- % «line»\n«bare»"],
    "numbered": ["1、«link»\n\n«blocks»", "2、«phrase» %\n\n«numbered»", "（3）«link»«line»\n\n«numbered»", "4. «line»\n\n«numbered»"],
    "bold": ["**«phrase»**\n%\n«lines»", "**«phrase»**\n[@](%)\n\n«lines»\n\n«bold»", "**«link»**\n«lines»\n\n«bold»"],
    "opened": ["«link» — «lines»", "«link»: «lines»\n\n«opened»", "**«link»** «line»\n\n«opened»", "«link»\n«link»\n\n«opened»"],
    "rows": ["| @ | Title | @ |\n|---|---|---|\n«row»\n«row»", "| @ | @ |\n|:-:|---|\n| «link» | «line» |\n| «link» @ | @ |"],
    "row": ["| «inline» | «link» | «inline» |", "| @ | «inline» (@ [@](%) @) | |", "| | «link» @ | «line» |"],
    "titled": ["1. «phrase» %", "2. «phrase» %\n«titled»", "«phrase» %\n\n«titled»", "- «phrase»: %\n«titled»", "«phrase»\n%\n«line»"],
    "translated": [
        "# «phrase»\n[«phrase»](%)\n\n«lines»", "# «phrase»\n«link»\n\n«lines»\n\n«translated»",
        "## «phrase»\n%\n\n«lines»\n\n«translated»", "### 4. «phrase»\n[@](%) | [@](%)\n\n«blocks»\n\n«translated»",
        "# @\n<br />1.«phrase»<br />[%](%)<br />\n<br />2.«phrase»<br />%\n\n«translated»",
    ],
    "headed": ["## «link»\n\n«blocks»", "### «link» «phrase»\n\n«blocks»\n\n«headed»", "## `@.@` - «phrase» [@](%), [@](%)\n\n«lines»\n\n«headed»"],
    "labelled": [
        "### «phrase»\n**@**: @ @\n**@**: [@](%)\n\n«lines»",
        "### «phrase»\n**原文标题**：@ @ @\n\n**摘要**：«lines»\n\n**论文链接**：[%](%)\n\n«labelled»",
    ],
    "news": ["«lines»", "«line» «link» «line»\n\n«news»", "**«phrase»** «line» «link»\n\n«news»"],
}  # fmt: skip
NAME = re.compile("«(.*?)»")
DEEP = 6


@st.composite
def digests(draw: st.DrawFn) -> str:
    """Expand the grammar, then fill in the words."""

    def made(name: str, depth: int) -> str:
        rules = GRAMMAR[name]
        rule = rules[0] if depth > DEEP else draw(st.sampled_from(rules))
        return NAME.sub(lambda found: made(found[1], depth + 1), rule)

    return filled(made("digest", 0))


def filled(text: str) -> str:
    """Put another word, character or address in the place of each sign for one."""
    count = iter(range(100_000))

    def fill(found: re.Match[str]) -> str:
        n = next(count)
        syllables = "".join(
            "bdfgklmnprstvz"[n // 14**k % 14] + "aeiou"[(n + k) % 5] for k in range(3)
        )
        return {"@": syllables, "字": chr(0x5000 + n), "%": f"https://{syllables}.test/{n}"}[
            found[0]
        ]

    return re.sub("[@字%]", fill, text)


def test_it_can_fail() -> None:
    """What a reading left out unsaid is missed, with its line; what a finding tells of is not."""
    whole = read("# Mora\n\nTeli **ko**ra.\n\nVana 字。\n".encode())
    (issue,) = whole.issues
    shorter = replace(whole, issues=(replace(issue, sections=()),), findings=())
    assert lost("# Mora\n\nTeli **ko**ra.\n", whole) == []
    assert lost("# Mora\n\n## Rusi\n", whole) == [(3, ["Rusi"])]
    assert [line for line, _ in lost("# Mora\n\nTeli **ko**ra.\n\nVana 字。\n", shorter)] == [3, 5]
    told = replace(shorter, findings=(Finding(Level.WARN, "digest/x", "“Vana” went.", "", 3),))
    assert lost("# Mora\n\nTeli **ko**ra.\n\nVana.\n", told) == []


@settings(max_examples=60)
@given(digests())
def test_no_word_is_lost(text: str) -> None:
    """Whatever the form, each word stands on the page or in a finding."""
    assert lost(text, read(text.encode())) == []


def test_every_corpus_word(corpora: Path) -> None:
    """No digest of the corpora loses a word unsaid."""
    paths = [path for path in corpora.rglob("*.*") if path.suffix in {".md", ".markdown", ".txt"}]
    assert paths
    missed = {}
    for path in paths:
        reading = read(path.read_bytes(), name=path.name)
        if path.name != "SOURCES.md" and reading.issues:
            away = lost(path.read_bytes().decode(reading.encoding), reading)
            missed |= {path.name: away} if away else {}
    assert missed == {}
