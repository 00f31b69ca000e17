"""editions - the editions of an issue as the desk shows them, made at the moment of asking.

Floor 1 renders them; here is only which function makes which file of the table. The e-mail is
addressed to a reader who does not exist, its links to unsubscribe lead nowhere.
Faults: TemplateError, RefusedError (no sender is set). Never: keeps, sends. See: render.EDITIONS.
"""

from __future__ import annotations

from publisher.addresses import issue_address, unsubscribe_address
from publisher.model import Edition, Kind, Newsletter, Published
from publisher.render import EDITIONS, Templates, feed, message, pages
from publisher.render.fitting import editions

READER = "reader@example.org"


def made(file: str, published: Published, newsletter: Newsletter, templates: Templates) -> bytes:
    """Make one edition by its file name ("issue.eml"); KeyError where there is no such edition."""
    name = {known: name for name, (known, _, _) in EDITIONS.items()}[file]
    if name == "message":
        return _letter(published, newsletter, templates)
    edition = _edition(name, published, newsletter, templates)
    shown = message.sample(edition, newsletter).body
    if name == "mail":  # its pictures are shown from here: the site may not be out there yet
        page = issue_address(newsletter, published.record.slug)
        for picture in published.issue.pictures:
            shown = shown.replace(f'src="{page}{picture.file}"', f'src="{picture.file}"')
    return shown.encode("utf-8")


def _edition(
    name: str, published: Published, newsletter: Newsletter, templates: Templates
) -> Edition:
    if name in ("mail", "text"):
        return editions(published, newsletter, templates)[name]
    if name == "page":
        return pages.render(published, newsletter, templates)
    feeds = {"rss": feed.rss, "atom": feed.atom, "json": feed.json_feed}
    return feeds[name]([published], newsletter, templates)


def _letter(published: Published, newsletter: Newsletter, templates: Templates) -> bytes:
    record = published.record
    halves = editions(published, newsletter, templates)
    prepared = message.prepare(
        halves["mail"],
        halves["text"],
        newsletter,
        kind=Kind.ISSUE,
        issue_id=record.id,
        slug=record.slug,
        date=record.published,
        leaves=False,
    )
    # RFC 8058 and the mail's own footer take only whole https addresses.
    link = unsubscribe_address(newsletter, "nobody")
    return prepared.fill(
        address=READER,
        name="",
        message_id="<seen-at-the-desk@localhost>",
        unsubscribe=link if link.startswith("https://") else None,
    )
