"""digest - the bytes of a digest file in, what it says out.

    source/   bytes -> decode -> characters -> comments -> clean text
    stated/   front -> directives, facts, languages
    source/   template_tags
    markup/   markdown -> outline
    splitting (one digest, many issues) -> asides (what is no news)
    forms/    sections -> items
    topics -> Issues

Each step is a small module that can be read alone. An editor's slip never raises: a digest that
cannot be read comes back without issues and with a `stop` finding that names line, column and
remedy; everything else that is odd is a finding beside the issue.
Faults: as findings, all of a digest at once.
Never: opens files, asks the time, invents a fact. See: model (what comes out), identity (who next).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date
from html import unescape
from typing import Any, Final

from markdown_it.token import Token

from publisher.digest.asides import put_back, take_out
from publisher.digest.forms.cutoff import cut_off
from publisher.digest.forms.items import prose_of, section_of
from publisher.digest.forms.parts import Part
from publisher.digest.forms.sections import parts_of
from publisher.digest.forms.tables import PROSE
from publisher.digest.markup.anchors import settle_anchors
from publisher.digest.markup.bodies import Press
from publisher.digest.markup.markdown import MAX_NESTING, parser, tidy
from publisher.digest.markup.outline import Node, blocks_of, outline
from publisher.digest.markup.references import undefined_references
from publisher.digest.source.characters import at_the_door, straighten
from publisher.digest.source.comments import without_comments
from publisher.digest.source.decode import MAX_BYTES, decode
from publisher.digest.source.foreign import not_markdown
from publisher.digest.source.template_tags import without_template_tags
from publisher.digest.splitting import Piece
from publisher.digest.splitting import split as divide
from publisher.digest.stated import facts, languages
from publisher.digest.stated.directives import Stated, read_directives
from publisher.digest.stated.front import split
from publisher.digest.topics import lexicon, with_topics
from publisher.model import Extent, Finding, Issue, Level, Newsletter, Reading, Section

__all__ = ["MAX_BYTES", "read"]

_LINK: Final = re.compile(r"<a [^>]*>(.*?)</a>", re.DOTALL)
_CODE: Final = re.compile(r"<pre>(.*?)</pre>", re.DOTALL)
_TAG: Final = re.compile(r"<[^>]*>")
ANY: Final = Newsletter(slug="", title="")
"""The newsletter of a digest that is read outside a home."""


def read(data: bytes, *, name: str = "", newsletter: Newsletter = ANY) -> Reading:
    """Read one digest.

    `name` is its path under the digests folder, looked at for a date and a number only; what the
    `newsletter` says - the address relative links start from - is looked up there.
    """
    decoded = decode(data)
    if decoded.text is None:
        return Reading((), decoded.findings, decoded.encoding)
    findings = list(decoded.findings)
    text, odd = at_the_door(straighten(decoded.text))
    findings += odd
    if not text.strip():
        return _stopped([*findings, _empty()], decoded.encoding)
    lines = text.split("\n")
    text, odd = without_comments(text)
    findings += odd
    front = split(text)
    findings += front.findings
    if foreign := not_markdown(front.body):
        findings.append(foreign)
    stated, odd = read_directives(front)
    findings += odd
    if any(finding.level is Level.STOP for finding in findings):
        return _stopped(findings, decoded.encoding)
    body, odd = without_template_tags(front.body, front.fields)
    findings += odd
    issues, extents, odd = _read_body(_Digest(body, lines, stated, name, newsletter))
    return Reading(issues, _sorted([*findings, *odd]), decoded.encoding, extents)


_FOR_ALL: Final = ("draft", "send", "language", "authors", "topics", "image", "form")
"""What the front matter of a digest of many says to each of its issues."""


@dataclass(frozen=True, slots=True)
class _Digest:
    """A digest after its front matter: body and source lines have the same numbers."""

    body: str
    lines: list[str]
    stated: Stated
    name: str
    newsletter: Newsletter


def _read_body(
    digest: _Digest,
) -> tuple[tuple[Issue, ...], tuple[Extent, ...], list[Finding]]:
    markdown = parser()
    env: dict[str, Any] = {}
    tokens = markdown.parse(digest.body, env)
    press = Press(markdown, digest.newsletter.base_url)
    root = outline(blocks_of(tokens))
    stated = digest.stated
    division = divide(
        root,
        digest.body.split("\n"),
        name=digest.name,
        states=_stated_as_one(digest),
        asked=stated.issues,
        shared={name: said for name in _FOR_ALL if (said := getattr(stated, name))},
    )
    findings = [*division.findings]
    if division.pieces:
        issues = []
        for piece in division.pieces:
            issue, odd = _read_piece(digest, piece, press)
            issues.append(issue)
            findings += odd
        findings += _for_one(stated)
    else:
        issue, odd = _read_issue(digest, root, press)
        lone = division.lone
        if lone and issue.date is None:
            issue = replace(issue, date=lone.date)
        if lone and issue.number is None:
            issue = replace(issue, number=lone.number)
        issues = [issue]
        findings += odd
    findings = [*undefined_references(env), *_depth(tokens), *_left_out(press), *findings]
    return tuple(issues), tuple(piece.extent for piece in division.pieces), findings


def _read_issue(digest: _Digest, root: Node, press: Press) -> tuple[Issue, list[Finding]]:
    taken = take_out(root, digest.newsletter.sections)
    outlined = parts_of(taken.root, known_title=digest.stated.title, form=digest.stated.form)
    sections = tuple(section_of(part, press) for part in outlined.parts)
    html, preface = prose_of(outlined.preface, press)
    issue = _issue(digest, sections, outlined.title, preface, html, press)
    if outlined.links:  # they are no opening that could state a date
        html, preface = prose_of([*outlined.links, *outlined.preface], press)
        issue = replace(issue, html=html, text=preface)
    issue = with_topics(issue, lexicon(digest.newsletter.topics))
    issue = replace(issue, sections=put_back(issue.sections, taken.asides, press))
    issue, dead = settle_anchors(issue)
    findings = cut_off([draft for part in outlined.parts for draft in part.drafts], digest.lines)
    findings += taken.findings + _dead(dead)
    if not issue.items and digest.stated.form is None:
        findings.append(_no_items())
    elif not issue.items and digest.stated.form != PROSE:
        without = parts_of(taken.root, known_title=digest.stated.title).parts
        findings.append(_form_not_found(str(digest.stated.form), without))
    return issue, findings


def _read_piece(digest: _Digest, piece: Piece, press: Press) -> tuple[Issue, list[Finding]]:
    """Read one issue of many: its facts are its heading's, and what the front matter says to all."""
    own = replace(
        digest.stated,
        id=None,
        title=piece.title,
        number=piece.number,
        date=None,
        subject=None,
        slug=None,
        permalink=None,
    )
    issue, findings = _read_issue(replace(digest, stated=own, name=""), piece.root, press)
    issue = replace(issue, number=piece.number, date=piece.date, part=piece.extent.part)
    return issue, [replace(finding, line=finding.line or piece.extent.line) for finding in findings]


def _stated_as_one(digest: _Digest) -> str | None:
    """Say what makes a digest one issue, whatever its headings state."""
    stated = digest.stated
    if stated.id is not None:
        return "its front matter names the issue"
    if (stated.date, stated.number) != (None, None) or facts.names_an_issue(
        stated.title or stated.subject or ""
    ):
        return "its front matter states a date or a number"
    if facts.slug_number(stated.slug or "") is not None:
        return "its front matter states a number"
    if any(facts.names_an_issue(path=path) for path in (stated.permalink or "", digest.name)):
        return "its name states a date or a number"
    return None


def _issue(
    digest: _Digest,
    sections: tuple[Section, ...],
    headline: str | None,
    preface: str,
    html: str,
    press: Press,
) -> Issue:
    stated = digest.stated
    if not headline and not stated.title:
        headline = stated.subject
    title = stated.title or headline
    prose = preface or _prose(sections)
    opening = facts.dateline(prose, _links(html or (sections[0].html if sections else "")))
    image = stated.image and press.picture(stated.image)
    return Issue(
        sections=sections,
        title=title,
        number=_number(stated, _headings(headline, sections), prose, digest.name),
        date=stated.date or _date(stated, headline, sections, opening, digest.name),
        language=stated.language or _language(stated, title, preface, sections),
        authors=stated.authors,
        topics=stated.topics,
        image=image or None,
        html=html,
        text=preface,
        id=stated.id,
        draft=stated.draft,
        send=stated.send,
        subject=stated.subject,
        not_before=stated.date,
    )


def _headings(headline: str | None, sections: tuple[Section, ...]) -> list[str]:
    """Give what heads the digest: its title, or the first section's where it has none."""
    first = sections[0].title if sections else None
    return [heading for heading in (headline or first,) if heading]


def _prose(sections: tuple[Section, ...]) -> str:
    """Give the prose a digest opens with under no heading of its own."""
    return sections[0].text if sections and sections[0].title is None else ""


def _links(html: str) -> list[str]:
    """Give the words of each link in prose."""
    return [unescape(_TAG.sub("", words)).strip() for words in _LINK.findall(html[:10_000])]


def _number(stated: Stated, headings: list[str], prose: str, name: str) -> int | None:
    """Give the number from the first place that states one."""
    places = (
        stated.number,
        *(facts.find_title_number(title) for title in (stated.title or "", *headings)),
        facts.slug_number(stated.slug or ""),
        facts.opening_number(prose),
        facts.file_number(stated.permalink or ""),
        facts.file_number(name),
    )
    return next((number for number in places if number is not None), None)


def _date(
    stated: Stated,
    headline: str | None,
    sections: tuple[Section, ...],
    opening: str,
    name: str,
) -> date | None:
    titles, paths = [stated.title or ""], [stated.permalink or "", stated.slug or "", name]
    days = [facts.find_date(section.title) for section in sections if section.title]
    if headline is None and len({day for day in days if day}) > 1:  # each section is a day
        day = facts.settle_date(titles, [opening], paths)
        if day:
            return day
    return facts.settle_date([*titles, *_headings(headline, sections)], [opening], paths)


def _language(
    stated: Stated, title: str | None, preface: str, sections: tuple[Section, ...]
) -> str | None:
    headings = [title or "", *(section.title or "" for section in sections)]
    titles, texts = _sample(title, preface, sections)
    description = unescape(_TAG.sub(" ", stated.description or ""))
    return languages.of_digest(
        [heading for heading in headings if heading],
        f"{titles}\n{texts}",
        f"{description}\n{texts}",
    )


def _sample(title: str | None, preface: str, sections: tuple[Section, ...]) -> tuple[str, str]:
    """Give titles and texts enough to tell the language by.

    Translated titles count only where they outweigh the texts. Code is in no language.
    """
    parts, titles, translations = [preface], [title or ""], [""]
    size = len(preface)
    for section in sections:
        parts.append(_without_code(section))
        titles += [item.title for item in section.items]
        translations += [item.alt_title or "" for item in section.items]
        size += sum(map(len, section.texts))
        if size > languages.LONG_ENOUGH:
            break
    if sum(map(len, translations)) > size:
        titles += translations
    # Titles are cut: a long text may not crowd them out, nor they it.
    heads = tidy("\n".join(titles)[: languages.LONG_ENOUGH // 4])
    return heads, tidy("\n".join(parts)[: languages.LONG_ENOUGH])


def _without_code(section: Section) -> str:
    """Give what of a section's texts may tell its language; blocks of code may not."""
    text = "\n".join(section.texts)[: 5 * languages.LONG_ENOUGH]
    for html in (section.html, *(item.html for item in section.items)):
        for code in _CODE.findall(html) if "<pre" in html else ():
            text = text.replace(unescape(_TAG.sub("", code)).strip("\n") or "\0", " ")
    return text


# --- findings ---------------------------------------------------------------------


def _stopped(findings: list[Finding], encoding: str) -> Reading:
    return Reading((), _sorted(findings), encoding)


def _sorted(findings: list[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda found: (found.line or 0, found.column or 0)))


def _empty() -> Finding:
    return Finding(
        Level.STOP,
        "digest/empty",
        "The digest is empty.",
        "Write something into it, or delete the file.",
    )


def _form_not_found(form: str, without: list[Part]) -> Finding:
    """Say that the form asked for is nowhere, and what would be read without asking."""
    count = sum(len(part.drafts) for part in without)
    forms = list(dict.fromkeys(part.form for part in without if part.drafts))
    would = f"{count} items as {', '.join(forms)}" if count else "no items either"
    return Finding(
        Level.WARN,
        "digest/form-not-found",
        f"The front matter asks for items in the form {form}, and none is written so; without "
        f"that line there would be {would}.",
        f"Delete `form: {form}`, or write the items as docs/digests.md shows for it.",
    )


def _no_items() -> Finding:
    return Finding(
        Level.NOTE,
        "digest/no-items",
        "No single items were made out in this digest; it is published as running text.",
        "Give each item a heading with its link on the next line, or a bullet that opens with "
        "its link.",
    )


def _for_one(stated: Stated) -> list[Finding]:
    """Say which front matter has no issue to belong to in a digest of many."""
    keys = [key for key in ("id", "title", "number", "date", "subject") if getattr(stated, key)]
    if not keys:
        return []
    return [
        Finding(
            Level.NOTE if keys == ["title"] else Level.WARN,
            "digest/many-issues",
            f"The front matter's {', '.join(keys)} would be for one issue, and this digest holds "
            "many; it is left out.",
            "Take it out; each issue has the title, number and date of its heading.",
        )
    ]


def _some(addresses: list[str], most: int = 3) -> str:
    distinct = list(dict.fromkeys(addresses))
    words = ", ".join(f"“{address[:80]}”" for address in distinct[:most])
    return words + (f" and {len(distinct) - most} more" if len(distinct) > most else "")


def _depth(tokens: list[Token]) -> list[Finding]:
    deepest = max(tokens, key=lambda token: token.level, default=None)
    if deepest is None or deepest.level < MAX_NESTING - 2:
        return []
    return [
        Finding(
            Level.HOLD,
            "digest/nesting",
            "Lists or quotations stand one within the other here too deeply; the innermost were "
            "left out.",
            "Write the text with fewer levels.",
            deepest.map[0] + 1 if deepest.map else None,
        )
    ]


def _dead(anchors: list[str]) -> list[Finding]:
    if not anchors:
        return []
    return [
        Finding(
            Level.NOTE,
            "digest/anchor-link",
            "These links lead to places in the digest that have no such address on the page, so "
            f"their words stand without a link: {_some(anchors)}.",
            "Link to the whole address of what is meant.",
        )
    ]


def _left_out(press: Press) -> list[Finding]:
    findings = []
    if press.flattened:
        findings.append(
            Finding(
                Level.WARN,
                "digest/nesting",
                "Raw HTML in this digest nests too deeply and is shown as plain text.",
                "Write that part in Markdown.",
            )
        )
    if press.relative:
        findings.append(
            Finding(
                Level.NOTE,
                "digest/relative-link",
                "These addresses are not whole and would lead nowhere from a mail, so they were "
                f"left out: {_some(press.relative)}.",
                "Write the whole address, beginning with https://, or set `base_url` in "
                "publisher.toml to the address they start from.",
            )
        )
    return findings
