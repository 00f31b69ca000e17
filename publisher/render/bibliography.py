r"""bibliography - references to the papers of an issue, in BibTeX and RIS, for who cites them.

A reference says what the digest and the paper's address say, and nothing else: every one is of the
general kind (`@misc`, `GEN`), for journal and pages nobody told us. The key of an entry comes from
the item's own key and never changes. BibTeX is written in UTF-8, with the characters TeX takes for
its own replaced; braces by their names, for BibTeX counts `\{` as an open one.
Faults: none. Never: asks what a paper is (papers). See: publish.drawing (puts the files beside an
issue's page).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from publisher.addresses import issue_address
from publisher.model import Item, Newsletter, Published
from publisher.papers import Paper, paper_at
from publisher.render.fragments import clean, without_slots
from publisher.render.view import IssueView
from publisher.render.words import primary

_SPECIAL: Final = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "{": r"\textbraceleft{}",
        "}": r"\textbraceright{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        **{sign: f"\\{sign}" for sign in "%&$#_"},
    }
)
_IN_ADDRESS: Final = str.maketrans({"\\": "%5C", "{": "%7B", "}": "%7D"})
"""An address is taken as it stands, but the braces of an entry must close."""
_PARTED: Final = re.compile(r"\b(?:and|others)\b", re.IGNORECASE)
_NAME: Final = re.compile(r"[^,]*[^,\s][^,]*(?:,[^,]*[^,\s][^,]*)?")
"""A name as BibTeX reads it, in one piece or as "family, given"."""
_AND_MORE: Final = re.compile(r"(?:[,\s]*\bet\s+al\b\.?|\s*等人?)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reference:
    """What is known of a paper that an issue tells of; `note` says which issue, and where.

    With `has_more` there are authors that the digest does not name.
    """

    key: str
    paper: Paper
    title: str
    authors: tuple[str, ...]
    has_more: bool
    note: str


def references(
    published: Published, shown: IssueView, newsletter: Newsletter
) -> tuple[Reference, ...]:
    """Refer to the papers among the items of an issue, in reading order.

    Of two titles the English one is taken: papers are catalogued under it.
    """
    slug = published.record.slug
    told = {record.anchor: (item, record.key) for item, record in published.items()}
    found = []
    for one in shown.items:
        paper = paper_at(one.url) if one.url else None
        if paper is None:
            continue
        item, key = told[one.anchor]
        note = f"{_line(newsletter.title) or newsletter.slug} · {shown.heading}"
        if shown.address:
            note += f", {issue_address(newsletter, slug, one.anchor)}"
        names = tuple(filter(None, (_AND_MORE.sub("", name) for name in one.authors)))
        found.append(
            Reference(
                key=f"{newsletter.slug}:{slug}:{key}",
                paper=paper,
                title=_title(item),
                authors=names,
                has_more=names != one.authors,
                note=note,
            )
        )
    return tuple(found)


def bibtex(references: Sequence[Reference]) -> str:
    """Write references in BibTeX; a title stands in braces of its own, so its capitals stay."""
    return "\n".join(_entry(one) for one in references)


def ris(references: Sequence[Reference]) -> str:
    """Write references in RIS: a tag, two spaces, a hyphen and a space before every value; CRLF."""
    lines = []
    for one in references:
        paper = one.paper
        lines += [
            ("TY", "GEN"),
            ("ID", one.key),
            *(("AU", author) for author in one.authors),
            ("TI", one.title),
            ("PY", str(paper.year or "")),
            ("DO", paper.doi or ""),
            ("UR", paper.url),
            ("N1", one.note),
            ("ER", ""),
        ]
    return "".join(f"{tag}  - {text}\r\n" for tag, text in lines if text or tag == "ER")


def _entry(one: Reference) -> str:
    paper = one.paper
    authors = [*map(_author, one.authors), *(["others"] if one.has_more else [])]
    fields = [
        ("title", _braced(one.title.translate(_SPECIAL))),
        ("author", " and ".join(authors)),
        ("year", str(paper.year or "")),
        ("eprint", paper.arxiv or ""),
        ("archiveprefix", "arXiv" if paper.arxiv else ""),
        ("doi", (paper.doi or "").translate(_IN_ADDRESS)),
        ("url", paper.url.translate(_IN_ADDRESS)),
        ("note", one.note.translate(_SPECIAL)),
    ]
    lines = [f"  {name} = {{{text}}},\n" for name, text in fields if text]
    return f"@misc{{{one.key},\n{''.join(lines)}}}\n"


def _braced(text: str) -> str:
    """Keep words as they are: their capitals, and a name in one piece.

    BibTeX takes a brace with a backslash behind it for an accented letter, and does change what
    follows; an empty pair of braces stands between.
    """
    parted = "{}" if text.startswith("\\") else ""
    return f"{{{parted}{text}}}" if text else ""


def _author(name: str) -> str:
    """Write a name; one that BibTeX would take apart stands in braces, whole."""
    text = name.translate(_SPECIAL)
    is_plain = _NAME.fullmatch(name) and not _PARTED.search(name)
    return text if is_plain else _braced(text)


def _title(item: Item) -> str:
    """Give the title a paper is catalogued under; none where the digest says none but its address."""
    told = ((item.title, item.title_language), (item.alt_title, item.alt_title_language))
    titles = [(line, language) for title, language in told if (line := _line(title or ""))]
    titles = [one for one in titles if not re.match(r"https?://\S+$", one[0])]
    english = [line for line, language in titles if primary(language) == "en"]
    return next(iter([*english, *(line for line, _ in titles)]), "")


def _line(text: str) -> str:
    return " ".join(without_slots(clean(text)).split())
