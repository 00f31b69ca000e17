"""fitting - the two halves of a mail from one decision: which look, and how much of the issue.

Mail programs cut what is too large, and the way out is at the end. So a mail that would be is drawn
anew, leaner each time: code without its colours, then the look `compact`, then that one cut behind
an item, to end with how many more the page tells. Measured is what a reader gets, slots filled.
Where there is no page to lead to, or nothing is small enough, the mail is as large as it is and
says so: preflight stops it, and `message` would not take it.
Faults: TemplateError. Never: one half without the other. See: lean, mail, text, preflight.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import replace

from publisher.model import LARGE_MAIL, MOST_MAIL, Edition, Newsletter, Published, Variant
from publisher.render import mail, text
from publisher.render.colouring import has_colours
from publisher.render.environment import Templates
from publisher.render.lean import cut, length
from publisher.render.message import filled_size
from publisher.render.pieces import COMPACT, seen
from publisher.render.view import IssueView


def editions(
    published: Published,
    newsletter: Newsletter,
    templates: Templates,
    variant: Variant | None = None,
) -> dict[str, Edition]:
    """Render the editions that are mailed, by name, personal slots open.

    `variant` is the one asked for, by default the newsletter's; the look taken is the editions'.
    """
    asked = variant or Variant(newsletter.language, newsletter.look.name)
    leaner = replace(asked, look=COMPACT)

    def drawn(variant: Variant, issue: IssueView, left_out: int = 0) -> Edition:
        made = mail.of_view(issue, published, newsletter, variant, templates, left_out=left_out)
        return replace(made, size_bytes=filled_size(made, newsletter))

    taken, issue = asked, seen(published, newsletter, asked, templates)
    made = drawn(taken, issue)
    if made.size_bytes > LARGE_MAIL and has_colours(made.body):
        issue = seen(published, newsletter, asked, templates, in_colours=False)
        made = drawn(taken, issue)
    if made.size_bytes > MOST_MAIL and issue.address and taken != leaner:
        taken, issue = leaner, seen(published, newsletter, leaner, templates)
        made = drawn(taken, issue)
    if made.size_bytes > MOST_MAIL and issue.address:
        made, issue = _cut(issue, lambda shorter, left: drawn(leaner, shorter, left))
    plain = text.of_view(issue, published, newsletter, taken, templates, left_out=made.left_out)
    return {"mail": made, "text": plain}


def _cut(issue: IssueView, draw: Callable[[IssueView, int], Edition]) -> tuple[Edition, IssueView]:
    """Keep as many items as fit; none, where not even one does."""
    whole = length(issue)
    drawn: dict[int, tuple[Edition, IssueView]] = {}

    def is_too_large(kept: int) -> bool:
        shorter = cut(issue, kept)
        drawn[kept] = draw(shorter, whole - kept), shorter
        return drawn[kept][0].size_bytes > MOST_MAIL

    kept = bisect_left(range(1, whole), True, key=is_too_large)
    if kept not in drawn:
        is_too_large(kept)
    return drawn[kept]
