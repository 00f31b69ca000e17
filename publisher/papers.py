"""papers - which addresses lead to a paper, and the numbers it is known by.

Purely by looking: an address is a paper's where its host publishes papers and its path has the form
of one. Such a host's other pages (lists, authors, news) are none.
Faults: none; every string is accepted. Never: fetches, knows title or author. See: preflight.places
(when two addresses are one paper), render.bibliography (references).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote, urlsplit

_NUMBER: Final = r"(\d{4}\.\d{4,5}|[a-z-]+(?:\.[A-Z]{2})?/\d{7})(?:v\d+)?"
"""An arXiv id of today, or one of before April 2007; of a version of it."""
_ARXIV: Final = re.compile(rf"/(?:abs|pdf|html|format|ps)/{_NUMBER}(?:\.pdf)?/?")
_ARXIV_HOSTS: Final = frozenset({"arxiv.org", "export.arxiv.org"})
_COPIES: Final = {
    "huggingface.co": re.compile(rf"/papers/{_NUMBER}/?"),
    "alphaxiv.org": re.compile(rf"/(?:abs|overview|pdf)/{_NUMBER}/?"),
    "ar5iv.org": re.compile(rf"/(?:abs|html)/{_NUMBER}/?"),
    "ar5iv.labs.arxiv.org": re.compile(rf"/(?:abs|html)/{_NUMBER}/?"),
}
"""Who shows papers of arXiv under their arXiv ids."""

DOI_HOSTS: Final = frozenset({"doi.org", "dx.doi.org"})
_DOI: Final = re.compile(r"/(10\.\d{4,9}/\S+)")
_ARXIV_DOI: Final = re.compile(rf"10\.48550/arxiv\.{_NUMBER}", re.IGNORECASE)
_IN_PATH: Final = re.compile(
    r"/doi/(?:(?:abs|full|pdf|epdf|pdfdirect|book)/)?(10\.\d{4,9}/[^\s?#]+)"
)
"""How publishers of many kinds (ACM, Wiley, PNAS, Science, SAGE ...) name their papers' pages."""
_PREPRINT: Final = re.compile(
    r"/content/(10\.\d{4,9}/[\d.]+?)(?:v\d+)?(?:\.(?:full|abstract|full\.pdf))?/?"
)
_SPRINGER: Final = re.compile(
    r"/(?:article|chapter|content/pdf)/(10\.\d{4,9}/[^\s/]+?)(?:\.pdf)?/?"
)
_NATURE: Final = re.compile(r"/articles/(s\d+-\d+-\d+-\w+?)(?:\.pdf)?/?")
_OWN_DOIS: Final = {
    "biorxiv.org": (_PREPRINT, ""),
    "medrxiv.org": (_PREPRINT, ""),
    "link.springer.com": (_SPRINGER, ""),
    "nature.com": (_NATURE, "10.1038/"),
}
"""Publishers whose addresses hold a DOI in a form of their own, and what stands before it."""

_OTHERS: Final = {
    "aclanthology.org": r"/(?:[A-Z]\d\d-\d{4}|\d{4}\.[\w-]+\.\d+)(?:\.pdf)?/?",
    "aclweb.org": r"/anthology/(?:papers/\w/\w+/)?(?:[A-Z]\d\d-\d{4}|\d{4}\.[\w-]+\.\d+)(?:\.pdf)?/?",
    "openreview.net": r"/(?:forum|pdf)",
    "proceedings.mlr.press": r"/v\d+/[\w-]+(?:\.html|/[\w-]+\.pdf)",
    "pubmed.ncbi.nlm.nih.gov": r"/\d+/?",
    "ncbi.nlm.nih.gov": r"/(?:pubmed/\d+|pmc/articles/PMC\d+)(?:/.*)?",
    "pmc.ncbi.nlm.nih.gov": r"/articles/PMC\d+(?:/.*)?",
    "proceedings.neurips.cc": r"/paper(?:_files/paper)?/\d{4}/(?:hash|file)/.+",
    "papers.nips.cc": r"/paper(?:_files/paper)?/.+",
    "openaccess.thecvf.com": r"/content.*/(?:html|papers)/.+",
    "jmlr.org": r"/papers/(?:v\d+/.+\.html|volume\d+/.+\.pdf)",
}
_OTHER_FORMS: Final = {host: re.compile(form) for host, form in _OTHERS.items()}


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper: its address, its ids where the address tells them, its year where the id does."""

    url: str
    arxiv: str | None = None
    doi: str | None = None
    year: int | None = None


def paper_at(url: str) -> Paper | None:
    """Say which paper an address leads to; None where it leads to none that is known by its form.

    What is known by a number has the address made from it, so that two addresses of a paper are
    told as one; all else has the one given.
    """
    url = url.strip()
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").removeprefix("www.").rstrip(".")
    except ValueError:
        return None
    if parts.scheme.lower() not in {"http", "https"} or not url.isprintable():
        return None
    path = unquote(parts.path)
    if (number := arxiv_id(host, path)) or (number := _copied(host, path)):
        return _of_arxiv(number)
    if doi := _doi(host, path):
        return Paper(f"https://doi.org/{quote(doi, safe='/:;()+,')}", doi=doi)
    form = _OTHER_FORMS.get(host)
    if form is None or not form.fullmatch(path):
        return None
    is_asked = host == "openreview.net"
    return Paper(url) if not is_asked or re.search(r"(?:^|&)id=[\w-]+", parts.query) else None


def arxiv_id(host: str, path: str) -> str | None:
    """Give the arXiv id, without version, that an address of arXiv or a DOI leads to."""
    if host in _ARXIV_HOSTS:
        found = _ARXIV.fullmatch(path)
    elif host in DOI_HOSTS:
        found = _ARXIV_DOI.fullmatch(path[1:])
    else:
        return None
    return found[1] if found else None


def _copied(host: str, path: str) -> str | None:
    form = _COPIES.get(host)
    found = form.fullmatch(path) if form else None
    return found[1] if found else None


def _doi(host: str, path: str) -> str | None:
    if host in DOI_HOSTS:
        found, before = _DOI.fullmatch(path), ""
    elif host in _OWN_DOIS:
        form, before = _OWN_DOIS[host]
        found = form.fullmatch(path)
    else:
        found, before = _IN_PATH.fullmatch(path), ""
    doi = before + found[1].rstrip("/") if found else ""
    return doi if doi.isprintable() else None


def _of_arxiv(number: str) -> Paper:
    """Tell of an arXiv paper what its id tells: a year and a month begin it, of 1991 or later."""
    digits = number.rpartition("/")[2]
    year = 1900 + int(digits[:2]) if digits[:2] > "90" else 2000 + int(digits[:2])
    is_month = "01" <= digits[2:4] <= "12"
    return Paper(
        f"https://arxiv.org/abs/{number}",
        arxiv=number,
        doi=f"10.48550/arXiv.{number}",  # arXiv has registered one for every paper
        year=year if is_month else None,
    )
