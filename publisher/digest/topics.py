"""topics - what each item is about: its #tags, its section, the words of publisher.toml.

A topic is a name; two names with one slug are one topic, called as publisher.toml calls it, else as
it was written first. An item has, in this order: what its form found (a category before the title),
its #tags, its section, and every topic of the table that one of its words speaks of.

A #tag counts where tags are written: at the end of a title or a text, or on a line of nothing but
tags; where it is no part of a sentence it leaves the text, for every edition shows topics. Within a
sentence it is a word; #1234 is a pull request, #0b57d0 a colour. A section's title is a topic when
it is a name rather than a sentence, a date, a day, boilerplate or a rubric (`News`): three words at
most. A rubric that names a subject (`Security`) or that the table names is one all the same.

Words of the table are looked for in title, translation, section and text, regardless of case and
width, longer words first: where `大语言模型` stands, `模型` does not. Words in scripts that are
written with spaces have to stand alone, but for a plural's s; the others may stand anywhere.

Faults: none. Never: an item of a sponsor. See: addresses (the slugs), asides.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, Literal

from publisher.addresses import topic_slug
from publisher.digest.asides import is_boilerplate
from publisher.digest.forms.rubrics import is_rubric
from publisher.digest.markup.plain import cells
from publisher.digest.stated.days import is_day
from publisher.model import Issue, Item, Section

Table = tuple[tuple[str, tuple[str, ...]], ...]
"""Each topic with the words that speak of it."""

_MOST_WORDS: Final = 3
_MOST_CELLS: Final = 32
_MOST_HAN: Final = 8
_COUNTED: Final = re.compile(r"(?:\d{1,2}|[一二三四五六七八九十]{1,3})[.、．)）]\s*")
_SUBJECT: Final = re.compile(
    r"(?<![a-z])(?:academia|apis?|business|community|design|documentation|governance|hiring|it|podcasts?|research"
    r"|security|software|tooling)(?![a-z])|^[a-z+#]+ *[\u3040-\uffee]|开源|開源|社区|コミュニティ|커뮤니티|基础设施"
)
"""Words that rubrics are made of and that name a subject all the same."""
_LONGEST_TAG: Final = 50
_LONGEST_TAIL: Final = 200
_MOST_TAGS: Final = 20
_HEX: Final = re.compile(r"[0-9a-f]+")
_COLOUR_SIZES: Final = frozenset({3, 4, 6, 8})
_STOPS: Final = "。！？…；，、）】」』》"
_SIGNS: Final = re.escape("<>&\"'`.,;:!?()[]{}|/\\~*=^$@%“”‘’：（【「『《" + _STOPS)
_TAG: Final = rf"[#＃][^\s#＃{_SIGNS}]+[#＃]?"
_TAGS: Final = re.compile(_TAG)
_ENDING: Final = re.compile(rf"(?<![^\s{_STOPS}])(?:{_TAG})+$")
_TAG_LINE: Final = re.compile(rf"\s*{_TAG}(?:[\s,，、]*{_TAG})*\s*")
_TAG_PARAGRAPH: Final = re.compile(r"<p>([^<>]*)</p>\n?")
_NO_WORDS: Final = re.compile(r"<(pre|code|a)\b.*?</\1>", re.DOTALL)
_BREAK: Final = re.compile(r"</?(?:p|br|div|li|h\d|blockquote|tr|td|th|dt|dd)\b[^<>]*>")
_MARKUP: Final = re.compile(r"<[^<>]*>")

# Scripts written without spaces, or whose words take endings: there a word may stand anywhere.
_UNSPACED: Final = (
    "\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\u9fff\ua960-\ua97f"
    "\uac00-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff"
)
# Vowel signs and accents are letters here; to `re` they are none.
_MARKS: Final = "\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0900-\u0963\u0966-\u0dff"
_LETTER: Final = rf"(?:[^\W_{_UNSPACED}]|[{_MARKS}])"
_SHORTEST_PLURAL: Final = 3


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The topics of publisher.toml, ready to be looked for; `by_word` has longer words first."""

    topics: tuple[str, ...]
    by_word: dict[str, tuple[str, ...]]
    by_slug: dict[str, str]

    def called(self, names: Iterable[str]) -> tuple[str, ...]:
        """Give topics by the names they go by here, each once, in the order given."""
        found: dict[str, str] = {}
        for name in names:
            if slug := topic_slug(name):
                topic = self.by_slug.get(slug, name)
                found.setdefault(topic_slug(topic), topic)
        return tuple(found.values())

    def spoken_of(self, text: str) -> tuple[str, ...]:
        """Give the topics a text speaks of, in the order of the table."""
        whole = folded(text)
        # few words are in a text at all, and asking that first costs next to nothing
        there = tuple(word for word in self.by_word if word in whole)
        if not there:
            return ()
        found = {
            topic
            for word in _pattern(there).findall(whole)
            for topic in self.by_word.get(word) or self.by_word[word.removesuffix("s")]
        }
        return tuple(topic for topic in self.topics if topic in found)


@lru_cache(maxsize=8)
def lexicon(table: Table) -> Lexicon:
    """Make the topics of the settings ready to be looked for."""
    by_word: dict[str, tuple[str, ...]] = {}
    by_slug: dict[str, str] = {}
    for topic, words in table:
        by_slug[topic_slug(topic)] = topic
        for word in map(folded, words):
            by_word[word] = (*by_word.get(word, ()), topic)
    for word, topics in by_word.items():
        by_slug.setdefault(topic_slug(word), topics[0])
    longest = dict(sorted(by_word.items(), key=lambda each: (-len(each[0]), each[0])))
    return Lexicon(tuple(topic for topic, _ in table), longest, by_slug)


def with_topics(issue: Issue, known: Lexicon) -> Issue:
    """Give an issue and its items their topics; tags that are no part of the text leave it."""
    lone: Lone = "anywhere" if issue.title else "nowhere"
    body, text, tags = _without_tag_lines(issue.html, issue.text, lone)
    return replace(
        issue,
        html=body,
        text=text,
        topics=known.called([*issue.topics, *tags]),
        sections=tuple(_section(section, known) for section in issue.sections),
    )


def folded(text: str) -> str:
    """Write a text as words are compared, on one line."""
    whole = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(unicodedata.normalize("NFKC", whole).split())


@lru_cache(maxsize=256)
def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(map(_standing, words)))


def _standing(word: str) -> str:
    """Write the pattern of a word: alone where its script has spaces, else anywhere."""
    before = rf"(?<!{_LETTER})" if re.match(_LETTER, word) else ""
    if not re.match(_LETTER, word[-1]):
        return before + re.escape(word)
    plural = "s?" if word.isascii() and len(word) >= _SHORTEST_PLURAL else ""
    return rf"{before}{re.escape(word)}{plural}(?![+#]|{_LETTER})"


def _section(section: Section, known: Lexicon) -> Section:
    if section.sponsor:
        return section
    title = section.title or ""
    own = known.spoken_of(title) or _named(title, known)
    return replace(section, items=tuple(_item(item, own, known) for item in section.items))


def _item(item: Item, section: Sequence[str], known: Lexicon) -> Item:
    title, of_title = _cut_tags(item.title)
    alt_title, of_alt = _cut_tags(item.alt_title or "")
    body, text, of_lines = _without_tag_lines(item.html, item.text, "last")
    body, text, of_text = _without_ending(body, text)
    said = known.spoken_of(f"{item.title}\n{item.alt_title or ''}\n{item.text}")
    topics = [*item.topics, *of_title, *of_alt, *of_lines, *of_text, *section, *said]
    return replace(
        item,
        title=title,
        alt_title=alt_title or item.alt_title,
        html=body,
        text=text,
        topics=known.called(topics),
    )


def _named(title: str, known: Lexicon) -> tuple[str, ...]:
    """Give a section's title as a topic, where it names what stands under it, not when or why."""
    name = _COUNTED.sub("", title, count=1) if _COUNTED.match(title) else title
    while name and not (name[0].isalnum()):
        name = name[1:]
    while name and not (name[-1].isalnum() or name[-1] in "+#"):
        if name[-1] in ".!?。！？…" or unicodedata.category(name[-1])[0] == "M":
            break
        name = name[:-1]
    wide = cells(name) - len(name)
    is_short = 0 < len(name.split()) <= _MOST_WORDS and cells(name) <= _MOST_CELLS
    is_sentence = name[-1:] in set(".!?。！？…") or wide > _MOST_HAN
    if not is_short or is_sentence:
        return ()
    if topic_slug(name) in known.by_slug:
        return (name,)
    is_dated = re.search(r"\d\d", name) is not None or is_day(name)
    return () if is_dated or is_boilerplate(name) or _is_general(name) else (name,)


def _is_general(name: str) -> bool:
    """Say whether a name is one that any newsletter's news could stand under."""
    is_sign = cells(name) <= 2  # one Han character is a word, to `is_rubric` a slip
    return not is_sign and is_rubric(name) and not _SUBJECT.search(name.casefold())


Lone = Literal["anywhere", "last", "nowhere"]
"""Where a line of a single tag is one: elsewhere it may be a heading that lacks its space."""

# --- tags -------------------------------------------------------------------------


def tags_of(text: str) -> list[str]:
    """Give the #tags of a run of tags; numbers and colours are none."""
    found = []
    for written in _TAGS.findall(text):
        name = written.strip("#＃").replace("_", " ").strip()
        if 0 < len(name) <= _LONGEST_TAG and any(map(str.isalpha, name)) and not _is_colour(name):
            found.append(name)
    return found


def _only_tags(line: str) -> list[str]:
    """Give the tags of a line of nothing else, all of which are tags."""
    tags = tags_of(line) if _TAG_LINE.fullmatch(line) else []
    return tags if len(tags) == len(_TAGS.findall(line)) else []


def _is_colour(name: str) -> bool:
    """Say whether a tag is a colour: `#fff`, `#0b57d0`. What could be a word, is one: `#ada`."""
    is_hex = len(name) in _COLOUR_SIZES and _HEX.fullmatch(name.casefold()) is not None
    return is_hex and (any(map(str.isdigit, name)) or len(set(name.casefold())) == 1)


def _cut_tags(text: str) -> tuple[str, list[str]]:
    """Give the tags a text ends with, and the text without them where they are no part of it.

    A single one behind a word may end the sentence: `why we chose #rust`.
    """
    rest, found = text.rstrip(), list[str]()
    while rest and len(found) < _MOST_TAGS:
        start = max(rest.rfind(" "), rest.rfind("\n")) + 1
        ending = _ENDING.search(rest, max(start, len(rest) - _LONGEST_TAIL))
        tags = _only_tags(ending[0]) if ending else []
        if not ending or not tags or not rest[: ending.start()].strip():
            break
        rest, found = rest[: ending.start()].rstrip(), tags + found
        if ending.start() > start:
            break
    is_apart = len(found) > 1 or not (rest[-1:].isalnum() or rest[-1:] == ">")
    return (rest if is_apart else text), found


def _lines(body: str) -> list[str]:
    """Give the lines of clean HTML in which tags may stand: not code, not links."""
    if "#" not in body and "＃" not in body:
        return []
    text = _MARKUP.sub("", _BREAK.sub("\n", _NO_WORDS.sub("·", body)))
    return html.unescape(text).split("\n")


def _without_ending(body: str, text: str) -> tuple[str, str, list[str]]:
    """Take the tags from the end of a text whose last paragraph they end."""
    lines = [line for line in _lines(body) if line.strip()]
    _, found = _cut_tags(lines[-1] if lines else "")
    if not found or not body.endswith("</p>"):
        return body, text, found
    (of_body, _), (of_text, same) = _cut_tags(body.removesuffix("</p>")), _cut_tags(text)
    return (f"{of_body}</p>", of_text, found) if same == found else (body, text, found)


def _without_tag_lines(body: str, text: str, lone: Lone) -> tuple[str, str, list[str]]:
    """Take out the paragraphs of nothing but tags; give the tags of all lines that are tags only."""
    lines = [line for line in _lines(body) if line.strip()]
    found: list[str] = []
    taken: set[str] = set()
    for place, line in enumerate(lines, 1):
        tags = _only_tags(line)
        if len(tags) > 1 or lone == "anywhere" or (lone == "last" and place == len(lines)):
            found += tags
            taken |= set(tags)
    if not found:
        return body, text, []
    gone: set[str] = set()

    def judged(paragraph: re.Match[str]) -> str:
        tags = _only_tags(html.unescape(paragraph[1]))
        if not tags or not taken.issuperset(tags):
            return paragraph[0]
        gone.add(" ".join(html.unescape(paragraph[1]).split()))
        return ""

    body = _TAG_PARAGRAPH.sub(judged, body).strip()
    kept = [part for part in text.split("\n\n") if " ".join(part.split()) not in gone]
    return body, "\n\n".join(kept), found
