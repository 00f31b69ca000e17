"""series - what stands directly under a heading, read as a run of items or left as prose.

Lists, tables and paragraphs may all hold items; the one with the most of them carries the section,
and `why` says how many of how many fit. What is not claimed stays prose, in its order.
Faults: none; where nothing repeats, prose is the answer. Never: drops a block. See: tables (the
recognisers), sections (headings).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from publisher.digest.forms.drafts import Draft, numbered
from publisher.digest.forms.groups import bold_line, is_source
from publisher.digest.forms.links import (
    first_address,
    is_address,
    is_person,
    is_player,
    labelled_links,
    lines_of,
    only_links,
    opening_link,
)
from publisher.digest.forms.paragraphs import Paragraphs
from publisher.digest.forms.rows import table_rows
from publisher.digest.forms.tables import BULLETS, COUNTED, NEWS, PARAGRAPHS, ROWS
from publisher.digest.markup.outline import LISTS, Block, bullets_of
from publisher.digest.markup.plain import body_text, cells, line_text

_SHORTEST_TITLE_CELLS: Final = 8
_FIGURE: Final = re.compile(r"[^:：\n]{1,20}[:：][^:：\n。]{1,40}")
_NOTHING: Final = re.compile(
    r"\W*(?:\d+\.)?\W*(?:(?:no|none|nothing|n/a|nil|нет|keine?|aucune?|ning[uú]n\w*|nenhum\w*)\b"
    r"|暂无|本[周期]无|なし|ありません|없음|없습니다)",
    re.IGNORECASE,
)
_APART: Final = frozenset({"hr"})
_QUOTED: Final = frozenset({"blockquote_open", "fence", "code_block"})
_WORDS: Final = BULLETS[-1]


@dataclass(slots=True)
class Run:
    """Items found in a row of blocks: their form and why, the drafts, and the blocks between."""

    form: str
    why: str
    drafts: list[Draft] = field(default_factory=list)
    prose: list[Block] = field(default_factory=list)


def run_of(
    blocks: Sequence[Block],
    *,
    lists_only: bool = False,
    bulleted: bool = False,
    news: bool = False,
    form: str | None = None,
) -> Run | None:
    """Read blocks as a run of items; None where they hold none.

    `lists_only` leaves paragraphs prose; `bulleted` says that the digest's news stands in bullets,
    so that bullets of words alone are items, too; `news` takes paragraphs of prose for items where
    nothing stricter is found; `form` allows one form only.
    """
    listed = None if _are_sources(blocks) else _listed(blocks, form, bulleted=bulleted)
    runs = [listed, _rows(blocks)]
    runs += [] if lists_only else [_paragraphs(blocks, kind) for kind in PARAGRAPHS]
    found = [run for run in runs if run and form in {None, run.form}]
    told = _paragraphs(blocks, NEWS) if news or form == NEWS.name else None
    if told and (not found or _outweighs(told, found, bulleted=bulleted)):
        return told
    if not found:
        return None
    if lists_only:  # a service section may list links, but its words are no news
        found = [run for run in found if run.form != _WORDS.name]
    counted = [run for run in found if run.form == COUNTED.name]
    best = max(counted or found, key=lambda run: len(run.drafts), default=None)
    if best is None:
        return None
    best.drafts = numbered(best.drafts)
    return best


def is_contents(block: Block) -> bool:
    """Whether most bullets of a list lead to places in the digest itself: its table of contents."""
    if block.kind not in LISTS:
        return False
    bullets = bullets_of(block)
    led = sum(any(map(_leads_within, bullet)) for bullet in bullets)
    return led * 2 > len(bullets)


def _leads_within(block: Block) -> bool:
    """Whether the first link of a bullet, or of one nested in it, is an anchor."""
    addresses = (
        str(child.attrs.get("href", ""))
        for token in block.tokens
        for child in token.children or ()
        if child.type == "link_open"
    )
    return next(addresses, "").startswith(("#", "./#"))


def _outweighs(told: Run, found: Sequence[Run], *, bulleted: bool) -> bool:
    """Whether paragraphs of news tell more than the list that stands between them."""
    is_list = all(run.form.startswith("bullet") for run in found)
    return is_list and not bulleted and len(told.drafts) > max(len(run.drafts) for run in found)


def _are_sources(blocks: Sequence[Block]) -> bool:
    """Whether every list tells of the bold line above it."""
    lists = [n for n, block in enumerate(blocks) if block.kind in LISTS]
    return len(lists) > 1 and all(
        n and bold_line(blocks[n - 1]) and is_source(blocks[n]) for n in lists
    )


# --- lists ----------------------------------------------------------------------------


def _listed(blocks: Sequence[Block], wanted: str | None, *, bulleted: bool) -> Run | None:
    """Read the bullets of all lists, each in the first form it fits."""
    lists = {
        n: bullets_of(block)
        for n, block in enumerate(blocks)
        if block.kind in LISTS and not is_contents(block) and not _is_service(block)
    }
    found = {n: [_bullet(bullet) for bullet in bullets] for n, bullets in lists.items()}
    forms = Counter(name for bullets in found.values() for name, _ in bullets if name)
    count = sum(forms.values())
    if not count or not (_carries(blocks, forms, count) or bulleted):
        return None
    name, most = forms.most_common(1)[0]
    if wanted and wanted in forms:
        name, most = wanted, forms[wanted]
    says = next(form.says for form in BULLETS if form.name == name)
    run = Run(name, f"{most} of {count} bullets {says}")
    below: dict[int, list[Block]] = {}
    before = 0  # the list above
    for n, block in enumerate(blocks):
        if n in found:
            before = n
            run.drafts += [draft for _, draft in found[n] if draft]
        elif run.drafts and _belongs_above(blocks, n, before, lists):
            below.setdefault(len(run.drafts) - 1, []).append(block)
        else:
            run.prose.append(block)
    run.drafts = _with_below(run.drafts, below)
    return run


def _bullet(bullet: Sequence[Block]) -> tuple[str, Draft | None]:
    for form in BULLETS:
        if draft := form.match(bullet):
            return form.name, draft
    return "", None


def _is_service(block: Block) -> bool:
    """Whether a list names people, plays the issue, gives figures or says there is nothing."""
    bullets = bullets_of(block)
    if len(bullets) == 1 and _NOTHING.match(body_text(block.tokens)):
        return True
    firsts = [bullet[0].children if bullet else [] for bullet in bullets]
    links = [opening_link(children) for children in firsts]
    if all(link and is_person(link) and not line_text(link.rest).strip() for link in links):
        return True
    if len(bullets) == 1 and links[0] and is_player(links[0].address):
        return True
    return not any(links) and all(
        len(bullet) == 1
        and not first_address(bullet[0].children)
        and _FIGURE.fullmatch(body_text(bullet[0].tokens))
        for bullet in bullets
    )


def _carries(blocks: Sequence[Block], forms: Counter[str], count: int) -> bool:
    """Whether bullets are items: most have a link or a lead, or there is little beside them."""
    if (count - forms[_WORDS.name]) * 2 >= count:
        return True
    last = max(n for n, block in enumerate(blocks) if block.kind in LISTS)
    listed = sum(len(body_text(block.tokens)) for block in blocks if block.kind in LISTS)
    return listed * 2 > sum(len(body_text(block.tokens)) for block in blocks[: last + 1])


def _belongs_above(
    blocks: Sequence[Block], n: int, before: int, lists: dict[int, list[list[Block]]]
) -> bool:
    """Whether a block between bullets is part of the bullet above: a quotation, or one in turn."""
    if blocks[n].kind in _QUOTED:
        return True
    if bold_line(blocks[n]):
        return False
    last = next(reversed(lists))
    return len(lists) > 1 and len(lists[before]) == 1 and (n < last or before == last)


# --- tables ---------------------------------------------------------------------------


def _rows(blocks: Sequence[Block]) -> Run | None:
    run = Run(ROWS, "")
    tables = 0
    for block in blocks:
        drafts = table_rows(block) if block.kind == "table_open" else []
        tables += bool(drafts)
        run.drafts += drafts
        if not drafts:
            run.prose.append(block)
    run.why = f"{len(run.drafts)} rows of {tables} table{'s' * (tables > 1)} lead somewhere"
    return run if run.drafts else None


# --- paragraphs -----------------------------------------------------------------------


def _paragraphs(blocks: Sequence[Block], kind: Paragraphs) -> Run | None:
    """Read the paragraphs of one form; what follows one belongs to it where the form goes on."""
    run = Run(kind.name, "")
    opened = 0
    below: dict[int, list[Block]] = {}
    is_open = is_closing = False  # a rule ends an item, and what a section says
    tried = 0
    for block in blocks:
        is_paragraph = block.kind == "paragraph_open" and not (is_closing and kind is NEWS)
        drafts = kind.match(block) if is_paragraph else []
        tried += is_paragraph
        if drafts:
            run.drafts += drafts
            opened += 1
            is_open = True
        elif block.kind in _APART:
            is_open, is_closing = False, bool(run.drafts)
            run.prose.append(block)
        elif run.drafts and (is_open if kind.goes_on else block.kind in _QUOTED | LISTS):
            below.setdefault(len(run.drafts) - 1, []).append(block)
        else:
            run.prose.append(block)
    run.drafts = [_led_by_source(draft) for draft in _with_below(run.drafts, below)]
    if not _repeats(blocks, kind, run, opened):
        return None
    run.why = f"{opened} of {tried} paragraphs {kind.says}"
    return run


def _led_by_source(draft: Draft) -> Draft:
    """Take the address of an item from a line below it that only names its source."""
    if draft.address is not None:
        return draft
    for block in draft.body:
        lines = lines_of(block.children)
        if block.kind in LISTS and is_source(block):
            lines = [bullet[0].children for bullet in bullets_of(block)[:1]]
        for line in lines:
            if links := labelled_links(line) or only_links(line):
                return replace(draft, address=links[0].address, link_text=links[0].text)
    return draft


def _repeats(blocks: Sequence[Block], kind: Paragraphs, run: Run, opened: int) -> bool:
    """Whether a form of paragraph is met often enough to be one."""
    if not run.drafts:
        return False
    rule = next((n for n, block in enumerate(blocks) if block.kind in _APART), len(blocks))
    words = [block for block in blocks if block.kind == "paragraph_open"]
    before = [block for block in blocks[:rule] if block.kind == "paragraph_open"]
    if kind is NEWS:
        return opened * 2 > len(before)
    is_bare = all(is_address(draft.link_text) for draft in run.drafts)
    if kind.name == "link-paragraph" and is_bare and opened < len(before):
        return False  # addresses alone between prose are where the prose leads
    if kind.name == "link-paragraph" and opened * 2 <= sum(
        first_address(block.children) is not None for block in before
    ):
        return False
    if len(run.drafts) > 1:
        return kind.name != "bold-title" or any(draft.address for draft in run.drafts)
    if kind is COUNTED:  # a section may hold one of the items that are numbered all through
        return run.drafts[0].address is not None and run.drafts[0].line == words[0].line
    return _stands_alone(words, run.drafts[0])


def _stands_alone(words: Sequence[Block], draft: Draft) -> bool:
    """Whether one paragraph is an item: it comes first and the only link is that of its title."""
    others = [block for block in words[1:] if first_address(block.children)]
    if draft.address is None or is_player(draft.address):
        return False
    is_title = cells(draft.title) >= _SHORTEST_TITLE_CELLS
    return is_title and draft.line == words[0].line and not others


def _with_below(drafts: Sequence[Draft], below: Mapping[int, Sequence[Block]]) -> list[Draft]:
    """Add to the bodies of drafts, by their position, the blocks that go on below them.

    All at once: an item may go on over thousands of blocks.
    """
    return [
        replace(draft, body=(*draft.body, *below[n])) if n in below else draft
        for n, draft in enumerate(drafts)
    ]
