"""repeats - what a text says that stands above it already: its title, its original, its authors.

An item that is a sentence has that sentence for its title, and its text begins with it. Shown twice
it reads like a stutter. So the sentence is taken from the beginning of the text; where it has links
of its own it becomes the heading, links and all, so that no link is lost. Labelled lines such as
`Authors: ...` go where the edition says the same above. A text that is not plainly the same, letter
by letter, stays whole.
Faults: none. Never: what a reader could find nowhere else. See: view (applies it), fragments.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from html import unescape
from typing import Final, NamedTuple

from publisher.render.fragments import links_of, plain

LONGEST: Final = 320
"""Letters of a sentence that may still stand where titles stand."""
_PART: Final = re.compile(r'(<(?:[^<>"]|"[^"]*")*>)')
_OPENING: Final = re.compile(r"(<p>|<ul>\s*<li>\s*(?:<p>)?)\s*")
_LED_TO: Final = re.compile(r'\s(?:id="|name="|href="#)')
_BLOCK_END: Final = re.compile(r"</(?:p|li)>|<br>")
_BREAKS: Final = re.compile(r"(?:<br>\s*)+")
_BULLET_END: Final = re.compile(r"(?:</p>\s*)?</li>\s*(</ul>\s*)?")
_PARAGRAPH: Final = re.compile(r"<p>(.*?)</p>\s*", re.DOTALL)
_INLINE: Final = frozenset(
    {"a", "abbr", "b", "bdi", "code", "em", "i", "kbd", "s", "span", "strong", "u"}
)
_END: Final = re.compile(r"[.。!！?？:：…]")
_FULL_END: Final = "。！？："
_SENTENCE: Final = re.compile(r".+?(?:[。！？]|[.!?](?=\s|$))", re.DOTALL)
_LABELLED: Final = re.compile(r"([^:：·\n]{1,24}?)\s*[:：·]\s*(.+)", re.DOTALL)


class Told(NamedTuple):
    """What is left of a text; `sentence` is the heading with its own links, where it has some."""

    html: str
    text: str
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class _Cut:
    """Where the sentence of a title ends in a piece of HTML, and what it says with its markup."""

    sentence: str
    rest: str


def without_repeats(
    html: str, text: str, title: str, url: str | None, said: Collection[str] = ()
) -> Told:
    """Take from an item's HTML and text what its title says, and paragraphs that repeat `said`.

    `said` is what labelled lines need not say: both titles where there are two, the authors.
    """
    html, text = _without_labelled(html, text, said, url)
    whole = _whole(title, text)
    cut, after = _cut(html, whole), _text_after(text, whole)
    if cut is None or after is None:
        return Told(html, text)
    others = [link for link in links_of(cut.sentence) if link.url != url]
    if not others and whole == title and not _LED_TO.search(cut.sentence):
        return Told(cut.rest, after)
    return Told(cut.rest, after, cut.sentence)


def _whole(title: str, text: str) -> str:
    """Give the sentence a shortened title is the beginning of; any other title as it is."""
    if not title.endswith("…"):
        return title
    line = text.removeprefix("- ").split("\n", 1)[0].strip()
    if not line.startswith(title[:-1]):
        return title
    # a stop before the cut was none: the title would have ended there
    found = _SENTENCE.match(line[len(title) - 1 :])
    whole = title[:-1] + (found[0] if found else line[len(title) - 1 :])
    return whole if len(whole) <= LONGEST else title


def _cut(html: str, title: str) -> _Cut | None:
    """Find the title at the beginning of the first paragraph, or as a bullet of its own."""
    opening = _OPENING.match(html)
    if not opening:
        return None
    parts = [*_PART.split(html[opening.end() :]), ""]
    wanted = "".join(title.split())
    open_tags: list[str] = []
    for place, part in enumerate(parts):
        if place % 2:
            name = part.strip("</>").split()[0]
            if name not in _INLINE or (part.startswith("</") and not open_tags):
                return None
            if part.startswith("</"):
                open_tags.pop()
            else:
                open_tags.append(name)
            continue
        end, wanted = _match(unescape(part), wanted)
        if end is None:
            return None
        if not wanted:
            return _closed(opening[1], parts, place, end, open_tags)
    return None


def _closed(
    opening: str, parts: Sequence[str], place: int, end: int, tags: list[str]
) -> _Cut | None:
    """Part the HTML behind the title's last letter, if a sentence and every tag ends there."""
    words = unescape(parts[place])
    sentence, left = "".join(parts[:place]) + _escaped(words[:end]), words[end:]
    behind = place + 1
    while tags and not left and parts[behind] == f"</{tags[-1]}>":
        sentence += parts[behind]
        tags.pop()
        left, behind = unescape(parts[behind + 1]), behind + 2
    stop = _stop(words[end - 1], left, is_last=bool(_BLOCK_END.match(parts[behind])))
    if tags or stop is None:
        return None
    sentence += _escaped(left[:stop])
    rest = (_escaped(left[stop:]) + "".join(parts[behind:])).lstrip()
    if opening == "<p>":
        rest = _BREAKS.sub("", rest)
        return _Cut(sentence, rest[4:].lstrip() if rest.startswith("</p>") else f"<p>{rest}")
    done = _BULLET_END.match(rest)
    if not done:  # what is left of a bullet would begin in mid-air
        return None
    rest = rest[done.end() :]
    return _Cut(sentence, rest if done[1] else f"<ul>\n{rest}")


def _match(words: str, wanted: str) -> tuple[int | None, str]:
    """Follow the wanted letters through words, spaces aside: where they end, what is wanted yet."""
    met = 0
    for end, letter in enumerate(words):
        if met == len(wanted):
            return end, ""
        if not letter.isspace():
            if letter != wanted[met]:
                return None, wanted
            met += 1
    return len(words), wanted[met:]


def _stop(last: str, left: str, *, is_last: bool) -> int | None:
    """Say how many of the letters left belong to the sentence; None where it goes on.

    `last` is its last letter so far; `is_last` that the block ends with what is left.
    """
    if is_last and not left.strip():
        return 0
    if _END.match(last) and (last in _FULL_END or left[:1].isspace()):
        return 0
    ends = left[:1] in _FULL_END or left[1:2].isspace() or (is_last and len(left) == 1)
    return 1 if _END.match(left) and ends else None


def _text_after(text: str, title: str) -> str | None:
    """Give the text behind the title it begins with."""
    words = text.removeprefix("- ")
    end, wanted = _match(words, "".join(title.split()))
    if not end or wanted:
        return None
    line, _, below = words[end:].partition("\n")
    stop = _stop(words[end - 1], line, is_last=True)
    return None if stop is None else f"{line[stop:]}\n{below}".strip()


def _without_labelled(
    html: str, text: str, said: Collection[str], url: str | None
) -> tuple[str, str]:
    """Leave out the labelled paragraphs, of those the text begins with, that say nothing new."""
    known = {_letters(words) for words in said if words}
    place = 0
    while found := _PARAGRAPH.match(html, place):
        words = plain(found[1])
        labelled = _LABELLED.fullmatch(words)
        is_linked = any(link.url != url for link in links_of(found[1]))
        has_more = "<img" in found[1] or is_linked
        shorter = None
        if labelled and _letters(labelled[2]) in known and not has_more:
            shorter = _without_paragraph(text, words)
        if shorter is None:
            place = found.end()
        else:
            html, text = html[:place] + html[found.end() :], shorter
    return html, text


def _without_paragraph(text: str, words: str) -> str | None:
    blocks = text.split("\n\n")
    for place, block in enumerate(blocks):
        if _letters(block) == _letters(words):
            return "\n\n".join([*blocks[:place], *blocks[place + 1 :]])
    return None


def _letters(words: str) -> str:
    return "".join(re.findall(r"\w+", words.casefold()))


def _escaped(words: str) -> str:
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
