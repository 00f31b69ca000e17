"""tables - the tables of item forms: each way of writing an item, with its recogniser.

A recogniser sees one unit - a heading with what stands under it, a bullet, a paragraph, a table -
and gives a draft of the item, or nothing. It does not know its neighbours: which form a section is
in is decided by repetition, in sections. A new form is a function in the module of its unit and a
row here; the strictest stand first.
Faults: none. See: titles, bullets, paragraphs, rows (the units), sections (the choice).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from publisher.digest.forms.bullets import (
    bullet_address,
    bullet_lead,
    bullet_link,
    bullet_sentence,
    bullet_title_address,
    bullet_words,
)
from publisher.digest.forms.drafts import Form
from publisher.digest.forms.paragraphs import (
    Paragraphs,
    bold_title,
    lead_paragraph,
    link_paragraph,
    news_paragraph,
    numbered_paragraph,
    title_lines,
    title_over_text,
)
from publisher.digest.forms.titles import (
    heading_then_link,
    heading_with_links,
    labelled_heading,
    linked_heading,
    story,
)
from publisher.digest.markup.outline import Block, Node

HEADINGS: Final[tuple[Form[Node], ...]] = (
    Form("heading-then-link", "are followed by a line that is only a link", heading_then_link),
    Form("linked-heading", "are one link each", linked_heading),
    Form("heading-with-links", "end with their links", heading_with_links),
    Form("labelled-heading", "stand over labelled lines", labelled_heading),
)
STORY: Final[Form[Node]] = Form("story", "stand over prose, without a link of their own", story)
BULLETS: Final[tuple[Form[Sequence[Block]], ...]] = (
    Form("bullet-link", "open with a link", bullet_link),
    Form("bullet-address", "are an address each", bullet_address),
    Form("bullet-title-address", "are a title with its address", bullet_title_address),
    Form("bullet-lead", "open with a bold lead", bullet_lead),
    Form("bullet-sentence", "are sentences with a link", bullet_sentence),
    Form("bullet-words", "are words alone", bullet_words),
)
COUNTED: Final = Paragraphs("numbered-paragraph", "begin with a number", numbered_paragraph)
"""Items that carry a number: what stands between two numbers belongs to the first."""
PARAGRAPHS: Final = (
    COUNTED,
    Paragraphs("bold-title", "are a bold title", bold_title),
    Paragraphs("title-address", "are titles with their addresses", title_lines),
    Paragraphs("title-address", "are a title over its address", title_over_text),
    Paragraphs("paragraph-lead", "open with a bold lead", lead_paragraph),
    Paragraphs("link-paragraph", "open with a link", link_paragraph),
)
NEWS: Final = Paragraphs("paragraph", "tell of a link each", news_paragraph, goes_on=False)
ROWS: Final = "table-row"
PROSE: Final = "prose"
NAMES: Final = (
    *(form.name for form in (*HEADINGS, STORY)),
    *(form.name for form in BULLETS),
    *dict.fromkeys(kind.name for kind in (*PARAGRAPHS, NEWS)),
    ROWS,
    PROSE,
)
"""The names a digest may ask for with `form:` in its front matter."""
