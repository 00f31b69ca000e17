"""links - where in a line a link stands: first, alone, last, behind a label.

Faults: none. Never: judges what an item is. See: titles, bullets, paragraphs, rows (who ask).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from markdown_it.token import Token

from publisher.digest.markup.plain import cells, line_text, title_text
from publisher.digest.markup.raw import BREAK

AFTER_TITLE: Final = " \t\n.,:;·|–—-。，：；、•"
"""The signs that part a title from the text after it."""

_WRAPPERS: Final = frozenset({"strong_open", "em_open", "s_open"})
_NUMBER: Final = re.compile(r"\s*(?:\d{1,4}\s*[.、．)）:]?|[(（]\d{1,4}[)）])\s*")
_TAG: Final = re.compile(r"\s*[\[【(（][\w /-]{1,14}[\])）】]\s*")
_BRACKETS: Final = frozenset("([{（【「『《“‘\"'<")
_WEB: Final = re.compile(r"https?://|//", re.IGNORECASE)
_OTHER_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_LABEL: Final = re.compile(r"[^\n:：]{1,40}[:：]\s*")
_LABELS: Final = re.compile(
    r"[^\w]*(?:(?:read|see|learn|continue)\s(?:it|more|on|reading|here)?|more|links?|sources?|papers?|pdf"
    r"|html|arxiv|abs(?:tract)?|code|github|hugging\s?face|project(?: page)?|web\s?(?:site|page)|home\s?page"
    r"|demo|video|blog(?: post)?|posts?|article|(?:click )?here|click|details?|full (?:text|story)|announcement"
    r"|(?:阅读|查看|点击|访问)?(?:原文|全文|详情|更多|链接|这里|论文|代码|项目|文章|视频|博客|主页|官网|来源|地址|网址|仓库)"
    r"(?:链接|地址|主页|页面)?|传送门|了解更多|続きを読む|詳細|リンク|論文|記事|公式(?:サイト)?|こちら"
    r"|원문|링크|자세히|читать(?: далее)?|источник|подробнее|ссылка|статья|тут|здесь|weiterlesen|mehr|hier|quelle"
    r"|lire la suite|lien|source|ici|leer más|enlace|fuente|aquí|ler mais|aqui)[^\w]*",
    re.IGNORECASE,
)
_PLAYED: Final = re.compile(r"\.(?:mp3|m4a|ogg|opus|wav|mp4|webm)(?:$|\?)", re.IGNORECASE)
_MOST_LABEL_CELLS: Final = 24


@dataclass(frozen=True, slots=True)
class Opening:
    """A link found where it stands alone or first, and the inline tokens without it."""

    text: str
    address: str
    rest: tuple[Token, ...] = ()
    tag: str = ""  # `[video]`, `(easy)` before the link
    pictures: tuple[Token, ...] = ()  # before the link or in it

    @property
    def lead(self) -> tuple[Token, ...]:
        """The pictures and the tag before the link, with which a body may begin."""
        tag = (Token("text", "", 0, content=f"{self.tag} "),) if self.tag else ()
        gap = (Token("text", "", 0, content=" "),) if self.pictures else ()
        return (*self.pictures, *gap, *tag)


@dataclass(frozen=True, slots=True)
class Titled:
    """A title with its links: its words, the links, how they are shown, and what follows."""

    words: tuple[Token, ...]
    links: tuple[Opening, ...]
    shown: tuple[Token, ...]
    rest: tuple[Token, ...]


def opening_link(children: Sequence[Token]) -> Opening | None:
    """Find the link a line opens with; signs, a number, a tag and emphasis may stand before it."""
    for index, child in enumerate(children):
        if child.type == "link_open":
            link, after = _link_at(children, index)
            if link and not link.text:  # a picture that leads somewhere is no title
                return None
            while link and after < len(children) and children[after].type == "link_open":
                more, end = _link_at(children, after)  # `[Half a ](u)[**title**](u)` is one link
                if not more or more.address != link.address:
                    break
                link, after = replace(link, text=f"{link.text} {more.text}".strip()), end
            before = [child for child in children[:index] if child.type != "text"]
            before = [child for child in before if child.nesting]
            rest = _without_empty_wrappers([*before, *children[after:]])
            pictures = tuple(one for one in children[:after] if one.type == "image")
            tag = _tag_of(children[:index])
            return link and replace(link, rest=tuple(rest), tag=tag, pictures=pictures)
        is_wrapper = child.type.replace("_close", "_open") in _WRAPPERS
        is_quiet = (child.type == "text" and _is_quiet(child.content)) or is_wrapper
        if not is_quiet and child.type != "image" and not _is_blank(child):
            return None
    return None


def only_links(children: Sequence[Token]) -> list[Opening]:
    """Give the links of a line that holds links and signs only; none where it holds words."""
    found: list[Opening] = []
    depth = 0
    for index, child in enumerate(children):
        if child.type == "link_open":
            link, _ = _link_at(children, index)
            if link:
                found.append(link)
            depth += 1
        elif child.type == "link_close":
            depth -= 1
        elif depth == 0 and not _is_between_links(child):
            return []
    return found


def labelled_links(children: Sequence[Token]) -> list[Opening]:
    """Give the links of a line `Label: link`, with or without emphasis; none of another line."""
    first = next((n for n, child in enumerate(children) if child.type == "link_open"), None)
    if not first:
        return []
    label = line_text(children[:first]).strip()
    is_label = _LABEL.fullmatch(label) is not None and cells(label) <= _MOST_LABEL_CELLS
    return only_links(children[first:]) if is_label else []


def trailing_links(children: Sequence[Token]) -> tuple[list[Token], list[Opening]]:
    """Part a line from the links it ends with; no links where words stand after the last."""
    first, depth = len(children), 0
    for index in range(len(children) - 1, -1, -1):
        child = children[index]
        depth += (child.type == "link_close") - (child.type == "link_open")
        if child.type == "link_open":
            first = index
        elif depth == 0 and not _is_between_links(child):
            break
    links = only_links(children[first:])
    return list(children[: first if links else None]), links


def title_and_links(children: Sequence[Token]) -> Titled | None:
    """Part a title from its address at the end of the line, or from its links on the next one."""
    line, after = first_line(children)
    words, links = trailing_links(line)
    if links and line_text(words).strip() and all(is_address(link.text) for link in links):
        return Titled(tuple(words), tuple(links), tuple(line[len(words) :]), tuple(after))
    below, rest = first_line(after)
    links = only_links(below)
    if links and not any(child.type == "link_open" for child in line) and line_text(line).strip():
        return Titled(tuple(line), tuple(links), tuple(below), tuple(rest))
    return None


def first_address(children: Sequence[Token]) -> str | None:
    """Give the first address in a line that leads somewhere, to a person only if to nothing else."""
    links = links_in(children)
    others = [link for link in links if not is_person(link)]
    return next((link.address for link in [*others, *links]), None)


def links_in(children: Sequence[Token]) -> list[Opening]:
    """Give the links of a line that lead somewhere, in their order."""
    found = (
        _link_at(children, index)[0]
        for index, child in enumerate(children)
        if child.type == "link_open"
    )
    return [link for link in found if link]


def is_address(text: str) -> bool:
    """Whether a text is an address shown as such."""
    return _WEB.match(text.strip()) is not None and " " not in text.strip()


def unless_address(text: str, address: str = "") -> str | None:
    """Give a link's words, None where they are only its address, with or without the scheme."""
    bare = address.partition("://")[2].rstrip("/")
    is_shown = bool(bare) and text.rstrip("/").casefold() == bare.casefold()
    return None if not text or is_address(text) or is_shown else text


def translation_of(link: Opening, title: str) -> str | None:
    """Give a link's words where they are the title in another language; None for `Read more`."""
    words = unless_address(link.text, link.address)
    return None if not words or words == title or _LABELS.fullmatch(words) else words


def leads_somewhere(address: str) -> bool:
    """Whether an address leads to a page; anchors and `mailto:` do not."""
    if not address or address.startswith(("#", "./#")):
        return False
    return _WEB.match(address) is not None or not _OTHER_SCHEME.match(address)


def is_player(address: str) -> bool:
    """Whether an address is that of a sound or a film: a link to play the issue, not news."""
    return _PLAYED.search(address) is not None


def is_person(link: Opening) -> bool:
    """Whether a link names a person: `[@name](...)`, or `[name](https://host/name)`."""
    if re.fullmatch(r"@[\w.-]+", link.text):
        return True
    name = link.text.casefold()
    path = link.address.partition("://")[2].partition("/")[2].strip("/").lstrip("@")
    return bool(name) and name == path.casefold()


def lines_of(children: Sequence[Token]) -> list[list[Token]]:
    """Cut the inline tokens of a paragraph into its lines, empty ones left out."""
    lines: list[list[Token]] = [[]]
    for child in children:
        if is_break(child):
            lines.append([])
        else:
            lines[-1].append(child)
    return [line for line in lines if not all(map(_is_blank, line))]


def first_line(children: Sequence[Token]) -> tuple[Sequence[Token], Sequence[Token]]:
    """Part the inline tokens of a paragraph after its first line."""
    for index, child in enumerate(children):
        if is_break(child):
            end = index
            while end < len(children) and _is_blank(children[end]):
                end += 1
            return children[:index], children[end:]
    return children, ()


def without_breaks(children: Sequence[Token]) -> tuple[Token, ...]:
    """Take breaks and spaces off both ends of a line."""
    start, end = 0, len(children)
    while start < end and _is_blank(children[start]):
        start += 1
    while end > start and _is_blank(children[end - 1]):
        end -= 1
    return tuple(children[start:end])


def is_sign(text: str) -> bool:
    """Whether a text only counts or decorates."""
    if _NUMBER.fullmatch(text):
        return True
    return len(text) < 12 and not any(map(str.isalnum, text)) and not _BRACKETS & set(text)


def is_break(token: Token) -> bool:
    """Whether a line ends here: at a soft or hard break or a `<br>`."""
    return token.type in {"softbreak", "hardbreak"} or (
        token.type == "html_inline" and BREAK.match(token.content) is not None
    )


def _is_between_links(child: Token) -> bool:
    """Whether a token says nothing: signs, a break, a raw tag."""
    if not child.content or child.type == "html_inline":
        return True
    return child.type == "text" and not any(map(str.isalnum, child.content))


def _tag_of(children: Sequence[Token]) -> str:
    texts = (child.content.strip() for child in children if child.type == "text")
    return next((text for text in texts if _TAG.fullmatch(text) and not is_sign(text)), "")


def _is_quiet(text: str) -> bool:
    return is_sign(text) or _TAG.fullmatch(text) is not None


def _is_blank(token: Token) -> bool:
    return is_break(token) or (token.type == "text" and not token.content.strip())


def _link_at(children: Sequence[Token], index: int) -> tuple[Opening | None, int]:
    """Read the link that opens at an index; give it, and the index after it."""
    end = next((i for i in range(index, len(children)) if children[i].type == "link_close"), index)
    address = str(children[index].attrs.get("href", ""))
    if not leads_somewhere(address):
        return None, end + 1
    words = [child for child in children[index + 1 : end] if child.type != "image"]
    return Opening(title_text(words), address), end + 1


def _without_empty_wrappers(children: list[Token]) -> list[Token]:
    kept: list[Token] = []
    for child in children:
        is_close = child.type.endswith("_close")
        if is_close and kept and kept[-1].type == child.type.replace("_close", "_open"):
            kept.pop()
        elif not (child.type == "text" and not child.content):
            kept.append(child)
    return kept
