"""feeds.content - an issue, or one of its items, as HTML for feed readers.

No classes, no styles, no formulas in MathML; every address whole, for readers ignore `xml:base`.
Faults: none. Never: drops words of the digest. See: render.view (what is shown), render.page.
"""

from __future__ import annotations

from html import escape

from markupsafe import Markup

from publisher.model import Newsletter
from publisher.render.feeds.names import title_of
from publisher.render.fragments import absolute, without_mathml
from publisher.render.view import IssueView, ItemView
from publisher.render.words import direction, list_words


def of_issue(issue: IssueView) -> str:
    """Write the whole issue; its items are anchors, as they are on its page."""
    parts = [issue.html]
    for section in issue.sections:
        if section.label:
            parts.append(Markup("<p><small>{}</small></p>").format(section.label))
        if section.title:
            parts.append(Markup("<h2>{}</h2>").format(section.title))
        parts.append(section.html)
        level = "h3" if section.title else "h2"
        for item in section.items:
            opening = Markup('<{0} id="{1}"{2}>{3}</{0}>').format(
                level, item.anchor, _lang(item.language), _led(item)
            )
            parts += [*_apart(item.above_html), opening, *_below(item, issue.language)]
        parts += _apart(section.closing_html)
    # an entry without content is none in JSON Feed, and readers would fetch the page for it
    return _whole(parts, issue) or f"<p>{escape(issue.headline)}</p>"


def of_item(item: ItemView, issue: IssueView, newsletter: Newsletter) -> str:
    """Write one item: what it is about and where, then its text, then the issue it is from."""
    opening = Markup("<p{}>{}</p>").format(_lang(item.language), _led(item))
    if not item.url and not item.sentence:
        opening = Markup("")  # its title alone, which stands above already
    link = Markup('<a href="{}#{}">{}</a>').format(issue.address, item.anchor, issue.headline)
    name = link if issue.address else issue.headline
    # an issue without a title is called after its newsletter already
    called = (title_of(newsletter), name) if issue.is_titled else (name,)
    source = Markup("<p><small>{}</small></p>").format(Markup(" · ").join(called))
    return _whole([opening, *_below(item, issue.language), source], issue)


def _led(item: ItemView) -> Markup:
    """Give what leads an item: its title with its address, or its sentence with links of its own."""
    title = Markup('<a href="{}">{}</a>').format(item.url, item.title) if item.url else item.title
    return item.sentence or Markup("{}").format(title)


def _below(item: ItemView, language: str) -> list[Markup]:
    second = Markup("<p{}><em>{}</em></p>").format(_lang(item.second_language), item.second or "")
    signed = Markup("<p>{}</p>").format(list_words(language, item.authors))
    return [
        second if item.second else Markup(""),
        signed if item.authors else Markup(""),
        item.html,
    ]


def _apart(html: Markup) -> list[Markup]:
    """Part prose of a section from the item above it, where no style can."""
    return [Markup("<hr>"), html] if html else []


def _lang(language: str | None) -> Markup:
    return Markup(' lang="{}"').format(language) if language else Markup("")


def _whole(parts: list[Markup], issue: IssueView) -> str:
    whole = "\n".join(part for part in parts if part)
    if whole and direction(issue.language) == "rtl":
        whole = f'<div dir="rtl">\n{whole}\n</div>'
    return absolute(without_mathml(whole), issue.address)
