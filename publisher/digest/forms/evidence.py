"""evidence - what is found out about the headings of a digest before its sections are made.

Which form each heading is in and how often that form is met; whether the digest's news stands in
bullets; whether a heading is an item, tells a story, or heads a section. All of it is kept: the
same heading is asked about again and again.
Faults: none. Never: makes sections. See: sections (asks), rubrics (where only words can tell).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from publisher.digest.forms.drafts import Draft
from publisher.digest.forms.links import first_address
from publisher.digest.forms.rubrics import (
    is_credits,
    is_for_one,
    is_quotation,
    is_rubric,
    is_service,
    names_one_thing,
    promises_news,
)
from publisher.digest.forms.series import Run, is_contents, run_of
from publisher.digest.forms.tables import HEADINGS, NEWS, STORY
from publisher.digest.forms.titles import labels_of, told
from publisher.digest.markup.outline import LISTS, Block, Node
from publisher.digest.markup.plain import body_text

_SUMMARY: Final = re.compile(
    r"\W*(?:tl;?\s?dr|in short|in brief|summary|in this (?:issue|week)|概览|摘要|要点|本期|目次|요약)",
    re.IGNORECASE,
)
_NUMBERED: Final = re.compile(r"\d{1,3}\s*[.、．)）]")
_LINKED: Final = frozenset({"bullet-link", "bullet-address", "bullet-sentence"})


class Evidence:
    """What is known of each heading of one digest."""

    def __init__(self, root: Node, form: str | None) -> None:
        """Look at every heading once; `form` allows one form only."""
        self._form = form
        self._headings = [row for row in HEADINGS if form in {None, row.name}]
        self._matches: dict[int, dict[str, Draft]] = {}
        self._runs: dict[int, Run | None] = {}
        self._holds: dict[int, bool] = {}
        self._told: dict[int, bool] = {}
        self._votes = self._count(root)
        self.is_bulleted = self._are_links_rubrics = False
        self.is_bulleted = self._are_bullets_news(root)

    def _count(self, root: Node) -> Counter[str]:
        """Count over the whole digest how often each form of heading is met."""
        votes: Counter[str] = Counter()
        for node in _all_of(root):
            self.know(node)
        self._forget_unshared_labels(root)
        for found in self._matches.values():
            votes.update(found.keys())
        return votes

    def _forget_unshared_labels(self, root: Node) -> None:
        """Keep labelled headings only where others have the same labels: `- URL: u` each time."""
        labelled = [node for node in _all_of(root) if "labelled-heading" in self._matches[id(node)]]
        met = Counter(label for node in labelled for label in set(labels_of(node)))
        for node in labelled:
            labels = set(labels_of(node))
            shared = sum(met[label] > 1 for label in labels)
            is_list = any(block.kind in LISTS for block in node.own)
            if is_list and (shared < 2 or shared * 2 < len(labels)):
                del self._matches[id(node)]["labelled-heading"]

    def know(self, node: Node) -> None:
        """Find the forms a heading is in."""
        self._matches[id(node)] = {
            row.name: draft for row in self._headings if (draft := row.match(node))
        }

    def _are_bullets_news(self, root: Node) -> bool:
        """Whether the news of the digest stands in bullets, under most headings that have some."""
        listed = [
            node
            for node in _all_of(root)
            if any(block.kind in LISTS and not is_contents(block) for block in node.own)
        ]
        linked = [node for node in _all_of(root) if "linked-heading" in self._matches[id(node)]]
        plain = [node for node in listed if "linked-heading" not in self._matches[id(node)]]
        self._are_links_rubrics = len(linked) < len(plain)
        runs = [run_of(node.own) for node in listed if not self._matches[id(node)]]
        strict = [run for run in runs if run and run.form.startswith("bullet")]
        filled = [node for node in _all_of(root) if node.own]
        return len(strict) > 1 and len(strict) * 3 >= max(len(listed) * 2, len(filled))

    def is_item(self, node: Node) -> bool:
        """Whether a heading is an item: in a form that repeats, or without rivals below it."""
        votes = self._vote(node)
        title = title_of(node)
        is_linked = "linked-heading" in self._matches[id(node)]
        if not votes or is_quotation(title) or (is_service(title) and not is_linked):
            return False
        if node.heading and self._heads_a_list(node):
            return False
        below = list(node.children)
        while below:
            child = below.pop()
            if self._matches[id(child)]:
                return False
            below += child.children
        if votes > 1:
            return True
        if not self._matches[id(node)].keys() - {"labelled-heading"}:
            return False  # labels stand in prose, too; only many make a form
        run = self.run(node)
        return not (run and len(run.drafts) > 1) and len(node.children) < 2

    def _heads_a_list(self, node: Node) -> bool:
        """Whether a heading, though it is a link, is a rubric over nothing but a list of links."""
        if not self._are_links_rubrics or "linked-heading" not in self._matches[id(node)]:
            return False
        run = self.run(node)
        title = title_of(node)
        if is_rubric(title):
            return True
        return run is not None and run.form in _LINKED and node.own[0].kind in LISTS

    def _vote(self, node: Node) -> int:
        """Say how often the form a heading is in is met in the digest; 0 where it is in none."""
        return max((self._votes[name] for name in self._matches.get(id(node), ())), default=0)

    def run(self, node: Node) -> Run | None:
        """Read what stands directly under a heading as a run of items."""
        if id(node) not in self._runs:
            title = title_of(node)
            self._runs[id(node)] = (
                None
                if is_credits(title) and not self._form
                else run_of(
                    node.own,
                    lists_only=is_service(title),
                    bulleted=self.is_bulleted,
                    form=self._form,
                )
            )
        return self._runs[id(node)]

    def holds_items(self, node: Node) -> bool:
        """Whether something below a heading is an item itself."""
        if id(node) not in self._holds:
            run = self.run(node)
            self._holds[id(node)] = (run is not None and not self.is_told(node)) or any(
                self.is_item(child) or self.holds_items(child) for child in node.children
            )
        return self._holds[id(node)]

    def is_told(self, node: Node) -> bool:
        """Whether a heading stands over prose rather than over a list, a table or a row of items."""
        if id(node) not in self._told:
            is_story = self._form in {None, STORY.name} and STORY.match(node) is not None
            run = self.run(node) if is_story and not _counts_below(node) else None
            is_prose = run is None or "bullet" in run.form
            self._told[id(node)] = is_story and not _counts_below(node) and is_prose
        return self._told[id(node)]

    def is_preface(self, node: Node, run: Run) -> bool:
        """Whether bullets between lines of prose, before headings with items, only greet."""
        if node.heading or not run.form.startswith("bullet") or not run.prose:
            return False
        first = next(n for n, block in enumerate(node.own) if block.kind in LISTS)
        is_between = any(block.kind == "paragraph_open" for block in node.own[first:])
        if not is_between and not any(
            _SUMMARY.match(body_text(block.tokens)) for block in run.prose
        ):
            return False
        return any(
            self.is_item(child) or self.holds_items(child) or self.is_told(child)
            for child in node.children
        )

    def may_be_told(self, node: Node, run: Run) -> bool:
        """Whether a list below a rubric may be part of one of the paragraphs beside it."""
        return run.form.startswith("bullet") and not self.is_bulleted and is_rubric(title_of(node))

    def news(self, title: str, blocks: Sequence[Block]) -> Run | None:
        """Take paragraphs for items below a heading that promises news; else leave prose."""
        is_quoted = bool(blocks) and blocks[0].kind == "blockquote_open"
        if is_quoted or is_quotation(title) or is_service(title) or is_credits(title):
            return None
        run = run_of(blocks, bulleted=self.is_bulleted, news=True, form=self._form)
        if run and self.is_bulleted and not (is_for_one(title) or promises_news(title)):
            words = [block for block in blocks if block.kind == "paragraph_open"]
            if len(words) < 2 or any(not first_address(block.children) for block in words):
                return None
        if run and run.form == NEWS.name and is_for_one(title):
            run.drafts = [_told_in_one(run.drafts, blocks)]
        return run

    def repeats(self, node: Node, items: set[int]) -> bool:
        """Whether the form of a heading alone among its neighbours is met elsewhere too."""
        return any(self._vote(node.children[i]) > 1 for i in items)

    def stories(self, node: Node, items: set[int]) -> set[int]:
        """Say which headings tell one story each: all that stand over prose, or those named so.

        Where all siblings stand over prose they are stories; where some are sections with items, a
        heading over prose is a story when its words name one thing and not a kind of news.
        """
        prose = {
            i
            for i, child in enumerate(node.children)
            if i not in items and self.is_told(child) and not self.holds_items(child)
        }
        titles = {i: title_of(node.children[i]) for i in prose}
        rubrics = {i for i in prose if is_rubric(titles[i])}
        count = len(node.children)
        if len(prose) > max(1, len(items)):
            others = set(range(count)) - items - prose
            alike = {i for i in others if self._is_like_story(node.children[i])}
            if len(prose) + len(items) >= 0.9 * count:
                return set() if len(rubrics) * 2 > len(prose) else prose - rubrics | alike
            if (len(prose) - len(rubrics)) * 3 >= 2 * count:
                return prose - rubrics | alike
        is_alike = len(items) * 2 >= count
        named = {i for i in prose if names_one_thing(titles[i])}
        alike = {i for i in prose - rubrics if is_alike and not is_service(titles[i])}
        return named | alike

    def _is_like_story(self, node: Node) -> bool:
        """Whether a heading among stories is one, too, though it stands over a list."""
        title = title_of(node)
        return (
            bool(node.own) and not node.children and not is_rubric(title) and not is_service(title)
        )

    def draft(self, node: Node) -> tuple[str, Draft]:
        """Read a heading in the form that is met most often in the digest, else as a story."""
        found = self._matches[id(node)]
        if found:
            name = max(found, key=lambda name: self._votes[name])
            return name, found[name]
        return STORY.name, told(node)


def title_of(node: Node) -> str:
    """Give a heading's words; the root has none."""
    return node.heading.title if node.heading else ""


def _told_in_one(drafts: Sequence[Draft], blocks: Sequence[Block]) -> Draft:
    """Make one draft of paragraphs that tell of one thing; a bold lead within is no title then."""
    first, *others = drafts
    whole = {block.line: block for block in blocks}
    rest = [block for draft in others for block in (whole[draft.line], *draft.body[1:])]
    return replace(first, body=(*first.body, *rest))


def _all_of(root: Node) -> list[Node]:
    """Give the root and every heading below it."""
    found = [root]
    for node in found:
        found += node.children
    return found


def _counts_below(node: Node) -> bool:
    """Whether the headings below one are numbered: `1. ...`, `2. ...` each stand for themselves."""
    titles = [child.heading.title for child in node.children if child.heading]
    return len(titles) > 1 and all(_NUMBERED.match(title) for title in titles)
