"""asides - what is no news: contents lists, and the sections that the settings name.

They are taken out of the outline before the forms look at it, so that neither a contents list nor
an advert is counted among the items, nor outvotes them. What the settings call `drop` is left out
with a finding, and so is a list of contents, for every edition makes its own. `sponsor` and `prose`
are read by themselves and put back where they stood. A section that is boilerplate by its name
alone stays what it is: one note says which setting would change that.

Names are compared without regard to case and width, to the signs around them, emoji above all, and
to the number that counts them.
Faults: none. Never: drops anything without a finding; takes the headline for a section.
See: outline (the nodes), sections and items (who read what is left), model.SectionNames.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final

from publisher.digest.forms.items import prose_of, section_of
from publisher.digest.forms.sections import parts_of
from publisher.digest.forms.titles import beside_title
from publisher.digest.markup.bodies import Press
from publisher.digest.markup.outline import LISTS, Block, Node
from publisher.digest.markup.plain import title_text
from publisher.model import Finding, Level, Section, SectionNames

PROSE: Final = ("prose", "publisher.toml keeps this section as prose")
_LONGEST_NAME: Final = 200
# What makes signs and keys of other characters is no letter, though Unicode calls it a mark.
_SIGN_PARTS: Final = re.compile("[0-9#*]\ufe0f?\u20e3|[\ufe00-\ufe0f\u200d\u20e3]")
_COUNTED: Final = re.compile(
    r"[\W_]*(?:[0-9]{1,3}|[一二三四五六七八九十]{1,3})\s*[.、)\]](?![0-9])(?=.*[^\W\d_])"
)

SPONSOR: Final = frozenset(
    {
        "sponsor", "sponsors", "our sponsors", "our sponsor", "sponsored", "advertisement",
        "advertisements", "ads", "赞助", "赞助商", "本期赞助", "贊助", "贊助商", "广告", "廣告",
        "広告", "スポンサー", "광고", "스폰서", "реклама", "спонсор", "спонсоры", "anzeige",
        "anzeigen", "werbung", "sponsoren", "publicité", "publicidad", "patrocinador",
        "patrocinadores", "publicidade", "patrocínio", "pubblicità", "إعلان", "إعلانات",
        "الرعاة", "विज्ञापन", "प्रायोजक",
    }
)  # fmt: skip
"""Names under which nothing but adverts stand."""

SERVICE: Final = frozenset(
    {
        "subscribe", "how to subscribe", "unsubscribe", "license", "licence", "copyright",
        "credits", "legend", "contents", "table of contents", "订阅", "订阅渠道", "订阅方式",
        "如何订阅", "訂閱", "版权", "版权声明", "許可", "许可", "许可协议", "目录", "本期目录",
        "目錄", "購読", "購読方法", "ライセンス", "目次", "구독", "구독하기", "라이선스", "목차",
        "подписка", "подписаться", "лицензия", "содержание", "abonnieren", "lizenz",
        "inhaltsverzeichnis", "s'abonner", "abonnement", "sommaire", "suscríbete",
        "suscribirse", "licencia", "assine", "licença", "iscriviti", "اشترك", "الاشتراك",
        "الترخيص", "الفهرس", "सदस्यता", "सदस्यता लें", "लाइसेंस", "विषय सूची",
    }
)  # fmt: skip
"""Names under which stands what is the same in every issue."""


@dataclass(frozen=True, slots=True)
class Aside:
    """A section that is read by itself: an advert, or prose because the settings say so."""

    node: Node
    title: str
    line: int
    is_sponsor: bool


@dataclass(slots=True)
class TakenOut:
    """A digest's outline without its asides, the asides, and what there is to say of them."""

    root: Node
    asides: list[Aside] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def take_out(root: Node, names: SectionNames) -> TakenOut:
    """Take out of an outline what is no news; the outline given stays whole."""
    walk = _Walk(names)
    taken = TakenOut(walk.without(root, _headline(root)), walk.asides, walk.findings)
    if walk.unnamed:
        taken.findings.append(_unnamed(walk.unnamed))
    return taken


def is_boilerplate(title: str) -> bool:
    """Say whether a section is no news by its name alone."""
    return plain_name(title) in SPONSOR | SERVICE


def put_back(
    sections: tuple[Section, ...], asides: Iterable[Aside], press: Press
) -> tuple[Section, ...]:
    """Read the asides and put each where it stood, among the items of a section if need be."""
    for aside in asides:
        own = _read(aside, press)
        place = next((n for n, one in enumerate(sections) if _last_line(one) > aside.line), None)
        if place is None:
            sections += own
            continue
        before, after = _parted(sections[place], aside.line)
        sections = (*sections[:place], *before, *own, *after, *sections[place + 1 :])
    return sections


class _Walk:
    """Walks an outline and collects what does not stay in it."""

    def __init__(self, names: SectionNames) -> None:
        self._names = names
        self.asides: list[Aside] = []
        self.findings: list[Finding] = []
        self.unnamed: list[tuple[str, int]] = []

    def without(self, node: Node, headline: Node | None = None) -> Node:
        """Copy a node without what is no news below it."""
        own, children = [], []
        for block in node.own:
            if _is_contents(block):
                self.findings.append(_contents(block))
            else:
                own.append(block)
        for child in node.children:
            if child is headline or not self._takes(child):
                kept = self.without(child)
                if kept.own or kept.children or not (child.own or child.children):
                    children.append(kept)
        return Node(node.heading, own, children)

    def _takes(self, node: Node) -> bool:
        """Take a section the settings name; note one whose name says that they should."""
        heading = node.heading
        if not heading or not heading.title:
            return False
        title = heading.title
        if _is_named(title, self._names.drop):
            self.findings.append(_dropped(node, heading))
            return True
        is_sponsor = _is_named(title, self._names.sponsor)
        if is_sponsor or _is_named(title, self._names.prose):
            self.asides.append(Aside(node, title, heading.line, is_sponsor))
            return True
        if is_boilerplate(title) and not all(map(_is_contents, node.below())):
            self.unnamed.append((title, heading.line))
        return False


def _headline(root: Node) -> Node | None:
    """Give the heading that all others stand under, or would; it names the issue."""
    first = next(iter(root.children), None)
    if not first or not first.heading or first.heading.level != 1:
        return None
    rivals = [node for node in root.children[1:] if node.heading and node.heading.level == 1]
    return None if rivals else first


# --- reading an aside -------------------------------------------------------------


def _read(aside: Aside, press: Press) -> tuple[Section, ...]:
    if aside.is_sponsor:
        return tuple(replace(one, sponsor=True) for one in _forms_of(aside.node, press))
    beside = beside_title(aside.node.heading) if aside.node.heading else []
    html, text = prose_of([*beside, *aside.node.below()], press)
    return (
        Section(
            title=aside.title,
            form=PROSE[0],
            why=PROSE[1],
            html=html,
            text=text,
            line=aside.line,
        ),
    )


def _forms_of(node: Node, press: Press) -> list[Section]:
    """Read a section as if nothing stood beside it; a lone first heading would be the headline."""
    heading = node.heading and replace(node.heading, level=max(2, node.heading.level))
    alone = Node(None, [], [Node(heading, node.own, node.children)])
    return [section_of(part, press) for part in parts_of(alone).parts]


def _last_line(section: Section) -> int:
    return max([section.line or 0, *(item.line or 0 for item in section.items)])


def _parted(section: Section, line: int) -> tuple[list[Section], list[Section]]:
    """Part a section's items at a line; what comes after goes on without the title.

    The line is a heading's, so the prose above the first item after it stands before it.
    """
    if (section.line or 0) > line or not section.items:
        return [], [section]
    after = tuple(item for item in section.items if (item.line or 0) > line)
    before = section.items[: len(section.items) - len(after)]
    above = after[0]
    after = (replace(above, above_html="", above_text=""), *after[1:])
    rest = replace(section, items=after, title=None, html="", text="", line=above.line)
    closing_html, closing_text = above.above_html, above.above_text
    first = replace(section, items=before, closing_html=closing_html, closing_text=closing_text)
    return [first], [rest]


# --- names ------------------------------------------------------------------------


def plain_name(title: str) -> str:
    """Write a section's name as names are compared."""
    letters = _SIGN_PARTS.sub("", title[:_LONGEST_NAME])
    folded = unicodedata.normalize("NFKC", letters).casefold()
    counted = _COUNTED.match(folded)
    start, end = counted.end() if counted else 0, len(folded)
    while start < end and not _is_letter(folded[start]):
        start += 1
    while end > start and not _is_letter(folded[end - 1]):
        end -= 1
    return " ".join(folded[start:end].split())


def _is_letter(sign: str) -> bool:
    return unicodedata.category(sign)[0] in "LMN"


def _is_named(title: str, patterns: Iterable[str]) -> bool:
    name = plain_name(title)
    return bool(name) and any(_fits(name, pattern) for pattern in patterns)


def _fits(name: str, pattern: str) -> bool:
    """Compare a name with a pattern, whose stars stand for anything or nothing."""
    first, *others = [plain_name(piece) for piece in pattern.split("*")]
    if not others:
        return name == first
    *middle, last = others
    if not name.startswith(first):
        return False
    place = len(first)
    for piece in middle:
        found = name.find(piece, place)
        if found < 0:
            return False
        place = found + len(piece)
    return name.endswith(last) and len(name) - len(last) >= place


# --- contents lists ---------------------------------------------------------------


def _is_contents(block: Block) -> bool:
    """Say whether a block does nothing but lead to places in the digest itself."""
    if block.kind not in LISTS and block.kind != "paragraph_open":
        return False
    links = linked = words = 0
    for token in block.tokens:
        inside = False
        for child in token.children or ():
            if child.type == "link_open":
                if not str(child.attrs.get("href", "")).startswith("#"):
                    return False
                links, inside = links + 1, True
            elif child.type == "link_close":
                inside = False
            else:
                size = sum(map(str.isalpha, title_text([child])))
                linked, words = linked + size * inside, words + size * (not inside)
    return links > 1 and words <= (linked if block.kind in LISTS else 0)


# --- findings ---------------------------------------------------------------------


def _contents(block: Block) -> Finding:
    return Finding(
        Level.NOTE,
        "digest/contents-list",
        "This list of contents is left out: every edition makes its own, and its links would lead "
        "nowhere there.",
        "It may stay in the file, or be deleted.",
        block.line,
    )


def _dropped(node: Node, heading: Block) -> Finding:
    alone = Node(None, [], [Node(replace(heading, level=2), node.own, node.children)])
    count = sum(len(part.drafts) for part in parts_of(alone).parts)
    items = {0: "", 1: " with its item"}.get(count, f" with its {count} items")
    return Finding(
        Level.NOTE,
        "digest/section-dropped",
        f"The section “{heading.title}” is left out{items}, as publisher.toml says.",
        "To publish it, take its name from `drop` under [sections].",
        heading.line,
    )


def _unnamed(found: list[tuple[str, int]]) -> Finding:
    titles = list(dict.fromkeys(title for title, _ in found))
    adverts = [title for title in titles if plain_name(title) in SPONSOR]
    others = [title for title in titles if title not in adverts]
    setting = "; ".join(
        f"{key} = [{', '.join(_quoted(name) for name in named)}]"
        for key, named in (("sponsor", adverts), ("drop", others))
        if named
    )
    return Finding(
        Level.NOTE,
        "digest/boilerplate",
        f"By name this is no news: {', '.join(f'“{title}”' for title in titles)}. "
        "It is published like any other section.",
        f"To change that, write under [sections] in publisher.toml: {setting}; to keep it and hear "
        "no more of it, name it under `prose`.",
        found[0][1],
    )


def _quoted(title: str) -> str:
    return '"{}"'.format(plain_name(title).replace("\\", "").replace('"', ""))
